using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Hybrid;

/// <summary>Where the items come from that a listener's own are told apart from.</summary>
public enum Negatives
{
    /// <summary>None: only heard items, which teaches little more than to say yes.</summary>
    None,

    /// <summary>A few unheard items a listener, drawn once before training.</summary>
    PerUser,

    /// <summary>Unheard items drawn anew for every pair and epoch, all alike.</summary>
    Uniform,

    /// <summary>Items drawn by popularity for every batch, which a correction takes out of the scores again.</summary>
    Popularity,

    /// <summary>The other items of the batch, corrected for their popularity.</summary>
    InBatch,
}

/// <summary>Draws items a listener did not hear.</summary>
/// <param name="pairs">Users × items, what was heard.</param>
internal sealed class NegativeItems(CsrMatrix pairs)
{
    private const int Tries = 64;

    /// <summary>An unheard item, or −1 where 64 draws in a row were heard: there is next to nothing unheard.</summary>
    public int Draw(int user, Rng rng)
    {
        ReadOnlySpan<int> heard = pairs.RowColumns(user);
        for (int attempt = 0; attempt < Tries && pairs.Columns > 0; attempt++)
        {
            int item = rng.Next(pairs.Columns);
            if (heard.BinarySearch(item) < 0)
            {
                return item;
            }
        }

        return -1;
    }

    /// <summary>As many as <see cref="PerUser"/> can give.</summary>
    public long PerUserMost(int most)
    {
        long sum = 0;
        for (int u = 0; u < pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            sum += pairs.RowLength(u) == 0 ? 0 : Math.Min(most, pairs.Columns - pairs.RowLength(u));
        }

        return sum;
    }

    /// <summary>Up to <paramref name="most"/> distinct unheard items of every user, once.</summary>
    public (int[] User, int[] Item) PerUser(int most, Rng rng)
    {
        var users = new List<int>();
        var items = new List<int>();
        var drawn = new HashSet<int>();
        for (int u = 0; u < pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            drawn.Clear();
            int unheard = pairs.Columns - pairs.RowLength(u), wanted = pairs.RowLength(u) == 0 ? 0 : Math.Min(most, unheard);
            for (int n = 0; n < wanted; n++)
            {
                int item = Draw(u, rng);
                if (item >= 0 && drawn.Add(item))
                {
                    users.Add(u);
                    items.Add(item);
                }
            }
        }

        return ([.. users], [.. items]);
    }
}

/// <summary>Items to tell a folded-in history apart from.</summary>
internal static class UnheardSample
{
    /// <summary>About <paramref name="count"/> unheard items, ascending, always the same for the same history; all where there are few.</summary>
    /// <param name="history">Heard items, ascending and distinct.</param>
    /// <param name="items">Number of items.</param>
    /// <param name="count">How many to draw.</param>
    /// <param name="name">Of the generator.</param>
    public static int[] Of(int[] history, int items, int count, string name)
    {
        if (items <= 2 * count)
        {
            return [.. Enumerable.Range(0, items).Where(i => Array.BinarySearch(history, i) < 0)];
        }

        var rng = new Rng(0, name);
        var drawn = new SortedSet<int>();
        for (int n = 0; n < count; n++)
        {
            int item = rng.Next(items);
            if (Array.BinarySearch(history, item) < 0)
            {
                drawn.Add(item);
            }
        }

        return [.. drawn];
    }
}
