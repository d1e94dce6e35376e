using System.CommandLine;
using System.Globalization;
using Segue.Core.Data;
using Segue.Import;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue run RECIPE.json</c>: a whole experiment.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal)
    {
        var recipe = new Argument<string>("RECIPE") { Description = "a recipe, for example recipes/hetrec-ranking.json" }.AsPath();
        var output = new Option<string?>("--out") { Description = "folder for report.json and report.html" }.AsPath();
        var seed = new Option<ulong?>("--seed") { Description = "another seed than the recipe's" };
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("run", "Run a recipe: dataset, split, models, metrics, report, and what it promises. Ends with 3 where a promise is not reached.") { recipe, output, seed, threads, json };
        command.OnRun(terminal, (parsed, cancellation) =>
        {
            Recipe read = Recipe.Read(parsed.GetValue(recipe)!);
            ExperimentSpecification specification = read.Specification with
            {
                Threads = parsed.GetValue(threads),
                Seed = parsed.GetValue(seed) ?? read.Specification.Seed,
            };
            ReportOutput.Check(parsed.GetValue(output));
            ExperimentReport report = terminal.WithProgress(bars =>
            {
                Dataset dataset = read.OpenDataset(new Relay<ImportProgress>(p => bars("import", Path.GetFileName(p.File), p.BytesRead, p.BytesTotal)), cancellation);
                return Experiment.Run(specification, dataset, new ExperimentBars(bars), cancellation);
            });
            IReadOnlyList<PromiseResult> promises = read.Check(report);
            report = report with { Promises = promises.Count == 0 ? null : [.. promises.Select(p => p.ForReport)] };
            int code = ReportOutput.Finish(terminal, report, parsed.GetValue(output), parsed.GetValue(json));
            foreach (PromiseResult broken in promises.Where(p => !p.IsKept))
            {
                string known = broken.Promise.Missed is null ? string.Empty : ", as the recipe says";
                terminal.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"not reached{known}: {broken.Promise.Row} {broken.Promise.Column} is {broken.Value:F4}, promised {broken.Promise.Window}"));
            }

            return code == CommandLine.Succeeded && promises.Any(p => !p.IsKept) ? CommandLine.PromiseMissed : code;
        });
        return command;
    }
}
