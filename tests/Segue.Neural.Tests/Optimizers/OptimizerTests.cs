using Segue.Neural.Autodiff;
using Segue.Neural.Optimizers;
using Xunit;

namespace Segue.Neural.Tests.Optimizers;

public sealed class OptimizerTests
{
    [Fact]
    public void A_step_clears_the_gradients_and_counts()
    {
        Parameter used = new("used", 1, 2), unused = new("unused", 1, 2);
        unused.Value.Fill(3f);
        var optimizer = new Sgd([used, unused], 0.5, weightDecay: 0.1);
        var tape = new Tape();
        for (int step = 1; step <= 2; step++)
        {
            tape.Reset();
            tape.Backward(tape.Use(used).Sum());
            optimizer.Step();
            Assert.Equal(step, optimizer.Steps);
            Assert.False(used.HasGradient);
        }

        // 0 − 0.5, then −0.5 − 0.5 · (1 − 0.1 · 0.5); a parameter without gradient does not even decay.
        Numbers.Close([-0.975, -0.975], used.Value, 1e-6);
        Assert.Equal([3f, 3f], unused.Value.ToArray());
    }

    /// <summary>A parameter with a factor of its own moves, and decays, as under an optimizer of that rate; the others do not notice.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_rate_factor_is_a_rate_of_ones_own(bool isRowSparse)
    {
        foreach (Func<IEnumerable<Parameter>, double, Optimizer> create in new Func<IEnumerable<Parameter>, double, Optimizer>[]
        {
            (p, rate) => new Sgd(p, rate, weightDecay: 0.1),
            (p, rate) => new Adam(p, rate, 0.1, Decay.Decoupled),
        })
        {
            Parameter slow = Ones("slow"), usual = Ones("usual"), alone = Ones("alone");
            slow.RateFactor = 0.25;
            foreach (Optimizer optimizer in new[] { create([slow, usual], 0.4), create([alone], 0.1) })
            {
                for (int step = 0; step < 3; step++)
                {
                    foreach (Parameter p in optimizer.Parameters)
                    {
                        var tape = new Tape();
                        tape.Backward(tape.Use(p).Gather(new[] { 1 }).Square().Sum());
                    }

                    optimizer.Step();
                }
            }

            Assert.Equal(alone.Value.ToArray(), slow.Value.ToArray());
            Assert.NotEqual(alone.Value[1], usual.Value[1]);
        }

        Parameter Ones(string name)
        {
            var parameter = new Parameter(name, 2, 1, isRowSparse);
            parameter.Value.Fill(1f);
            return parameter;
        }
    }

    [Theory]
    [InlineData(2.0, 1.2f, 0f, 1.6f)]
    [InlineData(0.0, 3f, 0f, 4f)]
    [InlineData(5.0, 3f, 0f, 4f)]
    public void A_gradient_longer_than_the_clip_is_scaled_as_one_vector_over_dense_and_sparse_parameters(double clip, float dense, float untouched, float sparse)
    {
        Parameter weight = new("weight", 1, 1), table = new("table", 3, 1, isRowSparse: true);
        var optimizer = new Sgd([weight, table], 1) { ClipNorm = clip };
        var tape = new Tape();
        tape.Backward(tape.Use(weight).Scale(3f).Add(tape.Use(table).Gather(new[] { 2 }).Scale(4f)));
        table.Gradient[0] = 1e9f;
        optimizer.Step();
        Numbers.Close([-dense], weight.Value, 1e-6);
        Numbers.Close([untouched, untouched, -sparse], table.Value, 1e-6);
    }

    [Fact]
    public void Parameters_that_cannot_be_told_apart_or_learned_are_refused()
    {
        Parameter one = new("same", 1, 1), two = new("same", 2, 2), frozen = new("ice", 1, 1, isFrozen: true);
        Assert.Contains("'same'", Assert.Throws<ArgumentException>(() => new Sgd([one, two], 0.1)).Message, StringComparison.Ordinal);
        Assert.Contains("'ice'", Assert.Throws<ArgumentException>(() => new Sgd([frozen], 0.1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd([one], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd([one], double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd([one], 0.1, weightDecay: -1));
    }
}
