using Segue.Core;
using Segue.Core.Contracts;
using Segue.Models.Graph;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

public sealed class XSimGclTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.337, 0.355);

    protected override IModel CreateModel() =>
        new XSimGcl(new XSimGclOptions { EmbeddingSize = 16, Layers = 2, Epochs = 60, BatchSize = 1024, LearningRate = 0.03, ContrastWeight = 0.02 });

    [Theory]
    [InlineData(0, 1, "batch_size")]
    [InlineData(1_000_000, 1, "batch_size")]
    [InlineData(1024, 2, "contrast_layer")]
    public void Options_that_cannot_be_contrasted_are_refused(int batch, int layer, string name)
    {
        var model = new XSimGcl(new XSimGclOptions { Layers = 2, BatchSize = batch, ContrastLayer = layer });
        Assert.Contains(name, Assert.Throws<OptionException>(() => model.Fit(SmallWorld.Checkerboard(), new FitContext())).Message, StringComparison.Ordinal);
    }

    /// <summary>The contrast is reported beside the ranking loss, and its gradient spreads the vectors: their mean cosine falls.</summary>
    [Fact]
    public void The_contrast_spreads_the_vectors()
    {
        double with = MeanCosine(0.5), without = MeanCosine(0);
        Assert.True(with < without - 0.02, $"mean cosine {with:F3} with the contrast, {without:F3} without");

        static double MeanCosine(double weight)
        {
            var options = new XSimGclOptions { EmbeddingSize = 16, Layers = 2, Epochs = 15, BatchSize = 1024, LearningRate = 0.01, ContrastWeight = weight };
            var names = new HashSet<string>();
            var recommender = (IVectorRecommender)new XSimGcl(options).Fit(
                SmallWorld.PairSplit.Train, new FitContext { Threads = 2, OnLoss = (_, name, _) => names.Add(name) });
            Assert.Contains("contrast", names);
            int items = recommender.Items.Count;
            return Enumerable.Range(0, items).Average(i => Enumerable.Range(0, items).Where(j => j != i).Average(j =>
            {
                ReadOnlySpan<float> a = recommender.ItemVectors.Row(i), b = recommender.ItemVectors.Row(j);
                return System.Numerics.Tensors.TensorPrimitives.CosineSimilarity(a, b);
            }));
        }
    }
}
