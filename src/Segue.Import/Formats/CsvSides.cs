using Segue.Core;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>What stands beside the rows of a delimited file: names of items and friendships, each in a file of its own.</summary>
internal static class CsvSides
{
    private const int LookRows = 20;

    /// <summary>Gives the items of the rows title, artist and album by id.</summary>
    public static void Join(ImportRun run, InputFile file, ColumnMap map)
    {
        if (map.Item is null || (map.Title ?? map.Artist ?? map.Album) is null || (map.User ?? map.Time ?? map.Weight) is not null)
        {
            throw new OptionException($"the columns of item names are '{map}'; give item=COL and any of title=COL, artist=COL and album=COL");
        }

        CsvLayout layout = CsvLayout.Of(run, file, map);
        using RowReader reader = layout.Open(run, map);
        int Column(string role) => layout.Index.GetValueOrDefault(role, -1);
        int item = Column("item"), title = Column("title"), artist = Column("artist"), album = Column("album");
        TableLog table = run.Table("items");
        reader.ShowNames(layout.First.Length, artist, title < 0 ? item : title);
        var seen = new HashSet<int>();
        int skip = layout.Comments + (layout.HasHeader ? 1 : 0);
        for (int line = 0; line < skip && reader.Read(); line++)
        {
            // comments and header
        }

        while (ImportRun.Next(reader, table))
        {
            int known = reader.Count > item ? run.Builder.FindItem(reader[item]) : -1;
            if (reader.Count <= layout.Index.Values.Max())
            {
                table.Reject(Reasons.MissingColumn, reader);
            }
            else if (known < 0)
            {
                table.Reject(reader[item].IsEmpty ? Reasons.EmptyItem : Reasons.UnknownItem, reader);
            }
            else if (!seen.Add(known))
            {
                table.AddDuplicate(reader);
            }
            else
            {
                run.Builder.Item(reader[item], Nfc.Of(reader[title]), Nfc.Of(reader[artist]), run.Level == "album" ? [] : Nfc.Of(reader[album]));
                table.Accept();
            }
        }
    }

    /// <summary>Friendships: the first two columns are listener and friend; a first line that names nobody is a header.</summary>
    public static void ReadFriends(ImportRun run, InputFile file)
    {
        string delimiter = ",";
        int most = -1;
        foreach (string candidate in new[] { ",", ";", "\t", "|", "::", " " })
        {
            int pairs = Count(run, file, candidate);
            (delimiter, most) = pairs > most ? (candidate, pairs) : (delimiter, most);
        }

        using RowReader reader = run.OpenRows(file, delimiter[0], quotes: true, separator: System.Text.Encoding.UTF8.GetBytes(delimiter), loose: true);
        TableLog table = run.Table("friends");
        var seen = new HashSet<(int From, int To)>();
        bool isFirst = true;
        while (ImportRun.Next(reader, table))
        {
            int from = run.Builder.FindUser(reader[0]), to = run.Builder.FindUser(reader[1]);
            if (isFirst && from < 0 && to < 0)
            {
                table.Rows--;
            }
            else if (reader.Count < 2)
            {
                table.Reject(Reasons.MissingColumn, reader);
            }
            else if (from < 0 || to < 0)
            {
                table.Reject(Reasons.UnknownUser, reader);
            }
            else if (!seen.Add((from, to)))
            {
                table.AddDuplicate(reader);
            }
            else
            {
                run.Builder.Friend(from, to);
                table.Accept();
            }

            isFirst = false;
        }
    }

    private static int Count(ImportRun run, InputFile file, string delimiter)
    {
        using var reader = new RowReader(file, run.Peek(file), 0, true, run.Limits.MaxLineBytes,
            separator: System.Text.Encoding.UTF8.GetBytes(delimiter), loose: true);
        int pairs = 0;
        for (int rows = 0; rows < LookRows && reader.Read(); rows++)
        {
            pairs += reader.Count >= 2 && run.Builder.FindUser(reader[0]) >= 0 ? 1 : 0;
        }

        return pairs;
    }
}
