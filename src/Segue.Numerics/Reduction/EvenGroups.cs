using Segue.Numerics.Dense;

namespace Segue.Numerics.Reduction;

/// <summary>Groups of neighbouring points, all of one size.</summary>
/// <remarks>
/// The points are cut in two across the direction in which they vary most, each part again, until there are as many parts as asked for: Boley, "Principal direction divisive
/// partitioning", Data Mining and Knowledge Discovery 1998, with cuts at the place that makes sizes even instead of at the mean. O(n·d² · log groups + groups · d³), so a million points
/// make a thousand groups in seconds, where k-means would compare each point with each centre; what is given up is that a point is in the group whose mean is nearest.
/// </remarks>
public static class EvenGroups
{
    /// <summary>The group of every point; sizes differ by at most 1.</summary>
    /// <param name="points">Points × columns, finite.</param>
    /// <param name="groups">Number of groups; at least 1. With fewer points there is one group a point.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <exception cref="ArithmeticException">A coordinate is not finite.</exception>
    public static int[] Assign(DenseMatrix points, int groups, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groups);
        int n = points.Rows;
        groups = Math.Min(groups, n);
        var group = new int[n];
        int[] order = [.. Enumerable.Range(0, n)];
        var open = new Stack<(int First, int End)>();
        open.Push((0, groups));
        while (open.TryPop(out (int First, int End) part))
        {
            CancellationScope.Check();
            int start = Cut(part.First), end = Cut(part.End);
            if (part.End - part.First <= 1)
            {
                foreach (int point in order.AsSpan(start, end - start))
                {
                    group[point] = part.First;
                }

                continue;
            }

            Sort(points, order.AsSpan(start, end - start), threads);
            int middle = (part.First + part.End) / 2;
            open.Push((part.First, middle));
            open.Push((middle, part.End));
        }

        return group;

        int Cut(int g) => groups == 0 ? 0 : (int)((long)n * g / groups);
    }

    /// <summary>Sorts points along their principal direction; ties by number.</summary>
    private static void Sort(DenseMatrix points, Span<int> order, int threads)
    {
        // In the order of their numbers, so that nothing depends on the cuts before but which points are here.
        order.Sort();
        var own = new DenseMatrix(order.Length, points.Columns);
        for (int n = 0; n < order.Length; n++)
        {
            points.Row(order[n]).CopyTo(own.Row(n));
        }

        DenseMatrix along = PrincipalComponents.Of(own, 1, threads).Project(own, threads);
        var keys = new (float Along, int Point)[order.Length];
        for (int n = 0; n < keys.Length; n++)
        {
            keys[n] = (along.Values[n], order[n]);
        }

        Array.Sort(keys);
        for (int n = 0; n < keys.Length; n++)
        {
            order[n] = keys[n].Point;
        }
    }
}
