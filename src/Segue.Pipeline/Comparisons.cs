using Segue.Core;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>The row with the best figure against another, tested in the deciding metric.</summary>
/// <param name="Label">The other row.</param>
/// <param name="Difference">Best − other.</param>
/// <param name="Low">Lower end of its 95 % bootstrap interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="P">Two-sided paired test of this pair alone.</param>
/// <param name="PHolm">The same, corrected by Holm for all rows the best is compared with.</param>
public sealed record ReportComparison(string Label, double Difference, double Low, double High, double P, double PHolm);

/// <summary>Whether the row with the best figure is better than the others, or only drew the better lot.</summary>
/// <param name="Metric">The metric that decides.</param>
/// <param name="Best">Label of the row with the best figure.</param>
/// <param name="Second">Label of the next, or null where there is none to test against.</param>
/// <param name="IsDistinct">True where the best can be told from the second: p after Holm below .05, and nothing speaks against the figures.</param>
/// <param name="Comparisons">The best against every other row, the closest figure first.</param>
/// <param name="Drawn">What intervals and tests draw: <c>listener</c>, or <c>day</c> of few listeners.</param>
/// <param name="DrawnCount">How many of them.</param>
/// <param name="Listeners">Listeners (or sessions) asked.</param>
public sealed record ReportVerdict(
    string Metric, string Best, string? Second, bool IsDistinct, IReadOnlyList<ReportComparison> Comparisons, string Drawn, int DrawnCount, int Listeners);

/// <summary>Tests the best row against the others.</summary>
internal static class Comparisons
{
    /// <summary>The verdict on rows, of which the first has the best figure and the others follow by theirs; null where there is none.</summary>
    public static ReportVerdict? Of(
        string metric, IReadOnlyList<(string Label, EvaluationResult Result)> rows, bool isReliable, ulong seed, int threads)
    {
        if (rows.Count == 0)
        {
            return null;
        }

        (string best, EvaluationResult first) = rows[0];
        var tests = new List<(string Label, MetricValue Difference, double P)>();
        foreach ((string label, EvaluationResult second) in rows.Skip(1).Where(_ => first.PerUser.ContainsKey(metric)))
        {
            if (second.PerUser.ContainsKey(metric) && HaveCommon(first, second, metric))
            {
                tests.Add((
                    label, Significance.BootstrapDifference(first, second, metric, seed: seed, threads: threads),
                    Significance.Paired(first, second, metric, seed: seed, threads: threads).P));
            }
        }

        double[] corrected = Significance.Holm([.. tests.Select(t => t.P)]);
        ReportComparison[] comparisons =
            [.. tests.Select((t, n) => new ReportComparison(t.Label, t.Difference.Value, t.Difference.Low, t.Difference.High, t.P, corrected[n]))];
        (int count, string drawn) = Cautions.Groups(first);
        return new ReportVerdict(
            metric, best, comparisons.FirstOrDefault()?.Label, isReliable && comparisons.Length > 0 && comparisons[0].PHolm < 0.05, comparisons, drawn, count,
            first.Users.Distinct().Count());
    }

    private static bool HaveCommon(EvaluationResult first, EvaluationResult second, string metric)
    {
        try
        {
            _ = Significance.BootstrapDifference(first, second, metric, samples: 0);
            return true;
        }
        catch (OptionException)
        {
            return false;
        }
    }
}
