using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

public sealed class ItemFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A model of what follows the last item sees which line is the last.</summary>
    [Theory]
    [InlineData("recommend")]
    [InlineData("playlist")]
    public async Task The_order_of_the_lines_reaches_the_model(string command)
    {
        string folder = await Markov();
        Assert.Equal("i4", FewItems.Items((await Run(command, folder, "i0", "i2")).Result));
        Assert.Equal("i1", FewItems.Items((await Run(command, folder, "i2", "i0")).Result));
        Assert.Equal("i1", FewItems.Items((await Run(command, folder, "i0\t2020-01-02", "i2\t2020-01-01")).Result));
    }

    [Fact]
    public async Task Unknown_lines_are_counted_and_a_tab_in_one_is_no_error()
    {
        CliRun run = await Run("recommend", await Markov(), "Another – Song\tremix", "i9\t2020-01-01", string.Empty, "# a remark\tof mine", "i1");
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains("2 of 3 lines", run.Talk, StringComparison.Ordinal);
        Assert.Contains("Another – Song\tremix; i9\n", run.Talk, StringComparison.Ordinal);
        Assert.Equal(("2", "0"), (FewItems.Field(run.Result, "unknown"), FewItems.Field(run.Result, "ambiguous")));

        CliRun wrong = await Run("recommend", await Markov(), "i1\tremix");
        Assert.Equal(CommandLine.Failed, wrong.ExitCode);
        Assert.Contains("line 1", wrong.Talk, StringComparison.Ordinal);
        Assert.Contains("'remix' behind a tab", wrong.Talk, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_terminal_takes_for_commands_is_not_shown_as_it_stands()
    {
        CliRun run = await Run("recommend", await Markov(), "\u001B[2Jgone", "i1");
        Assert.DoesNotContain("\u001B", run.Talk, StringComparison.Ordinal);
        Assert.Contains("\\u001b[2Jgone", run.Talk, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_without_a_moment_among_others_are_said_to_count_as_oldest()
    {
        CliRun run = await Run("recommend", await Markov(), "i0\t2020-01-01", "i2", "First\t2020-01-02");
        Assert.Contains("1 of 3 known lines", run.Talk, StringComparison.Ordinal);
        Assert.Contains("count as older than those that have one", run.Talk, StringComparison.Ordinal);
        Assert.Equal("i1", FewItems.Items(run.Result));
        foreach (string[] lines in new string[][] { ["i0", "i2"], ["i0\t2020-01-01", "i2\t2020-01-01", "unknown"] })
        {
            Assert.DoesNotContain("count as older", (await Run("recommend", await Markov(), lines)).Talk, StringComparison.Ordinal);
        }
    }

    /// <summary>i2 and i3 have one name, i4 and i5 names that case alone tells apart.</summary>
    [Fact]
    public async Task A_name_of_several_items_is_not_guessed()
    {
        string folder = await Markov();
        CliRun run = await Run("recommend", folder, "twin\t2020-01-01", "i1\t2020-01-01");
        Assert.Contains("1 of 2 lines", run.Talk, StringComparison.Ordinal);
        Assert.Contains("twin (ids 'i2', 'i3')", run.Talk, StringComparison.Ordinal);
        Assert.Equal(("0", "1"), (FewItems.Field(run.Result, "unknown"), FewItems.Field(run.Result, "ambiguous")));
        Assert.Equal("i2 i3", FewItems.Items(run.Result));

        CliRun seed = await CliRun.Of("playlist", folder, "--seed-tracks", "Twin");
        Assert.Equal(CommandLine.Failed, seed.ExitCode);
        Assert.Contains("'Twin' is the name of 2 items: 'i2', 'i3'; give the id of one", seed.Talk, StringComparison.Ordinal);
        string popularity = await FewItems.Train(_folder, FewItems.Dataset(), "popularity");
        Assert.Equal("i0 i1 i2 i3 i4", FewItems.Items((await CliRun.Of("playlist", popularity, "--seed-tracks", "case", "--json")).Result));
        Assert.Equal("i0 i1 i2 i3 i5", FewItems.Items((await CliRun.Of("playlist", popularity, "--seed-tracks", "Case", "--json")).Result));
        Assert.Contains("'i4', 'i5'", (await CliRun.Of("playlist", popularity, "--seed-tracks", "CASE", "--json")).Talk, StringComparison.Ordinal);

        // Who keeps a name out wants none of those that have it.
        string exclude = _folder.File("exclude.txt");
        await File.WriteAllLinesAsync(exclude, ["Twin"], TestContext.Current.CancellationToken);
        Assert.Equal("i1 i4 i5", FewItems.Items((await CliRun.Of("playlist", popularity, "--seed-tracks", "i0", "--exclude", exclude, "--json")).Result));
    }

    /// <summary>A pause before the last item makes it a session of its own, in a playlist as in a history.</summary>
    [Fact]
    public async Task Moments_of_a_history_reach_the_model_that_continues_it()
    {
        Dataset world = SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 40, Tracks = 120, Interactions = 4_000 }).Dataset;
        string folder = await FewItems.Train(_folder, world, "sknn");
        string[] lines = [$"{world.Items[3]}\t2020-01-01", $"{world.Items[40]}\t2020-01-02"], untimed = [world.Items[3], world.Items[40]];
        string expected = FewItems.Items((await Run("recommend", folder, ["-k", "20"], lines)).Result);
        Assert.Equal(expected, FewItems.Items((await Run("playlist", folder, ["--length", "20"], lines)).Result));
        Assert.NotEqual(expected, FewItems.Items((await Run("playlist", folder, ["--length", "20"], untimed)).Result));
    }

    /// <summary>Of one artist, "Twin" is one song with two ids; i2 has two plays, i3 one.</summary>
    [Fact]
    public async Task A_name_of_one_song_with_several_ids_means_the_id_with_most_plays()
    {
        string folder = await FewItems.Train(_folder, FewItems.Dataset([0, 0, 0, 0, 0, 0]), "item-knn"), history = _folder.File("history.txt");
        await File.WriteAllLinesAsync(history, ["x – Twin"], TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("playlist", folder, "--history", history, "--json");
        Assert.Equal(("0", "0"), (FewItems.Field(run.Result, "unknown"), FewItems.Field(run.Result, "ambiguous")));
        Assert.Contains("\"item\": \"i2\"", FewItems.Field(run.Result, "seeds"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_with_a_hash_that_name_an_item_are_items_and_other_forms_of_letters_are_the_same_name()
    {
        string plays = _folder.File("plays.csv"), data = _folder.File("d");
        await File.WriteAllTextAsync(plays, "u,i,a\nx,#1 Band,#1 Band\nx,R\u00e9al,R\u00e9al\nAm\u00e9lie,#1 Band,#1 Band\nAm\u00e9lie,Other,Other\n", TestContext.Current.CancellationToken);
        Assert.Equal(0, (await CliRun.Of("import", "csv", plays, "--map", "user=u,item=i,title=a", "--out", data)).ExitCode);
        string model = _folder.File("m");
        Assert.Equal(0, (await CliRun.Of("train", data, "--model", "popularity", "--out", model)).ExitCode);
        CliRun run = await Run("recommend", model, "#1 Band", "# a comment", "Re\u0301al");
        Assert.Equal("Other", FewItems.Items(run.Result));
        Assert.Equal("0", FewItems.Field(run.Result, "unknown"));
        Assert.DoesNotContain("name no item", run.Talk, StringComparison.Ordinal);

        string exclude = _folder.File("exclude.txt");
        await File.WriteAllLinesAsync(exclude, ["#1 Band", "# not this one"], TestContext.Current.CancellationToken);
        string kept = FewItems.Items((await CliRun.Of("recommend", model, "--user", "x", "--keep-seen", "--exclude", exclude, "--json")).Result);
        Assert.DoesNotContain("#1", kept, StringComparison.Ordinal);
        Assert.Contains("Other", kept, StringComparison.Ordinal);
        Assert.Equal("R\u00e9al", FewItems.Items((await CliRun.Of("recommend", model, "--user", "Ame\u0301lie", "--json")).Result));

        using var input = new MemoryStream("Other\n#1 Band\n"u8.ToArray());
        Assert.Equal("R\u00e9al", FewItems.Items((await CliRun.Of(input, ["recommend", model, "--history", "-", "--json"])).Result));
    }

    private Task<string> Markov() => FewItems.Train(_folder, FewItems.Dataset(), "markov");

    private Task<CliRun> Run(string command, string model, params string[] lines) => Run(command, model, [], lines);

    private async Task<CliRun> Run(string command, string model, string[] more, string[] lines)
    {
        string path = _folder.File("history.txt");
        await File.WriteAllLinesAsync(path, lines, TestContext.Current.CancellationToken);
        return await CliRun.Of([command, model, "--history", path, "--json", .. more]);
    }
}
