using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="SessionKnn"/>.</summary>
public sealed record SessionKnnOptions : ModelOptions
{
    /// <summary>Most alike sessions asked for a score.</summary>
    [Range(1, 100_000_000)]
    [Description("most alike sessions asked for a score")]
    public int Neighbors { get; init; } = 100;

    /// <summary>Sessions that share an item and may be neighbours: so many, the most recent.</summary>
    [Range(1, 100_000_000)]
    [Description("so many of the sessions that share an item, the most recent, may be neighbours")]
    public int SampleSize { get; init; } = 500;

    /// <summary>Minutes of pause that end a session, where the data has times.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes of pause that end a session, where the data has times")]
    public double GapMinutes { get; init; } = Sessions.DefaultGapMinutes;
}

/// <summary>Session neighbours: an item scores the cosines of the most alike sessions that hold it.</summary>
/// <remarks>
/// <para>
/// score(j) = Σ_{n ∈ N(s)} |s ∩ n| / √(|s| · |n|) · 1[j ∈ n], sessions as sets of items, N(s) the <see cref="SessionKnnOptions.Neighbors"/> most alike of
/// the <see cref="SessionKnnOptions.SampleSize"/> most recent sessions that share an item with s; of equally alike ones the later. The session of a history is
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
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        OptionsText.Validate(options, "model 'sknn'");
        context.Report("sessions", 0, 1);
        return new SessionNeighborRecommender(train.Items, SessionTable.Of(train, options.GapMinutes), Rules());
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return new SessionNeighborRecommender(train.Items, SessionTable.Load(artifact, train, options.GapMinutes), Rules());
    }

    private NeighborRules Rules() => new()
    {
        Neighbors = options.Neighbors,
        SampleSize = options.SampleSize,
        PositionWeight = static (_, _) => 1,
        IsCosine = true,
    };
}
