using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Evaluation.Tests;

public class RegressionEvaluatorTests
{
    [Fact]
    public void Errors_are_means_over_pairs_not_over_users()
    {
        // Predicted 1 everywhere. User 0: 1, 2, 4 (errors 0, 1, 3); user 1: nothing held out; user 2: 0 (error 1).
        EvaluationSet set = Set([[0, 1, 2], [], [3]], [[1, 2, 4], [], [0]]);
        EvaluationResult result = RegressionEvaluator.Evaluate(new Predicts((_, _) => 1), set, Fixture.Options("mse,mae"));
        Assert.Equal((10 + 1) / 4.0, result.Metrics["mse"].Value, 1e-12);
        Assert.Equal((4 + 1) / 4.0, result.Metrics["mae"].Value, 1e-12);
        Assert.Equal([0, 2], result.Users);
        Assert.Equal([10 / 3.0, 1], result.PerUser["mse"]);
        Assert.Equal([3, 1], result.PairCount["mse"]);
        Assert.Equal("held-out pairs", result.Protocol);
    }

    [Fact]
    public void Weights_of_a_repeated_pair_are_added_up()
    {
        EvaluationSet set = Set([[2, 2]], [[3, 4]]);
        Assert.Equal(36, RegressionEvaluator.Evaluate(new Predicts((_, _) => 1), set, Fixture.Options("mse")).Metrics["mse"].Value);
    }

    [Fact]
    public void Binary_targets_by_hand()
    {
        EvaluationSet set = Set([[0, 1], [2]], [[1, 0], [1]]);
        EvaluationResult result = RegressionEvaluator.Evaluate(
            new Predicts((_, item) => item == 2 ? 0.25f : 0.75f), set, Fixture.Options("accuracy,log-loss"));
        Assert.Equal(1.0 / 3, result.Metrics["accuracy"].Value, 1e-12);
        Assert.Equal((-Math.Log(.75) - (2 * Math.Log(.25))) / 3, result.Metrics["log-loss"].Value, 1e-12);
    }

    [Fact]
    public void Sampled_negatives_are_zeros_for_binary_metrics_only()
    {
        // 2 relevant pairs and 2 · 3 zeros; says 1 for the relevant items and for the known one, which must not be drawn.
        var set = new EvaluationSet { Known = Fixture.Dataset(10, [[9]]), Relevant = Fixture.Dataset(10, [[0, 1]], [[5, 6]]) };
        EvaluationResult result = RegressionEvaluator.Evaluate(
            new Predicts((_, item) => item is 0 or 1 or 9 ? 1 : 0), set, Fixture.Options("accuracy,mse") with { SampledNegatives = 3 });
        Assert.Equal(1, result.Metrics["accuracy"].Value);
        Assert.Equal([8], result.PairCount["accuracy"]);
        Assert.Equal((16 + 25) / 2.0, result.Metrics["mse"].Value);
        Assert.Equal("held-out pairs, sampled:3 negatives a pair", result.Protocol);
    }

    [Fact]
    public void What_cannot_be_evaluated_says_why()
    {
        EvaluationSet set = Set([[0]], [[2]]);
        var one = new Predicts((_, _) => 1);
        Assert.Contains("'recall@5'", Assert.Throws<OptionException>(() => RegressionEvaluator.Evaluate(one, set, Fixture.Options("recall@5"))).Message);
        Assert.Contains("has 2", Assert.Throws<DatasetException>(() => RegressionEvaluator.Evaluate(one, set, Fixture.Options("accuracy"))).Message);
        Assert.Contains("no pair", Assert.Throws<DatasetException>(
            () => RegressionEvaluator.Evaluate(one, Set([[]], [[]]), Fixture.Options("mse"))).Message);
        Assert.Contains("'u0' and item 'i0'", Assert.Throws<SegueException>(
            () => RegressionEvaluator.Evaluate(new Predicts((_, _) => float.NaN), set, Fixture.Options("mse"))).Message);
        Assert.Contains("probabilities", Assert.Throws<SegueException>(
            () => RegressionEvaluator.Evaluate(new Predicts((_, _) => 1.5f), Set([[0]], [[1]]), Fixture.Options("log-loss"))).Message);
    }

    private static EvaluationSet Set(int[][] pairs, float[][] weights) => new()
    {
        Known = Fixture.Dataset(5, [.. pairs.Select(_ => Array.Empty<int>())]),
        Relevant = Fixture.Dataset(5, pairs, weights),
    };

    private sealed class Predicts(Func<int, int, float> predict) : IRegressor
    {
        public float Predict(int userIndex, int itemIndex) => predict(userIndex, itemIndex);
    }
}
