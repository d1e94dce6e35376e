using Segue.Core;
using Segue.Testing;
using Xunit;

namespace Segue.Evaluation.Tests;

public class MetricCatalogTests
{
    [Fact]
    public void Names_are_stable() => Assert.Equal(
        [
            "recall@k", "capped-recall@k", "precision@k", "hitrate@k", "ndcg@k", "mrr[@k]", "map@k", "auc", "bpr-loss", "r-precision", "clicks",
            "coverage@k", "gini@k", "novelty@k", "artist-diversity@k",
            "next-hr@k", "next-mrr@k", "next-cross-entropy", "rest-recall@k", "rest-precision@k", "rest-ndcg@k", "link-accuracy", "link-auc", "link-accuracy-matched", "link-auc-matched",
            "mse", "mae", "accuracy", "log-loss",
        ],
        MetricCatalog.All.Select(m => m.NameWithLength));

    [Fact]
    public void Every_metric_says_what_it_is_and_is_computed_exactly_one_way() => Assert.All(MetricCatalog.All, m =>
    {
        Assert.All([m.Meaning, m.Denominator, m.TieRule, m.EmptyCase], text => Assert.False(string.IsNullOrWhiteSpace(text)));
        Assert.Equal(m.Kind is MetricKind.PerUser or MetricKind.PerStep, m.ForUser is not null);
        Assert.Equal(m.Kind == MetricKind.AllLists, m.ForExposure is not null);
        Assert.Equal(m.Kind == MetricKind.Prediction, m.ForPair is not null);
    });

    [Fact]
    public void The_documentation_has_a_row_for_every_metric()
    {
        string text = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "docs", "evaluation.md"));
        Assert.All(MetricCatalog.All, m => Assert.Matches($@"(?m)^\|[^|]*`{m.Name}(@k)?`", text));
    }

    [Theory]
    [InlineData("recall@20", "recall", 20)]
    [InlineData(" capped-recall@5 ", "capped-recall", 5)]
    [InlineData("mrr", "mrr", null)]
    [InlineData("mrr@10", "mrr", 10)]
    [InlineData("auc", "auc", null)]
    [InlineData("log-loss", "log-loss", null)]
    public void Reads_names(string text, string name, int? k)
    {
        MetricSpecification metric = MetricCatalog.Parse(text);
        Assert.Equal((name, k), (metric.Metric.Name, metric.K));
        Assert.Equal(text.Trim(), metric.Name);
    }

    [Theory]
    [InlineData("NDCG@5", "ndcg@5")]
    [InlineData("hr@5", "hitrate@5")]
    [InlineData("HR@10", "hitrate@10")]
    [InlineData("hit_rate@3", "hitrate@3")]
    [InlineData("Recall@20:popularity=1-5", "recall@20:popularity=1-5")]
    [InlineData("artist_diversity@5", "artist-diversity@5")]
    [InlineData("MSE", "mse")]
    public void Knows_names_as_others_write_them(string text, string name) => Assert.Equal(name, MetricCatalog.Parse(text).Name);

    [Theory]
    [InlineData("recal@20", "did you mean 'recall'")]
    [InlineData("NDGC@20", "did you mean 'ndcg'")]
    [InlineData("", "Known: recall")]
    [InlineData("recall", "recall@20")]
    [InlineData("recall@", "from 1 to")]
    [InlineData("recall@0", "from 1 to")]
    [InlineData("recall@-3", "from 1 to")]
    [InlineData("recall@2.5", "from 1 to")]
    [InlineData("recall@99999999999", "from 1 to")]
    [InlineData("auc@20", "write auc")]
    public void Says_what_is_wrong_with_a_name(string text, string message) =>
        Assert.Contains(message, Assert.Throws<OptionException>(() => MetricCatalog.Parse(text)).Message);

    [Theory]
    [InlineData("recall@20:popularity=0", "0", 0, 0)]
    [InlineData("ndcg@20:popularity=1-5", "1-5", 1, 5)]
    [InlineData("mrr:popularity=21+", "21+", 21, int.MaxValue)]
    [InlineData(" hitrate@5 : popularity=7-7 ", "7", 7, 7)]
    public void Reads_slices_of_popularity(string text, string range, int low, int high)
    {
        MetricSpecification metric = MetricCatalog.Parse(text);
        Assert.Equal(new PopularitySlice(low, high), metric.Slice);
        Assert.Equal(range, metric.Slice!.Value.Range);
        Assert.Equal($"{metric.WholeName}:popularity={range}", metric.Name);
        Assert.Equal(metric.Name, MetricCatalog.Parse(metric.Name).Name);
    }

    [Theory]
    [InlineData("recall@20:popularity=5-1")]
    [InlineData("recall@20:popularity=")]
    [InlineData("recall@20:popularity=-3")]
    [InlineData("recall@20:popularity=few")]
    [InlineData("recall@20:artist=3")]
    [InlineData("recall@20:")]
    [InlineData("coverage@20:popularity=0")]
    [InlineData("auc:popularity=0")]
    [InlineData("mse:popularity=0")]
    [InlineData("recall:popularity=0")]
    [InlineData("recall@20:popularity")]
    public void Refuses_what_is_no_slice(string text) => Assert.Throws<OptionException>(() => MetricCatalog.Parse(text));

    [Fact]
    public void A_slice_without_a_range_stands_for_four()
    {
        Assert.Equal(
            ["recall@20:popularity=0", "recall@20:popularity=1-5", "recall@20:popularity=6-20", "recall@20:popularity=21+", "auc"],
            MetricCatalog.ParseList("recall@20:popularity,auc,recall@20:popularity=1-5").Select(m => m.Name));
    }

    [Fact]
    public void Reads_lists_and_keeps_repeats_once()
    {
        Assert.Equal(["ndcg@5", "auc"], MetricCatalog.ParseList("ndcg@5, auc,ndcg@05").Select(m => m.Name));
        Assert.Throws<OptionException>(() => MetricCatalog.ParseList(" , "));
    }
}
