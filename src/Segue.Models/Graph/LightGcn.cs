using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>Options of <see cref="LightGcn"/>.</summary>
public sealed record LightGcnOptions : WeighedGraphOptions
{
    /// <summary>Layers of message passing.</summary>
    [Range(0, 16)]
    [Description("layers of message passing; 0 is a matrix factorization")]
    public int Layers { get; init; } = 4;

    internal override int LayerCount => Layers;

    internal override IReadOnlyList<(string Name, int Value, Func<int, GraphOptions> With)> Sizes =>
        [("embedding_size", EmbeddingSize, v => this with { EmbeddingSize = v }), ("layers", Layers, v => this with { Layers = v })];
}

/// <summary>Graph convolution with nothing but the graph: vectors of listeners and items are spread over their edges and added up.</summary>
/// <remarks>
/// E⁽ᵏ⁺¹⁾ = D^(−½) A D^(−½) E⁽ᵏ⁾, vectors Σₖ αₖ E⁽ᵏ⁾ with αₖ = 1 / (layers + 1) or learned, score e_u·e_i, loss BPR + λ ½ (|e_u⁽⁰⁾|² + |e_i⁽⁰⁾|² + |e_j⁽⁰⁾|²)
/// a triple. Source: He et al., "LightGCN", SIGIR 2020, equations 3 to 15; its settings are layers=3, learning_rate=0.001, batch_size=2048,
/// negatives=checked. Time of a step: O(layers · edges · d) and the triples; memory: about (2 · layers + 6) · nodes · d floats and 20 bytes an edge and direction.
/// A new listener starts from nothing and hears its items. Weights are not used.
/// </remarks>
public sealed class LightGcn(LightGcnOptions options) : IKeepsCheckpoints
{
    private const string Name = "lightgcn";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => GraphTrainer.Fit(Name, options, _ => new Convolution(options), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => GraphTrainer.Load(Name, options, _ => new Convolution(options), artifact, train);

    /// <summary>What a new listener hears of items of these degrees, itself as column 0.</summary>
    internal static SparseOperand NewListener(ReadOnlySpan<int> degrees)
    {
        var values = new float[degrees.Length];
        for (int n = 0; n < values.Length; n++)
        {
            values[n] = 1f / MathF.Sqrt((float)degrees.Length * degrees[n]);
        }

        return new SparseOperand(new CsrMatrix(1, degrees.Length + 1, [0, degrees.Length], [.. Enumerable.Range(1, degrees.Length)], values));
    }

    internal sealed class Convolution(LightGcnOptions options) : IGraphConvolution
    {
        public IReadOnlyList<Parameter> Parameters => [];

        public SparseOperand Messages(ListeningGraph graph) => graph.Symmetric(options.Shares($"model '{Name}'"));

        public SparseOperand Messages(ReadOnlySpan<int> degrees) => NewListener(degrees);

        public Variable Apply(int layer, Variable own, Variable senders, SparseOperand messages, Rng? rng) => messages.Multiply(senders);
    }
}
