using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.SessionBased;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.SessionBased;

public sealed class MarkovTests : RecommenderContract
{
    // Measured .1964: one item of a shuffled month says little.
    protected override (double Low, double High) NdcgWindow => (0.1955, 0.1973);

    protected override string? NeedsTime => "sessions need times or an order, and the checkerboard without times has neither";

    protected override string? NoCheckerboard => "only what came right after the last item has a score";

    protected override IModel CreateModel() => new Markov(new MarkovOptions { GapMinutes = 1e6 });

    [Fact]
    public void Shares_of_what_came_next_by_hand()
    {
        // 0 → 1 twice, 0 → 2 once, 1 → 2 once, 2 → 2 once; nothing follows 3.
        Dataset data = SessionData.Ordered([0, 1, 2, 2], [0, 1], [0, 2], [3]);
        IRecommender model = new Markov(new MarkovOptions()).Fit(data, SessionData.Context());
        SessionData.AreClose([double.NaN, 2.0 / 3, 1.0 / 3, double.NaN], SessionData.Scores(model, Query.ForHistory(new[] { 1, 0 })));
        SessionData.AreClose([double.NaN, double.NaN, 1, double.NaN], SessionData.Scores(model, Query.ForHistory(new[] { 0, 1 })));
        SessionData.AreClose([double.NaN, double.NaN, 1, double.NaN], SessionData.Scores(model, Query.ForHistory(new[] { 0, 1, 3 })));
        Assert.All(SessionData.Scores(model, Query.ForHistory(new[] { 3 })), s => Assert.True(float.IsNaN(s)));
        Assert.Equal([new Reason(1, 1, "because_listened")], ((IExplains)model).Explain(Query.ForHistory(new[] { 0, 1, 3 }), 2, 5));
    }
}

public sealed class PairSumsTests
{
    [Fact]
    public void Too_many_pairs_are_refused_with_the_remedy_of_the_model_that_asks()
    {
        static void Add(PairSums sums)
        {
            for (int n = 0; n < 3; n++)
            {
                sums.Add(n, 0, 1);
            }
        }

        Assert.Equal(3, PairSums.Of(3, Add, threads: 1, remedy: "lower steps", most: 3).Count);
        ModelFitException error = Assert.Throws<ModelFitException>(() => PairSums.Of(3, Add, threads: 1, remedy: "lower steps", most: 2));
        Assert.EndsWith("3 pairs of items, more than one matrix can hold (2); lower steps", error.Message, StringComparison.Ordinal);
    }
}

/// <summary>A session of unknown time is as old as the oldest of known time; by the clock it would be of 1970 and count nothing.</summary>
public sealed class UnknownTimeTests
{
    [Theory]
    [InlineData("stan")]
    [InlineData("slist")]
    [InlineData("s-walk")]
    public void Sessions_of_unknown_time_count_as_the_oldest(string name)
    {
        const long Oldest = 1_500_000_060;
        float[] unknown = Scores(name, -1), oldest = Scores(name, Oldest);
        Assert.True(oldest[2] > 0, "item 2 is in the session in question alone");
        SessionData.AreClose(Array.ConvertAll(oldest, s => (double)s), unknown);
        Assert.Equal(Scores(name, -1, isAnyKnown: false), Scores(name, -1, isAnyKnown: false, moment: 2_000_000_000));
    }

    private static float[] Scores(string name, long time, bool isAnyKnown = true, long moment = -1)
    {
        // The option that lets ages matter is on by default in all three.
        var builder = new DatasetBuilder("partly timed", "track") { IsOrdered = true };
        foreach ((string user, int[] items, long start) in new[]
        {
            ("a", new[] { 0, 1, 2 }, time), ("b", [0, 3], 1_500_000_000), ("c", [0, 4, 1], 1_505_000_000), ("d", [3, 4], 1_509_000_000),
        })
        {
            for (int n = 0; n < items.Length; n++)
            {
                builder.Interaction(builder.User(user), builder.Item($"i{items[n]}"), user == "a" ? start : start + (60 * n));
            }
        }

        Dataset data = builder.Build();
        data = isAnyKnown ? data : data with { Time = Enumerable.Repeat(-1L, data.Count).ToArray() };
        float[] scores = SessionData.Scores(ModelCatalog.Create(name, []).Fit(data, SessionData.Context()), Query.ForHistory(new[] { data.Items.IndexOf("i0") }, moment: moment));
        return [.. Enumerable.Range(0, 5).Select(i => scores[data.Items.IndexOf($"i{i}")])];
    }
}

public sealed class SequentialRulesTests : RecommenderContract
{
    // Measured .2620.
    protected override (double Low, double High) NdcgWindow => (0.2611, 0.2629);

    protected override string? NeedsTime => "sessions need times or an order, and the checkerboard without times has neither";

    protected override string? NoCheckerboard => "what follows depends on the last item alone";

    protected override IModel CreateModel() => new SequentialRules(new SequentialRulesOptions { Steps = 50, GapMinutes = 1e6 });

    [Theory]
    [InlineData(3, PlayWeighting.Divide)]
    [InlineData(10, PlayWeighting.Quadratic)]
    [InlineData(1, PlayWeighting.Log)]
    public void Equals_its_definition(int steps, PlayWeighting weighting)
    {
        Dataset data = SessionData.Random(12, withTime: true);
        IRecommender model = new SequentialRules(new SequentialRulesOptions { Steps = steps, Weighting = weighting }).Fit(data, SessionData.Context());
        for (int last = 0; last < data.Items.Count; last++)
        {
            var expected = new double[data.Items.Count];
            Array.Fill(expected, double.NaN);
            foreach ((int[] items, _, _) in SessionData.Of(data))
            {
                for (int a = 0; a < items.Length; a++)
                {
                    for (int b = a + 1; b < items.Length && b - a <= steps; b++)
                    {
                        if (items[a] == last)
                        {
                            double weight = weighting == PlayWeighting.Divide ? 1.0 / (b - a)
                                : weighting == PlayWeighting.Quadratic ? 1.0 / ((b - a) * (b - a)) : 1 / Math.Log10(b - a + 1.7);
                            expected[items[b]] = (double.IsNaN(expected[items[b]]) ? 0 : expected[items[b]]) + weight;
                        }
                    }
                }
            }

            if (!expected.All(double.IsNaN))
            {
                SessionData.AreClose(expected, SessionData.Scores(model, Query.ForHistory(new[] { 5, last })));
            }
        }
    }
}

public sealed class SlistTests : RecommenderContract
{
    // Measured .4275: sets of items alone, near what user-knn (.4187) reaches.
    protected override (double Low, double High) NdcgWindow => (0.4266, 0.4284);

    protected override string? NeedsTime => "sessions need times or an order, and the checkerboard without times has neither";

    protected override IModel CreateModel() => new Slist(new SlistOptions { TogetherShare = 1, PositionLife = 1e6, Regularization = 30, Tolerance = 1e-3, GapMinutes = 1e6, SessionLength = 1000 });

    [Theory]
    [InlineData(true, TransitionInput.Last, 0.8, 10, 0)]
    [InlineData(true, TransitionInput.Past, 0.3, 0.1, 5)]
    [InlineData(false, TransitionInput.Past, 0, 1, 0.05)]
    [InlineData(false, TransitionInput.Last, 1, 0.01, 0)]
    [InlineData(false, TransitionInput.Last, 0, 2, 0)]
    public void Equals_the_dense_closed_form(bool withTime, TransitionInput input, double share, double regularization, double sessionLife)
    {
        Dataset data = SessionData.Random(13, withTime);
        var options = new SlistOptions
        {
            TogetherShare = share,
            Input = input,
            Regularization = regularization,
            SessionLife = sessionLife,
            TargetLife = 1.5,
            PositionLife = 2,
            Tolerance = 1e-10,
        };
        double[,] weights = DenseSlist.Weights(data, options);
        IRecommender model = new Slist(options).Fit(data, SessionData.Context());
        foreach (int[] history in new int[][] { [3], [3, 4, 5], [20, 1, 1, 2] })
        {
            var expected = new double[data.Items.Count];
            for (int p = 0; p < history.Length; p++)
            {
                for (int j = 0; j < expected.Length; j++)
                {
                    expected[j] += Math.Exp((p + 1 - history.Length) / 2.0) * weights[history[p], j];
                }
            }

            float[] scores = SessionData.Scores(model, Query.ForHistory(history));
            for (int j = 0; j < scores.Length; j++)
            {
                Assert.Equal(expected[j], float.IsNaN(scores[j]) ? 0 : scores[j], 1e-5);
            }
        }
    }

    [Fact]
    public void Looser_tolerance_and_fewer_neighbours_stay_near()
    {
        Dataset data = SessionData.Random(14, withTime: false, users: 300, items: 60);
        Query query = Query.ForHistory(new[] { 3, 4 });
        float[] exact = SessionData.Scores(new Slist(new SlistOptions { Tolerance = 1e-9, Regularization = 1 }).Fit(data, SessionData.Context()), query);
        float[] near = SessionData.Scores(new Slist(new SlistOptions { Tolerance = 1e-3, Regularization = 1 }).Fit(data, SessionData.Context()), query);
        float[] few = SessionData.Scores(new Slist(new SlistOptions { Tolerance = 1e-9, Regularization = 1, Neighbors = 7 }).Fit(data, SessionData.Context()), query);
        Assert.NotEqual(exact, near);
        for (int j = 0; j < exact.Length; j++)
        {
            Assert.Equal(float.IsNaN(exact[j]) ? 0 : exact[j], float.IsNaN(near[j]) ? 0 : near[j], 5e-3);
        }

        Assert.InRange(few.Count(float.IsFinite), 7, 14);
        Assert.Equal(Array.IndexOf(exact, exact.Where(float.IsFinite).Max()), Array.IndexOf(few, few.Where(float.IsFinite).Max()));
    }

    [Fact]
    public void Long_sessions_are_cut()
    {
        Dataset whole = SessionData.Ordered([0, 1, 2, 3, 4], [1, 3]), cut = SessionData.Ordered([0, 1, 2], [3, 4], [1, 3]);
        Query query = Query.ForHistory(new[] { 1 });
        Assert.Equal(
            SessionData.Scores(new Slist(new SlistOptions { SessionLife = 0 }).Fit(cut, SessionData.Context()), query),
            SessionData.Scores(new Slist(new SlistOptions { SessionLife = 0, SessionLength = 3 }).Fit(whole, SessionData.Context()), query));
    }
}

public sealed class SWalkTests : RecommenderContract
{
    // Measured .4291.
    protected override (double Low, double High) NdcgWindow => (0.4282, 0.43);

    protected override string? NeedsTime => "sessions need times or an order, and the checkerboard without times has neither";

    protected override IModel CreateModel() => new SWalk(new SWalkOptions { WalkOn = 0.05, TargetLife = 1e6, PositionLife = 1e6, Regularization = 30, Tolerance = 1e-3, GapMinutes = 1e6, SessionLength = 1000 });

    [Theory]
    [InlineData(true, TransitionInput.Last, 0.5, 0.9)]
    [InlineData(false, TransitionInput.Past, 0.8, 0.3)]
    [InlineData(false, TransitionInput.Last, 0, 1)]
    public void Equals_the_limit_of_the_published_iteration(bool withTime, TransitionInput input, double walkOn, double together)
    {
        Dataset data = SessionData.Random(15, withTime);
        var options = new SWalkOptions
        {
            Input = input,
            WalkOn = walkOn,
            TogetherShare = together,
            Regularization = 2,
            TargetLife = 1.5,
            PositionLife = 2,
            SessionLife = 3,
            Tolerance = 1e-10,
            WalkTolerance = 1e-10,
        };
        var linear = new SlistOptions { Input = input, Regularization = 2, TargetLife = 1.5, SessionLife = 3 };
        double[,] steps = Shares(DenseSlist.Weights(data, linear with { TogetherShare = 0 })), ends = Shares(DenseSlist.Weights(data, linear with { TogetherShare = 1 }));
        int size = data.Items.Count;
        var walk = new double[size, size];
        for (int iteration = 0; iteration < 300; iteration++)
        {
            var next = new double[size, size];
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    next[i, j] = (1 - walkOn) * ((together * ends[i, j]) + (i == j ? 1 - together : 0));
                    for (int k = 0; k < size; k++)
                    {
                        next[i, j] += walkOn * walk[i, k] * steps[k, j];
                    }
                }
            }

            walk = next;
        }

        IRecommender model = new SWalk(options).Fit(data, SessionData.Context());
        foreach (int[] history in new int[][] { [3], [3, 4, 5], [20, 1, 1, 2] })
        {
            float[] scores = SessionData.Scores(model, Query.ForHistory(history));
            for (int j = 0; j < size; j++)
            {
                double expected = history.Select((i, p) => Math.Exp((p + 1 - history.Length) / 2.0) * walk[i, j]).Sum();
                Assert.Equal(expected, float.IsNaN(scores[j]) ? 0 : scores[j], 1e-5);
            }
        }
    }

    private static double[,] Shares(double[,] weights)
    {
        int size = weights.GetLength(0);
        var shares = new double[size, size];
        for (int i = 0; i < size; i++)
        {
            double total = Enumerable.Range(0, size).Sum(j => Math.Max(0, weights[i, j]));
            for (int j = 0; j < size && total > 0; j++)
            {
                shares[i, j] = Math.Max(0, weights[i, j]) / total;
            }
        }

        return shares;
    }
}

/// <summary>The closed form with dense matrices, rows of X, Z and Y written out one by one.</summary>
internal static class DenseSlist
{
    public static double[,] Weights(Dataset data, SlistOptions options)
    {
        int size = data.Items.Count;
        var gram = new double[size, size];
        var target = new double[size, size];
        var sessions = SessionData.Of(data);
        for (int s = 0; s < sessions.Count; s++)
        {
            double age = data.HasTime ? (sessions[^1].Time - sessions[s].Time) / 86_400.0 : (sessions.Count - 1 - s) / 1000.0;
            double weight = options.SessionLife > 0 ? Math.Exp(-age / options.SessionLife) : 1;
            int[] items = sessions[s].Items, distinct = [.. items.Distinct()];
            var row = new double[size];
            var ones = new double[size];
            foreach (int i in distinct)
            {
                (row[i], ones[i]) = (1.0 / distinct.Length, 1);
            }

            AddOuter(options.TogetherShare * weight, row, ones);
            for (int t = 1; t < items.Length; t++)
            {
                var before = new double[size];
                var after = new double[size];
                for (int n = options.Input == TransitionInput.Last ? t - 1 : 0; n < t; n++)
                {
                    before[items[n]] += Math.Exp(-(t - 1 - n) / options.TargetLife);
                }

                for (int n = t; n < items.Length; n++)
                {
                    after[items[n]] += Math.Exp(-(n - t) / options.TargetLife);
                }

                double sum = before.Sum();
                AddOuter((1 - options.TogetherShare) * weight, [.. before.Select(x => x / sum)], after);
            }
        }

        for (int i = 0; i < size; i++)
        {
            gram[i, i] += options.Regularization;
        }

        // Gauss–Jordan with pivots on the diagonal: the matrix is positive definite.
        for (int k = 0; k < size; k++)
        {
            double pivot = gram[k, k];
            for (int j = 0; j < size; j++)
            {
                gram[k, j] /= pivot;
                target[k, j] /= pivot;
            }

            for (int i = 0; i < size; i++)
            {
                double factor = gram[i, k];
                for (int j = 0; j < size && i != k; j++)
                {
                    gram[i, j] -= factor * gram[k, j];
                    target[i, j] -= factor * target[k, j];
                }
            }
        }

        return target;

        void AddOuter(double weight, double[] input, double[] output)
        {
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    gram[i, j] += weight * input[i] * input[j];
                    target[i, j] += weight * input[i] * output[j];
                }
            }
        }
    }
}
