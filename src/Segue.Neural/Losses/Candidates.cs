using System.Numerics.Tensors;
using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Dense;

namespace Segue.Neural.Losses;

/// <summary>The classes that rows are told apart from: groups of neighbouring rows share theirs, so that the scores of a group are one product.</summary>
/// <param name="Starts">First row of every group and, last, the number of rows.</param>
/// <param name="Count">Candidates of a group.</param>
/// <param name="Classes">Candidates, groups × <paramref name="Count"/>; a class may come more than once.</param>
/// <param name="Target">The right class of every row. A candidate that is the row's own target does not count in its loss.</param>
/// <param name="LogExpected">ln of how often a candidate's class is expected among those of its group, one a candidate; or empty.</param>
/// <remarks>The memories are not copied: they must stay as they are until the tape is reset.</remarks>
public sealed record Candidates(
    ReadOnlyMemory<int> Starts, int Count, ReadOnlyMemory<int> Classes, ReadOnlyMemory<int> Target, ReadOnlyMemory<float> LogExpected = default)
{
    /// <summary>Groups of rows.</summary>
    public int Groups => Starts.Length - 1;

    internal void Check(int rows)
    {
        Shapes.RequireStarts(Starts.Span, rows, "rows");
        if (Target.Length != rows || Classes.Length != (long)Groups * Count || (!LogExpected.IsEmpty && LogExpected.Length != Classes.Length))
        {
            throw new ArgumentException(
                $"{Target.Length} targets for {rows} rows, {Classes.Length} candidates and {LogExpected.Length} expectations for {Groups} groups of {Count}; give one each");
        }
    }
}

/// <summary>Scores and losses of rows against sampled classes.</summary>
public static class CandidateLosses
{
    /// <summary>Dot products of every row with the candidates of its group, rows × candidates, plus their biases.</summary>
    /// <param name="x">Rows × columns.</param>
    /// <param name="table">A vector for every class, classes × columns.</param>
    /// <param name="candidates">Which.</param>
    /// <param name="bias">One a class, classes × 1, or null.</param>
    /// <remarks>2 · rows · candidates · columns operations forward, twice that backward; keeps the candidates' vectors. A row-sparse table gets a gradient in these rows only.</remarks>
    /// <exception cref="ArgumentException">The sizes do not fit, or a candidate is no class.</exception>
    public static unsafe Variable CandidateScores(this Variable x, Variable table, Candidates candidates, Variable? bias = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.Check(x.Rows);
        Shapes.RequireIndices(candidates.Classes.Span, table.Rows);
        Shapes.Require(x.Columns == table.Columns, x, table, "rows and classes need as many columns");
        if (bias is not null)
        {
            Shapes.Require(bias.Columns == 1 && bias.Rows == table.Rows, table, bias, "there is one bias a class");
        }

        int columns = x.Columns, count = candidates.Count;
        Shapes.RequireRoom(candidates.Classes.Length, columns);
        Variable y = bias is null
            ? x.Tape.Record(x.Rows, count, ScoresBackward, x, table)
            : x.Tape.Record(x.Rows, count, ScoresBackward, x, table, bias);
        y.Extra = candidates;
        y.Saved = x.Tape.Rent(candidates.Classes.Length * columns);
        Rows.TakeRows(table.Value, candidates.Classes.Span, y.Saved.Span[..(candidates.Classes.Length * columns)], columns, x.Tape.Threads);
        ReadOnlySpan<int> starts = candidates.Starts.Span, classes = candidates.Classes.Span;
        for (int g = 0; g < candidates.Groups && bias is not null; g++)
        {
            for (int c = 0; c < count && starts[g] < starts[g + 1]; c++)
            {
                y.Row(starts[g])[c] = bias.Value[classes[(g * count) + c]];
            }

            for (int r = starts[g] + 1; r < starts[g + 1]; r++)
            {
                y.Row(starts[g]).CopyTo(y.Row(r));
            }
        }

        fixed (float* from = x.Value, to = y.Value)
        {
            bool isOne = candidates.Groups == 1;
            var work = new Pass((nint)from, (nint)y.Saved.Pointer, (nint)to, columns, count, bias is not null, candidates.Starts, isOne ? x.Tape.Threads : 1);
            Workers.Run(candidates.Groups, 1, isOne ? 1 : x.Tape.Threads, in work, static (in Pass p, int start, int _, int _) =>
            {
                (int first, int rows) = p.RowsOf(start);
                Gemm.MultiplyTransposed(
                    p.Rows(first, rows), p.Vectors(start), new Span<float>((float*)p.Scores + ((nint)first * p.Count), rows * p.Count), rows, p.Count, p.Columns, p.Add, p.Threads);
            });
        }

        return y;
    }

    /// <summary>
    /// Mean over rows of −ln (e^s / (e^s + Σ e^(n − ln expected))), s the score of the target and n those of the candidates that are not it: an estimate of the softmax loss over all
    /// classes.
    /// </summary>
    /// <param name="positive">s, rows × 1.</param>
    /// <param name="negative">n, rows × candidates.</param>
    /// <param name="candidates">Which; with expectations, the sum in the denominator is that over all other classes on average.</param>
    /// <remarks>Bengio and Senécal, "Adaptive importance sampling to accelerate training of a neural probabilistic language model", IEEE TNN 2008. The target's score is exact.</remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable SampledSoftmaxLoss(this Variable positive, Variable negative, Candidates candidates) =>
        Loss(positive, negative, candidates, 1f, static (in Row r) =>
        {
            ReadOnlySpan<float> expected = r.LogExpected;
            float largest = r.Positive;
            for (int c = 0; c < r.Negative.Length; c++)
            {
                r.Slope[c] = r.Classes[c] == r.Target ? float.NegativeInfinity : r.Negative[c] - (expected.IsEmpty ? 0f : expected[c]);
                largest = Math.Max(largest, r.Slope[c]);
            }

            // e^−∞ of the library is 0.
            TensorPrimitives.Subtract(r.Slope, largest, r.Slope);
            if (!r.Slope.IsEmpty)
            {
                TensorPrimitives.Exp<float>(r.Slope, r.Slope);
            }

            float others = TensorPrimitives.Sum<float>(r.Slope), own = MathF.Exp(r.Positive - largest), total = own + others;
            TensorPrimitives.Multiply(r.Slope, 1f / total, r.Slope);
            r.PositiveSlope = -others / total;
            return MathF.Log(total) - (r.Positive - largest);
        });

    /// <summary>Mean over rows of −(β ln σ(s) + Σ ln(1 − σ(n))) / (k + 1), s the score of the target and n those of the k candidates; those that are the target count 0.</summary>
    /// <param name="positive">s, rows × 1.</param>
    /// <param name="negative">n, rows × k.</param>
    /// <param name="candidates">Which.</param>
    /// <param name="positiveWeight">β: 1 for binary cross-entropy; below it takes back the overconfidence that comes of sampling, see <see cref="PositiveWeight"/>.</param>
    /// <remarks>Petrov and Macdonald, "gSASRec: Reducing overconfidence in sequential recommendation trained with negative sampling", RecSys 2023, eq. 9 and 10 (generalised binary cross-entropy).</remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable GeneralizedLogisticLoss(this Variable positive, Variable negative, Candidates candidates, double positiveWeight) =>
        Loss(positive, negative, candidates, (float)positiveWeight, static (in Row r) =>
        {
            float share = 1f / (r.Negative.Length + 1), small = MathF.Exp(-MathF.Abs(r.Positive));
            double sum = r.Weight * Logistic.Softplus(-r.Positive, small);
            r.PositiveSlope = share * r.Weight * Logistic.SigmoidMinus(r.Positive, small, 1f);
            for (int c = 0; c < r.Negative.Length; c++)
            {
                float x = r.Negative[c];
                if (r.Classes[c] == r.Target)
                {
                    r.Slope[c] = 0f;
                    continue;
                }

                small = MathF.Exp(-MathF.Abs(x));
                sum += Logistic.Softplus(x, small);
                r.Slope[c] = share * Logistic.SigmoidMinus(x, small, 0f);
            }

            return (float)(share * sum);
        });

    /// <summary>β = r (t (1 − 1 / r) + 1 / r) for a sampling rate r = negatives / (classes − 1): from 1 at t = 0 to r at t = 1.</summary>
    /// <param name="negatives">Negatives a target.</param>
    /// <param name="classes">Classes they are drawn from, the target included.</param>
    /// <param name="calibration">t, from 0 to 1.</param>
    /// <remarks>Petrov and Macdonald, RecSys 2023, eq. 14.</remarks>
    public static double PositiveWeight(int negatives, int classes, double calibration)
    {
        double rate = Math.Min(1, (double)negatives / Math.Max(1, classes - 1));
        return (calibration * (rate - 1)) + 1;
    }

    private static unsafe Variable Loss(Variable positive, Variable negative, Candidates candidates, float weight, RowLoss one)
    {
        ArgumentNullException.ThrowIfNull(positive);
        ArgumentNullException.ThrowIfNull(negative);
        ArgumentNullException.ThrowIfNull(candidates);
        candidates.Check(negative.Rows);
        Shapes.Require(positive.Columns == 1 && positive.Rows == negative.Rows, positive, negative, "every row needs one score of its target");
        if (negative.Columns != candidates.Count)
        {
            throw new ArgumentException($"{negative.Columns} scores a row for {candidates.Count} candidates; give one each", nameof(negative));
        }

        int rows = negative.Rows, count = candidates.Count;
        Variable loss = positive.Tape.Record(1, 1, LossBackward, positive, negative);
        loss.Saved = positive.Tape.Rent((rows * count) + rows);
        AlignedBuffer sums = positive.Tape.Rent(rows);
        fixed (float* own = positive.Value, others = negative.Value)
        {
            var work = new LossPass((nint)own, (nint)others, (nint)loss.Saved.Pointer, (nint)sums.Pointer, rows, count, weight, candidates, one);
            int chunk = Kernels.RowChunk(count);
            Workers.Run(rows, chunk, negative.Count < Kernels.Large / 4 ? 1 : positive.Tape.Threads, in work, static (in LossPass p, int start, int end, int _) =>
            {
                ReadOnlySpan<int> starts = p.Candidates.Starts.Span, classes = p.Candidates.Classes.Span, target = p.Candidates.Target.Span;
                ReadOnlySpan<float> expected = p.Candidates.LogExpected.Span;
                int group = 0;
                for (int r = start; r < end; r++)
                {
                    while (starts[group + 1] <= r)
                    {
                        group++;
                    }

                    var slope = new Span<float>((float*)p.Slope + ((nint)r * p.Count), p.Count);
                    ref float ownSlope = ref ((float*)p.Slope)[((nint)p.Rows * p.Count) + r];
                    ((float*)p.Sums)[r] = p.One(new Row(
                        ((float*)p.Positive)[r], new((float*)p.Negative + ((nint)r * p.Count), p.Count), slope, ref ownSlope,
                        classes.Slice(group * p.Count, p.Count), target[r], expected.IsEmpty ? default : expected.Slice(group * p.Count, p.Count), p.Weight));
                    TensorPrimitives.Divide(slope, p.Rows, slope);
                    ownSlope /= p.Rows;
                }
            });
        }

        double sum = 0;
        foreach (float value in sums.Span[..rows])
        {
            sum += value;
        }

        positive.Tape.Return(sums);
        loss.Value[0] = rows == 0 ? 0f : (float)(sum / rows);
        return loss;
    }

    private static void LossBackward(Variable loss)
    {
        (Variable positive, Variable negative) = (loss.First!, loss.Second!);
        float factor = loss.OutputGradient[0];
        if (positive.NeedsGradient)
        {
            Kernels.AddScaled(loss.Saved!.Span.Slice(negative.Count, positive.Count), factor, positive.AddTo(), loss.Tape.Threads);
        }

        if (negative.NeedsGradient)
        {
            Span<float> target = negative.WriteTo(out bool add);
            Kernels.Scale(loss.Saved!.Span[..negative.Count], factor, target, add, loss.Tape.Threads);
        }
    }

    private static unsafe void ScoresBackward(Variable y)
    {
        (Variable x, Variable table) = (y.First!, y.Second!);
        Variable? bias = y.Third;
        var candidates = (Candidates)y.Extra!;
        ReadOnlySpan<int> starts = candidates.Starts.Span;
        int columns = x.Columns, count = candidates.Count;
        bool isOne = candidates.Groups == 1;
        int outer = isOne ? 1 : y.Tape.Threads, inner = isOne ? y.Tape.Threads : 1;
        if (x.NeedsGradient)
        {
            Span<float> target = x.WriteTo(out bool add);
            fixed (float* slope = y.OutputGradient, to = target)
            {
                var work = new Pass((nint)to, (nint)y.Saved!.Pointer, (nint)slope, columns, count, add, candidates.Starts, inner);
                Workers.Run(candidates.Groups, 1, outer, in work, static (in Pass p, int start, int _, int _) =>
                {
                    (int first, int rows) = p.RowsOf(start);
                    Gemm.Multiply(p.Slopes(first, rows), p.Vectors(start), p.Rows(first, rows), rows, p.Columns, p.Count, p.Add, p.Threads);
                });
            }
        }

        if (table.NeedsGradient)
        {
            // What the candidates' vectors get, group by group; then added in order.
            AlignedBuffer sums = y.Tape.Rent(candidates.Classes.Length * columns);
            fixed (float* slope = y.OutputGradient, from = x.Value)
            {
                var work = new Pass((nint)from, (nint)sums.Pointer, (nint)slope, columns, count, false, candidates.Starts, inner);
                Workers.Run(candidates.Groups, 1, outer, in work, static (in Pass p, int start, int _, int _) =>
                {
                    (int first, int rows) = p.RowsOf(start);
                    Gemm.TransposeMultiply(p.Slopes(first, rows), p.Rows(first, rows), p.Vectors(start), p.Count, p.Columns, rows, threads: p.Threads);
                });
            }

            Rows.AddRows(
                sums.Span[..(candidates.Classes.Length * columns)], candidates.Classes.Span, table.AddToRows(candidates.Classes.Span), columns, y.Tape.Threads);
            y.Tape.Return(sums);
        }

        if (bias is { NeedsGradient: true })
        {
            ReadOnlySpan<int> classes = candidates.Classes.Span;
            Span<float> target = bias.AddToRows(classes);
            AlignedBuffer sums = y.Tape.Rent(count);
            for (int g = 0; g < candidates.Groups; g++)
            {
                Span<float> own = sums.Span[..count];
                own.Clear();
                for (int r = starts[g]; r < starts[g + 1]; r++)
                {
                    TensorPrimitives.Add(own, y.OutputGradient.Slice(r * count, count), own);
                }

                for (int c = 0; c < count; c++)
                {
                    target[classes[(g * count) + c]] += own[c];
                }
            }

            y.Tape.Return(sums);
        }
    }

    /// <summary>The loss of a row; writes its derivatives.</summary>
    private delegate float RowLoss(in Row row);

    private readonly ref struct Row(
        float positive, ReadOnlySpan<float> negative, Span<float> slope, ref float positiveSlope, ReadOnlySpan<int> classes, int target, ReadOnlySpan<float> logExpected, float weight)
    {
        public readonly float Positive = positive, Weight = weight;
        public readonly ReadOnlySpan<float> Negative = negative, LogExpected = logExpected;
        public readonly Span<float> Slope = slope;
        public readonly ref float PositiveSlope = ref positiveSlope;
        public readonly ReadOnlySpan<int> Classes = classes;
        public readonly int Target = target;
    }

    private readonly record struct LossPass(
        nint Positive, nint Negative, nint Slope, nint Sums, int Rows, int Count, float Weight, Candidates Candidates, RowLoss One);

    private readonly unsafe record struct Pass(
        nint X, nint Table, nint Scores, int Columns, int Count, bool Add, ReadOnlyMemory<int> Starts, int Threads)
    {
        public (int First, int Rows) RowsOf(int group) => (Starts.Span[group], Starts.Span[group + 1] - Starts.Span[group]);

        public Span<float> Rows(int first, int rows) => new((float*)X + ((nint)first * Columns), rows * Columns);

        public Span<float> Slopes(int first, int rows) => new((float*)Scores + ((nint)first * Count), rows * Count);

        public Span<float> Vectors(int group) => new((float*)Table + ((nint)group * Count * Columns), Count * Columns);
    }
}
