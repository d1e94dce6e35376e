using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>Options of <see cref="XSimGcl"/>.</summary>
public sealed record XSimGclOptions : WeighedGraphOptions
{
    private const int LargestBatch = 16_384;

    /// <summary>The published settings.</summary>
    public XSimGclOptions() => (BatchSize, LearningRate, Epochs, InitialDeviation) = (2048, 0.001, 20, 0.1);

    /// <summary>Layers of message passing.</summary>
    [Range(2, 16)]
    [Description("layers of message passing")]
    public int Layers { get; init; } = 3;

    /// <summary>Length of the noise on the state of every node and layer in training.</summary>
    [Range(0.0, 10.0)]
    [Description("length of the noise on the state of every node after every layer in training")]
    public double Noise { get; init; } = 0.2;

    /// <summary>Weight of the contrast in the loss.</summary>
    [Range(0.0, 100.0)]
    [Description("weight of the contrast in the loss")]
    public double ContrastWeight { get; init; } = 0.2;

    /// <summary>Temperature of the contrast.</summary>
    [Range(0.001, 10.0)]
    [Description("temperature of the contrast: lower looks at the nearest others only")]
    public double Temperature { get; init; } = 0.15;

    /// <summary>The layer whose states are contrasted with the vectors.</summary>
    [Range(1, 15)]
    [Description("the layer whose states are contrasted with the vectors; below layers")]
    public int ContrastLayer { get; init; } = 1;

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        base.CheckWhole(owner);
        if (BatchSize is 0 or > LargestBatch)
        {
            throw new OptionException($"{owner}: batch_size is {BatchSize}, and all nodes of a step are compared with each other; give 1 to {LargestBatch}");
        }

        if (ContrastLayer >= Layers)
        {
            throw new OptionException($"{owner}: contrast_layer is {ContrastLayer} with {Layers} layers; give a layer below the last");
        }
    }

    internal override int LayerCount => Layers;

    internal override IReadOnlyList<(string Name, int Value, Func<int, GraphOptions> With)> Sizes =>
        [("embedding_size", EmbeddingSize, v => this with { EmbeddingSize = v })];

    internal override bool HasFirstState => false;

    internal override (float Weight, float Temperature, int Layer)? Contrast => ((float)ContrastWeight, (float)Temperature, ContrastLayer);
}

/// <summary><see cref="LightGcn"/> with noise in every layer and a contrast between layers, which spreads the vectors out.</summary>
/// <remarks>
/// E⁽ᵏ⁺¹⁾ = D^(−½) A D^(−½) E⁽ᵏ⁾ + ε sign(E) ⊙ δ with a random direction δ of length 1 in training; vectors z are the mean of E⁽¹⁾ … E⁽ᴷ⁾; loss: BPR + L2 + λ (InfoNCE of the step's
/// listeners + of its items), with InfoNCE = −mean ln softmaxⱼ(cos(zᵢ, eⱼ) / τ)ᵢ and e the states after one layer. Source: Yu, Xia, Chen, Cui, Hung and Yin, "XSimGCL:
/// Towards extremely simple graph contrastive learning for recommendation", IEEE TKDE 2024; defaults are those of its public code. Time of a step: that of LightGCN
/// and 2 · batch² · d for the contrast; memory also 8 · batch² bytes.
/// </remarks>
public sealed class XSimGcl(XSimGclOptions options) : IKeepsCheckpoints
{
    private const string Name = "xsimgcl";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context) => GraphTrainer.Fit(Name, options, _ => new Convolution(options), train, context);

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train) => GraphTrainer.Load(Name, options, _ => new Convolution(options), artifact, train);

    internal sealed class Convolution(XSimGclOptions options) : IGraphConvolution
    {
        private float[] _noise = [];

        public IReadOnlyList<Parameter> Parameters => [];

        public SparseOperand Messages(ListeningGraph graph) => graph.Symmetric(options.Shares($"model '{Name}'"));

        public SparseOperand Messages(ReadOnlySpan<int> degrees) => LightGcn.NewListener(degrees);

        public Variable Apply(int layer, Variable own, Variable senders, SparseOperand messages, Rng? rng)
        {
            Variable state = messages.Multiply(senders);
            if (rng is null || options.Noise == 0)
            {
                return state;
            }

            Draw(state, rng.NextUInt64());
            return state.Add(state.Tape.Constant(_noise.AsSpan(0, state.Count), state.Rows, state.Columns));
        }

        /// <summary>Rows of length ε with the signs of the state.</summary>
        private void Draw(Variable state, ulong seed)
        {
            if (_noise.Length < state.Count)
            {
                _noise = new float[state.Count];
            }

            // A generator for every row: the noise does not depend on who draws it.
            state.Value.CopyTo(_noise);
            int columns = state.Columns;
            Workers.Run(state.Rows, 256, state.Tape.Threads, (start, end, _) =>
            {
                var own = new Rng(seed + (ulong)start, "noise");
                for (int r = start; r < end; r++)
                {
                    Span<float> row = _noise.AsSpan(r * columns, columns);
                    foreach (ref float x in row)
                    {
                        x = x == 0f ? 0f : MathF.CopySign(own.NextSingle(), x);
                    }

                    float norm = TensorPrimitives.Norm<float>(row);
                    TensorPrimitives.Multiply(row, norm > 0f ? (float)options.Noise / norm : 0f, row);
                }
            });
        }
    }
}
