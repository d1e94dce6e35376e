using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Models.Linear;

/// <summary>How <see cref="Bspm"/> solves the equation of sharpening.</summary>
public enum SharpeningSolver
{
    /// <summary>Euler's method: one step over the graph a time step.</summary>
    Euler,

    /// <summary>The classical Runge–Kutta method of fourth order: four steps over the graph a time step.</summary>
    RungeKutta,
}

/// <summary>Options of <see cref="Bspm"/>; the defaults are those published for Gowalla.</summary>
public sealed record BspmOptions : ModelOptions
{
    /// <summary>Singular vectors of the low-pass filter.</summary>
    [Range(1, 10_000)]
    [Description("singular vectors of the low-pass filter")]
    public int EmbeddingSize { get; init; } = 448;

    /// <summary>β, what the low-pass filter counts beside the blurred history; 0 leaves it out.</summary>
    [Range(0.0, 1e6)]
    [Description("what the low-pass filter counts beside the blurred history; 0 leaves it out")]
    public double LowPassWeight { get; init; } = 0.2;

    /// <summary>T_b, how long the history is blurred.</summary>
    [Range(0.0, 100.0)]
    [Description("how long the history is blurred")]
    public double BlurringTime { get; init; } = 1;

    /// <summary>K_b, Euler steps of blurring.</summary>
    [Range(1, 100)]
    [Description("Euler steps of blurring")]
    public int BlurringSteps { get; init; } = 1;

    /// <summary>T_s, how long the result is sharpened; 0 for not at all.</summary>
    [Range(0.0, 100.0)]
    [Description("how long the result is sharpened; 0 for not at all")]
    public double SharpeningTime { get; init; } = 2.5;

    /// <summary>K_s, steps of sharpening.</summary>
    [Range(1, 100)]
    [Description("steps of sharpening")]
    public int SharpeningSteps { get; init; } = 1;

    /// <summary>How sharpening is solved.</summary>
    [Description("how sharpening is solved")]
    public SharpeningSolver Solver { get; init; } = SharpeningSolver.RungeKutta;

    /// <summary>Sharpen the low-pass filter too (the paper's early merge), rather than add it at the end (late merge).</summary>
    [Description("sharpen the low-pass filter too (early merge), rather than add it at the end (late merge)")]
    public bool EarlyMerge { get; init; } = true;

    /// <summary>Take the mean over all time steps of both processes instead of the last one.</summary>
    [Description("take the mean over all time steps of both processes instead of the last one")]
    public bool MeanOfSteps { get; init; }

    /// <summary>Largest catalog whose filter is kept as one item × item matrix.</summary>
    [Range(0, 23_170)]
    [Description("largest catalog whose filter is kept as one item x item matrix: fast, 4 n^2 bytes; larger ones filter every query by itself")]
    public int DenseItems { get; init; } = 15_000;
}

/// <summary>Blurs the listener's items over the graph, then sharpens what came out; nothing is trained.</summary>
/// <remarks>
/// <para>
/// Choi et al., "Blurring-Sharpening Process Models for Collaborative Filtering", SIGIR 2023: with P and L of <see cref="GfCf"/>, blurring is the heat
/// equation dy/dt = y(P − I) from y(0) = r, by Euler steps of T_b / K_b; sharpening dy/dt = −yP from y(0) = blurred + β r L (early merge), or from the
/// blurred alone and β r L added to its result (late merge). A step h of sharpening multiplies by I − hP (Euler) or I − hP + h²P²/2 − h³P³/6 + h⁴P⁴/24 (Runge–Kutta).
/// With T_b = K_b = 1 the blurred history is r P, and without sharpening the model is <c>gf-cf</c>.
/// </para>
/// <para>
/// Both equations are linear in y, so the whole is r·a(P) + r·L·b(P) with polynomials a and b, which this file multiplies out. Published: T_s = 2.5, K_s = 1,
/// Runge–Kutta, β = .2, 448 vectors (Gowalla); T_s = 1.2, K_s = 1, Euler, mean of steps, β = .3, 384 vectors (Yelp2018). Costs as <c>gf-cf</c>, with a step over
/// all interactions more for every degree beyond one: for every item at fit with the matrix, for every query without.
/// </para>
/// </remarks>
public sealed class Bspm(BspmOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'bspm'");
        return GraphFilterRecommender.Fit(train, Filter(), Size, context);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        return GraphFilterRecommender.Load(artifact, train, Filter(), Size);
    }

    private GraphFilterSize Size => new("bspm", options.EmbeddingSize, options.DenseItems);

    /// <summary>The polynomials in P of r and of r·L, by carrying both through the two processes.</summary>
    private GraphFilter Filter()
    {
        double[] ofHistory = [1], ofLowPass = options.EarlyMerge ? [options.LowPassWeight] : [];
        var historyPoints = new List<double[]>();
        var lowPassPoints = new List<double[]>();
        double h = options.BlurringTime / options.BlurringSteps;
        for (int n = 0; n < options.BlurringSteps; n++)
        {
            ofHistory = Product(ofHistory, [1 - h, h]);
            historyPoints.Add(ofHistory);
        }

        h = options.SharpeningTime / options.SharpeningSteps;
        double[] sharpen = options.Solver == SharpeningSolver.Euler ? [1, -h] : [1, -h, h * h / 2, -h * h * h / 6, h * h * h * h / 24];
        for (int n = 0; n < options.SharpeningSteps; n++)
        {
            ofHistory = Product(ofHistory, sharpen);
            ofLowPass = Product(ofLowPass, sharpen);
            historyPoints.Add(ofHistory);
            lowPassPoints.Add(ofLowPass);
        }

        if (options.MeanOfSteps)
        {
            ofHistory = Mean(historyPoints, historyPoints.Count);
            ofLowPass = Mean(lowPassPoints, historyPoints.Count);
        }

        return new GraphFilter(ofHistory, options.EarlyMerge ? ofLowPass : [options.LowPassWeight]);
    }

    private static double[] Product(double[] a, double[] b)
    {
        var product = new double[a.Length == 0 ? 0 : a.Length + b.Length - 1];
        for (int i = 0; i < a.Length; i++)
        {
            for (int j = 0; j < b.Length; j++)
            {
                product[i + j] += a[i] * b[j];
            }
        }

        return product;
    }

    private static double[] Mean(List<double[]> polynomials, int count)
    {
        var mean = new double[polynomials.Max(p => p.Length)];
        foreach (double[] polynomial in polynomials)
        {
            for (int k = 0; k < polynomial.Length; k++)
            {
                mean[k] += polynomial[k] / count;
            }
        }

        return mean;
    }
}
