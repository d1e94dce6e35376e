using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Hybrid;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class HybridNnTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.36, 0.38);

    protected override string? KnowsUnheardItems => "its features, or those of the mean item";

    protected override IModel CreateModel() => new HybridNn(
        new HybridNnOptions { EmbeddingSize = 8, HiddenSize = 32, BatchSize = 512, LearningRate = 0.005, Regularization = 0.02, NegativeCount = 4, Epochs = 20 });

    [Fact]
    public void Data_without_features_is_refused_with_the_import_that_adds_them()
    {
        Dataset bare = SmallWorld.Genres with { Catalog = Catalog.Empty };
        string message = Assert.Throws<DatasetException>(() => CreateModel().Fit(bare, new FitContext())).Message;
        Assert.Contains("features", message, StringComparison.Ordinal);
        Assert.Contains("segue import audio-features", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Negatives.Popularity)]
    [InlineData(Negatives.InBatch)]
    public void Negatives_that_need_whole_batches_are_refused_by_name(Negatives negatives) => Assert.Contains(
        "negatives",
        Assert.Throws<OptionException>(() => new HybridNn(new HybridNnOptions { Negatives = negatives }).Fit(SmallWorld.Genres, new FitContext())).Message,
        StringComparison.Ordinal);

    [Fact]
    public void More_negatives_than_an_array_holds_name_the_option_to_lower()
    {
        const int size = 500;
        Dataset dense = SmallWorld.Of(size, size, [.. Enumerable.Range(0, size * size).Select(n => (n / size, n % size)).Where(p => p.Item1 != p.Item2)]);
        var model = new HybridNn(new HybridNnOptions { EmbeddingSize = 2, HiddenSize = 2, NegativeCount = 10_000, Epochs = 1 });
        string message = Assert.Throws<ModelFitException>(() => model.Fit(dense, new FitContext())).Message;
        Assert.Contains("model 'hybrid-nn': option 'negative_count' is 10000", message, StringComparison.Ordinal);
        Assert.Contains("lower negative_count", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hidden_layer_beyond_an_array_names_its_option()
    {
        Dataset many = SmallWorld.Of(2, 270_000, [(0, 0), (1, 1)]);
        string message = Assert.Throws<ModelFitException>(
            () => new HybridNn(new HybridNnOptions { EmbeddingSize = 2, HiddenSize = 8192 }).Fit(many, new FitContext())).Message;
        Assert.Contains("option 'hidden_size' is 8192", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_far_too_long_gives_numbers_or_an_error()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var model = new HybridNn((HybridNnOptions)CreateModel().Options with { LearningRate = 10, Epochs = 3 });
        int[] start = train.UserStart();
        float[] known = new float[train.Items.Count], folded = new float[train.Items.Count];
        try
        {
            IRecommender recommender = model.Fit(train, new FitContext());
            recommender.Score(Query.ForUser(3), known);
            recommender.Score(Query.ForHistory(train.ItemIndex[start[3]..start[4]]), folded);
        }
        catch (ModelFitException e)
        {
            Assert.Contains("lower learning_rate", e.Message, StringComparison.Ordinal);
        }

        Assert.All(known.Concat(folded), score => Assert.True(float.IsFinite(score)));
    }
}
