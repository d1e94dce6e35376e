using Segue.Core;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>Any delimited file whose columns the user names.</summary>
internal static class Csv
{
    public static FormatDescription Format { get; } = new(
        "csv",
        "any delimited file; --map [user=COL,]item=COL[,time=COL][,weight=COL][,artist=COL][,title=COL][,album=COL] says what is what",
        ["track", "artist", "album"],
        [new(
            "any text file",
            "columns by header name or by number from 0; delimiter , ; tab | :: and header are found, or given: delimiter=tab, "
                + "header=no, quotes=no, "
            + "ordered=yes, time_format=auto|unix|unix_ms|iso|relative; without user all rows are one listener's")])
    {
        NeedsMap = true,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        ColumnMap map = run.Options.Map!;
        CheckLevel(run, map);
        run.Builder.IsOrdered = map.Ordered;
        var tracks = new Utf8Interner();
        foreach (CsvLayout layout in CsvLayout.Choose(run, map))
        {
            ReadFile(run, map, layout, fold: 0, tracks);
        }

        int side = 0;
        foreach ((string? path, byte fold) in new[] { (run.Options.Test, (byte)2), (run.Options.Validation, (byte)1) })
        {
            if (run.Side(path, side) is { } file)
            {
                ReadFile(run, map, CsvLayout.Of(run, file, map), fold, tracks);
                side++;
            }
        }

        if (run.Side(run.Options.Join, side) is { } names)
        {
            CsvSides.Join(run, names, run.Options.JoinMap!);
            side++;
        }

        if (run.Side(run.Options.Friends, side) is { } friends)
        {
            CsvSides.ReadFriends(run, friends);
        }

        Dataset dataset = run.Builder.Build();
        if (map.TimeFormat != TimeFormat.Relative)
        {
            run.NoteEarliest(dataset, "where times count from an unknown start, add time_format=relative to --map");
        }

        return dataset;
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

    private static byte[] Listener(ImportRun run, InputFile file)
    {
        string name = run.Listener(file) ?? ImportRun.NameOf(file.Name, "me");
        run.CountListener(name);
        if (run.Options.Listeners.Count == 0)
        {
            run.Note($"the map has no user column: all rows of '{Text.Printable(file.Name)}' are of one listener, '{Text.Printable(name)}'; "
                + "--user NAME gives another name");
        }

        return System.Text.Encoding.UTF8.GetBytes(name);
    }

    private static void ReadFile(ImportRun run, ColumnMap map, CsvLayout layout, byte fold, Utf8Interner tracks)
    {
        using RowReader reader = layout.Open(run, map);
        int Column(string role) => layout.Index.GetValueOrDefault(role, -1);
        int user = Column("user"), item = Column("item"), time = Column("time"), weight = Column("weight");
        int artist = Column("artist"), title = Column("title"), album = Column("album");
        byte[] listener = user >= 0 ? [] : Listener(run, layout.File);
        int needed = layout.Index.Values.Max() + 1;
        TableLog table = run.Interactions;
        reader.ShowNames(layout.First.Length, item, artist, title);
        var id = new ItemId();
        bool header = layout.HasHeader;
        for (int comment = 0; comment < layout.Comments && reader.Read(); comment++)
        {
            run.Details["comment_lines"] = run.Details.GetValueOrDefault("comment_lines") + 1;
        }

        while (ImportRun.Next(reader, table))
        {
            if (header)
            {
                header = false;
                table.Rows--;
                run.Details["header_lines"] = run.Details.GetValueOrDefault("header_lines") + 1;
                continue;
            }

            // A delimiter at the end of every line gives the header or the rows one empty field more.
            bool isWide = reader.Count > layout.First.Length && !(reader.Count == layout.First.Length + 1 && reader[reader.Count - 1].IsEmpty);
            bool isNarrow = reader.Count < layout.First.Length && !(reader.Count == layout.First.Length - 1 && layout.EndsEmpty);
            if (reader.Count < needed || (layout.HasHeader && (isWide || isNarrow)))
            {
                table.Reject(reader.Count >= needed && isWide ? Reasons.ExtraColumn : Reasons.MissingColumn, reader);
                continue;
            }

            if (layout.HasHeader && layout.IsHeader(reader))
            {
                table.Reject(Reasons.RepeatedHeader, reader);
                continue;
            }

            ReadOnlySpan<byte> artistName = Nfc.Of(reader[artist]), titleText = Nfc.Of(reader[title]), albumName = Nfc.Of(reader[album]);
            ReadOnlySpan<byte> itemId = run.Level switch
            {
                "artist" when artist >= 0 => artistName,
                "album" when album >= 0 && artist >= 0 => artistName.IsEmpty || albumName.IsEmpty ? [] : id.Compose(artistName, albumName),
                "album" when album >= 0 => albumName,
                _ when item >= 0 => reader[item],
                _ => artistName.IsEmpty || titleText.IsEmpty ? [] : id.Compose(artistName, titleText),
            };
            ReadOnlySpan<byte> userId = user >= 0 ? reader[user] : listener;
            if (userId.IsEmpty || itemId.IsEmpty)
            {
                table.Reject(userId.IsEmpty ? Reasons.EmptyUser : Reasons.EmptyItem, reader);
                continue;
            }

            long when = -1;
            if (time >= 0 && !TryTime(run, map.TimeFormat, reader[time], table, reader, out when))
            {
                continue;
            }

            float amount = 1;
            if (weight >= 0 && !run.TryWeight(Text.Trim(reader[weight]), table, reader, out amount))
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
            int userIndex = run.Builder.User(userId);
            if (time < 0)
            {
                run.Builder.Interaction(userIndex, itemIndex, weight: amount, fold: fold);
                table.Accept();
                continue;
            }

            // Two tracks of one artist at one moment are not the same row; a row in train and in test stays in both.
            int detail = run.Level == "track" || (item < 0 && title < 0) ? 0 : tracks.Add(item >= 0 ? reader[item] : titleText) + 1;
            if (run.Builder.TryInteraction(userIndex, itemIndex, when, amount, fold, (detail * 3) + fold))
            {
                table.Accept();
            }
            else
            {
                table.AddDuplicate(reader);
            }
        }
    }

    private static bool TryTime(ImportRun run, TimeFormat format, ReadOnlySpan<byte> text, TableLog table, RowReader row, out long time)
    {
        text = Text.Trim(text);
        if (!TryTime(text, format, out time))
        {
            table.Reject(text.IsEmpty ? Reasons.NoTime : Reasons.BadTime, row);
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

    /// <summary>Reads a time that has no white space around it.</summary>
    internal static bool TryTime(ReadOnlySpan<byte> text, TimeFormat format, out long time) => format switch
    {
        TimeFormat.Unix or TimeFormat.Relative => TimeText.TrySeconds(text, out time),
        TimeFormat.UnixMs => TimeText.TryMilliseconds(text, out time),
        TimeFormat.Iso => TimeText.TryIso(text, out time),
        _ => TimeText.TryDigits(text, out time) || TimeText.TryUnix(text, out time) || TimeText.TryIso(text, out time)
            || TimeText.TryDayMonthYear(text, out time),
    };
}
