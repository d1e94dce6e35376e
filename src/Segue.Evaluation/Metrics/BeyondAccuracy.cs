namespace Segue.Evaluation.Metrics;

/// <summary><c>coverage@k</c>: the share of the catalogue that is in at least one list of k places.</summary>
/// <remarks>Denominator: all items. One figure for all lists, without an interval. No list or no item: NaN.</remarks>
public static class Coverage
{
    /// <summary>Coverage of some lists, each cut to its first k places.</summary>
    public static double AtK(IEnumerable<int[]> lists, int itemCount, int k) => FromCounts(Exposure.AtK(lists, itemCount, k));

    /// <summary>Coverage from how often each item was recommended.</summary>
    public static double FromCounts(ReadOnlySpan<int> counts)
    {
        int covered = 0;
        foreach (int count in counts)
        {
            covered += count > 0 ? 1 : 0;
        }

        return counts.IsEmpty ? double.NaN : covered / (double)counts.Length;
    }
}

/// <summary>
/// <c>gini@k</c>: how unequally the places of all lists are shared among the items: 0 where every item of the catalogue is
/// recommended equally often, (n − 1) / n where one item has all places.
/// </summary>
/// <remarks>
/// G = Σ (2i − n − 1) xᵢ / (n Σ xᵢ) with counts x ascending, i from 1, n all items of the catalogue. Lower is more equal. One
/// figure for all lists, without an interval. Nothing recommended: NaN.
/// </remarks>
public static class Gini
{
    /// <summary>Gini coefficient of some lists, each cut to its first k places.</summary>
    public static double AtK(IEnumerable<int[]> lists, int itemCount, int k) => FromCounts(Exposure.AtK(lists, itemCount, k));

    /// <summary>Gini coefficient of how often each item was recommended.</summary>
    public static double FromCounts(ReadOnlySpan<int> counts)
    {
        int[] sorted = counts.ToArray();
        Array.Sort(sorted);
        double weighted = 0, total = 0;
        for (int n = 0; n < sorted.Length; n++)
        {
            weighted += ((2.0 * (n + 1)) - sorted.Length - 1) * sorted[n];
            total += sorted[n];
        }

        return total == 0 ? double.NaN : weighted / (sorted.Length * total);
    }
}

/// <summary>
/// <c>novelty@k</c>: mean over the first k places of −log₂ of the item's popularity share, in bits: how surprising it is that
/// a listener knows the item.
/// </summary>
/// <remarks>
/// Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010 (self-information). The
/// share is (distinct listeners of the item) / (all listeners); an item without listeners counts as if it had one.
/// Denominator: places that are filled. Empty list: NaN.
/// </remarks>
public static class Novelty
{
    /// <summary>Novelty of a list.</summary>
    /// <param name="ranked">Item indices, best first.</param>
    /// <param name="listeners">Distinct listeners by item index.</param>
    /// <param name="userCount">All listeners.</param>
    /// <param name="k">Places that count.</param>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> listeners, int userCount, int k)
    {
        double sum = 0;
        int length = Math.Min(k, ranked.Length);
        foreach (int item in ranked[..length])
        {
            sum += Math.Log2(userCount / (double)Math.Max(1, listeners[item]));
        }

        return length == 0 ? double.NaN : sum / length;
    }
}

/// <summary><c>artist-diversity@k</c>: distinct artists among the first k places, divided by the places whose artist is known.</summary>
/// <remarks>1 where every place is another artist. No place with a known artist: NaN.</remarks>
public static class ArtistDiversity
{
    /// <summary>Artist diversity of a list.</summary>
    /// <param name="ranked">Item indices, best first.</param>
    /// <param name="itemArtist">Artist by item index, −1 unknown.</param>
    /// <param name="k">Places that count.</param>
    public static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> itemArtist, int k) => AtK(ranked, itemArtist, k, []);

    internal static double AtK(ReadOnlySpan<int> ranked, ReadOnlySpan<int> itemArtist, int k, HashSet<int> artists)
    {
        artists.Clear();
        int known = 0;
        foreach (int item in ranked[..Math.Min(k, ranked.Length)])
        {
            if (itemArtist[item] >= 0)
            {
                known++;
                artists.Add(itemArtist[item]);
            }
        }

        return known == 0 ? double.NaN : artists.Count / (double)known;
    }
}

internal static class Exposure
{
    public static int[] AtK(IEnumerable<int[]> lists, int itemCount, int k)
    {
        ArgumentNullException.ThrowIfNull(lists);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        var counts = new int[itemCount];
        foreach (int[] list in lists)
        {
            foreach (int item in list.AsSpan(0, Math.Min(k, list.Length)))
            {
                counts[item]++;
            }
        }

        return counts;
    }
}
