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
    public void SessionsAreRevealedWhereAMetricAsksForIt()
    {
        ExperimentSpecification specification = Specification("sknn:gap_minutes=1000000", "markov:gap_minutes=1000000") with
        {
            Split = SplitCatalog.Create("last-session", [new("gap_minutes", "100000")]),
            Metrics = MetricCatalog.ParseList("next-hr@20,rest-recall@20,recall@20"),
            KeepSeen = true,
            TestUsers = 50,
            Also = [new ProtocolSpecification("discovery", MetricCatalog.ParseList("next-hr@20"))],
        };
        ExperimentReport report = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Null(report.Warnings);
        Assert.All(report.Rows, r => Assert.Equal(["next-hr@20", "rest-recall@20", "recall@20"], r.Metrics.Keys));
        ReportRow row = report.Rows.First(r => r.Label == "sknn");
        Assert.InRange(row.Metrics["next-hr@20"].Value, 0.02, 0.98);
        Assert.NotNull(row.Metrics["next-hr@20"].PVsBestBaseline);
        Assert.Contains("50 users drawn at random", report.Protocol, StringComparison.Ordinal);
        Assert.Contains("sessions revealed item by item", report.Also![0].Protocol, StringComparison.Ordinal);
        Assert.Contains("seen items masked", report.Also[0].Protocol, StringComparison.Ordinal);

        // The example is the beginning of a held-out session, not what was known before.
        Assert.NotNull(report.Example);
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());
    }

    /// <summary>A table of what follows what, asked about the plays it counted, about later ones and about those after them.</summary>
    [Fact]
    public void OneTrainedModelIsAskedAboutEveryPart()
    {
        ExperimentSpecification specification = Specification("markov") with
        {
            Split = SplitCatalog.Create("global-time", []),
            Metrics = MetricCatalog.ParseList("next-hr@1"),
            KeepSeen = true,
            Also =
            [
                new ProtocolSpecification("validation", MetricCatalog.ParseList("next-hr@1"), KeepSeen: true) { Part = JudgedPart.Validation },
                new ProtocolSpecification("train", MetricCatalog.ParseList("next-hr@1"), KeepSeen: true) { Part = JudgedPart.Train },
            ],
        };
        ExperimentReport report = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        ExperimentReport onValidation = Experiment.Run(specification with { OnValidation = true, Also = [] }, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Null(report.Warnings);
        Assert.Equal(onValidation.Rows.First(r => r.Label == "markov").Metrics["next-hr@1"].Value, report.Also![0].Rows.First(r => r.Label == "markov").Metrics["next-hr@1"].Value);
        Assert.EndsWith("on the validation part", report.Also[0].Protocol, StringComparison.Ordinal);

        ExperimentSpecification without = specification with { Split = SplitCatalog.Create("global-time", [new("validation", "0")]) };
        Assert.Contains("has none here", Assert.Throws<OptionException>(() => Experiment.Run(without, World, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

        ExperimentSpecification unseen = specification with { Also = [specification.Also[1] with { KeepSeen = false }] };
        Assert.Contains("\"keep_seen\": true", Assert.Throws<OptionException>(() => Experiment.Run(unseen, World, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        ExperimentSpecification refit = specification with { Models = [.. specification.Models.Select(m => m with { IsRefit = true })] };
        Assert.Contains("'markov'", Assert.Throws<OptionException>(() => Experiment.Run(refit, World, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

        // Every part asks as many listeners as the table does.
        ExperimentReport few = Experiment.Run(specification with { TestUsers = 20 }, World, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(few.Also![0].Users, 1, 20);
        Assert.Equal(20, few.Also[1].Users);

        // What everybody hears most is recommended first to everybody: how often it comes next in training, by hand.
        Dataset train = specification.Split.Cut(World, specification.Seed).Train;
        int first = train.ItemIndex.ToArray().GroupBy(i => i).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).First().Key;
        int[] start = train.UserStart();
        int[][] next = [.. Enumerable.Range(0, start.Length - 1).Select(u => train.ItemIndex[start[u]..start[u + 1]].ToArray().Skip(1).ToArray()).Where(n => n.Length > 0)];
        Assert.Equal(next.Length, report.Also[1].Users);
        Assert.Equal(next.SelectMany(n => n).Average(i => i == first ? 1.0 : 0), report.Also[1].Rows.First(r => r.Label == "popularity").Metrics["next-hr@1"].Value, 9);
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
    public void CancellingInASweepKeepsTheRows()
    {
        using var cancellation = new CancellationTokenSource();
        ExperimentSpecification specification = Specification("popularity") with
        {
            Sweeps = [new SweepSpecification("a sweep", ["ease"], "regularization", [1, 10], MetricCatalog.Parse("ndcg@10"))],
        };
        var progress = new CallbackProgress<ExperimentProgress>(p =>
        {
            if (p.Label == "a sweep")
            {
                cancellation.Cancel();
            }
        });
        ExperimentReport report = Experiment.Run(specification, World, progress, cancellation.Token);
        Assert.Contains("popularity", report.Rows.Select(r => r.Label));
        Assert.Contains("sweeps", report.Warnings![0], StringComparison.Ordinal);
    }

    [Fact]
    public void ASweepChoosesOnValidationAndIsMeasuredOnTest()
    {
        ExperimentSpecification plain = Specification("ease:regularization=1", "ease:regularization=100", "ease:regularization=100000") with { AddBaselines = false };
        ExperimentSpecification swept = plain with
        {
            Sweeps = [new SweepSpecification("strength", ["ease:label=ease"], "regularization", [1, 100, 100000], MetricCatalog.Parse("ndcg@10"), "A note.")],
        };
        ExperimentReport test = Experiment.Run(swept, World, cancellation: TestContext.Current.CancellationToken);
        ExperimentReport validation = Experiment.Run(swept with { OnValidation = true }, World, cancellation: TestContext.Current.CancellationToken);
        ReportSeries series = Assert.Single(test.Series!);
        ReportLine line = Assert.Single(series.Lines);
        Assert.Equal(validation.Rows.Select(r => r.Metrics["ndcg@10"].Value), line.Y);
        int best = line.Y.ToList().IndexOf(line.Y.Max());
        ReportMetric measured = test.Rows[best].Metrics["ndcg@10"];
        Assert.Equal(new ReportChoice(line.X[best], line.Y[best], measured.Value, measured.Low, measured.High), line.Chosen);
        Assert.Equal("ndcg@10 on validation", series.YLabel);
        Assert.StartsWith("A note. Drawn on the validation part. ease: best at regularization=", series.Note, StringComparison.Ordinal);

        // Judged on validation nothing of the test part is told; without a validation part nothing is chosen, and that is said.
        Assert.Null(validation.Series![0].Lines[0].Chosen);
        ExperimentReport none = Experiment.Run(
            swept with { Split = new RandomSplit(new RandomSplitOptions { Validation = 0, PerUser = true }) }, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Null(none.Series![0].Lines[0].Chosen);
        Assert.Contains("no validation part", none.Series[0].Note, StringComparison.Ordinal);
        Assert.Equal(none.Rows.Select(r => r.Metrics["ndcg@10"].Value), none.Series[0].Lines[0].Y);
    }

    [Fact]
    public void TheBestRowIsTestedAgainstEveryOther()
    {
        ExperimentReport report = Experiment.Run(Specification("ease", "item-knn", "random"), World, cancellation: TestContext.Current.CancellationToken);
        ReportVerdict verdict = report.Verdict!;
        Assert.Equal(report.BestModel, verdict.Best);
        string[] byFigure = [.. report.Rows.OrderByDescending(r => r.Metrics["ndcg@10"].Value).Select(r => r.Label)];
        Assert.Equal(byFigure[1..], verdict.Comparisons.Select(c => c.Label));
        Assert.Equal(byFigure[1], verdict.Second);
        Assert.Equal(Significance.Holm([.. verdict.Comparisons.Select(c => c.P)]), verdict.Comparisons.Select(c => c.PHolm));
        Assert.Equal(verdict.Comparisons[0].PHolm < 0.05, verdict.IsDistinct);
        Assert.All(verdict.Comparisons, c => Assert.Equal(Value(report, verdict.Best) - Value(report, c.Label), c.Difference, 9));
        Assert.Contains("after Holm for 4 comparisons", Headline.Of(report), StringComparison.Ordinal);

        // The same model twice cannot be distinguished, and no sentence says that it is.
        ExperimentReport twice = Experiment.Run(Specification("ease", "ease:label=again"), World, cancellation: TestContext.Current.CancellationToken);
        Assert.StartsWith("ease and again cannot be distinguished: difference 0.0000, 0.0000 to 0.0000, p = 1.000", Headline.Of(twice), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryModelIsWarmedUpOnceAndNoBitChanges()
    {
        var counting = new Counting(new Models.Linear.Ease(new Models.Linear.EaseOptions()));
        ExperimentSpecification specification = Specification() with
        {
            Models = [ModelSpecification.Parse("ease") with { Untrained = counting }, ModelSpecification.Parse("ease:label=second") with { Untrained = counting }],
            AddBaselines = false,
        };
        ExperimentReport warm = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        Assert.True(counting.Trained.Count >= 3);
        Assert.All(counting.Trained.SkipLast(2), users => Assert.InRange(users, 1, 60));
        Assert.Equal([200, 200], counting.Trained.TakeLast(2));
        counting.Trained.Clear();
        ExperimentReport cold = Experiment.Run(specification with { WarmUp = false }, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([200, 200], counting.Trained);
        Assert.Equal(Timeless(cold).ToJson(), Timeless(warm).ToJson());

        static ExperimentReport Timeless(ExperimentReport report) => report with
        {
            Rows = [.. report.Rows.Select(r => r with { FitSeconds = 0, ScoreSeconds = 0, PeakMb = 0 })],
        };
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

    /// <summary>A row of a transductive split predicts what the split sets apart; one that is refit, or asks for all edges, predicts all it trains on.</summary>
    [Fact]
    public void A_transductive_split_says_what_training_predicts()
    {
        const string Options = "lightgcn:epochs=3,embedding_size=4,learning_rate=0.1";
        ExperimentSpecification specification = Specification() with
        {
            Split = SplitCatalog.Create("transductive", []),
            Models =
            [
                ModelSpecification.Parse($"{Options},label=split"), ModelSpecification.Parse($"{Options},supervision=all,label=all"),
                ModelSpecification.Parse($"{Options},label=refit") with { IsRefit = true }, ModelSpecification.Parse($"{Options},supervision=all,label=refit all") with { IsRefit = true },
            ],
        };
        Split split = specification.Split.Cut(World, specification.Seed);
        IRecommender expected = ModelSpecification.Parse(Options).Untrained.Fit(split.Train, new FitContext { Message = split.Message });
        ExperimentReport report = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(
            RankingEvaluator.Evaluate(expected, split.Test, new() { Metrics = MetricCatalog.ParseList("ndcg@10") }).Metrics["ndcg@10"].Value, Value(report, "split"), 1e-9);
        Assert.NotEqual(Value(report, "split"), Value(report, "all"));
        Assert.Equal(Value(report, "refit"), Value(report, "refit all"));
    }

    /// <summary>Predictions of weights, too, are asked of the graph that is in sight at test: training and validation.</summary>
    [Fact]
    public void A_transductive_split_shows_predictors_of_weights_the_graph_of_the_test()
    {
        const string Model = "edge-gcn:epochs=2,hidden_size=4";
        ExperimentSpecification specification = Specification(Model) with
        {
            Split = SplitCatalog.Create("transductive", []),
            Metrics = [MetricCatalog.Parse("mse")],
            AddBaselines = false,
        };
        Split split = specification.Split.Cut(World, specification.Seed);
        var trained = (IObserves)ModelSpecification.Parse(Model).Untrained.Fit(split.Train, new FitContext { Message = split.Message });
        double alone = Error(trained), same = Error(trained.Observe(split.Train, new FitContext())), more = Error(trained.Observe(split.Test.Known, new FitContext()));
        Assert.Equal(alone, same);
        Assert.NotEqual(alone, more);
        ExperimentReport report = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(more, report.Rows.Single().Metrics["mse"].Value, 1e-9);

        double Error(IRecommender recommender) => RegressionEvaluator.Evaluate(
            (IRegressor)recommender, split.Test with { IsFoldIn = false }, new() { Metrics = specification.Metrics }).Metrics["mse"].Value;
    }

    [Fact]
    public void A_refit_row_trains_on_all_that_the_test_knows()
    {
        ExperimentSpecification specification = Specification() with
        {
            Models = [ModelSpecification.Parse("ease"), ModelSpecification.Parse("ease:label=refit") with { IsRefit = true }],
            EarlyStopping = new EarlyStoppingSpecification(MetricCatalog.Parse("ndcg@10")),
        };
        Split split = specification.Split.Cut(World, specification.Seed);
        IRecommender expected = ModelSpecification.Parse("ease").Untrained.Fit(split.Test.Known, new FitContext());
        EvaluationOptions judging = new() { Metrics = MetricCatalog.ParseList("ndcg@10") };
        ExperimentReport report = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(
            RankingEvaluator.Evaluate(expected, split.Test with { IsFoldIn = false }, judging).Metrics["ndcg@10"].Value, Value(report, "refit"), 1e-9);
        Assert.NotEqual(Value(report, "ease"), Value(report, "refit"));
    }

    [Fact]
    public void A_refit_row_is_refused_where_the_test_knows_other_listeners()
    {
        ExperimentSpecification specification = Specification() with
        {
            Models = [ModelSpecification.Parse("ease") with { IsRefit = true }],
            Split = new UserHoldoutSplit(new UserHoldoutSplitOptions()),
        };
        OptionException error = Assert.Throws<OptionException>(
            () => Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("leave \"refit\" out", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FurtherProtocolsJudgeTheSameTrainedModels()
    {
        ExperimentSpecification specification = Specification("ease", "recent-popularity") with
        {
            Also =
            [
                new ProtocolSpecification("again", MetricCatalog.ParseList("ndcg@10")),
                new ProtocolSpecification("sampled", MetricCatalog.ParseList("ndcg@10,hitrate@5"), SampledNegatives: 20, Users: 50, Note: "note"),
            ],
        };
        ExperimentReport report = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        ReportTable again = report.Also![0], sampled = report.Also[1];
        Assert.Equal(report.Rows.Select(r => r.Label), again.Rows.Select(r => r.Label));
        Assert.All(again.Rows, row => Assert.Equal(Value(report, row.Label), row.Metrics["ndcg@10"].Value));
        Assert.Equal((50, "note"), (sampled.Users, sampled.Note));
        Assert.Equal("sampled:20 negatives, seen items masked, 50 users drawn at random", sampled.Protocol);
        Assert.All(sampled.Rows, row => Assert.True(row.Metrics["ndcg@10"].Value > Value(report, row.Label), "among twenty others every model looks better"));
        Assert.Equal(report.ToJson(), ExperimentReport.FromJson(report.ToJson()).ToJson());

        ExperimentReport second = Experiment.Run(specification, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(sampled.Rows[^1].Metrics["ndcg@10"], second.Also![1].Rows[^1].Metrics["ndcg@10"]);
    }

    [Fact]
    public void CurvesFollowTheValidationPartAndChangeNothing()
    {
        ExperimentSpecification plain = Specification("ials:epochs=5", "bpr:epochs=3", "ease") with { AddBaselines = false };
        ExperimentSpecification watched = plain with
        {
            Curves =
            [
                new CurveSpecification("two", ["ials"], MetricCatalog.ParseList("ndcg@10,hitrate@5"), Every: 2),
                new CurveSpecification("all", [], MetricCatalog.ParseList("ndcg@10")),
            ],
        };
        ExperimentReport without = Experiment.Run(plain, World, cancellation: TestContext.Current.CancellationToken);
        ExperimentReport report = Experiment.Run(watched, World, cancellation: TestContext.Current.CancellationToken);
        Assert.All(report.Rows, row => Assert.Equal(Value(without, row.Label), Value(report, row.Label)));
        Assert.Null(without.Series);
        Assert.Equal(["Training loss", "two", "all"], report.Series!.Select(s => s.Title));
        ReportLine loss = Assert.Single(report.Series![0].Lines);
        Assert.Equal([1, 2, 3, 4, 5], loss.X);
        Assert.True(loss.Y[^1] < loss.Y[0]);
        Assert.Equal(["ndcg@10", "hitrate@5"], report.Series[1].Lines.Select(l => l.Label));
        Assert.All(report.Series[1].Lines, line => Assert.Equal([1, 2, 4], line.X));
        Assert.Equal(["ials", "bpr"], report.Series[2].Lines.Select(l => l.Label));

        // The last point is the trained model on the validation part.
        ExperimentReport validation = Experiment.Run(plain with { OnValidation = true }, World, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(Value(validation, "ials"), report.Series[2].Lines[0].Y[^1]);
    }

    [Fact]
    public void CurvesWithoutAValidationPartOrOfUnknownRowsAreRefused()
    {
        CurveSpecification[] curves = [new("c", [], MetricCatalog.ParseList("ndcg@10"))];
        ExperimentSpecification none = Specification("ials") with { Curves = curves, Split = new RandomSplit(new RandomSplitOptions { Validation = 0 }) };
        Assert.Contains("validation", Assert.Throws<OptionException>(() => Experiment.Run(none, World, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        ExperimentSpecification unknown = Specification("ials") with { Curves = [curves[0] with { Models = ["ails"] }] };
        Assert.Contains("'ials'", Assert.Throws<OptionException>(() => Experiment.Run(unknown, World, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static ExperimentSpecification Specification(params string[] models) => new()
    {
        Split = new RandomSplit(new RandomSplitOptions { PerUser = true }),
        Models = [.. models.Select(ModelSpecification.Parse)],
        Metrics = [MetricCatalog.Parse("ndcg@10"), MetricCatalog.Parse("coverage@10")],
    };

    private static double Value(ExperimentReport report, string label) => report.Rows.First(r => r.Label == label).Metrics["ndcg@10"].Value;

    private sealed class Counting(IModel inner) : IModel
    {
        public List<int> Trained { get; } = [];

        public ModelOptions Options => inner.Options;

        public IRecommender Fit(Dataset train, FitContext context)
        {
            Trained.Add(train.Users.Count);
            return inner.Fit(train, context);
        }

        public IRecommender Load(Core.Artifacts.ArtifactReader artifact, Dataset train) => inner.Load(artifact, train);
    }

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
