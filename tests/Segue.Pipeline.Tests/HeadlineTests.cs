using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class HeadlineTests
{
    private static readonly (string Label, double Value, bool IsBaseline)[] Three = [("popularity", 0.1, true), ("ease", 0.2, false), ("als", 0.19, false)];

    [Fact]
    public void ABetterModelIsNamedWithItsTestAgainstTheSecond() => Assert.Equal(
        "Best on this data: ease, ndcg@10 0.2000 (0.1900–0.2100), 2.00 × popularity (0.1000); better than als by 0.0100, 0.0020 to 0.0180, "
        + "p = 0.004 after Holm for 2 comparisons; against popularity p < 0.001.",
        Headline.Of(SmallReport.Of(Three) with { Verdict = SmallReport.Verdict("ease", ("als", 0.01, 0.004), ("popularity", 0.1, 0.0002)) }));

    [Fact]
    public void ModelsThatCannotBeDistinguishedAreSaidToBeSo()
    {
        string said = Headline.Of(SmallReport.Of(Three) with { Verdict = SmallReport.Verdict("ease", ("als", 0.01, 0.21), ("popularity", 0.1, 0.06)) });
        Assert.Equal(
            "ease and als cannot be distinguished: difference 0.0100, 0.0020 to 0.0180, p = 0.210 after Holm for 2 comparisons.\n"
            + "Nor can ease be distinguished from popularity.\n"
            + "The highest figure on this data is ndcg@10 0.2000 (0.1900–0.2100) of ease, 2.00 × popularity (0.1000); against popularity p = 0.060.",
            said);
        Assert.DoesNotContain("Best", said, StringComparison.Ordinal);
    }

    [Fact]
    public void AWinningBaselineIsSaidToWin() => Assert.Contains(
        "No model beats it here".ToLowerInvariant(),
        Headline.Of(SmallReport.Of(("popularity", 0.3, true), ("ease", 0.2, false)) with { Verdict = SmallReport.Verdict("popularity", ("ease", 0.1, 0.01)) }).ToLowerInvariant(),
        StringComparison.Ordinal);

    [Fact]
    public void WithoutATestNoneIsSaidToBeMade()
    {
        Assert.Contains("the differences were not tested", Headline.Of(SmallReport.Of(Three)), StringComparison.Ordinal);
        Assert.Contains("compared with nothing", Headline.Of(SmallReport.Of(("ease", 0.2, false))), StringComparison.Ordinal);
        Assert.Contains("No trivial baseline was run", Headline.Of(SmallReport.Of(("ease", 0.2, false))), StringComparison.Ordinal);
        Assert.Empty(Headline.Of(SmallReport.Of() with { BestModel = null }));
    }

    [Fact]
    public void DaysOfFewListenersAreNoPopulation()
    {
        ReportVerdict days = SmallReport.Verdict("ease", ("als", 0.01, 0.004)) with { Drawn = "day", DrawnCount = 36, Listeners = 1 };
        Assert.StartsWith("Best over 36 days of this listener: ease", Headline.Of(SmallReport.Of(Three) with { Verdict = days }), StringComparison.Ordinal);
        Assert.StartsWith("Best over 36 days of these 3 listeners: ease", Headline.Of(SmallReport.Of(Three) with { Verdict = days with { Listeners = 3 } }), StringComparison.Ordinal);
    }

    [Fact]
    public void WhereFiguresDoNotCarryItNoModelIsNamed()
    {
        ExperimentReport report = SmallReport.Of(Three) with
        {
            BestModel = null,
            Verdict = SmallReport.Verdict("ease", ("als", 0.01, 0.004)),
            Cautions = [new("replay", "one listener alone.", false), new("few_days", "too few days: 9.", true), new("many_answers", "too few candidates are wrong.", true)],
        };
        Assert.Equal("No model is named best: too few days: 9. Too few candidates are wrong.\nNote: one listener alone.", Headline.Of(report));
    }
}

/// <summary>Small reports for tests.</summary>
internal static class SmallReport
{
    public static ExperimentReport Of(params (string Label, double Value, bool IsBaseline)[] rows) => new()
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
            Metrics = new Dictionary<string, ReportMetric> { ["ndcg@10"] = new(r.Value, r.Value - 0.01, r.Value + 0.01) },
        })],
        BestModel = rows.Length == 0 ? null : rows.MaxBy(r => r.Value).Label,
        BestBaseline = rows.Where(r => r.IsBaseline).Select(r => r.Label).FirstOrDefault(),
        Environment = new EnvironmentSummary(2, "cpu", "runtime", "commit", 2, "os"),
    };

    public static ReportVerdict Verdict(string best, params (string Label, double Difference, double P)[] tests) => new(
        "ndcg@10", best, tests[0].Label, tests[0].P < 0.05,
        [.. tests.Select(t => new ReportComparison(t.Label, t.Difference, t.Difference - 0.008, t.Difference + 0.008, t.P / 2, t.P))], "listener", 100, 100);
}
