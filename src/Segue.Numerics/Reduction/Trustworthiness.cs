using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Reduction;

/// <summary>How far the neighbours seen on a map are neighbours in truth.</summary>
/// <remarks>Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001, eq. 1.</remarks>
public static class Trustworthiness
{
    /// <summary>
    /// 1 − 2/(m·k·(2n − 3k − 1)) Σ max(0, r(i, j) − k) over m points i and their k nearest j on the map, with r the rank of j among the points
    /// nearest to i in truth (the nearest has rank 1; of equals, the lower index first). 1 where every neighbour seen is one.
    /// </summary>
    /// <param name="points">Points in truth, n × columns.</param>
    /// <param name="places">Places on the map, n × dimensions.</param>
    /// <param name="neighbors">k, below n / 2.</param>
    /// <param name="sample">At most so many points are looked at (m); all, if there are no more.</param>
    /// <param name="rng">Draws the sample; may be null where all points are looked at.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">The maps have different numbers of points, or k is not in [1, n / 2).</exception>
    public static double Of(DenseMatrix points, DenseMatrix places, int neighbors, int sample = int.MaxValue, Rng? rng = null, int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(places);
        int n = points.Rows, k = neighbors;
        if (places.Rows != n)
        {
            throw new ArgumentException($"{n} points but {places.Rows} places; give one place a point", nameof(places));
        }

        if (k < 1 || 2 * k >= n)
        {
            throw new ArgumentException($"{k} neighbours of {n} points; give at least 1 and fewer than half of the points", nameof(neighbors));
        }

        int[] looked = [.. Enumerable.Range(0, n)];
        if (sample < n)
        {
            ArgumentNullException.ThrowIfNull(rng);
            rng.Shuffle<int>(looked);
            looked = looked[..sample];
        }

        var penalty = new long[looked.Length];
        Workers.Run(looked.Length, 16, threads, (start, end, _) =>
        {
            var truth = new float[n];
            var seen = new float[n];
            var nearest = new int[k];
            var values = new float[k];
            for (int p = start; p < end; p++)
            {
                int i = looked[p];
                for (int j = 0; j < n; j++)
                {
                    truth[j] = TensorPrimitives.Distance<float>(points.Row(i), points.Row(j));
                    seen[j] = -TensorPrimitives.Distance<float>(places.Row(i), places.Row(j));
                }

                (truth[i], seen[i]) = (float.PositiveInfinity, float.NaN);
                Selection.TopK.Select(seen, nearest, values);
                foreach (int j in nearest)
                {
                    int rank = 1;
                    for (int other = 0; other < n; other++)
                    {
                        rank += truth[other] < truth[j] || (truth[other] == truth[j] && other < j) ? 1 : 0;
                    }

                    penalty[p] += Math.Max(0, rank - k);
                }
            }
        });
        return 1 - (2.0 * penalty.Sum() / ((double)looked.Length * k * ((2.0 * n) - (3.0 * k) - 1)));
    }
}
