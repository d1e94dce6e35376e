using System.Text;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>Last.fm-1K (Celma 2010): every listen of about 1,000 users, tab-separated, no quoting.</summary>
internal static class Lastfm1k
{
    private const int User = 0, Time = 1, ArtistMbid = 2, Artist = 3, TrackMbid = 4, Title = 5, Columns = 6;

    public static FormatDescription Format { get; } = new(
        "lastfm-1k",
        "Last.fm-1K: every listen of about 1,000 users, with profiles",
        ["track", "artist"],
        [
            new("userid-timestamp-artid-artname-traid-traname.tsv",
                "userid timestamp(ISO 8601) artist-mbid artist track-mbid track; no quoting, MBIDs may be empty"),
            new("userid-profile.tsv (optional)", "userid gender age country registered"),
        ])
    {
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        InputFile? profile = run.FindOne("userid-profile.tsv", n => n.StartsWith("userid-profile", StringComparison.Ordinal));
        foreach (InputFile file in run.FindAll("userid-timestamp-artid-artname-traid-traname.tsv",
            n => n.StartsWith("userid-timestamp", StringComparison.Ordinal), n => n.StartsWith("userid-profile", StringComparison.Ordinal)))
        {
            ReadListens(run, file);
        }

        if (profile is not null)
        {
            ProfileTable.Read(run, profile, ["gender", "age", "country", "registered"]);
        }

        return run.Builder.Build();
    }

    private static void ReadListens(ImportRun run, InputFile file)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        TableLog table = run.Interactions;
        reader.ShowNames(Columns, Artist, Title);
        DatasetBuilder builder = run.Builder;
        bool byArtist = run.Level == "artist";
        var id = new ItemId();
        var tracks = new Utf8Interner();
        byte[] lastUser = [];
        int user = -1;
        while (ImportRun.Next(reader, table))
        {
            if (reader.Line == 1 && IsHeader(reader))
            {
                table.Rows--;
                continue;
            }

            if (!ImportRun.HasColumns(reader, Columns, table))
            {
                continue;
            }

            if (!TimeText.TryIso(reader[Time], out long time))
            {
                table.Reject(reader[Time].IsEmpty ? Reasons.NoTime : Reasons.BadTime, reader);
                continue;
            }

            ReadOnlySpan<byte> artist = reader[Artist];
            ReadOnlySpan<byte> trackId = !reader[TrackMbid].IsEmpty ? reader[TrackMbid]
                : artist.IsEmpty || reader[Title].IsEmpty ? [] : id.Compose(artist, reader[Title]);
            ReadOnlySpan<byte> artistId = reader[ArtistMbid].IsEmpty ? artist : reader[ArtistMbid];
            if (!ImportRun.HasIds(reader[User], byArtist ? artistId : trackId, table, reader) || !run.CheckTime(time, table, reader))
            {
                continue;
            }

            // A user's listens stand together.
            if (user < 0 || !reader[User].SequenceEqual(lastUser))
            {
                lastUser = reader[User].ToArray();
                user = builder.User(lastUser);
            }

            int detail = byArtist ? tracks.Add(trackId) + 1 : 0;
            int item = byArtist ? builder.Item(artistId, artist, artist) : builder.Item(trackId, reader[Title], artist);
            ImportRun.Settle(builder.TryInteraction(user, item, time, detail: detail), table, reader);
        }
    }

    // Copies with a header line go round; in it no time stands where a time should be.
    private static bool IsHeader(RowReader reader) =>
        reader.Count == Columns && reader[Time].IndexOfAnyInRange((byte)'0', (byte)'9') < 0 && reader[Time].Length > 0
        && Encoding.UTF8.GetString(reader[Time]).Contains("time", StringComparison.OrdinalIgnoreCase);
}

/// <summary>Profiles of users: a user id and one column each, tab-separated.</summary>
internal static class ProfileTable
{
    public static void Read(ImportRun run, InputFile file, string[] columns)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        TableLog table = run.Table("profile");
        var seen = new HashSet<int>();
        while (ImportRun.Next(reader, table))
        {
            if (reader.Line == 1 && IsHeader(reader))
            {
                table.Rows--;
                continue;
            }

            if (!ImportRun.HasColumns(reader, columns.Length + 1, table))
            {
                continue;
            }

            int user = run.Builder.FindUser(reader[0]);
            if (user < 0)
            {
                table.Reject(Reasons.UnknownUser, reader);
                continue;
            }

            bool isNew = seen.Add(user);
            for (int column = 0; column < columns.Length && isNew; column++)
            {
                run.Builder.Profile(user, columns[column], Encoding.UTF8.GetString(reader[column + 1]));
            }

            ImportRun.Settle(isNew, table, reader);
        }
    }

    private static bool IsHeader(RowReader reader) =>
        reader[0].StartsWith("#"u8) || reader[0].SequenceEqual("id"u8) || reader[0].StartsWith("user"u8)
            && reader[1].SequenceEqual("gender"u8);
}
