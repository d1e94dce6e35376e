using BenchmarkDotNet.Attributes;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>Sparse × dense on Zipf data.</summary>
public class SparseBenchmarks : ICountsOperations
{
    private CsrMatrix _matrix = new(0, 0, [0], [], []);
    private float[] _dense = [], _output = [];

    [Params(16, 64)]
    public int Columns { get; set; }

    [ParamsAllValues]
    public SimdPath Path { get; set; }

    public double Operations => 2.0 * 500_000 * Columns;

    [GlobalSetup]
    public void SetUp()
    {
        _matrix = ZipfData.Matrix(10_000, 5_000, 500_000);
        _dense = new float[_matrix.Columns * Columns];
        _output = new float[_matrix.Rows * Columns];
        new Rng(1, "bench/dense").FillGaussian(_dense, 1f);
    }

    [Benchmark]
    public void Multiply() => SparseDense.Multiply(_matrix, _dense, _output, Columns, path: Path);
}

/// <summary>The propagation step of graph models: a square adjacency times embeddings.</summary>
public sealed class SparseTiming : IWholeTiming
{
    public string Name => "spmm";

    public string Summary => "sparse × dense, square (size=35000 entries=3200000 columns=64)";

    public void Run(WholeContext context)
    {
        int size = context.Setting("size", 35_000), entries = context.Setting("entries", 3_200_000), columns = context.Setting("columns", 64);
        CsrMatrix zipf = ZipfData.Matrix(size, size, entries);
        var dense = new float[size * columns];
        var output = new float[size * columns];
        new Rng(1, "bench/dense").FillGaussian(dense, 1f);
        foreach (SimdPath path in SimdPaths.Supported)
        {
            for (int threads = 1; threads <= context.Threads; threads += Math.Max(1, context.Threads - 1))
            {
                context.Time(
                    $"Zipf columns, {path} {threads} thread(s)",
                    () => SparseDense.Multiply(zipf, dense, output, columns, threads, path), 2.0 * zipf.Count * columns);
            }
        }

        var rng = new Rng(2, "bench/uniform");
        int[] rows = new int[entries], indices = new int[entries];
        for (int n = 0; n < entries; n++)
        {
            (rows[n], indices[n]) = (rng.Next(size), rng.Next(size));
        }

        CsrMatrix uniform = CsrMatrix.FromTriplets(size, size, rows, indices, []);
        context.Time(
            $"uniform columns, {context.Threads} thread(s)",
            () => SparseDense.Multiply(uniform, dense, output, columns, context.Threads), 2.0 * uniform.Count * columns);
    }
}
