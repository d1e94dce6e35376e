using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Hybrid;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class MbcfTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.36, 0.38);

    protected override IModel CreateModel() => new Mbcf(new MbcfOptions { EmbeddingSize = 16, BatchSize = 256, LearningRate = 0.01 });

    [Theory]
    [InlineData(Negatives.None, 0.0, 1.0)]
    [InlineData(Negatives.PerUser, 0.0, 1.0)]
    [InlineData(Negatives.Popularity, 0.0, 1.0)]
    [InlineData(Negatives.InBatch, 0.0, 1.0)]
    public void Every_source_of_negatives_reaches_its_window(Negatives negatives, double low, double high)
    {
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 16, BatchSize = 256, LearningRate = 0.01, Negatives = negatives });
        IRecommender recommender = model.Fit(SmallWorld.PairSplit.Train, new FitContext());
        double ndcg = SmallWorld.Ndcg(SmallWorld.PairSplit, keepSeen: false, (u, s) => recommender.Score(Query.ForUser(u), s));
        Assert.InRange(ndcg, low, high);
        Assert.Fail($"{negatives} {ndcg}");
    }
}
