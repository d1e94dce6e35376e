using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Models.Sequence;

/// <summary>Where the weights of a history begin, and what they are drawn back to.</summary>
public enum HistoryPrior
{
    /// <summary>The same for all plays.</summary>
    Even,

    /// <summary>k^−z for the k-th last play.</summary>
    Zipf,

    /// <summary>Half as much every so many plays.</summary>
    Exponential,
}

/// <summary>Options of <see cref="WeightedHistory"/>.</summary>
public sealed record WeightedHistoryOptions : SongSpaceOptions
{
    /// <summary>Plays that count.</summary>
    [Range(1, 2000)]
    [Description("the last so many plays count")]
    public int Plays { get; init; } = 50;

    /// <summary>γ: a weight is multiplied by γ for every play since.</summary>
    [Range(0.01, 1.0)]
    [Description("a weight is multiplied by this for every play since")]
    public double Discount { get; init; } = 1;

    /// <summary>Where the weights begin, and what they are drawn back to.</summary>
    [Description("where weights begin and are drawn back to: even; zipf: k^-exponent for the k-th last play; exponential: half every half_life plays")]
    public HistoryPrior Prior { get; init; } = HistoryPrior.Even;

    /// <summary>z of the Zipf prior.</summary>
    [Range(0.0, 10.0)]
    [Description("zipf: the exponent")]
    public double Exponent { get; init; } = 1;

    /// <summary>Plays after which the exponential prior is half.</summary>
    [Range(0.1, 1e6)]
    [Description("exponential: plays after which a weight is half")]
    public double HalfLife { get; init; } = 10;

    /// <summary>λ.</summary>
    [Range(0.0, 1e6)]
    [Description("weight of the mean squared distance of the weights from their prior in the loss")]
    public double Regularization { get; init; } = 0.001;

    /// <summary>Passes over the plays; 0 keeps the prior.</summary>
    [Range(0, 100_000)]
    [Description("passes over the plays; 0 keeps the prior")]
    public int Epochs { get; init; } = 5;

    /// <summary>Plays in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("plays in a step")]
    public int BatchSize { get; init; } = 1024;

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.01;
}

/// <summary>A listener is a weighted sum of the vectors of the songs it played last; the weights, one a place, are learned.</summary>
/// <remarks>
/// <para>
/// v_n = Σ_{k &lt; plays} γᵏ w_k s_{n−k}; loss −ln softmax over songs of cos(v_n, s) / τ at s_{n+ℓ}, or as in the source 1 − cos(v_n, s_{n+ℓ}), ℓ ~ U{ℓmin, ℓmax}, plus λ · mean (w − prior)²; recommends by cosine. Vectors of songs as in <see cref="TasteRnn"/>.
/// </para>
/// <para>
/// Source: De Boom et al., MTAP 2018 (seed 003): the baselines bWST and bWLT. Known from there: weights, discount, penalty, and that a Zipf density has a part. Reconstructed: that it
/// is a prior of the weights by recency, plays and all numbers. Time O(epochs · plays of the data · plays · size).
/// </para>
/// </remarks>
public sealed class WeightedHistory(WeightedHistoryOptions options) : IKeepsCheckpoints
{
    private const string Name = "weighted-history";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        (int Min, int Max) offsets = SongSpace.Offsets(options);
        PlayChunks chunks = PlayChunks.Of(train, options.Unit, options.GapMinutes, int.MaxValue - 1, Name);
        RequireRoom(options.EmbeddingSize);
        DenseMatrix songs = SongSpace.Vectors(options, train, context, Name);
        int[] known = SongSpace.Known(songs, chunks.ItemCount);
        RequireRoom(songs.Columns);
        var network = new Network(options, songs);

        // Plays with one ahead that is far enough; the sequence each is of.
        int[] start = chunks.SequenceStart;
        int[] sequence = [.. Enumerable.Range(0, start.Length - 1).SelectMany(s => Enumerable.Repeat(s, start[s + 1] - start[s]))];
        int[] examples = [.. Enumerable.Range(0, train.Count).Where(n => n + offsets.Min < start[sequence[n] + 1])];
        var optimizer = new Adam(network.Parameters, options.LearningRate, threads: context.Threads);
        SharedNegatives? negatives = SongSpace.Negatives(options, chunks.ItemCount);
        var at = new List<(int First, int Play)>();
        var targets = new List<int>();
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        NeuralFit.Run(Name, context, examples.Length, optimizer, settings, step =>
        {
            at.Clear();
            targets.Clear();
            ReadOnlySpan<int> items = train.ItemIndex.Span;
            foreach (int example in step.Batch.Span)
            {
                int play = examples[example], target = items[SongSpace.Target(play, start[sequence[play] + 1], offsets, step.Rng)];
                if (known[target] > 0)
                {
                    at.Add((start[sequence[play]], play));
                    targets.Add(target);
                }
            }

            Variable taste = network.Sum(step.Tape, train.ItemIndex.Span, at);
            SongSpace.AddLoss(options, step, taste, network.Songs, targets.ToArray(), negatives);
            if (options.Regularization > 0)
            {
                step.Add("l2", step.Tape.Use(network.Change).Square().Mean(), (float)options.Regularization);
            }
        }, Snapshot);
        return Snapshot();

        void RequireRoom(int size) => NeuralFit.RequireRoom(
            Name, "batch_size", options.BatchSize, "values of songs a step", Math.Min(options.BatchSize, train.Count), (long)options.Plays * size);

        IRecommender Snapshot()
        {
            var copy = new Network(options, songs);
            copy.CopyFrom(network);
            return new SequenceRecommender(train, copy, songs, SequenceOutput.Unit, options.Plays, known);
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix songs = SongSpace.MarkMissing(OutputVectors.Load(artifact, train, SongSpace.SizeOf(options), Name, ArrayValues.UnknownRows));
        var network = new Network(options, songs);
        network.Load(artifact, Name);
        return new SequenceRecommender(train, network, songs, SequenceOutput.Unit, options.Plays, SongSpace.Known(songs, OutputVectors.Count(train)));
    }

    private sealed class Network : SequenceNetwork
    {
        private readonly WeightedHistoryOptions _options;
        private readonly float[] _prior, _discount;

        public Network(WeightedHistoryOptions options, DenseMatrix songs)
        {
            _options = options;

            // The row behind the last song stands for plays before the first.
            Songs = SongSpace.Inputs(songs, rowsBehind: 1);
            Change = new Parameter("weight_change", 1, options.Plays);
            Parameters = [Change];
            _prior = [.. Enumerable.Range(0, options.Plays).Select(k => (float)(options.Prior switch
            {
                HistoryPrior.Zipf => Math.Pow(k + 1, -options.Exponent),
                HistoryPrior.Exponential => Math.Pow(0.5, k / options.HalfLife),
                _ => 1,
            }))];
            _discount = [.. Enumerable.Range(0, options.Plays).Select(k => (float)Math.Pow(options.Discount, k))];
        }

        public Parameter Songs { get; }

        /// <summary>w − prior.</summary>
        public Parameter Change { get; }

        public override int Size => Songs.Columns;

        public override IReadOnlyList<Parameter> Parameters { get; }

        /// <summary>The share a play has of all weights, by its place from the last one on.</summary>
        public override IReadOnlyList<LearnedCurve> Curves
        {
            get
            {
                double[] weights = [.. _prior.Select((prior, k) => (double)(prior + Change.Value[k]) * _discount[k])];
                double sum = weights.Sum(Math.Abs);
                return sum == 0 ? [] :
                    [new LearnedCurve("Weight of a play", "plays ago", "share of all weights", [.. weights.Select((_, k) => k + 1.0)], [.. weights.Select(w => w / sum)])];
            }
        }

        public override Variable Apply(Tape tape, PlayBatch batch, Rng? rng)
        {
            var at = new List<(int, int)>();
            ReadOnlySpan<int> starts = batch.Starts.Span;
            for (int s = 0; s < batch.Sequences; s++)
            {
                for (int n = starts[s]; n < starts[s + 1]; n++)
                {
                    at.Add((starts[s], n));
                }
            }

            return Sum(tape, batch.Items.Span, at);
        }

        /// <summary>The weighted sums of the plays up to some.</summary>
        public Variable Sum(Tape tape, ReadOnlySpan<int> items, List<(int First, int Play)> at)
        {
            Variable songs = tape.Use(Songs);
            Variable weights = tape.Use(Change).Add(tape.Constant(_prior, 1, _prior.Length)).Multiply(tape.Constant(_discount, 1, _discount.Length));
            var terms = new Variable[_options.Plays];
            for (int k = 0; k < terms.Length; k++)
            {
                var rows = new int[at.Count];
                for (int n = 0; n < rows.Length; n++)
                {
                    int play = at[n].Play - k;
                    rows[n] = play < at[n].First ? Songs.Rows - 1 : items[play];
                }

                terms[k] = songs.Gather(rows);
            }

            return weights.WeightedSum(terms);
        }
    }
}
