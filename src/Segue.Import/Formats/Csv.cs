using Segue.Core;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>Any delimited file whose columns the user names.</summary>
internal static class Csv
{
    private const int LookRows = 20;

    public static FormatDescription Format { get; } = new(
        "csv",
        "any delimited file; --map user=COL,item=COL[,time=COL][,weight=COL][,artist=COL][,title=COL][,album=COL] says what is what",
        ["track", "artist", "album"],
        [new(
            "any text file",
            "columns by header name or by number from 0; delimiter , ; tab | and header are found, or given: delimiter=tab, "
                + "header=no, quotes=no, "
            + "ordered=yes, time_format=auto|unix|unix_ms|iso|relative")])
    {
        NeedsMap = true,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        ColumnMap map = run.Options.Map!;
        CheckLevel(run, map);
        run.Builder.IsOrdered = map.Ordered;
        foreach (Layout layout in Choose(run, map))
        {
            ReadFile(run, map, layout);
        }

        return run.Builder.Build();
    }

    private static void CheckLevel(ImportRun run, ColumnMap map)
    {
        bool enough = map.Item is not null || run.Level switch
        {
            "track" => map.Artist is not null && map.Title is not null,
            "album" => map.Artist is not null && map.Album is not null,
            _ => map.Artist is not null,
        };
        if (!enough)
        {
            throw new OptionException($"--map '{map}' names no column for items of level '{run.Level}'; add item=COL");
        }
    }

    private static List<Layout> Choose(ImportRun run, ColumnMap map)
    {
        if (run.Inputs.All(f => f.IsDirect))
        {
            return [.. run.Inputs.Select(f => Find(run, f, map) ?? throw Misfit(run, f, map))];
        }

        Layout[] found = [.. run.Inputs.Where(f => f.Fault is null).Select(f => Find(run, f, map)).OfType<Layout>()];
        return found.Length switch
        {
            1 => [found[0]],
            0 when run.Inputs.FirstOrDefault(f => f.Fault is not null) is { } file => throw file.Broken(file.Fault!),
            0 when run.Inputs.Count == 1 => throw Misfit(run, run.Inputs[0], map),
            0 => throw run.WrongFiles($"file with the columns {Text.List(map.Columns().Select(c => c.Column))}"),
            _ => throw new ImportException(
                $"{found.Length} files fit --map '{map}': {Text.List(found.Select(f => f.File.Name))}; name the one to import, for "
                    + $"example {Text.Printable(found[0].File.Name)}"),
        };
    }

    private static ImportException Misfit(ImportRun run, InputFile file, ColumnMap map)
    {
        List<string[]> rows = Look(run, file, map.Delimiter ?? ',', map);
        return rows.Count == 0
            ? file.Broken("has no rows at its start that can be read; name another file")
            : file.Broken($"does not have the columns of --map '{map}'; its first line is {Text.List(rows[0])}");
    }

    // Which delimiter and header make all mapped columns appear; null where none does.
    private static Layout? Find(ImportRun run, InputFile file, ColumnMap map)
    {
        (string Role, string Column)[] columns = [.. map.Columns()];
        bool named = columns.Any(c => ColumnMap.NumberOf(c.Column) < 0);
        if (named && map.Header == false)
        {
            throw new OptionException($"--map '{map}' names columns and says header=no; give the columns as numbers from 0");
        }

        Layout? best = null;
        (int Alike, int Width) bestFit = default;
        foreach (char delimiter in map.Delimiter is { } given ? [given] : new[] { ',', ';', '\t', '|', ' ' })
        {
            List<string[]> rows = Look(run, file, delimiter, map);
            if (rows.Count == 0 || (delimiter == ' ' && map.Delimiter is null && named))
            {
                continue;
            }

            var index = new Dictionary<string, int>();
            foreach ((string role, string column) in columns)
            {
                int number = ColumnMap.NumberOf(column);
                int at = number >= 0 ? number : run.HeaderIndex(file, rows[0], column, optional: true);
                if (at >= 0 && at < rows[0].Length)
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
                best = new Layout(file, delimiter, named || (map.Header ?? LooksLikeHeader(rows, index, map)), rows[0], index);
            }
        }

        return best;
    }

    private static bool LooksLikeHeader(List<string[]> rows, Dictionary<string, int> index, ColumnMap map)
    {
        ReadOnlySpan<byte> Utf8(string[] row, int column) => column < row.Length ? System.Text.Encoding.UTF8.GetBytes(row[column]) : [];
        if (index.TryGetValue("weight", out int weight))
        {
            return !NumberText.IsNumber(Utf8(rows[0], weight).Trim((byte)' '));
        }

        if (index.TryGetValue("time", out int time))
        {
            return !TryTime(Utf8(rows[0], time), map.TimeFormat, out _);
        }

        // A line of words above a column of nothing but numbers.
        return rows.Count > 1
            && !index.Values.Any(i => NumberText.IsNumber(Utf8(rows[0], i)))
            && index.Values.Any(i => rows.Skip(1).All(r => NumberText.IsNumber(Utf8(r, i))));
    }

    private static List<string[]> Look(ImportRun run, InputFile file, char delimiter, ColumnMap map)
    {
        var rows = new List<string[]>();
        using var reader = new RowReader(file, run.Peek(file), (byte)delimiter, HasQuotes(map, delimiter), run.Limits.MaxLineBytes);
        for (int seen = 0; seen < LookRows && reader.Read(); seen++)
        {
            if (reader.Fault is not null)
            {
                continue;
            }

            var row = new string[reader.Count];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = System.Text.Encoding.UTF8.GetString(reader[i]);
            }

            rows.Add(row);
        }

        return rows;
    }

    private static bool HasQuotes(ColumnMap map, char delimiter) => map.Quotes ?? delimiter is not ('\t' or ' ');

    private static void ReadFile(ImportRun run, ColumnMap map, Layout layout)
    {
        using RowReader reader = run.OpenRows(layout.File, layout.Delimiter, HasQuotes(map, layout.Delimiter));
        int Column(string role) => layout.Index.GetValueOrDefault(role, -1);
        int user = Column("user"), item = Column("item"), time = Column("time"), weight = Column("weight");
        int artist = Column("artist"), title = Column("title"), album = Column("album");
        int needed = layout.Index.Values.Max() + 1;
        TableLog table = run.Interactions;
        reader.ShowNames(layout.First.Length, item, artist, title);
        var id = new ItemId();
        var tracks = new Utf8Interner();
        bool header = layout.HasHeader;
        while (ImportRun.Next(reader, table))
        {
            if (header)
            {
                header = false;
                table.Rows--;
                run.Details["header_lines"] = run.Details.GetValueOrDefault("header_lines") + 1;
                continue;
            }

            if (reader.Count < needed || (layout.HasHeader && reader.Count != layout.First.Length))
            {
                table.Reject(reader.Count >= needed && reader.Count > layout.First.Length ? Reasons.ExtraColumn : Reasons.MissingColumn,
                    reader);
                continue;
            }

            if (layout.HasHeader && IsHeader(reader, layout))
            {
                table.Reject(Reasons.RepeatedHeader, reader);
                continue;
            }

            ReadOnlySpan<byte> artistName = reader[artist], titleText = reader[title], albumName = reader[album];
            ReadOnlySpan<byte> itemId = run.Level switch
            {
                "artist" when artist >= 0 => artistName,
                "album" when album >= 0 && artist >= 0 => artistName.IsEmpty || albumName.IsEmpty ? [] : id.Compose(artistName, albumName),
                "album" when album >= 0 => albumName,
                _ when item >= 0 => reader[item],
                _ => artistName.IsEmpty || titleText.IsEmpty ? [] : id.Compose(artistName, titleText),
            };
            if (reader[user].IsEmpty || itemId.IsEmpty)
            {
                table.Reject(reader[user].IsEmpty ? Reasons.EmptyUser : Reasons.EmptyItem, reader);
                continue;
            }

            long when = -1;
            if (time >= 0 && !TryTime(run, map.TimeFormat, reader[time], table, reader, out when))
            {
                continue;
            }

            float amount = 1;
            if (weight >= 0 && !run.TryWeight(reader[weight].Trim((byte)' '), table, reader, out amount))
            {
                continue;
            }

            ReadOnlySpan<byte> name = run.Level switch
            {
                "artist" when artist >= 0 => artistName,
                "album" when album >= 0 => albumName,
                _ => titleText,
            };
            int itemIndex = run.Builder.Item(itemId, name, artistName, run.Level == "track" ? albumName : []);
            int userIndex = run.Builder.User(reader[user]);
            if (time < 0)
            {
                run.Builder.Interaction(userIndex, itemIndex, weight: amount);
                table.Accept();
                continue;
            }

            // Two tracks of one artist at one moment are not the same row.
            int detail = run.Level == "track" || (item < 0 && title < 0) ? 0 : tracks.Add(item >= 0 ? reader[item] : titleText) + 1;
            if (run.Builder.TryInteraction(userIndex, itemIndex, when, amount, detail: detail))
            {
                table.Accept();
            }
            else
            {
                table.AddDuplicate(reader);
            }
        }
    }

    private static bool IsHeader(RowReader reader, Layout layout)
    {
        for (int i = 0; i < layout.First.Length; i++)
        {
            if (!System.Text.Ascii.Equals(reader[i], layout.First[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryTime(ImportRun run, TimeFormat format, ReadOnlySpan<byte> text, TableLog table, RowReader row, out long time)
    {
        if (!TryTime(text, format, out time))
        {
            table.Reject(text.Trim((byte)' ').IsEmpty ? Reasons.NoTime : Reasons.BadTime, row);
            return false;
        }

        if (format != TimeFormat.Relative)
        {
            return run.CheckTime(time, table, row);
        }

        if (time < 0)
        {
            table.Reject(Reasons.BadTime, row);
        }

        return time >= 0;
    }

    private static bool TryTime(ReadOnlySpan<byte> text, TimeFormat format, out long time)
    {
        text = text.Trim((byte)' ');
        return format switch
        {
            TimeFormat.Unix or TimeFormat.Relative => TimeText.TrySeconds(text, out time),
            TimeFormat.UnixMs => TimeText.TryMilliseconds(text, out time),
            TimeFormat.Iso => TimeText.TryIso(text, out time),
            _ => TimeText.TryUnix(text, out time) || TimeText.TryIso(text, out time),
        };
    }

    /// <summary>How one file is cut into columns.</summary>
    private sealed record Layout(InputFile File, char Delimiter, bool HasHeader, string[] First, IReadOnlyDictionary<string, int> Index);
}
