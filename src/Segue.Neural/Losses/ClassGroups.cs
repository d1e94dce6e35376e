using Segue.Neural.Autodiff;

namespace Segue.Neural.Losses;

/// <summary>Classes cut into groups, each class in one; the classes of a group stand side by side.</summary>
/// <remarks>Memory: 12 bytes a class, 4 a group.</remarks>
public sealed class ClassGroups
{
    private readonly int[] _groupOf, _start, _members, _places, _identity;

    /// <summary>Sorts classes by group, within a group by number.</summary>
    /// <param name="groupOf">Group of every class.</param>
    /// <param name="count">Number of groups; some may be empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">A group is not one of <paramref name="count"/>.</exception>
    public ClassGroups(ReadOnlySpan<int> groupOf, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Shapes.RequireIndices(groupOf, count);
        _groupOf = groupOf.ToArray();
        _start = new int[count + 1];
        foreach (int group in groupOf)
        {
            _start[group + 1]++;
        }

        for (int g = 0; g < count; g++)
        {
            _start[g + 1] += _start[g];
        }

        int[] next = _start[..^1];
        (_members, _places, _identity) = (new int[groupOf.Length], new int[groupOf.Length], new int[groupOf.Length]);
        for (int c = 0; c < groupOf.Length; c++)
        {
            int place = next[groupOf[c]]++;
            (_members[place], _places[c], _identity[c]) = (c, place, c);
        }
    }

    /// <summary>Number of groups.</summary>
    public int Count => _start.Length - 1;

    /// <summary>Number of classes.</summary>
    public int Classes => _members.Length;

    /// <summary>Group of every class.</summary>
    public ReadOnlySpan<int> GroupOf => _groupOf;

    /// <summary>First place of every group and, last, the number of classes.</summary>
    public ReadOnlySpan<int> Start => _start;

    /// <summary>The class at every place: group after group.</summary>
    public ReadOnlySpan<int> Members => _members;

    /// <summary>Place of every class.</summary>
    public ReadOnlySpan<int> Places => _places;

    /// <summary>The numbers of the places of a group.</summary>
    internal ReadOnlySpan<int> PlacesOf(int group) => _identity.AsSpan(_start[group].._start[group + 1]);
}

/// <summary>The right classes of some rows, sorted by group. Arrays are used again by the next rows.</summary>
public sealed class GroupTargets
{
    private readonly int[] _count, _used, _usedStart;
    private readonly long[] _scoreStart;
    private int[] _group = [], _order = [], _place = [];

    /// <summary>No rows yet.</summary>
    /// <param name="groups">Groups of all classes.</param>
    public GroupTargets(ClassGroups groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        Groups = groups;
        (_count, _used, _usedStart, _scoreStart) = (new int[groups.Count], new int[groups.Count], new int[groups.Count + 1], new long[groups.Count + 1]);
    }

    /// <summary>Groups of all classes.</summary>
    public ClassGroups Groups { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Group of every row's class.</summary>
    public ReadOnlyMemory<int> Group => _group.AsMemory(0, Rows);

    /// <summary>Groups that some row's class is in.</summary>
    internal int UsedCount { get; private set; }

    /// <summary>These groups, in order.</summary>
    internal int[] Used => _used;

    /// <summary>First of the sorted rows of every used group and, last, the number of rows.</summary>
    internal int[] UsedStart => _usedStart;

    /// <summary>Rows times classes of all used groups before.</summary>
    internal long[] ScoreStart => _scoreStart;

    /// <summary>The rows, sorted by group; rows of a group stay in order.</summary>
    internal ReadOnlyMemory<int> Order => _order.AsMemory(0, Rows);

    /// <summary>Place of the right class within its group, by sorted row.</summary>
    internal int[] Place => _place;

    /// <summary>Takes the right class of every row. They are copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is no class.</exception>
    public void Set(ReadOnlySpan<int> target)
    {
        Shapes.RequireIndices(target, Groups.Classes);
        if (_group.Length < target.Length)
        {
            int size = Math.Max(target.Length, 2 * _group.Length);
            (_group, _order, _place) = (new int[size], new int[size], new int[size]);
        }

        (Rows, UsedCount) = (target.Length, 0);
        ReadOnlySpan<int> groupOf = Groups.GroupOf, start = Groups.Start, places = Groups.Places;
        Array.Clear(_count);
        for (int r = 0; r < target.Length; r++)
        {
            _group[r] = groupOf[target[r]];
            _count[_group[r]]++;
        }

        int rows = 0;
        long scores = 0;
        for (int g = 0; g < _count.Length; g++)
        {
            if (_count[g] > 0)
            {
                (_used[UsedCount], _usedStart[UsedCount], _scoreStart[UsedCount]) = (g, rows, scores);
                UsedCount++;
                scores += (long)_count[g] * (start[g + 1] - start[g]);
                (rows, _count[g]) = (rows + _count[g], rows);
            }
        }

        (_usedStart[UsedCount], _scoreStart[UsedCount]) = (rows, scores);
        for (int r = 0; r < target.Length; r++)
        {
            int sorted = _count[_group[r]]++;
            (_order[sorted], _place[sorted]) = (r, places[target[r]] - start[_group[r]]);
        }
    }
}
