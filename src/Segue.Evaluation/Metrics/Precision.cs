namespace Segue.Evaluation.Metrics;

/// <summary><c>precision@k</c>: hits in the first k places, divided by k, also where the list or the catalogue is shorter.</summary>
/// <remarks>Ties: by the ranker, at random. No relevant item: NaN. Cost O(hits).</remarks>
public static class Precision
{
    /// <summary>Precision of a list.</summary>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        FromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary><see cref="AtK"/> from the ascending ranks of the hits and |T|.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k) =>
        relevantCount == 0 ? double.NaN : HitRanks.CountUpTo(hitRanks, k) / (double)k;
}

/// <summary><c>hitrate@k</c>: 1 where at least one relevant item is among the first k places, else 0.</summary>
/// <remarks>Ties: by the ranker, at random. No relevant item: NaN. Cost O(1).</remarks>
public static class HitRate
{
    /// <summary>Hit or miss of a list.</summary>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        FromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary><see cref="AtK"/> from the ascending ranks of the hits and |T|.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k) =>
        relevantCount == 0 ? double.NaN : !hitRanks.IsEmpty && hitRanks[0] <= k ? 1.0 : 0.0;
}
