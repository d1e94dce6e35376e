using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.SessionBased;

/// <summary>Options of <see cref="Slist"/>.</summary>
public sealed record SlistOptions : SessionLinearOptions
{
    /// <summary>Share of the loss of what is heard together in a session (SLIS), against that of what follows what (SLIT).</summary>
    [Range(0.0, 1.0)]
    [Description("share of the loss of what is heard together in a session (slis), against that of what follows what (slit)")]
    public double TogetherShare { get; init; } = 0.8;
}

/// <summary>A linear model of sessions in closed form: item-to-item weights that explain sessions as sets and as sequences at once.</summary>
/// <remarks>
/// <para>
/// B minimises α ‖W^½ (X̄ − XB)‖² + (1 − α) ‖W^½ (Y − ZB)‖² + λ‖B‖², so B = (G + λI)⁻¹ K with G = α XᵀWX + (1 − α) ZᵀWZ, K = α XᵀWX̄ + (1 − α) ZᵀWY. A row
/// of X̄ is a session of ones, of X the same divided by its items; a row of Z is the last item before a cut (<see cref="TransitionInput.Last"/>) or all items
/// before it with weights e^(−distance / target_life) that add up to 1, of Y the items after it with weights e^(−distance / target_life), 1 for the next.
/// W = e^(−age / session_life). score(j) = Σ_i e^(−plays after i / position_life) B_ij over the current session.
/// </para>
/// <para>
/// The matrices are sparse and stay so: every row of B is solved for alone, to <see cref="SessionLinearOptions.Tolerance"/>, and only its largest entries are kept. So 60,000 items need some
/// hundred MB where the dense inverse takes 15 GB. Time O(Σ session items² + items · pairs touched), memory 24 bytes a pair of a session + 8 · items · neighbors bytes.
/// Items no kept weight leads to score NaN. Source: Choi et al., "Session-aware linear item-item models for session-based recommendation", WWW 2021, eqs. 8,
/// 12 and 14, with the normalisation of the authors' code.
/// </para>
/// </remarks>
public sealed class Slist(SlistOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'slist'");
        var sessions = SessionTable.Of(train, options.GapMinutes);
        var problem = new SessionLeastSquares(options, options.TogetherShare);
        return new SessionWeightsRecommender(train.Items, sessions, problem.Weights(sessions, train.Items.Count, context, "slist"), options.PositionLife);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return SessionWeightsRecommender.Load(artifact, train, options.GapMinutes, options.PositionLife);
    }
}
