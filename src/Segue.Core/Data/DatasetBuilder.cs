using System.Text.Json.Nodes;

namespace Segue.Core.Data;

/// <summary>
/// Collects users, items and interactions in the order a source gives them and sorts them into a <see cref="Dataset"/>.
/// </summary>
/// <remarks>Not thread-safe. Memory: 20 bytes an interaction plus the strings; twice that while building.</remarks>
public sealed class DatasetBuilder(string name, string level)
{
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _items = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _artists = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _albums = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _tags = new(StringComparer.Ordinal);
    private readonly List<string> _userIds = [], _itemIds = [], _names = [], _artistNames = [], _albumNames = [], _tagNames = [];
    private readonly List<int> _itemArtist = [], _itemAlbum = [];
    private readonly List<int> _user = [], _item = [];
    private readonly List<long> _time = [];
    private readonly List<float> _weight = [];
    private readonly List<byte> _fold = [];
    private readonly Dictionary<string, Dictionary<int, string>> _profile = [];
    private readonly List<int> _friendFrom = [], _friendTo = [];
    private readonly List<int> _tagUser = [], _tagItem = [], _tag = [];
    private readonly List<long> _tagTime = [];

    /// <summary>Number of users so far.</summary>
    public int UserCount => _userIds.Count;

    /// <summary>Number of items so far.</summary>
    public int ItemCount => _itemIds.Count;

    /// <summary>Number of interactions so far.</summary>
    public int Count => _user.Count;

    /// <summary>True where the order in which a user's interactions are added means something.</summary>
    public bool IsOrdered { get; set; }

    /// <summary>Where the data comes from; goes to the manifest.</summary>
    public JsonObject? Provenance { get; set; }

    /// <summary>Feature columns to store, items × <see cref="FeatureNames"/>, or null.</summary>
    public float[]? Features { get; set; }

    /// <summary>Names of the feature columns.</summary>
    public IReadOnlyList<string> FeatureNames { get; set; } = [];

    /// <summary>Index of a user, added where new.</summary>
    public int User(string id) => Add(_users, _userIds, id);

    /// <summary>Index of a user, or −1 where unknown.</summary>
    public int FindUser(string id) => _users.GetValueOrDefault(id, -1);

    /// <summary>Index of an item, or −1 where unknown.</summary>
    public int FindItem(string id) => _items.GetValueOrDefault(id, -1);

    /// <summary>Index of an item, added where new; what was not known about it before is filled in.</summary>
    /// <param name="id">Outside id.</param>
    /// <param name="title">Title, or "" where unknown.</param>
    /// <param name="artist">Artist name, or "".</param>
    /// <param name="album">Album name, or "".</param>
    public int Item(string id, string title = "", string artist = "", string album = "")
    {
        int index = Add(_items, _itemIds, id);
        if (index == _names.Count)
        {
            _names.Add(title);
            _itemArtist.Add(artist.Length == 0 ? -1 : Add(_artists, _artistNames, artist));
            _itemAlbum.Add(album.Length == 0 ? -1 : Add(_albums, _albumNames, album));
            return index;
        }

        if (_names[index].Length == 0)
        {
            _names[index] = title;
        }

        if (_itemArtist[index] < 0 && artist.Length > 0)
        {
            _itemArtist[index] = Add(_artists, _artistNames, artist);
        }

        if (_itemAlbum[index] < 0 && album.Length > 0)
        {
            _itemAlbum[index] = Add(_albums, _albumNames, album);
        }

        return index;
    }

    /// <summary>Adds an interaction.</summary>
    /// <param name="userIndex">From <see cref="User"/>.</param>
    /// <param name="itemIndex">From <see cref="Item"/>.</param>
    /// <param name="time">Unix seconds, −1 unknown.</param>
    /// <param name="weight">Positive and finite; 1 for a single play.</param>
    /// <param name="fold">0 train, 1 validation, 2 test, where the source gives a split.</param>
    public void Interaction(int userIndex, int itemIndex, long time = -1, float weight = 1f, byte fold = 0)
    {
        _user.Add(userIndex);
        _item.Add(itemIndex);
        Append(_time, time, -1L);
        Append(_weight, weight, 1f);
        Append(_fold, fold, (byte)0);
    }

    /// <summary>Sets one profile column of a user; "" is unknown.</summary>
    public void Profile(int userIndex, string column, string value)
    {
        if (!_profile.TryGetValue(column, out Dictionary<int, string>? values))
        {
            _profile[column] = values = [];
        }

        values[userIndex] = value;
    }

    /// <summary>Adds one directed friendship row.</summary>
    public void Friend(int fromUserIndex, int toUserIndex)
    {
        _friendFrom.Add(fromUserIndex);
        _friendTo.Add(toUserIndex);
    }

    /// <summary>Adds one tag assignment; the user may be −1.</summary>
    public void Tag(int userIndex, int itemIndex, string tag, long time = -1)
    {
        _tagUser.Add(userIndex);
        _tagItem.Add(itemIndex);
        _tag.Add(Add(_tags, _tagNames, tag));
        _tagTime.Add(time);
    }

    /// <summary>Sorts by user, time and order of arrival, and hands over everything.</summary>
    /// <param name="isDuplicate">Called for every interaction that repeats the user, item and known time of an earlier one; such rows are left out. Null keeps all.</param>
    public Dataset Build(Action<int, int, long>? isDuplicate = null)
    {
        int[] order = SortedOrder();
        if (isDuplicate is not null && _time.Count > 0)
        {
            order = WithoutDuplicates(order, isDuplicate);
        }

        bool anyName = _names.Exists(n => n.Length > 0);
        return new Dataset
        {
            Name = name,
            Level = level,
            Users = new Vocabulary(_userIds),
            Items = new Vocabulary(_itemIds),
            UserIndex = Ordered(_user, order),
            ItemIndex = Ordered(_item, order),
            Time = Ordered(_time, order),
            Weight = Ordered(_weight, order),
            Fold = Ordered(_fold, order),
            IsOrdered = IsOrdered || _time.Count > 0,
            Provenance = Provenance,
            Catalog = new Catalog
            {
                Names = anyName ? new StringTable(_names) : StringTable.Empty,
                ItemArtist = _artistNames.Count > 0 ? _itemArtist.ToArray() : [],
                Artists = new StringTable(_artistNames),
                ItemAlbum = _albumNames.Count > 0 ? _itemAlbum.ToArray() : [],
                Albums = new StringTable(_albumNames),
                FeatureNames = FeatureNames,
                Features = Features ?? [],
            },
            Profile = _profile.OrderBy(p => p.Key, StringComparer.Ordinal).ToDictionary(
                p => p.Key,
                p => new StringTable(Enumerable.Range(0, UserCount).Select(u => p.Value.GetValueOrDefault(u, string.Empty)))),
            FriendFrom = _friendFrom.ToArray(),
            FriendTo = _friendTo.ToArray(),
            Tags = new TagAssignments
            {
                Names = new StringTable(_tagNames),
                UserIndex = _tagUser.ToArray(),
                ItemIndex = _tagItem.ToArray(),
                TagIndex = _tag.ToArray(),
                Time = _tagTime.Exists(t => t >= 0) ? _tagTime.ToArray() : [],
            },
        };
    }

    private static int Add(Dictionary<string, int> known, List<string> list, string id)
    {
        if (!known.TryGetValue(id, out int index))
        {
            index = list.Count;
            known.Add(id, index);
            list.Add(id);
        }

        return index;
    }

    // A column stays empty until the first value that differs from its default, so most sources never pay for it.
    private void Append<T>(List<T> column, T value, T absent)
        where T : IEquatable<T>
    {
        if (column.Count == 0 && value.Equals(absent))
        {
            return;
        }

        while (column.Count < _user.Count - 1)
        {
            column.Add(absent);
        }

        column.Add(value);
    }

    private int[] SortedOrder()
    {
        int[] start = new int[UserCount + 1];
        foreach (int u in _user)
        {
            start[u + 1]++;
        }

        for (int u = 0; u < UserCount; u++)
        {
            start[u + 1] += start[u];
        }

        int[] next = start[..UserCount];
        var order = new int[Count];
        for (int n = 0; n < Count; n++)
        {
            order[next[_user[n]]++] = n;
        }

        if (_time.Count > 0)
        {
            for (int u = 0; u < UserCount; u++)
            {
                Span<int> rows = order.AsSpan(start[u]..start[u + 1]);
                rows.Sort((a, b) => _time[a] != _time[b] ? _time[a].CompareTo(_time[b]) : a.CompareTo(b));
            }
        }

        return order;
    }

    private int[] WithoutDuplicates(int[] order, Action<int, int, long> isDuplicate)
    {
        var kept = new List<int>(order.Length);
        var sameMoment = new HashSet<int>();
        for (int n = 0; n < order.Length; n++)
        {
            int row = order[n];
            if (n == 0 || _user[order[n - 1]] != _user[row] || _time[order[n - 1]] != _time[row])
            {
                sameMoment.Clear();
            }

            if (_time[row] >= 0 && !sameMoment.Add(_item[row]))
            {
                isDuplicate(_user[row], _item[row], _time[row]);
            }
            else
            {
                kept.Add(row);
            }
        }

        return [.. kept];
    }

    private static T[] Ordered<T>(List<T> column, int[] order)
    {
        if (column.Count == 0)
        {
            return [];
        }

        var result = new T[order.Length];
        for (int n = 0; n < order.Length; n++)
        {
            result[n] = column[order[n]];
        }

        return result;
    }
}
