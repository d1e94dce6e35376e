using System.Globalization;
using System.Text.Json;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("evalute", "evaluate")]
    [InlineData("recomend", "recommend")]
    public async Task AMistypedCommandIsWrongUsageAndSuggestsTheRightOne(string typed, string meant)
    {
        CliRun run = await CliRun.Of(typed);
        Assert.Equal(CommandLine.WrongUsage, run.ExitCode);
        Assert.Contains(meant, run.Talk, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eas:regularization=1", "'ease'")]
    [InlineData("ease:regularisation=1", "'regularization'")]
    [InlineData("ease:regularization=-1", "regularization")]
    [InlineData("ease:regularization=abc", "abc")]
    [InlineData("ease:regularization", "key=value")]
    public async Task AWrongModelSpecificationIsWrongUsageAndSaysWhatIsWrong(string model, string expected)
    {
        CliRun run = await CliRun.Of("evaluate", SmallDataset(), "--model", model);
        Assert.Equal(CommandLine.WrongUsage, run.ExitCode);
        Assert.Contains(expected, run.Talk, StringComparison.Ordinal);
        Assert.Empty(run.Result);
    }

    [Theory]
    [InlineData("--split", "randon")]
    [InlineData("--metrics", "recal@20")]
    [InlineData("--metrics", "recall@0")]
    [InlineData("--metrics", "")]
    [InlineData("--threads", "0")]
    [InlineData("--seed", "x")]
    [InlineData("--weights", "bynary")]
    public async Task AWrongOptionValueIsWrongUsage(string option, string value)
    {
        CliRun run = await CliRun.Of("evaluate", SmallDataset(), "--model", "popularity", option, value);
        Assert.Equal(CommandLine.WrongUsage, run.ExitCode);
        Assert.NotEmpty(run.Talk);
    }

    /// <summary>Every option and argument that takes a path, with what no path is: a message and no fault of ours.</summary>
    [Theory]
    [InlineData("describe", "?")]
    [InlineData("describe", "DATA", "--html", "?")]
    [InlineData("evaluate", "?", "--model", "popularity")]
    [InlineData("evaluate", "DATA", "--model", "popularity", "--out", "?")]
    [InlineData("train", "?", "--model", "popularity", "--out", "x")]
    [InlineData("train", "DATA", "--model", "popularity", "--out", "?")]
    [InlineData("train", "DATA", "--model", "mbcf:embedding_size=8,epochs=1", "--out", "MODEL", "--checkpoint", "?")]
    [InlineData("recommend", "?", "--user", "a")]
    [InlineData("recommend", "MODEL", "--history", "?")]
    [InlineData("recommend", "MODEL", "--user", "a", "--exclude", "?")]
    [InlineData("playlist", "?", "--seed-tracks", "a")]
    [InlineData("playlist", "MODEL", "--history", "?")]
    [InlineData("playlist", "MODEL", "--seed-tracks", "a", "--exclude", "?")]
    [InlineData("similar", "?", "--item", "a")]
    [InlineData("map", "?", "--out", "x.html")]
    [InlineData("map", "MODEL", "--out", "?")]
    [InlineData("export", "?", "--format", "csv", "--out", "x")]
    [InlineData("export", "DATA", "--format", "csv", "--out", "?")]
    [InlineData("run", "?")]
    [InlineData("import", "csv", "?", "--map", "user=0,item=1", "--dry-run")]
    [InlineData("import", "csv", "FILE", "--map", "user=0,item=1", "--out", "?")]
    [InlineData("import", "audio-features", "FILE", "--dataset", "?", "--dry-run")]
    public async Task AnOddPathIsToldAndNothingElseHappens(params string[] arguments)
    {
        string data = SmallDataset(), model = _folder.File("odd model"), file = _folder.File("file.csv");
        await File.WriteAllTextAsync(file, "a,b\n", TestContext.Current.CancellationToken);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", data, "--model", "popularity", "--out", model)).ExitCode);

        // Reports and checkpoints may be written into any folder, the root too.
        string[] root = (arguments[0] == "evaluate" && arguments[^1] == "?") || arguments.Contains("--checkpoint") ? [] : ["/"];
        foreach (string path in (string[])[string.Empty, " ", "a\0b", .. root, new string('x', 5_000), Path.Combine(file, "below"), "/dev/null/x"])
        {
            CliRun run = await CliRun.Of([.. arguments.Select(a => a switch { "?" => path, "DATA" => data, "MODEL" => model, "FILE" => file, "x" => _folder.File("x"), _ => a })]);
            string told = $"{path.Replace('\0', '0')[..Math.Min(path.Length, 20)]}: {run.Talk}";
            Assert.True(run.ExitCode is CommandLine.Failed or CommandLine.WrongUsage, told);
            Assert.DoesNotContain("fault of Segue", run.Talk, StringComparison.Ordinal);
            Assert.Contains("segue: ", run.Talk, StringComparison.Ordinal);
            Assert.True(!(string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal)) || run.ExitCode == CommandLine.WrongUsage, told);
        }
    }

    /// <summary>What is printed to be pasted is run as printed by a shell.</summary>
    [Theory]
    [InlineData("ann; touch pwned; #")]
    [InlineData("$(touch pwned)")]
    [InlineData("-x")]
    [InlineData("@x")]
    [InlineData("it's")]
    public async Task TheSuggestedCommandNamesTheListener(string id)
    {
        var builder = new DatasetBuilder("d", "track");
        builder.Interaction(builder.User("\u001b]0;owned\u0007"), builder.Item("1"));
        builder.Interaction(builder.User(id), builder.Item("1"));
        builder.Interaction(builder.User(id), builder.Item("2"));
        string data = _folder.File("d $(x)"), model = _folder.File("m ' y");
        DatasetStore.Save(builder.Build(), data);
        CliRun trained = await CliRun.Of("train", data, "--model", "popularity", "--out", model);
        string command = Assert.Single(trained.Result.ReplaceLineEndings("\n").Split('\n'), l => l.StartsWith("Next: segue ", StringComparison.Ordinal))["Next: segue ".Length..];
        string[] words = await Words(command);
        Assert.Equal(["recommend", model], words[..2]);
        CliRun asked = await CliRun.Of([.. words, "--keep-seen", "--json"]);
        Assert.Equal(CommandLine.Succeeded, asked.ExitCode);
        using JsonDocument json = JsonDocument.Parse(asked.Result);
        Assert.Equal(id, json.RootElement.GetProperty("user").GetString());
    }

    [Fact]
    public async Task AListenerThatCannotBePastedIsNotSuggested()
    {
        var builder = new DatasetBuilder("d", "track");
        builder.Interaction(builder.User("\u001b]0;owned\u0007"), builder.Item("1"));
        string data = _folder.File("d"), model = _folder.File("m");
        DatasetStore.Save(builder.Build(), data);
        Assert.Contains($"Next: segue recommend {model} --user ID --explain", (await CliRun.Of("train", data, "--model", "popularity", "--out", model)).Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatADatasetIsMadeWithIsQuoted() =>
        Assert.Contains($"--out '{_folder.File("$(x) y")}'", (await CliRun.Of("describe", _folder.File("$(x) y"))).Talk, StringComparison.Ordinal);

    private static async Task<string[]> Words(string command)
    {
        var start = new System.Diagnostics.ProcessStartInfo("sh", ["-c", $"for word in {command}; do printf '%s\\n' \"$word\"; done"]) { RedirectStandardOutput = true };
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.TrimEnd('\n').Split('\n');
    }

    [Fact]
    public async Task AMissingDatasetFailsAndNamesItAndTheRemedy()
    {
        CliRun run = await CliRun.Of("evaluate", _folder.File("nothing-here"), "--model", "popularity");
        Assert.Equal(CommandLine.Failed, run.ExitCode);
        Assert.Contains("nothing-here", run.Talk, StringComparison.Ordinal);
        Assert.Contains("segue import", run.Talk, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EvaluateAsJsonIsOneObjectEqualToTheReportFile()
    {
        string report = _folder.File("report");
        CliRun run = await CliRun.Of(
            "evaluate", SmallDataset(), "--model", "ease:regularization=50,label=mine", "--model", "ease", "--split", "random:per_user=true",
            "--metrics", "recall@20,ndcg@20", "--seed", "7", "--out", report, "--json");
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(report, "report.json"), TestContext.Current.CancellationToken), run.Result);
        using JsonDocument json = JsonDocument.Parse(run.Result);
        JsonElement root = json.RootElement;
        Assert.Equal(7, root.GetProperty("split").GetProperty("seed").GetInt32());
        Assert.True(root.GetProperty("split").GetProperty("test_users").GetInt32() > 0);
        JsonElement[] rows = [.. root.GetProperty("rows").EnumerateArray()];
        Assert.Contains(rows, r => r.GetProperty("label").GetString() == "mine" && r.GetProperty("options").GetProperty("regularization").GetDouble() == 50);
        Assert.Contains(rows, r => r.GetProperty("model").GetString() == "popularity");
        JsonElement recall = rows.First(r => r.GetProperty("label").GetString() == "mine").GetProperty("metrics").GetProperty("recall@20");
        Assert.InRange(recall.GetProperty("value").GetDouble(), recall.GetProperty("low").GetDouble(), recall.GetProperty("high").GetDouble());
        Assert.True(recall.TryGetProperty("p_vs_best_baseline", out _));
        foreach (string name in new[] { "fit_seconds", "score_seconds", "peak_mb" })
        {
            Assert.True(rows[0].TryGetProperty(name, out _), name);
        }

        foreach (string name in new[] { "cores", "cpu", "runtime", "commit" })
        {
            Assert.True(root.GetProperty("environment").TryGetProperty(name, out _), name);
        }

        Assert.True(new FileInfo(Path.Combine(report, "report.html")).Length > 100_000);
    }

    [Fact]
    public async Task TwoRunsWithOneSeedGiveTheSameFigures()
    {
        string[] args = ["evaluate", SmallDataset(), "--model", "ials", "--model", "bpr", "--metrics", "ndcg@20", "--json", "--seed", "3"];
        Assert.Equal(Figures((await CliRun.Of(args)).Result), Figures((await CliRun.Of(args)).Result));

        static string Figures(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return string.Join(";", document.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("metrics").GetRawText()));
        }
    }

    [Fact]
    public async Task TrainRecommendAndSimilarWorkOnOneFolder()
    {
        string dataset = SmallDataset(), model = _folder.File("model");
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", "ease", "--out", model)).ExitCode);
        Dataset opened = DatasetStore.Open(dataset);
        string user = opened.Users[3];

        CliRun recommended = await CliRun.Of("recommend", model, "--user", user, "-k", "7", "--explain", "--max-per-artist", "1", "--json");
        Assert.Equal(CommandLine.Succeeded, recommended.ExitCode);
        using JsonDocument json = JsonDocument.Parse(recommended.Result);
        string[] items = [.. json.RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("item").GetString()!)];
        Assert.Equal(7, items.Length);
        int[] start = opened.UserStart();
        HashSet<string> known = [.. opened.ItemIndex[start[3]..start[4]].ToArray().Select(i => opened.Items[i])];
        Assert.DoesNotContain(items, known.Contains);
        Assert.Equal(7, items.Select(i => opened.Catalog.ArtistOf(opened.Items.IndexOf(i))).Distinct().Count());
        Assert.All(json.RootElement.GetProperty("items").EnumerateArray(), i => Assert.NotEmpty(i.GetProperty("why").GetString()!));

        string history = _folder.File("history.txt"), exclude = _folder.File("exclude.txt");
        await File.WriteAllLinesAsync(history, [.. known.Take(5), "no such item"], TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(exclude, [items[0]], TestContext.Current.CancellationToken);
        CliRun folded = await CliRun.Of("recommend", model, "--history", history, "--exclude", exclude);
        Assert.Equal(CommandLine.Succeeded, folded.ExitCode);
        Assert.Contains("1 of 6 lines", folded.Talk, StringComparison.Ordinal);

        CliRun similar = await CliRun.Of("similar", model, "--item", items[0], "-k", "3", "--json");
        Assert.Equal(CommandLine.Succeeded, similar.ExitCode);
        using JsonDocument alike = JsonDocument.Parse(similar.Result);
        Assert.DoesNotContain(alike.RootElement.GetProperty("items").EnumerateArray(), i => i.GetProperty("item").GetString() == items[0]);
    }

    [Fact]
    public async Task ATiedListSaysSo()
    {
        // Twelve songs, each heard by everybody but one listener: to that one nothing is known to be better than anything else.
        var builder = new DatasetBuilder("flat", "track");
        for (int u = 0; u < 5; u++)
        {
            for (int i = 0; i < 12; i++)
            {
                if (u > 0 || i < 2)
                {
                    builder.Interaction(builder.User($"u{u}"), builder.Item($"i{i}"));
                }
            }
        }

        string dataset = _folder.File("flat"), model = _folder.File("model"), knn = _folder.File("knn");
        DatasetStore.Save(builder.Build(), dataset);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", "popularity", "--out", model)).ExitCode);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", "item-knn", "--out", knn)).ExitCode);
        Assert.Contains("Tied: all scores are equal, and other items have the same", (await CliRun.Of("recommend", model, "--user", "u0", "-k", "5")).Result, StringComparison.Ordinal);
        Assert.Contains("Tied: all scores are equal: the order means nothing", (await CliRun.Of("recommend", model, "--user", "u0", "-k", "10")).Result, StringComparison.Ordinal);
        Assert.Contains("Tied: ", (await CliRun.Of("playlist", model, "--seed-tracks", "i0", "--length", "3")).Result, StringComparison.Ordinal);
        foreach (string[] command in (string[][])[["recommend", model, "--user", "u0", "-k", "5"], ["playlist", model, "--seed-tracks", "i0", "--length", "3"], ["similar", knn, "--item", "i5", "-k", "3"]])
        {
            CliRun run = await CliRun.Of([.. command, "--json"]);
            using JsonDocument json = JsonDocument.Parse(run.Result);
            Assert.True(json.RootElement.GetProperty("tied").GetBoolean(), run.Result);
            Assert.Contains("other items have ", json.RootElement.GetProperty("tie_note").GetString(), StringComparison.Ordinal);
            Assert.Equal(command[0] == "recommend" ? 5 : 3, json.RootElement.GetProperty("items").GetArrayLength());
        }

        CliRun clear = await CliRun.Of("recommend", model, "--user", "u0", "-k", "5", "--keep-seen", "--json");
        using JsonDocument first = JsonDocument.Parse(clear.Result);
        Assert.Contains("places 3 to 5", first.RootElement.GetProperty("tie_note").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainSaysWhereAModelKeepsNoCheckpoints()
    {
        string checkpoints = _folder.File("checkpoints");
        CliRun run = await CliRun.Of("train", SmallDataset(), "--model", "popularity", "--out", _folder.File("model"), "--checkpoint", checkpoints);
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains("popularity keeps no checkpoints", run.Talk.Split('\n')[0], StringComparison.Ordinal);
        Assert.Contains(checkpoints, run.Talk, StringComparison.Ordinal);
        Assert.Contains("--checkpoint", (await CliRun.Of("train", "--help")).Result, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mbcf:epochs=1")]
    [InlineData("hybrid-nn:epochs=1")]
    [InlineData("hybrid-two-tower:epochs=1")]
    public async Task TrainSaysNothingOfThatWhereAModelKeepsThem(string model)
    {
        CliRun run = await CliRun.Of("train", SmallDataset(), "--model", model, "--out", _folder.File("model"), "--checkpoint", _folder.File("checkpoints"));
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.DoesNotContain("keeps no checkpoints", run.Talk, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder.File("checkpoints")));
    }

    /// <summary>What cannot be trained ends in one line that names the option, and leaves no folder.</summary>
    [Theory]
    [InlineData("mbcf:negative_count=100000,epochs=1", "binary", "lower negative_count")]
    [InlineData("mbcf:negatives=popularity,negative_count=100000,batch_size=1000000,embedding_size=1,epochs=1", "binary", "lower negative_count")]
    [InlineData("ials", "log_share", "weights binary, log or share")]
    public async Task WhatCannotBeTrainedNamesTheRemedyAndLeavesNothing(string model, string weights, string expected)
    {
        string dataset = _folder.File("large"), output = _folder.File("model");
        DatasetStore.Save(SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 500, Tracks = 300, Interactions = 60_000 }).Dataset, dataset);
        CliRun run = await CliRun.Of("train", dataset, "--model", model, "--weights", weights, "--out", output);
        Assert.Equal(CommandLine.Failed, run.ExitCode);
        Assert.Contains(expected, run.Talk, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
    }

    [Fact]
    public async Task RecommendRefusesUnknownUsersAndUnclearQuestions()
    {
        string model = _folder.File("model"), empty = _folder.File("empty.txt");
        await CliRun.Of("train", SmallDataset(), "--model", "popularity", "--out", model);
        await File.WriteAllTextAsync(empty, string.Empty, TestContext.Current.CancellationToken);
        Assert.Equal(CommandLine.Failed, (await CliRun.Of("recommend", model, "--user", "nobody at all")).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("recommend", model)).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("recommend", model, "--user", "x", "--history", empty)).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("recommend", model, "--user", "x", "-k", "0")).ExitCode);
    }

    [Fact]
    public async Task ADamagedModelIsRefusedByName()
    {
        string model = _folder.File("model");
        await CliRun.Of("train", SmallDataset(), "--model", "popularity", "--out", model);
        string arrays = Path.Combine(model, "model.safetensors");
        byte[] bytes = await File.ReadAllBytesAsync(arrays, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(arrays, bytes, TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("recommend", model, "--user", "x");
        Assert.Equal(CommandLine.Failed, run.ExitCode);
        Assert.Contains("model.safetensors", run.Talk, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("recbole")]
    [InlineData("csv")]
    public async Task AnExportedDatasetComesBackTheSame(string format)
    {
        string dataset = SmallDataset(), exported = _folder.File("exported-" + format), back = _folder.File("back-" + format);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("export", dataset, "--format", format, "--out", exported)).ExitCode);
        string[] import = format == "csv"
            ? ["import", "csv", Path.Combine(exported, "interactions.csv"), "--map", "user=user,item=item,time=time,weight=weight", "--out", back]
            : ["import", "recbole", exported, "--out", back];
        CliRun run = await CliRun.Of(import);
        Assert.True(run.ExitCode == CommandLine.Succeeded, run.Talk);
        Dataset first = DatasetStore.Open(dataset), second = DatasetStore.Open(back);
        Assert.Equal(Rows(first), Rows(second));

        static string[] Rows(Dataset d) => [.. Enumerable.Range(0, d.Count).Select(n => string.Create(
            CultureInfo.InvariantCulture, $"{d.Users[d.UserIndex.Span[n]]} {d.Items[d.ItemIndex.Span[n]]} {d.Time.Span[n]}")).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task ListsNameEverythingWithItsOptions()
    {
        foreach (string command in new[] { "models", "splits", "formats", "metrics" })
        {
            CliRun table = await CliRun.Of(command), json = await CliRun.Of(command, "--json");
            Assert.Equal(CommandLine.Succeeded, table.ExitCode);
            using JsonDocument document = JsonDocument.Parse(json.Result);
            Assert.True(document.RootElement.GetArrayLength() > 3, command);
            Assert.All(document.RootElement.EnumerateArray(), e => Assert.Contains(e.GetProperty("name").GetString()!, table.Result, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task ImportWritesNothingOnADryRunAndLeavesForeignFoldersAlone()
    {
        string file = _folder.File("plays.csv"), foreign = _folder.File("foreign");
        await File.WriteAllTextAsync(file, "user,item\na,x\na,y\nb,x\n", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(foreign);
        await File.WriteAllTextAsync(Path.Combine(foreign, "precious.txt"), "mine", TestContext.Current.CancellationToken);

        CliRun dry = await CliRun.Of("import", "csv", file, "--map", "user=user,item=item", "--dry-run", "--json");
        Assert.Equal(CommandLine.Succeeded, dry.ExitCode);
        using JsonDocument json = JsonDocument.Parse(dry.Result);
        Assert.Equal(3, json.RootElement.GetProperty("report").GetProperty("accepted").GetInt32());

        CliRun refused = await CliRun.Of("import", "csv", file, "--map", "user=user,item=item", "--out", foreign);
        Assert.Equal(CommandLine.Failed, refused.ExitCode);
        Assert.Equal(["precious.txt"], Directory.GetFileSystemEntries(foreign).Select(Path.GetFileName));
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("import", "csv", file)).ExitCode);
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public async Task ARecipesPublishedRowsAreMarkedAndHaveTheirSourceBelow()
    {
        string recipe = _folder.File("recipe.json");
        await File.WriteAllTextAsync(recipe, """
            {
              "dataset": { "synthetic": { "users": 120, "tracks": 300, "interactions": 9000 } }, "split": "random", "metrics": ["ndcg@10"], "models": ["ease"],
              "published": [{ "label": "[theirs]", "source": "a paper [1]", "note": "other data", "metrics": { "ndcg@10": 0.9876 } }],
              "also": [{ "title": "sampled", "sampled_negatives": 10, "metrics": ["mrr"],
                "published": [{ "label": "others", "source": "a talk", "metrics": { "mrr": 0.1234 } }] }]
            }
            """, TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("run", recipe);
        Assert.True(run.ExitCode == CommandLine.Succeeded, run.Talk);
        string[] lines = run.Result.Split('\n');
        Assert.Contains("0.9876", Assert.Single(lines, l => l.Contains("[theirs] (published)", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("0.1234", Assert.Single(lines, l => l.Contains("others (published)", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("published, not measured here: [theirs]; source: a paper [1] (other data)", run.Result, StringComparison.Ordinal);
        Assert.Contains("Best on this data: ease", run.Result, StringComparison.Ordinal);
    }

    /// <summary>What a recipe promises stands in the table, in report.json and in the page; a promise that is not reached ends with 3.</summary>
    [Theory]
    [InlineData(0.0, CommandLine.Succeeded, "yes")]
    [InlineData(2.0, CommandLine.PromiseMissed, "no")]
    public async Task PromisesAreShownEverywhereAndAMissedOneIsAnExitCode(double low, int code, string reached)
    {
        string recipe = _folder.File("recipe.json"), output = _folder.File("out");
        await File.WriteAllTextAsync(recipe, $$"""
            {
              "dataset": { "synthetic": { "users": 120, "tracks": 300, "interactions": 9000 } }, "split": "random", "metrics": ["ndcg@10"], "models": ["ease"],
              "promises": [{ "label": "ease", "metric": "ndcg@10", "low": {{low}} }]
            }
            """, TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("run", recipe, "--out", output);
        Assert.Equal(code, run.ExitCode);
        Assert.Equal(code == CommandLine.PromiseMissed, run.Talk.Contains("not reached: ease ndcg@10", StringComparison.Ordinal));
        Assert.Contains("What the recipe promises", run.Result, StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(output, "report.json"), TestContext.Current.CancellationToken));
        JsonElement promise = Assert.Single(report.RootElement.GetProperty("promises").EnumerateArray());
        Assert.Equal("ease", promise.GetProperty("label").GetString());
        Assert.Equal(code == CommandLine.Succeeded, promise.GetProperty("reached").GetBoolean());
        string page = await File.ReadAllTextAsync(Path.Combine(output, "report.html"), TestContext.Current.CancellationToken);
        string table = page[page.IndexOf("id=\"promises\"", StringComparison.Ordinal)..];
        Assert.Contains($"<td>{reached}</td>", table[..table.IndexOf("</table>", StringComparison.Ordinal)], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownCommandIsOneComplaint()
    {
        CliRun run = await CliRun.Of("recomend");
        Assert.Equal(CommandLine.WrongUsage, run.ExitCode);
        Assert.Single(run.Talk.Split('\n'), l => l.StartsWith("segue:", StringComparison.Ordinal));
        Assert.Contains("Did you mean recommend", run.Talk, StringComparison.Ordinal);
    }

    private string SmallDataset()
    {
        string path = _folder.File("dataset");
        if (!Directory.Exists(path))
        {
            DatasetStore.Save(SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 120, Tracks = 300, Interactions = 9_000 }).Dataset, path);
        }

        return path;
    }
}
