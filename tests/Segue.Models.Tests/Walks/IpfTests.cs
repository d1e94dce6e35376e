using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Walks;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Walks;

public sealed class IpfTests : RecommenderContract
{
    // Measured .2427 on the last month. Half of it from the listener .2456, none .2345, all .2456; exponent 0 (paths counted) .2516; shares of plays for
    // ones .2215, eta_u / eta_s of 2 above .248, no sessions .2646: this world's listeners keep their genres.
    protected override (double Low, double High) NdcgWindow => (0.2422, 0.2432);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NeedsTime => "a session is a stretch of time";

    protected override IModel CreateModel() => new Ipf(new IpfOptions { UserShare = 0.3 });

    [Fact]
    public void Unheard_items_score_what_a_breadth_first_search_brings() => RandomListens.ForAll((data, rng) =>
    {
        var options = new IpfOptions
        {
            Period = rng.Next(2) == 0 ? "1d" : "2d",
            UserShare = new[] { 0, 0.3, 1 }[rng.Next(3)],
            UserWeight = 0.5 + rng.Next(3),
            SessionWeight = 0.5 + rng.Next(3),
            Exponent = new[] { 0.5, 1, 1.3 }[rng.Next(3)],
            ArtistWeight = rng.Next(2),
            ProfileWeight = rng.Next(2) * 0.1,
            Edges = (TemporalEdges)rng.Next(2),
        };
        IRecommender recommender = new Ipf(options).Fit(data, Context());
        TemporalGraph graph = TemporalGraph.Of(data, options, 1, TestContext.Current.CancellationToken);
        for (int user = 0; user < data.Users.Count; user++)
        {
            long moment = 86_400L * (1000 + rng.Next(7));
            float[] scores = Scores(recommender, Query.ForUser(user, moment));
            Dictionary<int, double> ranks = Literal(graph, options, user, graph.SessionAt(user, moment, orLatest: true));
            foreach (int item in Enumerable.Range(0, data.Items.Count).Where(i => graph.UserItems[user, i] == 0))
            {
                if (ranks.TryGetValue(graph.FirstItem + item, out double rank))
                {
                    Assert.Equal(rank, scores[item], 1e-5 * rank);
                }
                else
                {
                    Assert.True(float.IsNaN(scores[item]));
                }
            }
        }
    });

    [Fact]
    public void Worked_example()
    {
        // User 0 heard a and b in the first session, b in the second; user 1 heard b and c, user 2 a and d, in one session each.
        var builder = new DatasetBuilder("example", "track");
        foreach ((int user, string item, int day) in new[] { (0, "a", 0), (0, "b", 0), (0, "b", 1), (1, "b", 1), (1, "c", 1), (2, "a", 0), (2, "d", 0) })
        {
            builder.Interaction(builder.User($"user {user}"), builder.Item(item), 86_400L * day);
        }

        Dataset data = builder.Build();
        int a = data.Items.IndexOf("a"), b = data.Items.IndexOf("b"), c = data.Items.IndexOf("c"), d = data.Items.IndexOf("d");

        // a: users 0 and 2, sessions 00 and 20. b: users 0 and 1, sessions 00, 01 and 11. Whoever else has two items passes half on.
        float[] scores = Scores(new Ipf(new IpfOptions { Period = "1d", UserShare = 0.4 }).Fit(data, Context()), Query.ForUser(0));
        double fromA = 0.4 / 2, fromB = (0.4 / 2) + 0.6;
        Assert.Equal(fromB * 2 / 5 / 2, scores[c], 1e-6);
        Assert.Equal(fromA * 2 / 4 / 2, scores[d], 1e-6);

        // Heard items: a over user 2 and its session, and over the listener's own first session.
        Assert.Equal((fromA * 2 / 4 / 2) + (((fromA / 4) + (fromB / 5)) / 2), scores[a], 1e-6);
        Assert.Equal((fromB * 2 / 5 / 2) + (((fromA / 4) + (fromB / 5)) / 2), scores[b], 1e-6);

        // With the first session as the current one, that is where no path goes, but the second may.
        scores = Scores(new Ipf(new IpfOptions { Period = "1d", UserShare = 0 }).Fit(data, Context()), Query.ForUser(0, moment: 5));
        Assert.Equal(0.5 * 2 / 5 / 2, scores[c], 1e-6);
        Assert.Equal((0.5 * 2 / 5 / 2) + (0.5 / 5), scores[b], 1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1.5)]
    [InlineData(2)]
    public void Plays_long_ago_score_little_and_not_nothing(double exponent)
    {
        var builder = new DatasetBuilder("long ago", "track");
        foreach ((string user, string item, int day) in new[] { ("old", "a", 0), ("old", "b", 0), ("now", "a", 0), ("now", "c", 200), ("other", "c", 200), ("other", "d", 200) })
        {
            builder.Interaction(builder.User(user), builder.Item(item), 86_400L * day);
        }

        Dataset data = builder.Build();
        var options = new IpfOptions { Period = "none", HalfLifeDays = 1, Exponent = exponent };
        var recommender = (IExplains)new Ipf(options).Fit(data, Context());
        float[] scores = Scores(recommender, Query.ForUser(data.Users.IndexOf("now")));
        Assert.All(scores, s => Assert.True(float.IsFinite(s) && s > 0));
        Assert.True(scores[data.Items.IndexOf("d")] > scores[data.Items.IndexOf("b")]);

        // c is all but all that the listener has, and half of its listeners' plays have faded: (1 · 1/2 · 1/2)^ρ.
        Assert.Equal(Math.Pow(0.25, exponent), scores[data.Items.IndexOf("d")], 1e-6);
        float[] folded = Scores(recommender, Query.ForHistory(new[] { 0, 2 }, time: new[] { 0L, 200 * 86_400L }));
        Assert.All(folded, s => Assert.True(float.IsFinite(s) && s > 0));
        Assert.All(recommender.Explain(Query.ForUser(data.Users.IndexOf("now")), data.Items.IndexOf("b"), 5), r => Assert.True(r.Weight > 0));
    }

    [Fact]
    public void Without_a_session_the_listener_alone_counts()
    {
        Dataset data = SmallWorld.TimeSplit.Train;
        IRecommender strict = new Ipf(new IpfOptions { CurrentSession = CurrentSession.Moment }).Fit(data, Context());
        IRecommender user = new Ipf(new IpfOptions { UserShare = 1 }).Fit(data, Context());
        long later = data.LatestTime + (90 * 86_400);
        Assert.Equal(Scores(user, Query.ForUser(3)), Scores(strict, Query.ForUser(3, later)));
        Assert.NotEqual(Scores(user, Query.ForUser(3)), Scores(new Ipf(new IpfOptions()).Fit(data, Context()), Query.ForUser(3, later)));
        int[] history = [4, 9, 30];
        Assert.Equal(
            Scores(user, Query.ForHistory(history)), Scores(strict, Query.ForHistory(history, time: new[] { later, later, later }, moment: 3 * later)));
    }

    [Fact]
    public void Data_without_times_or_sessions_is_the_long_term_graph()
    {
        Dataset data = SmallWorld.Checkerboard(withTime: false);
        float[] scores = Scores(new Ipf(new IpfOptions { Period = "none" }).Fit(data, Context()), Query.ForUser(6));
        Assert.Equal(6, Array.IndexOf(scores, scores.Where((s, i) => i == 6 || i % 2 == 1).Where(s => !float.IsNaN(s)).Max()));
        Assert.Contains("period=none", Assert.Throws<DatasetException>(() => CreateModel().Fit(data, Context())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reasons_add_up_to_the_score() => RandomListens.ForAll((data, rng) =>
    {
        var options = new IpfOptions { Period = "1d", Exponent = 0.8, ArtistWeight = 1, ProfileWeight = 0.5, UserShare = 0.6 };
        var recommender = (IExplains)new Ipf(options).Fit(data, Context());
        foreach (Query query in new[]
        {
            Query.ForUser(rng.Next(data.Users.Count)), Query.ForHistory(new[] { 0, 1, 1 }, time: new long[] { -1, 86_400 * 1002, 86_400 * 1002 }),
        })
        {
            float[] scores = Scores(recommender, query);
            for (int item = 0; item < scores.Length; item++)
            {
                double sum = recommender.Explain(query, item, int.MaxValue).Sum(r => r.Weight);
                Assert.Equal(float.IsNaN(scores[item]) ? 0 : scores[item], sum, 1e-5 * sum);
            }
        }
    });

    /// <summary>The search of the source, word for word, with sums over paths; all nodes and edges as the graph has them.</summary>
    private static Dictionary<int, double> Literal(TemporalGraph graph, IpfOptions options, int user, int session)
    {
        CsrMatrix edges = graph.Adjacency();
        var rank = new Dictionary<int, double> { [user] = session < 0 ? 1 : options.UserShare };
        var distance = new Dictionary<int, int> { [user] = 0 };
        var queue = new Queue<int>([user]);
        if (session >= 0)
        {
            rank[graph.FirstSession + session] = 1 - options.UserShare;
            distance[graph.FirstSession + session] = 0;
            queue.Enqueue(graph.FirstSession + session);
        }

        while (queue.TryDequeue(out int v))
        {
            if (distance[v] >= 3)
            {
                break;
            }

            double sum = 0;
            foreach (float weight in edges.RowValues(v))
            {
                sum += weight;
            }

            for (int n = 0; n < edges.RowLength(v); n++)
            {
                int w = edges.RowColumns(v)[n];
                if (!distance.TryGetValue(w, out int far))
                {
                    far = distance[w] = distance[v] + 1;
                    queue.Enqueue(w);
                }

                if (distance[v] < far)
                {
                    rank[w] = rank.GetValueOrDefault(w) + (rank[v] * Math.Pow(edges.RowValues(v)[n] / sum, options.Exponent));
                }
            }
        }

        return rank.Where(r => r.Value > 0).ToDictionary();
    }
}
