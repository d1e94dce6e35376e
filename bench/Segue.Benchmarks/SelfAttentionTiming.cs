using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Sequence;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Steps of <c>sasrec</c>.</summary>
public sealed class SelfAttentionTiming : IWholeTiming
{
    public string Name => "sasrec";

    public string Summary => "a training step on sequences that are all of full length (items=10000 size=64 blocks=2 heads=1 length=50 batch=128 steps=200)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var options = new SasRecOptions
        {
            EmbeddingSize = context.Setting("size", 64),
            Blocks = context.Setting("blocks", 2),
            Heads = context.Setting("heads", 1),
            MaxLength = context.Setting("length", 50),
            BatchSize = context.Setting("batch", 128),
        };
        int items = context.Setting("items", 10_000), steps = context.Setting("steps", 200), size = options.EmbeddingSize;
        Dataset train = PlaySequences.Make(items, sequences: 32 * options.BatchSize, length: options.MaxLength + 1);
        StepTimes times = StepTimes.Of(new SasRec(options with { Epochs = 1 + (steps / 32) }), train, context.Threads, steps);
        long parameters = ((long)items * (size + 1)) + (options.MaxLength * size) + (options.Blocks * ((6L * size * size) + (10 * size))) + (2 * size);
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.BatchSize * options.MaxLength:N0} plays a step, {items:N0} items, {parameters:N0} parameters, dropout {options.Dropout}, {context.Threads} threads; last {times.Note}"));
        context.Print(string.Create(
            CultureInfo.InvariantCulture, $"sasrec step  min {times.Least:F4} s  median {times.Median:F4} s  processor {times.Processor:F4} s  {1 / times.Least:F1} steps/s"));
    }
}

/// <summary>Steps of <c>taste-rnn</c>.</summary>
public sealed class TasteRnnTiming : IWholeTiming
{
    public string Name => "taste-rnn";

    public string Summary => "plays a second in training, vectors of songs not counted (items=10000 length=300 batch=8 hidden=100 steps=200)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var options = new TasteRnnOptions
        {
            MaxLength = context.Setting("length", 300),
            BatchSize = context.Setting("batch", 8),
            HiddenSize = context.Setting("hidden", 100),
        };
        int steps = context.Setting("steps", 200);
        Dataset train = PlaySequences.Make(context.Setting("items", 10_000), sequences: 32 * options.BatchSize, length: options.MaxLength + 1);
        StepTimes times = StepTimes.Of(new TasteRnn(options with { Epochs = 1 + (steps / 32) }), train, context.Threads, steps);
        int plays = options.BatchSize * options.MaxLength;
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"taste-rnn step of {plays:N0} plays  min {times.Least:F4} s  median {times.Median:F4} s  processor {times.Processor:F4} s  {plays / times.Median:N0} plays/s at the median; last {times.Note}"));
    }
}

/// <summary>Steps of <c>gru-next</c> over as many items as the seed has tracks.</summary>
public sealed class GruNextTiming : IWholeTiming
{
    public string Name => "gru-next";

    public string Summary => "a training step with sampled softmax, and peak memory (items=1503583 negatives=4096 batch=32 length=50 size=64 hidden=64 steps=128)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var options = new GruNextOptions
        {
            EmbeddingSize = context.Setting("size", 64),
            HiddenSize = context.Setting("hidden", 64),
            MaxLength = context.Setting("length", 50),
            BatchSize = context.Setting("batch", 32),
            NegativeCount = context.Setting("negatives", 4096),
            Epochs = 1,
        };
        int items = context.Setting("items", 1_503_583), steps = context.Setting("steps", 128);

        // All steps are of one epoch: what ends one, a pass over all values, belongs to hundreds of thousands of steps at this size.
        Dataset train = PlaySequences.Make(items, sequences: (steps + 32) * options.BatchSize, length: options.MaxLength + 1);
        using var process = Process.GetCurrentProcess();
        long before = process.WorkingSet64;
        StepTimes times = StepTimes.Of(new GruNext(options), train, context.Threads, steps);
        process.Refresh();
        int plays = options.BatchSize * options.MaxLength;
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"{plays:N0} plays a step, {items:N0} items, {options.NegativeCount:N0} negatives, {context.Threads} threads; last {times.Note}"));
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"gru-next step  min {times.Least * 1000:F1} ms  median {times.Median * 1000:F1} ms  processor {times.Processor * 1000:F1} ms  {plays / times.Median:N0} plays/s at the median; "
            + $"peak memory {process.PeakWorkingSet64 / 1e9:F2} GB, {before / 1e9:F2} GB of it before"));
    }
}

/// <summary>Seconds of training steps, from what a fit reports every 16 of them.</summary>
internal sealed record StepTimes(double Least, double Median, double Processor, string Note)
{
    private const int Every = 16;

    /// <summary>Trains until there were so many steps after the first ones.</summary>
    public static StepTimes Of(IModel model, Dataset train, int threads, int steps)
    {
        var stamps = new List<(long At, TimeSpan Processor, string Note)>();
        using var stop = new CancellationTokenSource();
        var progress = new Relay(p =>
        {
            if (p.Stage == "step")
            {
                stamps.Add((Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, p.Note ?? string.Empty));
                if (stamps.Count * Every >= steps + Every)
                {
                    stop.Cancel();
                }
            }
        });
        try
        {
            model.Fit(train, new FitContext { Threads = threads, Progress = progress, Cancellation = stop.Token });
        }
        catch (OperationCanceledException)
        {
            // Enough steps were seen.
        }

        double[] seconds = [.. stamps.Zip(stamps.Skip(1), (a, b) => Stopwatch.GetElapsedTime(a.At, b.At).TotalSeconds / Every).Order()];
        double processor = stamps.Zip(stamps.Skip(1), (a, b) => (b.Processor - a.Processor).TotalSeconds / Every).Min();
        return new StepTimes(seconds[0], seconds[seconds.Length / 2], processor, stamps[^1].Note);
    }

    private sealed class Relay(Action<FitProgress> report) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => report(value);
    }
}

/// <summary>Synthetic sequences of one length.</summary>
internal static class PlaySequences
{
    /// <summary>Plays drawn with probability ∝ 1 / (rank + 10), each sequence from a listener of its own.</summary>
    public static Dataset Make(int items, int sequences, int length)
    {
        var rng = new Rng(1, "bench/plays");
        var table = new AliasTable([.. Enumerable.Range(0, items).Select(i => 1.0 / (i + 10))]);
        var user = new int[sequences * length];
        var item = new int[user.Length];
        for (int n = 0; n < user.Length; n++)
        {
            (user[n], item[n]) = (n / length, table.Draw(rng));
        }

        return new Dataset
        {
            Name = "plays",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, sequences).Select(s => $"user {s}")),
            Items = new Vocabulary(Enumerable.Range(0, items).Select(i => $"item {i}")),
            UserIndex = user,
            ItemIndex = item,
            IsOrdered = true,
        };
    }
}
