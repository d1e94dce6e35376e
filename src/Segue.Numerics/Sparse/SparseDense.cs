using Segue.Numerics.Dense;

namespace Segue.Numerics.Sparse;

/// <summary>Products of sparse matrices that come out dense.</summary>
public static class SparseDense
{
    /// <summary>The Gram matrix XᵀX of a sparse X, exactly symmetric.</summary>
    /// <param name="matrix">X, rows × columns.</param>
    /// <param name="gram">Output, columns × columns, row-major; replaced.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="cancellation">Checked every few columns.</param>
    /// <remarks>
    /// One row of the result at a time stays in the cache while all rows of X that have the column are added to it, up to the
    /// diagonal; then the triangle is mirrored. Σ (row length)² / 2 additions in single precision, in order of the rows of X: exact for
    /// whole numbers up to 2²⁴. Memory: one transpose of X.
    /// </remarks>
    /// <exception cref="ArgumentException">The span's length is not columns².</exception>
    public static void Gram(CsrMatrix matrix, Span<float> gram, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        int size = matrix.Columns;
        if (gram.Length != (long)size * size)
        {
            throw new ArgumentException($"{gram.Length} values do not fill a {size} × {size} matrix; give {(long)size * size}", nameof(gram));
        }

        CsrMatrix byColumn = matrix.Transpose();
        unsafe
        {
            fixed (float* pinned = gram)
            {
                nint address = (nint)pinned;
                Workers.Run(
                    size,
                    8,
                    threads,
                    (start, end, _) =>
                    {
                        for (int column = start; column < end; column++)
                        {
                            GramRow(matrix, byColumn, column, new Span<float>((float*)address + ((long)column * size), column + 1));
                        }
                    },
                    cancellation);
                Triangles.MirrorLower(pinned, size, size, threads);
            }
        }
    }

    private static void GramRow(CsrMatrix matrix, CsrMatrix byColumn, int column, Span<float> sums)
    {
        sums.Clear();
        ReadOnlySpan<int> rows = byColumn.RowColumns(column);
        ReadOnlySpan<float> weights = byColumn.RowValues(column);
        int[] start = matrix.RowStart, index = matrix.ColumnIndex;
        float[] values = matrix.Values;
        for (int n = 0; n < rows.Length; n++)
        {
            float weight = weights[n];
            for (int position = start[rows[n]]; index[position] < column; position++)
            {
                sums[index[position]] += weight * values[position];
            }

            sums[column] += weight * weight;
        }
    }
}
