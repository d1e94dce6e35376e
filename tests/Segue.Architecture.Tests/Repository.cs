using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Segue.Architecture.Tests;

/// <summary>The repository as these tests see it.</summary>
internal static class Repository
{
    /// <summary>The folder with Segue.slnx, found from where this file was compiled.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of all tracked files, from the root, with forward slashes; without git, of all files that are not build outputs.</summary>
    public static IReadOnlyList<string> Files { get; } = Tracked() ?? Walked();

    /// <summary>The project files under src, by project name.</summary>
    public static IReadOnlyDictionary<string, XDocument> Projects { get; } = Files
        .Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal))
        .ToDictionary(f => Path.GetFileNameWithoutExtension(f), f => XDocument.Load(Path.Combine(Root, f)));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string FindRoot([CallerFilePath] string here = "")
    {
        foreach (string start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(here)! })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Segue.slnx")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException($"no Segue.slnx above {AppContext.BaseDirectory}");
    }

    private static List<string>? Tracked()
    {
        try
        {
            var start = new ProcessStartInfo("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            {
                WorkingDirectory = Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process git = Process.Start(start)!;
            Task<string> error = git.StandardError.ReadToEndAsync();
            string output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            error.GetAwaiter().GetResult();
            string[] files = output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
            return git.ExitCode == 0 && files.Length > 0 ? [.. files.Where(f => File.Exists(Path.Combine(Root, f)))] : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static List<string> Walked() =>
    [
        .. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
            .Where(f => !f.Split('/').Any(part => part is "bin" or "obj" or ".git" or "TestResults")),
    ];
}
