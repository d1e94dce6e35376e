using System.Globalization;
using System.Text;

namespace Segue.Core.Contracts;

/// <summary>Names and other text from outside, made safe to look at: what a terminal obeys, what turns a line around and what nobody sees becomes a visible escape.</summary>
/// <remarks>
/// Escaped as <c>\u001b</c> or <c>\U000e0041</c>: control characters (C0, DEL, C1), line and paragraph separators, marks and overrides of direction, other format
/// characters and fillers without a width, halves of surrogate pairs, and what is no character (U+FFFE, U+FFFF and their like). Joiners (U+200C, U+200D) stay between
/// letters and signs that need them. Of more than eight marks on one letter the rest is cut.
/// </remarks>
public static class VisibleText
{
    private const int MostMarks = 8;
    private const int LongestElement = 64;

    /// <summary>The whole text with hidden characters escaped.</summary>
    /// <param name="text">Any text; null is empty.</param>
    /// <param name="keepsLines">Leave line feeds and tabs as they are.</param>
    public static string Of(string? text, bool keepsLines = false)
    {
        if (string.IsNullOrEmpty(text) || IsSimple(text))
        {
            return text ?? string.Empty;
        }

        var result = new StringBuilder(text.Length + 16);
        Append(result, text, 0, text.Length, keepsLines);
        return result.ToString();
    }

    /// <summary>A name short enough to be shown: at most <paramref name="most"/> columns, the last one … where it was cut, with hidden characters escaped.</summary>
    /// <param name="text">Any text; null is empty.</param>
    /// <param name="most">Greatest width in columns of a terminal, at least 1; a letter is never cut from its marks.</param>
    /// <param name="keepsTabs">Leave tabs as they are.</param>
    public static string Short(string? text, int most, bool keepsTabs = false) => Shorten(text, most, escapes: true, keepsTabs);

    /// <summary>As <see cref="Short"/>, with hidden characters as they are: for what escapes them in its own way, such as a page.</summary>
    /// <param name="text">Any text; null is empty.</param>
    /// <param name="most">Greatest width in columns, at least 1.</param>
    public static string Cut(string? text, int most) => Shorten(text, most, escapes: false, keepsTabs: true);

    private static string Shorten(string? text, int most, bool escapes, bool keepsTabs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        if (string.IsNullOrEmpty(text) || (text.Length <= most && IsSimple(text)))
        {
            return text ?? string.Empty;
        }

        // The end is only known after the last column was passed: what fits before the … is remembered.
        var result = new StringBuilder(most + 16);
        int width = 0, kept = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.AsSpan(at, Math.Min(text.Length - at, 4 * LongestElement)));
            int start = result.Length, cut = Math.Min(length, LongestElement);
            while (cut > 1 && cut < length && (char.IsHighSurrogate(text[at + cut - 1]) || text[at + cut - 1] is '\u200C' or '\u200D'))
            {
                cut--;
            }

            if (escapes)
            {
                Append(result, text, at, at + cut, keepsLines: keepsTabs && text[at] == '\t');
            }
            else
            {
                result.Append(text, at, cut);
            }

            if (length > LongestElement)
            {
                result.Append('…');
            }

            width += Width(result, start);
            if (width > most)
            {
                return result.Remove(kept, result.Length - kept).Append('…').ToString();
            }

            if (width < most)
            {
                kept = result.Length;
            }

            at += length;
        }

        return result.ToString();
    }

    /// <summary>JSON text with hidden characters inside its strings as <c>\u</c> escapes: the same value, and safe to print.</summary>
    /// <param name="json">Valid JSON.</param>
    public static string OfJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (IsSimple(json))
        {
            return json;
        }

        var result = new StringBuilder(json.Length + 64);
        for (int at = 0; at < json.Length; at++)
        {
            // Only layout stands raw below the blank.
            bool isPair = IsPairAt(json, at);
            if (json[at] < ' ' || !IsHidden(json, at, isPair))
            {
                result.Append(json[at]);
                if (isPair)
                {
                    result.Append(json[++at]);
                }
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"\\u{(int)json[at]:x4}");
                if (isPair)
                {
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)json[++at]:x4}");
                }
            }
        }

        return result.ToString();
    }

    /// <summary>True where nothing in the text is hidden.</summary>
    public static bool IsVisible(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (int at = 0; at < text.Length; at++)
        {
            bool isPair = IsPairAt(text, at);
            if (IsHidden(text, at, isPair))
            {
                return false;
            }

            at += isPair ? 1 : 0;
        }

        return true;
    }

    private static bool IsSimple(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;

    private static void Append(StringBuilder result, string text, int start, int end, bool keepsLines)
    {
        int marks = 0;
        for (int at = start; at < end; at++)
        {
            bool isPair = IsPairAt(text, at) && at + 1 < end;
            if (keepsLines && text[at] is '\n' or '\t')
            {
                result.Append(text[at]);
                continue;
            }

            if (IsHidden(text, at, isPair))
            {
                _ = isPair
                    ? result.Append(CultureInfo.InvariantCulture, $"\\U{char.ConvertToUtf32(text[at], text[at + 1]):x8}")
                    : result.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[at]:x4}");
                marks = 0;
            }
            else
            {
                marks = CharUnicodeInfo.GetUnicodeCategory(text, at) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? marks + 1 : 0;
                if (marks <= MostMarks)
                {
                    result.Append(text, at, isPair ? 2 : 1);
                }
                else if (marks == MostMarks + 1)
                {
                    result.Append('…');
                }
            }

            at += isPair ? 1 : 0;
        }
    }

    private static bool IsPairAt(string text, int at) => char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]);

    private static bool IsHidden(string text, int at, bool isPair)
    {
        char c = text[at];
        if (c is >= ' ' and <= '~')
        {
            return false;
        }

        int value = isPair ? char.ConvertToUtf32(c, text[at + 1]) : c;
        if ((value & 0xFFFE) == 0xFFFE || value is >= 0xFDD0 and <= 0xFDEF)
        {
            return true;
        }

        // Signs that stand before digits are format characters with a shape; these letters and marks have none.
        if (value is (>= 0x600 and <= 0x605) or 0x6DD or 0x70F or 0x890 or 0x891 or 0x8E2)
        {
            return false;
        }

        if (value is 0x34F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x3164 or 0xFFA0)
        {
            return true;
        }

        if (value is 0x200C or 0x200D)
        {
            return !(at > 0 && at + 1 < text.Length && NeedsJoiners(text[at - 1]) && NeedsJoiners(text[at + 1]));
        }

        return CharUnicodeInfo.GetUnicodeCategory(value) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
    }

    // From Hebrew on, with signs, emoji and their variation selectors; not the joiners themselves.
    private static bool NeedsJoiners(char c) => c >= 0x0590 && c is not ((>= '\u2000' and <= '\u206F') or '\uFEFF');

    private static int Width(StringBuilder text, int start)
    {
        // A cluster is as wide as its widest sign: emoji that are joined are drawn as one.
        string part = text.ToString(start, text.Length - start);
        int widest = 0, sum = 0;
        bool isSequence = true;
        foreach (Rune rune in part.EnumerateRunes())
        {
            int one = Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0 : IsWide(rune.Value) ? 2 : 1;
            isSequence &= rune.Value > 0x7F;
            widest = Math.Max(widest, one);
            sum += one;
        }

        return isSequence ? Math.Max(widest, 1) : sum;
    }

    private static bool IsWide(int value) => value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF01 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD);
}
