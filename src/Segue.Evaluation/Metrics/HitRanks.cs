namespace Segue.Evaluation.Metrics;

/// <summary>Where the relevant items stand in a ranked list: all that most ranking metrics need to know.</summary>
public static class HitRanks
{
    /// <summary>Ranks (from 1, ascending) of the relevant items found among the first <paramref name="k"/> of <paramref name="ranked"/>.</summary>
    /// <param name="ranked">Item indices, best first, without repeats; ties were decided by whoever ranked.</param>
    /// <param name="relevant">The right answers in any order; an item given twice counts once.</param>
    /// <param name="k">Length of the list that counts; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">k is below 1.</exception>
    public static int[] Of(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, int k = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        var open = new HashSet<int>(relevant.Length);
        foreach (int item in relevant)
        {
            open.Add(item);
        }

        var ranks = new List<int>();
        for (int n = 0; n < Math.Min(k, ranked.Length); n++)
        {
            // Removing makes a repeated place in the list worthless instead of counting one answer twice.
            if (open.Remove(ranked[n]))
            {
                ranks.Add(n + 1);
            }
        }

        return [.. ranks];
    }

    /// <summary>Number of distinct items in <paramref name="relevant"/>: the |T| of the formulas.</summary>
    public static int DistinctCount(ReadOnlySpan<int> relevant)
    {
        var distinct = new HashSet<int>(relevant.Length);
        foreach (int item in relevant)
        {
            distinct.Add(item);
        }

        return distinct.Count;
    }

    /// <summary>How many of the ascending <paramref name="hitRanks"/> are at most <paramref name="k"/>.</summary>
    internal static int CountUpTo(ReadOnlySpan<int> hitRanks, int k)
    {
        int count = 0;
        while (count < hitRanks.Length && hitRanks[count] <= k)
        {
            count++;
        }

        return count;
    }
}
