using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Layers;

/// <summary>A fully connected layer: X·W + b.</summary>
/// <remarks>W is inputs × outputs, He-uniform at first; b is 1 × outputs, zero at first.</remarks>
public sealed class Linear
{
    /// <summary>A layer with random weights.</summary>
    /// <param name="name">Prefix of its parameters.</param>
    /// <param name="inputs">Columns it takes.</param>
    /// <param name="outputs">Columns it gives.</param>
    /// <param name="rng">Draws the first weights.</param>
    public Linear(string name, int inputs, int outputs, Rng rng)
    {
        Weight = new Parameter($"{name}.weight", inputs, outputs).HeUniform(rng);
        Bias = new Parameter($"{name}.bias", 1, outputs);
    }

    /// <summary>W, inputs × outputs.</summary>
    public Parameter Weight { get; }

    /// <summary>b, 1 × outputs.</summary>
    public Parameter Bias { get; }

    /// <summary>Everything that is learned.</summary>
    public IEnumerable<Parameter> Parameters => [Weight, Bias];

    /// <summary>X·W + b.</summary>
    /// <param name="x">Rows × inputs.</param>
    public Variable Apply(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Affine(x.Tape.Use(Weight), x.Tape.Use(Bias));
    }
}
