using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>Options of models that predict the next play by self-attention.</summary>
public abstract record SelfAttentionOptions : NextPlayOptions
{
    /// <summary>Passes and steps of self-attention.</summary>
    protected SelfAttentionOptions() => (Epochs, BatchSize) = (50, 128);

    /// <summary>Length of an item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of an item's vector; a multiple of heads")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Blocks of attention and a small network.</summary>
    [Range(1, 64)]
    [Description("blocks of attention and a small network")]
    public int Blocks { get; init; } = 2;

    /// <summary>Attentions of a block.</summary>
    [Range(1, 64)]
    [Description("attentions of a block, each over its share of the vector")]
    public int Heads { get; init; } = 1;

    /// <summary>Plays read at once.</summary>
    [Range(1, 4096)]
    [Description("plays read at once: longer sequences are cut in training, and the last so many are read to recommend")]
    public int MaxLength { get; init; } = 50;

    /// <summary>Share of values and attentions that are left out in training.</summary>
    [Range(0.0, 0.95)]
    [Description("share of values and attentions that are left out in training")]
    public double Dropout { get; init; } = 0.2;

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        if (EmbeddingSize % Heads != 0)
        {
            throw new OptionException($"{owner}: embedding_size {EmbeddingSize} does not divide into {Heads} heads; make it a multiple of heads");
        }
    }
}

/// <summary>Trains and loads what <see cref="SasRec"/> and <see cref="GSasRec"/> share: all but the negatives and the loss.</summary>
internal static class SelfAttention
{
    private const float Deviation = 0.02f;

    /// <summary>Trains.</summary>
    /// <param name="name">Name of the model.</param>
    /// <param name="options">Of the model.</param>
    /// <param name="negatives">Drawn items a play: one of its own, or many that are shared.</param>
    /// <param name="sharing">By whom.</param>
    /// <param name="isShared">True where an item has one vector to be read and to be predicted.</param>
    /// <param name="positiveWeight">β from the number of items.</param>
    /// <param name="train">The data.</param>
    /// <param name="context">Of the fit.</param>
    public static IRecommender Fit(
        string name, SelfAttentionOptions options, int negatives, NegativeGroup sharing, bool isShared, Func<int, double> positiveWeight, Dataset train, FitContext context)
    {
        PlayChunks chunks = PlayChunks.Of(train, options.Unit, options.GapMinutes, options.MaxLength, name);
        int items = train.Items.Count, size = options.EmbeddingSize;
        long steps = (long)Math.Min(options.BatchSize, Math.Max(1, chunks.Ranges.Length)) * options.MaxLength;
        NeuralFit.RequireRoom(name, "embedding_size", size, "values in vectors", items, size, copies: isShared ? 4 : 8);
        NeuralFit.RequireRoom(name, "max_length", options.MaxLength, "attentions a step", steps * options.Heads, options.MaxLength, copies: 2 * options.Blocks);
        NeuralFit.RequireRoom(name, "batch_size", options.BatchSize, "scores a step", steps, negatives, copies: 2);
        Rng rng = context.CreateRng($"{name}/start");
        var network = new Network(options, items, rng);
        Parameter output = isShared ? network.Items : new Parameter("output.weight", items, size, isRowSparse: true).Gaussian(rng, Deviation);
        double weight = positiveWeight(items);

        // Where every score is this, the loss is least: from 0 the network would spend many epochs on learning that nearly everything is wrong.
        Parameter bias = new Parameter("output.bias", items, 1, isRowSparse: true).Constant((float)Math.Log(weight / negatives));
        var optimizer = new Adam(
            isShared ? [.. network.Parameters, bias] : [.. network.Parameters, output, bias], options.LearningRate, options.Regularization, Decay.Decoupled, beta2: 0.98, threads: context.Threads);
        var batch = new PlayBatch();
        int[] drawn = [];
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            Checkpoints = Checkpoints.Open(context, name, options, train),
        };
        NeuralFit.Run(name, context, chunks.Ranges.Length, optimizer, settings, step =>
        {
            chunks.Fill(batch, step.Batch.Span);
            Variable state = network.Apply(step.Tape, batch, step.Rng), vectors = step.Tape.Use(output), biases = step.Tape.Use(bias);
            Candidates candidates = Draw(batch, step.Rng);
            Variable positive = state.RowDot(vectors.Gather(batch.Next)).Add(biases.Gather(batch.Next));
            Variable negative = negatives == 1
                ? state.RowDot(vectors.Gather(candidates.Classes)).Add(biases.Gather(candidates.Classes))
                : state.CandidateScores(vectors, candidates, biases);
            step.Add("loss", positive.GeneralizedLogisticLoss(negative, candidates, weight));
        }, Snapshot);
        return Snapshot();

        // One negative is drawn for every play, many for every sequence or step, so that their scores are products of matrices.
        Candidates Draw(PlayBatch plays, Rng generator)
        {
            int groups = negatives == 1 ? plays.Count : sharing == NegativeGroup.Step ? 1 : plays.Sequences;
            if (drawn.Length < groups * negatives)
            {
                drawn = new int[groups * negatives];
            }

            foreach (ref int item in drawn.AsSpan(0, groups * negatives))
            {
                item = generator.Next(items);
            }

            ReadOnlyMemory<int> starts = negatives == 1 ? Enumerable.Range(0, groups + 1).ToArray() : groups == 1 ? new[] { 0, plays.Count } : plays.Starts;
            return new Candidates(starts, negatives, drawn.AsMemory(0, groups * negatives), plays.Next);
        }

        IRecommender Snapshot()
        {
            var copy = new Network(options, items, null);
            copy.CopyFrom(network);
            return new SequenceRecommender(train, copy, OutputVectors.Of(output, bias, chunks.ItemCount), SequenceOutput.WithBias, options.MaxLength, chunks.ItemCount);
        }
    }

    /// <summary>Reads a stored model.</summary>
    public static IRecommender Load(string name, SelfAttentionOptions options, ArtifactReader artifact, Dataset train)
    {
        int size = options.EmbeddingSize;
        StoredShapes.Require(
            artifact, name,
            [
                ("item_embedding", train.Items.Count, size), ("place_embedding", options.MaxLength, size),
                .. Enumerable.Range(0, options.Blocks).Select(b => ($"block.{b}.attention_input.weight", size, 3 * size)),
            ]);
        var network = new Network(options, train.Items.Count, null);
        network.Load(artifact, name);
        return new SequenceRecommender(
            train, network, OutputVectors.Load(artifact, train, options.EmbeddingSize + 1, name), SequenceOutput.WithBias, options.MaxLength, OutputVectors.Count(train));
    }

    private sealed class Network : SequenceNetwork
    {
        private readonly SelfAttentionOptions _options;
        private readonly Parameter _places;
        private readonly CausalBlock[] _blocks;
        private readonly LayerNorm _norm;
        private readonly float _scale;

        /// <summary>A random network, or one of zeros to be filled.</summary>
        public Network(SelfAttentionOptions options, int items, Rng? rng)
        {
            _options = options;
            int size = options.EmbeddingSize;
            _scale = MathF.Sqrt(size);
            Items = new Parameter("item_embedding", items, size, isRowSparse: true);
            _places = new Parameter("place_embedding", options.MaxLength, size);
            if (rng is not null)
            {
                Items.Gaussian(rng, Deviation);
                _places.Gaussian(rng, Deviation);
            }

            rng ??= new Rng(0);
            _blocks = [.. Enumerable.Range(0, options.Blocks).Select(b => new CausalBlock($"block.{b}", size, options.Heads, rng))];
            _norm = new LayerNorm("norm", size);
            Parameters = [Items, _places, .. _blocks.SelectMany(b => b.Parameters), .. _norm.Parameters];
        }

        public Parameter Items { get; }

        public override int Size => _options.EmbeddingSize;

        public override IReadOnlyList<Parameter> Parameters { get; }

        public override Variable Apply(Tape tape, PlayBatch batch, Rng? rng)
        {
            // The last play has the last place, however many there are.
            var place = new int[batch.Count];
            ReadOnlySpan<int> starts = batch.Starts.Span;
            for (int s = 0; s < batch.Sequences; s++)
            {
                for (int n = starts[s]; n < starts[s + 1]; n++)
                {
                    place[n] = _options.MaxLength - (starts[s + 1] - n);
                }
            }

            float dropout = (float)_options.Dropout;
            Variable x = tape.Use(Items).Gather(batch.Items).Scale(_scale).Add(tape.Use(_places).Gather(place));
            x = rng is null ? x : x.Dropout(dropout, rng);
            foreach (CausalBlock block in _blocks)
            {
                x = block.Apply(x, batch.Starts, dropout, rng);
            }

            return _norm.Apply(x);
        }
    }
}
