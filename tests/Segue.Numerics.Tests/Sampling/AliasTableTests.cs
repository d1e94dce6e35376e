using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Sampling;

public sealed class AliasTableTests
{
    [Fact]
    public void Indices_come_as_often_as_their_weights_say()
    {
        double[] weights = [3, 0, 1, .5, 0, 10, 1e-3];
        var table = new AliasTable(weights);
        var rng = new Rng(3, "alias");
        const int draws = 400_000;
        var counts = new int[weights.Length];
        for (int n = 0; n < draws; n++)
        {
            counts[table.Draw(rng)]++;
        }

        double total = weights.Sum();
        for (int i = 0; i < weights.Length; i++)
        {
            double expected = draws * weights[i] / total;
            Assert.InRange(counts[i], expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected)));
        }
    }

    [Fact]
    public void One_index_always_comes()
    {
        var table = new AliasTable([0, 7, 0]);
        var rng = new Rng(3, "alias");
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.Equal(1, table.Draw(rng)));
        Assert.Equal(3, table.Count);
    }

    [Theory]
    [InlineData]
    [InlineData(0.0, 0.0)]
    [InlineData(1.0, -1.0)]
    [InlineData(1.0, double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Weights_that_are_no_weights_are_refused(params double[] weights) =>
        Assert.Throws<ArgumentException>(() => new AliasTable(weights));
}
