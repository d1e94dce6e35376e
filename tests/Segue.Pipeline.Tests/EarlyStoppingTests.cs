using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests;

public sealed class EarlyStoppingTests
{
    [Theory]
    [InlineData("ndcg@20", "ndcg@20", 1, 5)]
    [InlineData("recall@10:every=3", "recall@10", 3, 5)]
    [InlineData("mse:patience=2,every=4", "mse", 4, 2)]
    public void A_text_names_metric_and_numbers(string text, string metric, int every, int patience)
    {
        EarlyStoppingSpecification parsed = EarlyStoppingSpecification.Parse(text);
        Assert.Equal((metric, every, patience), (parsed.Metric.Name, parsed.Every, parsed.Patience));
    }

    [Theory]
    [InlineData("ndcg@20:every=0", "every=0")]
    [InlineData("ndcg@20:patience=many", "patience=many")]
    [InlineData("ndcg@20:patient=3", "patience")]
    [InlineData("ndgc@20", "ndcg")]
    public void Another_text_is_refused_with_the_remedy(string text, string part)
    {
        Assert.Contains(part, Assert.Throws<OptionException>(() => EarlyStoppingSpecification.Parse(text)).Message, StringComparison.Ordinal);
    }

    /// <summary>Scripted training: the right answer stands at these places of the list after every epoch.</summary>
    [Theory]
    [InlineData(new[] { 3, 2, 1, 2, 2, 1, 1 }, 1, 2, 3, 5)]
    [InlineData(new[] { 3, 2, 2, 1, 2, 2, 2 }, 1, 2, 4, 6)]
    [InlineData(new[] { 1, 2, 3, 4, 5, 6, 7 }, 2, 2, 2, 6)]
    [InlineData(new[] { 5, 4, 3, 2, 1 }, 1, 3, 5, 5)]
    public void It_stops_after_patience_without_a_new_best_and_keeps_the_best(int[] places, int every, int patience, int best, int epochs)
    {
        Split split = Split();
        var stopping = new EarlyStopping(
            EarlyStoppingSpecification.Parse($"mrr@10:every={every},patience={patience}"), split.Validation!, new EvaluationOptions { Train = split.Train });
        FitContext context = stopping.Watch(new FitContext());
        Scripted? last = null;
        for (int epoch = 1; epoch <= places.Length; epoch++)
        {
            last = new Scripted(split, places[epoch - 1]);
            if (!context.OnEpoch!(epoch, last))
            {
                break;
            }
        }

        Assert.Equal((best, epochs), (stopping.BestEpoch, stopping.Epochs));
        Assert.Equal(places[best - 1], Assert.IsType<Scripted>(stopping.Choose(last!)).Place);
    }

    [Fact]
    public void Without_epochs_the_model_is_kept_as_it_is()
    {
        Split split = Split();
        var stopping = new EarlyStopping(EarlyStoppingSpecification.Parse("mrr@10"), split.Validation!, new EvaluationOptions { Train = split.Train });
        var last = new Scripted(split, 1);
        Assert.Same(last, stopping.Choose(last));
        Assert.Null(stopping.BestEpoch);
    }

    [Fact]
    public void A_hook_that_was_there_is_called_and_may_stop()
    {
        Split split = Split();
        var stopping = new EarlyStopping(EarlyStoppingSpecification.Parse("mrr@10"), split.Validation!, new EvaluationOptions { Train = split.Train });
        int calls = 0;
        FitContext context = stopping.Watch(new FitContext { OnEpoch = (_, _) => ++calls < 2 });
        Assert.True(context.OnEpoch!(1, new Scripted(split, 1)));
        Assert.False(context.OnEpoch!(2, new Scripted(split, 1)));
        Assert.Equal((2, 1), (stopping.Epochs, stopping.BestEpoch));
    }

    /// <summary>A rate so large that training gets worse: the judged state is the one the validation part liked best, not the last.</summary>
    [Fact]
    public void An_experiment_judges_the_best_epoch_and_says_so()
    {
        Dataset world = SmallWorld.PairSplit.Train;
        ExperimentSpecification specification = new()
        {
            Split = SplitCatalog.Create("random", OptionsText.ParseSpecification("random:train=0.6,validation=0.2,test=0.2").Pairs),
            Models = [ModelSpecification.Parse("bpr:epochs=40,learning_rate=0.5,embedding_size=16"), ModelSpecification.Parse("item-knn")],
            Metrics = MetricCatalog.ParseList("ndcg@10"),
            EarlyStopping = EarlyStoppingSpecification.Parse("ndcg@10:patience=3"),
            Threads = 2,
        };
        ExperimentReport report = Experiment.Run(specification, world, cancellation: TestContext.Current.CancellationToken);
        ReportRow row = report.Rows.Single(r => r.Model == "bpr");
        Assert.Null(row.Error);
        Assert.InRange(row.BestEpoch!.Value, 1, row.Epochs!.Value);
        Assert.True(row.Epochs < 40, $"all {row.Epochs} epochs were trained");
        Assert.Equal(row.Epochs, row.BestEpoch + 3);
        Assert.Null(report.Rows.Single(r => r.Model == "item-knn").BestEpoch);

        // Trained for just so many epochs it is the same model.
        ExperimentReport again = Experiment.Run(
            specification with { EarlyStopping = null, Models = [ModelSpecification.Parse($"bpr:epochs={row.BestEpoch},learning_rate=0.5,embedding_size=16")] },
            world, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(row.Metrics["ndcg@10"].Value, again.Rows.Single(r => r.Model == "bpr").Metrics["ndcg@10"].Value);
    }

    [Fact]
    public void A_split_without_validation_is_refused()
    {
        var specification = new ExperimentSpecification
        {
            Split = SplitCatalog.Create("random", OptionsText.ParseSpecification("random:train=0.8,validation=0,test=0.2").Pairs),
            Models = [ModelSpecification.Parse("bpr")],
            Metrics = MetricCatalog.ParseList("ndcg@10"),
            EarlyStopping = EarlyStoppingSpecification.Parse("ndcg@10"),
        };
        Assert.Contains(
            "validation", Assert.Throws<OptionException>(
                () => Experiment.Run(specification, SmallWorld.PairSplit.Train, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static Split Split() => SplitCatalog.Create(
        "random", OptionsText.ParseSpecification("random:train=0.6,validation=0.2,test=0.2").Pairs).Cut(SmallWorld.PairSplit.Train, 42);

    /// <summary>Puts an item of the user's validation part at a place of the list, and others before it.</summary>
    private sealed class Scripted(Split split, int place) : IRecommender
    {
        private readonly int[] _start = split.Validation!.Relevant.UserStart();

        public int Place => place;

        public Vocabulary Items => split.Train.Items;

        public void Score(Query query, Span<float> scores)
        {
            HashSet<int> right = [.. split.Validation!.Relevant.ItemIndex.Span[_start[query.UserIndex].._start[query.UserIndex + 1]]];
            HashSet<int> seen = [.. Known(query.UserIndex)];
            int before = 0;
            for (int i = 0; i < scores.Length; i++)
            {
                scores[i] = right.Contains(i) ? 1f : !seen.Contains(i) && ++before < place ? 2f : 0f;
            }
        }

        public void Save(Segue.Core.Artifacts.ArtifactWriter artifact) => throw new NotSupportedException();

        private int[] Known(int user)
        {
            int[] start = split.Train.UserStart();
            return split.Train.ItemIndex.Span[start[user]..start[user + 1]].ToArray();
        }
    }
}
