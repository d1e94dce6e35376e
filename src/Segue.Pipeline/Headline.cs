using System.Globalization;

namespace Segue.Pipeline;

/// <summary>The sentence that matters: which model is best on this data, by how much, and whether that is more than luck.</summary>
public static class Headline
{
    /// <summary>One or two sentences; "" where nothing was measured.</summary>
    public static string Of(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        ReportRow? best = report.Rows.FirstOrDefault(r => r.Label == report.BestModel);
        if (best is null || best.Metrics.Count == 0)
        {
            return string.Empty;
        }

        (string metric, ReportMetric value) = best.Metrics.First();
        ReportRow? baseline = report.Rows.FirstOrDefault(r => r.Label == report.BestBaseline);
        if (baseline is null || !baseline.Metrics.TryGetValue(metric, out ReportMetric? reference))
        {
            return string.Create(CultureInfo.InvariantCulture, $"Best on this data: {best.Label}, {metric} {value.Value:F4}. No trivial baseline was run beside it.");
        }

        if (ReferenceEquals(best, baseline))
        {
            return string.Create(CultureInfo.InvariantCulture, $"Best on this data: {best.Label}, {metric} {value.Value:F4}, a trivial baseline. No model beats it here.");
        }

        string by = reference.Value > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value.Value / reference.Value:F2} × {baseline.Label} ({reference.Value:F4})")
            : string.Create(CultureInfo.InvariantCulture, $"against {reference.Value:F4} of {baseline.Label}");
        string luck = value.PVsBestBaseline switch
        {
            null => string.Empty,
            < 0.001 => "; p < 0.001, more than luck",
            < 0.05 and var p => string.Create(CultureInfo.InvariantCulture, $"; p = {p:F3}, more than luck"),
            var p => string.Create(CultureInfo.InvariantCulture, $"; p = {p:F2}, which may be luck"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"Best on this data: {best.Label}, {metric} {value.Value:F4} ({value.Low:F4}–{value.High:F4}), {by}{luck}.");
    }
}
