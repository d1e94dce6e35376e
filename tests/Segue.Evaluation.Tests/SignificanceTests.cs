using Segue.Core;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Evaluation.Tests;

public class SignificanceTests
{
    [Fact]
    public void Cancelled_work_stops()
    {
        double[] values = [.. Enumerable.Range(0, 40).Select(n => n % 7 / 7.0)];
        Cancelled.Stops(() => Significance.BootstrapMean(values, 100));
        EvaluationResult first = Result(values), few = Result([.. values.Take(8)]);
        EvaluationResult second = Result([.. values.Select((v, n) => v + (n % 3))]);
        Cancelled.Stops(() => Significance.Paired(first, second, "m"));
        Cancelled.Stops(() => Significance.Paired(few, second, "m"));
        Cancelled.Stops(() => Significance.BootstrapDifference(first, second, "m"));
    }

    [Fact]
    public void The_interval_covers_the_true_mean_about_as_often_as_it_says()
    {
        // 400 experiments with 100 exponential values of mean 1. The normal theory coverage at this size is near .94; the standard
        // error of the count is 0.012, so the window is ± 3 of them around it and still excludes a 90 % or a 99 % interval.
        var rng = new Rng(9, "test/coverage");
        int covered = 0;
        for (int experiment = 0; experiment < 400; experiment++)
        {
            double[] values = [.. Enumerable.Range(0, 100).Select(_ => rng.NextExponential())];
            MetricValue mean = Significance.BootstrapMean(values, samples: 400, seed: (ulong)experiment);
            covered += mean.Low <= 1 && mean.High >= 1 ? 1 : 0;
        }

        Assert.InRange(covered / 400.0, 0.905, 0.975);
    }

    /// <summary>Sessions of one listener are alike: drawn one by one they look like more evidence than they are.</summary>
    [Fact]
    public void Intervals_over_sessions_draw_listeners_and_cover_as_often_as_they_say()
    {
        // 150 listeners of 1 to 7 sessions; a tenth of the variance of a session is its listener's. 1,000 experiments: standard error .007.
        var rng = new Rng(21, "test/clusters");
        int byListener = 0, bySession = 0;
        for (int experiment = 0; experiment < 1000; experiment++)
        {
            var values = new List<double>();
            var listeners = new List<int>();
            for (int listener = 0; listener < 150; listener++)
            {
                double own = Math.Sqrt(0.1) * rng.NextGaussian();
                for (int sessions = 1 + rng.Next(7); sessions > 0; sessions--)
                {
                    values.Add(own + (Math.Sqrt(0.9) * rng.NextGaussian()));
                    listeners.Add(listener);
                }
            }

            double[] all = [.. values];
            byListener += Covers(Significance.BootstrapMean(all, samples: 300, seed: (ulong)experiment, clusters: listeners.ToArray()));
            bySession += Covers(Significance.BootstrapMean(all, samples: 300, seed: (ulong)experiment));
            if (experiment < 5)
            {
                // A difference from nothing is the figure itself: the same groups are drawn.
                Assert.Equal(
                    Significance.BootstrapMean(all, samples: 300, clusters: listeners.ToArray()),
                    Significance.BootstrapDifference(Result(all) with { Clusters = listeners }, Result(new double[all.Length]), "m", samples: 300));
            }
        }

        Assert.InRange(byListener / 1000.0, 0.935, 0.965);
        Assert.InRange(bySession / 1000.0, 0.86, 0.92);

        static int Covers(MetricValue mean) => mean.Low <= 0 && mean.High >= 0 ? 1 : 0;
    }

    [Fact]
    public void Groups_are_drawn_and_swapped_whole_and_change_no_mean()
    {
        // Three listeners: all that one did better, ten times. One by one that is beyond chance, of three listeners it is one coin.
        double[] values = [.. Enumerable.Repeat(1.0, 10), 0, 0, double.NaN];
        int[] clusters = [.. Enumerable.Repeat(7, 10), 3, 5, 5];
        EvaluationResult first = Result(values) with { Clusters = clusters }, second = Result(new double[13]) with { Clusters = clusters };
        PairedTest together = Significance.Paired(first, second, "m"), alone = Significance.Paired(Result(values), Result(new double[13]), "m");
        Assert.Equal((1.0, 3, 1), (together.P, together.Users, together.Wins));
        Assert.True(alone.P < 0.01);
        Assert.Equal(alone.Difference, together.Difference, 12);
        MetricValue mean = Significance.BootstrapMean(values, clusters: clusters);
        Assert.Equal((10 / 12.0, 12), (mean.Value, mean.Users));
        Assert.Equal((0, 1), (mean.Low, mean.High));
        int[] mixed = [.. Enumerable.Range(0, 13).Reverse()];
        Assert.Equal(mean, Significance.BootstrapMean([.. mixed.Select(n => values[n])], clusters: [.. mixed.Select(n => clusters[n])]));
        Assert.Throws<ArgumentException>(() => Significance.BootstrapMean(values, clusters: [1]));
    }

    [Fact]
    public void Holm_corrects_the_smallest_most()
    {
        // R: p.adjust(c(.01, .04, .03, .005, .9), "holm").
        Assert.Equal([0.04, 0.09, 0.09, 0.025, 0.9], Significance.Holm([0.01, 0.04, 0.03, 0.005, 0.9]), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([1, 1], Significance.Holm([0.7, 0.8]));
        Assert.Empty(Significance.Holm([]));
    }

    [Fact]
    public void The_interval_has_the_width_of_the_normal_theory()
    {
        var rng = new Rng(2, "test/width");
        double[] values = [.. Enumerable.Range(0, 5000).Select(_ => (double)rng.NextGaussian())];
        MetricValue mean = Significance.BootstrapMean(values, samples: 4000);
        double expected = 2 * 1.96 * Deviation(values) / Math.Sqrt(values.Length);
        Assert.Equal(values.Average(), mean.Value, 1e-12);
        Assert.InRange((mean.High - mean.Low) / expected, 0.95, 1.05);
    }

    [Fact]
    public void Means_over_pairs_resample_users_with_all_their_pairs()
    {
        // One user in ten has 100 pairs and value 1, the others 1 pair and value 0. Over pairs the mean is 1000 / 1090.
        double[] values = [.. Enumerable.Range(0, 100).Select(n => n % 10 == 0 ? 1.0 : 0.0)];
        double[] pairs = [.. values.Select(v => v > 0 ? 100.0 : 1.0)];
        MetricValue mean = Significance.BootstrapMean(values, pairCount: pairs);
        Assert.Equal(1000 / 1090.0, mean.Value, 1e-12);

        // Binomial(100, .1) has 5 to 16 of the big users at its 2.5 and 97.5 % points.
        Assert.InRange(mean.Low, 400 / 496.0, 600 / 694.0);
        Assert.InRange(mean.High, 1400 / 1486.0, 1700 / 1783.0);
    }

    [Fact]
    public void Undefined_values_are_left_out_and_nobody_is_undefined()
    {
        MetricValue mean = Significance.BootstrapMean([double.NaN, 2, double.NaN, 4]);
        Assert.Equal((3.0, 2), (mean.Value, mean.Users));
        Assert.True(mean is { Low: >= 2, High: <= 4 });
        Assert.True(double.IsNaN(Significance.BootstrapMean([double.NaN]).Value));
        Assert.Equal(new MetricValue(1, 1, 1, 2), Significance.BootstrapMean([0, 2], samples: 0));
    }

    [Fact]
    public void Threads_and_order_change_no_bit_and_the_seed_does()
    {
        var rng = new Rng(1, "test/values");
        double[] values = [.. Enumerable.Range(0, 333).Select(_ => rng.NextDouble())];
        MetricValue expected = Significance.BootstrapMean(values, threads: 1);
        Assert.Equal(expected, Significance.BootstrapMean([.. values.Reverse()], threads: 4));
        Assert.NotEqual(expected, Significance.BootstrapMean(values, seed: 43));
        EvaluationResult first = Result(values), second = Result([.. values.Select(_ => rng.NextDouble())]);
        Assert.Equal(Significance.Paired(first, second, "m", threads: 1), Significance.Paired(first, second, "m", threads: 4));
    }

    [Fact]
    public void Quantiles_are_interpolated_as_numpy_does() =>
        Assert.Equal(
            [1, 1.075, 2.5, 3.925, 4],
            ((double[])[0, 0.025, 0.5, 0.975, 1]).Select(q => Segue.Evaluation.Protocol.Bootstrap.Quantile([1, 2, 3, 4], q)), (a, b) => Math.Abs(a - b) < 1e-12);

    [Fact]
    public void Identical_results_do_not_differ()
    {
        PairedTest test = Significance.Paired(Result(0.1, 0.5, 0.3), Result(0.1, 0.5, 0.3), "m");
        Assert.Equal(new PairedTest(1, 0, 3, 0, 0), test);
    }

    [Fact]
    public void With_few_users_the_p_value_is_exact()
    {
        // Differences 1, 1, 1, 1, −1 and 0: of 32 sign patterns of the five, |sum| ≥ 3 has 2 · (1 + 5).
        PairedTest test = Significance.Paired(Result(1, 1, 1, 1, 0, 7), Result(0, 0, 0, 0, 1, 7), "m");
        Assert.Equal(12.0 / 32, test.P);
        Assert.Equal((0.5, 6, 4, 1), (test.Difference, test.Users, test.Wins, test.Losses));
        Assert.Equal(2.0 / 1024, Significance.Paired(Result([.. Enumerable.Repeat(2.0, 10)]), Result(new double[10]), "m").P);
    }

    [Fact]
    public void Sampled_patterns_agree_with_the_binomial_sign_test()
    {
        // 20 differences of ±1, 15 of them positive: two-sided sign test p = .041389 (standard error here .002).
        double[] first = [.. Enumerable.Range(0, 20).Select(n => n < 15 ? 1.0 : 0.0)];
        double[] second = [.. first.Select(v => 1 - v)];
        Assert.InRange(Significance.Paired(Result(first), Result(second), "m").P, 0.0354, 0.0474);
    }

    [Fact]
    public void A_clear_difference_has_the_smallest_p_there_is()
    {
        var rng = new Rng(8, "test/clear");
        double[] baseline = [.. Enumerable.Range(0, 500).Select(_ => rng.NextDouble())];
        double[] better = [.. baseline.Select(v => v + 0.1 + (0.2 * rng.NextDouble()))];
        PairedTest test = Significance.Paired(Result(better), Result(baseline), "m");
        Assert.Equal(1.0 / 10_001, test.P);
        Assert.InRange(test.Difference, 0.19, 0.21);
        PairedTest reversed = Significance.Paired(Result(baseline), Result(better), "m");
        Assert.Equal((test.P, test.Wins), (reversed.P, reversed.Losses));
        Assert.Equal(-test.Difference, reversed.Difference, 1e-12);
    }

    [Fact]
    public void Without_a_difference_p_values_are_uniform()
    {
        // 300 pairs of equal models: the share below .1 is .1 ± 4 · .0173.
        var rng = new Rng(12, "test/null");
        int low = 0;
        for (int experiment = 0; experiment < 300; experiment++)
        {
            double[] Draw() => [.. Enumerable.Range(0, 60).Select(_ => rng.Next(3) / 2.0)];
            low += Significance.Paired(Result(Draw()), Result(Draw()), "m", permutations: 300).P <= 0.1 ? 1 : 0;
        }

        Assert.InRange(low / 300.0, 0.03, 0.17);
    }

    [Fact]
    public void Only_users_both_have_a_value_for_are_compared()
    {
        EvaluationResult first = Result([0, 2, 5, 6], [1, 1, double.NaN, 1]), second = Result([2, 3, 5, 6, 9], [0, 0, 0, 1, 0]);
        PairedTest test = Significance.Paired(first, second, "m");
        Assert.Equal((2, 0.5, 1, 0), (test.Users, test.Difference, test.Wins, test.Losses));
        Assert.Contains("no user in common", Assert.Throws<OptionException>(() => Significance.Paired(first, Result([7], [1]), "m")).Message);
        Assert.Contains("did you mean 'm'", Assert.Throws<OptionException>(() => Significance.Paired(first, second, "mm")).Message);
    }

    [Fact]
    public void Differences_of_means_over_pairs_are_weighed_by_pairs()
    {
        EvaluationResult first = Result(1, 1) with { PairCount = new Dictionary<string, double[]> { ["m"] = [3, 1] } };
        EvaluationResult second = Result(0, 1) with { PairCount = first.PairCount };
        Assert.Equal(0.75, Significance.Paired(first, second, "m").Difference);
    }

    [Fact]
    public void The_interval_of_a_difference_is_that_of_the_differences()
    {
        // What is hard for both models is no part of it: values between 0 and 1, the first always .1 to .3 above the second.
        var rng = new Rng(3, "test/difference");
        double[] second = [.. Enumerable.Range(0, 50).Select(_ => rng.NextDouble())], more = [.. second.Select(_ => 0.1 + (0.2 * rng.NextDouble()))];
        MetricValue value = Significance.BootstrapDifference(Result([.. second.Zip(more, (s, d) => s + d)]), Result(second), "m");
        MetricValue expected = Significance.BootstrapMean(more);
        Assert.Equal(expected.Value, value.Value, 12);
        Assert.Equal(expected.Low, value.Low, 12);
        Assert.Equal(expected.High, value.High, 12);
        Assert.InRange(value.High - value.Low, 0.01, 0.05);
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / values.Length);
    }

    private static EvaluationResult Result(params double[] values) => Result([.. Enumerable.Range(0, values.Length)], values);

    private static EvaluationResult Result(int[] users, double[] values) => new()
    {
        Users = users,
        PerUser = new Dictionary<string, double[]> { ["m"] = values },
        Metrics = new Dictionary<string, MetricValue>(),
        ScoreSeconds = 0,
        Protocol = "test",
    };
}
