using Segue.Core.Contracts;
using Segue.Models.Sequence;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class WeightedHistoryTests : RecommenderContract
{
    // Measured .2163 on the last month.
    protected override (double Low, double High) NdcgWindow => (0.208, 0.2245);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NoCheckerboard => "nothing ever follows the last item of the board";

    protected override string? NeedsTime => "plays need an order";

    protected override IModel CreateModel() =>
        new WeightedHistory(new WeightedHistoryOptions { EmbeddingSize = 16, Plays = 20, Epochs = 2, GapMinutes = 10_000 });

    /// <summary>The favourites of the small world change every twelve plays.</summary>
    [Fact]
    public void Short_weights_fall_with_age_and_long_ones_are_flatter()
    {
        var options = new WeightedHistoryOptions { EmbeddingSize = 16, Plays = 12, Epochs = 10, GapMinutes = 10_000, MinOffset = 1, MaxOffset = 2 };
        double[] near = Weights(options), far = Weights(options with { MinOffset = 24, MaxOffset = 30 });
        (double newest, double oldest) = (near[..4].Average(), near[8..].Average());
        Assert.True(newest > 2 * oldest, $"weights are {string.Join(", ", near)}");
        Assert.True(far[..4].Average() < 1.5 * far[8..].Average(), $"weights are {string.Join(", ", far)}");
    }

    [Theory]
    [InlineData(HistoryPrior.Even)]
    [InlineData(HistoryPrior.Zipf)]
    [InlineData(HistoryPrior.Exponential)]
    public void Without_training_the_weights_are_the_prior_with_its_discount(HistoryPrior prior)
    {
        var options = new WeightedHistoryOptions { EmbeddingSize = 8, Plays = 3, Epochs = 0, Prior = prior, Exponent = 2, HalfLife = 0.5, Discount = 0.5 };
        var recommender = (IVectorRecommender)new WeightedHistory(options).Fit(Chains.Make(), Context());
        double[] weights = prior switch { HistoryPrior.Even => [1, 0.5, 0.25], HistoryPrior.Zipf => [1, 0.125, 0.25 / 9], _ => [1, 0.125, 0.015625] };
        int[] history = [20, 4, 7, 9];
        var sum = new double[8];
        for (int k = 0; k < 3; k++)
        {
            for (int c = 0; c < 8; c++)
            {
                sum[c] += weights[k] * recommender.ItemVectors.Row(history[^(k + 1)])[c];
            }
        }

        double norm = Math.Sqrt(sum.Sum(v => v * v));
        var vector = new float[8];
        Assert.True(recommender.TryGetUserVector(Query.ForHistory(history), vector));
        for (int c = 0; c < 8; c++)
        {
            Assert.Equal(sum[c] / norm, vector[c], 1e-5);
        }
    }

    [Fact]
    public void Its_weights_can_be_drawn()
    {
        var options = new WeightedHistoryOptions { EmbeddingSize = 8, Plays = 3, Epochs = 0, Prior = HistoryPrior.Zipf, Exponent = 1, Discount = 0.5 };
        LearnedCurve curve = Assert.Single(((IHasCurves)new WeightedHistory(options).Fit(Chains.Make(), Context())).Curves);
        Assert.Equal([1.0, 2.0, 3.0], curve.X);
        double sum = 1 + 0.25 + (0.25 / 3);
        Assert.Equal([1 / sum, 0.25 / sum, 0.25 / 3 / sum], curve.Y, (expected, actual) => Math.Abs(expected - actual) < 1e-6);
    }

    private static double[] Weights(WeightedHistoryOptions options) =>
        [.. Assert.Single(((IHasCurves)new WeightedHistory(options).Fit(SmallWorld.TimeSplit.Train, Context())).Curves).Y];
}
