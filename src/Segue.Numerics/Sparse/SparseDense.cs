using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Segue.Numerics.Dense;

namespace Segue.Numerics.Sparse;

/// <summary>Products of sparse matrices that come out dense.</summary>
public static class SparseDense
{
    /// <summary>C = S·D for a sparse S and a dense D.</summary>
    /// <param name="matrix">S, rows × inner.</param>
    /// <param name="dense">D, inner × columns, row-major.</param>
    /// <param name="output">C, rows × columns, row-major; replaced. Must not overlap D.</param>
    /// <param name="columns">Columns of D and C.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <remarks>
    /// 64 columns of a row of C at a time stay in registers while the rows of D that the row of S names are added in its order. 2 ·
    /// entries · columns operations on 4 · entries · columns bytes of D: the rate is that of the cache which holds D.
    /// NaN and ±∞ follow IEEE arithmetic, except that entries of S which are not stored count as nothing, not as 0 · NaN.
    /// No allocation beyond the threads.
    /// </remarks>
    /// <exception cref="ArgumentException">A span's length does not fit.</exception>
    public static void Multiply(
        CsrMatrix matrix, ReadOnlySpan<float> dense, Span<float> output, int columns, int threads = 1, SimdPath path = SimdPath.Best)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        if (dense.Length != (long)matrix.Columns * columns || output.Length != (long)matrix.Rows * columns)
        {
            throw new ArgumentException(
                $"spans of {dense.Length} and {output.Length} values do not fill a product of {matrix.Rows} × {matrix.Columns} by " +
                $"{matrix.Columns} × {columns}; give {(long)matrix.Columns * columns} and {(long)matrix.Rows * columns}");
        }

        Multiply(matrix, matrix.Values, dense, output, columns, threads, path);
    }

    /// <summary>
    /// C = S·D where the entries of S come from outside: the matrix gives only the places. Other than that as
    /// <see cref="Multiply(CsrMatrix, ReadOnlySpan{float}, Span{float}, int, int, SimdPath)"/>.
    /// </summary>
    /// <param name="places">Where S has entries, rows × inner; its own values are not read.</param>
    /// <param name="values">The entries of S in the order of <paramref name="places"/>.</param>
    /// <param name="dense">D, inner × columns, row-major.</param>
    /// <param name="output">C, rows × columns, row-major; replaced. Must not overlap D.</param>
    /// <param name="columns">Columns of D and C.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <param name="add">Add to C instead of replacing it.</param>
    /// <exception cref="ArgumentException">A span's length does not fit.</exception>
    public static void Multiply(
        CsrMatrix places, ReadOnlySpan<float> values, ReadOnlySpan<float> dense, Span<float> output, int columns, int threads = 1,
        SimdPath path = SimdPath.Best, bool add = false)
    {
        ArgumentNullException.ThrowIfNull(places);
        if (values.Length != places.Count || dense.Length != (long)places.Columns * columns || output.Length != (long)places.Rows * columns)
        {
            throw new ArgumentException(
                $"spans of {values.Length}, {dense.Length} and {output.Length} values do not fill a product of {places.Rows} × {places.Columns} " +
                $"with {places.Count} entries by {places.Columns} × {columns}");
        }

        unsafe
        {
            fixed (float* pinnedValues = values, pinnedDense = dense, pinnedOutput = output)
            {
                var work = new ProductWork(places, (nint)pinnedValues, (nint)pinnedDense, (nint)pinnedOutput, columns, SimdPaths.Resolve(path), add);
                Workers.Run(places.Rows, 64, threads, in work, static (in ProductWork w, int start, int end, int _) =>
                {
                    fixed (int* index = w.Places.ColumnIndex)
                    {
                        int[] rowStart = w.Places.RowStart;
                        for (int r = start; r < end; r++)
                        {
                            int from = rowStart[r];
                            MultiplyRow(
                                index + from, (float*)w.Values + from, rowStart[r + 1] - from, (float*)w.Dense,
                                (float*)w.Output + ((nint)r * w.Columns), w.Columns, w.Path, w.Add);
                        }
                    }
                });
            }
        }
    }

    /// <summary>
    /// What a product gives back to the entries of S: out[n] = dot of row r of <paramref name="left"/> and row c of
    /// <paramref name="right"/> for every entry n of S at (r, c). The gradient of C = S·D is left = ∂C, right = D.
    /// </summary>
    /// <param name="places">Where S has entries, rows × inner; its own values are not read.</param>
    /// <param name="left">Rows × columns, row-major.</param>
    /// <param name="right">Inner × columns, row-major.</param>
    /// <param name="output">One value an entry; replaced.</param>
    /// <param name="columns">Columns of both.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <remarks>2 · entries · columns operations on 4 · entries · columns bytes of <paramref name="right"/>.</remarks>
    /// <exception cref="ArgumentException">A span's length does not fit.</exception>
    public static void EntryDots(
        CsrMatrix places, ReadOnlySpan<float> left, ReadOnlySpan<float> right, Span<float> output, int columns, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(places);
        if (output.Length != places.Count || right.Length != (long)places.Columns * columns || left.Length != (long)places.Rows * columns)
        {
            throw new ArgumentException(
                $"spans of {left.Length}, {right.Length} and {output.Length} values do not fit {places.Rows} × {places.Columns} " +
                $"with {places.Count} entries and {columns} columns");
        }

        unsafe
        {
            fixed (float* pinnedLeft = left, pinnedRight = right, pinnedOutput = output)
            {
                var work = new ProductWork(places, (nint)pinnedLeft, (nint)pinnedRight, (nint)pinnedOutput, columns, SimdPath.Best, false);
                Workers.Run(places.Rows, 64, threads, in work, static (in ProductWork w, int start, int end, int _) =>
                {
                    int[] rowStart = w.Places.RowStart, index = w.Places.ColumnIndex;
                    for (int r = start; r < end; r++)
                    {
                        var row = new ReadOnlySpan<float>((float*)w.Values + ((nint)r * w.Columns), w.Columns);
                        for (int n = rowStart[r]; n < rowStart[r + 1]; n++)
                        {
                            ((float*)w.Output)[n] = TensorPrimitives.Dot(
                                row, new ReadOnlySpan<float>((float*)w.Dense + ((nint)index[n] * w.Columns), w.Columns));
                        }
                    }
                });
            }
        }
    }

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

        using CancellationScope scope = CancellationScope.Enter(cancellation);
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
                    });
                Triangles.MirrorLower(pinned, size, size, threads);
            }
        }
    }

    private readonly record struct ProductWork(CsrMatrix Places, nint Values, nint Dense, nint Output, int Columns, SimdPath Path, bool Add);

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

    private static unsafe void MultiplyRow(int* index, float* values, int count, float* dense, float* output, int columns, SimdPath path, bool add)
    {
        int c = 0;
        switch (path)
        {
            case SimdPath.Vector512:
                for (; c + 64 <= columns; c += 64)
                {
                    Row64(index, values, count, dense + c, output + c, columns, add);
                }

                for (; c + 16 <= columns; c += 16)
                {
                    Row16(index, values, count, dense + c, output + c, columns, add);
                }

                break;
            case SimdPath.Vector256:
                for (; c + 32 <= columns; c += 32)
                {
                    Row32(index, values, count, dense + c, output + c, columns, add);
                }

                for (; c + 8 <= columns; c += 8)
                {
                    Row8(index, values, count, dense + c, output + c, columns, add);
                }

                break;
            case SimdPath.Vector128:
                for (; c + 4 <= columns; c += 4)
                {
                    Row4(index, values, count, dense + c, output + c, columns, add);
                }

                break;
            default:
                break;
        }

        for (; c < columns; c++)
        {
            float sum = 0f;
            for (int n = 0; n < count; n++)
            {
                sum += values[n] * dense[((nint)index[n] * columns) + c];
            }

            output[c] = add ? output[c] + sum : sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Row64(int* index, float* values, int count, float* dense, float* output, nint stride, bool add)
    {
        Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (int n = 0; n < count; n++)
        {
            float* row = dense + (index[n] * stride);
            var x = Vector512.Create(values[n]);
            s0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(row), s0);
            s1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(row + 16), s1);
            s2 = Vector512.FusedMultiplyAdd(x, Vector512.Load(row + 32), s2);
            s3 = Vector512.FusedMultiplyAdd(x, Vector512.Load(row + 48), s3);
        }

        if (add)
        {
            s0 += Vector512.Load(output);
            s1 += Vector512.Load(output + 16);
            s2 += Vector512.Load(output + 32);
            s3 += Vector512.Load(output + 48);
        }

        s0.Store(output);
        s1.Store(output + 16);
        s2.Store(output + 32);
        s3.Store(output + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Row16(int* index, float* values, int count, float* dense, float* output, nint stride, bool add)
    {
        Vector512<float> sum = Vector512<float>.Zero;
        for (int n = 0; n < count; n++)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(values[n]), Vector512.Load(dense + (index[n] * stride)), sum);
        }

        (add ? sum + Vector512.Load(output) : sum).Store(output);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Row32(int* index, float* values, int count, float* dense, float* output, nint stride, bool add)
    {
        Vector256<float> s0 = Vector256<float>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (int n = 0; n < count; n++)
        {
            float* row = dense + (index[n] * stride);
            var x = Vector256.Create(values[n]);
            s0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row), s0);
            s1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row + 8), s1);
            s2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row + 16), s2);
            s3 = Vector256.FusedMultiplyAdd(x, Vector256.Load(row + 24), s3);
        }

        if (add)
        {
            s0 += Vector256.Load(output);
            s1 += Vector256.Load(output + 8);
            s2 += Vector256.Load(output + 16);
            s3 += Vector256.Load(output + 24);
        }

        s0.Store(output);
        s1.Store(output + 8);
        s2.Store(output + 16);
        s3.Store(output + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Row8(int* index, float* values, int count, float* dense, float* output, nint stride, bool add)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        for (int n = 0; n < count; n++)
        {
            sum = Vector256.FusedMultiplyAdd(Vector256.Create(values[n]), Vector256.Load(dense + (index[n] * stride)), sum);
        }

        (add ? sum + Vector256.Load(output) : sum).Store(output);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Row4(int* index, float* values, int count, float* dense, float* output, nint stride, bool add)
    {
        Vector128<float> sum = Vector128<float>.Zero;
        for (int n = 0; n < count; n++)
        {
            sum += Vector128.Create(values[n]) * Vector128.Load(dense + (index[n] * stride));
        }

        (add ? sum + Vector128.Load(output) : sum).Store(output);
    }
}
