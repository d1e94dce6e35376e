using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class TemporalGraphTests
{
    private const long Day = 86_400;

    public static TheoryData<string, TemporalEdges, double, int> Cases => new()
    {
        { "1d", TemporalEdges.Plays, 0, 1 },
        { "2d", TemporalEdges.Ones, 0, 1 },
        { "30m-gap", TemporalEdges.Plays, 1.5, 1 },
        { "month", TemporalEdges.Ones, 0.7, 9000 },
        { "30m-gap", TemporalEdges.Plays, 0, 9000 },
        { "none", TemporalEdges.Plays, 2, 1 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Edges_are_those_of_the_definition(string period, TemporalEdges edges, double halfLife, int minPlays) => RandomWorld.ForAll(
        world =>
        {
            Dataset data = world.Build();
            var options = new SomeOptions
            {
                Period = period,
                Edges = edges,
                HalfLifeDays = halfLife,
                MinPlays = minPlays,
                UserWeight = 2,
                SessionWeight = 0.5,
            };
            TemporalGraph graph = Graph(data, options, 2);
            Play[] plays = Plays(data);
            HashSet<int> kept = [.. plays.GroupBy(p => p.Item).Where(g => g.Sum(p => p.Weight) >= minPlays).Select(g => g.Key)];
            plays = [.. plays.Where(p => kept.Contains(p.Item))];
            foreach (IGrouping<int, Play> user in plays.GroupBy(p => p.User))
            {
                AssertRow(graph.UserItems, user.Key, [.. user], options, 2, data.LatestTime);
            }

            List<Play[]> sessions = period == "none" ? [] : [.. plays.GroupBy(p => p.User).OrderBy(g => g.Key).SelectMany(g => Literal(data, g.Key, period, kept))];
            Assert.Equal(sessions.Count, graph.Sessions);
            for (int s = 0; s < sessions.Count; s++)
            {
                AssertRow(graph.SessionItems, s, sessions[s], options, 0.5, data.LatestTime);
                Assert.InRange(s, graph.UserSessionStart.Span[sessions[s][0].User], graph.UserSessionStart.Span[sessions[s][0].User + 1] - 1);
            }

            Assert.Equal(plays.Select(p => (p.User, p.Item)).Distinct().Count(), graph.UserItems.Count);
        },
        worlds: 6);

    [Fact]
    public void Cancelled_work_stops()
    {
        Dataset data = SmallWorld.Checkerboard();
        TemporalGraph graph = Graph(data, new SomeOptions());
        Cancelled.Stops(() => TemporalGraph.Of(data, new SomeOptions()));
        Cancelled.Stops(() => graph.Adjacency());
    }

    [Fact]
    public void Adjacency_holds_every_edge_twice()
    {
        Dataset data = new RandomWorld(30, 40, 900, 3).Build();
        TemporalGraph graph = Graph(data, new SomeOptions { Period = "1d", ArtistWeight = 0.5, ProfileWeight = 0.25 });
        CsrMatrix all = graph.Adjacency();
        Assert.Equal((graph.Nodes, 2 * graph.Edges), (all.Rows, all.Count));
        Assert.Equal(30 + 40 + graph.Sessions + data.Catalog.Artists.Count + 2, graph.Nodes);
        for (int r = 0; r < all.Rows; r++)
        {
            for (int n = all.RowStart[r]; n < all.RowStart[r + 1]; n++)
            {
                Assert.True(n == all.RowStart[r] || all.ColumnIndex[n - 1] < all.ColumnIndex[n]);
                Assert.Equal(all.Values[n], all[all.ColumnIndex[n], r]);
            }
        }

        Assert.Equal(graph.UserItems[4, 7], all[4, graph.FirstItem + 7]);
        Assert.Equal(graph.SessionItems.RowValues(5).ToArray(), all.RowValues(graph.FirstSession + 5).ToArray());
        Assert.Equal(0.5f, all[graph.FirstItem + 7, graph.FirstArtist + data.Catalog.ItemArtist.Span[7]]);
        Assert.Equal([0, 0.25f, 0.25f], new[] { 0, 1, 2 }.Select(u => all[u, graph.FirstProfile] + all[u, graph.FirstProfile + 1]));
    }

    [Fact]
    public void Profiles_are_bands_of_age_and_years()
    {
        var builder = new DatasetBuilder("profiles", "track");
        (string Age, string Registered)[] users = [("17", "Aug 13, 2006"), ("24", "2006-01-30"), ("22", ""), ("old", "2009"), ("54.5", "no date")];
        foreach ((string age, string registered) in users)
        {
            int user = builder.User($"u{age}{registered}");
            builder.Profile(user, "age", age);
            builder.Profile(user, "registered", registered);
            builder.Profile(user, "favourite_number", "7");
            builder.Interaction(user, builder.Item("i"), 5);
        }

        CsrMatrix profiles = Graph(builder.Build(), new SomeOptions { ProfileWeight = 1 }).ProfileUsers;
        Assert.Equal(
            ["0", "1,2", "4", "0,1", "3"], Enumerable.Range(0, profiles.Rows).Select(r => string.Join(',', profiles.RowColumns(r).ToArray())));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_history_has_the_edges_of_the_listener_it_came_from(string period, TemporalEdges edges, double halfLife, int minPlays)
    {
        Dataset data = new RandomWorld(30, 40, 900, 8).Build();
        int[] start = data.UserStart();
        TemporalGraph graph = Graph(data, new SomeOptions { Period = period, Edges = edges, HalfLifeDays = halfLife, MinPlays = minPlays });
        for (int u = 0; u < 30; u++)
        {
            int[] backwards = [.. Enumerable.Range(start[u], start[u + 1] - start[u]).Reverse()];
            var query = Query.ForHistory(
                backwards.Select(n => data.ItemIndex.Span[n]).ToArray(), backwards.Select(n => data.Weight.Span[n]).ToArray(),
                backwards.Select(n => data.Time.Span[n]).ToArray());
            TemporalListener listener = graph.FoldIn(query, orLatest: true);
            Assert.Equal(graph.UserItems.RowColumns(u).ToArray(), listener.Items);
            Close(graph.UserItems.RowValues(u).ToArray(), listener.Weights);
            int session = graph.SessionAt(u, -1, orLatest: true);
            Assert.Equal(session < 0 ? [] : graph.SessionItems.RowColumns(session).ToArray(), listener.SessionItems);
            Close(session < 0 ? [] : graph.SessionItems.RowValues(session).ToArray(), listener.SessionWeights);
        }
    }

    [Fact]
    public void The_current_session_is_that_of_the_moment_or_the_one_before()
    {
        var builder = new DatasetBuilder("days", "track");
        foreach ((int user, int item, int hour) in new[] { (0, 0, 10), (0, 1, 11), (0, 2, 60), (0, 3, 110), (1, 0, 300) })
        {
            builder.Interaction(builder.User($"u{user}"), builder.Item($"i{item}"), hour * 3600L);
        }

        int unheard = builder.User("u2");
        TemporalGraph graph = Graph(builder.Build(), new SomeOptions { Period = "1d" });
        Assert.Equal(4, graph.Sessions);
        (long Hour, int Strict, int Latest)[] expected = [(0, 0, 0), (23, 0, 0), (24, -1, 0), (59, 1, 1), (61, 1, 1), (90, -1, 1), (119, 2, 2), (500, -1, 2)];
        foreach ((long hour, int strict, int latest) in expected)
        {
            Assert.Equal(strict, graph.SessionAt(0, hour * 3600, orLatest: false));
            Assert.Equal(latest, graph.SessionAt(0, hour * 3600, orLatest: true));
        }

        // Without a moment it is the latest time of all, at which only the other user plays.
        Assert.Equal(-1, graph.SessionAt(0, -1, orLatest: false));
        Assert.Equal(3, graph.SessionAt(1, -1, orLatest: false));
        Assert.Equal(-1, graph.SessionAt(1, 5, orLatest: true));
        Assert.Equal(-1, graph.SessionAt(unheard, -1, orLatest: true));

        // One play is a session, plays after the moment do not exist, unknown times are in no session.
        TemporalListener one = graph.FoldIn(Query.ForHistory(new[] { 1, 0, 2 }, time: new[] { -1L, 30 * 3600, 31 * 3600 }, moment: 30 * 3600), false);
        Assert.Equal([0, 1], one.Items);
        Assert.Equal([0.5f, 0.5f], one.Weights);
        Assert.Equal([0], one.SessionItems);
        Assert.Equal([1f], one.SessionWeights);
        Assert.Empty(graph.FoldIn(Query.ForHistory(new[] { 1, 0 }), true).SessionItems);
    }

    [Fact]
    public void Threads_change_nothing_and_an_artifact_keeps_everything()
    {
        Dataset data = new RandomWorld(60, 40, 1500, 4).Build();
        var options = new SomeOptions { Period = "30m-gap", HalfLifeDays = 1, ArtistWeight = 1, ProfileWeight = 1, MinPlays = 9000 };
        TemporalGraph graph = Graph(data, options);
        var writer = new ArtifactWriter();
        graph.Save(writer);
        using TemporaryFolder folder = TestData.NewFolder();
        writer.Write(folder.File("graph.safetensors"));
        var reader = ArtifactReader.Open(folder.File("graph.safetensors"));
        foreach (TemporalGraph other in new[] { Graph(data, options, 3), TemporalGraph.Load(reader, data, options, "it") })
        {
            Assert.Equal(graph.Adjacency().ColumnIndex, other.Adjacency().ColumnIndex);
            Assert.Equal(graph.Adjacency().Values, other.Adjacency().Values);
            Assert.Equal(graph.UserSessionStart.ToArray(), other.UserSessionStart.ToArray());
            Assert.Equal(graph.SessionLast.ToArray(), other.SessionLast.ToArray());
            var query = Query.ForHistory(Enumerable.Range(0, 40).ToArray(), time: Enumerable.Range(0, 40).Select(n => data.LatestTime - n).ToArray());
            Assert.Equal(graph.FoldIn(query, true).Weights, other.FoldIn(query, true).Weights);
        }


        // Another dataset is one thing, arrays of two graphs are another.
        Dataset more = new RandomWorld(60, 41, 1500, 4).Build() with { Name = "more" };
        Assert.Equal(
            "model 'it' knows 60 users and 40 items, dataset 'more' has 60 and 41; give the dataset it was trained on",
            Assert.Throws<DatasetException>(() => TemporalGraph.Load(reader, more, options, "model 'it'")).Message);
        var mixed = new ArtifactWriter();
        mixed.Add("user_items", graph.UserItems);
        mixed.Add("session_items", graph.SessionItems);
        mixed.Add("artist_items", graph.ArtistItems);
        mixed.Add("profile_users", graph.ProfileUsers);
        mixed.Add("user_session_start", graph.UserSessionStart.Span);
        mixed.Add("session_first", graph.SessionFirst.Span[1..]);
        mixed.Add("session_last", graph.SessionLast.Span);
        mixed.Add("times", [0L, graph.LatestTime]);
        mixed.Write(folder.File("mixed.safetensors"));
        string message = Assert.Throws<DatasetException>(
            () => TemporalGraph.Load(ArtifactReader.Open(folder.File("mixed.safetensors")), data with { Name = "same" }, options, "model 'it'")).Message;
        Assert.Equal("model 'it': its stored arrays do not fit together; train the model again on dataset 'same'", message);
    }

    [Fact]
    public void A_history_later_than_all_that_was_trained_on_is_asked_about_at_its_own_end()
    {
        TemporalGraph graph = Graph(SmallWorld.TimeSplit.Train, new() { Period = "30m-gap" });
        long later = graph.LatestTime + (3000 * Day);
        var query = Query.ForHistory(new[] { 3, 8, 40 }, time: new[] { later - Day, later - 60, later });
        foreach (bool orLatest in new[] { false, true })
        {
            Assert.Equal([8, 40], graph.FoldIn(query, orLatest).SessionItems);

            // A moment stays what it is, and an earlier history is asked about at the latest time trained on.
            Assert.Equal([3], graph.FoldIn(query with { Moment = later - Day }, orLatest).SessionItems);
            Assert.Equal(orLatest ? [5] : [], graph.FoldIn(Query.ForHistory(new[] { 5 }, time: new[] { graph.LatestTime - Day }), orLatest).SessionItems);
        }
    }

    [Fact]
    public void A_history_holds_no_items_without_edges()
    {
        var builder = new DatasetBuilder("unheard", "track");
        int unheard = builder.Item("unheard", "Unheard", "Artist");
        int heard = builder.Item("heard", "Heard", "Artist");
        int once = builder.Item("once", "Once", "Another");
        for (int n = 0; n < 3; n++)
        {
            builder.Interaction(builder.User($"u{n}"), n == 0 ? once : heard, Day);
        }

        Dataset data = builder.Build();
        var query = Query.ForHistory(new[] { unheard, heard, once }, time: new[] { Day, Day, Day });
        TemporalListener listener = Graph(data, new()).FoldIn(query, orLatest: true);
        Assert.Equal([heard, once], listener.Items);
        Assert.Equal([0.5f, 0.5f], listener.Weights);
        Assert.Equal([heard, once], listener.SessionItems);
        Assert.Empty(Graph(data, new()).FoldIn(Query.ForHistory(new[] { unheard }), orLatest: true).Items);

        // An artist is an edge too; an item below min_plays has none at all.
        Assert.Equal([unheard, heard, once], Graph(data, new() { ArtistWeight = 1 }).FoldIn(query, orLatest: true).Items);
        Assert.Equal([heard], Graph(data, new() { MinPlays = 2 }).FoldIn(query, orLatest: true).Items);
    }

    [Theory]
    [InlineData("NaN", false)]
    [InlineData("Infinity", false)]
    [InlineData("-1", false)]
    [InlineData("0", false)]
    [InlineData("121", false)]
    [InlineData("1e9", false)]
    [InlineData("0.5", true)]
    [InlineData("120", true)]
    public void Ages_that_nobody_has_are_unknown(string age, bool isKnown)
    {
        var builder = new DatasetBuilder("ages", "track");
        int user = builder.User("u"), other = builder.User("other");
        builder.Profile(user, "age", age);
        builder.Profile(other, "country", "here");
        builder.Interaction(user, builder.Item("i"), 5);
        Assert.Equal(isKnown ? 2 : 1, Graph(builder.Build(), new SomeOptions { ProfileWeight = 1 }).ProfileUsers.Rows);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Dataset untimed = new RandomWorld(30, 40, 900, 8).Build(timed: false);
        Assert.Contains("period=none", Refused(untimed, new()), StringComparison.Ordinal);
        Assert.Contains("half_life_days=0", Refused(untimed, new() { Period = "none", HalfLifeDays = 1 }), StringComparison.Ordinal);
        Assert.Equal(0, Graph(untimed, new() { Period = "none" }).Sessions);
        Dataset bare = SmallWorld.Of(2, 2, [(0, 0), (1, 1)], withTime: true);
        Assert.Contains("artist_weight=0", Refused(bare, new() { ArtistWeight = 1 }), StringComparison.Ordinal);
        Assert.Contains("profile_weight=0", Refused(bare, new() { ProfileWeight = 1 }), StringComparison.Ordinal);
        Assert.Contains("weight -1", Refused(bare with { Weight = new[] { 1f, -1f } }, new()), StringComparison.Ordinal);
        Assert.Contains("weight NaN", Refused(bare with { Weight = new[] { float.NaN, 1f } }, new()), StringComparison.Ordinal);
        string period = Assert.Throws<OptionException>(() => Graph(bare, new() { Period = "week" })).Message;
        Assert.Contains("option 'period'", period, StringComparison.Ordinal);
        Assert.Contains("'week'; give month", period, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Graph(bare, new() { UserWeight = 0 }));
    }

    [Fact]
    public void Old_plays_keep_a_weight_that_a_float_holds()
    {
        var builder = new DatasetBuilder("old", "track");
        builder.Interaction(builder.User("then"), builder.Item("a"), 0);
        builder.Interaction(builder.User("now"), builder.Item("b"), 10_000 * Day);
        CsrMatrix users = Graph(builder.Build(), new() { HalfLifeDays = 1 }).UserItems;
        Assert.Equal([float.Exp2(-100), 1], users.Values);

        // The reciprocal of no weight is beyond a float.
        TemporalGraph light = Graph(builder.Build(), new() { HalfLifeDays = 1, UserWeight = 1e-9, SessionWeight = 1e-9 });
        Assert.All(light.Adjacency().Values, w => Assert.True(w > 0 && float.IsFinite(1 / w)));
    }

    private static TemporalGraph Graph(Dataset data, SomeOptions options, int threads = 1) =>
        TemporalGraph.Of(data, options, threads, TestContext.Current.CancellationToken);

    private static string Refused(Dataset data, SomeOptions options) => Assert.Throws<DatasetException>(() => Graph(data, options)).Message;

    private static Play[] Plays(Dataset data) => [.. Enumerable.Range(0, data.Count).Select(n =>
        new Play(data.UserIndex.Span[n], data.ItemIndex.Span[n], data.Time.Span[n], data.Weight.Span[n]))];

    /// <summary>The sessions of a user cut play by play, on all its plays; then what is not kept goes.</summary>
    private static IEnumerable<Play[]> Literal(Dataset data, int user, string period, HashSet<int> kept)
    {
        var session = new List<Play>();
        foreach (Play play in Plays(data).Where(p => p.User == user).OrderBy(p => p.Time))
        {
            bool goesOn = session.Count == 0 || period switch
            {
                "month" => DateTime.UnixEpoch.AddSeconds(play.Time).Month == DateTime.UnixEpoch.AddSeconds(session[^1].Time).Month,
                "30m-gap" => play.Time - session[^1].Time <= 1800,
                _ => play.Time / (Day * (period[0] - '0')) == session[^1].Time / (Day * (period[0] - '0')),
            };
            if (!goesOn)
            {
                if (session.Any(p => kept.Contains(p.Item)))
                {
                    yield return [.. session.Where(p => kept.Contains(p.Item))];
                }

                session.Clear();
            }

            session.Add(play);
        }

        if (session.Any(p => kept.Contains(p.Item)))
        {
            yield return [.. session.Where(p => kept.Contains(p.Item))];
        }
    }

    private static void AssertRow(CsrMatrix matrix, int row, Play[] plays, TemporalGraphOptions options, double factor, long latest)
    {
        (int Item, double Weight)[] expected = [.. plays.GroupBy(p => p.Item).OrderBy(g => g.Key).Select(g => (g.Key, options.Edges == TemporalEdges.Plays
            ? factor * g.Sum(p => p.Weight * Fading(p)) / plays.Sum(p => p.Weight)
            : factor * g.Max(Fading)))];
        Assert.Equal(expected.Select(e => e.Item), matrix.RowColumns(row).ToArray());
        Close([.. expected.Select(e => (float)e.Weight)], matrix.RowValues(row).ToArray());

        double Fading(Play play) => options.HalfLifeDays == 0 ? 1 : Math.Pow(0.5, (latest - play.Time) / (options.HalfLifeDays * Day));
    }

    private static void Close(float[] expected, float[] actual) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= 2e-6f * Math.Abs(a));

    private sealed record SomeOptions : TemporalGraphOptions;

    private sealed record Play(int User, int Item, long Time, double Weight);
}
