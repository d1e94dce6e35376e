using Segue.Neural.Autodiff;
using Segue.Neural.Optimizers;
using Xunit;

namespace Segue.Neural.Tests.Optimizers;

/// <summary>What PyTorch does not tell (OracleTests): state, rows that a step did not touch, and what is refused.</summary>
public sealed class SgdTests
{
    [Fact]
    public void Rows_without_a_gradient_neither_move_nor_decay_and_keep_their_velocity()
    {
        var table = new Parameter("table", 3, 2, isRowSparse: true);
        table.Value.Fill(1f);
        var optimizer = new Sgd([table], 0.5, momentum: 0.5, weightDecay: 0.2);
        Touch(table, optimizer, 0);
        Touch(table, optimizer, 2);
        Touch(table, optimizer, 0);

        // Row 0: g = 1 + 0.2, w = 1 − 0.6 = 0.4; then v = 0.6 + (1 + 0.08) = 1.68, w = 0.4 − 0.84.
        Numbers.Close([-0.44, -0.44, 1, 1, 0.4, 0.4], table.Value, 1e-6);
        KeyValuePair<string, float[]> state = Assert.Single(optimizer.State);
        Assert.Equal("table.velocity", state.Key);
        Numbers.Close([1.68, 1.68, 0, 0, 1.2, 1.2], state.Value, 1e-6);
    }

    [Fact]
    public void Without_momentum_there_is_no_state() => Assert.Empty(new Sgd([new Parameter("w", 2, 2)], 0.1).State);

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.0)]
    public void A_momentum_that_is_none_is_refused(double momentum) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd([new Parameter("w", 1, 1)], 0.1, momentum));

    private static void Touch(Parameter table, Optimizer optimizer, int row)
    {
        var tape = new Tape();
        tape.Backward(tape.Use(table).Gather(new[] { row }).Sum());
        optimizer.Step();
    }
}
