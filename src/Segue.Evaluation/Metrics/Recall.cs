namespace Segue.Evaluation.Metrics;

/// <summary>How much of what was held out is found in the first k places.</summary>
/// <remarks>Ties: by the ranker, at random. No relevant item: NaN. Cost O(hits).</remarks>
public static class Recall
{
    /// <summary><c>recall@k</c>: hits in the first k, divided by all relevant items |T|. Cannot reach 1 where |T| &gt; k.</summary>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        FromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary>
    /// <c>capped-recall@k</c>: hits in the first k, divided by min(k, |T|), so that a perfect list always has 1.
    /// </summary>
    /// <remarks>The "Recall@k" of Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018.</remarks>
    public static double CappedAtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k) =>
        CappedFromRanks(HitRanks.Of(ranked, relevant, k), HitRanks.DistinctCount(relevant), k);

    /// <summary>
    /// Recall with repeats: hits in the first k, divided by the number of held-out interactions, where an item heard five
    /// times counts five times below the line and at most once above.
    /// </summary>
    /// <remarks>The variant of the Yambda benchmark (2025); only for comparing with its tables.</remarks>
    public static double MultisetAtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevantWithRepeats, int k) =>
        relevantWithRepeats.IsEmpty ? double.NaN : HitRanks.Of(ranked, relevantWithRepeats, k).Length / (double)relevantWithRepeats.Length;

    /// <summary><see cref="AtK"/> from the ascending ranks of the hits and |T|.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k) =>
        relevantCount == 0 ? double.NaN : HitRanks.CountUpTo(hitRanks, k) / (double)relevantCount;

    /// <summary><see cref="CappedAtK"/> from the ascending ranks of the hits and |T|.</summary>
    public static double CappedFromRanks(ReadOnlySpan<int> hitRanks, int relevantCount, int k) =>
        relevantCount == 0 ? double.NaN : HitRanks.CountUpTo(hitRanks, k) / (double)Math.Min(k, relevantCount);
}
