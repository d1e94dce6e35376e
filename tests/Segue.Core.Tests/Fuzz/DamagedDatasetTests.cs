using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Segue.Testing.Fuzz;
using Xunit;

namespace Segue.Core.Tests.Fuzz;

/// <summary>
/// A dataset folder whose files or manifest were damaged and whose checksums were made right again: opening says what is wrong, or everything in it can be used.
/// </summary>
public sealed class DamagedDatasetTests
{
    [Fact]
    public void Damaged_columns_are_refused_or_can_be_used()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dictionary<string, byte[]> sound = Files(folder.File("sound"));
        string[] names = [.. sound.Keys.Where(n => n != DatasetStore.ManifestName).Order(StringComparer.Ordinal)];
        int opened = 0, rounds = 0;
        FuzzTime.Run("dataset columns", 600, (_, rng) =>
        {
            string name = names[rng.Next(names.Length)];
            byte[] bytes = name.EndsWith(".npy", StringComparison.Ordinal) ? NpyMutator.Damage(sound[name], rng) : ByteMutator.Damage(sound[name], rng);
            opened += Try(folder.File("sound"), sound, name, bytes) ? 1 : 0;
            rounds++;
        });

        // If next to everything were refused, what comes behind opening would not be tested.
        Assert.True(rounds < 100 || opened > rounds / 10, $"{opened} of {rounds} opened");
    }

    [Fact]
    public void Damaged_manifests_are_refused_or_can_be_used()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dictionary<string, byte[]> sound = Files(folder.File("sound"));
        JsonObject manifest = JsonNode.Parse(sound[DatasetStore.ManifestName])!.AsObject();
        FuzzTime.Run("dataset manifest", 400, (round, rng) =>
        {
            byte[] bytes = round % 4 == 0 ? ByteMutator.Damage(sound[DatasetStore.ManifestName], rng) : JsonMutator.Damage(manifest, rng);
            Try(folder.File("sound"), sound, DatasetStore.ManifestName, bytes);
        });
    }

    private static Dictionary<string, byte[]> Files(string path)
    {
        Dataset dataset = new RandomWorld(8, 9, 60, 1).Build();
        DatasetStore.Save(
            dataset with
            {
                Catalog = dataset.Catalog with
                {
                    FeatureNames = ["energy", "tempo"],
                    Features = Enumerable.Range(0, 18).Select(n => n % 7 == 0 ? float.NaN : n / 3f).ToArray(),
                    Albums = new StringTable(["first", "second"]),
                    ItemAlbum = Enumerable.Range(0, 9).Select(i => (i % 3) - 1).ToArray(),
                },
                Provenance = new JsonObject { ["source"] = "test", ["rows"] = 60 },
            },
            path);
        return Directory.GetFiles(path).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes);
    }

    /// <summary>Opens the folder with a file changed, sealed as far as the manifest still has a place for it; true where it could be opened.</summary>
    private static bool Try(string path, Dictionary<string, byte[]> sound, string name, byte[] bytes)
    {
        File.WriteAllBytes(Path.Combine(path, name), bytes);
        try
        {
            Seal(path, name);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            // Not even JSON any more: nothing to seal.
        }

        try
        {
            Use(DatasetStore.Open(path));
            return true;
        }
        catch (SegueException e)
        {
            Assert.NotEmpty(e.Message);
            return false;
        }
        finally
        {
            File.WriteAllBytes(Path.Combine(path, name), sound[name]);
            File.WriteAllBytes(Path.Combine(path, DatasetStore.ManifestName), sound[DatasetStore.ManifestName]);
        }
    }

    private static void Seal(string path, string changed)
    {
        string file = Path.Combine(path, DatasetStore.ManifestName);
        JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
        if (changed != DatasetStore.ManifestName)
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(path, changed));
            manifest["files"]![changed] = new JsonObject { ["bytes"] = bytes.Length, ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
        }

        // The manifest's own checksum is that of its bytes with zeros in the place of it.
        string zeros = new('0', 2 * SHA256.HashSizeInBytes);
        manifest.Remove("checksum");
        manifest["checksum"] = zeros;
        string text = manifest.ToJsonString() + "\n";
        int at = text.LastIndexOf(zeros, StringComparison.Ordinal);
        File.WriteAllText(file, text[..at] + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) + text[(at + zeros.Length)..]);
    }

    /// <summary>Reads everything and goes through every view: what opens is sound.</summary>
    private static void Use(Dataset dataset)
    {
        foreach (StringTable table in new StringTable[] { dataset.Users, dataset.Items, dataset.Catalog.Names, dataset.Catalog.Artists, dataset.Catalog.Albums, dataset.Tags.Names })
        {
            Assert.Equal(table.Count, table.AsEnumerable().Count());
        }

        foreach (StringTable column in dataset.Profile.Values)
        {
            Assert.Equal(dataset.Users.Count, column.AsEnumerable().Count());
        }

        for (int i = 0; i < dataset.Items.Count; i++)
        {
            Assert.NotNull(dataset.DisplayName(i));
            Assert.InRange(dataset.Items.IndexOf(dataset.Items[i]), -1, dataset.Items.Count - 1);
        }

        for (int n = 0; n < dataset.Count; n++)
        {
            Assert.InRange(dataset.UserIndex.Span[n], 0, dataset.Users.Count - 1);
            Assert.InRange(dataset.ItemIndex.Span[n], 0, dataset.Items.Count - 1);
            Assert.True(!dataset.HasWeight || (dataset.Weight.Span[n] > 0 && float.IsFinite(dataset.Weight.Span[n])), $"weight {n}");
        }

        Assert.All(dataset.FriendFrom.ToArray().Concat(dataset.FriendTo.ToArray()), u => Assert.InRange(u, 0, dataset.Users.Count - 1));
        Assert.All(dataset.Tags.UserIndex.ToArray(), u => Assert.InRange(u, -1, dataset.Users.Count - 1));
        Assert.All(dataset.Tags.ItemIndex.ToArray(), i => Assert.InRange(i, 0, dataset.Items.Count - 1));
        Assert.All(dataset.Tags.TagIndex.ToArray(), t => Assert.InRange(t, 0, dataset.Tags.Names.Count - 1));
        Assert.True(!dataset.Catalog.Features.ToArray().Any(float.IsInfinity), "an infinite feature");
        Assert.True(dataset.LatestTime >= -1);
        Assert.True(UserItemMatrix.Sum(dataset).Count <= dataset.Count);
        Assert.True(KCore.Of(dataset, 2).Count <= dataset.Count);
        bool[] all = [.. Enumerable.Repeat(true, dataset.Users.Count)];
        Assert.Equal(dataset.Count, dataset.Restrict(all, [.. Enumerable.Repeat(true, dataset.Items.Count)]).Count);
        foreach (Action view in new Action[]
        {
            () => Sequences.Of(dataset), () => Sessions.Of(dataset),
            () => FeatureTable.Of(dataset, "the test"), () => new RandomSplit(new() { Validation = 0 }).Cut(dataset, 1), () => new GivenSplit(new()).Cut(dataset, 1),
        })
        {
            try
            {
                view();
            }
            catch (SegueException e)
            {
                // Without times, for example.
                Assert.NotEmpty(e.Message);
            }
        }
    }
}
