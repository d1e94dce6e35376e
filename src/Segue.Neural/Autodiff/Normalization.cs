using System.Numerics;
using System.Numerics.Tensors;
using Segue.Numerics;

namespace Segue.Neural.Autodiff;

/// <summary>Bringing rows to a common scale.</summary>
public static unsafe class Normalization
{
    /// <summary>Every row divided by its length, or by <paramref name="epsilon"/> where it is shorter.</summary>
    /// <remarks>
    /// A zero row stays zero and gets no gradient: it has no direction that could be turned, and 1 / epsilon times the gradient of the result
    /// would throw everything behind it far away.
    /// </remarks>
    public static Variable NormalizeRows(this Variable x, float epsilon = 1e-12f)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        Variable y = x.Tape.Record(x.Rows, x.Columns, NormalizeBackward, x);
        y.Saved = x.Tape.Rent(x.Rows);
        y.Factor = epsilon;
        Span<float> lengths = y.Saved.Span;
        for (int r = 0; r < x.Rows; r++)
        {
            lengths[r] = MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(x.Row(r)));
            TensorPrimitives.Divide(x.Row(r), Math.Max(lengths[r], epsilon), y.Row(r));
        }

        return y;
    }

    /// <summary>Every row to mean 0 and variance 1, then scale ⊙ row + shift.</summary>
    /// <param name="x">Rows × columns.</param>
    /// <param name="scale">1 × columns.</param>
    /// <param name="shift">1 × columns.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <remarks>Ba, Kiros and Hinton, "Layer Normalization", 2016, eq. 4; the variance divides by the number of columns.</remarks>
    /// <exception cref="ArgumentException">Scale or shift are not 1 × columns.</exception>
    public static Variable LayerNorm(this Variable x, Variable scale, Variable shift, float epsilon = 1e-5f)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(shift);
        Shapes.Require(scale.Rows == 1 && scale.Columns == x.Columns, x, scale, "a layer norm needs a 1 × columns scale");
        Shapes.Require(shift.Rows == 1 && shift.Columns == x.Columns, x, shift, "a layer norm needs a 1 × columns shift");
        Variable y = x.Tape.Record(x.Rows, x.Columns, LayerNormBackward, x, scale, shift);

        // Kept: the normalised rows, then one factor a row.
        y.Saved = x.Tape.Rent(x.Count + x.Rows);
        fixed (float* from = x.Value, to = y.Value, scales = scale.Value, shifts = shift.Value)
        {
            var pass = new Pass((nint)from, (nint)to, (nint)scales, (nint)shifts, (nint)y.Saved.Pointer, x.Rows, x.Columns, false, epsilon);
            Workers.Run(x.Rows, Kernels.RowChunk(x.Columns), x.Count < Kernels.Large ? 1 : x.Tape.Threads, in pass, static (in Pass p, int start, int end, int _) => Forward(in p, start, end));
        }

        return y;
    }

    private static void Forward(in Pass p, int start, int end)
    {
        int columns = p.Columns;
        ReadOnlySpan<float> scale = new((float*)p.Scale, columns), shift = new((float*)p.Shift, columns);
        for (int r = start; r < end; r++)
        {
            nint at = (nint)r * columns;
            var row = new ReadOnlySpan<float>((float*)p.X + at, columns);
            var normal = new Span<float>((float*)p.Saved + at, columns);
            ref float factor = ref ((float*)p.Saved)[((nint)p.Rows * columns) + r];
            TensorPrimitives.Subtract(row, TensorPrimitives.Sum(row) / columns, normal);
            factor = 1f / MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(normal) / columns) + p.Epsilon);
            TensorPrimitives.Multiply(normal, factor, normal);
            TensorPrimitives.MultiplyAdd(normal, scale, shift, new Span<float>((float*)p.Y + at, columns));
        }
    }

    private static void NormalizeBackward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.AddTo();
        ReadOnlySpan<float> gradient = y.OutputGradient, lengths = y.Saved!.Span;
        for (int r = 0; r < x.Rows; r++)
        {
            ReadOnlySpan<float> g = gradient.Slice(r * x.Columns, x.Columns);
            Span<float> row = target.Slice(r * x.Columns, x.Columns);
            if (lengths[r] == 0f)
            {
                continue;
            }

            float length = Math.Max(lengths[r], y.Factor);
            TensorPrimitives.MultiplyAdd(g, 1f / length, row, row);
            if (lengths[r] > y.Factor)
            {
                // dx = (g − y (g·y)) / ‖x‖: no change along the row itself.
                TensorPrimitives.MultiplyAdd(y.Row(r), -TensorPrimitives.Dot<float>(g, y.Row(r)) / length, row, row);
            }
        }
    }

    private static void LayerNormBackward(Variable y)
    {
        (Variable x, Variable scale, Variable shift) = (y.First!, y.Second!, y.Third!);
        ReadOnlySpan<float> gradient = y.OutputGradient;
        if (shift.NeedsGradient)
        {
            Reductions.AddColumnSums(gradient, shift.AddTo(), y.Rows, y.Columns, y.Tape.Threads);
        }

        if (scale.NeedsGradient)
        {
            Reductions.AddColumnDots(gradient, y.Saved!.Span[..x.Count], scale.AddTo(), y.Rows, y.Columns, y.Tape.Threads);
        }

        if (!x.NeedsGradient)
        {
            return;
        }

        Span<float> target = x.WriteTo(out bool add);
        fixed (float* slope = gradient, to = target, scales = scale.Value)
        {
            var pass = new Pass((nint)to, (nint)slope, (nint)scales, 0, (nint)y.Saved!.Pointer, x.Rows, x.Columns, add, 0f);
            Workers.Run(x.Rows, Kernels.RowChunk(x.Columns), x.Count < Kernels.Large ? 1 : x.Tape.Threads, in pass, static (in Pass p, int start, int end, int _) => Backward(in p, start, end));
        }
    }

    private static void Backward(in Pass p, int start, int end)
    {
        int columns = p.Columns, width = Vector<float>.Count;
        float* scales = (float*)p.Scale;
        for (int r = start; r < end; r++)
        {
            nint at = (nint)r * columns;
            float* g = (float*)p.Y + at, normal = (float*)p.Saved + at, target = (float*)p.X + at;
            float factor = ((float*)p.Saved)[((nint)p.Rows * columns) + r];

            // With s = g ⊙ scale: dx = factor · (s − mean(s) − normal · mean(s ⊙ normal)).
            Vector<float> means = Vector<float>.Zero, alongs = Vector<float>.Zero;
            int c = 0;
            for (; c + width <= columns; c += width)
            {
                Vector<float> s = Vector.Load(g + c) * Vector.Load(scales + c);
                means += s;
                alongs += s * Vector.Load(normal + c);
            }

            float mean = Vector.Sum(means), along = Vector.Sum(alongs);
            for (; c < columns; c++)
            {
                mean += g[c] * scales[c];
                along += g[c] * scales[c] * normal[c];
            }

            (mean, along) = (mean / columns, along / columns);
            Vector<float> factors = new(factor);
            (means, alongs) = (new(mean), new(along));
            for (c = 0; c + width <= columns; c += width)
            {
                Vector<float> slope = factors * ((Vector.Load(g + c) * Vector.Load(scales + c)) - means - (Vector.Load(normal + c) * alongs));
                Vector.Store(p.Add ? Vector.Load(target + c) + slope : slope, target + c);
            }

            for (; c < columns; c++)
            {
                float slope = factor * ((g[c] * scales[c]) - mean - (normal[c] * along));
                target[c] = p.Add ? target[c] + slope : slope;
            }
        }
    }

    /// <summary>Pointers of a pass over rows; going back, X is the gradient to write and Y the one that came.</summary>
    private readonly record struct Pass(nint X, nint Y, nint Scale, nint Shift, nint Saved, int Rows, int Columns, bool Add, float Epsilon);
}
