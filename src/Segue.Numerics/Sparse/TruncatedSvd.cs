using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Sparse;

/// <summary>The largest singular values of a sparse matrix and their vectors: A ≈ Σₙ σₙ uₙ vₙᵀ.</summary>
/// <remarks>
/// <para>
/// Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011: the products of A with a few more random
/// vectors than asked for span its largest singular vectors nearly (algorithm 4.4, subspace iteration); within that space the decomposition
/// is a small dense one (section 5.1). A basis is made orthonormal by two rounds of Cholesky QR (Yamamoto et al., ETNA 44, 2015) that leave out
/// columns which the others already span, so a matrix without full rank needs no special case.
/// </para>
/// <para>
/// Sparse products and bases in single precision, Gram matrices and the small problem in double. Time 2·(iterations + 1) sparse products by rank + 16
/// columns, as many Gram matrices of (rows or columns)·rank² operations, one eigenproblem of that size; memory three dense
/// matrices of (rows or columns) × (rank + 16) floats. The result does not depend on the number of threads.
/// </para>
/// </remarks>
public sealed class TruncatedSvd
{
    // Halko et al. use 5 to 10 more columns than asked for; a few more bring the width to whole vectors of 16.
    private const int Oversampling = 16;

    // Single precision cannot tell a direction this much smaller than the largest from rounding noise.
    private const double Negligible = 1e-5;

    // Rows of a basis whose Gram matrix is added up at a time, and in how many sums: fixed, so that threads change no bit.
    private const int PanelRows = 256, Sums = 8;

    private TruncatedSvd(double[] values, DenseMatrix left, DenseMatrix right)
    {
        Values = values;
        Left = left;
        Right = right;
    }

    /// <summary>Singular values, largest first; the numbers of vectors may be below what was asked for, see <see cref="Compute"/>.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>U, rows × number of values, orthonormal columns.</summary>
    public DenseMatrix Left { get; }

    /// <summary>
    /// V, columns × number of values, orthonormal columns; the entry of largest magnitude of each (the first of equals) is positive, so that the
    /// answer does not hang on rounding noise.
    /// </summary>
    public DenseMatrix Right { get; }

    /// <summary>Computes the <paramref name="rank"/> largest singular values and vectors.</summary>
    /// <param name="matrix">A, any shape. Rows and columns may be empty.</param>
    /// <param name="rank">
    /// Values wanted, at least 1. There are fewer where A has fewer: not more than rows or columns, and none below 10⁻⁵ of the largest, which single
    /// precision cannot tell from 0. A matrix of zeros has none.
    /// </param>
    /// <param name="rng">Where the random vectors come from.</param>
    /// <param name="iterations">
    /// Subspace iterations. The error of σₙ falls like (σ_{rank+16} / σₙ)^(4·iterations): 4 are enough for the space that the vectors span together;
    /// single vectors of values near each other need more.
    /// </param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="cancellation">Checked between blocks.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rank"/> below 1 or <paramref name="iterations"/> below 0.</exception>
    /// <exception cref="ArithmeticException">A has entries that are not finite, or so large or small that their squares are not.</exception>
    public static TruncatedSvd Compute(
        CsrMatrix matrix, int rank, Rng rng, int iterations = 4, int threads = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(rng);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        foreach (float value in matrix.Values)
        {
            if (!float.IsFinite(value))
            {
                throw new ArithmeticException($"the matrix has the entry {value}; singular values need finite entries");
            }
        }

        int smaller = Math.Min(matrix.Rows, matrix.Columns);
        int width = (int)Math.Min((long)rank + Oversampling, smaller);
        CsrMatrix transposed = matrix.Transpose();
        var random = new DenseMatrix(matrix.Columns, width);
        rng.FillGaussian(random.Values, 1f);

        // On the way one round is enough: it keeps small directions from drowning in large ones, and the next product undoes its rounding.
        DenseMatrix range = Orthonormal(Product(matrix, random, threads), threads);
        for (int n = 0; n < iterations; n++)
        {
            DenseMatrix corange = Orthonormal(Product(transposed, range, threads), threads);
            range = Orthonormal(Product(matrix, corange, threads), threads);
        }

        // A ≈ Q (AᵀQ)ᵀ; with (AᵀQ)ᵀ(AᵀQ) = Σ λₙ wₙ wₙᵀ: σₙ = √λₙ, uₙ = Q wₙ, vₙ = AᵀQ wₙ / σₙ.
        range = Orthonormal(range, threads);
        DenseMatrix projected = Product(transposed, range, threads);
        int size = range.Columns;
        double[] gram = Gram(projected, threads), lambda = new double[size], vectors = new double[size * size];
        SymmetricEigen.Decompose(gram, size, lambda, vectors);
        int kept = 0;
        while (kept < Math.Min(rank, size) && lambda[kept] > 0 && lambda[kept] >= lambda[0] * Negligible * Negligible)
        {
            kept++;
        }

        var values = new double[kept];
        float[] toLeft = new float[size * kept], toRight = new float[size * kept];
        for (int n = 0; n < kept; n++)
        {
            values[n] = Math.Sqrt(lambda[n]);
            for (int i = 0; i < size; i++)
            {
                toLeft[(i * kept) + n] = (float)vectors[(n * size) + i];
                toRight[(i * kept) + n] = (float)(vectors[(n * size) + i] / values[n]);
            }
        }

        DenseMatrix left = Times(range, toLeft, kept, threads), right = Times(projected, toRight, kept, threads);

        // Rounding of AᵀQ weighs 1 / σₙ in vₙ: small values would leave V less orthonormal than U.
        DenseMatrix orthonormal = Orthonormal(right, threads);
        right = orthonormal.Columns == kept ? orthonormal : right;
        FixSigns(left, right);
        return new TruncatedSvd(values, left, right);
    }

    private static DenseMatrix Product(CsrMatrix matrix, DenseMatrix dense, int threads)
    {
        CancellationScope.Check();
        var product = new DenseMatrix(matrix.Rows, dense.Columns);
        SparseDense.Multiply(matrix, dense.Values, product.Values, dense.Columns, threads);
        return product;
    }

    private static DenseMatrix Times(DenseMatrix matrix, ReadOnlySpan<float> small, int columns, int threads)
    {
        var product = new DenseMatrix(matrix.Rows, columns);
        Gemm.Multiply(matrix.Values, small, product.Values, matrix.Rows, columns, matrix.Columns, threads: threads);
        return product;
    }

    /// <summary>An orthonormal basis of the columns; those that earlier ones span (up to <see cref="Negligible"/> of their length) are left out.</summary>
    /// <remarks>Off by the rounding of one product times the condition number, at most 10⁵; a second call leaves the rounding alone.</remarks>
    private static DenseMatrix Orthonormal(DenseMatrix matrix, int threads)
    {
        float[] change = TriangularInverse(Gram(matrix, threads), matrix.Columns, out int kept);
        return Times(matrix, change, kept, threads);
    }

    /// <summary>R⁻¹ of the Cholesky factor RᵀR of a Gram matrix, without the columns that earlier ones span: size × kept.</summary>
    private static float[] TriangularInverse(double[] gram, int size, out int kept)
    {
        var scale = new double[size];
        for (int i = 0; i < size; i++)
        {
            double square = gram[(i * size) + i];
            if (!double.IsFinite(square))
            {
                throw new ArithmeticException($"column {i} of a basis has the squared length {square}; scale the matrix");
            }

            // Columns of length 1, so that what is left of one says how far it lies outside the others.
            scale[i] = square > 0 ? 1 / Math.Sqrt(square) : 0;
        }

        // Row k of `factor` is row k of R, row k of `inverse` is column k of R⁻¹; both only over the columns kept.
        double[] factor = new double[size * size], inverse = new double[size * size];
        var columns = new int[size];
        kept = 0;
        for (int j = 0; j < size; j++)
        {
            CancellationScope.Check();
            Span<double> column = factor.AsSpan(j * size, size);
            double rest = scale[j] > 0 ? 1 : 0;
            for (int k = 0; k < kept; k++)
            {
                int i = columns[k];
                double entry = gram[(i * size) + j] * scale[i] * scale[j];
                entry -= TensorPrimitives.Dot<double>(factor.AsSpan(i * size, k), column[..k]);
                column[k] = entry / factor[(i * size) + k];
                rest -= column[k] * column[k];
            }

            if (rest <= Negligible * Negligible)
            {
                continue;
            }

            column[kept] = Math.Sqrt(rest);

            // Column `kept` of R⁻¹: (e − Σ_k R_kj · column k of R⁻¹) / R_jj.
            Span<double> target = inverse.AsSpan(kept * size, size);
            for (int k = 0; k < kept; k++)
            {
                TensorPrimitives.MultiplyAdd(inverse.AsSpan(k * size, size), -column[k], target, target);
            }

            target[j] = 1;
            TensorPrimitives.Divide(target, column[kept], target);
            columns[kept++] = j;
        }

        var result = new float[size * kept];
        for (int i = 0; i < size; i++)
        {
            for (int k = 0; k < kept; k++)
            {
                result[(i * kept) + k] = (float)(inverse[(k * size) + i] * scale[i]);
            }
        }

        return result;
    }

    /// <summary>MᵀM in double precision.</summary>
    private static double[] Gram(DenseMatrix matrix, int threads)
    {
        int size = matrix.Columns, rows = matrix.Rows;
        int panels = (rows + PanelRows - 1) / PanelRows;
        var sums = new double[Sums][];
        Workers.Run(Sums, 1, threads, (start, end, _) =>
        {
            for (int s = start; s < end; s++)
            {
                double[] sum = sums[s] = new double[size * size], panel = new double[size * PanelRows];
                for (int p = s; p < panels; p += Sums)
                {
                    CancellationScope.Check();
                    int from = p * PanelRows, count = Math.Min(PanelRows, rows - from);
                    AddPanel(matrix, from, count, panel, sum);
                }
            }
        });
        for (int s = 1; s < Sums; s++)
        {
            TensorPrimitives.Add<double>(sums[0], sums[s], sums[0]);
        }

        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < i; j++)
            {
                sums[0][(j * size) + i] = sums[0][(i * size) + j];
            }
        }

        return sums[0];
    }

    private static void AddPanel(DenseMatrix matrix, int from, int count, double[] panel, double[] sum)
    {
        int size = matrix.Columns;
        for (int r = 0; r < PanelRows; r++)
        {
            ReadOnlySpan<float> row = r < count ? matrix.Row(from + r) : default;
            for (int c = 0; c < size; c++)
            {
                panel[(c * PanelRows) + r] = row.IsEmpty ? 0 : row[c];
            }
        }

        for (int i = 0; i < size; i++)
        {
            CancellationScope.Check();
            ReadOnlySpan<double> left = panel.AsSpan(i * PanelRows, PanelRows);
            int j = 0;
            for (; j + 3 <= i; j += 4)
            {
                AddFourDots(left, panel.AsSpan(j * PanelRows, 4 * PanelRows), sum.AsSpan((i * size) + j, 4));
            }

            for (; j <= i; j++)
            {
                sum[(i * size) + j] += TensorPrimitives.Dot(left, panel.AsSpan(j * PanelRows, PanelRows));
            }
        }
    }

    /// <summary>One column against four: a dot product alone would load two values for every product.</summary>
    private static void AddFourDots(ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> sums)
    {
        ref double x = ref MemoryMarshal.GetReference(left), y = ref MemoryMarshal.GetReference(right);
        Vector512<double> s0 = Vector512<double>.Zero, s1 = s0, s2 = s0, s3 = s0;
        for (nuint n = 0; n < PanelRows; n += 8)
        {
            var value = Vector512.LoadUnsafe(ref x, n);
            s0 = Vector512.FusedMultiplyAdd(value, Vector512.LoadUnsafe(ref y, n), s0);
            s1 = Vector512.FusedMultiplyAdd(value, Vector512.LoadUnsafe(ref y, n + PanelRows), s1);
            s2 = Vector512.FusedMultiplyAdd(value, Vector512.LoadUnsafe(ref y, n + (2 * PanelRows)), s2);
            s3 = Vector512.FusedMultiplyAdd(value, Vector512.LoadUnsafe(ref y, n + (3 * PanelRows)), s3);
        }

        sums[0] += Vector512.Sum(s0);
        sums[1] += Vector512.Sum(s1);
        sums[2] += Vector512.Sum(s2);
        sums[3] += Vector512.Sum(s3);
    }

    private static void FixSigns(DenseMatrix left, DenseMatrix right)
    {
        var largest = new float[right.Columns];
        for (int r = 0; r < right.Rows; r++)
        {
            ReadOnlySpan<float> row = right.Row(r);
            for (int n = 0; n < row.Length; n++)
            {
                largest[n] = Math.Abs(row[n]) > Math.Abs(largest[n]) ? row[n] : largest[n];
            }
        }

        float[] sign = Array.ConvertAll(largest, value => value < 0 ? -1f : 1f);
        foreach (DenseMatrix matrix in new[] { left, right })
        {
            for (int r = 0; r < matrix.Rows; r++)
            {
                TensorPrimitives.Multiply(matrix.Row(r), sign, matrix.Row(r));
            }
        }
    }
}
