using System.Globalization;

namespace Segue.Core.Views;

/// <summary>What makes two listens of one user belong to one session: the same month, the same run of days, or no long pause between them.</summary>
/// <remarks>
/// Months are those of the calendar in UTC. Days are counted from 1970-01-01 UTC, so that sessions do not depend on where a data set begins.
/// </remarks>
public readonly record struct SessionPeriod
{
    private const long Day = 86_400;

    /// <summary>For messages.</summary>
    internal const string Forms = "month, a number of days such as 7d, a pause in minutes such as 30m-gap, or none for no sessions";

    private readonly Kind _kind;
    private readonly int _length;

    private SessionPeriod(Kind kind, int length) => (_kind, _length) = (kind, length);

    private enum Kind
    {
        None,
        Month,
        Days,
        Gap,
    }

    /// <summary>No sessions at all; the only period that needs no times.</summary>
    public static SessionPeriod None => default;

    /// <summary>Calendar months.</summary>
    public static SessionPeriod Month => new(Kind.Month, 0);

    /// <summary>True for <see cref="None"/>.</summary>
    public bool IsNone => _kind == Kind.None;

    /// <summary>Runs of <paramref name="days"/> days.</summary>
    public static SessionPeriod Days(int days)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(days);
        return new(Kind.Days, days);
    }

    /// <summary>Sessions that end with a pause of more than <paramref name="minutes"/> minutes.</summary>
    public static SessionPeriod Gap(int minutes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minutes);
        return new(Kind.Gap, minutes);
    }

    /// <summary>Reads <c>month</c>, <c>7d</c> (any number of days), <c>30m-gap</c> (any number of minutes) or <c>none</c>.</summary>
    /// <exception cref="OptionException">The text is none of these.</exception>
    public static SessionPeriod Parse(string text) =>
        TryParse(text, out SessionPeriod period) ? period : throw new OptionException($"the period '{text}' is unknown; give {Forms}");

    /// <summary>Reads what <see cref="Parse"/> reads; false where the text is none of these.</summary>
    public static bool TryParse(string text, out SessionPeriod period)
    {
        ArgumentNullException.ThrowIfNull(text);
        SessionPeriod? found = text switch
        {
            "none" => None,
            "month" => Month,
            _ when text.EndsWith("m-gap", StringComparison.Ordinal) && TryLength(text.AsSpan(0, text.Length - 5), out int minutes) => Gap(minutes),
            _ when text.EndsWith('d') && TryLength(text.AsSpan(0, text.Length - 1), out int days) => Days(days),
            _ => null,
        };
        period = found ?? None;
        return found is not null;
    }

    /// <summary>The text <see cref="Parse"/> reads.</summary>
    public override string ToString() => _kind switch
    {
        Kind.Month => "month",
        Kind.Days => string.Create(CultureInfo.InvariantCulture, $"{_length}d"),
        Kind.Gap => string.Create(CultureInfo.InvariantCulture, $"{_length}m-gap"),
        _ => "none",
    };

    /// <summary>Whether a listen at <paramref name="time"/> goes on with the session whose latest listen was at <paramref name="latest"/>.</summary>
    /// <param name="latest">Unix seconds, 0 or more.</param>
    /// <param name="time">Unix seconds, not before <paramref name="latest"/>.</param>
    public bool GoesOn(long latest, long time) => _kind switch
    {
        Kind.Month => MonthOf(latest) == MonthOf(time),
        Kind.Days => latest / (_length * Day) == time / (_length * Day),
        Kind.Gap => time - latest <= _length * 60L,
        _ => true,
    };

    /// <summary>Whether <paramref name="moment"/> falls into the session that lasted from <paramref name="first"/> to <paramref name="last"/>.</summary>
    /// <remarks>A session by pauses lasts until its pause is over; one of a month or of days, for all of that time, so also before its first listen.</remarks>
    public bool Covers(long first, long last, long moment) => _kind switch
    {
        Kind.None => false,
        Kind.Gap => first <= moment && moment - last <= _length * 60L,
        _ => moment >= first ? GoesOn(first, moment) : moment >= 0 && GoesOn(moment, first),
    };

    private static bool TryLength(ReadOnlySpan<char> text, out int length) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length is > 0 and <= 1_000_000;

    /// <summary>Months since March of the year 0, by whole numbers alone: times of any size are fine, where dates end with the year 9999.</summary>
    private static long MonthOf(long time)
    {
        // Years that begin in March have their leap day at the end: months of 31, 30, 31, 30, 31 days repeat.
        long day = (time / Day) + 719_468;
        long era = day / 146_097, dayOfEra = day % 146_097;
        long yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        long dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        return (((era * 400) + yearOfEra) * 12) + (((5 * dayOfYear) + 2) / 153);
    }
}
