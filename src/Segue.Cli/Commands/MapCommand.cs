using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Segue.Core.Contracts;
using Segue.Pipeline;
using Segue.Pipeline.Maps;
using Segue.Pipeline.Reports;

namespace Segue.Cli.Commands;

/// <summary><c>segue map MODEL_DIR --out FILE [--method NAME] [--dimensions 2|3] [--color NAME] [--highlight ARTIST …]</c>.</summary>
internal static class MapCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = SharedOptions.ModelFolder();
        var output = new Option<string>("--out") { Description = "HTML file to write", Required = true }.AsPath(isFile: true);
        var highlight = new Option<string[]>("--highlight")
        {
            Description = "one or two artists to mark, by name",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };
        Option<ulong> seed = SharedOptions.Seed();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("map", "Draw a trained model's items (or users) as a page to look at: hover, search, zoom, turn.") { folder, output, highlight, seed, threads, json };

        // One option of the command line for every option of the record: its meaning, range and default are written once.
        var pairs = new List<(string Name, Option<string?> Option)>();
        foreach (OptionDescription option in OptionsText.Describe(typeof(MapOptions)))
        {
            string range = option.Range.Length > 0 ? $", {option.Range}" : string.Empty;
            var one = new Option<string?>($"--{option.Name.Replace('_', '-')}") { Description = $"{option.Meaning} ({option.Type}{range}; default {option.Default})" };
            pairs.Add((option.Name, one));
            command.Add(one);
        }

        command.OnRun(terminal, (parsed, cancellation) =>
        {
            var options = (MapOptions)OptionsText.FromPairs(
                typeof(MapOptions),
                pairs.Where(p => parsed.GetValue(p.Option) is not null).Select(p => new KeyValuePair<string, string>(p.Name, parsed.GetValue(p.Option)!)),
                "map");
            string path = parsed.GetValue(output)!;
            ReportFiles.CheckPage(path);
            TrainedModel model = TrainedModel.Open(parsed.GetValue(folder)!, withEpochs: true);
            var clock = Stopwatch.StartNew();
            VectorMap map = terminal.WithProgress(report => VectorMap.Of(model, options, parsed.GetValue(highlight) ?? [], new FitContext
            {
                Seed = parsed.GetValue(seed),
                Threads = parsed.GetValue(threads),
                Progress = new Relay<FitProgress>(p => report("map", p.Stage, p.Done, p.Total)),
                Cancellation = cancellation,
            }));
            double seconds = clock.Elapsed.TotalSeconds;
            ExceptionDispatchInfo? unwritten = Failure.Of(() => HtmlMap.Write(map, path));
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new
                {
                    model = map.Model,
                    options = OptionsText.ToPairs(map.Options).ToDictionary(p => p.Key, p => p.Value),
                    points = map.Titles.Count,
                    available = map.Available,
                    without_vector = map.WithoutVector,
                    epochs = map.Frames.Count == 0 ? null : map.Frames.Select(f => f.Epoch),
                    trustworthiness = map.Trustworthiness,
                    popularity = map.Popularity is { } told ? new { correlations = told.Correlations, share = told.Share } : null,
                    variance_shares = map.VarianceShares.Count == 0 ? null : map.VarianceShares,
                    highlighted = map.Highlight.Select((artist, n) => new { artist, points = map.Highlighted.Count(bits => (bits >> n & 1) == 1) }),
                    seconds = Math.Round(seconds, 3),
                    written = unwritten is null ? path : null,
                });
            }
            else
            {
                terminal.Result.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Placed {map.Titles.Count:N0} points in {seconds:F2} s."));
                if (map.Popularity is { } popularity)
                {
                    string each = string.Join(", ", popularity.Correlations.Select(r => r.ToString("+0.00;-0.00", CultureInfo.InvariantCulture)));
                    terminal.Result.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"Of the variance of ln interactions the first {map.Options.Dimensions} components tell {popularity.Share * 100:F1} % (correlations {each})."));
                }

                if (unwritten is null)
                {
                    terminal.Result.WriteLine($"Map: {Path.GetFullPath(path)}");
                }
            }

            unwritten?.Throw();

            return CommandLine.Succeeded;
        });
        return command;
    }
}
