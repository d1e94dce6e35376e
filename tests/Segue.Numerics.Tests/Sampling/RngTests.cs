using Segue.Numerics.Sampling;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Sampling;

// All draws are fixed by their seeds, so a test that passes once passes always; bounds are five standard deviations.
public sealed class RngTests
{
    [Fact]
    public void BitsAreThoseOfTheIndependentImplementation()
    {
        var rng = new Rng(42, "als/item-factors");
        Assert.Equal(Oracle.Bits("rng.bits"), Oracle.Bits("rng.bits").Select(_ => rng.NextUInt64()));
    }

    [Fact]
    public void SameSeedAndNameRepeatAndOthersDiffer()
    {
        ulong[] first = Draw(new Rng(1, "a"));
        Assert.Equal(first, Draw(new Rng(1, "a")));
        Assert.NotEqual(first, Draw(new Rng(1, "b")));
        Assert.NotEqual(first, Draw(new Rng(2, "a")));
        Assert.NotEqual(first, Draw(new Rng(1)));

        static ulong[] Draw(Rng rng) => [.. Enumerable.Range(0, 8).Select(_ => rng.NextUInt64())];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(1_000)]
    [InlineData(int.MaxValue)]
    public void WholeNumbersAreUniform(int maximum)
    {
        const int Draws = 40_000;
        var rng = new Rng(5, "uniform");
        int cells = Math.Min(maximum, 10);
        var counts = new int[cells];
        for (int n = 0; n < Draws; n++)
        {
            int value = rng.Next(maximum);
            Assert.InRange(value, 0, maximum - 1);
            counts[(int)((long)value * cells / maximum)]++;
        }

        double expected = (double)Draws / cells;
        double chiSquare = counts.Sum(c => (c - expected) * (c - expected) / expected);
        Assert.InRange(chiSquare, 0, (cells - 1) + (5 * Math.Sqrt(2.0 * cells)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void AnEmptyRangeIsRefused(int maximum) => Assert.Throws<ArgumentOutOfRangeException>(() => new Rng(1).Next(maximum));

    [Fact]
    public void FractionsLieInTheHalfOpenIntervalWithTheRightMoments()
    {
        const int Draws = 50_000;
        var rng = new Rng(6, "fractions");
        double sum = 0, squares = 0, singles = 0;
        for (int n = 0; n < Draws; n++)
        {
            double x = rng.NextDouble();
            float y = rng.NextSingle();
            Assert.True(x is >= 0 and < 1 && y is >= 0f and < 1f);
            sum += x;
            squares += x * x;
            singles += y;
        }

        double deviation = 5 * Math.Sqrt(1.0 / 12 / Draws);
        Assert.InRange(sum / Draws, 0.5 - deviation, 0.5 + deviation);
        Assert.InRange(singles / Draws, 0.5 - deviation, 0.5 + deviation);
        Assert.InRange(squares / Draws, (1.0 / 3) - 0.007, (1.0 / 3) + 0.007);
    }

    [Fact]
    public void GaussiansHaveTheMomentsAndTailsOfTheNormalDistribution()
    {
        const int Draws = 100_000;
        var values = new float[Draws];
        new Rng(7, "gaussian").FillGaussian(values, 2f);
        double mean = values.Average(), variance = values.Average(v => (double)v * v);
        Assert.InRange(mean, -5 * 2 / Math.Sqrt(Draws), 5 * 2 / Math.Sqrt(Draws));
        Assert.InRange(variance, 4 - (5 * 4 * Math.Sqrt(2.0 / Draws)), 4 + (5 * 4 * Math.Sqrt(2.0 / Draws)));

        // Beyond one, two and three standard deviations.
        foreach ((double at, double share) in new[] { (2.0, 0.317311), (4.0, 0.045500), (6.0, 0.002700) })
        {
            double deviation = 5 * Math.Sqrt(share / Draws);
            Assert.InRange(values.Count(v => Math.Abs(v) > at) / (double)Draws, share - deviation, share + deviation);
        }

        double product = values.Zip(values.Skip(1)).Average(p => (double)p.First * p.Second);
        Assert.InRange(product, -5 * 4 / Math.Sqrt(Draws), 5 * 4 / Math.Sqrt(Draws));
    }

    [Fact]
    public void ExponentialsHaveMeanOne()
    {
        const int Draws = 50_000;
        var rng = new Rng(8, "exponential");
        double[] values = [.. Enumerable.Range(0, Draws).Select(_ => rng.NextExponential())];
        Assert.All(values, v => Assert.True(v >= 0 && double.IsFinite(v)));
        Assert.InRange(values.Average(), 1 - (5 / Math.Sqrt(Draws)), 1 + (5 / Math.Sqrt(Draws)));
        Assert.InRange(values.Count(v => v > 1) / (double)Draws, Math.Exp(-1) - 0.011, Math.Exp(-1) + 0.011);
    }

    [Fact]
    public void EveryOrderOfAShuffleIsEquallyLikely()
    {
        const int Draws = 24_000;
        var rng = new Rng(9, "shuffle");
        var counts = new Dictionary<string, int>();
        for (int n = 0; n < Draws; n++)
        {
            char[] letters = ['a', 'b', 'c', 'd'];
            rng.Shuffle<char>(letters);
            string order = new(letters);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, counts.Count);
        double chiSquare = counts.Values.Sum(c => (c - 1_000.0) * (c - 1_000.0) / 1_000.0);
        Assert.InRange(chiSquare, 0, 23 + (5 * Math.Sqrt(2 * 23)));
    }

    [Fact]
    public void ShufflingNothingIsFine()
    {
        var rng = new Rng(1);
        rng.Shuffle(Span<int>.Empty);
        int[] one = [4];
        rng.Shuffle<int>(one);
        Assert.Equal([4], one);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.2f)]
    [InlineData(0.5f)]
    [InlineData(0.95f)]
    [InlineData(0.99999994f)]
    public void AMaskIsWhatDrawsOneByOneSay(float share)
    {
        Rng one = new(7, "mask"), other = new(7, "mask");
        var mask = new float[20_000];
        one.FillMask(mask, share, 1.25f);
        foreach (float value in mask)
        {
            Assert.Equal(other.NextSingle() >= share ? 1.25f : 0f, value);
        }

        Assert.Equal(other.NextUInt64(), one.NextUInt64());
    }
}
