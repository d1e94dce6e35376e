using BenchmarkDotNet.Attributes;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Single-precision matrix products on one thread.</summary>
public class GemmBenchmarks : ICountsOperations
{
    private float[] _a = [], _b = [], _c = [];

    [Params(64, 256, 1024)]
    public int Size { get; set; }

    [ParamsAllValues]
    public SimdPath Path { get; set; }

    public double Operations => 2.0 * Size * Size * Size;

    [GlobalSetup]
    public void SetUp()
    {
        var rng = new Rng(1, "bench/gemm");
        _a = new float[Size * Size];
        _b = new float[Size * Size];
        _c = new float[Size * Size];
        rng.FillGaussian(_a, 1f);
        rng.FillGaussian(_b, 1f);
    }

    [Benchmark]
    public void Multiply() => Gemm.Multiply(_a, _b, _c, Size, Size, Size, path: Path);

    [Benchmark]
    public void MultiplyTransposed() => Gemm.MultiplyTransposed(_a, _b, _c, Size, Size, Size, path: Path);

    [Benchmark]
    public void Gram() => Gemm.Gram(_a, _c, Size, Size, path: Path);
}

/// <summary>GF/s of matrix products over sizes, paths and threads.</summary>
public sealed class GemmTiming : IWholeTiming
{
    public string Name => "gemm";

    public string Summary => "single-precision matrix products, square and tall (size=1024)";

    public void Run(WholeContext context)
    {
        int size = context.Setting("size", 1024);
        var rng = new Rng(1, "bench/gemm");
        var a = new float[size * size];
        var b = new float[size * size];
        var c = new float[size * size];
        rng.FillGaussian(a, 1f);
        rng.FillGaussian(b, 1f);
        double work = 2.0 * size * size * size;
        foreach (SimdPath path in SimdPaths.Supported)
        {
            for (int threads = 1; threads <= context.Threads; threads += Math.Max(1, context.Threads - 1))
            {
                context.Time($"A·B  {path} {threads} thread(s)", () => Gemm.Multiply(a, b, c, size, size, size, threads: threads, path: path), work);
            }
        }

        context.Time("A·Bᵀ 1 thread", () => Gemm.MultiplyTransposed(a, b, c, size, size, size), work);
        context.Time("Aᵀ·B 1 thread", () => Gemm.TransposeMultiply(a, b, c, size, size, size), work);
        context.Time("AᵀA  1 thread", () => Gemm.Gram(a, c, size, size), work / 2);
        var tall = new float[50_000 * 64];
        var gram = new float[64 * 64];
        rng.FillGaussian(tall, 1f);
        context.Time("AᵀA  50,000 × 64, 1 thread", () => Gemm.Gram(tall, gram, 50_000, 64), 50_000.0 * 64 * 64);
        context.Time($"AᵀA  50,000 × 64, {context.Threads} threads", () => Gemm.Gram(tall, gram, 50_000, 64, context.Threads), 50_000.0 * 64 * 64);
    }
}
