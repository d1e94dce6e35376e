using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Hybrid;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class MbcfTests : RecommenderContract
{
    // Strong regularization for small data: without it the vectors learn the noise (NDCG@10 .278 at 1e-5).
    protected override (double Low, double High) NdcgWindow => (0.404, 0.424);

    protected override IModel CreateModel() =>
        new Mbcf(new MbcfOptions { EmbeddingSize = 8, BatchSize = 512, LearningRate = 0.01, Regularization = 0.02, NegativeCount = 4 });

    /// <summary>
    /// As in the seed, negatives drawn anew beat heard items alone; negatives drawn once are learned by heart and lose even to none. Both softmax
    /// forms come out between.
    /// </summary>
    [Fact]
    public void Negatives_drawn_anew_are_worth_having()
    {
        Assert.InRange(Ndcg(Negatives.Uniform), 0.400, 0.420);
        Assert.InRange(Ndcg(Negatives.InBatch), 0.348, 0.368);
        Assert.InRange(Ndcg(Negatives.Popularity), 0.348, 0.368);
        Assert.InRange(Ndcg(Negatives.None), 0.248, 0.268);
        Assert.InRange(Ndcg(Negatives.PerUser), 0.164, 0.184);
    }

    private static double Ndcg(Negatives negatives)
    {
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 8, BatchSize = 512, LearningRate = 0.01, Regularization = 0.02, NegativeCount = 4, Negatives = negatives });
        IRecommender recommender = model.Fit(SmallWorld.PairSplit.Train, new FitContext());
        return SmallWorld.Ndcg(SmallWorld.PairSplit, keepSeen: false, (u, s) => recommender.Score(Query.ForUser(u), s));
    }
}
