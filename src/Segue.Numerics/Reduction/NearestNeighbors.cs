using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Selection;

namespace Segue.Numerics.Reduction;

/// <summary>The nearest other points of every point, found by comparing all pairs.</summary>
/// <param name="Count">Neighbours a point.</param>
/// <param name="Indices">Points × count: neighbours of point i from <c>i·count</c>, nearest first, equals by index.</param>
/// <param name="Distances">Euclidean distances to <paramref name="Indices"/>.</param>
public sealed record NearestNeighbors(int Count, int[] Indices, float[] Distances)
{
    private const int Block = 256;
    private const int Spare = 8;

    /// <summary>Finds the <paramref name="count"/> nearest other points of every point.</summary>
    /// <param name="points">Points × columns, finite.</param>
    /// <param name="count">From 1 to points − 1.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="cancellation">Checked between blocks of 256 points.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many other points.</exception>
    /// <remarks>
    /// |a − b|² = |a|² + |b|² − 2·a·b by blocks of <see cref="Gemm"/>: 2·n²·d operations, 1,024·n bytes. That form loses digits between near
    /// points, so a few more candidates than asked for are taken and measured again by their differences.
    /// </remarks>
    public static NearestNeighbors Of(DenseMatrix points, int count, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(count, points.Rows);
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        int n = points.Rows, width = points.Columns, taken = Math.Min(n - 1, count + Spare);
        var halfNorm = new float[n];
        for (int i = 0; i < n; i++)
        {
            halfNorm[i] = TensorPrimitives.Dot<float>(points.Row(i), points.Row(i)) / 2;
        }

        var indices = new int[n * count];
        var distances = new float[n * count];
        var products = new float[Math.Min(Block, n) * n];
        var candidates = new (int[] Index, float[] Value)[threads];
        for (int w = 0; w < threads; w++)
        {
            candidates[w] = (new int[taken], new float[taken]);
        }

        for (int first = 0; first < n; first += Block)
        {
            int rows = Math.Min(Block, n - first), from = first;
            Gemm.MultiplyTransposed(points.Values.AsSpan(first * width, rows * width), points.Values, products.AsSpan(0, rows * n), rows, n, width, threads: threads);
            Workers.Run(rows, 8, threads, (start, end, worker) =>
            {
                (int[] index, float[] value) = candidates[worker];
                for (int r = start; r < end; r++)
                {
                    int i = from + r;
                    Span<float> closeness = products.AsSpan(r * n, n);
                    TensorPrimitives.Subtract(closeness, halfNorm, closeness);
                    closeness[i] = float.NaN;
                    int found = TopK.Select(closeness, index, value);
                    for (int c = 0; c < found; c++)
                    {
                        value[c] = TensorPrimitives.Distance<float>(points.Row(i), points.Row(index[c]));
                    }

                    Sort(index.AsSpan(0, found), value.AsSpan(0, found));
                    index.AsSpan(0, count).CopyTo(indices.AsSpan(i * count));
                    value.AsSpan(0, count).CopyTo(distances.AsSpan(i * count));
                }
            });
        }

        return new NearestNeighbors(count, indices, distances);
    }

    // By distance, then index; the list is short and nearly in order.
    private static void Sort(Span<int> index, Span<float> value)
    {
        for (int i = 1; i < index.Length; i++)
        {
            (int held, float away) = (index[i], value[i]);
            int j = i - 1;
            for (; j >= 0 && (value[j] > away || (value[j] == away && index[j] > held)); j--)
            {
                (index[j + 1], value[j + 1]) = (index[j], value[j]);
            }

            (index[j + 1], value[j + 1]) = (held, away);
        }
    }
}
