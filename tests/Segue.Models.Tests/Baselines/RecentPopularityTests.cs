using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Baselines;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Baselines;

public sealed class RecentPopularityTests : RecommenderContract
{
    private const long Day = 86_400;

    // Measured .0505; without decay .0483, with a half-life of 1 or 3 days .0391 and .0439.
    protected override (double Low, double High) NdcgWindow => (0.0495, 0.0515);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NoCheckerboard => "popularity is the same for everybody";

    protected override string? AnswerWithoutHistory => "the popularity of the moment, as for everybody";

    protected override string? NeedsTime => "an age needs times";

    protected override IReadOnlyDictionary<string, string> VariantsNotRejected => new Dictionary<string, string>
    {
        ["answers of another user"] = "all users get the same",
    };

    protected override IModel CreateModel() => new RecentPopularity(new RecentPopularityOptions { HalfLifeDays = 10 });

    [Fact]
    public void Plays_fade_by_half_every_half_life()
    {
        IRecommender recommender = Model().Fit(Plays((0, 0, 0), (0, 1, 0), (0, 1, 2), (0, 2, 4)), Context());
        float[] scores = Scores(recommender, new Query());
        Assert.Equal(Math.Log2(0.25), scores[0], 5);
        Assert.Equal(Math.Log2(0.25 + 0.5), scores[1], 5);
        Assert.Equal(0, scores[2], 5);
        Assert.True(float.IsNaN(scores[3]));
    }

    [Fact]
    public void A_moment_hides_later_plays_and_ages_earlier_ones()
    {
        IRecommender recommender = Model().Fit(Plays((0, 0, 0), (0, 1, 0), (0, 1, 2), (0, 2, 4)), Context());
        float[] then = Scores(recommender, Query.ForUser(0, moment: 1_000_000 + (3 * Day)));
        Assert.Equal(-1.5, then[0], 5);
        Assert.Equal(Math.Log2(Math.Pow(2, -1.5) + Math.Pow(2, -0.5)), then[1], 5);
        Assert.True(float.IsNaN(then[2]));
        Assert.Equal(-2, Scores(recommender, Query.ForUser(0, moment: 1_000_000 + (4 * Day)))[0], 5);
    }

    [Fact]
    public void Order_survives_thousands_of_half_lives()
    {
        float[] scores = Scores(Model().Fit(Plays((0, 0, 0), (0, 1, 1), (0, 2, 10_000)), Context()), new Query());
        Assert.True(scores[1] > scores[0] && scores[2] > scores[1]);
        Assert.True(float.IsFinite(scores[0]));
    }

    [Fact]
    public void Weights_count_and_unknown_times_do_not()
    {
        var builder = new DatasetBuilder("plays", "track");
        builder.Interaction(builder.User("u"), builder.Item("a"), 1_000_000, 3);
        builder.Interaction(0, builder.Item("b"), -1, 100);
        float[] scores = Scores(Model().Fit(builder.Build(), Context()), new Query());
        Assert.Equal(Math.Log2(3), scores[0], 5);
        Assert.True(float.IsNaN(scores[1]));
    }

    /// <summary>A search runs in doubles and allocates the vector of a moment; a copy of one that is kept allocates nothing.</summary>
    [Fact]
    public void Next_queries_of_a_moment_copy_the_vector_of_the_first()
    {
        IRecommender recommender = CreateModel().Fit(SmallWorld.TimeSplit.Train, Context());
        var scores = new float[recommender.Items.Count];
        Query[] queries = [.. Enumerable.Range(0, 100).Select(u => Query.ForUser(u, moment: 1_270_000_000))];
        recommender.Score(queries[0], scores);
        int[] first = Array.ConvertAll(scores, BitConverter.SingleToInt32Bits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (Query query in queries)
        {
            recommender.Score(query, scores);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(first, Array.ConvertAll(scores, BitConverter.SingleToInt32Bits));
        object kept = Kept(recommender);
        recommender.Score(queries[1], scores);
        Assert.Same(kept, Kept(recommender));
    }

    [Fact]
    public void Moments_that_take_turns_keep_their_answers_on_all_threads()
    {
        Dataset train = SmallWorld.TimeSplit.Train;
        IRecommender shared = CreateModel().Fit(train, Context());
        long[] moments = [.. Enumerable.Range(0, 11).Select(n => train.LatestTime - (n * 7 * Day))];
        int[][] alone = [.. moments.Select(m => AtMoment(CreateModel().Fit(train, Context()), m))];
        Parallel.For(0, 200, n => Assert.Equal(alone[n % moments.Length], AtMoment(shared, moments[n % moments.Length])));
        Assert.Equal(4, ((Array)Kept(shared)).Length);

        static int[] AtMoment(IRecommender recommender, long moment) =>
            Array.ConvertAll(Scores(recommender, Query.ForUser(0, moment)), BitConverter.SingleToInt32Bits);
    }

    private static object Kept(IRecommender recommender) => recommender.GetType()
        .GetField("_kept", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(recommender)!;

    private static RecentPopularity Model() => new(new RecentPopularityOptions { HalfLifeDays = 2 });

    private static Dataset Plays(params (int User, int Item, int Day)[] plays)
    {
        var builder = new DatasetBuilder("plays", "track");
        for (int i = 0; i < 4; i++)
        {
            builder.Item($"item {i}");
        }

        foreach ((int user, int item, int day) in plays)
        {
            builder.Interaction(builder.User($"user {user}"), item, 1_000_000 + (day * Day));
        }

        return builder.Build();
    }
}
