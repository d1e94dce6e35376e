using BenchmarkDotNet.Attributes;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Factor and inverse of a positive definite matrix.</summary>
public class CholeskyBenchmarks : ICountsOperations
{
    private float[] _matrix = [], _work = [];

    [Params(64, 512, 2048)]
    public int Size { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    public double Operations => Math.Pow(Size, 3);

    /// <summary>AᵀA/n + I/10: condition number about 40.</summary>
    public static float[] PositiveDefinite(int size)
    {
        var a = new float[size * size];
        var matrix = new float[size * size];
        new Rng(1, "bench/cholesky").FillGaussian(a, 1f / MathF.Sqrt(size));
        Gemm.Gram(a, matrix, size, size, Environment.ProcessorCount);
        for (int i = 0; i < size; i++)
        {
            matrix[(i * size) + i] += 0.1f;
        }

        return matrix;
    }

    [GlobalSetup]
    public void SetUp()
    {
        _matrix = PositiveDefinite(Size);
        _work = new float[_matrix.Length];
    }

    [Benchmark]
    public int Invert()
    {
        _matrix.CopyTo(_work, 0);
        return Cholesky.Invert(_work, Size, Threads);
    }
}

/// <summary>Factor and inverse at one size.</summary>
public sealed class CholeskyTiming : IWholeTiming
{
    public string Name => "cholesky";

    public string Summary => "factor and inverse of a positive definite matrix (size=4096)";

    public void Run(WholeContext context)
    {
        int size = context.Setting("size", 4096);
        float[] matrix = CholeskyBenchmarks.PositiveDefinite(size);
        var work = new float[matrix.Length];
        double cube = Math.Pow(size, 3);
        for (int threads = 1; threads <= context.Threads; threads += Math.Max(1, context.Threads - 1))
        {
            context.Time($"factor  n = {size}, {threads} thread(s)", () => Restored(() => Cholesky.Factor(work, size, threads)), cube / 3);
            context.Time($"inverse n = {size}, {threads} thread(s)", () => Restored(() => Cholesky.Invert(work, size, threads)), cube);
        }

        void Restored(Func<int> run)
        {
            matrix.CopyTo(work, 0);
            if (run() >= 0)
            {
                throw new InvalidOperationException("the benchmark matrix is not positive definite");
            }
        }
    }
}
