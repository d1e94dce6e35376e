using System.Numerics;
using System.Numerics.Tensors;

namespace Segue.Numerics.Dense;

/// <summary>Cholesky factor and inverse of a symmetric positive definite matrix, in place, single precision, threaded.</summary>
/// <remarks>
/// <para>
/// Source: Gustavson, "Recursion leads to automatic variable blocking for dense linear-algebra algorithms", IBM J. Res. Dev. 1997.
/// Every step halves the matrix until 64 rows are left, so that nearly all work is done by <see cref="Gemm"/> on large blocks and
/// each element is read from memory about log₂(n / 64) times. The inverse is the product L⁻ᵀ·L⁻¹ of the inverted factor.
/// </para>
/// <para>
/// The relative error of the inverse is about 10⁻⁷ times the condition number; a matrix whose condition number nears 10⁷ is not
/// positive definite in single precision. The result does not depend on the number of threads.
/// </para>
/// </remarks>
public static class Cholesky
{
    private const int Base = 64;
    private const int Strip = 32;
    private const long SerialLimit = 1L << 17;

    /// <summary>Replaces A by its lower factor L with A = L·Lᵀ and zeros above the diagonal. n³/3 operations.</summary>
    /// <param name="matrix">A, n × n, row-major; only the lower triangle is read. Left half done where the factor does not exist.</param>
    /// <param name="size">n.</param>
    /// <param name="threads">At most this many threads.</param>
    /// <param name="step">Called between blocks with (operations done, operations in all); may throw to stop. May be null.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <returns>−1, or the first row whose pivot is not a positive finite number.</returns>
    /// <exception cref="ArgumentException">The span's length is not n².</exception>
    public static int Factor(
        Span<float> matrix, int size, int threads = 1, Action<long, long>? step = null, SimdPath path = SimdPath.Best)
    {
        Check(matrix, size);
        var run = new Run(size, threads, path, step, 1);
        unsafe
        {
            fixed (float* values = matrix)
            {
                int failed = Factor(values, size, 0, run);
                for (int r = 0; r < size && failed < 0; r++)
                {
                    matrix.Slice((r * size) + r + 1, size - r - 1).Clear();
                }

                return failed;
            }
        }
    }

    /// <summary>Replaces A by A⁻¹, exactly symmetric. n³ operations.</summary>
    /// <param name="matrix">A, n × n, row-major; only the lower triangle is read. Left half done where A is not positive definite.</param>
    /// <param name="size">n.</param>
    /// <param name="threads">At most this many threads.</param>
    /// <param name="step">Called between blocks with (operations done, operations in all); may throw to stop. May be null.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <returns>−1, or the first row whose pivot is not a positive finite number.</returns>
    /// <exception cref="ArgumentException">The span's length is not n².</exception>
    public static int Invert(
        Span<float> matrix, int size, int threads = 1, Action<long, long>? step = null, SimdPath path = SimdPath.Best)
    {
        Check(matrix, size);
        var run = new Run(size, threads, path, step, 3);
        unsafe
        {
            fixed (float* values = matrix)
            {
                int failed = Factor(values, size, 0, run);
                if (failed < 0)
                {
                    InvertFactor(values, size, run);
                    TransposeTimesSelf(values, size, run);
                    Triangles.MirrorLower(values, size, size, threads);
                }

                return failed;
            }
        }
    }

    private static unsafe int Factor(float* a, int n, int offset, Run run)
    {
        if (n <= Base)
        {
            run.Advance(Cube(n));
            int failed = FactorBase(a, n, run.Stride);
            return failed < 0 ? -1 : failed + offset;
        }

        int half = Half(n), rest = n - half;
        float* a21 = a + (half * run.Stride), a22 = a21 + half;
        int upper = Factor(a, half, offset, run);
        if (upper >= 0)
        {
            return upper;
        }

        SolveRightTransposed(a21, rest, a, half, run);
        run.Multiply(-1f, new(a21, run.Stride, 1), new(a21, 1, run.Stride), a22, rest, rest, half, lowerOnly: true);
        run.Advance(Cube(n) - Cube(half) - Cube(rest));
        return Factor(a22, rest, offset + half, run);
    }

    /// <summary>L → L⁻¹: [L₁₁ 0; L₂₁ L₂₂]⁻¹ = [L₁₁⁻¹ 0; −L₂₂⁻¹·L₂₁·L₁₁⁻¹ L₂₂⁻¹].</summary>
    private static unsafe void InvertFactor(float* l, int n, Run run)
    {
        if (n <= Base)
        {
            run.Advance(Cube(n));
            InvertBase(l, n, run.Stride);
            return;
        }

        int half = Half(n), rest = n - half;
        float* l21 = l + (half * run.Stride), l22 = l21 + half;
        SolveLeft(l22, rest, l21, half, run);
        SolveRight(l21, rest, l, half, run);
        nint address = (nint)l21;
        Workers.Run(rest, 64, run.ThreadsFor((long)rest * half), (start, end, _) =>
        {
            for (int r = start; r < end; r++)
            {
                var row = new Span<float>((float*)address + (r * run.Stride), half);
                TensorPrimitives.Negate(row, row);
            }
        });
        run.Advance(Cube(n) - Cube(half) - Cube(rest));
        InvertFactor(l, half, run);
        InvertFactor(l22, rest, run);
    }

    /// <summary>Lower triangle of MᵀM for lower M, in place.</summary>
    private static unsafe void TransposeTimesSelf(float* m, int n, Run run)
    {
        if (n <= Base)
        {
            run.Advance(Cube(n));
            TransposeTimesSelfBase(m, n, run.Stride);
            return;
        }

        int half = Half(n), rest = n - half;
        float* m21 = m + (half * run.Stride), m22 = m21 + half;
        TransposeTimesSelf(m, half, run);
        run.Multiply(1f, new(m21, 1, run.Stride), new(m21, run.Stride, 1), m, half, half, rest, lowerOnly: true);
        MultiplyLeftTransposed(m22, rest, m21, half, run);
        run.Advance(Cube(n) - Cube(half) - Cube(rest));
        TransposeTimesSelf(m22, rest, run);
    }

    /// <summary>B ← X with X·Lᵀ = B; B is m × n.</summary>
    private static unsafe void SolveRightTransposed(float* b, int m, float* l, int n, Run run)
    {
        if (n <= Base)
        {
            AcrossRows(b, m, l, n, run, Operation.Solve);
            return;
        }

        int half = Half(n);
        float* l21 = l + (half * run.Stride);
        SolveRightTransposed(b, m, l, half, run);
        run.Multiply(-1f, new(b, run.Stride, 1), new(l21, 1, run.Stride), b + half, m, n - half, half);
        SolveRightTransposed(b + half, m, l21 + half, n - half, run);
    }

    /// <summary>B ← X with X·L = B; B is m × n.</summary>
    private static unsafe void SolveRight(float* b, int m, float* l, int n, Run run)
    {
        if (n <= Base)
        {
            AcrossRows(b, m, l, n, run, Operation.SolveTransposed);
            return;
        }

        int half = Half(n);
        float* l21 = l + (half * run.Stride);
        SolveRight(b + half, m, l21 + half, n - half, run);
        run.Multiply(-1f, new(b + half, run.Stride, 1), new(l21, run.Stride, 1), b, m, half, n - half);
        SolveRight(b, m, l, half, run);
    }

    /// <summary>B ← X with L·X = B; B is n × m.</summary>
    private static unsafe void SolveLeft(float* l, int n, float* b, int m, Run run)
    {
        if (n <= Base)
        {
            DownColumns(b, m, l, n, run, Operation.Solve);
            return;
        }

        int half = Half(n);
        float* l21 = l + (half * run.Stride), b2 = b + (half * run.Stride);
        SolveLeft(l, half, b, m, run);
        run.Multiply(-1f, new(l21, run.Stride, 1), new(b, run.Stride, 1), b2, n - half, m, half);
        SolveLeft(l21 + half, n - half, b2, m, run);
    }

    /// <summary>B ← TᵀB for lower T; B is n × m.</summary>
    private static unsafe void MultiplyLeftTransposed(float* t, int n, float* b, int m, Run run)
    {
        if (n <= Base)
        {
            DownColumns(b, m, t, n, run, Operation.MultiplyTransposed);
            return;
        }

        int half = Half(n);
        float* t21 = t + (half * run.Stride), b2 = b + (half * run.Stride);
        MultiplyLeftTransposed(t, half, b, m, run);
        run.Multiply(1f, new(t21, 1, run.Stride), new(b2, run.Stride, 1), b, half, m, n - half);
        MultiplyLeftTransposed(t21 + half, n - half, b2, m, run);
    }

    /// <summary>A triangle of at most <see cref="Base"/> rows applied to strips of columns of B (n × m).</summary>
    private static unsafe void DownColumns(float* b, int m, float* l, int n, Run run, Operation operation)
    {
        nint triangle = (nint)l, target = (nint)b, stride = run.Stride;
        int strips = (m + Strip - 1) / Strip;
        Workers.Run(strips, 16, run.ThreadsFor((long)m * n * n), (start, end, _) =>
        {
            // Copies, because rows whose distance is a power of two share their places in the cache.
            float* coefficients = stackalloc float[Base * Base];
            float* buffer = stackalloc float[Base * Strip];
            CopyTriangle((float*)triangle, n, stride, coefficients, operation);
            for (int s = start; s < end; s++)
            {
                float* columns = (float*)target + (s * Strip);
                int width = Math.Min(Strip, m - (s * Strip));
                for (int r = 0; r < n; r++)
                {
                    new ReadOnlySpan<float>(columns + (r * stride), width).CopyTo(new Span<float>(buffer + (r * Strip), width));
                }

                Apply(coefficients, n, buffer, width, operation);
                for (int r = 0; r < n; r++)
                {
                    new ReadOnlySpan<float>(buffer + (r * Strip), width).CopyTo(new Span<float>(columns + (r * stride), width));
                }
            }
        });
    }

    /// <summary>The same for B (m × n) from the right: strips of rows are transposed into the buffer and back.</summary>
    private static unsafe void AcrossRows(float* b, int m, float* l, int n, Run run, Operation operation)
    {
        nint triangle = (nint)l, target = (nint)b, stride = run.Stride;
        int strips = (m + Strip - 1) / Strip;
        Workers.Run(strips, 16, run.ThreadsFor((long)m * n * n), (start, end, _) =>
        {
            float* coefficients = stackalloc float[Base * Base];
            float* buffer = stackalloc float[Base * Strip];
            CopyTriangle((float*)triangle, n, stride, coefficients, operation);
            for (int s = start; s < end; s++)
            {
                float* rows = (float*)target + (s * Strip * stride);
                int height = Math.Min(Strip, m - (s * Strip));
                for (int r = 0; r < height; r++)
                {
                    for (int c = 0; c < n; c++)
                    {
                        buffer[(c * Strip) + r] = rows[(r * stride) + c];
                    }
                }

                Apply(coefficients, n, buffer, height, operation);
                for (int r = 0; r < height; r++)
                {
                    for (int c = 0; c < n; c++)
                    {
                        rows[(r * stride) + c] = buffer[(c * Strip) + r];
                    }
                }
            }
        });
    }

    /// <summary>The triangle as <see cref="Apply"/> reads it: row i holds what row i of the result takes from the others.</summary>
    private static unsafe void CopyTriangle(float* l, int n, nint stride, float* coefficients, Operation operation)
    {
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                coefficients[operation == Operation.Solve ? (i * Base) + j : (j * Base) + i] = l[(i * stride) + j];
            }
        }
    }

    private static unsafe void Apply(float* coefficients, int n, float* b, int width, Operation operation)
    {
        for (int step = 0; step < n; step++)
        {
            int i = operation == Operation.SolveTransposed ? n - 1 - step : step;
            float* row = b + (i * Strip), taken = coefficients + (i * Base);
            float diagonal = taken[i];
            switch (operation)
            {
                case Operation.Solve:
                    Combine(row, width, b, taken, i, -1f, 1f);
                    TensorPrimitives.Divide(new(row, width), diagonal, new(row, width));
                    break;
                case Operation.SolveTransposed:
                    Combine(row, width, row + Strip, taken + i + 1, n - 1 - i, -1f, 1f);
                    TensorPrimitives.Divide(new(row, width), diagonal, new(row, width));
                    break;
                default:
                    Combine(row, width, row + Strip, taken + i + 1, n - 1 - i, 1f, diagonal);
                    break;
            }
        }
    }

    /// <summary>target = own · target + sign · Σ coefficients[p] · source[p]: each lane sums alone, so the vector width changes no bit.</summary>
    private static unsafe void Combine(
        float* target, int width, float* source, float* coefficients, int count, float sign, float own)
    {
        int lanes = Vector<float>.Count, v = 0;
        for (; v + (2 * lanes) <= width; v += 2 * lanes)
        {
            Vector<float> first = Vector.Load(target + v) * own, second = Vector.Load(target + v + lanes) * own;
            for (int p = 0; p < count; p++)
            {
                var x = new Vector<float>(sign * coefficients[p]);
                float* row = source + (p * Strip) + v;
                first += x * Vector.Load(row);
                second += x * Vector.Load(row + lanes);
            }

            first.Store(target + v);
            second.Store(target + v + lanes);
        }

        for (; v < width; v++)
        {
            float sum = target[v] * own;
            for (int p = 0; p < count; p++)
            {
                sum += sign * coefficients[p] * source[(p * Strip) + v];
            }

            target[v] = sum;
        }
    }

    private static unsafe int FactorBase(float* a, int n, nint stride)
    {
        for (int j = 0; j < n; j++)
        {
            float* pivotRow = a + (j * stride);
            double pivot = pivotRow[j];
            for (int p = 0; p < j; p++)
            {
                pivot -= (double)pivotRow[p] * pivotRow[p];
            }

            // Written so that NaN fails too.
            if (!(pivot > 0 && pivot <= float.MaxValue))
            {
                return j;
            }

            double root = Math.Sqrt(pivot);
            pivotRow[j] = (float)root;
            for (int i = j + 1; i < n; i++)
            {
                float* row = a + (i * stride);
                double sum = row[j];
                for (int p = 0; p < j; p++)
                {
                    sum -= (double)row[p] * pivotRow[p];
                }

                row[j] = (float)(sum / root);
            }
        }

        return -1;
    }

    private static unsafe void InvertBase(float* l, int n, nint stride)
    {
        // Column by column from the right: column j of the inverse needs only the inverse of the rows and columns behind it.
        for (int j = n - 1; j >= 0; j--)
        {
            float diagonal = 1f / l[(j * stride) + j];
            for (int i = n - 1; i > j; i--)
            {
                double sum = 0;
                for (int p = j + 1; p <= i; p++)
                {
                    sum += (double)l[(i * stride) + p] * l[(p * stride) + j];
                }

                l[(i * stride) + j] = (float)(-sum * diagonal);
            }

            l[(j * stride) + j] = diagonal;
        }
    }

    private static unsafe void TransposeTimesSelfBase(float* m, int n, nint stride)
    {
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int p = i; p < n; p++)
                {
                    sum += (double)m[(p * stride) + i] * m[(p * stride) + j];
                }

                m[(i * stride) + j] = (float)sum;
            }
        }
    }

    private static int Half(int n) => ((n / 2) + Base - 1) / Base * Base;

    /// <summary>n³/3, the operations of each of the three stages on n rows.</summary>
    private static long Cube(long n) => n * n * n / 3;

    private static void Check(ReadOnlySpan<float> matrix, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (matrix.Length != (long)size * size)
        {
            throw new ArgumentException($"{matrix.Length} values do not fill a {size} × {size} matrix; give {(long)size * size}", nameof(matrix));
        }
    }

    private enum Operation
    {
        Solve,
        SolveTransposed,
        MultiplyTransposed,
    }

    /// <summary>One factorisation under way.</summary>
    private sealed class Run(int size, int threads, SimdPath path, Action<long, long>? step, int stages)
    {
        private readonly long _total = stages * Cube(size);
        private long _done;

        public nint Stride { get; } = size;

        public void Advance(long operations)
        {
            _done += operations;
            step?.Invoke(_done, _total);
        }

        public int ThreadsFor(long work) => work < SerialLimit ? 1 : threads;

        public unsafe void Multiply(
            float scale, Gemm.Operand a, Gemm.Operand b, float* c, int rows, int columns, int inner, bool lowerOnly = false) =>
            Gemm.Run(a, b, c, Stride, rows, columns, inner, new(scale, true, lowerOnly, threads, path));
    }
}
