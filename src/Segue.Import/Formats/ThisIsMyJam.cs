using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>This Is My Jam archive: one song a user called the best of the week; tab-separated, no header, some names doubly
/// encoded.</summary>
internal static class ThisIsMyJam
{
    private const int User = 1, Artist = 2, Title = 3, Date = 4, Uri = 6, Columns = 7;

    public static FormatDescription Format { get; } = new(
        "thisismyjam",
        "This Is My Jam archive: songs that users posted, by day",
        ["track", "artist"],
        [new("jams.tsv", "jam-id user-id artist title date url spotify-uri; no header, no quoting, the URI may be empty")])
    {
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        var jams = new List<(int User, int Key, int Uri, long Day)>();
        var users = new Utf8Interner();
        var tracks = new TrackKeys();
        var seen = new HashSet<(int User, int Key, long Day)>();
        foreach (InputFile file in run.FindAll("jams.tsv", n => n.StartsWith("jams", StringComparison.Ordinal)))
        {
            ReadJams(run, file, jams, users, tracks, seen);
        }

        StringTable userIds = users.ToTable();
        foreach ((int user, int key, int uri, long day) in jams)
        {
            run.Builder.Interaction(run.Builder.User(userIds[user]), tracks.Item(run.Builder, run.Level, key, uri), day);
        }

        return run.Builder.Build();
    }

    private static void ReadJams(
        ImportRun run,
        InputFile file,
        List<(int User, int Key, int Uri, long Day)> jams,
        Utf8Interner users,
        TrackKeys tracks,
        HashSet<(int User, int Key, long Day)> seen)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        TableLog table = run.Interactions;
        byte[] artistBuffer = [], titleBuffer = [];
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, Columns, table))
            {
                continue;
            }

            if (!TimeText.TryIso(reader[Date], out long day))
            {
                table.Reject(reader[Date].IsEmpty ? Reasons.NoTime : Reasons.BadTime, reader);
                continue;
            }

            bool repaired = false;
            ReadOnlySpan<byte> artist = Repair(reader[Artist], ref artistBuffer, ref repaired);
            ReadOnlySpan<byte> title = Repair(reader[Title], ref titleBuffer, ref repaired);
            if (!ImportRun.HasIds(reader[User], artist.IsEmpty || title.IsEmpty ? [] : title, table, reader)
                || !run.CheckTime(day, table, reader))
            {
                continue;
            }

            int user = users.Add(reader[User]);
            int key = tracks.Add(artist, title, []);
            bool isNew = seen.Add((user, key, day));
            if (isNew)
            {
                jams.Add((user, key, tracks.AddUri(key, reader[Uri]), day));
                if (repaired)
                {
                    table.Repair(Reasons.DoublyEncoded, reader);
                }
            }

            ImportRun.Settle(isNew, table, reader);
        }
    }

    private static ReadOnlySpan<byte> Repair(ReadOnlySpan<byte> text, ref byte[] buffer, ref bool repaired)
    {
        if (buffer.Length < text.Length)
        {
            buffer = new byte[Math.Max(256, text.Length)];
        }

        int length = Text.RepairDoubleEncoding(text, buffer);
        repaired |= length >= 0;
        return length < 0 ? text : buffer.AsSpan(0, length);
    }
}
