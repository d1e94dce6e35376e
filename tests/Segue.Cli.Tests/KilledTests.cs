using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Pipeline;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests;

/// <summary>Real processes that are killed at any moment, or write to a full disk: what was there stays whole, and the next run cleans up.</summary>
public sealed class KilledTests : IDisposable
{
    private const int Kills = 30;
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Imports_trainings_and_evaluations_killed_at_random_moments()
    {
        string plays = Plays(), dataset = _folder.File("dataset"), model = _folder.File("model"), report = _folder.File("report");
        string[][] commands =
        [
            ["import", "csv", plays, "--map", "user=u,item=i,time=t", "--out", dataset, "--name"],
            ["train", dataset, "--model", "item-knn", "--out", model, "--seed"],
            ["evaluate", dataset, "--model", "popularity", "--no-baselines", "--metrics", "ndcg@5", "--out", report, "--seed"],
        ];
        for (int n = 0; n < commands.Length; n++)
        {
            CliRun first = await CliRun.Of([.. commands[n], "1"]);
            Assert.True(first.ExitCode == CommandLine.Succeeded, first.Talk);
        }

        // How long a whole run takes here is where moments are drawn from; a machine that is slower later is killed earlier, which is as good.
        var rng = new Rng(20261128, "test/kill");
        int killed = 0;
        for (int round = 0; round < Kills; round++)
        {
            string[] command = [.. commands[round % commands.Length], (round + 2).ToString(CultureInfo.InvariantCulture)];
            killed += await RunAndKill(command, milliseconds: 60 + rng.Next(500)) ? 1 : 0;
            Assert.True(DatasetStore.Verify(dataset) > 0);
            Assert.Equal("item-knn", TrainedModel.Open(model).Model);
            Assert.NotNull(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(report, "report.json"), TestContext.Current.CancellationToken)));
            Assert.EndsWith("</html>\n", await File.ReadAllTextAsync(Path.Combine(report, "report.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.InRange(killed, 1, Kills);
        for (int n = 0; n < commands.Length; n++)
        {
            CliRun last = await CliRun.Of([.. commands[n], "99"]);
            Assert.True(last.ExitCode == CommandLine.Succeeded, last.Talk);
        }

        Assert.Equal(["dataset", "model", "plays.csv", "report"], Names(_folder.Path));
        Assert.Equal(["report.html", "report.json"], Names(report));
        Assert.All([dataset, model], folder => Assert.InRange(Names(folder).Count(name => name.StartsWith('v')), 0, 1));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories), name => name.Contains("unfinished", StringComparison.Ordinal));
    }

    /// <summary>The limit on the size of files stands for a disk that fills up: every write beyond it fails, at another place in each round.</summary>
    [Fact]
    public async Task A_disk_that_is_full_leaves_what_was_there()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by a Linux shell");
        string plays = Plays(), dataset = _folder.File("dataset"), model = _folder.File("model"), report = _folder.File("report");
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("import", "csv", plays, "--map", "user=u,item=i,time=t", "--out", dataset)).ExitCode);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", "item-knn", "--out", model)).ExitCode);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("evaluate", dataset, "--model", "popularity", "--out", report)).ExitCode);
        string[] before = Names(_folder.Path);
        string[] reported = [.. Directory.GetFiles(report).Select(File.ReadAllText)];
        foreach (int kilobytes in new[] { 0, 4, 64 })
        {
            foreach (string command in new[]
            {
                $"import csv '{plays}' --map user=u,item=i,time=t --name other --out '{dataset}'",
                $"train '{dataset}' --model item-knn:neighbors=3 --out '{model}'",
                $"evaluate '{dataset}' --model popularity --seed 7 --out '{report}'",
                $"import csv '{plays}' --map user=u,item=i,time=t --out '{_folder.File("new")}'",
            })
            {
                (int code, string output, string error) = await Shell($"ulimit -f {kilobytes}; trap '' XFSZ; exec dotnet '{Program}' {command}");
                Assert.True(code == CommandLine.Failed, $"{command} at {kilobytes} KB: exit {code}, {error}");
                Assert.Contains("segue: cannot write", error, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
                Assert.DoesNotContain(".new-", error, StringComparison.Ordinal);

                // What was worked out is printed though it cannot be kept.
                Assert.True(!command.StartsWith("evaluate", StringComparison.Ordinal) || output.Contains("popularity", StringComparison.Ordinal), output);
                Assert.Equal(Path.GetFileNameWithoutExtension(plays), DatasetStore.Open(dataset).Name);
                Assert.True(DatasetStore.Verify(dataset) > 0);
                Assert.Equal("item-knn", TrainedModel.Open(model).Model);
                Assert.Equal(reported, Directory.GetFiles(report).Select(File.ReadAllText));
                Assert.Equal(before, Names(_folder.Path));
            }
        }
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "segue.dll");

    private string Plays()
    {
        var rng = new Rng(5, "test/plays");
        var text = new StringBuilder("u,i,t\n");
        for (int n = 0; n < 30_000; n++)
        {
            text.Append(CultureInfo.InvariantCulture, $"user{rng.Next(200)},item{rng.Next(20) * rng.Next(20)},{1_400_000_000 + (n * 600)}\n");
        }

        File.WriteAllText(_folder.File("plays.csv"), text.ToString());
        return _folder.File("plays.csv");
    }

    private static async Task<bool> RunAndKill(string[] arguments, int milliseconds)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await Task.Delay(milliseconds, TestContext.Current.CancellationToken);
        bool wasRunning = !process.HasExited;
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await output;
        return wasRunning;
    }

    private static async Task<(int Code, string Output, string Error)> Shell(string command)
    {
        // Without this, the runtime itself makes files larger than the limit for its compiled code.
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_EnableWriteXorExecute"] = "0", ["DOTNET_EnableDiagnostics"] = "0" },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    private static string[] Names(string folder) => [.. Directory.GetFileSystemEntries(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
}
