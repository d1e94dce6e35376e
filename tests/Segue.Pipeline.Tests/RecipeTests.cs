using Segue.Core;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> ShippedRecipes() =>
        [.. Directory.GetFiles(Path.Combine(TestData.RepositoryRoot(), "recipes"), "*.json").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(ShippedRecipes))]
    public void EveryShippedRecipeReadsAndPromisesOnlyRowsAndMetricsItHas(string file)
    {
        Recipe recipe = Recipe.Read(Path.Combine(TestData.RepositoryRoot(), "recipes", file));
        Assert.All(recipe.Promises, p =>
        {
            Assert.Contains(recipe.Specification.Models, m => m.Label == p.Label);
            Assert.Contains(recipe.Specification.Metrics, m => m.Name == p.Metric);
        });
    }

    [Theory]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndcg@10"],"modles":["ease"]}""", "'models'")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"randon","metrics":["ndcg@10"]}""", "'random'")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndgc@10"]}""", "ndcg")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndcg@10"],"models":[{"model":"ease","options":{"lambda":1}}]}""", "regularization")]
    [InlineData("""{"dataset":{"k_cor":3},"split":"random","metrics":["ndcg@10"]}""", "'k_core'")]
    [InlineData("""{"split":"random","metrics":["ndcg@10"]}""", "dataset")]
    [InlineData("""{"dataset":{"synthetic":{}},"metrics":["ndcg@10"]}""", "split")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\"}]}", "\"metrics\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\",\"metrics\":[\"mse\"]}]}", "rankings")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\",\"metrics\":[\"mrr\"],\"users\":-1}]}", "users=-1")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"curves\":[{\"title\":\"t\",\"metrics\":[\"mrr\"],\"every\":0}]}", "every=0")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"curves\":[{\"title\":\"t\",\"metric\":\"mrr\"}]}", "'metrics'")]
    [InlineData("[1,2]", "cannot be read")]
    [InlineData("{", "cannot be read")]
    public void AWrongRecipeIsRefusedWithWhatIsWrong(string json, string expected)
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, json);
        Assert.Contains(expected, Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASyntheticRecipeRunsAndItsPromisesAreChecked()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": { "users": 150, "tracks": 300, "interactions": 12000 }, "k_core": 3 },
              "split": "random:per_user=true",
              "metrics": ["ndcg@10", "recall@10", "mse"],
              "models": ["ease", { "model": "item-knn", "label": "neighbours" }, "bias"],
              "curves": [{ "title": "learning", "metrics": ["ndcg@10"], "models": ["ease"] }],
              "also": [{ "title": "sampled", "sampled_negatives": 10, "users": 20, "metrics": ["mrr"] }],
              "sweeps": [{ "title": "K", "models": ["user-knn"], "option": "neighbors", "values": [1, 10], "metric": "auc" }],
              "promises": [
                { "label": "ease", "metric": "ndcg@10", "low": 0.000001 },
                { "label": "ease", "metric": "recall@10", "low": 2 },
                { "label": "bias", "metric": "mse", "low": 0 }
              ]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        ExperimentReport report = Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(3, report.Dataset.KCore);
        Assert.Contains(report.Rows, r => r.Label == "popularity" && r.IsBaseline);
        Assert.Equal([1.0, 10.0], report.Series![0].Lines[0].X);
        Assert.All(report.Series[0].Lines[0].Y, y => Assert.InRange(y, 0.0, 1.0));
        Assert.Equal([true, false, true], recipe.Check(report).Select(p => p.IsKept));
        Assert.Equal(20, Assert.Single(report.Also!).Users);
        Assert.NotNull(report.Example);
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());
    }

    [Fact]
    public void OnlyItemsWithFeaturesStayWhereTheRecipeSaysSo()
    {
        File.WriteAllText(_folder.File("plays.csv"), "user,item\nu1,spotify:track:a\nu1,spotify:track:b\nu2,spotify:track:b\n");
        File.WriteAllText(_folder.File("features.csv"), "track_id,energy,tempo\na,0.5,120\n");
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "format": "csv", "paths": ["plays.csv"], "map": "user=user,item=item", "join_features": ["features.csv"], "only_with_features": true },
              "split": "random", "metrics": ["ndcg@10", "recall@20:popularity"], "models": ["feature-knn"]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        Core.Data.Dataset dataset = recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((1, 1, 1), (dataset.Users.Count, dataset.Items.Count, dataset.Count));
        Assert.Equal(5, recipe.Specification.Metrics.Count);
    }

    [Fact]
    public void AMissingFileSaysWhereItWasLookedFor()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """{"dataset":{"format":"csv","paths":["absent-file.csv"]},"split":"random","metrics":["ndcg@10"],"models":["ease"]}""");
        DatasetException e = Assert.Throws<DatasetException>(() => Recipe.Read(path).OpenDataset(cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("absent-file.csv", e.Message, StringComparison.Ordinal);
        Assert.Contains("SEGUE_DATA", e.Message, StringComparison.Ordinal);
    }
}
