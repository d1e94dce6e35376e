using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Neighbors;

/// <summary>How <see cref="ItemKnn"/> compares two items.</summary>
public enum ItemSimilarityKind
{
    /// <summary>Cosine of the items' listener vectors.</summary>
    Cosine,

    /// <summary>Cosine after weighting every listener by ln((1 + items) / (1 + the listener's items)) + 1, scaled to a mean square of 1.</summary>
    TfIdf,

    /// <summary>Product of BM25 weights, an item being a document and its listeners the terms.</summary>
    Bm25,
}

/// <summary>Options of <see cref="ItemKnn"/>.</summary>
public sealed record ItemKnnOptions : ModelOptions
{
    /// <summary>How two items are compared.</summary>
    [Description("how two items are compared")]
    public ItemSimilarityKind Similarity { get; init; } = ItemSimilarityKind.Cosine;

    /// <summary>Most alike items kept for every item.</summary>
    [Range(1, 1_000_000)]
    [Description("most alike items kept for every item")]
    public int Neighbors { get; init; } = 100;

    /// <summary>Added to the product of the norms, in listeners, so that items with few shared listeners are less alike; bm25 has no norms.</summary>
    [Range(0.0, 1e9)]
    [Description("cosine, tf_idf: added to the product of the norms, in listeners, so that items with few shared listeners are less alike")]
    public double Shrinkage { get; init; } = 10;

    /// <summary>Count plays instead of listeners.</summary>
    [Description("count plays instead of distinct items")]
    public bool Weighted { get; init; }

    /// <summary>Days before a listener's latest play after which a play counts half; 0 for no decay.</summary>
    [Range(0.0, 1e6)]
    [Description("days before a listener's latest play after which a play counts half; 0 for no decay")]
    public double HalfLifeDays { get; init; }

    /// <summary>BM25's k₁: how soon more plays by one listener stop counting.</summary>
    [Range(0.0, 1e6)]
    [Description("bm25: how soon more plays by one listener stop counting (k1)")]
    public double Bm25Saturation { get; init; } = 1.2;

    /// <summary>BM25's b: how far popular items are held back, 0 … 1.</summary>
    /// <remarks>Text search uses 0.75; listeners an item vary far more than words a text.</remarks>
    [Range(0.0, 1.0)]
    [Description("bm25: how far popular items are held back (b)")]
    public double Bm25LengthNormalization { get; init; } = 0.25;
}

/// <summary>
/// Item-based nearest neighbours: an item scores the sum of its similarities to the listener's items, as far as those are among its
/// most alike items.
/// </summary>
/// <remarks>
/// <para>
/// score(u, i) = Σ_{j ∈ top(i)} s_ij · x_uj with x_uj = 1, plays, or either faded by the time since. s_ij = x_i·x_j / (‖x_i‖ ‖x_j‖ + shrinkage)
/// over (weighted) listener vectors, or x_i·x_j for BM25, where x_iu = idf_u · w (k₁ + 1) / (w + k₁ (1 − b + b · length_i / mean length)) and
/// idf_u = ln(1 + (n − n_u + ½) / (n_u + ½)), n items, n_u of them the listener's. Time decay changes the listener's vector only.
/// </para>
/// <para>
/// Every item keeps its own neighbours, rather than every heard item its own: on playlists of 10 and more tracks (validation, seed 42) that
/// gives Recall@10 .194 against .186. Items without a neighbour score NaN; items whose neighbours the listener never heard score 0.
/// Fit O(Σ over users of items²), score O(the listener's items · neighbours), 8 bytes a neighbour. Sources: Sarwar et al., WWW 2001;
/// Deshpande and Karypis, TOIS 2004; Robertson and Zaragoza, "The probabilistic relevance framework", FnTIR 2009 (BM25); Ploshkin et al., "Yambda-5B", RecSys 2025 (decay).
/// </para>
/// </remarks>
public sealed class ItemKnn(ItemKnnOptions options) : IModel
{
    private const string Owner = "model 'item-knn'";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, Owner);
        bool isBm25 = options.Similarity == ItemSimilarityKind.Bm25;
        if (options.HalfLifeDays > 0 && !train.HasTime)
        {
            throw new DatasetException(
                $"{Owner} with half_life_days needs times and dataset '{train.Name}' has none; set half_life_days=0 or import the data with times");
        }

        context.Report("item similarity", 0, train.Items.Count);
        CsrMatrix byItem = Weigh((options.Weighted ? UserItemMatrix.Sum(train) : UserItemMatrix.Binary(train)).Transpose());
        CsrMatrix neighbors = RowSimilarity.TopRows(
            byItem,
            byItem.Transpose(),
            isBm25 ? default(ReadOnlyMemory<float>) : RowSimilarity.Norms(byItem),
            options.Shrinkage,
            options.Neighbors,
            context.Threads,
            done => context.Progress?.Report(new FitProgress("item similarity", done, train.Items.Count)),
            context.Cancellation);
        return new ItemKnnRecommender(train.Items, Vector, Vector.OfAll(train), neighbors);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        CsrMatrix neighbors = artifact.Sparse("neighbors"), listeners = artifact.Sparse("listeners");
        int users = train.Users.Count, items = train.Items.Count;
        return neighbors.Rows == items && neighbors.Columns == items && listeners.Rows == users && listeners.Columns == items
            ? new ItemKnnRecommender(train.Items, Vector, listeners, neighbors)
            : throw new DatasetException(
                $"the model knows {listeners.Rows} users and {neighbors.Rows} items, the dataset has {users} and {items}; "
                + "give the dataset it was trained on");
    }

    private ListenerVector Vector => new(options.Weighted, options.HalfLifeDays);

    /// <summary>Items × users with the weights of the chosen similarity.</summary>
    private CsrMatrix Weigh(CsrMatrix byItem)
    {
        if (options.Similarity == ItemSimilarityKind.Cosine)
        {
            return byItem;
        }

        bool isBm25 = options.Similarity == ItemSimilarityKind.Bm25;
        var itemsOfUser = new int[byItem.Columns];
        foreach (int user in byItem.ColumnIndex)
        {
            itemsOfUser[user]++;
        }

        double n = byItem.Rows;
        double[] idf = Array.ConvertAll(itemsOfUser, own => isBm25
            ? Math.Log(1 + ((n - own + 0.5) / (own + 0.5)))
            : Math.Log((1 + n) / (1 + own)) + 1);
        var length = new double[byItem.Rows];
        for (int i = 0; i < byItem.Rows; i++)
        {
            foreach (float value in byItem.RowValues(i))
            {
                length[i] += value;
            }
        }

        if (!isBm25)
        {
            // A common factor does not change a cosine; this one keeps the shrinkage in listeners.
            double squares = 0;
            foreach (int user in byItem.ColumnIndex)
            {
                squares += idf[user] * idf[user];
            }

            double scale = 1 / Math.Sqrt(squares / Math.Max(1, byItem.Count));
            idf = Array.ConvertAll(idf, value => value * scale);
        }

        double mean = length.Sum() / Math.Max(1, length.Count(l => l > 0));
        double k1 = options.Bm25Saturation, b = options.Bm25LengthNormalization;
        var values = new float[byItem.Count];
        for (int i = 0; i < byItem.Rows; i++)
        {
            double norm = isBm25 ? k1 * (1 - b + (b * length[i] / mean)) : 0;
            for (int at = byItem.RowStart[i]; at < byItem.RowStart[i + 1]; at++)
            {
                double value = byItem.Values[at];
                values[at] = (float)(idf[byItem.ColumnIndex[at]] * (isBm25 ? value * (k1 + 1) / (value + norm) : value));
            }
        }

        return byItem.WithValues(values);
    }
}

internal sealed class ItemKnnRecommender(Vocabulary items, ListenerVector vector, CsrMatrix listeners, CsrMatrix neighbors)
    : IExplains, IItemSimilarity
{
    // Row j: the items that have j among their neighbours, so that a listener's few items reach all scores.
    private readonly CsrMatrix _reached = neighbors.Transpose();

    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, listeners.Rows, items.Count);
        (ReadOnlySpan<int> heard, ReadOnlySpan<float> values) = vector.Of(query, listeners);
        scores.Clear();
        bool reachesAny = false;
        for (int n = 0; n < heard.Length; n++)
        {
            reachesAny |= _reached.RowLength(heard[n]) > 0;
            RowSimilarity.AddRow(_reached, heard[n], values[n], scores);
        }

        if (!reachesAny)
        {
            scores.Fill(float.NaN);
            return;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            if (neighbors.RowLength(i) == 0)
            {
                scores[i] = float.NaN;
            }
        }
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, listeners.Rows, items.Count);
        (ReadOnlySpan<int> heard, ReadOnlySpan<float> values) = vector.Of(query, listeners);
        var reasons = new List<Reason>();
        for (int n = 0; n < heard.Length; n++)
        {
            float similarity = neighbors[itemIndex, heard[n]];
            if (similarity > 0 && values[n] > 0)
            {
                reasons.Add(new Reason(heard[n], (double)similarity * values[n], "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    /// <summary>NaN beyond the item's kept neighbours.</summary>
    public void Similarity(int itemIndex, Span<float> scores)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(scores, items);
        scores.Fill(float.NaN);
        ReadOnlySpan<int> columns = neighbors.RowColumns(itemIndex);
        for (int n = 0; n < columns.Length; n++)
        {
            scores[columns[n]] = neighbors.RowValues(itemIndex)[n];
        }
    }

    public void Save(ArtifactWriter artifact)
    {
        artifact.Add("neighbors", neighbors);
        artifact.Add("listeners", listeners);
    }
}
