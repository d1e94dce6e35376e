using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Factorization;

/// <summary>Options of <see cref="Ials"/>.</summary>
public sealed record IalsOptions : ModelOptions
{
    /// <summary>Length of every listener's and item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every listener's and item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>α₀: weight of the squared score of every pair, observed or not.</summary>
    [Range(1e-6, 1e3)]
    [Description("weight of the squared score of every pair, observed or not")]
    public double UnobservedWeight { get; init; } = 0.05;

    /// <summary>λ: L2 strength before it is scaled by the row's frequency.</summary>
    [Range(1e-9, 1e6)]
    [Description("L2 strength before it is scaled by the frequency of the row")]
    public double Regularization { get; init; } = 0.005;

    /// <summary>ν: a row with n pairs, of N possible, has the strength λ (n + α₀ N)^ν.</summary>
    [Range(0.0, 2.0)]
    [Description("exponent of the frequency scaling: 0 treats all rows alike, 1 in proportion to their pairs")]
    public double RegularizationExponent { get; init; } = 1;

    /// <summary>Passes over both sides.</summary>
    [Range(1, 10_000)]
    [Description("passes over both sides")]
    public int Epochs { get; init; } = 16;

    /// <summary>What an observed pair counts.</summary>
    [Description("weight of an observed pair: binary (1), raw (the weight) or log (log2 of 1 + the weight)")]
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

    /// <summary>σ: the first factors are N(0, σ²/d).</summary>
    [Range(1e-6, 10.0)]
    [Description("standard deviation of the first vectors' length: entries are N(0, deviation^2 / embedding_size)")]
    public double InitialDeviation { get; init; } = 0.1;
}

/// <summary>
/// Implicit alternating least squares as it performs best: an unobserved weight, and regularization scaled by how often a row occurs.
/// </summary>
/// <remarks>
/// Rendle, Krichene, Zhang and Koren, "Revisiting the Performance of iALS on Item Recommendation Benchmarks", RecSys 2022; minimises
/// Σ_S a (y − x_u·y_i)² + α₀ Σ_all (x_u·y_i)² + Σ λ_u‖x_u‖² + Σ λ_i‖y_i‖² with y = 1, λ_u = λ (|I_u| + α₀ |I|)^ν, λ_i = λ (|U_i| + α₀ |U|)^ν.
/// Block solver: Rendle, Krichene, Zhang and Koren, "iALS++: Speeding up Matrix Factorization with Subspace Optimization", 2021.
/// Time a pass, d factors, N pairs: exact O(N d min(d, n) + …) with n pairs in a row, conjugate gradients O(steps · N d), block O(N d · block).
/// Memory 8 (users + items) d bytes and 40 bytes a pair. The result does not depend on the number of threads.
/// Unknown listeners are folded in by their own least-squares problem with the items fixed, exactly, whatever the solver.
/// </remarks>
public sealed class Ials(IalsOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    private LeastSquaresSettings Settings => new()
    {
        Model = "ials",
        EmbeddingSize = options.EmbeddingSize,
        Epochs = options.Epochs,
        Solver = options.Solver,
        Steps = options.Steps,
        BlockSize = (options.BlockSize + 15) & ~15,
        Weighting = options.Weighting,
        PositiveWeight = 1,
        UnobservedWeight = options.UnobservedWeight,
        TargetOffset = 0,
        InitialDeviation = options.InitialDeviation / Math.Sqrt(options.EmbeddingSize),
        Regularization = (count, others) =>
            options.Regularization * Math.Pow(count + (options.UnobservedWeight * others), options.RegularizationExponent),
    };

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'ials'");
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
