using System.Collections;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class DatasetExportTests
{
    public static TheoryData<string> Formats => [.. DatasetExport.Formats];

    /// <summary>Cancelled while the items are written, after the interactions: the folder is as it was, and nothing is beside it.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void A_cancelled_export_leaves_what_was_there(string format)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("export");
        Dataset dataset = SmallWorld.Checkerboard();
        string[] old = [.. DatasetExport.Write(dataset, format, path).Select(File.ReadAllText)];
        using var stop = new CancellationTokenSource();
        Dataset cancelling = dataset with { Catalog = dataset.Catalog with { FeatureNames = new CancellingNames(stop) } };
        using (CancellationScope.Enter(stop.Token))
        {
            Assert.Throws<OperationCanceledException>(() => DatasetExport.Write(cancelling, format, path));
        }

        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        Assert.Equal(old, DatasetExport.Write(dataset, format, path).Select(File.ReadAllText));
    }

    /// <summary>No names, and a cancellation where they are read.</summary>
    private sealed class CancellingNames(CancellationTokenSource stop) : IReadOnlyList<string>
    {
        public int Count => 0;

        public string this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public IEnumerator<string> GetEnumerator()
        {
            stop.Cancel();
            return Enumerable.Empty<string>().GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
