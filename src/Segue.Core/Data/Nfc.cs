using System.Globalization;
using System.Text;

namespace Segue.Core.Data;

/// <summary>
/// Unicode normal form C: one spelling for texts that look the same, for example é as one character or as e and an accent.
/// </summary>
/// <remarks>Own tables, as <see cref="string.Normalize()"/> does nothing in an invariant program.</remarks>
public static class Nfc
{
    private const int HangulFirst = 0xAC00, LeadFirst = 0x1100, VowelFirst = 0x1161, TailFirst = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    private static readonly Lazy<Tables> Data = new(() => new Tables());

    /// <summary><paramref name="text"/> in form C; the same object where it is already. Halves of surrogate pairs are kept.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return MayChange(text) ? Compose(text) : text;
    }

    /// <summary><paramref name="utf8"/> in form C; the same bytes where they are already. Text without marks costs a scan.</summary>
    /// <param name="utf8">Valid UTF-8.</param>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> utf8)
    {
        // Everything that changes is U+0300 or later, or stands before such a mark.
        if (utf8.IndexOfAnyInRange((byte)0xCC, (byte)0xFF) < 0)
        {
            return utf8;
        }

        string text = Encoding.UTF8.GetString(utf8);
        string composed = Of(text);
        return ReferenceEquals(text, composed) ? utf8 : Encoding.UTF8.GetBytes(composed);
    }

    private static bool MayChange(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\u0300', '\uFFFF') < 0)
        {
            return false;
        }

        Tables data = Data.Value;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (data.MayChange(rune.Value))
            {
                return true;
            }
        }

        return false;
    }

    private static string Compose(string text)
    {
        Tables data = Data.Value;
        var points = new List<int>(text.Length + 8);
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            data.Decompose(isPair ? char.ConvertToUtf32(text[i], text[++i]) : text[i], points);
        }

        Order(data, points);
        var result = new StringBuilder(text.Length);
        int starter = -1, lastClass = -1, kept = 0;
        for (int n = 0; n < points.Count; n++)
        {
            int point = points[n], own = data.ClassOf(point);

            // A mark joins the starter before it unless another mark of its class or a later one stands between.
            if (starter >= 0 && (lastClass < own || lastClass < 0) && data.Join(points[starter], point) is >= 0 and var joined)
            {
                points[starter] = joined;
                continue;
            }

            if (own == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else
            {
                lastClass = own;
            }

            points[kept++] = point;
        }

        for (int n = 0; n < kept; n++)
        {
            if (points[n] is >= 0xD800 and <= 0xDFFF)
            {
                result.Append((char)points[n]);
            }
            else
            {
                result.Append(new Rune(points[n]).ToString());
            }
        }

        string composed = result.ToString();
        return composed == text ? text : composed;
    }

    // Marks after a starter by class, those of one class as they came.
    private static void Order(Tables data, List<int> points)
    {
        for (int n = 1; n < points.Count; n++)
        {
            int point = points[n], own = data.ClassOf(point);
            int at = n;
            while (own != 0 && at > 0 && data.ClassOf(points[at - 1]) > own)
            {
                points[at] = points[at - 1];
                at--;
            }

            points[at] = point;
        }
    }

    private sealed class Tables
    {
        private readonly Dictionary<int, (int First, int Second)> _parts = [];
        private readonly Dictionary<(int First, int Second), int> _joined = [];
        private readonly Dictionary<int, byte> _class = [];
        private readonly HashSet<int> _changes = [];

        public Tables()
        {
            foreach (string line in Words(NfcTables.Classes))
            {
                int colon = line.IndexOf(':', StringComparison.Ordinal), dash = line.IndexOf('-', StringComparison.Ordinal);
                int from = Hex(line[..(dash < 0 ? colon : dash)]), to = dash < 0 ? from : Hex(line[(dash + 1)..colon]);
                for (int point = from; point <= to; point++)
                {
                    _class[point] = byte.Parse(line.AsSpan(colon + 1), CultureInfo.InvariantCulture);
                }
            }

            foreach (string line in Words(NfcTables.Decompositions))
            {
                int sign = line.IndexOfAny(['=', '>']), plus = line.IndexOf('+', StringComparison.Ordinal);
                int point = Hex(line[..sign]), first = Hex(line[(sign + 1)..(plus < 0 ? line.Length : plus)]);
                int second = plus < 0 ? -1 : Hex(line[(plus + 1)..]);
                _parts[point] = (first, second);
                if (line[sign] == '=')
                {
                    _joined[(first, second)] = point;
                    _changes.Add(second);
                }
                else
                {
                    _changes.Add(point);
                }
            }
        }

        public int ClassOf(int point) => _class.GetValueOrDefault(point);

        /// <summary>True for what is not the same in form C, or may join or pass what stands before it.</summary>
        public bool MayChange(int point) => _class.ContainsKey(point) || _changes.Contains(point)
            || point is (>= VowelFirst and < VowelFirst + Vowels) or (> TailFirst and < TailFirst + Tails);

        public void Decompose(int point, List<int> target)
        {
            int hangul = point - HangulFirst;
            if (hangul is >= 0 and < Leads * Vowels * Tails)
            {
                target.Add(LeadFirst + (hangul / (Vowels * Tails)));
                target.Add(VowelFirst + (hangul / Tails % Vowels));
                if (hangul % Tails != 0)
                {
                    target.Add(TailFirst + (hangul % Tails));
                }
            }
            else if (_parts.TryGetValue(point, out (int First, int Second) parts))
            {
                Decompose(parts.First, target);
                if (parts.Second >= 0)
                {
                    Decompose(parts.Second, target);
                }
            }
            else
            {
                target.Add(point);
            }
        }

        /// <summary>The character two make together, or −1.</summary>
        public int Join(int first, int second)
        {
            if (first is >= LeadFirst and < LeadFirst + Leads && second is >= VowelFirst and < VowelFirst + Vowels)
            {
                return HangulFirst + ((((first - LeadFirst) * Vowels) + second - VowelFirst) * Tails);
            }

            if (first is >= HangulFirst and < HangulFirst + (Leads * Vowels * Tails) && (first - HangulFirst) % Tails == 0
                && second is > TailFirst and < TailFirst + Tails)
            {
                return first + second - TailFirst;
            }

            return _joined.GetValueOrDefault((first, second), -1);
        }

        private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
