using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Segue.Numerics;

namespace Segue.Core.Data;

/// <summary>
/// Collects users, items and interactions in the order a source gives them and sorts them into a <see cref="Dataset"/>.
/// </summary>
/// <remarks>
/// Not thread-safe. Memory: 20 bytes an interaction at most (up to 36 with <see cref="TryInteraction"/>) plus the strings;
/// twice that while building. Ids and names as UTF-8 spans allocate nothing once they are known.
/// </remarks>
public sealed class DatasetBuilder(string name, string level)
{
    private readonly Utf8Interner _users = new(), _items = new(), _artists = new(), _albums = new(), _tags = new();
    private readonly Utf8Lines _names = new();
    private readonly List<ItemFacts> _facts = [];
    private readonly List<int> _user = [], _item = [], _detail = [];
    private readonly List<long> _time = [];
    private readonly List<float> _weight = [];
    private readonly List<byte> _fold = [];
    private readonly Dictionary<string, Dictionary<int, string>> _profile = [];
    private readonly List<int> _friendFrom = [], _friendTo = [];
    private readonly List<int> _tagUser = [], _tagItem = [], _tag = [];
    private readonly List<long> _tagTime = [];
    private byte[] _scratch = [];
    private readonly List<(long First, long Last)> _span = [];
    private int[] _rowSlots = [];
    private int _uniqueRows;
    private bool _isHashed;

    /// <summary>Number of users so far.</summary>
    public int UserCount => _users.Count;

    /// <summary>Number of items so far.</summary>
    public int ItemCount => _items.Count;

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
    public int User(string id) => _users.Add(id);

    /// <summary>Index of a user, added where new.</summary>
    /// <param name="id">Outside id, valid UTF-8.</param>
    public int User(ReadOnlySpan<byte> id) => _users.Add(id);

    /// <summary>Index of a user, or −1 where unknown.</summary>
    public int FindUser(string id) => _users.Find(id);

    /// <summary>Index of a user, or −1 where unknown.</summary>
    /// <param name="id">Outside id, UTF-8.</param>
    public int FindUser(ReadOnlySpan<byte> id) => _users.Find(id);

    /// <summary>Index of an item, or −1 where unknown.</summary>
    public int FindItem(string id) => _items.Find(id);

    /// <summary>Index of an item, or −1 where unknown.</summary>
    /// <param name="id">Outside id, UTF-8.</param>
    public int FindItem(ReadOnlySpan<byte> id) => _items.Find(id);

    /// <summary>Index of an item, added where new; what was not known about it before is filled in.</summary>
    /// <param name="id">Outside id.</param>
    /// <param name="title">Title, or "" where unknown.</param>
    /// <param name="artist">Artist name, or "".</param>
    /// <param name="album">Album name, or "".</param>
    public int Item(string id, string title = "", string artist = "", string album = "")
    {
        int index = _items.Add(id);
        ref ItemFacts facts = ref FactsOf(index);
        if (facts.Name < 0 && title.Length > 0)
        {
            facts.Name = _names.AddEscaped(StringTable.Escape(title));
        }

        if (facts.Artist < 0 && artist.Length > 0)
        {
            facts.Artist = _artists.Add(artist);
        }

        if (facts.Album < 0 && album.Length > 0)
        {
            facts.Album = _albums.Add(album);
        }

        return index;
    }

    /// <summary>Index of an item, added where new; what was not known about it before is filled in.</summary>
    /// <param name="id">Outside id, valid UTF-8 like all the others.</param>
    /// <param name="title">Title, or empty where unknown.</param>
    /// <param name="artist">Artist name, or empty.</param>
    /// <param name="album">Album name, or empty.</param>
    public int Item(ReadOnlySpan<byte> id, ReadOnlySpan<byte> title = default, ReadOnlySpan<byte> artist = default,
        ReadOnlySpan<byte> album = default)
    {
        int index = _items.Add(id);
        ref ItemFacts facts = ref FactsOf(index);
        if (facts.Name < 0 && !title.IsEmpty)
        {
            facts.Name = _names.AddEscaped(Utf8Lines.Escape(title, ref _scratch));
        }

        if (facts.Artist < 0 && !artist.IsEmpty)
        {
            facts.Artist = _artists.Add(artist);
        }

        if (facts.Album < 0 && !album.IsEmpty)
        {
            facts.Album = _albums.Add(album);
        }

        return index;
    }

    /// <summary>Adds an interaction.</summary>
    /// <param name="userIndex">From <see cref="User(string)"/>.</param>
    /// <param name="itemIndex">From <see cref="Item(string, string, string, string)"/>.</param>
    /// <param name="time">Unix seconds, −1 unknown.</param>
    /// <param name="weight">Positive and finite; 1 for a single play.</param>
    /// <param name="fold">0 train, 1 validation, 2 test, where the source gives a split.</param>
    public void Interaction(int userIndex, int itemIndex, long time = -1, float weight = 1f, byte fold = 0)
    {
        if (!_isHashed)
        {
            HashRows(_uniqueRows);
        }

        Append(userIndex, itemIndex, time, weight, fold, detail: 0);
    }

    /// <summary>
    /// Adds an interaction unless one with the same user, item, time and <paramref name="detail"/> was added through this
    /// method before; weight and fold do not count. Exact. Costs next to nothing while every user's times only rise or only fall, as in
    /// nearly all sources; from the first row that goes back on, about 300 ns and 6 to 12 bytes an interaction.
    /// </summary>
    /// <param name="userIndex">From <see cref="User(string)"/>.</param>
    /// <param name="itemIndex">From <see cref="Item(string, string, string, string)"/>.</param>
    /// <param name="time">Unix seconds, −1 unknown.</param>
    /// <param name="weight">Positive and finite.</param>
    /// <param name="fold">0 train, 1 validation, 2 test.</param>
    /// <param name="detail">What else tells two interactions apart, for example the track where items are artists; not stored.</param>
    /// <returns>False for a duplicate, which is not added.</returns>
    public bool TryInteraction(int userIndex, int itemIndex, long time = -1, float weight = 1f, byte fold = 0, int detail = 0)
    {
        if (!_isHashed)
        {
            switch (IsNewByTime(userIndex, itemIndex, time, detail))
            {
                case true:
                    Append(userIndex, itemIndex, time, weight, fold, detail);
                    _uniqueRows++;
                    return true;
                case false:
                    return false;
                default:
                    HashRows(_uniqueRows);
                    break;
            }
        }

        if (_uniqueRows >= _rowSlots.Length / 3 * 2)
        {
            GrowRowSlots();
        }

        int slot = RowSlot(userIndex, itemIndex, time, detail);
        if (_rowSlots[slot] != 0)
        {
            return false;
        }

        Append(userIndex, itemIndex, time, weight, fold, detail);
        _rowSlots[slot] = _user.Count;
        _uniqueRows++;
        return true;
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
        _tag.Add(_tags.Add(tag));
        _tagTime.Add(time);
    }

    /// <summary>Sorts by user, time and order of arrival, and hands over everything.</summary>
    /// <param name="isDuplicate">
    /// Called for every interaction that repeats the user, item and known time of an earlier one; such rows are left out. Null keeps all.
    /// </param>
    public Dataset Build(Action<int, int, long>? isDuplicate = null)
    {
        int[] order = SortedOrder();
        if (isDuplicate is not null && _time.Count > 0)
        {
            order = WithoutDuplicates(order, isDuplicate);
        }

        return new Dataset
        {
            Name = name,
            Level = level,
            Users = _users.ToVocabulary(),
            Items = _items.ToVocabulary(),
            UserIndex = Ordered(_user, order),
            ItemIndex = Ordered(_item, order),
            Time = Ordered(_time, order),
            Weight = Ordered(_weight, order),
            Fold = Ordered(_fold, order),
            IsOrdered = IsOrdered || _time.Count > 0,
            Provenance = Provenance,
            Catalog = new Catalog
            {
                Names = NamesOfItems(),
                ItemArtist = _artists.Count > 0 ? _facts.Select(f => f.Artist).ToArray() : [],
                Artists = _artists.ToTable(),
                ItemAlbum = _albums.Count > 0 ? _facts.Select(f => f.Album).ToArray() : [],
                Albums = _albums.ToTable(),
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
                Names = _tags.ToTable(),
                UserIndex = _tagUser.ToArray(),
                ItemIndex = _tagItem.ToArray(),
                TagIndex = _tag.ToArray(),
                Time = _tagTime.Exists(t => t >= 0) ? _tagTime.ToArray() : [],
            },
        };
    }

    private ref ItemFacts FactsOf(int itemIndex)
    {
        if (itemIndex == _facts.Count)
        {
            _facts.Add(new ItemFacts { Name = -1, Artist = -1, Album = -1 });
        }

        return ref CollectionsMarshal.AsSpan(_facts)[itemIndex];
    }

    private StringTable NamesOfItems()
    {
        if (_names.Count == 0)
        {
            return StringTable.Empty;
        }

        bool inOrder = _names.Count == _facts.Count;
        for (int i = 0; i < _facts.Count && inOrder; i++)
        {
            inOrder = _facts[i].Name == i;
        }

        if (inOrder)
        {
            return new StringTable(_names.Text, _names.Offsets);
        }

        var lines = new Utf8Lines();
        foreach (ItemFacts facts in _facts)
        {
            lines.AddEscaped(facts.Name < 0 ? [] : _names.Line(facts.Name));
        }

        return new StringTable(lines.Text, lines.Offsets);
    }

    private void Append(int user, int item, long time, float weight, byte fold, int detail)
    {
        if (_user.Count == Array.MaxLength)
        {
            throw new DatasetException($"more than {Array.MaxLength} interactions; import a part of the files");
        }

        _user.Add(user);
        _item.Add(item);
        Append(_time, time, -1L);
        Append(_weight, weight, 1f);
        Append(_fold, fold, (byte)0);
        Append(_detail, detail, 0);
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

    private static T At<T>(List<T> column, int row, T absent) => row < column.Count ? column[row] : absent;

    private static int RowHash(int user, int item, long time, int detail)
    {
        ulong hash = (Utf8Interner.Seed ^ ((ulong)(uint)user << 32) ^ (uint)item) * 0x9E3779B97F4A7C15UL;
        hash = (hash ^ (hash >> 29) ^ (ulong)time) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 32) ^ (uint)detail) * 0x94D049BB133111EBUL;
        return (int)(hash >> 33);
    }

    // True = new, false = a duplicate, null = only a look at all rows can tell. A time outside the span of the user's times is new; at
    // the time of the row just added, only the rows directly before it can be the same.
    private bool? IsNewByTime(int user, int item, long time, int detail)
    {
        const int FarBack = 64;
        while (_span.Count <= user)
        {
            _span.Add((long.MaxValue, long.MinValue));
        }

        ref (long First, long Last) span = ref CollectionsMarshal.AsSpan(_span)[user];
        if (time < span.First || time > span.Last)
        {
            span = (Math.Min(span.First, time), Math.Max(span.Last, time));
            return true;
        }

        int last = _user.Count - 1;
        if (last < 0 || _user[last] != user || At(_time, last, -1L) != time)
        {
            return null;
        }

        for (int row = last; row > last - FarBack; row--)
        {
            if (row < 0 || _user[row] != user || At(_time, row, -1L) != time)
            {
                return true;
            }

            if (_item[row] == item && At(_detail, row, 0) == detail)
            {
                return false;
            }
        }

        return null;
    }

    // The slot of an equal row, or the empty slot where it belongs.
    private int RowSlot(int user, int item, long time, int detail)
    {
        int mask = _rowSlots.Length - 1;
        int slot = RowHash(user, item, time, detail) & mask;
        while (_rowSlots[slot] != 0)
        {
            int row = _rowSlots[slot] - 1;
            if (_user[row] == user && _item[row] == item && At(_time, row, -1L) == time && At(_detail, row, 0) == detail)
            {
                break;
            }

            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void GrowRowSlots()
    {
        if (_rowSlots.Length >= 1 << 30)
        {
            throw new DatasetException("more than 700 million interactions; import a part of the files");
        }

        int[] old = _rowSlots;
        _rowSlots = new int[Math.Max(1024, old.Length * 2)];
        foreach (int entry in old)
        {
            if (entry != 0)
            {
                Place(entry - 1);
            }
        }
    }

    // From here on every row that is to be told from others stands in the table; the first count rows are such.
    private void HashRows(int count)
    {
        _isHashed = true;
        _span.Clear();
        _span.TrimExcess();
        while (count >= _rowSlots.Length / 3 * 2)
        {
            GrowRowSlots();
        }

        for (int row = 0; row < count; row++)
        {
            Place(row);
        }
    }

    private void Place(int row)
    {
        int slot = RowHash(_user[row], _item[row], At(_time, row, -1L), At(_detail, row, 0)) & (_rowSlots.Length - 1);
        while (_rowSlots[slot] != 0)
        {
            slot = (slot + 1) & (_rowSlots.Length - 1);
        }

        _rowSlots[slot] = row + 1;
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

        CancellationScope.Check();
        int[] next = start[..UserCount];
        var order = new int[Count];
        for (int n = 0; n < Count; n++)
        {
            order[next[_user[n]]++] = n;
        }

        if (_time.Count > 0)
        {
            long[] times = [];
            for (int u = 0; u < UserCount; u++)
            {
                CancellationScope.CheckAt(u);
                SortByTime(order.AsSpan(start[u]..start[u + 1]), ref times);
            }
        }

        return order;
    }

    // Rows come in order of arrival. Sources are nearly always sorted already, oldest or newest first; equal times keep their order.
    private void SortByTime(Span<int> rows, ref long[] times)
    {
        ReadOnlySpan<long> time = CollectionsMarshal.AsSpan(_time);
        bool sorted = true;
        for (int n = 1; n < rows.Length && sorted; n++)
        {
            sorted = time[rows[n - 1]] <= time[rows[n]];
        }

        if (sorted)
        {
            return;
        }

        if (times.Length < rows.Length)
        {
            times = new long[Math.Max(rows.Length, times.Length * 2)];
        }

        Span<long> keys = times.AsSpan(0, rows.Length);
        rows.Reverse();
        for (int n = 0; n < rows.Length; n++)
        {
            keys[n] = time[rows[n]];
        }

        keys.Sort(rows);
        for (int n = 0; n < rows.Length;)
        {
            int end = n + 1;
            while (end < rows.Length && keys[end] == keys[n])
            {
                end++;
            }

            rows[n..end].Sort();
            n = end;
        }
    }

    private int[] WithoutDuplicates(int[] order, Action<int, int, long> isDuplicate)
    {
        var kept = new List<int>(order.Length);
        var sameMoment = new HashSet<int>();
        for (int n = 0; n < order.Length; n++)
        {
            CancellationScope.CheckAt(n);
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

        CancellationScope.Check();
        var result = new T[order.Length];
        for (int n = 0; n < order.Length; n++)
        {
            result[n] = column[order[n]];
        }

        return result;
    }

    // Beside each other, so that a known item costs one cache line.
    private struct ItemFacts
    {
        public int Name;
        public int Artist;
        public int Album;
    }
}
