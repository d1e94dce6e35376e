using System.Reflection;
using System.Xml.Linq;
using Xunit;

namespace Segue.Architecture.Tests;

/// <summary>The arrows between projects: what each may reference, and nothing else.</summary>
public sealed class ProjectArrowsTests
{
    // A project may reference these directly; what they reference in turn flows through.
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Segue.Numerics"] = [],
        ["Segue.Neural"] = ["Segue.Numerics"],
        ["Segue.Core"] = ["Segue.Numerics"],
        ["Segue.Import"] = ["Segue.Core"],
        ["Segue.Models"] = ["Segue.Core", "Segue.Numerics", "Segue.Neural"],
        ["Segue.Evaluation"] = ["Segue.Core"],
        ["Segue.Pipeline"] = ["Segue.Numerics", "Segue.Neural", "Segue.Core", "Segue.Import", "Segue.Models", "Segue.Evaluation"],
        ["Segue.Server"] = ["Segue.Pipeline"],
        ["Segue.Cli"] = ["Segue.Pipeline", "Segue.Import", "Segue.Server"],
    };

    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Segue.Numerics"] = ["System.Numerics.Tensors"],
        ["Segue.Cli"] = ["System.CommandLine", "Spectre.Console"],
    };

    public static TheoryData<string> Projects => [.. Repository.Projects.Keys];

    [Fact]
    public void Every_project_has_its_arrows()
    {
        Assert.Empty(Repository.Projects.Keys.Except(Arrows.Keys));
        Assert.True(Repository.Projects.Count >= 7, "the projects were not found");
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_arrows_say(string project)
    {
        Assert.Empty(References(project, "ProjectReference").Select(p => Path.GetFileNameWithoutExtension(p.Replace('\\', '/'))).Except(Arrows[project]));
        Assert.Empty(References(project, "PackageReference").Except(Packages.GetValueOrDefault(project, [])));
        Assert.Empty(References(project, "Reference"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void What_is_compiled_reaches_no_further(string project)
    {
        string[] allowed = [.. Closure(project)];
        Assembly assembly = Assembly.Load(AssemblyName(project));
        Assert.Empty(assembly.GetReferencedAssemblies().Select(a => a.Name!)
            .Where(a => a.StartsWith("Segue.", StringComparison.Ordinal)).Except(allowed));
    }

    [Fact]
    public void No_package_version_stands_outside_the_central_file() => Assert.All(
        Repository.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal)),
        file => Assert.All(
            XDocument.Parse(Repository.Read(file)).Descendants("PackageReference"),
            package => Assert.True(package.Attribute("Version") is null, $"{file}: {package}")));

    internal static string AssemblyName(string project) =>
        Repository.Projects[project].Descendants("AssemblyName").FirstOrDefault()?.Value ?? project;

    private static IEnumerable<string> References(string project, string kind) =>
        Repository.Projects[project].Descendants(kind).Select(r => (string?)r.Attribute("Include")).OfType<string>();

    private static HashSet<string> Closure(string project)
    {
        HashSet<string> reached = [.. Arrows[project]];
        foreach (string next in Arrows[project])
        {
            reached.UnionWith(Closure(next));
        }

        return reached;
    }
}
