using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class PairwiseRankingTests
{
    [Fact]
    public void Value_and_gradient() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) positive = Draw.Matrix(rng, rows, columns), negative = Draw.Matrix(rng, rows, columns);
        double sum = positive.Values.Zip(negative.Values, (p, n) => Math.Log(1 + Math.Exp((double)n - p))).Sum();
        var tape = new Tape();
        Variable loss = tape.Constant(positive.Values, rows, columns).BprLoss(tape.Constant(negative.Values, rows, columns));
        Numbers.Close([sum / Math.Max(1, rows * columns)], loss.Value, 1e-6);
        GradientCheck.Run(v => v[0].BprLoss(v[1]), [positive, negative]);
    });

    [Theory]
    [InlineData(100f, 3.7200760e-44, 0.0)]
    [InlineData(-100f, 100.0, -1.0)]
    [InlineData(15f, 3.05902272e-7, -3.05902227e-7)]
    public void Far_scores_neither_overflow_nor_lose_their_digits(float difference, double loss, double gradient)
    {
        var tape = new Tape();
        Variable x = tape.Input([difference], 1, 1), y = x.BprLoss(tape.Constant([0f], 1, 1));
        Assert.Equal(loss, y.Scalar, 1e-6 * loss + 1e-40);
        tape.Backward(y);
        Assert.Equal(gradient, x.Gradient[0], (1e-6 * Math.Abs(gradient)) + 1e-40);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    public void Scores_of_another_size_are_refused_with_both(int rows, int columns)
    {
        var tape = new Tape();
        string message = Assert.Throws<ArgumentException>(
            () => tape.Input(new float[3], 3, 1).BprLoss(tape.Input(new float[rows * columns], rows, columns))).Message;
        Assert.Contains($"3 × 1 and {rows} × {columns}", message, StringComparison.Ordinal);
    }
}
