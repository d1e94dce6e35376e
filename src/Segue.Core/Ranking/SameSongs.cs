using Segue.Core.Data;

namespace Segue.Core.Ranking;

/// <summary>Which items are one song under several ids: items with the same artist and the same title.</summary>
/// <remarks>
/// Names are equal in Unicode form C, without regard to case and to spaces at the ends. Items without an artist or without a title are alone:
/// two songs called "Intro" are not one. A live or remastered version has another title, so it is another song.
/// </remarks>
public sealed class SameSongs
{
    private readonly Dictionary<int, int[]> _items;

    private SameSongs(Dictionary<int, int[]> items) => _items = items;

    /// <summary>Every item is its own song.</summary>
    public static SameSongs None { get; } = new([]);

    /// <summary>True where every item is its own song.</summary>
    public bool IsEmpty => _items.Count == 0;

    /// <summary>Finds the songs with several ids.</summary>
    /// <param name="catalog">Names and artists of the items; where one of them is missing the answer is <see cref="None"/>.</param>
    /// <remarks>O(items) time; memory for one number an item while it runs.</remarks>
    public static SameSongs Of(Catalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ReadOnlySpan<int> artistOf = catalog.ItemArtist.Span;
        if (artistOf.IsEmpty || catalog.Names.Count != artistOf.Length)
        {
            return None;
        }

        int[] artists = OnePerName(catalog.Artists);
        var first = new Dictionary<(int Artist, string Title), int>();
        var several = new Dictionary<int, List<int>>();
        for (int item = 0; item < artistOf.Length; item++)
        {
            string title = artistOf[item] < 0 ? string.Empty : Normal(catalog.Names[item]);
            if (title.Length == 0 || first.TryAdd((artists[artistOf[item]], title), item))
            {
                continue;
            }

            int other = first[(artists[artistOf[item]], title)];
            if (!several.TryGetValue(other, out List<int>? items))
            {
                several[other] = items = [other];
            }

            items.Add(item);
        }

        var all = new Dictionary<int, int[]>();
        foreach (List<int> items in several.Values)
        {
            int[] ids = [.. items];
            foreach (int item in ids)
            {
                all[item] = ids;
            }
        }

        return all.Count == 0 ? None : new SameSongs(all);
    }

    /// <summary>All items that are the song of <paramref name="item"/>, by rising index; empty where it is the only one.</summary>
    public ReadOnlySpan<int> Items(int item) => _items.TryGetValue(item, out int[]? items) ? items : [];

    /// <summary>A number that the items of one song share: the lowest index among them.</summary>
    public int SongOf(int item) => _items.TryGetValue(item, out int[]? items) ? items[0] : item;

    // The first artist of the same name, for every artist: imports keep "Velta Moor" and "VELTA MOOR" as two.
    private static int[] OnePerName(StringTable artists)
    {
        var first = new Dictionary<string, int>();
        var one = new int[artists.Count];
        for (int artist = 0; artist < one.Length; artist++)
        {
            string name = Normal(artists[artist]);
            one[artist] = first.TryAdd(name, artist) ? artist : first[name];
        }

        return one;
    }

    private static string Normal(string name) => Nfc.Of(name).Trim().ToUpperInvariant();
}
