using System.Diagnostics;
using Xunit;

namespace Segue.Core.Tests;

/// <summary>Python with NumPy as an outside oracle; tests that need it are skipped where it is absent.</summary>
internal static class Python
{
    private const string Interpreter = "/usr/bin/python3";

    /// <summary>Runs a script in <paramref name="folder"/> and returns what it printed.</summary>
    public static string Run(string script, string folder)
    {
        Assert.SkipUnless(File.Exists(Interpreter), "no python3: install it to compare with NumPy");
        (int code, string output, string error) = Start("import numpy", folder);
        Assert.SkipUnless(code == 0, "no NumPy: apt-get install python3-numpy to compare with it");
        (code, output, error) = Start(script, folder);
        Assert.True(code == 0, error);
        return output.Trim();
    }

    private static (int Code, string Output, string Error) Start(string script, string folder)
    {
        var start = new ProcessStartInfo(Interpreter, ["-c", script])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
