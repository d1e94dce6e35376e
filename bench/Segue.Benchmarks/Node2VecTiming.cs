using System.Diagnostics;
using System.Globalization;
using Segue.Numerics.Embedding;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>Vectors of all nodes of a graph of the size of seed 000.</summary>
public sealed class Node2VecTiming : IWholeTiming
{
    public string Name => "node2vec";

    public string Summary => "pairs a second and peak memory of node2vec on 1.53 M nodes and 15.3 M edges (share=0.02 of the walks, scale=1 walks=5 length=40 window=10 size=64 negatives=5)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        CsrMatrix graph = SeedGraph.Make(context.Setting("scale", 1.0));
        double share = context.Setting("share", 0.02);
        var settings = new SkipGramSettings
        {
            Size = context.Setting("size", 64),
            Window = context.Setting("window", 10),
            Negatives = context.Setting("negatives", 5),
        };
        Print($"{graph.Rows:N0} nodes, {graph.Count / 2:N0} edges; {share:P1} of the walks");
        (TimeSpan before, long start) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        var walks = new RandomWalks(graph);
        var sentences = new WalkSentences(walks, context.Setting("walks", 5), context.Setting("length", 40), 1, "bench", share);
        Print($"tables                 {Stopwatch.GetElapsedTime(start).TotalSeconds,8:F1} s, processor {(Environment.CpuUsage.TotalTime - before).TotalSeconds,8:F1} s");
        (double Seconds, double Processor, long Done) first = default, last = default;
        long begin = Stopwatch.GetTimestamp();
        before = Environment.CpuUsage.TotalTime;
        SkipGram vectors = SkipGram.Train(sentences, graph.Rows, settings, 1, "bench", context.Threads, (done, _) =>
        {
            last = (Stopwatch.GetElapsedTime(begin).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds, done);
            first = first.Done == 0 ? last : first;
        });

        // Up to the first batch it is initial vectors, counting and warming up.
        double pairs = vectors.Pairs * (double)(last.Done - first.Done) / last.Done;
        (double seconds, double processor) = (last.Seconds - first.Seconds, last.Processor - first.Processor);
        Print($"vectors and counting   {first.Seconds,8:F1} s, processor {first.Processor,8:F1} s");
        Print($"training               {seconds,8:F1} s, processor {processor,8:F1} s, {vectors.Pairs:N0} pairs");
        Print($"{pairs / seconds / 1e6:F2} M pairs a second on {context.Threads} threads; {pairs / processor / 1e6:F2} M a second of processor time");
        Print($"all walks: {vectors.Pairs / share / 1e9:F2} G pairs, {(seconds + first.Seconds) / share / 60:F1} minutes at this rate; by processor time {(processor + first.Processor) / share / 60 / context.Threads:F1} minutes on {context.Threads} free cores");
        Print($"peak memory {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:F2} GB, the making of the graph included");

        void Print(FormattableString line) => context.Print(line.ToString(CultureInfo.InvariantCulture));
    }
}
