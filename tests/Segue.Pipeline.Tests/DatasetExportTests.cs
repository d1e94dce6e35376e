using System.Collections;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class DatasetExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

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

    [Theory]
    [InlineData("=1+1", true)]
    [InlineData("+cmd", true)]
    [InlineData("-cmd|x", true)]
    [InlineData("@SUM(1)", true)]
    [InlineData("\tx", true)]
    [InlineData("\rx", true)]
    [InlineData("＝1", true)]
    [InlineData("-5", false)]
    [InlineData("+3.25", false)]
    [InlineData("a=1", false)]
    [InlineData(" =1", false)]
    [InlineData("", false)]
    public void A_formula_begins_like_one_and_is_no_number(string text, bool isFormula) => Assert.Equal(isFormula, DatasetExport.IsFormula(text));

    [Theory]
    [InlineData(false, "item,name,artist\n-7,'=1+1,'@x\n=id,\"'+a,b\",plain\n")]
    [InlineData(true, "item,name,artist\n-7,=1+1,@x\n=id,\"+a,b\",plain\n")]
    public void Names_in_csv_are_no_formulas_and_ids_stay(bool raw, string expected)
    {
        var builder = new DatasetBuilder("d", "track");
        builder.Interaction(builder.User("-u"), builder.Item("-7", "=1+1", "@x"));
        builder.Interaction(builder.User("-u"), builder.Item("=id", "+a,b", "plain"));
        string folder = _folder.File("out");
        DatasetExport.Write(builder.Build(), "csv", folder, raw);
        Assert.Equal(expected, File.ReadAllText(Path.Combine(folder, "items.csv")));
        Assert.Equal("user,item,time,weight\n-u,-7,,1\n-u,=id,,1\n", File.ReadAllText(Path.Combine(folder, "interactions.csv")));
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
