
namespace Segue.Core.Data;

/// <summary>What is known about items. Every part may be missing.</summary>
public sealed record Catalog
{
    /// <summary>Nothing known.</summary>
    public static Catalog Empty { get; } = new();

    /// <summary>Titles (or artist names at artist level), one an item, or the empty table.</summary>
    public StringTable Names { get; init; } = StringTable.Empty;

    /// <summary>Artist of every item as an index in <see cref="Artists"/>, −1 unknown; or empty.</summary>
    public ReadOnlyMemory<int> ItemArtist { get; init; }

    /// <summary>Artist names.</summary>
    public StringTable Artists { get; init; } = StringTable.Empty;

    /// <summary>Album of every item as an index in <see cref="Albums"/>, −1 unknown; or empty.</summary>
    public ReadOnlyMemory<int> ItemAlbum { get; init; }

    /// <summary>Album names.</summary>
    public StringTable Albums { get; init; } = StringTable.Empty;

    /// <summary>Names of the feature columns, for example <c>danceability</c>.</summary>
    public IReadOnlyList<string> FeatureNames { get; init; } = [];

    /// <summary>Features, items × feature names, row-major; NaN unknown; or empty.</summary>
    public ReadOnlyMemory<float> Features { get; init; }

    /// <summary>Name of the artist of an item, or "".</summary>
    public string ArtistOf(int itemIndex)
    {
        int artist = ItemArtist.IsEmpty ? -1 : ItemArtist.Span[itemIndex];
        return artist < 0 ? string.Empty : Artists[artist];
    }

    /// <summary>The catalog of some items, in the order of <paramref name="itemIndices"/>; artists and albums stay whole.</summary>
    public Catalog Select(ReadOnlySpan<int> itemIndices)
    {
        int width = FeatureNames.Count;
        var features = Features.IsEmpty ? [] : new float[itemIndices.Length * width];
        for (int i = 0; i < itemIndices.Length && features.Length > 0; i++)
        {
            Features.Span.Slice(itemIndices[i] * width, width).CopyTo(features.AsSpan(i * width));
        }

        return this with
        {
            Names = Names.Count == 0 ? Names : Names.Select(itemIndices),
            ItemArtist = Dataset.Gather(ItemArtist.Span, itemIndices),
            ItemAlbum = Dataset.Gather(ItemAlbum.Span, itemIndices),
            Features = features,
        };
    }
}

/// <summary>Tag assignments, column-wise; all four columns have the same length (times may be empty).</summary>
public sealed record TagAssignments
{
    /// <summary>No tags.</summary>
    public static TagAssignments Empty { get; } = new();

    /// <summary>Tag texts.</summary>
    public StringTable Names { get; init; } = StringTable.Empty;

    /// <summary>Who tagged, −1 where the source does not say.</summary>
    public ReadOnlyMemory<int> UserIndex { get; init; }

    /// <summary>What was tagged.</summary>
    public ReadOnlyMemory<int> ItemIndex { get; init; }

    /// <summary>The tag, an index in <see cref="Names"/>.</summary>
    public ReadOnlyMemory<int> TagIndex { get; init; }

    /// <summary>When, Unix seconds, −1 unknown; or empty.</summary>
    public ReadOnlyMemory<long> Time { get; init; }

    /// <summary>Number of assignments.</summary>
    public int Count => TagIndex.Length;

    /// <summary>The assignments at <paramref name="rows"/>, in that order.</summary>
    public TagAssignments Select(ReadOnlySpan<int> rows) => this with
    {
        UserIndex = Dataset.Gather(UserIndex.Span, rows),
        ItemIndex = Dataset.Gather(ItemIndex.Span, rows),
        TagIndex = Dataset.Gather(TagIndex.Span, rows),
        Time = Dataset.Gather(Time.Span, rows),
    };

    internal TagAssignments Select(int[] userNew, int[] itemNew)
    {
        var rows = new List<int>();
        for (int n = 0; n < Count; n++)
        {
            int user = UserIndex.Span[n];
            if (itemNew[ItemIndex.Span[n]] >= 0 && (user < 0 || userNew[user] >= 0))
            {
                rows.Add(n);
            }
        }

        int[] kept = [.. rows];
        return this with
        {
            UserIndex = Dataset.Gather(UserIndex.Span, kept).Select(u => u < 0 ? -1 : userNew[u]).ToArray(),
            ItemIndex = Dataset.Gather(ItemIndex.Span, kept).Select(i => itemNew[i]).ToArray(),
            TagIndex = Dataset.Gather(TagIndex.Span, kept),
            Time = Dataset.Gather(Time.Span, kept),
        };
    }
}
