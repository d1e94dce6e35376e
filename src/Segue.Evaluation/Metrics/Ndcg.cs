namespace Segue.Evaluation.Metrics;

/// <summary>
/// <c>ndcg@k</c>: Σ 1 / log₂(rank + 1) over the hits in the first k places, divided by the same sum of a list that begins with
/// min(k, |T|) relevant items. Gains are binary.
/// </summary>
/// <remarks>
/// Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 2002, with the logarithm from rank 1
/// on. A user's value is a ratio and the reported figure the mean of the ratios. Ties: by the ranker, at random. No
/// relevant item: NaN. Cost O(hits).
/// </remarks>
public static class Ndcg
{
    private static readonly double[] Ideals = BuildIdeals(4096);

    /// <summary>NDCG of a list.</summary>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        FromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary><see cref="AtK"/> from the ascending ranks of the hits and |T|.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k) =>
        relevantCount == 0 ? double.NaN : GainFromRanks(hitRanks, k) / Ideal(Math.Min(k, relevantCount));

    /// <summary>The numerator alone: Σ 1 / log₂(rank + 1) over hits within k. Mean gain / mean ideal gives the ratio of means.</summary>
    public static double GainFromRanks(ReadOnlySpan<int> hitRanks, int k)
    {
        double gain = 0;
        foreach (int rank in hitRanks)
        {
            if (rank > k)
            {
                break;
            }

            gain += Discount(rank);
        }

        return gain;
    }

    /// <summary>The denominator alone: the gain of a list that begins with <paramref name="count"/> relevant items.</summary>
    public static double Ideal(int count)
    {
        if (count < Ideals.Length)
        {
            return Ideals[count];
        }

        double sum = Ideals[^1];
        for (int rank = Ideals.Length; rank <= count; rank++)
        {
            sum += Discount(rank);
        }

        return sum;
    }

    private static double Discount(int rank) => 1.0 / Math.Log2(rank + 1.0);

    private static double[] BuildIdeals(int length)
    {
        var ideals = new double[length];
        for (int rank = 1; rank < length; rank++)
        {
            ideals[rank] = ideals[rank - 1] + Discount(rank);
        }

        return ideals;
    }
}
