using System.Buffers;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Selection;
using Segue.Numerics.Sparse;

namespace Segue.Models.Neighbors;

/// <summary>How much a neighbour of <see cref="UserKnn"/> counts.</summary>
public enum NeighborWeight
{
    /// <summary>As much as it is alike.</summary>
    Similarity,

    /// <summary>As much as every other neighbour.</summary>
    Uniform,
}

/// <summary>Options of <see cref="UserKnn"/>.</summary>
public sealed record UserKnnOptions : ModelOptions
{
    /// <summary>Most alike listeners asked for a score; more than there are means all.</summary>
    [Range(1, 100_000_000)]
    [Description("most alike listeners asked for a score; more than there are means all")]
    public int Neighbors { get; init; } = 100;

    /// <summary>Listener vectors hold shares of plays instead of ones.</summary>
    [Description("listener vectors hold each item's share of the listener's plays instead of ones")]
    public bool Weighted { get; init; }

    /// <summary>How much a neighbour counts.</summary>
    [Description("how much a neighbour counts")]
    public NeighborWeight NeighborWeight { get; init; } = NeighborWeight.Similarity;
}

/// <summary>
/// User-based nearest neighbours: an item scores the sum of its values in the vectors of the most alike listeners, weighted by how
/// alike they are.
/// </summary>
/// <remarks>
/// <para>
/// x_ui = 1 for a heard item, or plays / all plays of the listener. score(u, i) = Σ_{v ∈ top(u)} cos(x_u, x_v) · x_vi, with the listener
/// itself left out and ties between listeners going to the lower index. A listener never seen in training is folded in by its history.
/// </para>
/// <para>
/// Items nobody heard score NaN, items none of the neighbours heard 0; where no listener is alike at all, everything scores NaN. Fit
/// O(interactions), score O(Σ listeners of the listener's items + users + Σ items of the neighbours). Source: Herlocker et al., SIGIR 1999.
/// </para>
/// </remarks>
public sealed class UserKnn(UserKnnOptions options) : IModel
{
    private const string Owner = "model 'user-knn'";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, Owner);
        context.Report("user vectors", 0, 1);
        CsrMatrix listeners = new ListenerVector(options.Weighted, 0).OfAll(train);
        if (options.Weighted)
        {
            for (int u = 0; u < listeners.Rows; u++)
            {
                CancellationScope.CheckAt(u);
                UserKnnRecommender.ToShares(listeners.Values.AsSpan(listeners.RowStart[u]..listeners.RowStart[u + 1]));
            }
        }

        return new UserKnnRecommender(options, train.Items, listeners);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        CsrMatrix listeners = artifact.Sparse("listeners");
        return listeners.Rows == train.Users.Count && listeners.Columns == train.Items.Count
            ? new UserKnnRecommender(options, train.Items, listeners)
            : throw new DatasetException(
                $"the model knows {listeners.Rows} users and {listeners.Columns} items, "
                + $"the dataset has {train.Users.Count} and {train.Items.Count}; give the dataset it was trained on");
    }
}

/// <summary>Receives the scores for one number of neighbours.</summary>
/// <param name="neighbors">How many neighbours were asked.</param>
/// <param name="scores">Scores of all items; valid during the call only.</param>
public delegate void NeighborCountVisitor(int neighbors, ReadOnlySpan<float> scores);

/// <summary>A trained <see cref="UserKnn"/>; public because it can answer for many numbers of neighbours at once.</summary>
public sealed class UserKnnRecommender : IExplains
{
    private readonly UserKnnOptions _options;
    private readonly CsrMatrix _listeners, _byItem;
    private readonly float[] _norms;

    internal UserKnnRecommender(UserKnnOptions options, Vocabulary items, CsrMatrix listeners)
    {
        _options = options;
        Items = items;
        _listeners = listeners;
        _byItem = listeners.Transpose();
        _norms = RowSimilarity.Norms(listeners);
    }

    /// <inheritdoc/>
    public Vocabulary Items { get; }

    /// <summary>Number of training listeners: beyond this number of neighbours scores do not change.</summary>
    public int ListenerCount => _listeners.Rows;

    /// <inheritdoc/>
    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        int k = Math.Min(_options.Neighbors, _listeners.Rows);
        int[] neighbors = ArrayPool<int>.Shared.Rent(k);
        float[] similarity = ArrayPool<float>.Shared.Rent(k);
        int count = Nearest(query, neighbors.AsSpan(0, k), similarity.AsSpan(0, k));
        Start(scores, count);
        for (int n = 0; n < count; n++)
        {
            Add(neighbors[n], similarity[n], scores);
        }

        ArrayPool<int>.Shared.Return(neighbors);
        ArrayPool<float>.Shared.Return(similarity);
    }

    /// <summary>
    /// The scores of <paramref name="query"/> for several numbers of neighbours, as if <see cref="UserKnnOptions.Neighbors"/> were each
    /// of them in turn; the option itself is not used. Neighbours are searched once and added one by one, so all counts together cost
    /// as much as the largest.
    /// </summary>
    /// <param name="query">Who asks.</param>
    /// <param name="counts">Numbers of neighbours, ascending, at least 1; more than <see cref="ListenerCount"/> means all.</param>
    /// <param name="visit">Called once a count, in order.</param>
    /// <exception cref="ArgumentException">The counts are not ascending from 1, or the query names an unknown user or item.</exception>
    public void ScoreForNeighborCounts(Query query, ReadOnlySpan<int> counts, NeighborCountVisitor visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        for (int n = 0; n < counts.Length; n++)
        {
            if (counts[n] < 1 || (n > 0 && counts[n] <= counts[n - 1]))
            {
                throw new ArgumentException($"neighbour count {counts[n]} at {n} is not ascending from 1", nameof(counts));
            }
        }

        if (counts.IsEmpty)
        {
            return;
        }

        int k = Math.Min(counts[^1], _listeners.Rows);
        var neighbors = new int[k];
        var similarity = new float[k];
        var scores = new float[Items.Count];
        int count = Nearest(query, neighbors, similarity), done = 0;
        Start(scores, count);
        foreach (int wanted in counts)
        {
            for (; done < Math.Min(wanted, count); done++)
            {
                Add(neighbors[done], similarity[done], scores);
            }

            visit(wanted, scores);
        }
    }

    /// <summary>The heard items that made the neighbours alike who heard the recommended one, by their part of the score.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, Items);
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        int k = Math.Min(_options.Neighbors, _listeners.Rows);
        var neighbors = new int[k];
        var similarity = new float[k];
        int found = Nearest(query, neighbors, similarity);
        (ReadOnlySpan<int> heard, ReadOnlySpan<float> values) = Heard(query);
        double norm = Norm(values);
        var weights = new double[heard.Length];
        for (int n = 0; n < found; n++)
        {
            float value = _listeners[neighbors[n], itemIndex];
            for (int h = 0; h < heard.Length && value > 0; h++)
            {
                // A cosine is the sum of its shared items' products, so every neighbour's part falls apart by item.
                weights[h] += value * values[h] * _listeners[neighbors[n], heard[h]] / (norm * _norms[neighbors[n]]);
            }
        }

        var reasons = new List<Reason>();
        for (int h = 0; h < heard.Length; h++)
        {
            if (weights[h] > 0)
            {
                reasons.Add(new Reason(heard[h], weights[h], "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    /// <inheritdoc/>
    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("listeners", _listeners);
    }

    internal static void ToShares(Span<float> plays)
    {
        double total = 0;
        foreach (float count in plays)
        {
            total += count;
        }

        foreach (ref float count in plays)
        {
            count = (float)(count / total);
        }
    }

    private static double Norm(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
        {
            sum += (double)value * value;
        }

        return (float)Math.Sqrt(sum);
    }

    private HeardItems Heard(Query query)
    {
        HeardItems heard = new ListenerVector(_options.Weighted, 0).Of(query, _listeners);
        if (!query.IsFoldIn || !_options.Weighted)
        {
            return heard;
        }

        float[] shares = heard.Values.ToArray();
        ToShares(shares);
        return new HeardItems(heard.Items, shares);
    }

    /// <summary>The most alike listeners, best first; 0 where nobody is alike.</summary>
    private int Nearest(Query query, Span<int> neighbors, Span<float> similarity)
    {
        (ReadOnlySpan<int> heard, ReadOnlySpan<float> values) = Heard(query);
        float[] rented = ArrayPool<float>.Shared.Rent(_listeners.Rows);
        Span<float> sums = rented.AsSpan(0, _listeners.Rows);
        sums.Clear();
        for (int n = 0; n < heard.Length; n++)
        {
            RowSimilarity.AddRow(_byItem, heard[n], values[n], sums);
        }

        // 0 / 0 is NaN and never chosen: listeners without history, and everybody for a query without one.
        float norm = (float)Norm(values);
        for (int v = 0; v < sums.Length; v++)
        {
            sums[v] /= norm * _norms[v];
        }

        if (!query.IsFoldIn)
        {
            sums[query.UserIndex] = float.NaN;
        }

        int count = TopK.Select(sums, neighbors, similarity);
        ArrayPool<float>.Shared.Return(rented);
        return count > 0 && similarity[0] > 0 ? count : 0;
    }

    private void Start(Span<float> scores, int neighborCount)
    {
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = neighborCount == 0 || _byItem.RowLength(i) == 0 ? float.NaN : 0;
        }
    }

    private void Add(int neighbor, float similarity, Span<float> scores) =>
        RowSimilarity.AddRow(_listeners, neighbor, _options.NeighborWeight == NeighborWeight.Uniform ? 1 : similarity, scores);
}
