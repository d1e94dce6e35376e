using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class TapeTests
{
    /// <summary>Operations on 301 × 257 values, above every size from which a second thread helps, and of no round size.</summary>
    public static TheoryData<string> Operations => [.. Large.Keys];

    private const int Rows = 301, Columns = 257;

    private static readonly int[] Indices = [.. Draw.Indices(new Rng(1, "indices"), 600, Rows)];
    private static readonly int[] Starts = Draw.Starts(new Rng(2, "starts"), 40, Rows);
    private static readonly int[] Excluded = [.. Enumerable.Range(0, 2 * Rows).Select(n => (n * 7) % Columns)];
    private static readonly SparseOperand Operand = new(Draw.Sparse(new Rng(3, "sparse"), 500, Rows, 9_000));

    private static readonly Dictionary<string, Func<Variable, Variable, Variable>> Large = new()
    {
        ["matmul"] = (a, b) => a.MatMulTransposed(b).MatMul(b),
        ["affine"] = (a, b) => a.MatMulTransposed(b).Affine(b, b.ColumnMeans()),
        ["row dot"] = (a, b) => a.RowDot(b),
        ["sparse"] = (a, b) => Operand.Multiply(a).Add(Operand.Multiply(b)),
        ["sparse values"] = (a, b) => Operand.Multiply(a.Gather(Enumerable.Range(0, Operand.Matrix.Count).Select(n => n % Rows).ToArray()).RowSums(), b),
        ["arithmetic"] = (a, b) => a.Add(b).Multiply(b).Subtract(b.Scale(0.3f)).Divide(b.Square().Add(1f)),
        ["repeated"] = (a, b) => a.Multiply(b.ColumnSums()).Add(b.RowSums()).Divide(b.Square().Mean()),
        ["gather"] = (a, b) => a.Gather(Indices).ConcatColumns(b.Gather(Indices)),
        ["scatter"] = (a, b) => a.Gather(Indices).ScatterAdd(Indices, Rows).ConcatRows(b),
        ["gather sum"] = (a, b) => a.GatherSum(Indices, new[] { 0, 300, 300, 600 }, Array.ConvertAll(Indices, i => 0.1f * i)).ConcatRows(b.SliceRows(3, 290)),
        ["segments"] = (a, b) => a.SegmentSoftmax(Starts).Add(b.SegmentSoftmax(Starts)).ConcatRows(a.SegmentMean(Starts)),
        ["layer norm"] = (a, b) => a.LayerNorm(b.SliceRows(0, 1), b.SliceRows(1, 1)),
        ["normalize"] = (a, b) => a.NormalizeRows().Add(b.Softmax()),
        ["dropout"] = (a, b) => a.Dropout(0.3f, new Rng(1, "d")).Add(b),
        ["softmax loss"] = (a, b) => a.Add(b).SoftmaxLoss(Enumerable.Range(0, Rows).Select(n => n % Columns).ToArray()),
        ["sampled softmax"] = (a, b) => a.Add(b).SampledSoftmaxLoss(
            Enumerable.Range(0, Rows).Select(n => n % Columns).ToArray(), Enumerable.Range(1, Columns).Select(n => -MathF.Log(n)).ToArray(),
            Excluded, Enumerable.Range(0, Rows + 1).Select(r => 2 * r).ToArray()),
        ["cosine"] = (a, b) => a.CosineLoss(b),
        ["bce"] = (a, b) => a.Multiply(b).LogisticLoss(new float[Rows * Columns]),
    };

    /// <summary>Cancelled within a step, the operations that are left are not run, forwards or backwards.</summary>
    [Fact]
    public void A_cancelled_step_stops_between_two_operations()
    {
        using var stop = new CancellationTokenSource();
        using CancellationScope scope = CancellationScope.Enter(stop.Token);
        var tape = new Tape();
        int backward = 0;
        Variable loss = tape.Input([1f], 1, 1);
        for (int n = 0; n < 10; n++)
        {
            loss = tape.Record(1, 1, node =>
            {
                node.First!.AddTo()[0] += 1f;
                if (++backward == 4)
                {
                    stop.Cancel();
                }
            }, loss);
        }

        Assert.Throws<OperationCanceledException>(() => tape.Backward(loss));
        Assert.Equal(4, backward);
        Assert.Throws<OperationCanceledException>(() => loss.Scale(2f));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Bits_do_not_depend_on_the_number_of_threads(string name)
    {
        Func<Variable, Variable, Variable> operation = Large[name];
        float[] a = Draw.Matrix(new Rng(4, "a"), Rows, Columns).Values, b = Draw.Matrix(new Rng(5, "b"), Rows, Columns).Values;
        (float[] value, float[] first, float[] second) = Run(operation, a, b, 1);
        for (int threads = 2; threads <= 3; threads++)
        {
            (float[] otherValue, float[] otherFirst, float[] otherSecond) = Run(operation, a, b, threads);
            Numbers.SameBits(value, otherValue, $"value of {name}, {threads} threads:");
            Numbers.SameBits(first, otherFirst, $"gradient of the first of {name}, {threads} threads:");
            Numbers.SameBits(second, otherSecond, $"gradient of the second of {name}, {threads} threads:");
        }
    }

    [Fact]
    public void A_step_after_a_reset_uses_the_memory_of_the_one_before()
    {
        var tape = new Tape();
        long bytes = 0;
        for (int step = 0; step < 5; step++)
        {
            tape.Reset();
            Variable x = tape.Input(new float[1000], 10, 100), w = tape.Input(new float[2000], 100, 20);
            tape.Backward(x.MatMul(w).Relu().Square().Mean());
            Assert.Equal(step == 0 ? tape.PooledBytes : bytes, tape.PooledBytes);
            bytes = tape.PooledBytes;
        }

        Assert.InRange(bytes, 4 * 2 * (1000 + 2000), 1_000_000);
    }

    [Fact]
    public void Buffers_of_an_earlier_step_do_not_show_in_the_next()
    {
        var tape = new Tape();
        for (int step = 0; step < 3; step++)
        {
            tape.Reset();
            Variable x = tape.Input([1f, 2f, 3f], 1, 3);
            tape.Backward(x.Gather(new[] { 0 }).Multiply(x).ScatterAdd(new[] { 1 }, 2).Sum());
            Assert.Equal([2f, 4f, 6f], x.Gradient.ToArray());
        }
    }

    [Fact]
    public void Backward_wants_one_value_of_its_own_tape_that_depends_on_something()
    {
        Tape tape = new(), other = new();
        Variable x = tape.Input(new float[6], 2, 3);
        Assert.Contains("2 × 3", Assert.Throws<ArgumentException>(() => tape.Backward(x)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tape.Backward(other.Input([1f], 1, 1)));
        Assert.Throws<ArgumentException>(() => tape.Backward(tape.Constant([1f], 1, 1).Square()));
        Assert.Throws<ArgumentException>(() => x.Add(other.Input(new float[6], 2, 3)));
    }

    [Fact]
    public void Losses_may_be_differentiated_one_after_another()
    {
        var tape = new Tape();
        Variable x = tape.Input([2f], 1, 1), square = x.Square();
        tape.Backward(square);
        Assert.Equal(4f, x.Gradient[0]);
        tape.Backward(square.Scale(10f));
        Assert.Equal(44f, x.Gradient[0]);
        Assert.Throws<InvalidOperationException>(() => { _ = square.Gradient; });
    }

    [Theory]
    [InlineData(5, 2, 3)]
    [InlineData(7, 2, 3)]
    [InlineData(6, -2, -3)]
    [InlineData(0, 65536, 65536)]
    public void Values_that_do_not_fill_a_matrix_are_refused(int count, int rows, int columns)
    {
        Assert.Throws<ArgumentException>(() => new Tape().Input(new float[count], rows, columns));
        Assert.Throws<ArgumentException>(() => new Tape().Constant(new float[count], rows, columns));
    }

    [Fact]
    public void A_result_beyond_what_memory_can_index_is_refused_by_its_size()
    {
        var tape = new Tape();
        Variable x = tape.Input(new float[65536], 65536, 1);
        Assert.Contains("65536 × 65536", Assert.Throws<MatrixRoomException>(() => x.MatMulTransposed(x)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void At_least_one_thread() => Assert.Throws<ArgumentOutOfRangeException>(() => new Tape(0));

    private static (float[] Value, float[] First, float[] Second) Run(Func<Variable, Variable, Variable> operation, float[] first, float[] second, int threads)
    {
        var tape = new Tape(threads);
        Variable a = tape.Input(first, Rows, Columns), b = tape.Input(second, Rows, Columns), result = operation(a, b);
        float[] value = result.Value.ToArray();
        tape.Backward(result.Multiply(tape.Constant(Draw.Matrix(new Rng(6, "mix"), result.Rows, result.Columns).Values, result.Rows, result.Columns)).Sum());
        return (value, a.Gradient.ToArray(), b.Gradient.ToArray());
    }
}
