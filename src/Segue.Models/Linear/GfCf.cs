using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Linear;

/// <summary>Options of <see cref="GfCf"/>.</summary>
public sealed record GfCfOptions : ModelOptions
{
    /// <summary>Singular vectors of the low-pass filter.</summary>
    [Range(1, 10_000)]
    [Description("singular vectors of the low-pass filter")]
    public int EmbeddingSize { get; init; } = 256;

    /// <summary>α, what the low-pass filter counts beside the steps over the graph; 0 leaves it out.</summary>
    [Range(0.0, 1e6)]
    [Description("what the low-pass filter counts beside one step over the graph; 0 leaves it out")]
    public double LowPassWeight { get; init; } = 0.3;

    /// <summary>Largest catalog whose filter is kept as one item × item matrix.</summary>
    [Range(0, 23_170)]
    [Description("largest catalog whose filter is kept as one item x item matrix: fast, 4 n^2 bytes; larger ones filter every query by itself")]
    public int DenseItems { get; init; } = 15_000;
}

/// <summary>A graph convolution that needs no training: one step over the listeners plus an ideal low-pass filter.</summary>
/// <remarks>
/// <para>
/// Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021: score = r (R̃ᵀR̃ + α D_i^−½ V Vᵀ D_i^½), r the listener's
/// items as 0 and 1, R̃ = D_u^−½ R D_i^−½, V the right singular vectors of R̃ with the largest values. Their defaults: 256 vectors, α = .3.
/// </para>
/// <para>
/// A listener is its history: fold-in is exact, and the score is a sum over the heard items, which are its reasons. Items without listeners
/// score NaN. Fit: one truncated decomposition (see <see cref="Numerics.Sparse.TruncatedSvd"/>); up to <see cref="GfCfOptions.DenseItems"/> items also the
/// matrix, O(Σ over users of items² + n² · size), 4n² bytes, and a score costs the heard items · n. Beyond that a score costs the listeners of the heard items times
/// their items, plus n · size; no n × n matrix is made.
/// </para>
/// </remarks>
public sealed class GfCf(GfCfOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'gf-cf'");
        return GraphFilterRecommender.Fit(train, Filter, Size, context);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return GraphFilterRecommender.Load(artifact, train, Filter, Size);
    }

    private GraphFilterSize Size => new("gf-cf", options.EmbeddingSize, options.DenseItems);

    private GraphFilter Filter => new([0, 1], [options.LowPassWeight]);
}
