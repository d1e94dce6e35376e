using System.Numerics;
using System.Numerics.Tensors;
using Segue.Numerics;

namespace Segue.Neural.Autodiff;

/// <summary>Sums and means over rows, columns and everything.</summary>
public static class Reductions
{
    /// <summary>Σ over rows of weight · |row|²: an L2 penalty of what a step uses.</summary>
    /// <param name="x">Any matrix.</param>
    /// <param name="rowWeight">One a row; not copied.</param>
    /// <exception cref="ArgumentException">Not one weight a row.</exception>
    public static Variable SquareSum(this Variable x, ReadOnlyMemory<float> rowWeight)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (rowWeight.Length != x.Rows)
        {
            throw new ArgumentException($"{rowWeight.Length} weights for {x.Rows} rows; give one each", nameof(rowWeight));
        }

        Variable y = x.Tape.Record(1, 1, SquareSumBackward, x);
        y.Weights = rowWeight;
        double sum = 0;
        ReadOnlySpan<float> weight = rowWeight.Span;
        for (int r = 0; r < x.Rows; r++)
        {
            sum += weight[r] == 0f ? 0 : weight[r] * TensorPrimitives.SumOfSquares<float>(x.Row(r));
        }

        y.Value[0] = (float)sum;
        return y;
    }

    private static void SquareSumBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        ReadOnlySpan<float> weight = y.Weights.Span;
        float gradient = 2f * y.OutputGradient[0];
        for (int r = 0; r < x.Rows; r++)
        {
            Span<float> row = target.Slice(r * x.Columns, x.Columns);
            TensorPrimitives.MultiplyAdd(x.Row(r), gradient * weight[r], row, row);
        }
    }

    /// <summary>Sum of all elements; 1 × 1, 0 for an empty matrix.</summary>
    public static Variable Sum(this Variable x) => Whole(x, 1f);

    /// <summary>Mean of all elements; 1 × 1, 0 for an empty matrix.</summary>
    public static Variable Mean(this Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Whole(x, x.Count == 0 ? 0f : 1f / x.Count);
    }

    /// <summary>Sum of every row; rows × 1.</summary>
    public static Variable RowSums(this Variable x) => ByRow(x, 1f);

    /// <summary>Mean of every row; rows × 1, 0 where there are no columns.</summary>
    public static Variable RowMeans(this Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return ByRow(x, x.Columns == 0 ? 0f : 1f / x.Columns);
    }

    /// <summary>Sum of every column; 1 × columns.</summary>
    public static Variable ColumnSums(this Variable x) => ByColumn(x, 1f);

    /// <summary>Mean of every column; 1 × columns, 0 where there are no rows.</summary>
    public static Variable ColumnMeans(this Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return ByColumn(x, x.Rows == 0 ? 0f : 1f / x.Rows);
    }

    /// <summary>sums += the sum of every column, from the first row to the last.</summary>
    internal static void AddColumnSums(ReadOnlySpan<float> values, Span<float> sums, int rows, int columns, int threads) =>
        AddColumnDots(values, values, sums, rows, columns, threads, isProduct: false);

    /// <summary>sums += Σ over rows of x ⊙ y, from the first row to the last.</summary>
    internal static unsafe void AddColumnDots(
        ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> sums, int rows, int columns, int threads, bool isProduct = true)
    {
        fixed (float* left = x, right = y, target = sums)
        {
            Workers.Run(
                columns, 32, x.Length < Kernels.Large ? 1 : threads, ((nint)left, (nint)right, (nint)target, rows, columns, isProduct),
                static (in (nint X, nint Y, nint Target, int Rows, int Columns, bool IsProduct) w, int start, int end, int _) =>
                {
                    int width = Vector<float>.Count, c = start;
                    for (; c + (4 * width) <= end; c += 4 * width)
                    {
                        AddFour((float*)w.X + c, w.IsProduct ? (float*)w.Y + c : null, (float*)w.Target + c, w.Rows, w.Columns);
                    }

                    for (; c + width <= end; c += width)
                    {
                        AddOne((float*)w.X + c, w.IsProduct ? (float*)w.Y + c : null, (float*)w.Target + c, w.Rows, w.Columns);
                    }

                    for (; c < end; c++)
                    {
                        float sum = ((float*)w.Target)[c];
                        for (nint n = c, r = 0; r < w.Rows; r++, n += w.Columns)
                        {
                            sum += w.IsProduct ? ((float*)w.X)[n] * ((float*)w.Y)[n] : ((float*)w.X)[n];
                        }

                        ((float*)w.Target)[c] = sum;
                    }
                });
        }
    }

    private static unsafe void AddFour(float* x, float* y, float* target, int rows, int stride)
    {
        int width = Vector<float>.Count;
        Vector<float> a = Vector.Load(target), b = Vector.Load(target + width), c = Vector.Load(target + (2 * width)), d = Vector.Load(target + (3 * width));
        nint n = 0;
        if (y is null)
        {
            for (int r = 0; r < rows; r++, n += stride)
            {
                a += Vector.Load(x + n);
                b += Vector.Load(x + n + width);
                c += Vector.Load(x + n + (2 * width));
                d += Vector.Load(x + n + (3 * width));
            }
        }
        else
        {
            for (int r = 0; r < rows; r++, n += stride)
            {
                a += Vector.Load(x + n) * Vector.Load(y + n);
                b += Vector.Load(x + n + width) * Vector.Load(y + n + width);
                c += Vector.Load(x + n + (2 * width)) * Vector.Load(y + n + (2 * width));
                d += Vector.Load(x + n + (3 * width)) * Vector.Load(y + n + (3 * width));
            }
        }

        Vector.Store(a, target);
        Vector.Store(b, target + width);
        Vector.Store(c, target + (2 * width));
        Vector.Store(d, target + (3 * width));
    }

    private static unsafe void AddOne(float* x, float* y, float* target, int rows, int stride)
    {
        Vector<float> sum = Vector.Load(target);
        nint n = 0;
        for (int r = 0; r < rows; r++, n += stride)
        {
            sum += y is null ? Vector.Load(x + n) : Vector.Load(x + n) * Vector.Load(y + n);
        }

        Vector.Store(sum, target);
    }

    private static Variable Whole(Variable x, float factor)
    {
        ArgumentNullException.ThrowIfNull(x);
        Variable y = x.Tape.Record(1, 1, WholeBackward, x);
        y.Factor = factor;
        y.Value[0] = factor * TensorPrimitives.Sum<float>(x.Value);
        return y;
    }

    private static Variable ByRow(Variable x, float factor)
    {
        ArgumentNullException.ThrowIfNull(x);
        Variable y = x.Tape.Record(x.Rows, 1, ByRowBackward, x);
        y.Factor = factor;
        Span<float> sums = y.Value;
        for (int r = 0; r < x.Rows; r++)
        {
            sums[r] = factor * TensorPrimitives.Sum<float>(x.Row(r));
        }

        return y;
    }

    private static Variable ByColumn(Variable x, float factor)
    {
        ArgumentNullException.ThrowIfNull(x);
        Variable y = x.Tape.Record(1, x.Columns, ByColumnBackward, x);
        y.Factor = factor;
        y.Value.Clear();
        AddColumnSums(x.Value, y.Value, x.Rows, x.Columns, x.Tape.Threads);
        TensorPrimitives.Multiply(y.Value, factor, y.Value);
        return y;
    }

    private static void WholeBackward(Variable y)
    {
        if (y.First!.NeedsGradient)
        {
            Span<float> target = y.First.AddTo();
            TensorPrimitives.Add(target, y.Factor * y.OutputGradient[0], target);
        }
    }

    private static void ByRowBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        ReadOnlySpan<float> gradient = y.OutputGradient;
        for (int r = 0; r < x.Rows; r++)
        {
            Span<float> row = target.Slice(r * x.Columns, x.Columns);
            TensorPrimitives.Add(row, y.Factor * gradient[r], row);
        }
    }

    private static void ByColumnBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        for (int r = 0; r < x.Rows; r++)
        {
            Span<float> row = target.Slice(r * x.Columns, x.Columns);
            TensorPrimitives.MultiplyAdd(y.OutputGradient, y.Factor, row, row);
        }
    }
}
