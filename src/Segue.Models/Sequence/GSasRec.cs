using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Losses;
using Segue.Numerics;

namespace Segue.Models.Sequence;

/// <summary>Which plays of a training step are told apart from the same drawn items.</summary>
public enum NegativeGroup
{
    /// <summary>Those of a sequence.</summary>
    Sequence,

    /// <summary>All of them.</summary>
    Step,
}

/// <summary>Options of <see cref="GSasRec"/>.</summary>
public sealed record GSasRecOptions : SelfAttentionOptions
{
    /// <summary>Items drawn for every <see cref="NegativesFor"/>.</summary>
    [Range(1, 1_000_000)]
    [Description("items drawn for every sequence of a step, or for the step; all its plays are told apart from them; 1 is drawn for every play")]
    public int NegativeCount { get; init; } = 256;

    /// <summary>What shares drawn items: one draw a step costs little where sequences are short, so that there can be more of them.</summary>
    [Description("what shares drawn items; step is faster where sequences are short, and leaves room for more of them")]
    public NegativeGroup NegativesFor { get; init; } = NegativeGroup.Sequence;

    /// <summary>t of the loss.</summary>
    [Range(0.0, 1.0)]
    [Description("t: 0 is binary cross-entropy, 1 takes back all the overconfidence that comes of drawing few negatives")]
    public double Calibration { get; init; } = 0.75;

    /// <summary>One vector an item, to be read and to be predicted.</summary>
    [Description("one vector an item, to be read and to be predicted, instead of two")]
    public bool SharedVectors { get; init; }
}

/// <summary><see cref="SasRec"/> trained against many negatives, with a loss that does not become overconfident by it.</summary>
/// <remarks>
/// The network of <see cref="SasRec"/>. Loss of a play: −(β ln σ(s(next)) + Σ ln(1 − σ(s(other)))) / (k + 1) over k others, β = r (t (1 − 1/r) + 1/r), r = k / (items − 1): generalised
/// binary cross-entropy. Petrov and Macdonald, "gSASRec: Reducing overconfidence in sequential recommendation trained with negative sampling", RecSys 2023, with their 256 negatives
/// and t = .75. One thing differs: the plays of a sequence, or of a step, share their negatives, so that their scores are one product of matrices.
/// </remarks>
public sealed class GSasRec(GSasRecOptions options) : IKeepsCheckpoints
{
    private const string Name = "gsasrec";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        return SelfAttention.Fit(
            Name, options, options.NegativeCount, options.NegativesFor, options.SharedVectors, items => CandidateLosses.PositiveWeight(options.NegativeCount, items, options.Calibration), train, context);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return SelfAttention.Load(Name, options, artifact, train);
    }
}
