namespace Segue.Evaluation.Metrics;

/// <summary><c>mrr@k</c> and <c>mrr</c>: 1 / rank of the first hit, 0 where none is within k (or ranked at all).</summary>
/// <remarks>Ties: by the ranker, at random. No relevant item: NaN. Cost O(1).</remarks>
public static class ReciprocalRank
{
    /// <summary>Reciprocal rank within the first k places.</summary>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        FromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary><see cref="AtK"/> from the ascending ranks of the hits and |T|; without k, the whole ranking counts.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k = int.MaxValue) =>
        relevantCount == 0 ? double.NaN : !hitRanks.IsEmpty && hitRanks[0] <= k ? 1.0 / hitRanks[0] : 0.0;
}
