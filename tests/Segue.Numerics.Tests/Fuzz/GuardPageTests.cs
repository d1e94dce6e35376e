using Segue.Numerics.Dense;
using Segue.Numerics.Embedding;
using Segue.Numerics.Sampling;
using Segue.Numerics.Selection;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests.Fuzz;

/// <summary>
/// Every kernel on every path with memory that ends where its arguments end, and begins where they begin: a read or write beyond is no wrong figure but the end of this process. What comes out is what
/// comes out elsewhere.
/// </summary>
public sealed unsafe class GuardPageTests
{
    private const int Most = 70;
    private static readonly float[] Values = Shapes.Gaussian(Most * Most * 4, "guard pages");

    public static TheoryData<SimdPath, bool> Places => [.. from path in SimdPaths.Supported from atStart in new[] { false, true } select (path, atStart)];

    private delegate void Kernel(GuardedMemory memory, Span<float> output);

    [Theory]
    [MemberData(nameof(Places))]
    public void Matrix_products(SimdPath path, bool atStart)
    {
        var rng = new Rng(1, "guard pages/products");
        for (int n = 0; n <= 2 * Most; n++)
        {
            int rows = n % (Most + 1), columns = rng.Next(Most + 1), inner = rng.Next(Most + 1);
            (rows, columns, inner) = (n % 3) switch { 0 => (rows, columns, inner), 1 => (columns, rows, inner), _ => (columns, inner, rows) };
            bool add = n % 2 == 0;
            Same(atStart, rows * columns, (m, c) => Gemm.Multiply(Take(m, rows * inner), Take(m, inner * columns), c, rows, columns, inner, add, path: path));
            Same(atStart, rows * columns, (m, c) => Gemm.MultiplyTransposed(Take(m, rows * inner), Take(m, columns * inner), c, rows, columns, inner, add, path: path));
            Same(atStart, rows * columns, (m, c) => Gemm.TransposeMultiply(Take(m, inner * rows), Take(m, inner * columns), c, rows, columns, inner, add, path: path));
            Same(atStart, columns * columns, (m, c) => Gemm.Gram(Take(m, rows * columns), c, rows, columns, path: path));
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Factors_and_inverses(SimdPath path, bool atStart)
    {
        for (int size = 0; size <= Most; size++)
        {
            Same(atStart, size * size, (_, matrix) =>
            {
                Positive(matrix, size, size);
                Assert.InRange(Cholesky.Factor(matrix, size, path: path), -1, -1);
            });
            Same(atStart, size * size, (_, matrix) =>
            {
                Positive(matrix, size, size);
                Assert.InRange(Cholesky.Invert(matrix, size, path: path), -1, -1);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Small_matrices(SimdPath path, bool atStart)
    {
        int[] counts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33];
        for (int size = 8; size <= 72; size += 8)
        {
            int stride = SmallSymmetric.PadStride(size);
            Same(atStart, size * stride, (m, matrix) =>
            {
                Positive(matrix, size, stride);
                float* inverse = Pointer(m, stride), vector = Pointer(m, stride);
                fixed (float* a = matrix)
                {
                    Assert.True(SmallSymmetric.Factor(a, size, stride, inverse, path));
                    SmallSymmetric.Solve(a, size, stride, inverse, vector, path);
                }
            });
            foreach (int count in counts)
            {
                int rows = count * stride, whole = (count + 7) & ~7;
                Same(atStart, size * stride, (m, c) => Into(c, to => SmallSymmetric.AddGram(Pointer(m, rows), count, size, stride, to, path)));
                Same(atStart, rows, (m, c) => Into(c, to => SmallSymmetric.Multiply(Pointer(m, rows), count, stride, Pointer(m, stride * stride), to, path)));
                Same(atStart, rows, (m, c) => Into(c, to =>
                    SmallSymmetric.MultiplyRows(Pointer(m, count * size), count, size, Pointer(m, size * stride), stride, to, count % 2 == 0, path)));
                Same(atStart, size * stride, (m, c) => Into(c, to =>
                    SmallSymmetric.AddTransposeProduct(Pointer(m, count * size), size, Pointer(m, rows), stride, 0, stride, count, to, path)));
                Same(atStart, rows, (m, c) => Into(c, to =>
                {
                    int* index = m.Take<int>([4, 0, 2, 1, 4, 3], count);
                    SmallSymmetric.Gather(Pointer(m, 5 * stride), stride, index, Pointer(m, count), count, Pointer(m, stride), stride, to, path);
                }));
                Same(atStart, stride, (m, c) => Into(c, to => SmallSymmetric.AddWeightedSum(Pointer(m, rows), count, stride, stride, Pointer(m, count), to, path)));
                Same(atStart, count, (m, c) => Into(c, to => SmallSymmetric.AddProduct(Pointer(m, rows), count, stride, Pointer(m, stride), -1f, to, path)));
                Same(atStart, stride, (m, c) => Into(c, to => SmallSymmetric.AddNormalProduct(Pointer(m, rows), count, stride, Pointer(m, stride), to, path)));
                Same(atStart, stride * whole, (m, c) => Into(c, to => SmallSymmetric.Transpose(Pointer(m, whole * stride), count, stride, to, whole, path)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Sparse_products_and_sums_of_rows(SimdPath path, bool atStart)
    {
        var rng = new Rng(1, "guard pages/sparse");
        for (int columns = 0; columns <= Most; columns++)
        {
            int rows = rng.Next(9), inner = 1 + rng.Next(9), entries = rows == 0 ? 0 : rng.Next(30), sets = rng.Next(7);
            CsrMatrix places = Sparse(rows, inner, entries, rng);
            Same(atStart, rows * columns, (m, c) => SparseDense.Multiply(places, Take(m, inner * columns), c, columns, path: path));
            Same(atStart, rows * columns, (m, c) =>
                SparseDense.Multiply(places, Take(m, places.Count), Take(m, inner * columns), c, columns, path: path, add: columns % 2 == 0));
            Same(atStart, places.Count, (m, c) => SparseDense.EntryDots(places, Take(m, rows * columns), Take(m, inner * columns), c, columns));
            Same(atStart, inner * inner, (_, c) => SparseDense.Gram(places, c));
            Same(atStart, sets * columns, (m, c) => Into(c, to =>
            {
                int* index = m.Take<int>([2, 0, 1, 2], entries);
                WeightedRows.Add(index, Pointer(m, entries * sets), sets, entries, Pointer(m, 3 * columns), columns, to, columns, sets, path: path);
            }));
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Windows_of_skip_gram(SimdPath path, bool atStart)
    {
        foreach (int stride in new[] { 16, 32, 48, 64, 80 })
        {
            for (int count = 1; count <= 9; count++)
            {
                int used = 1 + (count % 8), padded = SkipGramWindow.Padded(used);
                Same(atStart, count * stride, (m, c) => Into(c, steps =>
                {
                    float** outputs = stackalloc float*[padded], outputSteps = stackalloc float*[padded];
                    float* zeros = m.Take<float>([0f], stride);
                    for (int k = 0; k < padded; k++)
                    {
                        outputs[k] = k < used ? Pointer(m, stride) : zeros;
                        outputSteps[k] = Pointer(m, stride);
                    }

                    SkipGramWindow.Run(
                        path, Pointer(m, count * stride), count, count / 2, outputs, used, stride, 0.1f, Pointer(m, (count + 1) * padded), steps, outputSteps,
                        Pointer(m, count), Pointer(m, count), Pointer(m, padded));
                }));
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Selection_counts_and_eigenvectors(bool atStart)
    {
        for (int size = 0; size <= Most; size++)
        {
            for (int k = 0; k <= size; k += 1 + (size / 9))
            {
                Same(atStart, k, (m, values) =>
                {
                    Span<int> indices = m.Take<int>(new int[k]);
                    int count = TopK.Select(Take(m, size), indices, values);
                    Assert.Equal(k, count);
                });
            }

            Same(atStart, 2, (m, counts) =>
            {
                counts[0] = Counting.Above(Take(m, size), 0.25f);
                counts[1] = Counting.AtLeast(Take(m, size), 0.25f);
            });
            var narrow = new DenseMatrix(5, size, Values[..(5 * size)]);
            for (int picked = 0; picked < 10; picked++)
            {
                int many = picked;
                Same(atStart, size, (m, sums) => RowSums.WeightedSum(narrow, new ReadOnlySpan<int>(m.Take<int>([1, 4, 0, 2], many), many), Take(m, many), sums));
            }

            Same(atStart, Most, (_, sums) => RowSimilarity.AddRow(Sparse(3, Most, size, new Rng(1, "row")), 1, 0.5f, sums));
            if (size <= 24)
            {
                using var memory = new GuardedMemory(atStart);
                Span<float> whole = Take(memory, size * size);
                Span<double> a = memory.Take<double>(new double[size * size]);
                for (int i = 0; i < size; i++)
                {
                    for (int j = 0; j < size; j++)
                    {
                        a[(i * size) + j] = whole[(Math.Min(i, j) * size) + Math.Max(i, j)];
                    }
                }

                SymmetricEigen.Decompose(a, size, memory.Take<double>(new double[size]), memory.Take<double>(new double[size * size]));
            }
        }

    }

    /// <summary>Runs a kernel in guarded memory and again where there is room on both sides.</summary>
    private static void Same(bool atStart, int outputs, Kernel kernel)
    {
        using var guarded = new GuardedMemory(atStart);
        using var other = new GuardedMemory(!atStart);
        Span<float> here = Take(guarded, outputs), there = Take(other, outputs);
        kernel(guarded, here);
        kernel(other, there);

        // Kernels may take other steps where the memory begins elsewhere, but not to other results.
        for (int n = 0; n < outputs; n++)
        {
            Assert.True(Math.Abs(here[n] - there[n]) <= 1e-4 * (1 + Math.Abs(there[n])), $"value {n} of {outputs} is {here[n]} at one end and {there[n]} at the other");
        }
    }

    private static Span<float> Take(GuardedMemory memory, int count) => memory.Take<float>(Values.AsSpan(0, count));

    private static float* Pointer(GuardedMemory memory, int count) => memory.Take<float>(Values, count);

    private delegate void ToPointer(float* output);

    private static void Into(Span<float> output, ToPointer kernel)
    {
        fixed (float* to = output)
        {
            kernel(to);
        }
    }

    private static void Positive(Span<float> matrix, int size, int stride)
    {
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                matrix[(i * stride) + j] = i == j ? 4 : 1f / (2 + Math.Abs(i - j) + size);
            }
        }
    }

    private static CsrMatrix Sparse(int rows, int columns, int entries, Rng rng)
    {
        int[] row = [.. Enumerable.Range(0, entries).Select(_ => rng.Next(rows))], column = [.. Enumerable.Range(0, entries).Select(_ => rng.Next(columns))];
        return CsrMatrix.FromTriplets(rows, columns, row, column, Values.AsSpan(0, entries));
    }
}
