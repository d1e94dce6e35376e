using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Neighbors;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Walks;

/// <summary>Options of <see cref="ItemRank"/>.</summary>
public sealed record ItemRankOptions : ModelOptions
{
    /// <summary>α: chance to walk on instead of beginning again.</summary>
    [Range(0.0, 0.999)]
    [Description("chance to walk on instead of beginning again (alpha)")]
    public double Damping { get; init; } = 0.85;

    /// <summary>Steps of the power iteration.</summary>
    [Range(1, 1000)]
    [Description("steps of the power iteration")]
    public int Steps { get; init; } = 20;

    /// <summary>Begin at the listener's items in proportion to their plays.</summary>
    [Description("begin at the listener's items in proportion to their plays, as the source does with ratings; else all the same")]
    public bool Weighted { get; init; } = true;
}

/// <summary>ItemRank: a walk from item to item over common listeners that begins again and again at the listener's own items.</summary>
/// <remarks>
/// r ← α C r + (1 − α) d, C_ij = |U_i ∩ U_j| / Σ_{k ≠ j} |U_k ∩ U_j| for i ≠ j (U_i the listeners of i), 0 on the diagonal, d the listener's plays divided by their sum.
/// C is never made: C r takes two passes over the pairs. The source begins at equal ranks, this at r = d: the limit is the same, and items no walk reaches score
/// NaN instead of a rest of that beginning. A history is a d of its own, so it scores like the listener it came from. Fit O(pairs), a query O(steps · pairs).
/// Source: Gori and Pucci, "ItemRank: a random-walk based scoring algorithm for recommender engines", IJCAI 2007, eq. 1 to 4; α = .85 and 20 steps there.
/// </remarks>
public sealed class ItemRank(ItemRankOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'item-rank'");
        context.Report("item rank", 0, 1);
        return new ItemRankRecommender(train.Items, new ListenerVector(options.Weighted, 0).OfAll(train), options);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        CsrMatrix listeners = artifact.Sparse("listeners");
        SameNodes.CheckStored("model 'item-rank'", listeners, train);
        return new ItemRankRecommender(train.Items, listeners, options);
    }
}

internal sealed class ItemRankRecommender : IExplains
{
    private readonly CsrMatrix _listeners, _byItem;
    private readonly ItemRankOptions _options;

    // 1 / Σ_{k ≠ j} |U_k ∩ U_j|; 0 for an item that shares no listener.
    private readonly float[] _scale;

    public ItemRankRecommender(Vocabulary items, CsrMatrix listeners, ItemRankOptions options)
    {
        (Items, _listeners, _options) = (items, listeners, options);
        _byItem = listeners.Transpose();
        _scale = new float[items.Count];
        for (int j = 0; j < _scale.Length; j++)
        {
            double sum = 0;
            foreach (int user in _byItem.RowColumns(j))
            {
                sum += listeners.RowLength(user) - 1;
            }

            _scale[j] = sum > 0 ? (float)(1 / sum) : 0;
        }
    }

    public Vocabulary Items { get; }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        (int[] items, float[] shares) = Begin(query);
        var at = new float[Items.Count];
        for (int n = 0; n < items.Length; n++)
        {
            at[items[n]] = shares[n];
        }

        var ofUser = new double[_listeners.Rows];
        var next = new float[Items.Count];
        for (int step = 0; step < _options.Steps; step++)
        {
            CancellationScope.Check();
            for (int j = 0; j < at.Length; j++)
            {
                at[j] *= _scale[j];
            }

            Common(at, ofUser, next);
            for (int i = 0; i < next.Length; i++)
            {
                next[i] *= (float)_options.Damping;
            }

            for (int n = 0; n < items.Length; n++)
            {
                next[items[n]] += (float)(1 - _options.Damping) * shares[n];
            }

            (at, next) = (next, at);
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = at[i] > 0 ? at[i] : float.NaN;
        }
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, Items);
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        (int[] items, float[] shares) = Begin(query);

        // What a walk that begins at an item brings to the one asked about: G ← (1 − α) e + α Cᵀ G from G = e.
        var brings = new float[Items.Count];
        var next = new float[Items.Count];
        var ofUser = new double[_listeners.Rows];
        brings[itemIndex] = 1;
        for (int step = 0; step < _options.Steps; step++)
        {
            CancellationScope.Check();
            Common(brings, ofUser, next);
            for (int j = 0; j < next.Length; j++)
            {
                next[j] *= (float)_options.Damping * _scale[j];
            }

            next[itemIndex] += (float)(1 - _options.Damping);
            (brings, next) = (next, brings);
        }

        return [.. items.Select((item, n) => new Reason(item, (double)shares[n] * brings[item], "because_listened"))
            .Where(r => r.Weight > 0).OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(Math.Max(0, count))];
    }

    public void Save(ArtifactWriter artifact) => artifact.Add("listeners", _listeners);

    /// <summary>Sums over common listeners: result_i = Σ_{j ≠ i} |U_i ∩ U_j| from_j.</summary>
    private void Common(float[] from, double[] ofUser, float[] result)
    {
        for (int u = 0; u < ofUser.Length; u++)
        {
            double sum = 0;
            foreach (int item in _listeners.RowColumns(u))
            {
                sum += from[item];
            }

            ofUser[u] = sum;
        }

        for (int i = 0; i < result.Length; i++)
        {
            // Taking the item itself out of every listener's sum, rather than all at once at the end, leaves no remainder of rounding.
            double sum = 0;
            foreach (int user in _byItem.RowColumns(i))
            {
                sum += Math.Max(0, ofUser[user] - from[i]);
            }

            result[i] = (float)sum;
        }
    }

    private (int[] Items, float[] Shares) Begin(Query query)
    {
        (ReadOnlySpan<int> items, ReadOnlySpan<float> plays) = new ListenerVector(_options.Weighted, 0).Of(query, _listeners);
        double sum = 0;
        foreach (float value in plays)
        {
            sum += value;
        }

        float[] shares = plays.ToArray();
        for (int n = 0; n < shares.Length; n++)
        {
            shares[n] = sum > 0 ? (float)(shares[n] / sum) : 0;
        }

        return (items.ToArray(), shares);
    }
}
