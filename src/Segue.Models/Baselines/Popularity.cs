using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
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
        CsrMatrix matrix = UserItemMatrix.Binary(train);
        var listeners = new float[train.Items.Count];
        foreach (int item in matrix.ColumnIndex)
        {
            listeners[item]++;
        }

        return new PopularityRecommender(train.Items, listeners);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return new PopularityRecommender(train.Items, artifact.Floats("listeners"));
    }
}

internal sealed class PopularityRecommender(Vocabulary items, float[] listeners) : IRecommender, IExplains
{
    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        listeners.CopyTo(scores);
    }

    public void Save(ArtifactWriter artifact) => artifact.Add("listeners", listeners);

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count) =>
        count > 0 ? [new Reason(-1, listeners[itemIndex], "popular")] : [];
}
