using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Pipeline.Tests;

/// <summary>What is said, and what is not, where there is too little to be sure.</summary>
public sealed class FewListenersTests
{
    [Fact]
    public void One_history_is_asked_day_by_day_in_replay()
    {
        ExperimentReport report = Run(Listeners(1, days: 300), "global-time", "own-repeats", "random");
        Assert.Equal((1, true), (report.Split.TestUsers, report.Split.TestDays is >= 20 and <= 40));
        Assert.Contains("seen items kept, every day of a listener asked on its own", report.Protocol, StringComparison.Ordinal);
        Assert.Equal(["replay", "by_day"], report.Cautions!.Select(c => c.Kind));
        Assert.Contains("1 listener", report.Cautions![1].Text, StringComparison.Ordinal);
        Assert.Equal(("day", report.Split.TestDays, 1), (report.Verdict!.Drawn, report.Verdict.DrawnCount, report.Verdict.Listeners));

        // Habits beat chance on 30 days, and an interval of days is no point.
        Assert.NotNull(report.BestModel);
        ReportComparison random = report.Verdict.Comparisons.First(c => c.Label == "random");
        Assert.True(random.PHolm < 0.01, $"p {random.PHolm}");
        ReportMetric best = report.Rows.First(r => r.Label == report.BestModel).Metrics["ndcg@5"];
        Assert.True(best.Low < best.Value && best.Value < best.High && best.Value < 0.95);
        Assert.Null(report.Warnings);
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());
        Assert.Contains("listener", Headline.Of(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Under_twenty_days_no_winner_is_named()
    {
        ExperimentReport report = Run(Listeners(1, days: 10), "global-time:train=0.6,validation=0,test=0.4", "own-repeats", "random");
        Assert.Contains(report.Cautions!, c => c is { Kind: "few_days", NamesNoWinner: true });
        NamesNobody(report);
        Assert.Contains("too few days", Headline.Of(report), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_few_listeners_are_asked_day_by_day_for_what_is_new_to_them(int listeners)
    {
        ExperimentReport report = Run(Listeners(listeners, days: 200, songs: 3000), "global-time", "popularity");
        Assert.DoesNotContain(report.Cautions!, c => c.Kind == "replay");
        Assert.Contains(report.Cautions!, c => c.Kind == "by_day" && c.Text.StartsWith($"{listeners} listeners", StringComparison.Ordinal));
        Assert.Contains("seen items masked", report.Protocol, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(29)]
    public void Where_time_is_not_cut_too_few_listeners_are_told(int listeners)
    {
        ExperimentReport report = Run(Listeners(listeners, days: 40), "random:per_user=true", "ease");
        Assert.Contains(report.Cautions!, c => c is { Kind: "few_listeners", NamesNoWinner: true } && c.Text.Contains($"{listeners} listener", StringComparison.Ordinal));
        NamesNobody(report);
        Assert.DoesNotContain(Run(Listeners(30, days: 40), "random:per_user=true", "ease").Cautions ?? [], c => c.Kind == "few_listeners");
    }

    [Fact]
    public void Answers_nearly_everywhere_are_told()
    {
        // A quarter of each listener's songs trains, the rest of a small catalogue is right.
        ExperimentReport report = Run(Listeners(40, days: 60, songs: 12), "random:train=0.25,validation=0,test=0.75,per_user=true", "popularity");
        Assert.Contains(report.Cautions!, c => c is { Kind: "many_answers", NamesNoWinner: true });
        NamesNobody(report);
    }

    [Fact]
    public void Lists_longer_than_the_catalogue_are_told()
    {
        ExperimentReport report = Run(Listeners(40, days: 60, songs: 12), "random:train=0.25,validation=0,test=0.75,per_user=true", "popularity", metric: "ndcg@50");
        Assert.Contains(report.Cautions!, c => c.Kind == "few_candidates" && c.Text.Contains("the 50 places of ndcg@50 hold them all", StringComparison.Ordinal));
    }

    [Fact]
    public void Tied_lists_are_counted_and_no_winner_is_named_of_them()
    {
        // Everybody heard every song once, so popularity says nothing.
        var builder = new DatasetBuilder("flat", "track");
        for (int u = 0; u < 60; u++)
        {
            for (int i = 0; i < 30; i++)
            {
                builder.Interaction(builder.User($"u{u}"), builder.Item($"i{i}"), fold: (byte)((u + i) % 10 == 0 ? 2 : 0));
            }
        }

        ExperimentReport report = Run(builder.Build(), "given", "popularity", "random");
        ReportCaution tied = Assert.Single(report.Cautions!, c => c.Kind == "tied_lists");
        Assert.Contains("popularity in ", tied.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("random", tied.Text, StringComparison.Ordinal);
        Assert.True(tied.NamesNoWinner);
        NamesNobody(report);
    }

    [Fact]
    public void Revealed_sessions_of_one_listener_are_days()
    {
        ExperimentReport report = Run(Listeners(1, days: 300), "global-time", "markov", "random", metric: "next-hr@5");
        Assert.Equal("day", report.Verdict!.Drawn);
        Assert.InRange(report.Verdict.DrawnCount, 20, 40);
        Assert.Contains("seen items kept", report.Protocol, StringComparison.Ordinal);
    }

    private static void NamesNobody(ExperimentReport report)
    {
        Assert.Null(report.BestModel);
        Assert.False(report.Verdict!.IsDistinct);
        Assert.StartsWith("No model is named best", Headline.Of(report), StringComparison.Ordinal);
        Assert.DoesNotContain("Best ", Headline.Of(report), StringComparison.Ordinal);
    }

    private static ExperimentReport Run(Dataset data, string split, string first, string? second = null, string metric = "ndcg@5")
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = Segue.Core.Contracts.OptionsText.ParseSpecification(split);
        return Experiment.Run(
            new ExperimentSpecification
            {
                Split = SplitCatalog.Create(name, pairs),
                Models = [.. new[] { first, second }.OfType<string>().Select(ModelSpecification.Parse)],
                Metrics = [MetricCatalog.Parse(metric)],
            },
            data, cancellation: TestContext.Current.CancellationToken);
    }

    /// <summary>Listeners who play six songs a day, mostly out of a few favourites of their own.</summary>
    private static Dataset Listeners(int listeners, int days, int songs = 80)
    {
        const long Start = 1_600_000_000;
        var rng = new Rng(5, "test/listeners");
        var builder = new DatasetBuilder("few", "track");
        for (int u = 0; u < listeners; u++)
        {
            int[] own = [.. Enumerable.Range(0, songs)];
            rng.Shuffle<int>(own);
            for (int day = 0; day < days; day++)
            {
                for (int play = 0; play < 6; play++)
                {
                    int rank = Math.Min(songs - 1, (int)(rng.NextExponential() * songs / 8));
                    builder.Interaction(builder.User($"u{u}"), builder.Item($"i{own[rank]}"), Start + (day * 86_400L) + (play * 300));
                }
            }
        }

        return builder.Build();
    }
}
