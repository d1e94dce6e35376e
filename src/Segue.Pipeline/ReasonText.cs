using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Pipeline;

/// <summary>Reasons in words.</summary>
public static class ReasonText
{
    /// <summary>How many reasons to ask a model for, so that shares are of the whole and not of the best few.</summary>
    public const int AllReasons = 10_000;

    /// <summary>
    /// A sentence for the reasons of one recommendation, for example <c>because of A (62 %) and B (21 %)</c>; "" where there
    /// are none. Shares are of the positive weight among <paramref name="reasons"/>.
    /// </summary>
    public static string Of(IReadOnlyList<Reason> reasons, Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(reasons);
        ArgumentNullException.ThrowIfNull(dataset);
        if (reasons.Count == 0)
        {
            return string.Empty;
        }

        Reason[] items = [.. reasons.Where(r => r.HistoryItemIndex >= 0 && r.Weight > 0)];
        if (items.Length == 0)
        {
            return reasons[0].Kind.Replace('_', ' ');
        }

        double total = items.Sum(r => r.Weight);
        string verb = items[0].Kind switch
        {
            "replayed" => "you play",
            _ => "because of",
        };
        return $"{verb} {string.Join(" and ", items.Take(2).Select(r => items.Length == 1
            ? dataset.DisplayName(r.HistoryItemIndex)
            : $"{dataset.DisplayName(r.HistoryItemIndex)} ({r.Weight / total:P0})"))}".Replace(" %", "\u00A0%", StringComparison.Ordinal);
    }
}
