using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class RecurrenceTests
{
    [Fact]
    public void Gradients_are_those_of_central_differences() => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            int[] starts = Draw.Starts(rng, 1 + rng.Next(5), rows);
            int sequences = starts.Length - 1;
            (int, int, float[]) gates = Draw.Matrix(rng, rows, 3 * columns), weight = Draw.Matrix(rng, columns, 3 * columns), bias = Draw.Matrix(rng, 1, 3 * columns);
            (int, int, float[]) initial = Draw.Matrix(rng, sequences, columns);
            GradientCheck.Run(v => v[0].Gru(starts, v[1], v[2]), [gates, weight, bias]);
            GradientCheck.Run(v => v[0].Gru(starts, v[1], v[2], v[3]), [gates, weight, bias, initial]);
            gates = Draw.Matrix(rng, rows, 4 * columns);
            weight = Draw.Matrix(rng, columns, 4 * columns);
            bias = Draw.Matrix(rng, 1, 4 * columns);
            GradientCheck.Run(v => v[0].Lstm(starts, v[1], v[2]), [gates, weight, bias]);
        },
        largest: 5, tests: 20);

    /// <summary>Rows longer than a vector, and not a multiple of it.</summary>
    [Fact]
    public void Gradients_of_wide_rows_are_those_of_central_differences()
    {
        const int Hidden = 19;
        var rng = new Rng(3, "wide");
        (int, int, float[]) gates = Draw.Matrix(rng, 4, 3 * Hidden), weight = Draw.Matrix(rng, Hidden, 3 * Hidden), bias = Draw.Matrix(rng, 1, 3 * Hidden);
        GradientCheck.Run(v => v[0].Gru(new[] { 0, 3, 4 }, v[1], v[2], v[3]), [gates, weight, bias, Draw.Matrix(rng, 2, Hidden)]);
    }

    /// <summary>Enough sequences for several groups and for products of both kinds.</summary>
    [Fact]
    public void Many_sequences_give_what_each_gives_alone_and_threads_change_no_bit()
    {
        const int Hidden = 20;
        var rng = new Rng(5, "many");
        int[] lengths = [.. Enumerable.Range(0, 75).Select(_ => rng.Next(12))];
        int[] starts = [0, .. lengths.Select((_, n) => lengths[..(n + 1)].Sum())];
        int rows = starts[^1];
        float[] gates = Draw.Matrix(rng, rows, 3 * Hidden).Values, weight = Draw.Matrix(rng, Hidden, 3 * Hidden).Values, bias = Draw.Matrix(rng, 1, 3 * Hidden).Values;
        (float[] values, float[] slope, float[] weightSlope) = Run(1, gates, starts);
        for (int threads = 2; threads < 4; threads++)
        {
            (float[] other, float[] otherSlope, float[] otherWeightSlope) = Run(threads, gates, starts);
            Numbers.SameBits(values, other, "values");
            Numbers.SameBits(slope, otherSlope, "gradient of the gates");
            Numbers.SameBits(weightSlope, otherWeightSlope, "gradient of the weight");
        }

        var sums = new double[weight.Length];
        for (int s = 0; s + 1 < starts.Length; s++)
        {
            int from = starts[s], count = starts[s + 1] - from;
            (float[] own, float[] ownSlope, float[] ownWeightSlope) = Run(1, gates[(from * 3 * Hidden)..((from + count) * 3 * Hidden)], [0, count]);
            Numbers.Close(Array.ConvertAll(own, v => (double)v), values.AsSpan(from * Hidden, count * Hidden), 1e-5);
            Numbers.Close(Array.ConvertAll(ownSlope, v => (double)v), slope.AsSpan(from * 3 * Hidden, count * 3 * Hidden), 1e-4);
            for (int n = 0; n < sums.Length; n++)
            {
                sums[n] += ownWeightSlope[n];
            }
        }

        Numbers.Close(sums, weightSlope, 1e-4);

        (float[] Values, float[] Gates, float[] Weight) Run(int threads, float[] x, int[] cuts)
        {
            var tape = new Tape(threads);
            Variable g = tape.Input(x, cuts[^1], 3 * Hidden), w = tape.Input(weight, Hidden, 3 * Hidden);
            Variable y = g.Gru(cuts, w, tape.Constant(bias, 1, 3 * Hidden));
            tape.Backward(y.Square().Sum());
            return (y.Value.ToArray(), g.Gradient.ToArray(), w.Gradient.ToArray());
        }
    }

    [Fact]
    public void A_state_handed_on_makes_two_chunks_one_sequence()
    {
        const int Hidden = 6;
        var rng = new Rng(6, "chunks");
        float[] gates = Draw.Matrix(rng, 9, 3 * Hidden).Values, weight = Draw.Matrix(rng, Hidden, 3 * Hidden).Values, bias = new float[3 * Hidden];
        var tape = new Tape();
        Variable w = tape.Constant(weight, Hidden, 3 * Hidden), b = tape.Constant(bias, 1, 3 * Hidden), x = tape.Constant(gates, 9, 3 * Hidden);
        Variable whole = x.Gru(new[] { 0, 9 }, w, b), first = x.SliceRows(0, 4).Gru(new[] { 0, 4 }, w, b);
        Variable second = x.SliceRows(4, 5).Gru(new[] { 0, 5 }, w, b, first.SliceRows(3, 1));
        Numbers.SameBits(whole.Value[(4 * Hidden)..].ToArray(), second.Value.ToArray(), "second chunk");
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        var tape = new Tape();
        Variable x = tape.Constant(new float[18], 3, 6), w = tape.Constant(new float[12], 2, 6), b = tape.Constant(new float[6], 1, 6);
        Assert.Contains("3 hidden", Assert.Throws<ArgumentException>(() => x.Gru(new[] { 0, 3 }, tape.Constant(new float[16], 2, 8), b)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => x.Gru(new[] { 0, 2 }, w, b));
        Assert.Throws<ArgumentException>(() => tape.Constant(new float[15], 3, 5).Gru(new[] { 0, 3 }, w, b));
        Assert.Throws<ArgumentException>(() => x.Gru(new[] { 0, 3 }, w, tape.Constant(new float[5], 1, 5)));
        Assert.Throws<ArgumentException>(() => x.Gru(new[] { 0, 3 }, w, b, tape.Constant(new float[4], 2, 2)));
        Assert.Contains("4 hidden", Assert.Throws<ArgumentException>(() => x.Lstm(new[] { 0, 3 }, w, b)).Message, StringComparison.Ordinal);
    }
}
