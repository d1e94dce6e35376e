using System.Globalization;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>What a reader must know before believing a figure.</summary>
/// <param name="Kind">One of <c>replay</c>, <c>by_day</c>, <c>few_listeners</c>, <c>few_days</c>, <c>many_answers</c>, <c>few_candidates</c>, <c>tied_lists</c>.</param>
/// <param name="Text">The same in words.</param>
/// <param name="NamesNoWinner">True where no model is named best because of it.</param>
public sealed record ReportCaution(string Kind, string Text, bool NamesNoWinner);

/// <summary>Looks for what makes figures mean less than they seem to.</summary>
internal static class Cautions
{
    /// <summary>With fewer listeners an interval over them means little.</summary>
    public const int FewListeners = 30;

    /// <summary>With fewer days of few listeners no model is named best.</summary>
    public const int FewDays = 20;

    /// <summary>What to say of the results of all rows under one protocol.</summary>
    /// <param name="metric">The metric that decides.</param>
    /// <param name="results">Label and result of every row that has the metric, the highest first.</param>
    /// <param name="isReplayByDefault">Whether seen items are kept because there is one listener alone.</param>
    public static List<ReportCaution> Of(MetricSpecification metric, IReadOnlyList<(string Label, EvaluationResult Result)> results, bool isReplayByDefault)
    {
        var cautions = new List<ReportCaution>();
        if (isReplayByDefault)
        {
            cautions.Add(new("replay", "one listener alone: what was heard before may be heard again, so seen items are kept (replay), as with --keep-seen.", false));
        }

        if (results.Count == 0)
        {
            return cautions;
        }

        EvaluationResult any = results[0].Result;
        int listeners = any.Users.Distinct().Count();
        if (any.Days.Count > 0)
        {
            string who = listeners == 1 ? "1 listener" : Text($"{listeners} listeners");
            cautions.Add(new(
                "by_day", Text($"{who}: every day is a question of its own, with all before it as history. Intervals and tests draw {Days(any.Days.Count)}, and say nothing about other listeners."), false));
            if (any.Days.Count < FewDays)
            {
                cautions.Add(new("few_days", Text($"too few days: {Days(any.Days.Count)} of {who}, fewer than {FewDays}. Collect more, or hold out a longer time."), true));
            }
        }
        else if (Groups(any) is var (count, what) && count < FewListeners)
        {
            cautions.Add(new(
                "few_listeners",
                Text($"too few listeners: {count} {what}{(count == 1 ? string.Empty : "s")} to ask, fewer than {FewListeners}, so intervals and tests mean little. Use more listeners, or for data with times --split global-time, which asks few listeners day by day."),
                true));
        }

        if (any.RelevantShare > 0.5)
        {
            cautions.Add(new(
                "many_answers",
                Text($"too few candidates are wrong: on average {any.RelevantShare * 100:F0} % of them are right answers, so any order scores high. Hold less out, or use more data."),
                true));
        }

        if (metric.K is { } k && any.CandidateCount <= k)
        {
            cautions.Add(new(
                "few_candidates", Text($"too few candidates: on average {any.CandidateCount:0.#} are ranked, and the {k} places of {metric.Name} hold them all. Ask for a shorter list."), false));
        }

        (string Label, EvaluationResult Result)[] tied = [.. results.Where(r => r.Result.TiedLists > 0)];
        if (tied.Length > 0)
        {
            string rows = string.Join(", ", tied.Select(r => Text($"{r.Label} in {r.Result.TiedLists:N0} of {r.Result.Lists:N0}")));
            cautions.Add(new(
                "tied_lists", $"lists whose scores are all tied, so that chance orders them: {rows}.", results.Take(2).Any(r => 2 * r.Result.TiedLists > r.Result.Lists)));
        }

        return cautions;
    }

    /// <summary>What intervals and tests draw: how many, and of what.</summary>
    public static (int Count, string What) Groups(EvaluationResult result) =>
        result.Days.Count > 0 ? (result.Days.Count, "day")
        : result.Clusters.Count > 0 ? (result.Clusters.Distinct().Count(), "listener")
        : (result.Users.Length, "listener");

    private static string Days(int count) => count == 1 ? "1 day" : Text($"{count} days");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
