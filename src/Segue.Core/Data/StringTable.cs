using System.Globalization;
using System.Text;
using Segue.Numerics;

namespace Segue.Core.Data;

/// <summary>An immutable list of strings kept as UTF-8 lines, so that a table of millions opens without decoding any.</summary>
/// <remarks>
/// On disk: one string a line, LF; backslash, LF and CR inside a string are written <c>\\</c>, <c>\n</c>, <c>\r</c>, half a
/// surrogate pair, which UTF-8 cannot hold, as <c>\ud83c</c>. Different strings give different lines, and every string comes back.
/// </remarks>
public class StringTable
{
    private readonly ReadOnlyMemory<byte> _text;
    private readonly ReadOnlyMemory<long> _offsets;

    /// <summary>Wraps escaped lines.</summary>
    /// <param name="text">All lines, each ended by LF.</param>
    /// <param name="offsets">Start of every line and, last, the length of <paramref name="text"/>; length is count + 1.</param>
    public StringTable(ReadOnlyMemory<byte> text, ReadOnlyMemory<long> offsets)
    {
        if (offsets.Length == 0 || offsets.Span[^1] != text.Length || offsets.Span[0] != 0)
        {
            throw new DatasetException($"string table offsets do not fit its text of {text.Length} bytes; import the dataset again");
        }

        _text = text;
        _offsets = offsets;
    }

    /// <summary>A table of <paramref name="values"/>, in order.</summary>
    public StringTable(IEnumerable<string> values)
        : this(Encode(values))
    {
    }

    private StringTable((byte[] Text, long[] Offsets) encoded)
    {
        _text = encoded.Text;
        _offsets = encoded.Offsets;
    }

    /// <summary>The empty table.</summary>
    public static StringTable Empty { get; } = new([]);

    /// <summary>What the table is called in messages, for example its file.</summary>
    internal string Source { get; init; } = "string table";

    /// <summary>Number of strings.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>String <paramref name="index"/>, decoded on every call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below <see cref="Count"/>.</exception>
    public string this[int index] => Unescape(Line(index));

    /// <summary>Escaped UTF-8 lines, as written to disk.</summary>
    public ReadOnlyMemory<byte> Text => _text;

    /// <summary>Start of every line; length <see cref="Count"/> + 1.</summary>
    public ReadOnlyMemory<long> Offsets => _offsets;

    /// <summary>All strings, decoded.</summary>
    public IEnumerable<string> AsEnumerable()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <summary>A table of some of the strings, in the order of <paramref name="indices"/>.</summary>
    public StringTable Select(ReadOnlySpan<int> indices)
    {
        (byte[] text, long[] offsets) = Copy(indices);
        return new StringTable(text, offsets);
    }

    /// <summary>Throws where a line would begin before the end of the one before it. O(strings).</summary>
    /// <exception cref="DatasetException">The line starts are not ascending.</exception>
    internal void CheckLines()
    {
        ReadOnlySpan<long> offsets = _offsets.Span;
        for (int n = 1; n < offsets.Length; n++)
        {
            if (offsets[n] <= offsets[n - 1])
            {
                throw new DatasetException($"'{Source}' has line {n - 1} at {offsets[n - 1]}…{offsets[n]}, which cannot be; import the dataset again");
            }
        }
    }

    /// <summary>The escaped bytes of string <paramref name="index"/>, without the line end.</summary>
    protected internal ReadOnlySpan<byte> Line(int index)
    {
        if ((uint)index >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(index), $"index {index} of a table of {Count}");
        }

        ReadOnlySpan<long> offsets = _offsets.Span;
        long start = offsets[index];
        long end = offsets[index + 1] - 1;
        if (start < 0 || end < start || end > _text.Length)
        {
            throw new DatasetException(
                $"'{Source}' has line {index} at {start}…{end}, outside its text of {_text.Length} bytes; import the dataset again");
        }

        return _text.Span[(int)start..(int)end];
    }

    /// <summary>Copies the lines of <paramref name="indices"/>.</summary>
    protected (byte[] Text, long[] Offsets) Copy(ReadOnlySpan<int> indices)
    {
        var offsets = new long[indices.Length + 1];
        for (int i = 0; i < indices.Length; i++)
        {
            CancellationScope.CheckAt(i);
            offsets[i + 1] = offsets[i] + Line(indices[i]).Length + 1;
        }

        var text = new byte[offsets[^1]];
        for (int i = 0; i < indices.Length; i++)
        {
            CancellationScope.CheckAt(i);
            Line(indices[i]).CopyTo(text.AsSpan((int)offsets[i]));
            text[offsets[i + 1] - 1] = (byte)'\n';
        }

        return (text, offsets);
    }

    /// <summary>Escapes one string to a line.</summary>
    protected internal static byte[] Escape(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.AsSpan().IndexOfAny('\\', '\n', '\r') >= 0)
        {
            value = value.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal)
                .Replace("\r", "\\r", StringComparison.Ordinal);
        }

        if (value.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0)
        {
            value = EscapeLoneSurrogates(value);
        }

        return Encoding.UTF8.GetBytes(value);
    }

    private static string EscapeLoneSurrogates(string value)
    {
        var result = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (i + 1 < value.Length && char.IsSurrogatePair(value[i], value[i + 1]))
            {
                result.Append(value, i++, 2);
            }
            else if (char.IsSurrogate(value[i]))
            {
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)value[i]:x4}");
            }
            else
            {
                result.Append(value[i]);
            }
        }

        return result.ToString();
    }

    private static string Unescape(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line);
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            if (text[i] == 'u' && i + 4 < text.Length
                && ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
            {
                result.Append((char)code);
                i += 4;
                continue;
            }

            result.Append(text[i] switch { 'n' => '\n', 'r' => '\r', var c => c });
        }

        return result.ToString();
    }

    private static (byte[] Text, long[] Offsets) Encode(IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var text = new MemoryStream();
        var offsets = new List<long> { 0 };
        foreach (string value in values)
        {
            CancellationScope.CheckAt(offsets.Count);
            text.Write(Escape(value));
            text.WriteByte((byte)'\n');
            offsets.Add(text.Length);
        }

        return (text.ToArray(), [.. offsets]);
    }
}
