using System.Diagnostics;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

/// <summary>Kills a training process for real, as a power cut would, and goes on from what it left behind.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mbcf:embedding_size=32,epochs=80")]
    [InlineData("hybrid-two-tower:embedding_size=32,epochs=200")]
    public async Task AKilledRunEndsWithTheBytesOfOneThatWasNot(string model)
    {
        string dataset = _folder.File("dataset"), whole = _folder.File("whole"), resumed = _folder.File("resumed"), checkpoints = _folder.File("checkpoints");
        DatasetStore.Save(SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 300, Tracks = 500, Interactions = 20_000 }).Dataset, dataset);

        await KillAfterFirstCheckpoint(["train", dataset, "--model", model, "--out", resumed, "--checkpoint", checkpoints], checkpoints);
        Assert.False(Directory.Exists(resumed), "the run was over before it was killed, so nothing was tried; give it more epochs");
        string checkpoint = Assert.Single(Directory.GetFiles(checkpoints, "*.checkpoint"));

        // The same command reads what is left: damaged, it is refused; whole, it is gone on from.
        string damaged = _folder.File("damaged");
        Directory.CreateDirectory(damaged);
        byte[] bytes = await File.ReadAllBytesAsync(checkpoint, TestContext.Current.CancellationToken);
        bytes[^8] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(damaged, Path.GetFileName(checkpoint)), bytes, TestContext.Current.CancellationToken);
        CliRun refused = await CliRun.Of("train", dataset, "--model", model, "--out", resumed, "--checkpoint", damaged);
        Assert.Equal(CommandLine.Failed, refused.ExitCode);
        Assert.Contains("checksum", refused.Talk, StringComparison.Ordinal);

        CliRun again = await CliRun.Of("train", dataset, "--model", model, "--out", resumed, "--checkpoint", checkpoints);
        Assert.True(again.ExitCode == CommandLine.Succeeded, again.Talk);
        Assert.DoesNotContain("keeps no checkpoints", again.Talk, StringComparison.Ordinal);
        Assert.Equal(CommandLine.Succeeded, (await CliRun.Of("train", dataset, "--model", model, "--out", whole)).ExitCode);
        Assert.Equal(FilesOf(whole), FilesOf(resumed));
        foreach (string file in FilesOf(whole))
        {
            Assert.True(
                File.ReadAllBytes(Path.Combine(whole, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(resumed, file))), $"{file} differs");
        }

        // What a kill in the middle of a write may leave is cleared away.
        Assert.Equal([Path.GetFileName(checkpoint)], FilesOf(checkpoints));
    }

    private static async Task KillAfterFirstCheckpoint(string[] arguments, string checkpoints)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "segue.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("cannot start dotnet");
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        while (!process.HasExited && !(Directory.Exists(checkpoints) && Directory.EnumerateFiles(checkpoints, "*.checkpoint").Any()))
        {
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode != CommandLine.Succeeded, $"the run ended before it was killed: {await output}{await error}");
    }

    private static string[] FilesOf(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];
}
