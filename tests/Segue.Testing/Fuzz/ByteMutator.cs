using System.Text;
using Segue.Numerics.Sampling;

namespace Segue.Testing.Fuzz;

/// <summary>Damages files of any kind; what is separated by tabs, commas, quotes or line ends is damaged there too.</summary>
public static class ByteMutator
{
    /// <summary>Texts that importers and parsers have tripped over.</summary>
    public static IReadOnlyList<string> Poison { get; } =
    [
        "-1", "0", "NaN", "Infinity", "1e999", "99999999999999999999", "-9223372036854775808", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z",
        "", " ", "\0", "\"", "\"\"", "\\", "\t", ",", ";", "\r\n", "\n\n", "{", "}", "[", "]", ":", "null", "true", "\\u0000", "\\ud800", "\uFEFF",
        "\u2028", "../../x", new string('x', 5000), new string('[', 3000), "1.5", "1,5", "#",
    ];

    /// <summary>A damaged copy.</summary>
    public static byte[] Damage(byte[] bytes, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(rng);
        if (bytes.Length == 0)
        {
            return [(byte)rng.Next(256)];
        }

        int at = rng.Next(bytes.Length);
        int length = rng.Next(Math.Min(64, bytes.Length - at) + 1);
        byte[] word = Encoding.UTF8.GetBytes(Poison[rng.Next(Poison.Count)]);
        switch (rng.Next(13))
        {
            case 0: // flip bits
                byte[] flipped = [.. bytes];
                for (int i = 1 + rng.Next(8); i > 0; i--)
                {
                    flipped[rng.Next(flipped.Length)] ^= (byte)(1 << rng.Next(8));
                }

                return flipped;
            case 1: // cut off
                return rng.Next(3) == 0 ? bytes[..at] : bytes[..^Math.Min(bytes.Length, 1 + rng.Next(20))];
            case 2: // take out
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 3: // repeat
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 4: // something nasty in between
                return [.. bytes[..at], .. word, .. bytes[at..]];
            case 5 or 6: // something nasty instead of a field
                (int start, int end) = Field(bytes, at);
                return [.. bytes[..start], .. word, .. bytes[end..]];
            case 7: // a line lost
                (start, end) = Line(bytes, at);
                return [.. bytes[..start], .. bytes[end..]];
            case 8: // a line twice
                (start, end) = Line(bytes, at);
                return [.. bytes[..end], .. bytes[start..]];
            case 9: // two fields exchanged
                (int a, int b) = Field(bytes, at);
                (int c, int d) = Field(bytes, rng.Next(bytes.Length));
                return b <= c ? [.. bytes[..a], .. bytes[c..d], .. bytes[b..c], .. bytes[a..b], .. bytes[d..]] : bytes;
            case 10: // as left by a full disk or a lost block
                byte[] blank = [.. bytes];
                blank.AsSpan(at, length).Fill(rng.Next(2) == 0 ? (byte)0 : (byte)0xFF);
                return blank;
            case 11: // two blocks exchanged
                byte[] exchanged = [.. bytes];
                int other = rng.Next(bytes.Length);
                length = Math.Min(length, Math.Min(bytes.Length - other, Math.Abs(at - other)));
                bytes.AsSpan(at, length).CopyTo(exchanged.AsSpan(other));
                bytes.AsSpan(other, length).CopyTo(exchanged.AsSpan(at));
                return exchanged;
            default: // not UTF-8
                return [.. bytes[..at], 0xC3, 0x28, 0xFF, .. bytes[at..]];
        }
    }

    private static (int Start, int End) Line(byte[] bytes, int at)
    {
        int start = bytes.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        int end = bytes.AsSpan(at).IndexOf((byte)'\n');
        return (start, end < 0 ? bytes.Length : at + end + 1);
    }

    private static (int Start, int End) Field(byte[] bytes, int at)
    {
        ReadOnlySpan<byte> separators = "\t,;:\n\" "u8;
        int start = bytes.AsSpan(0, at).LastIndexOfAny(separators) + 1;
        int end = bytes.AsSpan(at).IndexOfAny(separators);
        return (start, end < 0 ? bytes.Length : at + end);
    }
}
