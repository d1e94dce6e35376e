using Segue.Core.Contracts;
using Segue.Core.Ranking;
using Segue.Core.Splitting;
using Segue.Evaluation.Protocol;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Evaluation;

/// <summary>Where the pairs come from that held-out pairs are told apart from.</summary>
public enum LinkPairs
{
    /// <summary>Any evaluated user, any candidate item.</summary>
    Uniform,

    /// <summary>The user of a held-out pair, the item of another: as popular at both ends as held-out pairs are.</summary>
    Matched,
}

/// <summary>Tells held-out (user, item) pairs from as many others by the score of a recommender: link prediction as a question of yes or no.</summary>
/// <remarks>
/// <para>
/// One other pair a held-out pair, neither known nor held out, drawn from the seed and the pair's place: <see cref="LinkPairs.Uniform"/> as in seed 000, where popularity alone answers most; or
/// <see cref="LinkPairs.Matched"/>, where it answers nothing. Where none is found in 256 draws, there is none for that pair.
/// </para>
/// <para>
/// <c>link-auc</c>: share of (held-out, other) pairs of all users in the right order, ties one half, a held-out pair without score wins nothing. <c>link-accuracy</c>: share of pairs on the right side of one threshold
/// for all users. The pairs are dealt into two halves at random; the threshold that is best on one half judges the other. No pair is judged by a threshold it helped to choose, and no model gains from
/// the unit of its scores. Pairs without score count as not linked.
/// </para>
/// <para>
/// A user's value is the mean over its pairs, and the figure that over all pairs; intervals resample users. One scoring a user, O(pairs · log pairs).
/// Source: Liben-Nowell and Kleinberg, "The link-prediction problem for social networks", JASIST 2007; seed 000, section VI.D.
/// </para>
/// </remarks>
internal sealed class LinkEvaluator
{
    private const int Tries = 256;

    private readonly RelevantItems _relevant;
    private readonly EvaluationSet _set;
    private readonly EvaluationOptions _options;
    private readonly int[] _firstPair;
    private readonly int[] _knownStart;

    public LinkEvaluator(EvaluationSet set, RelevantItems relevant, EvaluationOptions options)
    {
        (_set, _relevant, _options) = (set, relevant, options);
        _knownStart = set.Known.UserStart();
        _firstPair = new int[relevant.Users.Length + 1];
        for (int n = 0; n < relevant.Users.Length; n++)
        {
            _firstPair[n + 1] = _firstPair[n] + relevant.Of(n).Length;
        }
    }

    /// <summary>Values a user and pairs behind them, by metric name, for every metric of links among the options.</summary>
    public (Dictionary<string, double[]> PerUser, Dictionary<string, double[]> PairCount) Evaluate(IRecommender recommender, Func<int, Query> queryOf)
    {
        MetricSpecification[] metrics = [.. _options.Metrics.Where(m => m.Metric.Kind == MetricKind.Link)];
        LinkPairs[] kinds = [.. metrics.Select(m => m.Metric.Pairs).Distinct()];
        Drawn[] drawn = [.. kinds.Select(Draw)];
        float[] held = new float[_firstPair[^1]];
        Score(recommender, queryOf, held, drawn);
        var perUser = new Dictionary<string, double[]>();
        var pairCount = new Dictionary<string, double[]>();
        foreach (MetricSpecification metric in metrics)
        {
            Drawn others = drawn[Array.IndexOf(kinds, metric.Metric.Pairs)];
            (perUser[metric.Name], pairCount[metric.Name]) = metric.Metric.Name.StartsWith("link-auc", StringComparison.Ordinal) ? Auc(held, others) : Accuracy(held, others);
        }

        return (perUser, pairCount);
    }

    /// <summary>The threshold from which on to say yes that is right most often; of several the highest, +∞ for never.</summary>
    internal static float BestThreshold(IEnumerable<(float Score, bool IsLink)> pairs)
    {
        (float Score, bool IsLink)[] sorted = [.. pairs.OrderByDescending(p => p.Score)];
        float best = float.PositiveInfinity;
        int right = 0, most = 0;
        for (int n = 0; n < sorted.Length && sorted[n].Score > float.NegativeInfinity; n++)
        {
            right += sorted[n].IsLink ? 1 : -1;
            bool isLast = n + 1 == sorted.Length || sorted[n + 1].Score < sorted[n].Score;
            if (isLast && right > most)
            {
                (most, best) = (right, sorted[n].Score);
            }
        }

        return best;
    }

    private Drawn Draw(LinkPairs kind)
    {
        var items = new int[_firstPair[^1]];
        var users = new int[items.Length];
        for (int n = 0; n < _relevant.Users.Length; n++)
        {
            _relevant.Of(n).CopyTo(items.AsSpan(_firstPair[n]));
            users.AsSpan(_firstPair[n].._firstPair[n + 1]).Fill(n);
        }

        HashSet<int>?[] taken = new HashSet<int>?[_relevant.Users.Length];
        int[] otherUser = new int[items.Length], otherItem = new int[items.Length];
        var rng = new Rng(_options.Seed, kind == LinkPairs.Uniform ? "evaluation/links/uniform" : "evaluation/links/matched");
        int candidates = _set.Candidates?.Length ?? _set.Known.Items.Count;
        for (int p = 0; p < items.Length; p++)
        {
            CancellationScope.CheckAt(p);
            otherUser[p] = -1;
            for (int attempt = 0; attempt < Tries && otherUser[p] < 0; attempt++)
            {
                int user = kind == LinkPairs.Uniform ? rng.Next(_relevant.Users.Length) : users[p], item;
                if (kind == LinkPairs.Matched)
                {
                    item = items[rng.Next(items.Length)];
                }
                else
                {
                    int place = rng.Next(candidates);
                    item = _set.Candidates is { } only ? only.Span[place] : place;
                }

                if (!(taken[user] ??= Taken(user)).Contains(item))
                {
                    (otherUser[p], otherItem[p]) = (user, item);
                }
            }
        }

        return new Drawn(otherUser, otherItem, new float[items.Length]);
    }

    private HashSet<int> Taken(int n)
    {
        int user = _relevant.Users[n];
        HashSet<int> taken = [.. _set.Known.ItemIndex.Span[_knownStart[user].._knownStart[user + 1]]];
        taken.UnionWith(_relevant.Of(n).ToArray());
        return taken;
    }

    private void Score(IRecommender recommender, Func<int, Query> queryOf, float[] held, Drawn[] drawn)
    {
        var ofUser = new List<(int Kind, int Pair)>[_relevant.Users.Length];
        for (int kind = 0; kind < drawn.Length; kind++)
        {
            for (int p = 0; p < held.Length; p++)
            {
                CancellationScope.CheckAt(p);
                if (drawn[kind].User[p] >= 0)
                {
                    (ofUser[drawn[kind].User[p]] ??= []).Add((kind, p));
                }
            }
        }

        var scorer = new BlockScorer(recommender);
        var blocks = new ScoreBlock?[_options.Threads];
        Workers.Run(_relevant.Users.Length, scorer.BlockSize, _options.Threads, (start, end, worker) =>
        {
            ScoreBlock block = blocks[worker] ??= scorer.NewBlock();
            block.Score(start, end, queryOf);
            for (int n = start; n < end; n++)
            {
                ReadOnlySpan<float> scores = block.Row(n - start);
                ReadOnlySpan<int> items = _relevant.Of(n);
                for (int p = 0; p < items.Length; p++)
                {
                    held[_firstPair[n] + p] = Known(scores[items[p]]);
                }

                foreach ((int kind, int pair) in ofUser[n] ?? [])
                {
                    drawn[kind].Score[pair] = Known(scores[drawn[kind].Item[pair]]);
                }
            }
        }, _options.Cancellation);
    }

    private static float Known(float score) => float.IsNaN(score) ? float.NegativeInfinity : score;

    private (double[] PerUser, double[] Count) Auc(float[] held, Drawn others)
    {
        float[] sorted = [.. others.Score.Where((_, p) => others.User[p] >= 0).Order()];
        var sums = new double[_relevant.Users.Length];
        var counts = new double[sums.Length];
        for (int n = 0; n < sums.Length && sorted.Length > 0; n++)
        {
            CancellationScope.CheckAt(n);
            for (int p = _firstPair[n]; p < _firstPair[n + 1]; p++)
            {
                counts[n]++;
                sums[n] += held[p] == float.NegativeInfinity ? 0 : 0.5 * (Count(sorted, held[p], orEqual: false) + Count(sorted, held[p], orEqual: true)) / sorted.Length;
            }
        }

        return ([.. sums.Zip(counts, (sum, count) => sum / count)], counts);
    }

    private (double[] PerUser, double[] Count) Accuracy(float[] held, Drawn others)
    {
        var order = new int[held.Length];
        for (int p = 0; p < order.Length; p++)
        {
            order[p] = p;
        }

        new Rng(_options.Seed, "evaluation/links/halves").Shuffle<int>(order);
        var half = new bool[order.Length];
        for (int p = 0; p < order.Length; p++)
        {
            half[order[p]] = p % 2 == 0;
        }

        float[] thresholds = [.. new[] { false, true }.Select(h => BestThreshold(
            Enumerable.Range(0, held.Length).Where(p => half[p] != h)
                .SelectMany(p => others.User[p] < 0 ? [(held[p], true)] : new[] { (held[p], true), (others.Score[p], false) })))];
        var right = new double[_relevant.Users.Length];
        var counts = new double[right.Length];
        for (int n = 0; n < right.Length; n++)
        {
            CancellationScope.CheckAt(n);
            for (int p = _firstPair[n]; p < _firstPair[n + 1]; p++)
            {
                float threshold = thresholds[half[p] ? 1 : 0];
                counts[n]++;
                right[n] += held[p] >= threshold ? 1 : 0;
                if (others.User[p] >= 0)
                {
                    counts[others.User[p]]++;
                    right[others.User[p]] += others.Score[p] >= threshold ? 0 : 1;
                }
            }
        }

        return ([.. right.Zip(counts, (sum, count) => sum / count)], counts);
    }

    private static int Count(float[] sorted, float value, bool orEqual)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = sorted[middle] < value || (orEqual && sorted[middle] == value) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>A pair for every held-out pair: place of the evaluated user (−1 for none), item, score.</summary>
    private sealed record Drawn(int[] User, int[] Item, float[] Score);
}
