using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Reduction;

/// <summary>Settings of <see cref="Umap"/>.</summary>
public sealed record UmapSettings
{
    /// <summary>Dimensions of the map, 1 to 16.</summary>
    public int Dimensions { get; init; } = 2;

    /// <summary>Neighbours that make a point's surroundings: few show small groups, many the whole. At least 2; cut to points − 1.</summary>
    public int Neighbors { get; init; } = 15;

    /// <summary>How near points may lie on the map, in units of its spread; from 0 to below 3.</summary>
    public double MinimumDistance { get; init; } = 0.1;

    /// <summary>Passes over the graph; 0 for 500, or 200 above 10,000 points.</summary>
    public int Epochs { get; init; }

    /// <summary>Points pushed away for every pair drawn together.</summary>
    public int Negatives { get; init; } = 5;
}

/// <summary>Places points on a map so that near points stay near: uniform manifold approximation and projection.</summary>
/// <remarks>
/// McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction", arXiv 1802.03426. Exact nearest
/// neighbours (2·n²·d operations), then stochastic gradient descent on one thread: the result is the same bits for any number of threads.
/// </remarks>
public static class Umap
{
    private const int Iterations = 64;
    private const float Spread = 10, Noise = 1e-4f, Step = 4;

    /// <summary>Places every point.</summary>
    /// <param name="points">Points × columns, finite; at least 3.</param>
    /// <param name="settings">How.</param>
    /// <param name="rng">Draws the noise of the first places and the points pushed away.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="progress">Told (epochs done, epochs) from time to time.</param>
    /// <param name="first">Where the points lie at first, points × dimensions, so that two maps can be compared; by principal components where null. Not changed.</param>
    /// <param name="cancellation">Checked between blocks and epochs.</param>
    /// <returns>Points × dimensions.</returns>
    /// <exception cref="ArgumentException">Under 3 points, a setting out of range, or first places of another shape.</exception>
    /// <exception cref="ArithmeticException">A coordinate is not finite.</exception>
    public static DenseMatrix Place(
        DenseMatrix points, UmapSettings settings, Rng rng, int threads = 1, Action<int, int>? progress = null, DenseMatrix? first = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(rng);
        ArgumentOutOfRangeException.ThrowIfLessThan(points.Rows, 3);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Neighbors, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.Dimensions, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Epochs);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Negatives);
        if (first is not null && (first.Rows != points.Rows || first.Columns != settings.Dimensions))
        {
            throw new ArgumentException($"the first places are {first.Rows} × {first.Columns}; give {points.Rows} × {settings.Dimensions}", nameof(first));
        }

        using CancellationScope scope = CancellationScope.Enter(cancellation);
        DenseMatrix places = first is null
            ? FirstPlaces(points, settings.Dimensions, rng, threads) : new DenseMatrix(first.Rows, first.Columns, [.. first.Values]);
        NearestNeighbors neighbors = NearestNeighbors.Of(points, Math.Min(settings.Neighbors, points.Rows - 1), threads, cancellation);
        (int[] start, int[] other, float[] weight) = Graph(neighbors, points.Rows);
        int epochs = settings.Epochs > 0 ? settings.Epochs : points.Rows > 10_000 ? 200 : 500;
        (double a, double b) = Curve(settings.MinimumDistance);
        Descend(places, start, other, weight, new Descent((float)a, (float)b, epochs, settings.Negatives), rng, progress);
        return places;
    }

    /// <summary>
    /// a and b of the curve 1 / (1 + a·x^(2b)) nearest, by least squares over 300 places in [0, 3], to 1 below the minimum distance and
    /// exp(minimum − x) above (definition 11).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The minimum is not in [0, 3).</exception>
    public static (double A, double B) Curve(double minimumDistance)
    {
        if (!(minimumDistance >= 0 && minimumDistance < 3))
        {
            throw new ArgumentOutOfRangeException(nameof(minimumDistance), minimumDistance, "give a minimum distance from 0 to below 3");
        }

        // Levenberg and Marquardt in log a and log b, which keeps both positive.
        double u = 0, v = 0, damping = 1e-3, error = Error(u, v, out double guu, out double guv, out double gvv, out double gu, out double gv);
        for (int step = 0; step < 500; step++)
        {
            double p = guu * (1 + damping), q = gvv * (1 + damping), determinant = (p * q) - (guv * guv);
            double du = ((q * gu) - (guv * gv)) / determinant, dv = ((p * gv) - (guv * gu)) / determinant;
            double next = Error(u - du, v - dv, out double nuu, out double nuv, out double nvv, out double nu, out double nv);
            if (next < error)
            {
                bool done = error - next < 1e-15 * error;
                (u, v, error, guu, guv, gvv, gu, gv) = (u - du, v - dv, next, nuu, nuv, nvv, nu, nv);
                damping /= 10;
                if (done)
                {
                    break;
                }
            }
            else if ((damping *= 10) > 1e12)
            {
                break;
            }
        }

        return (Math.Exp(u), Math.Exp(v));

        double Error(double logA, double logB, out double uu, out double uv, out double vv, out double ru, out double rv)
        {
            double a = Math.Exp(logA), b = Math.Exp(logB), sum = 0;
            uu = uv = vv = ru = rv = 0;
            for (int n = 1; n < 300; n++)
            {
                double x = 3.0 * n / 299, target = x < minimumDistance ? 1 : Math.Exp(minimumDistance - x);
                double power = a * Math.Pow(x, 2 * b), value = 1 / (1 + power), rest = value - target;
                double byA = -value * value * power, byB = byA * 2 * b * Math.Log(x);
                sum += rest * rest;
                uu += byA * byA;
                uv += byA * byB;
                vv += byB * byB;
                ru += byA * rest;
                rv += byB * rest;
            }

            return sum;
        }
    }

    /// <summary>
    /// The fuzzy graph (algorithms 2 and 3): from i to its neighbour j exp(−max(0, d − ρ)/σ), with ρ the distance to the nearest that is not
    /// the same point and σ such that the weights of i sum to log₂ k; the two directions of an edge are joined by w + w′ − w·w′.
    /// </summary>
    internal static (int[] Start, int[] Other, float[] Weight) Graph(NearestNeighbors neighbors, int n)
    {
        int k = neighbors.Count;
        var forward = new float[n * k];
        double mean = 0;
        foreach (float distance in neighbors.Distances)
        {
            mean += distance;
        }

        mean /= Math.Max(1, neighbors.Distances.Length);
        for (int i = 0; i < n; i++)
        {
            CancellationScope.CheckAt(i);
            Weigh(neighbors.Distances.AsSpan(i * k, k), mean, forward.AsSpan(i * k, k));
        }

        // Both directions of every edge by row, sorted by the other end; equal ends are joined.
        var count = new int[n + 1];
        for (int e = 0; e < forward.Length; e++)
        {
            count[(e / k) + 1]++;
            count[neighbors.Indices[e] + 1]++;
        }

        for (int i = 0; i < n; i++)
        {
            count[i + 1] += count[i];
        }

        int[] fill = count[..n];
        var ends = new int[2 * forward.Length];
        var weights = new float[ends.Length];
        for (int e = 0; e < forward.Length; e++)
        {
            int i = e / k, j = neighbors.Indices[e];
            (ends[fill[i]], weights[fill[i]++]) = (j, forward[e]);
            (ends[fill[j]], weights[fill[j]++]) = (i, forward[e]);
        }

        var start = new int[n + 1];
        int written = 0;
        for (int i = 0; i < n; i++)
        {
            CancellationScope.CheckAt(i);
            int from = count[i], length = count[i + 1] - from;
            Array.Sort(ends, weights, from, length);
            for (int e = from; e < from + length; e++)
            {
                if (e + 1 < from + length && ends[e + 1] == ends[e])
                {
                    float one = weights[e], two = weights[e + 1];
                    weights[e + 1] = one + two - (one * two);
                    continue;
                }

                (ends[written], weights[written++]) = (ends[e], weights[e]);
            }

            start[i + 1] = written;
        }

        return (start, ends[..written], weights[..written]);
    }

    private static void Weigh(ReadOnlySpan<float> distances, double meanOfAll, Span<float> weights)
    {
        double rho = 0, sum = 0;
        foreach (float distance in distances)
        {
            rho = rho == 0 ? distance : rho;
            sum += distance;
        }

        double target = Math.Log2(distances.Length), low = 0, high = double.PositiveInfinity, sigma = 1;
        for (int pass = 0; pass < Iterations; pass++)
        {
            double total = 0;
            foreach (float distance in distances)
            {
                total += distance <= rho ? 1 : Math.Exp(-(distance - rho) / sigma);
            }

            if (Math.Abs(total - target) < 1e-5)
            {
                break;
            }

            (low, high) = total > target ? (low, sigma) : (sigma, high);
            sigma = double.IsInfinity(high) ? sigma * 2 : (low + high) / 2;
        }

        // Where many neighbours are equally far no σ gives the sum; it must not vanish.
        sigma = Math.Max(sigma, 1e-3 * (rho > 0 ? sum / distances.Length : meanOfAll));
        for (int j = 0; j < distances.Length; j++)
        {
            weights[j] = distances[j] <= rho || sigma == 0 ? 1 : (float)Math.Exp(-(distances[j] - rho) / sigma);
        }
    }

    private static DenseMatrix FirstPlaces(DenseMatrix points, int dimensions, Rng rng, int threads)
    {
        DenseMatrix places = PrincipalComponents.Of(points, dimensions, threads).Project(points, threads);
        float most = places.Values.Max(Math.Abs);
        float scale = most > 0 ? Spread / most : 0;
        for (int i = 0; i < places.Values.Length; i++)
        {
            places.Values[i] = (places.Values[i] * scale) + (rng.NextGaussian() * Noise);
        }

        return places;
    }

    private readonly record struct Descent(float A, float B, int Epochs, int Negatives);

    // Each edge is drawn in proportion to its weight: every (largest / weight) epochs.
    private static void Descend(
        DenseMatrix places, int[] start, int[] other, float[] weight, Descent descent, Rng rng, Action<int, int>? progress)
    {
        int n = places.Rows, size = places.Columns;
        float largest = TensorPrimitives.Max<float>(weight);
        var every = new float[weight.Length];
        var due = new float[weight.Length];
        for (int e = 0; e < weight.Length; e++)
        {
            // What would be drawn less than once is left out.
            every[e] = weight[e] * descent.Epochs < largest ? float.PositiveInfinity : largest / weight[e];
            due[e] = every[e];
        }

        float a = descent.A, b = descent.B;
        float[] all = places.Values;
        for (int epoch = 0; epoch < descent.Epochs; epoch++)
        {
            if (epoch % 10 == 0)
            {
                progress?.Invoke(epoch, descent.Epochs);
            }

            float rate = 1 - ((float)epoch / descent.Epochs);
            for (int i = 0; i < n; i++)
            {
                CancellationScope.CheckAt(i);
                Span<float> mine = all.AsSpan(i * size, size);
                for (int e = start[i]; e < start[i + 1]; e++)
                {
                    if (due[e] > epoch)
                    {
                        continue;
                    }

                    due[e] += every[e];
                    Span<float> theirs = all.AsSpan(other[e] * size, size);
                    float away = SquaredDistance(mine, theirs);
                    if (away > 0)
                    {
                        float power = MathF.Pow(away, b);
                        float pull = -2 * a * b * power / (away * (1 + (a * power)));
                        for (int d = 0; d < size; d++)
                        {
                            float change = rate * Math.Clamp(pull * (mine[d] - theirs[d]), -Step, Step);
                            mine[d] += change;
                            theirs[d] -= change;
                        }
                    }

                    for (int draw = 0; draw < descent.Negatives; draw++)
                    {
                        int stranger = rng.Next(n);
                        if (stranger == i)
                        {
                            continue;
                        }

                        theirs = all.AsSpan(stranger * size, size);
                        away = SquaredDistance(mine, theirs);
                        float push = 2 * b / ((0.001f + away) * (1 + (a * MathF.Pow(away, b))));
                        for (int d = 0; d < size; d++)
                        {
                            mine[d] += rate * Math.Clamp(push * (mine[d] - theirs[d]), -Step, Step);
                        }
                    }
                }
            }
        }

        progress?.Invoke(descent.Epochs, descent.Epochs);
    }

    private static float SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        float sum = 0;
        for (int d = 0; d < a.Length; d++)
        {
            float difference = a[d] - b[d];
            sum += difference * difference;
        }

        return sum;
    }
}
