using System.Buffers;
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

/// <summary>Which recurrent layer.</summary>
public enum RecurrentCell
{
    /// <summary>Gated recurrent units.</summary>
    Gru,

    /// <summary>Long short-term memory.</summary>
    Lstm,
}

/// <summary>What is known of a play besides its song.</summary>
public enum PlayContext
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>How long ago the play before was.</summary>
    Gap,

    /// <summary>Hour of the day and day of the week of the play, in UTC.</summary>
    Clock,

    /// <summary>Both.</summary>
    GapClock,
}

/// <summary>What goes past the network to its output.</summary>
public enum TasteShortcut
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The last song and running means of the songs so far, each times a learned weight.</summary>
    Means,
}

/// <summary>Options of <see cref="TasteRnn"/>.</summary>
public sealed record TasteRnnOptions : SongSpaceOptions
{
    /// <summary>Which recurrent layer.</summary>
    [Description("the recurrent layer")]
    public RecurrentCell Cell { get; init; } = RecurrentCell.Gru;

    /// <summary>What is known of a play besides its song.</summary>
    [Description("gap: how long ago the play before was is read too; clock: the hour of the day and the day of the week of the play, in UTC; gap_clock: both. Data need times")]
    public PlayContext Context { get; init; } = PlayContext.None;

    /// <summary>What is added to the network's output.</summary>
    [Description("means: the last song and running means of the songs so far, each times a learned weight, are added to the output; none as in the source")]
    public TasteShortcut Shortcut { get; init; } = TasteShortcut.Means;

    /// <summary>Values of the dense and of the recurrent layer.</summary>
    [Range(1, 4096)]
    [Description("values of the dense and of the recurrent layer")]
    public int HiddenSize { get; init; } = 100;

    /// <summary>Plays read at once.</summary>
    [Range(1, 100_000)]
    [Description("plays read at once: longer sequences are cut in training, and the last so many are read to recommend")]
    public int MaxLength { get; init; } = 300;

    /// <summary>Share of the values of a state that are left out in training.</summary>
    [Range(0.0, 0.95)]
    [Description("share of the values of songs and states that are left out in training")]
    public double Dropout { get; init; } = 0.1;

    /// <summary>Passes over the plays.</summary>
    [Range(1, 100_000)]
    [Description("passes over the plays")]
    public int Epochs { get; init; } = 20;

    /// <summary>Sequences in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("sequences in a step")]
    public int BatchSize { get; init; } = 8;

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.002;
}

/// <summary>Reads vectors of songs in order and says where, among them, the songs are that come soon or much later.</summary>
/// <remarks>
/// <para>
/// v = V GRU(leaky(W (s ⊕ c) + b)) + d + Σ_k a_k m_k, s the song's vector, c the context (time since the play before, one of ten ranges or unknown; hour of the day and day of the week of the play, each known or not), m_k the mean of the songs so far in which
/// a song counts half as much every 0, 2, 8, 32 or 128 plays, a_k learned. Loss −ln softmax over songs of cos(v_t, s) / τ at the song s_{t+ℓ}, ℓ ~ U{ℓmin, ℓmax} drawn anew for every play in
/// every epoch; of many songs, 2,048 a step. Recommends by cosine. Vectors of songs come from a skip-gram over sessions or playlists (<see cref="Item2Vec"/>) or from another model and stay as they are.
/// </para>
/// <para>
/// <c>loss=cosine,shortcut=none</c> is the source's: loss 1 − cos(v_t, s_{t+ℓ}), which asks to be near one song and not to be nearer to it than to others, so that its best answer is the mean of
/// what may come, near which there need be no song that does; and without m_k the network must learn from the data to give back the songs it has read.
/// </para>
/// <para>
/// Source: De Boom et al., "Large-scale user modeling with recurrent neural networks for music discovery on multiple time scales", MTAP 2018 (seed 003): rPST, rPLT trained on
/// playlists, rHST, rHLT on histories. Known from there: symbols, parts, cosine loss, U{ℓmin, ℓmax}. Reconstructed: one layer of each kind, all sizes, the offsets (1 to 10, 25 to 50), skip-gram, ranges
/// of the time since the play before, and hour and day as contexts, which are those of Hansen et al., "Contextual and sequential user embeddings for large-scale music recommendation", RecSys 2020 (their device is
/// not in our data). Songs in no sentence of two, and those nobody played, have no vector: they score NaN, and plays of them are left out of what a listener is told by. Time O(epochs · plays · (hidden² + hidden · size)).
/// </para>
/// </remarks>
public sealed class TasteRnn(TasteRnnOptions options) : IKeepsCheckpoints
{
    private const string Name = "taste-rnn";
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
        (int, int) offsets = SongSpace.Offsets(options);
        if (options.Context != PlayContext.None && !train.HasTime)
        {
            throw new DatasetException(
                $"model '{Name}': context is {OptionsText.Format(options.Context)} and dataset '{train.Name}' has no times; set context=none, or import a source with times");
        }

        PlayChunks chunks = PlayChunks.Of(train, options.Unit, options.GapMinutes, options.MaxLength, Name);
        long rows = (long)Math.Min(options.BatchSize, Math.Max(1, chunks.Ranges.Length)) * options.MaxLength;
        NeuralFit.RequireRoom(Name, "hidden_size", options.HiddenSize, "values of gates", Math.Min(rows, train.Count), 4L * options.HiddenSize, copies: 4);
        DenseMatrix songs = SongSpace.Vectors(options, train, context, Name);
        int[] known = SongSpace.Known(songs, chunks.ItemCount);
        var network = new Network(options, songs, context.CreateRng($"{Name}/start"));
        var optimizer = new Adam(network.Parameters, options.LearningRate, threads: context.Threads) { ClipNorm = ClipNorm };
        SharedNegatives? negatives = SongSpace.Negatives(options, chunks.ItemCount);
        var batch = new PlayBatch();
        var at = new List<int>();
        var targets = new List<int>();
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
            Targets(step.Batch.Span, step.Rng);
            Variable taste = network.Apply(step.Tape, batch, step.Rng);
            SongSpace.AddLoss(options, step, taste.Gather(at.ToArray()), network.Songs, targets.ToArray(), negatives);
        }, Snapshot);
        return Snapshot();

        // Rows whose sequence does not go so far, and songs without a vector, are not asked about.
        void Targets(ReadOnlySpan<int> examples, Rng rng)
        {
            at.Clear();
            targets.Clear();
            ReadOnlySpan<int> items = train.ItemIndex.Span;
            int row = 0;
            foreach (int chunk in examples)
            {
                (int start, int count, int end) = chunks.Ranges[chunk];
                for (int n = 0; n + 1 < count; n++, row++)
                {
                    int target = SongSpace.Target(start + n, end, offsets, rng);
                    if (target >= 0 && known[items[target]] > 0)
                    {
                        at.Add(row);
                        targets.Add(items[target]);
                    }
                }
            }
        }

        IRecommender Snapshot()
        {
            var copy = new Network(options, songs, null);
            copy.CopyFrom(network);
            return new SequenceRecommender(train, copy, songs, SequenceOutput.Unit, options.MaxLength, known);
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix songs = SongSpace.MarkMissing(OutputVectors.Load(artifact, train, SongSpace.SizeOf(options), Name, ArrayValues.UnknownRows));
        (string cell, int gates) = options.Cell == RecurrentCell.Gru ? ("gru", 3) : ("lstm", 4);
        StoredShapes.Require(
            artifact, Name, [("input.weight", songs.Columns, options.HiddenSize), ($"{cell}.recurrent_weight", options.HiddenSize, gates * options.HiddenSize)]);
        var network = new Network(options, songs, null);
        network.Load(artifact, Name);
        return new SequenceRecommender(train, network, songs, SequenceOutput.Unit, options.MaxLength, SongSpace.Known(songs, OutputVectors.Count(train)));
    }

    private sealed class Network : SequenceNetwork
    {
        // Of the time since the play before: unknown, then a range up to each of the seconds, then more.
        private const int Ranges = 11;

        // Of the clock: hours and one unknown, days and one unknown.
        private const int Hours = Sequences.HoursOfDay + 1, Days = Sequences.DaysOfWeek + 1;

        // The last song, and means over a few songs, a session, an evening, a week.
        private static readonly int[] HalfLives = [0, 2, 8, 32, 128];
        private static readonly long[] Seconds = [60, 300, 1800, 7200, 28_800, 86_400, 259_200, 604_800, 2_592_000];

        private readonly TasteRnnOptions _options;
        private readonly Neural.Layers.Linear _input, _output;
        private readonly Parameter? _context, _shortcut;
        private readonly bool _hasGap, _hasClock;
        private readonly Gru? _gru;
        private readonly Lstm? _lstm;

        /// <summary>A random network, or one to be filled.</summary>
        public Network(TasteRnnOptions options, DenseMatrix songs, Rng? rng)
        {
            _options = options;
            Songs = SongSpace.Inputs(songs);
            rng ??= new Rng(0);
            int size = songs.Columns, hidden = options.HiddenSize;
            _input = new Neural.Layers.Linear("input", size, hidden, rng);
            _hasGap = options.Context is PlayContext.Gap or PlayContext.GapClock;
            _hasClock = options.Context is PlayContext.Clock or PlayContext.GapClock;
            int contexts = (_hasGap ? Ranges : 0) + (_hasClock ? Hours + Days : 0);
            _context = contexts > 0 ? new Parameter("context.weight", contexts, hidden).HeUniform(rng) : null;
            if (_hasClock)
            {
                // Where all times are known, nothing is learned of unknown ones: they begin, and stay, as no context.
                int hours = _hasGap ? Ranges : 0;
                _context!.Row(hours + Hours - 1).Clear();
                _context.Row(hours + Hours + Days - 1).Clear();
            }

            _gru = options.Cell == RecurrentCell.Gru ? new Gru("gru", hidden, hidden, rng) : null;
            _lstm = options.Cell == RecurrentCell.Lstm ? new Lstm("lstm", hidden, hidden, rng) : null;
            _output = new Neural.Layers.Linear("output", hidden, size, rng);
            _shortcut = options.Shortcut == TasteShortcut.Means ? new Parameter("shortcut.weight", 1, HalfLives.Length) : null;
            _shortcut?.Value.Fill(1f / HalfLives.Length);
            Parameters =
            [
                .. _input.Parameters, .. _context is null ? [] : new[] { _context }, .. _gru?.Parameters ?? _lstm!.Parameters, .. _output.Parameters,
                .. _shortcut is null ? [] : new[] { _shortcut },
            ];
        }

        public Parameter Songs { get; }

        public override int Size => Songs.Columns;

        public override IReadOnlyList<Parameter> Parameters { get; }

        public override Variable Apply(Tape tape, PlayBatch batch, Rng? rng)
        {
            float dropout = (float)_options.Dropout;
            Variable x = _input.Apply(Drop(tape.Use(Songs).Gather(batch.Items)));
            if (_context is not null)
            {
                // One-hot vectors beside the song's: rows of the layer's weight.
                Variable rows = tape.Use(_context);
                x = _hasGap ? x.Add(rows.Gather(Gaps(batch))) : x;
                x = _hasClock ? x.Add(rows.Gather(Clock(batch, Sequences.HourOfDay, 0, Hours - 1))).Add(rows.Gather(Clock(batch, Sequences.DayOfWeek, Hours, Days - 1))) : x;
            }

            x = x.LeakyRelu();
            Variable taste = _output.Apply(Drop(_gru?.Apply(x, batch.Starts) ?? _lstm!.Apply(x, batch.Starts)));
            return _shortcut is null ? taste : taste.Add(tape.Use(_shortcut).WeightedSum(Means(tape, batch)));

            Variable Drop(Variable v) => rng is null ? v : v.Dropout(dropout, rng);
        }

        private Variable[] Means(Tape tape, PlayBatch batch)
        {
            float[] rented = ArrayPool<float>.Shared.Rent(batch.Count * Size);
            Span<float> values = rented.AsSpan(0, batch.Count * Size);
            var means = new Variable[HalfLives.Length];
            for (int k = 0; k < means.Length; k++)
            {
                SongSpace.RunningMeans(batch.Items.Span, batch.Starts.Span, Songs.Value, Size, HalfLives[k], values);
                means[k] = tape.Constant(values, batch.Count, Size);
            }

            ArrayPool<float>.Shared.Return(rented);
            return means;
        }

        private static int[] Gaps(PlayBatch batch)
        {
            var gaps = new long[batch.Count];
            ReadOnlySpan<int> starts = batch.Starts.Span;
            for (int s = 0; s < batch.Sequences; s++)
            {
                Sequences.Gaps(batch.Times.Span[starts[s]..starts[s + 1]], gaps.AsSpan(starts[s]..starts[s + 1]));
            }

            return Array.ConvertAll(gaps, gap =>
            {
                int place = gap < 0 ? -1 : Array.FindIndex(Seconds, limit => gap < limit);
                return gap < 0 ? 0 : 1 + (place < 0 ? Seconds.Length : place);
            });
        }

        /// <summary>Rows of a context by the clock, which stand behind those of the time since the play before.</summary>
        private int[] Clock(PlayBatch batch, Func<long, int> part, int first, int unknown)
        {
            first += _hasGap ? Ranges : 0;
            var rows = new int[batch.Count];
            ReadOnlySpan<long> times = batch.Times.Span;
            for (int n = 0; n < rows.Length; n++)
            {
                int at = part(times[n]);
                rows[n] = first + (at < 0 ? unknown : at);
            }

            return rows;
        }
    }
}
