using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Dense;

public sealed class GemmTests
{
    public static TheoryData<SimdPath> Paths => [.. SimdPaths.Supported];

    [Theory]
    [MemberData(nameof(Paths))]
    public void EveryFormMatchesTheTwinForAnyShape(SimdPath path)
    {
        Gen<(int M, int N, int K, bool Add, int Threads)> shapes =
            from m in Shapes.Size(140)
            from n in Shapes.Size(140)
            from k in Shapes.Size(140)
            from add in Gen.Elements(true, false)
            from threads in Gen.Choose(1, 3)
            select (m, n, k, add, threads);
        Prop.ForAll(Arb.From(shapes), s => CheckForms(s.M, s.N, s.K, s.Add, s.Threads, path))
            .Check(Properties.Cases(80));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void BlocksOfTheInnerIndexAndOfTheOutputAreJoinedRightly(SimdPath path)
    {
        // Beyond one block in every direction: 384 inner, 256 rows, 480 columns.
        CheckForms(259, 487, 391, true, 2, path);
        CheckForms(9, 50, 2 * 384, false, 2, path);
        CheckForms(1, 1, 9_001, true, 2, path);
        CheckForms(7, 65, 8_192, false, 2, path);
        CheckForms(64, 32, 8_200, true, 2, path);
        CheckForms(8, 128, 12_000, false, 3, path);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ATallMatrixTimesASmallOneIsRightToTheLastRow(SimdPath path)
    {
        foreach ((int rows, int columns, int inner) in new[] { (1024, 16, 1), (1031, 64, 64), (1500, 48, 7), (1025, 128, 128), (1027, 112, 33), (1024, 144, 130), (35, 192, 64), (1031, 64, 192), (70, 128, 256) })
        {
            CheckForms(rows, columns, inner, add: true, threads: 2, path);
            CheckForms(rows, columns, inner, add: false, threads: 1, path);
        }
    }

    /// <summary>A row's bits do not depend on how many other rows there are, and so on which code works them out.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void ARowHasTheSameBitsInATallAndInAShortProduct(SimdPath path)
    {
        const int Rows = 1029, Columns = 48, Inner = 40;
        float[] a = Shapes.Gaussian(Rows * Inner, "a"), b = Shapes.Gaussian(Inner * Columns, "b"), tall = new float[Rows * Columns];
        Gemm.Multiply(a, b, tall, Rows, Columns, Inner, threads: 2, path: path);
        float[] part = new float[5 * Columns];
        Gemm.Multiply(a.AsSpan((Rows - 5) * Inner), b, part, 5, Columns, Inner, path: path);
        Assert.Equal(part.Select(BitConverter.SingleToInt32Bits), tall[^part.Length..].Select(BitConverter.SingleToInt32Bits));
    }

    /// <summary>Two tall matrices are read where they lie, a wide one is copied into panels: the sums are the same.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void ASmallProductOfTallMatricesHasTheBitsOfPanelsWhateverTheThreads(SimdPath path)
    {
        foreach ((int rows, int columns, int inner) in new[] { (64, 192, 1_000), (16, 64, 385), (128, 256, 770), (8, 16, 7_000) })
        {
            float[] a = Shapes.Gaussian(inner * rows, "a"), b = Shapes.Gaussian(inner * columns, "b"), turned = new float[rows * inner];
            for (int k = 0; k < inner; k++)
            {
                for (int r = 0; r < rows; r++)
                {
                    turned[(r * inner) + k] = a[(k * rows) + r];
                }
            }

            float[] panels = Shapes.Gaussian(rows * columns, "c"), one = [.. panels], three = [.. panels];
            Gemm.Multiply(turned, b, panels, rows, columns, inner, add: true, path: path);
            Gemm.TransposeMultiply(a, b, one, rows, columns, inner, add: true, threads: 1, path: path);
            Gemm.TransposeMultiply(a, b, three, rows, columns, inner, add: true, threads: 3, path: path);
            Assert.Equal(panels.Select(BitConverter.SingleToInt32Bits), one.Select(BitConverter.SingleToInt32Bits));
            Assert.Equal(one.Select(BitConverter.SingleToInt32Bits), three.Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void BitsDoNotDependOnTheNumberOfThreads(SimdPath path)
    {
        foreach ((int m, int n, int k) in new[] { (300, 500, 400), (64, 64, 10_000), (2_003, 64, 64) })
        {
            float[] a = Shapes.Gaussian(m * k, "a"), b = Shapes.Gaussian(k * n, "b");
            float[] one = new float[m * n], three = new float[m * n];
            Gemm.Multiply(a, b, one, m, n, k, threads: 1, path: path);
            Gemm.Multiply(a, b, three, m, n, k, threads: 3, path: path);
            Assert.Equal(one.Select(BitConverter.SingleToInt32Bits), three.Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void GramIsTheProductWithTheTransposeAndExactlySymmetric(SimdPath path)
    {
        Gen<(int Rows, int Columns)> shapes = from r in Shapes.Size(150) from c in Shapes.Size(130) select (r, c);
        Prop.ForAll(Arb.From(shapes), s => CheckGram(s.Rows, s.Columns, path)).Check(Properties.Cases(60));
        CheckGram(20, 600, path);
        CheckGram(9_000, 33, path);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void NanStaysInItsRowAndColumn(SimdPath path)
    {
        const int Size = 20;
        float[] a = Shapes.Gaussian(Size * Size, "a"), b = Shapes.Gaussian(Size * Size, "b"), c = new float[Size * Size];
        a[(3 * Size) + 5] = float.NaN;
        b[(7 * Size) + 11] = float.NaN;
        Gemm.Multiply(a, b, c, Size, Size, Size, path: path);
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j < Size; j++)
            {
                Assert.Equal(i == 3 || j == 11, float.IsNaN(c[(i * Size) + j]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void NumPyAgrees(SimdPath path)
    {
        float[] a = Oracle.Floats("gemm.a"), b = Oracle.Floats("gemm.b");
        int m = Oracle.Shape("gemm.a")[0], k = Oracle.Shape("gemm.a")[1], n = Oracle.Shape("gemm.b")[1];
        float[] product = new float[m * n], gram = new float[k * k];
        Gemm.Multiply(a, b, product, m, n, k, path: path);
        Gemm.Gram(a, gram, m, k, path: path);
        Shapes.Close(Oracle.Doubles("gemm.product"), product, 1e-5);
        Shapes.Close(Oracle.Doubles("gemm.gram"), gram, 1e-5);
    }

    [Fact]
    public void AWrongSpanIsRefusedWithTheRightLength()
    {
        var e = Assert.Throws<ArgumentException>(() => Gemm.Multiply(new float[6], new float[6], new float[3], 2, 2, 3));
        Assert.Contains("give 6, 6 and 4", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Gemm.Multiply(new float[6], new float[6], new float[4], 2, 2, 3, threads: 0));
    }

    private static void CheckForms(int m, int n, int k, bool add, int threads, SimdPath path)
    {
        float[] a = Shapes.Gaussian(m * k, "a"), b = Shapes.Gaussian(k * n, "b"), before = Shapes.Gaussian(m * n, "c");
        double[] product = DenseReference.Multiply(a, b, m, n, k);
        float[] at = DenseReference.Transpose<float>(a, m, k), bt = DenseReference.Transpose<float>(b, k, n);
        for (int form = 0; form < 3; form++)
        {
            // Garbage where C is replaced: it must not shine through.
            float[] c = add ? [.. before] : [.. before.Select(_ => float.NaN)];
            switch (form)
            {
                case 0: Gemm.Multiply(a, b, c, m, n, k, add, threads, path); break;
                case 1: Gemm.MultiplyTransposed(a, bt, c, m, n, k, add, threads, path); break;
                default: Gemm.TransposeMultiply(at, b, c, m, n, k, add, threads, path); break;
            }

            // Rounding of a sum of k products of normal numbers: about √k · ε typically, bounded here far below a lost term.
            double tolerance = 1e-5 * Math.Sqrt(k + 1);
            for (int i = 0; i < c.Length; i++)
            {
                double expected = product[i] + (add ? before[i] : 0);
                Assert.True(Math.Abs(c[i] - expected) <= tolerance, $"form {form}, {m}×{n}×{k}, add {add}, element {i}: {c[i]}, not {expected}");
            }
        }
    }

    private static void CheckGram(int rows, int columns, SimdPath path)
    {
        float[] a = Shapes.Gaussian(rows * columns, "a"), gram = new float[columns * columns];
        Array.Fill(gram, float.NaN);
        Gemm.Gram(a, gram, rows, columns, 2, path);
        double[] expected = DenseReference.Multiply(DenseReference.Transpose<float>(a, rows, columns), a, columns, columns, rows);
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                Assert.True(
                    Math.Abs(gram[(i * columns) + j] - expected[(i * columns) + j]) <= 1e-5 * Math.Sqrt(rows + 1) * (i == j ? Math.Sqrt(rows + 1) : 1),
                    $"{rows}×{columns}, element ({i}, {j})");
                Assert.Equal(gram[(i * columns) + j], gram[(j * columns) + i]);
            }
        }
    }
}
