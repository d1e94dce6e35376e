using System.Text.Json;
using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Pipeline.Description;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests.Description;

public sealed class DatasetDescriptionTests
{
    private const long January = 1_704_067_200; // 2024-01-01
    private const long Day = 86_400;

    // ann: a ×3, b, c;  bob: a, b;  cid: nothing.  Item d is never heard.
    private static Dataset Small(bool timed = true)
    {
        var builder = new DatasetBuilder("small", "track") { FeatureNames = ["energy", "flat", "tempo"] };
        int ann = builder.User("ann"), bob = builder.User("bob");
        builder.User("cid");
        int a = builder.Item("a", "Title A", "Artist X"), b = builder.Item("b", "Title B", "Artist X"), c = builder.Item("c"), d = builder.Item("d");
        Assert.Equal(3, d);
        Add(ann, a, January);
        Add(ann, a, January + 1_800);
        Add(ann, b, January + 1_800 + 1_801);
        Add(ann, c, January + (31 * Day));
        Add(ann, a, January + (33 * Day));
        Add(bob, a, January + (31 * Day) - 1);
        Add(bob, b, January + (31 * Day));
        builder.Features = [0, 5, 60, 1, 5, 120, 2, 5, 180, float.NaN, 5, float.NaN];
        builder.Friend(ann, bob);
        builder.Friend(bob, ann);
        builder.Tag(ann, a, "calm");
        builder.Tag(-1, b, "calm");
        builder.Profile(ann, "country", "Somewhere");
        return builder.Build();

        void Add(int user, int item, long time) => builder.Interaction(user, item, timed ? time : -1);
    }

    private static DatasetDescription Describe(Dataset dataset) => DatasetDescription.Of(dataset, TestContext.Current.CancellationToken);

    /// <summary>Cancelled on the way (the profile is read after the k-cores and before the charts), a description is not made.</summary>
    [Fact]
    public void Cancelled_on_the_way_it_stops()
    {
        Dataset small = Small();
        using var stop = new CancellationTokenSource();
        var profile = new CancellingProfile(small.Profile, stop);
        Assert.Throws<OperationCanceledException>(() => DatasetDescription.Of(small with { Profile = profile }, stop.Token));
        Cancelled.Stops(() => DatasetDescription.Of(Small()));
    }

    [Fact]
    public void Counts_by_hand()
    {
        DatasetDescription d = Describe(Small());
        Assert.Equal(new SizeSummary(3, 4, 7, 5, 5 / 12.0, 1, 0), d.Size);
        Assert.Equal(new ListeningSummary("interactions", 2.5, 3.5, 7 / 5.0, 7 / 3.0, 3, 4, 1), d.Listening);
        Assert.Equal(new GraphSummary(2, 3, 0, 5, 5, 2.0), d.Graph);
        // ann has two months with (a, b) and (c, a); bob has January with a and February with b: six edges more.
        Assert.Equal(new GraphSummary(2, 3, 4, 9, 11, 22 / 9.0), d.MonthGraph);
        Assert.Equal(new TimeSummary("2024-01-01T00:00:00Z", "2024-02-03T00:00:00Z", 33, 7), d.Time);
        // 1,800 s still is the same session, 1,801 s is not; bob's midnight does not cut.
        Assert.Equal(new SessionSummary(5, 2.5, 7 / 5.0, 1, 2, 1_801 / 60.0 / 5), d.Sessions);
        Assert.Null(d.Weights);
        Assert.Equal(new TagSummary(2, 1, 2, 1), d.Tags);
        Assert.Equal(new FriendSummary(1, 2, 1.0), d.Friends);
        Assert.Equal("country", Assert.Single(d.Profile).Name);
        Assert.Equal((1, 1), (d.Profile[0].Known, d.Profile[0].Distinct));
        Assert.All(d.Cores, core => Assert.Equal((0, 0, 0), (core.Users, core.Items, core.Pairs)));
        Assert.Equal([5, 10, 20, 30], d.Cores.Select(core => core.K));
    }

    [Fact]
    public void Features_histograms_and_correlations()
    {
        DatasetDescription d = Describe(Small());
        Assert.Equal([0.75, 1.0, 0.75], d.Features.Select(f => f.Coverage));
        Assert.Equal(new NumberSummary(3, 60, 90, 120, 150, 180, 120, Math.Sqrt(2400)), d.Features[2].Values);
        Assert.Equal(3, d.Charts.Features[0].Bins.Sum(b => b.Count));
        Assert.Equal(new HistogramBin(5, 5, 4), Assert.Single(d.Charts.Features[1].Bins));
        Assert.Equal([1.0, null, 1.0], d.Charts.Correlations[0].Select(c => c is null ? c : Math.Round(c.Value, 12)));
        Assert.Equal([null, null, null], d.Charts.Correlations[1]);
        Assert.Equal([new HistogramBin(0, 0, 1), new(1, 1, 0), new(2, 3, 2)], d.Charts.PerUser);
        Assert.Equal([new HistogramBin(0, 0, 1), new(1, 1, 1), new(2, 3, 2)], d.Charts.PerItem);
        Assert.Equal([new RankPlays(1, 4), new(2, 2), new(3, 1)], d.Charts.Ranks);
        Assert.Equal([new ValueCount("2024-01", 4), new("2024-02", 3)], d.Charts.Months);
    }

    [Fact]
    public void Without_times_says_nothing_about_time()
    {
        DatasetDescription d = Describe(Small(timed: false));
        Assert.Equal((null, null, null, null, null, null), (d.Time, d.Sessions, d.MonthGraph, d.Charts.Burst, d.Charts.Items, d.Charts.Months));
    }

    [Fact]
    public void Whole_weights_are_plays_and_others_are_not()
    {
        ListeningSummary plays = Describe(Weighted(1, 7)).Listening;
        Assert.Equal(("weights", 8.0, 4.0, 1L), (plays.PlaysAre, plays.TotalPerUser, plays.PlaysPerPair, plays.OneTimePairs));
        DatasetDescription shares = Describe(Weighted(0.5f, 7));
        Assert.Equal(("interactions", 2.0), (shares.Listening.PlaysAre, shares.Listening.TotalPerUser));
        Assert.Equal((0.5, 7.0, 3.75), (shares.Weights!.Minimum, shares.Weights.Maximum, shares.Weights.Mean));

        static Dataset Weighted(float first, float second)
        {
            var builder = new DatasetBuilder("weighted", "artist");
            int user = builder.User("u");
            builder.Interaction(user, builder.Item("a"), weight: first);
            builder.Interaction(user, builder.Item("b"), weight: second);
            return builder.Build();
        }
    }

    [Fact]
    public void The_burstiest_of_the_most_played_pairs_is_charted()
    {
        var builder = new DatasetBuilder("burst", "track");
        int u = builder.User("u"), even = builder.Item("even"), bursty = builder.Item("bursty");
        for (int n = 0; n < 30; n++)
        {
            builder.Interaction(u, even, January + (n * 10 * Day));
            builder.Interaction(u, bursty, January + (n / 10 * 100 * Day) + (n % 10 * 240));
        }

        BurstChart burst = Describe(builder.Build()).Charts.Burst!;
        Assert.Equal(("u", "bursty", 30, "day"), (burst.User, burst.Item, burst.Plays, burst.Unit));
        Assert.Equal([new ValueCount("2024-01-01", 10), new("2024-04-10", 10), new("2024-07-19", 10)], burst.Counts);
        Assert.True(burst.Burstiness > 0.8);
    }

    [Theory]
    [InlineData(1, "day", "2024-01-01 2024-01-02 2024-01-03 2024-01-04")]
    [InlineData(7, "week", "2024-01-01 2024-01-08 2024-01-15 2024-01-22")]
    [InlineData(40, "month", "2024-01-01 2024-02-01 2024-03-01 2024-04-01")]
    public void The_most_played_items_are_charted_over_all_listeners(int days, string unit, string first)
    {
        // Even: every so many days at one time, by two listeners in turn. Bursty: all in one hour, once a year. Rare: twice, so it is not looked at.
        var builder = new DatasetBuilder("bursts", "track");
        int[] users = [builder.User("u"), builder.User("v")];
        int rare = builder.Item("rare"), even = builder.Item("even"), bursty = builder.Item("bursty");
        builder.Interaction(0, rare, January);
        builder.Interaction(1, rare, January + Day);
        builder.Interaction(1, even, -1);
        for (int n = 0; n < 40; n++)
        {
            builder.Interaction(users[n % 2], even, January + (n * days * Day) + 7);
        }

        for (int n = 0; n < 30; n++)
        {
            builder.Interaction(users[0], bursty, January + (n / 15 * 39 * days * Day) + (n % 15 * 60));
        }

        ItemBursts bursts = Describe(builder.Build()).Charts.Items!;
        Assert.Equal((unit, 2), (bursts.Unit, bursts.Looked));
        Assert.Equal([("even", 40, 2), ("bursty", 30, 1)], bursts.Items.Select(i => (i.Item, i.Plays, i.Listeners)));
        Assert.Equal(-1, bursts.Items[0].Burstiness, 9);
        Assert.InRange(bursts.Items[1].Burstiness, 0.9, 1);
        Assert.Equal((bursts.Items[0].Burstiness + bursts.Items[1].Burstiness) / 2, bursts.Median, 12);
        Assert.Equal(first.Split(' ').Take(3), bursts.Items[0].Counts.Select(c => c.Value).Take(3));
        Assert.Equal([40, 30], bursts.Items.Select(i => i.Counts.Sum(c => c.Count)));
        Assert.Equal(15, bursts.Items[1].Counts[0].Count);
    }

    [Fact]
    public void Burstiness_is_that_of_Goh_and_Barabasi_for_many_moments()
    {
        // Gaps of 1 and 9 in turn: μ = 5, σ = 4, B = (4 − 5) / (4 + 5).
        long[] moments = [.. Enumerable.Range(0, 200_001).Select(n => (n / 2 * 10L) + (n % 2))];
        Assert.Equal(-1 / 9.0, DescriptionCharts.Burstiness(moments), 0.01);
    }

    [Fact]
    public void Burstiness_is_minus_one_for_regular_zero_for_random_and_NaN_for_too_few()
    {
        Assert.Equal(-1, DescriptionCharts.Burstiness([0, 10, 20, 30]), 12);
        Assert.True(double.IsNaN(DescriptionCharts.Burstiness([0, 10])));
        Assert.True(double.IsNaN(DescriptionCharts.Burstiness([5, 5, 5])));
        var rng = new Segue.Numerics.Sampling.Rng(1, "test");
        double mean = Enumerable.Range(0, 400).Average(_ =>
        {
            var moments = new long[30];
            for (int n = 1; n < 30; n++)
            {
                moments[n] = moments[n - 1] + (long)(1e6 * rng.NextExponential());
            }

            return DescriptionCharts.Burstiness(moments);
        });
        // The correction for short series is what brings the mean of random series near 0 (−.07 to −.1 without it).
        Assert.InRange(mean, -0.04, 0.04);
    }

    [Fact]
    public void The_synthetic_world_looks_as_it_was_made()
    {
        SyntheticWorld world = SyntheticWorld.Generate(new() { Users = 200, Tracks = 400, Interactions = 30_000 });
        DatasetDescription d = Describe(world.Dataset);
        Assert.Equal(150, d.Listening.TotalPerUser);
        Assert.Equal(12, d.Charts.Months!.Count);
        Assert.Equal(30_000, d.Charts.Months.Sum(m => m.Count));
        Assert.InRange(d.Sessions!.MeanLength, 10.5, 13.5);
        Assert.InRange(d.Charts.RankSlope!.Value, -1.5, -0.4);
        Assert.True(d.Charts.Burst!.Burstiness > 0.3);
        Assert.Equal(10, d.Charts.Correlations.Count);
        Assert.All(d.Cores.Zip(d.Cores.Skip(1)), p => Assert.True(p.First.Pairs >= p.Second.Pairs));
        Assert.True(d.Cores[0].Users > 0);
    }

    [Fact]
    public void Json_is_snake_case_and_reads_back()
    {
        DatasetDescription d = Describe(Small());
        string json = d.ToJson();
        using var document = JsonDocument.Parse(json);
        Assert.Equal(4, document.RootElement.GetProperty("listening").GetProperty("one_time_pairs").GetInt32());
        Assert.Equal(9, document.RootElement.GetProperty("month_graph").GetProperty("nodes").GetInt32());
        Assert.Equal(json, DatasetDescription.FromJson(json).ToJson());
    }

    [Fact]
    public void Refuses_an_empty_dataset()
    {
        var error = Assert.Throws<DatasetException>(() => Describe(new DatasetBuilder("void", "track").Build()));
        Assert.Contains("'void' has no interactions", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Cancels where it is read.</summary>
    private sealed class CancellingProfile(IReadOnlyDictionary<string, StringTable> inner, CancellationTokenSource stop)
        : IReadOnlyDictionary<string, StringTable>
    {
        public IEnumerable<string> Keys => inner.Keys;

        public IEnumerable<StringTable> Values => inner.Values;

        public int Count => inner.Count;

        public StringTable this[string key] => inner[key];

        public bool ContainsKey(string key) => inner.ContainsKey(key);

        public bool TryGetValue(string key, out StringTable value) => inner.TryGetValue(key, out value!);

        public IEnumerator<KeyValuePair<string, StringTable>> GetEnumerator()
        {
            stop.Cancel();
            return inner.GetEnumerator();
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
