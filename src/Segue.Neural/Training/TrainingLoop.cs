using System.Globalization;
using System.Numerics.Tensors;
using Segue.Neural.Autodiff;
using Segue.Neural.Optimizers;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingSettings
{
    /// <summary>Passes over the examples.</summary>
    public required int Epochs { get; init; }

    /// <summary>Examples a step; the last step of an epoch takes what is left.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The learning rate is multiplied by this after every epoch.</summary>
    public double LearningRateDecay { get; init; } = 1;

    /// <summary>Makes the generator of a purpose, for example <c>shuffle/3</c>.</summary>
    public required Func<string, Rng> CreateRng { get; init; }

    /// <summary>At most this many threads; the result does not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Called now and then with (finished steps, all steps, a note with the losses).</summary>
    public Action<long, long, string>? OnProgress { get; init; }

    /// <summary>Called after every epoch with the epoch from 1 and its mean losses by part; false stops training.</summary>
    public Func<int, IReadOnlyDictionary<string, double>, bool>? OnEpoch { get; init; }

    /// <summary>Called when an epoch begins, for example to draw new negatives; its generator is that of the epoch.</summary>
    public Action<int, Rng>? OnEpochStart { get; init; }

    /// <summary>
    /// Keeps a checkpoint after every epoch, and is asked for one at the start; null for none. Epochs before a checkpoint are not run and not
    /// reported again.
    /// </summary>
    public ICheckpointStore? Checkpoints { get; init; }

    /// <summary>Checked before every step, and between the operations of a step.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>One step of training: the batch in, losses out.</summary>
public sealed class TrainingStep
{
    private readonly List<(string Name, Variable Loss, float Weight)> _losses = [];

    internal TrainingStep(Tape tape) => Tape = tape;

    /// <summary>Where the loss is made.</summary>
    public Tape Tape { get; }

    /// <summary>Examples of the step, indices below the number of examples.</summary>
    public ReadOnlyMemory<int> Batch { get; internal set; }

    /// <summary>Epoch from 1.</summary>
    public int Epoch { get; internal set; }

    /// <summary>Generator of the epoch, for negatives, dropout and noise.</summary>
    public Rng Rng { get; internal set; } = null!;

    internal List<(string Name, Variable Loss, float Weight)> Losses => _losses;

    /// <summary>Adds a part of the loss; parts are added up with their weights, and reported one by one without them.</summary>
    /// <param name="name">Name of the part, for example <c>bpr</c> or <c>l2</c>.</param>
    /// <param name="loss">1 × 1.</param>
    /// <param name="weight">Its factor in the loss.</param>
    public void Add(string name, Variable loss, float weight = 1f) => _losses.Add((name, loss, weight));

    internal void Clear() => _losses.Clear();
}

/// <summary>Shuffled mini-batches, steps, progress, checkpoints: a loop that knows no model.</summary>
/// <remarks>
/// Epoch e draws everything (order, negatives, dropout) from generators named after e, so that a run that goes on from a checkpoint ends with the
/// same bits as one that was never stopped. Apart from what a checkpoint and an epoch's bookkeeping need, a step allocates nothing.
/// </remarks>
public static class TrainingLoop
{
    private const string CheckpointRemedy = "delete the checkpoint or train with the options it was made with";

    /// <summary>Trains until the last epoch or until <see cref="TrainingSettings.OnEpoch"/> says stop.</summary>
    /// <param name="examples">Number of examples.</param>
    /// <param name="optimizer">Holds the parameters.</param>
    /// <param name="settings">How.</param>
    /// <param name="step">Adds the losses of a batch to the step it is given.</param>
    /// <returns>Finished epochs.</returns>
    /// <exception cref="TrainingException">
    /// A loss, or a parameter after an epoch, is not finite, or the checkpoint does not fit this run; the message names place and remedy.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; the parameters are those of a step that may be half done.</exception>
    public static int Run(int examples, Optimizer optimizer, TrainingSettings settings, Action<TrainingStep> step)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(step);
        ArgumentOutOfRangeException.ThrowIfNegative(examples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.BatchSize);
        using CancellationScope scope = CancellationScope.Enter(settings.Cancellation);
        int done = Resume(optimizer, settings, out bool isStopped);
        var order = new int[examples];
        var current = new TrainingStep(new Tape(settings.Threads));
        var sums = new LossSums();
        int batches = (int)(((long)examples + settings.BatchSize - 1) / settings.BatchSize);
        for (int epoch = done + 1; epoch <= settings.Epochs && !isStopped; epoch++)
        {
            Rng rng = settings.CreateRng(string.Create(CultureInfo.InvariantCulture, $"epoch/{epoch}"));
            (current.Epoch, current.Rng) = (epoch, rng);
            settings.OnEpochStart?.Invoke(epoch, rng);
            Shuffle(order, rng);
            sums.Clear();
            for (int batch = 0; batch < batches; batch++)
            {
                settings.Cancellation.ThrowIfCancellationRequested();
                int start = batch * settings.BatchSize, count = Math.Min(settings.BatchSize, examples - start);
                current.Batch = order.AsMemory(start, count);
                Take(current, optimizer, step, sums, epoch, batch, batches, count);
                if (batch % 16 == 15 || batch + 1 == batches)
                {
                    settings.OnProgress?.Invoke(((long)(epoch - 1) * batches) + batch + 1, (long)settings.Epochs * batches, sums.Text);
                }
            }

            optimizer.LearningRate *= settings.LearningRateDecay;
            CheckFinite(epoch, optimizer);
            done = epoch;

            // The checkpoint comes last: an epoch that was kept is one of which the hook was told and has decided.
            isStopped = settings.OnEpoch?.Invoke(epoch, sums.Means()) == false;
            settings.Checkpoints?.Write(Collect(epoch, optimizer, isStopped));
        }

        return done;
    }

    private static void Take(
        TrainingStep current, Optimizer optimizer, Action<TrainingStep> step, LossSums sums, int epoch, int batch, int batches, int count)
    {
        current.Tape.Reset();
        current.Clear();
        step(current);
        Variable? total = null;
        foreach ((string name, Variable loss, float weight) in current.Losses)
        {
            if (!float.IsFinite(loss.Scalar))
            {
                throw new TrainingException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the loss '{name}' is {loss.Scalar} in epoch {epoch}, batch {batch + 1} of {batches}; lower learning_rate below "
                    + $"{optimizer.LearningRate:G3}, clip the gradient, or look for values in the data that are not finite"));
            }

            sums.Add(name, loss.Scalar, count);
            Variable part = weight == 1f ? loss : loss.Scale(weight);
            total = total is null ? part : total.Add(part);
        }

        if (total is { NeedsGradient: true })
        {
            current.Tape.Backward(total);
            optimizer.Step();
        }
    }

    /// <summary>A new order that depends on the generator only, not on the order before.</summary>
    private static void Shuffle(int[] order, Rng rng)
    {
        for (int n = 0; n < order.Length; n++)
        {
            order[n] = n;
        }

        rng.Shuffle<int>(order);
    }

    private static void CheckFinite(int epoch, Optimizer optimizer)
    {
        foreach (Parameter parameter in optimizer.Parameters)
        {
            // Of no values at all, as of a catalogue without items, the question is answered by no.
            if (!parameter.Value.IsEmpty && !TensorPrimitives.IsFiniteAll<float>(parameter.Value))
            {
                throw new TrainingException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"parameter '{parameter.Name}' has values that are not finite after epoch {epoch}; lower learning_rate below "
                    + $"{optimizer.LearningRate:G3}, clip the gradient, or look for values in the data that are not finite"));
            }
        }
    }

    private static Checkpoint Collect(int epoch, Optimizer optimizer, bool isStopped)
    {
        var arrays = new Dictionary<string, CheckpointArray>();
        foreach (Parameter parameter in optimizer.Parameters)
        {
            arrays.Add(parameter.Name, new(parameter.Rows, parameter.Columns, parameter.Value.ToArray()));
        }

        foreach ((string name, float[] values) in optimizer.State)
        {
            arrays.Add(name, new(1, values.Length, [.. values]));
        }

        return new Checkpoint(epoch, optimizer.Steps, optimizer.LearningRate, isStopped, arrays);
    }

    private static int Resume(Optimizer optimizer, TrainingSettings settings, out bool isStopped)
    {
        isStopped = false;
        if (settings.Checkpoints?.Read() is not { } checkpoint)
        {
            return 0;
        }

        KeyValuePair<string, float[]>[] state = [.. optimizer.State];
        if (checkpoint.Epoch > settings.Epochs || checkpoint.Arrays.Count != optimizer.Parameters.Count + state.Length)
        {
            throw new TrainingException(
                $"the checkpoint has {checkpoint.Epoch} epochs and {checkpoint.Arrays.Count} arrays, this run {settings.Epochs} epochs and "
                + $"{optimizer.Parameters.Count + state.Length} arrays; {CheckpointRemedy}");
        }

        foreach (Parameter parameter in optimizer.Parameters)
        {
            Find(checkpoint, parameter.Name, parameter.Rows, parameter.Columns).CopyTo(parameter.Value);
        }

        foreach ((string name, float[] values) in state)
        {
            Find(checkpoint, name, 1, values.Length).CopyTo(values);
        }

        (optimizer.Steps, optimizer.LearningRate, isStopped) = (checkpoint.Steps, checkpoint.LearningRate, checkpoint.IsStopped);
        return checkpoint.Epoch;
    }

    private static ReadOnlySpan<float> Find(Checkpoint checkpoint, string name, int rows, int columns) =>
        checkpoint.Arrays.TryGetValue(name, out CheckpointArray? array) && array.Rows == rows && array.Columns == columns
            && array.Values.Length == (long)rows * columns
            ? array.Values
            : throw new TrainingException(
                $"the checkpoint has {(array is null ? "no" : $"a {array.Rows} × {array.Columns}")} '{name}', this run needs {rows} × {columns}; "
                + CheckpointRemedy);

    /// <summary>Mean losses of an epoch by part, in the order of first appearance.</summary>
    private sealed class LossSums
    {
        private readonly List<string> _names = [];
        private double[] _sums = new double[4];
        private long[] _counts = new long[4];

        public string Text => string.Join(", ", _names.Select((n, i) => string.Create(CultureInfo.InvariantCulture, $"{n} {Mean(i):F4}")));

        public void Clear()
        {
            Array.Clear(_sums);
            Array.Clear(_counts);
        }

        public void Add(string name, float loss, int count)
        {
            int place = _names.IndexOf(name);
            if (place < 0)
            {
                place = _names.Count;
                _names.Add(name);
                if (place == _sums.Length)
                {
                    Array.Resize(ref _sums, 2 * place);
                    Array.Resize(ref _counts, 2 * place);
                }
            }

            _sums[place] += (double)loss * count;
            _counts[place] += count;
        }

        public IReadOnlyDictionary<string, double> Means() => _names.Select((n, i) => (n, Mean(i))).ToDictionary(p => p.n, p => p.Item2);

        private double Mean(int place) => _counts[place] == 0 ? 0 : _sums[place] / _counts[place];
    }
}
