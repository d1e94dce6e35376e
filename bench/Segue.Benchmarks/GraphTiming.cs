using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Graph;

namespace Segue.Benchmarks;

/// <summary>Full-batch epochs of <c>lightgcn</c>.</summary>
public sealed class LightGcnTiming : GraphTiming
{
    public override string Name => "lightgcn";

    protected override GraphOptions Options(int layers) => new LightGcnOptions { Layers = layers > 0 ? layers : new LightGcnOptions().Layers };

    protected override IModel Create(GraphOptions options) => new LightGcn((LightGcnOptions)options);
}

/// <summary>Full-batch epochs of <c>graphsage</c>.</summary>
public sealed class GraphSageTiming : GraphTiming
{
    public override string Name => "graphsage";

    protected override GraphOptions Options(int layers) => new GraphSageOptions { Layers = layers > 0 ? layers : new GraphSageOptions().Layers };

    protected override IModel Create(GraphOptions options) => new GraphSage((GraphSageOptions)options);
}

/// <summary>Full-batch epochs of <c>gat</c>.</summary>
public sealed class GraphAttentionTiming : GraphTiming
{
    public override string Name => "gat";

    protected override GraphOptions Options(int layers) => new GraphAttentionOptions { Layers = layers > 0 ? layers : new GraphAttentionOptions().Layers };

    protected override IModel Create(GraphOptions options) => new GraphAttention((GraphAttentionOptions)options);
}

/// <summary>Seconds of an epoch (or with <c>batch</c>, of a step), and the memory at its highest, graph and taking the vectors out included.</summary>
public abstract class GraphTiming : IWholeTiming
{
    public abstract string Name { get; }

    public string Summary => "seconds an epoch with all edges, or a step with batch=2048 (users=39318 items=11412 pairs=1100228 size=64 layers=0 epochs=6 batch=0)";

    /// <summary>Options with so many layers, 0 for the usual.</summary>
    protected abstract GraphOptions Options(int layers);

    protected abstract IModel Create(GraphOptions options);

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int batch = context.Setting("batch", 0), epochs = context.Setting("epochs", 6), steps = context.Setting("steps", 30);
        Dataset train = ZipfData.Dataset(context.Setting("users", 39_318), context.Setting("items", 11_412), context.Setting("pairs", 1_100_228));
        GC.Collect();
        long before = Process.GetCurrentProcess().WorkingSet64;
        var stamps = new List<(long At, TimeSpan Processor)>();
        using var stop = new CancellationTokenSource();
        var progress = new Relay(p =>
        {
            if (p.Stage == "step")
            {
                stamps.Add((Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime));
                if (batch > 0 && stamps.Count * 16 >= steps + 16)
                {
                    stop.Cancel();
                }
            }
        });
        try
        {
            Create(Options(context.Setting("layers", 0)) with { EmbeddingSize = context.Setting("size", 64), Epochs = epochs, BatchSize = batch })
                .Fit(train, new FitContext { Threads = context.Threads, Progress = progress, Cancellation = stop.Token });
        }
        catch (OperationCanceledException)
        {
            // Enough steps were seen.
        }

        // A mini-batch run reports every 16 steps, a full-batch run every epoch.
        double each = batch > 0 ? 16 : 1;
        double[] seconds = [.. stamps.Zip(stamps.Skip(1), (a, b) => Stopwatch.GetElapsedTime(a.At, b.At).TotalSeconds / each).Order()];
        double processor = stamps.Zip(stamps.Skip(1), (a, b) => (b.Processor - a.Processor).TotalSeconds / each).DefaultIfEmpty(double.NaN).Min();
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"{(batch > 0 ? $"step of {batch} edges" : "epoch, all edges"),-20} min {seconds.FirstOrDefault(double.NaN):F4} s  median {(seconds.Length > 0 ? seconds[seconds.Length / 2] : double.NaN):F4} s  processor {processor:F4} s  "
            + $"peak memory {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:F0} MB, {before / 1e6:F0} MB of it runtime and data"));
    }

    private sealed class Relay(Action<FitProgress> report) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => report(value);
    }
}
