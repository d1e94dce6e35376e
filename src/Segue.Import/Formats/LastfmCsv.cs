using System.Text;
using System.Text.RegularExpressions;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>
/// A person's own Last.fm history as CSV: the export of ghan.nl (with header, Unix seconds) and that of benjaminbenben's lastfm-to-csv
/// (no header, day and minute). The user is named by the file.
/// </summary>
internal static partial class LastfmCsv
{
    // What plays during the export stands first and has no time, so one row is not enough to know the kind.
    private const int LookRows = 50;

    public static FormatDescription Format { get; } = new(
        "lastfm-csv",
        "your own Last.fm history as CSV, from ghan.nl or from lastfm-to-csv",
        ["track", "artist", "album"],
        [
            new("recenttracks-USER-TIME.csv",
                "header with uts, artist, track and, where there are, album, artist_mbid, album_mbid, track_mbid; by name, in any order"),
            new("USER.csv", "artist,album,title,\"06 Jan 2014 20:19\"; no header, UTC"),
        ])
    {
        IsOneListeners = true,
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        ImportException? misfit = null;
        bool any = false;
        foreach (InputFile file in run.FindAll("CSV file", n => n.EndsWith(".csv", StringComparison.Ordinal) || n.EndsWith(".csv.gz", StringComparison.Ordinal)))
        {
            int[]? column = FindColumns(run, file, out ImportException? other);
            if (other is not null)
            {
                // Another program's CSV beside the export: it is listed as ignored.
                misfit ??= file.IsDirect ? throw other : other;
                continue;
            }

            any = true;
            ReadFile(run, file, column);
        }

        return any ? run.Builder.Build() : throw misfit ?? run.WrongFiles("CSV file");
    }

    private static void ReadFile(ImportRun run, InputFile file, int[]? column)
    {
        using RowReader reader = run.OpenRows(file, ',', quotes: true, loose: true);
        TableLog table = run.Interactions;
        var id = new ItemId();
        var tracks = new Utf8Interner();
        string user = run.Listener(file) ?? UserOf(file.FileName);
        run.CountListener(user);
        bool header = column is not null;
        int width = 4;
        reader.ShowNames(width, column?[1] ?? 0, column?[2] ?? 2);
        while (ImportRun.Next(reader, table))
        {
            if (header)
            {
                header = false;
                width = reader.Count;
                reader.ShowNames(width, column![1], column[2]);
                table.Rows--;
                continue;
            }

            if (!ImportRun.HasColumns(reader, width, table))
            {
                continue;
            }

            ReadOnlySpan<byte> when = Text.Trim(column is null ? reader[3] : reader[column[0]]);
            if (!(column is null ? TimeText.TryDayMonthYear(when, out long time) : TimeText.TryUnix(when, out time)))
            {
                // What plays at the moment of the export stands in it without a time.
                table.Reject(when.IsEmpty ? Reasons.NowPlaying : Reasons.BadTime, reader);
                continue;
            }

            ReadOnlySpan<byte> artist = column is null ? reader[0] : reader[column[1]];
            ReadOnlySpan<byte> title = column is null ? reader[2] : reader[column[2]];
            ReadOnlySpan<byte> album = column is null ? reader[1] : reader[column[3]];
            Listen listen = column is null
                ? new Listen(artist, title, album, [], [], [])
                : new Listen(artist, title, album, reader[column[4]], reader[column[5]], reader[column[6]]);
            if (!run.CheckTime(time, table, reader))
            {
                continue;
            }

            ListenItems.Add(run, reader, table, id, tracks, Encoding.UTF8.GetBytes(user), listen, time);
        }
    }

    // Positions of uts, artist, track, album, track_mbid, artist_mbid, album_mbid (−1 missing); null for the kind without header.
    private static int[]? FindColumns(ImportRun run, InputFile file, out ImportException? misfit)
    {
        misfit = null;
        using var reader = new RowReader(file, run.Peek(file), (byte)',', true, run.Limits.MaxLineBytes, loose: true);
        string[]? header = null;
        for (int rows = 0; rows < LookRows && reader.Read();)
        {
            if (reader.Fault is not null)
            {
                continue;
            }

            rows++;
            header ??= Names(reader);
            if (reader.Count == 4 && TimeText.TryDayMonthYear(reader[3], out _) && !header.Contains("uts"))
            {
                return null;
            }
        }

        if (header is null)
        {
            misfit = run.IsJson(file) ? Json(file) : file.Broken("has no row that can be read; name another file");
            return null;
        }

        int At(string name, bool optional) => run.HeaderIndex(file, header, name, optional);
        try
        {
            return [At("uts", false), At("artist", false), At("track", false), At("album", true), At("track_mbid", true),
                At("artist_mbid", true), At("album_mbid", true)];
        }
        catch (ImportException e)
        {
            misfit = run.IsJson(file) && run.IsOneJson(file) ? Json(file) : e;
            return null;
        }
    }

    private static ImportException Json(InputFile file) => file.Broken("is JSON, and lastfm-csv reads CSV; export the history as CSV");

    private static string[] Names(RowReader reader)
    {
        var header = new string[reader.Count];
        for (int i = 0; i < header.Length; i++)
        {
            header[i] = Encoding.UTF8.GetString(reader[i]).Trim();
        }

        return header;
    }

    private static string UserOf(string fileName)
    {
        string stem = fileName.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? fileName[..^3] : fileName;
        stem = stem.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? stem[..^4] : stem;
        Match match = RecentTracks().Match(stem);
        return match.Success ? match.Groups[1].Value : stem.Length == 0 ? "me" : stem;
    }

    [GeneratedRegex(@"^recenttracks-(.+)-\d+$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex RecentTracks();
}
