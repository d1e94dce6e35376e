using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Segue.Core.Data;

/// <summary>
/// Strings as UTF-8, each kept once and numbered in order of arrival, so that an importer that meets a known id again
/// allocates nothing.
/// </summary>
/// <remarks>
/// Text is kept as the escaped lines of a <see cref="StringTable"/>, which <see cref="ToTable"/> hands over without copying.
/// Memory: the text, 8 bytes an entry for offsets, 11 to 22 bytes an entry for look-up. Not thread-safe.
/// </remarks>
public sealed class Utf8Interner
{
    // Drawn once a process, so that nobody can prepare a file whose ids all collide. Numbers follow arrival, never the hash.
    internal static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    private readonly Utf8Lines _lines = new();
    private ulong[] _slots = new ulong[16];
    private byte[] _scratch = [];

    /// <summary>Number of different strings.</summary>
    public int Count => _lines.Count;

    /// <summary>Number of <paramref name="utf8"/>, added where new. About 50 ns.</summary>
    /// <param name="utf8">Valid UTF-8; may hold any character.</param>
    /// <exception cref="DatasetException">More text than one table holds (2 GiB).</exception>
    public int Add(ReadOnlySpan<byte> utf8) => AddLine(Utf8Lines.Escape(utf8, ref _scratch));

    /// <summary>Number of <paramref name="text"/>, added where new.</summary>
    public int Add(string text) => WithUtf8(text, add: true);

    /// <summary>Number of <paramref name="utf8"/>, or −1 where it was never added.</summary>
    public int Find(ReadOnlySpan<byte> utf8) => FindLine(Utf8Lines.Escape(utf8, ref _scratch));

    /// <summary>Number of <paramref name="text"/>, or −1 where it was never added.</summary>
    public int Find(string text) => WithUtf8(text, add: false);

    /// <summary>String <paramref name="index"/>, decoded.</summary>
    public string this[int index] => ToTable()[index];

    /// <summary>Everything so far as a table; later additions do not show in it.</summary>
    public StringTable ToTable() => new(_lines.Text, _lines.Offsets);

    /// <summary>Everything so far as a vocabulary; later additions do not show in it.</summary>
    public Vocabulary ToVocabulary() => new(_lines.Text, _lines.Offsets);

    private int WithUtf8(string text, bool add)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
        {
            // Half a surrogate pair has no UTF-8; only the escaped line keeps it apart from other such halves.
            byte[] line = StringTable.Escape(text);
            return add ? AddLine(line) : FindLine(line);
        }

        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= 512 ? stackalloc byte[512] : new byte[most];
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        return add ? Add(bytes) : Find(bytes);
    }

    private int AddLine(ReadOnlySpan<byte> line)
    {
        ulong hash = Hash(line);
        int slot = FindSlot(line, hash);
        if (_slots[slot] != 0)
        {
            return (int)(uint)_slots[slot] - 1;
        }

        int index = _lines.AddEscaped(line);
        _slots[slot] = (hash & 0xFFFFFFFF00000000UL) | (uint)(index + 1);
        if (Count > _slots.Length / 4 * 3)
        {
            Grow();
        }

        return index;
    }

    private int FindLine(ReadOnlySpan<byte> line) => (int)(uint)_slots[FindSlot(line, Hash(line))] - 1;

    private int FindSlot(ReadOnlySpan<byte> line, ulong hash)
    {
        int mask = _slots.Length - 1;
        uint tag = (uint)(hash >> 32);
        for (int slot = (int)tag & mask; ; slot = (slot + 1) & mask)
        {
            ulong entry = _slots[slot];
            if (entry == 0 || ((uint)(entry >> 32) == tag && _lines.Line((int)(uint)entry - 1).SequenceEqual(line)))
            {
                return slot;
            }
        }
    }

    private void Grow()
    {
        var slots = new ulong[_slots.Length * 2];
        int mask = slots.Length - 1;
        foreach (ulong entry in _slots)
        {
            if (entry != 0)
            {
                int slot = (int)(entry >> 32) & mask;
                while (slots[slot] != 0)
                {
                    slot = (slot + 1) & mask;
                }

                slots[slot] = entry;
            }
        }

        _slots = slots;
    }

    // The multiply-and-fold of wyhash (Wang Yi, public domain), 16 bytes a step.
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        const ulong First = 0xA0761D6478BD642FUL, Second = 0xE7037ED1A0B428DBUL;
        ulong hash = Seed ^ ((ulong)bytes.Length * 0x9E3779B97F4A7C15UL);
        while (bytes.Length > 16)
        {
            hash = Fold(BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ hash ^ First, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) ^ Seed);
            bytes = bytes[16..];
        }

        ulong a = 0, b = 0;
        if (bytes.Length >= 8)
        {
            a = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            b = BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]);
        }
        else if (bytes.Length >= 4)
        {
            a = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            b = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        }
        else if (bytes.Length > 0)
        {
            a = bytes[0] | ((ulong)bytes[bytes.Length / 2] << 8) | ((ulong)bytes[^1] << 16);
        }

        return Fold(Fold(a ^ hash ^ First, b ^ Second), hash ^ Second);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}

/// <summary>A growing list of strings as escaped UTF-8 lines.</summary>
internal sealed class Utf8Lines
{
    private byte[] _text = new byte[256];
    private long[] _offsets = new long[16];
    private int _length;

    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Text => _text.AsMemory(0, _length);

    public ReadOnlyMemory<long> Offsets => _offsets.AsMemory(0, Count + 1);

    public ReadOnlySpan<byte> Line(int index) => _text.AsSpan((int)_offsets[index]..((int)_offsets[index + 1] - 1));

    public int AddEscaped(ReadOnlySpan<byte> line)
    {
        long needed = (long)_length + line.Length + 1;
        if (needed > Array.MaxLength)
        {
            throw new DatasetException($"more than 2 GiB of text in one table (after {Count} strings); import a part of the files");
        }

        if (needed > _text.Length)
        {
            Array.Resize(ref _text, (int)Math.Min(Math.Max(needed, _text.Length * 2L), Array.MaxLength));
        }

        if (Count + 2 > _offsets.Length)
        {
            Array.Resize(ref _offsets, _offsets.Length * 2);
        }

        line.CopyTo(_text.AsSpan(_length));
        _text[needed - 1] = (byte)'\n';
        _length = (int)needed;
        _offsets[++Count] = needed;
        return Count - 1;
    }

    // StringTable.Escape for UTF-8: returns the input itself where there is nothing to escape, which is nearly always.
    public static ReadOnlySpan<byte> Escape(ReadOnlySpan<byte> utf8, ref byte[] scratch)
    {
        if (utf8.IndexOfAny((byte)'\\', (byte)'\n', (byte)'\r') < 0)
        {
            return utf8;
        }

        if (scratch.Length < utf8.Length * 2)
        {
            scratch = new byte[utf8.Length * 2];
        }

        int length = 0;
        foreach (byte b in utf8)
        {
            if (b is (byte)'\\' or (byte)'\n' or (byte)'\r')
            {
                scratch[length++] = (byte)'\\';
                scratch[length++] = b switch { (byte)'\n' => (byte)'n', (byte)'\r' => (byte)'r', _ => b };
            }
            else
            {
                scratch[length++] = b;
            }
        }

        return scratch.AsSpan(0, length);
    }
}
