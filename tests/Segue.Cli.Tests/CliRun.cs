namespace Segue.Cli.Tests;

/// <summary>Runs the command line inside the test process and collects what it prints.</summary>
internal sealed record CliRun(int ExitCode, string Result, string Talk)
{
    public static Task<CliRun> Of(params string[] args) => Of(null, args);

    /// <summary>With something on standard input.</summary>
    public static async Task<CliRun> Of(Stream? input, string[] args)
    {
        using var result = new StringWriter();
        using var talk = new StringWriter();
        int code = await CommandLine.Run(args, Terminal.Of(result, talk, input: input));
        return new CliRun(code, result.ToString(), talk.ToString());
    }
}
