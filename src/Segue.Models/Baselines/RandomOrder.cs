using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Models.Baselines;

/// <summary>A random order has no options; its seed is that of the run.</summary>
public sealed record RandomOrderOptions : ModelOptions;

/// <summary>
/// Scores every item with a uniform number in [0, 1) that depends on the seed and the query only: the floor of every comparison.
/// </summary>
/// <remarks>A listener without history gets such an order too. O(items) a query.</remarks>
public sealed class RandomOrder(RandomOrderOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        context.Report("random", 0, 1);
        CancellationScope.Check();
        return new RandomOrderRecommender(train.Items, train.Users.Count, context.Seed);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        if (artifact.Longs("random") is not [long seed, long users, long items] || users != train.Users.Count || items != train.Items.Count)
        {
            throw new DatasetException(
                $"the model was not trained on this dataset of {train.Users.Count} users and {train.Items.Count} items; "
                + "give the one it was trained on");
        }

        return new RandomOrderRecommender(train.Items, train.Users.Count, (ulong)seed);
    }
}

internal sealed class RandomOrderRecommender(Vocabulary items, int userCount, ulong seed) : IRecommender
{
    public Vocabulary Items => items;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, userCount, items.Count);

        // A known user keeps one order; a history is mixed into the seed item by item, so equal histories get equal answers.
        ulong state = seed;
        foreach (int item in query.History.Span)
        {
            state = (state ^ (uint)item) * 0x9E3779B97F4A7C15UL;
        }

        var rng = new Rng(state, query.IsFoldIn ? "random/history" : FormattableString.Invariant($"random/user {query.UserIndex}"));
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = rng.NextSingle();
        }
    }

    public void Save(ArtifactWriter artifact) => artifact.Add("random", [(long)seed, userCount, items.Count]);
}
