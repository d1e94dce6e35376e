using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class GroupSoftmaxTests
{
    [Fact]
    public void Value_and_gradients_are_those_of_the_definition() => Draw.Shapes(
        (rows, columns, count, rng) =>
        {
            int classes = 1 + rng.Next(9);
            (ClassGroups groups, GroupTargets targets, int[] target) = Make(rng, rows, classes, 1 + count);
            (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns), table = Draw.Matrix(rng, classes, columns), bias = Draw.Matrix(rng, classes, 1);
            var tape = new Tape();
            Variable loss = tape.Constant(x.Values, rows, columns)
                .GroupSoftmaxLoss(tape.Constant(table.Values, classes, columns), tape.Constant(bias.Values, classes, 1), targets);
            Numbers.Close([Twin(groups, target, x.Values, table.Values, bias.Values, columns)], loss.Value, 1e-5);
            GradientCheck.Run(v => v[0].GroupSoftmaxLoss(v[1], v[2], targets), [x, table, bias]);
        },
        largest: 6, tests: 25);

    /// <summary>The probabilities of both softmaxes multiply to those of all classes, which sum to 1.</summary>
    [Fact]
    public void Probabilities_of_group_and_class_sum_to_one()
    {
        const int Classes = 23, Groups = 6, Columns = 5;
        var rng = new Rng(4, "sum");
        // A group without classes would have a probability that no class has.
        var groups = new ClassGroups([.. Enumerable.Range(0, Classes).Select(c => c < Groups ? c : rng.Next(Groups))], Groups);
        var targets = new GroupTargets(groups);
        float[] x = Draw.Matrix(rng, 1, Columns).Values, groupTable = Draw.Matrix(rng, Groups, Columns).Values;
        float[] table = Draw.Matrix(rng, Classes, Columns).Values, bias = Draw.Matrix(rng, Classes, 1).Values;
        double all = 0;
        var tape = new Tape();
        for (int c = 0; c < Classes; c++)
        {
            tape.Reset();
            targets.Set([c]);
            Variable row = tape.Constant(x, 1, Columns);
            Variable first = row.MatMulTransposed(tape.Constant(groupTable, Groups, Columns)).SoftmaxLoss(targets.Group);
            all += Math.Exp(-first.Scalar - row.GroupSoftmaxLoss(tape.Constant(table, Classes, Columns), tape.Constant(bias, Classes, 1), targets).Scalar);
        }

        Assert.Equal(1, all, 1e-5);
    }

    [Fact]
    public void Members_of_a_group_stand_side_by_side()
    {
        var groups = new ClassGroups([2, 0, 1, 0, 2, 2], 4);
        Assert.Equal([1, 3, 2, 0, 4, 5], groups.Members.ToArray());
        Assert.Equal([3, 0, 2, 1, 4, 5], groups.Places.ToArray());
        Assert.Equal([0, 2, 3, 6, 6], groups.Start.ToArray());
        Assert.Equal((4, 6), (groups.Count, groups.Classes));
        var targets = new GroupTargets(groups);
        targets.Set([4, 1, 5]);
        Assert.Equal([2, 0, 2], targets.Group.ToArray());
        targets.Set([2]);
        Assert.Equal([1], targets.Group.ToArray());
    }

    /// <summary>Rows and groups enough for all threads; and one group alone.</summary>
    [Theory]
    [InlineData(40)]
    [InlineData(1)]
    public void Bits_do_not_depend_on_threads(int count)
    {
        const int Rows = 700, Columns = 33, Classes = 900;
        var rng = new Rng(5, "threads");
        (_, GroupTargets targets, _) = Make(rng, Rows, Classes, count);
        float[] x = Draw.Matrix(rng, Rows, Columns).Values, table = Draw.Matrix(rng, Classes, Columns).Values, bias = Draw.Matrix(rng, Classes, 1).Values;
        float[][] one = Run(1), three = Run(3);
        for (int n = 0; n < one.Length; n++)
        {
            Numbers.SameBits(one[n], three[n]);
        }

        float[][] Run(int threads)
        {
            var tape = new Tape(threads);
            Variable[] v = [tape.Input(x, Rows, Columns), tape.Input(table, Classes, Columns), tape.Input(bias, Classes, 1)];
            Variable loss = v[0].GroupSoftmaxLoss(v[1], v[2], targets);
            tape.Backward(loss);
            return [loss.Value.ToArray(), .. v.Select(i => i.Gradient.ToArray())];
        }
    }

    [Fact]
    public void Only_classes_of_groups_in_use_have_a_gradient()
    {
        var groups = new ClassGroups([2, 0, 1, 0, 2, 2], 3);
        var targets = new GroupTargets(groups);
        targets.Set([4, 2]);
        Parameter table = new("table", 6, 1, isRowSparse: true), bias = new("bias", 6, 1, isRowSparse: true);
        var tape = new Tape();
        tape.Backward(tape.Constant([1f, 2f], 2, 1).GroupSoftmaxLoss(tape.Use(table), tape.Use(bias), targets));
        Assert.Equal([2, 3, 4, 5], table.TouchedRows.ToArray());
        Assert.Equal([2, 3, 4, 5], bias.TouchedRows.ToArray());
        Numbers.Close([0, 1.0 / 6, -1.0 / 3, 1.0 / 6], table.Gradient[2..], 1e-6);
    }

    [Fact]
    public void Large_scores_neither_overflow_nor_lose_a_small_loss()
    {
        var targets = new GroupTargets(new ClassGroups([0, 0, 1], 2));
        targets.Set([0, 1]);
        var tape = new Tape();
        Variable table = tape.Input([500f, -500f, 3f], 3, 1), bias = tape.Input(new float[3], 3, 1);
        Numbers.Close([500], tape.Constant([1f, 1f], 2, 1).GroupSoftmaxLoss(table, bias, targets).Value, 1e-6);
    }

    [Fact]
    public void A_step_of_the_shape_of_the_one_before_allocates_nothing()
    {
        const int Rows = 64, Columns = 8, Classes = 60;
        var rng = new Rng(6, "allocation");
        (_, GroupTargets targets, int[] target) = Make(rng, Rows, Classes, 7);
        float[] x = Draw.Matrix(rng, Rows, Columns).Values;
        Parameter table = new("table", Classes, Columns, isRowSparse: true), bias = new("bias", Classes, 1, isRowSparse: true);
        var tape = new Tape();
        var allocated = new List<long>();
        for (int round = 0; round < 12; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            tape.Reset();
            targets.Set(target);
            tape.Backward(tape.Input(x, Rows, Columns).GroupSoftmaxLoss(tape.Use(table), tape.Use(bias), targets));
            table.ClearGradient();
            bias.ClearGradient();
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Contains(0, allocated);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => new ClassGroups([0, 2], 2));
        var groups = new ClassGroups([0, 1, 1], 2);
        var targets = new GroupTargets(groups);
        Assert.ThrowsAny<ArgumentException>(() => targets.Set([3]));
        targets.Set([0, 2]);
        var tape = new Tape();
        Variable x = tape.Constant(new float[4], 2, 2), table = tape.Constant(new float[6], 3, 2), bias = tape.Constant(new float[3], 3, 1);
        Assert.Equal((float)Math.Log(2) / 2, x.GroupSoftmaxLoss(table, bias, targets).Scalar, 1e-6);
        Assert.Throws<ArgumentException>(() => tape.Constant(new float[2], 1, 2).GroupSoftmaxLoss(table, bias, targets));
        Assert.Throws<ArgumentException>(() => x.GroupSoftmaxLoss(tape.Constant(new float[9], 3, 3), bias, targets));
        Assert.Throws<ArgumentException>(() => x.GroupSoftmaxLoss(table, tape.Constant(new float[2], 2, 1), targets));
        Assert.Throws<ArgumentException>(() => x.GroupSoftmaxLoss(tape.Constant(new float[8], 4, 2), tape.Constant(new float[4], 4, 1), targets));
    }

    private static (ClassGroups Groups, GroupTargets Targets, int[] Target) Make(Rng rng, int rows, int classes, int count)
    {
        var groups = new ClassGroups([.. Enumerable.Range(0, classes).Select(_ => rng.Next(count))], count);
        int[] target = [.. Enumerable.Range(0, rows).Select(_ => rng.Next(classes))];
        var targets = new GroupTargets(groups);
        targets.Set(target);
        return (groups, targets, target);
    }

    /// <summary>In double precision; the table is in the order of the members.</summary>
    private static double Twin(ClassGroups groups, int[] target, float[] x, float[] table, float[] bias, int columns)
    {
        double sum = 0;
        for (int r = 0; r < target.Length; r++)
        {
            double total = 0;
            for (int c = 0; c < groups.Classes; c++)
            {
                if (groups.GroupOf[c] == groups.GroupOf[target[r]])
                {
                    total += Math.Exp(Score(r, c));
                }
            }

            sum += Math.Log(total) - Score(r, target[r]);
        }

        return target.Length == 0 ? 0 : sum / target.Length;

        double Score(int row, int c)
        {
            int place = groups.Members.IndexOf(c);
            return bias[place] + Enumerable.Range(0, columns).Sum(k => (double)x[(row * columns) + k] * table[(place * columns) + k]);
        }
    }
}
