using Segue.Core.Data;

namespace Segue.Core.Contracts;

/// <summary>Checks every recommender makes before it scores.</summary>
public static class ScoreBuffer
{
    /// <summary>Throws where <paramref name="scores"/> is not as long as <paramref name="items"/>.</summary>
    /// <exception cref="ArgumentException">Wrong length.</exception>
    public static void Check(ReadOnlySpan<float> scores, Vocabulary items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (scores.Length != items.Count)
        {
            throw new ArgumentException($"the score buffer has {scores.Length} places for {items.Count} items; give one place an item", nameof(scores));
        }
    }

    /// <summary>Throws where a query names a user or item outside the training data, or its columns differ in length.</summary>
    /// <exception cref="ArgumentException">An index is out of range, or weights or times do not match the history.</exception>
    public static void Check(Query query, int userCount, int itemCount)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.UserIndex < -1 || query.UserIndex >= userCount)
        {
            throw new ArgumentException($"query names user {query.UserIndex} of {userCount}; use −1 with a history for an unknown user", nameof(query));
        }

        int length = query.History.Length;
        if ((!query.HistoryWeight.IsEmpty && query.HistoryWeight.Length != length) || (!query.HistoryTime.IsEmpty && query.HistoryTime.Length != length))
        {
            throw new ArgumentException(
                $"query history has {length} items, {query.HistoryWeight.Length} weights and {query.HistoryTime.Length} times; give one an item or none",
                nameof(query));
        }

        foreach (int item in query.History.Span)
        {
            if ((uint)item >= (uint)itemCount)
            {
                throw new ArgumentException($"query history names item {item} of {itemCount}", nameof(query));
            }
        }
    }

    /// <summary>Throws where an item does not exist.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is out of range.</exception>
    public static void CheckItem(int itemIndex, Vocabulary items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if ((uint)itemIndex >= (uint)items.Count)
        {
            throw new ArgumentOutOfRangeException(nameof(itemIndex), $"item {itemIndex} is not one of {items.Count}; give an index from Items.IndexOf");
        }
    }
}
