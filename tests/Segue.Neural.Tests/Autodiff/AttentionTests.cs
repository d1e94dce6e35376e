using System.Globalization;
using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class AttentionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(9)]
    public void Gradients_are_those_of_central_differences(int heads) => Draw.Shapes(
        (rows, columns, inner, rng) =>
        {
            SparseOperand places = Random(rows, inner, 0.4f, rng);
            (int, int, float[])[] inputs = Inputs(rows, inner, heads, columns, 1 + rng.Next(4), rng);
            GradientCheck.Run(v => places.Attend(v[0], v[1], v[2], v[3], v[4], slope: 0.2f), inputs, tolerance: 3e-3);
            GradientCheck.Run(v => places.Attend(v[0], v[1], v[2], v[3], v[4], 0.2f, 0.4f, new Rng(5, "drop")), inputs, tolerance: 3e-3);
        },
        smallest: 1, largest: 7, tests: 12);

    /// <summary>Widths with and without vectors to spare, tiles that are full and not, heads beyond one vector.</summary>
    [Theory]
    [InlineData(40, 30, 1, 16, 16, 0f)]
    [InlineData(150, 90, 5, 64, 64, 0.5f)]
    [InlineData(90, 150, 5, 7, 13, 0.3f)]
    [InlineData(33, 65, 3, 80, 48, 0.3f)]
    [InlineData(20, 25, 11, 5, 17, 0.6f)]
    public void Values_and_gradients_are_those_of_the_slow_twin(int rows, int inner, int heads, int inputs, int outputs, float dropout) =>
        Compare(Random(rows, inner, 0.2f, new Rng(3, "places")), heads, inputs, outputs, dropout, slope: 0.3f, tolerance: 2e-4);

    /// <summary>Rows and columns that are worked on in more than one piece.</summary>
    [Fact]
    public void A_receiver_of_many_senders_and_a_sender_of_many_receivers_are_those_of_the_slow_twin()
    {
        const int Nodes = 700;
        int[] hub = [.. Enumerable.Range(0, Nodes)], first = new int[Nodes];
        var places = new SparseOperand(CsrMatrix.FromTriplets(Nodes, Nodes, [.. first, .. hub], [.. hub, .. first], []));
        Compare(places, heads: 5, inputs: 6, outputs: 5, dropout: 0.5f, slope: 0.2f, tolerance: 1e-3);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void The_slope_may_be_0_or_1(float slope) => Compare(Random(20, 20, 0.3f, new Rng(4, "places")), 2, 4, 3, 0f, slope, tolerance: 2e-4);

    [Fact]
    public void A_row_without_entries_is_the_bias()
    {
        var places = new SparseOperand(CsrMatrix.FromTriplets(3, 2, [1], [0], []));
        var tape = new Tape();
        Variable y = places.Attend(
            tape.Input([1f, 2f, 3f], 3, 1), tape.Input([1f, 2f], 2, 1), tape.Input([1f, 2f, 3f, 4f], 2, 2), tape.Input([1f, 0f, 0f, 1f], 2, 2), tape.Input([7f, 8f], 1, 2));
        Assert.Equal([7f, 8f, 8f, 10f, 7f, 8f], y.Value.ToArray());
        tape.Backward(y.Sum());
    }

    [Fact]
    public void A_number_that_is_none_shows_in_the_rows_that_hear_it_and_in_no_other()
    {
        var places = new SparseOperand(CsrMatrix.FromTriplets(3, 3, [0, 0, 1, 1, 2], [0, 1, 1, 2, 2], []));
        foreach (float number in new[] { float.NaN, float.PositiveInfinity })
        {
            var tape = new Tape();
            Variable y = places.Attend(
                tape.Input(new float[3], 3, 1), tape.Input([number, 0f, 0f], 3, 1), tape.Input([1f, 2f, 3f], 3, 1), tape.Input([1f], 1, 1), tape.Input([0f], 1, 1));
            Assert.Equal([float.NaN, 2.5f, 3f], y.Value.ToArray());
        }
    }

    [Fact]
    public void Large_numbers_do_not_overflow()
    {
        var places = new SparseOperand(CsrMatrix.FromTriplets(2, 3, [0, 0, 0, 1, 1], [0, 1, 2, 0, 2], []));
        var tape = new Tape();
        Variable y = places.Attend(
            tape.Input([1e4f, -3e4f], 2, 1), tape.Input([1e4f, 2e4f, -1e3f], 3, 1), tape.Input([1f, 2f, 4f], 3, 1), tape.Input([1f], 1, 1), tape.Input([0f], 1, 1));
        Assert.Equal([2f, 1f], y.Value.ToArray());
        tape.Backward(y.Sum());
    }

    [Fact]
    public void Dropout_keeps_the_mean_and_is_the_same_for_the_same_draw()
    {
        const int Senders = 20_000;
        var places = new SparseOperand(new CsrMatrix(1, Senders, [0, Senders], [.. Enumerable.Range(0, Senders)], new float[Senders]));
        float[] One(int seed)
        {
            var tape = new Tape();
            return places.Attend(
                tape.Constant([0f, 0f], 1, 2), tape.Constant(new float[2 * Senders], Senders, 2), tape.Constant(Enumerable.Repeat(1f, Senders).ToArray(), Senders, 1),
                tape.Constant([1f, 0f, 0f, 1f], 2, 2), tape.Constant([0f, 0f], 1, 2), 0.2f, 0.5f, new Rng((ulong)seed, "drop")).Value.ToArray();
        }

        Assert.All(One(1), share => Assert.InRange(share, 0.97f, 1.03f));
        Assert.Equal(One(1), One(1));
        Assert.NotEqual(One(1), One(2));
        Assert.NotEqual(One(1)[0], One(1)[1]);
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        var rng = new Rng(2, "attention");
        SparseOperand places = Random(1500, 700, 0.02f, rng);
        (int Rows, int Columns, float[] Values)[] inputs = Inputs(1500, 700, 5, 16, 24, rng);
        float[][] results = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            var tape = new Tape(threads);
            Variable[] v = [.. inputs.Select(i => tape.Input(i.Values, i.Rows, i.Columns))];
            Variable y = places.Attend(v[0], v[1], v[2], v[3], v[4], 0.2f, 0.5f, new Rng(1, "drop"));
            tape.Backward(y.Square().Sum());
            return (float[])[.. y.Value, .. v.SelectMany(x => x.Gradient.ToArray())];
        })];
        Assert.All(results, r => Numbers.SameBits(results[0], r));
    }

    /// <summary>What the heads hear of all receivers would be 500 × 5 · 64 values; the tape never holds that many.</summary>
    [Fact]
    public void What_the_heads_hear_is_never_kept()
    {
        const int Nodes = 4000, Heads = 5, Size = 64;
        var rng = new Rng(2, "memory");
        SparseOperand places = Random(Nodes, Nodes, 0.002f, rng);
        (int Rows, int Columns, float[] Values)[] inputs = Inputs(Nodes, Nodes, Heads, Size, Size, rng);
        var tape = new Tape();
        for (int step = 0; step < 2; step++)
        {
            tape.Reset();
            Variable[] v = [.. inputs.Select(i => tape.Input(i.Values, i.Rows, i.Columns))];
            Variable state = v[2];
            for (int layer = 0; layer < 3; layer++)
            {
                state = places.Attend(v[0], v[1], state, v[3], v[4], 0.2f, 0.5f, rng);
            }

            tape.Backward(state.Sum());
        }

        // The states, three results and a gradient of either, 8 MB of sums for the mixing matrix, and less than 3 MB besides.
        Assert.InRange(tape.PooledBytes, 0, (7 * 1.25 * Nodes * Size * sizeof(float)) + 8e6 + 3e6);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        SparseOperand places = Random(3, 4, 0.4f, new Rng(1, "x"));
        var tape = new Tape();
        Variable three = tape.Constant(new float[6], 3, 2), four = tape.Constant(new float[8], 4, 2), bias = tape.Constant(new float[5], 1, 5);
        Variable mix = tape.Constant(new float[20], 4, 5), narrow = tape.Constant(new float[4], 4, 1), none = tape.Constant([], 3, 0);
        places.Attend(three, four, four, mix, bias);
        Refused(() => places.Attend(four, four, four, mix, bias), "4 × 2", "3 receivers");
        Refused(() => places.Attend(three, three, four, mix, bias), "3 × 2", "4 senders");
        Refused(() => places.Attend(three, four, three, mix, bias), "3 states");
        Refused(() => places.Attend(three, narrow, four, mix, bias), "3 × 2", "4 × 1");
        Refused(() => places.Attend(none, tape.Constant([], 4, 0), four, mix, bias), "3 × 0");
        Refused(() => places.Attend(three, four, narrow, mix, bias), "4 × 5", "4 × 1");
        Refused(() => places.Attend(three, four, four, mix, narrow), "4 × 5", "4 × 1");
        Assert.Throws<ArgumentOutOfRangeException>(() => places.Attend(three, four, four, mix, bias, 0.2f, 1f, new Rng(1, "x")));
        Assert.Throws<ArgumentOutOfRangeException>(() => places.Attend(three, four, four, mix, bias, 0.2f, 0.5f));
        Assert.Throws<ArgumentOutOfRangeException>(() => places.Attend(three, four, four, mix, bias, -0.1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => places.Attend(three, four, four, mix, bias, float.NaN));
    }

    private static void Refused(Action action, params string[] parts)
    {
        string message = Assert.Throws<ArgumentException>(action).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    private static void Compare(SparseOperand places, int heads, int inputs, int outputs, float dropout, float slope, double tolerance)
    {
        var rng = new Rng(6, "compare");
        (int Rows, int Columns, float[] Values)[] x = Inputs(places.Matrix.Rows, places.Matrix.Columns, heads, inputs, outputs, rng);
        var drop = AttentionWeights.Dropout.Of(dropout, dropout > 0f ? new Rng(8, "drop").NextUInt64() : 0);
        int lanes = AttentionWeights.Lanes(heads);
        var twin = new AttentionReference(
            places.Matrix, heads, (x[0].Values, x[1].Values, x[2].Values, x[3].Values, x[4].Values), slope,
            (entry, head) => drop.Keeps(entry, head, lanes), 1 / (1 - (double)dropout));
        var tape = new Tape(2);
        Variable[] v = [.. x.Select(i => tape.Input(i.Values, i.Rows, i.Columns))];
        Variable y = places.Attend(v[0], v[1], v[2], v[3], v[4], slope, dropout, new Rng(8, "drop"));
        Numbers.Close(twin.Value, y.Value, tolerance, "value,");
        float[] gradient = Draw.Matrix(rng, y.Rows, y.Columns).Values;
        tape.Backward(y.Multiply(tape.Constant(gradient, y.Rows, y.Columns)).Sum());
        double[][] expected = twin.Gradients(gradient);
        for (int i = 0; i < v.Length; i++)
        {
            Numbers.Close(expected[i], v[i].Gradient.ToArray(), tolerance, string.Create(CultureInfo.InvariantCulture, $"gradient of input {i},"));
        }
    }

    private static SparseOperand Random(int rows, int columns, float share, Rng rng)
    {
        var from = new List<int>();
        var to = new List<int>();
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                // Some rows stay empty.
                if (r % 4 != 3 && rng.NextSingle() < share)
                {
                    from.Add(r);
                    to.Add(c);
                }
            }
        }

        return new SparseOperand(CsrMatrix.FromTriplets(rows, columns, [.. from], [.. to], []));
    }

    /// <summary>Numbers of receivers and senders whose sums stay away from the kink at 0, states, mixing matrix and bias.</summary>
    private static (int Rows, int Columns, float[] Values)[] Inputs(int rows, int inner, int heads, int inputs, int outputs, Rng rng) =>
    [
        (rows, heads, [.. Enumerable.Range(0, rows * heads).Select(_ => rng.NextSingle() < 0.5f ? -2f : 2f)]),
        Draw.Between(rng, inner, heads, -1f, 1f),
        Draw.Matrix(rng, inner, inputs),
        Draw.Between(rng, heads * inputs, outputs, -0.7f, 0.7f),
        Draw.Matrix(rng, 1, outputs),
    ];
}
