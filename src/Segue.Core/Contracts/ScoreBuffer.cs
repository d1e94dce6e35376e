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

    /// <summary>Throws where a query names a user or item outside the training data.</summary>
    /// <exception cref="ArgumentException">An index is out of range.</exception>
    public static void Check(Query query, int userCount, int itemCount)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.UserIndex < -1 || query.UserIndex >= userCount)
        {
            throw new ArgumentException($"query names user {query.UserIndex} of {userCount}; use −1 with a history for an unknown user", nameof(query));
        }

        foreach (int item in query.History.Span)
        {
            if ((uint)item >= (uint)itemCount)
            {
                throw new ArgumentException($"query history names item {item} of {itemCount}", nameof(query));
            }
        }
    }
}
