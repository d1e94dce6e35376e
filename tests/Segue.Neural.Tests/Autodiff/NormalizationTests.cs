using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class NormalizationTests
{
    [Fact]
    public void Normalized_rows() => Draw.Shapes((rows, columns, _, rng) =>
    {
        // Lengths above 0.4, far from where they are cut.
        (int, int, float[] Values) x = Draw.AwayFromZero(rng, rows, columns, 0.4f);
        GradientCheck.Run(v => v[0].NormalizeRows(), [x]);
        Variable y = new Tape().Constant(x.Values, rows, columns).NormalizeRows();
        for (int r = 0; r < rows; r++)
        {
            float[] row = x.Values[(r * columns)..((r + 1) * columns)];
            double length = Math.Sqrt(row.Sum(e => (double)e * e));
            Numbers.Close(Array.ConvertAll(row, e => e / length), y.Value.Slice(r * columns, columns), 1e-6);
        }
    });

    [Fact]
    public void Rows_shorter_than_epsilon_are_divided_by_it() => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            (int, int, float[] Values) x = Draw.Between(rng, rows, columns, 0.1f, 0.2f);
            GradientCheck.Run(v => v[0].NormalizeRows(2f), [x]);
            Numbers.Close(Array.ConvertAll(x.Values, e => e / 2.0), new Tape().Constant(x.Values, rows, columns).NormalizeRows(2f).Value, 1e-6);
        },
        largest: 6);

    [Fact]
    public void A_zero_row_stays_zero_and_gets_no_gradient()
    {
        var tape = new Tape();
        Variable x = tape.Input([0f, 0f, 3f, 4f], 2, 2), y = x.NormalizeRows();
        Numbers.Close([0, 0, 0.6, 0.8], y.Value, 1e-6);
        tape.Backward(y.Sum());
        Numbers.Close([0, 0, (1 - (0.6 * 1.4)) / 5, (1 - (0.8 * 1.4)) / 5], x.Gradient, 1e-6);
    }

    [Fact]
    public void Layer_norm() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Spread(rng, rows, columns), scale = Draw.Matrix(rng, 1, columns), shift = Draw.Matrix(rng, 1, columns);
        GradientCheck.Run(v => v[0].LayerNorm(v[1], v[2]), [x, scale, shift]);
        GradientCheck.Run(v => v[0].LayerNorm(v[1], v[2], 0.5f), [x, scale, shift]);
        var tape = new Tape();
        Variable y = tape.Constant(x.Values, rows, columns)
            .LayerNorm(tape.Constant(scale.Values, 1, columns), tape.Constant(shift.Values, 1, columns));
        for (int r = 0; r < rows && columns > 0; r++)
        {
            float[] row = x.Values[(r * columns)..((r + 1) * columns)];
            double mean = row.Average(e => (double)e), variance = row.Average(e => (e - mean) * (e - mean));
            double[] expected = [.. row.Select((e, c) => ((e - mean) / Math.Sqrt(variance + 1e-5f) * scale.Values[c]) + shift.Values[c])];
            Numbers.Close(expected, y.Value.Slice(r * columns, columns), 1e-5);
        }
    });

    [Fact]
    public void A_constant_row_becomes_the_shift()
    {
        var tape = new Tape();
        Variable y = tape.Constant([5f, 5f, 5f], 1, 3).LayerNorm(tape.Constant([1f, 2f, 3f], 1, 3), tape.Constant([7f, 8f, 9f], 1, 3));
        Assert.Equal([7f, 8f, 9f], y.Value.ToArray());
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused_with_both()
    {
        var tape = new Tape();
        Variable x = tape.Input(new float[6], 2, 3), row = tape.Input(new float[3], 1, 3), column = tape.Input(new float[3], 3, 1);
        Assert.Contains("2 × 3 and 3 × 1", Assert.Throws<ArgumentException>(() => x.LayerNorm(column, row)).Message, StringComparison.Ordinal);
        Assert.Contains("2 × 3 and 3 × 1", Assert.Throws<ArgumentException>(() => x.LayerNorm(row, column)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.NormalizeRows(0f));
    }

    /// <summary>Rows whose values lie apart: the curvature of a layer norm grows without bound where they come together.</summary>
    private static (int Rows, int Columns, float[] Values) Spread(Rng rng, int rows, int columns)
    {
        (int, int, float[] Values) x = Draw.Between(rng, rows, columns, -0.3f, 0.3f);
        for (int n = 0; n < x.Values.Length; n++)
        {
            x.Values[n] += n % columns;
        }

        return x;
    }
}
