using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class LightGcnTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_given_split_is_kept()
    {
        _folder.Write("d/train.txt", "0 10 11 10\n1 11\n2\n");
        _folder.Write("d/test.txt", "0 12 10\n1 \n\n");
        _folder.Write("d/user_list.txt", "org_id remap_id\na 0\n");
        ImportResult result = Import.Files("lightgcn", _folder.File("d"));
        result.Report.AddsUp();
        Assert.Equal(["0 10 0", "0 11 0", "0 12 2", "0 10 2", "1 11 0"], result.Dataset.Lines());
        Assert.Equal((6L, 5L, 1L), (result.Report.Rows, result.Report.Accepted, result.Report.Duplicate));
        Assert.Equal(["lines/no-items 2", "lines/blank-line 1"], result.Report.Reasons());
        Assert.EndsWith("user_list.txt", Assert.Single(result.Report.Ignored), StringComparison.Ordinal);
    }

    [Fact]
    public void One_file_has_no_split() =>
        Assert.Equal(["0 1", "0 2"], Import.Files("lightgcn", _folder.Write("x.txt", "0 1 2\n")).Dataset.Lines());

    [Theory]
    [InlineData("0 10 5\n0 11 3\n1 10 4\n", "weight=2")]
    [InlineData("a x 5 881250949\na y 3 881250950\n", "time=3")]
    [InlineData("0 10 0.5\n1 11 1.5\n", "weight=2")]
    [InlineData("0 100 1\n1 101 2\n2 102 1\n3 103 1\n4 104 2\n", "weight=2")]
    public void A_table_of_user_item_and_weight_is_refused(string text, string hint) => Assert.Contains(
        hint, Assert.Throws<ImportException>(() => Import.Files("lightgcn", _folder.Write("train.txt", text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0 1 2\n1 0 3\n")]
    [InlineData("0 1\n1 0\n0 2\n")]
    [InlineData("0 1 2\n1 0 3 4\n1 5 6\n")]
    public void Users_lines_are_no_table(string text) => Assert.NotEmpty(Import.Files("lightgcn", _folder.Write("train.txt", text)).Dataset.Lines());

    [Fact]
    public void Two_train_files_are_an_error()
    {
        _folder.Write("d/a/train.txt", "0 1\n");
        _folder.Write("d/b/train.txt", "0 1\n");
        Assert.Contains("2 files for one part", Assert.Throws<ImportException>(() => Import.Files("lightgcn", _folder.File("d"))).Message,
            StringComparison.Ordinal);
    }
}
