using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class BinaryCrossEntropyTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Value_and_gradient(bool weighted) => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        float[] target = Draw.Between(rng, rows, columns, 0f, 1f).Values, weight = weighted ? Draw.Between(rng, rows, columns, 0f, 3f).Values : [];
        double sum = 0;
        for (int n = 0; n < target.Length; n++)
        {
            double probability = 1 / (1 + Math.Exp(-x.Values[n]));
            sum -= (weighted ? weight[n] : 1.0) * ((target[n] * Math.Log(probability)) + ((1.0 - target[n]) * Math.Log(1 - probability)));
        }

        Numbers.Close([sum / Math.Max(1, target.Length)], new Tape().Constant(x.Values, rows, columns).LogisticLoss(target, weight).Value, 1e-6);
        GradientCheck.Run(v => v[0].LogisticLoss(target, weight), [x]);
    });

    [Theory]
    [InlineData(100f, 0f, 100.0, 1.0)]
    [InlineData(-100f, 1f, 100.0, -1.0)]
    [InlineData(1e30f, 0f, 1e30, 1.0)]
    [InlineData(20f, 1f, 2.0611536e-9, -2.0611536e-9)]
    [InlineData(-20f, 0f, 2.0611536e-9, 2.0611536e-9)]
    [InlineData(12f, 1f, 6.14419348e-6, -6.14417460e-6)]
    [InlineData(0f, 0.5f, 0.69314718, 0.0)]
    public void Far_logits_neither_overflow_nor_lose_their_digits(float logit, float target, double loss, double gradient)
    {
        var tape = new Tape();
        Variable x = tape.Input([logit], 1, 1), y = x.LogisticLoss([target]);
        Assert.Equal(loss, y.Scalar, 1e-6 * loss);
        tape.Backward(y);
        Assert.Equal(gradient, x.Gradient[0], 1e-6 * Math.Abs(gradient));
    }

    [Fact]
    public void Negatives_are_the_weighted_sum_of_single_losses() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        float[] ofRow = Draw.Between(rng, rows, 1, 0f, 3f).Values, ofColumn = Draw.Between(rng, 1, columns, 0f, 3f).Values;
        double sum = 0;
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                sum += ((ofRow[r] * ofColumn[c]) + 0.25) * Math.Log(1 + Math.Exp(x.Values[(r * columns) + c]));
            }
        }

        Numbers.Close([sum], new Tape(2).Constant(x.Values, rows, columns).NegativeLogisticLoss(ofRow, ofColumn, 0.25f).Value, 1e-5);
        GradientCheck.Run(v => v[0].NegativeLogisticLoss(ofRow, ofColumn, 0.25f), [x]);
    });

    [Theory]
    [InlineData(100f, 100.0, 1.0)]
    [InlineData(1e30f, 1e30, 1.0)]
    [InlineData(0f, 0.69314718, 0.5)]
    [InlineData(-12f, 6.14419348e-6, 6.14417460e-6)]
    [InlineData(-200f, 0.0, 0.0)]
    public void Far_negatives_do_not_overflow(float logit, double loss, double gradient)
    {
        // More columns than one piece of the loop, and the first and the last alike.
        var tape = new Tape();
        var values = new float[1000];
        Array.Fill(values, logit);
        var ones = new float[1000];
        Array.Fill(ones, 1f);
        Variable x = tape.Input(values, 1, 1000), y = x.NegativeLogisticLoss([0.001f], ones);
        Assert.Equal(loss, y.Scalar, (1e-6 * loss) + 1e-7);
        tape.Backward(y);
        Assert.Equal(0.001 * gradient, x.Gradient[0], (1e-9 * gradient) + 1e-12);
        Assert.Equal(x.Gradient[0], x.Gradient[999], 1e-9f);
    }

    [Fact]
    public void Another_number_of_targets_or_weights_is_refused()
    {
        Variable x = new Tape().Input(new float[6], 2, 3);
        Assert.Contains("5 targets", Assert.Throws<ArgumentException>(() => x.LogisticLoss(new float[5])).Message, StringComparison.Ordinal);
        Assert.Contains("2 weights for 6 logits", Assert.Throws<ArgumentException>(() => x.LogisticLoss(new float[6], new float[2])).Message, StringComparison.Ordinal);
        Assert.Contains(
            "3 weights of rows", Assert.Throws<ArgumentException>(() => x.NegativeLogisticLoss(new float[3], new float[3])).Message, StringComparison.Ordinal);
    }
}
