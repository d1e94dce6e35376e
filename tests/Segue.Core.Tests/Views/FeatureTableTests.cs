using Segue.Core.Data;
using Segue.Core.Views;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class FeatureTableTests
{
    [Fact]
    public void Columns_are_standardised_over_what_is_known()
    {
        // First column 1, 5, unknown, 3: mean 3, deviation √(8/3). Second column constant. Third all unknown.
        FeatureTable table = FeatureTable.Of(Of([1, 7, N, 5, 7, N, N, N, N, 3, 7, N], 3), "model 'x'");
        float unit = (float)(2 / Math.Sqrt(8 / 3.0));
        Assert.Equal([-unit, 0, 0, unit, 0, 0, 0, 0, 0, 0, 0, 0], table.Values.Values, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([true, true, false, true], table.IsKnown.ToArray());
        Assert.Equal([3, 7, 0], table.Mean);
        Assert.Equal(Math.Sqrt(8 / 3.0), table.Deviation[0], 12);
        Assert.Equal([0, 0], table.Deviation.Skip(1));
    }

    [Fact]
    public void Large_values_lose_nothing()
    {
        float[] durations = [240_000_000, 240_000_016, 240_000_032, 240_000_048];
        FeatureTable table = FeatureTable.Of(Of(durations, 1), "model 'x'");
        Assert.Equal([-1.3416408f, -0.4472136f, 0.4472136f, 1.3416408f], table.Values.Values, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Nothing_known_is_an_error_that_says_how_to_join()
    {
        foreach (Dataset dataset in new[] { Of([N, N, N, N], 1), Of([], 0) })
        {
            string message = Assert.Throws<DatasetException>(() => FeatureTable.Of(dataset, "model 'x'")).Message;
            Assert.Contains("model 'x'", message, StringComparison.Ordinal);
            Assert.Contains("segue import audio-features", message, StringComparison.Ordinal);
        }
    }

    private const float N = float.NaN;

    private static Dataset Of(float[] features, int width)
    {
        var builder = new DatasetBuilder("four", "track");
        for (int i = 0; i < 4; i++)
        {
            builder.Interaction(builder.User("somebody"), builder.Item($"track {i}"));
        }

        return builder.Build() with
        {
            Catalog = new Catalog { FeatureNames = [.. Enumerable.Range(0, width).Select(f => $"feature {f}")], Features = features },
        };
    }
}
