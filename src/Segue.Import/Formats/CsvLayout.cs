using System.Text;
using Segue.Core;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>How one delimited file is cut into the columns of a map.</summary>
/// <param name="File">The file.</param>
/// <param name="Delimiter">Between fields.</param>
/// <param name="HasHeader">The first line after the comments is one.</param>
/// <param name="Comments">Lines before it.</param>
/// <param name="First">The first line after the comments.</param>
/// <param name="Index">Position by role.</param>
internal sealed record CsvLayout(
    InputFile File, string Delimiter, bool HasHeader, int Comments, string[] First, IReadOnlyDictionary<string, int> Index)
{
    private const int LookRows = 20, LookComments = 1000;

    private static readonly string[] Delimiters = [",", ";", "\t", "|", "::", " "];

    /// <summary>True where the first line ends with a delimiter.</summary>
    public bool EndsEmpty { get; } = First.Length > 0 && First[^1].Length == 0;

    public RowReader Open(ImportRun run, ColumnMap map) => run.OpenRows(
        File, Delimiter[0], HasQuotes(map, Delimiter), separator: Encoding.UTF8.GetBytes(Delimiter), loose: true);

    /// <summary>The files to read: all the user named, and of folders and archives the one that fits.</summary>
    /// <exception cref="ImportException">A named file does not fit, or none, or several of a folder do.</exception>
    public static List<CsvLayout> Choose(ImportRun run, ColumnMap map)
    {
        List<CsvLayout> direct = [.. run.Inputs.Where(f => f.IsDirect).Select(f => Of(run, f, map))];
        CsvLayout[] found = [.. run.Inputs.Where(f => !f.IsDirect && f.Fault is null).Select(f => Find(run, f, map)).OfType<CsvLayout>()];
        return found.Length switch
        {
            0 when direct.Count > 0 => direct,
            1 => [.. direct, found[0]],
            0 when run.Inputs.FirstOrDefault(f => f.Fault is not null) is { } file => throw file.Broken(file.Fault!),
            0 when run.Inputs.Count == 1 => throw Misfit(run, run.Inputs[0], map),
            0 => throw run.WrongFiles($"file with the columns {Text.List(map.Columns().Select(c => c.Column))}"),
            _ => throw new ImportException(
                $"{found.Length} files fit --map '{map}': {Text.List(found.Select(f => f.File.Name))}; name the one to import, for "
                    + $"example {Text.Printable(found[0].File.Name)}"),
        };
    }

    /// <summary>How a file that must be read is cut.</summary>
    /// <exception cref="ImportException">It does not have the columns.</exception>
    public static CsvLayout Of(ImportRun run, InputFile file, ColumnMap map) => Find(run, file, map) ?? throw Misfit(run, file, map);

    /// <summary>True where a row is the header once more.</summary>
    public bool IsHeader(RowReader reader)
    {
        for (int i = 0; i < First.Length; i++)
        {
            if (!Ascii.Equals(reader[i], First[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static ImportException Misfit(ImportRun run, InputFile file, ColumnMap map)
    {
        if (run.IsJson(file) && run.IsOneJson(file))
        {
            return file.Broken("is JSON, and csv reads delimited lines; segue formats lists the kinds of JSON that are read");
        }

        (List<string[]> rows, _) = Look(run, file, map.Delimiter ?? ",", map);
        return rows.Count == 0
            ? file.Broken(run.HasNul(file) ? "holds NUL bytes, as UTF-16 without a mark does; save it as UTF-8, for example with: iconv -f utf-16le -t utf-8"
                : "has no rows at its start that can be read; name another file")
            : file.Broken($"does not have the columns of --map '{map}'; its first line is {Text.List(rows[0])}");
    }

    // Which delimiter and header make all mapped columns appear; null where none does.
    private static CsvLayout? Find(ImportRun run, InputFile file, ColumnMap map)
    {
        (string Role, string Column)[] columns = [.. map.Columns()];
        bool named = columns.Any(c => ColumnMap.NumberOf(c.Column) < 0);
        if (named && map.Header == false)
        {
            throw new OptionException($"--map '{map}' names columns and says header=no; give the columns as numbers from 0");
        }

        CsvLayout? best = null;
        (int Alike, int Width) bestFit = default;
        foreach (string delimiter in map.Delimiter is { } given ? [given] : Delimiters)
        {
            (List<string[]> rows, int[] place) = Look(run, file, delimiter, map);
            if (rows.Count == 0 || (delimiter == " " && map.Delimiter is null && named))
            {
                continue;
            }

            int comments = CountComments(run, file, rows, columns, named);
            rows.RemoveRange(0, comments);
            if (rows.Count == 0)
            {
                continue;
            }

            string[] header = HeaderOf(rows[0]);
            var index = new Dictionary<string, int>();
            foreach ((string role, string column) in columns)
            {
                int number = ColumnMap.NumberOf(column);
                int at = number >= 0 ? number : run.HeaderIndex(file, header, column, optional: true);
                if (at >= 0 && at < header.Length)
                {
                    index[role] = at;
                }
            }

            // The right delimiter cuts every line into the same number of fields; between several, the one with most fields.
            int alike = rows.Count(r => r.Length == rows[0].Length);
            (int Alike, int Width) fit = (alike, rows[0].Length);
            if (index.Count == columns.Length && fit.CompareTo(bestFit) > 0)
            {
                bestFit = fit;
                best = new CsvLayout(file, delimiter, named || (map.Header ?? LooksLikeHeader(rows, index, map)), comments > 0 ? place[comments] : 0, rows[0], index);
            }
        }

        return best;
    }

    // The names in a header line; one that begins with # is often a comment to others.
    private static string[] HeaderOf(string[] row) => [.. row.Select((name, i) => i == 0 ? name.Trim().TrimStart('#').Trim() : name.Trim())];

    // How many of the first rows are comments: they begin with # (or are Excel's sep=) and do not have the columns.
    private static int CountComments(ImportRun run, InputFile file, List<string[]> rows, (string Role, string Column)[] columns, bool named)
    {
        int comments = 0;
        while (comments < rows.Count && IsComment(rows[comments]))
        {
            comments++;
        }

        if (comments == 0 || comments == rows.Count)
        {
            return 0;
        }

        // The last of them may be the header, or a row that begins with # itself.
        string[] last = rows[comments - 1];
        bool isRow = named
            ? columns.All(c => ColumnMap.NumberOf(c.Column) >= 0 || run.HeaderIndex(file, HeaderOf(last), c.Column, optional: true) >= 0)
            : last.Length == rows[comments].Length && last.Length > 1;
        int rowsBefore = comments - 1;
        while (isRow && !named && rowsBefore > 0 && rows[rowsBefore - 1].Length == last.Length)
        {
            rowsBefore--;
        }

        return isRow ? rowsBefore : comments;

        static bool IsComment(string[] row) => row[0].StartsWith('#') || row[0].StartsWith("sep=", StringComparison.OrdinalIgnoreCase);
    }

    private static bool LooksLikeHeader(List<string[]> rows, Dictionary<string, int> index, ColumnMap map)
    {
        byte[] Utf8(string[] row, int column) => column < row.Length ? Encoding.UTF8.GetBytes(row[column].Trim()) : [];

        // A column of a header has a name: an empty field is a value that is missing.
        if (index.TryGetValue("weight", out int weight) && Utf8(rows[0], weight) is { Length: > 0 } amount)
        {
            return !NumberText.IsNumber(amount) && !NumberText.HasDecimalComma(amount);
        }

        if (index.TryGetValue("time", out int time))
        {
            return Utf8(rows[0], time) is { Length: > 0 } when && !Csv.TryTime(when, map.TimeFormat, out _)
                && !(rows.Count > 1 && rows.Skip(1).All(r => !Csv.TryTime(Utf8(r, time), map.TimeFormat, out _)));
        }

        // A line of words above a column of nothing but numbers.
        return rows.Count > 1
            && !index.Values.Any(i => NumberText.IsNumber(Utf8(rows[0], i)))
            && index.Values.Any(i => rows.Skip(1).All(r => NumberText.IsNumber(Utf8(r, i))));
    }

    // The first rows that can be read, and before how many reads each comes.
    private static (List<string[]> Rows, int[] Place) Look(ImportRun run, InputFile file, string delimiter, ColumnMap map)
    {
        var rows = new List<string[]>();
        var place = new List<int>();
        using var reader = new RowReader(file, run.Peek(file), 0, HasQuotes(map, delimiter), run.Limits.MaxLineBytes,
            separator: Encoding.UTF8.GetBytes(delimiter), loose: true);
        int comments = 0;
        for (int seen = 0; seen - comments < LookRows && reader.Read(); seen++)
        {
            if (reader.Fault is not null)
            {
                continue;
            }

            var row = new string[reader.Count];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = Encoding.UTF8.GetString(reader[i]);
            }

            comments += comments == rows.Count && comments < LookComments && row[0].StartsWith('#') ? 1 : 0;
            rows.Add(row);
            place.Add(seen);
        }

        return (rows, [.. place]);
    }

    private static bool HasQuotes(ColumnMap map, string delimiter) => map.Quotes ?? delimiter is not ("\t" or " " or "::");
}
