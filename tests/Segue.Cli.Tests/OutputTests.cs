using Segue.Cli.Commands;
using Segue.Core;
using Segue.Core.Data;
using Segue.Pipeline;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests;

/// <summary>Where a command may not write is found out before it reads anything: the inputs here do not exist, and nobody notices.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> FolderCommands =>
    [
        "import csv missing.csv --map user=0,item=1 --out",
        "train missing --model popularity --out",
        "export missing --format csv --out",
    ];

    public static TheoryData<string> PageCommands => ["describe missing --html", "map missing --out"];

    public static TheoryData<string> ReportCommands => ["evaluate missing --model popularity --out", "demo --out"];

    [Theory]
    [MemberData(nameof(FolderCommands))]
    public async Task Folders_of_other_programs_are_refused_before_the_work(string command)
    {
        string extension = _folder.File("extension");
        Directory.CreateDirectory(Path.Combine(extension, ".git"));
        foreach (string name in new[] { "manifest.json", "model.json", "segue-export.json", "segue-export.txt", "notes.txt" })
        {
            await File.WriteAllTextAsync(Path.Combine(extension, name), """{"format":"layers-model"}""", TestContext.Current.CancellationToken);
        }

        await IsRefused(command, extension, "did not write");
        await IsRefused(command, Path.Combine(extension, "notes.txt"), "is a file");
        await IsRefused(command, Path.Combine(extension, "notes.txt", "deep", "er"), "is a file");
        await IsRefused(command, "", "is empty");
        await IsRefused(command, "/", "root folder");
        Assert.Equal(6, Directory.GetFileSystemEntries(extension).Length);
    }

    [Theory]
    [MemberData(nameof(PageCommands))]
    public async Task Files_of_other_programs_are_not_replaced_by_pages(string command)
    {
        string plays = _folder.File("plays.csv");
        await File.WriteAllTextAsync(plays, "u,i\n", TestContext.Current.CancellationToken);
        await IsRefused(command, plays, "did not write");
        await IsRefused(command, _folder.Path, "folder");
        await IsRefused(command, Path.Combine(plays, "page.html"), "is a file");
        await IsRefused(command, "", "is empty");
        await IsRefused(command, "/", "folder");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no devices in the file system there");
        await IsRefused(command, "/dev/null", "is a device");
    }

    [Theory]
    [MemberData(nameof(ReportCommands))]
    public async Task Reports_do_not_replace_files_of_other_programs(string command)
    {
        string folder = _folder.File("site");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "report.html"), "<html>mine</html>", TestContext.Current.CancellationToken);
        await IsRefused(command, folder, "did not write");
        File.Delete(Path.Combine(folder, "report.html"));
        await File.WriteAllTextAsync(Path.Combine(folder, "report.json"), "{}", TestContext.Current.CancellationToken);
        await IsRefused(command, folder, "did not write");
        await IsRefused(command, Path.Combine(folder, "report.json"), "is a file");
        await IsRefused(command, "", "is empty");
        await IsRefused(command, "/", "root folder");
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(folder, "report.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_checkpoint_folder_that_cannot_be_one_is_refused_before_the_work()
    {
        await File.WriteAllTextAsync(_folder.File("file"), "text", TestContext.Current.CancellationToken);
        CliRun run = await CliRun.Of("train", "missing", "--model", "mbcf", "--out", _folder.File("m"), "--checkpoint", _folder.File("file"));
        Assert.Contains("is a file", run.Talk, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_cannot_be_written_is_printed(bool json)
    {
        File.WriteAllText(_folder.File("file"), "text");
        using var result = new StringWriter();
        using var talk = new StringWriter();
        ExperimentReport report = Experiment.Run(
            new ExperimentSpecification
            {
                Split = Segue.Core.Splitting.SplitCatalog.Create("random", []),
                Models = [ModelSpecification.Parse("popularity")],
                Metrics = Segue.Evaluation.MetricCatalog.ParseList("ndcg@5"),
            },
            SmallWorld.Genres,
            null,
            TestContext.Current.CancellationToken);
        Assert.Throws<DatasetException>(() => ReportOutput.Finish(Terminal.Of(result, talk), report, _folder.File("file"), json));
        Assert.Contains("popularity", result.ToString(), StringComparison.Ordinal);
    }

    private static async Task IsRefused(string command, string output, string why)
    {
        CliRun run = await CliRun.Of([.. command.Split(' '), output]);
        Assert.InRange(run.ExitCode, CommandLine.Failed, CommandLine.WrongUsage);
        Assert.StartsWith("segue: ", run.Talk, StringComparison.Ordinal);
        Assert.Contains(why, run.Talk, StringComparison.Ordinal);
        Assert.DoesNotContain("missing", run.Talk, StringComparison.Ordinal);
    }
}
