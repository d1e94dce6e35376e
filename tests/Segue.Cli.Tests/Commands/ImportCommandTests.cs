using System.Text;
using System.Text.Json;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

public sealed class ImportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_dataset_is_called_after_its_file_and_counts_are_singular_or_plural()
    {
        CliRun run = await CliRun.Of("import", "csv", await Write("mine.csv", "u,i\na,x\n"), "--map", "user=u,item=i", "--dry-run");
        Assert.Contains("mine: 1 user, 1 item (track), 1 interaction\n", run.Result, StringComparison.Ordinal);
        Assert.Contains("mine: 2 users, 1 item (track), 2 interactions\n",
            (await CliRun.Of("import", "csv", await Write("mine.csv", "u,i\na,x\nb,x\n"), "--map", "user=u,item=i", "--dry-run")).Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_few_samples_are_shown_and_all_kept()
    {
        string file = await Write("x.csv", "u,i\na,x\n" + string.Concat(Enumerable.Repeat(",y\n", 30)));
        string[] map = ["--map", "user=u,item=i"];
        CliRun run = await CliRun.Of(["import", "csv", file, .. map, "--dry-run"]);
        Assert.Contains("interactions, rejected: empty-user: 30, the first 3 of them", run.Result, StringComparison.Ordinal);
        Assert.Equal(3, run.Result.Split("x.csv line").Length - 1);
        using JsonDocument json = JsonDocument.Parse((await CliRun.Of(["import", "csv", file, .. map, "--dry-run", "--json"])).Result);
        Assert.Equal(20, json.RootElement.GetProperty("report").GetProperty("rejected")[0].GetProperty("samples").GetArrayLength());
    }

    [Fact]
    public async Task Standard_input_a_listener_and_a_first_year_are_options()
    {
        string data = _folder.File("d");
        using var input = new MemoryStream(Encoding.UTF8.GetBytes("artist,title,time\nA,T,1000000000\nA,U,900000000\n"));
        CliRun run = await CliRun.Of(input, ["import", "csv", "-", "--map", "artist=artist,title=title,time=time", "--user", "mara", "--times-from", "2000", "--out", data]);
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Equal(["mara"], await File.ReadAllLinesAsync(Path.Combine(data, "users.txt"), TestContext.Current.CancellationToken));
        Assert.Contains("Note: 1 row of interactions has a time before 2000", run.Result, StringComparison.Ordinal);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("import", "lightgcn", data, "--user", "x", "--dry-run")).ExitCode);
        Assert.Equal(CommandLine.WrongUsage, (await CliRun.Of("import", "csv", data, "--map", "item=i", "--times-from", "1950", "--dry-run")).ExitCode);
    }

    [Fact]
    public async Task A_split_names_and_friends_come_from_other_files()
    {
        string data = _folder.File("d");
        CliRun run = await CliRun.Of("import", "csv", await Write("train.csv", "u,i\na,x\nb,y\n"), "--map", "user=u,item=i", "--test", await Write("test.csv", "u,i\na,y\n"),
            "--join", await Write("items.csv", "id,name\nx,Glass\n"), "--join-map", "item=id,title=name", "--friends", await Write("f.csv", "a,b\n"), "--out", data);
        Assert.Equal(CommandLine.Succeeded, run.ExitCode);
        Assert.Contains("train: 2 users, 2 items (track), 3 interactions\n", run.Result, StringComparison.Ordinal);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("evaluate", data, "--split", "given", "--model", "popularity")).ExitCode);
        Assert.Equal("Glass", (await File.ReadAllLinesAsync(Path.Combine(data, "item_names.txt"), TestContext.Current.CancellationToken))[0]);
    }

    private async Task<string> Write(string name, string text)
    {
        string path = _folder.File(name);
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        return path;
    }
}
