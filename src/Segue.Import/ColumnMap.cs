using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;

namespace Segue.Import;

/// <summary>How times are written in a delimited file.</summary>
public enum TimeFormat
{
    /// <summary>Unix seconds, milli-, micro- or nanoseconds, dates of digits alone, ISO 8601 or 06 Jan 2014 20:19, value by value.</summary>
    Auto,

    /// <summary>Unix seconds.</summary>
    Unix,

    /// <summary>Unix milliseconds.</summary>
    UnixMs,

    /// <summary>ISO 8601 date or date and time; without an offset it is UTC.</summary>
    Iso,

    /// <summary>Seconds since a start that the source does not tell: kept as they are, with no check against 1970 or today.</summary>
    Relative,
}

/// <summary>Which column of a delimited file is what. A column is a header name, or a number counted from 0.</summary>
public sealed record ColumnMap
{
    private static readonly string[] Keys =
        ["user", "item", "time", "weight", "artist", "title", "album", "delimiter", "header", "quotes", "ordered", "time_format"];

    /// <summary>Column of the listener or playlist; null where all rows are of one listener.</summary>
    public string? User { get; init; }

    /// <summary>Column of the item id; may be missing where <see cref="Artist"/> is there and the level does not need it.</summary>
    public string? Item { get; init; }

    /// <summary>Column of the time, or null.</summary>
    public string? Time { get; init; }

    /// <summary>Column of the weight, for example plays, or null.</summary>
    public string? Weight { get; init; }

    /// <summary>Column of the artist name, or null.</summary>
    public string? Artist { get; init; }

    /// <summary>Column of the title, or null.</summary>
    public string? Title { get; init; }

    /// <summary>Column of the album name, or null.</summary>
    public string? Album { get; init; }

    /// <summary>The delimiter; null = found from the first lines.</summary>
    public string? Delimiter { get; init; }

    /// <summary>Whether the first line is a header; null = found from the first lines.</summary>
    public bool? Header { get; init; }

    /// <summary>Whether fields may be quoted; null = yes, except between tabs.</summary>
    public bool? Quotes { get; init; }

    /// <summary>True where the order of a user's rows means something, as in a playlist; rows with times are ordered anyway.</summary>
    public bool Ordered { get; init; }

    /// <summary>How times are written.</summary>
    public TimeFormat TimeFormat { get; init; }

    /// <summary>
    /// Parses <c>[user=COL,]item=COL[,time=COL][,weight=COL][,artist=COL][,title=COL][,album=COL]</c> and the further keys
    /// <c>delimiter</c>, <c>header</c>, <c>quotes</c>, <c>ordered</c> and <c>time_format</c>.
    /// </summary>
    /// <exception cref="OptionException">Unknown or repeated key, a missing column, or a wrong value.</exception>
    public static ColumnMap Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=');
            bool isEmpty = equals == part.Length - 1;
            if (equals <= 0 || (isEmpty && part[..equals].Trim() != "user"))
            {
                throw new OptionException($"'{part}' in --map is not key=column; write for example --map user=0,item=1 or --map "
                    + "user=user_id,item=track_id,time=ts");
            }

            string key = part[..equals].Trim();
            if (!Keys.Contains(key))
            {
                throw NearMatches.Error("key of --map", key, Keys);
            }

            if (!values.TryAdd(key, part[(equals + 1)..].Trim()))
            {
                throw new OptionException($"'{key}' is given twice in --map; give it once");
            }
        }

        string? Value(string key) => values.GetValueOrDefault(key);
        if ((Value("item") ?? Value("artist")) is null)
        {
            throw new OptionException($"--map '{text}' names no item column; write for example --map user=user_id,item=track_id, or "
                + "for the plays of one listener --map artist=Artist,title=Track,time=Time");
        }

        return new ColumnMap
        {
            User = Value("user") is { Length: > 0 } user ? user : null,
            Item = Value("item"),
            Time = Value("time"),
            Weight = Value("weight"),
            Artist = Value("artist"),
            Title = Value("title"),
            Album = Value("album"),
            Delimiter = Value("delimiter") switch
            {
                null => null,
                "comma" => ",",
                "semicolon" => ";",
                "tab" or "\\t" => "\t",
                "pipe" => "|",
                "space" => " ",
                { Length: <= 8 } signs when signs.All(c => char.IsAscii(c) && !char.IsLetterOrDigit(c) && c is not ('"' or ' ')) => signs,
                var other => throw NearMatches.Error("delimiter", other, ["comma", "semicolon", "tab", "pipe", "space", "::"]),
            },
            Header = YesNo("header"),
            Quotes = YesNo("quotes"),
            Ordered = YesNo("ordered") ?? false,
            TimeFormat = Value("time_format") switch
            {
                null => TimeFormat.Auto,
                { } name => Enum.GetValues<TimeFormat>().Where(f => OptionsText.SnakeCase(f.ToString()) == name)
                    .Select(f => (TimeFormat?)f).FirstOrDefault()
                    ?? throw NearMatches.Error("time_format", name, [.. Enum.GetNames<TimeFormat>().Select(OptionsText.SnakeCase)]),
            },
        };

        bool? YesNo(string key) => Value(key) switch
        {
            null => null,
            "yes" or "true" => true,
            "no" or "false" => false,
            var other => throw new OptionException($"'{key}' in --map is '{other}'; give yes or no"),
        };
    }

    /// <summary>The map as <see cref="Parse"/> reads it.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        void Add(string key, string? value)
        {
            if (value is not null)
            {
                parts.Add($"{key}={value}");
            }
        }

        Add("user", User);
        Add("item", Item);
        Add("time", Time);
        Add("weight", Weight);
        Add("artist", Artist);
        Add("title", Title);
        Add("album", Album);
        Add("delimiter", Delimiter switch { "," => "comma", ";" => "semicolon", "\t" => "tab", "|" => "pipe", " " => "space", var signs => signs });
        Add("header", Header is { } header ? (header ? "yes" : "no") : null);
        Add("quotes", Quotes is { } quotes ? (quotes ? "yes" : "no") : null);
        Add("ordered", Ordered ? "yes" : null);
        Add("time_format", TimeFormat == TimeFormat.Auto ? null : OptionsText.SnakeCase(TimeFormat.ToString()));
        return string.Join(",", parts);
    }

    /// <summary>All mapped columns with the part they play, in a fixed order.</summary>
    internal IReadOnlyList<(string Role, string Column)> Columns() =>
        [.. new[] { ("user", User), ("item", Item), ("time", Time), ("weight", Weight), ("artist", Artist), ("title", Title),
            ("album", Album) }
            .Where(p => p.Item2 is not null).Select(p => (p.Item1, p.Item2!))];

    /// <summary>The column as a number counted from 0, or −1 where it is a name.</summary>
    internal static int NumberOf(string column) =>
        int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < 100_000 ? number : -1;
}
