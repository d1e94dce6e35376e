using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Segue.Numerics.Dense;

namespace Segue.Numerics.Sparse;

/// <content>Products and orthonormal bases.</content>
public sealed partial class TruncatedSvd
{
    // Single precision cannot tell a direction this much smaller than the largest from rounding noise.
    private const double Negligible = 1e-5;

    // Rows of a basis whose Gram matrix is added up at a time, and in how many sums: fixed, so that threads change no bit.
    private const int PanelRows = 256, Sums = 8;

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
