using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Segue.Numerics.Selection;

namespace Segue.Numerics.Sparse;

/// <summary>How alike the rows of a sparse matrix are: products of a matrix with its own transpose, best entries only.</summary>
public static class RowSimilarity
{
    private const int Chunk = 64;

    /// <summary>Euclidean norm of every row, accumulated in double precision. O(entries).</summary>
    public static float[] Norms(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var norms = new float[matrix.Rows];
        for (int r = 0; r < matrix.Rows; r++)
        {
            double sum = 0;
            foreach (float value in matrix.RowValues(r))
            {
                sum += (double)value * value;
            }

            norms[r] = (float)Math.Sqrt(sum);
        }

        return norms;
    }

    /// <summary>
    /// The k other rows most alike to every row, by <c>product / (norm · norm + shrinkage)</c>; rows × rows, the diagonal empty.
    /// </summary>
    /// <param name="matrix">The rows, n × m.</param>
    /// <param name="transposed">Its transpose, m × n.</param>
    /// <param name="norms">Norm of every row (<see cref="Norms"/>), or empty: then the plain product counts, without shrinkage.</param>
    /// <param name="shrinkage">Added to the denominator, so that rows with few shared entries count less; not negative.</param>
    /// <param name="k">Entries kept a row; only similarities above 0 are kept, and ties go to the lower row.</param>
    /// <param name="threads">Threads; the result does not depend on their number.</param>
    /// <param name="rowsDone">Called with the number of finished rows, from any thread; may be null.</param>
    /// <param name="cancellation">Checked every 64 rows.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    /// <remarks>
    /// Row by row into a dense accumulator (Gustavson, "Two fast algorithms for sparse matrices", ACM TOMS 1978), summed in the
    /// order of the columns. Time O(Σ over columns of length²), memory n floats a thread and 8 bytes a kept entry.
    /// </remarks>
    public static CsrMatrix TopRows(
        CsrMatrix matrix, CsrMatrix transposed, ReadOnlyMemory<float> norms, double shrinkage, int k, int threads,
        Action<int>? rowsDone = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(transposed);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
        ArgumentOutOfRangeException.ThrowIfNegative(shrinkage);
        int rows = matrix.Rows;
        if (transposed.Rows != matrix.Columns || transposed.Columns != rows || transposed.Count != matrix.Count)
        {
            throw new ArgumentException(
                $"{transposed.Rows} × {transposed.Columns} is not the transpose of {rows} × {matrix.Columns}; give matrix.Transpose()",
                nameof(transposed));
        }

        if (!norms.IsEmpty && norms.Length != rows)
        {
            throw new ArgumentException($"{norms.Length} norms for {rows} rows; give RowSimilarity.Norms(matrix) or none", nameof(norms));
        }

        using CancellationScope scope = CancellationScope.Enter(cancellation);
        k = Math.Min(k, rows);
        var scratch = new Scratch?[Math.Max(threads, 1)];
        var parts = new (int[] Length, int[] Index, float[] Value)[(rows + Chunk - 1) / Chunk];
        int done = 0;
        Workers.Run(rows, Chunk, threads, (start, end, worker) =>
        {
            Scratch own = scratch[worker] ??= new Scratch(rows, k);
            var length = new int[end - start];
            int written = 0;
            for (int row = start; row < end; row++)
            {
                int count = SelectRow(matrix, transposed, norms.Span, (float)shrinkage, row, own);
                own.Best.AsSpan(0, count).CopyTo(own.Index.AsSpan(written));
                own.BestValue.AsSpan(0, count).CopyTo(own.Value.AsSpan(written));
                length[row - start] = count;
                written += count;
            }

            parts[start / Chunk] = (length, own.Index[..written], own.Value[..written]);
            rowsDone?.Invoke(Interlocked.Add(ref done, end - start));
        });
        return Join(rows, parts);
    }

    /// <summary>Adds <paramref name="factor"/> times a row to <paramref name="sums"/>, which has a place for every column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddRow(CsrMatrix matrix, int row, float factor, Span<float> sums)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ReadOnlySpan<int> columns = matrix.RowColumns(row);
        ref float value = ref MemoryMarshal.GetReference(matrix.RowValues(row));
        for (int n = 0; n < columns.Length; n++)
        {
            sums[columns[n]] += factor * Unsafe.Add(ref value, n);
        }
    }

    private static int SelectRow(CsrMatrix matrix, CsrMatrix transposed, ReadOnlySpan<float> norms, float shrinkage, int row, Scratch scratch)
    {
        ReadOnlySpan<int> columns = matrix.RowColumns(row);
        ReadOnlySpan<float> values = matrix.RowValues(row);
        long work = 0;
        foreach (int column in columns)
        {
            work += transposed.RowLength(column);
        }

        if (work == 0)
        {
            return 0;
        }

        // Where few places are reached, listing them costs less than clearing and scanning the whole accumulator.
        return work < matrix.Rows / 16
            ? SelectTouched(transposed, norms, shrinkage, row, columns, values, scratch)
            : SelectDense(transposed, norms, shrinkage, row, columns, values, scratch);
    }

    private static int SelectDense(
        CsrMatrix transposed, ReadOnlySpan<float> norms, float shrinkage, int row, ReadOnlySpan<int> columns, ReadOnlySpan<float> values,
        Scratch scratch)
    {
        Span<float> sums = scratch.Sums;
        for (int n = 0; n < columns.Length; n++)
        {
            AddRow(transposed, columns[n], values[n], sums);
        }

        sums[row] = 0;
        if (!norms.IsEmpty)
        {
            DivideByNorms(sums, norms, norms[row], shrinkage);
        }

        int count = Positive(scratch, TopK.Select(sums, scratch.Best, scratch.BestValue));
        sums.Clear();
        scratch.Best.AsSpan(0, count).Sort(scratch.BestValue.AsSpan(0, count));
        return count;
    }

    private static int SelectTouched(
        CsrMatrix transposed, ReadOnlySpan<float> norms, float shrinkage, int row, ReadOnlySpan<int> columns, ReadOnlySpan<float> values,
        Scratch scratch)
    {
        Span<float> sums = scratch.Sums;
        int[] mark = scratch.Mark;
        int touched = 0;
        for (int n = 0; n < columns.Length; n++)
        {
            ReadOnlySpan<int> others = transposed.RowColumns(columns[n]);
            ReadOnlySpan<float> otherValues = transposed.RowValues(columns[n]);
            for (int m = 0; m < others.Length; m++)
            {
                int other = others[m];
                if (mark[other] != row + 1)
                {
                    mark[other] = row + 1;
                    scratch.Touched[touched++] = other;
                }

                sums[other] += values[n] * otherValues[m];
            }
        }

        Span<int> list = scratch.Touched.AsSpan(0, touched);
        list.Sort();
        Span<float> compact = scratch.Compact.AsSpan(0, touched);
        sums[row] = 0;
        for (int n = 0; n < touched; n++)
        {
            float sum = sums[list[n]];
            compact[n] = norms.IsEmpty ? sum : sum / ((norms[row] * norms[list[n]]) + shrinkage);
            sums[list[n]] = 0;
        }

        int count = Positive(scratch, TopK.Select(compact, scratch.Best, scratch.BestValue));
        scratch.Best.AsSpan(0, count).Sort(scratch.BestValue.AsSpan(0, count));
        for (int n = 0; n < count; n++)
        {
            scratch.Best[n] = list[scratch.Best[n]];
        }

        return count;
    }

    private static void DivideByNorms(Span<float> sums, ReadOnlySpan<float> norms, float norm, float shrinkage)
    {
        // Plain multiply, add and divide: no fused step, so every machine and the touched path give the same bits.
        int width = Vector<float>.Count, n = 0;
        var normVector = new Vector<float>(norm);
        var shrinkageVector = new Vector<float>(shrinkage);
        for (; n <= sums.Length - width; n += width)
        {
            Vector<float> denominator = (new Vector<float>(norms[n..]) * normVector) + shrinkageVector;
            (new Vector<float>(sums[n..]) / denominator).CopyTo(sums[n..]);
        }

        for (; n < sums.Length; n++)
        {
            sums[n] /= (norm * norms[n]) + shrinkage;
        }
    }

    private static int Positive(Scratch scratch, int count)
    {
        while (count > 0 && scratch.BestValue[count - 1] <= 0)
        {
            count--;
        }

        return count;
    }

    private static CsrMatrix Join(int rows, (int[] Length, int[] Index, float[] Value)[] parts)
    {
        long total = parts.Sum(p => (long)p.Index.Length);
        if (total > Array.MaxLength)
        {
            throw new ArgumentException($"{total} kept entries do not fit one matrix; keep fewer a row");
        }

        var start = new int[rows + 1];
        var index = new int[total];
        var value = new float[total];
        int row = 0, at = 0;
        foreach ((int[] length, int[] partIndex, float[] partValue) in parts)
        {
            partIndex.CopyTo(index, at);
            partValue.CopyTo(value, at);
            foreach (int count in length)
            {
                at += count;
                start[++row] = at;
            }
        }

        return new CsrMatrix(rows, rows, start, index, value);
    }

    private sealed class Scratch(int rows, int k)
    {
        public float[] Sums { get; } = new float[rows];

        public int[] Mark { get; } = new int[rows];

        public int[] Touched { get; } = new int[(rows / 16) + 1];

        public float[] Compact { get; } = new float[(rows / 16) + 1];

        public int[] Best { get; } = new int[k];

        public float[] BestValue { get; } = new float[k];

        public int[] Index { get; } = new int[Chunk * k];

        public float[] Value { get; } = new float[Chunk * k];
    }
}
