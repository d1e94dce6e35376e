using System.Text.Json;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Testing;
using Xunit;

namespace Segue.Evaluation.Tests;

/// <summary>Values of scikit-learn, NumPy and SciPy; see Oracles/make_metrics.py.</summary>
public class OracleTests
{
    private static readonly JsonElement Cases = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "tests", "Segue.Evaluation.Tests", "Oracles", "metrics.json"))).RootElement;

    [Fact]
    public void Rankings_agree_with_scikit_learn() => Assert.All(Cases.GetProperty("ranking").EnumerateArray(), c =>
    {
        float[] scores = [.. Numbers(c, "scores").Select(s => (float)s)];
        EvaluationSet set = Fixture.Set(scores.Length, [[.. Indices(c, "known")]], [[.. Indices(c, "relevant")]]);
        string[] names = [.. c.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number).Select(p => p.Name)];
        Assert.Equal(7, names.Length);

        // The oracle was asked with ties made strict, the lower index first, but for auc.
        var strict = new float[scores.Length];
        foreach ((int place, int item) in Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Index())
        {
            strict[item] = -place;
        }

        EvaluationOptions options = Fixture.Options(string.Join(",", names));
        EvaluationResult tied = RankingEvaluator.Evaluate(new TableRecommender([scores]), set, options);
        EvaluationResult result = RankingEvaluator.Evaluate(new TableRecommender([strict]), set, options);
        Assert.All(names, name => Assert.Equal(c.GetProperty(name).GetDouble(), (name == "auc" ? tied : result).Metrics[name].Value, 1e-12));
    });

    [Fact]
    public void Prediction_errors_agree_with_scikit_learn() => Assert.All(Cases.GetProperty("prediction").EnumerateArray(), c =>
    {
        float[] targets = [.. Numbers(c, "targets").Select(t => (float)t)], predicted = [.. Numbers(c, "predicted").Select(p => (float)p)];
        var set = new EvaluationSet
        {
            Known = Fixture.Dataset(targets.Length, [[]]),
            Relevant = Fixture.Dataset(targets.Length, [[.. Enumerable.Range(0, targets.Length)]], [targets]),
        };
        EvaluationResult result = RegressionEvaluator.Evaluate(new Table(predicted), set, Fixture.Options("mse,mae,accuracy,log-loss"));
        Assert.All(result.Metrics, m => Assert.Equal(c.GetProperty(m.Key).GetDouble(), m.Value.Value, 1e-12));
    });

    [Fact]
    public void The_paired_test_agrees_with_scipy() => Assert.All(Cases.GetProperty("paired").EnumerateArray(), c =>
    {
        EvaluationResult Result(string name) => new()
        {
            Users = [.. Enumerable.Range(0, Numbers(c, name).Count())],
            PerUser = new Dictionary<string, double[]> { ["m"] = [.. Numbers(c, name)] },
            Metrics = new Dictionary<string, MetricValue>(),
            ScoreSeconds = 0,
            Protocol = "test",
        };
        Assert.Equal(c.GetProperty("p").GetDouble(), Significance.Paired(Result("first"), Result("second"), "m").P, 1e-12);
    });

    private static IEnumerable<double> Numbers(JsonElement c, string name) => c.GetProperty(name).EnumerateArray().Select(n => n.GetDouble());

    private static IEnumerable<int> Indices(JsonElement c, string name) => c.GetProperty(name).EnumerateArray().Select(n => n.GetInt32());

    private sealed class Table(float[] predicted) : IRegressor
    {
        public float Predict(int userIndex, int itemIndex) => predicted[itemIndex];
    }
}
