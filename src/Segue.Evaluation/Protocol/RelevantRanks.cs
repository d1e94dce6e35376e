using Segue.Evaluation.Metrics;
using Segue.Numerics.Selection;

namespace Segue.Evaluation.Protocol;

/// <summary>
/// Finds the exact ranks of a few relevant items among all scores without sorting them: an item's rank is one more than the
/// number of items that beat it, by a higher score or by an equal one and the order of ties.
/// </summary>
/// <remarks>Scratch space of one thread. O(items · relevant), vectorised; ties alone cost more; from <see cref="SortFrom"/> relevant items on, one sort.</remarks>
internal sealed class RelevantRanks
{
    /// <summary>From this many relevant items on sorting all scores is cheaper than counting for each.</summary>
    public const int SortFrom = 512;

    private readonly bool[] _isRelevant;
    private readonly int[] _ranks;
    private readonly int[] _items;
    private readonly float[] _relevantScores;
    private readonly ulong[] _tieKeys;
    private readonly int[] _before;
    private ulong[] _keys = [];
    private int _count;

    public RelevantRanks(int itemCount, int maxRelevant)
    {
        _isRelevant = new bool[itemCount];
        _ranks = new int[maxRelevant];
        _items = new int[maxRelevant];
        _relevantScores = new float[maxRelevant];
        _tieKeys = new ulong[maxRelevant];
        _before = new int[maxRelevant];
    }

    /// <summary>Ranks of the relevant items that have a score, ascending.</summary>
    public ReadOnlySpan<int> Ranks => _ranks.AsSpan(0, _count);

    /// <summary>Which relevant item stands at each of <see cref="Ranks"/>.</summary>
    public ReadOnlySpan<int> Items => _items.AsSpan(0, _count);

    /// <summary>Pairs of relevant and other candidates that are in the right order, ties one half.</summary>
    public double Wins { get; private set; }

    /// <summary>Computes <see cref="Ranks"/> and, where wanted, <see cref="Wins"/>.</summary>
    /// <param name="scores">Scores by item; NaN and −∞ for what is not ranked.</param>
    /// <param name="relevant">Distinct relevant items.</param>
    /// <param name="others">Candidates that are not relevant, scored or not.</param>
    /// <param name="wantWins">Whether <see cref="Wins"/> is needed.</param>
    /// <param name="ties">Who ranks first of items with equal scores.</param>
    /// <param name="sortFrom">Only tests give another than <see cref="SortFrom"/>.</param>
    public void Find(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, int others, bool wantWins, TieOrder ties, int sortFrom = SortFrom)
    {
        _count = 0;
        Wins = 0;
        if (relevant.Length < sortFrom)
        {
            Count(scores, relevant, others, wantWins, ties);
        }
        else
        {
            Sort(scores, relevant, others, ties);
        }

        _ranks.AsSpan(0, _count).Sort(_items.AsSpan(0, _count));
    }

    private void Count(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, int others, bool wantWins, TieOrder ties)
    {
        foreach (int item in relevant)
        {
            if (scores[item] > float.NegativeInfinity)
            {
                _relevantScores[_count] = scores[item];
                _items[_count++] = item;
            }
        }

        // Sorted descending, the relevant items of one score form a group; the others are what is left.
        Span<float> sorted = _relevantScores.AsSpan(0, _count);
        Span<int> items = _items.AsSpan(0, _count);
        sorted.Sort(items);
        sorted.Reverse();
        items.Reverse();
        for (int n = 0; n < _count;)
        {
            int end = n + 1;
            while (end < _count && sorted[end] == sorted[n])
            {
                end++;
            }

            (int above, int atLeast) = Counting.Both(scores, sorted[n]);
            if (atLeast - above == 1)
            {
                _ranks[n] = above + 1;
            }
            else
            {
                BeginGroup(n, end, ties);
                for (int item = Counting.NextEqual(scores, sorted[n], 0); item >= 0; item = Counting.NextEqual(scores, sorted[n], item + 1))
                {
                    Place(n, end, item, ties);
                }

                EndGroup(n, end, above);
            }

            Wins += wantWins ? (end - n) * (others - (0.5 * (above - n + (atLeast - end)))) : 0;
            n = end;
        }
    }

    /// <summary>Puts the relevant items of a group in the order of ties; nothing is counted before any of them.</summary>
    private void BeginGroup(int start, int end, TieOrder ties)
    {
        for (int n = start; n < end; n++)
        {
            _tieKeys[n] = ties[_items[n]];
            _before[n] = 0;
        }

        _tieKeys.AsSpan(start..end).Sort(_items.AsSpan(start..end));
    }

    /// <summary>Counts an item of the group's score, relevant or not, before the first relevant one that it does not come after.</summary>
    private void Place(int start, int end, int item, TieOrder ties)
    {
        ulong key = ties[item];
        int low = start, high = end;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            bool isAfter = _tieKeys[middle] < key || (_tieKeys[middle] == key && _items[middle] < item);
            (low, high) = isAfter ? (middle + 1, high) : (low, middle);
        }

        if (low < end)
        {
            _before[low]++;
        }
    }

    private void EndGroup(int start, int end, int above)
    {
        int rank = above;
        for (int n = start; n < end; n++)
        {
            rank += _before[n];
            _ranks[n] = rank;
        }
    }

    private void Sort(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, int others, TieOrder ties)
    {
        if (_keys.Length == 0)
        {
            _keys = new ulong[scores.Length];
        }

        foreach (int item in relevant)
        {
            _isRelevant[item] = true;
        }

        int ranked = 0;
        for (int item = 0; item < scores.Length; item++)
        {
            if (scores[item] > float.NegativeInfinity)
            {
                _keys[ranked++] = ((ulong)Descending(scores[item]) << 32) | (uint)item;
            }
        }

        Span<ulong> keys = _keys.AsSpan(0, ranked);
        keys.Sort();
        int othersBefore = 0;
        for (int n = 0; n < ranked;)
        {
            int end = n, start = _count;
            for (; end < ranked && keys[end] >> 32 == keys[n] >> 32; end++)
            {
                if (_isRelevant[(int)(uint)keys[end]])
                {
                    _items[_count++] = (int)(uint)keys[end];
                }
            }

            int hits = _count - start;
            if (hits > 0)
            {
                BeginGroup(start, _count, ties);
                foreach (ulong tied in keys[n..end])
                {
                    Place(start, _count, (int)(uint)tied, ties);
                }

                EndGroup(start, _count, n);
            }

            int othersHere = end - n - hits;
            Wins += hits * (others - othersBefore - (0.5 * othersHere));
            othersBefore += othersHere;
            n = end;
        }

        foreach (int item in relevant)
        {
            _isRelevant[item] = false;
        }
    }

    /// <summary>A number that grows where the score falls; −0 and 0 are one score.</summary>
    private static uint Descending(float score)
    {
        uint bits = BitConverter.SingleToUInt32Bits(score + 0f);
        return (bits & 0x80000000u) != 0 ? bits : 0x7FFFFFFFu - bits;
    }
}
