using Segue.Core;
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
}
