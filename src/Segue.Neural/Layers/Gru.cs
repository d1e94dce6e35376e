using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Layers;

/// <summary>A layer of gated recurrent units: <see cref="Recurrence.Gru"/> over learned weights.</summary>
/// <remarks>All weights and biases are uniform on ±1 / √hidden at first, as in PyTorch.</remarks>
public sealed class Gru
{
    /// <summary>A layer with random weights.</summary>
    /// <param name="name">Prefix of its parameters.</param>
    /// <param name="inputs">Columns it takes.</param>
    /// <param name="hidden">Columns it gives.</param>
    /// <param name="rng">Draws the first weights.</param>
    public Gru(string name, int inputs, int hidden, Rng rng)
    {
        float limit = 1f / MathF.Sqrt(Math.Max(1, hidden));
        InputWeight = new Parameter($"{name}.input_weight", inputs, 3 * hidden).Uniform(rng, limit);
        InputBias = new Parameter($"{name}.input_bias", 1, 3 * hidden).Uniform(rng, limit);
        RecurrentWeight = new Parameter($"{name}.recurrent_weight", hidden, 3 * hidden).Uniform(rng, limit);
        RecurrentBias = new Parameter($"{name}.recurrent_bias", 1, 3 * hidden).Uniform(rng, limit);
    }

    /// <summary>W, inputs × 3 hidden: r, z, n side by side.</summary>
    public Parameter InputWeight { get; }

    /// <summary>b, 1 × 3 hidden.</summary>
    public Parameter InputBias { get; }

    /// <summary>U, hidden × 3 hidden.</summary>
    public Parameter RecurrentWeight { get; }

    /// <summary>c, 1 × 3 hidden.</summary>
    public Parameter RecurrentBias { get; }

    /// <summary>Everything that is learned.</summary>
    public IEnumerable<Parameter> Parameters => [InputWeight, InputBias, RecurrentWeight, RecurrentBias];

    /// <summary>The state after every row, rows × hidden.</summary>
    /// <param name="x">Rows × inputs, sequence after sequence, oldest row first.</param>
    /// <param name="starts">Start of every sequence and, last, the number of rows.</param>
    /// <param name="initial">The state before each sequence, sequences × hidden; null for zeros.</param>
    public Variable Apply(Variable x, ReadOnlyMemory<int> starts, Variable? initial = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Affine(x.Tape.Use(InputWeight), x.Tape.Use(InputBias)).Gru(starts, x.Tape.Use(RecurrentWeight), x.Tape.Use(RecurrentBias), initial);
    }
}
