using Segue.Core.Data;
using Segue.Numerics.Selection;

namespace Segue.Evaluation.Protocol;

/// <summary>The random order of items with equal scores, for everybody who asks.</summary>
/// <remarks>
/// It depends on the seed, the ids of listener and item, and the place of the question: not on the model, nor on the order of a data
/// set, in which popular items often stand first. Ids are hashed once a vocabulary.
/// </remarks>
/// <param name="items">The catalogue.</param>
/// <param name="users">Who may ask.</param>
/// <param name="seed">Seed of the evaluation.</param>
internal sealed class TieOrders(Vocabulary items, Vocabulary users, ulong seed)
{
    private readonly ReadOnlyMemory<ulong> _items = items.Hashes;
    private readonly ReadOnlyMemory<ulong> _users = users.Hashes;
    private readonly ulong _seed = TieOrder.Mix(seed ^ 0x7469657320627920UL);

    /// <summary>The order for one question.</summary>
    /// <param name="user">Index of the listener.</param>
    /// <param name="question">Which of the listener's questions; 0 where there is one.</param>
    public TieOrder Of(int user, long question = 0) =>
        new(_items.Span, TieOrder.Mix(_users.Span[user] ^ TieOrder.Mix(_seed + (ulong)question)));
}

/// <summary>The random order of items with equal scores, for one question.</summary>
internal readonly ref struct TieOrder(ReadOnlySpan<ulong> items, ulong question)
{
    private readonly ReadOnlySpan<ulong> _items = items;
    private readonly ulong _question = question;

    /// <summary>Of two items with equal scores the one with the lower key ranks first.</summary>
    public ulong this[int item] => Mix(_items[item] ^ _question);

    /// <summary>As <see cref="TopK.Select"/>, with ties in this order.</summary>
    /// <param name="scores">Scores by item; NaN and −∞ are not ranked.</param>
    /// <param name="list">Output, best first; its length is k.</param>
    /// <param name="values">Output, the scores of <paramref name="list"/>.</param>
    /// <param name="keys">Scratch of the same length.</param>
    /// <returns>How many were written.</returns>
    /// <remarks>Only ties within the list and at its border cost more than <see cref="TopK.Select"/> and one count.</remarks>
    public int Select(ReadOnlySpan<float> scores, Span<int> list, Span<float> values, Span<ulong> keys)
    {
        int length = TopK.Select(scores, list, values);
        for (int start = 0; start < length;)
        {
            int end = start + 1;
            while (end < length && values[end] == values[start])
            {
                end++;
            }

            bool isCut = end == list.Length && Counting.AtLeast(scores, values[start]) > end;
            if (isCut)
            {
                First(scores, values[start], list[start..end], keys[start..end]);
            }
            else if (end - start > 1)
            {
                for (int n = start; n < end; n++)
                {
                    keys[n] = this[list[n]];
                }

                keys[start..end].Sort(list[start..end]);
            }

            start = end;
        }

        return length;
    }

    /// <summary>True where at least two items are ranked and all that are have one score: their order is chance alone.</summary>
    public static bool AreAllTied(ReadOnlySpan<float> scores)
    {
        float first = float.NaN;
        int ranked = 0;
        foreach (float score in scores)
        {
            if (score > float.NegativeInfinity)
            {
                first = ranked++ == 0 ? score : first;
                if (score != first)
                {
                    return false;
                }
            }
        }

        return ranked > 1;
    }

    /// <summary>SplitMix64's last step: every bit of the result depends on every bit of the value.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }

    /// <summary>The items of one score that come first in this order.</summary>
    private void First(ReadOnlySpan<float> scores, float value, Span<int> list, Span<ulong> keys)
    {
        int count = 0;
        for (int item = Counting.NextEqual(scores, value, 0); item >= 0; item = Counting.NextEqual(scores, value, item + 1))
        {
            ulong key = this[item];
            if (count == list.Length && key >= keys[^1])
            {
                continue;
            }

            int place = keys[..count].BinarySearch(key);
            place = place < 0 ? ~place : place;
            count = Math.Min(count + 1, list.Length);
            keys[place..(count - 1)].CopyTo(keys[(place + 1)..]);
            list[place..(count - 1)].CopyTo(list[(place + 1)..]);
            (keys[place], list[place]) = (key, item);
        }
    }
}
