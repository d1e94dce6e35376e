namespace Segue.Evaluation.Metrics;

/// <summary>
/// <c>auc</c>: the share of (relevant, other) pairs of candidates in which the relevant item has the higher score; a tie
/// counts one half (mid-rank). Exact, over the full ranking.
/// </summary>
/// <remarks>
/// Mann and Whitney 1947; Hanley and McNeil, Radiology 1982. Denominator: relevant × other candidates. Candidates are the
/// unseen items, or all items where seen ones are kept. An item that cannot be scored (NaN, −∞) is below every scored one, and
/// a relevant item that cannot be scored wins no pair, not even half of one: silence earns nothing. No relevant item or no
/// other candidate: NaN.
/// </remarks>
public static class RocAuc
{
    /// <summary>AUC of scores.</summary>
    /// <param name="scores">Score by item index; NaN where the item cannot be scored.</param>
    /// <param name="relevant">The right answers, any order; an item given twice counts once.</param>
    /// <param name="masked">Items that are no candidates; a relevant item among them is no candidate either.</param>
    /// <remarks>O(items · log relevant).</remarks>
    public static double Of(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, ReadOnlySpan<int> masked = default)
    {
        var kind = new byte[scores.Length];
        foreach (int item in relevant)
        {
            kind[item] = 1;
        }

        foreach (int item in masked)
        {
            kind[item] = 2;
        }

        var relevantScores = new List<float>();
        int relevantCount = 0, others = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            others += kind[i] == 0 ? 1 : 0;
            relevantCount += kind[i] == 1 ? 1 : 0;
            if (kind[i] == 1 && scores[i] > float.NegativeInfinity)
            {
                relevantScores.Add(scores[i]);
            }
        }

        double wins = (double)relevantScores.Count * others;
        relevantScores.Sort();
        for (int i = 0; i < scores.Length; i++)
        {
            if (kind[i] == 0 && scores[i] > float.NegativeInfinity)
            {
                // Lost to this item: relevant scores below it, and half of the equal ones.
                int below = LowerBound(relevantScores, scores[i]), notAbove = UpperBound(relevantScores, scores[i]);
                wins -= 0.5 * (below + notAbove);
            }
        }

        return FromWins(wins, relevantCount, others);
    }

    /// <summary>AUC from the number of pairs won (ties one half).</summary>
    internal static double FromWins(double wins, int relevantCount, int others) =>
        relevantCount == 0 || others == 0 ? double.NaN : wins / ((double)relevantCount * others);

    private static int LowerBound(List<float> sorted, float value)
    {
        int low = 0, high = sorted.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static int UpperBound(List<float> sorted, float value)
    {
        int low = 0, high = sorted.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            (low, high) = sorted[middle] <= value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
