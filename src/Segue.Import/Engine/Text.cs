using System.Text;

namespace Segue.Import.Engine;

/// <summary>Texts for messages and samples, and repairs of names.</summary>
internal static class Text
{
    private const int SampleLength = 200, MessageLength = 4000;

    // Windows-1252, 0x80 to 0x9F; the five undefined bytes stand for themselves, as browsers have it.
    private const string Windows1252 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    /// <summary>The names that are there, for a sample: <c>artist – title</c>.</summary>
    public static string Names(params ReadOnlySpan<string> names)
    {
        var there = new List<string>(names.Length);
        foreach (string name in names)
        {
            if (name.Length > 0)
            {
                there.Add(Printable(name));
            }
        }

        return string.Join(" – ", there);
    }

    /// <summary>Without the white space at its start, of any kind: a hard space is one too.</summary>
    public static ReadOnlySpan<byte> TrimStart(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty && Rune.DecodeFromUtf8(utf8, out Rune rune, out int used) == System.Buffers.OperationStatus.Done
            && Rune.IsWhiteSpace(rune))
        {
            utf8 = utf8[used..];
        }

        return utf8;
    }

    /// <summary>Without the white space at its end.</summary>
    public static ReadOnlySpan<byte> TrimEnd(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty && Rune.DecodeLastFromUtf8(utf8, out Rune rune, out int used) == System.Buffers.OperationStatus.Done
            && Rune.IsWhiteSpace(rune))
        {
            utf8 = utf8[..^used];
        }

        return utf8;
    }

    /// <summary>Without the white space around it.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> utf8) => TrimEnd(TrimStart(utf8));

    /// <summary>The first 200 characters, control characters other than TAB as <c>\u</c> escapes.</summary>
    public static string Printable(string text) => Printable(text, SampleLength);

    /// <summary>A message that may hold names and paths from files: without control characters, and not longer than a screen.</summary>
    public static string Bounded(string message) => Printable(message, MessageLength);

    private static string Printable(string text, int most)
    {
        int end = Math.Min(text.Length, most);
        if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        var result = new StringBuilder(end + 8);
        for (int i = 0; i < end; i++)
        {
            bool lone = char.IsSurrogate(text[i])
                && !(char.IsHighSurrogate(text[i]) && i + 1 < end && char.IsLowSurrogate(text[i + 1]))
                && !(char.IsLowSurrogate(text[i]) && i > 0 && char.IsHighSurrogate(text[i - 1]));
            if ((char.IsControl(text[i]) && text[i] != '\t') || lone)
            {
                result.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return end < text.Length ? result.Append('…').ToString() : result.ToString();
    }

    /// <summary>A short list for a message.</summary>
    public static string List(IEnumerable<string> names, int most = 8)
    {
        string[] all = [.. names];
        string text = string.Join(", ", all.Take(most).Select(n => $"'{Printable(n)}'"));
        return all.Length > most ? $"{text} and {all.Length - most} more" : text;
    }

    /// <summary>
    /// Undoes one wrong decoding: UTF-8 that was read as Windows-1252 and written as UTF-8 again (<c>JÃºnÃ­us</c> → <c>Júníus</c>).
    /// </summary>
    /// <param name="utf8">Valid UTF-8.</param>
    /// <param name="repaired">At least as long as <paramref name="utf8"/>; receives the repaired text.</param>
    /// <returns>Length of the repaired text, or −1 where the text is not of that kind.</returns>
    public static int RepairDoubleEncoding(ReadOnlySpan<byte> utf8, Span<byte> repaired)
    {
        if (System.Text.Ascii.IsValid(utf8))
        {
            return -1;
        }

        int length = 0;
        bool high = false;
        while (!utf8.IsEmpty)
        {
            Rune.DecodeFromUtf8(utf8, out Rune rune, out int used);
            utf8 = utf8[used..];
            int b = rune.Value is < 0x80 or (>= 0xA0 and <= 0xFF)
                ? rune.Value
                : rune.IsBmp && Windows1252.IndexOf((char)rune.Value) is >= 0 and var at ? 0x80 + at : -1;
            if (b < 0)
            {
                return -1;
            }

            high |= b >= 0x80;
            repaired[length++] = (byte)b;
        }

        return high && System.Text.Unicode.Utf8.IsValid(repaired[..length]) ? length : -1;
    }
}
