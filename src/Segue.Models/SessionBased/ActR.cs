using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="ActR"/>.</summary>
public sealed record ActROptions : ModelOptions
{
    /// <summary>d: how fast the trace of a play fades, as a power of its age.</summary>
    [Range(0.0, 10.0)]
    [Description("how fast the trace of a play fades, as a power of its age")]
    public double Decay { get; init; } = 0.5;

    /// <summary>Weight of what sessions hold together with the items of the current one, against the listener's own plays; 0: own plays alone.</summary>
    [Range(0.0, 1e6)]
    [Description("weight of what sessions hold together with the items of the current one, against the listener's own plays; 0 for none")]
    public double AssociationWeight { get; init; }

    /// <summary>Weight of what everybody plays, against the listener's own plays; 0: own plays alone.</summary>
    [Range(0.0, 1e6)]
    [Description("weight of what everybody plays, against the listener's own plays; 0 for none")]
    public double PopularityWeight { get; init; }

    /// <summary>Association: longer sessions are cut into pieces of so many plays.</summary>
    [Range(2, 1000)]
    [Description("association: longer sessions are cut into pieces of so many plays")]
    public int SessionLength { get; init; } = 100;

    /// <summary>Minutes of pause that end a session, where the data has times.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes of pause that end a session, where the data has times")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;
}

/// <summary>Human memory as a model of replays: an item is the more present the more often and the more recently it was heard.</summary>
/// <remarks>
/// <para>
/// Base level B_i = ln Σ_j (t − t_j)^−d over the listener's plays of i; score(i) = e^(B_i) / Σ_k e^(B_k) + a · mean_{c ∈ s} P(i | c) + p · plays(i) / plays. P(i | c) is the
/// share of sessions with c that hold i too, s the current session. Ages are in minutes, in later plays + 1 where the listener's plays have no
/// times, and at least 1; plays after the moment of the query are left out, of the current session too, those of unknown time are as old as the oldest.
/// </para>
/// <para>
/// Without association and popularity only heard items score: it needs <c>--keep-seen</c>. Items of which nothing can be said score NaN, and so does everything for
/// a listener without history. Fit O(plays), with association O(Σ session items²); score O(the listener's plays + associated items). Source: Anderson et al.,
/// Psychological Review 2004, eqs. 1–3; for music Reiter-Haas et al., RecSys 2021, whose components are weighted here instead of learned.
/// </para>
/// </remarks>
public sealed class ActR(ActROptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'actr'");
        context.Report("plays", 0, 1);
        var sessions = SessionTable.Of(train, options.GapMinutes);
        var plays = new int[train.Items.Count];
        foreach (int item in train.ItemIndex.Span)
        {
            plays[item]++;
        }

        CsrMatrix together = options.AssociationWeight > 0 ? Together(sessions, train.Items.Count, context.Threads) : Empty(train.Items.Count);
        return new ActRRecommender(options, train.Items, sessions, train.UserStart(), train.ItemIndex, train.Time, plays, together);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        var sessions = SessionTable.Load(artifact, train, options.GapMinutes);
        int[] item = artifact.Integers("item"), start = artifact.Starts("user_start", train.Users.Count, item.Length), plays = artifact.Integers("plays");
        long[] time = artifact.Longs("time");
        CsrMatrix together = artifact.Sparse("together");
        int count = train.Items.Count;
        return plays.Length == count && together.Rows == count && together.Columns == count
            && (time.Length == 0 || time.Length == item.Length) && Array.TrueForAll(item, i => (uint)i < (uint)count)
            ? new ActRRecommender(options, train.Items, sessions, start, item, time, plays, together)
            : throw new DatasetException(
                $"the model was not trained on this dataset of {train.Users.Count} users and {count} items; give the one it was trained on");
    }

    private static CsrMatrix Empty(int size) => new(size, size, new int[size + 1], [], []);

    /// <summary>P(column | row): share of the sessions with one item that hold another.</summary>
    private CsrMatrix Together(SessionTable sessions, int itemCount, int threads)
    {
        var held = new int[itemCount];
        var distinct = new HashSet<int>();
        bool isCounted = false;
        CsrMatrix counts = PairSums.Of(itemCount, sums =>
        {
            for (int s = 0; s < sessions.Count; s++)
            {
                CancellationScope.CheckAt(s);
                ReadOnlySpan<int> all = sessions.Items(s);
                for (int from = 0; from < all.Length; from += options.SessionLength)
                {
                    distinct.Clear();
                    foreach (int item in all[from..Math.Min(all.Length, from + options.SessionLength)])
                    {
                        distinct.Add(item);
                    }

                    foreach (int a in distinct)
                    {
                        held[a] += isCounted ? 0 : 1;
                        foreach (int b in distinct)
                        {
                            if (a != b)
                            {
                                sums.Add(a, b, 1);
                            }
                        }
                    }
                }
            }

            isCounted = true;
        }, threads, remedy: "lower session_length, or use fewer sessions");
        for (int i = 0; i < itemCount; i++)
        {
            foreach (ref float count in counts.Values.AsSpan(counts.RowStart[i]..counts.RowStart[i + 1]))
            {
                count /= held[i];
            }
        }

        return counts;
    }
}

internal sealed class ActRRecommender(
    ActROptions options,
    Vocabulary items,
    SessionTable sessions,
    int[] start,
    ReadOnlyMemory<int> item,
    ReadOnlyMemory<long> time,
    int[] plays,
    CsrMatrix together) : ITimeAware, IExplains
{
    private readonly long _allPlays = plays.Sum(n => (long)n);

    public Vocabulary Items => items;

    public long LatestTime => sessions.LatestTime;

    /// <summary>Only plays with a time have an age that a moment changes.</summary>
    public bool AsksWhen(Query query)
    {
        ArgumentNullException.ThrowIfNull(query);
        ReadOnlySpan<long> times = query.IsFoldIn ? query.HistoryTime.Span : time.IsEmpty ? [] : time.Span[start[query.UserIndex]..start[query.UserIndex + 1]];
        return times.IndexOfAnyExcept(-1L) >= 0;
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, start.Length - 1, items.Count);
        scores.Fill(float.NaN);
        if (!HasHistory(query))
        {
            return;
        }

        (int[] heard, double[] ages, int[] current) = Remembered(query);
        Dictionary<int, double> traces = Traces(heard, ages);
        double total = Total(traces);
        foreach ((int own, double trace) in traces)
        {
            Add(scores, own, trace / total);
        }

        if (together.Count > 0)
        {
            foreach (int c in current)
            {
                ReadOnlySpan<int> to = together.RowColumns(c);
                ReadOnlySpan<float> share = together.RowValues(c);
                for (int n = 0; n < to.Length; n++)
                {
                    Add(scores, to[n], options.AssociationWeight * share[n] / current.Length);
                }
            }
        }

        for (int i = 0; i < plays.Length && options.PopularityWeight > 0; i++)
        {
            if (plays[i] > 0)
            {
                Add(scores, i, options.PopularityWeight * plays[i] / _allPlays);
            }
        }

        static void Add(Span<float> scores, int item, double value) =>
            scores[item] = float.IsNaN(scores[item]) ? (float)value : scores[item] + (float)value;
    }

    /// <summary>The listener's plays of the item itself, the items of the current session it is heard with, and its popularity.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, start.Length - 1, items.Count);
        if (!HasHistory(query))
        {
            return [];
        }

        (int[] heard, double[] ages, int[] current) = Remembered(query);
        Dictionary<int, double> traces = Traces(heard, ages);
        var reasons = new List<Reason>();
        if (traces.TryGetValue(itemIndex, out double trace))
        {
            reasons.Add(new Reason(itemIndex, trace / Total(traces), "replayed"));
        }

        reasons.AddRange(current.Select(c => new Reason(c, options.AssociationWeight * together[c, itemIndex] / current.Length, "because_listened")));
        reasons.Add(new Reason(-1, _allPlays == 0 ? 0 : options.PopularityWeight * plays[itemIndex] / _allPlays, "popular"));
        return [.. reasons.Where(r => r.Weight > 0).OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    public void Save(ArtifactWriter artifact)
    {
        sessions.Save(artifact, items.Count);
        artifact.Add("user_start", start);
        artifact.Add("item", item.Span);
        artifact.Add("time", time.Span);
        artifact.Add("plays", plays);
        artifact.Add("together", together);
    }

    private static double Total(Dictionary<int, double> traces)
    {
        double total = 0;
        foreach (double trace in traces.Values)
        {
            total += trace;
        }

        return total;
    }

    private bool HasHistory(Query query) =>
        query.IsFoldIn ? !query.History.IsEmpty : query.UserIndex >= 0 && start[query.UserIndex + 1] > start[query.UserIndex];

    /// <summary>
    /// The listener's plays up to the moment of the query, their ages (minutes, or later plays + 1 without times), and the distinct items of the session the listener
    /// is in then, in the order of their first play.
    /// </summary>
    private (int[] Heard, double[] Ages, int[] Current) Remembered(Query query)
    {
        ReadOnlySpan<int> all = query.History.Span;
        ReadOnlySpan<long> times = query.HistoryTime.Span;
        if (!query.IsFoldIn)
        {
            Range own = start[query.UserIndex]..start[query.UserIndex + 1];
            all = item.Span[own];
            times = time.IsEmpty ? [] : time.Span[own];
        }

        bool hasTime = times.IndexOfAnyExcept(-1L) >= 0;
        long moment = query.Moment, oldest = long.MaxValue, latest = -1;
        foreach (long t in times)
        {
            oldest = t >= 0 ? Math.Min(oldest, t) : oldest;
            latest = Math.Max(latest, t);
        }

        if (moment < 0)
        {
            moment = Math.Max(latest, sessions.MomentOf(query));
        }

        var heard = new List<int>();
        var known = new List<long>();
        var ages = new List<double>();
        for (int n = 0; n < all.Length; n++)
        {
            long at = !hasTime ? -1 : times[n] < 0 ? oldest : times[n];
            if (at <= moment || !hasTime)
            {
                heard.Add(all[n]);
                ages.Add(hasTime ? (moment - at) / 60.0 : all.Length - n);
                if (hasTime)
                {
                    known.Add(times[n]);
                }
            }
        }

        var current = new List<int>();
        foreach (int c in sessions.Current(heard.ToArray(), known.ToArray()))
        {
            if (!current.Contains(c))
            {
                current.Add(c);
            }
        }

        return ([.. heard], [.. ages], [.. current]);
    }

    /// <summary>e^B of every heard item: Σ age^−d.</summary>
    private Dictionary<int, double> Traces(int[] heard, double[] ages)
    {
        var traces = new Dictionary<int, double>();
        for (int n = 0; n < heard.Length; n++)
        {
            traces[heard[n]] = traces.GetValueOrDefault(heard[n]) + Math.Pow(Math.Max(1, ages[n]), -options.Decay);
        }

        return traces;
    }
}
