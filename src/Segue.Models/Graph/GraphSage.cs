using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>Options of <see cref="GraphSage"/>.</summary>
public sealed record GraphSageOptions : WeighedGraphOptions
{
    /// <summary>Listeners are what they heard.</summary>
    public GraphSageOptions() => Listeners = ListenerVectors.Heard;

    /// <summary>Layers of message passing.</summary>
    [Range(1, 16)]
    [Description("layers of message passing")]
    public int Layers { get; init; } = 3;

    internal override int LayerCount => Layers;

    internal override int StatesPerLayer => 3;

    internal override IReadOnlyList<(string Name, int Value, Func<int, GraphOptions> With)> Sizes =>
        [("embedding_size", EmbeddingSize, v => this with { EmbeddingSize = v }), ("layers", Layers, v => this with { Layers = v })];

    // Two matrices a layer with gradient and moments, and copied for the last pass.
    internal override double LayerNumbers(long nodes) => 5.0 * Layers * 2 * EmbeddingSize * EmbeddingSize;
}

/// <summary>Graph convolution that turns the mean of the neighbours and the node itself by matrices of their own.</summary>
/// <remarks>
/// hᵢ ← Wₙ mean(hⱼ of neighbours) + b + Wₛ hᵢ; vectors Σₖ αₖ h⁽ᵏ⁾ and losses as in <see cref="LightGcn"/>. Source: Hamilton, Ying and Leskovec, "Inductive
/// representation learning on large graphs", NIPS 2017, mean aggregator; as seed 002 uses it, without a non-linearity between layers. Time of a step:
/// O(layers · (edges · d + nodes · d²)).
/// </remarks>
public sealed class GraphSage(GraphSageOptions options) : IKeepsCheckpoints
{
    private const string Name = "graphsage";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => GraphTrainer.Fit(Name, options, c => new Convolution(options, c), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => GraphTrainer.Load(
        Name, options, c => new Convolution(options, c), artifact, train,
        Enumerable.Range(0, options.Layers).SelectMany(l => new[] { $"layer.{l}.neighbors", $"layer.{l}.own" }));

    internal sealed class Convolution : IGraphConvolution
    {
        private readonly GraphSageOptions _options;
        private readonly Parameter[] _neighbors, _bias, _own;

        public Convolution(GraphSageOptions options, FitContext context)
        {
            _options = options;
            Rng rng = context.CreateRng($"{Name}/layers");
            int size = options.EmbeddingSize;
            _neighbors = [.. Enumerable.Range(0, options.Layers).Select(l => new Parameter($"layer.{l}.neighbors", size, size).GlorotUniform(rng))];
            _own = [.. Enumerable.Range(0, options.Layers).Select(l => new Parameter($"layer.{l}.own", size, size).GlorotUniform(rng))];
            _bias = [.. Enumerable.Range(0, options.Layers).Select(l => new Parameter($"layer.{l}.bias", 1, size))];
        }

        public IReadOnlyList<Parameter> Parameters => [.. _neighbors, .. _own, .. _bias];

        public SparseOperand Messages(ListeningGraph graph) => graph.Means(_options.Shares($"model '{Name}'"));

        public SparseOperand Messages(ReadOnlySpan<int> degrees)
        {
            var values = new float[degrees.Length];
            Array.Fill(values, 1f / Math.Max(1, degrees.Length));
            return new SparseOperand(new CsrMatrix(1, degrees.Length + 1, [0, degrees.Length], [.. Enumerable.Range(1, degrees.Length)], values));
        }

        public Variable Apply(int layer, Variable own, Variable senders, SparseOperand messages, Rng? rng)
        {
            Tape tape = own.Tape;
            return messages.Multiply(senders).Affine(tape.Use(_neighbors[layer]), tape.Use(_bias[layer]), own, tape.Use(_own[layer]));
        }
    }
}
