using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Segue.Numerics.Dense;

/// <summary>
/// Kernels for very many small symmetric systems (sizes of some tens to some hundreds), as least squares over factors needs
/// them: sums of outer products, Cholesky factorization and solves, products with a small matrix, and the normal-equation product of
/// conjugate gradients.
/// </summary>
/// <remarks>
/// A symmetric matrix is stored row-major in its upper triangle; what lies below the diagonal is scratch. Sizes are multiples of 8 and
/// row strides multiples of 16 (<see cref="PadSize"/>, <see cref="PadStride"/>), with zeros in the padding (ones on the padded diagonal
/// of a matrix to be factored). Nothing is allocated. 64-byte aligned data (<see cref="AlignedBuffer"/>) is fastest; any is allowed.
/// The result of one path is the same to the bit on every machine that runs it.
/// </remarks>
public static unsafe class SmallSymmetric
{
    /// <summary>From this size on a strip of eight rows takes much longer than a look at the token.</summary>
    private const int LongStrip = 512;

    private static readonly SimdPath Widest = SimdPaths.Resolve(SimdPath.Best);

    /// <summary><paramref name="size"/> rounded up to a multiple of 8.</summary>
    public static int PadSize(int size) => (size + 7) & ~7;

    /// <summary><paramref name="size"/> rounded up to a multiple of 16.</summary>
    public static int PadStride(int size) => (size + 15) & ~15;

    /// <summary>Adds Rᵀ R to the upper triangle of <paramref name="result"/>.</summary>
    /// <param name="rows">R, <paramref name="count"/> rows of <paramref name="stride"/> floats.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="size">Size of the result, a multiple of 8.</param>
    /// <param name="stride">Floats from row to row of R and of the result, a multiple of 16, at least <paramref name="size"/>.</param>
    /// <param name="result">size rows of stride floats.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    /// <remarks>count · size · (size + 16) multiplications and as many additions; R should fit into the first-level cache.</remarks>
    public static void AddGram(float* rows, int count, int size, int stride, float* result, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.AddGram(rows, count, size, stride, result);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.AddGram(rows, count, size, stride, result);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.AddGram(rows, count, size, stride, result);
                break;
            default:
                Kernels<LanesScalar, float>.AddGram(rows, count, size, stride, result);
                break;
        }
    }

    /// <summary>Factors A = Uᵀ U in place, U upper triangular.</summary>
    /// <param name="matrix">A in its upper triangle; becomes U.</param>
    /// <param name="size">Size, a multiple of 8.</param>
    /// <param name="stride">Floats from row to row, a multiple of 16.</param>
    /// <param name="inverseDiagonal">Output, size floats: 1 / U_kk, for <see cref="Solve"/>.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    /// <returns>False where a pivot is not above zero (or not a number): the matrix is then not positive definite to working precision.</returns>
    /// <remarks>size³ / 3 operations.</remarks>
    public static bool Factor(float* matrix, int size, int stride, float* inverseDiagonal, SimdPath path = SimdPath.Best) =>
        (path == SimdPath.Best ? Widest : path) switch
        {
            SimdPath.Vector512 => Kernels<Lanes512, Vector512<float>>.Factor(matrix, size, stride, inverseDiagonal),
            SimdPath.Vector256 => Kernels<Lanes256, Vector256<float>>.Factor(matrix, size, stride, inverseDiagonal),
            SimdPath.Vector128 => Kernels<Lanes128, Vector128<float>>.Factor(matrix, size, stride, inverseDiagonal),
            _ => Kernels<LanesScalar, float>.Factor(matrix, size, stride, inverseDiagonal),
        };

    /// <summary>Solves Uᵀ U x = b in place.</summary>
    /// <param name="factor">U from <see cref="Factor"/>.</param>
    /// <param name="size">Size, a multiple of 8.</param>
    /// <param name="stride">Floats from row to row, a multiple of 16.</param>
    /// <param name="inverseDiagonal">From <see cref="Factor"/>.</param>
    /// <param name="vector">b, stride floats with zeros after size; becomes x.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void Solve(float* factor, int size, int stride, float* inverseDiagonal, float* vector, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512 or SimdPath.Vector256:
                // Panels of eight rows: wider vectors would straddle their ends.
                Kernels<Lanes256, Vector256<float>>.Solve(factor, size, stride, inverseDiagonal, vector);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.Solve(factor, size, stride, inverseDiagonal, vector);
                break;
            default:
                Kernels<LanesScalar, float>.Solve(factor, size, stride, inverseDiagonal, vector);
                break;
        }
    }

    /// <summary>Writes R M, the product of tall rows with a small square matrix.</summary>
    /// <param name="rows">R, count rows of stride floats; must not overlap the result.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="stride">Size of M, and floats from row to row of everything; a multiple of 16.</param>
    /// <param name="matrix">M, stride × stride, row-major.</param>
    /// <param name="result">Output, count rows.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void Multiply(float* rows, int count, int stride, float* matrix, float* result, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.Multiply(rows, count, stride, matrix, result);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.Multiply(rows, count, stride, matrix, result);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.Multiply(rows, count, stride, matrix, result);
                break;
            default:
                Kernels<LanesScalar, float>.Multiply(rows, count, stride, matrix, result);
                break;
        }
    }

    /// <summary>Writes or adds R M for tall rows R and a small M; every element is one chain of additions in the order of the inner index.</summary>
    /// <param name="rows">R, count rows of inner floats.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="inner">Columns of R, some hundreds at most: the matrix should stay in the second-level cache, the last rows go to the stack.</param>
    /// <param name="matrix">M, inner × columns, row-major.</param>
    /// <param name="columns">A multiple of 16, some hundreds at most.</param>
    /// <param name="result">count rows of columns floats.</param>
    /// <param name="add">Add to the result instead of replacing it.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    internal static void MultiplyRows(float* rows, int count, int inner, float* matrix, int columns, float* result, bool add, SimdPath path)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.MultiplyRows(rows, count, inner, matrix, columns, result, add);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.MultiplyRows(rows, count, inner, matrix, columns, result, add);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.MultiplyRows(rows, count, inner, matrix, columns, result, add);
                break;
            default:
                Kernels<LanesScalar, float>.MultiplyRows(rows, count, inner, matrix, columns, result, add);
                break;
        }
    }

    /// <summary>Adds Lᵀ R for two tall matrices: every element is one chain of additions in the order of the rows.</summary>
    /// <param name="left">L, count rows of leftColumns floats.</param>
    /// <param name="leftColumns">A multiple of 8.</param>
    /// <param name="right">R, count rows of rightColumns floats.</param>
    /// <param name="rightColumns">A multiple of 16.</param>
    /// <param name="start">First column of the result that is taken, a multiple of 16.</param>
    /// <param name="end">The column after the last, a multiple of 16.</param>
    /// <param name="count">Number of rows; a few hundred fit the second-level cache.</param>
    /// <param name="result">leftColumns × rightColumns, row-major.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    internal static void AddTransposeProduct(
        float* left, int leftColumns, float* right, int rightColumns, int start, int end, int count, float* result, SimdPath path)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.AddTransposeProduct(left, leftColumns, right, rightColumns, start, end, count, result);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.AddTransposeProduct(left, leftColumns, right, rightColumns, start, end, count, result);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.AddTransposeProduct(left, leftColumns, right, rightColumns, start, end, count, result);
                break;
            default:
                Kernels<LanesScalar, float>.AddTransposeProduct(left, leftColumns, right, rightColumns, start, end, count, result);
                break;
        }
    }

    /// <summary>Copies chosen rows, each times a number and all times one vector: target_k = scale_k · (source[index_k] ∘ vector).</summary>
    /// <param name="source">First column to copy of the first row.</param>
    /// <param name="sourceStride">Floats from row to row of the source.</param>
    /// <param name="index">Which rows.</param>
    /// <param name="scale">A factor for every row of the target.</param>
    /// <param name="count">Number of rows to copy.</param>
    /// <param name="vector">A factor for every column.</param>
    /// <param name="stride">Columns to copy, a multiple of 16.</param>
    /// <param name="target">Output, count rows of stride floats.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void Gather(
        float* source, int sourceStride, int* index, float* scale, int count, float* vector, int stride, float* target, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.Gather(source, sourceStride, index, scale, count, vector, stride, target);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.Gather(source, sourceStride, index, scale, count, vector, stride, target);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.Gather(source, sourceStride, index, scale, count, vector, stride, target);
                break;
            default:
                Kernels<LanesScalar, float>.Gather(source, sourceStride, index, scale, count, vector, stride, target);
                break;
        }
    }

    /// <summary>Adds Rᵀ c to <paramref name="result"/>: a weighted sum of rows.</summary>
    /// <param name="rows">R, count rows.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="width">Columns, a multiple of 16.</param>
    /// <param name="weight">c, count floats.</param>
    /// <param name="result">width floats.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void AddWeightedSum(float* rows, int count, int stride, int width, float* weight, float* result, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.AddWeightedSum(rows, count, stride, width, weight, result);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.AddWeightedSum(rows, count, stride, width, weight, result);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.AddWeightedSum(rows, count, stride, width, weight, result);
                break;
            default:
                Kernels<LanesScalar, float>.AddWeightedSum(rows, count, stride, width, weight, result);
                break;
        }
    }

    /// <summary>Adds sign · R p to <paramref name="result"/>: the dot products of rows with one vector.</summary>
    /// <param name="rows">R, count rows of stride floats.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="stride">Columns, a multiple of 16.</param>
    /// <param name="vector">p, stride floats.</param>
    /// <param name="sign">A factor of the products.</param>
    /// <param name="result">count floats.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void AddProduct(float* rows, int count, int stride, float* vector, float sign, float* result, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.AddProduct(rows, count, stride, vector, sign, result);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.AddProduct(rows, count, stride, vector, sign, result);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.AddProduct(rows, count, stride, vector, sign, result);
                break;
            default:
                Kernels<LanesScalar, float>.AddProduct(rows, count, stride, vector, sign, result);
                break;
        }
    }

    /// <summary>Adds Rᵀ (R p) to <paramref name="result"/> in one pass over R.</summary>
    /// <param name="rows">R, count rows of stride floats.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="stride">Columns, a multiple of 16.</param>
    /// <param name="vector">p, stride floats.</param>
    /// <param name="result">stride floats.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void AddNormalProduct(float* rows, int count, int stride, float* vector, float* result, SimdPath path = SimdPath.Best)
    {
        switch (path == SimdPath.Best ? Widest : path)
        {
            case SimdPath.Vector512:
                Kernels<Lanes512, Vector512<float>>.AddNormalProduct(rows, count, stride, vector, result);
                break;
            case SimdPath.Vector256:
                Kernels<Lanes256, Vector256<float>>.AddNormalProduct(rows, count, stride, vector, result);
                break;
            case SimdPath.Vector128:
                Kernels<Lanes128, Vector128<float>>.AddNormalProduct(rows, count, stride, vector, result);
                break;
            default:
                Kernels<LanesScalar, float>.AddNormalProduct(rows, count, stride, vector, result);
                break;
        }
    }

    /// <summary>Transposes count rows of <paramref name="stride"/> floats into stride rows of <paramref name="targetStride"/>.</summary>
    /// <param name="rows">Source; rows up to the next multiple of 8 are read and must exist.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="stride">Columns of the source, a multiple of 8.</param>
    /// <param name="target">Output; columns from count to targetStride become zero.</param>
    /// <param name="targetStride">Floats from row to row of the target, a multiple of 8, at least count.</param>
    /// <param name="path">Which form of the kernel runs.</param>
    public static void Transpose(float* rows, int count, int stride, float* target, int targetStride, SimdPath path = SimdPath.Best)
    {
        path = path == SimdPath.Best ? Widest : path;
        int whole = PadSize(count);
        new Span<float>(rows + ((long)count * stride), (whole - count) * stride).Clear();
        for (int r = 0; r < whole; r += 8)
        {
            for (int c = 0; c < stride; c += 8)
            {
                Transpose8(rows + ((long)r * stride) + c, stride, target + ((long)c * targetStride) + r, targetStride, path);
            }
        }

        if (whole < targetStride)
        {
            for (int c = 0; c < stride; c++)
            {
                new Span<float>(target + ((long)c * targetStride) + whole, targetStride - whole).Clear();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose8(float* source, int sourceStride, float* target, int targetStride, SimdPath path)
    {
        if (!Avx.IsSupported || path < SimdPath.Vector256)
        {
            for (int r = 0; r < 8; r++)
            {
                for (int c = 0; c < 8; c++)
                {
                    target[(c * targetStride) + r] = source[(r * sourceStride) + c];
                }
            }

            return;
        }

        Vector256<float> a = Vector256.Load(source), b = Vector256.Load(source + sourceStride);
        Vector256<float> c0 = Vector256.Load(source + (2 * sourceStride)), d = Vector256.Load(source + (3 * sourceStride));
        Vector256<float> e = Vector256.Load(source + (4 * sourceStride)), f = Vector256.Load(source + (5 * sourceStride));
        Vector256<float> g = Vector256.Load(source + (6 * sourceStride)), h = Vector256.Load(source + (7 * sourceStride));
        Vector256<float> ab0 = Avx.UnpackLow(a, b), ab1 = Avx.UnpackHigh(a, b), cd0 = Avx.UnpackLow(c0, d), cd1 = Avx.UnpackHigh(c0, d);
        Vector256<float> ef0 = Avx.UnpackLow(e, f), ef1 = Avx.UnpackHigh(e, f), gh0 = Avx.UnpackLow(g, h), gh1 = Avx.UnpackHigh(g, h);
        Vector256<float> l0 = Avx.Shuffle(ab0, cd0, 0x44), l1 = Avx.Shuffle(ab0, cd0, 0xEE);
        Vector256<float> l2 = Avx.Shuffle(ab1, cd1, 0x44), l3 = Avx.Shuffle(ab1, cd1, 0xEE);
        Vector256<float> h0 = Avx.Shuffle(ef0, gh0, 0x44), h1 = Avx.Shuffle(ef0, gh0, 0xEE);
        Vector256<float> h2 = Avx.Shuffle(ef1, gh1, 0x44), h3 = Avx.Shuffle(ef1, gh1, 0xEE);
        Vector256.Store(Avx.Permute2x128(l0, h0, 0x20), target);
        Vector256.Store(Avx.Permute2x128(l1, h1, 0x20), target + targetStride);
        Vector256.Store(Avx.Permute2x128(l2, h2, 0x20), target + (2 * targetStride));
        Vector256.Store(Avx.Permute2x128(l3, h3, 0x20), target + (3 * targetStride));
        Vector256.Store(Avx.Permute2x128(l0, h0, 0x31), target + (4 * targetStride));
        Vector256.Store(Avx.Permute2x128(l1, h1, 0x31), target + (5 * targetStride));
        Vector256.Store(Avx.Permute2x128(l2, h2, 0x31), target + (6 * targetStride));
        Vector256.Store(Avx.Permute2x128(l3, h3, 0x31), target + (7 * targetStride));
    }

    /// <summary>The kernels for one vector width; the runtime compiles one copy for each.</summary>
    private static class Kernels<TLanes, TVector>
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        private static int Lanes => TLanes.Count;

        private static void CheckLong(int size)
        {
            if (size >= LongStrip)
            {
                CancellationScope.Check();
            }
        }

        public static void AddGram(float* rows, int count, int size, int stride, float* result)
        {
            for (int i = 0; i < size; i += 8)
            {
                CheckLong(size);
                Strip(rows + i, 1, stride, rows, stride, count, result + ((long)i * stride), stride, i / Lanes * Lanes, size, 1f);
            }
        }

        public static bool Factor(float* matrix, int size, int stride, float* inverseDiagonal)
        {
            for (int k = 0; k < size; k += 8)
            {
                int firstColumn = k / Lanes * Lanes;
                float* panel = matrix + ((long)k * stride);

                CheckLong(size);

                // Left-looking: the eight rows take the updates of all rows above at once, in registers.
                if (k > 0)
                {
                    Strip(matrix + k, 1, stride, matrix, stride, k, panel, stride, firstColumn, size, -1f);
                }

                for (int i = 0; i < 8; i++)
                {
                    float* row = panel + ((long)i * stride);
                    float pivot = row[k + i];
                    if (!(pivot > 0f))
                    {
                        return false;
                    }

                    float inverse = 1f / MathF.Sqrt(pivot);
                    inverseDiagonal[k + i] = inverse;
                    TVector scale = TLanes.Broadcast(inverse);
                    int start = (k + i) / Lanes * Lanes;
                    for (int c = start; c < size; c += Lanes)
                    {
                        TLanes.Store(TLanes.Multiply(TLanes.Load(row + c), scale), row + c);
                    }

                    for (int j = i + 1; j < 8; j++)
                    {
                        float* below = panel + ((long)j * stride);
                        TVector factor = TLanes.Broadcast(-row[k + j]);
                        for (int c = (k + j) / Lanes * Lanes; c < size; c += Lanes)
                        {
                            TLanes.Store(TLanes.MultiplyAdd(factor, TLanes.Load(row + c), TLanes.Load(below + c)), below + c);
                        }
                    }
                }
            }

            return true;
        }

        public static void Solve(float* factor, int size, int stride, float* inverseDiagonal, float* vector)
        {
            // Forward, Uᵀ y = b: eight unknowns by scalars, then their rows are taken off the rest in one pass.
            for (int k = 0; k < size; k += 8)
            {
                float* panel = factor + ((long)k * stride);
                for (int i = 0; i < 8; i++)
                {
                    float y = vector[k + i] * inverseDiagonal[k + i];
                    vector[k + i] = y;
                    float* row = panel + ((long)i * stride) + k;
                    for (int j = i + 1; j < 8; j++)
                    {
                        vector[k + j] -= y * row[j];
                    }
                }

                TVector y0 = TLanes.Broadcast(-vector[k]), y1 = TLanes.Broadcast(-vector[k + 1]);
                TVector y2 = TLanes.Broadcast(-vector[k + 2]), y3 = TLanes.Broadcast(-vector[k + 3]);
                TVector y4 = TLanes.Broadcast(-vector[k + 4]), y5 = TLanes.Broadcast(-vector[k + 5]);
                TVector y6 = TLanes.Broadcast(-vector[k + 6]), y7 = TLanes.Broadcast(-vector[k + 7]);
                for (int c = k + 8; c < size; c += Lanes)
                {
                    float* column = panel + c;
                    TVector first = TLanes.MultiplyAdd(y0, TLanes.Load(column), TLanes.Load(vector + c));
                    TVector second = TLanes.Multiply(y1, TLanes.Load(column + stride));
                    column += 2 * (long)stride;
                    first = TLanes.MultiplyAdd(y2, TLanes.Load(column), first);
                    second = TLanes.MultiplyAdd(y3, TLanes.Load(column + stride), second);
                    column += 2 * (long)stride;
                    first = TLanes.MultiplyAdd(y4, TLanes.Load(column), first);
                    second = TLanes.MultiplyAdd(y5, TLanes.Load(column + stride), second);
                    column += 2 * (long)stride;
                    first = TLanes.MultiplyAdd(y6, TLanes.Load(column), first);
                    second = TLanes.MultiplyAdd(y7, TLanes.Load(column + stride), second);
                    TLanes.Store(TLanes.Add(first, second), vector + c);
                }
            }

            // Backward, U x = y: eight dot products with what is solved, then a small triangle by scalars.
            for (int k = size - 8; k >= 0; k -= 8)
            {
                float* panel = factor + ((long)k * stride);
                if (k + 8 < size)
                {
                    for (int half = 0; half < 8; half += 4)
                    {
                        float* row = panel + ((long)half * stride);
                        TVector s0 = TLanes.Broadcast(0f), s1 = s0, s2 = s0, s3 = s0;
                        for (int c = k + 8; c < size; c += Lanes)
                        {
                            TVector x = TLanes.Load(vector + c);
                            s0 = TLanes.MultiplyAdd(x, TLanes.Load(row + c), s0);
                            s1 = TLanes.MultiplyAdd(x, TLanes.Load(row + stride + c), s1);
                            s2 = TLanes.MultiplyAdd(x, TLanes.Load(row + (2 * stride) + c), s2);
                            s3 = TLanes.MultiplyAdd(x, TLanes.Load(row + (3 * stride) + c), s3);
                        }

                        float* part = vector + k + half;
                        Vector128.Store(Vector128.Load(part) - TLanes.SumFour(s0, s1, s2, s3), part);
                    }
                }

                for (int i = 7; i >= 0; i--)
                {
                    // Column by column, so that the chain of dependent operations is one multiplication and one subtraction long.
                    float x = vector[k + i] * inverseDiagonal[k + i];
                    vector[k + i] = x;
                    float* column = panel + k + i;
                    for (int j = 0; j < i; j++)
                    {
                        vector[k + j] -= x * column[(long)j * stride];
                    }
                }
            }
        }

        public static void Multiply(float* rows, int count, int stride, float* matrix, float* result)
        {
            int r = 0;
            for (; r + 8 <= count; r += 8)
            {
                CheckLong(stride);
                float* block = result + ((long)r * stride);
                new Span<float>(block, 8 * stride).Clear();
                Strip(rows + ((long)r * stride), stride, 1, matrix, stride, stride, block, stride, 0, stride, 1f);
            }

            for (; r < count; r++)
            {
                float* row = result + ((long)r * stride);
                new Span<float>(row, stride).Clear();
                AddWeightedSum(matrix, stride, stride, stride, rows + ((long)r * stride), row);
            }
        }

        public static void MultiplyRows(float* rows, int count, int inner, float* matrix, int columns, float* result, bool add)
        {
            int whole = count & ~7, rest = count - whole;
            if (!add)
            {
                new Span<float>(result, count * columns).Clear();
            }

            for (int r = 0; r < whole; r += 8)
            {
                Strip(rows + ((long)r * inner), inner, 1, matrix, columns, inner, result + ((long)r * columns), columns, 0, columns, 1f);
            }

            if (rest > 0)
            {
                float* padded = stackalloc float[8 * inner], product = stackalloc float[8 * columns];
                Span<float> last = new(result + ((long)whole * columns), rest * columns);
                new Span<float>(padded, 8 * inner).Clear();
                new ReadOnlySpan<float>(rows + ((long)whole * inner), rest * inner).CopyTo(new Span<float>(padded, 8 * inner));
                new Span<float>(product, 8 * columns).Clear();
                last.CopyTo(new Span<float>(product, 8 * columns));
                Strip(padded, inner, 1, matrix, columns, inner, product, columns, 0, columns, 1f);
                new ReadOnlySpan<float>(product, rest * columns).CopyTo(last);
            }
        }

        public static void AddTransposeProduct(float* left, int leftColumns, float* right, int rightColumns, int start, int end, int count, float* result)
        {
            for (int i = 0; i < leftColumns; i += 8)
            {
                Strip(left + i, 1, leftColumns, right, rightColumns, count, result + ((long)i * rightColumns), rightColumns, start, end, 1f);
            }
        }

        public static void Gather(float* source, int sourceStride, int* index, float* scale, int count, float* vector, int stride, float* target)
        {
            const int ahead = 8;
            for (int k = 0; k < count; k++)
            {
                if (Sse.IsSupported && k + ahead < count)
                {
                    float* later = source + ((long)index[k + ahead] * sourceStride);
                    for (int c = 0; c < stride; c += 16)
                    {
                        Sse.Prefetch0(later + c);
                    }
                }

                float* row = source + ((long)index[k] * sourceStride);
                float* copy = target + ((long)k * stride);
                TVector factor = TLanes.Broadcast(scale[k]);
                for (int c = 0; c < stride; c += Lanes)
                {
                    TLanes.Store(TLanes.Multiply(TLanes.Multiply(TLanes.Load(row + c), factor), TLanes.Load(vector + c)), copy + c);
                }
            }
        }

        public static void AddWeightedSum(float* rows, int count, int stride, int width, float* weight, float* result)
        {
            for (int c = 0; c < width; c += Lanes)
            {
                float* column = rows + c;
                TVector even = TLanes.Load(result + c), odd = TLanes.Broadcast(0f);
                int k = 0;
                for (; k + 2 <= count; k += 2)
                {
                    even = TLanes.MultiplyAdd(TLanes.Broadcast(weight[k]), TLanes.Load(column), even);
                    odd = TLanes.MultiplyAdd(TLanes.Broadcast(weight[k + 1]), TLanes.Load(column + stride), odd);
                    column += 2 * (long)stride;
                }

                if (k < count)
                {
                    even = TLanes.MultiplyAdd(TLanes.Broadcast(weight[k]), TLanes.Load(column), even);
                }

                TLanes.Store(TLanes.Add(even, odd), result + c);
            }
        }

        public static void AddProduct(float* rows, int count, int stride, float* vector, float sign, float* result)
        {
            int k = 0;
            for (; k + 4 <= count; k += 4)
            {
                float* a = rows + ((long)k * stride);
                float* b = a + stride;
                float* c = b + stride;
                float* d = c + stride;
                TVector sa = TLanes.Broadcast(0f), sb = sa, sc = sa, sd = sa;
                for (int j = 0; j < stride; j += Lanes)
                {
                    TVector p = TLanes.Load(vector + j);
                    sa = TLanes.MultiplyAdd(p, TLanes.Load(a + j), sa);
                    sb = TLanes.MultiplyAdd(p, TLanes.Load(b + j), sb);
                    sc = TLanes.MultiplyAdd(p, TLanes.Load(c + j), sc);
                    sd = TLanes.MultiplyAdd(p, TLanes.Load(d + j), sd);
                }

                Vector128.Store(Vector128.Load(result + k) + (TLanes.SumFour(sa, sb, sc, sd) * sign), result + k);
            }

            for (; k < count; k++)
            {
                float* a = rows + ((long)k * stride);
                TVector sum = TLanes.Broadcast(0f);
                for (int j = 0; j < stride; j += Lanes)
                {
                    sum = TLanes.MultiplyAdd(TLanes.Load(vector + j), TLanes.Load(a + j), sum);
                }

                result[k] += sign * TLanes.Sum(sum);
            }
        }

        public static void AddNormalProduct(float* rows, int count, int stride, float* vector, float* result)
        {
            int k = 0;
            if (Lanes == 16 && stride == 64)
            {
                k = AddNormalProduct64(rows, count, vector, result);
            }

            for (; k + 4 <= count; k += 4)
            {
                float* a = rows + ((long)k * stride);
                float* b = a + stride;
                float* c = b + stride;
                float* d = c + stride;
                TVector sa = TLanes.Broadcast(0f), sb = sa, sc = sa, sd = sa;
                for (int j = 0; j < stride; j += Lanes)
                {
                    TVector p = TLanes.Load(vector + j);
                    sa = TLanes.MultiplyAdd(p, TLanes.Load(a + j), sa);
                    sb = TLanes.MultiplyAdd(p, TLanes.Load(b + j), sb);
                    sc = TLanes.MultiplyAdd(p, TLanes.Load(c + j), sc);
                    sd = TLanes.MultiplyAdd(p, TLanes.Load(d + j), sd);
                }

                Vector128<float> dots = TLanes.SumFour(sa, sb, sc, sd);
                sa = TLanes.Broadcast(dots[0]);
                sb = TLanes.Broadcast(dots[1]);
                sc = TLanes.Broadcast(dots[2]);
                sd = TLanes.Broadcast(dots[3]);
                for (int j = 0; j < stride; j += Lanes)
                {
                    TVector first = TLanes.MultiplyAdd(sa, TLanes.Load(a + j), TLanes.Load(result + j));
                    TVector second = TLanes.Multiply(sb, TLanes.Load(b + j));
                    first = TLanes.MultiplyAdd(sc, TLanes.Load(c + j), first);
                    second = TLanes.MultiplyAdd(sd, TLanes.Load(d + j), second);
                    TLanes.Store(TLanes.Add(first, second), result + j);
                }
            }

            for (; k < count; k++)
            {
                float* a = rows + ((long)k * stride);
                TVector sum = TLanes.Broadcast(0f);
                for (int j = 0; j < stride; j += Lanes)
                {
                    sum = TLanes.MultiplyAdd(TLanes.Load(vector + j), TLanes.Load(a + j), sum);
                }

                TVector dot = TLanes.Broadcast(TLanes.Sum(sum));
                for (int j = 0; j < stride; j += Lanes)
                {
                    TLanes.Store(TLanes.MultiplyAdd(dot, TLanes.Load(a + j), TLanes.Load(result + j)), result + j);
                }
            }
        }

        /// <summary>Rows of four whole vectors, each loaded once and kept in registers; returns how many rows are done.</summary>
        private static int AddNormalProduct64(float* rows, int count, float* vector, float* result)
        {
            TVector p0 = TLanes.Load(vector), p1 = TLanes.Load(vector + 16), p2 = TLanes.Load(vector + 32), p3 = TLanes.Load(vector + 48);
            TVector r0 = TLanes.Load(result), r1 = TLanes.Load(result + 16), r2 = TLanes.Load(result + 32), r3 = TLanes.Load(result + 48);
            int k = 0;
            for (; k + 4 <= count; k += 4)
            {
                TVector a0 = TLanes.Load(rows), a1 = TLanes.Load(rows + 16), a2 = TLanes.Load(rows + 32), a3 = TLanes.Load(rows + 48);
                TVector b0 = TLanes.Load(rows + 64), b1 = TLanes.Load(rows + 80), b2 = TLanes.Load(rows + 96), b3 = TLanes.Load(rows + 112);
                TVector c0 = TLanes.Load(rows + 128), c1 = TLanes.Load(rows + 144), c2 = TLanes.Load(rows + 160), c3 = TLanes.Load(rows + 176);
                TVector d0 = TLanes.Load(rows + 192), d1 = TLanes.Load(rows + 208), d2 = TLanes.Load(rows + 224), d3 = TLanes.Load(rows + 240);
                TVector sa = TLanes.MultiplyAdd(p3, a3, TLanes.MultiplyAdd(p2, a2, TLanes.MultiplyAdd(p1, a1, TLanes.Multiply(p0, a0))));
                TVector sb = TLanes.MultiplyAdd(p3, b3, TLanes.MultiplyAdd(p2, b2, TLanes.MultiplyAdd(p1, b1, TLanes.Multiply(p0, b0))));
                TVector sc = TLanes.MultiplyAdd(p3, c3, TLanes.MultiplyAdd(p2, c2, TLanes.MultiplyAdd(p1, c1, TLanes.Multiply(p0, c0))));
                TVector sd = TLanes.MultiplyAdd(p3, d3, TLanes.MultiplyAdd(p2, d2, TLanes.MultiplyAdd(p1, d1, TLanes.Multiply(p0, d0))));
                Vector128<float> dots = TLanes.SumFour(sa, sb, sc, sd);
                sa = TLanes.Broadcast(dots[0]);
                sb = TLanes.Broadcast(dots[1]);
                sc = TLanes.Broadcast(dots[2]);
                sd = TLanes.Broadcast(dots[3]);
                r0 = TLanes.MultiplyAdd(sd, d0, TLanes.MultiplyAdd(sc, c0, TLanes.MultiplyAdd(sb, b0, TLanes.MultiplyAdd(sa, a0, r0))));
                r1 = TLanes.MultiplyAdd(sd, d1, TLanes.MultiplyAdd(sc, c1, TLanes.MultiplyAdd(sb, b1, TLanes.MultiplyAdd(sa, a1, r1))));
                r2 = TLanes.MultiplyAdd(sd, d2, TLanes.MultiplyAdd(sc, c2, TLanes.MultiplyAdd(sb, b2, TLanes.MultiplyAdd(sa, a2, r2))));
                r3 = TLanes.MultiplyAdd(sd, d3, TLanes.MultiplyAdd(sc, c3, TLanes.MultiplyAdd(sb, b3, TLanes.MultiplyAdd(sa, a3, r3))));
                rows += 256;
            }

            TLanes.Store(r0, result);
            TLanes.Store(r1, result + 16);
            TLanes.Store(r2, result + 32);
            TLanes.Store(r3, result + 48);
            return k;
        }

        /// <summary>
        /// Eight result rows: C[i, c] += sign · Σ_k B[i, k] · V[k, c] for columns firstColumn … size − 1, with
        /// B[i, k] = left[i · leftRow + k · leftStep].
        /// </summary>
        private static void Strip(
            float* left, nint leftRow, nint leftStep, float* right, nint rightStride, int count, float* result, nint stride, int firstColumn, int size, float sign)
        {
            int c = firstColumn;
            if (Lanes == 16)
            {
                // Sixteen accumulators need more registers than 256-bit machines have.
                for (; c + (2 * Lanes) <= size; c += 2 * Lanes)
                {
                    TileTwo(left, leftRow, leftStep, right + c, rightStride, count, result + c, stride, sign);
                }
            }

            for (; c < size; c += Lanes)
            {
                TileOne(left, leftRow, leftStep, right + c, rightStride, count, result + c, stride, sign);
            }
        }

        private static void TileOne(
            float* left, nint leftRow, nint leftStep, float* right, nint rightStride, int count, float* result, nint stride, float sign)
        {
            TVector r0 = TLanes.Broadcast(0f), r1 = r0, r2 = r0, r3 = r0, r4 = r0, r5 = r0, r6 = r0, r7 = r0;
            float* b0 = left, b1 = b0 + leftRow, b2 = b1 + leftRow, b3 = b2 + leftRow;
            float* b4 = b3 + leftRow, b5 = b4 + leftRow, b6 = b5 + leftRow, b7 = b6 + leftRow;
            nint o = 0;
            for (int k = 0; k < count; k++)
            {
                TVector v = TLanes.Load(right);
                r0 = TLanes.MultiplyAdd(TLanes.Broadcast(b0[o]), v, r0);
                r1 = TLanes.MultiplyAdd(TLanes.Broadcast(b1[o]), v, r1);
                r2 = TLanes.MultiplyAdd(TLanes.Broadcast(b2[o]), v, r2);
                r3 = TLanes.MultiplyAdd(TLanes.Broadcast(b3[o]), v, r3);
                r4 = TLanes.MultiplyAdd(TLanes.Broadcast(b4[o]), v, r4);
                r5 = TLanes.MultiplyAdd(TLanes.Broadcast(b5[o]), v, r5);
                r6 = TLanes.MultiplyAdd(TLanes.Broadcast(b6[o]), v, r6);
                r7 = TLanes.MultiplyAdd(TLanes.Broadcast(b7[o]), v, r7);
                right += rightStride;
                o += leftStep;
            }

            TVector s = TLanes.Broadcast(sign);
            Put(r0, s, result);
            Put(r1, s, result + stride);
            Put(r2, s, result + (2 * stride));
            Put(r3, s, result + (3 * stride));
            Put(r4, s, result + (4 * stride));
            Put(r5, s, result + (5 * stride));
            Put(r6, s, result + (6 * stride));
            Put(r7, s, result + (7 * stride));
        }

        private static void TileTwo(
            float* left, nint leftRow, nint leftStep, float* right, nint rightStride, int count, float* result, nint stride, float sign)
        {
            TVector r0 = TLanes.Broadcast(0f), r1 = r0, r2 = r0, r3 = r0, r4 = r0, r5 = r0, r6 = r0, r7 = r0;
            TVector t0 = r0, t1 = r0, t2 = r0, t3 = r0, t4 = r0, t5 = r0, t6 = r0, t7 = r0;
            float* b0 = left, b1 = b0 + leftRow, b2 = b1 + leftRow, b3 = b2 + leftRow;
            float* b4 = b3 + leftRow, b5 = b4 + leftRow, b6 = b5 + leftRow, b7 = b6 + leftRow;
            nint o = 0;
            for (int k = 0; k < count; k++)
            {
                TVector v = TLanes.Load(right), w = TLanes.Load(right + Lanes);
                TVector x = TLanes.Broadcast(b0[o]), y = TLanes.Broadcast(b1[o]);
                r0 = TLanes.MultiplyAdd(x, v, r0);
                t0 = TLanes.MultiplyAdd(x, w, t0);
                r1 = TLanes.MultiplyAdd(y, v, r1);
                t1 = TLanes.MultiplyAdd(y, w, t1);
                x = TLanes.Broadcast(b2[o]);
                y = TLanes.Broadcast(b3[o]);
                r2 = TLanes.MultiplyAdd(x, v, r2);
                t2 = TLanes.MultiplyAdd(x, w, t2);
                r3 = TLanes.MultiplyAdd(y, v, r3);
                t3 = TLanes.MultiplyAdd(y, w, t3);
                x = TLanes.Broadcast(b4[o]);
                y = TLanes.Broadcast(b5[o]);
                r4 = TLanes.MultiplyAdd(x, v, r4);
                t4 = TLanes.MultiplyAdd(x, w, t4);
                r5 = TLanes.MultiplyAdd(y, v, r5);
                t5 = TLanes.MultiplyAdd(y, w, t5);
                x = TLanes.Broadcast(b6[o]);
                y = TLanes.Broadcast(b7[o]);
                r6 = TLanes.MultiplyAdd(x, v, r6);
                t6 = TLanes.MultiplyAdd(x, w, t6);
                r7 = TLanes.MultiplyAdd(y, v, r7);
                t7 = TLanes.MultiplyAdd(y, w, t7);
                right += rightStride;
                o += leftStep;
            }

            TVector s = TLanes.Broadcast(sign);
            float* second = result + Lanes;
            Put(r0, s, result);
            Put(t0, s, second);
            Put(r1, s, result + stride);
            Put(t1, s, second + stride);
            Put(r2, s, result + (2 * stride));
            Put(t2, s, second + (2 * stride));
            Put(r3, s, result + (3 * stride));
            Put(t3, s, second + (3 * stride));
            Put(r4, s, result + (4 * stride));
            Put(t4, s, second + (4 * stride));
            Put(r5, s, result + (5 * stride));
            Put(t5, s, second + (5 * stride));
            Put(r6, s, result + (6 * stride));
            Put(t6, s, second + (6 * stride));
            Put(r7, s, result + (7 * stride));
            Put(t7, s, second + (7 * stride));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Put(TVector sum, TVector sign, float* target) =>
            TLanes.Store(TLanes.MultiplyAdd(sum, sign, TLanes.Load(target)), target);
    }

    internal interface ILanes<TVector>
    {
        static abstract int Count { get; }

        static abstract TVector Load(float* source);

        static abstract void Store(TVector value, float* target);

        static abstract TVector Broadcast(float value);

        static abstract TVector Add(TVector a, TVector b);

        static abstract TVector Multiply(TVector a, TVector b);

        static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

        static abstract float Sum(TVector value);

        static abstract Vector128<float> SumFour(TVector a, TVector b, TVector c, TVector d);
    }

    internal readonly struct Lanes512 : ILanes<Vector512<float>>
    {
        public static int Count => 16;

        public static Vector512<float> Load(float* source) => Vector512.Load(source);

        public static void Store(Vector512<float> value, float* target) => Vector512.Store(value, target);

        public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

        public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

        public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

        public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.MultiplyAddEstimate(a, b, c);

        public static float Sum(Vector512<float> value) => Vector512.Sum(value);

        public static Vector128<float> SumFour(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =>
            Lanes256.SumFour(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
    }

    internal readonly struct Lanes256 : ILanes<Vector256<float>>
    {
        public static int Count => 8;

        public static Vector256<float> Load(float* source) => Vector256.Load(source);

        public static void Store(Vector256<float> value, float* target) => Vector256.Store(value, target);

        public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

        public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

        public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;

        public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.MultiplyAddEstimate(a, b, c);

        public static float Sum(Vector256<float> value) => Vector256.Sum(value);

        public static Vector128<float> SumFour(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d) =>
            Lanes128.SumFour(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper());
    }

    internal readonly struct Lanes128 : ILanes<Vector128<float>>
    {
        public static int Count => 4;

        public static Vector128<float> Load(float* source) => Vector128.Load(source);

        public static void Store(Vector128<float> value, float* target) => Vector128.Store(value, target);

        public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

        public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

        public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

        public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) => Vector128.MultiplyAddEstimate(a, b, c);

        public static float Sum(Vector128<float> value) => Vector128.Sum(value);

        public static Vector128<float> SumFour(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
        {
            if (Sse.IsSupported)
            {
                Vector128<float> low = Sse.UnpackLow(a, b) + Sse.UnpackHigh(a, b), high = Sse.UnpackLow(c, d) + Sse.UnpackHigh(c, d);
                return Sse.MoveLowToHigh(low, high) + Sse.MoveHighToLow(high, low);
            }

            return Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));
        }
    }

    internal readonly struct LanesScalar : ILanes<float>
    {
        public static int Count => 1;

        public static float Load(float* source) => *source;

        public static void Store(float value, float* target) => *target = value;

        public static float Broadcast(float value) => value;

        public static float Add(float a, float b) => a + b;

        public static float Multiply(float a, float b) => a * b;

        public static float MultiplyAdd(float a, float b, float c) => (a * b) + c;

        public static float Sum(float value) => value;

        public static Vector128<float> SumFour(float a, float b, float c, float d) => Vector128.Create(a, b, c, d);
    }
}
