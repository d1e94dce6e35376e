using System.Text;
using System.Text.Json;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>Spotify Million Playlist Dataset: a playlist is a user, its tracks in order are the interactions.</summary>
internal static class Mpd
{
    private const int Pid = 0, Uri = 0, Title = 1, Artist = 2, ArtistUri = 3, Album = 4, AlbumUri = 5, Position = 6;

    private static readonly string[] ProfileColumns = ["name", "description", "modified_at", "num_followers", "num_edits", "collaborative"];

    public static FormatDescription Format { get; } = new(
        "mpd",
        "Spotify Million Playlist Dataset: playlists with their tracks in order",
        ["track", "artist", "album"],
        [
            new(
                "mpd.slice.N-M.json, challenge_set.json",
                "{playlists:[{pid, name?, description?, modified_at?, num_followers?, num_edits?, collaborative?, "
                + "tracks:[{track_uri, track_name?, artist_name?, artist_uri?, album_name?, album_uri?, pos?}]}]}"),
        ])
    {
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        run.Builder.IsOrdered = true;
        foreach (InputFile file in run.FindAll("mpd.slice.*.json", n => n.EndsWith(".json", StringComparison.Ordinal)
            && (n.StartsWith("mpd.slice.", StringComparison.Ordinal) || n.StartsWith("challenge_set", StringComparison.Ordinal))))
        {
            ReadSlice(run, file);
        }

        return run.Builder.Build();
    }

    private static void ReadSlice(ImportRun run, InputFile file)
    {
        using JsonRecordReader reader = run.OpenJson(file, "playlists");
        TableLog playlists = run.Table("playlists");
        var head = new JsonFields(["pid", .. ProfileColumns]);
        var track = new JsonFields("track_uri", "track_name", "artist_name", "artist_uri", "album_name", "album_uri", "pos");
        var id = new ItemId();
        var entries = new List<(long Position, int Item)>();
        while (ImportRun.Next(reader, playlists))
        {
            if (!head.Parse(reader.Raw))
            {
                playlists.Reject(Reasons.BadJson, reader);
                continue;
            }

            if (head.HasNul)
            {
                playlists.Reject(Reasons.NulByte, reader);
                continue;
            }

            if (head[Pid].IsEmpty)
            {
                playlists.Reject(Reasons.EmptyUser, reader);
                continue;
            }

            bool isDuplicate = run.Builder.FindUser(head[Pid]) >= 0;
            entries.Clear();
            if (!ReadTracks(run, reader, track, id, isDuplicate, entries))
            {
                playlists.Reject(Reasons.BadJson, reader);
                continue;
            }

            if (isDuplicate)
            {
                playlists.AddDuplicate(reader);
                continue;
            }

            if (entries.Count == 0)
            {
                playlists.Reject(Reasons.NoItems, reader);
                continue;
            }

            int user = run.Builder.User(head[Pid]);
            for (int column = 0; column < ProfileColumns.Length; column++)
            {
                if (!head[column + 1].IsEmpty)
                {
                    run.Builder.Profile(user, ProfileColumns[column], Encoding.UTF8.GetString(head[column + 1]));
                }
            }

            // Entries stand in order; where positions say otherwise, they count. OrderBy is stable.
            foreach ((_, int item) in entries.OrderBy(e => e.Position))
            {
                run.Builder.Interaction(user, item);
            }

            playlists.Accept();
        }
    }

    // Every track is a row of the interactions. The record was parsed once already, so its JSON is known to be valid.
    private static bool ReadTracks(
        ImportRun run, JsonRecordReader row, JsonFields track, ItemId id, bool isDuplicate, List<(long Position, int Item)> entries)
    {
        TableLog table = run.Interactions;
        var json = new Utf8JsonReader(row.Raw);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isTracks = json.ValueTextEquals("tracks"u8);
            json.Read();
            if (!isTracks || json.TokenType != JsonTokenType.StartArray)
            {
                json.Skip();
                continue;
            }

            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                table.Rows++;
                bool isValid;
                try
                {
                    isValid = track.Parse(ref json);
                }
                catch (InvalidOperationException)
                {
                    // Half a surrogate pair somewhere inside: the reader stands in the middle of the track and cannot go on.
                    table.Reject(Reasons.BadJson, SampleOf(row, track));
                    return Abandon(table, entries, row);
                }

                string? reason = !isValid ? Reasons.BadJson : track.HasNul ? Reasons.NulByte : null;
                ReadOnlySpan<byte> itemId = reason is null ? IdOf(run.Level, track, id) : [];
                reason ??= itemId.IsEmpty ? Reasons.EmptyItem : null;
                if (reason is not null)
                {
                    table.Reject(reason, SampleOf(row, track));
                }
                else if (isDuplicate)
                {
                    table.AddDuplicate(SampleOf(row, track));
                }
                else
                {
                    ReadOnlySpan<byte> name = run.Level switch { "artist" => track[Artist], "album" => track[Album], _ => track[Title] };
                    int item = run.Builder.Item(itemId, name, track[Artist], run.Level == "track" ? track[Album] : []);
                    entries.Add((NumberText.TryLong(track[Position], out long position) ? position : entries.Count, item));
                    table.Accept();
                }
            }
        }

        return true;
    }

    private static bool Abandon(TableLog table, List<(long Position, int Item)> entries, JsonRecordReader row)
    {
        foreach ((_, int _) in entries)
        {
            table.TakeBack();
            table.Reject(Reasons.BadJson, row);
        }

        return false;
    }

    private static ReadOnlySpan<byte> IdOf(string level, JsonFields track, ItemId id) => level switch
    {
        "artist" => track[ArtistUri].IsEmpty ? track[Artist] : track[ArtistUri],
        "album" when track[AlbumUri].IsEmpty => track[Album].IsEmpty || track[Artist].IsEmpty ? []
            : id.Compose(track[Artist], track[Album]),
        "album" => track[AlbumUri],
        _ => track[Uri],
    };

    // Names and descriptions of playlists are what somebody wrote for friends, so only the track is kept.
    private static Sample SampleOf(JsonRecordReader row, JsonFields track) =>
        new(row.File.Name, row.Line, Text.Printable(track.Names(Artist, Title)));
}
