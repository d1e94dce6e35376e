using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Baselines;

/// <summary>Options of <see cref="RecentPopularity"/>.</summary>
public sealed record RecentPopularityOptions : ModelOptions
{
    /// <summary>Days after which a play counts half.</summary>
    [Range(1e-4, 1e6)]
    [Description("days after which a play counts half; 0.25 is six hours")]
    public double HalfLifeDays { get; init; } = 7;
}

/// <summary>
/// Popularity that forgets: an item's score is log₂ Σ weight · 2^(−age / half-life) over its plays up to the moment of the query.
/// </summary>
/// <remarks>
/// The logarithm keeps the order and does not run out of digits where the last play lies many half-lives back. Items nobody played by
/// then score NaN, and plays of unknown time are left out. A query without a moment is answered for the latest time of
/// the training data; everybody gets the same answer. Fit O(interactions · log), 16 bytes a play. The first query of a moment costs
/// O(items · log plays); the vectors of the last few moments are kept, so that the next query of a moment copies one.
/// Source: DecayPop of Ploshkin et al., "Yambda-5B", RecSys 2025.
/// </remarks>
public sealed class RecentPopularity(RecentPopularityOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'recent-popularity'");
        if (!train.HasTime || train.LatestTime < 0)
        {
            throw new DatasetException(
                $"model 'recent-popularity' needs times and dataset '{train.Name}' has none; use 'popularity' or import the data with times");
        }

        context.Report("recent popularity", 0, 1);
        double halfLife = options.HalfLifeDays * 86_400;
        (int[] start, int[] rows) = PlaysByItem(train);
        var time = new long[rows.Length];
        var sum = new double[rows.Length];
        for (int i = 0; i < train.Items.Count; i++)
        {
            CancellationScope.CheckAt(i);
            for (int n = start[i]; n < start[i + 1]; n++)
            {
                time[n] = train.Time.Span[rows[n]];
                double weight = train.HasWeight ? train.Weight.Span[rows[n]] : 1;

                // The sum as of this play: what was there before has faded since the play before.
                sum[n] = weight + (n == start[i] ? 0 : sum[n - 1] * double.Exp2((time[n - 1] - time[n]) / halfLife));
            }
        }

        return new RecentPopularityRecommender(train.Items, train.Users.Count, halfLife, train.LatestTime, start, time, sum);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        long[] time = artifact.Longs("time");
        int[] start = artifact.Starts("item_start", train.Items.Count, time.Length);
        double[] sum = artifact.Doubles("decayed_sum");
        long[] latest = artifact.Longs("latest_time");
        if (latest.Length != 1 || time.Length != sum.Length)
        {
            throw new DatasetException(
                $"the model has {time.Length} times, {sum.Length} sums and {latest.Length} latest times, which do not fit together; train it again");
        }

        return new RecentPopularityRecommender(train.Items, train.Users.Count, options.HalfLifeDays * 86_400, latest[0], start, time, sum);
    }

    private static (int[] Start, int[] Rows) PlaysByItem(Dataset train)
    {
        ReadOnlySpan<int> item = train.ItemIndex.Span;
        long[] time = train.Time.ToArray();
        var start = new int[train.Items.Count + 1];
        for (int n = 0; n < item.Length; n++)
        {
            start[item[n] + 1] += time[n] >= 0 ? 1 : 0;
        }

        for (int i = 0; i < train.Items.Count; i++)
        {
            start[i + 1] += start[i];
        }

        int[] next = start[..^1];
        var rows = new int[start[^1]];
        for (int n = 0; n < item.Length; n++)
        {
            if (time[n] >= 0)
            {
                rows[next[item[n]]++] = n;
            }
        }

        for (int i = 0; i < train.Items.Count; i++)
        {
            rows.AsSpan(start[i]..start[i + 1]).Sort((a, b) => time[a] != time[b] ? time[a].CompareTo(time[b]) : a.CompareTo(b));
        }

        return (start, rows);
    }
}

internal sealed class RecentPopularityRecommender(
    Vocabulary items, int userCount, double halfLife, long latestTime, int[] start, long[] time, double[] sum) : ITimeAware, IExplains
{
    // An evaluation asks for one moment; threads that walk through time ask for a few that lie beside each other.
    private const int KeptMoments = 4;

    private readonly Lock _adding = new();

    // Newest first; replaced as a whole, never changed.
    private volatile MomentScores[] _kept = [];

    public Vocabulary Items => items;

    public long LatestTime => latestTime;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, userCount, items.Count);
        At(MomentOf(query)).Value.CopyTo(scores);
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, userCount, items.Count);
        double score = LogPopularity(itemIndex, MomentOf(query));
        return count > 0 && double.IsFinite(score) ? [new Reason(-1, double.Exp2(score), "popular")] : [];
    }

    public void Save(ArtifactWriter artifact)
    {
        artifact.Add("item_start", start);
        artifact.Add("time", time);
        artifact.Add("decayed_sum", sum);
        artifact.Add("latest_time", [latestTime]);
    }

    private long MomentOf(Query query) => query.Moment < 0 ? latestTime : query.Moment;

    /// <summary>The scores of a moment, computed once however many threads ask.</summary>
    private Lazy<float[]> At(long moment) => Find(moment) ?? Add(moment);

    private Lazy<float[]>? Find(long moment)
    {
        foreach (MomentScores kept in _kept)
        {
            if (kept.Moment == moment)
            {
                return kept.Scores;
            }
        }

        return null;
    }

    private Lazy<float[]> Add(long moment)
    {
        lock (_adding)
        {
            if (Find(moment) is { } other)
            {
                return other;
            }

            var scores = new Lazy<float[]>(() => Compute(moment));
            _kept = [new MomentScores(moment, scores), .. _kept.AsSpan(0, Math.Min(_kept.Length, KeptMoments - 1))];
            return scores;
        }
    }

    private float[] Compute(long moment)
    {
        var scores = new float[items.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = (float)LogPopularity(i, moment);
        }

        return scores;
    }

    private double LogPopularity(int item, long moment)
    {
        int low = start[item], high = start[item + 1];
        while (low < high)
        {
            int middle = low + ((high - low) >> 1);
            (low, high) = time[middle] <= moment ? (middle + 1, high) : (low, middle);
        }

        // low is now the first play after the moment; the play before it carries the sum.
        return low == start[item] ? double.NaN : Math.Log2(sum[low - 1]) - ((moment - time[low - 1]) / halfLife);
    }
    private readonly record struct MomentScores(long Moment, Lazy<float[]> Scores);
}
