using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="SessionKnn"/>.</summary>
public sealed record SessionKnnOptions : SessionNeighborOptions
{
    /// <summary>Its own numbers of neighbours.</summary>
    public SessionKnnOptions() => (Neighbors, SampleSize) = (100, 500);
}

/// <summary>Session neighbours: an item scores the cosines of the most alike sessions that hold it.</summary>
/// <remarks>
/// <para>
/// score(j) = Σ_{n ∈ N(s)} |s ∩ n| / √(|s| · |n|) · 1[j ∈ n], sessions as sets of items, N(s) the <see cref="SessionNeighborOptions.Neighbors"/> most alike of
/// the <see cref="SessionNeighborOptions.SampleSize"/> most recent sessions that share an item with s; of equally alike ones the later. The session of a history is
/// what follows its last pause; a listener the model knows is asked about by its last session, which is then no neighbour of itself.
/// </para>
/// <para>
/// What no neighbour holds scores NaN. Fit O(plays), score O(Σ sessions of the session's items + Σ items of the neighbours). Source: Jannach and Ludewig,
/// RecSys 2017, section 3.2; Ludewig and Jannach, UMUAI 2018.
/// </para>
/// </remarks>
public sealed class SessionKnn(SessionKnnOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => SessionNeighborRecommender.Fit("sknn", options, Rules(), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => SessionNeighborRecommender.Load(options, Rules(), artifact, train);

    private NeighborRules Rules() => new()
    {
        PositionWeight = static (_, _) => 1,
        IsCosine = true,
    };
}
