using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Core.Views;

/// <summary>A dataset seen as sessions: consecutive interactions of one user without a long pause.</summary>
/// <remarks>
/// The sessions of a user are in order of time, and all sessions in order of user, so a session is a range of interactions:
/// session s is interactions <c>RowStart[s] … RowStart[s + 1] − 1</c>. Memory 4 bytes a session; nothing is copied.
/// </remarks>
public sealed class Sessions
{
    /// <summary>The usual pause that ends a session, in minutes.</summary>
    public const double DefaultGapMinutes = 30;

    private Sessions(Dataset dataset, int[] rowStart, int[] userSessionStart)
    {
        Dataset = dataset;
        RowStart = rowStart;
        UserSessionStart = userSessionStart;
    }

    /// <summary>The dataset the sessions are ranges of.</summary>
    public Dataset Dataset { get; }

    /// <summary>Number of sessions.</summary>
    public int Count => RowStart.Length - 1;

    /// <summary>First interaction of every session and, last, the number of interactions; length <see cref="Count"/> + 1.</summary>
    public ReadOnlyMemory<int> RowStart { get; }

    /// <summary>First session of every user and, last, <see cref="Count"/>; length users + 1. Users may have none.</summary>
    public ReadOnlyMemory<int> UserSessionStart { get; }

    /// <summary>Cuts a dataset into sessions. O(interactions).</summary>
    /// <param name="dataset">
    /// With times: a session ends where the next interaction is more than <paramref name="gapMinutes"/> later; interactions of
    /// unknown time come first in a user and are a session of their own. With an order but no times: all of a user is one
    /// session, as a playlist or a line of a session file is.
    /// </param>
    /// <param name="gapMinutes">Minutes, 0 or more; a pause of exactly this length does not end a session.</param>
    /// <exception cref="DatasetException">The dataset has neither times nor an order.</exception>
    public static Sessions Of(Dataset dataset, double gapMinutes = DefaultGapMinutes)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (!(gapMinutes >= 0) || !double.IsFinite(gapMinutes))
        {
            throw new ArgumentOutOfRangeException(nameof(gapMinutes), $"a session gap of {gapMinutes} minutes; give 0 or more");
        }

        if (!dataset.IsOrdered && !dataset.HasTime)
        {
            throw new DatasetException(
                $"sessions need times or an order, and dataset '{dataset.Name}' has neither; import a source with times");
        }

        int[] start = dataset.UserStart();
        ReadOnlySpan<long> time = dataset.Time.Span;
        double gap = gapMinutes * 60;
        var rowStart = new List<int>();
        var userSessionStart = new int[dataset.Users.Count + 1];
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = start[u]; n < start[u + 1]; n++)
            {
                bool first = n == start[u];
                if (first || (dataset.HasTime && (time[n - 1] < 0 ? time[n] >= 0 : time[n] - time[n - 1] > gap)))
                {
                    rowStart.Add(n);
                }
            }

            userSessionStart[u + 1] = rowStart.Count;
        }

        rowStart.Add(dataset.Count);
        return new Sessions(dataset, [.. rowStart], userSessionStart);
    }

    /// <summary>Items of session <paramref name="session"/>, oldest first, repeats kept.</summary>
    public ReadOnlySpan<int> Items(int session)
    {
        ReadOnlySpan<int> start = RowStart.Span;
        return Dataset.ItemIndex.Span[start[session]..start[session + 1]];
    }

    /// <summary>User of session <paramref name="session"/>.</summary>
    public int UserOf(int session) => Dataset.UserIndex.Span[RowStart.Span[session]];
}
