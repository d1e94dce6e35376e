using System.Globalization;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>Generating random walks on a graph of the size of seed 000.</summary>
public sealed class WalksGenerateTiming : IWholeTiming
{
    public string Name => "walks-generate";

    public string Summary => "steps a second of random walks on a graph of 1.53 M nodes and 15.3 M edges (scale=1 length=40 walks=200000 p=1 q=1)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        CsrMatrix graph = SeedGraph.Make(context.Setting("scale", 1.0));
        int length = context.Setting("length", 40), count = context.Setting("walks", 200_000);
        double p = context.Setting("p", 1.0), q = context.Setting("q", 1.0);
        var ones = new CsrMatrix(graph.Rows, graph.Columns, graph.RowStart, graph.ColumnIndex, Array.ConvertAll(graph.Values, _ => 1f));
        context.Print(string.Create(CultureInfo.InvariantCulture, $"{graph.Rows:N0} nodes, {graph.Count / 2:N0} edges, average degree {(double)graph.Count / graph.Rows:F2}"));
        var settings = new (string, CsrMatrix, double, double)[] { ("weights, p = q = 1", graph, 1, 1), ("no weights, p = q = 1", ones, 1, 1), ("weights, p = 0.25, q = 4", graph, 0.25, 4) };
        foreach ((string name, CsrMatrix of, double p1, double q1) in p == 1 && q == 1 ? settings : [($"weights, p = {p}, q = {q}", graph, p, q)])
        {
            RandomWalks? walks = null;
            context.Time("tables", () => walks = new RandomWalks(of, p1, q1));
            var buffers = new int[context.Threads][];
            double seconds = context.Time(name, () => Workers.Run(count, 64, context.Threads, (first, end, worker) =>
            {
                int[] buffer = buffers[worker] ??= new int[64 * length];
                int[] starts = [.. Enumerable.Range(first, end - first).Select(n => (int)(n * 7_368_787L % walks!.Nodes))];
                Rng[] generators = [.. Enumerable.Range(first, end - first).Select(n => new Rng(1, string.Create(CultureInfo.InvariantCulture, $"walk/{n}")))];
                walks!.Walk(starts, generators, length, buffer.AsSpan(0, starts.Length * length));
            }));
            context.Print(string.Create(CultureInfo.InvariantCulture, $"{name}: {count * (length - 1.0) / seconds / 1e6:F1} M steps a second on {context.Threads} threads"));
        }
    }
}
