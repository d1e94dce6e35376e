using System.IO.Compression;
using System.Text;
using Segue.Core;
using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Segue.Testing.Fuzz;
using Xunit;

namespace Segue.Import.Tests.Fuzz;

/// <summary>
/// Every importer on files that were damaged at random: it must end with an error for the user or with a dataset in which every row has
/// exactly one fate.
/// </summary>
public sealed class DamagedFilesTests : IDisposable
{
    private const int HandMadeRounds = 150, RealRounds = 12;

    private static readonly ImportLimits Limits = new()
    {
        MaxLineBytes = 4096,
        MaxRecordBytes = 1 << 18,
        MaxInflatedBytes = 1 << 23,
        MaxFiles = 100
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Formats => new(FormatCatalog.All.Select(f => f.Name));

    [Theory]
    [MemberData(nameof(Formats))]
    public void Damaged_hand_made_files(string format)
    {
        (string Name, byte[] Bytes)[] files = HandMade(format);
        int accepted = 0, rounds = 0;
        FuzzTime.Run(
            format, HandMadeRounds,
            (round, rng) =>
            {
                accepted += Check(format, files, round, damage: round > 0, rng) ? 1 : 0;
                rounds++;
            },
            FormatCatalog.All.Count);

        // Most damage is small: if nearly everything were refused, the rest of the importer would not be tested.
        Assert.True(rounds < 100 || accepted > rounds / 5, $"{accepted} of {rounds} accepted");
    }

    [Theory]
    [InlineData("hetrec-lastfm", "hetrec2011-lastfm-2k.zip")]
    [InlineData("mpd", "mpd-7071-playlists.zip")]
    [InlineData("lastfm-1k", "lastfm-1k-fragments.zip")]
    [InlineData("thisismyjam", "thisismyjam-sample.zip")]
    [InlineData("sessions", "nowplaying-sessions.zip")]
    [InlineData("csv", "spotify_songs.zip")]
    [InlineData("audio-features", "spotify-audio-features.zip")]
    public void Damaged_real_files(string format, string data)
    {
        (string Name, byte[] Bytes)[] files = Heads(TestData.Find(data), 30_000);
        FuzzTime.Run(format, RealRounds, (round, rng) => Check(format, files, round, damage: true, rng), parts: 7);
    }

    private bool Check(string format, (string Name, byte[] Bytes)[] files, int round, bool damage, Rng rng)
    {
        string folder = _folder.File($"{format}-{round}");
        Directory.CreateDirectory(folder);
        var written = new List<(string Name, byte[] Bytes)>();
        int victim = rng.Next(files.Length);
        for (int i = 0; i < files.Length; i++)
        {
            byte[] bytes = files[i].Bytes;
            for (int times = damage && i == victim ? 1 + rng.Next(3) : 0; times > 0; times--)
            {
                bytes = ByteMutator.Damage(bytes, rng);
            }

            written.Add((files[i].Name, bytes));
        }

        string path = Pack(folder, written, rng.Next(5), damage && rng.Next(4) == 0, rng);
        var options = new ImportOptions
        {
            Clock = Import.Clock,
            Limits = Limits,
            Map = format == "csv" ? ColumnMap.Parse(files[0].Name == "spotify_songs.csv"
                ? "user=playlist_id,item=track_id,title=track_name" : "user=u,item=i,time=t,weight=w,artist=a") : null,
            JoinTo = format == "audio-features" ? Tracks() : null,
        };
        try
        {
            ImportResult result = FormatCatalog.Import(format, [path], options);
            result.Report.AddsUp();
            IsSound(result.Dataset, $"{format} round {round}");
            if (round % 25 == 0)
            {
                DatasetStore.Save(result.Dataset, Path.Combine(folder, "saved"));
                Assert.Equal(result.Dataset.Count, DatasetStore.Open(Path.Combine(folder, "saved")).Count);
            }

            return true;
        }
        catch (SegueException e)
        {
            Assert.NotEmpty(e.Message);
            return false;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void IsSound(Dataset dataset, string where)
    {
        for (int n = 0; n < dataset.Count; n++)
        {
            bool isSound = dataset.UserIndex.Span[n] >= 0 && dataset.UserIndex.Span[n] < dataset.Users.Count
                && dataset.ItemIndex.Span[n] >= 0 && dataset.ItemIndex.Span[n] < dataset.Items.Count
                && (!dataset.HasWeight || (dataset.Weight.Span[n] > 0 && float.IsFinite(dataset.Weight.Span[n])))
                && (!dataset.HasTime || dataset.Time.Span[n] is -1 or (>= 0 and < 1800000000));
            Assert.True(isSound, $"{where}: interaction {n}");
        }

        for (int u = 0; u < dataset.Users.Count; u++)
        {
            Assert.Equal(u, dataset.Users.IndexOf(dataset.Users[u]));
        }

        for (int i = 0; i < dataset.Items.Count; i++)
        {
            Assert.Equal(i, dataset.Items.IndexOf(dataset.Items[i]));
        }
    }

    // As a folder, a zip or a single gz; now and then the archive itself is damaged.
    private static string Pack(string folder, List<(string Name, byte[] Bytes)> files, int kind, bool damageArchive, Rng rng)
    {
        string path;
        byte[] bytes;
        if (kind == 0 && files.Count == 1)
        {
            path = Path.Combine(folder, files[0].Name + ".gz");
            bytes = Import.Gzip(files[0].Bytes);
        }
        else if (kind <= 2)
        {
            path = Path.Combine(folder, "archive.zip");
            var packed = new MemoryStream();
            using (var zip = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach ((string name, byte[] content) in files)
                {
                    using Stream stream = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
                    stream.Write(content);
                }
            }

            bytes = packed.ToArray();
        }
        else
        {
            foreach ((string name, byte[] content) in files)
            {
                string file = Path.Combine(folder, "in", name);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllBytes(file, content);
            }

            return files.Count == 1 ? Path.Combine(folder, "in", files[0].Name) : Path.Combine(folder, "in");
        }

        File.WriteAllBytes(path, damageArchive ? ByteMutator.Damage(bytes, rng) : bytes);
        return path;
    }

    private static (string Name, byte[] Bytes)[] Heads(string zipPath, int length)
    {
        using ZipArchive zip = ZipFile.OpenRead(zipPath);
        var heads = new List<(string Name, byte[] Bytes)>();
        foreach (ZipArchiveEntry entry in zip.Entries.Where(e => e.Length > 0).OrderBy(e => e.FullName, StringComparer.Ordinal).Take(8))
        {
            using Stream stream = entry.Open();
            var head = new byte[length];
            head = head[..stream.ReadAtLeast(head, length, throwOnEndOfStream: false)];
            heads.Add((entry.FullName, entry.FullName.EndsWith(".json", StringComparison.Ordinal) ? WholeSlice(head) : head));
        }

        return [.. heads];
    }

    // The head of a slice with as many whole playlists as it holds, closed again.
    private static byte[] WholeSlice(byte[] head)
    {
        int end = head.AsSpan().LastIndexOf("\n        },"u8);
        return end < 0 ? "{\"playlists\":[]}"u8.ToArray() : [.. head[..end], .. "}]}"u8];
    }

    private static Dataset Tracks()
    {
        var builder = new DatasetBuilder("tracks", "track");
        foreach (string id in new[] { "spotify:track:1", "2", "3", "000Bpkj55Qzriw94DCpV1T", "000CzNKC8PEt1yC3L8dqwV",
            "000GaMAK3oXGucK2yu171X" })
        {
            builder.Interaction(builder.User("u"), builder.Item(id));
        }

        return builder.Build();
    }

    private static (string Name, byte[] Bytes)[] HandMade(string format)
    {
        var text = new StringBuilder();
        void Rows(Func<int, string> row)
        {
            for (int n = 0; n < 60; n++)
            {
                text.Append(row(n));
            }
        }

        (string, byte[]) File(string name)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
            text.Clear();
            return (name, bytes);
        }

        int T(int n) => 1241365705 + (n * 977);
        string Iso(int n) => DateTimeOffset.FromUnixTimeSeconds(T(n)).ToString("yyyy-MM-ddTHH:mm:ssZ",
            System.Globalization.CultureInfo.InvariantCulture);
        switch (format)
        {
            case "hetrec-lastfm":
                text.Append("userID\tartistID\tweight\n");
                Rows(n => $"{n % 7}\t{n % 13}\t{n + 1}\n");
                (string, byte[]) plays = File("user_artists.dat");
                text.Append("id\tname\turl\tpictureURL\n");
                Rows(n => $"{n}\tArtist \u00e9 {n}\thttp://x\t\n");
                (string, byte[]) artists = File("artists.dat");
                text.Append("tagID\ttagValue\n");
                Rows(n => $"{n}\ttag {n}\n");
                (string, byte[]) tags = File("tags.dat");
                text.Append("userID\tartistID\ttagID\ttimestamp\n");
                Rows(n => $"{n % 7}\t{n % 13}\t{n}\t{T(n)}000\n");
                (string, byte[]) assignments = File("user_taggedartists-timestamps.dat");
                text.Append("userID\tfriendID\n");
                Rows(n => $"{n % 7}\t{n % 5}\n");
                return [plays, artists, tags, assignments, File("user_friends.dat")];
            case "mpd":
                text.Append("{\"info\":{\"version\":\"v1\"},\"playlists\":[\n");
                Rows(n => (n > 0 ? "," : "") + "{\"pid\":" + n
                    + ",\"name\":\"p \u00e9\",\"collaborative\":\"false\",\"tracks\":[{\"pos\":0,\"track_uri\":\"t:" + (n % 9)
                    + "\",\"track_name\":\"T\",\"artist_name\":\"A \\u00e9\"},{\"pos\":1,\"track_uri\":\"t:" + (n % 5) + "\"}]}\n");
                text.Append("]}");
                return [File("mpd.slice.0-999.json")];
            case "lastfm-1k":
                Rows(n => $"user_{n % 4}\t{Iso(n)}\t{(n % 3 == 0 ? "" : "mbid" + (n % 5))}\tArtist "
                    + $"{n % 5}\t{(n % 2 == 0 ? "" : "t" + (n % 11))}\tTitle \"{n % 11}\n");
                (string, byte[]) listens = File("userid-timestamp-artid-artname-traid-traname.tsv");
                Rows(n => $"user_{n}\tm\t{n}\tPeru\tAug 13, 2006\n");
                return [listens, File("userid-profile.tsv")];
            case "lastfm-360k":
                Rows(n => $"{n % 4:x40}\tmbid{n % 9}\tArtist {n % 9}\t{n + 1}\n");
                return [File("usersha1-artmbid-artname-plays.tsv")];
            case "thisismyjam":
                Rows(n => $"jam{n}\tuser{n % 4}\tArtist \u00c3\u00ba {n % 9}\tTitle "
                    + $"{n % 9}\t{Iso(n)[..10]}\thttp://x\t{(n % 2 == 0 ? "" : "spotify:track:" + (n % 9))}\n");
                return [File("jams.tsv")];
            case "spotify-history":
                text.Append("[\n");
                Rows(n => (n > 0 ? "," : "") + "{\"ts\":\"" + Iso(n) + "\",\"username\":\"ann\",\"ms_played\":" + (n * 3000)
                    + ",\"master_metadata_track_name\":\"T" + (n % 9)
                    + "\",\"master_metadata_album_artist_name\":\"A\",\"master_metadata_album_album_name\":null,\"spotify_track_uri\":\"spotify:track:" + (n % 9)
                    + "\",\"reason_end\":\"trackdone\",\"skipped\":null,\"incognito_mode\":false}\n");
                text.Append(']');
                (string, byte[]) extended = File("Streaming_History_Audio_2009.json");
                text.Append("[\n");
                Rows(n => (n > 0 ? "," : "") + "{\"endTime\":\"" + Iso(n)[..16].Replace('T', ' ')
                    + "\",\"artistName\":\"A\",\"trackName\":\"T" + (n % 9) + "\",\"msPlayed\":" + (n * 3000) + "}\n");
                text.Append(']');
                return [extended, File("StreamingHistory0.json")];
            case "lastfm-csv":
                text.Append("uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n");
                Rows(n => $"\"{T(n)}\",\"x\",\"Art \"\"{n % 5}\"\"\",\"\",\"Alb\",\"\",\"T {n % 9}\",\"\"\n");
                return [File("recenttracks-ann-1700000000.csv")];
            case "listenbrainz":
                Rows(n => "{\"listened_at\":" + T(n) + ",\"track_metadata\":{\"artist_name\":\"A\",\"track_name\":\"T" + (n % 9)
                    + "\",\"additional_info\":{\"artist_mbids\":[\"a\"]},\"mbid_mapping\":null}}\n");
                (string, byte[]) months = File("listens/2009/5.jsonl");
                text.Append("{\"username\":\"ann\"}");
                return [months, File("user.json")];
            case "lightgcn":
                Rows(n => $"{n} {n % 9} {n % 7} {n % 5}\n");
                (string, byte[]) train = File("train.txt");
                Rows(n => $"{n} {n % 4}\n");
                return [train, File("test.txt")];
            case "recbole":
                text.Append("user_id:token\titem_id:token\trating:float\ttimestamp:float\n");
                Rows(n => $"u{n % 5}\ti{n % 9}\t{1 + (n % 5)}\t{T(n)}\n");
                (string, byte[]) inter = File("x.inter");
                text.Append("item_id:token\tname:token\ttempo:float\tgenre:token_seq\n");
                Rows(n => $"i{n}\tName {n}\t{n}.5\trock pop\n");
                (string, byte[]) items = File("x.item");
                text.Append("user_id:token\tage:float\n");
                Rows(n => $"u{n}\t{n}\n");
                return [inter, items, File("x.user")];
            case "sessions":
                Rows(n => $"{n % 9} {n % 7} {n % 7}\n");
                return [File("sessions.txt")];
            case "csv":
                text.Append("u,i,t,w,a\n");
                Rows(n => $"u{n % 5},\"i{n % 9}\",{T(n)},{1 + n},\"A, \"\"{n % 3}\"\"\"\n");
                return [File("x.csv")];
            case "audio-features":
                text.Append("track_id,energy,tempo,note\n");
                Rows(n => $"{n},0.{n},{100 + n},x\n");
                return [File("features.csv")];
            default:
                throw new InvalidOperationException($"give '{format}' a hand-made file here");
        }
    }
}
