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

/// <summary>Options of <see cref="GraphAttention"/>.</summary>
public sealed record GraphAttentionOptions : GraphOptions
{
    /// <summary>Listeners are what they heard.</summary>
    public GraphAttentionOptions() => Listeners = ListenerVectors.Heard;

    /// <summary>Layers of message passing.</summary>
    [Range(1, 16)]
    [Description("layers of message passing")]
    public int Layers { get; init; } = 3;

    /// <summary>Attentions a layer.</summary>
    [Range(1, 64)]
    [Description("attentions a layer, each with a matrix of its own")]
    public int Heads { get; init; } = 5;

    /// <summary>Share of attentions set to 0 in training.</summary>
    [Range(0.0, 0.95)]
    [Description("share of attentions set to 0 in training")]
    public double Dropout { get; init; } = 0.5;

    internal override int LayerCount => Layers;

    internal override IReadOnlyList<(string Name, int Value, Func<int, GraphOptions> With)> Sizes =>
    [
        ("embedding_size", EmbeddingSize, v => this with { EmbeddingSize = v }), ("heads", Heads, v => this with { Heads = v }),
        ("layers", Layers, v => this with { Layers = v }),
    ];

    // Two matrices a head with gradient and moments, and copied for the last pass; in a step and in that pass their products, and those one below the other, growing by a head at a
    // time; two numbers a head and node, with gradients.
    internal override double LayerNumbers(long nodes) =>
        (double)Layers * Heads * (((10 + 2 + Heads + 1) * (double)EmbeddingSize * EmbeddingSize) + (4.0 * nodes));
}

/// <summary>Graph convolution in which a node weighs its neighbours by several attentions.</summary>
/// <remarks>
/// Head m: aᵢⱼ = softmaxⱼ(leaky(sₘ·Wₘhᵢ + tₘ·Wₘhⱼ)) over neighbours and i itself, with slope 0.2; hᵢ ← Σₘ (Σⱼ aᵢⱼ Wₘ hⱼ) Oₘ + b: the heads side by side and a linear layer
/// back, of which Oₘ is the part of head m. Vectors and losses as in <see cref="LightGcn"/>. Source: Veličković et al., "Graph attention networks", ICLR 2018, as
/// seed 002 uses it. Time of a step: O(layers · heads · (edges · d + nodes · d²)), with the vector of a neighbour read once for all heads; memory: that of
/// <see cref="LightGcn"/> with as many layers, and about 2 · heads numbers a node. What heads hear exists for a few nodes at a time only, attentions are worked out
/// again where they are needed.
/// </remarks>
public sealed class GraphAttention(GraphAttentionOptions options) : IKeepsCheckpoints
{
    private const string Name = "gat";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => GraphTrainer.Fit(Name, options, c => new Convolution(options, c), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => GraphTrainer.Load(
        Name, options, c => new Convolution(options, c), artifact, train,
        from n in Enumerable.Range(0, options.Layers * options.Heads)
        from kind in new[] { "weight", "output" }
        select $"layer.{n / options.Heads}.head.{n % options.Heads}.{kind}");

    internal sealed class Convolution : IGraphConvolution
    {
        private readonly GraphAttentionOptions _options;
        private readonly Parameter[] _weight, _receiver, _sender, _output, _bias;

        public Convolution(GraphAttentionOptions options, FitContext context)
        {
            _options = options;
            Rng rng = context.CreateRng($"{Name}/layers");
            int size = options.EmbeddingSize;

            // Glorot and Bengio's limit for the heads side by side, size × (heads · size) and back.
            float limit = MathF.Sqrt(6f / (size + (options.Heads * size)));
            (_weight, _receiver, _sender, _output) = (Heads("weight", size), Heads("receiver", 1), Heads("sender", 1), Heads("output", size));
            _bias = [.. Enumerable.Range(0, options.Layers).Select(l => new Parameter($"layer.{l}.bias", 1, size))];

            Parameter[] Heads(string name, int columns) =>
            [
                .. Enumerable.Range(0, options.Layers * options.Heads)
                    .Select(n => new Parameter($"layer.{n / options.Heads}.head.{n % options.Heads}.{name}", size, columns))
                    .Select(p => columns == 1 ? p.GlorotUniform(rng) : p.Uniform(rng, limit)),
            ];
        }

        public IReadOnlyList<Parameter> Parameters => [.. _weight, .. _receiver, .. _sender, .. _output, .. _bias];

        public SparseOperand Messages(ListeningGraph graph) => graph.WithSelf();

        public SparseOperand Messages(ReadOnlySpan<int> degrees)
        {
            var values = new float[degrees.Length + 1];
            return new SparseOperand(new CsrMatrix(1, values.Length, [0, values.Length], [.. Enumerable.Range(0, values.Length)], values));
        }

        public Variable Apply(int layer, Variable own, Variable senders, SparseOperand messages, Rng? rng)
        {
            Tape tape = own.Tape;
            Variable? receiver = null, sender = null, mix = null;
            for (int m = 0; m < _options.Heads; m++)
            {
                int head = (layer * _options.Heads) + m;
                Variable weight = tape.Use(_weight[head]);

                // s·(W h) is (W s)·h, and O after W is one matrix: the states are read without a product in between.
                receiver = Beside(receiver, weight.MatMul(tape.Use(_receiver[head])));
                sender = Beside(sender, weight.MatMul(tape.Use(_sender[head])));
                Variable both = weight.MatMul(tape.Use(_output[head]));
                mix = mix is null ? both : mix.ConcatRows(both);
            }

            return messages.Attend(
                own.MatMul(receiver!), senders.MatMul(sender!), senders, mix!, tape.Use(_bias[layer]), 0.2f, rng is null ? 0f : (float)_options.Dropout, rng);

            static Variable Beside(Variable? columns, Variable column) => columns is null ? column : columns.ConcatColumns(column);
        }
    }
}
