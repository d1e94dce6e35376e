using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Sequence;

/// <summary>Options of <see cref="SasRec"/>.</summary>
public sealed record SasRecOptions : SelfAttentionOptions;

/// <summary>Predicts the next play by self-attention over those before, trained to tell it from one random item.</summary>
/// <remarks>
/// <para>
/// x_t = √d e_{i_t} + p_t, p by the distance to the last play read; blocks x ← x + attention(norm x), x ← x + W₂ relu(W₁ norm x + b₁) + b₂ in which a play sees itself and those before;
/// h = norm x; s(j) = h·e_j with the vectors that are read. Loss of a play: −½ (ln σ(s(next)) + ln(1 − σ(s(other)))), the other drawn from all items; where it is the next one, it counts
/// nothing. Adam with β₂ = .98.
/// </para>
/// <para>
/// Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018. Two things differ from there: the norms stand before attention and network for all of their inputs, and
/// long sequences are cut into chunks instead of keeping the end only, because listeners have thousands of plays. An item that was heard may be drawn, because listeners replay.
/// Time O(epochs · plays · (d² + length · d)); memory 4 · length · plays of a step · heads · blocks bytes for attentions.
/// </para>
/// </remarks>
public sealed class SasRec(SasRecOptions options) : IKeepsCheckpoints
{
    private const string Name = "sasrec";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        return SelfAttention.Fit(Name, options, 1, NegativeGroup.Sequence, isShared: true, static _ => 1, train, context);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return SelfAttention.Load(Name, options, artifact, train);
    }
}
