using System.Numerics.Tensors;

namespace Segue.Neural.Autodiff;

/// <summary>Bringing rows to a common scale.</summary>
public static class Normalization
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
        Span<float> factors = y.Saved.Span.Slice(x.Count, x.Rows);
        for (int r = 0; r < x.Rows; r++)
        {
            Span<float> normal = y.Saved.Span.Slice(r * x.Columns, x.Columns);
            TensorPrimitives.Subtract(x.Row(r), TensorPrimitives.Sum<float>(x.Row(r)) / x.Columns, normal);
            factors[r] = 1f / MathF.Sqrt((TensorPrimitives.SumOfSquares<float>(normal) / x.Columns) + epsilon);
            TensorPrimitives.Multiply(normal, factors[r], normal);
            TensorPrimitives.MultiplyAdd(normal, scale.Value, shift.Value, y.Row(r));
        }

        return y;
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
        ReadOnlySpan<float> gradient = y.OutputGradient, factors = y.Saved!.Span.Slice(x.Count, x.Rows);
        if (shift.NeedsGradient)
        {
            Reductions.AddColumnSums(gradient, shift.AddTo(), y.Rows, y.Columns, y.Tape.Threads);
        }

        Span<float> scaleTarget = scale.NeedsGradient ? scale.AddTo() : [], target = x.NeedsGradient ? x.AddTo() : [];
        ReadOnlySpan<float> scales = scale.Value;
        for (int r = 0; r < x.Rows; r++)
        {
            ReadOnlySpan<float> g = gradient.Slice(r * x.Columns, x.Columns), normal = y.Saved.Span.Slice(r * x.Columns, x.Columns);
            if (scale.NeedsGradient)
            {
                TensorPrimitives.MultiplyAdd(g, normal, scaleTarget, scaleTarget);
            }

            if (!x.NeedsGradient)
            {
                continue;
            }

            // With s = g ⊙ scale: dx = factor · (s − mean(s) − normal · mean(s ⊙ normal)).
            float mean = 0f, along = 0f;
            for (int c = 0; c < g.Length; c++)
            {
                mean += g[c] * scales[c];
                along += g[c] * scales[c] * normal[c];
            }

            (mean, along) = (mean / x.Columns, along / x.Columns);
            Span<float> row = target.Slice(r * x.Columns, x.Columns);
            for (int c = 0; c < row.Length; c++)
            {
                row[c] += factors[r] * ((g[c] * scales[c]) - mean - (normal[c] * along));
            }
        }
    }
}
