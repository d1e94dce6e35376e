using Segue.Neural.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class SegmentsTests
{
    [Fact]
    public void Gradients_are_those_of_central_differences() => Draw.Shapes((rows, columns, _, rng) =>
    {
        int[] starts = Draw.Starts(rng, 1 + rng.Next(6), rows);
        (int, int, float[]) x = Draw.Matrix(rng, rows, columns);
        GradientCheck.Run(v => v[0].SegmentSum(starts), [x]);
        GradientCheck.Run(v => v[0].SegmentMean(starts), [x]);
        GradientCheck.Run(v => v[0].SegmentSoftmax(starts), [x]);
    });

    [Fact]
    public void Values_are_those_of_the_scalar_twin() => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            int[] starts = Draw.Starts(rng, 1 + rng.Next(6), rows);
            (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
            var tape = new Tape();
            Variable v = tape.Constant(x.Values, rows, columns);
            int segments = starts.Length - 1;
            double[] sums = new double[segments * columns], means = new double[segments * columns], softmax = new double[rows * columns];
            for (int s = 0; s < segments; s++)
            {
                for (int c = 0; c < columns; c++)
                {
                    double total = 0;
                    for (int r = starts[s]; r < starts[s + 1]; r++)
                    {
                        sums[(s * columns) + c] += x.Values[(r * columns) + c];
                        total += Math.Exp(x.Values[(r * columns) + c]);
                    }

                    means[(s * columns) + c] = starts[s + 1] == starts[s] ? 0 : sums[(s * columns) + c] / (starts[s + 1] - starts[s]);
                    for (int r = starts[s]; r < starts[s + 1]; r++)
                    {
                        softmax[(r * columns) + c] = Math.Exp(x.Values[(r * columns) + c]) / total;
                    }
                }
            }

            Numbers.Close(sums, v.SegmentSum(starts).Value, 1e-5);
            Numbers.Close(means, v.SegmentMean(starts).Value, 1e-5);
            Numbers.Close(softmax, v.SegmentSoftmax(starts).Value, 1e-5);
        },
        largest: 40);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Softmax_of_large_values_does_not_overflow(int columns)
    {
        var tape = new Tape();
        Variable x = tape.Input(Enumerable.Repeat(1e4f, 3 * columns).ToArray(), 3, columns);
        Numbers.Close(Enumerable.Range(0, 3 * columns).Select(n => n < columns ? 1.0 : 0.5).ToArray(), x.SegmentSoftmax(new[] { 0, 1, 3 }).Value, 1e-6);
    }

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 0 })]
    [InlineData(new[] { 0, 2 })]
    [InlineData(new[] { 1, 3 })]
    [InlineData(new[] { 0, 2, 1, 3 })]
    [InlineData(new[] { 0, -1, 3 })]
    [InlineData(new[] { 0, 4, 3 })]
    [InlineData(new[] { 0, 4 })]
    public void Starts_that_do_not_cut_the_rows_are_refused(int[] starts)
    {
        Variable x = new Tape().Input(new float[6], 3, 2);
        Assert.Contains("3 rows", Assert.Throws<ArgumentException>(() => x.SegmentSum(starts)).Message, StringComparison.Ordinal);
        Assert.Contains("3 rows", Assert.Throws<ArgumentException>(() => x.SegmentMean(starts)).Message, StringComparison.Ordinal);
        Assert.Contains("3 rows", Assert.Throws<ArgumentException>(() => x.SegmentSoftmax(starts)).Message, StringComparison.Ordinal);
        Assert.Contains("3 indices", Assert.Throws<ArgumentException>(() => x.GatherSum(new[] { 0, 1, 2 }, starts)).Message, StringComparison.Ordinal);
    }
}
