using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class HeadlineTests
{
    [Fact]
    public void ABetterModelIsNamedWithFactorAndDoubt()
    {
        Assert.Equal(
            "Best on this data: ease, ndcg@10 0.2000 (0.1900–0.2100), 2.00 × popularity (0.1000); p < 0.001, more than luck.",
            Headline.Of(SmallReport.Of(("popularity", 0.1, null, true), ("ease", 0.2, 0.0001, false))));
        Assert.Contains("p = 0.40, which may be luck", Headline.Of(SmallReport.Of(("popularity", 0.1, null, true), ("ease", 0.2, 0.4, false))), StringComparison.Ordinal);
    }

    [Fact]
    public void AWinningBaselineIsSaidToWin() =>
        Assert.Contains("No model beats it here", Headline.Of(SmallReport.Of(("popularity", 0.3, null, true), ("ease", 0.2, 0.01, false))), StringComparison.Ordinal);

    [Fact]
    public void NothingMeasuredSaysNothing() => Assert.Empty(Headline.Of(SmallReport.Of() with { BestModel = null }));
}

/// <summary>Small reports for tests.</summary>
internal static class SmallReport
{
    public static ExperimentReport Of(params (string Label, double Value, double? P, bool IsBaseline)[] rows) => new()
    {
        Dataset = new DatasetSummary("test", 10, 20, 100),
        Split = new SplitSummary("random", new Dictionary<string, object>(), 42, 80, 0, 20, 10),
        Protocol = "full ranking, seen items masked",
        Rows = [.. rows.Select(r => new ReportRow
        {
            Model = r.Label,
            Label = r.Label,
            Options = new Dictionary<string, object>(),
            IsBaseline = r.IsBaseline,
            Metrics = new Dictionary<string, ReportMetric> { ["ndcg@10"] = new(r.Value, r.Value - 0.01, r.Value + 0.01, r.P) },
        })],
        BestModel = rows.Length == 0 ? null : rows.MaxBy(r => r.Value).Label,
        BestBaseline = rows.Where(r => r.IsBaseline).Select(r => r.Label).FirstOrDefault(),
        Environment = new EnvironmentSummary(2, "cpu", "runtime", "commit", 2, "os"),
    };
}
