using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Baselines;

/// <summary>The degree product has no options.</summary>
public sealed record DegreeProductOptions : ModelOptions;

/// <summary>
/// Scores an item by its number of listeners times the listener's number of items: what popularity alone says of an edge. Ranks like <see cref="Popularity"/>; only questions across listeners
/// (<c>link-accuracy</c>, <c>link-auc</c>) tell the two apart.
/// </summary>
/// <remarks>
/// A history counts its distinct items; listeners without items score NaN. O(interactions). Source: "preferential attachment" in Liben-Nowell and Kleinberg, "The link-prediction problem for social networks",
/// JASIST 2007.
/// </remarks>
public sealed class DegreeProduct(DegreeProductOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        context.Report("degrees", 0, 1);
        CsrMatrix matrix = UserItemMatrix.Binary(train);
        float[] listeners = new float[matrix.Columns], items = new float[matrix.Rows];
        foreach (int item in matrix.ColumnIndex)
        {
            listeners[item]++;
        }

        for (int u = 0; u < items.Length; u++)
        {
            items[u] = matrix.RowLength(u);
        }

        return new DegreeProductRecommender(train.Items, listeners, items);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        float[] listeners = artifact.Floats("listeners"), items = artifact.Floats("items");
        return listeners.Length == train.Items.Count && items.Length == train.Users.Count
            ? new DegreeProductRecommender(train.Items, listeners, items)
            : throw new DatasetException(
                $"the model knows {items.Length} users and {listeners.Length} items, the dataset has {train.Users.Count} and {train.Items.Count}; give the dataset it was trained on");
    }
}

internal sealed class DegreeProductRecommender(Vocabulary items, float[] listeners, float[] itemsOf) : IRecommender
{
    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, itemsOf.Length, items.Count);
        float own = query.IsFoldIn ? new HashSet<int>(query.History.ToArray()).Count : itemsOf[query.UserIndex];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = own > 0 ? own * listeners[i] : float.NaN;
        }
    }

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("listeners", listeners);
        artifact.Add("items", itemsOf);
    }
}
