using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Layers;

/// <summary>Fully connected layers with a ReLU, and in training dropout, after each but the last.</summary>
public sealed class Mlp
{
    private readonly Linear[] _layers;

    /// <summary>A network with random weights.</summary>
    /// <param name="name">Prefix of its parameters.</param>
    /// <param name="sizes">Columns: of the input, of every hidden layer, of the output; at least two.</param>
    /// <param name="rng">Draws the first weights.</param>
    public Mlp(string name, IReadOnlyList<int> sizes, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        if (sizes.Count < 2)
        {
            throw new ArgumentException($"a network of {sizes.Count} sizes has no layer; give at least input and output", nameof(sizes));
        }

        _layers = new Linear[sizes.Count - 1];
        for (int l = 0; l < _layers.Length; l++)
        {
            _layers[l] = new Linear($"{name}.{l}", sizes[l], sizes[l + 1], rng);
        }
    }

    /// <summary>The layers in order.</summary>
    public IReadOnlyList<Linear> Layers => _layers;

    /// <summary>Everything that is learned.</summary>
    public IEnumerable<Parameter> Parameters => _layers.SelectMany(l => l.Parameters);

    /// <summary>The output for every row.</summary>
    /// <param name="x">Rows × inputs.</param>
    /// <param name="dropout">Share of hidden values set to 0, 0 when predicting.</param>
    /// <param name="rng">Draws the dropout; needed where there is some.</param>
    public Variable Apply(Variable x, float dropout = 0f, Rng? rng = null)
    {
        for (int l = 0; l < _layers.Length; l++)
        {
            x = _layers[l].Apply(x);
            if (l + 1 < _layers.Length)
            {
                x = x.Relu();
                x = dropout > 0f ? x.Dropout(dropout, rng ?? throw new ArgumentNullException(nameof(rng))) : x;
            }
        }

        return x;
    }
}
