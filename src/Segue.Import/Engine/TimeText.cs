namespace Segue.Import.Engine;

/// <summary>Times as sources write them, to Unix seconds UTC. Proleptic Gregorian calendar, no leap seconds.</summary>
internal static class TimeText
{
    private const long MillisecondsFrom = 100_000_000_000;

    /// <summary>
    /// Unix seconds, milliseconds (from 10¹¹ up), microseconds (from 10¹⁴) or nanoseconds (from 10¹⁷), whole or with a fraction that is
    /// cut off.
    /// </summary>
    public static bool TryUnix(ReadOnlySpan<byte> text, out long time)
    {
        if (NumberText.TryLong(text, out time))
        {
            time = Floor(time, Unit(Math.Abs((double)time)));
            return true;
        }

        if (NumberText.TryDouble(text, out double number) && Math.Abs(number) < 9e18)
        {
            time = (long)Math.Floor(number / Unit(Math.Abs(number)));
            return true;
        }

        return false;
    }

    /// <summary>
    /// A date of digits alone: <c>20090503</c>, <c>200905031548</c> or <c>20090503154825</c>, of 1970 to 2099, UTC. As Unix times these would
    /// be of 1970, of 1976 or of the far future.
    /// </summary>
    public static bool TryDigits(ReadOnlySpan<byte> text, out long time)
    {
        time = 0;
        int hour = 0, minute = 0, second = 0;
        if (text.Length is not (8 or 12 or 14) || !Digits(text[..4], out int year) || !Digits(text[4..6], out int month)
            || !Digits(text[6..8], out int day) || year is < 1970 or > 2099 || !TryDays(year, month, day, out long days)
            || (text.Length > 8 && (!Digits(text[8..10], out hour) || !Digits(text[10..12], out minute) || hour > 23 || minute > 59))
            || (text.Length > 12 && (!Digits(text[12..], out second) || second > 60)))
        {
            return false;
        }

        time = (days * 86400) + (hour * 3600) + (minute * 60) + Math.Min(second, 59);
        return true;
    }

    /// <summary>Unix seconds, whatever their size.</summary>
    public static bool TrySeconds(ReadOnlySpan<byte> text, out long time)
    {
        if (NumberText.TryLong(text, out time))
        {
            return true;
        }

        bool valid = NumberText.TryDouble(text, out double number) && Math.Abs(number) < 1e15;
        time = valid ? (long)Math.Floor(number) : 0;
        return valid;
    }

    /// <summary>Unix milliseconds, whatever their size.</summary>
    public static bool TryMilliseconds(ReadOnlySpan<byte> text, out long time)
    {
        bool valid = TrySeconds(text, out time);
        time = Floor(time, 1000);
        return valid;
    }

    /// <summary>
    /// ISO 8601: <c>2009-05-03</c>, <c>2009-05-03T15:48:25Z</c>, with a space for T, slashes for dashes, with or without seconds,
    /// fraction (cut off) and offset (<c>+02:00</c>, <c>+0200</c>, <c>+02</c>, <c>UTC</c>, <c>GMT</c>); without an offset it is UTC.
    /// </summary>
    public static bool TryIso(ReadOnlySpan<byte> text, out long time)
    {
        time = 0;
        if (text.Length < 10 || text[4] is not ((byte)'-' or (byte)'/') || text[7] != text[4]
            || !Digits(text[..4], out int year) || !Digits(text[5..7], out int month) || !Digits(text[8..10], out int day)
            || !TryDays(year, month, day, out long days))
        {
            return false;
        }

        time = days * 86400;
        if (text.Length == 10)
        {
            return true;
        }

        if ((text[10] != 'T' && text[10] != ' ' && text[10] != 't') || !TryClock(text[11..], out int seconds, out ReadOnlySpan<byte> zone))
        {
            return false;
        }

        time += seconds;
        return TryZone(zone, ref time);
    }

    /// <summary><c>06 Jan 2014 20:19</c> or <c>06 Jan 2014, 20:19</c>, with or without seconds, UTC.</summary>
    public static bool TryDayMonthYear(ReadOnlySpan<byte> text, out long time)
    {
        time = 0;
        int space = text.IndexOf((byte)' ');
        if (space is < 1 or > 2 || text.Length < space + 12 || text[space + 4] != ' '
            || !Digits(text[..space], out int day) || !TryMonth(text.Slice(space + 1, 3), out int month)
            || !Digits(text.Slice(space + 5, 4), out int year)
            || !TryDays(year, month, day, out long days))
        {
            return false;
        }

        ReadOnlySpan<byte> clock = text[(space + 9)..];
        clock = clock.StartsWith(", "u8) ? clock[2..] : clock[0] == ' ' ? clock[1..] : [];
        if (!TryClock(clock, out int seconds, out ReadOnlySpan<byte> rest) || !rest.IsEmpty)
        {
            return false;
        }

        time = (days * 86400) + seconds;
        return true;
    }

    /// <summary>Midnight UTC of a day.</summary>
    public static bool TryDate(int year, int month, int day, out long time)
    {
        bool valid = TryDays(year, month, day, out long days);
        time = days * 86400;
        return valid;
    }

    private static bool TryClock(ReadOnlySpan<byte> text, out int seconds, out ReadOnlySpan<byte> rest)
    {
        seconds = 0;
        rest = default;
        if (text.Length < 5 || text[2] != ':' || !Digits(text[..2], out int hour) || !Digits(text[3..5], out int minute) || hour > 23
            || minute > 59)
        {
            return false;
        }

        int second = 0;
        rest = text[5..];
        if (rest.Length >= 3 && rest[0] == ':')
        {
            if (!Digits(rest[1..3], out second) || second > 60)
            {
                return false;
            }

            rest = rest[3..];
            if (rest.Length >= 2 && (rest[0] == '.' || rest[0] == ',') && char.IsAsciiDigit((char)rest[1]))
            {
                int end = 1;
                while (end < rest.Length && char.IsAsciiDigit((char)rest[end]))
                {
                    end++;
                }

                rest = rest[end..];
            }
        }

        seconds = (hour * 3600) + (minute * 60) + Math.Min(second, 59);
        return true;
    }

    private static bool TryZone(ReadOnlySpan<byte> zone, ref long time)
    {
        zone = !zone.IsEmpty && zone[0] == ' ' ? zone[1..] : zone;
        if (zone.IsEmpty || (zone.Length == 1 && zone[0] is (byte)'Z' or (byte)'z') || zone.SequenceEqual("UTC"u8)
            || zone.SequenceEqual("GMT"u8))
        {
            return true;
        }

        if (zone[0] != '+' && zone[0] != '-')
        {
            return false;
        }

        int minutes = 0;
        ReadOnlySpan<byte> digits = zone[1..];
        bool valid = digits.Length switch
        {
            2 => Digits(digits, out _),
            4 => Digits(digits, out _) && Digits(digits[2..], out minutes),
            5 => digits[2] == ':' && Digits(digits[3..], out minutes),
            _ => false,
        };
        if (!valid || !Digits(digits[..2], out int hours) || hours > 23 || minutes > 59)
        {
            return false;
        }

        long offset = (hours * 3600L) + (minutes * 60);
        time += zone[0] == '+' ? -offset : offset;
        return true;
    }

    private static bool TryMonth(ReadOnlySpan<byte> text, out int month)
    {
        ReadOnlySpan<byte> names = "janfebmaraprmayjunjulaugsepoctnovdec"u8;
        Span<byte> lower = [(byte)(text[0] | 0x20), (byte)(text[1] | 0x20), (byte)(text[2] | 0x20)];
        for (month = 1; month <= 12; month++)
        {
            if (names.Slice((month - 1) * 3, 3).SequenceEqual(lower))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (byte b in text)
        {
            uint digit = (uint)(b - '0');
            if (digit > 9)
            {
                return false;
            }

            value = (value * 10) + (int)digit;
        }

        return true;
    }

    // Days since 1970-01-01 by counting from 1 March, so that the leap day is the last of its year.
    private static bool TryDays(int year, int month, int day, out long days)
    {
        days = 0;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        int y = month <= 2 ? year - 1 : year;
        int m = (month + 9) % 12;
        days = (365L * y) + (y / 4) - (y / 100) + (y / 400) + (((153 * m) + 2) / 5) + day - 1 - 719468;
        return true;
    }

    // How many of the unit a number of this size counts in are a second.
    private static long Unit(double size) => size switch
    {
        >= MillisecondsFrom * 1e6 => 1_000_000_000,
        >= MillisecondsFrom * 1e3 => 1_000_000,
        >= MillisecondsFrom => 1000,
        _ => 1,
    };

    private static long Floor(long value, long by) => (value / by) - (value % by < 0 ? 1 : 0);
}
