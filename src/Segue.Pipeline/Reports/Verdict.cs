using System.Globalization;
using Segue.Evaluation;
using static Segue.Pipeline.Reports.HtmlPage;

namespace Segue.Pipeline.Reports;

/// <summary>The result of a comparison in plain words, as HTML: longer than the <see cref="Headline"/> of the console.</summary>
internal static class Verdict
{
    /// <summary>In plain words: which model is best, by how much, and whether chance explains it.</summary>
    public static IReadOnlyList<string> Of(ExperimentReport report)
    {
        ReportRow? best = report.Rows.FirstOrDefault(r => r.Label == report.BestModel && r.Metrics.Count > 0);
        if (best is null)
        {
            return ["No model gave a figure, so there is nothing to compare."];
        }

        string metric = DecidingMetric(report, best);
        ReportMetric figure = best.Metrics[metric];
        int others = report.Rows.Count(r => r.Metrics.ContainsKey(metric)) - 1;
        var lines = new List<string>();
        string value = $"{Text(metric)} {Number(figure.Value)}{Interval(figure, " (95 % interval ", " to ", ")")}";
        ReportRow? baseline = report.Rows.FirstOrDefault(r => r.Label == report.BestBaseline && r.Metrics.ContainsKey(metric));
        if (baseline is not null && baseline.Label == best.Label)
        {
            string of = Count(others + 1, "model");
            lines.Add($"No model beats the trivial baselines on this data: <b>{Name(best.Label)}</b> is best of {of} with {value}.");
        }
        else
        {
            lines.Add(others == 0
                ? $"<b>{Name(best.Label)}</b> reaches {value}; it was compared with nothing."
                : $"<b>{Name(best.Label)}</b> is the best of {Count(others + 1, "model")} on this data: {value}.");
            lines.Add(baseline is null
                ? "No trivial baseline was run, so whether the model learned anything worth its time is open."
                : AgainstBaseline(metric, figure, baseline, report.Split.TestUsers));
        }

        ReportRow? next = report.Rows
            .Where(r => r.Label != best.Label && r.Label != report.BestBaseline)
            .Where(r => r.Metrics.TryGetValue(metric, out ReportMetric? m) && double.IsFinite(m.Value))
            .OrderBy(r => HigherIsBetter(metric) ? -r.Metrics[metric].Value : r.Metrics[metric].Value)
            .FirstOrDefault();
        if (next is not null)
        {
            ReportMetric second = next.Metrics[metric];
            string overlap = second.Low >= second.High || figure.Low >= figure.High
                ? string.Empty
                : second.High >= figure.Low && figure.High >= second.Low
                    ? "; the two intervals overlap"
                    : "; the two intervals do not overlap";
            lines.Add($"Next comes {Name(next.Label)} with {Number(second.Value)}{overlap}.");
        }

        return lines;
    }

    // The first metric of the report decides, as in ExperimentReport.BestModel.
    public static string DecidingMetric(ExperimentReport report, ReportRow best)
    {
        string first = report.Rows.First(r => r.Metrics.Count > 0).Metrics.Keys.First();
        return best.Metrics.ContainsKey(first) ? first : best.Metrics.Keys.First();
    }

    public static string BaseName(string metric) => metric.Split('@', ':')[0];

    public static bool HigherIsBetter(string metric) =>
        MetricCatalog.All.FirstOrDefault(m => m.Name == BaseName(metric))?.HigherIsBetter ?? true;

    public static string Interval(ReportMetric figure, string open, string between, string close) =>
        figure.Low < figure.High ? $"{open}{Number(figure.Low)}{between}{Number(figure.High)}{close}" : string.Empty;

    public static string P(double p) => p < 0.001 ? "p &lt; 0.001" : $"p = {p.ToString("0.000", CultureInfo.InvariantCulture)}";

    public static string Count(int count, string what) => $"{Number(count)} {what}{(count == 1 ? string.Empty : "s")}";

    private static string AgainstBaseline(string metric, ReportMetric figure, ReportRow baseline, int users)
    {
        double reference = baseline.Metrics[metric].Value;
        bool better = HigherIsBetter(metric) ? figure.Value > reference : figure.Value < reference;
        double ratio = figure.Value / reference;
        string gain = (HigherIsBetter(metric), ratio) switch
        {
            _ when !better => "no better than",
            _ when !double.IsFinite(ratio) || reference <= 0 => HigherIsBetter(metric) ? "above" : "below",
            (true, >= 2) => $"{ratio.ToString("0.0", CultureInfo.InvariantCulture)} times",
            (true, _) => $"{((ratio - 1) * 100).ToString("0.0", CultureInfo.InvariantCulture)} % above",
            (false, _) => $"{((1 - ratio) * 100).ToString("0.0", CultureInfo.InvariantCulture)} % below",
        };
        string paired = $"paired test over {Count(users, "user")}";
        string test = figure.PVsBestBaseline switch
        {
            null => "The difference was not tested.",
            < 0.05 and double p => $"The difference is significant ({P(p)}, {paired}).",
            double p when double.IsFinite(p) => $"The difference is not significant ({P(p)}, {paired}): chance alone may explain it.",
            _ => "The difference could not be tested.",
        };
        return $"That is {gain} the best trivial baseline, {Name(baseline.Label)} ({Number(reference)}). {test}";
    }
}
