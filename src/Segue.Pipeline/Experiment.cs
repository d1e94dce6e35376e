using System.Diagnostics;
using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Evaluation;
using Segue.Models;
using Segue.Numerics;
using Segue.Pipeline.Description;

namespace Segue.Pipeline;

/// <summary>How far an experiment is.</summary>
/// <param name="Label">Row being worked on.</param>
/// <param name="Row">Its number, from 1.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Fit">Progress within the row.</param>
public readonly record struct ExperimentProgress(string Label, int Row, int Rows, FitProgress Fit);

/// <summary>All stages of a comparison, in order: prepare, split, train, evaluate, compare, report.</summary>
public static partial class Experiment
{
    /// <summary>Runs a whole comparison.</summary>
    /// <param name="specification">What to compare, and how.</param>
    /// <param name="dataset">The data, as imported.</param>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="cancellation">Stops after the row in hand; finished rows are reported with a warning.</param>
    /// <returns>The report; a row whose training failed carries the error instead of figures.</returns>
    /// <exception cref="SegueException">The data does not fit the protocol.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before any row was finished.</exception>
    public static ExperimentReport Run(
        ExperimentSpecification specification, Dataset dataset, IProgress<ExperimentProgress>? progress = null, CancellationToken cancellation = default)
    {
        Check(specification);
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        Dataset prepared = Prepare(specification, dataset);
        Split split = specification.Split.Cut(prepared, specification.Seed);
        bool isReplayByDefault = false;
        if (HasFewListeners(split))
        {
            split = split with { Test = split.Test with { IsByDay = true }, Validation = split.Validation is { } part ? part with { IsByDay = true } : null };
            isReplayByDefault = !specification.KeepSeen && IsOneHistory(prepared);
            specification = isReplayByDefault ? specification with { KeepSeen = true } : specification;
        }

        EvaluationSet stage = !specification.OnValidation ? split.Test : split.Validation
            ?? throw new OptionException($"split '{split.Name}' has no validation part; give it one or judge on the test part");
        stage = specification.TestUsers > 0 ? EvaluationSample.OfUsers(stage, specification.TestUsers, specification.KeepSeen, specification.Seed) : stage;
        IReadOnlyList<ModelSpecification> models = ModelSpecification.WithUniqueLabels(WithBaselines(specification, split.Train.HasTime));
        CheckCurves(specification, split, models);
        CheckPairs(specification.Pairs, specification.Metrics, specification.Offsets, models);
        foreach (ProtocolSpecification also in specification.Also)
        {
            CheckPairs(also.Pairs, also.Metrics, also.Offsets, models);
        }

        if (models.Any(m => m.IsRefit))
        {
            RequireRefit(split, stage);
        }

        EvaluationOptions judging = Judging(specification, split.Train, cancellation);
        var curves = new LearningCurves(specification, split.Validation, judging);
        EvaluationSet[] alsoSets = [.. specification.Also.Select(a =>
        {
            EvaluationSet set = PartOf(split, a, stage, models);
            int users = a.Users > 0 ? a.Users : a.Part == JudgedPart.Table ? 0 : specification.TestUsers;
            return users > 0 ? EvaluationSample.OfUsers(set, users, a.KeepSeen, specification.Seed) : set;
        })];

        WarmUp? warmUp = specification.WarmUp ? new WarmUp(specification) : null;
        var finished = new List<FinishedRow>();
        var warnings = new List<string>();
        bool stopped = false;
        try
        {
            for (int n = 0; n < models.Count; n++)
            {
                int row = n + 1;
                finished.Add(RunRow(
                    specification, models[n], split, stage, Forward(progress, models[n].Label, row, models.Count), cancellation, curves, alsoSets, warmUp));
            }
        }
        catch (OperationCanceledException) when (finished.Count > 0)
        {
            stopped = true;
            warnings.Add($"stopped after {finished.Count} of {models.Count} models: {string.Join(", ", models.Skip(finished.Count).Select(m => m.Label))} did not run");
        }

        warnings.AddRange(finished.Where(r => r.Error is not null).Select(r => $"{r.Specification.Label}: {r.Error}"));
        List<ReportSeries> series =
        [
            .. curves.Series(),
            .. specification.Offsets.Select(o => ToSeries(o, finished, r => r.ResultOf(o.Metric.Name))),
            .. specification.Also.SelectMany((also, n) => also.Offsets.Select(o => ToSeries(o with { Title = $"{also.Title}: {o.Title}" }, finished, r => r.Also.ElementAtOrDefault(n)))),
        ];
        series.AddRange(finished.SelectMany(r => (r.Recommender as IHasCurves)?.Curves.Select(c => (Curve: c, r.Specification.Label)) ?? [])
            .GroupBy(c => (c.Curve.Title, c.Curve.XLabel, c.Curve.YLabel))
            .Select(g => new ReportSeries($"Learned: {g.Key.Title}", g.Key.XLabel, g.Key.YLabel, [.. g.Select(c => new ReportLine(c.Label, c.Curve.X, c.Curve.Y))])));
        if (!stopped)
        {
            try
            {
                series.AddRange(RunSweeps(specification, split, stage, progress, warnings, cancellation));
            }
            catch (OperationCanceledException) when (finished.Count > 0)
            {
                warnings.Add("stopped before the sweeps were done: they are left out");
            }
        }

        // What was finished is reported, stopped or not.
        using CancellationScope unstopped = CancellationScope.Suspend();
        return Report(specification, prepared, split, stage, finished, series, warnings, isReplayByDefault) with { Training = curves.Training(specification.PublishedTraining) };
    }

    /// <summary>Checks all that can be checked without data: numbers, names of rows and metrics, models and options of sweeps.</summary>
    /// <exception cref="OptionException">Something cannot be; the message says what, and what to give instead.</exception>
    public static void Check(ExperimentSpecification specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        foreach ((string name, int value, int least) in new[]
        {
            ("k_core", specification.KCore, 0), ("sampled_negatives", specification.SampledNegatives, 0), ("test_users", specification.TestUsers, 0), ("threads", specification.Threads, 1),
        })
        {
            if (value < least)
            {
                throw new OptionException($"{name} is {value}; give {least} or more");
            }
        }

        if (specification.Metrics.Count == 0)
        {
            throw new OptionException("there are no metrics; give at least one, for example ndcg@20");
        }

        IReadOnlyList<ModelSpecification> rows = PossibleRows(specification);
        if (rows.Count == 0)
        {
            throw new OptionException("there are no models and no baselines: nothing would be measured; give a model, or leave the baselines in");
        }

        CheckCurveRows(specification, rows);
        CheckPairs(specification.Pairs, specification.Metrics, specification.Offsets, rows);
        CheckNoSample(specification.SampledNegatives, specification.Metrics, specification.Offsets, "the table");
        foreach (ProtocolSpecification also in specification.Also)
        {
            CheckPairs(also.Pairs, also.Metrics, also.Offsets, rows);
            CheckNoSample(also.SampledNegatives, also.Metrics, also.Offsets, $"'{also.Title}'");
        }

        foreach (SweepSpecification sweep in specification.Sweeps)
        {
            CheckNoSample(specification.SampledNegatives, [sweep.Metric], [], $"'{sweep.Title}'");
            foreach ((string text, double value) in sweep.Models.SelectMany(m => sweep.Values.Select(v => (m, v))))
            {
                _ = SweptModel(sweep, text, value);
            }
        }
    }

    /// <summary>The rows there are, with all baselines that some data would add.</summary>
    internal static IReadOnlyList<ModelSpecification> PossibleRows(ExperimentSpecification specification) =>
        ModelSpecification.WithUniqueLabels(WithBaselines(specification, hasTime: true));

    private static void CheckNoSample(int negatives, IEnumerable<MetricSpecification> metrics, IReadOnlyList<OffsetSpecification> offsets, string where)
    {
        if (negatives > 0 && metrics.Concat(offsets.Select(o => o.Metric)).FirstOrDefault(IsPerStep) is { } step)
        {
            throw new OptionException(
                $"'{step.Name}' of {where} reveals sessions against the full catalogue, not against {negatives} sampled negatives; leave the metric or the sample out");
        }
    }

    private static ModelSpecification SweptModel(SweepSpecification sweep, string text, double value)
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, string? label) = OptionsText.ParseSpecification(text);
        return ModelSpecification.Create(name, [.. pairs, new(sweep.Option, value.ToString(CultureInfo.InvariantCulture))], label);
    }

    /// <summary>The K-core and the weights an experiment asks for.</summary>
    public static Dataset Prepare(ExperimentSpecification specification, Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(dataset);
        Dataset prepared = specification.KCore > 1 ? KCore.Of(dataset, specification.KCore) : dataset;
        if (prepared.Count == 0)
        {
            throw new DatasetException($"nothing is left of '{dataset.Name}' in its {specification.KCore}-core; choose a smaller K");
        }

        return specification.Weights is { } mode ? WeightTransform.Apply(prepared, mode) : prepared;
    }

    /// <summary>True where time is cut for few listeners: each has many days to ask about, and the listeners are too few to draw from.</summary>
    private static bool HasFewListeners(Split split) => split.Options is GlobalTimeSplitOptions
        && split.Test.Relevant.UserIndex.ToArray().Distinct().Take(Cautions.FewListeners).Count() < Cautions.FewListeners;

    /// <summary>True where one listener has all interactions: nobody else's can be recommended, so only what is heard again can be asked.</summary>
    private static bool IsOneHistory(Dataset dataset) => dataset.UserIndex.Span is var users && users[0] == users[^1];

    private static FinishedRow RunRow(
        ExperimentSpecification specification, ModelSpecification model, Split split, EvaluationSet stage,
        IProgress<FitProgress>? progress, CancellationToken cancellation, LearningCurves? curves = null, EvaluationSet[]? alsoSets = null, WarmUp? warmUp = null)
    {
        Dataset train = split.Train;
        var context = new FitContext { Seed = specification.Seed, Threads = specification.Threads, Progress = progress, Cancellation = cancellation, Message = split.Message };
        if (model.IsRefit)
        {
            // What is trained on is not what was cut.
            (curves, stage, context) = (null, stage with { IsFoldIn = false, ShowsMore = false }, context with { Message = null });
            alsoSets = alsoSets is null ? null : Array.ConvertAll(alsoSets, set => set with { IsFoldIn = false, ShowsMore = false });
        }

        context = curves?.Watch(context, model.Label) ?? context;
        EarlyStopping? stopping = specification.EarlyStopping is { } early && !model.IsRefit
            ? new EarlyStopping(early, split.Validation!, Judging(specification, train, cancellation)) : null;
        context = stopping?.Watch(context) ?? context;
        if (warmUp is not null)
        {
            warmUp.Run(model, cancellation);
        }

        using var memory = new PeakMemory();
        var clock = Stopwatch.StartNew();
        try
        {
            context.Report("train", 0, 1);
            IRecommender recommender = model.Untrained.Fit(model.IsRefit ? stage.Known : train, context);
            double fitSeconds = clock.Elapsed.TotalSeconds - (curves?.SpentSeconds ?? 0) - (stopping?.SpentSeconds ?? 0);
            recommender = stopping?.Choose(recommender) ?? recommender;
            IReadOnlyList<EvaluationResult> results = Evaluate(specification, recommender, train, stage, progress, cancellation);
            double peakMb = memory.Stop();
            EvaluationResult[] also = [.. (alsoSets ?? []).Select((set, n) => Judge(specification.Also[n].Metrics)(recommender, set, Judging(specification, train, cancellation) with
            {
                Metrics = WithOffsets(specification.Also[n].Metrics, specification.Also[n].Offsets),
                UpToOffset = Farthest(specification.Also[n].Offsets),
                SampledNegatives = specification.Also[n].SampledNegatives,
                KeepSeen = specification.Also[n].KeepSeen,
                Progress = progress,
            }))];
            return new FinishedRow(model, recommender, results, fitSeconds, peakMb, null)
            {
                Also = also,
                BestEpoch = stopping?.BestEpoch,
                Epochs = stopping?.BestEpoch is null ? null : stopping.Epochs,
            };
        }
        catch (SegueException e)
        {
            return new FinishedRow(model, null, [], clock.Elapsed.TotalSeconds, memory.Stop(), e.Message);
        }
        catch (OutOfMemoryException)
        {
            return new FinishedRow(model, null, [], clock.Elapsed.TotalSeconds, memory.Stop(), "out of memory; use a k-core or a smaller model");
        }
    }

    private static EvaluationSet PartOf(Split split, ProtocolSpecification also, EvaluationSet stage, IReadOnlyList<ModelSpecification> models)
    {
        if (also.Part == JudgedPart.Table)
        {
            return stage;
        }

        string? refit = models.FirstOrDefault(m => m.IsRefit)?.Label;
        if (refit is not null)
        {
            throw new OptionException($"'{also.Title}' asks about the {OptionsText.Format(also.Part)} part, which '{refit}' is not judged by: it is refit; leave \"refit\" or \"part\" out");
        }

        if (also.Part == JudgedPart.Validation)
        {
            return split.Validation ?? throw new OptionException($"'{also.Title}' asks about the validation part, and split '{split.Name}' has none here; give it one or leave \"part\" out");
        }

        if (!also.Metrics.All(IsPerStep) || !also.KeepSeen)
        {
            throw new OptionException($"'{also.Title}' asks about what was trained on, where only sessions that are revealed with seen items kept leave something to ask; give it metrics such as next-hr@20 and \"keep_seen\": true");
        }

        // Nothing is known before the first play. Learned sequences were in sight as a whole, so that this tells how well they are remembered.
        return new EvaluationSet { Known = split.Train.Select([]), Relevant = split.Train, IsFoldIn = true };
    }

    /// <exception cref="OptionException">What the test knows does not hold the training part.</exception>
    private static void RequireRefit(Split split, EvaluationSet stage)
    {
        int[] train = split.Train.UserStart(), known = stage.Known.UserStart();
        for (int u = 0; u + 1 < train.Length; u++)
        {
            if (known[u + 1] - known[u] < train[u + 1] - train[u])
            {
                throw new OptionException(
                    $"split '{split.Name}' asks other listeners than it trains on, so that a model refit on what the test knows would not know the training part; "
                    + "leave \"refit\" out, or use a split that cuts every listener, for example random, leave-k-out or transductive");
            }
        }
    }

    private static IReadOnlyList<EvaluationResult> Evaluate(
        ExperimentSpecification specification, IRecommender recommender, Dataset train, EvaluationSet stage,
        IProgress<FitProgress>? progress, CancellationToken cancellation)
    {
        MetricSpecification[] ranking = [.. specification.Metrics.Where(m => !IsPrediction(m) && !IsPerStep(m))];
        MetricSpecification[] steps = WithOffsets(specification.Metrics.Where(IsPerStep), specification.Offsets);
        MetricSpecification[] prediction = [.. specification.Metrics.Where(IsPrediction)];
        EvaluationOptions options = Judging(specification, train, cancellation) with { Progress = progress };
        var results = new List<EvaluationResult>();
        if (ranking.Length > 0)
        {
            results.Add(RankingEvaluator.Evaluate(recommender, stage, options with { Metrics = ranking }));
        }

        if (steps.Length > 0)
        {
            results.Add(SessionEvaluator.Evaluate(recommender, stage, options with
            {
                Metrics = steps,
                UpToOffset = Farthest(specification.Offsets),
            }));
        }

        if (prediction.Length > 0 && recommender is IRegressor regressor)
        {
            results.Add(RegressionEvaluator.Evaluate(regressor, stage, options with { Metrics = prediction }));
        }

        return results.Count > 0 ? results : throw new SegueException($"predicts no values, which {prediction[0].Name} needs; use for example the model bias");
    }

    private static MetricSpecification[] WithOffsets(IEnumerable<MetricSpecification> metrics, IReadOnlyList<OffsetSpecification> offsets) =>
        [.. metrics.Concat(offsets.Select(o => o.Metric)).DistinctBy(m => m.Name)];

    private static int Farthest(IReadOnlyList<OffsetSpecification> offsets) => offsets.Select(o => o.UpTo).DefaultIfEmpty().Max();

    private static EvaluationOptions Judging(ExperimentSpecification specification, Dataset train, CancellationToken cancellation) => new()
    {
        KeepSeen = specification.KeepSeen,
        SampledNegatives = specification.SampledNegatives,
        Threads = specification.Threads,
        Seed = specification.Seed,
        Train = train,
        Cancellation = cancellation,
    };

    private static void CheckCurves(ExperimentSpecification specification, Split split, IReadOnlyList<ModelSpecification> models)
    {
        if (specification.EarlyStopping is not null && split.Validation is null)
        {
            throw new OptionException(
                $"early stopping measures on the validation part, and split '{split.Name}' has none here; give it one, for example validation=0.1, or leave it out");
        }

        if (specification.Curves.Count > 0 && split.Validation is null)
        {
            throw new OptionException($"curves are measured on the validation part, and split '{split.Name}' has none here; give it one or leave the curves out");
        }

        CheckCurveRows(specification, models);
    }

    private static void CheckCurveRows(ExperimentSpecification specification, IReadOnlyList<ModelSpecification> models)
    {
        string? unknown = specification.Curves.SelectMany(c => c.Models).FirstOrDefault(label => models.All(m => m.Label != label));
        if (unknown is not null)
        {
            throw NearMatches.Error("row of a curve", unknown, [.. models.Select(m => m.Label)]);
        }
    }

    private static void CheckPairs(
        IReadOnlyList<PairSpecification> pairs, IReadOnlyList<MetricSpecification> metrics, IReadOnlyList<OffsetSpecification> offsets, IReadOnlyList<ModelSpecification> models)
    {
        foreach (PairSpecification pair in pairs)
        {
            string? unknown = new[] { pair.First, pair.Second }.FirstOrDefault(label => models.All(m => m.Label != label));
            if (unknown is not null)
            {
                throw NearMatches.Error("row of a pair", unknown, [.. models.Select(m => m.Label)]);
            }

            if (pair.First == pair.Second)
            {
                throw new OptionException($"a pair compares '{pair.First}' with itself; name two rows");
            }

            if (pair.Ahead.Count > 0)
            {
                foreach (string name in pair.Metrics.Count > 0 ? pair.Metrics : [metrics[0].Name])
                {
                    int upTo = offsets.Where(o => o.Metric.Name == name).Select(o => o.UpTo).DefaultIfEmpty().Max();
                    if (pair.Ahead.Any(a => a.To > upTo))
                    {
                        throw new OptionException(
                            $"the pair '{pair.First}' and '{pair.Second}' compares '{name}' up to {pair.Ahead.Max(a => a.To)} ahead, and \"offsets\" measure it up to {upTo}; raise \"up_to\" there, or look less far");
                    }
                }

                continue;
            }

            string? metric = pair.Metrics.FirstOrDefault(name => metrics.All(m => m.Name != name));
            if (metric is not null)
            {
                throw NearMatches.Error($"metric of the pair '{pair.First}' and '{pair.Second}'", metric, [.. metrics.Select(m => m.Name)]);
            }

            MetricSpecification? whole = metrics.FirstOrDefault(m => m.Metric.Kind == MetricKind.AllLists && (pair.Metrics.Count == 0 ? m == metrics[0] : pair.Metrics.Contains(m.Name)));
            if (whole is not null)
            {
                throw new OptionException($"'{whole.Name}' is one value for all listeners together, so that the pair '{pair.First}' and '{pair.Second}' cannot be tested by it; name another metric");
            }
        }
    }

    private static bool IsPrediction(MetricSpecification metric) => metric.Metric.Kind == MetricKind.Prediction;

    private static bool IsPerStep(MetricSpecification metric) => metric.Metric.Kind == MetricKind.PerStep;

    /// <summary>The evaluator of metrics that are all of rankings or all of revealed sessions.</summary>
    internal static Func<IRecommender, EvaluationSet, EvaluationOptions, EvaluationResult> Judge(IReadOnlyList<MetricSpecification> metrics) =>
        IsPerStep(metrics[0]) ? SessionEvaluator.Evaluate : RankingEvaluator.Evaluate;

    private static List<ModelSpecification> WithBaselines(ExperimentSpecification specification, bool hasTime)
    {
        var models = new List<ModelSpecification>(specification.Models);
        if (!specification.AddBaselines)
        {
            return models;
        }

        bool ranking = specification.Metrics.Any(m => !IsPrediction(m)), prediction = specification.Metrics.Any(IsPrediction);
        string[] wanted =
        [
            .. ranking ? ["popularity"] : Array.Empty<string>(),
            .. ranking && hasTime ? ["recent-popularity"] : Array.Empty<string>(),
            .. ranking && specification.KeepSeen ? ["own-repeats"] : Array.Empty<string>(),
            .. prediction ? ["bias"] : Array.Empty<string>(),
        ];
        string[] missing = [.. wanted.Where(name => !models.Exists(m => m.Description.Name == name))];
        models.InsertRange(0, missing.Select(ModelSpecification.Parse));
        return models;
    }

    private static ExperimentReport Report(
        ExperimentSpecification specification, Dataset dataset, Split split, EvaluationSet stage,
        List<FinishedRow> rows, List<ReportSeries> series, List<string> warnings, bool isReplayByDefault)
    {
        MetricSpecification decisive = specification.Metrics[0];
        FinishedRow? best = Best(rows, decisive), bestBaseline = Best(rows.Where(r => r.Specification.Description.IsBaseline), decisive);
        (string Label, EvaluationResult Result)[] byFigure = [.. rows.Where(r => r.Metric(decisive.Name) is { } value && double.IsFinite(value.Value))
            .OrderBy(r => r.Metric(decisive.Name)!.Value * (decisive.Metric.HigherIsBetter ? -1 : 1)).Select(r => (r.Specification.Label, r.ResultOf(decisive.Name)!))];
        List<ReportCaution> cautions = Cautions.Of(decisive, byFigure, isReplayByDefault);
        bool isReliable = !cautions.Exists(c => c.NamesNoWinner);
        EvaluationResult? any = rows.Find(r => r.Results.Count > 0)?.Results[0];
        return new ExperimentReport
        {
            Title = specification.Title,
            Dataset = new DatasetSummary(
                dataset.Name, dataset.Users.Count, dataset.Items.Count, dataset.Count, specification.KCore > 1 ? specification.KCore : null,
                specification.Weights is { } weights ? OptionsText.Format(weights) : null),
            Split = new SplitSummary(
                split.Name, OptionsText.ToPairs(split.Options).ToDictionary(p => p.Key, p => p.Value), split.Seed,
                split.Train.Count, split.Validation?.Relevant.Count ?? 0, split.Test.Relevant.Count, any?.Users.Distinct().Count() ?? 0,
                any?.Days.Count > 0 ? any.Days.Count : null),
            Protocol = (any?.Protocol ?? "nothing was evaluated")
                + (specification.TestUsers > 0 ? $", {stage.Relevant.UserIndex.ToArray().Distinct().Count()} users drawn at random" : string.Empty) + (specification.OnValidation ? ", on the validation part" : string.Empty),
            Rows = [.. rows.Select(r => ToRow(r, specification, bestBaseline))],
            Published = specification.Published.Count > 0 ? specification.Published : null,
            BestModel = isReliable ? best?.Specification.Label : null,
            Verdict = Comparisons.Of(decisive.Name, byFigure, isReliable, specification.Seed, specification.Threads),
            Cautions = cautions.Count > 0 ? cautions : null,
            BestBaseline = bestBaseline?.Specification.Label,
            Pairs = ToPairs(specification.Pairs, specification.Metrics, specification, rows, (row, metric) => row.ResultOf(metric)),
            Also = specification.Also.Count > 0 ? [.. specification.Also.Select((also, n) => ToTable(also, n, specification, rows))] : null,
            Series = series.Count > 0 ? series : null,
            Features = FeatureCharts.Of(dataset.Catalog) is { Histograms.Count: > 0 } features ? features : null,
            Warnings = warnings.Count > 0 ? warnings : null,
            Example = best is null || IsPrediction(decisive) ? null : MakeExample(specification, best, split.Train, stage),
            Environment = RunEnvironment.Describe(specification.Threads),
        };
    }

    private static FinishedRow? Best(IEnumerable<FinishedRow> rows, MetricSpecification metric)
    {
        FinishedRow[] scored = [.. rows.Where(r => r.Metric(metric.Name) is { } value && double.IsFinite(value.Value))];
        return metric.Metric.HigherIsBetter
            ? scored.MaxBy(r => r.Metric(metric.Name)!.Value)
            : scored.MinBy(r => r.Metric(metric.Name)!.Value);
    }

    private static ReportRow ToRow(FinishedRow row, ExperimentSpecification specification, FinishedRow? bestBaseline)
    {
        var metrics = new Dictionary<string, ReportMetric>();
        foreach (MetricSpecification metric in specification.Metrics)
        {
            if (row.Metric(metric.Name) is { } value)
            {
                metrics[metric.Name] = new ReportMetric(value.Value, value.Low, value.High, PAgainst(bestBaseline, row, metric.Name, specification));
            }
        }

        ModelOptions options = row.Specification.Untrained.Options;
        return new ReportRow
        {
            Model = row.Specification.Description.Name,
            Label = row.Specification.Label,
            Options = OptionsText.ToPairs(options).ToDictionary(p => p.Key, p => p.Value),
            ChangedOptions = OptionsText.ChangedText(options),
            Metrics = metrics,
            IsBaseline = row.Specification.Description.IsBaseline,
            FitSeconds = Math.Round(row.FitSeconds, 3),
            ScoreSeconds = Math.Round(row.Results.Sum(r => r.ScoreSeconds), 3),
            PeakMb = row.PeakMb,
            Error = row.Error,
            BestEpoch = row.BestEpoch,
            Epochs = row.Epochs,
        };
    }

    // Metrics without a value a user (coverage) and rows that failed have nothing to be compared by. Null where no pair was asked for.
    private static List<ReportPair>? ToPairs(
        IReadOnlyList<PairSpecification> asked, IReadOnlyList<MetricSpecification> metrics, ExperimentSpecification specification, List<FinishedRow> rows,
        Func<FinishedRow, string, EvaluationResult?> resultOf)
    {
        var pairs = new List<ReportPair>();
        foreach ((PairSpecification pair, string measured, (int From, int To)? ahead) in asked.SelectMany(p => (p.Metrics.Count > 0 ? p.Metrics : [metrics[0].Name])
            .SelectMany(m => (p.Ahead.Count > 0 ? p.Ahead.Select(a => ((int, int)?)a) : [null]).Select(a => (p, m, a)))))
        {
            EvaluationResult? first = Result(pair.First, measured), second = Result(pair.Second, measured);
            string metric = measured;
            if (ahead is (int from, int to))
            {
                (first, second, metric) = (first?.Ahead(measured, from, to), second?.Ahead(measured, from, to), EvaluationResult.AheadName(measured, from, to));
            }

            if (first?.Metrics[metric].Users > 0 && second?.Metrics[metric].Users > 0 && first.PerUser.ContainsKey(metric))
            {
                PairedTest test = Significance.Paired(first, second, metric, seed: specification.Seed, threads: specification.Threads);
                MetricValue interval = Significance.BootstrapDifference(first, second, metric, seed: specification.Seed, threads: specification.Threads);
                pairs.Add(new ReportPair(
                    pair.First, pair.Second, metric, test.Difference, interval.Low, interval.High, test.P, test.Wins, test.Losses, test.Users));
            }
        }

        return asked.Count > 0 ? pairs : null;

        EvaluationResult? Result(string label, string metric) => rows.Find(r => r.Specification.Label == label) is { } row ? resultOf(row, metric) : null;
    }

    private static ReportTable ToTable(ProtocolSpecification also, int index, ExperimentSpecification specification, List<FinishedRow> rows)
    {
        FinishedRow[] judged = [.. rows.Where(r => r.Also.Count > index)];
        return new ReportTable(
            also.Title,
            judged.Length > 0 ? judged[0].Also[index].Protocol + (also.Users > 0 ? $", {judged[0].Also[index].Users.Length} users drawn at random" : string.Empty)
                + (also.Part == JudgedPart.Table ? string.Empty : $", on the {OptionsText.Format(also.Part)} part") : "nothing was evaluated",
            judged.Length > 0 ? judged[0].Also[index].Users.Length : 0,
            [.. judged.Select(r => new ReportTableRow(
                r.Specification.Label,
                r.Also[index].Metrics.Where(m => also.Metrics.Any(a => a.Name == m.Key)).ToDictionary(m => m.Key, m => new ReportMetric(m.Value.Value, m.Value.Low, m.Value.High))))],
            also.Note,
            also.Published.Count > 0 ? also.Published : null,
            ToPairs(also.Pairs, also.Metrics, specification, rows, (row, _) => row.Also.ElementAtOrDefault(index)));
    }

    private static ReportSeries ToSeries(OffsetSpecification offsets, List<FinishedRow> rows, Func<FinishedRow, EvaluationResult?> resultOf) => new(
        offsets.Title, "songs ahead", offsets.Metric.Name,
        [.. rows.Where(r => resultOf(r) is not null).Select(r =>
        {
            IReadOnlyList<double> values = resultOf(r)!.ByOffset[offsets.Metric.Name].Values;
            int[] known = [.. Enumerable.Range(0, Math.Min(offsets.UpTo, values.Count)).Where(l => !double.IsNaN(values[l]))];
            return new ReportLine(r.Specification.Label, [.. known.Select(l => l + 1.0)], [.. known.Select(l => values[l])]);
        })],
        offsets.Note);

    private static double? PAgainst(FinishedRow? baseline, FinishedRow row, string metric, ExperimentSpecification specification)
    {
        EvaluationResult? first = row.ResultOf(metric), second = baseline?.ResultOf(metric);
        return first is null || second is null || ReferenceEquals(first, second) || !first.PerUser.ContainsKey(metric) || first.Metrics[metric].Users == 0
            ? null : Significance.Paired(first, second, metric, seed: specification.Seed, threads: specification.Threads).P;
    }

    private static ReportExample? MakeExample(ExperimentSpecification specification, FinishedRow best, Dataset train, EvaluationSet stage)
    {
        // The first test user with ten known items or more: fixed by the data, not chosen by how good the list looks. Of revealed sessions the
        // first ten items of the first with more.
        bool isRevealed = IsPerStep(specification.Metrics[0]);
        Dataset source = isRevealed ? stage.Relevant : stage.Known;
        int[] start = source.UserStart();
        int user = Array.Find(best.Results[0].Users, u => start[u + 1] - start[u] >= (isRevealed ? 11 : 10));
        if (start[user + 1] == start[user])
        {
            return null;
        }

        if (isRevealed)
        {
            source = source.Select([.. Enumerable.Range(start[user], Math.Min(10, start[user + 1] - start[user]))]);
            start = source.UserStart();
        }

        ReadOnlySpan<int> history = source.ItemIndex.Span[start[user]..start[user + 1]];
        Query query = Histories.QueryOf(source, user, start, stage.For(best.Recommender!).IsFoldIn || isRevealed, stage.Moment);
        RankedItem[] list = Ranker.Rank(best.Recommender!, query, new RankOptions
        {
            K = 10,
            Seen = specification.KeepSeen ? ReadOnlyMemory<int>.Empty : history.ToArray(),
            Allow = stage.Candidates,
            Songs = SameSongs.Of(train.Catalog),
        });
        return new ReportExample(
            train.Users[user], best.Specification.Label, Histories.RecentNames(source, history, 10),
            [.. list.Select(i => new ExampleRecommendation(
                train.Items[i.ItemIndex], train.DisplayName(i.ItemIndex), i.Score,
                best.Recommender is IExplains explains ? ReasonText.Of(explains.Explain(query, i.ItemIndex, ReasonText.AllReasons), train) : string.Empty))],
            source.IsOrdered);
    }

    private static Relay? Forward(IProgress<ExperimentProgress>? progress, string label, int row, int rows) =>
        progress is null ? null : new Relay(f => progress.Report(new(label, row, rows, f)));

    private sealed record FinishedRow(
        ModelSpecification Specification, IRecommender? Recommender, IReadOnlyList<EvaluationResult> Results, double FitSeconds, double PeakMb, string? Error)
    {
        /// <summary>Results under the further protocols, in their order; none where the row failed.</summary>
        public IReadOnlyList<EvaluationResult> Also { get; init; } = [];

        public int? BestEpoch { get; init; }

        public int? Epochs { get; init; }

        public EvaluationResult? ResultOf(string metric) => Results.FirstOrDefault(r => r.Metrics.ContainsKey(metric));

        public MetricValue? Metric(string metric) => ResultOf(metric)?.Metrics[metric];
    }

    // Progress<T> would post to a pool thread and lose the order; this one is a plain call.
    private sealed class Relay(Action<FitProgress> report) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => report(value);
    }
}
