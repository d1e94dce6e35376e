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
        DatasetException error = Assert.Throws<DatasetException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("hal"u8);
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

    [Fact]
    public void What_a_killed_run_left_is_removed_and_what_another_writes_is_not()
    {
        string path = _folder.File("report.txt"), left = path + ".new-0123456789ab", mine = path + ".new-version";
        File.WriteAllText(left, "ha");
        File.WriteAllText(mine, "mine");
        AtomicFile.Write(path, outer =>
        {
            AtomicFile.WriteText(path, "second");
            outer.Write("first"u8);
        });
        Assert.Equal("first", File.ReadAllText(path));
        Assert.Equal([path, mine], Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Two_writers_at_once_leave_one_whole_file()
    {
        string path = _folder.File("page.html");
        string[] pages = [.. Enumerable.Range(0, 8).Select(n => new string((char)('a' + n), 50_000 + n))];
        Parallel.ForEach(Enumerable.Range(0, 80), n => AtomicFile.WriteText(path, pages[n % 8]));
        Assert.Contains(File.ReadAllText(path), pages);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("/")]
    [InlineData("a\0b")]
    [InlineData("/dev/null")]
    [InlineData("/proc/nothing/page.html")]
    public void A_path_that_is_none_of_a_file_is_refused(string path)
    {
        Assert.Throws<DatasetException>(() => AtomicFile.CheckTarget(path));
        Assert.Throws<DatasetException>(() => AtomicFile.WriteText(path, "text"));
    }

    [Fact]
    public void A_file_of_something_else_is_not_replaced_an_empty_one_is()
    {
        string path = _folder.File("plays.csv");
        File.WriteAllText(path, "years of listening");
        Assert.Contains("did not write", Assert.Throws<DatasetException>(() => AtomicFile.CheckTarget(path, IsOurs)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, "made by Segue");
        AtomicFile.CheckTarget(path, IsOurs);
        File.WriteAllText(path, string.Empty);
        AtomicFile.CheckTarget(path, IsOurs);
        Assert.Throws<DatasetException>(() => AtomicFile.CheckTarget(_folder.Path, IsOurs));

        static bool IsOurs(ReadOnlySpan<byte> head) => head.IndexOf("Segue"u8) >= 0;
    }

    [Fact]
    public void A_link_stays_a_link()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        File.WriteAllText(_folder.File("there.txt"), "old");
        File.CreateSymbolicLink(_folder.File("link.txt"), _folder.File("there.txt"));
        AtomicFile.WriteText(_folder.File("link.txt"), "new");
        Assert.Equal("new", File.ReadAllText(_folder.File("there.txt")));
        Assert.NotNull(File.ResolveLinkTarget(_folder.File("link.txt"), false));
    }
}
