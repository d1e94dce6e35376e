using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Factorization;

/// <summary>Options of <see cref="Als"/>.</summary>
public sealed record AlsOptions : ModelOptions
{
    /// <summary>Length of every listener's and item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every listener's and item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>α: the confidence in an observed pair with r interactions is 1 + α r.</summary>
    [Range(1e-6, 1e6)]
    [Description("confidence in an observed pair of r interactions is 1 + positive_weight * r")]
    public double PositiveWeight { get; init; } = 40;

    /// <summary>L2 strength on every vector.</summary>
    [Range(1e-6, 1e9)]
    [Description("L2 strength on every vector")]
    public double Regularization { get; init; } = 30;

    /// <summary>Passes over both sides.</summary>
    [Range(1, 10_000)]
    [Description("passes over both sides")]
    public int Epochs { get; init; } = 15;

    /// <summary>What r is made from.</summary>
    [Description("what r is: binary (1), raw (the weight) or log (log2 of 1 + the weight)")]
    public InteractionWeighting Weighting { get; init; } = InteractionWeighting.Binary;

    /// <summary>How a row is solved.</summary>
    [Description("how a row is solved: exact (Cholesky), conjugate_gradient (a few warm-started steps) or block (Newton steps on blocks)")]
    public LeastSquaresSolver Solver { get; init; } = LeastSquaresSolver.ConjugateGradient;

    /// <summary>Steps a row and pass of the conjugate-gradient solver.</summary>
    [Range(1, 1000)]
    [Description("conjugate-gradient steps a row and pass")]
    public int Steps { get; init; } = 3;

    /// <summary>Coordinates a block of the block solver, rounded up to a multiple of 16.</summary>
    [Range(1, 4096)]
    [Description("coordinates a block of the block solver, rounded up to a multiple of 16")]
    public int BlockSize { get; init; } = 32;
}

/// <summary>
/// Weighted matrix factorization of implicit feedback: every pair has the target 1 (observed) or 0, and the confidence c = 1 + α r.
/// </summary>
/// <remarks>
/// Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, eq. 3 to 5; minimises
/// Σ c_ui (p_ui − x_u·y_i)² + λ (Σ‖x_u‖² + Σ‖y_i‖²) by alternating least squares. The paper's λ; the first factors are N(0, 0.1²/d).
/// Time a pass, d factors, N pairs: exact O(N d min(d, n) + …) with n pairs in a row, conjugate gradients O(steps · N d), block O(N d · block).
/// Memory 8 (users + items) d bytes and 40 bytes a pair. The result does not depend on the number of threads.
/// Unknown listeners are folded in by their own least-squares problem with the items fixed, exactly, whatever the solver.
/// </remarks>
public sealed class Als(AlsOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    private LeastSquaresSettings Settings => new()
    {
        Model = "als",
        EmbeddingSize = options.EmbeddingSize,
        Epochs = options.Epochs,
        Solver = options.Solver,
        Steps = options.Steps,
        BlockSize = (options.BlockSize + 15) & ~15,
        Weighting = options.Weighting,
        PositiveWeight = options.PositiveWeight,
        UnobservedWeight = 1,
        TargetOffset = 1,
        InitialDeviation = 0.1 / Math.Sqrt(options.EmbeddingSize),
        Regularization = (_, _) => options.Regularization,
    };

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'als'");
        return AlternatingLeastSquares.Fit(train, context, Settings);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return LeastSquaresRecommender.Load(artifact, train, Settings);
    }
}
