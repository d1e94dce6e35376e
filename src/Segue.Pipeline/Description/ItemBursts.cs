using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Pipeline.Description;

/// <summary>How the plays of the most played items lie in time.</summary>
/// <param name="Median">Median burstiness of the items looked at.</param>
/// <param name="Looked">Items looked at: at most the 200 of most timed plays, those with three and more at more than one moment.</param>
/// <param name="Unit">What the plays of <paramref name="Items"/> are counted by: <c>day</c> up to four months, <c>week</c> up to three years, or <c>month</c>.</param>
/// <param name="Items">The six most played of them, most plays first.</param>
public sealed record ItemBursts(double Median, int Looked, string Unit, IReadOnlyList<ItemBurst> Items)
{
    private const int MostLooked = 200, MostShown = 6;

    /// <summary>Null without times, or where no item has three timed plays. O(interactions), 4 bytes an item and 8 a play of the items looked at.</summary>
    internal static ItemBursts? Of(Dataset dataset)
    {
        ReadOnlySpan<int> users = dataset.UserIndex.Span, items = dataset.ItemIndex.Span;
        ReadOnlySpan<long> times = dataset.Time.Span;
        var count = new int[dataset.Items.Count];
        for (int n = 0; n < times.Length; n++)
        {
            CancellationScope.CheckAt(n);
            count[items[n]] += times[n] >= 0 ? 1 : 0;
        }

        int[] most = [.. Enumerable.Range(0, count.Length).Where(i => count[i] >= 3).OrderByDescending(i => count[i]).ThenBy(i => i).Take(MostLooked)];
        var plays = most.ToDictionary(i => i, i => new List<long>(count[i]));
        var listeners = new Dictionary<int, (int Last, int Count)>();
        for (int n = 0; n < times.Length; n++)
        {
            CancellationScope.CheckAt(n);
            if (times[n] >= 0 && plays.TryGetValue(items[n], out List<long>? of))
            {
                of.Add(times[n]);

                // Rows are ordered by user.
                (int last, int heard) = listeners.GetValueOrDefault(items[n], (-1, 0));
                listeners[items[n]] = (users[n], last == users[n] ? heard : heard + 1);
            }
        }

        (int Item, double Burstiness)[] looked = [.. most.Select(i =>
        {
            plays[i].Sort();
            return (i, DescriptionCharts.Burstiness([.. plays[i]]));
        }).Where(p => !double.IsNaN(p.Item2))];
        if (looked.Length == 0)
        {
            return null;
        }

        int[] shown = [.. looked.Take(MostShown).Select(p => p.Item)];
        double days = (shown.Max(i => plays[i][^1]) - shown.Min(i => plays[i][0])) / 86_400.0;
        string unit = days <= 125 ? "day" : days <= 3 * 366 ? "week" : "month";
        double[] sorted = [.. looked.Select(p => p.Burstiness).Order()];
        return new ItemBursts(
            (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, looked.Length, unit,
            [.. looked.Take(MostShown).Select(p => new ItemBurst(
                dataset.DisplayName(p.Item), plays[p.Item].Count, listeners[p.Item].Count, p.Burstiness, Counts(plays[p.Item], unit)))]);
    }

    // Units without a play are left out: a chart over a time axis draws the gaps.
    private static ValueCount[] Counts(List<long> ascending, string unit)
    {
        const long Day = 86_400, Week = 7 * Day;

        // The first Monday of the epoch is its fifth day.
        return [.. ascending.GroupBy(t => unit switch
        {
            "day" => Calendar.Iso(t)[..10],
            "week" => Calendar.Iso(Math.Max(0, ((t - (4 * Day) + Week) / Week * Week) + (4 * Day) - Week))[..10],
            _ => Calendar.Iso(t)[..7] + "-01",
        }).Select(g => new ValueCount(g.Key, g.Count()))];
    }
}

/// <summary>The timed plays of one item by everybody.</summary>
/// <param name="Item">Name of the item.</param>
/// <param name="Plays">Timed plays.</param>
/// <param name="Listeners">Users among them.</param>
/// <param name="Burstiness">Of the gaps between them: from −1 (regular) over 0 (random) to 1 (bursty).</param>
/// <param name="Counts">First day of every unit with a play, and its plays; ascending.</param>
public sealed record ItemBurst(string Item, int Plays, int Listeners, double Burstiness, IReadOnlyList<ValueCount> Counts);
