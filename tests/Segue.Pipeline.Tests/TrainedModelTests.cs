using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Models;
using Segue.Numerics;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class TrainedModelTests : IDisposable
{
    private static readonly Dataset World = SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 60, Tracks = 120, Interactions = 3_000 }).Dataset;

    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Models() => [.. ModelCatalog.All.Select(m => m.Name)];

    [Fact]
    public void CancelledWorkStopsAndLeavesNothing()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Dataset train = SmallWorld.Checkerboard();
        TrainedModel model = TrainedModel.Fit("popularity", ModelCatalog.Create("popularity", []), train, new FitContext());
        string path = folder.File("model");
        using (var stop = new CancellationTokenSource())
        {
            using CancellationScope scope = CancellationScope.Enter(stop.Token);
            stop.Cancel();
            Assert.Throws<OperationCanceledException>(() => model.Save(path));
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        model.Save(path);
        Cancelled.Stops(() => TrainedModel.Open(path));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void EveryModelScoresTheSameAfterSavingAndOpening(string name)
    {
        string path = _folder.File("model");
        TrainedModel trained = TrainedModel.Fit(name, ModelCatalog.Create(name, []), World, new FitContext { Threads = 2 });
        trained.Save(path);
        TrainedModel opened = TrainedModel.Open(path);
        Assert.Equal(trained.Options, opened.Options);
        var before = new float[World.Items.Count];
        var after = new float[World.Items.Count];
        foreach (Query query in new[] { Query.ForUser(7), Query.ForHistory(World.ItemIndex[..4]) })
        {
            trained.Recommender.Score(query, before);
            opened.Recommender.Score(query, after);
            Assert.Equal(before, after);
        }
    }

    /// <summary>What could not be opened again is not saved: a model of somebody's own, or a name with the options of another model.</summary>
    [Theory]
    [InlineData("my-model")]
    [InlineData("ials")]
    public void AModelOutsideTheCatalogIsNotSaved(string name)
    {
        string path = _folder.File("model");
        var model = TrainedModel.Fit(name, ModelCatalog.Create("popularity", []), World, new FitContext());
        Assert.Contains($"'{name}'", Assert.Throws<DatasetException>(() => model.Save(path)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void AModelFolderCarriesNoSamplesOfRows()
    {
        var provenance = (JsonObject)JsonNode.Parse("""{"rejected":[{"reason":"no-time","count":1,"samples":[{"text":"Hidden"}]}],"x":{"samples":[1]}}""")!;
        Dataset world = World with { Provenance = provenance };
        string path = _folder.File("model");
        TrainedModel.Fit("popularity", ModelCatalog.Create("popularity", []), world, new FitContext()).Save(path);
        Assert.Equal("""{"rejected":[{"reason":"no-time","count":1}],"x":{}}""", TrainedModel.Open(path).Train.Provenance!.ToJsonString());
        Assert.All(Directory.GetFiles(path, "*", SearchOption.AllDirectories),
            f => Assert.DoesNotContain("Hidden", System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(f)), StringComparison.Ordinal));
        Assert.Contains("Hidden", provenance.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void SavingOverAModelReplacesItAndOverAnythingElseRefuses()
    {
        string path = _folder.File("model"), foreign = _folder.File("foreign");
        TrainedModel trained = TrainedModel.Fit("popularity", ModelCatalog.Create("popularity", []), World, new FitContext());
        trained.Save(path);
        trained.Save(path);
        Assert.Equal("popularity", TrainedModel.Open(path).Model);
        Directory.CreateDirectory(foreign);
        File.WriteAllText(Path.Combine(foreign, "letter.txt"), "mine");
        Assert.Throws<DatasetException>(() => trained.Save(foreign));
        Assert.Single(Directory.GetFileSystemEntries(foreign));
    }

    [Theory]
    [InlineData("model.json", "model.json")]
    [InlineData("model.safetensors", "model.safetensors")]
    [InlineData("train/user_index.npy", "user_index.npy")]
    [InlineData("train/items.txt", "items.txt")]
    public void AFileCutInHalfIsRefusedByName(string file, string named)
    {
        string path = _folder.File("model");
        TrainedModel.Fit("popularity", ModelCatalog.Create("popularity", []), World, new FitContext()).Save(path);
        string full = Path.Combine(path, file);
        byte[] bytes = File.ReadAllBytes(full);
        File.WriteAllBytes(full, bytes[..(bytes.Length / 2)]);
        Assert.Contains(named, Assert.ThrowsAny<SegueException>(() => TrainedModel.Open(path)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string?> Tamperings => new()
    {
        { "model", null }, { "model", "7" }, { "model", "\"no-such\"" }, { "model", "[]" }, { "seed", "-1" }, { "seed", "null" }, { "seed", "\"x\"" },
        { "options", "null" }, { "options", "[]" }, { "options", "{\"no_such\": \"1\"}" }, { "options", "{\"embedding_size\": 3}" },
        { "options", "{\"embedding_size\": \"-3\"}" }, { "options", "{\"embedding_size\": \"4096\"}" }, { "options", "{\"embedding_size\": null}" },
        { "files", "{}" }, { "files", "null" }, { "files", "{\"../x.txt\": {}}" }, { "folder", "\"../other\"" }, { "folder", "\"v1-00000000\"" }, { "folder", "3" },
        { "format", "\"segue-dataset\"" }, { "version", "2" }, { "version", "\"1\"" },
    };

    /// <summary>The seal is made right again, as somebody who forges would: still no answer and no stack trace.</summary>
    [Theory]
    [MemberData(nameof(Tamperings))]
    public void AManifestThatLiesIsRefused(string property, string? json)
    {
        string path = Ials(keepEvery: 0);
        Reseal(path, manifest =>
        {
            manifest.Remove(property);
            if (json is not null)
            {
                manifest[property] = JsonNode.Parse(json);
            }
        });
        Assert.Contains(path, Assert.ThrowsAny<SegueException>(() => TrainedModel.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AManifestThatWasEditedOrNamesAKeyTwiceIsRefused()
    {
        string path = Ials(keepEvery: 0), file = Path.Combine(path, "model.json"), text = File.ReadAllText(file);
        foreach (string edited in new[]
        {
            text.Replace("\"version\": 1,", "\"version\": 1, \"version\": 1,", StringComparison.Ordinal), text.Replace("\"ials\"", "\"als\"", StringComparison.Ordinal),
            text[..^40], "null", "[]", string.Empty,
        })
        {
            File.WriteAllText(file, edited);
            Assert.Contains("model.json", Assert.Throws<DatasetException>(() => TrainedModel.Open(path)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("epoch-x", 120, 4)]
    [InlineData("epoch--1", 120, 4)]
    [InlineData("other", 120, 4)]
    [InlineData("epoch-1", 1, 1)]
    [InlineData("epoch-1", 120, 5)]
    [InlineData("epoch-99999999999", 120, 4)]
    public void EpochsThatDoNotFitAreRefused(string name, int rows, int columns)
    {
        string path = Ials(keepEvery: 1), file = Path.Combine(path, "epochs.safetensors");
        Assert.Equal(2, TrainedModel.Open(path, withEpochs: true).Epochs.Count);
        var arrays = new ArtifactWriter();
        arrays.Add(name, new float[rows * columns], rows, columns);
        File.Delete(file);
        arrays.Write(file);
        Reseal(path, manifest => manifest["files"]!["epochs.safetensors"] = new JsonObject
        {
            ["bytes"] = new FileInfo(file).Length,
            ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))),
        });
        Assert.Contains("epochs.safetensors", Assert.Throws<DatasetException>(() => TrainedModel.Open(path, withEpochs: true)).Message, StringComparison.Ordinal);
        Assert.Empty(TrainedModel.Open(path).Epochs);
    }

    /// <summary>The data of one model under the arrays of another, each whole by itself: the manifest of the model names the data it was trained on.</summary>
    [Fact]
    public void DataOfAnotherModelIsRefused()
    {
        string first = Ials(keepEvery: 0), second = _folder.File("second");
        TrainedModel.Fit("popularity", ModelCatalog.Create("popularity", []), Other, new FitContext()).Save(second);
        Directory.Delete(Path.Combine(first, "train"), recursive: true);
        Directory.Move(Path.Combine(second, "train"), Path.Combine(first, "train"));
        Assert.Throws<DatasetException>(() => TrainedModel.Open(first));
    }

    [Fact]
    public async Task AModelIsReadWholeWhileItIsReplaced()
    {
        string path = _folder.File("model");
        TrainedModel[] models = [.. new[] { World, Other }.Select(w => TrainedModel.Fit("ease", ModelCatalog.Create("ease", []), w, new FitContext { Threads = 1 }))];
        float[][] expected = [.. models.Select(Scores)];
        models[0].Save(path);
        Task writer = Task.Run(() =>
        {
            for (int n = 0; n < 40; n++)
            {
                models[(n + 1) % 2].Save(path);
            }
        }, TestContext.Current.CancellationToken);
        int seen = 0;
        while (!writer.IsCompleted || seen == 0)
        {
            TrainedModel opened = TrainedModel.Open(path);
            Assert.Contains(Scores(opened), expected);
            seen++;
        }

        await writer;

        static float[] Scores(TrainedModel model)
        {
            var scores = new float[model.Train.Items.Count];
            model.Recommender.Score(Query.ForHistory(new[] { 1, 2, 3 }), scores);
            return scores;
        }
    }

    private static readonly Dataset Other = SyntheticWorld.Generate(
        new SyntheticWorldOptions { Users = 60, Tracks = 120, Interactions = 3_000 }, new FitContext { Seed = 7 }).Dataset;

    private string Ials(int keepEvery)
    {
        string path = _folder.File("ials");
        IModel model = ModelCatalog.Create("ials", [new("epochs", "2"), new("embedding_size", "4")]);
        TrainedModel.Fit("ials", model, World, new FitContext { Threads = 1 }, keepEvery).Save(path);
        return path;
    }

    private static void Reseal(string path, Action<JsonObject> change)
    {
        string file = Path.Combine(path, "model.json");
        JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(file))!.AsObject();
        change(manifest);
        File.WriteAllBytes(file, ManifestFolder.Seal(manifest));
    }
}
