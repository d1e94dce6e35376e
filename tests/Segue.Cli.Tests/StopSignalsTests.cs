using System.Diagnostics;
using System.Globalization;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests;

public sealed class StopSignalsTests : IDisposable
{
    private const string Message = "segue: stopped; nothing was left half-written";
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Commands =>
    [
        "describe DATA", "describe DATA --html OUT", "describe DATA --verify", "export DATA --format csv --out OUT",
        "export DATA --format recbole --out OUT", "train DATA --model ease --out OUT", "evaluate DATA --model ease --out OUT",
        "import csv PLAYS --map user=u,item=i --out OUT", "demo --out OUT",
        "recommend MODEL --user u0", "similar MODEL --item i0", "playlist MODEL --seed-tracks i0", "map VECTORS --out OUT",
    ];

    /// <summary>No command that reads data answers once it is cancelled, and none leaves anything behind.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task ACancelledCommandFailsAndLeavesNothing(string line)
    {
        string data = _folder.File("data"), plays = _folder.File("plays.csv");
        DatasetStore.Save(SmallWorld.Checkerboard(), data);
        await File.WriteAllTextAsync(plays, "u,i\na,x\n", TestContext.Current.CancellationToken);
        foreach ((string model, string folder) in new[] { ("item-knn", "model"), ("bpr:epochs=1", "vectors") })
        {
            CliRun trained = await CliRun.Of("train", data, "--model", model, "--out", _folder.File(folder));
            Assert.Equal(CommandLine.Succeeded, trained.ExitCode);
        }

        string[] before = Directory.GetFileSystemEntries(_folder.Path);
        string[] args = [.. line.Split(' ').Select(a => a switch
        {
            "DATA" => data,
            "PLAYS" => plays,
            "MODEL" => _folder.File("model"),
            "VECTORS" => _folder.File("vectors"),
            "OUT" => _folder.File("out"),
            _ => a,
        })];
        using StringWriter result = new(), talk = new();
        int code = await CommandLine.Run(args, Terminal.Of(result, talk), new CancellationToken(canceled: true));
        Assert.Equal((CommandLine.Failed, Message + Environment.NewLine, string.Empty), (code, talk.ToString(), result.ToString()));
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(_folder.Path).Order());
    }

    /// <summary>A command that does not notice is left behind: the process does not wait for it.</summary>
    [Fact]
    public void ACommandThatDoesNotStopIsNotWaitedFor()
    {
        using StringWriter result = new(), talk = new();
        using var stop = new CancellationTokenSource();
        using var end = new ManualResetEventSlim();
        int code = CommandLine.RunStoppable(
            Terminal.Of(result, talk),
            () =>
            {
                stop.Cancel();
                end.Wait(CancellationToken.None);
                return CommandLine.Succeeded;
            },
            stop.Token,
            TimeSpan.FromMilliseconds(1));
        end.Set();
        Assert.Equal((CommandLine.Failed, Message + Environment.NewLine), (code, talk.ToString()));
    }

    /// <summary>What a command that is not cancelled, or stops in time, gives or throws arrives.</summary>
    [Fact]
    public void ACommandThatStopsIsWaitedFor()
    {
        using StringWriter result = new(), talk = new();
        using var stop = new CancellationTokenSource();
        var terminal = Terminal.Of(result, talk);
        Assert.Equal(7, CommandLine.RunStoppable(terminal, () => 7, stop.Token, TimeSpan.Zero));
        Assert.Equal("broken", Assert.Throws<InvalidDataException>(
            () => CommandLine.RunStoppable(terminal, () => throw new InvalidDataException("broken"), stop.Token, TimeSpan.Zero)).Message);
        stop.Cancel();
        Assert.Equal(7, CommandLine.RunStoppable(terminal, () => 7, stop.Token, TimeSpan.FromMinutes(10)));
        Assert.Empty(talk.ToString());
    }

    // Bit n − 1 stands for signal n.
    private static bool IgnoresInterrupts() =>
        File.ReadLines("/proc/self/status").First(l => l.StartsWith("SigIgn:", StringComparison.Ordinal)) is var line
        && (ulong.Parse(line["SigIgn:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 2) != 0;

    /// <summary>The signals of a terminal and of a service manager, at the program as it is shipped.</summary>
    [Theory]
    [InlineData("-INT", "train")]
    [InlineData("-TERM", "train")]
    [InlineData("-INT", "export")]
    public async Task ASignalStopsTheProgram(string signal, string command)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "kill -INT is for Linux");
        Assert.SkipWhen(signal == "-INT" && IgnoresInterrupts(), "this run ignores SIGINT, as what a shell starts with & does, and so do programs it starts");
        string data = _folder.File("data"), output = _folder.File("out");
        DatasetStore.Save(Large(), data);
        string[] args = command == "export"
            ? ["export", data, "--format", "csv", "--out", output]
            : ["train", data, "--model", "ials:embedding_size=4096", "--out", output];
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "segue.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("cannot start dotnet");
        Task<string> printed = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string? talk = command == "export" ? null : await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        while (command == "export" && !process.HasExited && Directory.GetFileSystemEntries(_folder.Path).Length < 2)
        {
            // The export has begun once its temporary folder is there.
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        using (Process kill = Process.Start("kill", [signal, $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        talk += await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith(Message + "\n", talk, StringComparison.Ordinal);
        Assert.Equal((CommandLine.Failed, string.Empty), (process.ExitCode, await printed));
        Assert.Equal([data], Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>Four million listens, so that a signal comes before the end on any machine.</summary>
    private static Dataset Large()
    {
        const int Users = 4_000, Each = 1_000;
        return new Dataset
        {
            Name = "large",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, Users).Select(u => $"u{u}")),
            Items = new Vocabulary(Enumerable.Range(0, Each).Select(i => $"i{i}")),
            UserIndex = Enumerable.Range(0, Users * Each).Select(n => n / Each).ToArray(),
            ItemIndex = Enumerable.Range(0, Users * Each).Select(n => n % Each).ToArray(),
        };
    }
}
