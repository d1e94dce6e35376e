using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Layers;

public sealed class InitializersTests
{
    [Fact]
    public void Gaussian_values_have_the_deviation_asked_for()
    {
        float[] values = new Parameter("p", 200, 100).Gaussian(new Rng(1), 0.3f).Value.ToArray();

        // 20,000 draws: the mean within 0.01 and the deviation within 0.006 are four standard errors.
        Assert.InRange(values.Average(), -0.009, 0.009);
        Assert.InRange(Math.Sqrt(values.Average(v => (double)v * v)), 0.294, 0.306);
    }

    [Fact]
    public void Uniform_values_fill_their_range()
    {
        Between(new Parameter("p", 100, 200).Uniform(new Rng(1), 0.7f), 0.7);
        Between(new Parameter("p", 100, 200).GlorotUniform(new Rng(1)), Math.Sqrt(6.0 / 300));
        Between(new Parameter("p", 100, 200).HeUniform(new Rng(1)), Math.Sqrt(6.0 / 100));
    }

    [Fact]
    public void Constants_are_the_same_everywhere()
    {
        Parameter parameter = new Parameter("p", 3, 2).Constant(4f);
        Assert.All(parameter.Value.ToArray(), v => Assert.Equal(4f, v));
    }

    [Fact]
    public void The_same_generator_gives_the_same_values()
    {
        float[] Values(ulong seed) => new Parameter("p", 3, 4).HeUniform(new Rng(seed)).Value.ToArray();
        Assert.Equal(Values(1), Values(1));
        Assert.NotEqual(Values(1), Values(2));
    }

    private static void Between(Parameter parameter, double limit)
    {
        float[] values = parameter.Value.ToArray();
        Assert.InRange(values.Max(), 0.99 * limit, limit);
        Assert.InRange(values.Min(), -limit, -0.99 * limit);
        Assert.InRange(values.Average() / limit, -0.02, 0.02);
    }
}
