using System.Collections.Concurrent;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Dense;

/// <summary>Every kernel on every path against plain loops in double precision.</summary>
public sealed unsafe class SmallSymmetricTests
{
    private static readonly ConcurrentBag<AlignedBuffer> Kept = [];

    public static TheoryData<SimdPath> Paths => [.. SimdPaths.Supported];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Gram_matches_the_twin(SimdPath path)
    {
        foreach (int size in new[] { 8, 16, 24, 40, 64, 136 })
        {
            foreach (int count in new[] { 0, 1, 3, 64, 97 })
            {
                int stride = SmallSymmetric.PadStride(size);
                AlignedBuffer rows = Random(count, size, stride), result = Zero((long)size * stride);
                result.Span.Fill(0.5f);
                SmallSymmetric.AddGram(rows.Pointer, count, size, stride, result.Pointer, path);
                for (int i = 0; i < size; i++)
                {
                    for (int j = i; j < size; j++)
                    {
                        double expected = 0.5;
                        for (int k = 0; k < count; k++)
                        {
                            expected += (double)rows.Span[(k * stride) + i] * rows.Span[(k * stride) + j];
                        }

                        Assert.Equal(expected, result.Span[(i * stride) + j], 1e-4);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Factor_and_solve_match_the_twin(SimdPath path)
    {
        foreach (int size in new[] { 8, 16, 24, 32, 40, 64, 72, 136 })
        {
            int stride = SmallSymmetric.PadStride(size);
            AlignedBuffer rows = Random(2 * size, size, stride), matrix = Zero((long)size * stride), inverse = Zero(stride), vector = Zero(stride);
            for (int i = 0; i < size; i++)
            {
                matrix.Span[(i * stride) + i] = 1;
            }

            SmallSymmetric.AddGram(rows.Pointer, 2 * size, size, stride, matrix.Pointer, path);
            var whole = new double[size * size];
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    whole[(i * size) + j] = matrix.Span[(Math.Min(i, j) * stride) + Math.Max(i, j)];
                }
            }

            // What lies below the diagonal must not matter.
            for (int i = 0; i < size; i++)
            {
                matrix.Slice((long)i * stride, i).Fill(7f);
            }

            new Rng(3, "b").FillGaussian(vector.Slice(0, size), 1f);
            double[] expected = LeastSquares.Cholesky(whole, size, Array.ConvertAll(vector.Slice(0, size).ToArray(), v => (double)v));
            Assert.True(SmallSymmetric.Factor(matrix.Pointer, size, stride, inverse.Pointer, path));
            SmallSymmetric.Solve(matrix.Pointer, size, stride, inverse.Pointer, vector.Pointer, path);
            for (int i = 0; i < size; i++)
            {
                Assert.Equal(expected[i], vector.Span[i], 1e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_matrix_that_is_not_positive_definite_is_reported(SimdPath path)
    {
        foreach (float pivot in new[] { 0f, -1f, float.NaN })
        {
            AlignedBuffer matrix = Zero(16 * 16), inverse = Zero(16);
            for (int i = 0; i < 16; i++)
            {
                matrix.Span[(i * 16) + i] = i == 11 ? pivot : 2f;
            }

            Assert.False(SmallSymmetric.Factor(matrix.Pointer, 16, 16, inverse.Pointer, path));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Products_match_the_twin(SimdPath path)
    {
        foreach (int stride in new[] { 16, 48, 64, 112 })
        {
            foreach (int count in new[] { 0, 1, 2, 5, 8, 13, 70 })
            {
                AlignedBuffer rows = Random(count, stride, stride), square = Random(stride, stride, stride), product = Zero((long)count * stride);
                SmallSymmetric.Multiply(rows.Pointer, count, stride, square.Pointer, product.Pointer, path);
                double[] expected = DenseReference.Multiply(rows.Span, square.Span, count, stride, stride);
                Assert.All(Enumerable.Range(0, expected.Length), n => Assert.Equal(expected[n], product.Span[n], 1e-4));

                AlignedBuffer vector = Random(1, stride, stride), dots = Zero(count + 16), normal = Zero(stride), weighted = Zero(stride);
                dots.Span.Fill(2f);
                normal.Span.Fill(3f);
                weighted.Span.Fill(4f);
                SmallSymmetric.AddProduct(rows.Pointer, count, stride, vector.Pointer, -1f, dots.Pointer, path);
                SmallSymmetric.AddNormalProduct(rows.Pointer, count, stride, vector.Pointer, normal.Pointer, path);
                double[] dot = DenseReference.Multiply(rows.Span, vector.Span, count, 1, stride);
                float[] single = Array.ConvertAll(dot, v => (float)v);
                double[] back = DenseReference.Multiply(single, rows.Span, 1, stride, count);
                fixed (float* weight = single.Length == 0 ? new float[1] : single)
                {
                    SmallSymmetric.AddWeightedSum(rows.Pointer, count, stride, stride, weight, weighted.Pointer, path);
                }

                Assert.All(Enumerable.Range(0, count), k => Assert.Equal(2 - dot[k], dots.Span[k], 1e-4));
                Assert.All(Enumerable.Range(0, stride), c => Assert.Equal(3 + back[c], normal.Span[c], 2e-3));
                Assert.All(Enumerable.Range(0, stride), c => Assert.Equal(4 + back[c], weighted.Span[c], 2e-3));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Gather_and_transpose_move_every_entry(SimdPath path)
    {
        foreach (int count in new[] { 0, 1, 7, 8, 20, 33 })
        {
            AlignedBuffer source = Random(50, 48, 48), scale = Random(1, 64, 64), vector = Random(1, 48, 48);
            AlignedBuffer copy = Zero(40 * 32), transposed = Zero(32 * 48);
            int[] index = [.. Enumerable.Range(0, Math.Max(count, 1)).Select(k => (k * 17) % 50)];
            fixed (int* i = index)
            {
                SmallSymmetric.Gather(source.Pointer + 16, 48, i, scale.Pointer, count, vector.Pointer, 32, copy.Pointer, path);
            }

            transposed.Span.Fill(9f);
            int pitch = Math.Max(16, SmallSymmetric.PadStride(count));
            SmallSymmetric.Transpose(copy.Pointer, count, 32, transposed.Pointer, pitch, path);
            for (int c = 0; c < 32; c++)
            {
                for (int k = 0; k < pitch; k++)
                {
                    double expected = k < count ? (double)source.Span[(index[k] * 48) + 16 + c] * scale.Span[k] * vector.Span[c] : 0;
                    Assert.Equal(expected, transposed.Span[(c * pitch) + k], 1e-5);
                }
            }
        }
    }

    /// <summary>Pointers keep nothing alive: every buffer stays on this list.</summary>
    private static AlignedBuffer Zero(long length)
    {
        var buffer = new AlignedBuffer(length);
        Kept.Add(buffer);
        return buffer;
    }

    private static AlignedBuffer Random(int rows, int columns, int stride)
    {
        // Room for the rows that Transpose clears behind the last.
        AlignedBuffer buffer = Zero((long)(rows + 8) * stride);
        var rng = new Rng(9, $"small-symmetric/{rows}/{columns}");
        for (int r = 0; r < rows; r++)
        {
            rng.FillGaussian(buffer.Slice((long)r * stride, columns), 0.5f);
        }

        return buffer;
    }
}
