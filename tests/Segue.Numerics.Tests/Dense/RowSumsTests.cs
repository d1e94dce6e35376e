using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Dense;

public sealed class RowSumsTests
{
    [Fact]
    public void SumsMatchTheTwinForAnyShape()
    {
        Gen<(int Rows, int Columns, int Count, bool Weighted)> shapes =
            from r in Gen.Choose(1, 20)
            from c in Shapes.Size(130)
            from n in Gen.Choose(0, 14)
            from weighted in Gen.Elements(true, false)
            select (r, c, n, weighted);
        Prop.ForAll(Arb.From(shapes), s =>
        {
            var rng = new Rng(1, "rows");
            var matrix = new DenseMatrix(s.Rows, s.Columns, Shapes.Gaussian(s.Rows * s.Columns, "matrix"));
            int[] indices = [.. Enumerable.Range(0, s.Count).Select(_ => rng.Next(s.Rows))];
            float[] weights = s.Weighted ? Shapes.Gaussian(s.Count, "weights") : [], sums = new float[s.Columns];
            Array.Fill(sums, float.NaN);
            RowSums.WeightedSum(matrix, indices, weights, sums);
            for (int c = 0; c < s.Columns; c++)
            {
                // The same order and roundings, so the same bits.
                float expected = 0f;
                for (int n = 0; n < indices.Length; n++)
                {
                    expected += (s.Weighted ? weights[n] : 1f) * matrix.Row(indices[n])[c];
                }

                Assert.Equal(expected, sums[c]);
            }
        }).Check(Properties.Cases());
    }

    [Fact]
    public void WrongArgumentsAreRefused()
    {
        var matrix = new DenseMatrix(2, 3);
        Assert.Throws<ArgumentException>(() => RowSums.WeightedSum(matrix, [0], [], new float[2]));
        Assert.Throws<ArgumentException>(() => RowSums.WeightedSum(matrix, [0], [1f, 2f], new float[3]));
        Assert.Throws<ArgumentException>(() => RowSums.WeightedSum(matrix, [2], [], new float[3]));
        Assert.Throws<ArgumentException>(() => RowSums.WeightedSum(matrix, [-1], [], new float[3]));
    }
}
