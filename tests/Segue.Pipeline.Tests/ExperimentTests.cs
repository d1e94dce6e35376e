using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class ExperimentTests
{
    private static readonly Dataset World =
        SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 200, Tracks = 400, Interactions = 20_000, Structure = 0.8 }).Dataset;

    [Fact]
    public void ModelsThatLearnBeatPopularityWhereThereIsStructure()
    {
        ExperimentReport report = Experiment.Run(Specification("ease", "user-knn", "item-knn"), World, cancellation: TestContext.Current.CancellationToken);
        double popularity = Value(report, "popularity");
        Assert.All(new[] { "ease", "user-knn", "item-knn" }, label => Assert.True(Value(report, label) > popularity, $"{label} {Value(report, label)} against {popularity}"));
        Assert.True(report.Rows.First(r => r.Label == report.BestModel).Metrics["ndcg@10"].PVsBestBaseline < 0.05);
        Assert.Null(report.Rows.First(r => r.Label == report.BestBaseline).Metrics["ndcg@10"].PVsBestBaseline);
        Assert.Null(report.Warnings);
    }

    [Fact]
    public void ARowThatFailsLeavesTheOthersAndSaysWhy()
    {
        Dataset untimed = World with { Time = ReadOnlyMemory<long>.Empty };
        ExperimentReport report = Experiment.Run(Specification("recent-popularity", "ease"), untimed, cancellation: TestContext.Current.CancellationToken);
        ReportRow failed = report.Rows.First(r => r.Label == "recent-popularity");
        Assert.NotNull(failed.Error);
        Assert.Empty(failed.Metrics);
        Assert.Contains(report.Warnings!, w => w.Contains("recent-popularity", StringComparison.Ordinal));
        Assert.True(Value(report, "ease") > 0);
    }

    [Fact]
    public void CancellingKeepsFinishedRows()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAtRow(cancellation, row: 3);
        ExperimentReport report = Experiment.Run(Specification("popularity", "ease", "ials"), World, progress, cancellation.Token);
        Assert.Equal(["recent-popularity", "popularity"], report.Rows.Select(r => r.Label));
        Assert.Contains("ease, ials", report.Warnings![0], StringComparison.Ordinal);
    }

    [Fact]
    public void RowsOfOneModelAreToldApartByTheirOptions()
    {
        ExperimentReport report = Experiment.Run(
            Specification("ease:regularization=10", "ease:regularization=1000"), World, cancellation: TestContext.Current.CancellationToken);
        Assert.Contains(report.Rows, r => r.Label == "ease regularization=10");
        Assert.Throws<OptionException>(() => ModelSpecification.WithUniqueLabels([ModelSpecification.Parse("ease"), ModelSpecification.Parse("ease")]));
    }

    [Fact]
    public void TheValidationPartIsJudgedWhenAskedFor()
    {
        ExperimentReport test = Experiment.Run(Specification("ease"), World, cancellation: TestContext.Current.CancellationToken);
        ExperimentReport validation = Experiment.Run(Specification("ease") with { OnValidation = true }, World, cancellation: TestContext.Current.CancellationToken);
        Assert.NotEqual(Value(test, "ease"), Value(validation, "ease"));
        Assert.Contains("validation", validation.Protocol, StringComparison.Ordinal);
        ExperimentSpecification none = Specification("ease") with { OnValidation = true, Split = new RandomSplit(new RandomSplitOptions { Validation = 0 }) };
        Assert.Throws<OptionException>(() => Experiment.Run(none, World, cancellation: TestContext.Current.CancellationToken));
    }

    private static ExperimentSpecification Specification(params string[] models) => new()
    {
        Split = new RandomSplit(new RandomSplitOptions { PerUser = true }),
        Models = [.. models.Select(ModelSpecification.Parse)],
        Metrics = [MetricCatalog.Parse("ndcg@10"), MetricCatalog.Parse("coverage@10")],
    };

    private static double Value(ExperimentReport report, string label) => report.Rows.First(r => r.Label == label).Metrics["ndcg@10"].Value;

    private sealed class CancelAtRow(CancellationTokenSource source, int row) : IProgress<ExperimentProgress>
    {
        public void Report(ExperimentProgress value)
        {
            if (value.Row == row)
            {
                source.Cancel();
            }
        }
    }
}
