using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Core.Ranking;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Import;
using Segue.Models;
using Segue.Models.Linear;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "README.md"));

    [Fact]
    public void TheLibraryExampleRunsAndRecommendsTenItems()
    {
        using var output = new StringWriter();
        RunExample(output);
        Assert.Equal(10, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void TheReadmeShowsTheExampleThatIsCompiledHere()
    {
        string source = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "tests", "Segue.Pipeline.Tests", "ReadmeTests.cs"));
        Assert.Equal(Lines(Between(source, "// readme-" + "begin\n", "// readme-" + "end")), Lines(Between(Readme, "```csharp\n", "```")));
    }

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

    private static void RunExample(StringWriter output)
    {
        // readme-begin
        Dataset dataset = SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 300, Tracks = 800, Interactions = 30_000 }).Dataset;
        Split split = new RandomSplit(new RandomSplitOptions { PerUser = true }).Cut(dataset, seed: 42);
        IRecommender recommender = new Ease(new EaseOptions { Regularization = 100 }).Fit(split.Train, new FitContext());
        EvaluationResult result = RankingEvaluator.Evaluate(
            recommender, split.Test, new EvaluationOptions { Metrics = [MetricCatalog.Parse("ndcg@10")] });
        MetricValue ndcg = result.Metrics["ndcg@10"];
        Query query = Query.ForHistory(dataset.ItemIndex[..5]);
        foreach (RankedItem item in Ranker.Rank(recommender, query, new RankOptions { K = 10 }))
        {
            output.WriteLine($"{dataset.DisplayName(item.ItemIndex)} {item.Score:F3} (model NDCG@10 {ndcg.Value:F3})");
        }
        // readme-end
    }

    private static string Between(string text, string begin, string end)
    {
        int start = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        return text[start..text.IndexOf(end, start, StringComparison.Ordinal)];
    }

    private static string[] Lines(string text) => [.. text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
}
