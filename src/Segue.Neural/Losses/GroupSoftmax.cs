using System.Numerics.Tensors;
using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Dense;

namespace Segue.Neural.Losses;

/// <summary>Cross-entropy over the classes of the right group: the second of two softmaxes, the first of which tells the group.</summary>
public static class GroupSoftmax
{
    /// <summary>Mean over rows of −ln softmax(W_g x + b_g)[target], g the group of the row's target and W_g, b_g those of its classes only; 0 where there are no rows.</summary>
    /// <param name="x">Rows × columns.</param>
    /// <param name="table">W, a vector for every class, classes × columns, in the order of <see cref="ClassGroups.Members"/>.</param>
    /// <param name="bias">b, one a class in the same order, classes × 1.</param>
    /// <param name="targets">The right classes; must stay as they are until the tape is reset.</param>
    /// <remarks>
    /// Together with a <see cref="CrossEntropy.SoftmaxLoss"/> over <see cref="GroupTargets.Group"/> it is −ln P(group) − ln P(class | group), a cross-entropy over all classes, at
    /// the cost of groups + classes of the group a row instead of all classes: Goodman, "Classes for fast maximum entropy training", ICASSP 2001, eq. 2; Morin and Bengio,
    /// "Hierarchical probabilistic neural network language model", AISTATS 2005. Scores of a group are one product: 2 · columns operations a row and class of its group forward,
    /// twice that backward; keeps 4 bytes for each and a copy of x. Row-sparse parameters get a gradient in the rows of the groups that targets are in.
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    /// <exception cref="MatrixRoomException">Rows times classes of their groups are more than one matrix can hold.</exception>
    public static unsafe Variable GroupSoftmaxLoss(this Variable x, Variable table, Variable bias, GroupTargets targets)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(bias);
        ArgumentNullException.ThrowIfNull(targets);
        Shapes.Require(x.Columns == table.Columns, x, table, "rows and classes need as many columns");
        Shapes.Require(bias.Columns == 1 && bias.Rows == table.Rows, table, bias, "there is one bias a class");
        if (targets.Rows != x.Rows || targets.Groups.Classes != table.Rows)
        {
            throw new ArgumentException(
                $"{targets.Rows} targets for {x.Rows} rows, groups of {targets.Groups.Classes} classes for {table.Rows}; give one each", nameof(targets));
        }

        int rows = x.Rows, columns = x.Columns;
        long size = targets.ScoreStart[targets.UsedCount] + ((long)rows * columns);
        if (size > Array.MaxLength - 16)
        {
            throw new MatrixRoomException($"{rows} rows have {size} scores of the classes of their groups, more than one matrix can hold, {Array.MaxLength - 16}");
        }

        Variable loss = x.Tape.Record(1, 1, Backward, x, table, bias);
        loss.Extra = targets;
        loss.Saved = x.Tape.Rent((int)size);
        Rows.TakeRows(x.Value, targets.Order.Span, loss.Saved.Span[..(rows * columns)], columns, x.Tape.Threads);
        AlignedBuffer sums = x.Tape.Rent(rows);
        fixed (float* weights = table.Value, offsets = bias.Value)
        {
            var work = new Pass((nint)loss.Saved.Pointer, (nint)weights, (nint)offsets, (nint)sums.Pointer, 0, 0, columns, 1f, targets, InnerThreads(targets, x.Tape));
            Workers.Run(targets.UsedCount, 1, x.Tape.Threads, in work, static (in Pass p, int start, int end, int _) =>
            {
                for (int u = start; u < end; u++)
                {
                    Group g = p.Of(u);
                    Span<float> scores = p.Scores(g);
                    for (int r = 0; r < g.Rows; r++)
                    {
                        p.Bias(g).CopyTo(scores[(r * g.Classes)..]);
                    }

                    Gemm.MultiplyTransposed(p.Rows(p.X, g), p.Vectors(p.Table, g), scores, g.Rows, g.Classes, p.Columns, add: true, threads: p.Threads);
                    for (int r = 0; r < g.Rows; r++)
                    {
                        ((float*)p.Sums)[g.FirstRow + r] =
                            CrossEntropy.ScoresToSlope(scores.Slice(r * g.Classes, g.Classes), p.Targets.Place[g.FirstRow + r], p.Targets.Rows);
                    }
                }
            });
        }

        double sum = 0;
        foreach (float one in sums.Span[..rows])
        {
            sum += one;
        }

        x.Tape.Return(sums);
        loss.Value[0] = rows == 0 ? 0f : (float)(sum / rows);
        return loss;
    }

    private static unsafe void Backward(Variable loss)
    {
        (Variable x, Variable table, Variable bias) = (loss.First!, loss.Second!, loss.Third!);
        var targets = (GroupTargets)loss.Extra!;
        Tape tape = loss.Tape;
        int count = x.Rows * x.Columns, inner = InnerThreads(targets, tape);
        float factor = loss.OutputGradient[0];
        AlignedBuffer scratch = tape.Rent(count);
        if (x.NeedsGradient)
        {
            fixed (float* weights = table.Value, to = x.AddTo())
            {
                var work = new Pass((nint)loss.Saved!.Pointer, (nint)weights, 0, 0, (nint)to, (nint)scratch.Pointer, x.Columns, factor, targets, inner);
                Workers.Run(targets.UsedCount, 1, tape.Threads, in work, static (in Pass p, int start, int end, int _) =>
                {
                    ReadOnlySpan<int> order = p.Targets.Order.Span;
                    for (int u = start; u < end; u++)
                    {
                        Group g = p.Of(u);
                        Span<float> rows = p.Rows(p.Scratch, g);
                        Gemm.Multiply(p.Scores(g), p.Vectors(p.Table, g), rows, g.Rows, p.Columns, g.Classes, threads: p.Threads);
                        for (int r = 0; r < g.Rows; r++)
                        {
                            var target = new Span<float>((float*)p.Target + ((nint)order[g.FirstRow + r] * p.Columns), p.Columns);
                            TensorPrimitives.MultiplyAdd(rows.Slice(r * p.Columns, p.Columns), p.Factor, target, target);
                        }
                    }
                });
            }
        }

        if (table.NeedsGradient)
        {
            Kernels.Scale(loss.Saved!.Span[..count], factor, scratch.Span[..count], add: false, tape.Threads);
            fixed (float* to = Touch(table, targets))
            {
                var work = new Pass((nint)loss.Saved.Pointer, 0, 0, 0, (nint)to, (nint)scratch.Pointer, x.Columns, factor, targets, inner);
                Workers.Run(targets.UsedCount, 1, tape.Threads, in work, static (in Pass p, int start, int end, int _) =>
                {
                    for (int u = start; u < end; u++)
                    {
                        Group g = p.Of(u);
                        Gemm.TransposeMultiply(p.Scores(g), p.Rows(p.Scratch, g), p.Vectors(p.Target, g), g.Classes, p.Columns, g.Rows, add: true, threads: p.Threads);
                    }
                });
            }
        }

        if (bias.NeedsGradient)
        {
            fixed (float* to = Touch(bias, targets))
            {
                var work = new Pass((nint)loss.Saved!.Pointer, 0, (nint)to, 0, 0, 0, x.Columns, factor, targets, inner);
                Workers.Run(targets.UsedCount, 1, tape.Threads, in work, static (in Pass p, int start, int end, int _) =>
                {
                    for (int u = start; u < end; u++)
                    {
                        Group g = p.Of(u);
                        Span<float> scores = p.Scores(g), target = p.Bias(g);
                        for (int r = 0; r < g.Rows; r++)
                        {
                            TensorPrimitives.MultiplyAdd(scores.Slice(r * g.Classes, g.Classes), p.Factor, target, target);
                        }
                    }
                });
            }
        }

        tape.Return(scratch);
    }

    /// <summary>The gradient to add to at the classes of all used groups.</summary>
    private static Span<float> Touch(Variable table, GroupTargets targets)
    {
        Span<float> gradient = table.AddToRows([]);
        for (int u = 0; u < targets.UsedCount; u++)
        {
            gradient = table.AddToRows(targets.Groups.PlacesOf(targets.Used[u]));
        }

        return gradient;
    }

    /// <summary>Groups share the threads, one group has them all.</summary>
    private static int InnerThreads(GroupTargets targets, Tape tape) => targets.UsedCount == 1 ? tape.Threads : 1;

    private readonly record struct Group(int FirstRow, int Rows, int FirstPlace, int Classes, nint FirstScore);

    private readonly unsafe record struct Pass(
        nint X, nint Table, nint Offsets, nint Sums, nint Target, nint Scratch, int Columns, float Factor, GroupTargets Targets, int Threads)
    {
        public Group Of(int used)
        {
            int group = Targets.Used[used], first = Targets.UsedStart[used], place = Targets.Groups.Start[group];
            return new Group(first, Targets.UsedStart[used + 1] - first, place, Targets.Groups.Start[group + 1] - place, (nint)Targets.ScoreStart[used]);
        }

        public Span<float> Rows(nint sorted, Group g) => new((float*)sorted + ((nint)g.FirstRow * Columns), g.Rows * Columns);

        /// <summary>Scores, later slopes, stand behind the rows.</summary>
        public Span<float> Scores(Group g) => new((float*)X + ((nint)Targets.Rows * Columns) + g.FirstScore, g.Rows * g.Classes);

        public Span<float> Vectors(nint table, Group g) => new((float*)table + ((nint)g.FirstPlace * Columns), g.Classes * Columns);

        public Span<float> Bias(Group g) => new((float*)Offsets + g.FirstPlace, g.Classes);
    }
}
