using Segue.Neural.Autodiff;

namespace Segue.Neural.Layers;

/// <summary>Rows to mean 0 and variance 1, then a learned scale and shift: <see cref="Normalization.LayerNorm"/>.</summary>
public sealed class LayerNorm
{
    /// <summary>Scale 1 and shift 0.</summary>
    /// <param name="name">Prefix of its parameters.</param>
    /// <param name="columns">Columns it takes and gives.</param>
    public LayerNorm(string name, int columns)
    {
        Scale = new Parameter($"{name}.scale", 1, columns).Constant(1f);
        Shift = new Parameter($"{name}.shift", 1, columns);
    }

    /// <summary>1 × columns.</summary>
    public Parameter Scale { get; }

    /// <summary>1 × columns.</summary>
    public Parameter Shift { get; }

    /// <summary>Everything that is learned.</summary>
    public IEnumerable<Parameter> Parameters => [Scale, Shift];

    /// <summary>The rows, normalised.</summary>
    /// <param name="x">Rows × columns.</param>
    public Variable Apply(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.LayerNorm(x.Tape.Use(Scale), x.Tape.Use(Shift));
    }
}
