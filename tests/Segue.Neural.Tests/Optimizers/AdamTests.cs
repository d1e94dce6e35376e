using Segue.Neural.Autodiff;
using Segue.Neural.Optimizers;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Optimizers;

/// <summary>Every vector and remainder of the loop against the equations in double precision; small cases against PyTorch are in OracleTests.</summary>
public sealed class AdamTests
{
    [Theory]
    [InlineData(0.0, Decay.Gradient)]
    [InlineData(0.1, Decay.Gradient)]
    [InlineData(0.1, Decay.Decoupled)]
    public void Any_number_of_values_moves_by_the_equations(double weightDecay, Decay decay) => Draw.Shapes(
        (rows, columns, _, rng) =>
        {
            var parameter = new Parameter("w", rows, columns);
            rng.FillGaussian(parameter.Value, 1f);
            var optimizer = new Adam([parameter], 0.01, weightDecay, decay, beta1: 0.8, beta2: 0.95, epsilon: 1e-6);
            double[] w = Array.ConvertAll(parameter.Value.ToArray(), v => (double)v), m = new double[w.Length], v = new double[w.Length];
            for (int step = 1; step <= 3; step++)
            {
                float[] slope = Draw.Matrix(rng, rows, columns).Values;
                var tape = new Tape();
                tape.Backward(tape.Use(parameter).Multiply(tape.Constant(slope, rows, columns)).Sum());
                optimizer.Step();
                for (int n = 0; n < w.Length; n++)
                {
                    double g = slope[n] + (decay == Decay.Gradient ? weightDecay * w[n] : 0);
                    m[n] = (0.8 * m[n]) + (0.2 * g);
                    v[n] = (0.95 * v[n]) + (0.05 * g * g);
                    double shrunk = w[n] * (decay == Decay.Decoupled ? 1 - (0.01 * weightDecay) : 1);
                    w[n] = shrunk - (0.01 * (m[n] / (1 - Math.Pow(0.8, step))) / (Math.Sqrt(v[n] / (1 - Math.Pow(0.95, step))) + 1e-6));
                }

                Numbers.Close(w, parameter.Value, 1e-5);
            }

            Assert.Equal(["w.first_moment", "w.second_moment"], optimizer.State.Select(s => s.Key));
            Numbers.Close(m, optimizer.State.First().Value, 1e-5);
            Numbers.Close(v, optimizer.State.Last().Value, 1e-5);
        },
        largest: 20);

    [Fact]
    public void Rows_without_a_gradient_stay_with_their_moments()
    {
        var table = new Parameter("table", 3, 2, isRowSparse: true);
        table.Value.Fill(1f);
        var optimizer = new Adam([table], 0.5, weightDecay: 0.3, Decay.Decoupled);
        foreach (int row in new[] { 0, 2 })
        {
            var tape = new Tape();
            tape.Backward(tape.Use(table).Gather(new[] { row }).Sum());
            optimizer.Step();
            if (row == 0)
            {
                Numbers.Close([0.35, 0.35, 1, 1, 1, 1], table.Value, 1e-6);
            }
        }

        // Row 2 starts in step 2: m / (1 − β₁²) = 0.1 / 0.19, v / (1 − β₂²) = 0.001 / 0.001999.
        double later = 0.85 - (0.5 * (0.1 / 0.19) / Math.Sqrt(0.001 / 0.001999));
        Numbers.Close([0.35, 0.35, 1, 1, later, later], table.Value, 1e-5);
        Numbers.Close([0.1, 0.1, 0, 0, 0.1, 0.1], optimizer.State.First().Value, 1e-6);
    }

    [Fact]
    public void Bits_do_not_depend_on_the_number_of_threads()
    {
        (float[] dense, float[] sparse) = Run(1);
        foreach (int threads in new[] { 2, 3 })
        {
            (float[] otherDense, float[] otherSparse) = Run(threads);
            Numbers.SameBits(dense, otherDense);
            Numbers.SameBits(sparse, otherSparse);
        }

        static (float[] Dense, float[] Sparse) Run(int threads)
        {
            Parameter dense = new("dense", 301, 257), sparse = new("sparse", 2003, 45, isRowSparse: true);
            var rng = new Rng(1, "start");
            rng.FillGaussian(dense.Value, 1f);
            rng.FillGaussian(sparse.Value, 1f);
            var optimizer = new Adam([dense, sparse], 0.01, 0.1, threads: threads) { ClipNorm = 1 };
            var tape = new Tape(threads);
            for (int step = 0; step < 3; step++)
            {
                tape.Reset();
                int[] rows = Draw.Indices(rng, 1500, 2003);
                tape.Backward(tape.Use(dense).Square().Mean().Add(tape.Use(sparse).Gather(rows).Square().Sum()));
                optimizer.Step();
            }

            return (dense.Value.ToArray(), sparse.Value.ToArray());
        }
    }

    [Fact]
    public void Rates_that_are_none_are_refused()
    {
        Parameter[] w = [new("w", 1, 1)];
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(w, beta1: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(w, beta1: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(w, beta2: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(w, beta2: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(w, epsilon: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adam(w, threads: 0));
    }
}
