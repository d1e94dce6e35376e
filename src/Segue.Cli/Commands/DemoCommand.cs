using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Pipeline;
using Segue.Pipeline.Reports;

namespace Segue.Cli.Commands;

/// <summary><c>segue demo</c>: the main job on a made-up world, from listens to a compared, explained recommendation.</summary>
internal static class DemoCommand
{
    private const int LongestUser = 40;

    private static readonly string[] Models = ["popularity", "recent-popularity", "user-knn", "item-knn", "ials", "ease"];

    public static Command Create(Terminal terminal)
    {
        var output = new Option<string>("--out") { Description = "folder for the report and the data (default segue-demo)", DefaultValueFactory = _ => "segue-demo" }.AsPath();
        Option<ulong> seed = SharedOptions.Seed();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("demo", "Make a synthetic world of listeners, compare six models on it, recommend and explain.") { output, seed, threads, json };
        command.OnRun(terminal, (parsed, cancellation) =>
        {
            var clock = Stopwatch.StartNew();
            string folder = parsed.GetValue(output)!;
            ReportOutput.Check(folder);
            DatasetStore.CheckTarget(Path.Combine(folder, "dataset"));
            var specification = new ExperimentSpecification
            {
                Title = "Segue demo: a synthetic world",
                Split = SplitCatalog.Create("global-time", []),
                Models = [.. Models.Select(ModelSpecification.Parse)],
                Metrics = [.. new[] { "ndcg@20", "recall@20", "hitrate@20", "coverage@20" }.Select(MetricCatalog.Parse)],
                Seed = parsed.GetValue(seed),
                Threads = parsed.GetValue(threads),
            };
            bool isJson = parsed.GetValue(json);
            if (!isJson)
            {
                terminal.Result.WriteLine("Segue makes up a world of listeners, hides the end of every history, and asks six models to guess it.");
            }

            ExperimentReport report = terminal.WithProgress(bars =>
            {
                bars("synthetic world", "listeners, artists, listens", 0, 1);
                Dataset world = SyntheticWorld.Generate(new SyntheticWorldOptions(), new FitContext { Seed = specification.Seed, Threads = specification.Threads, Cancellation = cancellation }).Dataset;
                DatasetStore.Save(world, Path.Combine(folder, "dataset"));
                return Experiment.Run(specification, world, new ExperimentBars(bars), cancellation);
            });
            if (isJson)
            {
                return ReportOutput.Finish(terminal, report, folder, json: true);
            }

            int code = ReportOutput.Finish(terminal, report, null, json: false);
            Print(terminal, report.Example);
            ReportFiles.Write(report, folder);
            terminal.Result.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Done in {clock.Elapsed.TotalSeconds:F1} s. Everything in the world is invented."));
            terminal.Result.WriteLine($"Report with charts: {Path.GetFullPath(ReportFiles.PagePath(folder))}");
            terminal.Result.WriteLine("Your own history next: segue formats, then segue import FORMAT PATH --out my-music");
            return code;
        });
        return command;
    }

    private static void Print(Terminal terminal, ReportExample? example)
    {
        if (example is null)
        {
            return;
        }

        TextTable history = new TextTable().Texts($"{VisibleText.Short(example.User, LongestUser)} heard last");
        foreach (string name in example.History)
        {
            history.Add(Cell.Name(name));
        }

        TextTable list = new TextTable().Numbers("#").Texts($"{example.Model} recommends", "why");
        for (int n = 0; n < example.Recommendations.Count; n++)
        {
            ExampleRecommendation item = example.Recommendations[n];
            list.Add((n + 1).ToString(CultureInfo.InvariantCulture), Cell.Name(item.Name), item.Reason);
        }

        // Side by side where there is room, else one below the other.
        if (terminal.Result.Width >= 140)
        {
            terminal.Result.Write(history, list);
        }
        else
        {
            terminal.Result.Write(history);
            terminal.Result.Write(list);
        }
    }
}
