using System.Text.Json;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

public sealed class MapCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Draws_a_trained_model_with_its_epochs_and_refuses_what_has_no_vectors()
    {
        string dataset = _folder.File("dataset"), model = _folder.File("model"), page = _folder.File("map.html");
        DatasetStore.Save(SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 60, Tracks = 150, Interactions = 4_000 }).Dataset, dataset);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", "bpr:epochs=4", "--keep-epochs", "2", "--out", model)).ExitCode);
        string artist = DatasetStore.Open(dataset).Catalog.ArtistOf(0);
        CliRun run = await CliRun.Of("map", model, "--out", page, "--method", "pca", "--dimensions", "3", "--color", "artist", "--highlight", artist, "--json");
        Assert.True(run.ExitCode == CommandLine.Succeeded, run.Talk);
        JsonElement said = JsonDocument.Parse(run.Result).RootElement;
        Assert.Equal([2, 4], said.GetProperty("epochs").EnumerateArray().Select(e => e.GetInt32()));
        Assert.Equal("artist", said.GetProperty("options").GetProperty("color").GetString());
        Assert.True(said.GetProperty("highlighted")[0].GetProperty("points").GetInt32() > 0);
        Assert.Contains("id=\"map-stage\"", await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        CliRun popular = await CliRun.Of("map", model, "--out", page, "--method", "pca", "--color", "popularity", "--limit", "100");
        Assert.Matches(@"Of the variance of ln interactions the first 2 components tell \d+\.\d % \(correlations [+-]\d\.\d\d, [+-]\d\.\d\d\)", popular.Result.ReplaceLineEndings(" "));
        Assert.Equal(3, said.GetProperty("popularity").GetProperty("correlations").GetArrayLength());
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("map", model, "--out", page, "--dimensions", "4")).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("map", model, "--out", page, "--method", "tsne")).ExitCode);
        CliRun unknown = await CliRun.Of("map", model, "--out", page, "--highlight", "nobody at all");
        Assert.Equal(CommandLine.WrongUsage, unknown.ExitCode);
        Assert.Contains("nobody at all", unknown.Talk, StringComparison.Ordinal);

        string popularity = _folder.File("popularity");
        CliRun trained = await CliRun.Of("train", dataset, "--model", "popularity", "--keep-epochs", "1", "--out", popularity);
        Assert.Contains("kept no epochs", trained.Talk, StringComparison.Ordinal);
        CliRun refused = await CliRun.Of("map", popularity, "--out", page);
        Assert.Equal(CommandLine.Failed, refused.ExitCode);

        // Long messages are broken into lines.
        Assert.Contains("has no vectors to draw; models that have: als, ials", string.Join(' ', refused.Talk.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("train", dataset, "--model", "bpr", "--out", model, "--keep-epochs", "1", "--checkpoint", _folder.File("c"))).ExitCode);
    }
}
