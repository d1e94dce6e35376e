using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Baselines;

/// <summary>Popularity has no options.</summary>
public sealed record PopularityOptions : ModelOptions;

/// <summary>Scores an item by its number of distinct listeners in the training data, the same for every query. O(interactions).</summary>
public sealed class Popularity(PopularityOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        context.Report("popularity", 0, 1);
        CsrMatrix matrix = UserItemMatrix.Binary(train);
        var listeners = new float[train.Items.Count];
        foreach (int item in matrix.ColumnIndex)
        {
            listeners[item]++;
        }

        return new PopularityRecommender(train.Items, train.Users.Count, listeners);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        float[] listeners = artifact.Floats("listeners");
        return listeners.Length == train.Items.Count
            ? new PopularityRecommender(train.Items, train.Users.Count, listeners)
            : throw new DatasetException(
                $"the model knows {listeners.Length} items and the dataset has {train.Items.Count}; give the dataset it was trained on");
    }
}

internal sealed class PopularityRecommender(Vocabulary items, int userCount, float[] listeners) : IRecommender, IExplains
{
    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, userCount, items.Count);
        listeners.CopyTo(scores);
    }

    public void Save(ArtifactWriter artifact) => artifact.Add("listeners", listeners);

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        return count > 0 ? [new Reason(-1, listeners[itemIndex], "popular")] : [];
    }
}
