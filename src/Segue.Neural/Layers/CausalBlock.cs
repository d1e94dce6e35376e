using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Layers;

/// <summary>A block of a transformer that looks back only: x ← x + attention(norm(x)), x ← x + W₂ relu(W₁ norm(x) + b₁) + b₂, with dropout on what is added.</summary>
/// <remarks>
/// Vaswani et al., NIPS 2017, with the norms before the parts (Xiong et al., "On layer normalization in the transformer architecture", ICML 2020). The network over each row is as wide as
/// the row, as in Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018.
/// </remarks>
public sealed class CausalBlock
{
    private readonly LayerNorm _beforeAttention, _beforeNetwork;
    private readonly Linear _heads, _mix, _first, _second;
    private readonly int _headCount;

    /// <summary>A block with random weights.</summary>
    /// <param name="name">Prefix of its parameters.</param>
    /// <param name="columns">Columns it takes and gives.</param>
    /// <param name="heads">Heads; must divide the columns.</param>
    /// <param name="rng">Draws the first weights.</param>
    public CausalBlock(string name, int columns, int heads, Rng rng)
    {
        if (heads <= 0 || columns % heads != 0)
        {
            throw new ArgumentException($"{columns} columns do not divide into {heads} heads", nameof(heads));
        }

        _headCount = heads;
        _beforeAttention = new LayerNorm($"{name}.attention_norm", columns);
        _heads = new Linear($"{name}.attention_input", columns, 3 * columns, rng);
        _mix = new Linear($"{name}.attention_output", columns, columns, rng);
        _beforeNetwork = new LayerNorm($"{name}.network_norm", columns);
        _first = new Linear($"{name}.network_first", columns, columns, rng);
        _second = new Linear($"{name}.network_second", columns, columns, rng);
        _heads.Weight.GlorotUniform(rng);
        _mix.Weight.GlorotUniform(rng);
        _second.Weight.GlorotUniform(rng);
    }

    /// <summary>Everything that is learned.</summary>
    public IEnumerable<Parameter> Parameters =>
    [
        .. _beforeAttention.Parameters, .. _heads.Parameters, .. _mix.Parameters, .. _beforeNetwork.Parameters, .. _first.Parameters, .. _second.Parameters,
    ];

    /// <summary>The rows after the block, rows × columns.</summary>
    /// <param name="x">Rows × columns, sequence after sequence.</param>
    /// <param name="starts">Start of every sequence and, last, the number of rows.</param>
    /// <param name="dropout">Share left out in training.</param>
    /// <param name="rng">Draws the dropout; null when predicting.</param>
    public Variable Apply(Variable x, ReadOnlyMemory<int> starts, float dropout = 0f, Rng? rng = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        float share = rng is null ? 0f : dropout;
        x = x.Add(Drop(_mix.Apply(_heads.Apply(_beforeAttention.Apply(x)).AttendCausally(starts, _headCount, share, rng))));
        return x.Add(Drop(_second.Apply(Drop(_first.Apply(_beforeNetwork.Apply(x)).Relu()))));

        Variable Drop(Variable y) => share > 0f ? y.Dropout(share, rng!) : y;
    }
}
