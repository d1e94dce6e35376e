using System.Text;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Pipeline;

/// <summary>Reasons in words.</summary>
public static class ReasonText
{
    /// <summary>How many reasons to ask a model for, so that shares are of the whole and not of the best few.</summary>
    public const int AllReasons = 10_000;

    /// <summary>A smaller share of the whole is no reason to name.</summary>
    public const double LeastShare = 0.01;

    private const int LongestName = 80;

    /// <summary>
    /// A sentence for the two strongest reasons of one recommendation, for example <c>because of A (62 %) and B (21 %)</c>; "" where there
    /// are none. Shares are of the positive weight among <paramref name="reasons"/>, of every kind; below 1 % it is no reason to name. Names are cut to 80 columns.
    /// </summary>
    /// <param name="reasons">Strongest first.</param>
    /// <param name="dataset">Names the items.</param>
    public static string Of(IReadOnlyList<Reason> reasons, Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(reasons);
        ArgumentNullException.ThrowIfNull(dataset);
        Reason[] positive = [.. reasons.Where(r => r.Weight > 0)];
        if (positive.Length == 0)
        {
            return reasons.Count == 0 ? string.Empty : reasons[0].Kind.Replace('_', ' ');
        }

        double total = positive.Sum(r => r.Weight);
        Reason[] worth = [.. positive.Where(r => r.Weight >= LeastShare * total).Take(2)];
        if (worth.Length == 0)
        {
            return $"because of {positive.Length} reasons, each below 1\u00A0%";
        }

        var text = new StringBuilder();
        string? verb = null;
        foreach (Reason reason in worth)
        {
            (string own, string what, string? note) = Words(reason, dataset);
            string share = positive.Length == 1 ? string.Empty : $"{reason.Weight / total:P0}".Replace(" %", "\u00A0%", StringComparison.Ordinal);
            string aside = string.Join(", ", new[] { note, share }.Where(t => t?.Length > 0));
            text.Append(text.Length > 0 ? " and " : string.Empty).Append(own == verb || own.Length == 0 ? string.Empty : $"{own} ").Append(what)
                .Append(aside.Length > 0 ? $" ({aside})" : string.Empty);
            verb = own;
        }

        return text.ToString();
    }

    /// <summary>The reasons that are worth naming: those with at least 1 % of what speaks for an item, for or against it.</summary>
    /// <param name="reasons">All of them.</param>
    public static IEnumerable<Reason> WorthSaying(IReadOnlyList<Reason> reasons)
    {
        ArgumentNullException.ThrowIfNull(reasons);
        double total = reasons.Sum(r => Math.Max(0, r.Weight));
        return reasons.Where(r => Math.Abs(r.Weight) >= LeastShare * total);
    }

    /// <summary>The verb, what it is about, and what else is to be said of that.</summary>
    private static (string Verb, string What, string? Note) Words(Reason reason, Dataset dataset)
    {
        string name = reason.HistoryItemIndex < 0 ? string.Empty : VisibleText.Cut(dataset.DisplayName(reason.HistoryItemIndex), LongestName);
        const string Because = "because of";
        return reason.Kind switch
        {
            "alike_profile" => (Because, "listeners with a profile like yours", null),
            _ when reason.HistoryItemIndex < 0 => (string.Empty, reason.Kind.Replace('_', ' '), null),
            "replayed" => ("you play", name, null),
            "this_session" => (Because, name, "this session"),
            "same_artist" => (Because, name, "same artist"),
            _ => (Because, name, null),
        };
    }
}
