using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests.Sparse;

public sealed class RowSimilarityTests
{
    [Fact]
    public void Small_example_by_hand()
    {
        // Rows a = (1, 1, 0), b = (1, 1, 1), c = (0, 0, 2): cos(a, b) = 2 / √6, cos(b, c) = 2 / (√3 · 2).
        CsrMatrix matrix = CsrMatrix.FromTriplets(3, 3, [0, 0, 1, 1, 1, 2], [0, 1, 0, 1, 2, 2], [1, 1, 1, 1, 1, 2]);
        CsrMatrix top = Top(matrix, cosine: true, shrinkage: 0, k: 2, threads: 1);
        Assert.Equal(2 / Math.Sqrt(6), top[0, 1], 6);
        Assert.Equal(1 / Math.Sqrt(3), top[1, 2], 6);
        Assert.Equal(1 / Math.Sqrt(3), top[2, 1], 6);
        Assert.Equal(0, top[0, 2]);
        Assert.Equal(4, top.Count);
        Assert.Equal(2 / (Math.Sqrt(6) + 5), Top(matrix, cosine: true, shrinkage: 5, k: 1, threads: 1)[0, 1], 6);
        Assert.Equal(2, Top(matrix, cosine: false, shrinkage: 0, k: 1, threads: 1)[0, 1]);
    }

    [Fact]
    public void Equals_its_slow_twin_bit_for_bit() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<int>().Three().ToArbitrary(),
        parts =>
        {
            var rng = new Rng((ulong)(uint)parts.Item1, "test");
            int rows = 1 + (int)((uint)parts.Item2 % 90), columns = 1 + (int)((uint)parts.Item3 % 40), k = 1 + rng.Next(12);
            CsrMatrix matrix = Random(rng, rows, columns, entries: rng.Next(rows * 6), signed: rng.Next(2) == 0);
            bool cosine = rng.Next(2) == 0;
            double shrinkage = rng.Next(3) * 2.5;
            float[] norms = cosine ? RowSimilarity.Norms(matrix) : [];
            Same(RowSimilarityReference.TopRows(matrix, norms, shrinkage, k), Top(matrix, cosine, shrinkage, k, threads: 1 + rng.Next(3)));
        }).Check(Properties.Cases());

    [Fact]
    public void Dense_and_listed_rows_agree_with_the_twin()
    {
        // 600 rows of which few share a column: most rows take the listed path, the two long ones the dense path.
        var rng = new Rng(3, "test");
        CsrMatrix sparse = Random(rng, 600, 300, entries: 1_200, signed: false);
        var row = new List<int>();
        var column = new List<int>();
        for (int r = 0; r < sparse.Rows; r++)
        {
            foreach (int c in sparse.RowColumns(r))
            {
                row.Add(r);
                column.Add(c);
            }
        }

        for (int c = 0; c < 300; c += 2)
        {
            row.AddRange([17, 400]);
            column.AddRange([c, c]);
        }

        CsrMatrix matrix = CsrMatrix.FromTriplets(600, 300, [.. row], [.. column], []);
        Same(RowSimilarityReference.TopRows(matrix, RowSimilarity.Norms(matrix), 1, 7), Top(matrix, true, 1, 7, 2));
    }

    [Fact]
    public void Threads_do_not_change_a_bit()
    {
        CsrMatrix matrix = Random(new Rng(5, "test"), 700, 200, entries: 9_000, signed: false);
        CsrMatrix one = Top(matrix, true, 0, 20, 1);
        Same(one, Top(matrix, true, 0, 20, 2));
        Same(one, Top(matrix, true, 0, 20, 5));
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        CsrMatrix matrix = Random(new Rng(5, "test"), 5, 4, 9, false);
        Assert.Throws<ArgumentException>(() => Top(matrix, matrix, [], 0, 3));
        Assert.Throws<ArgumentException>(() => Top(matrix, matrix.Transpose(), new float[4], 0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => Top(matrix, matrix.Transpose(), [], 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Top(matrix, matrix.Transpose(), [], -1, 3));
    }

    [Fact]
    public void Cancelled_work_stops() => Assert.ThrowsAny<OperationCanceledException>(() =>
    {
        CsrMatrix matrix = Random(new Rng(5, "test"), 500, 40, 900, false);
        RowSimilarity.TopRows(matrix, matrix.Transpose(), default, 0, 3, 2, cancellation: new CancellationToken(canceled: true));
    });

    private static CsrMatrix Top(CsrMatrix matrix, bool cosine, double shrinkage, int k, int threads) =>
        Top(matrix, matrix.Transpose(), cosine ? RowSimilarity.Norms(matrix) : [], shrinkage, k, threads);

    private static CsrMatrix Top(CsrMatrix matrix, CsrMatrix transposed, float[] norms, double shrinkage, int k, int threads = 1) =>
        RowSimilarity.TopRows(matrix, transposed, norms, shrinkage, k, threads, cancellation: TestContext.Current.CancellationToken);

    private static CsrMatrix Random(Rng rng, int rows, int columns, int entries, bool signed)
    {
        var row = new int[entries];
        var column = new int[entries];
        var value = new float[entries];
        for (int n = 0; n < entries; n++)
        {
            row[n] = rng.Next(rows);
            column[n] = rng.Next(columns);
            value[n] = signed ? rng.NextGaussian() : 1 + rng.Next(3);
        }

        return CsrMatrix.FromTriplets(rows, columns, row, column, value);
    }

    private static void Same(CsrMatrix expected, CsrMatrix actual)
    {
        Assert.Equal(expected.RowStart, actual.RowStart);
        Assert.Equal(expected.ColumnIndex, actual.ColumnIndex);
        Assert.Equal(Array.ConvertAll(expected.Values, BitConverter.SingleToInt32Bits), Array.ConvertAll(actual.Values, BitConverter.SingleToInt32Bits));
    }
}
