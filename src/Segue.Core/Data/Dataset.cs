using System.Text.Json.Nodes;
using Segue.Numerics;

namespace Segue.Core.Data;

/// <summary>
/// Everything known about a set of listeners: who interacted with what, when and how strongly, and what is known of users
/// and items. Immutable; a split, a filter or a view is a new value that shares what did not change.
/// </summary>
/// <remarks>
/// Interactions are stored column-wise, sorted by user, then time, then the order in which they were given. A playlist is a
/// user whose items are tracks. Times are Unix seconds UTC, −1 unknown. 20 bytes an interaction at most.
/// </remarks>
public sealed record Dataset
{
    private readonly Once<bool> _indicesChecked = new();
    private readonly Once<long> _latestTime = new();

    /// <summary>A name for reports, for example <c>hetrec-lastfm</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What an item is: <c>track</c>, <c>artist</c> or <c>album</c>.</summary>
    public required string Level { get; init; }

    /// <summary>Listeners or playlists.</summary>
    public required Vocabulary Users
    {
        get;
        init
        {
            field = value;
            _indicesChecked = new();
        }
    }

    /// <summary>What is ranked.</summary>
    public required Vocabulary Items
    {
        get;
        init
        {
            field = value;
            _indicesChecked = new();
        }
    }

    /// <summary>User of every interaction, ascending.</summary>
    public required ReadOnlyMemory<int> UserIndex
    {
        get;
        init
        {
            field = value;
            _indicesChecked = new();
        }
    }

    /// <summary>Item of every interaction.</summary>
    public required ReadOnlyMemory<int> ItemIndex
    {
        get;
        init
        {
            field = value;
            _indicesChecked = new();
        }
    }

    /// <summary>Time of every interaction, or empty where none is known.</summary>
    public ReadOnlyMemory<long> Time
    {
        get;
        init
        {
            field = value;
            _latestTime = new();
        }
    }

    /// <summary>Weight (for example a play count) of every interaction, or empty where all are 1.</summary>
    public ReadOnlyMemory<float> Weight { get; init; }

    /// <summary>Given part of every interaction (0 train, 1 validation, 2 test), or empty where the source has no split.</summary>
    public ReadOnlyMemory<byte> Fold { get; init; }

    /// <summary>True where the order of a user's interactions means something (playlist position, session order, time).</summary>
    public bool IsOrdered { get; init; }

    /// <summary>What is known about the items.</summary>
    public Catalog Catalog { get; init; } = Catalog.Empty;

    /// <summary>Profile columns of the users (gender, age, country, …), each as long as <see cref="Users"/>; "" unknown.</summary>
    public IReadOnlyDictionary<string, StringTable> Profile { get; init; } = new Dictionary<string, StringTable>();

    /// <summary>Friendships as pairs of user indices, as given (a mutual friendship is two rows).</summary>
    public ReadOnlyMemory<int> FriendFrom { get; init; }

    /// <summary>Second ends of <see cref="FriendFrom"/>.</summary>
    public ReadOnlyMemory<int> FriendTo { get; init; }

    /// <summary>Who tagged what with which tag.</summary>
    public TagAssignments Tags { get; init; } = TagAssignments.Empty;

    /// <summary>Where the data came from: importer, files, counts. Written to the manifest as it is.</summary>
    public JsonObject? Provenance { get; init; }

    /// <summary>Number of interactions.</summary>
    public int Count => UserIndex.Length;

    /// <summary>True where interactions carry times.</summary>
    public bool HasTime => !Time.IsEmpty;

    /// <summary>True where interactions carry weights other than 1.</summary>
    public bool HasWeight => !Weight.IsEmpty;

    /// <summary>The latest known time, or −1. O(interactions) on the first call, then O(1).</summary>
    public long LatestTime => _latestTime.Get(this, static dataset =>
    {
        long latest = -1;
        foreach (long time in dataset.Time.Span)
        {
            latest = Math.Max(latest, time);
        }

        return latest;
    });

    /// <summary>Start of every user's interactions; length users + 1; a new array on every call. O(interactions).</summary>
    /// <exception cref="DatasetException">An interaction names a user or item that does not exist.</exception>
    public int[] UserStart()
    {
        CheckIndices();
        var start = new int[Users.Count + 1];
        foreach (int u in UserIndex.Span)
        {
            start[u + 1]++;
        }

        for (int u = 0; u < Users.Count; u++)
        {
            start[u + 1] += start[u];
        }

        return start;
    }

    /// <summary>
    /// Throws where an interaction names a user or item that does not exist, or users are not ascending. A dataset is opened
    /// without reading its columns, so everything that uses interactions as indices calls this first. O(interactions) on the
    /// first call, then O(1).
    /// </summary>
    /// <exception cref="DatasetException">An index is out of range; the message names the interaction.</exception>
    public void CheckIndices() => _indicesChecked.Get(this, static dataset =>
    {
        CancellationScope.Check();
        ReadOnlySpan<int> user = dataset.UserIndex.Span, item = dataset.ItemIndex.Span;
        int users = dataset.Users.Count, items = dataset.Items.Count, previous = 0;
        if (user.Length != item.Length)
        {
            throw new DatasetException(
                $"dataset '{dataset.Name}' has {user.Length} users and {item.Length} items of interactions; import the dataset again");
        }

        for (int n = 0; n < user.Length; n++)
        {
            if ((uint)user[n] >= (uint)users || (uint)item[n] >= (uint)items || user[n] < previous)
            {
                throw new DatasetException(
                    $"interaction {n} of dataset '{dataset.Name}' names user {user[n]} of {users} (the one before: {previous}) and item {item[n]} of {items}; import the dataset again");
            }

            previous = user[n];
        }

        return true;
    });

    /// <summary>The interactions at <paramref name="rows"/> (ascending), with the same users, items and catalog.</summary>
    public Dataset Select(ReadOnlySpan<int> rows) => this with
    {
        UserIndex = Gather(UserIndex.Span, rows),
        ItemIndex = Gather(ItemIndex.Span, rows),
        Time = Gather(Time.Span, rows),
        Weight = Gather(Weight.Span, rows),
        Fold = Gather(Fold.Span, rows),
    };

    /// <summary>
    /// Only some users and items, renumbered in their old order; interactions, profile, catalog, tags and friendships follow.
    /// </summary>
    /// <param name="keepUser">True for the users that stay; length <see cref="Users"/>.Count.</param>
    /// <param name="keepItem">True for the items that stay; length <see cref="Items"/>.Count.</param>
    public Dataset Restrict(ReadOnlySpan<bool> keepUser, ReadOnlySpan<bool> keepItem)
    {
        if (keepUser.Length != Users.Count || keepItem.Length != Items.Count)
        {
            throw new ArgumentException(
                $"{keepUser.Length} user and {keepItem.Length} item marks for {Users.Count} users and {Items.Count} items; give one each");
        }

        CheckIndices();
        int[] userOld = Kept(keepUser), itemOld = Kept(keepItem);
        int[] userNew = Renumber(userOld, Users.Count), itemNew = Renumber(itemOld, Items.Count);
        int[] rows = Rows(UserIndex.Span, ItemIndex.Span, userNew, itemNew);
        int[] friends = Rows(FriendFrom.Span, FriendTo.Span, userNew, userNew);
        Dataset kept = Select(rows);
        return kept with
        {
            Users = Users.Select(userOld),
            Items = Items.Select(itemOld),
            UserIndex = Map(kept.UserIndex.Span, userNew),
            ItemIndex = Map(kept.ItemIndex.Span, itemNew),
            Catalog = Catalog.Select(itemOld),
            Profile = Profile.ToDictionary(p => p.Key, p => p.Value.Select(userOld)),
            FriendFrom = Map(Gather(FriendFrom.Span, friends), userNew),
            FriendTo = Map(Gather(FriendTo.Span, friends), userNew),
            Tags = Tags.Select(userNew, itemNew),
        };
    }

    /// <summary>A name to show for an item: <c>Artist – Title</c>, the title, or the id.</summary>
    public string DisplayName(int itemIndex)
    {
        string title = Catalog.Names.Count == 0 ? string.Empty : Catalog.Names[itemIndex];
        string artist = Catalog.ArtistOf(itemIndex);
        return (title, artist) switch
        {
            ("", "") => Items[itemIndex],
            ("", _) => artist,
            (_, "") => title,
            _ when Level == "artist" => title,
            _ => $"{artist} – {title}",
        };
    }

    internal static T[] Gather<T>(ReadOnlySpan<T> column, ReadOnlySpan<int> rows)
    {
        if (column.IsEmpty)
        {
            return [];
        }

        CancellationScope.Check();
        var result = new T[rows.Length];
        for (int n = 0; n < rows.Length; n++)
        {
            result[n] = column[rows[n]];
        }

        return result;
    }

    private static int[] Kept(ReadOnlySpan<bool> keep)
    {
        var kept = new List<int>();
        for (int i = 0; i < keep.Length; i++)
        {
            if (keep[i])
            {
                kept.Add(i);
            }
        }

        return [.. kept];
    }

    private static int[] Renumber(int[] old, int count)
    {
        var renumbered = new int[count];
        Array.Fill(renumbered, -1);
        for (int i = 0; i < old.Length; i++)
        {
            renumbered[old[i]] = i;
        }

        return renumbered;
    }

    private static int[] Rows(ReadOnlySpan<int> first, ReadOnlySpan<int> second, int[] firstNew, int[] secondNew)
    {
        CancellationScope.Check();
        var rows = new List<int>();
        for (int n = 0; n < first.Length; n++)
        {
            if (firstNew[first[n]] >= 0 && secondNew[second[n]] >= 0)
            {
                rows.Add(n);
            }
        }

        return [.. rows];
    }

    private static int[] Map(ReadOnlySpan<int> column, int[] renumbered)
    {
        CancellationScope.Check();
        var result = new int[column.Length];
        for (int n = 0; n < column.Length; n++)
        {
            result[n] = renumbered[column[n]];
        }

        return result;
    }

    /// <summary>
    /// A value worked out on first use. A copy of the record shares it until a column it depends on is replaced, which makes a
    /// new one. Two of them are always equal, so that equality of datasets stays that of their columns.
    /// </summary>
    private sealed class Once<T>
    {
        private volatile object? _value;

        public T Get(Dataset dataset, Func<Dataset, T> compute) => (T)(_value ??= compute(dataset)!)!;

        public override bool Equals(object? obj) => obj is Once<T>;

        public override int GetHashCode() => 0;
    }
}
