using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Dense;

public sealed class CholeskyTests
{
    public static TheoryData<SimdPath> Paths => [.. SimdPaths.Supported];

    [Theory]
    [MemberData(nameof(Paths))]
    public void FactorAndInverseMatchTheTwinForAnySize(SimdPath path)
    {
        Gen<(int Size, int Threads)> sizes = from s in Shapes.Size(200) from t in Gen.Choose(1, 3) select (s, t);
        Prop.ForAll(Arb.From(sizes), s => Check(s.Size, s.Threads, path)).Check(Properties.Cases(25));
        Check(321, 2, path);
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfThreads()
    {
        const int Size = 333;
        float[] one = PositiveDefinite(Size), three = [.. one];
        Assert.Equal(-1, Cholesky.Invert(one, Size, 1));
        Assert.Equal(-1, Cholesky.Invert(three, Size, 3));
        Assert.Equal(one.Select(BitConverter.SingleToInt32Bits), three.Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void OnlyTheLowerTriangleIsRead()
    {
        const int Size = 150;
        float[] whole = PositiveDefinite(Size), lower = [.. whole];
        for (int i = 0; i < Size; i++)
        {
            lower.AsSpan((i * Size) + i + 1, Size - i - 1).Fill(float.NaN);
        }

        float[] factor = [.. lower];
        Assert.Equal(-1, Cholesky.Invert(whole, Size));
        Assert.Equal(-1, Cholesky.Invert(lower, Size));
        Assert.Equal(whole, lower);
        Assert.Equal(-1, Cholesky.Factor(factor, Size));
        Assert.All(factor, f => Assert.False(float.IsNaN(f)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(130)]
    [InlineData(199)]
    public void TheFirstBadPivotIsNamed(int row)
    {
        const int Size = 200;
        foreach (float bad in new[] { -1f, 0f, float.NaN, float.NegativeInfinity, float.PositiveInfinity })
        {
            float[] matrix = PositiveDefinite(Size);
            matrix[(row * Size) + row] = bad;
            Assert.Equal(row, Cholesky.Factor([.. matrix], Size));
            Assert.Equal(row, Cholesky.Invert(matrix, Size));
        }
    }

    [Fact]
    public void TheStepsCountUpToTheirTotalAndMayStopTheRun()
    {
        const int Size = 300;
        long last = 0, total = 0;
        Cholesky.Invert(PositiveDefinite(Size), Size, step: (done, all) =>
        {
            Assert.True(done >= last && done <= all);
            (last, total) = (done, all);
        });
        Assert.Equal(total, last);
        Assert.Throws<OperationCanceledException>(() =>
            Cholesky.Invert(PositiveDefinite(Size), Size, step: (_, _) => throw new OperationCanceledException()));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void SciPyAgrees(SimdPath path)
    {
        int size = Oracle.Shape("spd.matrix")[0];
        float[] factor = Oracle.Floats("spd.matrix"), inverse = [.. factor];
        Assert.Equal(-1, Cholesky.Factor(factor, size, path: path));
        Assert.Equal(-1, Cholesky.Invert(inverse, size, path: path));
        Shapes.Close(Oracle.Doubles("spd.factor"), factor, 1e-5);
        Shapes.Close(Oracle.Doubles("spd.inverse"), inverse, 1e-5);
    }

    [Fact]
    public void AWrongSpanIsRefused() => Assert.Throws<ArgumentException>(() => Cholesky.Invert(new float[8], 3));

    private static void Check(int size, int threads, SimdPath path)
    {
        float[] matrix = PositiveDefinite(size), factor = [.. matrix], inverse = [.. matrix];
        double[] exact = Array.ConvertAll(matrix, x => (double)x);
        Assert.Equal(-1, Cholesky.Factor(factor, size, threads, path: path));
        Assert.Equal(-1, Cholesky.Invert(inverse, size, threads, path: path));

        // Condition number about 40, inverse up to 10: errors of some ε (6·10⁻⁸) times 400; a lost term is far larger.
        Shapes.Close(DenseReference.Cholesky(exact, size)!, factor, 1e-4);
        Shapes.Close(DenseReference.Invert(exact, size)!, inverse, 1e-4);
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < i; j++)
            {
                Assert.Equal(inverse[(i * size) + j], inverse[(j * size) + i]);
                Assert.Equal(0f, factor[(j * size) + i]);
            }
        }
    }

    /// <summary>AᵀA / n + I/10.</summary>
    private static float[] PositiveDefinite(int size)
    {
        float[] a = Shapes.Gaussian(size * size, "spd");
        var matrix = new float[size * size];
        Gemm.Gram(a, matrix, size, size);
        for (int i = 0; i < matrix.Length; i++)
        {
            matrix[i] = (matrix[i] / size) + (i % (size + 1) == 0 ? 0.1f : 0f);
        }

        return matrix;
    }
}
