using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="SequentialRules"/>.</summary>
public sealed record SequentialRulesOptions : ModelOptions
{
    /// <summary>How many plays later an item still follows another.</summary>
    [Range(1, 10_000)]
    [Description("how many plays later an item still follows another")]
    public int Steps { get; init; } = 10;

    /// <summary>How a follower counts by how many plays later it came.</summary>
    [Description("how a follower counts by how many plays later it came")]
    public PlayWeighting Weighting { get; init; } = PlayWeighting.Divide;

    /// <summary>Minutes of pause that end a session, where the data has times.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes of pause that end a session, where the data has times")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;
}

/// <summary>Rules "who plays i soon plays j": an item scores how often and how soon it followed the last one.</summary>
/// <remarks>
/// rule(i, j) = Σ over plays of i and later plays of j in one session, x ≤ <see cref="SequentialRulesOptions.Steps"/> plays apart, of w(x), 1 / x for
/// <see cref="PlayWeighting.Divide"/>; score(j) = rule(last item, j). Where nothing ever followed the last item, the latest item that something followed. Everything
/// else scores NaN. Fit O(plays · steps), score O(followers). Source: Ludewig and Jannach, UMUAI 2018, section 3.1.3; its division by the number of
/// sessions changes no order and is left out; the step back is ours.
/// </remarks>
public sealed class SequentialRules(SequentialRulesOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'sequential-rules'");
        context.Report("rules", 0, 1);
        var sessions = SessionTable.Of(train, options.GapMinutes);
        return new SessionWeightsRecommender(
            train.Items,
            sessions,
            PairSums.Of(train.Items.Count, sums =>
            {
                for (int s = 0; s < sessions.Count; s++)
                {
                    CancellationScope.CheckAt(s);
                    ReadOnlySpan<int> items = sessions.Items(s);
                    for (int p = 1; p < items.Length; p++)
                    {
                        for (int step = 1; step <= Math.Min(p, options.Steps); step++)
                        {
                            sums.Add(items[p - step], items[p], NeighborRules.Decay(options.Weighting, step));
                        }
                    }
                }
            }, context.Threads, remedy: "lower steps, or use fewer sessions"),
            positionLife: 0);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return SessionWeightsRecommender.Load(artifact, train, options.GapMinutes, positionLife: 0);
    }
}
