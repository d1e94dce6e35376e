using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="Stan"/>.</summary>
public sealed record StanOptions : SessionNeighborOptions
{
    /// <summary>Its own numbers of neighbours.</summary>
    public StanOptions() => (Neighbors, SampleSize) = (500, 2500);

    /// <summary>Plays before the last after which an item of the current session counts 1/e (λ₁).</summary>
    [Range(1e-9, 1e9)]
    [Description("plays before the last after which an item of the current session counts 1/e")]
    public double PositionLife { get; init; } = 1;

    /// <summary>Age after which a neighbour counts 1/e (λ₂): days, or thousands of sessions where the data has no times; 0 for no decay.</summary>
    [Range(0.0, 1e9)]
    [Description("age after which a neighbour counts 1/e: days, or thousands of sessions where the data has no times; 0 for no decay")]
    public double SessionLife { get; init; } = 100;

    /// <summary>Plays from the latest shared item after which an item of a neighbour counts 1/e (λ₃); 0 for no decay.</summary>
    [Range(0.0, 1e9)]
    [Description("plays from the latest shared item after which an item of a neighbour counts 1/e; 0 for no decay")]
    public double DistanceLife { get; init; } = 20;
}

/// <summary>Session neighbours with three decays: position in the current session, age of the neighbour, distance inside the neighbour.</summary>
/// <remarks>
/// <para>
/// score(j) = Σ_{n ∈ N(s)} sim(s, n) · exp(−age(n) / λ₂) · exp(−|pos_n(j) − pos_n(i*)| / λ₃) · 1[j ∈ n]; sim(s, n) = Σ_{i ∈ s ∩ n} w_i / √(Σ_{i ∈ s} w_i² · |n|)
/// with w_i = exp(−(plays after i) / λ₁), i* the latest item of s that n holds. An item repeated in a session has its last position. N(s) as of
/// <see cref="SessionKnn"/>, by sim with its decay. Items no session holds take no position, so the last one that says something has weight 1.
/// </para>
/// <para>
/// What no neighbour holds scores NaN. Fit O(plays), score O(Σ sessions of the session's items + Σ items of the neighbours). Source: Garg et al., SIGIR
/// 2019, eqs. 2–5; the cosine of the weighted vector as in session-rec, which changes no order within a query.
/// </para>
/// </remarks>
public sealed class Stan(StanOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => SessionNeighborRecommender.Fit("stan", options, Rules(), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => SessionNeighborRecommender.Load(options, Rules(), artifact, train);

    private NeighborRules Rules() => new()
    {
        PositionWeight = (after, _) => Math.Exp(-after / options.PositionLife),
        IsCosine = true,
        SessionLife = options.SessionLife,
        DistanceLife = options.DistanceLife,
    };
}
