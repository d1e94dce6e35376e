using Segue.Core.Splitting;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Evaluation.Tests;

public sealed class LinkEvaluatorTests
{
    private const string All = "link-accuracy,link-auc,link-accuracy-matched,link-auc-matched";

    [Fact]
    public void Who_knows_all_is_always_right_and_who_has_it_backwards_never()
    {
        EvaluationSet set = World(30, 20, out float[][] truth);
        EvaluationResult right = RankingEvaluator.Evaluate(new TableRecommender(truth), set, Fixture.Options(All + ",ndcg@5"));
        Assert.All(right.Metrics.Values, v => Assert.Equal(1, v.Value));
        Assert.Equal(5, right.Metrics.Count);
        float[][] backwards = Array.ConvertAll(truth, row => Array.ConvertAll(row, s => -s));
        EvaluationResult wrong = RankingEvaluator.Evaluate(new TableRecommender(backwards), set, Fixture.Options(All));
        Assert.Equal(0, wrong.Metrics["link-auc"].Value);
        Assert.Equal(0, wrong.Metrics["link-auc-matched"].Value);

        // The best threshold of a backwards score says no to everything (or yes), and is right half of the time.
        Assert.Equal(0.5, wrong.Metrics["link-accuracy-matched"].Value);
    }

    [Fact]
    public void Popularity_answers_uniform_pairs_and_not_matched_ones()
    {
        // User u of 200 hears item i of 60 with a chance of its own for every item: nothing else can be known.
        var rng = new Rng(1, "links");
        int users = 200, items = 60;
        double[] chance = [.. Enumerable.Range(0, items).Select(i => 0.8 * Math.Pow(0.9, i))];
        var lists = new int[users][];
        for (int u = 0; u < users; u++)
        {
            lists[u] = [.. Enumerable.Range(0, items).Where(i => rng.NextDouble() < chance[i])];
        }

        EvaluationSet set = Fixture.Set(items, new int[users][].Select(_ => Array.Empty<int>()).ToArray(), lists);
        float[] popularity = [.. chance.Select(c => (float)c)];
        EvaluationResult result = RankingEvaluator.Evaluate(
            new TableRecommender([.. Enumerable.Range(0, users).Select(_ => popularity)]), set, Fixture.Options(All));
        Assert.InRange(result.Metrics["link-auc"].Value, 0.8, 0.95);
        Assert.InRange(result.Metrics["link-accuracy"].Value, 0.75, 0.9);

        // Below one half even: items that many hold out cannot be drawn for those many, so what is drawn is less popular by a little, or nothing is.
        Assert.InRange(result.Metrics["link-accuracy-matched"].Value, 0.45, 0.68);
    }

    [Fact]
    public void Figures_are_those_of_a_plain_count()
    {
        EvaluationSet set = World(25, 15, out _);
        var rng = new Rng(4, "scores");
        float[][] scores = [.. Enumerable.Range(0, 25).Select(_ => Enumerable.Range(0, 15).Select(_ => rng.Next(10) == 0 ? float.NaN : rng.Next(6)).ToArray())];
        EvaluationResult result = RankingEvaluator.Evaluate(new TableRecommender(scores), set, Fixture.Options(All));
        foreach (string name in new[] { "link-auc", "link-accuracy" })
        {
            double[] values = result.PerUser[name], counts = result.PairCount[name];
            double mean = values.Zip(counts, (v, c) => c == 0 ? 0 : v * c).Sum() / counts.Sum();
            Assert.Equal(mean, result.Metrics[name].Value, 1e-12);
            Assert.InRange(mean, 0.35, 0.65);
        }

        Assert.Equal(set.Relevant.Count, result.PairCount["link-auc"].Sum());
        Assert.Equal(2 * set.Relevant.Count, result.PairCount["link-accuracy"].Sum());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Neither_the_unit_of_a_score_nor_threads_change_anything(int threads)
    {
        EvaluationSet set = World(40, 30, out float[][] truth);
        var rng = new Rng(5, "noise");
        float[][] scores = Array.ConvertAll(truth, row => Array.ConvertAll(row, s => s + (2 * rng.NextSingle())));
        float[][] other = Array.ConvertAll(scores, row => Array.ConvertAll(row, s => (1000 * s) - 7));
        EvaluationOptions options = Fixture.Options(All);
        EvaluationResult one = RankingEvaluator.Evaluate(new TableRecommender(scores), set, options);
        EvaluationResult two = RankingEvaluator.Evaluate(new TableRecommender(other), set, options with { Threads = threads });
        Assert.Equal(one.Metrics.Select(m => (m.Key, m.Value.Value)), two.Metrics.Select(m => (m.Key, m.Value.Value)));
        Assert.InRange(one.Metrics["link-accuracy"].Value, 0.55, 0.95);
    }

    [Fact]
    public void The_threshold_is_the_best_one_and_no_score_means_no()
    {
        Assert.Equal(3, LinkEvaluator.BestThreshold([(5, true), (4, true), (3, true), (2, false), (1, true), (0, false)]));
        Assert.Equal(float.PositiveInfinity, LinkEvaluator.BestThreshold([(5, false), (4, true), (3, false)]));
        Assert.Equal(2, LinkEvaluator.BestThreshold([(2, true), (2, true), (2, false), (float.NegativeInfinity, true)]));
        Assert.Equal(float.PositiveInfinity, LinkEvaluator.BestThreshold([(float.NegativeInfinity, true)]));
        Assert.Equal(float.PositiveInfinity, LinkEvaluator.BestThreshold([]));
    }

    [Fact]
    public void Where_everything_is_known_there_is_nothing_to_tell_apart()
    {
        EvaluationSet set = Fixture.Set(3, [[0, 1]], [[2]]);
        EvaluationResult result = RankingEvaluator.Evaluate(new TableRecommender([[1, 2, 3]]), set, Fixture.Options(All));
        Assert.Equal(double.NaN, result.Metrics["link-auc"].Value);
    }

    /// <summary>Every user knows some items and has others held out, at random; the truth is 1 for those and 0 otherwise.</summary>
    private static EvaluationSet World(int users, int items, out float[][] truth)
    {
        var rng = new Rng(7, "world");
        int[][] known = new int[users][], relevant = new int[users][];
        for (int u = 0; u < users; u++)
        {
            var shuffled = Enumerable.Range(0, items).ToArray();
            rng.Shuffle<int>(shuffled);
            (known[u], relevant[u]) = ([.. shuffled[..3].Order()], [.. shuffled[3..(5 + (u % 3))].Order()]);
        }

        truth = [.. relevant.Select(r => Enumerable.Range(0, items).Select(i => r.Contains(i) ? 1f : 0f).ToArray())];
        return Fixture.Set(items, known, relevant);
    }
}
