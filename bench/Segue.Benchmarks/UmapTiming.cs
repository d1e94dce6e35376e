using System.Globalization;
using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>A map of as many points as a page shows.</summary>
public sealed class UmapTiming : IWholeTiming
{
    public string Name => "umap";

    public string Summary => "a map of 20,000 points of 64 coordinates around 50 centres, its neighbours and its trustworthiness (points=20000, size=64, dimensions=2)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int n = context.Setting("points", 20_000), size = context.Setting("size", 64), dimensions = context.Setting("dimensions", 2);
        var rng = new Rng(1, "bench");
        var centres = new DenseMatrix(50, size);
        rng.FillGaussian(centres.Values, 1f);
        var points = new DenseMatrix(n, size);
        rng.FillGaussian(points.Values, 0.7f);
        for (int i = 0; i < n; i++)
        {
            for (int c = 0; c < size; c++)
            {
                points.Row(i)[c] += centres.Row(i % centres.Rows)[c];
            }
        }

        context.Time("nearest neighbours", () => NearestNeighbors.Of(points, 15, context.Threads), 2.0 * n * n * size);
        DenseMatrix places = points;
        context.Time("map", () => places = Umap.Place(points, new UmapSettings { Dimensions = dimensions }, new Rng(1, "umap"), context.Threads));
        double trust = Trustworthiness.Of(points, places, 15, 2000, new Rng(1, "sample"), context.Threads);
        context.Print(string.Create(CultureInfo.InvariantCulture, $"trustworthiness {trust:F4}"));
    }
}
