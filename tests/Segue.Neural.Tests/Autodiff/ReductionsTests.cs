using Segue.Neural.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class ReductionsTests
{
    public static TheoryData<string> Names => ["sum", "mean", "row sums", "row means", "column sums", "column means"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_are_those_of_central_differences(string name) => Draw.Shapes((rows, columns, _, rng) =>
        GradientCheck.Run(v => Apply(name, v[0]), [Draw.Matrix(rng, rows, columns)]));

    [Fact]
    public void A_weighted_sum_of_squares_has_the_right_value_and_gradient() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        float[] weight = [.. Enumerable.Range(0, rows).Select(r => r % 3 == 0 ? 0f : rng.NextSingle())];
        double expected = Enumerable.Range(0, rows * columns).Sum(n => weight[n / columns] * (double)x.Values[n] * x.Values[n]);
        Numbers.Close([expected], new Tape().Constant(x.Values, rows, columns).SquareSum(weight).Value, 1e-5);
        GradientCheck.Run(v => v[0].SquareSum(weight), [x]);
        Assert.Throws<ArgumentException>(() => new Tape().Constant(x.Values, rows, columns).SquareSum(new float[rows + 1]));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_are_those_of_the_scalar_twin(string name) => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
            Variable y = Apply(name, new Tape().Constant(x.Values, rows, columns));
            bool byRow = name.StartsWith("row", StringComparison.Ordinal), byColumn = name.StartsWith("column", StringComparison.Ordinal);
            Assert.Equal((byRow ? rows : 1, byColumn ? columns : 1), (y.Rows, y.Columns));
            double[] sums = new double[y.Count], sizes = new double[y.Count];
            for (int n = 0; n < x.Values.Length; n++)
            {
                int place = byRow ? n / columns : byColumn ? n % columns : 0;
                sums[place] += x.Values[n];
                sizes[place] += Math.Abs(x.Values[n]);
            }

            int many = name.Contains("mean", StringComparison.Ordinal) ? Math.Max(1, byRow ? columns : byColumn ? rows : rows * columns) : 1;
            for (int n = 0; n < sums.Length; n++)
            {
                // What rounding can do grows with the terms, which may cancel.
                Assert.Equal(sums[n] / many, y.Value[n], 1e-6 * (1 + (sizes[n] / many)));
            }
        },
        largest: 40);

    [Fact]
    public void Nothing_sums_to_zero()
    {
        var tape = new Tape();
        Assert.Equal(0f, tape.Constant([], 0, 3).Sum().Scalar);
        Assert.Equal(0f, tape.Constant([], 3, 0).Mean().Scalar);
        Assert.Equal([0f, 0f, 0f], tape.Constant([], 0, 3).ColumnMeans().Value.ToArray());
        Assert.Equal([0f, 0f, 0f], tape.Constant([], 3, 0).RowMeans().Value.ToArray());
    }

    private static Variable Apply(string name, Variable x) => name switch
    {
        "sum" => x.Sum(),
        "mean" => x.Mean(),
        "row sums" => x.RowSums(),
        "row means" => x.RowMeans(),
        "column sums" => x.ColumnSums(),
        _ => x.ColumnMeans(),
    };
}
