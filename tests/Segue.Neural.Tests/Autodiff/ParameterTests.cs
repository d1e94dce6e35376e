using Segue.Neural.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class ParameterTests
{
    [Fact]
    public void A_row_sparse_parameter_has_a_gradient_in_the_rows_it_was_used_for()
    {
        Parameter table = Counting("table", 5, 2, isRowSparse: true);
        table.Gradient.Fill(float.NaN);
        var tape = new Tape();
        tape.Backward(tape.Use(table).Gather(new[] { 3, 1, 3 }).Sum());
        Assert.Equal([3, 1], table.TouchedRows.ToArray());
        Assert.Equal([float.NaN, float.NaN, 1f, 1f, float.NaN, float.NaN, 2f, 2f, float.NaN, float.NaN], table.Gradient.ToArray());

        // A second use in the same step adds.
        tape.Reset();
        tape.Backward(tape.Use(table).GatherSum(new[] { 1, 4 }, new[] { 0, 2 }, new[] { 10f, 20f }).Sum());
        Assert.Equal([3, 1, 4], table.TouchedRows.ToArray());
        Assert.Equal([float.NaN, float.NaN, 11f, 11f, float.NaN, float.NaN, 2f, 2f, 20f, 20f], table.Gradient.ToArray());
        Assert.Equal((4 * 2) + (121 * 2) + (400 * 2), table.SquaredGradient());
        table.ScaleGradient(0.5f);
        Assert.Equal([float.NaN, float.NaN, 5.5f, 5.5f, float.NaN, float.NaN, 1f, 1f, 10f, 10f], table.Gradient.ToArray());

        table.ClearGradient();
        Assert.False(table.HasGradient);
        Assert.Empty(table.TouchedRows.ToArray());
        Assert.Equal(0, table.SquaredGradient());
        tape.Reset();
        tape.Backward(tape.Use(table).Gather(new[] { 3 }).Sum());
        Assert.Equal([1f, 1f], table.Gradient.Slice(6, 2).ToArray());
    }

    [Fact]
    public void A_row_sparse_parameter_that_is_used_whole_has_all_rows()
    {
        Parameter table = Counting("table", 3, 2, isRowSparse: true);
        table.Gradient.Fill(float.NaN);
        var tape = new Tape();
        Variable use = tape.Use(table);
        tape.Backward(use.Square().Sum().Add(use.Gather(new[] { 2 }).Sum()));
        Assert.Equal([2, 0, 1], table.TouchedRows.ToArray());
        Assert.Equal([0f, 2f, 4f, 6f, 9f, 11f], table.Gradient.ToArray());
    }

    [Fact]
    public void A_dense_parameter_collects_over_uses_and_tapes_until_it_is_cleared()
    {
        Parameter weight = Counting("weight", 2, 2);
        weight.Gradient.Fill(float.NaN);
        for (int time = 1; time <= 2; time++)
        {
            var tape = new Tape();
            Variable a = tape.Use(weight), b = tape.Use(weight);
            tape.Backward(a.MatMul(b).Sum().Add(a.Gather(new[] { 1 }).Sum()));

            // d Σ WW: row sums of W along columns plus column sums along rows; W = (0 1; 2 3).
            Assert.Equal([(1f + 2f) * time, (5f + 2f) * time, (1f + 4f + 1f) * time, (5f + 4f + 1f) * time], weight.Gradient.ToArray());
            Assert.Equal(weight.Gradient.ToArray(), a.Gradient.ToArray());
        }

        weight.ScaleGradient(0.5f);
        Assert.Equal([3f, 7f, 6f, 10f], weight.Gradient.ToArray());
        Assert.Equal(9 + 49 + 36 + 100, weight.SquaredGradient());
        weight.ClearGradient();
        Assert.False(weight.HasGradient);
    }

    [Fact]
    public void A_frozen_parameter_gets_no_gradient()
    {
        Parameter frozen = new("frozen", 1, 2, isFrozen: true), free = new("free", 1, 2);
        frozen.Value.Fill(3f);
        var tape = new Tape();
        Assert.False(tape.Use(frozen).NeedsGradient);
        tape.Backward(tape.Use(free).Multiply(tape.Use(frozen)).Sum());
        Assert.Equal([3f, 3f], free.Gradient.ToArray());
        Assert.False(frozen.HasGradient);
        Assert.Contains("'frozen'", Assert.Throws<InvalidOperationException>(() => { _ = frozen.Gradient; }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Uses_see_the_values_of_now()
    {
        Parameter weight = Counting("weight", 2, 3);
        Assert.Equal([3f, 4f, 5f], weight.Row(1).ToArray());
        var tape = new Tape();
        Variable use = tape.Use(weight);
        weight.Row(1)[2] = 9f;
        Assert.Equal([0f, 1f, 2f, 3f, 4f, 9f], use.Value.ToArray());
        Assert.Equal(("weight", 2, 3), (weight.Name, use.Rows, use.Columns));
    }

    [Fact]
    public void Impossible_parameters_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new Parameter(string.Empty, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Parameter("x", -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Parameter("x", 1 << 20, 1 << 20));
        Parameter empty = new("empty", 0, 5, isRowSparse: true);
        var tape = new Tape();
        tape.Backward(tape.Use(empty).Sum());
        Assert.True(empty.HasGradient);
    }

    private static Parameter Counting(string name, int rows, int columns, bool isRowSparse = false)
    {
        var parameter = new Parameter(name, rows, columns, isRowSparse);
        for (int n = 0; n < parameter.Value.Length; n++)
        {
            parameter.Value[n] = n;
        }

        return parameter;
    }
}
