using System.Diagnostics;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Evaluation.Protocol;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Evaluation;

/// <summary>Compares predicted weights with held-out ones: <c>mse</c>, <c>mae</c>, and for targets 0 and 1 <c>accuracy</c>, <c>log-loss</c>.</summary>
/// <remarks>
/// One prediction a distinct (user, item) pair of the relevant part; weights of a repeated pair are added up, as the models do in
/// training. The figure is the mean over pairs; the interval resamples users with all their pairs. O(pairs).
/// </remarks>
public static class RegressionEvaluator
{
    /// <summary>Evaluates <paramref name="regressor"/> on the relevant part of <paramref name="set"/>.</summary>
    /// <param name="regressor">What predicts.</param>
    /// <param name="set">The held-out pairs; with <c>accuracy</c> or <c>log-loss</c> and no sampled negatives their weights must be 0 or 1.</param>
    /// <param name="options">
    /// Only metrics of predictions. With SampledNegatives = N, <c>accuracy</c> and <c>log-loss</c> take every relevant pair as 1 and, for
    /// each, N items the user neither knows nor has among the relevant ones as 0 (fewer where the catalogue has fewer).
    /// </param>
    /// <exception cref="OptionException">A metric is about rankings, or an option is out of range.</exception>
    /// <exception cref="DatasetException">No held-out pair, or targets other than 0 and 1 for a binary metric.</exception>
    /// <exception cref="SegueException">A prediction is not a finite number, or no probability where <c>log-loss</c> needs one.</exception>
    public static EvaluationResult Evaluate(IRegressor regressor, EvaluationSet set, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(regressor);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (options.Metrics.FirstOrDefault(m => m.Metric.Kind != MetricKind.Prediction) is { } ranking)
        {
            throw new OptionException($"metric '{ranking}' is about rankings, not predicted values; evaluate it with {nameof(RankingEvaluator)}");
        }

        long started = Stopwatch.GetTimestamp();
        if (set.IsTransductive && set.IsFoldIn && regressor is IObserves graph)
        {
            var context = new FitContext { Seed = options.Seed, Threads = options.Threads, Cancellation = options.Cancellation };
            regressor = graph.Observe(set.Known, context) as IRegressor ?? regressor;
        }

        CsrMatrix targets = UserItemMatrix.Sum(set.Relevant);
        int[] users = [.. Enumerable.Range(0, targets.Rows).Where(u => targets.RowLength(u) > 0)];
        if (users.Length == 0)
        {
            throw new DatasetException($"the relevant part of '{set.Relevant.Name}' has no pair; nothing can be predicted, choose another split");
        }

        MetricSpecification[] metrics = [.. options.Metrics];
        var sums = metrics.Select(_ => new double[users.Length]).ToArray();
        var counts = metrics.Select(_ => new double[users.Length]).ToArray();
        int[] knownStart = set.Known.UserStart();
        var negatives = options.SampledNegatives > 0 ? new Negatives(set.Known.Items.Count, set.Candidates) : null;
        for (int n = 0; n < users.Length; n++)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            int user = users[n];
            ReadOnlySpan<int> items = targets.RowColumns(user);
            ReadOnlySpan<float> weights = targets.RowValues(user);
            for (int p = 0; p < items.Length; p++)
            {
                Add(n, items[p], weights[p], isNegative: false);
            }

            if (negatives is not null)
            {
                var rng = new Rng(options.Seed, "evaluation/negatives/" + set.Known.Users[user]);
                ReadOnlySpan<int> known = set.Known.ItemIndex.Span[knownStart[user]..knownStart[user + 1]];
                int wanted = (int)Math.Min((long)options.SampledNegatives * items.Length, set.Known.Items.Count);
                foreach (int item in negatives.Draw(wanted, known, items, rng))
                {
                    Add(n, item, 0f, isNegative: true);
                }
            }

            if ((n & 1023) == 1023 || n + 1 == users.Length)
            {
                options.Progress?.Report(new FitProgress("evaluate", n + 1, users.Length));
            }
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var perUser = new Dictionary<string, double[]>();
        var pairCount = new Dictionary<string, double[]>();
        var values = new Dictionary<string, MetricValue>();
        for (int m = 0; m < metrics.Length; m++)
        {
            string name = metrics[m].Name;
            perUser[name] = [.. sums[m].Zip(counts[m], (sum, count) => sum / count)];
            pairCount[name] = counts[m];
            values[name] = Bootstrap.Mean(perUser[name], counts[m], options);
        }

        return new EvaluationResult
        {
            Users = users,
            PerUser = perUser,
            PairCount = pairCount,
            Metrics = values,
            ScoreSeconds = seconds,
            Protocol = options.SampledNegatives == 0 ? "held-out pairs" : $"held-out pairs, sampled:{options.SampledNegatives} negatives a pair",
        };

        void Add(int n, int item, float weight, bool isNegative)
        {
            double predicted = regressor.Predict(users[n], item);
            if (!double.IsFinite(predicted))
            {
                throw new SegueException($"the prediction for user '{set.Known.Users[users[n]]}' and item '{set.Known.Items[item]}' is {predicted}; a regressor must fall back to what it knows");
            }

            for (int m = 0; m < metrics.Length; m++)
            {
                bool isBinary = metrics[m].Name is "accuracy" or "log-loss";
                if (isNegative && !isBinary)
                {
                    continue;
                }

                double target = isBinary && negatives is not null ? (isNegative ? 0.0 : 1.0) : weight;
                CheckBinary(metrics[m], isBinary, predicted, target, n, item);
                sums[m][n] += metrics[m].Metric.ForPair!(predicted, target);
                counts[m][n]++;
            }
        }

        void CheckBinary(MetricSpecification metric, bool isBinary, double predicted, double target, int n, int item)
        {
            if (isBinary && target is not (0.0 or 1.0))
            {
                throw new DatasetException(
                    $"metric '{metric}' needs targets 0 or 1, and user '{set.Known.Users[users[n]]}', item '{set.Known.Items[item]}' has {target}; "
                    + "use mse or mae, or sampled negatives");
            }

            if (metric.Name == "log-loss" && predicted is < 0 or > 1)
            {
                throw new SegueException(
                    $"metric 'log-loss' needs probabilities, and the prediction for user '{set.Known.Users[users[n]]}', item '{set.Known.Items[item]}' is {predicted}; "
                    + "use accuracy or mse");
            }
        }
    }
}
