using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class AttentionTests
{
    [Fact]
    public void Gradients_are_those_of_central_differences() => Draw.Shapes(
        (rows, columns, inner, rng) =>
        {
            SparseOperand places = Random(rows, inner, rng);
            (int, int, float[])[] inputs = Inputs(rows, inner, columns, rng);
            GradientCheck.Run(v => places.Attend(v[0], v[1], v[2], slope: 0.2f), inputs, tolerance: 2e-3);
            GradientCheck.Run(v => places.Attend(v[0], v[1], v[2], 0.2f, 0.4f, new Rng(5, "drop")), inputs, tolerance: 2e-3);
        },
        smallest: 1, tests: 20);

    /// <summary>The same from operations that are tested on their own.</summary>
    [Fact]
    public void Values_are_those_of_the_single_operations() => Draw.Shapes(
        (rows, columns, inner, rng) =>
        {
            SparseOperand places = Random(rows, inner, rng);
            (int, int, float[] Values)[] inputs = Inputs(rows, inner, columns, rng);
            var tape = new Tape(2);
            Variable receiver = tape.Constant(inputs[0].Values, rows, 1), sender = tape.Constant(inputs[1].Values, inner, 1), states = tape.Constant(inputs[2].Values, inner, columns);
            int[] receivers = [.. Enumerable.Range(0, rows).SelectMany(r => Enumerable.Repeat(r, places.Matrix.RowLength(r)))];
            Variable attention = receiver.Gather(receivers).Add(sender.Gather(places.Matrix.ColumnIndex)).LeakyRelu(0.3f).SegmentSoftmax(places.Matrix.RowStart);
            Numbers.Close([.. places.Multiply(attention, states).Value.ToArray().Select(x => (double)x)], places.Attend(receiver, sender, states, 0.3f).Value, 1e-5);
        },
        smallest: 1, largest: 30);

    [Fact]
    public void Dropout_keeps_the_mean_and_is_the_same_for_the_same_draw()
    {
        const int Senders = 20_000;
        var places = new SparseOperand(new CsrMatrix(1, Senders, [0, Senders], [.. Enumerable.Range(0, Senders)], new float[Senders]));
        var tape = new Tape();
        Variable states = tape.Constant(Enumerable.Repeat(1f, Senders).ToArray(), Senders, 1), zeros = tape.Constant(new float[Senders], Senders, 1);
        float One(int seed) => places.Attend(tape.Constant([0f], 1, 1), zeros, states, 0.2f, 0.5f, new Rng((ulong)seed, "drop")).Value[0];
        Assert.InRange(One(1), 0.97f, 1.03f);
        Assert.Equal(One(1), One(1));
        Assert.NotEqual(One(1), One(2));
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        var rng = new Rng(2, "attention");
        SparseOperand places = Random(500, 400, rng);
        (int, int, float[] Values)[] inputs = Inputs(500, 400, 8, rng);
        float[][] results = [.. new[] { 1, 3 }.Select(threads =>
        {
            var tape = new Tape(threads);
            Variable receiver = tape.Input(inputs[0].Values, 500, 1), sender = tape.Input(inputs[1].Values, 400, 1), states = tape.Input(inputs[2].Values, 400, 8);
            Variable y = places.Attend(receiver, sender, states, 0.2f, 0.5f, new Rng(1, "drop"));
            tape.Backward(y.Square().Sum());
            return (float[])[.. y.Value, .. receiver.Gradient, .. sender.Gradient, .. states.Gradient];
        })];
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        SparseOperand places = Random(3, 4, new Rng(1, "x"));
        var tape = new Tape();
        Variable three = tape.Constant(new float[3], 3, 1), four = tape.Constant(new float[4], 4, 1), states = tape.Constant(new float[8], 4, 2);
        Assert.Throws<ArgumentException>(() => places.Attend(four, four, states));
        Assert.Throws<ArgumentException>(() => places.Attend(three, three, states));
        Assert.Throws<ArgumentOutOfRangeException>(() => places.Attend(three, four, states, 0.2f, 1f, new Rng(1, "x")));
        Assert.Throws<ArgumentOutOfRangeException>(() => places.Attend(three, four, states, 0.2f, 0.5f));
    }

    private static SparseOperand Random(int rows, int columns, Rng rng)
    {
        var from = new List<int>();
        var to = new List<int>();
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                // Some rows stay empty.
                if (r % 4 != 3 && rng.NextSingle() < 0.4f)
                {
                    from.Add(r);
                    to.Add(c);
                }
            }
        }

        return new SparseOperand(CsrMatrix.FromTriplets(rows, columns, [.. from], [.. to], []));
    }

    /// <summary>Numbers of receivers and senders whose sums stay away from the kink at 0.</summary>
    private static (int, int, float[])[] Inputs(int rows, int inner, int columns, Rng rng) =>
    [
        (rows, 1, [.. Enumerable.Range(0, rows).Select(_ => rng.NextSingle() < 0.5f ? -2f : 2f)]),
        Draw.Between(rng, inner, 1, -1f, 1f),
        Draw.Matrix(rng, inner, columns),
    ];
}
