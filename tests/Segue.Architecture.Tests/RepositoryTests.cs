using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Segue.Architecture.Tests;

/// <summary>What is checked in: no trace of a machine, and tests where one looks for them.</summary>
public sealed partial class RepositoryTests
{
    // Test files that mirror no source file, with the reason. Add to it only where a test is about no single file.
    private static readonly Dictionary<string, string> Unmirrored = new()
    {
        ["tests/Segue.Evaluation.Tests/OracleTests.cs"] = "all metrics against one file of outside values",
        ["tests/Segue.Evaluation.Tests/Metrics/ListMetricsTests.cs"] = "what holds for all metrics of a list",
        ["tests/Segue.Core.Tests/Data/DatasetBuilderDuplicateTests.cs"] = "repeats in the builder against a slow twin",
        ["tests/Segue.Neural.Tests/OracleTests.cs"] = "all layers, losses and optimizers against one file of outside values",
        ["tests/Segue.Neural.Tests/DocumentationTests.cs"] = "the example of the page",
        ["tests/Segue.Import.Tests/Engine/ArchiveChecksTests.cs"] = "checksums of every kind of archive",
        ["tests/Segue.Import.Tests/Engine/ManySmallFilesTests.cs"] = "memory for many files of every kind",
        ["tests/Segue.Import.Tests/PrivacyTests.cs"] = "what no import keeps, all formats",
        ["tests/Segue.Cli.Tests/KilledTests.cs"] = "every command killed, and on a full disk",
        ["tests/Segue.Cli.Tests/OutputTests.cs"] = "where every command may write",
        ["tests/Segue.Import.Tests/Formats/Lastfm1kFileTests.cs"] = "the made-up file of Segue.Testing, by the importer that reads it",
        ["tests/Segue.Pipeline.Tests/Lastfm1kTests.cs"] = "the way of seed 000 from a file to a link predictor",
        ["tests/Segue.Cli.Tests/PackageTests.cs"] = "the packages and the installed tool",
        ["tests/Segue.Pipeline.Tests/ReadmeTests.cs"] = "the tables of the README",
        ["tests/Segue.Numerics.Tests/VectorWidthTests.cs"] = "the width that the kernels run with",
        ["tests/Segue.Import.Tests/Formats/CsvHandsTests.cs"] = "CSV as people write it by hand",
        ["tests/Segue.Numerics.Tests/Sparse/TruncatedSvdOracleTests.cs"] = "singular vectors against SciPy",
        ["tests/Segue.Pipeline.Tests/FewListenersTests.cs"] = "what is said of few listeners, days and candidates",
        ["tests/Segue.Pipeline.Tests/RecipeAccuracyTests.cs"] = "the figures of the recipes on the real data",
    };

    private static readonly string[] TextFiles =
    [
        ".cs", ".csproj", ".props", ".targets", ".slnx", ".json", ".md", ".txt", ".yml", ".yaml", ".config", ".editorconfig", ".gitattributes",
        ".gitignore", ".cmd", ".sh", ".ps1", ".py", ".html", ".css", ".js", "",
    ];

    [Fact]
    public void No_file_names_a_place_on_a_machine()
    {
        // Put together here, so that this file does not find itself.
        string[] places = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "C:" + "\\Users"];
        var found = new List<string>();
        foreach (string file in Text())
        {
            string content = Repository.Read(file);
            found.AddRange(places.Where(p => Absolute(content, p)).Select(p => $"{file} names {p}…"));
        }

        Assert.Empty(found);

        // "framework/" or "../work/" is no absolute path: what stands before must not be part of a name or path.
        static bool Absolute(string content, string place)
        {
            for (int at = content.IndexOf(place, StringComparison.Ordinal); at >= 0; at = content.IndexOf(place, at + 1, StringComparison.Ordinal))
            {
                if (at == 0 || !(char.IsLetterOrDigit(content[at - 1]) || content[at - 1] is '.' or '_' or '-' or '/' or '}' or ')'))
                {
                    return true;
                }
            }

            return false;
        }
    }

    [Fact]
    public void No_file_names_a_private_host()
    {
        var found = new List<string>();
        foreach (string file in Text())
        {
            foreach (Match match in Address().Matches(Repository.Read(file)))
            {
                string host = match.Groups["host"].Value.ToLowerInvariant();
                bool local = host is "localhost" or "127.0.0.1" or "0.0.0.0";
                if (!local && (!host.Contains('.', StringComparison.Ordinal) || PrivateHost().IsMatch(host)))
                {
                    found.Add($"{file} names {match.Value}");
                }
            }
        }

        Assert.Empty(found);
        Assert.DoesNotContain(Repository.Files, f => Path.GetFileName(f).ToLowerInvariant() is ".npmrc" or "pip.conf");

        // One for NuGet, which says what comes from which source, and leaves where that is to the machine.
        string nuget = Assert.Single(Repository.Files, f => string.Equals(Path.GetFileName(f), "nuget.config", StringComparison.OrdinalIgnoreCase));
        XElement[] configured = [.. XDocument.Parse(Repository.Read(nuget)).Root!.Elements()];
        Assert.Equal("packageSourceMapping", Assert.Single(configured).Name.LocalName);
        Assert.Equal("*", (string?)Assert.Single(configured[0].Descendants("package")).Attribute("pattern"));
    }

    [Theory]
    [InlineData("http:" + "//packages.corp.internal/nuget", true)]
    [InlineData("https:" + "//artifactory.example.com/api", true)]
    [InlineData("http:" + "//10.1.2.3:8081/nexus", true)]
    [InlineData("http:" + "//buildhost:8080/", true)]
    [InlineData("https:" + "//www.nuget.org/packages", false)]
    [InlineData("https:" + "//dot.net/v1", false)]
    public void A_private_host_would_be_seen(string address, bool seen)
    {
        string host = Address().Match(address).Groups["host"].Value;
        Assert.Equal(seen, !host.Contains('.', StringComparison.Ordinal) || PrivateHost().IsMatch(host));
    }

    [Fact]
    public void Every_test_file_mirrors_a_source_file()
    {
        HashSet<string> files = [.. Repository.Files];
        string[] tests =
        [
            .. Repository.Files.Where(f => f.StartsWith("tests/", StringComparison.Ordinal) && f.EndsWith("Tests.cs", StringComparison.Ordinal)
                && !f.StartsWith("tests/Segue.Architecture.Tests/", StringComparison.Ordinal) && !f.Contains("/Fuzz/", StringComparison.Ordinal)),
        ];
        Assert.True(tests.Length > 20, "the tests were not found");
        string[] lost = [.. tests.Where(t => !files.Contains(SourceOf(t)) && !Unmirrored.ContainsKey(t)).Select(t => $"{t}: no {SourceOf(t)}")];
        Assert.Empty(lost);
        Assert.DoesNotContain(Unmirrored.Keys, test => files.Contains(SourceOf(test)));

        static string SourceOf(string test) => MirrorPattern().Replace(test, "src/$1/$2.cs");
    }

    [Fact]
    public void No_project_is_empty() => Assert.All(
        Repository.Projects.Keys,
        project => Assert.Contains(Repository.Files, f => f.StartsWith($"src/{project}/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal)));

    private static IEnumerable<string> Text() => Repository.Files.Where(f =>
        TextFiles.Contains(Path.GetExtension(f)) && !f.EndsWith(".min.js", StringComparison.Ordinal) && !f.EndsWith("packages.lock.json", StringComparison.Ordinal));

    [GeneratedRegex(@"\bhttps?://(?:[^/\s""'@]*@)?(?<host>[A-Za-z0-9.-]+)")]
    private static partial Regex Address();

    [GeneratedRegex(@"\.(internal|local|lan|corp|intranet)$|artifactory|nexus|jfrog|^(\d+\.){3}\d+$|(^|[.-])(mirror|proxy)s?[.-]")]
    private static partial Regex PrivateHost();

    [GeneratedRegex(@"^tests/(Segue\.[A-Za-z]+)\.Tests/(.*)Tests\.cs\z")]
    private static partial Regex MirrorPattern();
}
