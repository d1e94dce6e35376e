using Segue.Evaluation.Metrics;
using Segue.Numerics.Selection;

namespace Segue.Evaluation.Protocol;

/// <summary>
/// Finds the exact ranks of a few relevant items among all scores without sorting them: an item's rank is one more than the
/// number of items that beat it.
/// </summary>
/// <remarks>Scratch space of one thread. O(items · relevant), vectorised; from <see cref="SortFrom"/> relevant items on, one sort.</remarks>
internal sealed class RelevantRanks
{
    /// <summary>From this many relevant items on sorting all scores is cheaper than counting for each.</summary>
    public const int SortFrom = 512;

    private readonly bool[] _isRelevant;
    private readonly int[] _ranks;
    private readonly int[] _items;
    private readonly float[] _relevantScores;
    private readonly int[] _atLeast;
    private ulong[] _keys = [];
    private int _count;

    public RelevantRanks(int itemCount, int maxRelevant)
    {
        _isRelevant = new bool[itemCount];
        _ranks = new int[maxRelevant];
        _items = new int[maxRelevant];
        _relevantScores = new float[maxRelevant];
        _atLeast = new int[maxRelevant];
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
    /// <param name="sortFrom">Only tests give another than <see cref="SortFrom"/>.</param>
    public void Find(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, int others, bool wantWins, int sortFrom = SortFrom)
    {
        _count = 0;
        Wins = 0;
        if (relevant.Length < sortFrom)
        {
            Count(scores, relevant, others, wantWins);
        }
        else
        {
            Sort(scores, relevant, others);
        }

        _ranks.AsSpan(0, _count).Sort(_items.AsSpan(0, _count));
    }

    private void Count(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, int others, bool wantWins)
    {
        foreach (int item in relevant)
        {
            float score = scores[item];
            if (!(score > float.NegativeInfinity))
            {
                continue;
            }

            // Equal scores rank by index: before the item they beat it, after it they do not.
            int better = Counting.AtLeast(scores[..item], score) + Counting.Above(scores[(item + 1)..], score);
            _ranks[_count] = better + 1;
            _items[_count] = item;
            if (wantWins)
            {
                _relevantScores[_count] = score;
                _atLeast[_count] = Counting.AtLeast(scores, score);
            }

            _count++;
        }

        if (!wantWins)
        {
            return;
        }

        // Among the relevant: sorted descending, the items of one score form a group; the others are what is left.
        Span<float> sorted = _relevantScores.AsSpan(0, _count);
        Span<int> atLeast = _atLeast.AsSpan(0, _count);
        sorted.Sort(atLeast);
        sorted.Reverse();
        atLeast.Reverse();
        for (int n = 0; n < _count;)
        {
            int end = n + 1;
            while (end < _count && sorted[end] == sorted[n])
            {
                end++;
            }

            int othersAbove = Counting.Above(scores, sorted[n]) - n;
            int othersAtLeast = atLeast[n] - end;
            Wins += (end - n) * (others - (0.5 * (othersAbove + othersAtLeast)));
            n = end;
        }
    }

    private void Sort(ReadOnlySpan<float> scores, ReadOnlySpan<int> relevant, int others)
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
            int end = n, hits = 0;
            for (; end < ranked && keys[end] >> 32 == keys[n] >> 32; end++)
            {
                if (_isRelevant[(int)(uint)keys[end]])
                {
                    _ranks[_count] = end + 1;
                    _items[_count++] = (int)(uint)keys[end];
                    hits++;
                }
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
