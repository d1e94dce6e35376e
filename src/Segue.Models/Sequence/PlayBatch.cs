namespace Segue.Models.Sequence;

/// <summary>Some plays in order, one sequence after the other, as a network reads them. Arrays are used again by the next batch.</summary>
internal sealed class PlayBatch
{
    private int[] _items = [], _next = [], _starts = [0];
    private long[] _times = [];
    private int _count, _sequences;

    /// <summary>Item of every play.</summary>
    public ReadOnlyMemory<int> Items => _items.AsMemory(0, _count);

    /// <summary>The item after every play; means nothing where none is known.</summary>
    public ReadOnlyMemory<int> Next => _next.AsMemory(0, _count);

    /// <summary>Unix seconds of every play, −1 unknown.</summary>
    public ReadOnlyMemory<long> Times => _times.AsMemory(0, _count);

    /// <summary>First play of every sequence and, last, the number of plays.</summary>
    public ReadOnlyMemory<int> Starts => _starts.AsMemory(0, _sequences + 1);

    /// <summary>Number of sequences.</summary>
    public int Sequences => _sequences;

    /// <summary>Number of plays.</summary>
    public int Count => _count;

    /// <summary>Forgets all sequences.</summary>
    public void Clear() => (_count, _sequences) = (0, 0);

    /// <summary>Adds a sequence: the plays, and for each the one after it where <paramref name="withNext"/>, so that the last has nothing but to be predicted.</summary>
    public void Add(ReadOnlySpan<int> items, ReadOnlySpan<long> times, bool withNext = false)
    {
        int length = withNext ? items.Length - 1 : items.Length;
        if (_items.Length < _count + length)
        {
            int size = Math.Max(_count + length, 2 * _items.Length);
            Array.Resize(ref _items, size);
            Array.Resize(ref _next, size);
            Array.Resize(ref _times, size);
        }

        items[..length].CopyTo(_items.AsSpan(_count));
        if (withNext)
        {
            items[1..].CopyTo(_next.AsSpan(_count));
        }

        if (times.IsEmpty)
        {
            _times.AsSpan(_count, length).Fill(-1);
        }
        else
        {
            times[..length].CopyTo(_times.AsSpan(_count));
        }

        _count += length;
        if (_starts.Length < _sequences + 2)
        {
            Array.Resize(ref _starts, 2 * (_sequences + 2));
        }

        (_starts[0], _starts[++_sequences]) = (0, _count);
    }
}
