using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class DatasetExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

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
}
