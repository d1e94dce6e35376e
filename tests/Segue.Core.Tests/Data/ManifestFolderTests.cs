using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed partial class ManifestFolderTests : IDisposable
{
    private static readonly ManifestFolder Kind = new(
        "manifest.json", "segue-test", 1, "a test", "make one with: segue test --out {0}", "make it again", FileName());

    private static readonly ManifestFolder ByName = new(
        "by-name.json", "segue-by-name", 1, "a test", "make one with: segue test --out {0}", "make it again", FileName(), keepsNames: true);

    // The manifest, a version's folder, and in it its own manifest, a file, and a folder with a file.
    private const int OneVersion = 6;

    private readonly TemporaryFolder _folder = TestData.NewFolder();

    private string Target => _folder.File("d");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(typeof(IOException), typeof(DatasetException))]
    [InlineData(typeof(UnauthorizedAccessException), typeof(DatasetException))]
    [InlineData(typeof(OperationCanceledException), typeof(OperationCanceledException))]
    [InlineData(typeof(InvalidOperationException), typeof(InvalidOperationException))]
    public void A_write_that_fails_leaves_the_old_version_and_nothing_else(Type thrown, Type seen)
    {
        Write(Target, "old");
        string[] before = Tree(_folder.Path);
        Exception error = Assert.Throws(seen, () => Kind.Write(Target, building =>
        {
            File.WriteAllText(Path.Combine(building, "a.txt"), "half");
            throw (Exception)Activator.CreateInstance(thrown, "no room")!;
        }));
        Assert.Contains("no room", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", Content(Target));
        Assert.Equal(before, Tree(_folder.Path));
    }

    [Fact]
    public void A_message_names_the_folder_and_no_temporary_one()
    {
        Exception error = Assert.Throws<DatasetException>(() => Kind.Write(Target, building =>
            throw new IOException($"cannot write '{Path.Combine(building, "a.txt")}' in {Path.GetFileName(building)}")));
        Assert.Contains(Path.Combine(Target, "a.txt"), error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".new-", error.Message, StringComparison.Ordinal);
        Assert.Empty(Tree(_folder.Path));
    }

    [Fact]
    public void A_full_disk_is_named()
    {
        Exception error = Assert.Throws<DatasetException>(() => Kind.Write(Target, _ => throw new IOException("No space left on device : '/x/.d.new-1/a'", 28)));
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void While_it_is_written_and_after_the_old_or_the_new_version_is_read()
    {
        Write(Target, "old");
        Kind.Write(Target, building =>
        {
            Assert.Equal("old", Content(Target));
            return Fill(building, "new");
        });
        Assert.Equal("new", Content(Target));
        Write(Target, "newer");
        Assert.Equal("newer", Content(Target));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));

        Assert.Equal(OneVersion, Tree(Target).Length);
    }

    [Fact]
    public void The_same_content_again_changes_nothing()
    {
        Write(Target, "one");
        Write(Target, "two");
        byte[] manifest = File.ReadAllBytes(Path.Combine(Target, "manifest.json"));
        string[] before = Tree(Target);
        Write(Target, "two");
        Assert.Equal(manifest, File.ReadAllBytes(Path.Combine(Target, "manifest.json")));
        Assert.Equal(before, Tree(Target));
    }

    [Theory]
    [InlineData("""{"manifest_version":3,"name":"an extension"}""")]
    [InlineData("""{"format":"segue-other","version":1}""")]
    [InlineData("""{"format":["segue-test"]}""")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_manifest_of_something_else_is_never_replaced(string manifest)
    {
        Directory.CreateDirectory(Path.Combine(Target, ".git"));
        File.WriteAllText(Path.Combine(Target, "manifest.json"), manifest);
        File.WriteAllText(Path.Combine(Target, ".git", "HEAD"), "x");
        string[] before = Tree(Target);
        Assert.Contains("did not write", Assert.Throws<DatasetException>(() => Kind.CheckTarget(Target)).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => Write(Target, "new"));
        Assert.Equal(before, Tree(Target));
        Assert.Equal(manifest, File.ReadAllText(Path.Combine(Target, "manifest.json")));
    }

    [Fact]
    public void What_something_else_made_is_never_replaced()
    {
        Directory.CreateDirectory(_folder.File("photos"));
        File.WriteAllText(Path.Combine(_folder.File("photos"), "cat.jpg"), "cat");
        File.WriteAllText(_folder.File("file"), "text");
        foreach (string path in new[] { _folder.File("photos"), _folder.File("file"), Path.Combine(_folder.File("file"), "in"), "/", string.Empty, " ", "a\0b" })
        {
            Assert.Throws<DatasetException>(() => Kind.CheckTarget(path));
            Assert.Throws<DatasetException>(() => Write(path, "new"));
        }

        Assert.Equal("cat", File.ReadAllText(Path.Combine(_folder.File("photos"), "cat.jpg")));
        Assert.Equal("text", File.ReadAllText(_folder.File("file")));
        Assert.Equal(3, Tree(_folder.Path).Length);
    }

    [Fact]
    public void Only_what_the_manifest_lists_is_removed()
    {
        // A person's notes beside the files, and in a folder of the version.
        Write(Target, "one");
        File.WriteAllText(Path.Combine(Target, "notes.md"), "mine");
        File.WriteAllText(Path.Combine(Target, "inner", "notes.md"), "mine too");
        Write(Target, "two");
        string version = Directory.GetDirectories(Target, "v2-*").Single();
        File.WriteAllText(Path.Combine(version, "notes.md"), "mine three");
        Write(Target, "three");
        Assert.Equal("three", Content(Target));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Target, "notes.md")));
        Assert.Equal("mine too", File.ReadAllText(Path.Combine(Target, "inner", "notes.md")));
        Assert.Equal(["notes.md"], Directory.GetFileSystemEntries(version).Select(Path.GetFileName));
        Assert.False(File.Exists(Path.Combine(Target, "a.txt")));
    }

    [Fact]
    public void A_damaged_manifest_of_ours_is_replaced_and_what_it_lists_stays()
    {
        Write(Target, "one");
        string file = Path.Combine(Target, "manifest.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"bytes\": 3", "\"bytes\": 4", StringComparison.Ordinal));
        Assert.Throws<DatasetException>(() => Content(Target));
        Write(Target, "two");
        Assert.Equal("two", Content(Target));
        Assert.Equal("one", File.ReadAllText(Path.Combine(Target, "a.txt")));
    }

    [Fact]
    public void A_list_that_leads_outside_is_refused_and_deletes_nothing()
    {
        File.WriteAllText(_folder.File("b.txt"), "precious");
        Write(Target, "one");
        JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(Path.Combine(Target, "manifest.json")))!.AsObject();
        manifest["files"]!["../b.txt"] = new JsonObject { ["bytes"] = 8, ["sha256"] = string.Empty };
        File.WriteAllBytes(Path.Combine(Target, "manifest.json"), ManifestFolder.Seal(manifest));
        Assert.Contains("../b.txt", Assert.Throws<DatasetException>(() => Content(Target)).Message, StringComparison.Ordinal);
        Write(Target, "two");
        Assert.Equal("precious", File.ReadAllText(_folder.File("b.txt")));
    }

    [Fact]
    public void Links_are_removed_and_what_they_lead_to_stays()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        Write(Target, "one");
        Directory.CreateDirectory(_folder.File("elsewhere"));
        File.WriteAllText(Path.Combine(_folder.File("elsewhere"), "b.txt"), "precious");
        File.Delete(Path.Combine(Target, "inner", "b.txt"));
        Directory.Delete(Path.Combine(Target, "inner"));
        Directory.CreateSymbolicLink(Path.Combine(Target, "inner"), _folder.File("elsewhere"));
        Write(Target, "two");
        Assert.Equal("two", Content(Target));
        Assert.Equal("precious", File.ReadAllText(Path.Combine(_folder.File("elsewhere"), "b.txt")));
    }

    [Theory]
    [InlineData("new/deep/folder")]
    [InlineData("trailing/")]
    [InlineData("empty")]
    [InlineData("link")]
    public void New_empty_deep_and_linked_folders_are_filled(string name)
    {
        Directory.CreateDirectory(_folder.File("empty"));
        Directory.CreateDirectory(_folder.File("there"));
        Directory.CreateSymbolicLink(_folder.File("link"), _folder.File("there"));
        Kind.CheckTarget(_folder.File(name));
        Write(_folder.File(name), "new");
        Assert.Equal("new", Content(_folder.File(name)));
        Assert.True(name != "link" || Content(_folder.File("there")) == "new");
        Assert.Equal(name == "link", File.GetAttributes(Path.TrimEndingDirectorySeparator(_folder.File(name))).HasFlag(FileAttributes.ReparsePoint));
    }

    [Fact]
    public void A_check_leaves_nothing()
    {
        Kind.CheckTarget(_folder.File("new/deep/folder"));
        Assert.Empty(Tree(_folder.Path));
    }

    /// <summary>What a killed run leaves is made here as it is on disk at each step; the next run names it and removes it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_killed_runs_left_is_named_and_removed(bool hasOld)
    {
        if (hasOld)
        {
            Write(Target, "old");
            Write(Target, "old 2");
        }

        string unfinished = hasOld ? Path.Combine(Target, "v-new-0123456789ab") : _folder.File(".d.new-0123456789ab");
        Directory.CreateDirectory(unfinished);
        File.WriteAllText(Path.Combine(unfinished, "a.txt"), "ha");
        File.WriteAllText(Path.Combine(unfinished, "segue-unfinished.json"), "{\"format\": \"segue-unfinished\"}\n");

        // Folders of the same names that are not ours.
        string other = hasOld ? Path.Combine(Target, "v-new-mine") : _folder.File(".d.new-mine");
        Directory.CreateDirectory(other);
        if (!hasOld)
        {
            Assert.Contains(unfinished, Assert.Throws<DatasetException>(() => Content(Target)).Message, StringComparison.Ordinal);
        }

        Assert.Equal([unfinished], Write(Target, "new"));
        Assert.False(Directory.Exists(unfinished));
        Assert.True(Directory.Exists(other));
        Assert.Equal("new", Content(Target));
    }

    [Fact]
    public void What_is_still_being_written_is_left_alone()
    {
        Kind.Write(Target, first =>
        {
            Assert.Contains("being written", Assert.Throws<DatasetException>(() => Content(Target)).Message, StringComparison.Ordinal);
            Assert.Empty(Write(Target, "second"));
            Assert.True(Directory.Exists(first));
            return Fill(first, "first");
        });
        Assert.Equal("first", Content(Target));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_version_that_nothing_points_to_and_files_of_a_replaced_one_are_removed()
    {
        Write(Target, "one");
        string copy = _folder.File("copy");
        Copy(Target, copy);
        Write(Target, "two");

        // Killed after its rename, before it deleted the files of "one"; and one that lost a race left a version.
        foreach (string name in new[] { "a.txt", Path.Combine("inner", "b.txt") })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Target, name))!);
            File.Copy(Path.Combine(copy, name), Path.Combine(Target, name));
        }

        string lost = Path.Combine(Target, "v7-00112233");
        Directory.Move(copy, lost);
        Assert.Equal("two", Content(Target));
        IReadOnlyList<string> removed = Write(Target, "three");
        Assert.Contains(lost, removed);
        Assert.Contains(Path.Combine(Target, "a.txt"), removed);
        Assert.Equal("three", Content(Target));
        Assert.Equal(OneVersion, Tree(Target).Length);
    }

    [Fact]
    public void A_persons_file_with_the_name_of_a_replaced_one_stays()
    {
        Write(Target, "one");
        Write(Target, "two");
        File.WriteAllText(Path.Combine(Target, "a.txt"), "mine");
        Assert.Empty(Write(Target, "three"));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Target, "a.txt")));
    }

    [Fact]
    public void An_old_folder_of_an_interrupted_save_is_named()
    {
        Dataset dataset = new RandomWorld(3, 4, 6, 2).Build();
        DatasetStore.Save(dataset, Target);
        Directory.Move(Target, _folder.File(".d.old-1-2"));
        Assert.Contains(".d.old-1-2", Assert.Throws<DatasetException>(() => DatasetStore.Open(Target)).Message, StringComparison.Ordinal);
        DatasetAssert.Same(dataset, DatasetStore.Open(_folder.File(".d.old-1-2")));
    }

    /// <summary>Two writers and a reader at once: every reading is one version, whole, and there is always one.</summary>
    [Fact]
    public async Task Readers_see_one_version_whole_while_writers_replace_it()
    {
        Write(Target, "0");
        using var done = new CancellationTokenSource();
        Task[] writers = [.. Enumerable.Range(1, 2).Select(w => Task.Run(() =>
        {
            for (int n = 0; n < 150; n++)
            {
                Write(Target, $"{(w * 1000) + n}");
            }
        }))];
        Task<int> reader = Task.Run(() =>
        {
            int readings = 0;
            while (!done.IsCancellationRequested || readings == 0)
            {
                Assert.True(Directory.Exists(Target) && File.Exists(Path.Combine(Target, "manifest.json")), "a gap");
                Content(Target); // compares both files
                readings++;
            }

            return readings;
        });
        await Task.WhenAll(writers);
        await done.CancelAsync();
        Assert.InRange(await reader, 1, int.MaxValue);
        Write(Target, "last");
        Assert.Equal("last", Content(Target));
        Assert.Equal(OneVersion, Tree(Target).Length);
    }

    [Fact]
    public void A_folder_that_is_swapped_while_it_is_read_gives_one_of_the_two()
    {
        Write(Target, "one");
        Write(_folder.File("other"), "two");
        int calls = 0;
        string read = Kind.Read(Target, opened =>
        {
            string first = File.ReadAllText(opened.PathOf("a.txt"));
            if (calls++ == 0)
            {
                Directory.Move(Target, _folder.File("away"));
                Directory.Move(_folder.File("other"), Target);
            }

            return $"{first} {File.ReadAllText(opened.PathOf("inner/b.txt"))}";
        });
        Assert.Equal("two two", read);
        Assert.Equal(2, calls);
    }

    [Fact]
    public void Files_kept_by_name_are_replaced_one_by_one_and_others_stay()
    {
        WriteByName("one", "a.txt", "old.txt");
        File.WriteAllText(Path.Combine(Target, "mine.txt"), "mine");
        WriteByName("two", "a.txt", "new.txt");
        Assert.Equal(["a.txt", "by-name.json", "mine.txt", "new.txt"], Tree(Target));
        Assert.Equal("two", File.ReadAllText(Path.Combine(Target, "a.txt")));
        Assert.Contains("mine.txt", Assert.Throws<DatasetException>(() => WriteByName("three", "a.txt", "mine.txt")).Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Target, "mine.txt")));
        Assert.Equal("two", File.ReadAllText(Path.Combine(Target, "a.txt")));

        void WriteByName(string content, params string[] names) => ByName.Write(Target, building =>
        {
            Array.ForEach(names, name => File.WriteAllText(Path.Combine(building, name), content));
            return new JsonObject { ["format"] = "segue-by-name", ["version"] = 1 };
        });
    }

    [Theory]
    [InlineData("device")]
    [InlineData("pipe")]
    [InlineData("folder")]
    [InlineData("circle")]
    [InlineData("nowhere")]
    public void A_manifest_that_is_no_file_is_refused_at_once(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "pipes and devices are no paths there");
        Write(Target, "one");
        string file = Path.Combine(Target, "manifest.json");
        File.Delete(file);
        switch (kind)
        {
            case "device":
                File.CreateSymbolicLink(file, "/dev/zero");
                break;
            case "pipe":
                using (Process make = Process.Start("mkfifo", [file]))
                {
                    make.WaitForExit();
                }

                break;
            case "folder":
                Directory.CreateDirectory(file);
                break;
            default:
                File.CreateSymbolicLink(file, kind == "circle" ? file : _folder.File("nowhere"));
                break;
        }

        Assert.Contains(Target, Assert.Throws<DatasetException>(() => Content(Target)).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => Write(Target, "two"));
    }

    private static IReadOnlyList<string> Write(string path, string content) => Kind.Write(path, building => Fill(building, content));

    private static JsonObject Fill(string building, string content)
    {
        File.WriteAllText(Path.Combine(building, "a.txt"), content);
        Directory.CreateDirectory(Path.Combine(building, "inner"));
        File.WriteAllText(Path.Combine(building, "inner", "b.txt"), content);
        return new JsonObject { ["format"] = "segue-test", ["version"] = 1 };
    }

    private static string Content(string path) => Kind.Read(path, opened =>
    {
        opened.CheckLengths();
        byte[] first = RegularFile.ReadAllBytes(opened.PathOf("a.txt"), 100), second = RegularFile.ReadAllBytes(opened.PathOf("inner/b.txt"), 100);
        opened.CheckBytes("a.txt", first);
        opened.CheckBytes("inner/b.txt", second);
        Assert.Equal(first, second);
        return System.Text.Encoding.UTF8.GetString(first);
    });

    private static string[] Tree(string path) =>
        [.. Directory.GetFileSystemEntries(path, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(path, f)).Order(StringComparer.Ordinal)];

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    [GeneratedRegex(@"^([a-z]+/)?[a-z]+\.txt\z")]
    private static partial Regex FileName();
}
