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
    private readonly long _latest;
    private readonly long _bytesTotal;
    private long _bytes, _reported;

    public ImportRun(FormatDescription format, ImportOptions options, InputFiles inputs, string level)
    {
        Format = format;
        Options = options;
        Level = level;
        Inputs = inputs.Files;
        _skipped = inputs.Skipped;
        Builder = new DatasetBuilder(options.Name ?? format.Name, level);
        Interactions = Table(format.JoinsDataset ? "features" : ImportReport.Interactions);
        _latest = options.Clock.GetUtcNow().ToUnixTimeSeconds() + 3600;
        _bytesTotal = Inputs.Any(f => f.DeclaredLength < 0) ? -1 : Inputs.Sum(f => f.DeclaredLength);
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

    /// <summary>The files that <paramref name="match"/> says yes to; where there is none and the user named the files, all of
    /// them.</summary>
    /// <exception cref="ImportException">There is none.</exception>
    public IReadOnlyList<InputFile> FindAll(string expected, Func<string, bool> match)
    {
        InputFile[] found = [.. Inputs.Where(f => match(f.FileName.ToLowerInvariant()))];
        return found.Length > 0 ? found : Inputs.All(f => f.IsDirect) ? Inputs : throw WrongFiles(expected);
    }

    /// <summary>The error for files that are not of this format.</summary>
    public ImportException WrongFiles(string expected) => new(
        $"no {expected} among {Text.List(Inputs.Select(f => f.Name))}; is this really {Format.Name}? See: segue formats");

    public RowReader OpenRows(InputFile file, char delimiter, bool quotes = false, bool longLines = false, bool anyBytes = false)
    {
        var reader = new RowReader(
            file, Open(file), (byte)delimiter, quotes, longLines ? Limits.MaxRecordBytes : Limits.MaxLineBytes, anyBytes);
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

    /// <summary>Reads what was used of archives to its end, as only there is the checksum.</summary>
    /// <exception cref="ImportException">A file is damaged or cut off.</exception>
    public void ReadToEnd()
    {
        foreach (InputFile file in Inputs.Where(f => f.IsUsed && !f.IsChecked && f.Archive is not null))
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

    /// <summary>Checks a time against 2002 and the clock; rejects the row where it is outside.</summary>
    public bool CheckTime(long time, TableLog table, RowSource row)
    {
        if (IsPlausible(time))
        {
            return true;
        }

        table.Reject(time < TimeText.Earliest ? Reasons.TimeBefore2002 : Reasons.TimeInFuture, row);
        return false;
    }

    /// <summary>True for a time from 2002 up to an hour from now.</summary>
    public bool IsPlausible(long time) => time >= TimeText.Earliest && time <= _latest;

    /// <summary>Reads a weight; rejects the row where it is not a positive number within the limit.</summary>
    public bool TryWeight(ReadOnlySpan<byte> text, TableLog table, RowSource row, out float weight)
    {
        weight = 0;
        string? reason = !NumberText.TryDouble(text, out double value) ? Reasons.BadWeight
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
