using System.Text;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>
/// A person's own Spotify history: the extended export (to the second, with URIs) and the account export (to the minute, without),
/// alone or together. Time is the moment a play stopped, as both exports have it.
/// </summary>
/// <remarks>
/// Not a listen: incognito; shorter than 30 s and skipped or broken off (the rule of ListenBrainz' importer), in the account export
/// simply shorter than 30 s; podcasts and audiobooks. Exports overlap and repeat rows. As nobody plays two things at once, two plays
/// of one track and one length that would have to overlap in time are the same play. Of incognito plays nothing is kept but their
/// number; the account export does not mark them, so those that the extended export marks are left out of both.
/// </remarks>
internal static class SpotifyHistory
{
    private const int Stop = 0, UserName = 1, Milliseconds = 2, Title = 3, Artist = 4, Album = 5, Uri = 6, Episode = 7, EpisodeUri = 8,
        Book = 9, BookUri = 10, ReasonEnd = 11, Skipped = 12, Incognito = 13, EndTime = 14, ArtistName = 15, TrackName = 16,
            MsPlayed = 17, Podcast = 18;

    private const int ShortMilliseconds = 30_000;
    private const long LongestMilliseconds = 24L * 24 * 3600 * 1000;

    // How a play ends that was not heard to its end.
    private static readonly HashSet<string> BrokenOff =
    [
        "", "fwdbtn", "backbtn", "clickrow", "clickside", "endplay", "playbtn", "remote", "logout", "popup", "trackerror",
        "unexpected-exit", "unexpected-exit-while-paused", "unknown",
    ];

    public static FormatDescription Format { get; } = new(
        "spotify-history",
        "your own Spotify history: extended and account exports, zip or files, alone or together",
        ["track", "artist", "album"],
        [
            new(
                "Streaming_History_Audio_*.json, endsong_*.json",
                "[{ts, username?, ms_played, master_metadata_track_name, master_metadata_album_artist_name, "
                    + "master_metadata_album_album_name, "
                + "spotify_track_uri, episode_name, reason_end, skipped, incognito_mode, …}]"),
            new("StreamingHistory*.json", "[{endTime, artistName, trackName, msPlayed}]"),
        ])
    {
        IsOneListeners = true,
        TimesFrom = 2002,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        var history = new History();
        foreach (InputFile file in run.FindAll("Streaming_History_Audio_*.json or StreamingHistory*.json", IsHistory))
        {
            ReadFile(run, file, history);
        }

        Settle(run, history);
        return run.Builder.Build();
    }

    private static bool IsHistory(string name) => name.EndsWith(".json", StringComparison.Ordinal)
        && (name.StartsWith("streaming_history_audio", StringComparison.Ordinal) || name.StartsWith("endsong", StringComparison.Ordinal)
            || name.StartsWith("streaminghistory", StringComparison.Ordinal));

    private static void ReadFile(ImportRun run, InputFile file, History history)
    {
        using JsonRecordReader reader = run.OpenJson(file);
        TableLog table = run.Interactions;
        var json = new JsonFields(
            "ts", "username", "ms_played", "master_metadata_track_name", "master_metadata_album_artist_name",
                "master_metadata_album_album_name",
            "spotify_track_uri", "episode_name", "spotify_episode_uri", "audiobook_title", "audiobook_uri", "reason_end", "skipped",
                "incognito_mode",
            "endTime", "artistName", "trackName", "msPlayed", "podcastName");
        reader.Namer = () => IsIncognito(json) ? string.Empty : json.Names(Artist, Title, ArtistName, TrackName);
        history.Files.Add(file);
        while (ImportRun.Next(reader, table))
        {
            string? reason = json.Parse(reader.Raw) ? (json.HasNul ? Reasons.NulByte : json.HasAny ? null : Reasons.OtherJson)
                : json.IsJson ? Reasons.OtherJson : Reasons.BadJson;
            if (reason is not null)
            {
                table.Reject(reason, reader);
                continue;
            }

            bool isExtended = !json[Stop].IsEmpty || json[EndTime].IsEmpty;
            ReadOnlySpan<byte> artist = json[isExtended ? Artist : ArtistName], title = json[isExtended ? Title : TrackName];
            reason = Judge(json, isExtended, artist, title, out long time, out long played);
            if (IsIncognito(json))
            {
                table.Reject(Reasons.Incognito);
                if (reason is null or Reasons.ShortPlay)
                {
                    history.Incognito.Add((
                        json[UserName].IsEmpty ? -1 : history.Users.Add(json[UserName]), history.Files.Count - 1,
                        history.Tracks.Add(artist, title, []), played, time / 60));
                }

                continue;
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

            int key = history.Tracks.Add(artist, title, json[Album]);
            int user = json[UserName].IsEmpty ? -1 : history.Users.Add(json[UserName]);
            history.Plays.Add(new SpotifyPlay(user, key, history.Tracks.AddUri(key, json[Uri]), time, played, !isExtended,
                history.Files.Count - 1, reader.Line, reader.Record));
        }
    }

    private static bool IsIncognito(JsonFields json) =>
        System.Text.Ascii.EqualsIgnoreCase(json[Incognito], "true"u8) || json[Incognito].SequenceEqual("1"u8);

    // The reason to leave a record out, or null.
    private static string? Judge(JsonFields json, bool isExtended, ReadOnlySpan<byte> artist, ReadOnlySpan<byte> title, out long time,
        out long played)
    {
        played = 0;
        ReadOnlySpan<byte> stop = json[isExtended ? Stop : EndTime];
        if (!TimeText.TryIso(stop, out time))
        {
            return stop.IsEmpty ? Reasons.NoTime : Reasons.BadTime;
        }

        if (!NumberText.TryLong(json[isExtended ? Milliseconds : MsPlayed], out played) || played > LongestMilliseconds)
        {
            return Reasons.BadNumber;
        }

        if (played < 0)
        {
            return Reasons.WeightNotPositive;
        }

        if (artist.IsEmpty || title.IsEmpty)
        {
            bool isSpoken = !json[Episode].IsEmpty || !json[EpisodeUri].IsEmpty || !json[Book].IsEmpty || !json[BookUri].IsEmpty
                || !json[Podcast].IsEmpty;
            return isSpoken ? Reasons.NotMusic : Reasons.EmptyItem;
        }

        bool isBrokenOff = !isExtended || json[Skipped].SequenceEqual("true"u8)
            || BrokenOff.Contains(Encoding.UTF8.GetString(json[ReasonEnd]));
        return played == 0 || (played < ShortMilliseconds && isBrokenOff) ? Reasons.ShortPlay : null;
    }

    private static void Settle(ImportRun run, History history)
    {
        TableLog table = run.Interactions;

        var listeners = new SpotifyListeners(run, history.Files, history.Users.ToTable(), [.. history.Plays]);
        var incognito = new HashSet<(int, int, long, long)>(
            history.Incognito.Select(i => (listeners.Of(i.User, i.File), i.Key, i.Played, i.Minute)));
        SpotifyPlay[] plays = [.. history.Plays.Select((p, n) => p with { User = listeners.Of(n) })];
        bool[] isDuplicate = FindDuplicates(plays);
        for (int n = 0; n < plays.Length; n++)
        {
            SpotifyPlay play = plays[n];
            if (play.IsMinute && incognito.Contains((play.User, play.Key, play.Played, play.Time / 60)))
            {
                table.Reject(Reasons.Incognito);
                continue;
            }

            if (isDuplicate[n])
            {
                table.AddDuplicate(SampleOf(history, play));
                continue;
            }

            int item = history.Tracks.Item(run.Builder, run.Level, play.Key, play.Uri);
            if (item < 0)
            {
                table.Reject(Reasons.EmptyItem, SampleOf(history, play));
                continue;
            }

            run.Builder.Interaction(run.Builder.User(listeners[play.User]), item, play.Time);
            table.Accept();
        }
    }

    private static bool[] FindDuplicates(SpotifyPlay[] plays)
    {
        var isDuplicate = new bool[plays.Length];
        int[] order = [.. Enumerable.Range(0, plays.Length)
            .OrderBy(n => plays[n].User).ThenBy(n => plays[n].Key).ThenBy(n => plays[n].Played)
            .ThenBy(n => plays[n].Time).ThenBy(n => plays[n].IsMinute).ThenBy(n => n)];
        int start = 0;
        while (start < order.Length)
        {
            SpotifyPlay first = plays[order[start]];
            int end = start + 1;
            while (end < order.Length && plays[order[end]] is var p && p.User == first.User && p.Key == first.Key
                && p.Played == first.Played)
            {
                end++;
            }

            MarkDuplicates(plays, order.AsSpan(start..end), isDuplicate);
            start = end;
        }

        return isDuplicate;
    }

    // One track, one length, ordered by time. A play to the second is the same as the last kept one where they overlap; a play to the
    // minute is the same as any that stopped within that minute.
    private static void MarkDuplicates(SpotifyPlay[] plays, ReadOnlySpan<int> group, bool[] isDuplicate)
    {
        long lastSecond = long.MinValue;
        var keptMinutes = new HashSet<long>();
        foreach (int n in group)
        {
            if (plays[n].IsMinute)
            {
                continue;
            }

            long overlap = Math.Clamp((plays[n].Played + 999) / 1000, 1, ShortMilliseconds / 1000);
            if (lastSecond != long.MinValue && plays[n].Time - lastSecond < overlap)
            {
                isDuplicate[n] = true;
                continue;
            }

            lastSecond = plays[n].Time;
            keptMinutes.Add(lastSecond / 60);
        }

        foreach (int n in group)
        {
            if (plays[n].IsMinute)
            {
                isDuplicate[n] = !keptMinutes.Add(plays[n].Time / 60);
            }
        }
    }

    private static Sample SampleOf(History history, SpotifyPlay play) => new(
        history.Files[play.File].Name,
        play.Line,
        Text.Printable(history.Tracks.Describe(play.Key)))
    {
        Record = play.Record,
    };

    private sealed class History
    {
        public Utf8Interner Users { get; } = new();

        public TrackKeys Tracks { get; } = new();

        public List<InputFile> Files { get; } = [];

        public List<SpotifyPlay> Plays { get; } = [];

        /// <summary>Name, file, track, length and minute of the plays that the extended export marks.</summary>
        public List<(int User, int File, int Key, long Played, long Minute)> Incognito { get; } = [];
    }
}
