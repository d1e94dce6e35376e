using FsCheck;
using FsCheck.Fluent;
using Segue.Evaluation.Metrics;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Evaluation.Tests.Metrics;

/// <summary>Pure functions of (ranked, relevant, k), by hand and by property.</summary>
public class ListMetricsTests
{
    // Hits at the ranks 2 and 5 of six; one of the four right answers (99) is not ranked at all.
    private static readonly int[] Ranked = [10, 20, 30, 40, 50, 60];
    private static readonly int[] Relevant = [50, 20, 99, 98];
    private static readonly double Two = 1 / Math.Log2(3), Five = 1 / Math.Log2(6);
    private static readonly double[] Ideal = [0, 1, 1 + Two, 1.5 + Two, 1.5 + Two + (1 / Math.Log2(5))];

    private delegate double ListMetric(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k);

    [Fact]
    public void Recall_by_hand()
    {
        Assert.Equal([0, 0.25, 0.25, 0.5, 0.5], At(Recall.AtK, 1, 2, 4, 5, 100));
        Assert.Equal([0, 0.5, 0.25, 0.5, 0.5], At(Recall.CappedAtK, 1, 2, 4, 5, 100));
        Assert.Equal(2.0 / 5, Recall.MultisetAtK(Ranked, [20, 20, 50, 99, 98], 5));
    }

    [Fact]
    public void Precision_and_hit_rate_by_hand()
    {
        Assert.Equal([0, 0.5, 0.25, 0.4, 0.02], At(Precision.AtK, 1, 2, 4, 5, 100));
        Assert.Equal([0, 1, 1, 1, 1], At(HitRate.AtK, 1, 2, 4, 5, 100));
    }

    [Fact]
    public void Ndcg_by_hand()
    {
        double[] expected = [0, Two / Ideal[2], Two / Ideal[4], (Two + Five) / Ideal[4], (Two + Five) / Ideal[4]];
        Assert.Equal(expected, At(Ndcg.AtK, 1, 2, 4, 5, 100), (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void The_ideal_gain_goes_on_beyond_its_table()
    {
        double sum = 0;
        for (int rank = 1; rank <= 5000; rank++)
        {
            sum += 1 / Math.Log2(rank + 1.0);
            if (rank is 4095 or 4096 or 5000)
            {
                Assert.Equal(sum, Ndcg.Ideal(rank), 1e-9);
            }
        }
    }

    [Fact]
    public void Reciprocal_rank_and_average_precision_by_hand()
    {
        Assert.Equal([0, 0.5, 0.5, 0.5, 0.5], At(ReciprocalRank.AtK, 1, 2, 4, 5, 100));
        double[] expected = [0, 0.5 / 2, 0.5 / 4, (0.5 + 0.4) / 4, (0.5 + 0.4) / 4];
        Assert.Equal(expected, At(AveragePrecision.AtK, 1, 2, 4, 5, 100), (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void R_precision_by_hand_with_and_without_artists()
    {
        // |T| = 4: of the first four places one is right. Artists there: 1 (twice), 2, unknown; of the answers: 1, 3, 2, unknown.
        var artists = new int[100];
        Array.Fill(artists, -1);
        (artists[10], artists[20], artists[30], artists[50], artists[99]) = (1, 1, 2, 3, 2);
        Assert.Equal(0.25, RPrecision.Of(Ranked, Relevant));
        Assert.Equal((1 + (0.25 * 2)) / 4, RPrecision.Of(Ranked, Relevant, artists));
        Assert.Equal(1.25, RPrecision.Of([20, 50], [50, 20], artists));
    }

    [Fact]
    public void Clicks_by_hand()
    {
        int[] ranked = [.. Enumerable.Range(0, 600)];
        Assert.Equal([0, 0, 1, 1, 2, 49, 51, 51], ((int[])[0, 9, 10, 19, 20, 499, 500, 999]).Select(item => Clicks.Of(ranked, [item])));
    }

    [Fact]
    public void Coverage_gini_novelty_and_diversity_by_hand()
    {
        int[][] lists = [[0, 1, 2], [1, 0, 3], [1, 4]];
        Assert.Equal(2.0 / 5, Coverage.AtK(lists, 5, 1));
        Assert.Equal(1, Coverage.AtK(lists, 5, 50));
        Assert.Equal(0, Coverage.AtK([[], []], 5, 3));

        // First places: 0 once, 1 twice. Ascending 0 0 0 1 2: (2·4 − 6) + 2 (2·5 − 6) = 10, over 5 items × 3 places.
        Assert.Equal(10.0 / 15, Gini.AtK(lists, 5, 1), 1e-15);
        Assert.Equal(0, Gini.AtK([[0, 1], [2, 3]], 4, 2));
        Assert.Equal(3.0 / 4, Gini.AtK([[2], [2], [2]], 4, 1));
        Assert.True(double.IsNaN(Gini.AtK([[]], 4, 1)));

        // Of 8 listeners: 8, 2, 1 and nobody (as if one): 0, 2, 3 and 3 bits.
        Assert.Equal(1, Novelty.AtK([0, 1, 2, 3], [8, 2, 1, 0], 8, 2));
        Assert.Equal(2, Novelty.AtK([0, 1, 2, 3], [8, 2, 1, 0], 8, 10));
        Assert.Equal(2.0 / 3, ArtistDiversity.AtK([0, 1, 2, 3], [5, 5, -1, 6], 4), 1e-15);
        Assert.True(double.IsNaN(ArtistDiversity.AtK([2], [5, 5, -1, 6], 4)));
    }

    [Fact]
    public void Prediction_errors_by_hand()
    {
        Assert.Equal(0.25, PredictionError.Squared(1.5, 2));
        Assert.Equal(0.5, PredictionError.Absolute(1.5, 2));
        Assert.Equal(1, PredictionError.Accuracy(0.5, 1));
        Assert.Equal(0, PredictionError.Accuracy(0.5, 0));
        Assert.Equal(1, PredictionError.Accuracy(0.2, 0));
        Assert.Equal(0, PredictionError.Accuracy(0.2, 1));
        Assert.Equal(Math.Log(4), PredictionError.LogLoss(0.25, 1), 1e-15);
        Assert.Equal(Math.Log(4), PredictionError.LogLoss(0.75, 0), 1e-15);
        Assert.Equal(-Math.Log(1e-15), PredictionError.LogLoss(0, 1), 1e-9);
    }

    [Fact]
    public void Nothing_relevant_is_undefined_and_nothing_ranked_is_nothing_found()
    {
        ListMetric[] all = [Recall.AtK, Recall.CappedAtK, Precision.AtK, HitRate.AtK, Ndcg.AtK, ReciprocalRank.AtK, AveragePrecision.AtK, Recall.MultisetAtK];
        Assert.All(all, metric => Assert.True(double.IsNaN(metric([1, 2], [], 3))));
        Assert.All(all, metric => Assert.Equal(0, metric([], [1], 3)));
        Assert.True(double.IsNaN(RPrecision.Of([1], [])));
        Assert.True(double.IsNaN(Clicks.Of([1], [])));
        Assert.Equal(51, Clicks.Of([], [1]));
    }

    [Fact]
    public void Repeats_count_once_on_either_side()
    {
        Assert.Equal(1, Recall.AtK([3, 3, 4], [3, 3], 2));
        Assert.Equal(0.5, Recall.AtK([3, 3, 4], [3, 4], 2));
    }

    [Fact]
    public void K_must_be_positive() => Assert.Throws<ArgumentOutOfRangeException>(() => Recall.AtK([1], [1], 0));

    [Fact]
    public void Every_value_lies_between_0_and_1_and_a_perfect_list_has_1() => Prop.ForAll(Cases(), c =>
    {
        int[] perfect = [.. c.Relevant, .. c.Ranked.Except(c.Relevant)];
        int k = c.K;
        ListMetric[] normalized = [Recall.CappedAtK, Ndcg.AtK, ReciprocalRank.AtK, AveragePrecision.AtK, HitRate.AtK];
        ListMetric[] all = [.. normalized, Recall.AtK, Precision.AtK];
        return all.All(metric => metric(c.Ranked, c.Relevant, k) is >= 0 and <= 1)
            && normalized.All(metric => Math.Abs(metric(perfect, c.Relevant, k) - 1) < 1e-12)
            && Recall.AtK(perfect, c.Relevant, c.Relevant.Length) == 1
            && RPrecision.Of(perfect, c.Relevant) == 1
            && Clicks.Of(perfect, c.Relevant) == 0;
    }).Check(Properties.Cases());

    [Fact]
    public void Moving_a_hit_up_never_lowers_a_value() => Prop.ForAll(Cases(), c =>
    {
        ListMetric[] all = [Recall.AtK, Recall.CappedAtK, Precision.AtK, HitRate.AtK, Ndcg.AtK, ReciprocalRank.AtK, AveragePrecision.AtK];
        for (int n = 1; n < c.Ranked.Length; n++)
        {
            if (!c.Relevant.Contains(c.Ranked[n]))
            {
                continue;
            }

            int[] better = [.. c.Ranked];
            (better[n - 1], better[n]) = (better[n], better[n - 1]);
            if (all.Any(metric => metric(better, c.Relevant, c.K) < metric(c.Ranked, c.Relevant, c.K) - 1e-12)
                || Clicks.Of(better, c.Relevant) > Clicks.Of(c.Ranked, c.Relevant))
            {
                return false;
            }
        }

        return true;
    }).Check(Properties.Cases());

    [Fact]
    public void Recall_hit_rate_and_reciprocal_rank_grow_with_k() => Prop.ForAll(Cases(), c =>
        ((ListMetric[])[Recall.AtK, HitRate.AtK, ReciprocalRank.AtK]).All(metric => Enumerable.Range(1, 35)
            .All(k => metric(c.Ranked, c.Relevant, k) <= metric(c.Ranked, c.Relevant, k + 1)))).Check(Properties.Cases());

    private static double[] At(ListMetric metric, params int[] lengths) => [.. lengths.Select(k => metric(Ranked, Relevant, k))];

    /// <summary>A shuffled list of 30 items, 1 to 30 of them relevant, and a k that is sometimes longer.</summary>
    private static Arbitrary<(int[] Ranked, int[] Relevant, int K)> Cases() =>
        (from seed in Gen.Choose(0, int.MaxValue)
         from relevant in Gen.Choose(1, 30)
         from k in Gen.Choose(1, 35)
         select (Shuffled(seed, "ranked"), Shuffled(seed, "relevant")[..relevant], k)).ToArbitrary();

    private static int[] Shuffled(int seed, string name)
    {
        int[] items = [.. Enumerable.Range(0, 30)];
        new Rng((ulong)seed, name).Shuffle<int>(items);
        return items;
    }
}
