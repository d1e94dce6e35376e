using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

public sealed class AnswerTests : IDisposable
{
    private static readonly Dataset World = SyntheticWorld.Generate(
        new SyntheticWorldOptions { Users = 40, Tracks = 120, Interactions = 4_000 }).Dataset;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Whether --at changes a list is said as it is: the neighbours of stan age unless session_life is 0, slist and s-walk age only what they learn from.</summary>
    [Theory]
    [InlineData("actr", true)]
    [InlineData("stan", true)]
    [InlineData("stan:session_life=0", false)]
    [InlineData("slist", false)]
    [InlineData("sknn", false)]
    [InlineData("ipf", true)]
    [InlineData("ipf:user_share=1", false)]
    [InlineData("ease", false)]
    public async Task At_is_said_to_change_nothing_where_it_does_not(string model, bool asksWhen)
    {
        string folder = await FewItems.Train(_folder, World, model);
        int end = World.UserStart()[1];
        string[] question = ["--user", World.Users[0], "--keep-seen", "--json"];
        var lists = new HashSet<string>();
        foreach (long moment in new[] { World.Time.Span[end / 2], World.Time.Span[end - 1], World.LatestTime + 900_000_000 })
        {
            CliRun run = await CliRun.Of(["recommend", folder, .. question, "--at", $"{moment}"]);
            Assert.Equal(CommandLine.Succeeded, run.ExitCode);
            Assert.Equal(!asksWhen, run.Talk.Contains("does not ask when: --at changes nothing", StringComparison.Ordinal));
            lists.Add(run.Result);
        }

        Assert.Equal(asksWhen, lists.Count > 1);
        CliRun playlist = await CliRun.Of("playlist", folder, "--seed-tracks", World.Items[3], "--at", "2020-01-01");
        Assert.Equal(!asksWhen || model is "actr" or "ipf", playlist.Talk.Contains("--at changes nothing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task At_changes_nothing_for_a_model_of_ages_where_no_play_has_a_moment()
    {
        string folder = await FewItems.Train(_folder, World, "actr"), history = await File("h", World.Items[3], World.Items[4]);
        CliRun run = await CliRun.Of("recommend", folder, "--history", history, "--keep-seen", "--json", "--at", "2020-01-01");
        Assert.Contains("no moment of them is known: --at changes nothing", run.Talk, StringComparison.Ordinal);
        Assert.Equal(run.Result, (await CliRun.Of("recommend", folder, "--history", history, "--keep-seen", "--json", "--at", "2021-01-01")).Result);
    }

    [Theory]
    [InlineData("recommend")]
    [InlineData("playlist")]
    public async Task A_history_the_model_can_say_nothing_after_gets_popularity_and_says_so(string command)
    {
        // Nothing ever followed i4.
        string folder = await FewItems.Train(_folder, FewItems.Dataset(), "markov"), history = await File("h", "i4", "who is this");
        CliRun run = await CliRun.Of(command, folder, "--history", history, "--json");
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains("model 'markov' can score nothing after what was heard: here is what most listeners like", run.Talk, StringComparison.Ordinal);
        Assert.Equal("i0 i1 i2 i3 i5", FewItems.Items(run.Result));
        Assert.Equal("popularity", FewItems.Field(run.Result, "model"));
        Assert.Equal("model 'markov' can score nothing after what was heard", FewItems.Field(run.Result, "fallback"));
        Assert.Equal("1", FewItems.Field(run.Result, "unknown"));

        run = await CliRun.Of(command, folder, "--history", await File("h", "i1"), "--json");
        Assert.Equal("i2 i3", FewItems.Items(run.Result));
        Assert.Equal(("markov", "null", "0"), (FewItems.Field(run.Result, "model"), FewItems.Field(run.Result, "fallback"), FewItems.Field(run.Result, "unknown")));
    }

    [Theory]
    [InlineData("recommend", "")]
    [InlineData("playlist", "")]
    [InlineData("playlist", "--follow")]
    public async Task An_empty_history_gets_popularity_and_says_so(string command, string more)
    {
        string folder = await FewItems.Train(_folder, FewItems.Dataset(), "markov"), history = await File("h", "# nothing", "no such item");
        CliRun run = await CliRun.Of([command, folder, "--history", history, "--json", .. more.Length > 0 ? new[] { more } : []]);
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains($"'{history}' names nothing the model knows: here is what most listeners like", run.Talk, StringComparison.Ordinal);
        Assert.Equal("i0 i1 i2 i3 i4 i5", FewItems.Items(run.Result));
        Assert.Equal(("popularity", "1"), (FewItems.Field(run.Result, "model"), FewItems.Field(run.Result, "unknown")));
        Assert.Equal($"'{history}' names nothing the model knows", FewItems.Field(run.Result, "fallback"));
    }

    [Fact]
    public async Task A_listener_without_plays_gets_popularity_and_it_is_said()
    {
        string folder = await FewItems.Train(_folder, FewItems.Dataset(), "ease");
        CliRun run = await CliRun.Of("recommend", folder, "--user", "nobody", "--json");
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains("the model was trained on no play of user 'nobody': here is what most listeners like", run.Talk, StringComparison.Ordinal);
        Assert.Equal("i0 i1 i2 i3 i4 i5", FewItems.Items(run.Result));
        Assert.Equal("popularity", FewItems.Field(run.Result, "model"));
        Assert.Equal("the model was trained on no play of user 'nobody'", FewItems.Field(run.Result, "fallback"));
    }

    /// <summary>A model of replays scores only what is known: that is no failure of the model, and there is an option for it.</summary>
    [Fact]
    public async Task Where_filters_leave_nothing_the_filter_is_named()
    {
        string actr = await FewItems.Train(_folder, FewItems.Dataset(), "actr"), markov = await FewItems.Train(_folder, FewItems.Dataset(), "markov");
        string all = await File("all", "i0", "i1", "i2", "i3", "i4", "i5"), history = await File("h", "i0", "i1");
        await Refuses("every item it can score is known to the listener already: give --keep-seen", "recommend", actr, "--user", "a");
        await Refuses("every item it can score is known to the listener already: give --keep-seen", "recommend", actr, "--history", history);
        await Refuses("every item it can score is excluded: shorten the file of --exclude", "recommend", markov, "--history", history, "--exclude", all);
        await Refuses("give --keep-seen, and shorten the file of --exclude", "recommend", actr, "--history", history, "--exclude", all);
        await Refuses("every item it can score is in the playlist already", "playlist", actr, "--history", history);
        await Refuses("every item it can score is excluded: shorten the file of --exclude", "playlist", markov, "--history", history, "--exclude", all);
        string capped = await FewItems.Train(_folder, FewItems.Dataset([0, 0, 0, 0, 0, 0]) with { Name = "of one artist" }, "markov");
        await Refuses("of an artist of whom the playlist is full: raise --max-per-artist", "playlist", capped, "--history", history, "--max-per-artist", "2");

        static async Task Refuses(string words, params string[] args)
        {
            CliRun run = await CliRun.Of(args);
            Assert.Equal(CommandLine.Failed, run.ExitCode);
            Assert.Contains(words, run.Talk, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("recommend", false)]
    [InlineData("recommend", true)]
    [InlineData("playlist", false)]
    [InlineData("playlist", true)]
    public async Task A_cap_on_artists_needs_artists(string command, bool isUnknown)
    {
        string folder = await FewItems.Train(_folder, FewItems.Dataset(isUnknown ? [-1, -1, -1, -1, -1, -1] : null), "popularity"), history = await File("h", "i0");
        CliRun run = await CliRun.Of(command, folder, "--history", history, "--max-per-artist", "2");
        Assert.Equal(CommandLine.WrongUsage, run.ExitCode);
        Assert.Contains("the data of this model names no artists; leave --max-per-artist out", run.Talk, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("recommend", "-k")]
    [InlineData("playlist", "--length")]
    public async Task A_list_shorter_than_asked_is_said_to_be_with_json_too(string command, string length)
    {
        string folder = await FewItems.Train(_folder, FewItems.Dataset(), "markov"), history = await File("h", "i1");
        foreach (string[] json in new string[][] { [], ["--json"] })
        {
            Assert.Contains("2 of 3 items", (await CliRun.Of([command, folder, "--history", history, length, "3", .. json])).Talk, StringComparison.Ordinal);
            Assert.DoesNotContain("of 2 items", (await CliRun.Of([command, folder, "--history", history, length, "2", .. json])).Talk, StringComparison.Ordinal);
        }
    }

    private async Task<string> File(string name, params string[] lines)
    {
        string path = _folder.File(name + ".txt");
        await System.IO.File.WriteAllLinesAsync(path, lines, TestContext.Current.CancellationToken);
        return path;
    }
}
