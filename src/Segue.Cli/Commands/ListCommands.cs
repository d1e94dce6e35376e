using System.CommandLine;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Import;
using Segue.Models;

namespace Segue.Cli.Commands;

/// <summary><c>segue models | formats | splits | metrics</c>: what there is, with every option, its default, range and meaning.</summary>
internal static class ListCommands
{
    public static Command Models(Terminal terminal)
    {
        var name = new Argument<string?>("NAME") { Description = "only this model", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("models", "List the models with their options.") { name, json };
        command.OnRun(terminal, (parsed, _) =>
        {
            string? only = parsed.GetValue(name);
            IReadOnlyList<ModelDescription> models = only is null ? ModelCatalog.All : [ModelCatalog.Get(only)];
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(models.Select(m => new { m.Name, m.Summary, m.Source, m.IsBaseline, options = OptionsText.Describe(m.OptionsType) }));
            }
            else
            {
                foreach (ModelDescription model in models)
                {
                    Print(terminal, model.Name, $"{model.Summary} ({model.Source})", OptionsText.Describe(model.OptionsType));
                }
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    public static Command Splits(Terminal terminal)
    {
        Option<bool> json = SharedOptions.Json();
        var command = new Command("splits", "List the splitting protocols with their options.") { json };
        command.OnRun(terminal, (parsed, _) =>
        {
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(SplitCatalog.All.Select(s => new { s.Name, s.Summary, options = OptionsText.Describe(s.OptionsType) }));
            }
            else
            {
                foreach (SplitDescription split in SplitCatalog.All)
                {
                    Print(terminal, split.Name, split.Summary, OptionsText.Describe(split.OptionsType));
                }
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    public static Command Formats(Terminal terminal)
    {
        Option<bool> json = SharedOptions.Json();
        var command = new Command("formats", "List the import formats with their schemas.") { json };
        command.OnRun(terminal, (parsed, _) =>
        {
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(FormatCatalog.All.Select(f => new { f.Name, f.Summary, f.Levels, f.Files, f.NeedsMap, f.JoinsDataset }));
            }
            else
            {
                TextTable table = new TextTable { HasRowLines = true }.Texts("format", "what it reads", "levels", "files and columns");
                foreach (FormatDescription format in FormatCatalog.All)
                {
                    table.Add(format.Name, format.Summary, string.Join(", ", format.Levels), Cell.Lines(format.Files.Select(f => $"{f.File}: {f.Columns}")));
                }

                terminal.Result.Write(table);
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    public static Command Metrics(Terminal terminal)
    {
        Option<bool> json = SharedOptions.Json();
        var command = new Command("metrics", "List the metrics with their definitions.") { json };
        command.OnRun(terminal, (parsed, _) =>
        {
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(MetricCatalog.All.Select(m => new { name = m.NameWithLength, m.Meaning, m.Denominator, m.TieRule, m.EmptyCase, m.HigherIsBetter }));
            }
            else
            {
                TextTable table = new TextTable { HasRowLines = true }.Texts("metric", "meaning", "denominator", "nothing to find");
                foreach (MetricDefinition metric in MetricCatalog.All)
                {
                    table.Add(metric.NameWithLength, metric.Meaning, metric.Denominator, metric.EmptyCase);
                }

                terminal.Result.Write(table);
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    private static void Print(Terminal terminal, string name, string summary, IReadOnlyList<OptionDescription> options)
    {
        terminal.Result.WriteLine(Cell.Of(name, Tone.Bold).And($"  {summary}"));
        if (options.Count > 0)
        {
            TextTable table = new TextTable().Texts("option", "type", "default", "range", "meaning");
            foreach (OptionDescription option in options)
            {
                table.Add(option.Name, option.Type, option.Default, option.Range, option.Meaning);
            }

            terminal.Result.Write(table);
        }

        terminal.Result.WriteLine();
    }
}
