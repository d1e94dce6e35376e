using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Tests.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Losses;

public sealed class MeanSquaredErrorTests
{
    [Fact]
    public void Value_and_gradient() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        float[] target = Draw.Matrix(rng, rows, columns).Values;
        double sum = x.Values.Zip(target, (p, t) => ((double)p - t) * (p - t)).Sum();
        Numbers.Close([sum / Math.Max(1, target.Length)], new Tape().Constant(x.Values, rows, columns).SquaredError(target).Value, 1e-6);
        GradientCheck.Run(v => v[0].SquaredError(target), [x]);
    });

    [Fact]
    public void Another_number_of_targets_is_refused() => Assert.Contains(
        "5 targets for 6 predictions",
        Assert.Throws<ArgumentException>(() => new Tape().Input(new float[6], 2, 3).SquaredError(new float[5])).Message, StringComparison.Ordinal);
}
