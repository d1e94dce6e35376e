using Segue.Neural.Autodiff;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class SparseOperandTests
{
    [Fact]
    public void The_transpose_has_every_entry_and_knows_where_it_was() => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            CsrMatrix matrix = Draw.Sparse(rng, rows, columns, rng.Next(1 + (3 * rows)));
            var operand = new SparseOperand(matrix);
            Assert.Same(matrix, operand.Matrix);
            Assert.Equal((columns, rows, matrix.Count), (operand.Transpose.Rows, operand.Transpose.Columns, operand.Transpose.Count));
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < columns; c++)
                {
                    Assert.Equal(matrix[r, c], operand.Transpose[c, r]);
                }
            }

            Assert.Equal(Enumerable.Range(0, matrix.Count), operand.TransposeOrder.ToArray().Order());
            for (int n = 0; n < matrix.Count; n++)
            {
                Assert.Equal(matrix.Values[operand.TransposeOrder[n]], operand.Transpose.Values[n]);
            }
        },
        largest: 20);
}
