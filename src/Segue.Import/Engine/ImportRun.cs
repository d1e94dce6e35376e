using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Import.Engine;

/// <summary>One import under way: the files, the dataset being built, and the account of every row.</summary>
internal sealed class ImportRun
{
    private const int ProgressEvery = 8 << 20;

    private readonly List<TableLog> _tables = [];
    private readonly List<string> _read = [];
    private readonly IReadOnlyList<string> _skipped;
    private readonly long _earliest, _latest;
    private readonly int _earliestYear;
    private readonly InputFiles _all;
    private readonly int _paths;
    private readonly List<string> _notes = [];
    private readonly Dictionary<string, int> _listenerFiles = new(StringComparer.Ordinal);
    private readonly long _bytesTotal;
    private long _bytes, _reported;

    public ImportRun(FormatDescription format, ImportOptions options, InputFiles inputs, string level, IReadOnlyList<string> paths)
    {
        Format = format;
        Options = options;
        Level = level;
        _all = inputs;
        _paths = paths.Count;
        Inputs = [.. inputs.Files.Where(f => f.Source < _paths)];
        _skipped = inputs.Skipped;
        Builder = new DatasetBuilder(options.Name ?? (format.NeedsMap ? NameOf(paths[0], format.Name) : format.Name), level);
        Interactions = Table(format.JoinsDataset ? "features" : ImportReport.Interactions);
        _earliestYear = options.TimesFrom ?? format.TimesFrom;
        _earliest = TimeText.TryDate(_earliestYear, 1, 1, out long first) ? first : 0;
        _latest = options.Clock.GetUtcNow().ToUnixTimeSeconds() + 86400;
        _bytesTotal = inputs.Files.Any(f => f.DeclaredLength < 0) ? -1 : inputs.Files.Sum(f => f.DeclaredLength);
    }

    /// <summary>The file of an option, which comes after the paths in the order of <see cref="FormatCatalog"/>; null without it.</summary>
    public InputFile? Side(string? path, int before)
    {
        if (path is null)
        {
            return null;
        }

        InputFile[] found = [.. _all.Files.Where(f => f.Source == _paths + before)];
        return found.Length == 1 ? found[0]
            : throw new ImportException($"'{Text.Printable(path)}' holds {found.Length} files; name one: {Text.List(found.Select(f => f.Name))}");
    }

    /// <summary>Says something to the user, once.</summary>
    public void Note(string sentence)
    {
        if (!_notes.Contains(sentence))
        {
            _notes.Add(sentence);
        }
    }

    /// <summary>Counts a file of a listener whose name is that of the file; several of one name are said, as they may be of several people.</summary>
    public void CountListener(string name) => _listenerFiles[name] = _listenerFiles.GetValueOrDefault(name) + 1;

    /// <summary>Who the user says the listener of a file is, or null.</summary>
    public string? Listener(InputFile file) =>
        Options.Listeners.Count == 0 ? null : Options.Listeners[Options.Listeners.Count == 1 ? 0 : file.Source];

    /// <summary>A file's or folder's name without folders and without the endings of formats; <paramref name="other"/> where nothing is left.</summary>
    public static string NameOf(string path, string other)
    {
        string name = path == InputFiles.StandardInput ? string.Empty : Path.TrimEndingDirectorySeparator(path);
        name = name is "." or ".." ? Path.GetFullPath(name) : name;
        name = name[(name.LastIndexOfAny(['/', '!', '\\']) + 1)..];
        string[] endings = [".gz", ".zip", ".tgz", ".tar", ".csv", ".tsv", ".txt", ".dat", ".log", ".json", ".jsonl", ".data"];
        while (Array.Find(endings, e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)) is { } ending)
        {
            name = name[..^ending.Length];
        }

        name = name.Trim().TrimStart('.');
        return name.Length == 0 ? other : name;
    }

    public FormatDescription Format { get; }

    public ImportOptions Options { get; }

    public ImportLimits Limits => Options.Limits;

    public string Level { get; }

    public DatasetBuilder Builder { get; }

    public IReadOnlyList<InputFile> Inputs { get; }

    /// <summary>The table that counts: the interactions, or the rows to join.</summary>
    public TableLog Interactions { get; }

    public Dictionary<string, long> Details { get; } = [];

    public TableLog Table(string name)
    {
        TableLog? table = _tables.Find(t => t.Name == name);
        if (table is null)
        {
            _tables.Add(table = new TableLog(name));
        }

        return table;
    }

    /// <summary>The only file that <paramref name="match"/> says yes to, or null.</summary>
    /// <exception cref="ImportException">There are several.</exception>
    public InputFile? FindOne(string what, Func<string, bool> match)
    {
        InputFile[] found = [.. Inputs.Where(f => match(f.FileName.ToLowerInvariant()))];
        return found.Length <= 1
            ? found.FirstOrDefault()
            : throw new ImportException($"there are {found.Length} files of {what}: {Text.List(found.Select(f => f.Name))}; give one");
    }

    /// <summary>The files that <paramref name="match"/> says yes to, and those the user named, whatever they are called.</summary>
    /// <param name="expected">For the error.</param>
    /// <param name="match">By the name in lower case.</param>
    /// <param name="isOther">Says yes to names of other files of the format, or null.</param>
    /// <exception cref="ImportException">There is none.</exception>
    public IReadOnlyList<InputFile> FindAll(string expected, Func<string, bool> match, Func<string, bool>? isOther = null)
    {
        InputFile[] found = [.. Inputs.Where(f => match(f.FileName.ToLowerInvariant()) || (f.IsDirect && isOther?.Invoke(f.FileName.ToLowerInvariant()) != true))];
        return found.Length > 0 ? found : throw WrongFiles(expected);
    }

    /// <summary>The error for files that are not of this format.</summary>
    public ImportException WrongFiles(string expected) => new(
        $"no {expected} among {Text.List(Inputs.Select(f => f.Name))}; is this really {Format.Name}? See: segue formats");

    public RowReader OpenRows(InputFile file, char delimiter, bool quotes = false, bool longLines = false, bool anyBytes = false,
        byte[]? separator = null, bool loose = false)
    {
        var reader = new RowReader(
            file, Open(file), (byte)delimiter, quotes, longLines ? Limits.MaxRecordBytes : Limits.MaxLineBytes, anyBytes, separator, loose);
        if (reader.IsEmpty)
        {
            reader.Dispose();
            throw file.Broken("is empty; download it again or leave it out");
        }

        return reader;
    }

    public JsonRecordReader OpenJson(InputFile file, string? property = null) => new(file, Open(file), property, Limits.MaxRecordBytes);

    /// <summary>A stream over the file, guarded and counted.</summary>
    public Stream Open(InputFile file)
    {
        if (!file.IsUsed)
        {
            file.IsUsed = true;
            _read.Add(file.Name);
        }

        return new GuardedStream(file, Limits, OnBytes);
    }

    /// <summary>Opens the first MiBs for a look that does not count as use.</summary>
    public Stream Peek(InputFile file) => new GuardedStream(file, Limits, null, (2L * Limits.MaxLineBytes) + (1 << 20));

    /// <summary>True where the first sign of a file opens a JSON object or list.</summary>
    public bool IsJson(InputFile file) => FirstSign(file) is '{' or '[';

    /// <summary>True where the first bytes hold a NUL.</summary>
    public bool HasNul(InputFile file)
    {
        using Stream stream = Peek(file);
        byte[] head = new byte[256];
        return head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).Contains((byte)0);
    }

    /// <summary>True where a file of at most a few MiB is one sound JSON value.</summary>
    public bool IsOneJson(InputFile file)
    {
        using Stream stream = Peek(file);
        using var all = new MemoryStream();
        stream.CopyTo(all);
        try
        {
            ReadOnlySpan<byte> text = all.GetBuffer().AsSpan(0, (int)all.Length);
            var reader = new System.Text.Json.Utf8JsonReader(text.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? text[3..] : text);
            return reader.Read() && reader.TrySkip() && !reader.Read();
        }
        catch (System.Text.Json.JsonException)
        {
            return false;
        }
    }

    /// <summary>The first byte that is neither white space nor a byte order mark; −1 where there is none.</summary>
    public int FirstSign(InputFile file)
    {
        using Stream stream = Peek(file);
        for (int b = stream.ReadByte(); b >= 0; b = stream.ReadByte())
        {
            if (b is not (' ' or '\t' or '\r' or '\n' or 0xEF or 0xBB or 0xBF))
            {
                return b;
            }
        }

        return -1;
    }

    /// <summary>Reads what was used of archives to its end, as only there is the checksum.</summary>
    /// <exception cref="ImportException">A file is damaged or cut off.</exception>
    public void ReadToEnd()
    {
        foreach (InputFile file in _all.Files.Where(f => f.IsUsed && !f.IsChecked && f.Archive is not null))
        {
            using var stream = new GuardedStream(file, Limits, OnBytes);
            stream.CopyTo(Stream.Null);
        }
    }

    /// <summary>Goes to the next row that can be read; the others are rejected here.</summary>
    public static bool Next(RowSource reader, TableLog table)
    {
        while (reader.Read())
        {
            table.Rows++;
            if (reader.Fault is null)
            {
                return true;
            }

            table.Reject(reader.Fault, reader);
        }

        return false;
    }

    /// <summary>Positions of named columns in the first row of a file; names are compared without case.</summary>
    /// <exception cref="ImportException">A column is missing or stands twice.</exception>
    public int[] ReadHeader(RowReader reader, params string[] columns)
    {
        string[] header = HeaderOf(reader);
        return [.. columns.Select(c => HeaderIndex(reader.File, header, c))];
    }

    /// <summary>The first row of a file as names.</summary>
    public static string[] HeaderOf(RowReader reader)
    {
        if (!reader.Read() || reader.Fault is not null)
        {
            throw reader.File.Broken($"has no readable header line ({reader.Fault ?? "the file is empty"}); download it again or name "
                + "another file");
        }

        var header = new string[reader.Count];
        for (int i = 0; i < header.Length; i++)
        {
            header[i] = System.Text.Encoding.UTF8.GetString(reader[i]).Trim();
        }

        return header;
    }

    /// <summary>Position of a column in a header; −1 where it is missing and <paramref name="optional"/>.</summary>
    public int HeaderIndex(InputFile file, string[] header, string column, bool optional = false)
    {
        int index = Array.FindIndex(header, h => h.Equals(column, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
        {
            IReadOnlyList<string> near = NearMatches.Find(column, header);
            return optional ? -1 : throw file.Broken(
                $"has no column '{column}'{(near.Count > 0 ? $"; did you mean {Text.List(near)}?" : string.Empty)} (its first line "
                    + $"has {Text.List(header)}); is this really {Format.Name}? See: segue formats");
        }

        int again = Array.FindIndex(header, index + 1, h => h.Equals(column, StringComparison.OrdinalIgnoreCase));
        return again < 0 ? index : throw file.Broken($"has the column '{column}' twice, at {index} and {again}; rename one of them");
    }

    /// <summary>Rejects the row where it has too few or too many columns.</summary>
    public static bool HasColumns(RowReader row, int count, TableLog table)
    {
        if (row.Count != count)
        {
            table.Reject(row.Count < count ? Reasons.MissingColumn : Reasons.ExtraColumn, row);
        }

        return row.Count == count;
    }

    /// <summary>Rejects the row where the user or the item is empty.</summary>
    public static bool HasIds(ReadOnlySpan<byte> user, ReadOnlySpan<byte> item, TableLog table, RowSource row)
    {
        bool valid = !user.IsEmpty && !item.IsEmpty;
        if (!valid)
        {
            table.Reject(user.IsEmpty ? Reasons.EmptyUser : Reasons.EmptyItem, row);
        }

        return valid;
    }

    /// <summary>Counts the row as accepted, or as a duplicate.</summary>
    public static void Settle(bool isNew, TableLog table, RowSource row)
    {
        if (isNew)
        {
            table.Accept();
        }
        else
        {
            table.AddDuplicate(row);
        }
    }

    /// <summary>
    /// Checks a time against the first believable year and the clock; rejects the row where it is outside. In formats that are not of
    /// scrobbles, 0 and −1 stand for no time.
    /// </summary>
    public bool CheckTime(long time, TableLog table, RowSource row)
    {
        if (IsPlausible(time))
        {
            return true;
        }

        table.Reject(
            time > 0 && time >= _earliest ? Reasons.TimeInFuture
            : Format.TimesFrom == 1970 && time is 0 or -1 ? Reasons.NoTime : Reasons.BeforeYear(_earliestYear), row);
        return false;
    }

    /// <summary>True for a time from the first believable year up to a day from now.</summary>
    public bool IsPlausible(long time) => time > 0 && time >= _earliest && time <= _latest;

    /// <summary>Says so where the times look as if they counted from a start of their own: in 1980 nobody counted plays.</summary>
    public void NoteEarliest(Dataset dataset, string remedy)
    {
        long least = long.MaxValue;
        foreach (long time in dataset.Time.Span)
        {
            least = time < 0 ? least : Math.Min(least, time);
        }

        if (least < 315532800)
        {
            Note($"the earliest time is {DateTimeOffset.FromUnixTimeSeconds(least):yyyy-MM-dd}; {remedy}");
        }
    }

    private IEnumerable<string> Notes()
    {
        foreach (TableLog table in _tables)
        {
            foreach (RejectReason early in table.RejectedReasons().Where(r => Reasons.IsBeforeYear(r.Reason)))
            {
                string keep = _earliestYear > 1970 ? "--times-from 1970 keeps those from 1970 on"
                    : "where times count from an unknown start, add time_format=relative to --map";
                yield return $"{Plural.Of(early.Count, "row")} of {table.Name} {(early.Count == 1 ? "has a time" : "have times")} before {_earliestYear} and "
                    + $"{(early.Count == 1 ? "is" : "are")} left out; {keep}";
            }

            if (_earliestYear > 1970 && table.RepairedReasons().FirstOrDefault(r => r.Reason == Reasons.TagTimeUnknown) is { } unknown)
            {
                yield return $"{Plural.Of(unknown.Count, "row")} of {table.Name} with a time before {_earliestYear} or in the future kept without it; "
                    + "--times-from 1970 keeps those from 1970 on";
            }

            if (table.RejectedReasons().FirstOrDefault(r => r.Reason == Reasons.DecimalComma) is { } comma)
            {
                yield return $"{Plural.Of(comma.Count, "row")} of {table.Name} left out: a number with a comma; write it with a point";
            }
        }

        foreach (string note in _notes)
        {
            yield return note;
        }

        foreach ((string name, int files) in _listenerFiles.Where(f => f.Value > 1 && Options.Listeners.Count == 0).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            yield return $"{files} files count as one listener, '{Text.Printable(name)}'; if they are of several people, give --user NAME once for each path";
        }
    }

    /// <summary>Reads a weight; rejects the row where it is not a positive number within the limit.</summary>
    public bool TryWeight(ReadOnlySpan<byte> text, TableLog table, RowSource row, out float weight)
    {
        weight = 0;
        string? reason = !NumberText.TryDouble(text, out double value) ? (NumberText.HasDecimalComma(text) ? Reasons.DecimalComma : Reasons.BadWeight)
            : !((float)value > 0) ? Reasons.WeightNotPositive
            : value > Limits.MaxWeight ? Reasons.WeightTooLarge : null;
        if (reason is not null)
        {
            table.Reject(reason, row);
            return false;
        }

        weight = (float)value;
        return true;
    }

    public ImportReport Report() => new()
    {
        Format = Format.Name,
        Level = Level,
        Files = [.. _read],
        Ignored = [.. Inputs.Where(f => !f.IsUsed).Select(f => f.Name), .. _skipped],
        Tables = [.. _tables.Select(t => t.ToCount())],
        Rejected = [.. _tables.SelectMany(t => t.RejectedReasons())],
        Duplicates = [.. _tables.SelectMany(t => t.DuplicateReasons())],
        Repaired = [.. _tables.SelectMany(t => t.RepairedReasons())],
        Notes = [.. Notes()],
        Details = Details,
    };

    private void OnBytes(InputFile file, int count)
    {
        _bytes += count;
        Options.Cancellation.ThrowIfCancellationRequested();
        if (_bytes - _reported >= ProgressEvery)
        {
            _reported = _bytes;
            Options.Progress?.Report(new ImportProgress(file.Name, _bytes, _bytesTotal, _tables.Sum(t => t.Rows)));
        }
    }
}
