using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Evaluation.Protocol;

/// <summary>A mean over users with its 95 % bootstrap interval over users, or over clusters of them.</summary>
internal static class Bootstrap
{
    private const int SamplesPerChunk = 8;

    public static MetricValue Mean(double[] perUser, double[]? weights, EvaluationOptions options, ReadOnlySpan<int> clusters = default)
    {
        int defined = perUser.Length - perUser.Count(double.IsNaN);
        (perUser, weights) = Clusters.Merge(perUser, weights, clusters);

        // Sorted: sums then do not depend on the order of the users, not even in the last bit.
        (double Value, double Weight)[] users =
        [
            .. perUser.Select((value, n) => (Value: value, Weight: weights?[n] ?? 1.0)).Where(p => !double.IsNaN(p.Value)).Order(),
        ];
        if (users.Length == 0)
        {
            return new MetricValue(double.NaN, double.NaN, double.NaN, 0);
        }

        double[] products = [.. users.Select(p => p.Value * p.Weight)];
        double[]? kept = weights is null ? null : [.. users.Select(p => p.Weight)];
        double mean = products.Sum() / (kept?.Sum() ?? users.Length);
        if (options.BootstrapSamples == 0)
        {
            return new MetricValue(mean, mean, mean, defined);
        }

        double[] means = new double[options.BootstrapSamples];
        Workers.Run(means.Length, SamplesPerChunk, options.Threads, (start, end, _) =>
        {
            for (int b = start; b < end; b++)
            {
                means[b] = Resample(products, kept, new Rng(options.Seed, $"evaluation/bootstrap/{b}"));
            }
        }, options.Cancellation);
        Array.Sort(means);
        return new MetricValue(mean, Quantile(means, 0.025), Quantile(means, 0.975), defined);
    }

    private static double Resample(double[] products, double[]? weights, Rng rng)
    {
        double sum = 0, weight = 0;
        for (int n = 0; n < products.Length; n++)
        {
            int user = rng.Next(products.Length);
            sum += products[user];
            weight += weights is null ? 1.0 : weights[user];
        }

        return sum / weight;
    }

    /// <summary>Quantile of ascending values, linear between neighbours (NumPy's default).</summary>
    internal static double Quantile(double[] sorted, double share)
    {
        double position = share * (sorted.Length - 1);
        int below = (int)position;
        return below + 1 >= sorted.Length ? sorted[^1] : sorted[below] + ((position - below) * (sorted[below + 1] - sorted[below]));
    }
}
