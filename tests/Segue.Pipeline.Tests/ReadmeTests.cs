using Segue.Import;
using Segue.Models;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "README.md"));

    [Fact]
    public void TheReadmeListsEveryModelWithItsSource()
    {
        Assert.All(ModelCatalog.All, m => Assert.Contains($"| `{m.Name}` | {m.Summary} | {m.Source} |", Readme, StringComparison.Ordinal));
    }

    [Fact]
    public void TheReadmeListsEveryImportFormat()
    {
        Assert.All(FormatCatalog.All, f => Assert.Contains($"| `{f.Name}` | {f.Summary} |", Readme, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryLinkOfTheReadmeLeadsSomewhere()
    {
        foreach (string target in Readme.Split("](").Skip(1).Select(part => part[..part.IndexOf(')', StringComparison.Ordinal)]))
        {
            string path = Path.Combine(TestData.RepositoryRoot(), target);
            Assert.True(File.Exists(path) || Directory.Exists(path), target);
        }
    }
}
