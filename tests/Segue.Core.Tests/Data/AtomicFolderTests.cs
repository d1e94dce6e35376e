using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class AtomicFolderTests
{
    [Theory]
    [InlineData(typeof(IOException), typeof(DatasetException))]
    [InlineData(typeof(UnauthorizedAccessException), typeof(DatasetException))]
    [InlineData(typeof(OperationCanceledException), typeof(OperationCanceledException))]
    [InlineData(typeof(InvalidOperationException), typeof(InvalidOperationException))]
    public void A_save_that_fails_leaves_the_old_folder_and_nothing_else(Type thrown, Type seen)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Write(folder.File("d"), "old");
        Exception error = Assert.Throws(seen, () => AtomicFolder.Write(folder.File("d"), "marker", temporary =>
        {
            File.WriteAllText(Path.Combine(temporary, "marker"), "half");
            throw (Exception)Activator.CreateInstance(thrown, "disk full")!;
        }));
        Assert.Contains("disk full", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Path.Combine(folder.File("d"), "marker")));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void While_it_is_written_the_old_folder_stands()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Write(folder.File("d"), "old");
        AtomicFolder.Write(folder.File("d"), "marker", temporary =>
        {
            Assert.Equal("old", File.ReadAllText(Path.Combine(folder.File("d"), "marker")));
            Assert.Equal(folder.Path, Path.GetDirectoryName(temporary));
            File.WriteAllText(Path.Combine(temporary, "marker"), "new");
        });
        Assert.Equal("new", File.ReadAllText(Path.Combine(folder.File("d"), "marker")));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void What_something_else_made_is_never_replaced()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Directory.CreateDirectory(folder.File("photos"));
        File.WriteAllText(Path.Combine(folder.File("photos"), "cat.jpg"), "cat");
        File.WriteAllText(folder.File("file"), "text");
        Assert.Throws<DatasetException>(() => Write(folder.File("photos"), "new"));
        Assert.Throws<DatasetException>(() => Write(folder.File("file"), "new"));
        Assert.Throws<DatasetException>(() => Write("/", "new"));
        Assert.Throws<DatasetException>(() => Write(string.Empty, "new"));
        Assert.Throws<DatasetException>(() => Write("a\0b", "new"));
        Assert.Equal("cat", File.ReadAllText(Path.Combine(folder.File("photos"), "cat.jpg")));
        Assert.Equal("text", File.ReadAllText(folder.File("file")));
    }

    [Theory]
    [InlineData("new/deep/folder")]
    [InlineData("trailing/")]
    [InlineData("empty")]
    public void New_empty_and_deep_folders_are_made(string name)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Directory.CreateDirectory(folder.File("empty"));
        Write(folder.File(name), "new");
        Assert.Equal("new", File.ReadAllText(Path.Combine(folder.File(name), "marker")));
    }

    [Fact]
    public void A_save_killed_between_its_renames_leaves_a_trace_that_is_found()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset dataset = new RandomWorld(3, 4, 6, 2).Build();
        DatasetStore.Save(dataset, folder.File("d"));
        Directory.Move(folder.File("d"), folder.File(".d.old-1-2"));
        Assert.Equal(folder.File(".d.old-1-2"), AtomicFolder.FindReplaced(folder.File("d")));
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Open(folder.File("d")));
        Assert.Contains(".d.old-1-2", error.Message, StringComparison.Ordinal);
        DatasetAssert.Same(dataset, DatasetStore.Open(folder.File(".d.old-1-2")));
    }

    private static void Write(string path, string content) =>
        AtomicFolder.Write(path, "marker", temporary => File.WriteAllText(Path.Combine(temporary, "marker"), content));
}
