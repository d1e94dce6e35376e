using System.Collections.Concurrent;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;

namespace Segue.Models.SessionBased;

/// <summary>How fast weight falls with distance, in plays.</summary>
public enum PlayWeighting
{
    /// <summary>All alike.</summary>
    Same,

    /// <summary>1 / distance, or position / length.</summary>
    Divide,

    /// <summary>The square of <see cref="Divide"/>.</summary>
    Quadratic,

    /// <summary>One tenth less a play, 0 after ten.</summary>
    Linear,

    /// <summary>1 / log₁₀(distance + 1.7).</summary>
    Log,
}

/// <summary>What the models of session neighbours share.</summary>
public abstract record SessionNeighborOptions : ModelOptions
{
    /// <summary>Most alike sessions asked for a score.</summary>
    [Range(1, 100_000_000)]
    [Description("most alike sessions asked for a score")]
    public int Neighbors { get; init; }

    /// <summary>Sessions that share an item and may be neighbours: so many, the most recent.</summary>
    [Range(1, 100_000_000)]
    [Description("so many of the sessions that share an item, the most recent, may be neighbours")]
    public int SampleSize { get; init; }

    /// <summary>Minutes of pause that end a session, where the data has times.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes of pause that end a session, where the data has times")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;
}

/// <summary>What tells the models of session neighbours apart.</summary>
internal sealed record NeighborRules
{
    /// <summary>Weight of an item of the current session: (plays after it, plays of the session).</summary>
    public required Func<int, int, double> PositionWeight { get; init; }

    /// <summary>Divide by the norms of both sessions (cosine), or by the items of the current one alone.</summary>
    public required bool IsCosine { get; init; }

    /// <summary>Factor of a neighbour by how many plays back, from 1, its latest shared item lies.</summary>
    public Func<int, double>? SharedWeight { get; init; }

    /// <summary>Age after which a neighbour counts 1/e; 0 for no decay.</summary>
    public double SessionLife { get; init; }

    /// <summary>Plays from the latest shared item after which an item of a neighbour counts 1/e; 0 for no decay.</summary>
    public double DistanceLife { get; init; }

    /// <summary>How much more rare items count.</summary>
    public double RareWeight { get; init; }

    public static double Decay(PlayWeighting weighting, int step) => weighting switch
    {
        PlayWeighting.Divide => 1.0 / step,
        PlayWeighting.Quadratic => 1.0 / ((double)step * step),
        PlayWeighting.Linear => Math.Max(0, 1 - (0.1 * step)),
        PlayWeighting.Log => 1 / Math.Log10(step + 1.7),
        _ => 1,
    };

    public static double Position(PlayWeighting weighting, int after, int length)
    {
        double share = (length - after) / (double)length;
        return weighting switch
        {
            PlayWeighting.Divide => share,
            PlayWeighting.Quadratic => share * share,
            PlayWeighting.Linear => Math.Max(0, 1 - (0.1 * after)),
            PlayWeighting.Log => 1 / Math.Log10(after + 1.7),
            _ => 1,
        };
    }
}

/// <summary>Scores items by the training sessions most alike to the current one; see <see cref="SessionKnn"/>, <see cref="VectorSessionKnn"/>, <see cref="Stan"/>.</summary>
internal class SessionNeighborRecommender : IExplains
{
    private readonly SessionTable _sessions;
    private readonly SessionNeighborOptions _options;
    private readonly NeighborRules _rules;
    private readonly ConcurrentBag<Scratch> _scratch = [];

    // Distinct items of every session with their last position, and the sessions of every item, oldest first.
    private readonly int[] _itemStart, _item, _position, _sessionStart, _session;
    private readonly float[] _rarity;

    protected SessionNeighborRecommender(Vocabulary items, SessionTable sessions, SessionNeighborOptions options, NeighborRules rules)
    {
        (Items, _sessions, _options, _rules) = (items, sessions, options, rules);
        _itemStart = new int[sessions.Count + 1];
        _sessionStart = new int[items.Count + 1];
        var distinct = new List<int>();
        var position = new List<int>();
        var last = new Dictionary<int, int>();
        for (int s = 0; s < sessions.Count; s++)
        {
            CancellationScope.CheckAt(s);
            last.Clear();
            ReadOnlySpan<int> own = sessions.Items(s);
            for (int p = 0; p < own.Length; p++)
            {
                last[own[p]] = p;
            }

            for (int p = 0; p < own.Length; p++)
            {
                if (last[own[p]] == p)
                {
                    distinct.Add(own[p]);
                    position.Add(p);
                    _sessionStart[own[p] + 1]++;
                }
            }

            _itemStart[s + 1] = distinct.Count;
        }

        (_item, _position) = ([.. distinct], [.. position]);
        for (int i = 0; i < items.Count; i++)
        {
            _sessionStart[i + 1] += _sessionStart[i];
        }

        _session = new int[_item.Length];
        int[] fill = _sessionStart[..^1];
        for (int s = 0; s < sessions.Count; s++)
        {
            CancellationScope.CheckAt(s);
            for (int n = _itemStart[s]; n < _itemStart[s + 1]; n++)
            {
                _session[fill[_item[n]]++] = s;
            }
        }

        _rarity = rules.RareWeight > 0 ? Rarity() : [];
    }

    public Vocabulary Items { get; }

    public static SessionNeighborRecommender Fit(string model, SessionNeighborOptions options, NeighborRules rules, Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{model}'");
        context.Report("sessions", 0, 1);
        return Create(train.Items, SessionTable.Of(train, options.GapMinutes), options, rules);
    }

    public static SessionNeighborRecommender Load(SessionNeighborOptions options, NeighborRules rules, ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return Create(train.Items, SessionTable.Load(artifact, train, options.GapMinutes), options, rules);
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        ScoreBuffer.Check(query, _sessions.Users, Items.Count);
        scores.Fill(float.NaN);
        Scratch scratch = _scratch.TryTake(out Scratch? kept) ? kept : new Scratch(_sessions.Count);
        int count = Nearest(query, scratch);
        for (int n = 0; n < count; n++)
        {
            (int session, double similarity, int star) = scratch.Neighbor(n);
            for (int p = _itemStart[session]; p < _itemStart[session + 1]; p++)
            {
                ref float score = ref scores[_item[p]];
                float part = (float)(similarity * ItemFactor(p, star));
                score = float.IsNaN(score) ? part : score + part;
            }
        }

        _scratch.Add(scratch);
    }

    /// <summary>The items of the current session that made those neighbours alike which hold the recommended item, by their part of the score.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, Items);
        ScoreBuffer.Check(query, _sessions.Users, Items.Count);
        var scratch = new Scratch(_sessions.Count);
        int found = Nearest(query, scratch);
        var weights = new double[scratch.CurrentCount];
        for (int n = 0; n < found; n++)
        {
            (int session, double similarity, int star) = scratch.Neighbor(n);
            ReadOnlySpan<int> own = _item.AsSpan(_itemStart[session].._itemStart[session + 1]);
            int at = own.IndexOf(itemIndex);
            if (at < 0)
            {
                continue;
            }

            double part = similarity * ItemFactor(_itemStart[session] + at, star), total = 0;
            for (int c = 0; c < weights.Length; c++)
            {
                total += own.Contains(scratch.Current[c]) ? scratch.CurrentWeight[c] : 0;
            }

            for (int c = 0; c < weights.Length; c++)
            {
                // A similarity is a sum over shared items, so a neighbour's part falls apart by them.
                weights[c] += own.Contains(scratch.Current[c]) ? part * scratch.CurrentWeight[c] / total : 0;
            }
        }

        return [.. weights.Select((weight, c) => new Reason(scratch.Current[c], weight, "because_listened"))
            .Where(r => r.Weight > 0).OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    public void Save(ArtifactWriter artifact) => _sessions.Save(artifact, Items.Count);

    private static SessionNeighborRecommender Create(Vocabulary items, SessionTable sessions, SessionNeighborOptions options, NeighborRules rules) =>
        rules.SessionLife > 0 && sessions.HasTime
            ? new AgedSessionNeighborRecommender(items, sessions, options, rules)
            : new SessionNeighborRecommender(items, sessions, options, rules);

    private double ItemFactor(int place, int star)
    {
        double factor = _rules.DistanceLife > 0 ? Math.Exp(-Math.Abs(_position[place] - star) / _rules.DistanceLife) : 1;
        return _rarity.Length > 0 ? factor * _rarity[_item[place]] : factor;
    }

    /// <summary>1 + weight · idf, idf = ln(sessions / sessions with the item) scaled to 0 … 1.</summary>
    private float[] Rarity()
    {
        var rarity = new float[Items.Count];
        int most = 0, least = int.MaxValue;
        for (int i = 0; i < rarity.Length; i++)
        {
            int count = _sessionStart[i + 1] - _sessionStart[i];
            most = Math.Max(most, count);
            least = count > 0 ? Math.Min(least, count) : least;
        }

        for (int i = 0; i < rarity.Length; i++)
        {
            int count = Math.Max(1, _sessionStart[i + 1] - _sessionStart[i]);
            double idf = most > least ? Math.Log((double)most / count) / Math.Log((double)most / least) : 0;
            rarity[i] = (float)(1 + (_rules.RareWeight * idf));
        }

        return rarity;
    }

    /// <summary>Fills the scratch with the neighbours of the query, the most alike first; returns how many.</summary>
    private int Nearest(Query query, Scratch scratch)
    {
        ReadOnlySpan<int> current = _sessions.Current(query);
        int own = query.IsFoldIn || query.UserIndex < 0 ? -1 : _sessions.SessionOf(query.UserIndex);
        scratch.Begin();

        // Latest play of every item; what no training session holds says nothing and takes no place.
        int length = 0;
        foreach (int item in current)
        {
            length += _sessionStart[item + 1] > _sessionStart[item] ? 1 : 0;
        }

        for (int p = current.Length - 1, after = 0; p >= 0; p--)
        {
            int item = current[p];
            if (_sessionStart[item + 1] == _sessionStart[item])
            {
                continue;
            }

            if (!scratch.Knows(item))
            {
                scratch.AddCurrent(item, _rules.PositionWeight(after, length), after + 1);
            }

            after++;
        }

        double norm = 0;
        for (int c = 0; c < scratch.CurrentCount; c++)
        {
            double weight = scratch.CurrentWeight[c];
            norm += weight * weight;
            int item = scratch.Current[c];
            for (int n = _sessionStart[item]; n < _sessionStart[item + 1]; n++)
            {
                if (_session[n] != own)
                {
                    scratch.Touch(_session[n], weight, c);
                }
            }
        }

        norm = _rules.IsCosine ? Math.Sqrt(norm) : scratch.CurrentCount;
        long moment = _rules.SessionLife > 0 ? _sessions.MomentOf(query) : -1;
        Span<int> touched = scratch.Touched();
        if (touched.Length > _options.SampleSize)
        {
            // Numbers ascend with time: the largest are the most recent.
            touched.Sort();
            touched = touched[^_options.SampleSize..];
        }

        Span<ulong> keys = scratch.Keys(touched.Length);
        int count = 0;
        foreach (int session in touched)
        {
            double similarity = scratch.Sum(session) / norm;
            if (_rules.IsCosine)
            {
                similarity /= Math.Sqrt(_itemStart[session + 1] - _itemStart[session]);
            }

            if (_rules.SessionLife > 0)
            {
                similarity *= Math.Exp(-_sessions.Age(session, moment) / _rules.SessionLife);
            }

            if ((float)similarity > 0)
            {
                // Bits of a positive float ascend with it; of equals the later session wins.
                keys[count++] = ((ulong)BitConverter.SingleToUInt32Bits((float)similarity) << 32) | (uint)session;
            }
        }

        keys = keys[..count];
        keys.Sort();
        keys.Reverse();
        count = Math.Min(count, _options.Neighbors);
        for (int n = 0; n < count; n++)
        {
            int session = (int)(uint)keys[n], shared = scratch.LatestShared(session);
            double factor = BitConverter.UInt32BitsToSingle((uint)(keys[n] >> 32));
            factor *= _rules.SharedWeight?.Invoke(scratch.CurrentStep[shared]) ?? 1;
            int star = _rules.DistanceLife > 0 ? PositionOf(session, scratch.Current[shared]) : 0;
            scratch.SetNeighbor(n, session, factor, star);
        }

        return count;
    }

    private int PositionOf(int session, int item)
    {
        int at = _itemStart[session];
        while (_item[at] != item)
        {
            at++;
        }

        return _position[at];
    }

    /// <summary>Scratch space of one query at a time; marks of earlier queries are smaller numbers, so nothing is cleared.</summary>
    private sealed class Scratch(int sessions)
    {
        private readonly double[] _sum = new double[sessions];
        private readonly int[] _mark = new int[sessions];
        private readonly int[] _shared = new int[sessions];
        private readonly int[] _touched = new int[sessions];
        private readonly HashSet<int> _known = [];
        private ulong[] _keys = new ulong[1024];
        private (int, double, int)[] _neighbors = new (int, double, int)[128];
        private int _count, _query;

        public int CurrentCount { get; private set; }

        public int[] Current { get; private set; } = new int[64];

        public double[] CurrentWeight { get; private set; } = new double[64];

        public int[] CurrentStep { get; private set; } = new int[64];

        public void Begin()
        {
            _known.Clear();
            CurrentCount = _count = 0;
            if (++_query == int.MaxValue)
            {
                Array.Clear(_mark);
                _query = 1;
            }
        }

        public bool Knows(int item) => _known.Contains(item);

        public void AddCurrent(int item, double weight, int step)
        {
            if (CurrentCount == Current.Length)
            {
                Current = Grown(Current);
                CurrentWeight = Grown(CurrentWeight);
                CurrentStep = Grown(CurrentStep);
            }

            _known.Add(item);
            (Current[CurrentCount], CurrentWeight[CurrentCount], CurrentStep[CurrentCount]) = (item, weight, step);
            CurrentCount++;
        }

        public void Touch(int session, double weight, int shared)
        {
            if (_mark[session] != _query)
            {
                // Items come latest first, so the first to touch a session is the latest shared.
                (_mark[session], _sum[session], _shared[session]) = (_query, 0, shared);
                _touched[_count++] = session;
            }

            _sum[session] += weight;
        }

        public Span<int> Touched() => _touched.AsSpan(0, _count);

        public double Sum(int session) => _sum[session];

        public int LatestShared(int session) => _shared[session];

        public Span<ulong> Keys(int count)
        {
            if (_keys.Length < count)
            {
                _keys = new ulong[Math.Max(count, 2 * _keys.Length)];
            }

            return _keys.AsSpan(0, count);
        }

        public void SetNeighbor(int n, int session, double factor, int star)
        {
            if (n == _neighbors.Length)
            {
                _neighbors = Grown(_neighbors);
            }

            _neighbors[n] = (session, factor, star);
        }

        public (int Session, double Factor, int Star) Neighbor(int n) => _neighbors[n];

        private static T[] Grown<T>(T[] array)
        {
            Array.Resize(ref array, 2 * array.Length);
            return array;
        }
    }
}

/// <summary>The same where neighbours count by their age, which depends on when is asked.</summary>
internal sealed class AgedSessionNeighborRecommender(Vocabulary items, SessionTable sessions, SessionNeighborOptions options, NeighborRules rules)
    : SessionNeighborRecommender(items, sessions, options, rules), ITimeAware
{
    public long LatestTime { get; } = sessions.LatestTime;
}
