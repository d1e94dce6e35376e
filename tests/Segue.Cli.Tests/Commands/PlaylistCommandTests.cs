using System.Text.Json;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

public sealed class PlaylistCommandTests : IDisposable
{
    private static readonly Dataset World = SyntheticWorld.Generate(
        new SyntheticWorldOptions { Users = 60, Tracks = 200, Interactions = 6_000 }).Dataset;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_playlist_is_continued_within_its_limits(bool follow)
    {
        string model = await Model("item-knn");
        string[] seeds = [World.Items[4], World.DisplayName(9)];
        CliRun run = await CliRun.Of(
            ["playlist", model, "--seed-tracks", .. seeds, "--length", "12", "--max-per-artist", "2", "--json", .. follow ? new[] { "--follow" } : []]);
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        int[] added = Items(run.Result), whole = [4, 9, .. added];
        Assert.Equal(12, added.Length);
        Assert.Equal(whole.Length, whole.Distinct().Count());
        Assert.All(whole.GroupBy(i => World.Catalog.ItemArtist.Span[i]), artist => Assert.InRange(artist.Count(), 1, 2));
    }

    [Fact]
    public async Task A_history_file_begins_it_and_excluded_items_stay_out()
    {
        string model = await Model("item-knn"), history = _folder.File("history.txt"), exclude = _folder.File("exclude.txt");
        await File.WriteAllLinesAsync(history, [World.Items[4], "no such item"], TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("playlist", model, "--history", history, "--length", "3", "--json");
        Assert.Contains("1 of 2 lines", run.Talk, StringComparison.Ordinal);
        int best = Items(run.Result)[0];
        await File.WriteAllLinesAsync(exclude, [World.Items[best]], TestContext.Current.CancellationToken);
        Assert.DoesNotContain(best, Items((await CliRun.Of("playlist", model, "--history", history, "--exclude", exclude, "--json")).Result));
    }

    [Fact]
    public async Task Unclear_and_impossible_questions_are_refused()
    {
        string model = await Model("popularity"), empty = _folder.File("empty.txt");
        await File.WriteAllTextAsync(empty, string.Empty, TestContext.Current.CancellationToken);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("playlist", model)).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("playlist", model, "--seed-tracks", World.Items[0], "--history", empty)).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("playlist", model, "--seed-tracks", World.Items[0], "--length", "0")).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("playlist", model, "--seed-tracks", World.Items[0], "--max-per-artist", "-1")).ExitCode);
        CliRun unknown = await CliRun.Of("playlist", model, "--seed-tracks", "no such item");
        Assert.Equal(CommandLine.Failed, unknown.ExitCode);
        Assert.Contains("'no such item'", unknown.Talk, StringComparison.Ordinal);

        CliRun few = await CliRun.Of("playlist", model, "--seed-tracks", World.Items[0], "--length", "2147483647");
        Assert.Equal(CommandLine.Succeeded, few.ExitCode);
        Assert.Contains("of 2147483647 items", few.Talk, StringComparison.Ordinal);
    }

    private static int[] Items(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.GetProperty("items").EnumerateArray().Select(i => World.Items.IndexOf(i.GetProperty("item").GetString()!))];
    }

    private async Task<string> Model(string model)
    {
        string dataset = _folder.File("data"), output = _folder.File(model);
        DatasetStore.Save(World, dataset);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", model, "--out", output)).ExitCode);
        return output;
    }
}
