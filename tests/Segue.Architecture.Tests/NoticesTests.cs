using System.Text.Json;
using System.Xml.Linq;
using Xunit;

namespace Segue.Architecture.Tests;

/// <summary>What is shipped of others is named, with its version and its licence.</summary>
public sealed class NoticesTests
{
    [Fact]
    public void Every_library_of_the_lock_files_is_in_the_notices()
    {
        // Analyzers work while building and are not shipped.
        HashSet<string> unshipped =
        [
            .. XDocument.Parse(Repository.Read("Directory.Build.props")).Descendants("PackageReference")
                .Where(p => (string?)p.Attribute("PrivateAssets") == "all").Select(p => (string)p.Attribute("Include")!),
        ];
        (string Name, string Version)[] used =
        [
            .. Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith("packages.lock.json", StringComparison.Ordinal))
                .SelectMany(Libraries).Where(l => !unshipped.Contains(l.Name)).Distinct().Order(),
        ];
        (string Name, string Version)[] named =
        [
            .. Repository.Read("THIRD-PARTY-NOTICES.md").Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal))
                .Select(l => l.Split('|', StringSplitOptions.TrimEntries)).Where(c => c[3].Contains(".dll` of the tool", StringComparison.Ordinal)).Select(c => (c[1], c[2])).Order(),
        ];
        Assert.Contains(used, l => l.Name == "System.Numerics.Tensors");
        Assert.Equal(used, named);
    }

    [Fact]
    public void Every_licence_that_is_named_is_there_with_its_copyright()
    {
        string notices = Repository.Read("THIRD-PARTY-NOTICES.md");
        foreach (string name in new[] { "Spectre.Console", "System.CommandLine", "System.Numerics.Tensors" })
        {
            string section = Assert.Single(notices.Split("\n## "), s => s.Split('\n')[0].Contains(name, StringComparison.Ordinal));
            Assert.Contains("Copyright (c)", section, StringComparison.Ordinal);
            Assert.Contains("Permission is hereby granted, free of charge", section, StringComparison.Ordinal);
            Assert.Contains("THE SOFTWARE IS PROVIDED \"AS IS\"", section, StringComparison.Ordinal);
        }

        const string Assets = "src/Segue.Pipeline/Reports/assets/";
        Assert.All(new[] { "LICENSE", "NOTICE", "LICENSE-d3", "LICENSE-zrender" }, kind =>
        {
            Assert.Contains($"echarts.{kind}.txt", notices, StringComparison.Ordinal);
            Assert.Contains($"{Assets}echarts.{kind}.txt", Repository.Files);
        });
    }

    [Fact]
    public void Known_vulnerabilities_stop_the_build_and_a_silent_source_does_not()
    {
        XElement properties = XDocument.Parse(Repository.Read("Directory.Build.props")).Root!;
        Assert.Equal("true", properties.Descendants("NuGetAudit").Single().Value);
        Assert.Equal("all", properties.Descendants("NuGetAuditMode").Single().Value);
        Assert.Equal("low", properties.Descendants("NuGetAuditLevel").Single().Value);
        string[] spared = properties.Descendants("WarningsNotAsErrors").Single().Value.Split(';');
        Assert.Contains("NU1900", spared);
        Assert.DoesNotContain(spared, code => code is "NU1901" or "NU1902" or "NU1903" or "NU1904");
        Assert.Empty(properties.Descendants("NoWarn"));
    }

    private static IEnumerable<(string Name, string Version)> Libraries(string file)
    {
        using JsonDocument json = JsonDocument.Parse(Repository.Read(file));
        foreach (JsonProperty framework in json.RootElement.GetProperty("dependencies").EnumerateObject())
        {
            foreach (JsonProperty package in framework.Value.EnumerateObject().Where(p => p.Value.GetProperty("type").GetString() != "Project"))
            {
                yield return (package.Name, package.Value.GetProperty("resolved").GetString()!);
            }
        }
    }
}
