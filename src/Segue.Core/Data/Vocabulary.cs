namespace Segue.Core.Data;

/// <summary>Outside ids (strings) and their inside numbers (0 … Count − 1). Immutable; no id occurs twice.</summary>
/// <remarks>The look-up table and the hashes are built on first use, each in one pass: about 50 ns an id, 8 bytes an id.</remarks>
public sealed class Vocabulary : StringTable
{
    private readonly Lazy<int[]> _slots;
    private readonly Lazy<ulong[]> _hashes;

    /// <summary>A vocabulary of <paramref name="ids"/>, in order.</summary>
    /// <exception cref="DatasetException">An id occurs twice (found on first look-up).</exception>
    public Vocabulary(IEnumerable<string> ids)
        : base(ids) => (_slots, _hashes) = (new(BuildSlots), new(BuildHashes));

    /// <summary>Wraps escaped lines; see <see cref="StringTable"/>.</summary>
    public Vocabulary(ReadOnlyMemory<byte> text, ReadOnlyMemory<long> offsets)
        : base(text, offsets) => (_slots, _hashes) = (new(BuildSlots), new(BuildHashes));

    /// <summary>A hash of every id. It depends on the id alone: an id has the same in every vocabulary, at any place, on any machine.</summary>
    /// <remarks>Not for cryptography: ids with equal hashes can be made on purpose.</remarks>
    public ReadOnlyMemory<ulong> Hashes => _hashes.Value;

    /// <summary>The inside number of <paramref name="id"/>, or −1 where it is unknown.</summary>
    public int IndexOf(string id)
    {
        if (Count == 0)
        {
            return -1;
        }

        byte[] line = Escape(id);
        int[] slots = _slots.Value;
        int mask = slots.Length - 1;
        for (int slot = (int)Hash(line) & mask; ; slot = (slot + 1) & mask)
        {
            int index = slots[slot] - 1;
            if (index < 0)
            {
                return -1;
            }

            if (Line(index).SequenceEqual(line))
            {
                return index;
            }
        }
    }

    /// <summary>A vocabulary of some of the ids, in the order of <paramref name="indices"/>.</summary>
    public new Vocabulary Select(ReadOnlySpan<int> indices)
    {
        (byte[] text, long[] offsets) = Copy(indices);
        return new Vocabulary(text, offsets);
    }

    /// <summary>Throws where an id stands twice. O(ids).</summary>
    /// <exception cref="DatasetException">An id stands twice.</exception>
    public void CheckUnique() => _ = _slots.Value;

    private int[] BuildSlots()
    {
        int size = 4;
        while (size < Count * 2L)
        {
            size <<= 1;
        }

        var slots = new int[size];
        for (int i = 0; i < Count; i++)
        {
            ReadOnlySpan<byte> line = Line(i);
            int slot = (int)Hash(line) & (size - 1);
            while (slots[slot] != 0)
            {
                if (Line(slots[slot] - 1).SequenceEqual(line))
                {
                    throw new DatasetException($"id '{this[i]}' stands twice, at {slots[slot] - 1} and {i}; import the dataset again");
                }

                slot = (slot + 1) & (size - 1);
            }

            slots[slot] = i + 1;
        }

        return slots;
    }

    private ulong[] BuildHashes()
    {
        var hashes = new ulong[Count];
        for (int i = 0; i < Count; i++)
        {
            hashes[i] = LongHash(Line(i));
        }

        return hashes;
    }

    private static uint Hash(ReadOnlySpan<byte> bytes) => (uint)(LongHash(bytes) >> 32);

    private static ulong LongHash(ReadOnlySpan<byte> bytes)
    {
        // FNV-1a with a final mix: fixed for ever, so nothing depends on the process's random string hashing.
        ulong hash = 14695981039346656037UL;
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        hash ^= hash >> 32;
        return hash * 0x9E3779B97F4A7C15UL;
    }
}
