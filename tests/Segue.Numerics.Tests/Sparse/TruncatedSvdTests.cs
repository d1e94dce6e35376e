using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Sparse;

public sealed class TruncatedSvdTests
{
    private static Gen<(int Rows, int Columns, int Entries, int Rank)> Cases =>
        from r in Shapes.Size(140)
        from c in Shapes.Size(90)
        from e in Gen.Choose(0, 700)
        from k in Gen.Choose(1, 20)
        select (r, c, r * c == 0 ? 0 : e, k);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void SixLargestAreThoseOfSciPy(int threads)
    {
        double[] sigma = Oracle.Doubles("svd.sigma");

        TruncatedSvd svd = TruncatedSvd.Compute(OracleMatrix(), sigma.Length, new Rng(1), threads: threads);
        Assert.True(svd.HasConverged);
        Assert.Equal(sigma.Length, svd.Values.Count);
        for (int n = 0; n < sigma.Length; n++)
        {
            Assert.Equal(sigma[n], svd.Values[n], sigma[0] * 1e-6);
        }

        Shapes.Close(Oracle.Doubles("svd.left"), svd.Left.Values, 2e-5);
        Shapes.Close(Oracle.Doubles("svd.right"), svd.Right.Values, 2e-5);
    }

    [Fact]
    public void WithTooFewRoundsTheValuesAreNearAndItSaysSo()
    {
        double[] sigma = Oracle.Doubles("svd.sigma");
        TruncatedSvd svd = TruncatedSvd.Compute(OracleMatrix(), sigma.Length, new Rng(1), rounds: 0);
        Assert.False(svd.HasConverged);
        Assert.InRange(svd.Residual, 1e-4, 1);
        for (int n = 0; n < sigma.Length; n++)
        {
            // A projection never has larger values than the matrix.
            Assert.InRange(svd.Values[n], sigma[n] * 0.8, sigma[n] * (1 + 1e-6));
        }
    }

    /// <summary>A v = σ u and Aᵀ u = σ v, within the residual that is reported, whatever the seed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void VectorsAreSingular(ulong seed)
    {
        CsrMatrix matrix = Shapes.Sparse(400, 300, 4000), transposed = matrix.Transpose();
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, 40, new Rng(seed));
        Assert.True(svd.HasConverged, $"the residual is {svd.Residual}");
        CheckResidual(matrix, svd.Right, svd.Left, svd.Values, 1e-5);
        CheckResidual(transposed, svd.Left, svd.Right, svd.Values, 1e-5);
    }

    /// <summary>A graph in many parts has its largest value once for each: more often than any fixed number of vectors at work.</summary>
    [Fact]
    public void AValueThatOccursManyTimesIsFoundAsOften()
    {
        const int parts = 90;
        int[] places = [.. Enumerable.Range(0, 3 * parts)];
        CsrMatrix matrix = CsrMatrix.FromTriplets(
            3 * parts, 3 * parts, places, [.. places.Select(n => (n * 7) % (3 * parts))], [.. places.Select(n => n % 3 == 0 ? 1f : 0.5f)]);
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, parts + 10, new Rng(2));
        Assert.True(svd.HasConverged);
        Assert.Equal(parts, svd.Values.Count(v => Math.Abs(v - 1) < 1e-5));
        Assert.Equal(10, svd.Values.Count(v => Math.Abs(v - 0.5) < 1e-5));
    }

    [Theory]
    [InlineData(1e-30f)]
    [InlineData(1e-12f)]
    [InlineData(1e30f)]
    public void EntriesOfAnySizeAreTaken(float scale)
    {
        CsrMatrix matrix = Shapes.Sparse(60, 200, 900);
        TruncatedSvd expected = TruncatedSvd.Compute(matrix, 5, new Rng(2));
        TruncatedSvd svd = TruncatedSvd.Compute(matrix.WithValues(Array.ConvertAll(matrix.Values, v => v * scale)), 5, new Rng(2));
        Assert.Equal(expected.Values.Count, svd.Values.Count);
        for (int n = 0; n < svd.Values.Count; n++)
        {
            Assert.Equal(expected.Values[n], svd.Values[n] / scale, 1e-5 * expected.Values[n]);
        }
    }

    private static void CheckResidual(CsrMatrix matrix, DenseMatrix from, DenseMatrix to, IReadOnlyList<double> values, double tolerance)
    {
        var image = new float[matrix.Rows * from.Columns];
        SparseDense.Multiply(matrix, from.Values, image, from.Columns);
        for (int n = 0; n < values.Count; n++)
        {
            double sum = 0;
            for (int r = 0; r < matrix.Rows; r++)
            {
                double rest = image[(r * from.Columns) + n] - (values[n] * to.Row(r)[n]);
                sum += rest * rest;
            }

            Assert.InRange(Math.Sqrt(sum), 0, tolerance * values[0]);
        }
    }

    [Fact]
    public void FactorsAreOrthonormalAndValuesFallForAnyShape() => Prop.ForAll(Arb.From(Cases), s =>
    {
        CsrMatrix matrix = Shapes.Sparse(s.Rows, s.Columns, s.Entries);
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, s.Rank, new Rng(2));
        Assert.InRange(svd.Values.Count, matrix.Count > 0 ? 1 : 0, Math.Min(s.Rank, Math.Min(s.Rows, s.Columns)));
        Assert.Equal((s.Rows, svd.Values.Count), (svd.Left.Rows, svd.Left.Columns));
        Assert.Equal((s.Columns, svd.Values.Count), (svd.Right.Rows, svd.Right.Columns));
        CheckOrthonormal(svd.Left);
        CheckOrthonormal(svd.Right);
        Assert.All(svd.Values, v => Assert.True(v > 0));
        Assert.Equal(svd.Values.OrderDescending(), svd.Values);
        for (int n = 0; n < svd.Values.Count; n++)
        {
            Assert.True(Enumerable.Range(0, s.Columns).Select(c => svd.Right.Row(c)[n]).MaxBy(Math.Abs) > 0, "the largest entry must be positive");
        }
    }).Check(Properties.Cases(60));

    [Theory]
    [InlineData(60, 40, 1)]
    [InlineData(60, 40, 3)]
    [InlineData(40, 700, 5)]
    [InlineData(900, 30, 12)]
    public void AMatrixOfLowRankIsRebuiltAndNoDirectionIsInvented(int rows, int columns, int rank)
    {
        CsrMatrix matrix = LowRank(rows, columns, rank);
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, rank + 4, new Rng(3));
        Assert.Equal(rank, svd.Values.Count);
        CheckRebuilt(matrix, svd, 1e-5);
    }

    [Fact]
    public void MoreThanThereAreGivesTheWholeMatrix()
    {
        CsrMatrix matrix = Shapes.Sparse(30, 17, 200);
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, 1000, new Rng(3));
        Assert.Equal(17, svd.Values.Count);
        CheckRebuilt(matrix, svd, 1e-5);
        svd = TruncatedSvd.Compute(matrix.Transpose(), int.MaxValue, new Rng(3));
        Assert.Equal(17, svd.Values.Count);
        CheckRebuilt(matrix.Transpose(), svd, 1e-5);
    }

    [Fact]
    public void ADiagonalMatrixHasItsEntriesAndValuesFarBelowTheFirstAreLeftOut()
    {
        float[] diagonal = [1e-3f, 3f, 0f, -5f, 1e-9f, 1e-2f];
        CsrMatrix matrix = CsrMatrix.FromTriplets(6, 6, [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], diagonal);
        TruncatedSvd svd = TruncatedSvd.Compute(matrix, 6, new Rng(4));
        double[] expected = [5, 3, 1e-2, 1e-3];
        Assert.Equal(expected.Length, svd.Values.Count);
        for (int n = 0; n < expected.Length; n++)
        {
            Assert.Equal(expected[n], svd.Values[n], 1e-6);
        }

        CheckOrthonormal(svd.Left);
        CheckOrthonormal(svd.Right);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 5)]
    [InlineData(5, 0)]
    [InlineData(4, 7)]
    public void AMatrixWithoutEntriesHasNoValues(int rows, int columns)
    {
        TruncatedSvd svd = TruncatedSvd.Compute(new CsrMatrix(rows, columns, new int[rows + 1], [], []), 3, new Rng(5));
        Assert.Empty(svd.Values);
        Assert.Empty(svd.Left.Values);
        Assert.Empty(svd.Right.Values);
    }

    [Fact]
    public void NumberOfThreadsChangesNoBit()
    {
        CsrMatrix matrix = Shapes.Sparse(3000, 800, 20_000);
        TruncatedSvd one = TruncatedSvd.Compute(matrix, 40, new Rng(6), rounds: 2);
        for (int threads = 2; threads <= 3; threads++)
        {
            TruncatedSvd more = TruncatedSvd.Compute(matrix, 40, new Rng(6), rounds: 2, threads: threads);
            Assert.Equal(one.Values, more.Values);
            Assert.Equal(one.Left.Values, more.Left.Values);
            Assert.Equal(one.Right.Values, more.Right.Values);
        }
    }

    [Fact]
    public void WrongArgumentsAreRefused()
    {
        CsrMatrix matrix = Shapes.Sparse(5, 5, 9);
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedSvd.Compute(matrix, 0, new Rng(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedSvd.Compute(matrix, 1, new Rng(1), rounds: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedSvd.Compute(matrix, 1, new Rng(1), tolerance: 0));
        Assert.Throws<OperationCanceledException>(
            () => TruncatedSvd.Compute(matrix, 1, new Rng(1), cancellation: new CancellationToken(canceled: true)));
        CsrMatrix broken = CsrMatrix.FromTriplets(2, 2, [0, 1], [0, 1], [1f, float.NaN]);
        Assert.Throws<ArithmeticException>(() => TruncatedSvd.Compute(broken, 1, new Rng(1)));
    }

    private static CsrMatrix OracleMatrix() => CsrMatrix.FromTriplets(
        60, 35, Oracle.Integers("svd.rows"), Oracle.Integers("svd.columns"), Oracle.Floats("svd.values"));

    /// <summary>Every row is one of <paramref name="rank"/> sparse rows that share no column, times a number.</summary>
    private static CsrMatrix LowRank(int rows, int columns, int rank)
    {
        var rng = new Rng(8, "low-rank");
        var entries = new List<(int Row, int Column, float Value)>();
        for (int r = 0; r < rows; r++)
        {
            float factor = 1 + rng.NextSingle();
            for (int c = r % rank; c < columns; c += rank)
            {
                entries.Add((r, c, factor * (1 + (c % 7))));
            }
        }

        return CsrMatrix.FromTriplets(
            rows, columns, [.. entries.Select(e => e.Row)], [.. entries.Select(e => e.Column)], [.. entries.Select(e => e.Value)]);
    }

    private static void CheckOrthonormal(DenseMatrix matrix)
    {
        double[] gram = DenseReference.Multiply(
            DenseReference.Transpose<float>(matrix.Values, matrix.Rows, matrix.Columns), matrix.Values, matrix.Columns, matrix.Columns, matrix.Rows);
        for (int n = 0; n < gram.Length; n++)
        {
            Assert.Equal(n / matrix.Columns == n % matrix.Columns ? 1 : 0, gram[n], 3e-6);
        }
    }

    private static void CheckRebuilt(CsrMatrix matrix, TruncatedSvd svd, double tolerance)
    {
        float[] expected = SparseReference.ToDense(matrix);
        for (int r = 0; r < matrix.Rows; r++)
        {
            for (int c = 0; c < matrix.Columns; c++)
            {
                double sum = 0;
                for (int n = 0; n < svd.Values.Count; n++)
                {
                    sum += svd.Values[n] * svd.Left.Row(r)[n] * svd.Right.Row(c)[n];
                }

                Assert.Equal(expected[(r * matrix.Columns) + c], sum, tolerance * svd.Values[0]);
            }
        }
    }
}
