using Segue.Core;
using Segue.Core.Contracts;
using Segue.Models.Linear;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Linear;

public sealed class BspmTests : RecommenderContract
{
    // One Euler step of time 1 wipes out what all listeners of a component share, which is the whole checkerboard; Runge-Kutta steps keep it.
    private static readonly BspmOptions Options = new() { EmbeddingSize = 8, Solver = SharpeningSolver.RungeKutta, SharpeningTime = 2.5, LowPassWeight = 0.2 };

    public static TheoryData<BspmOptions> Published =>
    [
        Options,
        Options with { Solver = SharpeningSolver.Euler, SharpeningTime = 1 },
        Options with { Solver = SharpeningSolver.Euler, SharpeningTime = 1.2, LowPassWeight = 0.3, MeanOfSteps = true },
        Options with { SharpeningTime = 2.2, SharpeningSteps = 2, EarlyMerge = false, LowPassWeight = 0 },
        Options with { Solver = SharpeningSolver.Euler, SharpeningTime = 0.9, SharpeningSteps = 3, BlurringTime = 1.5, BlurringSteps = 2, EarlyMerge = false, MeanOfSteps = true },
    ];

    protected override (double Low, double High) NdcgWindow => (0.425, 0.445);

    protected override IModel CreateModel() => new Bspm(Options);

    [Theory]
    [MemberData(nameof(Published))]
    public void ScoresAreThoseOfTheSolvedEquationsInDoublePrecision(BspmOptions options)
    {
        var twin = new GraphFilterTwin(World.Train, 8);
        GraphFilterTwin.AssertSame(r => Solve(twin, r, options), new Bspm(options).Fit(World.Train, Context()), World.Train);
        GraphFilterTwin.AssertSame(
            r => Solve(twin, r, options), new Bspm(options with { DenseItems = 0 }).Fit(World.Train, Context()), World.Train);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void WithoutTheMatrixAllAnswersAreTheSame(BspmOptions options) =>
        GraphFilterTwin.AssertSameAnswers(new Bspm(options), new Bspm(options with { DenseItems = 0 }), World.Train, Context());

    [Fact]
    public void WithoutSharpeningItIsGfCf() => GraphFilterTwin.AssertSameAnswers(
        new GfCf(new GfCfOptions { EmbeddingSize = 8, LowPassWeight = 0.4 }),
        new Bspm(Options with { LowPassWeight = 0.4, SharpeningTime = 0 }), World.Train, Context());

    /// <summary>Both processes step by step, as the paper writes them.</summary>
    private static double[] Solve(GraphFilterTwin twin, double[] r, BspmOptions options)
    {
        double[] y = r, low = twin.LowPass(r);
        var points = new List<double[]>();
        for (int n = 0; n < options.BlurringSteps; n++)
        {
            double h = options.BlurringTime / options.BlurringSteps;
            y = twin.Sum(y, twin.Sum(twin.Step(y), y, -1), h);
            points.Add(y);
        }

        if (options.EarlyMerge)
        {
            y = twin.Sum(y, low, options.LowPassWeight);
        }

        for (int n = 0; n < options.SharpeningSteps; n++)
        {
            double h = options.SharpeningTime / options.SharpeningSteps;
            double[] k1 = twin.Step(y);
            if (options.Solver == SharpeningSolver.Euler)
            {
                y = twin.Sum(y, k1, -h);
            }
            else
            {
                double[] k2 = twin.Step(twin.Sum(y, k1, -h / 2)), k3 = twin.Step(twin.Sum(y, k2, -h / 2)), k4 = twin.Step(twin.Sum(y, k3, -h));
                y = twin.Sum(twin.Sum(twin.Sum(twin.Sum(y, k1, -h / 6), k2, -h / 3), k3, -h / 3), k4, -h / 6);
            }

            points.Add(y);
        }

        if (options.MeanOfSteps)
        {
            y = [.. Enumerable.Range(0, r.Length).Select(i => points.Average(p => p[i]))];
        }

        return options.EarlyMerge ? y : twin.Sum(y, low, options.LowPassWeight);
    }
}
