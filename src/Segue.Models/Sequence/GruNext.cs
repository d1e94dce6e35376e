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
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>Options of <see cref="GruNext"/>.</summary>
public sealed record GruNextOptions : NextPlayOptions
{
    /// <summary>Its own passes and steps.</summary>
    public GruNextOptions() => (Epochs, BatchSize) = (10, 32);

    /// <summary>Length of the vector an item is read as.</summary>
    [Range(1, 4096)]
    [Description("length of the vector an item is read as")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Where the vectors that items are read as begin: <c>none</c> for random ones, or a model whose recommender has item vectors, as a name or <c>NAME:key=value;key=value</c>.</summary>
    [Description("where the vectors that items are read as begin: none for random ones, or the model they are taken from, with its options after a colon and semicolons "
        + "between them: node2vec:embedding_size=64, als; their length must be embedding_size")]
    public string Vectors { get; init; } = GruNext.RandomVectors;

    /// <summary>Hidden values of the recurrent layer.</summary>
    [Range(1, 4096)]
    [Description("hidden values of the recurrent layer, and length of the vector an item is predicted by")]
    public int HiddenSize { get; init; } = 64;

    /// <summary>Plays read at once; errors are not carried farther back.</summary>
    [Range(1, 100_000)]
    [Description("plays read at once: longer sequences are cut in training, and the last so many are read to recommend")]
    public int MaxLength { get; init; } = 300;

    /// <summary>Share of the values of an item's vector, and of a state, that are left out in training.</summary>
    [Range(0.0, 0.95)]
    [Description("share of the values of items and states that are left out in training")]
    public double Dropout { get; init; } = 0.2;

    /// <summary>Items drawn for a step; where there are no more, the softmax is over all.</summary>
    [Range(0, 10_000_000)]
    [Description("items drawn for a step to tell the next one apart from, corrected for the draw; all items where there are not more or this is 0")]
    public int NegativeCount { get; init; } = 4096;

    /// <summary>What is predicted first, before the item within it.</summary>
    [Description("none: items at once; artist: the artist first, then the item among the artist's; cluster: the same with groups of items that are played near one another. "
        + "The softmax is then exact and negative_count means nothing")]
    public ItemClasses Classes { get; init; } = ItemClasses.None;

    /// <summary>Groups of items where classes are clusters; 0 for the square root of the number of items.</summary>
    [Range(0, 10_000_000)]
    [Description("cluster: about so many groups of even size; 0 for the square root of the number of items")]
    public int ClassCount { get; init; }

    /// <summary>One vector an item, to be read and to be predicted.</summary>
    [Description("one vector an item, to be read and to be predicted, instead of two: better where items have few plays, and faster; hidden_size must be embedding_size")]
    public bool SharedVectors { get; init; }

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        if (SharedVectors && HiddenSize != EmbeddingSize)
        {
            throw new OptionException(
                $"{owner}: shared_vectors are as long as what is read, embedding_size={EmbeddingSize}, and as the state they are predicted from, hidden_size={HiddenSize}; set both alike");
        }

        if (SharedVectors && Classes != ItemClasses.None)
        {
            throw new OptionException($"{owner}: with classes={OptionsText.Format(Classes)} an item is predicted within its class, by a vector of its own; leave shared_vectors or classes out");
        }

        if (ClassCount > 0 && Classes != ItemClasses.Cluster)
        {
            throw new OptionException($"{owner}: class_count is {ClassCount} and classes is {OptionsText.Format(Classes)}; set classes=cluster, or leave class_count out");
        }

        if (Vectors != GruNext.RandomVectors)
        {
            _ = LearnedVectors.Model(Vectors, owner);
        }
    }
}

/// <summary>Predicts the next play from those before by a recurrent network: item vector → GRU → scores of all items.</summary>
/// <remarks>
/// <para>
/// h_t = GRU(h_{t−1}, e_{i_t}); s(j) = w_j·h_t + b_j; loss: the mean over all plays of −ln softmax_{i_{t+1}} s, over all items where there are at most
/// <see cref="GruNextOptions.NegativeCount"/>, else over as many drawn by plays^0.75 with each score lowered by ln of how often it is expected among them, the right item's own score
/// exact. Sequences longer than <see cref="GruNextOptions.MaxLength"/> are cut, states begin at 0. Adam, gradients clipped at length 5.
/// </para>
/// <para>
/// With <see cref="GruNextOptions.Classes"/>: P(j | h) = P(class of j | h) · P(j | its class, h), two softmaxes of one state, each with weights and biases of its own; see <see cref="ClassOutput"/>. Scores are
/// then ln P. Time O(epochs · plays · (hidden² + hidden · (classes + items of a class))).
/// </para>
/// <para>
/// With <see cref="GruNextOptions.Vectors"/> the e_i begin as the vectors of another model, brought to unit length, which is how long the random ones are on average, and are trained on; items it has no vector
/// for, or that nobody played, begin at random. Seed 000 reads vectors of node2vec.
/// </para>
/// <para>
/// Sources: seed 000, section VI.E (GRU, cross-entropy, Adam at .001, chunks of 300 plays); Hidasi, Karatzoglou, Baltrunas and Tikk, "Session-based recommendations with recurrent
/// neural networks", ICLR 2016; shared vectors: Hidasi and Karatzoglou, "Recurrent neural networks with top-k gains for session-based recommendations", CIKM 2018 (constrained
/// embeddings). The last plays of anybody, trained on or not, are read the same way. Items nobody played have a zero vector and the least bias.
/// Time O(epochs · plays · (hidden² + hidden · items or drawn items)); memory 8 bytes · plays of a step · items or drawn items.
/// </para>
/// </remarks>
public sealed class GruNext(GruNextOptions options) : IKeepsCheckpoints
{
    internal const string RandomVectors = "none";

    private const string Name = "gru-next";
    private const double ClipNorm = 5;

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        PlayChunks chunks = PlayChunks.Of(train, options.Unit, options.GapMinutes, options.MaxLength, Name);
        int items = train.Items.Count;
        ClassGroups? groups = ClassOutput.Groups(options.Classes, options.ClassCount, options.GapMinutes, train, context, Name);
        bool isSampled = groups is null && options.NegativeCount > 0 && options.NegativeCount < items;
        RequireRoom(chunks, items, groups is not null ? ClassOutput.MostScores(groups) : isSampled ? options.NegativeCount : items);
        DenseMatrix? vectors = Vectors(train, context);
        Rng rng = context.CreateRng($"{Name}/start");
        var network = new Network(options, items, rng, vectors, isRowSparse: isSampled || !options.SharedVectors);
        ClassOutput? classes = groups is null ? null : new ClassOutput(groups, options.HiddenSize, rng);
        Parameter weight = options.SharedVectors ? network.Items
            : new Parameter("output.weight", groups is null ? items : 0, options.HiddenSize, isSampled).Uniform(rng, 1f / MathF.Sqrt(options.HiddenSize));
        var bias = new Parameter("output.bias", weight.Rows, 1, isSampled);
        var optimizer = new Adam(
            [.. network.Parameters, .. classes?.Parameters ?? (options.SharedVectors ? [bias] : [weight, bias])], options.LearningRate, options.Regularization, Decay.Decoupled, threads: context.Threads)
        { ClipNorm = ClipNorm };
        SharedNegatives? negatives = isSampled && chunks.Ranges.Length > 0 ? new SharedNegatives(chunks.ItemCount, options.NegativeCount) : null;
        var batch = new PlayBatch();
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        NeuralFit.Run(Name, context, chunks.Ranges.Length, optimizer, settings, step =>
        {
            chunks.Fill(batch, step.Batch.Span);
            Variable state = network.Apply(step.Tape, batch, step.Rng).Dropout((float)options.Dropout, step.Rng);
            if (classes is null)
            {
                step.Add("cross_entropy", Loss(state, step, batch));
            }
            else
            {
                classes.AddLosses(state, step, batch.Next.Span);
            }
        }, Snapshot);
        return Snapshot();

        Variable Loss(Variable state, TrainingStep step, PlayBatch plays)
        {
            (Variable w, Variable b) = (step.Tape.Use(weight), step.Tape.Use(bias));
            if (negatives is null)
            {
                return state.MatMulTransposed(w).Add(step.Tape.Constant([1f], 1, 1).MatMulTransposed(b)).SoftmaxLoss(plays.Next);
            }

            Candidates candidates = negatives.Draw(plays.Next, step.Rng);
            Variable positive = state.RowDot(w.Gather(plays.Next)).Add(b.Gather(plays.Next));
            return positive.SampledSoftmaxLoss(state.CandidateScores(w, candidates, b), candidates);
        }

        IRecommender Snapshot()
        {
            var copy = new Network(options, items, null);
            copy.CopyFrom(network);
            return classes?.Recommender(train, copy, options.MaxLength, chunks.ItemCount) ?? (IRecommender)new SequenceRecommender(train, copy, OutputVectors.Of(weight, bias, chunks.ItemCount), SequenceOutput.WithBias, options.MaxLength, chunks.ItemCount);
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        StoredShapes.Require(
            artifact, Name,
            [
                ("item_embedding", train.Items.Count, options.EmbeddingSize), ("gru.input_weight", options.EmbeddingSize, 3 * options.HiddenSize),
                ("gru.recurrent_weight", options.HiddenSize, 3 * options.HiddenSize),
            ]);
        var network = new Network(options, train.Items.Count, null);
        network.Load(artifact, Name);
        DenseMatrix vectors = OutputVectors.Load(artifact, train, options.HiddenSize + 1, Name);
        int[] count = OutputVectors.Count(train);
        return options.Classes == ItemClasses.None
            ? new SequenceRecommender(train, network, vectors, SequenceOutput.WithBias, options.MaxLength, count)
            : ClassRecommender.Load(artifact, train, network, vectors, options.MaxLength, count, Name);
    }

    private DenseMatrix? Vectors(Dataset train, FitContext context)
    {
        if (options.Vectors == RandomVectors)
        {
            return null;
        }

        DenseMatrix vectors = LearnedVectors.Of(options.Vectors, train, context, $"model '{Name}'");
        return vectors.Columns == options.EmbeddingSize
            ? vectors
            : throw new OptionException(
                $"model '{Name}': embedding_size is {options.EmbeddingSize} and the vectors of '{options.Vectors}' have {vectors.Columns} values; set embedding_size={vectors.Columns}, "
                + "or give vectors a model of that size");
    }

    private void RequireRoom(PlayChunks chunks, int items, int classes)
    {
        long rows = chunks.Ranges.Select(r => (long)r.Count - 1).OrderDescending().Take(options.BatchSize).Sum();
        NeuralFit.RequireRoom(Name, "embedding_size", options.EmbeddingSize, "values in vectors", items, options.EmbeddingSize, copies: 4);
        NeuralFit.RequireRoom(Name, "hidden_size", options.HiddenSize, "values in vectors", items, options.HiddenSize, copies: 4);
        NeuralFit.RequireRoom(Name, "batch_size", options.BatchSize, "scores a step", rows, classes, copies: 2);
    }

    private sealed class Network : SequenceNetwork
    {
        private readonly GruNextOptions _options;
        private readonly Gru _layer;

        /// <summary>A random network, perhaps with vectors of items to begin from, or one of zeros to be filled.</summary>
        public Network(GruNextOptions options, int items, Rng? rng, DenseMatrix? vectors = null, bool isRowSparse = true)
        {
            _options = options;
            Items = new Parameter("item_embedding", items, options.EmbeddingSize, isRowSparse);
            if (rng is not null)
            {
                Items.Gaussian(rng, 1f / MathF.Sqrt(options.EmbeddingSize));
            }

            // Vectors of unit length have the spread of the random ones, which those without keep.
            for (int i = 0; i < vectors?.Rows; i++)
            {
                if (!float.IsNaN(vectors.Row(i)[0]))
                {
                    vectors.Row(i).CopyTo(Items.Row(i));
                }
            }

            _layer = new Gru("gru", options.EmbeddingSize, options.HiddenSize, rng ?? new Rng(0));
            Parameters = [Items, .. _layer.Parameters];
        }

        public Parameter Items { get; }

        public override int Size => _options.HiddenSize;

        public override IReadOnlyList<Parameter> Parameters { get; }

        public override Variable Apply(Tape tape, PlayBatch batch, Rng? rng)
        {
            Variable x = tape.Use(Items).Gather(batch.Items);
            return _layer.Apply(rng is null ? x : x.Dropout((float)_options.Dropout, rng), batch.Starts);
        }
    }
}
