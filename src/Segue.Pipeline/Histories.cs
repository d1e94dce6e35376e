using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Pipeline;

/// <summary>One listener's part of a dataset.</summary>
public static class Histories
{
    /// <summary>The query of one listener.</summary>
    /// <param name="known">What is known of all listeners.</param>
    /// <param name="userIndex">The listener.</param>
    /// <param name="userStart"><see cref="Dataset.UserStart"/> of <paramref name="known"/>.</param>
    /// <param name="isFoldIn">True to ask with the history, false to ask for the trained user.</param>
    /// <param name="moment">Moment of the query, Unix seconds, or −1.</param>
    public static Query QueryOf(Dataset known, int userIndex, int[] userStart, bool isFoldIn, long moment = -1)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(userStart);
        if (!isFoldIn)
        {
            return Query.ForUser(userIndex, moment);
        }

        Range rows = userStart[userIndex]..userStart[userIndex + 1];
        return Query.ForHistory(
            known.ItemIndex[rows],
            known.HasWeight ? known.Weight[rows] : default,
            known.HasTime ? known.Time[rows] : default,
            moment);
    }

    /// <summary>Names of the last distinct items of a history, newest first.</summary>
    public static IReadOnlyList<string> RecentNames(Dataset dataset, ReadOnlySpan<int> history, int count)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var seen = new HashSet<int>();
        var names = new List<string>();
        for (int n = history.Length - 1; n >= 0 && names.Count < count; n--)
        {
            if (seen.Add(history[n]))
            {
                names.Add(dataset.DisplayName(history[n]));
            }
        }

        return names;
    }
}
