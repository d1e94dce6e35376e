using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class ActivationsTests
{
    public static TheoryData<string> Names => ["relu", "leaky", "sigmoid", "tanh", "exp", "log", "square"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_are_those_of_central_differences(string name) => Draw.Shapes((rows, columns, _, rng) =>
        GradientCheck.Run(v => Apply(name, v[0]), [Inputs(name, rng, rows, columns)]));

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_are_those_of_the_scalar_twin(string name) => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            (int, int, float[] Values) x = Inputs(name, rng, rows, columns);
            Variable y = Apply(name, new Tape().Constant(x.Values, rows, columns));
            Numbers.Close(Array.ConvertAll(x.Values, e => Twin(name, e)), y.Value, 2e-6, name);
        },
        largest: 40);

    [Theory]
    [MemberData(nameof(Names))]
    public void Nan_stays_nan(string name) => Assert.True(float.IsNaN(Apply(name, new Tape().Constant([float.NaN], 1, 1)).Scalar));

    [Fact]
    public void The_gradient_at_the_kink_is_zero_for_relu_and_the_slope_for_leaky_relu()
    {
        var tape = new Tape();
        Variable x = tape.Input([0f, -0f], 1, 2);
        tape.Backward(x.Relu().Sum());
        Assert.Equal([0f, 0f], x.Gradient.ToArray());
        tape.Reset();
        x = tape.Input([0f], 1, 1);
        tape.Backward(x.LeakyRelu(0.25f).Sum());
        Assert.Equal([0.25f], x.Gradient.ToArray());
    }

    [Fact]
    public void Large_values_do_not_overflow()
    {
        var tape = new Tape();
        float[] large = [-1e4f, -100f, -30f, 30f, 100f, 1e4f];
        Variable x = tape.Input(large, 1, 6), sigmoid = x.Sigmoid(), tanh = x.Tanh(), softmax = x.Softmax();
        Numbers.Close(Array.ConvertAll(large, e => 1 / (1 + Math.Exp(-e))), sigmoid.Value, 1e-6);
        Numbers.Close([-1, -1, -1, 1, 1, 1], tanh.Value, 1e-6);
        Numbers.Close([0, 0, 0, 0, 0, 1], softmax.Value, 1e-6);
        tape.Backward(sigmoid.Add(tanh).Add(softmax).Sum());
        Numbers.Close(new double[6], x.Gradient, 1e-6);
    }

    [Fact]
    public void Softmax_of_rows() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        GradientCheck.Run(v => v[0].Softmax(), [x]);
        Variable y = new Tape().Constant(x.Values, rows, columns).Softmax();
        for (int r = 0; r < rows; r++)
        {
            double[] powers = Array.ConvertAll(x.Values[(r * columns)..((r + 1) * columns)], e => Math.Exp(e));
            Numbers.Close(Array.ConvertAll(powers, p => p / powers.Sum()), y.Value.Slice(r * columns, columns), 1e-6);
        }
    });

    [Fact]
    public void Dropout_has_the_gradient_of_its_mask() => Draw.Shapes((rows, columns, _, rng) =>
    {
        (int, int, float[]) x = Draw.Matrix(rng, rows, columns);
        GradientCheck.Run(v => v[0].Dropout(0.4f, new Rng(3, "mask")), [x]);
    });

    [Fact]
    public void Dropout_keeps_the_share_it_is_told_and_scales_the_rest()
    {
        var tape = new Tape();
        Variable y = tape.Constant(Enumerable.Repeat(3f, 100_000).ToArray(), 100, 1000).Dropout(0.25f, new Rng(1, "dropout"));
        Assert.All(y.Value.ToArray(), v => Assert.True(v == 0f || Math.Abs(v - 4f) < 1e-6));

        // 25,000 zeros are expected, with a standard deviation of 137.
        Assert.InRange(y.Value.ToArray().Count(v => v == 0f), 24_300, 25_700);
    }

    [Fact]
    public void The_same_generator_draws_the_same_mask_and_another_does_not()
    {
        float[] Masked(ulong seed) => new Tape().Constant(Enumerable.Repeat(1f, 64).ToArray(), 8, 8).Dropout(0.5f, new Rng(seed, "m")).Value.ToArray();
        Assert.Equal(Masked(1), Masked(1));
        Assert.NotEqual(Masked(1), Masked(2));
    }

    [Fact]
    public void Without_dropout_the_matrix_itself_comes_back()
    {
        Variable x = new Tape().Input([1f], 1, 1);
        Assert.Same(x, x.Dropout(0f, new Rng(1)));
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public void A_share_that_is_none_is_refused(float rate) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Tape().Input([1f], 1, 1).Dropout(rate, new Rng(1)));

    [Fact]
    public void A_negative_slope_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new Tape().Input([1f], 1, 1).LeakyRelu(-0.1f));

    internal static Variable Apply(string name, Variable x) => name switch
    {
        "relu" => x.Relu(),
        "leaky" => x.LeakyRelu(0.2f),
        "sigmoid" => x.Sigmoid(),
        "tanh" => x.Tanh(),
        "exp" => x.Exp(),
        "log" => x.Log(),
        _ => x.Square(),
    };

    private static double Twin(string name, double x) => name switch
    {
        "relu" => Math.Max(x, 0),
        "leaky" => x > 0 ? x : 0.2f * x,
        "sigmoid" => 1 / (1 + Math.Exp(-x)),
        "tanh" => Math.Tanh(x),
        "exp" => Math.Exp(x),
        "log" => Math.Log(x),
        _ => x * x,
    };

    private static (int Rows, int Columns, float[] Values) Inputs(string name, Rng rng, int rows, int columns) => name switch
    {
        "log" => Draw.Between(rng, rows, columns, 0.5f, 3f),
        "relu" or "leaky" => Draw.AwayFromZero(rng, rows, columns, 0.1f),
        _ => Draw.Matrix(rng, rows, columns),
    };
}
