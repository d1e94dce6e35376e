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
}
