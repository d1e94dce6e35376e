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
    public void Zip_gz_tar_and_folder_give_the_same_interactions()
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
            _folder.Write("a.csv", Rows), _folder.Write("a.csv.gz", Import.Gzip(bytes)),
                _folder.Zip("a.zip", ("a.csv", Rows), ("readme.txt", "hi there")),
            _folder.Zip("b.zip", ("a.csv", Rows), ("b.csv", Rows)) + "!a.csv", _folder.Write("a.tar", tar.ToArray()),
                _folder.Write("a.tar.gz", Import.Gzip(tar.ToArray())),
            _folder.File("in"),
        ];
        Assert.All(paths, p => Assert.Equal(["u1 a", "u1 b", "u2 a"], Import.Files("csv", null, Map, p).Dataset.Lines()));
    }

    [Fact]
    public void Several_files_that_fit_are_named()
    {
        string message = Fails(_folder.Zip("b.zip", ("a.csv", Rows), ("b.csv", Rows)));
        Assert.Contains("2 files fit", message, StringComparison.Ordinal);
        Assert.Contains("b.zip!a.csv", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        Assert.Contains("does not exist", Fails(_folder.File("none.csv")), StringComparison.Ordinal);
        Assert.Contains("it holds 'a.csv'", Fails(_folder.Zip("a.zip", ("a.csv", Rows)) + "!b.csv"), StringComparison.Ordinal);
        Assert.Contains("not an archive", Fails(_folder.Write("a.csv", Rows) + "!x"), StringComparison.Ordinal);
        Directory.CreateDirectory(_folder.File("empty"));
        Assert.Contains("holds no files", Fails(_folder.File("empty")), StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Import.Files("csv", null, Map));
    }

    [Fact]
    public void An_empty_file_is_an_error() => Assert.Contains("no rows", Fails(_folder.Write("a.csv", "")), StringComparison.Ordinal);

    [Fact]
    public void A_directory_where_a_file_is_expected_is_read_as_a_folder()
    {
        Directory.CreateDirectory(_folder.File("in/user_artists.dat"));
        _folder.Write("in/x.txt", "x");
        Assert.Contains("no user_artists.dat",
            Assert.Throws<ImportException>(() => Import.Files("hetrec-lastfm", _folder.File("in"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_named()
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
    public void A_pipe_is_not_waited_for()
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

        string link = _folder.File("link.csv");
        File.CreateSymbolicLink(link, path);
        Assert.Contains("a pipe; save what it gives to a file first", Fails(path), StringComparison.Ordinal);
        Assert.Contains("a link to a pipe; save", Fails(link), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/zero", "a link to a device")]
    [InlineData("/dev/null", "a link to a device")]
    [InlineData("/proc/self/status", "the system makes up")]
    [InlineData("plays.csv", "leads nowhere")]
    [InlineData("none.csv", "which is not there")]
    public void A_link_is_what_it_leads_to(string target, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "these are no paths elsewhere");
        string link = _folder.File("in/plays.csv");
        _folder.Write("in/deep/x.txt", "hi there");
        File.CreateSymbolicLink(link, target);
        Directory.CreateSymbolicLink(_folder.File("in/deep/up"), "../..");
        Assert.Contains(expected, Fails(link), StringComparison.Ordinal);
        Assert.Contains(expected, Fails(_folder.File("in")), StringComparison.Ordinal);
        Assert.Contains(expected, Fails(link + "!a.csv"), StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<ImportException>(() => Import.Files("lastfm-csv", _folder.File("in"))).Message,
            StringComparison.Ordinal);

        // Beside the file to import it is named and left alone, and a circle of folders is not walked.
        _folder.Write("in/a.csv", Rows);
        ImportResult result = Import.Files("csv", null, Map, _folder.File("in"));
        Assert.Equal(["in/deep/x.txt", "in/plays.csv", "in/deep/up"], result.Report.Ignored);
    }

    [Fact]
    public void A_link_to_an_archive_is_the_archive()
    {
        // The text of a link is short, so what comes out of the archive looked like a bomb.
        string archive = _folder.File("a.zip"), link = _folder.File("z"), far = _folder.File("far.zip");
        using (var zip = new ZipArchive(File.Create(archive), ZipArchiveMode.Create))
        {
            using Stream stream = zip.CreateEntry("a.csv").Open();
            stream.Write("user,item\n"u8);
            byte[] block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('u', 10_000) + ",i\n", 100)));
            for (int i = 0; i < 70; i++)
            {
                stream.Write(block);
            }
        }

        File.CreateSymbolicLink(link, "a.zip");
        File.CreateSymbolicLink(far, "z");
        var options = new ImportOptions { Map = ColumnMap.Parse(Map), Limits = new ImportLimits { MaxRatio = 3_000 } };
        ImportResult result = FormatCatalog.Import("csv", [far], options);
        Assert.Equal(7_000, result.Report.Accepted);
        Assert.Equal(["far.zip!a.csv"], result.Report.Files);
        File.Delete(archive);
        _folder.Zip("a.zip", ("b/a.csv", Rows), ("b.csv", Rows));
        Assert.Equal(3, Import.Files("csv", null, Map, far + "!b.csv").Report.Accepted);
    }

    [Fact]
    public void A_link_inside_a_zip_is_refused()
    {
        string path = _folder.Zip("a.zip", ("a.csv", "../secret"));
        using (var zip = new ZipArchive(File.Open(path, FileMode.Open), ZipArchiveMode.Update))
        {
            zip.GetEntry("a.csv")!.ExternalAttributes = unchecked((int)0xA1FF0000);
        }

        Assert.Contains("is a link or device inside an archive", Fails(path), StringComparison.Ordinal);
    }

    [Fact]
    public void Long_names_and_control_characters_do_not_fill_the_screen()
    {
        string name = new string('x', 10_000) + "\u001b[2J.txt", other = new string('y', 10_000) + ".txt";
        string path = _folder.Zip("a.zip", (name, "a"), (other, "b"), ("n\u001b]0;x\u0007.csv", "c"));
        foreach (string message in new[] { Fails(path), Fails(path + "!" + other), Fails(path + "!z" + name), Fails(_folder.File(new string('z', 9_000))) })
        {
            Assert.InRange(message.Length, 1, 4_001);
            Assert.DoesNotContain(message, char.IsControl);
        }
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("grown")]
    [InlineData("rewritten")]
    [InlineData("replaced")]
    [InlineData("removed")]
    [InlineData("zip cut")]
    [InlineData("zip replaced")]
    [InlineData("gz rewritten")]
    [InlineData("tar cut")]
    [InlineData("tar replaced")]
    public void A_file_that_changes_while_it_is_read_is_an_error(string how)
    {
        byte[] rows = Encoding.UTF8.GetBytes("user,item\n" + string.Concat(Enumerable.Range(0, 600_000).Select(i => $"u{i % 1000},i{i * 7919L % 100_003}{i}\n")));
        string path = how.Split(' ')[0] switch
        {
            "zip" => _folder.Zip("a.zip", ("a.csv", rows)),
            "gz" => _folder.Write("a.csv.gz", Import.Gzip(rows)),
            "tar" => _folder.Write("a.tar", Tar(("a.csv", rows))),
            _ => _folder.Write("a.csv", rows),
        };
        bool isChanged = false;
        var options = new ImportOptions
        {
            Map = ColumnMap.Parse(Map),
            Progress = new Direct(_ =>
            {
                if (isChanged)
                {
                    return;
                }

                isChanged = true;
                Change(path, how.Split(' ')[^1]);
            }),
        };
        string message = Assert.Throws<ImportException>(() => FormatCatalog.Import("csv", [path], options)).Message;
        Assert.True(isChanged);
        Assert.Contains(Path.GetFileName(path), message, StringComparison.Ordinal);
        if (how != "zip cut")
        {
            Assert.Contains("changed while it was read", message, StringComparison.Ordinal);
        }
    }

    private static void Change(string path, string how)
    {
        switch (how)
        {
            case "cut":
                using (FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    stream.SetLength(stream.Length * 3 / 4);
                }

                break;
            case "grown":
                File.AppendAllText(path, "u,i\n");
                break;
            case "rewritten":
                using (FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    stream.WriteByte((byte)(path.EndsWith("gz", StringComparison.Ordinal) ? 0x1F : 'u'));
                }

                File.SetLastWriteTimeUtc(path, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
                break;
            case "replaced":
                File.WriteAllText(path + ".new", Rows);
                File.Move(path + ".new", path, overwrite: true);
                break;
            default:
                File.Delete(path);
                break;
        }
    }

    private static byte[] Tar(params (string Name, byte[] Bytes)[] files)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in files)
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
            }
        }

        return tar.ToArray();
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(0.95)]
    public void A_cut_off_gz_is_an_error(double part)
    {
        byte[] packed = Import.Gzip(Encoding.UTF8.GetBytes(Rows
            + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"u{i * 7919 % 1000},i{i * 104729 % 5000}\n"))));
        Assert.Contains("cut off", Fails(_folder.Write("a.csv.gz", packed[..(int)(packed.Length * part)])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.99)]
    public void A_cut_off_zip_is_an_error(double part)
    {
        byte[] bytes = File.ReadAllBytes(_folder.Zip("a.zip", ("a.csv", Rows)));
        Assert.Contains("cut-off zip", Fails(_folder.Write("cut.zip", bytes[..(int)(bytes.Length * part)])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_byte_in_a_zip_is_an_error()
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
    public void A_path_that_leaves_the_zip_is_an_error(string name) =>
        Assert.Contains("leaves the archive", Fails(_folder.Zip("a.zip", (name, Rows))), StringComparison.Ordinal);

    [Fact]
    public void An_entry_that_stands_twice_is_an_error() =>
        Assert.Contains("twice", Fails(_folder.Zip("a.zip", ("a.csv", Rows), ("a.csv", Rows))), StringComparison.Ordinal);

    [Fact]
    public void A_zip_in_a_zip_is_an_error()
    {
        byte[] inner = File.ReadAllBytes(_folder.Zip("inner.zip", ("a.csv", Rows)));
        Assert.Contains("archive inside an archive", Fails(_folder.Zip("a.zip", ("inner.zip", inner))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_bomb_is_stopped_by_what_really_comes_out()
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
        Assert.Contains("more than 10 bytes",
            Assert.Throws<ImportException>(() => FormatCatalog.Import("csv", [_folder.Zip("a.zip", ("a.csv", Rows))], few)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_entries_are_an_error()
    {
        string path = _folder.Zip("many.zip", [.. Enumerable.Range(0, 30).Select(i => ($"{i}.csv", Rows))]);
        var few = new ImportOptions { Map = ColumnMap.Parse(Map), Limits = new ImportLimits { MaxFiles = 10 } };
        Assert.Contains("more than 10 files", Assert.Throws<ImportException>(() => FormatCatalog.Import("csv", [path], few)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_in_the_report_names_a_folder_of_the_machine()
    {
        ImportResult result = Import.Files("csv", null, Map, _folder.Zip("a.zip", ("a.csv", Rows + "x\n")));
        Assert.Equal(["a.zip!a.csv"], result.Report.Files);
        Assert.DoesNotContain(_folder.Path, result.Dataset.Provenance!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_stops_and_progress_is_told()
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
