namespace Segue.Import.Engine;

/// <summary>Why rows are left out or changed. The names are stable: reports and scripts use them.</summary>
internal static class Reasons
{
    public const string BlankLine = "blank-line";
    public const string LineTooLong = "line-too-long";
    public const string NulByte = "nul-byte";
    public const string InvalidUtf8 = "invalid-utf8";
    public const string UnclosedQuote = "unclosed-quote";
    public const string MalformedQuote = "malformed-quote";
    public const string MissingColumn = "missing-column";
    public const string ExtraColumn = "extra-column";
    public const string RepeatedHeader = "repeated-header";
    public const string BadJson = "bad-json";
    public const string OtherJson = "other-json";
    public const string EmptyUser = "empty-user";
    public const string EmptyItem = "empty-item";
    public const string BadUser = "bad-user";
    public const string NoTime = "no-time";
    public const string BadTime = "bad-time";
    public const string TimeInFuture = "time-in-future";
    public const string DecimalComma = "decimal-comma";
    public const string BadWeight = "bad-weight";
    public const string WeightNotPositive = "weight-not-positive";
    public const string WeightTooLarge = "weight-too-large";
    public const string BadNumber = "bad-number";
    public const string UnknownUser = "unknown-user";
    public const string UnknownItem = "unknown-item";
    public const string UnknownTag = "unknown-tag";
    public const string NoItems = "no-items";
    public const string ShortPlay = "short-play";
    public const string Incognito = "incognito";
    public const string NotMusic = "not-music";
    public const string NowPlaying = "now-playing";
    public const string NotInDataset = "not-in-dataset";
    public const string Duplicate = "duplicate";
    public const string DoublyEncoded = "doubly-encoded";
    public const string TagTimeUnknown = "tag-time-unknown";
    private const string TimeBefore = "time-before-";

    /// <summary><c>time-before-2002</c>.</summary>
    public static string BeforeYear(int year) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{TimeBefore}{year}");

    /// <summary>True for a reason of <see cref="BeforeYear"/>.</summary>
    public static bool IsBeforeYear(string reason) => reason.StartsWith(TimeBefore, StringComparison.Ordinal);
}
