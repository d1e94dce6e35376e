using System.Numerics.Tensors;
using Segue.Numerics;

namespace Segue.Neural.Autodiff;

/// <summary>Taking, putting, joining and cutting rows and columns.</summary>
/// <remarks>Indices are not copied: they must stay as they are until the tape is reset.</remarks>
public static class Rows
{
    /// <summary>Row n of the result is row indices[n] of <paramref name="x"/>. A row-sparse parameter gets a gradient in these rows only.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index is no row.</exception>
    public static Variable Gather(this Variable x, ReadOnlyMemory<int> indices)
    {
        ArgumentNullException.ThrowIfNull(x);
        Shapes.RequireIndices(indices.Span, x.Rows);
        Variable y = x.Tape.Record(indices.Length, x.Columns, GatherBackward, x);
        y.Indices = indices;
        TakeRows(x.Value, indices.Span, y.Value, x.Columns, x.Tape.Threads);
        return y;
    }

    /// <summary>Adds row n of <paramref name="x"/> to row indices[n] of a zero matrix with <paramref name="rows"/> rows.</summary>
    /// <exception cref="ArgumentException">Not one index a row, or an index beyond <paramref name="rows"/>.</exception>
    public static Variable ScatterAdd(this Variable x, ReadOnlyMemory<int> indices, int rows)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (indices.Length != x.Rows)
        {
            throw new ArgumentException($"{indices.Length} indices for {x.Rows} rows; give one each", nameof(indices));
        }

        Shapes.RequireIndices(indices.Span, rows);
        Variable y = x.Tape.Record(rows, x.Columns, ScatterBackward, x);
        y.Indices = indices;
        y.Value.Clear();
        AddRows(x.Value, indices.Span, y.Value, x.Columns, x.Tape.Threads);
        return y;
    }

    /// <summary>
    /// Row s of the result is Σ weight[n] · row indices[n] of <paramref name="x"/> for n from starts[s] to before starts[s + 1]: pooled
    /// embeddings, for example of a history.
    /// </summary>
    /// <param name="x">The rows to take.</param>
    /// <param name="indices">Which rows.</param>
    /// <param name="starts">Start of every segment, ascending, the last one the number of indices.</param>
    /// <param name="weights">One an index, or empty where all are 1.</param>
    /// <exception cref="ArgumentException">The sizes do not fit or an index is no row.</exception>
    public static Variable GatherSum(
        this Variable x, ReadOnlyMemory<int> indices, ReadOnlyMemory<int> starts, ReadOnlyMemory<float> weights = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        Shapes.RequireIndices(indices.Span, x.Rows);
        Shapes.RequireStarts(starts.Span, indices.Length, "indices");
        if (!weights.IsEmpty && weights.Length != indices.Length)
        {
            throw new ArgumentException($"{weights.Length} weights for {indices.Length} indices; give one each or none", nameof(weights));
        }

        Variable y = x.Tape.Record(starts.Length - 1, x.Columns, GatherSumBackward, x);
        (y.Indices, y.Starts, y.Weights) = (indices, starts, weights);
        ReadOnlySpan<int> rows = indices.Span, start = starts.Span;
        ReadOnlySpan<float> factor = weights.Span;
        for (int s = 0; s < y.Rows; s++)
        {
            Span<float> sum = y.Row(s);
            sum.Clear();
            for (int n = start[s]; n < start[s + 1]; n++)
            {
                TensorPrimitives.MultiplyAdd(x.Row(rows[n]), factor.IsEmpty ? 1f : factor[n], sum, sum);
            }
        }

        return y;
    }

    /// <summary>A and B side by side.</summary>
    /// <exception cref="ArgumentException">The matrices have different numbers of rows.</exception>
    public static Variable ConcatColumns(this Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        Shapes.Require(a.Rows == b.Rows, a, b, "matrices side by side need as many rows each");
        Variable c = a.Tape.Record(a.Rows, a.Columns + b.Columns, ConcatColumnsBackward, a, b);
        for (int r = 0; r < c.Rows; r++)
        {
            a.Row(r).CopyTo(c.Row(r));
            b.Row(r).CopyTo(c.Row(r)[a.Columns..]);
        }

        return c;
    }

    /// <summary>A above B.</summary>
    /// <exception cref="ArgumentException">The matrices have different numbers of columns.</exception>
    public static Variable ConcatRows(this Variable a, Variable b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        Shapes.Require(a.Columns == b.Columns, a, b, "matrices above each other need as many columns each");
        Variable c = a.Tape.Record(a.Rows + b.Rows, a.Columns, ConcatRowsBackward, a, b);
        a.Value.CopyTo(c.Value);
        b.Value.CopyTo(c.Value[a.Count..]);
        return c;
    }

    /// <summary>Some neighbouring columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all columns of the matrix.</exception>
    public static Variable SliceColumns(this Variable x, int start, int count)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckRange(start, count, x.Columns, "columns");
        Variable y = x.Tape.Record(x.Rows, count, SliceColumnsBackward, x);
        y.Offset = start;
        for (int r = 0; r < x.Rows; r++)
        {
            x.Row(r).Slice(start, count).CopyTo(y.Row(r));
        }

        return y;
    }

    /// <summary>Some neighbouring rows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all rows of the matrix.</exception>
    public static Variable SliceRows(this Variable x, int start, int count)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckRange(start, count, x.Rows, "rows");
        Variable y = x.Tape.Record(count, x.Columns, SliceRowsBackward, x);
        y.Offset = start;
        x.Value.Slice(start * x.Columns, count * x.Columns).CopyTo(y.Value);
        return y;
    }

    /// <summary>target[n] = source[indices[n]].</summary>
    internal static unsafe void TakeRows(ReadOnlySpan<float> source, ReadOnlySpan<int> indices, Span<float> target, int columns, int threads)
    {
        if (columns == 1)
        {
            for (int n = 0; n < indices.Length; n++)
            {
                target[n] = source[indices[n]];
            }

            return;
        }

        fixed (float* from = source, to = target)
        fixed (int* index = indices)
        {
            Workers.Run(
                indices.Length, Kernels.RowChunk(columns), target.Length < Kernels.Large ? 1 : threads, ((nint)from, (nint)to, (nint)index, columns),
                static (in (nint From, nint To, nint Index, int Columns) w, int start, int end, int _) =>
                {
                    for (int n = start; n < end; n++)
                    {
                        new ReadOnlySpan<float>((float*)w.From + ((nint)((int*)w.Index)[n] * w.Columns), w.Columns)
                            .CopyTo(new Span<float>((float*)w.To + ((nint)n * w.Columns), w.Columns));
                    }
                });
        }
    }

    /// <summary>target[indices[n]] += source[n], row by row in order; columns are shared out so that the order of sums never changes.</summary>
    internal static unsafe void AddRows(ReadOnlySpan<float> source, ReadOnlySpan<int> indices, Span<float> target, int columns, int threads)
    {
        if (columns == 1)
        {
            for (int n = 0; n < indices.Length; n++)
            {
                target[indices[n]] += source[n];
            }

            return;
        }

        fixed (float* from = source, to = target)
        fixed (int* index = indices)
        {
            int chunk = source.Length < Kernels.Large || threads == 1 ? Math.Max(1, columns) : 16;
            Workers.Run(
                columns, chunk, threads, ((nint)from, (nint)to, (nint)index, indices.Length, columns),
                static (in (nint From, nint To, nint Index, int Count, int Columns) w, int start, int end, int _) =>
                {
                    for (int n = 0; n < w.Count; n++)
                    {
                        var sum = new Span<float>((float*)w.To + ((nint)((int*)w.Index)[n] * w.Columns) + start, end - start);
                        TensorPrimitives.Add(sum, new ReadOnlySpan<float>((float*)w.From + ((nint)n * w.Columns) + start, end - start), sum);
                    }
                });
        }
    }

    private static void CheckRange(int start, int count, int length, string what)
    {
        if (start < 0 || count < 0 || start > length - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"{what} {start} to {start + (long)count} are not all of {length}");
        }
    }

    private static void GatherBackward(Variable y)
    {
        if (y.First!.NeedsGradient)
        {
            AddRows(y.OutputGradient, y.Indices.Span, y.First.AddToRows(y.Indices.Span), y.Columns, y.Tape.Threads);
        }
    }

    private static void ScatterBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        ReadOnlySpan<int> rows = y.Indices.Span;
        ReadOnlySpan<float> gradient = y.OutputGradient;
        for (int n = 0; n < rows.Length; n++)
        {
            Span<float> row = target.Slice(n * x.Columns, x.Columns);
            TensorPrimitives.Add(row, gradient.Slice(rows[n] * x.Columns, x.Columns), row);
        }
    }

    private static void GatherSumBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        ReadOnlySpan<int> rows = y.Indices.Span, start = y.Starts.Span;
        ReadOnlySpan<float> factor = y.Weights.Span, gradient = y.OutputGradient;
        Span<float> target = x.AddToRows(rows);
        for (int s = 0; s < y.Rows; s++)
        {
            ReadOnlySpan<float> share = gradient.Slice(s * y.Columns, y.Columns);
            for (int n = start[s]; n < start[s + 1]; n++)
            {
                Span<float> row = target.Slice(rows[n] * y.Columns, y.Columns);
                TensorPrimitives.MultiplyAdd(share, factor.IsEmpty ? 1f : factor[n], row, row);
            }
        }
    }

    private static void ConcatColumnsBackward(Variable c)
    {
        ReadOnlySpan<float> gradient = c.OutputGradient;
        AddColumns(gradient, c, c.First!, 0);
        AddColumns(gradient, c, c.Second!, c.First!.Columns);
    }

    private static void AddColumns(ReadOnlySpan<float> gradient, Variable c, Variable part, int offset)
    {
        if (!part.NeedsGradient)
        {
            return;
        }

        Span<float> target = part.AddTo();
        for (int r = 0; r < part.Rows; r++)
        {
            Span<float> row = target.Slice(r * part.Columns, part.Columns);
            TensorPrimitives.Add(row, gradient.Slice((r * c.Columns) + offset, part.Columns), row);
        }
    }

    private static void ConcatRowsBackward(Variable c)
    {
        (Variable a, Variable b) = (c.First!, c.Second!);
        if (a.NeedsGradient)
        {
            Kernels.AddScaled(c.OutputGradient[..a.Count], 1f, a.AddTo(), c.Tape.Threads);
        }

        if (b.NeedsGradient)
        {
            Kernels.AddScaled(c.OutputGradient[a.Count..], 1f, b.AddTo(), c.Tape.Threads);
        }
    }

    private static void SliceColumnsBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        for (int r = 0; r < x.Rows; r++)
        {
            Span<float> row = target.Slice((r * x.Columns) + y.Offset, y.Columns);
            TensorPrimitives.Add(row, y.OutputGradient.Slice(r * y.Columns, y.Columns), row);
        }
    }

    private static void SliceRowsBackward(Variable y)
    {
        if (y.First!.NeedsGradient)
        {
            Kernels.AddScaled(y.OutputGradient, 1f, y.First.AddTo().Slice(y.Offset * y.Columns, y.Count), y.Tape.Threads);
        }
    }
}
