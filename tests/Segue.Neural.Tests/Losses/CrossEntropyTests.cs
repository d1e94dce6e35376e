using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class CrossEntropyTests
{
    [Fact]
    public void Softmax_over_all_classes() => Draw.Shapes((rows, columns, _, rng) =>
    {
        columns = Math.Max(1, columns);
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        int[] target = Targets(rng, rows, columns);
        double expected = Twin(x.Values, rows, columns, target, [], [], []);
        Numbers.Close([expected], new Tape().Constant(x.Values, rows, columns).SoftmaxLoss(target).Value, 1e-6);
        GradientCheck.Run(v => v[0].SoftmaxLoss(target), [x]);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sampled_softmax_with_and_without_a_correction_and_exclusions(bool corrected) => Draw.Shapes((rows, columns, _, rng) =>
    {
        columns = Math.Max(1, columns);
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        int[] target = Targets(rng, rows, columns);
        float[] logProbability = corrected ? Draw.Between(rng, 1, columns, -5f, 0f).Values : [];
        int[] excluded = Draw.Indices(rng, 2 * rows, columns), starts = Draw.Starts(rng, rows, excluded.Length);
        double expected = Twin(x.Values, rows, columns, target, logProbability, excluded, starts);
        Variable loss = new Tape().Constant(x.Values, rows, columns).SampledSoftmaxLoss(target, logProbability, excluded, starts);
        Numbers.Close([expected], loss.Value, 1e-6);
        GradientCheck.Run(v => v[0].SampledSoftmaxLoss(target, logProbability, excluded, starts), [x]);
    });

    /// <summary>A history is the sum of its classes one by one; a class may come twice, and a row without any costs nothing.</summary>
    [Fact]
    public void A_multinomial_history_is_the_sum_of_its_classes() => Draw.Shapes((rows, columns, _, rng) =>
    {
        columns = Math.Max(1, columns);
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        int[] targets = Draw.Indices(rng, 3 * rows, columns), starts = Draw.Starts(rng, rows, targets.Length);
        double expected = 0;
        for (int r = 0; r < rows; r++)
        {
            double total = x.Values.AsSpan(r * columns, columns).ToArray().Sum(v => Math.Exp(v));
            expected += targets[starts[r]..starts[r + 1]].Sum(t => Math.Log(total) - x.Values[(r * columns) + t]) / rows;
        }

        Numbers.Close([expected], new Tape().Constant(x.Values, rows, columns).MultinomialLoss(targets, starts).Value, 1e-5);
        GradientCheck.Run(v => v[0].MultinomialLoss(targets, starts), [x]);
    });

    [Fact]
    public void Multinomial_targets_that_do_not_fit_are_refused()
    {
        Variable x = new Tape().Constant([1f, 2f, 3f, 4f], 2, 2);
        Assert.ThrowsAny<ArgumentException>(() => x.MultinomialLoss(new[] { 2 }, new[] { 0, 1, 1 }));
        Assert.ThrowsAny<ArgumentException>(() => x.MultinomialLoss(new[] { 1 }, new[] { 0, 1 }));
        Assert.ThrowsAny<ArgumentException>(() => x.MultinomialLoss(new[] { 1 }, new[] { 0, 2, 1 }));
    }

    [Fact]
    public void Large_logits_neither_overflow_nor_hide_small_losses()
    {
        var tape = new Tape();
        Variable x = tape.Input([1e4f, 0f, -1e4f, 1000f, 990f, 0f], 2, 3), y = x.SoftmaxLoss(new[] { 2, 0 });
        Assert.Equal(10_000 + 2.27e-5, y.Scalar, 0.01);
        tape.Backward(y);
        Numbers.Close([0.5, 0, -0.5, -2.27e-5, 2.27e-5, 0], x.Gradient, 1e-7);
        tape.Reset();
        Assert.Equal(4.5398899e-5, tape.Input([1000f, 990f], 1, 2).SoftmaxLoss(new[] { 0 }).Scalar, 1e-7);
    }

    [Fact]
    public void An_excluded_column_has_no_part_and_a_target_is_never_excluded()
    {
        var tape = new Tape();
        Variable x = tape.Input([1f, 50f, 2f, 3f, 4f, 5f], 2, 3);
        Variable loss = x.SampledSoftmaxLoss(new[] { 0, 1 }, default, new[] { 1, 0, 0, 1, 2 }, new[] { 0, 2, 5 });
        Assert.Equal(0.5 * Math.Log(1 + Math.E), loss.Scalar, 1e-6);
        tape.Backward(loss);
        Numbers.Close([-0.5 * 0.7310586, 0, 0.5 * 0.7310586, 0, 0, 0], x.Gradient, 1e-6);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Variable x = new Tape().Input(new float[6], 2, 3);
        Refused<ArgumentException>(() => x.SoftmaxLoss(new[] { 0 }), "1 targets", "2 × 3");
        Refused<ArgumentOutOfRangeException>(() => x.SoftmaxLoss(new[] { 0, 3 }), "3 is not one of 3");
        Refused<ArgumentOutOfRangeException>(() => x.SoftmaxLoss(new[] { 0, -1 }), "-1 is not one of 3");
        Refused<ArgumentException>(() => x.SampledSoftmaxLoss(new[] { 0, 1 }, new float[2]), "2 probabilities", "2 × 3");
        Refused<ArgumentOutOfRangeException>(() => x.SampledSoftmaxLoss(new[] { 0, 1 }, default, new[] { 3 }, new[] { 0, 1, 1 }), "3 is not one of 3");
        Refused<ArgumentException>(() => x.SampledSoftmaxLoss(new[] { 0, 1 }, default, new[] { 1 }, new[] { 0, 1 }), "2 starts", "2 rows");
        Refused<ArgumentException>(() => x.SampledSoftmaxLoss(new[] { 0, 1 }, default, new[] { 1 }, new[] { 0, 2, 1 }), "1 excluded columns");
        Refused<ArgumentException>(() => x.SampledSoftmaxLoss(new[] { 0, 1 }, default, new[] { 1 }), "1 excluded columns", "3 starts");
    }

    private static int[] Targets(Rng rng, int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ => rng.Next(columns))];

    private static void Refused<T>(Action action, params string[] parts)
        where T : Exception
    {
        string message = Assert.Throws<T>(action).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    private static double Twin(float[] logits, int rows, int columns, int[] target, float[] logProbability, int[] excluded, int[] starts)
    {
        double sum = 0;
        for (int r = 0; r < rows; r++)
        {
            double total = 0, right = 0;
            for (int c = 0; c < columns; c++)
            {
                bool isOut = starts.Length > 0 && excluded[starts[r]..starts[r + 1]].Contains(c) && c != target[r];
                double power = isOut ? 0 : Math.Exp(logits[(r * columns) + c] - (double)(logProbability.Length > 0 ? logProbability[c] : 0));
                total += power;
                right = c == target[r] ? power : right;
            }

            sum -= Math.Log(right / total);
        }

        return rows == 0 ? 0 : sum / rows;
    }
}
