using System.Globalization;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>The result of a comparison in sentences: which row is best, against which it was tested, and what speaks against believing it.</summary>
/// <param name="name">Writes the name of a row.</param>
/// <param name="text">Writes anything else that comes from a report.</param>
internal sealed class VerdictWords(Func<string, string> name, Func<string, string> text)
{
    /// <summary>The sentences; none where nothing was measured.</summary>
    public IReadOnlyList<string> Of(ExperimentReport report)
    {
        List<string> lines = [];
        IReadOnlyList<ReportCaution> cautions = report.Cautions ?? [];
        string[] against = [.. cautions.Where(c => c.NamesNoWinner).Select(c => text(c.Text))];
        if (report.Rows.All(r => r.Metrics.Count == 0))
        {
            return lines;
        }

        if (against.Length > 0)
        {
            lines.Add($"No model is named best: {Joined(against)}");
        }
        else if (report.Rows.FirstOrDefault(r => r.Label == report.BestModel && r.Metrics.Count > 0) is { } best)
        {
            lines.AddRange(OfBest(report, best));
        }

        lines.AddRange(cautions.Where(c => !c.NamesNoWinner).Select(c => $"Note: {text(c.Text)}"));
        return lines;
    }

    private IEnumerable<string> OfBest(ExperimentReport report, ReportRow best)
    {
        (string metric, ReportMetric value) = best.Metrics.First();
        string figure = string.Create(CultureInfo.InvariantCulture, $"{text(metric)} {value.Value:F4}{(value.Low < value.High ? $" ({F(value.Low)}–{F(value.High)})" : string.Empty)}");
        int rows = report.Rows.Count(r => r.Metrics.ContainsKey(metric));
        ReportRow? baseline = report.Rows.FirstOrDefault(r => r.Label == report.BestBaseline && r.Metrics.ContainsKey(metric));
        ReportVerdict? verdict = report.Verdict?.Best == best.Label ? report.Verdict : null;
        ReportComparison? second = verdict?.Comparisons.FirstOrDefault(c => c.Label == verdict.Second);
        string where = verdict is { Drawn: "day" }
            ? string.Create(CultureInfo.InvariantCulture, $"over {verdict.DrawnCount} days of {(verdict.Listeners == 1 ? "this listener" : $"these {verdict.Listeners} listeners")}") : "on this data";
        bool isOpen = verdict is { IsDistinct: false } && second is not null;
        string reach = baseline is null || ReferenceEquals(baseline, best) ? string.Empty
            : baseline.Metrics[metric].Value > 0
                ? string.Create(CultureInfo.InvariantCulture, $", {value.Value / baseline.Metrics[metric].Value:F2} × {name(baseline.Label)} ({F(baseline.Metrics[metric].Value)})")
                : $", against {F(baseline.Metrics[metric].Value)} of {name(baseline.Label)}";
        if (isOpen)
        {
            string[] others = [.. verdict!.Comparisons.Where(c => c != second && !(c.PHolm < 0.05)).Select(c => name(c.Label))];
            yield return $"{name(best.Label)} and {name(second!.Label)} cannot be distinguished: {Difference(metric, second)}, {P(second.PHolm)} {Corrected(verdict)}.";
            if (others.Length > 0)
            {
                yield return $"Nor can {name(best.Label)} be distinguished from {string.Join(", ", others)}.";
            }

            yield return $"The highest figure {where} is {figure} of {name(best.Label)}{reach}{AgainstBaseline(verdict, baseline, second)}.".Replace(
                "The highest", HigherIsBetter(metric) ? "The highest" : "The lowest", StringComparison.Ordinal);
        }
        else if (second is not null)
        {
            string tested = $"; better than {name(second.Label)} by {Difference(metric, second)["difference ".Length..]}, {P(second.PHolm)} {Corrected(verdict!)}";
            yield return $"Best {where}: {name(best.Label)}, {figure}{reach}{tested}{AgainstBaseline(verdict!, baseline, second)}.";
        }
        else
        {
            string tested = rows < 2 ? "; it was compared with nothing" : "; the differences were not tested";
            yield return $"Best {where}: {name(best.Label)}, {figure}{reach}{tested}.";
        }

        if (baseline is null)
        {
            yield return "No trivial baseline was run beside it.";
        }
        else if (ReferenceEquals(baseline, best))
        {
            yield return rows < 2 ? "It is a trivial baseline." : "It is a trivial baseline: no model beats it here.";
        }
    }

    private string AgainstBaseline(ReportVerdict verdict, ReportRow? baseline, ReportComparison second)
    {
        ReportComparison? test = baseline is null || baseline.Label == second.Label ? null : verdict.Comparisons.FirstOrDefault(c => c.Label == baseline.Label);
        return test is null ? string.Empty : $"; against {name(test.Label)} {P(test.PHolm)}";
    }

    // As a gain, whichever direction is better.
    private static string Difference(string metric, ReportComparison c)
    {
        (double value, double low, double high) = HigherIsBetter(metric) ? (c.Difference, c.Low, c.High) : (-c.Difference, -c.High, -c.Low);
        return $"difference {F(value)}, {F(low)} to {F(high)}";
    }

    private static string Corrected(ReportVerdict verdict) => verdict.Comparisons.Count == 1
        ? "in the one comparison there is" : string.Create(CultureInfo.InvariantCulture, $"after Holm for {verdict.Comparisons.Count} comparisons");

    private static string Joined(string[] sentences) => string.Join(' ', sentences.Select((s, n) => n == 0 || s.Length == 0 ? s : char.ToUpperInvariant(s[0]) + s[1..]));

    private static bool HigherIsBetter(string metric) => MetricCatalog.All.FirstOrDefault(m => m.Name == metric.Split('@', ':')[0])?.HigherIsBetter ?? true;

    private static string F(double value) => value.ToString("0.0000;−0.0000", CultureInfo.InvariantCulture);

    private string P(double p) => p < 0.001 ? text("p < 0.001") : string.Create(CultureInfo.InvariantCulture, $"p = {p:F3}");
}
