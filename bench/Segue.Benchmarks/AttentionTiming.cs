using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>One layer of graph attention, and the sums of rows that are its inner loop on every path.</summary>
public sealed class AttentionTiming : IWholeTiming
{
    public string Name => "attention";

    public string Summary => "one layer of graph attention forward and backward (nodes=50730 entries=2250000 heads=5 size=64 runs=3)";

    public unsafe void Run(WholeContext context)
    {
        int nodes = context.Setting("nodes", 50_730), heads = context.Setting("heads", 5), size = context.Setting("size", 64);
        CsrMatrix graph = ZipfData.Matrix(nodes, nodes, context.Setting("entries", 2_250_000));
        var rng = new Rng(1, "bench/attention");
        AlignedBuffer states = Draw((long)nodes * size), sums = new((long)heads * size);
        int longest = Enumerable.Range(0, nodes).Max(graph.RowLength);
        AlignedBuffer many = Draw((long)longest * heads);
        foreach (SimdPath path in SimdPaths.Supported)
        {
            context.Time(
                $"sums of rows under {heads} weights, {path}, 1 thread",
                () =>
                {
                    fixed (int* index = graph.ColumnIndex)
                    {
                        for (int r = 0; r < nodes; r++)
                        {
                            int first = graph.RowStart[r], count = graph.RowLength(r);
                            WeightedRows.Add(
                                index + first, many.Pointer, heads, count, states.Pointer, size, sums.Pointer, size, heads, graph.Count - first - count, path);
                        }
                    }
                },
                2.0 * graph.Count * heads * size);
        }

        var places = new SparseOperand(graph);
        var tape = new Tape(context.Threads);
        AlignedBuffer receiver = Draw((long)nodes * heads), sender = Draw((long)nodes * heads), mix = Draw((long)heads * size * size), bias = Draw(size);
        foreach (bool isBackward in new[] { false, true })
        {
            context.Time($"{(isBackward ? "forward and backward" : "forward")}, {context.Threads} thread(s)", () =>
            {
                tape.Reset();
                Variable y = places.Attend(
                    tape.Input(receiver.Span, nodes, heads), tape.Input(sender.Span, nodes, heads), tape.Input(states.Span, nodes, size),
                    tape.Input(mix.Span, heads * size, size), tape.Input(bias.Span, 1, size), 0.2f, 0.5f, new Rng(1, "bench/drop"));
                if (isBackward)
                {
                    tape.Backward(y.Sum());
                }
            });
        }

        GC.KeepAlive(many);
        GC.KeepAlive(sums);

        AlignedBuffer Draw(long count)
        {
            var buffer = new AlignedBuffer(count);
            rng.FillGaussian(buffer.Span, 0.1f);
            return buffer;
        }
    }
}
