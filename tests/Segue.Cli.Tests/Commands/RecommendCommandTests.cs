using System.Text.Json;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

public sealed class RecommendCommandTests : IDisposable
{
    private static readonly Dataset World = SyntheticWorld.Generate(
        new SyntheticWorldOptions { Users = 40, Tracks = 120, Interactions = 4_000 }).Dataset;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\nno such item\n")]
    public async Task A_history_without_known_items_gets_popularity_and_says_so(string text)
    {
        string model = await Model("ease"), history = _folder.File("history.txt");
        await File.WriteAllTextAsync(history, text, TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("recommend", model, "--history", history, "-k", "5", "--json");
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains("names nothing the model knows", Words(run.Talk), StringComparison.Ordinal);
        Assert.Equal(Items((await CliRun.Of("recommend", await Model("popularity"), "--history", history, "-k", "5", "--json")).Result), Items(run.Result));
    }

    /// <summary>The list of what was played lately depends on the moment; that of a model without times does not, which is said.</summary>
    [Fact]
    public async Task At_asks_for_a_moment()
    {
        string model = await Model("own-repeats:half_life_days=1"), user = World.Users[0];
        long first = World.Time.Span[0], last = World.Time.Span[World.UserStart()[1] - 1];
        string early = Items((await CliRun.Of("recommend", model, "--user", user, "--keep-seen", "--json", "--at", $"{first + 1}")).Result);
        Assert.NotEqual(early, Items((await CliRun.Of("recommend", model, "--user", user, "--keep-seen", "--json", "--at", $"{last + 1}")).Result));
        string date = DateTimeOffset.FromUnixTimeSeconds(first + 1).ToString("yyyy-MM-ddTHH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(early, Items((await CliRun.Of("recommend", model, "--user", user, "--keep-seen", "--json", "--at", date)).Result));

        CliRun untimed = await CliRun.Of("recommend", await Model("ease"), "--user", user, "--at", date);
        Assert.Equal(CommandLine.Succeeded, untimed.ExitCode);
        Assert.Contains("--at changes nothing", Words(untimed.Talk), StringComparison.Ordinal);
        CliRun wrong = await CliRun.Of("recommend", model, "--user", user, "--at", "yesterday");
        Assert.Equal(CommandLine.WrongUsage, wrong.ExitCode);
        Assert.Contains("'yesterday'", wrong.Talk, StringComparison.Ordinal);
    }

    /// <summary>Moments behind a tab count, in whatever order the lines stand.</summary>
    [Fact]
    public async Task Moments_of_a_history_are_read()
    {
        string model = await Model("own-repeats:half_life_days=1"), history = _folder.File("history.txt");
        string[] lines = [$"{World.Items[3]}\t2020-01-01T10:00", $"{World.Items[7]}\t2020-03-01", $"{World.Items[5]}\t1580000000"];
        string[] expected = [World.Items[7], World.Items[5], World.Items[3]];
        foreach (string[] order in new[] { lines, [.. lines.Reverse()] })
        {
            await File.WriteAllLinesAsync(history, order, TestContext.Current.CancellationToken);
            CliRun run = await CliRun.Of("recommend", model, "--history", history, "--keep-seen", "-k", "3", "--json", "--at", "2020-03-02");
            Assert.Equal(string.Join(' ', expected), Items(run.Result));
        }

        await File.WriteAllLinesAsync(history, [$"{World.Items[3]}\tsoon"], TestContext.Current.CancellationToken);
        CliRun wrong = await CliRun.Of("recommend", model, "--history", history);
        Assert.Equal(CommandLine.Failed, wrong.ExitCode);
        Assert.Contains("line 1", wrong.Talk, StringComparison.Ordinal);
    }

    /// <summary>"Twin" of one artist has two ids: who heard it under one is never offered the other, by no command.</summary>
    [Fact]
    public async Task A_song_heard_under_one_id_is_not_offered_under_another()
    {
        string model = await FewItems.Train(_folder, FewItems.Dataset([0, 0, 0, 0, 0, 0]), "item-knn:shrinkage=0");
        CliRun recommended = await CliRun.Of("recommend", model, "--user", "a", "--json");
        Assert.Equal("i4", FewItems.Items(recommended.Result));
        CliRun playlist = await CliRun.Of("playlist", model, "--seed-tracks", "i2", "--length", "6", "--json");
        Assert.Equal(["i0", "i1", "i4"], FewItems.Items(playlist.Result).Split(' ').Order());
        CliRun similar = await CliRun.Of("similar", model, "--item", "i1", "-k", "6", "--json");
        Assert.Single(FewItems.Items(similar.Result).Split(' '), i => i is "i2" or "i3");
    }

    [Fact]
    public async Task The_only_listener_is_told_what_something_new_takes()
    {
        var builder = new DatasetBuilder("alone", "track");
        int[] items = [builder.Item("a"), builder.Item("b")];
        builder.Interaction(builder.User("me"), items[0]);
        builder.Interaction(builder.User("me"), items[1]);
        CliRun run = await CliRun.Of("recommend", await FewItems.Train(_folder, builder.Build(), "popularity"), "--user", "me");
        Assert.Equal(CommandLine.Failed, run.ExitCode);
        Assert.Contains("trained on one listener", Words(run.Talk), StringComparison.Ordinal);
        Assert.Contains("--history FILE", Words(run.Talk), StringComparison.Ordinal);
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Items(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return string.Join(' ', document.RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("item").GetString()));
    }

    private async Task<string> Model(string model)
    {
        string dataset = _folder.File("data"), output = _folder.File(model.Split(':')[0]);
        if (!Directory.Exists(dataset))
        {
            DatasetStore.Save(World, dataset);
        }

        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", model, "--out", output)).ExitCode);
        return output;
    }
}
