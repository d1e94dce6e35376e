using System.Formats.Tar;
using System.Text;
using Segue.Import.Engine;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Engine;

/// <summary>Tars with many files are read in proportion to their size, and what is broken in one is noticed.</summary>
public sealed class TarInputTests : IDisposable
{
    private const string Rows = "user,item\nu1,a\nu1,b\nu2,a\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, 300, 1)]
    [InlineData(true, 300, 2)]
    [InlineData(true, TarInput.FewFiles, (2 * TarInput.FewFiles) + 1)]
    public void Files_are_right_in_any_order_and_the_archive_is_not_read_once_for_each(bool gzip, int files, int mostPasses)
    {
        byte[] tar = Tar([.. Enumerable.Range(0, files).Select(i => ($"{new string('d', i)}/{i}", Text(i)))]);
        string path = _folder.Write("a", gzip ? Import.Gzip(tar) : tar);
        long read = 0;
        FileStream disk = File.OpenRead(path);
        using var input = new TarInput(new InputArchive("a", disk.Length), disk, gzip, new ImportLimits(), (_, count) => read += count);
        Assert.Equal(Enumerable.Range(0, files).Select(i => $"{new string('d', i)}/{i}"), input.Files.Select(f => f.Name));

        // Twice, as formats look at a file before they read it; the second time from behind.
        foreach (int i in Enumerable.Range(0, files).Concat(Enumerable.Range(0, files).Reverse()))
        {
            using var reader = new StreamReader(input.Open(input.Files[i]), Encoding.UTF8);
            Assert.Equal(Text(i), reader.ReadToEnd());
        }

        Assert.InRange(read, tar.Length, (long)mostPasses * tar.Length);

        static string Text(int i) => string.Concat(Enumerable.Repeat($"file {i}\n", i));
    }

    [Fact]
    public void Many_files_of_a_tar_gz_give_the_dataset_of_the_zip()
    {
        (string Name, string Text)[] files =
            [.. Enumerable.Range(0, 40).Select(i => ($"u{i}.csv", $"Artist,Album,Title {i},\"06 Jan 2014 20:19\"\n"))];
        string[] expected = Import.Files("lastfm-csv", _folder.Zip("a.zip", files)).Dataset.Lines();
        Assert.Equal(40, expected.Length);
        Assert.Equal(expected, Import.Files("lastfm-csv", _folder.Write("a.tar", Tar(files))).Dataset.Lines());
        Assert.Equal(expected, Import.Files("lastfm-csv", _folder.Write("a.tar.gz", Import.Gzip(Tar(files)))).Dataset.Lines());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tar_without_its_end_mark_is_cut_off(bool gzip)
    {
        byte[] tar = Tar(("a.csv", Rows), ("b.txt", "more"));
        int end = End(tar);
        Assert.Contains("cut-off tar", Fails(tar[..end], gzip), StringComparison.Ordinal);
        Assert.Contains("cut-off tar", Fails(tar[..(end - 700)], gzip), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_behind_the_end_of_a_tar_is_not_passed_over()
    {
        byte[] tar = Tar(("a.csv", Rows));
        Assert.Contains("after the end of its tar", Fails([.. tar, .. Tar(("b.csv", Rows))], false), StringComparison.Ordinal);
        string padded = _folder.Write("a.tar", [.. tar, .. new byte[9000]]);
        Assert.Equal(3, Import.Files("csv", null, "user=user,item=item", padded).Dataset.Count);
    }

    [Fact]
    public void A_changed_header_is_noticed()
    {
        // Under another name a file would be one that the format does not read.
        byte[] tar = Tar(("a.csv", Rows), ("b.csv", "other,columns\n1,2\n"));
        tar[tar.AsSpan().LastIndexOf("b.csv"u8)] ^= 1;
        Assert.Contains("checksum", Fails(tar, false), StringComparison.Ordinal);
    }

    private static int End(byte[] tar) => (tar.AsSpan().LastIndexOfAnyExcept((byte)0) + 512) / 512 * 512;

    private static byte[] Tar(params (string Name, string Text)[] files)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach ((string name, string text) in files)
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                });
            }
        }

        return tar.ToArray();
    }

    private string Fails(byte[] tar, bool gzip)
    {
        string path = gzip ? _folder.Write("x.tar.gz", Import.Gzip(tar)) : _folder.Write("x.tar", tar);
        return Assert.Throws<ImportException>(() => Import.Files("csv", null, "user=user,item=item", path)).Message;
    }
}
