using Segue.Neural.Autodiff;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed class NodePairsTests
{
    [Fact]
    public void Dots_of_pairs_have_the_gradients_of_central_differences() => Draw.Shapes(
        (rows, columns, count, rng) =>
        {
            NodePairs pairs = Random(rows, count, rng);
            GradientCheck.Run(v => v[0].PairDot(pairs), [Draw.Matrix(rng, rows, columns)]);
        },
        smallest: 1);

    [Fact]
    public void Dots_of_pairs_are_those_of_the_scalar_twin() => Draw.Shapes(
        (rows, columns, count, rng) =>
        {
            NodePairs pairs = Random(rows, count, rng);
            float[] x = Draw.Matrix(rng, rows, columns).Values;
            double[] expected = [.. Enumerable.Range(0, count).Select(p => Enumerable.Range(0, columns)
                .Sum(c => (double)x[(pairs.Left[p] * columns) + c] * x[(pairs.Right[p] * columns) + c]))];
            Numbers.Close(expected, new Tape(2).Constant(x, rows, columns).PairDot(pairs).Value, 1e-5);
        },
        smallest: 1, largest: 40);

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        const int Rows = 700, Columns = 16, Count = 30_000;
        var rng = new Segue.Numerics.Sampling.Rng(3, "pairs");
        NodePairs pairs = Random(Rows, Count, rng);
        float[] x = Draw.Matrix(rng, Rows, Columns).Values;
        float[][] gradients = [.. new[] { 1, 3 }.Select(threads =>
        {
            var tape = new Tape(threads);
            Variable input = tape.Input(x, Rows, Columns);
            tape.Backward(input.PairDot(pairs).Square().Sum());
            return input.Gradient.ToArray();
        })];
        Assert.Equal(gradients[0], gradients[1]);
    }

    [Fact]
    public void Refilled_pairs_are_the_new_ones_only()
    {
        var pairs = new NodePairs();
        pairs.Fill([0, 1, 2, 2], [3, 3, 0, 1], 4);
        pairs.Fill([1], [2], 3);
        Assert.Equal((1, 3), (pairs.Count, pairs.Nodes));
        var tape = new Tape();
        Variable x = tape.Input([1f, 2f, 3f], 3, 1);
        Variable dots = x.PairDot(pairs);
        tape.Backward(dots.Sum());
        Assert.Equal([6f], dots.Value.ToArray());
        Assert.Equal([0f, 3f, 2f], x.Gradient.ToArray());
    }

    [Fact]
    public void Pairs_that_do_not_fit_are_refused()
    {
        var pairs = new NodePairs();
        Assert.Throws<ArgumentException>(() => pairs.Fill([0, 1], [0], 2));
        Assert.ThrowsAny<ArgumentException>(() => pairs.Fill([0], [2], 2));
        pairs.Fill([0], [1], 2);
        Assert.Throws<ArgumentException>(() => new Tape().Input([1f, 2f, 3f], 3, 1).PairDot(pairs));
    }

    private static NodePairs Random(int rows, int count, Segue.Numerics.Sampling.Rng rng)
    {
        var pairs = new NodePairs();
        pairs.Fill(Draw.Indices(rng, count, rows), Draw.Indices(rng, count, rows), rows);
        return pairs;
    }
}
