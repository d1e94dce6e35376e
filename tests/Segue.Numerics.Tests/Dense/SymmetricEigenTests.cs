using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Dense;

public sealed class SymmetricEigenTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(33)]
    [InlineData(64)]
    public void Vectors_and_values_make_up_the_matrix(int size)
    {
        double[] matrix = Random(size, rank: size);
        Check(matrix, size);
    }

    [Theory]
    [InlineData(20, 1)]
    [InlineData(20, 7)]
    [InlineData(64, 3)]
    public void Matrices_without_full_rank_are_taken(int size, int rank) => Check(Random(size, rank), size);

    [Fact]
    public void Diagonal_zero_and_repeated_values_are_taken()
    {
        Check(new double[9], 3);
        Check([2, 0, 0, 0, 2, 0, 0, 0, 2], 3);
        Check([1, 0, 0, 0, 5, 0, 0, 0, -3], 3);
        Check([1e-200, 0, 0, 1e200], 2);
        SymmetricEigen.Decompose([], 0, [], []);
    }

    [Theory]
    [InlineData(1e-300)]
    [InlineData(1e-170)]
    [InlineData(1e-154)]
    [InlineData(1e-120)]
    [InlineData(1e120)]
    [InlineData(1e155)]
    [InlineData(1e300)]
    public void Any_scale_is_taken(double scale)
    {
        foreach (int size in (int[])[1, 2, 3, 20, 33])
        {
            double[] matrix = Random(size, rank: Math.Max(1, size / 2));
            Check(Array.ConvertAll(matrix, value => value * scale / matrix.Max(Math.Abs)), size);
        }
    }

    [Theory]
    [InlineData(1e-160)]
    [InlineData(1e-300)]
    [InlineData(1e-40)]
    public void Rows_of_scales_far_apart_are_taken(double tiny)
    {
        const int size = 24;
        double[] matrix = Random(size, size);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                // A third of the rows and columns next to nothing, a third in the middle: products of two of them lie further down still.
                double Weight(int n) => n % 3 == 0 ? tiny : n % 3 == 1 ? Math.Sqrt(tiny) : 1;
                matrix[(i * size) + j] *= Weight(i) * Weight(j);
            }
        }

        Check(matrix, size);
    }

    [Fact]
    public void Eigenvalues_beyond_the_largest_number_are_refused() =>
        Assert.Throws<ArithmeticException>(() => SymmetricEigen.Decompose(
            Enumerable.Repeat(1e308, 16).ToArray(), 4, new double[4], new double[16]));

    [Fact]
    public void A_known_matrix_has_its_known_values()
    {
        // The second difference matrix: λ_k = 2 − 2 cos(π k / (n + 1)).
        const int n = 12;
        var matrix = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            matrix[(i * n) + i] = 2;
            if (i > 0)
            {
                matrix[(i * n) + i - 1] = matrix[((i - 1) * n) + i] = -1;
            }
        }

        double[] values = new double[n], vectors = new double[n * n];
        SymmetricEigen.Decompose(matrix, n, values, vectors);
        for (int k = 0; k < n; k++)
        {
            Assert.Equal(2 - (2 * Math.Cos(Math.PI * (n - k) / (n + 1))), values[k], 1e-13);
        }
    }

    [Fact]
    public void Entries_that_are_no_numbers_are_refused() =>
        Assert.Throws<ArithmeticException>(() => SymmetricEigen.Decompose([1, double.NaN, double.NaN, 1], 2, new double[2], new double[4]));

    private static void Check(double[] matrix, int n)
    {
        double[] values = new double[n], vectors = new double[n * n];
        SymmetricEigen.Decompose([.. matrix], n, values, vectors);

        // Sums of the check itself stay inside the range of numbers.
        double largest = matrix.Max(Math.Abs);
        int exponent = largest == 0 ? 0 : -Math.ILogB(largest);
        matrix = Array.ConvertAll(matrix, value => Math.ScaleB(value, exponent));
        values = Array.ConvertAll(values, value => Math.ScaleB(value, exponent));
        double scale = matrix.Max(Math.Abs) * n;
        for (int i = 0; i < n; i++)
        {
            Assert.True(i == 0 || values[i - 1] >= values[i], "values must fall");
            double[] row = vectors[(i * n)..((i + 1) * n)];
            Assert.True(row.MaxBy(Math.Abs) > 0, "the largest entry of a vector must be positive");
            for (int j = 0; j < n; j++)
            {
                double image = 0;
                for (int k = 0; k < n; k++)
                {
                    image += matrix[(j * n) + k] * row[k];
                }

                Assert.True(Math.Abs(image - (values[i] * row[j])) <= 1e-14 * scale, $"A v = λ v at ({i}, {j}): {image} and {values[i] * row[j]}");
                double dot = 0, rebuilt = 0;
                for (int k = 0; k < n; k++)
                {
                    dot += vectors[(i * n) + k] * vectors[(j * n) + k];
                    rebuilt += values[k] * vectors[(k * n) + i] * vectors[(k * n) + j];
                }

                Assert.Equal(i == j ? 1 : 0, dot, 1e-12);
                Assert.True(Math.Abs(matrix[(i * n) + j] - rebuilt) <= 1e-14 * scale, $"entry ({i}, {j}): {matrix[(i * n) + j]} and {rebuilt}");
            }
        }
    }

    private static double[] Random(int size, int rank)
    {
        var rng = new Rng(6, $"eigen/{size}/{rank}");
        var matrix = new double[size * size];
        for (int k = 0; k < rank; k++)
        {
            double[] v = [.. Enumerable.Range(0, size).Select(_ => (double)rng.NextGaussian())];
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    matrix[(i * size) + j] += v[i] * v[j];
                }
            }
        }

        return matrix;
    }
}
