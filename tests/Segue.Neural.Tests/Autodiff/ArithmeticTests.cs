using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class ArithmeticTests
{
    public enum Second
    {
        Same,
        Row,
        Column,
        One,
    }

    public static TheoryData<string, Second> Operations => new MatrixTheoryData<string, Second>(["add", "subtract", "multiply", "divide"], Enum.GetValues<Second>());

    [Theory]
    [MemberData(nameof(Operations))]
    public void Gradients_are_those_of_central_differences(string operation, Second second) => Draw.Shapes((rows, columns, _, rng) =>
        GradientCheck.Run(v => Apply(operation, v[0], v[1]), [Draw.Matrix(rng, rows, columns), Repeated(rng, rows, columns, second)]));

    [Theory]
    [MemberData(nameof(Operations))]
    public void Values_are_those_of_single_elements(string operation, Second second) => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            (int Rows, int Columns, float[] Values) a = Draw.Matrix(rng, rows, columns), b = Repeated(rng, rows, columns, second);
            var tape = new Tape();
            Variable c = Apply(operation, tape.Constant(a.Values, rows, columns), tape.Constant(b.Values, b.Rows, b.Columns));
            Assert.Equal((rows, columns), (c.Rows, c.Columns));
            for (int r = 0; r < rows; r++)
            {
                for (int k = 0; k < columns; k++)
                {
                    float x = a.Values[(r * columns) + k], y = b.Values[((b.Rows == 1 ? 0 : r) * b.Columns) + (b.Columns == 1 ? 0 : k)];
                    float expected = operation switch { "add" => x + y, "subtract" => x - y, "multiply" => x * y, _ => x / y };
                    Assert.Equal(expected, c.Value[(r * columns) + k]);
                }
            }
        },
        largest: 40);

    [Fact]
    public void A_matrix_with_itself_gets_both_gradients() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[]) x = Draw.AwayFromZero(rng, rows, columns, 0.5f);
        GradientCheck.Run(v => v[0].Add(v[0]), [x]);
        GradientCheck.Run(v => v[0].Subtract(v[0]), [x]);
        GradientCheck.Run(v => v[0].Multiply(v[0]), [x]);
        GradientCheck.Run(v => v[0].Divide(v[0]), [x]);
    });

    [Fact]
    public void A_weighted_sum_is_that_of_scaled_terms() => Draw.Shapes((rows, columns, count, rng) =>
    {
        (int, int, float[] Values)[] inputs = [Draw.Matrix(rng, 1 + count, 1), .. Enumerable.Range(0, 1 + count).Select(_ => Draw.Matrix(rng, rows, columns))];
        GradientCheck.Run(v => v[0].WeightedSum(v.AsSpan(1)), inputs);
        GradientCheck.Run(v => v[0].WeightedSum([.. v.AsSpan(1), v[1]]), [Draw.Matrix(rng, 2 + count, 1), .. inputs[1..]]);
        var tape = new Tape(2);
        Variable[] terms = [.. inputs.Select(i => tape.Constant(i.Values, i.Item1, i.Item2))];
        double[] expected = [.. Enumerable.Range(0, rows * columns).Select(n => Enumerable.Range(0, 1 + count).Sum(k => (double)inputs[0].Values[k] * inputs[1 + k].Values[n]))];
        Numbers.Close(expected, terms[0].WeightedSum(terms.AsSpan(1)).Value, 1e-5);
    });

    [Fact]
    public void Bits_of_a_large_weighted_sum_do_not_depend_on_the_number_of_threads()
    {
        var rng = new Rng(3, "weighted");
        (int Rows, int Columns, float[] Values)[] inputs = [Draw.Matrix(rng, 3, 1), .. Enumerable.Range(0, 3).Select(_ => Draw.Matrix(rng, 1001, 67))];
        float[][] results = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            var tape = new Tape(threads);
            Variable[] v = [.. inputs.Select(i => tape.Input(i.Values, i.Rows, i.Columns))];
            Variable y = v[0].WeightedSum(v.AsSpan(1));
            tape.Backward(y.Square().Sum());
            return (float[])[.. y.Value, .. v.SelectMany(x => x.Gradient.ToArray())];
        })];
        Assert.All(results, r => Numbers.SameBits(results[0], r));
    }

    [Fact]
    public void A_weighted_sum_needs_a_weight_a_term_and_one_size()
    {
        var tape = new Tape();
        Variable two = tape.Input(new float[2], 2, 1), matrix = tape.Input(new float[6], 2, 3), other = tape.Input(new float[6], 3, 2);
        Assert.Throws<ArgumentException>(() => two.WeightedSum());
        Assert.Throws<ArgumentException>(() => two.WeightedSum(matrix));
        Assert.Throws<ArgumentException>(() => two.WeightedSum(matrix, other));
    }

    [Fact]
    public void Scale_and_add_of_a_number() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        GradientCheck.Run(v => v[0].Scale(-2.5f), [x]);
        GradientCheck.Run(v => v[0].Add(3f), [x]);
        var tape = new Tape();
        Variable a = tape.Constant(x.Values, rows, columns);
        Assert.Equal(Array.ConvertAll(x.Values, e => -2.5f * e), a.Scale(-2.5f).Value.ToArray());
        Assert.Equal(Array.ConvertAll(x.Values, e => 3f + e), a.Add(3f).Value.ToArray());
    });

    [Fact]
    public void A_division_by_zero_follows_ieee_arithmetic()
    {
        var tape = new Tape();
        Variable c = tape.Constant([1f, -1f, 0f], 1, 3).Divide(tape.Constant([0f], 1, 1));
        Assert.Equal([float.PositiveInfinity, float.NegativeInfinity, float.NaN], c.Value.ToArray());
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(4, 3)]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(0, 4)]
    public void A_second_matrix_that_does_not_fit_is_refused_with_both_sizes(int rows, int columns)
    {
        foreach (string operation in new[] { "add", "subtract", "multiply", "divide" })
        {
            var tape = new Tape();
            Variable a = tape.Input(new float[12], 3, 4), b = tape.Input(new float[rows * columns], rows, columns);
            ArgumentException error = Assert.Throws<ArgumentException>(() => Apply(operation, a, b));
            Assert.Contains("3 × 4", error.Message, StringComparison.Ordinal);
            Assert.Contains($"{rows} × {columns}", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_first_matrix_is_never_repeated()
    {
        var tape = new Tape();
        Assert.Throws<ArgumentException>(() => tape.Input(new float[4], 1, 4).Add(tape.Input(new float[12], 3, 4)));
    }

    private static Variable Apply(string operation, Variable a, Variable b) => operation switch
    {
        "add" => a.Add(b),
        "subtract" => a.Subtract(b),
        "multiply" => a.Multiply(b),
        _ => a.Divide(b),
    };

    private static (int Rows, int Columns, float[] Values) Repeated(Rng rng, int rows, int columns, Second second) => second switch
    {
        Second.Same => Draw.AwayFromZero(rng, rows, columns, 0.5f),
        Second.Row => Draw.AwayFromZero(rng, 1, columns, 0.5f),
        Second.Column => Draw.AwayFromZero(rng, rows, 1, 0.5f),
        _ => Draw.AwayFromZero(rng, 1, 1, 0.5f),
    };
}
