using System.Diagnostics;
using System.IO.Compression;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests;

/// <summary>Packs the solution as it would be published, installs the tool from that folder, and builds against it what the documentation shows.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string[] Libraries =
        ["Segue.Numerics", "Segue.Neural", "Segue.Core", "Segue.Import", "Segue.Models", "Segue.Evaluation", "Segue.Pipeline"];

    // Pack what this test run was built with, so that nothing is built twice.
    private static readonly string Configuration =
        AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";

    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PackagesCarryDocsReadmeAndLicenceAndTheToolInstallsAndRuns()
    {
        string root = TestData.RepositoryRoot(), packages = _folder.File("packages"), tools = _folder.File("tools");
        (int packed, string packLog) = await Dotnet(root, "pack", "Segue.slnx", "-c", Configuration, "--no-build", "-o", packages, "-v", "quiet", "--nologo");
        Assert.True(packed == 0, packLog);
        foreach (string name in Libraries)
        {
            using ZipArchive package = await ZipFile.OpenReadAsync(Directory.GetFiles(packages, name + ".*.nupkg").Single(), TestContext.Current.CancellationToken);
            Assert.Contains(package.Entries, e => e.FullName == $"lib/net10.0/{name}.dll");
            Assert.Contains(package.Entries, e => e.FullName == $"lib/net10.0/{name}.xml");
            Assert.Contains(package.Entries, e => e.FullName == "README.md");
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(root, "LICENSE"), TestContext.Current.CancellationToken), await Text(package, "LICENSE"));
            Assert.Equal(name == "Segue.Pipeline", package.Entries.Any(e => e.FullName == "THIRD-PARTY-NOTICES.md"));
            using var nuspec = new StreamReader(await package.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).OpenAsync(TestContext.Current.CancellationToken));
            Assert.Contains(">Apache-2.0</license>", await nuspec.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        await using (ZipArchive tool = await ZipFile.OpenReadAsync(Directory.GetFiles(packages, "Segue.Cli.*.nupkg").Single(), TestContext.Current.CancellationToken))
        {
            // Every library in it is named in the notices, which are in it too.
            string notices = await Text(tool, "THIRD-PARTY-NOTICES.md");
            string[] foreign =
            [
                .. tool.Entries.Select(e => e.Name).Where(n => n.EndsWith(".dll", StringComparison.Ordinal))
                    .Where(n => !n.StartsWith("Segue.", StringComparison.Ordinal) && n != "segue.dll"),
            ];
            Assert.Contains("Spectre.Console.dll", foreign);
            Assert.All(foreign, library => Assert.Contains($"`{library}` of the tool", notices, StringComparison.Ordinal));
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(root, "LICENSE"), TestContext.Current.CancellationToken), await Text(tool, "LICENSE"));
            foreach (string file in new[] { "echarts.LICENSE.txt", "echarts.NOTICE.txt", "echarts.LICENSE-d3.txt", "echarts.LICENSE-zrender.txt", "System.Numerics.Tensors.THIRD-PARTY-NOTICES.txt" })
            {
                Assert.True((await Text(tool, $"licenses/{file}")).Length > 100, file);
            }
        }

        await File.WriteAllTextAsync(_folder.File("nuget.config"), $"""
            <configuration><packageSources><clear /><add key="local" value="{packages}" /></packageSources></configuration>
            """, TestContext.Current.CancellationToken);
        (int installed, string installLog) = await Dotnet(_folder.Path, "tool", "install", "Segue.Cli", "--tool-path", tools, "--configfile", _folder.File("nuget.config"));
        Assert.True(installed == 0, installLog);
        string program = Path.Combine(tools, OperatingSystem.IsWindows() ? "segue.exe" : "segue");
        (int ran, string output) = await Run(program, _folder.Path, "models", "--json");
        Assert.True(ran == 0, output);
        Assert.Contains("\"ease\"", output, StringComparison.Ordinal);
        await SnippetsRun(root, packages);
    }

    /// <summary>Every C# snippet of the documentation is a whole program: pasted into a new project that names one package, it compiles and prints.</summary>
    private async Task SnippetsRun(string root, string packages)
    {
        string home = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given
            ? given : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        int snippets = 0;
        foreach (string page in new[] { Path.Combine(root, "README.md") }.Concat(Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories)).Order())
        {
            string text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
            foreach (string snippet in text.Split("```csharp\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]))
            {
                // Packages of this version may be in the cache of an earlier run: these are kept apart, the others come from there.
                string folder = _folder.File($"snippet{++snippets}");
                Directory.CreateDirectory(folder);
                await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), snippet, TestContext.Current.CancellationToken);
                await File.WriteAllTextAsync(Path.Combine(folder, "nuget.config"), $"""
                    <configuration>
                      <packageSources><clear /><add key="local" value="{packages}" /></packageSources>
                      <fallbackPackageFolders><clear /><add key="home" value="{home}" /></fallbackPackageFolders>
                      <config><add key="globalPackagesFolder" value="{_folder.File("restored")}" /></config>
                    </configuration>
                    """, TestContext.Current.CancellationToken);
                await File.WriteAllTextAsync(Path.Combine(folder, "Snippet.csproj"), $"""
                    <Project Sdk="Microsoft.NET.Sdk">
                      <PropertyGroup>
                        <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable>
                      </PropertyGroup>
                      <ItemGroup><PackageReference Include="Segue.Pipeline" Version="*" /></ItemGroup>
                    </Project>
                    """, TestContext.Current.CancellationToken);
                (int code, string output) = await Dotnet(folder, "run", "-c", "Release");
                Assert.True(code == 0, $"a snippet of {Path.GetFileName(page)} does not run as it is:\n{output}");
                Assert.NotEmpty(output.Trim());
            }
        }

        Assert.True(snippets >= 3, $"{snippets} snippets were found");
    }

    private static async Task<string> Text(ZipArchive package, string entry)
    {
        using var reader = new StreamReader(await package.Entries.Single(e => e.FullName == entry).OpenAsync(TestContext.Current.CancellationToken));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static Task<(int Code, string Output)> Dotnet(string folder, params string[] arguments) => Run("dotnet", folder, arguments);

    private static async Task<(int Code, string Output)> Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"cannot start {program}");
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}
