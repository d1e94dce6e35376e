using System.Numerics.Tensors;
using Segue.Numerics.Dense;

namespace Segue.Neural.Autodiff;

/// <summary>Sums, means and softmax over consecutive rows, for example the edges of every node.</summary>
/// <remarks>
/// Segment s is the rows from starts[s] to before starts[s + 1]; starts ascend from 0 to the number of rows, and are not copied. An empty
/// segment sums to 0.
/// </remarks>
public static class Segments
{
    /// <summary>Sum of the rows of every segment; segments × columns.</summary>
    /// <exception cref="ArgumentException">The starts do not cut the rows.</exception>
    public static Variable SegmentSum(this Variable x, ReadOnlyMemory<int> starts) => Reduce(x, starts, mean: false);

    /// <summary>Mean of the rows of every segment; segments × columns.</summary>
    /// <exception cref="ArgumentException">The starts do not cut the rows.</exception>
    public static Variable SegmentMean(this Variable x, ReadOnlyMemory<int> starts) => Reduce(x, starts, mean: true);

    /// <summary>Every column of every segment as probabilities: the softmax over a node's edges that attention needs.</summary>
    /// <exception cref="ArgumentException">The starts do not cut the rows.</exception>
    public static Variable SegmentSoftmax(this Variable x, ReadOnlyMemory<int> starts)
    {
        ArgumentNullException.ThrowIfNull(x);
        Shapes.RequireStarts(starts.Span, x.Rows, "rows");
        Variable y = x.Tape.Record(x.Rows, x.Columns, SoftmaxBackward, x);
        y.Starts = starts;
        ReadOnlySpan<int> start = starts.Span;
        if (x.Columns == 1)
        {
            SoftmaxOfOne(x, y, start);
            return y;
        }

        AlignedBuffer scratch = x.Tape.Rent(2 * x.Columns);
        Span<float> largest = scratch.Span[..x.Columns], sum = scratch.Span.Slice(x.Columns, x.Columns);
        for (int s = 0; s + 1 < start.Length; s++)
        {
            largest.Fill(float.NegativeInfinity);
            for (int r = start[s]; r < start[s + 1]; r++)
            {
                TensorPrimitives.Max(largest, x.Row(r), largest);
            }

            sum.Clear();
            for (int r = start[s]; r < start[s + 1]; r++)
            {
                TensorPrimitives.Subtract(x.Row(r), largest, y.Row(r));
                TensorPrimitives.Exp(y.Row(r), y.Row(r));
                TensorPrimitives.Add(sum, y.Row(r), sum);
            }

            for (int r = start[s]; r < start[s + 1]; r++)
            {
                TensorPrimitives.Divide(y.Row(r), sum, y.Row(r));
            }
        }

        x.Tape.Return(scratch);
        return y;
    }

    /// <summary>One column: most segments are short, so the exponentials of all are taken at once.</summary>
    private static void SoftmaxOfOne(Variable x, Variable y, ReadOnlySpan<int> start)
    {
        ReadOnlySpan<float> source = x.Value;
        Span<float> target = y.Value;
        for (int s = 0; s + 1 < start.Length; s++)
        {
            (int from, int to) = (start[s], start[s + 1]);
            float largest = to - from < 16 ? Largest(source[from..to]) : TensorPrimitives.Max(source[from..to]);
            for (int n = from; n < to; n++)
            {
                target[n] = source[n] - largest;
            }
        }

        Kernels.Map<Activations.ExpMap>(target, target, x.Tape.Threads);
        for (int s = 0; s + 1 < start.Length; s++)
        {
            Span<float> part = target[start[s]..start[s + 1]];
            float sum = 0;
            foreach (float value in part)
            {
                sum += value;
            }

            foreach (ref float value in part)
            {
                value /= sum;
            }
        }
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        float largest = float.NegativeInfinity;
        foreach (float value in values)
        {
            largest = MathF.Max(largest, value);
        }

        return largest;
    }

    private static Variable Reduce(Variable x, ReadOnlyMemory<int> starts, bool mean)
    {
        ArgumentNullException.ThrowIfNull(x);
        Shapes.RequireStarts(starts.Span, x.Rows, "rows");
        Variable y = x.Tape.Record(starts.Length - 1, x.Columns, ReduceBackward, x);
        (y.Starts, y.Factor) = (starts, mean ? 1f : 0f);
        ReadOnlySpan<int> start = starts.Span;
        for (int s = 0; s < y.Rows; s++)
        {
            Span<float> sum = y.Row(s);
            sum.Clear();
            for (int r = start[s]; r < start[s + 1]; r++)
            {
                TensorPrimitives.Add(sum, x.Row(r), sum);
            }

            TensorPrimitives.Multiply(sum, Share(start, s, mean), sum);
        }

        return y;
    }

    private static float Share(ReadOnlySpan<int> start, int segment, bool mean) =>
        mean ? 1f / Math.Max(1, start[segment + 1] - start[segment]) : 1f;

    private static void ReduceBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        ReadOnlySpan<int> start = y.Starts.Span;
        ReadOnlySpan<float> gradient = y.OutputGradient;
        for (int s = 0; s < y.Rows; s++)
        {
            float share = Share(start, s, y.Factor == 1f);
            for (int r = start[s]; r < start[s + 1]; r++)
            {
                Span<float> row = target.Slice(r * x.Columns, x.Columns);
                TensorPrimitives.MultiplyAdd(gradient.Slice(s * x.Columns, x.Columns), share, row, row);
            }
        }
    }

    private static void SoftmaxBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        ReadOnlySpan<int> start = y.Starts.Span;
        ReadOnlySpan<float> gradient = y.OutputGradient, value = y.Value;
        int columns = x.Columns;
        AlignedBuffer scratch = y.Tape.Rent(columns);
        Span<float> mean = scratch.Span[..columns];
        for (int s = 0; s + 1 < start.Length; s++)
        {
            if (columns == 1)
            {
                Range rows = start[s]..start[s + 1];
                Activations.AddSoftmaxGradient(value[rows], gradient[rows], target[rows]);
                continue;
            }

            mean.Clear();
            for (int r = start[s]; r < start[s + 1]; r++)
            {
                TensorPrimitives.MultiplyAdd(value.Slice(r * columns, columns), gradient.Slice(r * columns, columns), mean, mean);
            }

            for (int n = start[s] * columns; n < start[s + 1] * columns; n++)
            {
                target[n] += value[n] * (gradient[n] - mean[n % columns]);
            }
        }

        y.Tape.Return(scratch);
    }
}
