using System.CommandLine;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Import;

namespace Segue.Cli.Commands;

/// <summary><c>segue import FORMAT PATH… --out DIR</c>.</summary>
internal static class ImportCommand
{
    // The dataset's provenance and --json have more of them.
    private const int ShownSamples = 3;

    public static Command Create(Terminal terminal)
    {
        var format = new Argument<string>("FORMAT") { Description = "what the files are; segue formats lists them" };
        var paths = new Argument<string[]>("PATH") { Description = "files, zips or folders; - is standard input", Arity = ArgumentArity.OneOrMore }.AsPath();
        var output = new Option<string?>("--out") { Description = "folder to write the dataset to" }.AsPath();
        var level = new Option<string?>("--level") { Description = "what is ranked: track, artist or album (default: the format's own)" };
        var dryRun = new Option<bool>("--dry-run") { Description = "read and count everything, write nothing" };
        var map = new Option<string?>("--map")
        {
            Description = "columns of a csv: user=COL,item=COL,time=COL,weight=COL,artist=COL,title=COL; names or "
            + "numbers from 0; without user all rows are one listener's"
        };
        var name = new Option<string?>("--name") { Description = "name of the dataset (default: the name of the format, for csv that of the file)" };
        var user = new Option<string[]>("--user") { Description = "the listener of a personal history: once for all paths, or once for each path in order" };
        var timesFrom = new Option<int?>("--times-from") { Description = "first year of believable times (default: 2002 for scrobbles, else 1970); earlier rows are left out and counted" };
        Option<string?> test = Side("--test", "csv only: a file of the same columns with the test part of a given split"),
            validation = Side("--validation", "csv only: a file of the same columns with the validation part of a given split"),
            join = Side("--join", "csv only: a file with the names of the items; its columns are --join-map"),
            friends = Side("--friends", "csv only: a file with the columns user and friend");
        var joinMap = new Option<string?>("--join-map") { Description = "columns of --join: item=COL,title=COL,artist=COL,album=COL" };
        var features = new Option<string?>("--dataset") { Description = "audio-features only: the dataset to join the features to" }.AsPath();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("import", "Read a listening history or a research data set into a dataset folder.")
        {
            format, paths, output, level, dryRun, map, name, user, timesFrom, test, validation, join, joinMap, friends, features, json,
        };
        command.OnRun(terminal, (parsed, cancellation) =>
        {
            string? outputPath = parsed.GetValue(output);
            bool isDryRun = parsed.GetValue(dryRun);
            string formatName = parsed.GetValue(format)!;
            if (outputPath is null && !isDryRun)
            {
                throw new OptionException("--out is missing: name the folder to write to, or give --dry-run to only count");
            }

            if (!isDryRun)
            {
                DatasetStore.CheckTarget(outputPath!);
            }

            string? datasetPath = parsed.GetValue(features);
            var options = new ImportOptions
            {
                // Not the name of the folder: the same files must give the same bytes, whatever folder they go to.
                Name = parsed.GetValue(name),
                Level = parsed.GetValue(level),
                Map = parsed.GetValue(map) is { } text ? ColumnMap.Parse(text) : null,
                Listeners = parsed.GetValue(user) ?? [],
                TimesFrom = parsed.GetValue(timesFrom),
                Test = parsed.GetValue(test),
                Validation = parsed.GetValue(validation),
                Join = parsed.GetValue(join),
                JoinMap = parsed.GetValue(joinMap) is { } joined ? ColumnMap.Parse(joined) : null,
                Friends = parsed.GetValue(friends),
                StandardInput = terminal.OpenInput,
                Cancellation = cancellation,
            };
            ImportResult result = terminal.WithProgress(report => FormatCatalog.Import(
                formatName, parsed.GetValue(paths)!, options with
                {
                    Progress = new Relay<ImportProgress>(p => report("import", Path.GetFileName(p.File), p.BytesRead, p.BytesTotal)),
                    JoinTo = datasetPath is null ? null : DatasetStore.Open(datasetPath),
                }));
            ExceptionDispatchInfo? unwritten = isDryRun ? null : Failure.Of(() => terminal.SayRemoved(DatasetStore.Save(result.Dataset, outputPath!)));
            string? written = isDryRun || unwritten is not null ? null : outputPath;
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new
                {
                    dataset = new
                    {
                        result.Dataset.Name,
                        result.Dataset.Level,
                        users = result.Dataset.Users.Count,
                        items = result.Dataset.Items.Count,
                        interactions = result.Dataset.Count
                    },
                    result.Report,
                    written,
                });
            }
            else
            {
                Print(terminal, result, written, isDryRun);
            }

            unwritten?.Throw();
            return CommandLine.Succeeded;
        });
        return command;
    }

    private static Option<string?> Side(string name, string description) => new Option<string?>(name) { Description = description }.AsPath();

    private static void Print(Terminal terminal, ImportResult result, string? written, bool isDryRun)
    {
        Dataset dataset = result.Dataset;
        TextTable table = new TextTable().Texts("table").Numbers("rows", "accepted", "duplicate", "rejected");
        foreach (TableCount count in result.Report.Tables)
        {
            table.Add(Cell.Name(count.Table), Number(count.Rows), Number(count.Accepted), Number(count.Duplicate),
                Number(count.Rejected));
        }

        terminal.Result.Write(table);
        PrintRows(terminal, "rejected", result.Report.Rejected);
        PrintRows(terminal, "duplicate", result.Report.Duplicates);
        PrintRows(terminal, "repaired", result.Report.Repaired);
        if (result.Report.Ignored.Count > 0)
        {
            IEnumerable<string> some = result.Report.Ignored.Take(10);
            string more = result.Report.Ignored.Count > 10 ? $" and {result.Report.Ignored.Count - 10} more" : string.Empty;
            terminal.Result.WriteLine($"not part of the format, ignored: {string.Join(", ", some.Select(Short))}{more}");
        }

        foreach (string note in result.Report.Notes)
        {
            terminal.Result.WriteLine($"Note: {note}.");
        }

        terminal.Result.WriteLine($"{Short(dataset.Name)}: {Plural.Of(dataset.Users.Count, "user")}, {Plural.Of(dataset.Items.Count, "item")} "
            + $"({dataset.Level}), {Plural.Of(dataset.Count, "interaction")}");
        terminal.Result.WriteLine(written is not null ? $"Written to {written}." : isDryRun ? "Nothing was written (--dry-run)." : "Nothing was written.");
        if (written is not null)
        {
            terminal.Result.WriteCommand("Next: ", $"segue describe {Shell.Path(written, "FOLDER")}");
        }
    }

    private static void PrintRows(Terminal terminal, string fate, IReadOnlyList<RejectReason> reasons)
    {
        foreach (RejectReason reason in reasons)
        {
            string what = reason.Reason == fate ? fate : $"{fate}: {reason.Reason}";
            int shown = Math.Min(reason.Samples.Count, ShownSamples);
            string more = shown > 0 && reason.Count > shown ? $", the first {shown} of them" : string.Empty;
            terminal.Result.WriteLine($"{Short(reason.Table)}, {what}: {Number(reason.Count)}{more}");
            foreach (Sample sample in reason.Samples.Take(shown))
            {
                string record = sample.Record > 0 ? $", record {sample.Record}" : string.Empty;
                terminal.Result.WriteLine($"    {Short(sample.File)} line {sample.Line}{record}: {sample.Text}");
            }
        }
    }

    private static string Short(string name) => VisibleText.Short(name, Cell.LongestName);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>Progress as a plain call, in order, on the reporting thread.</summary>
internal sealed class Relay<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
