using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Sparse;

public sealed class SparseDenseTests
{
    public static TheoryData<SimdPath> Paths => [.. SimdPaths.Supported];

    private static Gen<(int Rows, int Inner, int Columns, int Entries)> Products =>
        from r in Shapes.Size(140)
        from i in Shapes.Size(60)
        from c in Shapes.Size(140)
        from e in Gen.Choose(0, 600)
        select (r, i, c, r * i == 0 ? 0 : e);

    [Theory]
    [MemberData(nameof(Paths))]
    public void ProductMatchesTheTwinForAnyShape(SimdPath path)
    {
        Prop.ForAll(Arb.From(Products), s => Check(s.Rows, s.Inner, s.Columns, s.Entries, path)).Check(Properties.Cases(60));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ProductWithEntriesFromOutsideMatchesTheTwin(SimdPath path) => Prop.ForAll(Arb.From(Products), s =>
    {
        CsrMatrix places = Blank(Shapes.Sparse(s.Rows, s.Inner, s.Entries));
        float[] values = Shapes.Gaussian(places.Count, "outside"), dense = Shapes.Gaussian(s.Inner * s.Columns, "dense");
        var output = new float[s.Rows * s.Columns];
        Array.Fill(output, float.NaN);
        SparseDense.Multiply(places, values, dense, output, s.Columns, 2, path);
        Shapes.Close(SparseReference.Multiply(places, values, dense, s.Columns), output, 1e-4);
    }).Check(Properties.Cases(60));

    [Fact]
    public void EntryDotsMatchTheTwin() => Prop.ForAll(Arb.From(Products), s =>
    {
        CsrMatrix places = Shapes.Sparse(s.Rows, s.Inner, s.Entries);
        float[] left = Shapes.Gaussian(s.Rows * s.Columns, "left"), right = Shapes.Gaussian(s.Inner * s.Columns, "right");
        var output = new float[places.Count];
        Array.Fill(output, float.NaN);
        SparseDense.EntryDots(places, left, right, output, s.Columns, 2);
        Shapes.Close(SparseReference.EntryDots(places, left, right, s.Columns), output, 1e-4);
    }).Check(Properties.Cases(60));

    [Fact]
    public void GramMatchesTheTwinAndIsExactlySymmetric()
    {
        Gen<(int Rows, int Columns, int Entries)> shapes =
            from r in Shapes.Size(60) from c in Shapes.Size(100) from e in Gen.Choose(0, 900) select (r, c, r * c == 0 ? 0 : e);
        Prop.ForAll(Arb.From(shapes), s =>
        {
            CsrMatrix matrix = Shapes.Sparse(s.Rows, s.Columns, s.Entries);
            var gram = new float[s.Columns * s.Columns];
            Array.Fill(gram, float.NaN);
            SparseDense.Gram(matrix, gram, 2);
            Shapes.Close(SparseReference.Gram(matrix), gram, 1e-4);
            for (int i = 0; i < gram.Length; i++)
            {
                Assert.Equal(gram[i], gram[(i % s.Columns * s.Columns) + (i / s.Columns)]);
            }
        }).Check(Properties.Cases(60));
    }

    [Fact]
    public void GramOfOnesCountsExactly()
    {
        var rng = new Rng(3, "ones");
        int[] rows = [.. Enumerable.Range(0, 2_000).Select(_ => rng.Next(100))], columns = [.. rows.Select(_ => rng.Next(50))];
        CsrMatrix summed = CsrMatrix.FromTriplets(100, 50, rows, columns, []);
        CsrMatrix matrix = summed.WithValues([.. summed.Values.Select(_ => 1f)]);
        var gram = new float[50 * 50];
        SparseDense.Gram(matrix, gram);
        Assert.Equal(SparseReference.Gram(matrix), Array.ConvertAll(gram, x => (double)x));
    }

    [Fact]
    public void SciPyAgrees()
    {
        CsrMatrix matrix = CsrMatrix.FromTriplets(12, 9, Oracle.Integers("csr.rows"), Oracle.Integers("csr.columns"), Oracle.Floats("csr.values"));
        float[] dense = Oracle.Floats("csr.dense"), gram = new float[9 * 9];
        int columns = Oracle.Shape("csr.dense")[1];
        SparseDense.Gram(matrix, gram);
        Shapes.Close(Oracle.Doubles("csr.gram"), gram, 1e-5);
        foreach (SimdPath path in SimdPaths.Supported)
        {
            var product = new float[12 * columns];
            SparseDense.Multiply(matrix, dense, product, columns, path: path);
            Shapes.Close(Oracle.Doubles("csr.product"), product, 1e-5);
        }
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfThreads()
    {
        CsrMatrix matrix = Shapes.Sparse(300, 90, 4_000);
        float[] dense = Shapes.Gaussian(90 * 70, "dense"), one = new float[300 * 70], three = new float[300 * 70];
        SparseDense.Multiply(matrix, dense, one, 70, 1);
        SparseDense.Multiply(matrix, dense, three, 70, 3);
        Assert.Equal(one, three);
        float[] outsideOne = new float[300 * 70], outsideThree = new float[300 * 70], left = Shapes.Gaussian(300 * 70, "left");
        SparseDense.Multiply(Blank(matrix), matrix.Values, dense, outsideOne, 70, 1);
        SparseDense.Multiply(Blank(matrix), matrix.Values, dense, outsideThree, 70, 3);
        Assert.Equal(one, outsideOne);
        Assert.Equal(one, outsideThree);
        float[] dotsOne = new float[matrix.Count], dotsThree = new float[matrix.Count];
        SparseDense.EntryDots(matrix, left, dense, dotsOne, 70, 1);
        SparseDense.EntryDots(matrix, left, dense, dotsThree, 70, 3);
        Assert.Equal(dotsOne, dotsThree);
        float[] gramOne = new float[90 * 90], gramThree = new float[90 * 90];
        SparseDense.Gram(matrix, gramOne, 1);
        SparseDense.Gram(matrix, gramThree, 3);
        Assert.Equal(gramOne, gramThree);
    }

    [Fact]
    public void WrongSpansAreRefused()
    {
        CsrMatrix matrix = Shapes.Sparse(4, 3, 5);
        Assert.Throws<ArgumentException>(() => SparseDense.Multiply(matrix, new float[5], new float[8], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.Multiply(matrix, new float[6], new float[7], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.Gram(matrix, new float[16]));
        Assert.Throws<ArgumentException>(() => SparseDense.Multiply(matrix, new float[matrix.Count + 1], new float[6], new float[8], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.Multiply(matrix, new float[matrix.Count], new float[5], new float[8], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.Multiply(matrix, new float[matrix.Count], new float[6], new float[7], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.EntryDots(matrix, new float[7], new float[6], new float[matrix.Count], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.EntryDots(matrix, new float[8], new float[5], new float[matrix.Count], 2));
        Assert.Throws<ArgumentException>(() => SparseDense.EntryDots(matrix, new float[8], new float[6], new float[matrix.Count + 1], 2));
    }

    /// <summary>The same places, with values that show wherever they are read.</summary>
    private static CsrMatrix Blank(CsrMatrix matrix) => matrix.WithValues(Array.ConvertAll(matrix.Values, _ => float.NaN));

    private static void Check(int rows, int inner, int columns, int entries, SimdPath path)
    {
        CsrMatrix matrix = Shapes.Sparse(rows, inner, entries);
        float[] dense = Shapes.Gaussian(inner * columns, "dense"), output = new float[rows * columns];
        Array.Fill(output, float.NaN);
        SparseDense.Multiply(matrix, dense, output, columns, 2, path);
        double[] expected = SparseReference.Multiply(matrix, dense, columns);
        Shapes.Close(expected, output, 1e-4);
        SparseDense.Multiply(matrix, matrix.Values, dense, output, columns, 2, path, add: true);
        Shapes.Close(Array.ConvertAll(expected, x => 2 * x), output, 2e-4);
    }
}
