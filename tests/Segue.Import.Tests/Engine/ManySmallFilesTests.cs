using System.Formats.Tar;
using System.Text;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Engine;

/// <summary>What many small files cost is in proportion to them, not to the buffers of big files.</summary>
public sealed class ManySmallFilesTests : IDisposable
{
    private const int Files = 2000;
    private const long MostBytesPerFile = 20_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("folder", "lastfm-csv")]
    [InlineData("folder of gz", "lastfm-csv")]
    [InlineData("zip", "lastfm-csv")]
    [InlineData("zip", "spotify-history")]
    [InlineData("tar", "lastfm-csv")]
    [InlineData("tar.gz", "lastfm-csv")]
    public void Memory_taken_for_each_is_small(string kind, string format)
    {
        (string Name, string Text)[] files = [.. Enumerable.Range(0, Files).Select(i => format == "lastfm-csv"
            ? ($"u{i}.csv", $"A,B,T{i},\"06 Jan 2014 20:19\"\n")
            : ($"StreamingHistory{i}.json",
                $$"""[{"endTime":"2020-01-01 10:00","artistName":"A","trackName":"T{{i}}","msPlayed":200000}]"""))];
        string path = Make(kind, files);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImportResult result = Import.Files(format, path);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(Files, result.Dataset.Count);
        Assert.True(taken < MostBytesPerFile * Files, $"{taken / Files} bytes for each file");
    }

    private string Make(string kind, (string Name, string Text)[] files)
    {
        if (kind == "zip")
        {
            return _folder.Zip("a.zip", files);
        }

        if (kind.StartsWith("folder", StringComparison.Ordinal))
        {
            foreach ((string name, string text) in files)
            {
                _folder.Write($"in/{name}", kind == "folder" ? Encoding.UTF8.GetBytes(text) : Import.Gzip(Encoding.UTF8.GetBytes(text)));
            }

            return _folder.File("in");
        }

        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((string name, string text) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                });
            }
        }

        return _folder.Write("a.tar", kind == "tar" ? tar.ToArray() : Import.Gzip(tar.ToArray()));
    }
}
