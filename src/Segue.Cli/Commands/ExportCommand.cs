using System.CommandLine;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue export DATASET --format recbole|csv --out DIR</c>.</summary>
internal static class ExportCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> dataset = SharedOptions.Dataset();
        var format = new Option<string>("--format") { Description = "recbole or csv", Required = true };
        var output = new Option<string>("--out") { Description = "folder to write to", Required = true }.AsPath();
        var raw = new Option<bool>("--raw") { Description = "csv: leave names that a spreadsheet takes for formulas (= + - @ in front) as they are, without an apostrophe" };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("export", "Write a dataset for other programs, to check our figures there.") { dataset, format, output, raw, json };
        command.OnRun(terminal, (parsed, _) =>
        {
            string name = parsed.GetValue(format)!;
            if (!DatasetExport.Formats.Contains(name))
            {
                throw NearMatches.Error("export format", name, [.. DatasetExport.Formats]);
            }

            DatasetExport.CheckTarget(parsed.GetValue(output)!);
            Dataset opened = DatasetStore.Open(parsed.GetValue(dataset)!);
            IReadOnlyList<string> files = DatasetExport.Write(opened, name, parsed.GetValue(output)!, parsed.GetValue(raw));
            int formulas = name == "csv" ? opened.Users.AsEnumerable().Concat(opened.Items.AsEnumerable()).Count(DatasetExport.IsFormula) : 0;
            if (formulas > 0)
            {
                terminal.Say($"{formulas} ids begin as a formula does in a spreadsheet (= + - @); ids stay as they are: open the files as text there");
            }

            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new { format = name, files });
            }
            else
            {
                terminal.Result.WriteLine($"Written: {string.Join(", ", files)}");
            }

            return CommandLine.Succeeded;
        });
        return command;
    }
}
