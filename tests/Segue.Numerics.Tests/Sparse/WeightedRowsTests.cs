using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests.Sparse;

public sealed unsafe class WeightedRowsTests
{
    public static TheoryData<SimdPath> Paths => [.. SimdPaths.Supported];

    /// <summary>Every set of weights is a row of a sparse matrix; what lies between the sums and beyond the sets stays.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void SumsMatchTheTwinForAnyShape(SimdPath path)
    {
        Gen<(int Rows, int Columns, int Count, int Sets, int Spare)> shapes =
            from r in Gen.Choose(1, 40)
            from c in Shapes.Size(140)
            from n in Gen.Choose(0, 50)
            from s in Gen.Choose(0, 13)
            from x in Gen.Choose(0, 3)
            select (r, c, n, s, x);
        Prop.ForAll(Arb.From(shapes), s => Check(s.Rows, s.Columns, s.Count, s.Sets, s.Spare, path)).Check(Properties.Cases(120));
    }

    private static void Check(int rows, int columns, int count, int sets, int spare, SimdPath path)
    {
        var rng = new Rng(3, "rows");
        int[] index = [.. Enumerable.Range(0, count + spare).Select(_ => rng.Next(rows))];
        int stride = sets + spare, sumStride = columns + spare;
        float[] dense = Shapes.Gaussian(rows * columns, "dense"), weights = Shapes.Gaussian(count * stride, "weights"), sums = Shapes.Gaussian(sets * sumStride, "sums");
        float[] before = [.. sums];
        fixed (int* pinnedIndex = index)
        {
            fixed (float* pinnedWeights = weights, pinnedDense = dense, pinnedSums = sums)
            {
                WeightedRows.Add(pinnedIndex, pinnedWeights, stride, count, pinnedDense, columns, pinnedSums, sumStride, sets, spare, path);
            }
        }

        var expected = Array.ConvertAll(before, x => (double)x);
        for (int set = 0; set < sets; set++)
        {
            var row = new CsrMatrix(1, rows, [0, rows], [.. Enumerable.Range(0, rows)], new float[rows]);
            for (int n = 0; n < count; n++)
            {
                row.Values[index[n]] += weights[(n * stride) + set];
            }

            double[] sum = SparseReference.Multiply(row, row.Values, dense, columns);
            for (int c = 0; c < columns; c++)
            {
                expected[(set * sumStride) + c] += sum[c];
            }
        }

        Shapes.Close(expected, sums, 1e-4);
    }
}
