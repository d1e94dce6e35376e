using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Segue.Core;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Engine;

/// <summary>Files that are missing, broken, of another kind, or made to do harm.</summary>
public sealed class InputFilesTests : IDisposable
{
    private const string Rows = "user,item\nu1,a\nu1,b\nu2,a\n";
    private const string Map = "user=user,item=item";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ZipGzTarAndFolderGiveTheSameInteractions()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Rows);
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "x/README") { DataStream = new MemoryStream("hello"u8.ToArray()) });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "x/a.csv") { DataStream = new MemoryStream(bytes) });
        }

        _folder.Write("in/sub/a.csv", Rows);
        _folder.Write("in/notes.txt", "nothing");
        string[] paths =
        [
            _folder.Write("a.csv", Rows), _folder.Write("a.csv.gz", Import.Gzip(bytes)), _folder.Zip("a.zip", ("a.csv", Rows), ("readme.txt", "hi there")),
            _folder.Zip("b.zip", ("a.csv", Rows), ("b.csv", Rows)) + "!a.csv", _folder.Write("a.tar", tar.ToArray()), _folder.Write("a.tar.gz", Import.Gzip(tar.ToArray())),
            _folder.File("in"),
        ];
        Assert.All(paths, p => Assert.Equal(["u1 a", "u1 b", "u2 a"], Import.Files("csv", null, Map, p).Dataset.Lines()));
    }

    [Fact]
    public void SeveralFilesThatFitAreNamed()
    {
        string message = Fails(_folder.Zip("b.zip", ("a.csv", Rows), ("b.csv", Rows)));
        Assert.Contains("2 files fit", message, StringComparison.Ordinal);
        Assert.Contains("b.zip!a.csv", message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNotThereIsNamed()
    {
        Assert.Contains("does not exist", Fails(_folder.File("none.csv")), StringComparison.Ordinal);
        Assert.Contains("it holds 'a.csv'", Fails(_folder.Zip("a.zip", ("a.csv", Rows)) + "!b.csv"), StringComparison.Ordinal);
        Assert.Contains("not an archive", Fails(_folder.Write("a.csv", Rows) + "!x"), StringComparison.Ordinal);
        Directory.CreateDirectory(_folder.File("empty"));
        Assert.Contains("holds no files", Fails(_folder.File("empty")), StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Import.Files("csv", null, Map));
    }

    [Fact]
    public void AnEmptyFileIsAnError() => Assert.Contains("no rows", Fails(_folder.Write("a.csv", "")), StringComparison.Ordinal);

    [Fact]
    public void ADirectoryWhereAFileIsExpectedIsReadAsAFolder()
    {
        Directory.CreateDirectory(_folder.File("in/user_artists.dat"));
        _folder.Write("in/x.txt", "x");
        Assert.Contains("no user_artists.dat", Assert.Throws<ImportException>(() => Import.Files("hetrec-lastfm", _folder.File("in"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatMayNotBeReadIsNamed()
    {
        string path = _folder.Write("a.csv", Rows);
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("file modes are POSIX");
            return;
        }

        File.SetUnixFileMode(path, UnixFileMode.None);
        try
        {
            File.OpenRead(path).Dispose();
            Assert.Skip("this user may read everything");
        }
        catch (UnauthorizedAccessException)
        {
            Assert.Contains("a.csv", Fails(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void APipeIsNotWaitedFor()
    {
        if (OperatingSystem.IsWindows() || !File.Exists("/usr/bin/mkfifo"))
        {
            Assert.Skip("needs mkfifo");
        }

        string path = _folder.File("pipe.csv");
        using (var process = System.Diagnostics.Process.Start("/usr/bin/mkfifo", [path]))
        {
            process.WaitForExit();
        }

        Assert.Contains("no rows", Fails(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(0.95)]
    public void ACutOffGzIsAnError(double part)
    {
        byte[] packed = Import.Gzip(Encoding.UTF8.GetBytes(Rows + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"u{i * 7919 % 1000},i{i * 104729 % 5000}\n"))));
        Assert.Contains("cut off", Fails(_folder.Write("a.csv.gz", packed[..(int)(packed.Length * part)])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.99)]
    public void ACutOffZipIsAnError(double part)
    {
        byte[] bytes = File.ReadAllBytes(_folder.Zip("a.zip", ("a.csv", Rows)));
        Assert.Contains("cut-off zip", Fails(_folder.Write("cut.zip", bytes[..(int)(bytes.Length * part)])), StringComparison.Ordinal);
    }

    [Fact]
    public void AChangedByteInAZipIsAnError()
    {
        string path = _folder.File("a.zip");
        using (var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create))
        {
            using Stream stream = zip.CreateEntry("a.csv", CompressionLevel.NoCompression).Open();
            stream.Write(Encoding.UTF8.GetBytes(Rows));
        }

        byte[] bytes = File.ReadAllBytes(path);
        int at = Array.IndexOf(bytes, (byte)'2');
        bytes[bytes.AsSpan().IndexOf("u2"u8) + 1] = (byte)'3';
        Assert.True(at > 0);
        Assert.Contains("damaged", Fails(_folder.Write("changed.zip", bytes)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../a.csv")]
    [InlineData("x/../../a.csv")]
    [InlineData("/etc/a.csv")]
    [InlineData("C:\\a.csv")]
    [InlineData("..\\a.csv")]
    public void APathThatLeavesTheZipIsAnError(string name) =>
        Assert.Contains("leaves the archive", Fails(_folder.Zip("a.zip", (name, Rows))), StringComparison.Ordinal);

    [Fact]
    public void AnEntryThatStandsTwiceIsAnError() =>
        Assert.Contains("twice", Fails(_folder.Zip("a.zip", ("a.csv", Rows), ("a.csv", Rows))), StringComparison.Ordinal);

    [Fact]
    public void AZipInAZipIsAnError()
    {
        byte[] inner = File.ReadAllBytes(_folder.Zip("inner.zip", ("a.csv", Rows)));
        Assert.Contains("archive inside an archive", Fails(_folder.Zip("a.zip", ("inner.zip", inner))), StringComparison.Ordinal);
    }

    [Fact]
    public void AZipBombIsStoppedByWhatReallyComesOut()
    {
        // 80 MiB of one letter pack to less than 200 kB.
        string path = _folder.File("bomb.zip");
        using (var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create))
        {
            using Stream stream = zip.CreateEntry("a.csv", CompressionLevel.SmallestSize).Open();
            byte[] block = Encoding.UTF8.GetBytes("user,item\n" + string.Concat(Enumerable.Repeat(new string('a', 10_000) + ",i\n", 100)));
            for (int i = 0; i < 84; i++)
            {
                stream.Write(block);
            }
        }

        Assert.Contains("zip bomb", Fails(path), StringComparison.Ordinal);
        var few = new ImportOptions { Map = ColumnMap.Parse(Map), Limits = new ImportLimits { MaxInflatedBytes = 10 } };
        Assert.Contains("more than 10 bytes", Assert.Throws<ImportException>(() => FormatCatalog.Import("csv", [_folder.Zip("a.zip", ("a.csv", Rows))], few)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyEntriesAreAnError()
    {
        string path = _folder.Zip("many.zip", [.. Enumerable.Range(0, 30).Select(i => ($"{i}.csv", Rows))]);
        var few = new ImportOptions { Map = ColumnMap.Parse(Map), Limits = new ImportLimits { MaxFiles = 10 } };
        Assert.Contains("more than 10 files", Assert.Throws<ImportException>(() => FormatCatalog.Import("csv", [path], few)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingInTheReportNamesAFolderOfTheMachine()
    {
        ImportResult result = Import.Files("csv", null, Map, _folder.Zip("a.zip", ("a.csv", Rows + "x\n")));
        Assert.Equal(["a.zip!a.csv"], result.Report.Files);
        Assert.DoesNotContain(_folder.Path, result.Dataset.Provenance!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void CancellingStopsAndProgressIsTold()
    {
        string path = _folder.Write("big.csv", "user,item\n" + string.Concat(Enumerable.Repeat("user,item0123456789\n", 900_000)));
        using var stop = new CancellationTokenSource();
        var seen = new List<ImportProgress>();
        var options = new ImportOptions
        {
            Map = ColumnMap.Parse(Map),
            Cancellation = stop.Token,
            Progress = new Direct(p =>
            {
                seen.Add(p);
                stop.Cancel();
            }),
        };
        Assert.Throws<OperationCanceledException>(() => FormatCatalog.Import("csv", [path], options));
        ImportProgress told = Assert.Single(seen);
        Assert.Equal(("big.csv", new FileInfo(path).Length), (told.File, told.BytesTotal));
        Assert.InRange(told.BytesRead, 8 << 20, told.BytesTotal);
    }

    private string Fails(string path) => Assert.Throws<ImportException>(() => Import.Files("csv", null, Map, path)).Message;

    private sealed class Direct(Action<ImportProgress> report) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => report(value);
    }
}
