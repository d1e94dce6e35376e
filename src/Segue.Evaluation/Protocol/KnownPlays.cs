using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Numerics;

namespace Segue.Evaluation.Protocol;

/// <summary>What is known of every listener when it is asked: the known part, and of sets asked by day what was held out before the day.</summary>
internal sealed class KnownPlays
{
    private readonly EvaluationSet _set;
    private readonly int[] _start;
    private readonly int[] _known;
    private readonly ReadOnlyMemory<int> _items;
    private readonly ReadOnlyMemory<float> _weights;
    private readonly ReadOnlyMemory<long> _times;

    public KnownPlays(EvaluationSet set)
    {
        _set = set;
        Dataset known = set.Known, held = set.Relevant;
        int[] knownStart = known.UserStart();
        _known = [.. Enumerable.Range(0, known.Users.Count).Select(u => knownStart[u + 1] - knownStart[u])];
        if (!set.IsByDay)
        {
            (_start, _items) = (knownStart, known.ItemIndex);
            (_weights, _times) = (known.HasWeight ? known.Weight : default, known.HasTime ? known.Time : default);
            return;
        }

        // One sequence a listener: what is known on a day is a slice of it.
        int[] heldStart = held.UserStart();
        _start = new int[known.Users.Count + 1];
        var items = new int[known.Count + held.Count];
        var weights = new float[known.HasWeight ? items.Length : 0];
        var times = new long[items.Length];
        for (int u = 0; u < known.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            Range before = knownStart[u]..knownStart[u + 1], after = heldStart[u]..heldStart[u + 1];
            int at = _start[u], middle = at + _known[u];
            _start[u + 1] = middle + heldStart[u + 1] - heldStart[u];
            known.ItemIndex.Span[before].CopyTo(items.AsSpan(at));
            held.ItemIndex.Span[after].CopyTo(items.AsSpan(middle));
            known.Time.Span[before].CopyTo(times.AsSpan(at));
            held.Time.Span[after].CopyTo(times.AsSpan(middle));
            if (weights.Length > 0)
            {
                known.Weight.Span[before].CopyTo(weights.AsSpan(at));
                held.Weight.Span[after].CopyTo(weights.AsSpan(middle));
            }
        }

        (_items, _times, _weights) = (items, times, weights);
    }

    /// <summary>Items known of a listener, oldest first where an order is known.</summary>
    /// <param name="user">The listener.</param>
    /// <param name="before">Held-out plays before the question.</param>
    public ReadOnlySpan<int> Of(int user, int before) => _items.Span[Rows(user, before)];

    /// <summary>The question with what is known as history.</summary>
    public Query Ask(int user, int before, long moment)
    {
        Range rows = Rows(user, before);
        return Query.ForHistory(_items[rows], _weights.IsEmpty ? default : _weights[rows], _times.IsEmpty ? default : _times[rows], moment);
    }

    private Range Rows(int user, int before) => _start[user]..(_start[user] + _known[user] + (_set.IsByDay ? before : 0));
}
