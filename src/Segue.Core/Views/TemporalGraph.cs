using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Core.Views;

/// <summary>What an edge between a user or session and an item weighs, before it is multiplied by the weight of its kind.</summary>
public enum TemporalEdges
{
    /// <summary>The item's share of the plays of the user or session (seed 000).</summary>
    Plays,

    /// <summary>1 (Xiang et al., KDD 2010).</summary>
    Ones,
}

/// <summary>How a <see cref="TemporalGraph"/> is made; models on that graph derive their options from these.</summary>
public abstract record TemporalGraphOptions : ModelOptions
{
    /// <summary>What a session is: <c>month</c>, days such as <c>7d</c>, a pause such as <c>30m-gap</c>, or <c>none</c>.</summary>
    [Description("what a session is: month, a number of days such as 7d, a pause in minutes such as 30m-gap, or none for no sessions")]
    public string Period { get; init; } = "month";

    /// <summary>What an edge of a user or session weighs.</summary>
    [Description("what an edge of a user or session weighs: plays, the item's share of its plays, or ones")]
    public TemporalEdges Edges { get; init; } = TemporalEdges.Plays;

    /// <summary>η_u: factor of every edge between a user and an item.</summary>
    [Range(1e-9, 1e9)]
    [Description("factor of every edge between a user and an item (eta_u): what was heard over all time")]
    public double UserWeight { get; init; } = 1;

    /// <summary>η_s: factor of every edge between a session and an item.</summary>
    [Range(1e-9, 1e9)]
    [Description("factor of every edge between a session and an item (eta_s): what was heard together")]
    public double SessionWeight { get; init; } = 1;

    /// <summary>Days before the latest play after which a play counts half; 0 for no decay.</summary>
    [Range(0.0, 1e6)]
    [Description("days before the latest play of all after which a play counts half; 0 for no decay")]
    public double HalfLifeDays { get; init; }

    /// <summary>Items with fewer plays in all get no edges.</summary>
    [Range(1, 1_000_000_000)]
    [Description("items with fewer plays in all get no edges; 2 leaves out what was heard once")]
    public int MinPlays { get; init; } = 1;

    /// <summary>Weight of an edge between an item and its artist; 0 for no artists.</summary>
    [Range(0.0, 1e9)]
    [Description("weight of an edge between an item and its artist; 0 for no artists in the graph")]
    public double ArtistWeight { get; init; }

    /// <summary>Weight of an edge between a user and its gender, age band, country and year of sign-up; 0 for no profiles.</summary>
    [Range(0.0, 1e9)]
    [Description("weight of an edge between a user and its gender, age band, country or sign-up year; 0 for no profiles in the graph")]
    public double ProfileWeight { get; init; }

    /// <inheritdoc/>
    protected internal override void CheckWhole(string owner)
    {
        if (!SessionPeriod.TryParse(Period, out _))
        {
            throw new OptionException($"option 'period' of {owner} is '{Period}'; give {SessionPeriod.Forms}");
        }
    }
}

/// <summary>What a listener nobody trained with would be joined to: items ascending, with the weights of the edges.</summary>
/// <param name="Items">Items over all time.</param>
/// <param name="Weights">Weights of their edges.</param>
/// <param name="SessionItems">Items of the current session; empty where there is none.</param>
/// <param name="SessionWeights">Weights of their edges.</param>
public readonly record struct TemporalListener(int[] Items, float[] Weights, int[] SessionItems, float[] SessionWeights);

/// <summary>
/// A dataset seen as a session-based temporal graph: users, items and sessions (a user in a stretch of time) are nodes; a user is joined to
/// all its items, a session to the items of its time; artists and profiles may be nodes too.
/// </summary>
/// <remarks>
/// <para>
/// Weights: w(u, i) = η_u · plays_u(i) / plays_u, w(s, i) = η_s · plays_s(i) / plays_s, over plays of the user and of the session (seed 000), or η_u and η_s
/// alone; with a half-life every play in a numerator fades by 2^(−age / half-life), at most to 2^(−100). Artists and profiles have one constant weight each. No weight is below 2^(−120), so
/// that a float holds its reciprocal. Edges have no direction.
/// </para>
/// <para>
/// Nodes in this order: users, items, sessions (of the first user by time, then of the next), artists, profile values. A play of unknown time is
/// an edge of its user, in no session, and as old as the oldest of all. Users and items without plays are nodes without edges.
/// </para>
/// <para>
/// O(plays · log(plays of a user)), one pass a user, users in parallel; 8 bytes an edge, and 16 more with <see cref="Adjacency"/>. Sources: Xiang et al.,
/// "Temporal recommendation on graphs via long- and short-term preference fusion", KDD 2010, section 3; seed 000, section V.C.2 and IX; the
/// half-life after Nzekon et al., WEBIST 2017.
/// </para>
/// </remarks>
public sealed class TemporalGraph
{
    private const int Chunk = 8;
    private const int MostYears = 120;
    private static readonly double LeastWeight = Math.Pow(2, -120);
    private static readonly string[] ProfileColumns = ["gender", "age", "country", "signup", "registered"];

    private readonly bool[] _hasEdges;
    private readonly long _earliestTime;

    private TemporalGraph(
        TemporalGraphOptions options, CsrMatrix userItems, CsrMatrix sessionItems, int[] userSessionStart, long[] sessionFirst, long[] sessionLast,
        CsrMatrix artistItems, CsrMatrix profileUsers, long earliestTime, long latestTime)
    {
        Options = options;
        Period = SessionPeriod.Parse(options.Period);
        (UserItems, SessionItems, ArtistItems, ProfileUsers) = (userItems, sessionItems, artistItems, profileUsers);
        (UserSessionStart, SessionFirst, SessionLast) = (userSessionStart, sessionFirst, sessionLast);
        (_earliestTime, LatestTime) = (earliestTime, latestTime);
        _hasEdges = new bool[userItems.Columns];
        foreach (CsrMatrix edges in new[] { userItems, sessionItems, artistItems })
        {
            foreach (int item in edges.ColumnIndex)
            {
                _hasEdges[item] = true;
            }
        }
    }

    /// <summary>How the graph was made.</summary>
    public TemporalGraphOptions Options { get; }

    /// <summary>What a session is.</summary>
    public SessionPeriod Period { get; }

    /// <summary>w(u, i): users × items.</summary>
    public CsrMatrix UserItems { get; }

    /// <summary>w(s, i): sessions × items.</summary>
    public CsrMatrix SessionItems { get; }

    /// <summary>Artists × items; no rows where artists are not in the graph.</summary>
    public CsrMatrix ArtistItems { get; }

    /// <summary>Profile values × users; no rows where profiles are not in the graph.</summary>
    public CsrMatrix ProfileUsers { get; }

    /// <summary>First session of every user and, last, their number; length users + 1.</summary>
    public ReadOnlyMemory<int> UserSessionStart { get; }

    /// <summary>Time of every session's first play, Unix seconds; ascending within a user.</summary>
    public ReadOnlyMemory<long> SessionFirst { get; }

    /// <summary>Time of every session's last play, Unix seconds.</summary>
    public ReadOnlyMemory<long> SessionLast { get; }

    /// <summary>The latest known time of the dataset, or −1.</summary>
    public long LatestTime { get; }

    /// <summary>Number of users.</summary>
    public int Users => UserItems.Rows;

    /// <summary>Number of items.</summary>
    public int Items => UserItems.Columns;

    /// <summary>Number of sessions.</summary>
    public int Sessions => SessionItems.Rows;

    /// <summary>Number of nodes.</summary>
    public int Nodes => FirstProfile + ProfileUsers.Rows;

    /// <summary>Number of edges, each counted once.</summary>
    public long Edges => (long)UserItems.Count + SessionItems.Count + ArtistItems.Count + ProfileUsers.Count;

    /// <summary>Node of item 0; users are before it.</summary>
    public int FirstItem => Users;

    /// <summary>Node of session 0.</summary>
    public int FirstSession => Users + Items;

    /// <summary>Node of artist 0.</summary>
    public int FirstArtist => FirstSession + Sessions;

    /// <summary>Node of profile value 0.</summary>
    public int FirstProfile => FirstArtist + ArtistItems.Rows;

    /// <summary>Makes the graph of a dataset.</summary>
    /// <param name="dataset">The plays; weights count as so many plays.</param>
    /// <param name="options">How.</param>
    /// <param name="threads">At most so many; the graph does not depend on it.</param>
    /// <param name="cancellation">Checked every few users.</param>
    /// <exception cref="DatasetException">
    /// Times are needed and there are none, artists or profiles are asked for and there are none, a weight is negative or not finite, or there are too many edges.
    /// </exception>
    /// <exception cref="OptionException">The period or another option is out of range.</exception>
    public static TemporalGraph Of(Dataset dataset, TemporalGraphOptions options, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(options);
        OptionsText.Validate(options, "the temporal graph");
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        var period = SessionPeriod.Parse(options.Period);
        if ((!period.IsNone || options.HalfLifeDays > 0) && dataset.LatestTime < 0)
        {
            throw new DatasetException(
                $"sessions and decay need times and dataset '{dataset.Name}' has none; set period=none and half_life_days=0, or import the data with times");
        }

        int users = dataset.Users.Count, items = dataset.Items.Count;
        int[] start = dataset.UserStart();
        long earliest = Earliest(dataset.Time.Span);
        bool[] isKept = KeptItems(dataset, options.MinPlays);
        var parts = new Rows?[(users + Chunk - 1) / Chunk];
        var keys = new long[Math.Max(threads, 1)][];
        Workers.Run(users, Chunk, threads, (first, end, worker) =>
        {
            var rows = new Rows(options, period, isKept, earliest, dataset.LatestTime, keys[worker] ?? []);
            for (int u = first; u < end; u++)
            {
                Range own = start[u]..start[u + 1];
                rows.Add(
                    dataset.ItemIndex.Span[own], dataset.HasWeight ? dataset.Weight.Span[own] : [], dataset.HasTime ? dataset.Time.Span[own] : []);
            }

            keys[worker] = rows.ReleaseKeys();
            parts[first / Chunk] = rows;
        }, cancellation);

        long edges = parts.Sum(p => (long)p!.Users.Columns.Count + p.Sessions.Columns.Count);
        if (edges > Array.MaxLength / 2)
        {
            throw new DatasetException($"the temporal graph of '{dataset.Name}' would have {edges} edges; raise min_plays or take longer periods");
        }

        var sessionFirst = new List<long>();
        var sessionLast = new List<long>();
        var sessionStart = new int[users + 1];
        int user = 0;
        foreach (Rows? part in parts)
        {
            foreach (int count in part!.SessionsOfUser)
            {
                sessionStart[user + 1] = sessionStart[user] + count;
                user++;
            }

            sessionFirst.AddRange(part.First);
            sessionLast.AddRange(part.Last);
        }

        return new TemporalGraph(
            options,
            Join(parts, p => p.Users, users, items),
            Join(parts, p => p.Sessions, sessionFirst.Count, items),
            sessionStart, [.. sessionFirst], [.. sessionLast],
            Artists(dataset, options, isKept), Profiles(dataset, options), earliest, dataset.LatestTime);
    }

    /// <summary>
    /// The whole graph as one matrix, nodes × nodes, symmetric, values the weights; an edge stands in two rows. A new matrix on every call. O(edges).
    /// </summary>
    /// <exception cref="DatasetException">More than 2³⁰ edges.</exception>
    public CsrMatrix Adjacency()
    {
        if (2 * Edges > Array.MaxLength)
        {
            throw new DatasetException($"{Edges} edges do not fit one matrix; raise min_plays or take longer periods");
        }

        // Parts in the order of their nodes: every row is then filled with its columns ascending.
        (CsrMatrix Part, int FirstRow, int FirstColumn)[] parts =
        [
            (UserItems, 0, FirstItem), (SessionItems, FirstSession, FirstItem), (ArtistItems, FirstArtist, FirstItem), (ProfileUsers, FirstProfile, 0),
        ];
        var start = new int[Nodes + 1];
        foreach ((CsrMatrix part, int firstRow, int firstColumn) in parts)
        {
            for (int r = 0; r < part.Rows; r++)
            {
                start[firstRow + r + 1] += part.RowLength(r);
            }

            foreach (int column in part.ColumnIndex)
            {
                start[firstColumn + column + 1]++;
            }
        }

        for (int n = 0; n < Nodes; n++)
        {
            start[n + 1] += start[n];
        }

        int[] next = start[..^1];
        var columns = new int[start[^1]];
        var values = new float[start[^1]];
        foreach ((CsrMatrix part, int firstRow, int firstColumn) in parts)
        {
            for (int r = 0; r < part.Rows; r++)
            {
                CancellationScope.CheckAt(r);
                ReadOnlySpan<int> ends = part.RowColumns(r);
                ReadOnlySpan<float> weights = part.RowValues(r);
                ref int own = ref next[firstRow + r];
                for (int n = 0; n < ends.Length; n++)
                {
                    int end = firstColumn + ends[n];
                    (columns[own], values[own]) = (end, weights[n]);
                    own++;
                    ref int other = ref next[end];
                    (columns[other], values[other]) = (firstRow + r, weights[n]);
                    other++;
                }
            }
        }

        return new CsrMatrix(Nodes, Nodes, start, columns, values);
    }

    /// <summary>The same nodes with other edges of users and sessions, for example without those held out.</summary>
    /// <param name="userItems">In place of <see cref="UserItems"/>; same size.</param>
    /// <param name="sessionItems">In place of <see cref="SessionItems"/>; same size.</param>
    /// <exception cref="ArgumentException">A matrix has another size.</exception>
    public TemporalGraph WithEdges(CsrMatrix userItems, CsrMatrix sessionItems)
    {
        ArgumentNullException.ThrowIfNull(userItems);
        ArgumentNullException.ThrowIfNull(sessionItems);
        return userItems.Rows == Users && userItems.Columns == Items && sessionItems.Rows == Sessions && sessionItems.Columns == Items
            ? new TemporalGraph(
                Options, userItems, sessionItems, UserSessionStart.ToArray(), SessionFirst.ToArray(), SessionLast.ToArray(), ArtistItems, ProfileUsers,
                _earliestTime, LatestTime)
            : throw new ArgumentException(
                $"edges of {userItems.Rows} users and {sessionItems.Rows} sessions to {userItems.Columns} and {sessionItems.Columns} items do not fit a graph of {Users}, {Sessions} "
                + $"and {Items}; keep the sizes", nameof(userItems));
    }

    /// <summary>The user's session at a moment, or −1. O(log(sessions of the user)).</summary>
    /// <param name="user">Index of the user.</param>
    /// <param name="moment">Unix seconds, or −1 for <see cref="LatestTime"/>.</param>
    /// <param name="orLatest">Where the moment falls into none of the user's sessions: the latest that began before it.</param>
    public int SessionAt(int user, long moment, bool orLatest)
    {
        ReadOnlySpan<int> start = UserSessionStart.Span;
        int found = SessionAt(
            SessionFirst.Span[start[user]..start[user + 1]], SessionLast.Span[start[user]..start[user + 1]], moment < 0 ? LatestTime : moment, orLatest);
        return found < 0 ? -1 : start[user] + found;
    }

    /// <summary>Whether the moment of a query can change the plays or the session it is about; see <see cref="ITimeAware.AsksWhen"/>.</summary>
    /// <param name="query">Who asks.</param>
    /// <param name="usesSession">Whether the model begins at the session of the listener at all.</param>
    public bool AsksWhen(Query query, bool usesSession)
    {
        ArgumentNullException.ThrowIfNull(query);
        ReadOnlySpan<int> start = UserSessionStart.Span;

        // Of a history what is heard later is left out; what the graph learned of a user stays as it is.
        return query.IsFoldIn ? query.HistoryTime.Span.IndexOfAnyExcept(-1L) >= 0 : usesSession && start[query.UserIndex + 1] > start[query.UserIndex];
    }

    /// <summary>The edges of a listener the graph does not know. O(plays · log(plays)).</summary>
    /// <param name="query">
    /// A history in any order; without times it has no session and does not fade. Plays after the moment are left out, and so are items without edges in the graph. A query without a
    /// moment asks at the latest time of the graph and the history.
    /// </param>
    /// <param name="orLatest">As in <see cref="SessionAt(int, long, bool)"/>.</param>
    public TemporalListener FoldIn(Query query, bool orLatest)
    {
        ArgumentNullException.ThrowIfNull(query);
        int[] items = query.History.ToArray();
        float[] weights = query.HistoryWeight.ToArray();
        long[] times = query.HistoryTime.ToArray();
        if (times.Length > 0)
        {
            int[] order = [.. Enumerable.Range(0, items.Length).Where(n => query.Moment < 0 || times[n] <= query.Moment).OrderBy(n => times[n])];
            items = Dataset.Gather<int>(items, order);
            weights = Dataset.Gather<float>(weights, order);
            times = Dataset.Gather<long>(times, order);
        }

        // Later plays than the graph knows must not outgrow it.
        long latest = Math.Max(LatestTime, times.LastOrDefault(-1));
        var rows = new Rows(Options, Period, _hasEdges, _earliestTime, latest, []);
        rows.Add(items, weights, times);
        int session = SessionAt([.. rows.First], [.. rows.Last], query.Moment < 0 ? latest : query.Moment, orLatest);
        Range own = session < 0 ? ..0 : (session == 0 ? 0 : rows.Sessions.End[session - 1])..rows.Sessions.End[session];
        return new TemporalListener(
            [.. rows.Users.Columns], [.. rows.Users.Values],
            rows.Sessions.Columns.ToArray()[own], rows.Sessions.Values.ToArray()[own]);
    }

    /// <summary>Writes the graph.</summary>
    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("user_items", UserItems);
        artifact.Add("session_items", SessionItems);
        artifact.Add("artist_items", ArtistItems);
        artifact.Add("profile_users", ProfileUsers);
        artifact.Add("user_session_start", UserSessionStart.Span);
        artifact.Add("session_first", SessionFirst.Span);
        artifact.Add("session_last", SessionLast.Span);
        artifact.Add("times", [_earliestTime, LatestTime]);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="artifact">Where it was written.</param>
    /// <param name="train">The dataset of the graph.</param>
    /// <param name="options">How the graph was made.</param>
    /// <param name="owner">Whose graph it is, for messages, for example <c>model 'ipf'</c>.</param>
    /// <exception cref="DatasetException">An array is missing, or does not fit the dataset or the others.</exception>
    public static TemporalGraph Load(ArtifactReader artifact, Dataset train, TemporalGraphOptions options, string owner)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        CsrMatrix users = artifact.Sparse("user_items"), sessions = artifact.Sparse("session_items");
        CsrMatrix artists = artifact.Sparse("artist_items"), profiles = artifact.Sparse("profile_users");
        long[] first = artifact.Longs("session_first"), last = artifact.Longs("session_last"), times = artifact.Longs("times");
        if (users.Rows != train.Users.Count || users.Columns != train.Items.Count)
        {
            throw new DatasetException(
                $"{owner} knows {users.Rows} users and {users.Columns} items, dataset '{train.Name}' has {train.Users.Count} and {train.Items.Count}; "
                + "give the dataset it was trained on");
        }

        int[] start = artifact.Starts("user_session_start", users.Rows, sessions.Rows);
        bool fits = sessions.Columns == users.Columns && artists.Columns == users.Columns && profiles.Columns == users.Rows && times.Length == 2
            && first.Length == sessions.Rows && last.Length == sessions.Rows;
        return fits
            ? new TemporalGraph(options, users, sessions, start, first, last, artists, profiles, times[0], times[1])
            : throw new DatasetException($"{owner}: its stored arrays do not fit together; train the model again on dataset '{train.Name}'");
    }

    private int SessionAt(ReadOnlySpan<long> first, ReadOnlySpan<long> last, long moment, bool orLatest)
    {
        // The first session that begins after the moment; only it and the one before it can be meant.
        int low = 0, high = first.Length;
        while (low < high)
        {
            int middle = low + ((high - low) >> 1);
            (low, high) = first[middle] <= moment ? (middle + 1, high) : (low, middle);
        }

        return low > 0 && Period.Covers(first[low - 1], last[low - 1], moment) ? low - 1
            : low < first.Length && Period.Covers(first[low], last[low], moment) ? low
            : orLatest ? low - 1
            : -1;
    }

    private static long Earliest(ReadOnlySpan<long> times)
    {
        long earliest = long.MaxValue;
        foreach (long time in times)
        {
            earliest = time >= 0 ? Math.Min(earliest, time) : earliest;
        }

        return earliest == long.MaxValue ? -1 : earliest;
    }

    private static bool[] KeptItems(Dataset dataset, int minPlays)
    {
        ReadOnlySpan<int> item = dataset.ItemIndex.Span;
        ReadOnlySpan<float> weight = dataset.Weight.Span;
        for (int n = 0; n < weight.Length; n++)
        {
            if (!(weight[n] >= 0) || !float.IsFinite(weight[n]))
            {
                throw new DatasetException(string.Create(
                    CultureInfo.InvariantCulture, $"interaction {n} of dataset '{dataset.Name}' has weight {weight[n]}; edges need weights of 0 or more"));
            }
        }

        var isKept = new bool[dataset.Items.Count];
        if (minPlays <= 1)
        {
            Array.Fill(isKept, true);
            return isKept;
        }

        var plays = new double[isKept.Length];
        for (int n = 0; n < item.Length; n++)
        {
            plays[item[n]] += weight.IsEmpty ? 1 : weight[n];
        }

        return Array.ConvertAll(plays, p => p >= minPlays);
    }

    private static CsrMatrix Artists(Dataset dataset, TemporalGraphOptions options, bool[] isKept)
    {
        ReadOnlySpan<int> artist = dataset.Catalog.ItemArtist.Span;
        if (options.ArtistWeight == 0)
        {
            return CsrMatrix.FromTriplets(0, isKept.Length, [], [], []);
        }

        if (artist.IsEmpty)
        {
            throw new DatasetException(
                $"artists are asked for and dataset '{dataset.Name}' names none; set artist_weight=0 or import the data with artists");
        }

        var rows = new List<int>();
        var columns = new List<int>();
        for (int i = 0; i < artist.Length; i++)
        {
            if (artist[i] >= 0 && isKept[i])
            {
                rows.Add(artist[i]);
                columns.Add(i);
            }
        }

        return Constant(dataset.Catalog.Artists.Count, isKept.Length, [.. rows], [.. columns], options.ArtistWeight);
    }

    private static CsrMatrix Profiles(Dataset dataset, TemporalGraphOptions options)
    {
        if (options.ProfileWeight == 0)
        {
            return CsrMatrix.FromTriplets(0, dataset.Users.Count, [], [], []);
        }

        var nodes = new Dictionary<(string Column, string Value), int>();
        var rows = new List<int>();
        var columns = new List<int>();
        foreach (string column in ProfileColumns)
        {
            for (int u = 0; dataset.Profile.TryGetValue(column, out StringTable? values) && u < dataset.Users.Count; u++)
            {
                if (ProfileValue(column, values[u]) is { Length: > 0 } value)
                {
                    nodes.TryAdd((column, value), nodes.Count);
                    rows.Add(nodes[(column, value)]);
                    columns.Add(u);
                }
            }
        }

        return nodes.Count > 0
            ? Constant(nodes.Count, dataset.Users.Count, [.. rows], [.. columns], options.ProfileWeight)
            : throw new DatasetException(
                $"profiles are asked for and dataset '{dataset.Name}' knows no {string.Join(", ", ProfileColumns)} of its users; set profile_weight=0");
    }

    /// <summary>A band of ages, the year of a date, or the value itself; "" where it says nothing.</summary>
    private static string ProfileValue(string column, string value) => column switch
    {
        // Numbers no listener is as old as, such as 0 or -1 for unknown, say nothing.
        "age" => !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double age) || !(age > 0 && age <= MostYears) ? string.Empty : age switch
        {
            < 18 => "under 18",
            < 25 => "18 to 24",
            < 35 => "25 to 34",
            < 45 => "35 to 44",
            < 55 => "45 to 54",
            _ => "55 and over",
        },

        // "2005-11-01" and "Nov 1, 2005": the first four digits in a row.
        "signup" or "registered" => Year(value),
        _ => value,
    };

    private static string Year(string date)
    {
        for (int n = 0, digits = 0; n < date.Length; n++)
        {
            digits = char.IsAsciiDigit(date[n]) ? digits + 1 : 0;
            if (digits == 4)
            {
                return date.Substring(n - 3, 4);
            }
        }

        return string.Empty;
    }

    private static CsrMatrix Constant(int rows, int columns, int[] row, int[] column, double weight)
    {
        var values = new float[row.Length];
        Array.Fill(values, (float)Math.Max(weight, LeastWeight));
        return CsrMatrix.FromTriplets(rows, columns, row, column, values);
    }

    private static CsrMatrix Join(Rows?[] parts, Func<Rows, RowList> list, int rows, int items)
    {
        var start = new int[rows + 1];
        var columns = new int[parts.Sum(p => list(p!).Columns.Count)];
        var values = new float[columns.Length];
        int row = 0, at = 0;
        foreach (Rows? part in parts)
        {
            CancellationScope.Check();
            RowList own = list(part!);
            foreach (int end in own.End)
            {
                start[++row] = at + end;
            }

            own.Columns.CopyTo(columns, at);
            own.Values.CopyTo(values, at);
            at += own.Columns.Count;
        }

        return new CsrMatrix(rows, items, start, columns, values);
    }

    /// <summary>Rows one after another.</summary>
    private sealed class RowList
    {
        public List<int> End { get; } = [];

        public List<int> Columns { get; } = [];

        public List<float> Values { get; } = [];
    }

    /// <summary>The rows of some users and of their sessions.</summary>
    private sealed class Rows(TemporalGraphOptions options, SessionPeriod period, bool[] isKept, long earliest, long latest, long[] keys)
    {
        private readonly double _halfLife = options.HalfLifeDays * 86_400;
        private long[] _keys = keys;

        public RowList Users { get; } = new();

        public RowList Sessions { get; } = new();

        public List<int> SessionsOfUser { get; } = [];

        public List<long> First { get; } = [];

        public List<long> Last { get; } = [];

        /// <summary>Gives the scratch space back, for the next chunk of the same worker.</summary>
        public long[] ReleaseKeys()
        {
            long[] released = _keys;
            _keys = [];
            return released;
        }

        /// <summary>Adds a user. Times ascend, unknown ones first, or there are none.</summary>
        public void Add(ReadOnlySpan<int> items, ReadOnlySpan<float> weights, ReadOnlySpan<long> times)
        {
            AddRow(Users, items, weights, times, options.UserWeight);
            Users.End.Add(Users.Columns.Count);
            int before = First.Count, start = 0;
            while (start < times.Length && times[start] < 0)
            {
                start++;
            }

            for (int n = start + 1; n <= times.Length && !period.IsNone; n++)
            {
                if (n < times.Length && period.GoesOn(times[n - 1], times[n]))
                {
                    continue;
                }

                Range own = start..n;
                if (AddRow(Sessions, items[own], weights.IsEmpty ? [] : weights[own], times[own], options.SessionWeight))
                {
                    Sessions.End.Add(Sessions.Columns.Count);
                    First.Add(times[start]);
                    Last.Add(times[n - 1]);
                }

                start = n;
            }

            SessionsOfUser.Add(First.Count - before);
        }

        /// <summary>Adds one row; false where no play counts.</summary>
        private bool AddRow(RowList list, ReadOnlySpan<int> items, ReadOnlySpan<float> weights, ReadOnlySpan<long> times, double factor)
        {
            if (_keys.Length < items.Length)
            {
                _keys = new long[Math.Max(items.Length, 2 * _keys.Length)];
            }

            int count = 0;
            double total = 0;
            for (int n = 0; n < items.Length; n++)
            {
                double plays = weights.IsEmpty ? 1 : weights[n];
                if (isKept[items[n]] && plays > 0)
                {
                    // The place in the low half keeps equal items in their order, so that sums do not depend on the sort.
                    _keys[count++] = ((long)items[n] << 32) | (uint)n;
                    total += plays;
                }
            }

            Span<long> sorted = _keys.AsSpan(0, count);
            sorted.Sort();
            bool isShare = options.Edges == TemporalEdges.Plays;
            double scale = isShare ? factor / total : factor;
            for (int n = 0; n < count;)
            {
                int item = (int)(sorted[n] >> 32);
                double value = 0;
                for (; n < count && (int)(sorted[n] >> 32) == item; n++)
                {
                    int at = (int)(uint)sorted[n];
                    double fading = _halfLife > 0 && times.Length > 0 ? Fading(times[at]) : 1;
                    value = isShare ? value + (fading * (weights.IsEmpty ? 1 : weights[at])) : Math.Max(value, fading);
                }

                list.Columns.Add(item);
                list.Values.Add((float)Math.Max(value * scale, LeastWeight));
            }

            return count > 0;
        }

        // Nothing fades below 2^−100, so that a listener who stopped long ago still has weights a float can hold.
        private double Fading(long time) => double.Exp2(Math.Max(-100, ((time < 0 ? Math.Max(0, earliest) : time) - latest) / _halfLife));
    }
}
