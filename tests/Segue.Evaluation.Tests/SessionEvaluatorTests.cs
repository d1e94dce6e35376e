using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Evaluation.Tests;

public sealed class SessionEvaluatorTests
{
    private const string All = "next-hr@1,next-hr@2,next-hr@20,next-mrr@2,next-mrr@20,rest-recall@2,rest-recall@20,rest-precision@3,rest-ndcg@2,rest-ndcg@20";

    [Fact]
    public void Two_sessions_by_hand()
    {
        // After item i the recommender ranks i + 1, i + 2, … (around five items), and i itself last.
        EvaluationSet set = Set(5, [[], []], [[0, 1, 3], [2, 2]]);
        EvaluationResult replay = SessionEvaluator.Evaluate(new Onward(5), set, Fixture.Options(All) with { KeepSeen = true });

        // Steps: 0 → 1 (rest 1, 3: ranks 1, 3), 1 → 3 (rest 3: rank 2), 2 → 2 (rest 2: rank 5).
        Assert.Equal([0, 1], replay.Users);
        Is(1.0 / 3, replay, "next-hr@1");
        Is(2.0 / 3, replay, "next-hr@2");
        Is(1, replay, "next-hr@20");
        Is((1 + 0.5) / 3, replay, "next-mrr@2");
        Is((1 + 0.5 + 0.2) / 3, replay, "next-mrr@20");
        Is((0.5 + 1 + 0) / 3, replay, "rest-recall@2");
        Is(1, replay, "rest-recall@20");
        Is((2.0 + 1 + 0) / 9, replay, "rest-precision@3");
        Is(((1 / (1 + (1 / Math.Log2(3)))) + (1 / Math.Log2(3)) + 0) / 3, replay, "rest-ndcg@2");
        Assert.Equal([0.75, 0.2], replay.PerUser["next-mrr@20"], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([2, 1], replay.PairCount["next-mrr@20"]);
        Assert.Equal("sessions revealed item by item, full ranking, seen items kept", replay.Protocol);

        // Discovery: 0, then 0 and 1, are no candidates; the second session has nothing new.
        EvaluationResult discovery = SessionEvaluator.Evaluate(new Onward(5), set, Fixture.Options(All));
        Is(1, discovery, "next-hr@2");
        Is((1 + 0.5) / 2, discovery, "next-mrr@20");
        Is((0.5 + 1) / 2, discovery, "rest-recall@2");
        Assert.True(double.IsNaN(discovery.PerUser["rest-recall@2"][1]));
        Assert.Equal([2, 0], discovery.PairCount["rest-recall@2"]);
        Assert.Equal(1, discovery.Metrics["next-hr@2"].Users);
    }

    [Fact]
    public void Cross_entropy_is_that_of_the_scores_after_every_step()
    {
        EvaluationSet set = Set(5, [[], []], [[0, 1, 3], [2, 2]]);
        double expected = 0, discovery = 0;
        foreach ((int[] history, int next) in new (int[], int)[] { ([0], 1), ([0, 1], 3), ([2], 2) })
        {
            var scores = new float[5];
            new Onward(5).Score(Query.ForHistory(history), scores);
            expected += Loss(scores, next) / 3;
            foreach (int item in history)
            {
                scores[item] = float.NaN;
            }

            discovery += history.Contains(next) ? 0 : Loss(scores, next) / 2;
        }

        Is(expected, SessionEvaluator.Evaluate(new Onward(5), set, Fixture.Options("next-cross-entropy") with { KeepSeen = true }), "next-cross-entropy");
        Is(discovery, SessionEvaluator.Evaluate(new Onward(5), set, Fixture.Options("next-cross-entropy,rest-recall@2")), "next-cross-entropy");

        static double Loss(float[] scores, int next) => Math.Log(scores.Where(s => !float.IsNaN(s)).Sum(s => Math.Exp(s))) - scores[next];
    }

    [Fact]
    public void What_was_known_before_comes_first_in_the_history_and_is_masked_in_discovery()
    {
        EvaluationSet set = Set(6, [[4, 1], []], [[0, 1, 2], [3]]);
        var asked = new Onward(6);
        EvaluationResult discovery = SessionEvaluator.Evaluate(asked, set, Fixture.Options("next-hr@20,rest-recall@20"));
        Assert.Equal(["4 1 0", "4 1 0 1"], asked.Histories.Order());

        // After 4 1 0 the next item, 1, is known: no step for next-hr. What remains is 2.
        Assert.Equal([1], discovery.PairCount["next-hr@20"]);
        Assert.Equal([2], discovery.PairCount["rest-recall@20"]);
        Assert.Equal([0], discovery.Users);
    }

    [Fact]
    public void Queries_carry_times_weights_and_the_moment_of_the_last_item()
    {
        var builder = new DatasetBuilder("sessions", "track");
        foreach (string item in new[] { "a", "b", "c" })
        {
            builder.Item(item);
        }

        int user = builder.User("u");
        builder.Interaction(user, 0, 100, 2);
        builder.Interaction(user, 1, 160, 3);
        builder.Interaction(user, 2, 220, 1);
        Dataset held = builder.Build();
        var asked = new Onward(3);
        SessionEvaluator.Evaluate(asked, new EvaluationSet { Known = held.Select([]), Relevant = held }, Fixture.Options("next-hr@1"));
        Assert.Equal([100L, 160L], asked.Queries.Select(q => q.Moment).Order());
        Query second = asked.Queries.Single(q => q.History.Length == 2);
        Assert.Equal([100L, 160L], second.HistoryTime.ToArray());
        Assert.Equal([2f, 3f], second.HistoryWeight.ToArray());
        Assert.Equal(-1, second.UserIndex);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Equals_the_protocol_written_out_word_for_word(bool keepSeen)
    {
        var rng = new Rng(7, "sessions");
        int[][] Draw(int longest) => [.. Enumerable.Range(0, 60).Select(_ => Enumerable.Range(0, rng.Next(longest)).Select(_ => rng.Next(30)).ToArray())];
        EvaluationSet set = Set(30, Draw(4), Draw(9));
        var model = new Noisy(30);
        EvaluationResult one = SessionEvaluator.Evaluate(model, set, Fixture.Options(All) with { KeepSeen = keepSeen });
        EvaluationResult three = SessionEvaluator.Evaluate(model, set, Fixture.Options(All) with { KeepSeen = keepSeen, Threads = 3 });
        int[] knownStart = set.Known.UserStart(), heldStart = set.Relevant.UserStart();
        var sums = new Dictionary<string, (double Sum, int Steps)>();
        for (int u = 0; u < 60; u++)
        {
            int[] known = set.Known.ItemIndex.Span[knownStart[u]..knownStart[u + 1]].ToArray();
            int[] session = set.Relevant.ItemIndex.Span[heldStart[u]..heldStart[u + 1]].ToArray();
            for (int t = 1; t < session.Length; t++)
            {
                int[] heard = [.. known, .. session[..t]], rest = [.. session[t..].Distinct()];
                var scores = new float[30];
                model.Score(Query.ForHistory(heard), scores);
                int[] ranked = [.. Fixture.Ranked(scores, Fixture.Ties(30, u, question: heard.Length)).Where(i => keepSeen || !heard.Contains(i))];
                if (keepSeen || !heard.Contains(session[t]))
                {
                    int rank = Array.IndexOf(ranked, session[t]) + 1;
                    Add("next-hr@2", rank is > 0 and <= 2 ? 1 : 0);
                    Add("next-mrr@20", rank is > 0 and <= 20 ? 1.0 / rank : 0);
                }

                int[] right = [.. rest.Where(i => keepSeen || !heard.Contains(i))];
                if (right.Length > 0)
                {
                    Add("rest-recall@20", ranked.Take(20).Count(right.Contains) / (double)right.Length);
                    Add("rest-precision@3", ranked.Take(3).Count(right.Contains) / 3.0);
                    Add("rest-ndcg@2", ranked.Take(2).Select((i, r) => right.Contains(i) ? 1 / Math.Log2(r + 2) : 0).Sum()
                        / Enumerable.Range(0, Math.Min(2, right.Length)).Sum(r => 1 / Math.Log2(r + 2)));
                }
            }
        }

        foreach ((string name, (double sum, int steps)) in sums)
        {
            Is(sum / steps, one, name);
            Assert.Equal(one.Metrics[name], three.Metrics[name]);
            Assert.Equal(steps, one.PairCount[name].Sum());
        }

        void Add(string name, double value) => sums[name] = (sums.GetValueOrDefault(name).Sum + value, sums.GetValueOrDefault(name).Steps + 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Curves_by_offset_equal_a_literal_count(bool keepSeen)
    {
        var rng = new Rng(8, "sessions");
        int[][] Draw(int longest) => [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, rng.Next(longest)).Select(_ => rng.Next(30)).ToArray())];
        EvaluationSet set = Set(30, Draw(4), Draw(9));
        var model = new Noisy(30);
        EvaluationOptions options = Fixture.Options("next-hr@3,next-mrr@20,rest-recall@20") with { KeepSeen = keepSeen, UpToOffset = 10 };
        EvaluationResult result = SessionEvaluator.Evaluate(model, set, options);
        EvaluationResult three = SessionEvaluator.Evaluate(model, set, options with { Threads = 3 });
        Assert.Equal(["next-hr@3", "next-mrr@20"], result.ByOffset.Keys);
        int[] knownStart = set.Known.UserStart(), heldStart = set.Relevant.UserStart();
        double[] hits = new double[10], reciprocal = new double[10];
        int[] steps = new int[10];
        for (int u = 0; u < 40; u++)
        {
            int[] known = set.Known.ItemIndex.Span[knownStart[u]..knownStart[u + 1]].ToArray();
            int[] session = set.Relevant.ItemIndex.Span[heldStart[u]..heldStart[u + 1]].ToArray();
            for (int t = 1; t < session.Length; t++)
            {
                int[] heard = [.. known, .. session[..t]];
                var scores = new float[30];
                model.Score(Query.ForHistory(heard), scores);
                int[] ranked = [.. Fixture.Ranked(scores, Fixture.Ties(30, u, question: heard.Length)).Where(i => keepSeen || !heard.Contains(i))];
                for (int l = 1; l <= 10 && t + l - 1 < session.Length; l++)
                {
                    int item = session[t + l - 1], rank = Array.IndexOf(ranked, item) + 1;
                    if (keepSeen || !heard.Contains(item))
                    {
                        steps[l - 1]++;
                        hits[l - 1] += rank is > 0 and <= 3 ? 1 : 0;
                        reciprocal[l - 1] += rank is > 0 and <= 20 ? 1.0 / rank : 0;
                    }
                }
            }
        }

        // The longest session has eight items, so nothing is 8 ahead or farther.
        Assert.Equal([0, 0, 0], steps[7..]);
        foreach ((string name, double[] sums) in new[] { ("next-hr@3", hits), ("next-mrr@20", reciprocal) })
        {
            OffsetCurve curve = result.ByOffset[name];
            Assert.Equal(steps, curve.Steps);
            Assert.Equal(curve.Values, three.ByOffset[name].Values);
            Assert.All(Enumerable.Range(0, 7), l => Assert.Equal(sums[l] / steps[l], curve.Values[l], 12));
            Assert.All(curve.Values.Skip(7), v => Assert.True(double.IsNaN(v)));
            Assert.Equal(result.Metrics[name].Value, curve.Values[0], 12);
        }

        // Looking ahead changes no figure.
        EvaluationResult without = SessionEvaluator.Evaluate(model, set, options with { UpToOffset = 0 });
        Assert.Equal(without.Metrics, result.Metrics);
        Assert.Empty(without.ByOffset);
    }

    [Fact]
    public void Offsets_without_a_metric_that_has_them_are_refused()
    {
        EvaluationSet set = Set(5, [[]], [[0, 1]]);
        Assert.Contains("next-hr@20", Assert.Throws<OptionException>(() => SessionEvaluator.Evaluate(
            new Onward(5), set, Fixture.Options("rest-recall@5,next-cross-entropy") with { UpToOffset = 5 })).Message, StringComparison.Ordinal);
        Assert.Contains("-1", Assert.Throws<OptionException>(() => SessionEvaluator.Evaluate(
            new Onward(5), set, Fixture.Options("next-hr@5") with { UpToOffset = -1 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_silent_model_scores_nothing_and_every_step_counts()
    {
        EvaluationResult result = SessionEvaluator.Evaluate(new Silent(5), Set(5, [[]], [[0, 1, 3]]), Fixture.Options(All) with { KeepSeen = true });
        Assert.All(result.Metrics.Values, m => Assert.Equal(0, m.Value));
        Assert.All(result.PairCount.Values, steps => Assert.Equal([2.0], steps));
    }

    [Fact]
    public void Sessions_are_what_the_bootstrap_and_the_paired_test_draw()
    {
        EvaluationSet set = Set(5, [[], [], []], [[0, 1, 2, 3, 4], [2, 0], [3, 4]]);
        EvaluationOptions options = Fixture.Options("next-hr@1") with { BootstrapSamples = 200 };
        EvaluationResult onward = SessionEvaluator.Evaluate(new Onward(5), set, options), silent = SessionEvaluator.Evaluate(new Silent(5), set, options);
        Assert.Equal(5.0 / 6, onward.Metrics["next-hr@1"].Value, 12);
        Assert.Equal(3, onward.Metrics["next-hr@1"].Users);
        Assert.InRange(onward.Metrics["next-hr@1"].Low, 0, 5.0 / 6);
        PairedTest test = Significance.Paired(onward, silent, "next-hr@1");
        Assert.Equal(5.0 / 6, test.Difference, 12);
        Assert.Equal((3, 2), (test.Users, test.Wins));
    }

    [Fact]
    public void Sessions_of_one_listener_are_drawn_together()
    {
        EvaluationSet set = Set(5, [[], [], [], []], [[0, 1, 2, 3, 4], [2, 0], [3, 4], [0, 1]]);
        EvaluationSet named = set with
        {
            Known = set.Known with { Profile = new Dictionary<string, StringTable> { [EvaluationSet.ListenerColumn] = new StringTable(["ann", "bob", "ann", ""]) } },
        };
        EvaluationOptions options = Fixture.Options("next-hr@1");
        Assert.Empty(SessionEvaluator.Evaluate(new Onward(5), set, options).Clusters);
        EvaluationResult result = SessionEvaluator.Evaluate(new Onward(5), named, options);
        Assert.Equal(3, result.Clusters.Distinct().Count());
        Assert.Equal(result.Clusters[0], result.Clusters[2]);
        Assert.Equal(3, Significance.Paired(result, SessionEvaluator.Evaluate(new Silent(5), named, options), "next-hr@1").Users);
        Assert.Equal(result.Clusters, RankingEvaluator.Evaluate(new LambdaRecommender(5, (_, _) => { }), named, Fixture.Options("recall@1")).Clusters);
    }

    [Fact]
    public void Every_day_is_a_session_after_all_that_was_heard_before()
    {
        // One listener: 0 known; one day 1, 2, the next 3 alone, the third 4, 0, 1.
        const long Day = 86_400;
        EvaluationSet set = Timed([(0, 5)], [(1, Day), (2, Day + 9), (3, 2 * Day), (4, (3 * Day) + 1), (0, (3 * Day) + 2), (1, (4 * Day) - 1)]) with { IsByDay = true };
        var onward = new Onward(5);
        EvaluationResult result = SessionEvaluator.Evaluate(onward, set, Fixture.Options("next-hr@1") with { KeepSeen = true });
        Assert.Equal(["0 1", "0 1 2 3 4", "0 1 2 3 4 0"], onward.Histories.Order(StringComparer.Ordinal));
        Assert.Equal([0, 0], result.Users);
        Assert.Equal([1, 3], result.Days);
        Assert.Equal([1.0, 1.0], result.PerUser["next-hr@1"]);
        Assert.Equal([1.0, 2.0], result.PairCount["next-hr@1"]);
        Assert.EndsWith("every day of a listener asked on its own", result.Protocol, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_revealed_is_refused()
    {
        EvaluationSet set = Set(5, [[]], [[0, 1]]);
        Assert.Contains("RankingEvaluator", Assert.Throws<OptionException>(() => SessionEvaluator.Evaluate(new Onward(5), set, Fixture.Options("recall@5"))).Message, StringComparison.Ordinal);
        Assert.Contains("SessionEvaluator", Assert.Throws<OptionException>(() => RankingEvaluator.Evaluate(new Onward(5), set, Fixture.Options("next-hr@5"))).Message, StringComparison.Ordinal);
        Assert.Contains("sampled", Assert.Throws<OptionException>(() => SessionEvaluator.Evaluate(new Onward(5), set, Fixture.Options(All) with { SampledNegatives = 9 })).Message, StringComparison.Ordinal);
        Assert.Contains("4 items", Assert.Throws<DatasetException>(() => SessionEvaluator.Evaluate(new Onward(4), set, Fixture.Options(All))).Message, StringComparison.Ordinal);
        Assert.Contains("order", Assert.Throws<DatasetException>(() => SessionEvaluator.Evaluate(
            new Onward(5), Fixture.Set(5, [[]], [[0, 1]]), Fixture.Options(All))).Message, StringComparison.Ordinal);
        Assert.Contains("two items", Assert.Throws<DatasetException>(() => SessionEvaluator.Evaluate(
            new Onward(5), Set(5, [[1], []], [[0], [2]]), Fixture.Options(All))).Message, StringComparison.Ordinal);
        Assert.Contains("candidates", Assert.Throws<DatasetException>(() => SessionEvaluator.Evaluate(
            new Onward(5), set with { Candidates = new[] { 0, 1 } }, Fixture.Options(All))).Message, StringComparison.Ordinal);
    }

    private static EvaluationSet Set(int items, int[][] known, int[][] held)
    {
        EvaluationSet set = Fixture.Set(items, known, held);
        return set with { Known = set.Known with { IsOrdered = true }, Relevant = set.Relevant with { IsOrdered = true } };
    }

    private static EvaluationSet Timed((int Item, long Time)[] known, (int Item, long Time)[] held)
    {
        Dataset Of((int Item, long Time)[] rows) => Fixture.Dataset(5, [[.. rows.Select(r => r.Item)]]) with { IsOrdered = true, Time = Array.ConvertAll(rows, r => r.Time) };
        return new EvaluationSet { Known = Of(known), Relevant = Of(held) };
    }

    private static void Is(double expected, EvaluationResult result, string metric) => Assert.Equal(expected, result.Metrics[metric].Value, 12);

    private sealed class Onward(int items) : IRecommender
    {
        public List<Query> Queries { get; } = [];

        public IEnumerable<string> Histories => Queries.Select(q => string.Join(' ', q.History.ToArray()));

        public Vocabulary Items { get; } = new(Enumerable.Range(0, items).Select(i => $"i{i}"));

        public void Score(Query query, Span<float> scores)
        {
            Queries.Add(query);
            int last = query.History.Span[^1];
            for (int n = 1; n <= items; n++)
            {
                scores[(last + n) % items] = -n;
            }
        }

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
    }

    private sealed class Noisy(int items) : IRecommender
    {
        public Vocabulary Items { get; } = new(Enumerable.Range(0, items).Select(i => $"i{i}"));

        public void Score(Query query, Span<float> scores)
        {
            var rng = new Rng(11, string.Join(' ', query.History.ToArray()));
            for (int i = 0; i < items; i++)
            {
                scores[i] = rng.Next(6) == 0 ? float.NaN : rng.Next(8);
            }
        }

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
    }

    private sealed class Silent(int items) : IRecommender
    {
        public Vocabulary Items { get; } = new(Enumerable.Range(0, items).Select(i => $"i{i}"));

        public void Score(Query query, Span<float> scores) => scores.Fill(float.NaN);

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
    }
}
