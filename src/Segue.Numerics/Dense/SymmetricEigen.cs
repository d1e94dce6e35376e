using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Segue.Numerics.Dense;

/// <summary>All eigenvalues and eigenvectors of a symmetric matrix, in double precision.</summary>
public static class SymmetricEigen
{
    // Squares of numbers up to 2^±200, and sums of as many as memory holds, keep all digits; numbers near 1 need no scaling.
    private const int Middle = 200;

    /// <summary>Finds V and λ with A = Vᵀ diag(λ) V.</summary>
    /// <param name="matrix">A, size × size, row-major, symmetric; both triangles are read and overwritten.</param>
    /// <param name="size">Number of rows.</param>
    /// <param name="values">Output, the eigenvalues, largest first.</param>
    /// <param name="vectors">
    /// Output, size × size: row n is the eigenvector of <paramref name="values"/>[n], of length 1; its entry of largest magnitude (the first
    /// of equals) is positive, so that the answer does not hang on rounding noise.
    /// </param>
    /// <exception cref="ArithmeticException">The matrix has entries, or eigenvalues, that are not finite.</exception>
    /// <remarks>
    /// Any scale is taken, and any mixture: the matrix is brought to a largest entry near 1, and so is every column on its way, by powers of
    /// two, which change no digit. Householder's reduction to a tridiagonal matrix, then QL iterations with implicit shifts (Martin, Reinsch and Wilkinson, Numerische
    /// Mathematik 1968; Dubrulle, Martin and Wilkinson, 1968). About 9 size³ operations, a millisecond at size 64.
    /// </remarks>
    public static void Decompose(Span<double> matrix, int size, Span<double> values, Span<double> vectors)
    {
        int n = size;
        if (matrix.Length != n * n || vectors.Length != n * n || values.Length != n)
        {
            throw new ArgumentException($"a {n} × {n} decomposition needs {n * n} entries, {n} values and {n * n} vector entries");
        }

        if (n == 0)
        {
            return;
        }

        foreach (double entry in matrix)
        {
            if (!double.IsFinite(entry))
            {
                throw new ArithmeticException($"the matrix has the entry {entry}; eigenvectors need finite entries");
            }
        }

        int exponent = Normalize(matrix, Middle);
        var off = new double[n];
        Tridiagonalize(matrix, n, values, off, vectors);
        Iterate(n, values, off, vectors);
        Scale(values, exponent);
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
            {
                throw new ArithmeticException($"an eigenvalue is beyond {double.MaxValue}; scale the matrix down");
            }
        }

        Sort(n, values, vectors);
    }

    /// <summary>Divides by a power of two where the largest magnitude lies outside 2^±<paramref name="middle"/>.</summary>
    /// <returns>The power to multiply by again; 0 where nothing was done.</returns>
    private static int Normalize(Span<double> values, int middle)
    {
        double largest = Math.Abs(TensorPrimitives.MaxMagnitude<double>(values));
        int exponent = largest == 0 ? 0 : Math.ILogB(largest);
        if (Math.Abs(exponent) <= middle)
        {
            return 0;
        }

        Scale(values, -exponent);
        return exponent;
    }

    private static void Scale(Span<double> values, int exponent)
    {
        for (int i = 0; i < values.Length && exponent != 0; i++)
        {
            values[i] = Math.ScaleB(values[i], exponent);
        }
    }

    private static void Tridiagonalize(Span<double> a, int n, Span<double> diagonal, Span<double> off, Span<double> vectors)
    {
        var beta = new double[n];
        var product = new double[n];
        for (int k = 0; k < n - 2; k++)
        {
            CancellationScope.Check();
            int m = n - k - 1;
            Span<double> v = a.Slice((k * n) + k + 1, m);

            // The reflection I − β v vᵀ does not depend on the length of v.
            int exponent = Normalize(v, Middle);
            double norm = Math.Sqrt(TensorPrimitives.Dot<double>(v, v));
            if (norm == 0)
            {
                off[k] = 0;
                continue;
            }

            double head = v[0] >= 0 ? v[0] + norm : v[0] - norm;
            off[k] = Math.ScaleB(v[0] >= 0 ? -norm : norm, exponent);
            v[0] = head;
            beta[k] = 2 / TensorPrimitives.Dot<double>(v, v);

            // A' = H A H with H = I − β v vᵀ, as a rank-two change of the remaining square.
            Span<double> w = product.AsSpan(0, m);
            for (int i = 0; i < m; i++)
            {
                w[i] = beta[k] * TensorPrimitives.Dot<double>(a.Slice(((k + 1 + i) * n) + k + 1, m), v);
            }

            double half = beta[k] / 2 * TensorPrimitives.Dot<double>(w, v);
            TensorPrimitives.MultiplyAdd(v, -half, w, w);
            for (int i = 0; i < m; i++)
            {
                Span<double> row = a.Slice(((k + 1 + i) * n) + k + 1, m);
                TensorPrimitives.MultiplyAdd(w, -v[i], row, row);
                TensorPrimitives.MultiplyAdd(v, -w[i], row, row);
            }
        }

        for (int i = 0; i < n; i++)
        {
            diagonal[i] = a[(i * n) + i];
        }

        if (n > 1)
        {
            off[n - 2] = a[((n - 1) * n) + n - 2];
        }

        // Rows of `vectors` start as the rows of Hₙ₋₃ ⋯ H₀, the basis in which A is tridiagonal.
        vectors.Clear();
        for (int i = 0; i < n; i++)
        {
            vectors[(i * n) + i] = 1;
        }

        for (int k = n - 3; k >= 0; k--)
        {
            CancellationScope.Check();
            int m = n - k - 1;
            ReadOnlySpan<double> v = a.Slice((k * n) + k + 1, m);
            if (beta[k] == 0)
            {
                continue;
            }

            for (int i = k + 1; i < n; i++)
            {
                Span<double> row = vectors.Slice((i * n) + k + 1, m);
                TensorPrimitives.MultiplyAdd(v, -beta[k] * TensorPrimitives.Dot<double>(row, v), row, row);
            }
        }
    }

    private static void Iterate(int n, Span<double> d, Span<double> e, Span<double> vectors)
    {
        double largest = 0;
        for (int i = 0; i < n; i++)
        {
            largest = Math.Max(largest, Math.Abs(d[i]) + Math.Abs(e[i]));
        }

        e[n - 1] = 0;
        for (int l = 0; l < n; l++)
        {
            for (int sweep = 0; ; sweep++)
            {
                CancellationScope.Check();
                int m = l;
                while (m < n - 1 && Math.Abs(e[m]) > (double.Epsilon + (2.3e-16 * (Math.Abs(d[m]) + Math.Abs(d[m + 1]))) + (1e-20 * largest)))
                {
                    m++;
                }

                if (m == l)
                {
                    break;
                }

                if (sweep > 100)
                {
                    throw new ArithmeticException($"eigenvalue {l} of {n} did not converge in 100 sweeps");
                }

                double g = (d[l + 1] - d[l]) / (2 * e[l]);
                double r = Hypotenuse(g, 1);
                g = d[m] - d[l] + (e[l] / (g + Math.CopySign(r, g)));
                double sine = 1, cosine = 1, p = 0;
                int i = m - 1;
                for (; i >= l; i--)
                {
                    double f = sine * e[i], b = cosine * e[i];
                    r = Hypotenuse(f, g);
                    e[i + 1] = r;
                    if (r == 0)
                    {
                        d[i + 1] -= p;
                        e[m] = 0;
                        break;
                    }

                    sine = f / r;
                    cosine = g / r;
                    g = d[i + 1] - p;
                    r = ((d[i] - g) * sine) + (2 * cosine * b);
                    p = sine * r;
                    d[i + 1] = g + p;
                    g = (cosine * r) - b;
                    Rotate(vectors.Slice(i * n, n), vectors.Slice((i + 1) * n, n), cosine, sine);
                }

                if (r == 0 && i >= l)
                {
                    continue;
                }

                d[l] -= p;
                e[l] = g;
                e[m] = 0;
            }
        }
    }

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b)) is var r && double.IsNormal(r) ? r : double.Hypot(a, b);

    private static void Rotate(Span<double> lower, Span<double> upper, double cosine, double sine)
    {
        for (int k = 0; k + 8 <= lower.Length; k += 8)
        {
            var low = Vector512.Create<double>(lower.Slice(k, 8));
            var high = Vector512.Create<double>(upper.Slice(k, 8));
            Vector512.CopyTo((low * sine) + (high * cosine), upper.Slice(k, 8));
            Vector512.CopyTo((low * cosine) - (high * sine), lower.Slice(k, 8));
        }

        for (int k = lower.Length / 8 * 8; k < lower.Length; k++)
        {
            double high = upper[k];
            upper[k] = (sine * lower[k]) + (cosine * high);
            lower[k] = (cosine * lower[k]) - (sine * high);
        }
    }

    private static void Sort(int n, Span<double> values, Span<double> vectors)
    {
        var order = new int[n];
        for (int i = 0; i < n; i++)
        {
            order[i] = i;
        }

        double[] unsorted = values.ToArray(), rows = vectors.ToArray();
        Array.Sort(order, (a, b) => unsorted[a] != unsorted[b] ? unsorted[b].CompareTo(unsorted[a]) : a.CompareTo(b));
        for (int i = 0; i < n; i++)
        {
            values[i] = unsorted[order[i]];
            Span<double> row = vectors.Slice(i * n, n);
            rows.AsSpan(order[i] * n, n).CopyTo(row);
            int largest = TensorPrimitives.IndexOfMaxMagnitude<double>(row);
            if (row[largest] < 0)
            {
                TensorPrimitives.Negate<double>(row, row);
            }
        }
    }
}
