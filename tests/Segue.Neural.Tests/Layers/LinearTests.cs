using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Tests.Autodiff;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Layers;

public sealed class LinearTests
{
    [Fact]
    public void A_layer_multiplies_and_adds() => Draw.Shapes((rows, inputs, outputs, rng) =>
    {
        var layer = new Linear("l", inputs, outputs, rng);
        Assert.Equal(new float[outputs], layer.Bias.Value.ToArray());
        rng.FillGaussian(layer.Bias.Value, 1f);
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, inputs);
        double[] expected = DenseReference.Multiply(x.Values, layer.Weight.Value, rows, outputs, inputs);
        for (int n = 0; n < expected.Length; n++)
        {
            expected[n] += layer.Bias.Value[n % outputs];
        }

        Numbers.Close(expected, layer.Apply(new Tape().Constant(x.Values, rows, inputs)).Value, 1e-5);
        GradientCheck.Run(v => layer.Apply(v[0]), [x]);
    });

    [Fact]
    public void Parameters_are_named_after_the_layer()
    {
        var layer = new Linear("towers/user", 3, 2, new Rng(1));
        Assert.Equal(["towers/user.weight", "towers/user.bias"], layer.Parameters.Select(p => p.Name));
        Assert.Equal((3, 2, 1, 2), (layer.Weight.Rows, layer.Weight.Columns, layer.Bias.Rows, layer.Bias.Columns));
    }

    [Fact]
    public void An_input_of_another_width_is_refused_with_both_sizes()
    {
        var layer = new Linear("l", 3, 2, new Rng(1));
        string message = Assert.Throws<ArgumentException>(() => layer.Apply(new Tape().Constant(new float[8], 2, 4))).Message;
        Assert.Contains("2 × 4 and 3 × 2", message, StringComparison.Ordinal);
    }
}
