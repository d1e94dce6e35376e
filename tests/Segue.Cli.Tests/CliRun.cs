namespace Segue.Cli.Tests;

/// <summary>Runs the command line inside the test process and collects what it prints.</summary>
internal sealed record CliRun(int ExitCode, string Result, string Talk)
{
    public static async Task<CliRun> Of(params string[] args)
    {
        using var result = new StringWriter();
        using var talk = new StringWriter();
        int code = await CommandLine.Run(args, Terminal.Of(result, talk));
        return new CliRun(code, result.ToString(), talk.ToString());
    }
}
