using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it()
    {
        string path = _folder.File("report.txt");
        AtomicFile.WriteText(path, "first");
        AtomicFile.WriteText(path, "zweitens: größer");
        Assert.Equal("zweitens: größer", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_write_that_fails_leaves_the_older_file()
    {
        string path = _folder.File("report.txt");
        AtomicFile.WriteText(path, "first");
        DatasetException error = Assert.Throws<DatasetException>(() => AtomicFile.Write(path, temporary =>
        {
            File.WriteAllText(temporary, "hal");
            throw new IOException("the disk is full");
        }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
        Assert.Equal("first", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_folder_that_is_missing_is_named()
    {
        string path = _folder.File(Path.Combine("nowhere", "report.txt"));
        Assert.Contains(path, Assert.Throws<DatasetException>(() => AtomicFile.WriteText(path, "text")).Message, StringComparison.Ordinal);
    }
}
