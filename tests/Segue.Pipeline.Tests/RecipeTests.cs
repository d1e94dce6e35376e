using Segue.Core;
using Segue.Pipeline.Reports;
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
            Assert.True(p.IsTraining || (recipe.Specification.Also.FirstOrDefault(a => a.Title == p.Also)?.Metrics ?? recipe.Specification.Metrics).Any(m => m.Name == p.Metric));
        });
        Assert.NotEmpty(recipe.Promises);
    }

    [Fact]
    public void APromiseIsOfAFigureADifferenceAnotherTableOrTraining()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": { "users": 100, "tracks": 200, "interactions": 8000 } },
              "split": "random:per_user=true",
              "metrics": ["ndcg@10"],
              "models": ["ease", { "model": "lightgcn", "label": "graph", "options": { "epochs": 2, "embedding_size": 4 } }],
              "curves": [{ "title": "learning", "metrics": ["ndcg@10"], "models": ["graph"] }],
              "also": [{ "title": "sampled", "sampled_negatives": 10, "metrics": ["mrr"] }],
              "promises": [
                { "label": "ease", "than": "popularity", "metric": "ndcg@10", "low": -1, "high": 1 },
                { "label": "popularity", "than": "ease", "metric": "mrr", "also": "sampled", "high": -5, "missed": "no difference is so large" },
                { "label": "graph", "training": "bpr", "low": 0 },
                { "label": "ease", "metric": "mrr", "also": "sampled", "low": 0.01 }
              ]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        ExperimentReport report = Experiment.Run(
            recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        IReadOnlyList<PromiseResult> results = recipe.Check(report);
        double Of(string label) => report.Rows.Single(r => r.Label == label).Metrics["ndcg@10"].Value;
        Assert.Equal(Of("ease") - Of("popularity"), results[0].Value);
        ReportTableRow[] sampled = [.. report.Also!.Single().Rows];
        Assert.Equal(
            sampled.Single(r => r.Label == "popularity").Metrics["mrr"].Value - sampled.Single(r => r.Label == "ease").Metrics["mrr"].Value, results[1].Value);
        Assert.Equal(report.Training!.Rows.Single().Metrics["bpr"].Value, results[2].Value);
        Assert.Equal([true, false, true, true], results.Select(r => r.IsKept));
        Assert.Equal("no difference is so large", results[1].Promise.Missed);
        Assert.Equal("popularity − ease", results[1].Promise.Row);
        Assert.Equal("mrr (sampled)", results[1].Promise.Column);
    }

    [Theory]
    [InlineData("""{ "label": "ease", "than": "eas", "metric": "ndcg@10", "low": 0 }""", "promises[0].than")]
    [InlineData("""{ "label": "ease", "than": "ease", "metric": "ndcg@10", "low": 0 }""", "name another row")]
    [InlineData("""{ "label": "ease", "metric": "mrr", "low": 0 }""", "the recipe does not measure")]
    [InlineData("""{ "label": "ease", "metric": "ndcg@10", "also": "sampled", "low": 0 }""", "'sampled' does not measure")]
    [InlineData("""{ "label": "ease", "metric": "mrr", "also": "sample", "low": 0 }""", "'sampled'")]
    [InlineData("""{ "label": "ease", "training": "loss", "low": 0 }""", "\"curves\"")]
    [InlineData("""{ "label": "ease", "training": "loss", "metric": "ndcg@10", "low": 0 }""", "has \"training\" and")]
    [InlineData("""{ "label": "ease", "metric": "ndcg@10", "low": 0, "missed": "" }""", "why it is not reached")]
    [InlineData("""{ "label": "ease", "than": "popularity", "metric": "ndcg@10" }""", "promises nothing")]
    public void APromiseThatCannotBeCheckedIsRefusedBeforeAnythingIsTrained(string promise, string message)
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            { "dataset": { "synthetic": {} }, "split": "random", "metrics": ["ndcg@10"], "models": ["ease"],
              "also": [{ "title": "sampled", "sampled_negatives": 10, "metrics": ["mrr"] }], "promises": [
            """ + promise + "] }");
        Assert.Contains(message, Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndcg@10"],"modles":["ease"]}""", "'models'")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"randon","metrics":["ndcg@10"]}""", "'random'")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndgc@10"]}""", "ndcg")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndcg@10"],"models":[{"model":"ease","options":{"lambda":1}}]}""", "regularization")]
    [InlineData("""{"dataset":{"k_cor":3},"split":"random","metrics":["ndcg@10"]}""", "'k_core'")]
    [InlineData("""{"split":"random","metrics":["ndcg@10"]}""", "dataset")]
    [InlineData("""{"dataset":{"synthetic":{}},"metrics":["ndcg@10"]}""", "split")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndcg@10"],"models":[{"model":"ease","lable":"a"}]}""", "'label'")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","metrics":["ndcg@10"],"models":[{"label":"a"}]}""", "no \"model\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\"}]}", "\"metrics\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\",\"metrics\":[\"mse\"]}]}", "rankings")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\",\"metrics\":[\"mrr\"],\"users\":-1}]}", "\"also[0].users\" of recipe")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"curves\":[{\"title\":\"t\",\"metrics\":[\"mrr\"],\"every\":0}]}", "\"curves[0].every\" of recipe")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"curves\":[{\"title\":\"t\",\"metric\":\"mrr\"}]}", "'metrics'")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"ndgc@10\":0.1}}]}", "\"published[0].metrics.ndgc@10\" of recipe")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"ndgc@10\":0.1}}]}", "ndcg")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"recall@10\":0.1}}]}", "'recall@10', which the recipe does not measure; add it to \"metrics\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"ndcg@10\":\"high\"}}]}", "give a number")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{}}]}", "no \"metrics\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"metrics\":{\"ndcg@10\":0.1}}]}", "no \"source\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"source\":\"s\",\"metrics\":{\"ndcg@10\":0.1}}]}", "no \"label\"")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"value\":1,\"metrics\":{\"ndcg@10\":0.1}}]}", "'value'")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"ndcg@10\":0.1}},{\"label\":\"a\",\"source\":\"t\",\"metrics\":{\"ndcg@10\":0.2}}]}", "two published rows called 'a'")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"models\":[\"ease\"],\"published\":[{\"label\":\"ease\",\"source\":\"s\",\"metrics\":{\"ndcg@10\":0.1}}]}", "a published row and a model 'ease'")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"promises\":[{\"label\":\"a\",\"metric\":\"ndcg@10\",\"low\":0}],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"ndcg@10\":0.1}}]}", "promises the published row 'a'")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\",\"metrics\":[\"mrr\"],\"published\":[{\"label\":\"a\",\"source\":\"s\",\"metrics\":{\"ndcg@10\":0.1}}]}]}", "which 't' does not measure")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"test_users\":-1}", "\"test_users\" of recipe")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"ndcg@10\"],\"also\":[{\"title\":\"t\",\"metrics\":[\"mrr\",\"next-mrr@5\"]}]}", "\"also[0]\" of recipe")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"next-hr@10\"],\"offsets\":[{\"title\":\"t\",\"metric\":\"next-hr@10\",\"upto\":5}]}", "'up_to'")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"next-hr@10\"],\"offsets\":[{\"title\":\"t\",\"metric\":\"rest-recall@10\"}]}", "'rest-recall@10' by offset")]
    [InlineData("{\"dataset\":{\"synthetic\":{}},\"split\":\"random\",\"metrics\":[\"next-hr@10\"],\"offsets\":[{\"title\":\"t\",\"metric\":\"next-hr@10\",\"up_to\":0}]}", "\"offsets[0].up_to\" of recipe")]
    [InlineData("""{"dataset":{"synthetic":{}},"split":"random","split":"random","metrics":["ndcg@10"]}""", "split")]
    [InlineData("""{"dataset":{"synthetic":{},"name":"a","name":"b"},"split":"random","metrics":["ndcg@10"]}""", "name")]
    [InlineData("[1,2]", "give an object")]
    [InlineData("{", "cannot be read")]
    public void AWrongRecipeIsRefusedWithWhatIsWrong(string json, string expected)
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, json);
        Assert.Contains(expected, Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
    }

    /// <summary>Each with the file, the key and the remedy; before any data is read.</summary>
    [Theory]
    [InlineData("\"metrics\":[]", "has no \"metrics\"; give a list")]
    [InlineData("\"metrics\":[null]", "\"metrics[0]\" of recipe", "is null; give a metric")]
    [InlineData("\"metrics\":\"ndcg@10\"", "\"metrics\" of recipe", "give a list [")]
    [InlineData("\"models\":[null]", "\"models[0]\" of recipe", "is null; give the name of a model")]
    [InlineData("\"models\":null", "\"models\" of recipe", "is null")]
    [InlineData("\"models\":[{\"model\":\"ease\",\"options\":[1]}]", "\"models[0].options\" of recipe", "is [1]; give an object")]
    [InlineData("\"models\":[{\"model\":\"ease\",\"options\":{\"regularization\":null}}]", "\"models[0].options.regularization\"", "give a single value")]
    [InlineData("\"models\":[{\"model\":\"ease\",\"label\":\"\"}]", "\"models[0].label\"", "give a name")]
    [InlineData("\"models\":[\"ease\",\"ease\"]", "two rows are called 'ease'")]
    [InlineData("\"models\":[],\"baselines\":false", "nothing would be measured")]
    [InlineData("\"split\":{\"options\":{}}", "\"split\" of recipe", "has no \"name\"")]
    [InlineData("\"split\":{\"name\":\"random\",\"options\":[0.5]}", "\"split.options\" of recipe", "is [0.5]; give an object")]
    [InlineData("\"split\":{\"name\":\"random\",\"option\":{}}", "'options'")]
    [InlineData("\"offsets\":[{}]", "\"offsets[0]\" of recipe", "has no \"title\"")]
    [InlineData("\"models\":[\"ease\"],\"sweeps\":[{\"title\":\"t\",\"models\":[\"user-knn\"],\"option\":\"neighbours\",\"values\":[1],\"metric\":\"auc\"}]", "'neighbors'")]
    [InlineData("\"models\":[\"ease\"],\"sweeps\":[{\"title\":\"t\",\"models\":[\"user-knn\"],\"option\":\"neighbors\",\"values\":[0.5],\"metric\":\"auc\"}]", "give a whole number")]
    [InlineData("\"models\":[\"ease\"],\"sweeps\":[{\"title\":\"t\",\"models\":[\"user-knn\"],\"option\":\"neighbors\",\"values\":[],\"metric\":\"auc\"}]", "has no \"values\"")]
    [InlineData("\"promises\":[{\"label\":\"eas\",\"metric\":\"ndcg@10\",\"low\":0}]", "\"promises[0].label\" of recipe", "did you mean 'ease'")]
    [InlineData("\"promises\":[{\"label\":\"ease\",\"metric\":\"ndcg@20\",\"low\":0}]", "\"promises[0].metric\" of recipe", "Measured: ndcg@10")]
    [InlineData("\"promises\":[{\"label\":\"ease\",\"metric\":\"ndcg@10\",\"low\":1,\"high\":0}]", "\"promises[0]\" of recipe", "nothing lies there")]
    [InlineData("\"promises\":[{\"label\":\"ease\",\"metric\":\"ndcg@10\"}]", "promises nothing")]
    [InlineData("\"pairs\":[{\"first\":\"ease\",\"second\":\"nobody\"}]", "row of a pair 'nobody'")]
    [InlineData("\"metrics\":[\"ndcg@10\"],\"curves\":[{\"title\":\"t\",\"models\":[\"nobody\"],\"metrics\":[\"ndcg@10\"]}]", "row of a curve 'nobody'")]
    [InlineData("\"metrics\":[\"next-hr@10\"],\"sampled_negatives\":5", "leave the metric or the sample out")]
    [InlineData("\"seed\":-1", "\"seed\" of recipe", "is -1")]
    [InlineData("\"seed\":1e400", "\"seed\" of recipe", "is 1e400")]
    [InlineData("\"test_users\":99999999999999999999", "\"test_users\" of recipe")]
    [InlineData("\"keep_seen\":\"yes\"", "\"keep_seen\" of recipe", "give true or false")]
    [InlineData("\"title\":\"\\ud800\"", "\"title\" of recipe", "surrogate")]
    [InlineData("\"note\":5", "\"note\" of recipe", "is 5")]
    [InlineData("\"early_stopping\":5", "\"early_stopping\" of recipe", "is 5")]
    [InlineData("\"dataset\":{\"folder\":5}", "\"dataset.folder\" of recipe", "is 5; give the path")]
    [InlineData("\"dataset\":{\"folder\":\"a\\u0000b\"}", "\"dataset.folder\" of recipe", "without NUL")]
    [InlineData("\"dataset\":{\"folder\":\"a\",\"synthetic\":{}}", "has both \"folder\" and \"synthetic\"")]
    [InlineData("\"dataset\":{}", "\"dataset\" of recipe", "names no data")]
    [InlineData("\"dataset\":{\"synthetic\":[]}", "\"dataset.synthetic\" of recipe", "give an object")]
    [InlineData("\"dataset\":{\"synthetic\":{\"users\":-1}}", "\"dataset.synthetic\" of recipe", "'users'")]
    [InlineData("\"dataset\":{\"synthetic\":{},\"paths\":[\"a\"]}", "\"dataset.paths\" of recipe", "leave it out")]
    [InlineData("\"dataset\":{\"synthetic\":{},\"k_core\":-3}", "\"dataset.k_core\" of recipe", "is -3; give a whole number from 0")]
    [InlineData("\"dataset\":{\"synthetic\":{},\"weights\":\"bynary\"}", "\"dataset.weights\" of recipe", "'binary'")]
    [InlineData("\"dataset\":{\"format\":\"csv\",\"paths\":[1],\"map\":\"user=0,item=1\"}", "\"dataset.paths[0]\" of recipe", "is 1")]
    [InlineData("\"dataset\":{\"format\":\"csv\",\"paths\":[\"\"],\"map\":\"user=0,item=1\"}", "\"dataset.paths[0]\" of recipe")]
    [InlineData("\"dataset\":{\"format\":\"csv\",\"paths\":[\"a\"]}", "has no \"map\"")]
    [InlineData("\"dataset\":{\"format\":\"cvs\",\"paths\":[\"a\"]}", "\"dataset.format\" of recipe", "'csv'")]
    [InlineData("\"dataset\":{\"format\":\"csv\",\"paths\":[\"a\"],\"map\":\"user=0\"}", "\"dataset.map\" of recipe")]
    public void AWrongValueIsRefusedWithItsPlaceAndTheRemedy(string member, params string[] expected)
    {
        var all = new Dictionary<string, string>
        {
            ["dataset"] = "{\"synthetic\":{}}",
            ["split"] = "\"random:validation=0.1\"",
            ["metrics"] = "[\"ndcg@10\"]",
            ["models"] = "[\"ease\"]",
        };
        string kept = string.Concat(all.Where(p => !member.Contains($"\"{p.Key}\":", StringComparison.Ordinal)).Select(p => $",\"{p.Key}\":{p.Value}"));
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, $"{{{member}{kept}}}");
        string message = Assert.Throws<OptionException>(() => Recipe.Read(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.All(expected, text => Assert.Contains(text, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("/")]
    [InlineData("a\0b")]
    [InlineData("no-such-recipe.json")]
    public void AnOddPathIsRefusedWithAMessage(string path) => Assert.Throws<OptionException>(() => Recipe.Read(path));

    [Fact]
    public void AFileThatNeverEndsIsNoRecipe()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, new string(' ', 8_000_001));
        Assert.Contains("longer than", Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("[", 100_000)));
        Assert.Contains("cannot be read", Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARowThatOnlyTimesBringIsNotPromisedOfDataWithoutThem()
    {
        File.WriteAllText(_folder.File("plays.csv"), "user,item\nu1,a\nu1,b\nu2,b\n");
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "format": "csv", "paths": ["plays.csv"], "map": "user=user,item=item" }, "split": "random", "metrics": ["ndcg@10"],
              "promises": [{ "label": "recent-popularity", "metric": "ndcg@10", "low": 0 }]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        Assert.Contains("no", Assert.Throws<OptionException>(() => recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
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
    public void OffsetsBecomeALineAModel()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": { "users": 100, "tracks": 200, "interactions": 8000 } },
              "split": "global-time",
              "metrics": ["rest-recall@10"],
              "models": ["markov"],
              "keep_seen": true,
              "offsets": [{ "title": "near", "metric": "next-hr@10", "up_to": 5, "note": "read" }, { "title": "far", "metric": "next-mrr@10", "up_to": 8 }]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        ExperimentReport report = Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([("near", "next-hr@10", "read"), ("far", "next-mrr@10", null)], report.Series!.Select(s => (s.Title, s.YLabel, s.Note)));
        Assert.Equal(report.Rows.Select(r => r.Label), report.Series![0].Lines.Select(l => l.Label));
        Assert.All(report.Rows, r => Assert.Equal(["rest-recall@10"], r.Metrics.Keys));
        Assert.All(report.Series[0].Lines, l => Assert.Equal([1, 2, 3, 4, 5], l.X));
        Assert.All(report.Series[1].Lines, l => Assert.Equal(8, l.Y.Count));
        Assert.All(report.Series[0].Lines.Single(l => l.Label == "popularity").Y, y => Assert.InRange(y, 0.01, 0.99));
    }

    /// <summary>At one distance the difference of two rows is that of their curves there; over several it is a mean over all their steps.</summary>
    [Fact]
    public void PairsAreComparedByTheSongsSoFarAhead()
    {
        string path = _folder.File("recipe.json");
        const string Recipes = """
            {
              "dataset": { "synthetic": { "users": 100, "tracks": 200, "interactions": 8000 } },
              "split": "global-time",
              "metrics": ["rest-recall@10"],
              "models": ["markov"],
              "keep_seen": true,
              "offsets": [{ "title": "near", "metric": "next-hr@10", "up_to": 5 }],
              "pairs": [{ "first": "popularity", "second": "markov", "metrics": ["next-hr@10"], "ahead": [[1, 1], [3, 3], [2, 5]] }],
              "promises": [{ "label": "popularity", "than": "markov", "metric": "next-hr@10", "ahead": [3, 3], "low": -1 }]
            }
            """;
        File.WriteAllText(path, Recipes);
        Recipe recipe = Recipe.Read(path);
        ExperimentReport report = Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        IReadOnlyList<double> first = Curve("popularity"), second = Curve("markov");
        Assert.Equal(["next-hr@10, 1 to 1 ahead", "next-hr@10, 3 to 3 ahead", "next-hr@10, 2 to 5 ahead"], report.Pairs!.Select(p => p.Metric));
        Assert.Equal(first[0] - second[0], report.Pairs![0].Difference, 1e-12);
        Assert.Equal(first[2] - second[2], report.Pairs[1].Difference, 1e-12);
        PromiseResult promise = Assert.Single(recipe.Check(report));
        Assert.Equal((report.Pairs[1].Difference, true, "next-hr@10, 3 to 3 ahead"), (promise.Value, promise.IsKept, promise.Promise.Column));
        double[] each = [.. first.Zip(second, (a, b) => a - b).Skip(1)];
        Assert.InRange(report.Pairs[2].Difference, each.Min(), each.Max());
        Assert.All(report.Pairs, p => Assert.InRange(p.P, 0, 1));
        foreach ((string range, string message) in new[] { ("[[1, 6]]", "raise \"up_to\""), ("[[1]]", "[25, 50]"), ("[[3, 2]]", "ahead[0][1]"), ("[[0, 2]]", "ahead[0][0]"), ("[[1, 1]]", "add to \"pairs\"") })
        {
            File.WriteAllText(path, Recipes.Replace("[[1, 1], [3, 3], [2, 5]]", range, StringComparison.Ordinal));
            Assert.Contains(message, Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
        }

        IReadOnlyList<double> Curve(string label) => report.Series![0].Lines.Single(l => l.Label == label).Y;
    }

    [Fact]
    public void PairsAreComparedListenerByListener()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": { "users": 100, "tracks": 200, "interactions": 8000 } },
              "split": "random:per_user=true",
              "metrics": ["ndcg@10", "recall@10"],
              "models": [{ "model": "ease", "label": "linear" }, "random"],
              "pairs": [{ "first": "linear", "second": "random", "metrics": ["recall@10", "ndcg@10"] }, { "first": "random", "second": "linear" }]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        ExperimentReport report = Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([("linear", "recall@10"), ("linear", "ndcg@10"), ("random", "ndcg@10")], report.Pairs!.Select(p => (p.First, p.Metric)));
        ReportRow linear = report.Rows.Single(r => r.Label == "linear"), random = report.Rows.Single(r => r.Label == "random");
        Assert.All(report.Pairs!.Take(2), p =>
        {
            Assert.Equal(linear.Metrics[p.Metric].Value - random.Metrics[p.Metric].Value, p.Difference, 12);
            Assert.InRange(p.Difference, p.Low, p.High);
            Assert.InRange(p.P, 0, 0.001);
            Assert.True(p.Wins > p.Losses && p.Wins + p.Losses <= p.Users);
        });
        ReportPair there = report.Pairs![1], back = report.Pairs[2];
        Assert.Equal((-there.Difference, there.P, there.Wins, there.Losses), (back.Difference, back.P, back.Losses, back.Wins));
        Assert.Contains("Row against row", HtmlReport.ToHtml(report), StringComparison.Ordinal);
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());
    }

    [Fact]
    public void AFurtherProtocolHasOffsetsAndPairsOfItsOwn()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": { "users": 100, "tracks": 200, "interactions": 8000 } },
              "split": "global-time",
              "metrics": ["rest-recall@10"],
              "models": ["markov", "own-repeats", { "model": "weighted-history", "label": "weights", "options": { "plays": 4, "epochs": 1 } }],
              "keep_seen": true,
              "offsets": [{ "title": "near", "metric": "next-hr@10", "up_to": 5 }],
              "pairs": [{ "first": "markov", "second": "own-repeats" }],
              "also": [{
                "title": "Discovery", "metrics": ["next-mrr@10"],
                "offsets": [{ "title": "near", "metric": "next-hr@10", "up_to": 3 }],
                "pairs": [{ "first": "markov", "second": "own-repeats" }]
              }]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        ExperimentReport report = Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(["near", "Discovery: near", "Learned: Weight of a play"], report.Series!.Select(s => s.Title));
        ReportLine learned = Assert.Single(report.Series![2].Lines);
        Assert.Equal(("weights", 4), (learned.Label, learned.Y.Count));
        Assert.Equal([5, 3], report.Series!.Take(2).Select(s => s.Lines.Single(l => l.Label == "markov").Y.Count));

        // Who only repeats finds nothing new: the two charts are of two protocols.
        Assert.All(report.Series![0].Lines.Single(l => l.Label == "own-repeats").Y, y => Assert.InRange(y, 0.01, 0.99));
        Assert.All(report.Series[1].Lines.Single(l => l.Label == "own-repeats").Y, y => Assert.Equal(0, y));
        ReportTable also = Assert.Single(report.Also!);
        Assert.All(also.Rows, r => Assert.Equal(["next-mrr@10"], r.Metrics.Keys));
        Assert.Equal("rest-recall@10", Assert.Single(report.Pairs!).Metric);
        ReportPair pair = Assert.Single(also.Pairs!);
        Assert.Equal("next-mrr@10", pair.Metric);
        Assert.Equal(also.Rows.Single(r => r.Label == "markov").Metrics["next-mrr@10"].Value, pair.Difference, 12);
        Assert.Contains("Discovery: row against row", HtmlReport.ToHtml(report), StringComparison.Ordinal);
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("""{ "title": "t", "metrics": ["ndcg@10"], "offsets": [{ "title": "near", "metric": "next-hr@10" }] }""", "mixes metrics of revealed sessions")]
    [InlineData("""{ "title": "t", "metrics": ["ndcg@10"], "pairs": [{ "first": "ease", "second": "randon" }] }""", "randon")]
    [InlineData("""{ "title": "t", "metrics": ["ndcg@10"], "part": "trian" }""", "trian")]
    [InlineData("""{ "title": "t", "metrics": ["ndcg@10"], "part": "train", "keep_seen": true }""", "next-hr@20")]
    [InlineData("""{ "title": "t", "metrics": ["ndcg@10"], "pairs": [{ "first": "ease", "second": "random", "metrics": ["recall@10"] }] }""", "recall@10")]
    public void AFurtherProtocolThatCannotBeJudgedIsRefusedBeforeTraining(string also, string expected)
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, $$"""
            {
              "dataset": { "synthetic": { "users": 50, "tracks": 100, "interactions": 2000 } }, "split": "random", "metrics": ["recall@10"],
              "models": ["ease", "random"], "also": [{{also}}]
            }
            """);
        Assert.Contains(
            expected,
            Assert.Throws<OptionException>(() =>
            {
                Recipe recipe = Recipe.Read(path);
                Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
            }).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void WhatTrainingToldStandsInATableBesidePublishedFigures()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": { "users": 60, "tracks": 100, "interactions": 3000 } },
              "split": "random", "metrics": ["ndcg@10"],
              "models": [{ "model": "lightgcn", "label": "pairs", "options": { "epochs": 3 } }, "ease"],
              "curves": [{ "title": "learning", "metrics": ["ndcg@10"] }],
              "published": [{ "label": "theirs", "source": "a paper, table 5", "training": { "bpr": 0.5, "validation accuracy": 0.9 } }]
            }
            """);
        Recipe recipe = Recipe.Read(path);
        Assert.Empty(recipe.Specification.Published);
        ExperimentReport report = Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
        ReportTableRow row = Assert.Single(report.Training!.Rows);
        Assert.Equal("pairs", row.Label);
        Assert.Equal(report.Series!.Single(s => s.Title == "Training loss").Lines.Single(l => l.Label == "pairs: bpr").Y[^1], row.Metrics["bpr"].Value);
        Assert.Equal(0.9, Assert.Single(report.Training.Published!).Metrics["validation accuracy"]);
        string html = HtmlReport.ToHtml(report);
        Assert.Contains("After the last epoch", html, StringComparison.Ordinal);
        Assert.Contains("a paper, table 5", html, StringComparison.Ordinal);
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("""{ "label": "theirs", "source": "s", "training": { "loss": 0.5 } }""", "nothing is watched")]
    [InlineData("""{ "label": "theirs", "training": { "loss": 0.5 } }""", "source")]
    [InlineData("""{ "label": "theirs", "source": "s" }""", "metrics")]
    public void PublishedTrainingThatCannotBeShownIsRefused(string published, string expected)
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, $$"""
            { "dataset": { "synthetic": {} }, "split": "random", "metrics": ["ndcg@10"], "models": ["bpr"], "published": [{{published}}] }
            """);
        Assert.Contains(expected, Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATrainingFigureThatIsNoNumberIsRefused()
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, """
            {
              "dataset": { "synthetic": {} }, "split": "random", "metrics": ["ndcg@10"], "models": ["bpr"], "curves": [{ "title": "learning", "metrics": ["ndcg@10"] }],
              "published": [{ "label": "theirs", "source": "s", "training": { "loss": "low" } }]
            }
            """);
        Assert.Contains("\"published[0].training.loss\"", Assert.Throws<OptionException>(() => Recipe.Read(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "first": "ease", "second": "randon" }""", "randon")]
    [InlineData("""{ "first": "ease", "second": "ease" }""", "with itself")]
    [InlineData("""{ "first": "ease", "second": "random", "metrics": ["recall@10"] }""", "recall@10")]
    [InlineData("""{ "first": "ease", "second": "random", "metrics": ["coverage@10"] }""", "one value for all listeners")]
    [InlineData("""{ "first": "ease" }""", "second")]
    public void PairsThatCannotBeComparedAreRefusedBeforeTraining(string pair, string expected)
    {
        string path = _folder.File("recipe.json");
        File.WriteAllText(path, $$"""
            {
              "dataset": { "synthetic": { "users": 50, "tracks": 100, "interactions": 2000 } }, "split": "random", "metrics": ["ndcg@10", "coverage@10"],
              "models": ["ease", "random"], "pairs": [{{pair}}]
            }
            """);
        Assert.Contains(
            expected,
            Assert.Throws<OptionException>(() =>
            {
                Recipe recipe = Recipe.Read(path);
                Experiment.Run(recipe.Specification, recipe.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken);
            }).Message,
            StringComparison.Ordinal);
    }

    /// <summary>However good a published figure looks, it is not the best, not the next, not a reference and not promised.</summary>
    [Fact]
    public void PublishedRowsStandBesideTheMeasuredOnesAndDecideNothing()
    {
        const string Published = """
              "published": [{ "label": "theirs", "source": "a paper, table 1", "note": "other data", "metrics": { "ndcg@10": 0.99 } }],
            """;
        const string Rest = """
              "dataset": { "synthetic": { "users": 150, "tracks": 300, "interactions": 12000 } },
              "split": "random:per_user=true", "metrics": ["ndcg@10"], "models": ["ease"],
              "also": [{ "title": "sampled", "sampled_negatives": 10, "users": 20, "metrics": ["mrr"],
                "published": [{ "label": "others", "source": "a paper, table 2", "metrics": { "mrr": 0.5 } }] }],
              "promises": [{ "label": "ease", "metric": "ndcg@10", "low": 0.000001 }]
            """;
        (Recipe recipe, ExperimentReport with) = Run($"{{ {Published} {Rest} }}");
        (_, ExperimentReport without) = Run($"{{ {Rest} }}");
        PublishedRow row = Assert.Single(with.Published!);
        Assert.Equal(("theirs", "a paper, table 1", "other data", 0.99), (row.Label, row.Source, row.Note, row.Metrics["ndcg@10"]));
        Assert.Equal("others", Assert.Single(with.Also![0].Published!).Label);
        Assert.DoesNotContain(with.Rows, r => r.Label == "theirs");
        Assert.DoesNotContain(with.Also[0].Rows, r => r.Label == "others");
        Assert.Equal((without.BestModel, without.BestBaseline), (with.BestModel, with.BestBaseline));
        Assert.Equal(without.Rows.Select(r => r.Metrics["ndcg@10"]), with.Rows.Select(r => r.Metrics["ndcg@10"]));
        Assert.Equal(Headline.Of(without), Headline.Of(with));
        Assert.True(Assert.Single(recipe.Check(with)).IsKept);
        Assert.Null(without.Published);

        using var json = System.Text.Json.JsonDocument.Parse(with.ToJson());
        System.Text.Json.JsonElement written = json.RootElement.GetProperty("published")[0];
        Assert.True(written.GetProperty("published").GetBoolean());
        Assert.Equal(0.99, written.GetProperty("metrics").GetProperty("ndcg@10").GetDouble());
        Assert.Equal(with.ToJson(), ExperimentReport.FromJson(with.ToJson()).ToJson());

        (Recipe, ExperimentReport) Run(string text)
        {
            string path = _folder.File("recipe.json");
            File.WriteAllText(path, text);
            Recipe read = Recipe.Read(path);
            return (read, Experiment.Run(
                read.Specification, read.OpenDataset(cancellation: TestContext.Current.CancellationToken), cancellation: TestContext.Current.CancellationToken));
        }
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
        File.WriteAllText(path, """{"dataset":{"format":"csv","paths":["absent-file.csv"],"map":"user=0,item=1"},"split":"random","metrics":["ndcg@10"],"models":["ease"]}""");
        DatasetException e = Assert.Throws<DatasetException>(() => Recipe.Read(path).OpenDataset(cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("absent-file.csv", e.Message, StringComparison.Ordinal);
        Assert.Contains("SEGUE_DATA", e.Message, StringComparison.Ordinal);
    }
}
