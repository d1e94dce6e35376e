using System.Globalization;
using System.IO.Compression;
using System.Text;
using Segue.Core.Data;
using Xunit;

namespace Segue.Import.Tests;

/// <summary>A clock that stands still.</summary>
internal sealed class FixedClock(string iso) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() =>
        DateTimeOffset.Parse(iso, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}

/// <summary>Short ways to import hand-made files.</summary>
internal static class Import
{
    public static TimeProvider Clock { get; } = new FixedClock("2026-11-21T00:00:00Z");

    public static ImportResult Files(string format, string? level, string? map, params string[] paths) =>
        FormatCatalog.Import(format, paths,
            new ImportOptions { Level = level, Map = map is null ? null : ColumnMap.Parse(map), Clock = Clock });

    public static ImportResult Files(string format, params string[] paths) => Files(format, null, null, paths);

    public static string Write(this Testing.TemporaryFolder folder, string name, string text) =>
        folder.Write(name, Encoding.UTF8.GetBytes(text));

    public static string Write(this Testing.TemporaryFolder folder, string name, byte[] bytes)
    {
        string path = folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public static string Zip(this Testing.TemporaryFolder folder, string name, params (string Name, byte[] Bytes)[] entries)
    {
        string path = folder.File(name);
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach ((string entry, byte[] bytes) in entries)
        {
            using Stream stream = zip.CreateEntry(entry).Open();
            stream.Write(bytes);
        }

        return path;
    }

    public static string Zip(this Testing.TemporaryFolder folder, string name, params (string Name, string Text)[] entries) =>
        folder.Zip(name, [.. entries.Select(e => (e.Name, Encoding.UTF8.GetBytes(e.Text)))]);

    public static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>Interactions as <c>user item time weight</c> (time and weight where there are any), in order.</summary>
    public static string[] Lines(this Dataset dataset) => [.. Enumerable.Range(0, dataset.Count).Select(n =>
    {
        var text = new StringBuilder(dataset.Users[dataset.UserIndex.Span[n]]).Append(' ').Append(dataset.Items[dataset.ItemIndex.Span[n]]);
        if (dataset.HasTime)
        {
            text.Append(' ').Append(dataset.Time.Span[n]);
        }

        if (dataset.HasWeight)
        {
            text.Append(CultureInfo.InvariantCulture, $" {dataset.Weight.Span[n]}");
        }

        return dataset.Fold.IsEmpty ? text.ToString() : text.Append(' ').Append(dataset.Fold.Span[n]).ToString();
    })];

    /// <summary>Rejections as <c>table/reason count</c>.</summary>
    public static string[] Reasons(this ImportReport report) => [.. report.Rejected.Select(r => $"{r.Table}/{r.Reason} {r.Count}")];

    /// <summary>Every row must have exactly one fate.</summary>
    public static void AddsUp(this ImportReport report) =>
        Assert.All(report.Tables, t => Assert.Equal(t.Rows, t.Accepted + t.Duplicate + t.Rejected));

    public static void SameBytes(ImportResult first, ImportResult second)
    {
        using var a = new Testing.TemporaryFolder();
        using var b = new Testing.TemporaryFolder();
        DatasetStore.Save(first.Dataset, a.File("d"));
        DatasetStore.Save(second.Dataset, b.File("d"));
        string[] names = [.. Directory.GetFiles(a.File("d")).Select(f => Path.GetFileName(f)!).Order()];
        Assert.Equal(names, Directory.GetFiles(b.File("d")).Select(f => Path.GetFileName(f)!).Order());
        Assert.All(names, n => Assert.Equal(File.ReadAllBytes(Path.Combine(a.File("d"), n)),
            File.ReadAllBytes(Path.Combine(b.File("d"), n))));
    }
}
