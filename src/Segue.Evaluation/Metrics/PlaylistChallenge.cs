namespace Segue.Evaluation.Metrics;

/// <summary>
/// <c>r-precision</c> of RecSys Challenge 2018: (|T ∩ R| + ¼ |A(T) ∩ A(R)|) / |T|, where R are the first |T| places, and A(·)
/// the set of artists of some items.
/// </summary>
/// <remarks>
/// Zamani, Schedl, Lamere and Chen, "An analysis of approaches taken in the ACM RecSys Challenge 2018", ACM TIST 2019. The
/// artists of hits count too, so the value reaches up to 1.25; items without a known artist give no artist credit, and without
/// a catalog of artists the value is |T ∩ R| / |T|. Ties: by the ranker, at random. No relevant item: NaN.
/// </remarks>
public static class RPrecision
{
    /// <summary>Share of the score an artist match earns.</summary>
    public const double ArtistCredit = 0.25;

    /// <summary>R-precision of a list.</summary>
    /// <param name="ranked">Item indices, best first; only the first |T| are looked at.</param>
    /// <param name="relevant">The right answers; an item given twice counts once.</param>
    /// <param name="itemArtist">Artist by item index, −1 unknown; or empty.</param>
    public static double Of(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant, ReadOnlySpan<int> itemArtist = default)
    {
        int count = HitRanks.DistinctCount(relevant);
        if (count == 0)
        {
            return double.NaN;
        }

        ReadOnlySpan<int> first = ranked[..Math.Min(count, ranked.Length)];
        int artists = itemArtist.IsEmpty ? 0 : SharedArtists(first, relevant, itemArtist, []);
        return FromCounts(HitRanks.Of(first, relevant, count).Length, artists, count);
    }

    internal static double FromCounts(int hits, int sharedArtists, int relevantCount) =>
        relevantCount == 0 ? double.NaN : (hits + (ArtistCredit * sharedArtists)) / relevantCount;

    /// <summary>Distinct known artists that occur on both sides.</summary>
    internal static int SharedArtists(
        ReadOnlySpan<int> first, ReadOnlySpan<int> relevant, ReadOnlySpan<int> itemArtist, HashSet<int> wanted)
    {
        wanted.Clear();
        foreach (int item in relevant)
        {
            if (itemArtist[item] >= 0)
            {
                wanted.Add(itemArtist[item]);
            }
        }

        int shared = 0;
        foreach (int item in first)
        {
            shared += wanted.Remove(itemArtist[item]) ? 1 : 0;
        }

        return shared;
    }
}

/// <summary>
/// <c>clicks</c> of RecSys Challenge 2018: how often a listener must ask for ten more songs before a relevant one appears,
/// ⌊(rank of the first hit − 1) / 10⌋, and 51 where none is among the first 500. Lower is better.
/// </summary>
/// <remarks>Source as <see cref="RPrecision"/>. Ties: by the ranker, at random. No relevant item: NaN.</remarks>
public static class Clicks
{
    /// <summary>Length of the list that is looked at.</summary>
    public const int ListLength = 500;

    /// <summary>Value where no relevant item is in the list.</summary>
    public const double None = 51;

    /// <summary>Clicks of a list.</summary>
    public static double Of(ReadOnlySpan<int> ranked, ReadOnlySpan<int> relevant) =>
        FromRanks(HitRanks.Of(ranked, relevant, ListLength), HitRanks.DistinctCount(relevant));

    /// <summary><see cref="Of"/> from the ascending ranks of the hits and |T|.</summary>
    public static double FromRanks(ReadOnlySpan<int> hitRanks, int relevantCount)
    {
        if (relevantCount == 0)
        {
            return double.NaN;
        }

        return hitRanks.IsEmpty || hitRanks[0] > ListLength ? None : (hitRanks[0] - 1) / 10;
    }
}
