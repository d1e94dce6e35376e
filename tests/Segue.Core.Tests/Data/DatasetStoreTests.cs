using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class DatasetStoreTests
{
    private static readonly string[] NastyIds =
    [
        "", " ", "a\nb", "a\rb", "a\\nb", "a\\\nb", "\\", "\\\\", "\\u0041", "tab\there", "nul\0", "日本語", "naïve", "nai\u0308ve", "🎵",
        "\ud83c", "\udfb5", "\udfb5\ud83c", "\\ud83c", "'quoted'", "\"x\"", "\u2028", "\ufeffbom", "x\r\ny", "\ufffd",
    ];

    [Fact]
    public void A_cancelled_save_leaves_the_old_folder_and_nothing_beside_it()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("data");
        Dataset old = SmallWorld.Checkerboard(), next = SmallWorld.Genres;
        DatasetStore.Save(old, path);
        next.CheckIndices();
        using (var stop = new CancellationTokenSource())
        {
            using CancellationScope scope = CancellationScope.Enter(stop.Token);
            stop.Cancel();
            Assert.Throws<OperationCanceledException>(() => DatasetStore.Save(next, path));
            Assert.Throws<OperationCanceledException>(() => DatasetStore.Verify(path));
        }

        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        Assert.Equal(old.Items.Count, DatasetStore.Open(path).Items.Count);
        Assert.True(DatasetStore.Verify(path) > 0);
    }

    [Fact]
    public void Every_part_comes_back() => RandomWorld.ForAll(
        world =>
        {
            using TemporaryFolder folder = TestData.NewFolder();
            Dataset dataset = Full(world);
            DatasetStore.Save(dataset, folder.File("d"));
            DatasetAssert.Same(dataset, DatasetStore.Open(folder.File("d")));
            Assert.True(DatasetStore.Verify(folder.File("d")) > 20);
        },
        worlds: 5);

    [Fact]
    public void Saving_again_gives_equal_bytes()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset dataset = Full(new RandomWorld(30, 20, 300, 1));
        DatasetStore.Save(dataset, folder.File("a"));
        DatasetStore.Save(Full(new RandomWorld(30, 20, 300, 1)), folder.File("b"));
        DatasetStore.Save(DatasetStore.Open(folder.File("a")), folder.File("c"));
        Dictionary<string, byte[]> expected = Bytes(folder.File("a"));
        foreach (string copy in new[] { "b", "c" })
        {
            Dictionary<string, byte[]> actual = Bytes(folder.File(copy));
            Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
            Assert.All(expected, file => Assert.Equal(file.Value, actual[file.Key]));
        }
    }

    [Fact]
    public void Any_string_is_an_id()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        var builder = new DatasetBuilder("nasty\nname", "track");
        foreach (string id in NastyIds)
        {
            int user = builder.User(id);
            builder.Interaction(user, builder.Item(id, id + "t", id + "a", id + "l"), weight: 2);
            builder.Profile(user, "column", id + "v");
            builder.Tag(user, 0, id + "g");
        }

        Dataset dataset = builder.Build();
        DatasetStore.Save(dataset, folder.File("d"));
        Dataset opened = DatasetStore.Open(folder.File("d"));
        Assert.Equal(NastyIds, opened.Users.AsEnumerable());
        Assert.All(NastyIds, id => Assert.Equal(id, opened.Users[opened.Users.IndexOf(id)]));
        Assert.Equal(NastyIds.Select(id => id + "g"), opened.Tags.Names.AsEnumerable());
        Assert.True(DatasetStore.Verify(folder.File("d")) > 20);
        DatasetAssert.Same(dataset, opened);
    }

    [Fact]
    public void An_empty_dataset_comes_back()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset dataset = new DatasetBuilder("nothing", "artist").Build();
        DatasetStore.Save(dataset, folder.File("d"));
        DatasetAssert.Same(dataset, DatasetStore.Open(folder.File("d")));
        Assert.Equal(0, DatasetStore.Verify(folder.File("d")));
    }

    [Fact]
    public void Every_truncation_of_every_file_is_refused_by_name()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d");
        DatasetStore.Save(Full(new RandomWorld(3, 4, 6, 2)), path);
        foreach ((string file, byte[] whole) in Bytes(path))
        {
            string full = Path.Combine(path, file);
            for (int length = whole.Length - 1; length >= 0; length--)
            {
                using (var stream = new FileStream(full, FileMode.Open))
                {
                    stream.SetLength(length);
                }

                DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Open(path));
                Assert.Contains(file, error.Message, StringComparison.Ordinal);
            }

            File.Delete(full);
            Assert.Contains(file, Assert.Throws<DatasetException>(() => DatasetStore.Open(path)).Message, StringComparison.Ordinal);
            Assert.Contains(file, Assert.Throws<DatasetException>(() => DatasetStore.Verify(path)).Message, StringComparison.Ordinal);
            File.WriteAllBytes(full, [.. whole, 0]);
            Assert.Contains(file, Assert.Throws<DatasetException>(() => DatasetStore.Open(path)).Message, StringComparison.Ordinal);
            File.WriteAllBytes(full, whole);
        }

        Assert.NotNull(DatasetStore.Open(path));
    }

    [Fact]
    public void Every_altered_byte_is_found_by_verify()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d");
        DatasetStore.Save(Full(new RandomWorld(3, 4, 6, 2)), path);
        var rng = new Rng(1, "test/alter");
        foreach ((string file, byte[] whole) in Bytes(path))
        {
            string full = Path.Combine(path, file);
            for (int at = rng.Next(3); at < whole.Length; at += 1 + rng.Next(8))
            {
                byte[] altered = [.. whole];
                altered[at] ^= (byte)(1 << rng.Next(8));
                File.WriteAllBytes(full, altered);
                DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Verify(path));
                Assert.Contains(file, error.Message, StringComparison.Ordinal);
            }

            File.WriteAllBytes(full, whole);
        }
    }

    [Fact]
    public void Damage_with_right_checksums_never_leads_outside()
    {
        // Whatever is in the columns, everything that uses them either works or says which dataset to import again.
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d");
        DatasetStore.Save(Full(new RandomWorld(5, 6, 20, 2)), path);
        Dictionary<string, byte[]> files = Bytes(path);
        var rng = new Rng(2, "test/damage");
        int refused = 0;
        for (int round = 0; round < 500; round++)
        {
            string file = files.Keys.Order(StringComparer.Ordinal).ElementAt(rng.Next(files.Count));
            if (file == DatasetStore.ManifestName)
            {
                continue;
            }

            byte[] altered = [.. files[file]];
            int start = rng.Next(altered.Length);
            for (int n = start; n < Math.Min(altered.Length, start + 1 + rng.Next(9)); n++)
            {
                altered[n] = (byte)rng.NextUInt64();
            }

            File.WriteAllBytes(Path.Combine(path, file), altered);
            Reseal(path, manifest =>
                manifest["files"]![file]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(altered)));
            try
            {
                DatasetStore.Verify(path);
                UseEverything(DatasetStore.Open(path));
            }
            catch (SegueException)
            {
                refused++;
            }

            File.WriteAllBytes(Path.Combine(path, file), files[file]);
            File.WriteAllBytes(Path.Combine(path, DatasetStore.ManifestName), files[DatasetStore.ManifestName]);
        }

        Assert.InRange(refused, 60, 480);
    }

    [Theory]
    [InlineData("user_index.npy", 0)]
    [InlineData("item_index.npy", 3)]
    public void Indices_out_of_range_are_found(string file, int row)
    {
        foreach (int value in new[] { -1, 6, int.MaxValue, int.MinValue })
        {
            using TemporaryFolder folder = TestData.NewFolder();
            string path = folder.File("d"), full = Path.Combine(path, file);
            DatasetStore.Save(Full(new RandomWorld(5, 6, 20, 2)), path);
            Dataset whole = DatasetStore.Open(path);
            byte[] bytes = File.ReadAllBytes(full);
            BitConverter.GetBytes(value).CopyTo(bytes, bytes.Length - (4 * (20 - row)));
            File.WriteAllBytes(full, bytes);
            Assert.Contains("checksum", Assert.Throws<DatasetException>(() => DatasetStore.Open(path)).Message, StringComparison.Ordinal);
            Assert.Throws<DatasetException>(() => DatasetStore.Verify(path));
            Reseal(path, manifest => manifest["files"]![file]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)));
            Assert.Contains($"interaction {row}", Assert.Throws<DatasetException>(() => DatasetStore.Open(path)).Message, StringComparison.Ordinal);
            Assert.Throws<DatasetException>(() => DatasetStore.Verify(path));

            // A dataset made in memory is checked by whatever uses its interactions as indices first.
            int[] altered = [.. (file == "user_index.npy" ? whole.UserIndex : whole.ItemIndex).Span];
            altered[row] = value;
            Dataset opened = file == "user_index.npy" ? whole with { UserIndex = altered } : whole with { ItemIndex = altered };
            Assert.Contains($"interaction {row}", Assert.Throws<DatasetException>(opened.CheckIndices).Message, StringComparison.Ordinal);
            Assert.Throws<DatasetException>(() => opened.UserStart());
            Assert.Throws<DatasetException>(() => UserItemMatrix.Binary(opened));
            Assert.Throws<DatasetException>(() => KCore.Of(opened, 2));
            Assert.Throws<DatasetException>(() => Sessions.Of(opened));
            Assert.Throws<DatasetException>(() => Sequences.Of(opened));
            Assert.Throws<DatasetException>(() => DatasetStore.Save(opened, folder.File("copy")));
            Assert.False(Directory.Exists(folder.File("copy")));
        }
    }

    public static TheoryData<string, string, byte[]> Values => new()
    {
        { "weight.npy", "weight", BitConverter.GetBytes(float.NaN) }, { "weight.npy", "weight", BitConverter.GetBytes(float.PositiveInfinity) },
        { "weight.npy", "weight", BitConverter.GetBytes(0f) }, { "weight.npy", "weight", BitConverter.GetBytes(-1f) },
        { "time.npy", "time", BitConverter.GetBytes(-2L) }, { "time.npy", "time", BitConverter.GetBytes(long.MaxValue) },
        { "features.npy", "features", BitConverter.GetBytes(float.NegativeInfinity) },
        { "users.lines.npy", "users", BitConverter.GetBytes(-1L) }, { "item_artist.npy", "item_artist", BitConverter.GetBytes(99) },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void Values_that_no_column_may_hold_are_refused_when_it_is_opened(string file, string named, byte[] value)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d"), full = Path.Combine(path, file);
        DatasetStore.Save(Full(new RandomWorld(5, 6, 20, 2)), path);
        byte[] bytes = File.ReadAllBytes(full);
        value.CopyTo(bytes, bytes.Length - (3 * value.Length));
        File.WriteAllBytes(full, bytes);
        Reseal(path, manifest => manifest["files"]![file]!["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.Contains(named, Assert.Throws<DatasetException>(() => DatasetStore.Open(path)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Tamperings =>
        new()
        {
            { "users", "4" }, { "users", "-1" }, { "users", "6" }, { "users", "\"5\"" }, { "users", "null" }, { "users", "5.5" },
            { "items", "7" }, { "items", "2147483647" }, { "items", "99999999999999999999" },
            { "interactions", "19" }, { "interactions", "-20" }, { "interactions", "3000000000" }, { "interactions", "[]" },
            { "features", "[\"one\"]" }, { "features", "[1, 2]" }, { "features", "{}" }, { "features", "null" },
            { "profile", "[\"country\", \"country\"]" }, { "profile", "[null]" }, { "profile", "[\"missing\"]" }, { "profile", "7" },
            { "profile", "[\"../../country\"]" },
            { "name", "null" }, { "name", "[]" }, { "level", "{}" }, { "ordered", "1" }, { "ordered", "null" }, { "provenance", "[]" },
            { "provenance", "3" }, { "files", "null" }, { "files", "[]" }, { "files", "{}" },
            { "files", "{\"../d/users.txt\": {\"bytes\": 1, \"sha256\": \"\"}}" },
            { "files", "{\"/etc/hostname\": {\"bytes\": 1}}" },
            { "files", "{\"..\": {\"bytes\": 4096}}" },
            { "files", "{\"manifest.json\": {\"bytes\": 10}}" },
            { "files", "{\"users.txt\": null}" },
            { "files", "{\"users.txt\": 3}" },
            { "files", "{\"users.txt\": {\"bytes\": \"many\"}}" },
            { "files", "{\"users.txt\": {\"bytes\": -1}}" },
            { "files", "{\"users.txt\": {\"bytes\": 99999999999999999999}}" },
            { "files", "{\"users.txt\\n\": {\"bytes\": 3}}" },
            { "version", "2" }, { "version", "\"1\"" }, { "version", "null" }, { "format", "\"other\"" }, { "format", "1" },
        };

    [Theory]
    [MemberData(nameof(Tamperings))]
    public void A_manifest_that_lies_is_refused(string property, string json)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d");
        DatasetStore.Save(Full(new RandomWorld(5, 6, 20, 2)), path);
        Reseal(path, manifest => manifest[property] = JsonNode.Parse(json));
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Open(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => DatasetStore.Verify(path));
    }

    [Fact]
    public void A_file_struck_from_the_manifest_is_missed_only_where_it_may_be_absent()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d");
        DatasetStore.Save(Full(new RandomWorld(5, 6, 20, 2)), path);
        byte[] manifest = File.ReadAllBytes(Path.Combine(path, DatasetStore.ManifestName));
        foreach (string file in new[] { "users.txt", "users.lines.npy", "items.txt", "user_index.npy", "item_index.npy", "artists.txt", "friend_to.npy", "tag_item.npy", "profile_country.txt" })
        {
            Reseal(path, m => m["files"]!.AsObject().Remove(file));
            Assert.Throws<DatasetException>(() => DatasetStore.Open(path));
            File.WriteAllBytes(Path.Combine(path, DatasetStore.ManifestName), manifest);
        }

        // Without the right checksum of the manifest itself, striking anything is refused.
        string text = File.ReadAllText(Path.Combine(path, DatasetStore.ManifestName));
        File.WriteAllText(Path.Combine(path, DatasetStore.ManifestName), text.Replace("\"world-2\"", "\"World-2\"", StringComparison.Ordinal));
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Open(path));
        Assert.Contains("manifest.json", error.Message, StringComparison.Ordinal);
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"format\": \"segue-dataset\", \"format\": \"x\"}")]
    [InlineData("\u0000")]
    public void Something_else_called_manifest_is_refused(string content)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        File.WriteAllText(folder.File(DatasetStore.ManifestName), content);
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Open(folder.Path));
        Assert.Contains("manifest.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_manifest_says_how_to_make_one()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        DatasetException error = Assert.Throws<DatasetException>(() => DatasetStore.Open(folder.Path));
        Assert.Contains("segue import", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dataset_that_is_open_can_be_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows refuses to rename a folder with mapped files");
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("d");

        // Large enough that columns are mapped, not read.
        Dataset first = Large(100_000, 1), second = Large(90_000, 2);
        DatasetStore.Save(first, path);
        Dataset opened = DatasetStore.Open(path);
        DatasetStore.Save(second, path);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        DatasetAssert.Same(first, opened);
        DatasetAssert.Same(second, DatasetStore.Open(path));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Spans_of_a_mapped_column_outlive_the_dataset()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        DatasetStore.Save(Large(200_000, 1), folder.File("d"));
        ReadOnlySpan<long> times = OpenTimes(folder.File("d"));
        for (int n = 0; n < 3; n++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        long sum = 0;
        foreach (long time in times)
        {
            sum += time;
        }

        Assert.Equal((200_000L * 1_300_000_000) + (200_000L * 199_999 / 2), sum);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static ReadOnlySpan<long> OpenTimes(string path) => DatasetStore.Open(path).Time.Span;
    }

    [Fact]
    public void A_dataset_that_does_not_fit_together_is_not_written()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset dataset = Full(new RandomWorld(5, 6, 20, 2));
        Dataset[] wrong =
        [
            dataset with { Time = new long[19] },
            dataset with { Weight = new float[21] },
            dataset with { Catalog = dataset.Catalog with { Names = new StringTable(["one"]) } },
            dataset with { Catalog = dataset.Catalog with { Features = new float[5] } },
            dataset with { Catalog = dataset.Catalog with { ItemArtist = new[] { 0, 1, 2, 99, 0, 0 } } },
            dataset with { Profile = new Dictionary<string, StringTable> { ["age"] = new(["1"]) } },
            dataset with { FriendTo = default },
            dataset with { ItemIndex = Enumerable.Repeat(6, 20).ToArray() },
        ];
        Assert.All(wrong, d => Assert.Throws<DatasetException>(() => DatasetStore.Save(d, folder.File("d"))));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Profile_columns_may_have_any_name()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string[] names = ["age", "Age", "../age", "a/b", "a.lines", "", "日本", "a b", "con", "%41"];
        var builder = new DatasetBuilder("profile", "track");
        int user = builder.User("u");
        Array.ForEach(names, name => builder.Profile(user, name, "of " + name));
        DatasetStore.Save(builder.Build(), folder.File("d"));
        Dataset opened = DatasetStore.Open(folder.File("d"));
        Assert.All(names, name => Assert.Equal("of " + name, opened.Profile[name][user]));
        Assert.Equal(["d"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));

        // On every file system: no two file names differ only by case.
        string[] files = [.. Directory.GetFiles(folder.File("d")).Select(f => Path.GetFileName(f).ToUpperInvariant())];
        Assert.Equal(files.Length, files.Distinct().Count());
    }

    [Fact]
    public void NumPy_opens_a_dataset_as_the_manual_says()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset dataset = Full(new RandomWorld(30, 20, 300, 1));
        DatasetStore.Save(dataset, folder.File("lastfm"));
        string manual = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "docs", "data.md"));
        string script = manual.Split("```python\n")[1].Split("```")[0];
        string printed = Python.Run(
            script + "\nprint(user.dtype, item.dtype, len(user), int(item.sum()), int(time.sum()), items[item[7]], len(items))",
            folder.Path);
        Assert.Equal(
            string.Create(
                CultureInfo.InvariantCulture,
                $"int32 int32 300 {dataset.ItemIndex.ToArray().Sum()} {dataset.Time.ToArray().Sum()} {dataset.Items[dataset.ItemIndex.Span[7]]} {dataset.Items.Count}"),
            printed.Split('\n')[^1]);
    }

    private static Dataset Full(RandomWorld world)
    {
        Dataset dataset = world.Build();
        var features = new float[2 * world.Items];
        for (int i = 0; i < features.Length; i++)
        {
            features[i] = i % 7 == 0 ? float.NaN : i / 3f;
        }

        return dataset with
        {
            Catalog = dataset.Catalog with
            {
                Features = features,
                FeatureNames = ["danceability", "tempo"],
                Albums = new StringTable(["first", "second"]),
                ItemAlbum = Enumerable.Range(0, world.Items).Select(i => (i % 3) - 1).ToArray(),
            },
            Provenance = new JsonObject { ["source"] = "ä \"quoted\"", ["rows"] = world.Interactions, ["share"] = 0.25 },
        };
    }

    private static Dataset Large(int count, int step)
    {
        var builder = new DatasetBuilder("large", "track");
        for (int n = 0; n < count; n++)
        {
            builder.Interaction(builder.User($"user {n / 1000}"), builder.Item($"item {n * step % 5000}"), 1_300_000_000 + n, 1 + (n % 5));
        }

        return builder.Build();
    }

    private static Dictionary<string, byte[]> Bytes(string folder) =>
        Directory.GetFiles(folder).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes);

    private static void Reseal(string path, Action<JsonObject> change)
    {
        string file = Path.Combine(path, DatasetStore.ManifestName);
        JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
        change(manifest);
        File.WriteAllBytes(file, ManifestFolder.Seal(manifest));
    }

    private static void UseEverything(Dataset dataset)
    {
        foreach (StringTable table in new StringTable[] { dataset.Users, dataset.Items, dataset.Catalog.Names, dataset.Catalog.Artists, dataset.Tags.Names })
        {
            Assert.Equal(table.Count, table.AsEnumerable().Count());
        }

        for (int i = 0; i < dataset.Items.Count; i++)
        {
            Assert.NotNull(dataset.DisplayName(i));
            Assert.InRange(dataset.Items.IndexOf(dataset.Items[i]), -1, dataset.Items.Count - 1);
        }

        Assert.True(dataset.LatestTime >= -1);
        Assert.True(UserItemMatrix.Sum(dataset).Count <= dataset.Count);
        Assert.True(KCore.Of(dataset, 2).Count <= dataset.Count);
        Assert.Equal(dataset.Users.Count, Sequences.Of(dataset).Count);
        Assert.True(Sessions.Of(dataset).Count <= dataset.Count);
        Assert.Equal(dataset.Count, LeakCount(new RandomSplit(new() { Validation = 0 }).Cut(dataset, 1)));
        bool[] all = [.. Enumerable.Repeat(true, dataset.Users.Count)];
        Assert.Equal(dataset.Count, dataset.Restrict(all, [.. Enumerable.Repeat(true, dataset.Items.Count)]).Count);

        static int LeakCount(Split split) => split.Train.Count + split.Test.Relevant.Count;
    }
}
