using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class ProductsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 2)]
    [InlineData(7, 4, 9)]
    public void Products_have_the_gradients_of_central_differences(int rows, int inner, int columns)
    {
        GradientCheck.Run(v => v[0].MatMul(v[1]), [Matrix(rows, inner, 1), Matrix(inner, columns, 2)]);
        GradientCheck.Run(v => v[0].MatMulTransposed(v[1]), [Matrix(rows, inner, 1), Matrix(columns, inner, 2)]);
        GradientCheck.Run(v => v[0].Affine(v[1], v[2]), [Matrix(rows, inner, 1), Matrix(inner, columns, 2), Matrix(1, columns, 3)]);
        GradientCheck.Run(v => v[0].RowDot(v[1]), [Matrix(rows, inner, 1), Matrix(rows, inner, 2)]);
        GradientCheck.Run(v => v[0].MatMul(v[0].MatMulTransposed(v[0])), [Matrix(3, 3, 1)], tolerance: 2e-2);
    }

    [Fact]
    public void Sparse_products_have_the_gradients_of_central_differences()
    {
        CsrMatrix matrix = CsrMatrix.FromTriplets(4, 5, [0, 0, 2, 2, 3], [1, 4, 0, 1, 3], [1f, -2f, .5f, 3f, 1f]);
        var operand = new SparseOperand(matrix);
        GradientCheck.Run(v => operand.Multiply(v[0]), [Matrix(5, 3, 1)]);
        GradientCheck.Run(v => operand.Multiply(v[1], v[0]), [Matrix(5, 3, 1), Matrix(5, 1, 2)]);
        GradientCheck.Run(v => operand.Multiply(v[0]).Add(operand.Multiply(v[0]).Scale(2f)), [Matrix(5, 3, 1)]);
    }

    private static (int Rows, int Columns, float[] Values) Matrix(int rows, int columns, ulong seed)
    {
        var values = new float[rows * columns];
        new Rng(seed, "matrix").FillGaussian(values, 1f);
        return (rows, columns, values);
    }
}
