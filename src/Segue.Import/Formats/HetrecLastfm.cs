using System.Text;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>HetRec 2011 Last.fm 2K: play counts of artists, tags and friendships; tab-separated files with headers.</summary>
internal static class HetrecLastfm
{
    public static FormatDescription Format { get; } = new(
        "hetrec-lastfm",
        "HetRec 2011 Last.fm 2K: artist play counts, tag assignments and friendships",
        ["artist"],
        [
            new("user_artists.dat", "userID artistID weight"),
            new("artists.dat (optional)", "id name url pictureURL"),
            new("tags.dat (optional, Latin-1)", "tagID tagValue"),
            new("user_taggedartists-timestamps.dat (optional)", "userID artistID tagID timestamp (ms)"),
            new("user_taggedartists.dat (optional, where there is no timestamps file)", "userID artistID tagID day month year"),
            new("user_friends.dat (optional)", "userID friendID"),
        ])
    {
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        InputFile main = run.FindOne("user_artists.dat", n => n == "user_artists.dat")
            ?? (run.Inputs.Count == 1 && run.Inputs[0].IsDirect ? run.Inputs[0] : throw run.WrongFiles("user_artists.dat"));
        ReadPlays(run, main);
        if (run.FindOne("artists.dat", n => n == "artists.dat") is { } artists)
        {
            ReadArtists(run, artists);
        }

        InputFile? stamped = run.FindOne("tag assignments with timestamps", n =>
            n.StartsWith("user_taggedartists-timestamps", StringComparison.Ordinal));
        InputFile? assignments = stamped ?? run.FindOne("user_taggedartists.dat", n => n == "user_taggedartists.dat");
        if (stamped is not null && run.FindOne("user_taggedartists.dat", n => n == "user_taggedartists.dat") is { } days)
        {
            days.IsSuperseded = true;
        }

        if (assignments is not null)
        {
            InputFile names = run.FindOne("tags.dat", n => n == "tags.dat")
                ?? throw assignments.Broken("needs tags.dat beside it; add it, or leave the tag assignments out");
            ReadTags(run, assignments, ReadTagNames(run, names), hasTimestamp: stamped is not null);
        }

        if (run.FindOne("user_friends.dat", n => n == "user_friends.dat") is { } friends)
        {
            ReadFriends(run, friends);
        }

        return run.Builder.Build();
    }

    private static void ReadPlays(ImportRun run, InputFile file)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        int[] column = run.ReadHeader(reader, "userID", "artistID", "weight");
        reader.ShowNames(3, column[1]);
        TableLog table = run.Interactions;
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, 3, table) || !ImportRun.HasIds(reader[column[0]], reader[column[1]], table, reader)
                || !run.TryWeight(reader[column[2]], table, reader, out float weight))
            {
                continue;
            }

            bool isNew = run.Builder.TryInteraction(run.Builder.User(reader[column[0]]), run.Builder.Item(reader[column[1]]),
                weight: weight);
            ImportRun.Settle(isNew, table, reader);
        }
    }

    private static void ReadArtists(ImportRun run, InputFile file)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        int[] column = run.ReadHeader(reader, "id", "name");
        reader.ShowNames(reader.Count, column[1]);
        TableLog table = run.Table("artists");
        var seen = new Utf8Interner();
        while (ImportRun.Next(reader, table))
        {
            int known = seen.Count;
            if (reader.Count < 2)
            {
                table.Reject(Reasons.MissingColumn, reader);
            }
            else if (reader[column[0]].IsEmpty || reader[column[1]].IsEmpty)
            {
                table.Reject(Reasons.EmptyItem, reader);
            }
            else if (run.Builder.FindItem(reader[column[0]]) < 0)
            {
                table.Reject(Reasons.UnknownItem, reader);
            }
            else if (seen.Add(reader[column[0]]) < known)
            {
                table.AddDuplicate(reader);
            }
            else
            {
                run.Builder.Item(reader[column[0]], reader[column[1]], reader[column[1]]);
                table.Accept();
            }
        }
    }

    // The original file is Latin-1; copies in UTF-8 go round. A file in which every line is UTF-8 is taken as UTF-8.
    private static Dictionary<string, string> ReadTagNames(ImportRun run, InputFile file)
    {
        bool isUtf8 = true;
        using (RowReader look = run.OpenRows(file, '\t', anyBytes: true))
        {
            while (look.Read() && isUtf8)
            {
                isUtf8 = System.Text.Unicode.Utf8.IsValid(look.Raw);
            }
        }

        using RowReader reader = run.OpenRows(file, '\t', anyBytes: true);
        int[] column = run.ReadHeader(reader, "tagID", "tagValue");
        TableLog table = run.Table("tag_names");
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        while (ImportRun.Next(reader, table))
        {
            string id = Encoding.Latin1.GetString(reader[column[0]]);
            if (reader.Count < 2)
            {
                table.Reject(Reasons.MissingColumn, reader);
            }
            else if (id.Length == 0 || reader[column[1]].IsEmpty)
            {
                table.Reject(Reasons.EmptyItem, reader);
            }
            else if (names.TryAdd(id, (isUtf8 ? Encoding.UTF8 : Encoding.Latin1).GetString(reader[column[1]])))
            {
                table.Accept();
            }
            else
            {
                table.AddDuplicate(reader);
            }
        }

        return names;
    }

    private static void ReadTags(ImportRun run, InputFile file, Dictionary<string, string> names, bool hasTimestamp)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        int[] column = hasTimestamp
            ? run.ReadHeader(reader, "userID", "artistID", "tagID", "timestamp")
            : run.ReadHeader(reader, "userID", "artistID", "tagID", "day", "month", "year");
        reader.ShowNames(column.Length, column[1]);
        TableLog table = run.Table("tags");
        var seen = new HashSet<(int User, int Item, int Tag)>();
        var tagNumber = new Utf8Interner();
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, column.Length, table))
            {
                continue;
            }

            int user = run.Builder.FindUser(reader[column[0]]), item = run.Builder.FindItem(reader[column[1]]);
            long time;
            if (user < 0 || item < 0)
            {
                table.Reject(user < 0 ? Reasons.UnknownUser : Reasons.UnknownItem, reader);
            }
            else if (!names.TryGetValue(Encoding.UTF8.GetString(reader[column[2]]), out string? tag))
            {
                table.Reject(Reasons.UnknownTag, reader);
            }
            else if (!(hasTimestamp ? TimeText.TryMilliseconds(reader[column[3]], out time) : TryDay(reader, column, out time)))
            {
                table.Reject(Reasons.BadTime, reader);
            }
            else if (!seen.Add((user, item, tagNumber.Add(reader[column[2]]))))
            {
                table.AddDuplicate(reader);
            }
            else
            {
                // Last.fm opened in 2002, so an earlier time is a broken clock. The assignment itself is sound: it stays, its time unknown.
                if (!run.IsPlausible(time))
                {
                    table.Repair(Reasons.TagTimeUnknown, reader);
                    time = -1;
                }

                run.Builder.Tag(user, item, tag, time);
                table.Accept();
            }
        }
    }

    private static void ReadFriends(ImportRun run, InputFile file)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        int[] column = run.ReadHeader(reader, "userID", "friendID");
        TableLog table = run.Table("friends");
        var seen = new HashSet<(int From, int To)>();
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, 2, table))
            {
                continue;
            }

            int from = run.Builder.FindUser(reader[column[0]]), to = run.Builder.FindUser(reader[column[1]]);
            if (from < 0 || to < 0)
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
        }
    }

    private static bool TryDay(RowReader reader, int[] column, out long time)
    {
        time = 0;
        return NumberText.TryLong(reader[column[3]], out long day) && NumberText.TryLong(reader[column[4]], out long month)
            && NumberText.TryLong(reader[column[5]], out long year) && day is > 0 and < 32 && month is > 0 and < 13
            && year is > 0 and < 10000
            && TimeText.TryDate((int)year, (int)month, (int)day, out time);
    }
}
