using Segue.Core.Data;

namespace Segue.Core.Ranking;

/// <summary>One place of a ranked list.</summary>
/// <param name="ItemIndex">Index in <see cref="Contracts.IRecommender.Items"/>.</param>
/// <param name="Score">Score on the model's own scale; higher is better.</param>
public readonly record struct RankedItem(int ItemIndex, float Score);

/// <summary>How a ranked list is cut and filtered. All index lists may be in any order and name an item twice.</summary>
public sealed record RankOptions
{
    /// <summary>Length of the list; at least 0. The list is shorter where fewer items are left.</summary>
    public int K { get; init; } = 20;

    /// <summary>Items the listener knows already and should not get again (the seen mask); empty where repeats are welcome.</summary>
    public ReadOnlyMemory<int> Seen { get; init; }

    /// <summary>Items never to recommend, for example banned ones.</summary>
    public ReadOnlyMemory<int> Exclude { get; init; }

    /// <summary>The only items that may be recommended, or null for all of them. An empty list allows nothing.</summary>
    public ReadOnlyMemory<int>? Allow { get; init; }

    /// <summary>At most this many items of one artist; 0 for no cap. Needs <see cref="Catalog"/>.</summary>
    /// <remarks>Items whose artist is unknown (−1) are not capped: nothing says that they belong together.</remarks>
    public int MaxPerArtist { get; init; }

    /// <summary>Which items are one song under several ids; by default every item is its own song.</summary>
    /// <remarks>A song that is seen or excluded under one id is so under all of them, and a list has a song once: under the id that scores highest.</remarks>
    public SameSongs Songs { get; init; } = SameSongs.None;

    /// <summary>Says which artist an item belongs to; needed for <see cref="MaxPerArtist"/> only.</summary>
    public Catalog? Catalog { get; init; }
}
