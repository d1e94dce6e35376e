using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;

namespace Segue.Models.SessionBased;

/// <summary>
/// The sessions a model was trained on, numbered from the oldest to the latest by their last play (by the order of the data where there are no
/// times), and the session every listener is in.
/// </summary>
/// <remarks>4 bytes a play, 8 bytes a session with times. Sessions of the same last second keep the order of the data.</remarks>
internal sealed class SessionTable
{
    private readonly int[] _start, _items, _userSession;
    private readonly long[] _time;
    private readonly double _gapMinutes;
    private readonly long _oldestTime;

    private SessionTable(int[] start, int[] items, long[] time, int[] userSession, double gapMinutes)
    {
        (_start, _items, _time, _userSession, _gapMinutes) = (start, items, time, userSession, gapMinutes);

        // Where no time is known none is older than another: no moment lies after the end of time.
        int known = Array.FindIndex(time, t => t >= 0);
        _oldestTime = known < 0 ? long.MaxValue : time[known];
    }

    public int Count => _start.Length - 1;

    public int Users => _userSession.Length;

    public bool HasTime => _time.Length > 0;

    /// <summary>Unix seconds of the last play of every session, ascending; empty without times.</summary>
    public ReadOnlySpan<long> Time => _time;

    /// <summary>The latest of <see cref="Time"/>, or −1 where none is known.</summary>
    public long LatestTime => HasTime ? _time[^1] : -1;

    /// <summary>Cuts the training data into sessions.</summary>
    /// <exception cref="DatasetException">Neither times nor an order.</exception>
    public static SessionTable Of(Dataset train, double gapMinutes)
    {
        var sessions = Sessions.Of(train, gapMinutes);
        ReadOnlySpan<int> rowStart = sessions.RowStart.Span, userStart = sessions.UserSessionStart.Span;
        int count = sessions.Count;
        var order = new int[count];
        var time = new long[train.HasTime ? count : 0];
        for (int s = 0; s < count; s++)
        {
            order[s] = s;
            if (train.HasTime)
            {
                time[s] = train.Time.Span[rowStart[s + 1] - 1];
            }
        }

        if (train.HasTime)
        {
            long[] last = time;
            order.AsSpan().Sort((a, b) => last[a] != last[b] ? last[a].CompareTo(last[b]) : a.CompareTo(b));
            time = Array.ConvertAll(order, s => last[s]);
        }

        var rank = new int[count];
        var start = new int[count + 1];
        var items = new int[train.Count];
        for (int n = 0; n < count; n++)
        {
            rank[order[n]] = n;
            ReadOnlySpan<int> own = sessions.Items(order[n]);
            own.CopyTo(items.AsSpan(start[n]));
            start[n + 1] = start[n] + own.Length;
        }

        var userSession = new int[train.Users.Count];
        for (int u = 0; u < userSession.Length; u++)
        {
            userSession[u] = userStart[u + 1] > userStart[u] ? rank[userStart[u + 1] - 1] : -1;
        }

        return new SessionTable(start, items, time, userSession, gapMinutes);
    }

    /// <summary>Items of a session, oldest first, repeats kept.</summary>
    public ReadOnlySpan<int> Items(int session) => _items.AsSpan(_start[session].._start[session + 1]);

    /// <summary>The last session of a listener in the training data, or −1.</summary>
    public int SessionOf(int userIndex) => _userSession[userIndex];

    /// <summary>
    /// The items of the session the query is in: of a history what follows its last pause, of a listener the model knows the last session it trained on.
    /// </summary>
    public ReadOnlySpan<int> Current(Query query)
    {
        if (!query.IsFoldIn)
        {
            int session = query.UserIndex < 0 ? -1 : _userSession[query.UserIndex];
            return session < 0 ? [] : Items(session);
        }

        return Current(query.History.Span, query.HistoryTime.Span);
    }

    /// <summary>What follows the last pause of a history; all of it where it has no times.</summary>
    /// <param name="history">Items, oldest first.</param>
    /// <param name="times">Their Unix seconds (−1 unknown), or empty.</param>
    public ReadOnlySpan<int> Current(ReadOnlySpan<int> history, ReadOnlySpan<long> times)
    {
        int first = history.Length;
        while (first > 0 && (first == history.Length || times.IsEmpty || !IsPause(times[first - 1], times[first])))
        {
            first--;
        }

        return history[first..];
    }

    /// <summary>
    /// Age of a session as of the moment of a query: in days with times (0 for later ones), in thousands of sessions that follow it without. A session of
    /// unknown time is as old as the oldest of known time: it lies before them, nobody knows how far.
    /// </summary>
    public double Age(int session, long moment) =>
        HasTime ? Math.Max(0, moment - Math.Max(_time[session], _oldestTime)) / 86_400.0 : (Count - 1 - session) / 1000.0;

    /// <summary>The moment a query asks about: its own, else that of its last play, else the latest of the training data.</summary>
    public long MomentOf(Query query)
    {
        ReadOnlySpan<long> times = query.HistoryTime.Span;
        return query.Moment >= 0 ? query.Moment : !times.IsEmpty && times[^1] >= 0 ? times[^1] : LatestTime;
    }

    public void Save(ArtifactWriter artifact, int itemCount)
    {
        artifact.Add("session_start", _start);
        artifact.Add("session_item", _items);
        artifact.Add("session_time", _time);
        artifact.Add("user_session", _userSession);
        artifact.Add("session_facts", [(long)itemCount]);
    }

    /// <exception cref="DatasetException">An array is missing, or belongs to other users or items.</exception>
    public static SessionTable Load(ArtifactReader artifact, Dataset train, double gapMinutes)
    {
        int[] items = artifact.Integers("session_item"), userSession = artifact.Integers("user_session");
        long[] time = artifact.Longs("session_time"), facts = artifact.Longs("session_facts");
        int[] start = artifact.Starts("session_start", artifact.Integers("session_start").Length - 1, items.Length);
        return facts is [long itemCount] && itemCount == train.Items.Count && userSession.Length == train.Users.Count
            && (time.Length == 0 || time.Length == start.Length - 1) && Array.TrueForAll(items, i => (uint)i < (uint)itemCount) && Array.TrueForAll(userSession, s => s >= -1 && s < start.Length - 1)
            ? new SessionTable(start, items, time, userSession, gapMinutes)
            : throw new DatasetException(
                $"the model was not trained on this dataset of {train.Users.Count} users and {train.Items.Count} items; give the one it was trained on");
    }

    private bool IsPause(long before, long after) => before < 0 ? after >= 0 : after - before > _gapMinutes * 60;
}
