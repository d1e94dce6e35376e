using Segue.Core;
using Segue.Core.Contracts;
using Segue.Evaluation.Protocol;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Evaluation;

/// <summary>Two results compared user by user.</summary>
/// <param name="P">Two-sided p-value: how often chance alone makes a difference at least this large.</param>
/// <param name="Difference">Mean of (first − second) over the users both have; pairs are weighed as in the reported figure.</param>
/// <param name="Users">Users compared: those both results have a value for; days where days are asked, listeners where their sessions are taken together.</param>
/// <param name="Wins">Users for whom the first value is higher.</param>
/// <param name="Losses">Users for whom the second value is higher.</param>
public sealed record PairedTest(double P, double Difference, int Users, int Wins, int Losses);

/// <summary>How sure a figure and a difference are. Everything is repeatable: same values and seed, same bits, for any thread count.</summary>
public static class Significance
{
    /// <summary>Up to this many users that differ, all sign patterns are tried instead of a sample of them.</summary>
    public const int ExactUsers = 14;

    private const int PermutationsPerChunk = 64;

    /// <summary>The mean of <paramref name="perUser"/> with its 95 % percentile bootstrap interval over users.</summary>
    /// <param name="perUser">A value a user; NaN (undefined) is left out.</param>
    /// <param name="samples">Bootstrap samples; 0 for no interval.</param>
    /// <param name="seed">Seed of the samples.</param>
    /// <param name="threads">At most this many threads.</param>
    /// <param name="pairCount">Pairs behind every value, where the mean is over pairs; null where every user counts once.</param>
    /// <param name="clusters">Number of the group of every value, where values of one group are alike (sessions of one listener); empty where every value is on its own.</param>
    /// <remarks>
    /// Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3: users are drawn with replacement, with all
    /// their pairs; the interval runs from the 2.5 % to the 97.5 % quantile of the means. With fewer than some 30 users it is
    /// too narrow. Groups are drawn whole (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8): values that are alike
    /// tell less than as many that are not. Samples × users steps.
    /// </remarks>
    public static MetricValue BootstrapMean(
        double[] perUser, int samples = 1000, ulong seed = 42, int threads = 1, double[]? pairCount = null, ReadOnlySpan<int> clusters = default)
    {
        ArgumentNullException.ThrowIfNull(perUser);
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        if (pairCount is not null && pairCount.Length != perUser.Length)
        {
            throw new ArgumentException($"{pairCount.Length} pair counts for {perUser.Length} users", nameof(pairCount));
        }

        return Bootstrap.Mean(perUser, pairCount, new EvaluationOptions { BootstrapSamples = samples, Seed = seed, Threads = threads }, clusters);
    }

    /// <summary>Tests whether two results differ in <paramref name="metric"/>: a paired randomization test over users.</summary>
    /// <param name="first">One result.</param>
    /// <param name="second">Another, on the same evaluation set; users only one of them has are left out.</param>
    /// <param name="metric">Name of the metric, for example <c>recall@20</c>.</param>
    /// <param name="permutations">Sign patterns drawn where there are too many to try all; the smallest p is 1 / (permutations + 1).</param>
    /// <param name="seed">Seed of the patterns.</param>
    /// <param name="threads">At most this many threads.</param>
    /// <remarks>
    /// Fisher 1935; for retrieval Smucker, Allan and Carterette, CIKM 2007. If the two models were the same, each user's two values
    /// could be swapped: the sign of every difference is flipped at random, and p is the share of patterns whose |mean difference|
    /// reaches the observed one, (1 + hits) / (1 + permutations). It assumes nothing about the distribution of the values, which
    /// pile up at 0 and 1. With at most <see cref="ExactUsers"/> differing users all patterns are tried and p is exact. Identical
    /// results have p = 1. Values of one group (<see cref="EvaluationResult.Clusters"/>) are swapped together. Permutations × users / 4 steps.
    /// </remarks>
    /// <exception cref="OptionException">A result has no values a user for the metric, or they have no user in common.</exception>
    public static PairedTest Paired(
        EvaluationResult first, EvaluationResult second, string metric, int permutations = 10_000, ulong seed = 42, int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(permutations);
        (double[] values, double[] weights, int[] clusters) = Differences(first, second, metric);
        (values, double[]? merged) = Clusters.Merge(values, weights, clusters);
        weights = merged!;
        double[] differences = [.. values.Zip(weights, (value, weight) => weight * value)];

        // Sorted: neither the sum nor the drawn patterns depend on the order of the users. Users without a difference decide nothing.
        double[] changed = [.. differences.Where(d => d != 0).Order()];
        return new PairedTest(
            SignFlipP(changed, permutations, seed, threads), changed.Sum() / weights.Sum(), values.Length, changed.Count(d => d > 0), changed.Count(d => d < 0));
    }

    /// <summary>The difference of two results in <paramref name="metric"/>, first − second, with its 95 % bootstrap interval over users.</summary>
    /// <param name="first">One result.</param>
    /// <param name="second">Another, on the same evaluation set; users only one of them has are left out.</param>
    /// <param name="metric">Name of the metric, for example <c>recall@20</c>.</param>
    /// <param name="samples">Bootstrap samples; 0 for no interval.</param>
    /// <param name="seed">Seed of the samples.</param>
    /// <param name="threads">At most this many threads.</param>
    /// <remarks>Users (or groups, see <see cref="EvaluationResult.Clusters"/>) are drawn with both their values, so that what is hard or easy for both models takes no part in the width; see <see cref="BootstrapMean"/>.</remarks>
    /// <exception cref="OptionException">A result has no values a user for the metric, or they have no user in common.</exception>
    public static MetricValue BootstrapDifference(
        EvaluationResult first, EvaluationResult second, string metric, int samples = 1000, ulong seed = 42, int threads = 1)
    {
        (double[] values, double[] weights, int[] clusters) = Differences(first, second, metric);
        return BootstrapMean(values, samples, seed, threads, weights, clusters);
    }

    /// <summary>p-values corrected for how many there are: none is below .05 by chance alone in more than 5 of 100 families of tests.</summary>
    /// <param name="p">The p-values of one family, in any order.</param>
    /// <returns>The corrected ones, in the same order; at most 1.</returns>
    /// <remarks>Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.</remarks>
    public static double[] Holm(ReadOnlySpan<double> p)
    {
        double[] sorted = p.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        var corrected = new double[sorted.Length];
        double most = 0;
        for (int n = 0; n < sorted.Length; n++)
        {
            most = Math.Max(most, Math.Min(1, (sorted.Length - n) * sorted[n]));
            corrected[order[n]] = most;
        }

        return corrected;
    }

    /// <summary>First − second for every user both have a value for, and how much the user counts.</summary>
    private static (double[] Values, double[] Weights, int[] Clusters) Differences(EvaluationResult first, EvaluationResult second, string metric)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        double[] firstValues = ValuesOf(first, metric), secondValues = ValuesOf(second, metric);
        double[]? pairCount = first.PairCount.GetValueOrDefault(metric);
        var values = new List<double>();
        var weights = new List<double>();
        var clusters = new List<int>();
        for (int a = 0, b = 0; a < first.Users.Length && b < second.Users.Length;)
        {
            int order = first.Users[a].CompareTo(second.Users[b]);
            if (order == 0 && !double.IsNaN(firstValues[a]) && !double.IsNaN(secondValues[b]))
            {
                values.Add(firstValues[a] - secondValues[b]);
                weights.Add(pairCount?[a] ?? 1.0);
                if (first.Clusters.Count > 0)
                {
                    clusters.Add(first.Clusters[a]);
                }
            }

            a += order <= 0 ? 1 : 0;
            b += order >= 0 ? 1 : 0;
        }

        return values.Count > 0
            ? ([.. values], [.. weights], [.. clusters])
            : throw new OptionException($"the two results have no user in common with a value for '{metric}'; compare results on one evaluation set");
    }

    private static double[] ValuesOf(EvaluationResult result, string metric) =>
        result.PerUser.TryGetValue(metric, out double[]? values)
            ? values
            : throw NearMatches.Error("metric with values a user", metric, [.. result.PerUser.Keys]);

    private static double SignFlipP(double[] differences, int permutations, ulong seed, int threads)
    {
        double total = differences.Sum();

        // Patterns that give the same sum but for rounding must count as reaching it.
        double reach = Math.Abs(total) - (1e-12 * differences.Sum(Math.Abs));
        if (reach <= 0)
        {
            return 1;
        }

        // The sum of a flipped pattern is 2 · (sum of the unflipped) − total; the unflipped are added four users at a time.
        double[] sums = SubsetSums(differences);
        int groups = sums.Length / 16;
        if (differences.Length <= ExactUsers)
        {
            int patterns = 1 << differences.Length, hits = 0;
            for (int pattern = 0; pattern < patterns; pattern++)
            {
                CancellationScope.CheckAt(pattern);
                double kept = 0;
                for (int g = 0; g < groups; g++)
                {
                    kept += sums[(16 * g) + ((pattern >> (4 * g)) & 15)];
                }

                hits += Math.Abs((2 * kept) - total) >= reach ? 1 : 0;
            }

            return hits / (double)patterns;
        }

        var reached = new bool[permutations];
        Workers.Run(permutations, PermutationsPerChunk, threads, (start, end, _) =>
        {
            for (int p = start; p < end; p++)
            {
                var rng = new Rng(seed, $"evaluation/permutation/{p}");
                reached[p] = Math.Abs((2 * RandomSubsetSum(sums, groups, rng)) - total) >= reach;
            }
        });
        return (1.0 + reached.Count(r => r)) / (1.0 + permutations);
    }

    private static double RandomSubsetSum(double[] sums, int groups, Rng rng)
    {
        double sum = 0;
        for (int g = 0; g < groups;)
        {
            ulong bits = rng.NextUInt64();
            for (int end = Math.Min(groups, g + 16); g < end; g++, bits >>= 4)
            {
                sum += sums[(16 * g) + (int)(bits & 15)];
            }
        }

        return sum;
    }

    /// <summary>For every four values the sums of all 16 subsets.</summary>
    private static double[] SubsetSums(double[] values)
    {
        int groups = (values.Length + 3) / 4;
        var sums = new double[16 * groups];
        for (int g = 0; g < groups; g++)
        {
            for (int subset = 0; subset < 16; subset++)
            {
                for (int bit = 0; bit < 4 && (4 * g) + bit < values.Length; bit++)
                {
                    sums[(16 * g) + subset] += ((subset >> bit) & 1) == 1 ? values[(4 * g) + bit] : 0;
                }
            }
        }

        return sums;
    }
}
