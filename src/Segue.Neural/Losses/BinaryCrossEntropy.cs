using System.Numerics.Tensors;
using Segue.Neural.Autodiff;
using Segue.Numerics;

namespace Segue.Neural.Losses;

/// <summary>Binary cross-entropy on logits.</summary>
public static class BinaryCrossEntropy
{
    /// <summary>Mean of −t ln σ(x) − (1 − t) ln(1 − σ(x)) over all elements; 0 where there are none. Large logits do not overflow.</summary>
    /// <param name="logits">x, any matrix.</param>
    /// <param name="target">t from 0 to 1, one an element, row after row.</param>
    /// <param name="weight">Weight of every element in the mean (which still divides by their number), or empty where all count 1.</param>
    /// <exception cref="ArgumentException">Not one target, or not one weight, an element.</exception>
    public static Variable LogisticLoss(this Variable logits, ReadOnlySpan<float> target, ReadOnlySpan<float> weight = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (target.Length != logits.Count || (!weight.IsEmpty && weight.Length != logits.Count))
        {
            throw new ArgumentException($"{target.Length} targets and {weight.Length} weights for {logits.Count} logits; give one each", nameof(target));
        }

        Variable loss = LossNode.Record(logits, out Span<float> derivative);
        ReadOnlySpan<float> value = logits.Value;
        double sum = 0;
        float share = value.IsEmpty ? 0f : 1f / value.Length;
        for (int n = 0; n < value.Length; n++)
        {
            float x = value[n], small = MathF.Exp(-MathF.Abs(x)), factor = weight.IsEmpty ? share : share * weight[n];
            sum += factor * (Logistic.Softplus(x, small) - ((double)x * target[n]));
            derivative[n] = factor * Logistic.SigmoidMinus(x, small, target[n]);
        }

        loss.Value[0] = (float)sum;
        return loss;
    }

    /// <summary>
    /// Σ over rows r and columns c of (base + weight_r · weight_c) · softplus(x_rc): every element should be unlikely. For scores of rows against
    /// sampled negatives.
    /// </summary>
    /// <param name="logits">x.</param>
    /// <param name="rowWeight">One a row, at least 0.</param>
    /// <param name="columnWeight">One a column, at least 0.</param>
    /// <param name="baseWeight">Weight of every element.</param>
    /// <remarks>O(elements), on the threads of the tape; memory 4 bytes an element. Losses far below 1 keep seven digits after the point, not of their own.</remarks>
    /// <exception cref="ArgumentException">Not one weight a row and column.</exception>
    public static unsafe Variable NegativeLogisticLoss(
        this Variable logits, ReadOnlySpan<float> rowWeight, ReadOnlySpan<float> columnWeight, float baseWeight = 0f)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (rowWeight.Length != logits.Rows || columnWeight.Length != logits.Columns)
        {
            throw new ArgumentException(
                $"{rowWeight.Length} weights of rows and {columnWeight.Length} of columns for {logits.Rows} × {logits.Columns} logits; give one each",
                nameof(rowWeight));
        }

        Variable loss = LossNode.Record(logits, out Span<float> derivative);
        var sums = new double[logits.Rows];
        fixed (float* x = logits.Value, slope = derivative, rows = rowWeight, columns = columnWeight)
        {
            Workers.Run(
                logits.Rows, 16, logits.Tape.Threads, new Pass((nint)x, (nint)slope, (nint)rows, (nint)columns, logits.Columns, baseWeight, sums),
                static (in Pass p, int start, int end, int _) =>
                {
                    for (int r = start; r < end; r++)
                    {
                        p.Sums[r] = Row(
                            new ReadOnlySpan<float>((float*)p.X + ((nint)r * p.Columns), p.Columns),
                            new Span<float>((float*)p.Slope + ((nint)r * p.Columns), p.Columns),
                            ((float*)p.RowWeight)[r], new ReadOnlySpan<float>((float*)p.ColumnWeight, p.Columns), p.Base);
                    }
                });
        }

        loss.Value[0] = (float)TensorPrimitives.Sum<double>(sums);
        return loss;
    }

    /// <summary>Writes weight · σ(x) and gives Σ weight · softplus(x), with softplus(x) = max(x, 0) − ln σ(|x|).</summary>
    private static double Row(ReadOnlySpan<float> x, Span<float> slope, float rowWeight, ReadOnlySpan<float> columnWeight, float baseWeight)
    {
        const int Piece = 256;
        Span<float> logs = stackalloc float[Piece], weights = stackalloc float[Piece];
        double sum = 0;
        for (int start = 0; start < x.Length; start += Piece)
        {
            int count = Math.Min(Piece, x.Length - start);
            ReadOnlySpan<float> value = x.Slice(start, count);
            Span<float> part = slope.Slice(start, count), log = logs[..count], weight = weights[..count];
            TensorPrimitives.Multiply(columnWeight.Slice(start, count), rowWeight, weight);
            TensorPrimitives.Add(weight, baseWeight, weight);
            TensorPrimitives.Abs(value, log);
            TensorPrimitives.Sigmoid(log, log);
            TensorPrimitives.Log(log, log);
            TensorPrimitives.Max(value, 0f, part);
            TensorPrimitives.Subtract(part, log, log);
            sum += TensorPrimitives.Dot<float>(log, weight);
            TensorPrimitives.Sigmoid(value, part);
            TensorPrimitives.Multiply(part, weight, part);
        }

        return sum;
    }

    private readonly record struct Pass(nint X, nint Slope, nint RowWeight, nint ColumnWeight, int Columns, float Base, double[] Sums);
}
