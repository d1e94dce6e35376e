using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>Last.fm-360K (Celma 2010): play counts of artists, tab-separated, with malformed rows in the original file.</summary>
internal static class Lastfm360k
{
    private const int User = 0, Mbid = 1, Artist = 2, Plays = 3, Columns = 4;

    public static FormatDescription Format { get; } = new(
        "lastfm-360k",
        "Last.fm-360K: artist play counts of about 360,000 users, with profiles",
        ["artist"],
        [
            new("usersha1-artmbid-artname-plays.tsv", "user-sha1 artist-mbid artist plays; no header, no quoting, MBIDs may be empty"),
            new("usersha1-profile.tsv (optional)", "user-sha1 gender age country signup"),
        ])
    {
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        InputFile? profile = run.FindOne("usersha1-profile.tsv", n => n.StartsWith("usersha1-profile", StringComparison.Ordinal));
        foreach (InputFile file in run.FindAll("usersha1-artmbid-artname-plays.tsv",
            n => n.StartsWith("usersha1-artmbid", StringComparison.Ordinal), n => n.StartsWith("usersha1-profile", StringComparison.Ordinal)))
        {
            ReadPlays(run, file);
        }

        if (profile is not null)
        {
            ProfileTable.Read(run, profile, ["gender", "age", "country", "signup"]);
        }

        return run.Builder.Build();
    }

    private static void ReadPlays(ImportRun run, InputFile file)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        TableLog table = run.Interactions;
        reader.ShowNames(Columns, Artist);
        while (ImportRun.Next(reader, table))
        {
            ReadOnlySpan<byte> artistId = reader[Mbid].IsEmpty ? reader[Artist] : reader[Mbid];
            if (!ImportRun.HasColumns(reader, Columns, table) || !ImportRun.HasIds(reader[User], artistId, table, reader))
            {
                continue;
            }

            if (!IsUser(reader[User]))
            {
                table.Reject(Reasons.BadUser, reader);
            }
            else if (run.TryWeight(reader[Plays], table, reader, out float plays))
            {
                int item = run.Builder.Item(artistId, reader[Artist], reader[Artist]);
                ImportRun.Settle(run.Builder.TryInteraction(run.Builder.User(reader[User]), item, weight: plays), table, reader);
            }
        }
    }

    // In the original some rows begin with a date where the hash of the user should be.
    private static bool IsUser(ReadOnlySpan<byte> user)
    {
        foreach (byte b in user)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'_' or (byte)'-'))
            {
                return false;
            }
        }

        return true;
    }
}
