using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Reference;
using Segue.Numerics.Sparse;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Sparse;

public sealed class CsrMatrixTests
{
    [Fact]
    public void TripletsAreSortedAndEqualPlacesAdded()
    {
        Gen<(int Rows, int Columns, int[] Row, int[] Column)> triplets =
            from rows in Gen.Choose(1, 12)
            from columns in Gen.Choose(1, 12)
            from count in Gen.Choose(0, 80)
            from row in Gen.Choose(0, rows - 1).ArrayOf(count)
            from column in Gen.Choose(0, columns - 1).ArrayOf(count)
            select (rows, columns, row, column);
        Prop.ForAll(Arb.From(triplets), t =>
        {
            // Whole numbers, so that sums are exact in any order.
            float[] values = [.. t.Row.Select((_, n) => (float)((n % 7) - 3))];
            CsrMatrix matrix = CsrMatrix.FromTriplets(t.Rows, t.Columns, t.Row, t.Column, values);
            AssertValid(matrix);
            var expected = new float[t.Rows, t.Columns];
            var occupied = new HashSet<(int, int)>();
            for (int n = 0; n < values.Length; n++)
            {
                expected[t.Row[n], t.Column[n]] += values[n];
                occupied.Add((t.Row[n], t.Column[n]));
            }

            Assert.Equal(occupied.Count, matrix.Count);
            for (int r = 0; r < t.Rows; r++)
            {
                for (int c = 0; c < t.Columns; c++)
                {
                    Assert.Equal(expected[r, c], matrix[r, c]);
                    Assert.Equal(occupied.Contains((r, c)), matrix.RowColumns(r).Contains(c));
                }
            }
        }).Check(Properties.Cases());
    }

    [Fact]
    public void WithoutValuesEveryTripletCountsOne()
    {
        CsrMatrix matrix = CsrMatrix.FromTriplets(2, 3, [1, 0, 1, 1], [2, 0, 2, 1], []);
        Assert.Equal([0, 1, 3], matrix.RowStart);
        Assert.Equal([0, 1, 2], matrix.ColumnIndex);
        Assert.Equal([1f, 1f, 2f], matrix.Values);
    }

    [Fact]
    public void EqualPlacesAreAddedInTheOrderGiven()
    {
        // (10⁸ + 1) − 10⁸ is 0 in single precision and 10⁸ − 10⁸ + 1 is 1.
        Assert.Equal([0f], CsrMatrix.FromTriplets(1, 1, [0, 0, 0], [0, 0, 0], [1e8f, 1f, -1e8f]).Values);
        Assert.Equal([1f], CsrMatrix.FromTriplets(1, 1, [0, 0, 0], [0, 0, 0], [1e8f, -1e8f, 1f]).Values);
    }

    [Fact]
    public void TransposeTwiceIsTheSameAndOnceIsTheTranspose()
    {
        Gen<(int Rows, int Columns, int Entries)> shapes =
            from r in Shapes.Size(40) from c in Shapes.Size(40) from e in Gen.Choose(0, 300) select (r, c, r * c == 0 ? 0 : e);
        Prop.ForAll(Arb.From(shapes), s =>
        {
            CsrMatrix matrix = Shapes.Sparse(s.Rows, s.Columns, s.Entries), transposed = matrix.Transpose(), back = transposed.Transpose();
            AssertValid(transposed);
            Assert.Equal((s.Columns, s.Rows), (transposed.Rows, transposed.Columns));
            Assert.Equal(
                DenseReference.Transpose<float>(SparseReference.ToDense(matrix), s.Rows, s.Columns), SparseReference.ToDense(transposed));
            Assert.Equal(matrix.RowStart, back.RowStart);
            Assert.Equal(matrix.ColumnIndex, back.ColumnIndex);
            Assert.Equal(matrix.Values, back.Values);
        }).Check(Properties.Cases());
    }

    [Fact]
    public void SciPyAgrees()
    {
        CsrMatrix matrix = CsrMatrix.FromTriplets(12, 9, Oracle.Integers("csr.rows"), Oracle.Integers("csr.columns"), Oracle.Floats("csr.values"));
        Assert.Equal(Oracle.Integers("csr.row_start"), matrix.RowStart);
        Assert.Equal(Oracle.Integers("csr.column_index"), matrix.ColumnIndex);
        Assert.Equal(Oracle.Integers("csr.transposed_start"), matrix.Transpose().RowStart);
        Shapes.Close(Oracle.Doubles("csr.summed"), matrix.Values, 1e-6);
    }

    [Fact]
    public void EmptyMatricesAreFine()
    {
        Assert.Equal(0, CsrMatrix.FromTriplets(0, 0, [], [], []).Transpose().Count);
        Assert.Equal([0, 0, 0, 0], CsrMatrix.FromTriplets(0, 3, [], [], []).Transpose().RowStart);
        Assert.Equal(0f, CsrMatrix.FromTriplets(2, 2, [], [], [])[1, 1]);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(-1, 0)]
    [InlineData(0, 3)]
    [InlineData(0, -1)]
    public void PlacesOutsideTheMatrixAreRefusedWithTheirPosition(int row, int column)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => CsrMatrix.FromTriplets(2, 3, [0, row], [0, column], []));
        Assert.Contains($"entry 1 is at ({row}, {column}), outside a 2 × 3 matrix", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ArraysThatDoNotFitAreRefused()
    {
        Assert.Throws<ArgumentException>(() => new CsrMatrix(2, 2, [0, 1], [0], [1f]));
        Assert.Throws<ArgumentException>(() => new CsrMatrix(1, 2, [0, 2], [0], [1f]));
        Assert.Throws<ArgumentException>(() => new CsrMatrix(1, 2, [0, 1], [0], []));
        Assert.Throws<ArgumentException>(() => CsrMatrix.FromTriplets(1, 1, [0], [0, 0], []));
        Assert.Throws<ArgumentException>(() => CsrMatrix.FromTriplets(1, 1, [0, 0], [0, 0], [1f]));
        Assert.Throws<ArgumentException>(() => new CsrMatrix(1, 1, [0, 1], [0], [1f]).WithValues([]));
    }

    private static void AssertValid(CsrMatrix matrix)
    {
        Assert.Equal(0, matrix.RowStart[0]);
        Assert.Equal(matrix.Count, matrix.RowStart[^1]);
        for (int r = 0; r < matrix.Rows; r++)
        {
            ReadOnlySpan<int> columns = matrix.RowColumns(r);
            for (int n = 0; n < columns.Length; n++)
            {
                Assert.InRange(columns[n], n == 0 ? 0 : columns[n - 1] + 1, matrix.Columns - 1);
            }
        }
    }
}
