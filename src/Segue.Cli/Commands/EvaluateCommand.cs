using System.CommandLine;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue evaluate DATASET --model … --split …</c>.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> dataset = SharedOptions.Dataset();
        var models = new Option<string[]>("--model") { Description = "NAME[:key=value,…]; repeat to compare", Required = true };
        var split = new Option<string>("--split") { Description = "NAME[:key=value,…]", DefaultValueFactory = _ => "random" };
        var metrics = new Option<string>("--metrics")
        {
            Description = "comma-separated, for example recall@20,ndcg@20; the first one decides which model is best",
            DefaultValueFactory = _ => "ndcg@20,recall@20,hitrate@20,mrr@20,coverage@20",
        };
        var weights = new Option<string?>("--weights") { Description = "transform the weights first, for example binary, log, log_share" };
        var keepSeen = new Option<bool>("--keep-seen") { Description = "rank what the listener knows too (replay)" };
        var sampled = new Option<int>("--sampled") { Description = "rank against this many sampled negatives; only to reproduce published tables" };
        var testUsers = new Option<int>("--test-users") { Description = "ask only so many users (or sessions), drawn at random; 0 for all" };
        var onValidation = new Option<bool>("--on-validation") { Description = "judge on the validation part, to choose options without seeing the test part" };
        var earlyStopping = new Option<string?>("--early-stopping")
        {
            Description = "METRIC[:every=1,patience=5]: stop models that train in epochs once the metric on the validation part does not become better "
                + "(higher, or lower for errors and losses) for PATIENCE measurements in a row, and keep their best epoch",
        };
        var noBaselines = new Option<bool>("--no-baselines") { Description = "do not add the trivial baselines" };
        var output = new Option<string?>("--out") { Description = "folder for report.json and report.html" }.AsPath();
        Option<int> kCore = SharedOptions.KCore();
        Option<ulong> seed = SharedOptions.Seed();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("evaluate", "Compare models on a dataset: split, train, rank, measure.")
        {
            dataset, models, split, metrics, weights, keepSeen, sampled, testUsers, onValidation, earlyStopping, noBaselines, kCore, seed, threads, output, json,
        };
        command.OnRun(terminal, (parsed, cancellation) =>
        {
            (string splitName, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(parsed.GetValue(split)!);
            var specification = new ExperimentSpecification
            {
                KCore = parsed.GetValue(kCore),
                Weights = ExperimentSpecification.ParseWeights(parsed.GetValue(weights)),
                Split = SplitCatalog.Create(splitName, pairs),
                Models = [.. parsed.GetValue(models)!.Select(ModelSpecification.Parse)],
                Metrics = MetricCatalog.ParseList(parsed.GetValue(metrics)!),
                KeepSeen = parsed.GetValue(keepSeen),
                SampledNegatives = parsed.GetValue(sampled),
                TestUsers = parsed.GetValue(testUsers) is >= 0 and int users
                    ? users : throw new OptionException($"--test-users {parsed.GetValue(testUsers)}; give 0 for all, or at least 1"),
                EarlyStopping = parsed.GetValue(earlyStopping) is { } early ? EarlyStoppingSpecification.Parse(early) : null,
                OnValidation = parsed.GetValue(onValidation),
                AddBaselines = !parsed.GetValue(noBaselines),
                Seed = parsed.GetValue(seed),
                Threads = parsed.GetValue(threads),
            };
            if (specification.Metrics.Count == 0)
            {
                throw new OptionException("--metrics is empty; give at least one, for example recall@20");
            }

            ReportOutput.Check(parsed.GetValue(output));
            Experiment.Check(specification);
            Dataset opened = DatasetStore.Open(parsed.GetValue(dataset)!);
            ExperimentReport report = terminal.WithProgress(bars => Experiment.Run(specification, opened, new ExperimentBars(bars), cancellation));
            return ReportOutput.Finish(terminal, report, parsed.GetValue(output), parsed.GetValue(json));
        });
        return command;
    }
}
