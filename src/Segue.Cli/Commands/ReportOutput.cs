using System.Globalization;
using Segue.Core.Contracts;
using Segue.Pipeline;
using Segue.Pipeline.Reports;

namespace Segue.Cli.Commands;

/// <summary>Prints an experiment and writes its files.</summary>
internal static class ReportOutput
{
    // Where a terminal is narrow, memory goes first, then times, then metrics from the right.
    private const int LeastImportant = 10, Times = 20, MostImportant = 90;

    /// <summary>Throws where the report could not be written: before anything is read or trained.</summary>
    public static void Check(string? outputPath)
    {
        if (outputPath is not null)
        {
            ReportFiles.CheckFolder(outputPath);
        }
    }

    /// <summary>Prints the report, writes its files where asked, and gives the exit code. Printed first: what cannot be written is not lost.</summary>
    public static int Finish(Terminal terminal, ExperimentReport report, string? outputPath, bool json)
    {
        if (json)
        {
            terminal.Write(report.ToJson());
        }
        else
        {
            Print(terminal, report);
        }

        foreach (string warning in report.Warnings ?? [])
        {
            terminal.Say($"warning: {warning}");
        }

        if (outputPath is not null)
        {
            ReportFiles.Write(report, outputPath);
            if (!json)
            {
                terminal.Result.WriteLine($"Report: {Path.GetFullPath(ReportFiles.PagePath(outputPath))}");
            }
        }

        return report.Warnings is null ? CommandLine.Succeeded : CommandLine.Failed;
    }

    /// <summary>Prints the comparison table and the sentence that matters.</summary>
    public static void Print(Terminal terminal, ExperimentReport report)
    {
        IReadOnlyList<PublishedRow> published = report.Published ?? [];
        string[] all = [.. report.Rows.SelectMany(r => r.Metrics.Keys).Concat(published.SelectMany(p => p.Metrics.Keys)).Distinct()];
        string[] metrics = [.. all.Where(m => !IsSlice(m))], slices = [.. all.Where(IsSlice)];
        terminal.Result.WriteLine($"{report.Title ?? report.Dataset.Name}: {Plural.Of(report.Dataset.Users, "user")} × {Plural.Of(report.Dataset.Items, "item")}, {Plural.Of(report.Dataset.Interactions, "interaction")}");
        terminal.Result.WriteLine($"split {report.Split.Name}, seed {report.Split.Seed}: train {report.Split.Train:N0}, test {report.Split.Test:N0}, {Plural.Of(report.Split.TestUsers, "test user")}{(report.Split.TestDays is { } days ? $" on {Plural.Of(days, "day")}" : string.Empty)}; {report.Protocol}");
        TextTable table = new TextTable().Texts("model").Numbers([.. metrics.Take(1)]);
        if (metrics.Length > 0)
        {
            table.Numbers(MostImportant, $"p against {report.BestBaseline ?? "none"}");
        }

        table.Numbers([.. metrics.Skip(1)]).Numbers(Times, "fit s").Numbers(LeastImportant, "score s", "peak MB");

        foreach (ReportRow row in report.Rows)
        {
            bool isBest = row.Label == report.BestModel;
            string epoch = row.BestEpoch is null ? string.Empty : $" (epoch {row.BestEpoch} of {row.Epochs})";
            var cells = new List<Cell>
            {
                Style(Cell.Name(row.Label).And(epoch, Tone.Grey).And(row.Error is null ? string.Empty : " (failed)", Tone.Red), isBest),
            };
            for (int m = 0; m < metrics.Length; m++)
            {
                cells.Add(row.Metrics.TryGetValue(metrics[m], out ReportMetric? value) ? Style(Figure(value, withInterval: m < 2), isBest) : "–");
                if (m == 0)
                {
                    cells.Add(value?.PVsBestBaseline is { } p ? p < 0.001 ? "< 0.001" : p.ToString("F3", CultureInfo.InvariantCulture) : "–");
                }
            }

            cells.Add(row.FitSeconds.ToString("F2", CultureInfo.InvariantCulture));
            cells.Add(row.ScoreSeconds.ToString("F2", CultureInfo.InvariantCulture));
            cells.Add(row.PeakMb.ToString("F0", CultureInfo.InvariantCulture));
            table.Add([.. cells]);
        }

        foreach (PublishedRow row in published.Where(p => metrics.Any(p.Metrics.ContainsKey)))
        {
            Cell[] figures = Cells(row, metrics);
            Cell none = Cell.Of("–", Tone.Grey);
            table.Add([.. figures[..2], none, .. figures[2..], none, none, none]);
        }

        terminal.Result.Write(table);
        Sources(terminal, published);
        foreach (string sentence in Headline.Of(report).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            terminal.Result.WriteLine(sentence);
        }

        foreach (ReportSeries sweep in (report.Series ?? []).Where(s => s.Lines.Any(l => l.Chosen is not null)))
        {
            terminal.Result.WriteLine($"{sweep.Title}: {sweep.Note}");
        }

        if (report.Pairs is { Count: > 0 } pairs)
        {
            Print(terminal, "Row against row, listener by listener", pairs);
        }

        if (report.Promises is { Count: > 0 } promises)
        {
            Print(terminal, promises);
        }

        if (report.Training is { } training)
        {
            Print(terminal, training);
        }

        // One narrow table a metric: the full names of the columns would not fit beside each other.
        foreach (IGrouping<string, string> whole in slices.GroupBy(m => m[..m.IndexOf(':', StringComparison.Ordinal)]))
        {
            int prefix = $"{whole.Key}:popularity=".Length;
            Print(
                terminal, $"{whole.Key} by listeners of the right answer in training", [.. whole], report.Rows.Select(r => (r.Label, r.Metrics)), published,
                prefix);
        }

        foreach (ReportTable also in report.Also ?? [])
        {
            IReadOnlyList<PublishedRow> others = also.Published ?? [];
            string[] columns = [.. also.Rows.SelectMany(r => r.Metrics.Keys).Concat(others.SelectMany(p => p.Metrics.Keys)).Distinct()];
            Print(terminal, $"{also.Title} ({also.Protocol})", columns, also.Rows.Select(r => (r.Label, r.Metrics)), others);
            Sources(terminal, others);
            if (also.Note is not null)
            {
                terminal.Result.WriteLine(also.Note);
            }

            if (also.Pairs is { Count: > 0 } tested)
            {
                Print(terminal, $"{also.Title}: row against row, listener by listener", tested);
            }
        }
    }

    // Losses of training alone are on scales of their own and not worth a table; what was judged on held-out examples is.
    private static void Print(Terminal terminal, ReportTable training)
    {
        string[] names = [.. training.Rows.SelectMany(r => r.Metrics.Keys).Concat((training.Published ?? []).SelectMany(p => p.Metrics.Keys)).Distinct()];
        if (names.Any(n => n.EndsWith("accuracy", StringComparison.Ordinal)))
        {
            Print(terminal, $"{training.Title} ({training.Protocol})", names, training.Rows.Select(r => (r.Label, r.Metrics)), training.Published ?? []);
            Sources(terminal, training.Published ?? []);
        }
    }

    private static void Print(Terminal terminal, string title, IReadOnlyList<ReportPair> pairs)
    {
        TextTable table = new TextTable { Title = title }.Texts("first", "second", "metric").Numbers("first − second").Numbers(MostImportant, "p").Numbers("ahead", "behind", "equal");
        foreach (ReportPair pair in pairs)
        {
            Cell difference = Cell.Of(string.Create(CultureInfo.InvariantCulture, $"{pair.Difference:+0.0000;−0.0000} "), Tone.Plain)
                .And(string.Create(CultureInfo.InvariantCulture, $"{pair.Low:+0.0000;−0.0000} … {pair.High:+0.0000;−0.0000}"), Tone.Grey | Tone.Detail);
            table.Add(
                Cell.Name(pair.First), Cell.Name(pair.Second), Cell.Name(pair.Metric), pair.P < 0.05 ? difference.In(Tone.Bold) : difference,
                pair.P < 0.001 ? "< 0.001" : pair.P.ToString("F3", CultureInfo.InvariantCulture), pair.Wins.ToString("N0", CultureInfo.InvariantCulture),
                pair.Losses.ToString("N0", CultureInfo.InvariantCulture), (pair.Users - pair.Wins - pair.Losses).ToString("N0", CultureInfo.InvariantCulture));
        }

        terminal.Result.Write(table);
    }

    private static void Print(Terminal terminal, IReadOnlyList<ReportPromise> promises)
    {
        TextTable table = new TextTable { Title = "What the recipe promises" }.Texts("model", "metric", "promised").Numbers("measured").Texts("reached");
        foreach (ReportPromise promise in promises)
        {
            table.Add(
                Cell.Name(promise.Label), Cell.Name(promise.Metric), Cell.Name(promise.Promised),
                promise.Value.ToString("F4", CultureInfo.InvariantCulture), promise.Reached ? Cell.Of("yes", Tone.Green) : Cell.Of("no", Tone.Red));
        }

        terminal.Result.Write(table);
    }

    private static bool IsSlice(string metric) => metric.Contains(":popularity=", StringComparison.Ordinal);

    // Label and figures of a published row, marked and dimmed.
    private static Cell[] Cells(PublishedRow row, string[] metrics) =>
    [
        Cell.Name(row.Label, Tone.Grey).And(" (published)", Tone.Grey),
        .. metrics.Select(m => Cell.Of(row.Metrics.TryGetValue(m, out double value) ? value.ToString("F4", CultureInfo.InvariantCulture) : "–", Tone.Grey)),
    ];

    private static void Sources(Terminal terminal, IReadOnlyList<PublishedRow> published)
    {
        foreach (IGrouping<(string Source, string? Note), PublishedRow> rows in published.GroupBy(p => (p.Source, p.Note)))
        {
            string note = rows.Key.Note is null ? string.Empty : $" ({rows.Key.Note})";
            terminal.Result.WriteLine($"published, not measured here: {string.Join(", ", rows.Select(r => VisibleText.Short(r.Label, Cell.LongestName)))}; source: {rows.Key.Source}{note}");
        }
    }

    private static void Print(Terminal terminal, string title, string[] metrics, IEnumerable<(string Label, IReadOnlyDictionary<string, ReportMetric> Metrics)> rows,
        IReadOnlyList<PublishedRow> published, int prefix = 0)
    {
        TextTable table = new TextTable { Title = title }.Texts("model").Numbers([.. metrics.Select(m => m[prefix..])]);
        foreach ((string label, IReadOnlyDictionary<string, ReportMetric> figures) in rows)
        {
            table.Add([
                Cell.Name(label),
                .. metrics.Select(m => figures.TryGetValue(m, out ReportMetric? figure) && double.IsFinite(figure.Value) ? Figure(figure, withInterval: false) : "–"),
            ]);
        }

        foreach (PublishedRow row in published.Where(p => metrics.Any(p.Metrics.ContainsKey)))
        {
            table.Add(Cells(row, metrics));
        }

        terminal.Result.Write(table);
    }

    private static Cell Figure(ReportMetric metric, bool withInterval)
    {
        Cell value = metric.Value.ToString("F4", CultureInfo.InvariantCulture);
        return withInterval && metric.Low != metric.High
            ? value.And(" ", Tone.Detail).And(string.Create(CultureInfo.InvariantCulture, $"{metric.Low:F4}–{metric.High:F4}"), Tone.Grey | Tone.Detail) : value;
    }

    private static Cell Style(Cell cell, bool isBest) => isBest ? cell.In(Tone.Bold | Tone.Green) : cell;
}
