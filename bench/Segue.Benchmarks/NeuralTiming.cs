using System.Globalization;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>A wide network: nearly all of a step should be matrix products.</summary>
public sealed class MlpTiming : IWholeTiming
{
    public string Name => "mlp";

    public string Summary => "forward + backward of a 512-wide 10-layer network at batch 4096, beside the matrix product alone (width=512, layers=10, batch=4096)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int width = context.Setting("width", 512), layers = context.Setting("layers", 10), batch = context.Setting("batch", 4096);
        var rng = new Rng(1, "bench");
        float[] a = new float[batch * width], b = new float[width * width], c = new float[batch * width];
        rng.FillGaussian(a, 1f);
        rng.FillGaussian(b, 1f);
        Gemm.Multiply(a, b, c, batch, width, width, threads: context.Threads);
        double product = 2.0 * batch * width * width;
        double seconds = context.Time("matrix product", () => Gemm.Multiply(a, b, c, batch, width, width, threads: context.Threads), product);
        var network = new Mlp("mlp", [.. Enumerable.Repeat(width, layers + 1)], rng);
        var optimizer = new Adam(network.Parameters, threads: context.Threads);
        var tape = new Tape(context.Threads);
        var target = new float[batch * width];
        void Step(bool update)
        {
            tape.Reset();
            tape.Backward(network.Apply(tape.Constant(a, batch, width)).SquaredError(target));
            if (update)
            {
                optimizer.Step();
            }
            else
            {
                foreach (Parameter parameter in optimizer.Parameters)
                {
                    parameter.ClearGradient();
                }
            }
        }

        Step(true);
        Step(true);
        long before = GC.GetTotalAllocatedBytes(true);
        Step(true);
        long allocated = GC.GetTotalAllocatedBytes(true) - before;
        double operations = product * ((3 * layers) - 1);
        double step = context.Time("forward + backward", () => Step(false), operations);
        context.Time("forward + backward + Adam", () => Step(true), operations);
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"share of the rate of the product {operations / step / (product / seconds):P0}; {allocated} bytes allocated in a step; {tape.PooledBytes / 1e6:F0} MB of matrices"));
    }
}

/// <summary>One step of message passing and back.</summary>
public sealed class SparseStepTiming : IWholeTiming
{
    public string Name => "sparse-step";

    public string Summary => "forward + backward of sparse × dense, 35,000 × 35,000 with 3.2 M entries (Zipf), 64 columns";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int size = context.Setting("size", 35_000), entries = context.Setting("entries", 3_200_000), columns = context.Setting("columns", 64);
        CsrMatrix matrix = ZipfData.Matrix(size, size, entries, 1);
        var operand = new SparseOperand(matrix);
        var parameter = new Parameter("vectors", size, columns).Gaussian(new Rng(1, "bench"), 0.1f);
        var tape = new Tape(context.Threads);
        void Step()
        {
            tape.Reset();
            tape.Backward(operand.Multiply(tape.Use(parameter)).Sum());
            parameter.ClearGradient();
        }

        Step();
        Step();
        long before = GC.GetTotalAllocatedBytes(true);
        Step();
        long allocated = GC.GetTotalAllocatedBytes(true) - before;
        context.Time($"{matrix.Count} entries, forward + backward", Step, 4.0 * matrix.Count * columns);
        context.Print(string.Create(CultureInfo.InvariantCulture, $"{allocated} bytes allocated in a step"));
    }
}
