using Segue.Neural.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class RowsTests
{
    [Fact]
    public void Gather_with_repeated_indices() => Draw.Shapes((rows, columns, count, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        int[] indices = Draw.Indices(rng, count, rows);
        GradientCheck.Run(v => v[0].Gather(indices), [x]);
        Variable y = new Tape().Constant(x.Values, rows, columns).Gather(indices);
        Assert.Equal((indices.Length, columns), (y.Rows, y.Columns));
        Assert.Equal(indices.SelectMany(i => x.Values[(i * columns)..((i + 1) * columns)]), y.Value.ToArray());
    });

    [Fact]
    public void Scatter_add_with_repeated_indices() => Draw.Shapes((rows, columns, count, rng) =>
    {
        int[] indices = Draw.Indices(rng, count, rows);
        (int, int, float[] Values) x = Draw.Matrix(rng, indices.Length, columns);
        GradientCheck.Run(v => v[0].ScatterAdd(indices, rows), [x]);
        var expected = new double[rows * columns];
        for (int n = 0; n < x.Values.Length; n++)
        {
            expected[(indices[n / columns] * columns) + (n % columns)] += x.Values[n];
        }

        Numbers.Close(expected, new Tape().Constant(x.Values, indices.Length, columns).ScatterAdd(indices, rows).Value, 1e-5);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gather_sum_with_empty_segments(bool weighted) => Draw.Shapes((rows, columns, count, rng) =>
    {
        (int, int, float[] Values) x = Draw.Matrix(rng, rows, columns);
        int[] indices = Draw.Indices(rng, count, rows);
        int[] starts = Draw.Starts(rng, 1 + rng.Next(5), indices.Length);
        float[] weights = weighted ? Draw.Matrix(rng, 1, indices.Length).Values : [];
        GradientCheck.Run(v => v[0].GatherSum(indices, starts, weights), [x]);
        Variable y = new Tape().Constant(x.Values, rows, columns).GatherSum(indices, starts, weights);
        var expected = new double[(starts.Length - 1) * columns];
        for (int s = 0; s + 1 < starts.Length; s++)
        {
            for (int n = starts[s]; n < starts[s + 1]; n++)
            {
                for (int c = 0; c < columns; c++)
                {
                    expected[(s * columns) + c] += (weighted ? weights[n] : 1.0) * x.Values[(indices[n] * columns) + c];
                }
            }
        }

        Numbers.Close(expected, y.Value, 1e-5);
    });

    [Fact]
    public void Concat_and_slice() => Draw.Shapes((rows, columns, more, rng) =>
    {
        (int, int, float[] Values) a = Draw.Matrix(rng, rows, columns), wide = Draw.Matrix(rng, rows, more), high = Draw.Matrix(rng, more, columns);
        GradientCheck.Run(v => v[0].ConcatColumns(v[1]), [a, wide]);
        GradientCheck.Run(v => v[0].ConcatRows(v[1]), [a, high]);
        GradientCheck.Run(v => v[0].ConcatColumns(v[0]), [a]);
        GradientCheck.Run(v => v[0].ConcatRows(v[0]), [a]);
        int startRow = rng.Next(rows + 1), someRows = rng.Next(rows - startRow + 1), startColumn = rng.Next(columns + 1), someColumns = rng.Next(columns - startColumn + 1);
        GradientCheck.Run(v => v[0].SliceRows(startRow, someRows), [a]);
        GradientCheck.Run(v => v[0].SliceColumns(startColumn, someColumns), [a]);

        // Cutting what was joined gives back the parts.
        var tape = new Tape();
        Variable x = tape.Constant(a.Values, rows, columns), right = tape.Constant(wide.Values, rows, more), below = tape.Constant(high.Values, more, columns);
        Variable beside = x.ConcatColumns(right), above = x.ConcatRows(below);
        Assert.Equal((rows, columns + more, rows + more, columns), (beside.Rows, beside.Columns, above.Rows, above.Columns));
        Assert.Equal(a.Values, beside.SliceColumns(0, columns).Value.ToArray());
        Assert.Equal(wide.Values, beside.SliceColumns(columns, more).Value.ToArray());
        Assert.Equal(a.Values, above.SliceRows(0, rows).Value.ToArray());
        Assert.Equal(high.Values, above.SliceRows(rows, more).Value.ToArray());
    });

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void An_index_that_is_no_row_is_refused(int index)
    {
        Variable x = new Tape().Input(new float[6], 3, 2);
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => x.Gather(new[] { 0, index }));
        Assert.Contains($"row {index} is not one of 3", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.ScatterAdd(new[] { 0, 1, index }, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.GatherSum(new[] { index }, new[] { 0, 1 }));
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        var tape = new Tape();
        Variable x = tape.Input(new float[6], 3, 2), y = tape.Input(new float[4], 1, 4);
        Assert.Contains("2 indices for 3 rows", Assert.Throws<ArgumentException>(() => x.ScatterAdd(new[] { 0, 1 }, 3)).Message, StringComparison.Ordinal);
        Assert.Contains("1 weights for 2 indices", Assert.Throws<ArgumentException>(() => x.GatherSum(new[] { 0, 1 }, new[] { 0, 2 }, new[] { 1f })).Message, StringComparison.Ordinal);
        foreach (Action join in new Action[] { () => x.ConcatColumns(y), () => x.ConcatRows(y) })
        {
            string message = Assert.Throws<ArgumentException>(join).Message;
            Assert.Contains("3 × 2", message, StringComparison.Ordinal);
            Assert.Contains("1 × 4", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(2, 2)]
    [InlineData(4, 0)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void A_slice_beyond_the_matrix_is_refused(int start, int count)
    {
        Variable x = new Tape().Input(new float[9], 3, 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.SliceRows(start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.SliceColumns(start, count));
    }
}
