using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Evaluation.Tests;

public class RankingEvaluatorTests
{
    private const string Accuracy =
        "recall@1,recall@3,recall@50,capped-recall@1,capped-recall@3,precision@3,precision@50,hitrate@1,hitrate@2,ndcg@3,ndcg@50,mrr@1,mrr@3,mrr,map@3,auc,r-precision,clicks";

    // User 0 knows item 5, the right answers are 0 and 4. Scores: i0 .9, i1 .8, i2 .7, i3 .6, i4 .7, i5 1, i6 .1.
    // Seen masked, the ranking is 0, 1, 2, 4, 3, 6 (2 and 4 tie: the lower index first), so the hits have the ranks 1 and 4.
    private static readonly float[] Scores = [.9f, .8f, .7f, .6f, .7f, 1f, .1f];

    [Fact]
    public void Every_metric_of_accuracy_by_hand_with_a_tie()
    {
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([Scores]), Fixture.Set(7, [[5]], [[0, 4]]), Fixture.Options(Accuracy));
        double ideal2 = 1 + (1 / Math.Log2(3));
        AssertMetrics(result, new()
        {
            ["recall@1"] = 0.5,
            ["recall@3"] = 0.5,
            ["recall@50"] = 1,
            ["capped-recall@1"] = 1,
            ["capped-recall@3"] = 0.5,
            ["precision@3"] = 1.0 / 3,
            ["precision@50"] = 2.0 / 50,
            ["hitrate@1"] = 1,
            ["hitrate@2"] = 1,
            ["ndcg@3"] = 1 / ideal2,
            ["ndcg@50"] = (1 + (1 / Math.Log2(5))) / ideal2,
            ["mrr@1"] = 1,
            ["mrr@3"] = 1,
            ["mrr"] = 1,
            ["map@3"] = 0.5,

            // Others: .8 .7 .6 .1. Item 0 beats all four; item 4 beats two and ties one.
            ["auc"] = (4 + 2.5) / 8,
            ["r-precision"] = 0.5,
            ["clicks"] = 0,
        });
        Assert.Equal("full ranking, seen items masked", result.Protocol);
        Assert.Equal([0], result.Users);
    }

    private static void AssertMetrics(EvaluationResult result, Dictionary<string, double> expected)
    {
        Assert.Equal(expected.Keys.Order(), result.Metrics.Keys.Order());
        foreach ((string name, double value) in expected)
        {
            Assert.True(Math.Abs(value - result.Metrics[name].Value) < 1e-12, $"{name}: expected {value}, got {result.Metrics[name].Value}");
        }
    }
}
