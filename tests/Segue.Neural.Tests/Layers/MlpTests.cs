using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Tests.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Layers;

public sealed class MlpTests
{
    [Fact]
    public void Layers_follow_each_other_with_a_relu_between()
    {
        var network = new Mlp("m", [3, 5, 4, 2], new Rng(1));
        Assert.Equal([(3, 5), (5, 4), (4, 2)], network.Layers.Select(l => (l.Weight.Rows, l.Weight.Columns)));
        Assert.Equal(
            ["m.0.weight", "m.0.bias", "m.1.weight", "m.1.bias", "m.2.weight", "m.2.bias"], network.Parameters.Select(p => p.Name));
        var tape = new Tape();
        Variable x = tape.Constant(Draw.Matrix(new Rng(2), 6, 3).Values, 6, 3);
        Variable byHand = network.Layers[2].Apply(network.Layers[1].Apply(network.Layers[0].Apply(x).Relu()).Relu());
        Assert.Equal(byHand.Value.ToArray(), network.Apply(x).Value.ToArray());
        Assert.Contains(byHand.Value.ToArray(), v => v < 0);
    }

    [Fact]
    public void The_gradient_is_that_of_central_differences()
    {
        var network = new Mlp("m", [3, 6, 1], new Rng(1));
        rngBias(network);

        // Inputs whose hidden values are not near the kink.
        var rng = new Rng(8);
        (int, int, float[] Values) x;
        do
        {
            x = Draw.Matrix(rng, 2, 3);
        }
        while (network.Layers[0].Apply(new Tape().Constant(x.Values, 2, 3)).Value.ToArray().Any(v => Math.Abs(v) < 0.12f));
        GradientCheck.Run(v => network.Apply(v[0]), [x], step: 0.02f);

        static void rngBias(Mlp network)
        {
            foreach (Linear layer in network.Layers)
            {
                new Rng(5).FillGaussian(layer.Bias.Value, 0.5f);
            }
        }
    }

    [Fact]
    public void Dropout_changes_the_hidden_values_only_where_it_is_asked_for()
    {
        var network = new Mlp("m", [3, 64, 2], new Rng(1));
        float[] x = Draw.Matrix(new Rng(2), 4, 3).Values;
        float[] Output(float dropout, ulong seed) => network.Apply(new Tape().Constant(x, 4, 3), dropout, new Rng(seed)).Value.ToArray();
        Assert.Equal(Output(0f, 1), Output(0f, 2));
        Assert.Equal(Output(0.5f, 1), Output(0.5f, 1));
        Assert.NotEqual(Output(0.5f, 1), Output(0.5f, 2));
        Assert.Throws<ArgumentNullException>(() => network.Apply(new Tape().Constant(x, 4, 3), 0.5f));
    }

    [Fact]
    public void A_network_without_a_layer_is_refused() =>
        Assert.Contains("1 sizes", Assert.Throws<ArgumentException>(() => new Mlp("m", [3], new Rng(1))).Message, StringComparison.Ordinal);
}
