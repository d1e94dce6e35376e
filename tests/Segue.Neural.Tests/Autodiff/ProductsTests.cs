using Segue.Neural.Autodiff;
using Segue.Numerics.Reference;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class ProductsTests
{
    [Fact]
    public void Products_have_the_gradients_of_central_differences() => Draw.Shapes((rows, inner, columns, rng) =>
    {
        (int, int, float[]) a = Draw.Matrix(rng, rows, inner), b = Draw.Matrix(rng, inner, columns), transposed = Draw.Matrix(rng, columns, inner);
        GradientCheck.Run(v => v[0].MatMul(v[1]), [a, b]);
        GradientCheck.Run(v => v[0].MatMulTransposed(v[1]), [a, transposed]);
        GradientCheck.Run(v => v[0].Affine(v[1], v[2]), [a, b, Draw.Matrix(rng, 1, columns)]);
        GradientCheck.Run(v => v[0].RowDot(v[1]), [a, Draw.Matrix(rng, rows, inner)]);
    });

    [Fact]
    public void Products_of_a_matrix_with_itself_get_all_gradients() => Draw.Shapes(
        (size, columns, _, rng) =>
        {
            (int, int, float[]) square = Draw.Matrix(rng, size, size), any = Draw.Matrix(rng, size, columns);
            GradientCheck.Run(v => v[0].MatMul(v[0]), [square]);
            GradientCheck.Run(v => v[0].MatMulTransposed(v[0]), [any]);
            GradientCheck.Run(v => v[0].RowDot(v[0]), [any]);
        },
        tests: 20);

    [Fact]
    public void Values_are_those_of_the_scalar_twin() => Draw.Shapes(
        (rows, inner, columns, rng) =>
        {
            float[] a = Draw.Matrix(rng, rows, inner).Values, b = Draw.Matrix(rng, inner, columns).Values, bias = Draw.Matrix(rng, 1, columns).Values;
            float[] other = Draw.Matrix(rng, rows, inner).Values;
            var tape = new Tape(2);
            Variable left = tape.Constant(a, rows, inner), right = tape.Constant(b, inner, columns);
            double[] product = DenseReference.Multiply(a, b, rows, columns, inner);
            Numbers.Close(product, left.MatMul(right).Value, 5e-5);
            Variable turned = tape.Constant(DenseReference.Transpose<float>(b, inner, columns), columns, inner);
            Numbers.Close(product, left.MatMulTransposed(turned).Value, 5e-5);
            double[] layer = [.. product.Select((p, n) => p + bias[n % columns])];
            Numbers.Close(layer, left.Affine(right, tape.Constant(bias, 1, columns)).Value, 5e-5);
            double[] dots = [.. Enumerable.Range(0, rows).Select(r => Enumerable.Range(r * inner, inner).Sum(n => (double)a[n] * other[n]))];
            Numbers.Close(dots, left.RowDot(tape.Constant(other, rows, inner)).Value, 5e-5);
        },
        largest: 40);

    [Fact]
    public void A_layer_over_two_inputs_is_the_sum_of_two() => Draw.Shapes((rows, inner, columns, rng) =>
    {
        int other = rng.Next(6);
        (int, int, float[])[] inputs =
            [Draw.Matrix(rng, rows, inner), Draw.Matrix(rng, inner, columns), Draw.Matrix(rng, 1, columns), Draw.Matrix(rng, rows, other), Draw.Matrix(rng, other, columns)];
        GradientCheck.Run(v => v[0].Affine(v[1], v[2], v[3], v[4]), inputs);
        var tape = new Tape(2);
        Variable[] x = [.. inputs.Select(i => tape.Constant(i.Item3, i.Item1, i.Item2))];
        double[] expected = [.. x[0].Affine(x[1], x[2]).Add(x[3].MatMul(x[4])).Value.ToArray().Select(y => (double)y)];
        Numbers.Close(expected, x[0].Affine(x[1], x[2], x[3], x[4]).Value, 1e-5);
    });

    [Fact]
    public void One_matrix_may_be_both_inputs_of_a_layer() => Draw.Shapes((rows, inner, columns, rng) => GradientCheck.Run(
        v => v[0].Affine(v[1], v[2], v[0], v[1]), [Draw.Matrix(rng, rows, inner), Draw.Matrix(rng, inner, columns), Draw.Matrix(rng, 1, columns)]));

    [Fact]
    public void Sparse_products_have_the_gradients_of_central_differences() => Draw.Shapes((rows, inner, columns, rng) =>
    {
        CsrMatrix matrix = Draw.Sparse(rng, rows, inner, rng.Next(1 + (2 * rows)));
        var operand = new SparseOperand(matrix);
        (int, int, float[] Values) dense = Draw.Matrix(rng, inner, columns);
        GradientCheck.Run(v => operand.Multiply(v[0]), [dense]);
        (int, int, float[] Values) entries = Draw.Matrix(rng, matrix.Count, 1);
        GradientCheck.Run(v => operand.Multiply(v[1], v[0]), [dense, entries]);
        var tape = new Tape();
        Variable d = tape.Constant(dense.Values, inner, columns);
        Numbers.Close(SparseReference.Multiply(matrix, dense.Values, columns), operand.Multiply(d).Value, 1e-5);
        Numbers.Close(
            SparseReference.Multiply(matrix.WithValues(entries.Values), dense.Values, columns),
            operand.Multiply(tape.Constant(entries.Values, matrix.Count, 1), d).Value, 1e-5);
    });

    [Fact]
    public void One_matrix_may_give_entries_and_rows_of_a_sparse_product()
    {
        var operand = new SparseOperand(CsrMatrix.FromTriplets(2, 4, [0, 0, 1, 1], [1, 3, 0, 1], [1f, 1f, 1f, 1f]));
        GradientCheck.Run(v => operand.Multiply(v[0], v[0]), [(4, 1, [0.3f, -1f, 2f, 0.7f])]);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused_with_both()
    {
        var tape = new Tape();
        Variable a = tape.Input(new float[6], 2, 3), b = tape.Input(new float[8], 2, 4), row = tape.Input(new float[3], 1, 3);
        Refused(() => a.MatMul(b), "2 × 3", "2 × 4");
        Refused(() => a.MatMulTransposed(b), "2 × 3", "2 × 4");
        Refused(() => a.RowDot(b), "2 × 3", "2 × 4");
        Refused(() => a.Affine(b, row), "2 × 3", "2 × 4");
        Refused(() => tape.Input(new float[2], 1, 2).Affine(b, row), "2 × 4", "1 × 3");
        Variable two = tape.Input(new float[4], 2, 2), four = tape.Input(new float[4], 1, 4), one = tape.Input(new float[2], 1, 2), wide = tape.Input(new float[6], 2, 3);
        Refused(() => two.Affine(b, four, one, b), "2 × 2", "1 × 2");
        Refused(() => two.Affine(b, four, a, b), "2 × 3", "2 × 4");
        Refused(() => two.Affine(b, four, two, wide), "2 × 4", "2 × 3");
        Refused(() => two.Affine(b, row, two, b), "2 × 4", "1 × 3");
        var operand = new SparseOperand(CsrMatrix.FromTriplets(5, 6, [0], [1], [1f]));
        Refused(() => operand.Multiply(a), "5 × 6", "2 × 3");
        Refused(() => operand.Multiply(row, a), "5 × 6", "2 × 3");
        Refused(() => operand.Multiply(row, tape.Input(new float[6], 6, 1)), "1 × 3", "1 entries");
    }

    private static void Refused(Action action, params string[] parts)
    {
        string message = Assert.Throws<ArgumentException>(action).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
