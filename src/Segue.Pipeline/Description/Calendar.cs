using System.Globalization;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Pipeline.Description;

/// <summary>What a dataset's times tell. Interactions of unknown time (−1) are left out of all of it.</summary>
internal static class Calendar
{
    public const int SessionPause = 30 * 60;

    /// <summary>The months of the common era, counted: a number for every calendar month, UTC.</summary>
    public static int Month(long time)
    {
        DateTime moment = DateTime.UnixEpoch.AddSeconds(time);
        return (moment.Year * 12) + moment.Month - 1;
    }

    public static string Iso(long time) =>
        DateTime.UnixEpoch.AddSeconds(time).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static TimeSummary? Span(Dataset dataset)
    {
        long first = long.MaxValue, last = -1;
        int known = 0;
        foreach (long time in dataset.Time.Span)
        {
            if (time >= 0)
            {
                first = Math.Min(first, time);
                last = Math.Max(last, time);
                known++;
            }
        }

        return known == 0 ? null : new(Iso(first), Iso(last), (last - first) / 86_400.0, known);
    }

    public static GraphSummary? MonthGraph(Dataset dataset, GraphSummary graph)
    {
        ReadOnlySpan<int> users = dataset.UserIndex.Span, items = dataset.ItemIndex.Span;
        ReadOnlySpan<long> times = dataset.Time.Span;
        var lastSeen = new int[dataset.Items.Count];
        int months = 0, user = -1, month = -1;
        long edges = 0;
        for (int n = 0; n < times.Length; n++)
        {
            CancellationScope.CheckAt(n);
            if (times[n] < 0)
            {
                continue;
            }

            int now = Month(times[n]);
            if (users[n] != user || now != month)
            {
                // Rows are ordered by user and time, so a node's rows stand together.
                (user, month) = (users[n], now);
                months++;
            }

            if (lastSeen[items[n]] != months)
            {
                lastSeen[items[n]] = months;
                edges++;
            }
        }

        return months == 0 ? null : GraphSummary.Of(graph.UserNodes, graph.ItemNodes, months, graph.Edges + edges);
    }

    public static SessionSummary? Sessions(Dataset dataset)
    {
        ReadOnlySpan<int> users = dataset.UserIndex.Span;
        ReadOnlySpan<long> times = dataset.Time.Span;
        var lengths = new List<int>();
        double seconds = 0;
        int usersWithTime = 0, previous = -1;
        for (int n = 0; n < times.Length; n++)
        {
            CancellationScope.CheckAt(n);
            if (times[n] < 0)
            {
                continue;
            }

            bool sameUser = previous >= 0 && users[previous] == users[n];
            usersWithTime += sameUser ? 0 : 1;
            if (sameUser && times[n] - times[previous] <= SessionPause)
            {
                lengths[^1]++;
                seconds += times[n] - times[previous];
            }
            else
            {
                lengths.Add(1);
            }

            previous = n;
        }

        if (lengths.Count == 0)
        {
            return null;
        }

        double mean = lengths.Average();
        lengths.Sort();
        double median = (lengths[(lengths.Count - 1) / 2] + lengths[lengths.Count / 2]) / 2.0;
        return new(lengths.Count, (double)lengths.Count / usersWithTime, mean, median, lengths[^1], seconds / 60 / lengths.Count);
    }
}
