using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="VectorSessionKnn"/>.</summary>
public sealed record VectorSessionKnnOptions : SessionNeighborOptions
{
    /// <summary>Its own numbers of neighbours.</summary>
    public VectorSessionKnnOptions() => (Neighbors, SampleSize) = (100, 1000);

    /// <summary>How an item of the current session counts by its position p of n.</summary>
    [Description("how an item of the current session counts by its position")]
    public PlayWeighting Weighting { get; init; } = PlayWeighting.Quadratic;

    /// <summary>How a neighbour counts by how many plays back, from 1, its latest shared item lies.</summary>
    [Description("how a neighbour counts by how many plays back its latest shared item lies")]
    public PlayWeighting ScoreWeighting { get; init; } = PlayWeighting.Divide;

    /// <summary>How much more the rarest item counts than the most common one; 0: all alike.</summary>
    [Range(0.0, 1e6)]
    [Description("how much more the rarest item counts than the most common one; 0: all alike")]
    public double RareWeight { get; init; }
}

/// <summary>Session neighbours in which later plays of the current session count for more, both in finding neighbours and in asking them.</summary>
/// <remarks>
/// <para>
/// score(j) = Σ_{n ∈ N(s)} sim(s, n) · d(step(s, n)) · (1 + r · idf(j)) · 1[j ∈ n]; sim(s, n) = Σ_{i ∈ s ∩ n} w(p_i) / |s| with w(p) = (p / l)² of l plays
/// (<see cref="PlayWeighting.Quadratic"/>; an item's last position counts), step = 1 where n shares the last item of s, 2 the one before, …, d(step) = 1 / step,
/// idf = ln(sessions / sessions with j) scaled to 0 … 1. N(s) as of <see cref="SessionKnn"/>.
/// </para>
/// <para>
/// What no neighbour holds scores NaN. Fit O(plays), score O(Σ sessions of the session's items + Σ items of the neighbours). Source: Ludewig and Jannach, UMUAI
/// 2018, section 3.4; the weights as in session-rec.
/// </para>
/// </remarks>
public sealed class VectorSessionKnn(VectorSessionKnnOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => SessionNeighborRecommender.Fit("vsknn", options, Rules(), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => SessionNeighborRecommender.Load(options, Rules(), artifact, train);

    private NeighborRules Rules() => new()
    {
        PositionWeight = (after, length) => NeighborRules.Position(options.Weighting, after, length),
        IsCosine = false,
        SharedWeight = step => NeighborRules.Decay(options.ScoreWeighting, step),
        RareWeight = options.RareWeight,
    };
}
