using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>This Is My Jam archive: one song a user called the best of the week, and who liked it; tab-separated, no header, some
/// names doubly encoded.</summary>
internal static class ThisIsMyJam
{
    private const int Jam = 0, User = 1, Artist = 2, Title = 3, Date = 4, Uri = 6, Columns = 7;

    public static FormatDescription Format { get; } = new(
        "thisismyjam",
        "This Is My Jam archive: songs that users posted, by day, and songs they liked",
        ["track", "artist"],
        [
            new("jams.tsv", "jam-id user-id artist title date url spotify-uri; no header, no quoting, the URI may be empty"),
            new("likes.tsv (optional)", "user-id jam-id, in either order; no header"),
        ])
    {
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        var jams = new List<(int User, int Key, int Uri, long Day)>();
        var users = new Utf8Interner();
        var tracks = new TrackKeys();
        var seen = new HashSet<(int User, int Key, long Day)>();
        var posted = new Posted();
        InputFile? likesFile = run.FindOne("likes", n => n.StartsWith("likes", StringComparison.Ordinal));
        foreach (InputFile file in run.FindAll("jams.tsv", n => n.StartsWith("jams", StringComparison.Ordinal), n => n.StartsWith("likes", StringComparison.Ordinal)))
        {
            ReadJams(run, file, jams, users, tracks, seen, posted);
        }

        if (likesFile is not null)
        {
            ReadLikes(run, likesFile, jams, users, posted);
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
        HashSet<(int User, int Key, long Day)> seen,
        Posted posted)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        TableLog table = run.Interactions;
        reader.ShowNames(Columns, Artist, Title);
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
            int uri = tracks.AddUri(key, reader[Uri]);
            posted.Add(reader[Jam], key, uri);
            if (isNew)
            {
                jams.Add((user, key, uri, day));
                if (repaired)
                {
                    table.Repair(Reasons.DoublyEncoded, reader);
                }
            }

            ImportRun.Settle(isNew, table, reader);
        }
    }

    // The archive does not say when a song was liked, so the time of a like is unknown.
    private static void ReadLikes(ImportRun run, InputFile file, List<(int User, int Key, int Uri, long Day)> jams, Utf8Interner users, Posted posted)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        TableLog table = run.Table("likes");
        var seen = new HashSet<(int User, int Jam)>();
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, 2, table) || !ImportRun.HasIds(reader[0], reader[1], table, reader))
            {
                continue;
            }

            // Both are hashes of the same look, but only one of them is the id of a jam.
            int second = posted.Find(reader[1]), jam = second >= 0 ? second : posted.Find(reader[0]);
            if (jam < 0)
            {
                table.Reject(Reasons.UnknownItem, reader);
                continue;
            }

            int user = users.Add(reader[second >= 0 ? 0 : 1]);
            bool isNew = seen.Add((user, jam));
            if (isNew)
            {
                (int key, int uri) = posted[jam];
                jams.Add((user, key, uri, -1));
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

    /// <summary>Which song a jam was, by its id; the first row of an id counts.</summary>
    private sealed class Posted
    {
        private readonly Utf8Interner _ids = new();
        private readonly List<(int Key, int Uri)> _songs = [];

        public (int Key, int Uri) this[int jam] => _songs[jam];

        public void Add(ReadOnlySpan<byte> id, int key, int uri)
        {
            if (!id.IsEmpty && _ids.Add(id) == _songs.Count)
            {
                _songs.Add((key, uri));
            }
        }

        public int Find(ReadOnlySpan<byte> id) => _ids.Find(id);
    }
}
