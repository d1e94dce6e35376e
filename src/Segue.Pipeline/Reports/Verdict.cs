using System.Globalization;
using Segue.Evaluation;
using static Segue.Pipeline.Reports.HtmlPage;

namespace Segue.Pipeline.Reports;

/// <summary>The result of a comparison in plain words, as HTML: the sentences of the <see cref="Headline"/>.</summary>
internal static class Verdict
{
    /// <summary>In plain words: which model is best, by how much, whether chance explains it, and what speaks against the figures.</summary>
    public static IReadOnlyList<string> Of(ExperimentReport report)
    {
        IReadOnlyList<string> lines = new VerdictWords(label => $"<b>{Name(label)}</b>", text => Text(text)).Of(report);
        return lines.Count > 0 ? lines : ["No model gave a figure, so there is nothing to compare."];
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
}
