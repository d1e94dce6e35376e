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
        IsOneListeners = true,
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        IReadOnlyList<InputFile> files = ListenFiles(run);
        Dictionary<string, string> users = UsersOf(run, files);
        foreach (InputFile file in files)
        {
            string user = users[Unit(file)];
            if (run.FirstSign(file) == '[')
            {
                using JsonRecordReader reader = run.OpenJson(file);
                ReadListens(run, file, reader, user);
            }
            else
            {
                CheckLines(run, file);
                using RowReader reader = run.OpenRows(file, '\0');
                ReadListens(run, file, reader, user);
            }
        }

        return run.Builder.Build();
    }

    private static IReadOnlyList<InputFile> ListenFiles(ImportRun run)
    {
        static bool IsOther(string name) => name is "user.json" or "feedback.jsonl" or "pinned_recording.jsonl";
        return run.FindAll("listens/YYYY/M.jsonl", n => !IsOther(n) && (n.EndsWith(".jsonl", StringComparison.Ordinal) || OldExport().IsMatch(n)), IsOther);
    }

    // A JSON object over several lines is not one listen a line, however sound it is.
    private static void CheckLines(ImportRun run, InputFile file)
    {
        using var reader = new RowReader(file, run.Peek(file), 0, false, run.Limits.MaxLineBytes);
        while (reader.Read())
        {
            if (reader.Fault is null)
            {
                if (Text.Trim(reader.Raw).SequenceEqual("{"u8) || (reader.Raw[0] == '{' && !new JsonFields("listened_at").Parse(reader.Raw) && run.IsOneJson(file)))
                {
                    throw file.Broken("is one JSON object, not a list of listens and not one listen a line; it is of a format that Segue does not "
                        + "know: segue formats lists those it reads");
                }

                return;
            }
        }
    }

    private static void ReadListens(ImportRun run, InputFile file, RowSource reader, string user)
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
            string? reason = json.Parse(reader.Raw) ? (json.HasNul ? Reasons.NulByte : json.HasAny ? null : Reasons.OtherJson)
                : json.IsJson ? Reasons.OtherJson : Reasons.BadJson;
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
            ListenItems.Add(run, reader, table, id, tracks, json[UserName].IsEmpty || run.Listener(file) is not null ? fallback : json[UserName], listen, time);
        }
    }

    // What one listener's files stand in: an archive or folder the user named, or a file alone.
    private static string Unit(InputFile file) => file.IsPlaceNamed ? file.Place : $"{file.Place}/{file.Name}";

    // Listens in the zip do not say whose they are; user.json, the zip's name or the file's name does.
    private static Dictionary<string, string> UsersOf(ImportRun run, IReadOnlyList<InputFile> files)
    {
        var users = new Dictionary<string, string>(StringComparer.Ordinal);
        var unnamed = new List<string>();
        foreach (IGrouping<string, InputFile> unit in files.GroupBy(Unit))
        {
            InputFile first = unit.First();
            if ((run.Listener(first) ?? UserFile(run, unit.Key) ?? NameIn(unit)) is { } user)
            {
                users[unit.Key] = user;
            }
            else
            {
                users[unit.Key] = "me";
                unnamed.Add(unit.Key);
            }
        }

        // The export of one person needs no name; with others beside it, it gets that of its file.
        foreach (string unit in users.Count > 1 ? unnamed : [])
        {
            string user = ImportRun.NameOf(unit, "me");
            users[unit] = user;
            run.Note($"'{Text.Printable(ImportRun.NameOf(unit, unit))}' does not say whose listens it holds: where its rows do not either, they are "
                + $"those of '{Text.Printable(user)}'; --user NAME, once or for each path, says who");
        }

        return users;
    }

    private static string? UserFile(ImportRun run, string unit)
    {
        foreach (InputFile file in run.Inputs.Where(f => f.FileName.Equals("user.json", StringComparison.OrdinalIgnoreCase)
            && (f.IsPlaceNamed ? f.Place == unit : unit.StartsWith(f.Place + "/", StringComparison.Ordinal))))
        {
            using Stream stream = run.Open(file);
            var text = new byte[64 << 10];
            int length = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            var json = new JsonFields("user_name", "username", "name");
            for (int slot = 0; slot < 3 && length < text.Length && json.Parse(text.AsSpan(0, length)) && !json.HasNul; slot++)
            {
                if (!json[slot].IsEmpty)
                {
                    return Encoding.UTF8.GetString(json[slot]);
                }
            }
        }

        return null;
    }

    private static string? NameIn(IEnumerable<InputFile> files)
    {
        foreach (InputFile file in files)
        {
            Match match = ExportZip().Match(file.Name);
            match = match.Success ? match : OldExport().Match(file.FileName);
            if (match.Success)
            {
                return match.Groups[1].Value;
            }
        }

        return null;
    }

    [GeneratedRegex(@"^listenbrainz_(.+)_\d+\.zip!", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ExportZip();

    [GeneratedRegex(@"^(.+)_lb-\d{4}-\d{2}-\d{2}\.json$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex OldExport();
}
