using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Baselines;

/// <summary>Options of <see cref="OwnRepeats"/>.</summary>
public sealed record OwnRepeatsOptions : ModelOptions
{
    /// <summary>Days after which a play counts half, where the data has times.</summary>
    [Range(1e-4, 1e6)]
    [Description("days after which a play counts half, where the data has times")]
    public double HalfLifeDays { get; init; } = 14;

    /// <summary>Later plays after which a play counts half, where the data has an order but no times.</summary>
    [Range(1e-2, 1e9)]
    [Description("later plays after which a play counts half, where the data has an order but no times")]
    public double HalfLifePlays { get; init; } = 50;
}

/// <summary>
/// The listener's own recent items again: the score is log₂ Σ weight · 2^(−age / half-life) over the listener's plays of the item.
/// </summary>
/// <remarks>
/// Only meaningful where heard items may be recommended again (<c>--keep-seen</c>): items the listener never heard score NaN, and so
/// does everything for a listener without history. Age is time before the moment of the query where the data has times (later plays
/// are left out; a play of unknown time counts as the listener's oldest), the number of later plays where it has only an order, and 0
/// where it has neither: then plays are counted. A history without times is taken in the order given.
/// O(the listener's plays) a query, 16 bytes a play. Baseline proposed beside Yambda's DecayPop, Ploshkin et al., RecSys 2025.
/// </remarks>
public sealed class OwnRepeats(OwnRepeatsOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'own-repeats'");
        context.Report("own repeats", 0, 1);
        return new OwnRepeatsRecommender(
            options, train.Items, train.UserStart(), train.ItemIndex, train.Weight, train.Time, train.IsOrdered || train.HasTime, train.LatestTime);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        int[] item = artifact.Integers("item"), start = artifact.Starts("user_start", train.Users.Count, item.Length);
        float[] weight = artifact.Floats("weight");
        long[] time = artifact.Longs("time"), facts = artifact.Longs("facts");
        if (facts is not [long itemCount, long ordered, long latest] || itemCount != train.Items.Count
            || (weight.Length != item.Length && weight.Length > 0) || (time.Length != item.Length && time.Length > 0)
            || Array.Exists(item, i => (uint)i >= (uint)itemCount))
        {
            throw new DatasetException(
                $"the model was not trained on this dataset of {train.Users.Count} users and {train.Items.Count} items; "
                + "give the one it was trained on");
        }

        return new OwnRepeatsRecommender(options, train.Items, start, item, weight, time, ordered != 0, latest);
    }
}

internal sealed class OwnRepeatsRecommender(
    OwnRepeatsOptions options,
    Vocabulary items,
    int[] start,
    ReadOnlyMemory<int> item,
    ReadOnlyMemory<float> weight,
    ReadOnlyMemory<long> time,
    bool isOrdered,
    long latestTime) : ITimeAware, IExplains
{
    public Vocabulary Items => items;

    public long LatestTime => latestTime;

    /// <summary>Only plays with a time have an age that a moment changes.</summary>
    public bool AsksWhen(Query query)
    {
        ArgumentNullException.ThrowIfNull(query);
        ReadOnlySpan<long> times = query.IsFoldIn ? query.HistoryTime.Span : time.IsEmpty ? [] : time.Span[start[query.UserIndex]..start[query.UserIndex + 1]];
        return times.IndexOfAnyExcept(-1L) >= 0;
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, start.Length - 1, items.Count);
        scores.Fill(float.NaN);
        foreach ((int heard, double score) in Decayed(query))
        {
            scores[heard] = (float)score;
        }
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, start.Length - 1, items.Count);
        return count > 0 && Decayed(query).TryGetValue(itemIndex, out double score)
            ? [new Reason(itemIndex, double.Exp2(score), "replayed")]
            : [];
    }

    public void Save(ArtifactWriter artifact)
    {
        artifact.Add("user_start", start);
        artifact.Add("item", item.Span);
        artifact.Add("weight", weight.Span);
        artifact.Add("time", time.Span);
        artifact.Add("facts", [(long)items.Count, isOrdered ? 1 : 0, latestTime]);
    }

    private Dictionary<int, double> Decayed(Query query)
    {
        ReadOnlySpan<int> plays = query.History.Span;
        ReadOnlySpan<float> weights = query.HistoryWeight.Span;
        ReadOnlySpan<long> times = query.HistoryTime.Span;
        if (!query.IsFoldIn)
        {
            Range own = start[query.UserIndex]..start[query.UserIndex + 1];
            plays = item.Span[own];
            weights = weight.IsEmpty ? [] : weight.Span[own];
            times = time.IsEmpty ? [] : time.Span[own];
        }

        // Age in half-lives as of the moment, per item: the sum as of its last play, and the age of that play.
        bool hasTime = !times.IsEmpty && times.IndexOfAnyExcept(-1L) >= 0;
        long moment = query.Moment >= 0 ? query.Moment : latestTime, oldest = Oldest(times);
        var sums = new Dictionary<int, (double Sum, double Age)>();
        foreach (int n in Order(plays.Length, times))
        {
            long at = hasTime ? (times[n] < 0 ? oldest : times[n]) : 0;
            if (hasTime && at > moment && query.Moment >= 0)
            {
                continue;
            }

            double age = hasTime ? (moment - at) / (options.HalfLifeDays * 86_400)
                : isOrdered ? (plays.Length - 1 - n) / options.HalfLifePlays
                : 0;
            (double sum, double before) = sums.GetValueOrDefault(plays[n], (0, age));
            sums[plays[n]] = ((weights.IsEmpty ? 1 : weights[n]) + (sum * double.Exp2(age - before)), age);
        }

        var scores = new Dictionary<int, double>(sums.Count);
        foreach ((int heard, (double sum, double age)) in sums)
        {
            double score = Math.Log2(sum) - age;
            if (double.IsFinite(score))
            {
                scores[heard] = score;
            }
        }

        return scores;
    }

    private static long Oldest(ReadOnlySpan<long> times)
    {
        long oldest = long.MaxValue;
        foreach (long at in times)
        {
            oldest = at >= 0 ? Math.Min(oldest, at) : oldest;
        }

        return oldest;
    }

    /// <summary>Positions by time, unknown first; a history may come in any order.</summary>
    private static int[] Order(int count, ReadOnlySpan<long> times)
    {
        var order = new int[count];
        for (int n = 0; n < order.Length; n++)
        {
            order[n] = n;
        }

        if (times.IsEmpty)
        {
            return order;
        }

        long[] keys = times.ToArray();
        order.AsSpan().Sort((a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        return order;
    }
}
