using System.Globalization;
using System.IO.Compression;
using System.Text;
using Segue.Core.Data;
using Segue.Import;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Import of synthetic lines in the format of Last.fm-1K, from a plain file and from a zip, with peak memory.</summary>
public sealed class ImportLastfm1kTiming : IWholeTiming
{
    public string Name => "import-lastfm-1k";

    public string Summary => "lastfm-1k lines into a dataset (rows=2000000 users=1000 tracks=200000 runs=3)";

    public void Run(WholeContext context)
    {
        int rows = context.Setting("rows", 2_000_000), users = context.Setting("users", 1000), tracks = context.Setting("tracks", 200_000);
        string folder = Directory.CreateTempSubdirectory("segue-bench-").FullName;
        try
        {
            string file = Path.Combine(folder, "userid-timestamp-artid-artname-traid-traname.tsv");
            Write(file, rows, users, tracks);
            string zip = Path.Combine(folder, "lastfm-1k.zip");
            using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Create))
            {
                archive.CreateEntryFromFile(file, Path.GetFileName(file), CompressionLevel.Fastest);
            }

            context.Print(string.Create(CultureInfo.InvariantCulture, $"{rows} rows, {new FileInfo(file).Length / 1e6:F0} MB"));
            Time(context, "plain file, tracks", file, "track", rows);
            Time(context, "plain file, artists", file, "artist", rows);
            Time(context, "zip, tracks", zip, "track", rows);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Time(WholeContext context, string what, string path, string level, int rows)
    {
        Dataset? dataset = null;
        long allocated = 0;
        double seconds = context.Time(what, () =>
        {
            long before = GC.GetTotalAllocatedBytes();
            dataset = FormatCatalog.Import("lastfm-1k", [path], new ImportOptions { Level = level }).Dataset;
            allocated = GC.GetTotalAllocatedBytes() - before;
        });
        GC.Collect();
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"    {rows / seconds / 1e6:F2} M rows/s, {(double)allocated / rows:F0} bytes allocated a row, {GC.GetTotalMemory(true) / 1e6:F0} MB live with the dataset of {dataset!.Count} listens"));
    }

    // As in the original: a user's listens stand together, newest first, one track in three has no MBID, popularity is Zipf's.
    private static void Write(string path, int rows, int users, int tracks)
    {
        var rng = new Rng(7, "bench/import");
        using var writer = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20);
        for (int user = 0; user < users; user++)
        {
            DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds(1241365705);
            for (int n = 0; n < rows / users; n++)
            {
                time = time.AddSeconds(-200 - rng.Next(400));
                int track = (int)Math.Min(tracks - 1, Math.Exp(rng.NextDouble() * Math.Log(tracks)) - 1), artist = track / 12;
                string artistId = artist % 10 == 0 ? string.Empty : $"{artist:x8}-54aa-47fe-87e4-{artist:x12}";
                string trackId = track % 3 == 0 ? string.Empty : $"{track:x8}-2b78-4b56-94e4-{track:x12}";
                writer.Write(string.Create(
                    CultureInfo.InvariantCulture,
                    $"user_{user + 1:D6}\t{time:yyyy-MM-dd'T'HH:mm:ss'Z'}\t{artistId}\tArtist Number {artist}\t{trackId}\tA Title of Some Length {track} (Album Version)\n"));
            }
        }
    }
}
