using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Xunit;

namespace Segue.Architecture.Tests;

/// <summary>The list of banned symbols is in effect, and what was compiled keeps to it.</summary>
public sealed class BannedSymbolsTests
{
    // Only the command line prints and exits.
    private static readonly string[] MaySpeak = ["System.Console"];

    [Fact]
    public void The_list_bans_what_would_make_runs_differ()
    {
        string list = Repository.Read("BannedSymbols.txt");
        foreach (string symbol in new[]
        {
            "T:System.Random;", "P:System.DateTime.Now;", "P:System.DateTime.UtcNow;", "P:System.DateTimeOffset.Now;",
            "P:System.DateTimeOffset.UtcNow;", "T:System.Console;",
        })
        {
            Assert.Contains(symbol, list, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_list_reaches_the_compiler()
    {
        string build = Repository.Read("Directory.Build.props");
        Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", build, StringComparison.Ordinal);
        Assert.Contains("AdditionalFiles Include=\"$(MSBuildThisFileDirectory)BannedSymbols.txt\"", build, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", build, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_command_line_sets_the_ban_aside()
    {
        const string Rule = "RS" + "0030";
        string[] setAside =
        [
            .. Repository.Files
                .Where(f => f.StartsWith("src/", StringComparison.Ordinal) && !f.StartsWith("src/Segue.Cli/", StringComparison.Ordinal))
                .Where(f => f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".csproj", StringComparison.Ordinal))
                .Where(f => Repository.Read(f).Contains(Rule, StringComparison.Ordinal)),
        ];
        Assert.Empty(setAside);
        Assert.DoesNotContain(Rule, Repository.Read(".editorconfig"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ProjectArrowsTests.Projects), MemberType = typeof(ProjectArrowsTests))]
    public void What_is_compiled_uses_no_banned_symbol(string project)
    {
        string file = Path.Combine(AppContext.BaseDirectory, ProjectArrowsTests.AssemblyName(project) + ".dll");
        string[] banned = [.. Repository.Read("BannedSymbols.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(';', '(')[0])];
        string[] used = [.. UsedSymbols(file)];
        Assert.Contains("T:System.Object", used);
        string[] allowed = project == "Segue.Cli" ? MaySpeak : [];
        string[] found = [.. used.Intersect(banned).Where(s => !allowed.Contains(s[2..]))];
        Assert.Empty(found);
    }

    /// <summary>Types as <c>T:Name</c> and properties read as <c>P:Name</c>, as the list of banned symbols writes them.</summary>
    private static IEnumerable<string> UsedSymbols(string file)
    {
        using var portable = new PEReader(ImmutableArray.Create(File.ReadAllBytes(file)));
        MetadataReader reader = portable.GetMetadataReader();
        foreach (TypeReferenceHandle handle in reader.TypeReferences)
        {
            yield return "T:" + Name(reader.GetTypeReference(handle));
        }

        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                string type = Name(reader.GetTypeReference((TypeReferenceHandle)member.Parent)), name = reader.GetString(member.Name);
                yield return name.StartsWith("get_", StringComparison.Ordinal) ? $"P:{type}.{name[4..]}" : $"M:{type}.{name}";
            }
        }

        string Name(TypeReference type) => $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }
}
