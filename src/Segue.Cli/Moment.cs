using System.Globalization;
using Segue.Core;

namespace Segue.Cli;

/// <summary>Moments as people write them.</summary>
internal static class Moment
{
    /// <summary>Unix seconds, or a date with or without a time (ISO 8601; UTC where no zone is given).</summary>
    public static bool TryParse(string text, out long seconds)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds))
        {
            // Later than the year 9999 nothing is heard: those are milliseconds.
            return seconds <= 253_402_300_799;
        }

        bool isDate = DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"],
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces, out DateTimeOffset moment);
        seconds = isDate ? moment.ToUnixTimeSeconds() : -1;
        return isDate && seconds >= 0;
    }

    /// <summary>The moment an option names, or −1 where it was not given.</summary>
    /// <exception cref="OptionException">It is no moment.</exception>
    public static long Of(string? text, string option) => text is null ? -1 : TryParse(text, out long seconds)
        ? seconds : throw new OptionException($"{option} is '{text}'; give a date such as 2024-05-31 or 2024-05-31T20:15, or Unix seconds from 1970 on");
}
