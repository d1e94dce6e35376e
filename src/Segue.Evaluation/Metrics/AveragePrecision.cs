namespace Segue.Evaluation.Metrics;

/// <summary>
/// <c>map@k</c>: precision at the rank of every hit within k, summed and divided by min(k, |T|), so that a perfect list has 1.
/// </summary>
/// <remarks>
/// Other libraries divide by |T| (then long answers cannot reach 1) or by the number of hits (then a single lucky hit at rank
/// 1 has 1). Ties: by the ranker, at random. No relevant item: NaN. Cost O(hits).
/// </remarks>
public static class AveragePrecision
{
    /// <summary>Average precision of a list.</summary>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        FromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary><see cref="AtK"/> from the ascending ranks of the hits and |T|.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k)
    {
        if (relevantCount == 0)
        {
            return double.NaN;
        }

        double sum = 0;
        int hits = HitRanks.CountUpTo(hitRanks, k);
        for (int n = 0; n < hits; n++)
        {
            sum += (n + 1.0) / hitRanks[n];
        }

        return sum / Math.Min(k, relevantCount);
    }
}
