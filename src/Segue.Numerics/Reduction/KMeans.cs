using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Reduction;

/// <summary>Groups of points around means.</summary>
/// <remarks>
/// Lloyd, IEEE Transactions on Information Theory 1982; first centres by k-means++ (Arthur and Vassilvitskii, SODA 2007). O(n·k·d) a pass.
/// </remarks>
public static class KMeans
{
    private const int Chunk = 512;

    /// <summary>Assigns every point to one of <paramref name="clusters"/> groups, numbered by falling size (ties: by first point).</summary>
    /// <param name="points">Points × columns, finite.</param>
    /// <param name="clusters">Number of groups; at least 1. With fewer distinct points there are fewer groups.</param>
    /// <param name="rng">Draws the first centres.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="passes">At most so many passes; it stops earlier where no point moves.</param>
    /// <returns>The group of every point.</returns>
    public static int[] Assign(DenseMatrix points, int clusters, Rng rng, int threads = 1, int passes = 50)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(rng);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clusters);
        int n = points.Rows, width = points.Columns;
        var group = new int[n];
        if (n == 0)
        {
            return group;
        }

        DenseMatrix centres = FirstCentres(points, clusters, rng);
        var moved = new bool[(n + Chunk - 1) / Chunk];
        for (int pass = 0; pass < passes; pass++)
        {
            Array.Clear(moved);
            DenseMatrix now = centres;
            Workers.Run(n, Chunk, threads, (start, end, _) =>
            {
                for (int i = start; i < end; i++)
                {
                    int nearest = Nearest(points.Row(i), now);
                    moved[start / Chunk] |= nearest != group[i];
                    group[i] = nearest;
                }
            });
            if (pass > 0 && !moved.AsSpan().Contains(true))
            {
                break;
            }

            centres = MeansOf(points, group, centres);
        }

        return BySize(group, centres.Rows);
    }

    private static DenseMatrix FirstCentres(DenseMatrix points, int clusters, Rng rng)
    {
        int n = points.Rows;
        var chosen = new List<int> { rng.Next(n) };
        var distance = new double[n];
        Array.Fill(distance, double.PositiveInfinity);
        while (chosen.Count < clusters)
        {
            CancellationScope.Check();
            double total = 0;
            for (int i = 0; i < n; i++)
            {
                distance[i] = Math.Min(distance[i], SquaredDistance(points.Row(i), points.Row(chosen[^1])));
                total += distance[i];
            }

            if (total == 0)
            {
                break;
            }

            double left = rng.NextDouble() * total;
            int next = -1;
            for (int i = 0; i < n && left >= 0; i++)
            {
                if (distance[i] > 0)
                {
                    next = i;
                    left -= distance[i];
                }
            }

            chosen.Add(next);
        }

        var centres = new DenseMatrix(chosen.Count, points.Columns);
        for (int c = 0; c < chosen.Count; c++)
        {
            points.Row(chosen[c]).CopyTo(centres.Row(c));
        }

        return centres;
    }

    // A group that lost all its points keeps its centre.
    private static DenseMatrix MeansOf(DenseMatrix points, int[] group, DenseMatrix old)
    {
        int width = points.Columns;
        var sums = new double[old.Rows * width];
        var counts = new int[old.Rows];
        for (int i = 0; i < group.Length; i++)
        {
            CancellationScope.CheckAt(i);
            counts[group[i]]++;
            Span<float> row = points.Row(i);
            Span<double> sum = sums.AsSpan(group[i] * width, width);
            for (int c = 0; c < width; c++)
            {
                sum[c] += row[c];
            }
        }

        var means = new DenseMatrix(old.Rows, width);
        for (int i = 0; i < sums.Length; i++)
        {
            int count = counts[i / width];
            means.Values[i] = count == 0 ? old.Values[i] : (float)(sums[i] / count);
        }

        return means;
    }

    private static int Nearest(ReadOnlySpan<float> point, DenseMatrix centres)
    {
        int nearest = 0;
        double least = double.PositiveInfinity;
        for (int c = 0; c < centres.Rows; c++)
        {
            double distance = SquaredDistance(point, centres.Row(c));
            if (distance < least)
            {
                (nearest, least) = (c, distance);
            }
        }

        return nearest;
    }

    private static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        float distance = System.Numerics.Tensors.TensorPrimitives.Distance(a, b);
        return (double)distance * distance;
    }

    private static int[] BySize(int[] group, int groups)
    {
        var counts = new int[groups];
        var first = new int[groups];
        Array.Fill(first, int.MaxValue);
        for (int i = 0; i < group.Length; i++)
        {
            counts[group[i]]++;
            first[group[i]] = Math.Min(first[group[i]], i);
        }

        int[] order = [.. Enumerable.Range(0, groups).OrderByDescending(g => counts[g]).ThenBy(g => first[g])];
        var place = new int[groups];
        for (int p = 0; p < groups; p++)
        {
            place[order[p]] = p;
        }

        return Array.ConvertAll(group, g => place[g]);
    }
}
