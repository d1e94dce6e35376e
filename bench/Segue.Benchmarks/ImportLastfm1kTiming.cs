using System.Globalization;
using System.IO.Compression;
using Segue.Core.Data;
using Segue.Import;
using Segue.Testing;

namespace Segue.Benchmarks;

/// <summary>Import of synthetic lines in the format of Last.fm-1K, from a plain file and from a zip, with peak memory.</summary>
public sealed class ImportLastfm1kTiming : IWholeTiming
{
    public string Name => "import-lastfm-1k";

    public string Summary => "lastfm-1k lines into a dataset (rows=2000000 users=104 tracks=157027 runs=3)";

    public void Run(WholeContext context)
    {
        int rows = context.Setting("rows", 2_000_000), users = context.Setting("users", Lastfm1kFile.UsersFor(rows)), tracks = context.Setting("tracks", Lastfm1kFile.SongsFor(rows));
        string folder = Directory.CreateTempSubdirectory("segue-bench-").FullName;
        try
        {
            string file = Path.Combine(folder, "userid-timestamp-artid-artname-traid-traname.tsv");
            Lastfm1kFile.Write(file, rows, users, tracks);
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
}
