using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Layers;

/// <summary>A learned vector for every index; a step's gradient touches only the vectors it used.</summary>
public sealed class Embedding
{
    /// <summary>A table of random vectors.</summary>
    /// <param name="name">Name of its parameter.</param>
    /// <param name="count">Number of vectors.</param>
    /// <param name="size">Length of each.</param>
    /// <param name="rng">Draws the first values.</param>
    /// <param name="deviation">Their standard deviation.</param>
    public Embedding(string name, int count, int size, Rng rng, float deviation = 0.1f) =>
        Table = new Parameter(name, count, size, isRowSparse: true).Gaussian(rng, deviation);

    /// <summary>The vectors, count × size.</summary>
    public Parameter Table { get; }

    /// <summary>Everything that is learned.</summary>
    public IEnumerable<Parameter> Parameters => [Table];

    /// <summary>The vectors of some indices, in their order; indices must stay as they are until the tape is reset.</summary>
    public Variable Apply(Tape tape, ReadOnlyMemory<int> indices)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.Use(Table).Gather(indices);
    }
}
