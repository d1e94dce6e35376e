using System.Text;
using System.Text.RegularExpressions;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>A person's own ListenBrainz history: the export zip (one file a month) and the older export (one JSON array).</summary>
internal static partial class ListenBrainz
{
    private const int ListenedAt = 0, UserName = 1, Artist = 2, Title = 3, Release = 4, MappedRecording = 5, MappedRelease = 6,
        MappedArtists = 7,
        GivenRecording = 8, GivenRelease = 9, GivenArtists = 10;

    public static FormatDescription Format { get; } = new(
        "listenbrainz",
        "your own ListenBrainz history: the export zip, or the older JSON file",
        ["track", "artist", "album"],
        [
            new(
                "listenbrainz_USER_TIME.zip: listens/YYYY/M.jsonl, user.json",
                "{listened_at, track_metadata:{artist_name, track_name, release_name, additional_info:{recording_mbid, release_mbid, "
                    + "artist_mbids}, "
                + "mbid_mapping:{recording_mbid, release_mbid, artist_mbids}}} a line"),
            new("USER_lb-YYYY-MM-DD.json", "the same objects in one array"),
        ])
    {
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        string user = UserOf(run);
        foreach (InputFile file in ListenFiles(run))
        {
            if (IsArray(run, file))
            {
                using JsonRecordReader reader = run.OpenJson(file);
                ReadListens(run, reader, user);
            }
            else
            {
                using RowReader reader = run.OpenRows(file, '\0');
                ReadListens(run, reader, user);
            }
        }

        return run.Builder.Build();
    }

    private static IReadOnlyList<InputFile> ListenFiles(ImportRun run)
    {
        InputFile[] found = [.. run.Inputs.Where(f =>
            (f.FileName.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)
                && f.FileName is not ("feedback.jsonl" or "pinned_recording.jsonl"))
            || OldExport().IsMatch(f.FileName))];
        return found.Length > 0 ? found : run.Inputs.All(f => f.IsDirect) ? run.Inputs : throw run.WrongFiles("listens/YYYY/M.jsonl");
    }

    private static bool IsArray(ImportRun run, InputFile file)
    {
        using Stream stream = run.Peek(file);
        for (int b = stream.ReadByte(); b >= 0; b = stream.ReadByte())
        {
            if (b is not (' ' or '\t' or '\r' or '\n' or 0xEF or 0xBB or 0xBF))
            {
                return b == '[';
            }
        }

        return false;
    }

    private static void ReadListens(ImportRun run, RowSource reader, string user)
    {
        TableLog table = run.Interactions;
        var json = new JsonFields(
            "listened_at", "user_name", "track_metadata.artist_name", "track_metadata.track_name", "track_metadata.release_name",
            "track_metadata.mbid_mapping.recording_mbid", "track_metadata.mbid_mapping.release_mbid",
                "track_metadata.mbid_mapping.artist_mbids",
            "track_metadata.additional_info.recording_mbid", "track_metadata.additional_info.release_mbid",
                "track_metadata.additional_info.artist_mbids");
        reader.Namer = () => json.Names(Artist, Title);
        var id = new ItemId();
        var tracks = new Utf8Interner();
        byte[] fallback = Encoding.UTF8.GetBytes(user);
        while (ImportRun.Next(reader, table))
        {
            string? reason = !json.Parse(reader.Raw) ? Reasons.BadJson : json.HasNul ? Reasons.NulByte : null;
            long time = -1;
            if (reason is null && !TimeText.TrySeconds(json[ListenedAt], out time))
            {
                reason = json[ListenedAt].IsEmpty ? Reasons.NowPlaying : Reasons.BadTime;
            }

            if (reason is not null)
            {
                table.Reject(reason, reader);
                continue;
            }

            if (!run.CheckTime(time, table, reader))
            {
                continue;
            }

            var listen = new Listen(
                json[Artist], json[Title], json[Release],
                json[MappedRecording].IsEmpty ? json[GivenRecording] : json[MappedRecording],
                json[MappedArtists].IsEmpty ? json[GivenArtists] : json[MappedArtists],
                json[MappedRelease].IsEmpty ? json[GivenRelease] : json[MappedRelease]);
            ListenItems.Add(run, reader, table, id, tracks, json[UserName].IsEmpty ? fallback : json[UserName], listen, time);
        }
    }

    // Listens in the zip do not say whose they are; user.json, the zip's name or the file's name does.
    private static string UserOf(ImportRun run)
    {
        if (run.FindOne("user.json", n => n == "user.json") is { } file)
        {
            using Stream stream = run.Open(file);
            var text = new byte[64 << 10];
            int length = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            var json = new JsonFields("user_name", "username", "name");
            if (length < text.Length && json.Parse(text.AsSpan(0, length)) && !json.HasNul)
            {
                for (int slot = 0; slot < 3; slot++)
                {
                    if (!json[slot].IsEmpty)
                    {
                        return Encoding.UTF8.GetString(json[slot]);
                    }
                }
            }
        }

        foreach (InputFile input in run.Inputs)
        {
            Match match = ExportZip().Match(input.Name);
            match = match.Success ? match : OldExport().Match(input.FileName);
            if (match.Success)
            {
                return match.Groups[1].Value;
            }
        }

        return "me";
    }

    [GeneratedRegex(@"^listenbrainz_(.+)_\d+\.zip!", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ExportZip();

    [GeneratedRegex(@"^(.+)_lb-\d{4}-\d{2}-\d{2}\.json$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex OldExport();
}
