using System.Numerics.Tensors;
using Segue.Neural.Autodiff;
using Segue.Numerics;

namespace Segue.Neural.Losses;

/// <summary>Cross-entropy over classes, all of them or a sample.</summary>
public static class CrossEntropy
{
    /// <summary>Mean over rows of −ln softmax(row)[target]; large logits do not overflow.</summary>
    /// <param name="logits">Rows × classes.</param>
    /// <param name="target">The right class of every row.</param>
    /// <exception cref="ArgumentException">Not one target a row, or a target that is no class.</exception>
    public static Variable SoftmaxLoss(this Variable logits, ReadOnlyMemory<int> target) =>
        SampledSoftmaxLoss(logits, target, default, default, default);

    /// <summary>
    /// Softmax loss over a sample of the classes: the logit of a class is lowered by the logarithm of how often the sample has it, which makes
    /// the loss an estimate of the one over all classes; classes that are right as well are left out of a row.
    /// </summary>
    /// <param name="logits">Rows × sampled classes, for in-batch negatives rows × rows.</param>
    /// <param name="target">The column of the right class of every row.</param>
    /// <param name="logProbability">ln of the probability with which a column is drawn, one a column, or empty for no correction.</param>
    /// <param name="excluded">Columns left out, row after row; the target of a row is never left out. Or empty.</param>
    /// <param name="excludedStart">Start of every row in <paramref name="excluded"/>, rows + 1; or empty.</param>
    /// <remarks>
    /// Bengio and Senécal, "Adaptive importance sampling to accelerate training of a neural probabilistic language model", IEEE TNN 2008;
    /// for in-batch negatives Yi et al., "Sampling-bias-corrected neural modeling for large corpus item recommendations", RecSys 2019, eq. 3.
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit, or a column does not exist.</exception>
    public static Variable SampledSoftmaxLoss(
        this Variable logits, ReadOnlyMemory<int> target, ReadOnlyMemory<float> logProbability,
        ReadOnlyMemory<int> excluded = default, ReadOnlyMemory<int> excludedStart = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (target.Length != logits.Rows || (!logProbability.IsEmpty && logProbability.Length != logits.Columns))
        {
            throw new ArgumentException(
                $"{target.Length} targets and {logProbability.Length} probabilities for {logits.Rows} × {logits.Columns} logits; give one a row and one a column");
        }

        Shapes.RequireIndices(target.Span, logits.Columns);
        Shapes.RequireIndices(excluded.Span, logits.Columns);
        if (excludedStart.IsEmpty && !excluded.IsEmpty)
        {
            throw new ArgumentException($"{excluded.Length} excluded columns without the start of every row in them; give {logits.Rows + 1} starts");
        }

        if (!excludedStart.IsEmpty)
        {
            Shapes.RequireStarts(excludedStart.Span, excluded.Length, "excluded columns");
            if (excludedStart.Length != logits.Rows + 1)
            {
                throw new ArgumentException($"{excludedStart.Length} starts of excluded columns for {logits.Rows} rows; give {logits.Rows + 1}");
            }
        }

        Variable loss = LossNode.Record(logits, out Span<float> derivative);
        var rowLoss = logits.Tape.Rent(logits.Rows);
        unsafe
        {
            fixed (float* value = logits.Value, slope = derivative)
            {
                var work = new Work((nint)value, (nint)slope, (nint)rowLoss.Pointer, logits.Rows, logits.Columns, target, logProbability, excluded, excludedStart);
                Workers.Run(
                    logits.Rows, Kernels.RowChunk(logits.Columns), logits.Count < Kernels.Large / 4 ? 1 : logits.Tape.Threads, in work,
                    static (in Work w, int start, int end, int _) =>
                    {
                        for (int r = start; r < end; r++)
                        {
                            RunRow(in w, r);
                        }
                    });
            }
        }

        double sum = 0;
        foreach (float one in rowLoss.Span[..logits.Rows])
        {
            sum += one;
        }

        logits.Tape.Return(rowLoss);
        loss.Value[0] = logits.Rows == 0 ? 0f : (float)(sum / logits.Rows);
        return loss;
    }

    /// <summary>Mean over rows of −Σ ln softmax(row)[target] over the targets of the row: a multinomial likelihood of a whole history.</summary>
    /// <param name="logits">Rows × classes.</param>
    /// <param name="targets">Right classes, row after row; a class that comes twice counts twice.</param>
    /// <param name="starts">Start of every row in <paramref name="targets"/>, rows + 1.</param>
    /// <remarks>Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018, eq. 2.</remarks>
    /// <exception cref="ArgumentException">The sizes do not fit, or a target is no class.</exception>
    public static Variable MultinomialLoss(this Variable logits, ReadOnlyMemory<int> targets, ReadOnlyMemory<int> starts)
    {
        ArgumentNullException.ThrowIfNull(logits);
        Shapes.RequireIndices(targets.Span, logits.Columns);
        Shapes.RequireStarts(starts.Span, targets.Length, "targets");
        if (starts.Length != logits.Rows + 1)
        {
            throw new ArgumentException($"{starts.Length} starts of targets for {logits.Rows} rows; give {logits.Rows + 1}", nameof(starts));
        }

        Variable loss = LossNode.Record(logits, out Span<float> derivative);
        var rowLoss = logits.Tape.Rent(logits.Rows);
        unsafe
        {
            fixed (float* value = logits.Value, slope = derivative)
            {
                var work = new Work(
                    (nint)value, (nint)slope, (nint)rowLoss.Pointer, logits.Rows, logits.Columns, targets, default, default, starts);
                Workers.Run(
                    logits.Rows, Kernels.RowChunk(logits.Columns), logits.Count < Kernels.Large / 4 ? 1 : logits.Tape.Threads, in work,
                    static (in Work w, int start, int end, int _) =>
                    {
                        for (int r = start; r < end; r++)
                        {
                            RunHistory(in w, r);
                        }
                    });
            }
        }

        double sum = 0;
        foreach (float one in rowLoss.Span[..logits.Rows])
        {
            sum += one;
        }

        logits.Tape.Return(rowLoss);
        loss.Value[0] = logits.Rows == 0 ? 0f : (float)(sum / logits.Rows);
        return loss;
    }

    private static unsafe void RunHistory(in Work w, int r)
    {
        var logits = new ReadOnlySpan<float>((float*)w.Logits + ((nint)r * w.Columns), w.Columns);
        var derivative = new Span<float>((float*)w.Derivative + ((nint)r * w.Columns), w.Columns);
        ReadOnlySpan<int> start = w.ExcludedStart.Span, targets = w.Target.Span[start[r]..start[r + 1]];
        if (targets.IsEmpty)
        {
            derivative.Clear();
            ((float*)w.RowLoss)[r] = 0f;
            return;
        }

        float largest = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, largest, derivative);
        TensorPrimitives.Exp<float>(derivative, derivative);
        float total = TensorPrimitives.Sum<float>(derivative), right = 0f;
        TensorPrimitives.Multiply(derivative, targets.Length / (total * w.Rows), derivative);
        foreach (int target in targets)
        {
            right += logits[target] - largest;
            derivative[target] -= 1f / w.Rows;
        }

        ((float*)w.RowLoss)[r] = (targets.Length * MathF.Log(total)) - right;
    }

    private static unsafe void RunRow(in Work w, int r)
    {
        var logits = new ReadOnlySpan<float>((float*)w.Logits + ((nint)r * w.Columns), w.Columns);
        var derivative = new Span<float>((float*)w.Derivative + ((nint)r * w.Columns), w.Columns);
        int target = w.Target.Span[r];
        if (w.LogProbability.IsEmpty)
        {
            logits.CopyTo(derivative);
        }
        else
        {
            TensorPrimitives.Subtract(logits, w.LogProbability.Span, derivative);
        }

        float right = derivative[target];
        if (!w.ExcludedStart.IsEmpty)
        {
            ReadOnlySpan<int> start = w.ExcludedStart.Span;
            foreach (int column in w.Excluded.Span[start[r]..start[r + 1]])
            {
                derivative[column] = float.NegativeInfinity;
            }

            derivative[target] = right;
        }

        ((float*)w.RowLoss)[r] = ScoresToSlope(derivative, target, w.Rows);
    }

    /// <summary>Puts the derivative of a row's share in the mean loss in place of its scores; gives the row's loss.</summary>
    internal static float ScoresToSlope(Span<float> scores, int target, int rows)
    {
        float right = scores[target], largest = TensorPrimitives.Max<float>(scores);
        TensorPrimitives.Subtract(scores, largest, scores);
        TensorPrimitives.Exp<float>(scores, scores);
        float total = TensorPrimitives.Sum<float>(scores);
        TensorPrimitives.Multiply(scores, 1f / (total * rows), scores);
        scores[target] -= 1f / rows;
        return MathF.Log(total) + (largest - right);
    }

    private readonly record struct Work(
        nint Logits, nint Derivative, nint RowLoss, int Rows, int Columns,
        ReadOnlyMemory<int> Target, ReadOnlyMemory<float> LogProbability, ReadOnlyMemory<int> Excluded, ReadOnlyMemory<int> ExcludedStart);
}
