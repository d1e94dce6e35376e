using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Engine;

/// <summary>What comes out of an archive is held against its checksum, and what cannot be unpacked is called by its name.</summary>
public sealed class ArchiveChecksTests : IDisposable
{
    private const string Rows = "user,item\nu1,a\nu1,b\nu2,a\n";
    private const string Map = "user=user,item=item";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("csv.gz")]
    [InlineData("tar.gz")]
    [InlineData("two members")]
    public void A_changed_bit_anywhere_in_a_gz_is_an_error(string kind)
    {
        byte[] rows = Encoding.UTF8.GetBytes(Rows);
        byte[] packed = kind switch
        {
            "csv.gz" => Import.Gzip(rows),
            "tar.gz" => Import.Gzip(Tar(("README", "not read by the format"), ("a.csv", Rows), ("z.txt", "nor is this"))),
            _ => [.. Import.Gzip(rows), .. Import.Gzip("u3,c\n"u8.ToArray())],
        };
        string path = _folder.Write("whole", packed);
        Assert.Equal(kind == "two members" ? 4 : 3, Import.Files("csv", null, Map, path).Dataset.Count);

        // Some bits say nothing: the time in the header, what fills the last byte, a repeat taken from elsewhere. They do no harm.
        byte[] content = Inflate(packed)!;
        int harmless = 0;
        for (int at = 0; at < packed.Length; at++)
        {
            byte[] changed = [.. packed];
            changed[at] ^= (byte)(1 << (at % 8));
            if (Inflate(changed) is { } same && same.AsSpan().SequenceEqual(content))
            {
                harmless++;
                continue;
            }

            Fails("changed", changed, $"bit of byte {at} of {packed.Length}");
        }

        Assert.InRange(harmless, 0, 25);
    }

    [Fact]
    public void A_zip_entry_that_is_read_in_part_is_still_checked()
    {
        // Only the first 64 KiB of user.json are looked at.
        string path = _folder.File("listenbrainz_u_1.zip");
        using (var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create))
        {
            Stored(zip, "listens/2020/1.jsonl",
                "{\"listened_at\":1577900000,\"track_metadata\":{\"artist_name\":\"A\",\"track_name\":\"T\"}}\n");
            Stored(zip, "user.json", new string(' ', 200_000) + "{\"user_name\":\"end\"}");
        }

        Assert.Equal(1, Import.Files("listenbrainz", path).Dataset.Count);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.AsSpan().IndexOf("\"end\""u8) + 1] ^= 1;
        File.WriteAllBytes(path, bytes);
        string message = Assert.Throws<ImportException>(() => Import.Files("listenbrainz", path)).Message;
        Assert.Contains("user.json' is damaged", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public void An_entry_with_a_password_is_called_encrypted(int method)
    {
        string path = _folder.Zip("a.zip", ("notes.txt", "hello"), ("a.csv", Rows));
        string message = Fails("locked.zip", Patched(path, "a.csv", flags: 1, method), "encrypted");
        Assert.Contains("'locked.zip!a.csv'", message, StringComparison.Ordinal);
        Assert.Contains("password", message, StringComparison.Ordinal);
        Assert.Contains("unpack it", message, StringComparison.Ordinal);

        // What is not asked for may be locked.
        string mixed = _folder.Write("mixed.zip", Patched(path, "notes.txt", flags: 1, method));
        Assert.Equal(3, Import.Files("csv", null, Map, mixed + "!a.csv").Dataset.Count);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 12)]
    public void A_long_name_of_an_entry_does_not_fill_the_message(byte flags, int method)
    {
        string name = new string('n', 10_000) + ".csv";
        Assert.InRange(Fails("a.zip", Patched(_folder.Zip("b.zip", (name, Rows)), name, flags, method), "long name").Length, 200, 500);
    }

    [Fact]
    public void An_entry_packed_in_a_foreign_way_is_not_called_damaged()
    {
        string path = _folder.Zip("a.zip", ("a.csv", Rows));
        string message = Fails("b.zip", Patched(path, "a.csv", flags: 0, method: 12), "another method");
        Assert.Contains("'b.zip!a.csv' cannot be unpacked", message, StringComparison.Ordinal);
        Assert.Contains("with another program", message, StringComparison.Ordinal);
        Assert.DoesNotContain("damaged", message, StringComparison.Ordinal);
    }

    // Sets flags and, where it is not 0, the method of one entry, in its own header and in the list at the end.
    private static byte[] Patched(string zip, string entry, byte flags, int method)
    {
        byte[] bytes = File.ReadAllBytes(zip);
        byte[] name = Encoding.UTF8.GetBytes(entry);
        int local = bytes.AsSpan().IndexOf(name), central = bytes.AsSpan().LastIndexOf(name);
        foreach (int at in (int[])[local - 30 + 6, central - 46 + 8])
        {
            bytes[at] |= flags;
            bytes[at + 2] = method == 0 ? bytes[at + 2] : (byte)method;
        }

        return bytes;
    }

    private static void Stored(ZipArchive zip, string name, string text)
    {
        using Stream stream = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private static byte[]? Inflate(byte[] packed)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            var content = new MemoryStream();
            gzip.CopyTo(content);
            return content.ToArray();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static byte[] Tar(params (string Name, string Text)[] files)
    {
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((string name, string text) in files)
            {
                writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                    ModificationTime = DateTimeOffset.UnixEpoch,
                });
            }
        }

        return tar.ToArray();
    }

    private string Fails(string name, byte[] bytes, string what)
    {
        string path = _folder.Write(name, bytes);
        Exception? e = Record.Exception(() => Import.Files("csv", null, Map, path));
        Assert.True(e is ImportException, $"{what}: {e?.ToString() ?? "imported"}");
        return e!.Message;
    }
}
