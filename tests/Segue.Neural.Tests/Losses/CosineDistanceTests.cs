using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class CosineDistanceTests
{
    [Fact]
    public void Value_and_gradient() => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            (int, int, float[] Values) a = Draw.AwayFromZero(rng, rows, columns, 0.4f), b = Draw.AwayFromZero(rng, rows, columns, 0.4f);
            double sum = 0;
            for (int r = 0; r < rows; r++)
            {
                double dot = 0, left = 0, right = 0;
                for (int n = r * columns; n < (r + 1) * columns; n++)
                {
                    (dot, left, right) = (dot + ((double)a.Values[n] * b.Values[n]), left + ((double)a.Values[n] * a.Values[n]), right + ((double)b.Values[n] * b.Values[n]));
                }

                sum += 1 - (columns == 0 ? 0 : dot / Math.Sqrt(left * right));
            }

            var tape = new Tape();
            Variable loss = tape.Constant(a.Values, rows, columns).CosineLoss(tape.Constant(b.Values, rows, columns));
            Numbers.Close([sum / Math.Max(1, rows)], loss.Value, 1e-6);
            GradientCheck.Run(v => v[0].CosineLoss(v[1]), [a, b]);
        });

    [Fact]
    public void A_zero_row_counts_one_and_gets_no_gradient()
    {
        var tape = new Tape();
        Variable a = tape.Input([0f, 0f, 1f, 0f], 2, 2), b = tape.Input([3f, 4f, 0f, 2f], 2, 2), loss = a.CosineLoss(b);
        Assert.Equal(1f, loss.Scalar);
        tape.Backward(loss);
        Numbers.Close([0, 0, 0, -0.5], a.Gradient, 1e-6);
        Numbers.Close([0, 0, -0.25, 0], b.Gradient, 1e-6);
    }

    [Fact]
    public void Matrices_of_different_sizes_are_refused()
    {
        var tape = new Tape();
        Assert.Throws<ArgumentException>(() => tape.Input(new float[6], 2, 3).CosineLoss(tape.Input(new float[6], 3, 2)));
    }
}
