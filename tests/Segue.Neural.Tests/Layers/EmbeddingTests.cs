using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Layers;

public sealed class EmbeddingTests
{
    [Fact]
    public void Vectors_come_in_the_order_of_the_indices_and_only_used_ones_get_a_gradient()
    {
        var embedding = new Embedding("user", 6, 3, new Rng(1), 0.5f);
        Assert.Equal(("user", 6, 3, true), (embedding.Table.Name, embedding.Table.Rows, embedding.Table.Columns, embedding.Table.IsRowSparse));
        Assert.Same(embedding.Table, Assert.Single(embedding.Parameters));
        var tape = new Tape();
        Variable vectors = embedding.Apply(tape, new[] { 4, 0, 4 });
        Assert.Equal([.. embedding.Table.Row(4), .. embedding.Table.Row(0), .. embedding.Table.Row(4)], vectors.Value.ToArray());
        tape.Backward(vectors.Sum());
        Assert.Equal([4, 0], embedding.Table.TouchedRows.ToArray());
        Assert.Equal([2f, 2f, 2f], embedding.Table.Gradient.Slice(12, 3).ToArray());
        Assert.Equal([1f, 1f, 1f], embedding.Table.Gradient[..3].ToArray());
    }

    [Fact]
    public void An_index_beyond_the_table_is_refused()
    {
        var embedding = new Embedding("user", 6, 3, new Rng(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => embedding.Apply(new Tape(), new[] { 6 }));
    }
}
