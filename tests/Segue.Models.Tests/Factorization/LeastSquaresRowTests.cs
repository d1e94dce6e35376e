using Segue.Models.Factorization;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Models.Tests.Factorization;

/// <summary>Every way to solve a row against its double-precision twin.</summary>
public sealed unsafe class LeastSquaresRowTests
{
    public static TheoryData<int, int, double> Problems
    {
        get
        {
            var problems = new TheoryData<int, int, double>();
            foreach (int size in new[] { 1, 7, 16, 24, 64, 100 })
            {
                foreach (int count in new[] { 1, 5, size - 1, size, size + 1, (3 * size) + 2, 300 }.Distinct())
                {
                    if (count > 0)
                    {
                        problems.Add(size, count, 1);
                        problems.Add(size, count, 40);
                    }
                }
            }

            return problems;
        }
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void Exact_matches_the_twin(int size, int count, double weight)
    {
        var problem = new Problem(size, count, weight);
        float[] x = problem.Run((row, factors, entries, inverseRoot, result) => row.SolveExact(factors, entries, inverseRoot, result));
        AssertClose(LeastSquares.Solve(problem.Diagonal, size, problem.Rows, problem.A, problem.B), x, 2e-4);
    }

    [Theory]
    [InlineData(24, 10, 1e5)]
    [InlineData(24, 100, 1e6)]
    public void Exact_keeps_its_digits_where_weights_are_far_apart(int size, int count, double weight)
    {
        var problem = new Problem(size, count, weight);
        float[] x = problem.Run((row, factors, entries, inverseRoot, result) => row.SolveExact(factors, entries, inverseRoot, result));
        AssertClose(LeastSquares.Solve(problem.Diagonal, size, problem.Rows, problem.A, problem.B), x, 2e-4);
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void Conjugate_gradient_matches_the_twin_step_for_step(int size, int count, double weight)
    {
        var problem = new Problem(size, count, weight);
        foreach (int steps in new[] { 1, 3 })
        {
            // A cache of nothing makes long rows form their matrix; both ways are the same mathematics.
            foreach (int cache in new[] { 0, 128 * 1024 })
            {
                float[] x = problem.Run((row, f, e, s, result) => row.SolveConjugateGradient(f, e, s, steps, result), cache);
                AssertClose(LeastSquares.ConjugateGradient(problem.Diagonal, size, problem.Rows, problem.A, problem.B, problem.Start, steps), x, 1e-3);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void Block_matches_the_twin(int size, int count, double weight)
    {
        var problem = new Problem(size, count, weight);
        foreach (int block in new[] { 16, 32, 128 })
        {
            float[] x = problem.Run((row, f, e, s, result) => row.SolveBlocks(f, e, s, block, result));
            AssertClose(LeastSquares.Block(problem.Diagonal, size, problem.Rows, problem.A, problem.B, problem.Start, block), x, 5e-4);
        }
    }

    [Fact]
    public void Enough_steps_of_any_solver_reach_the_exact_solution()
    {
        var problem = new Problem(24, 60, 5);
        double[] exact = LeastSquares.Solve(problem.Diagonal, 24, problem.Rows, problem.A, problem.B);
        AssertClose(exact, problem.Run((row, f, e, s, result) => row.SolveConjugateGradient(f, e, s, 40, result)), 1e-4);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(200)]
    public void Solving_a_row_allocates_nothing(int count)
    {
        var problem = new Problem(24, count, 5);
        problem.Run((row, f, e, s, result) =>
        {
            row.SolveBlocks(f, e, s, 16, result);
            row.SolveConjugateGradient(f, e, s, 3, result);
            row.SolveExact(f, e, s, result);
            long before = GC.GetAllocatedBytesForCurrentThread();
            row.SolveBlocks(f, e, s, 16, result);
            row.SolveConjugateGradient(f, e, s, 3, result);
            row.SolveExact(f, e, s, result);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        });
    }

    [Fact]
    public void A_row_without_entries_is_zero()
    {
        var problem = new Problem(24, 0, 1);
        Assert.All(problem.Run((row, f, e, s, result) => row.SolveExact(f, e, s, result)), v => Assert.Equal(0f, v));
        Assert.All(problem.Run((row, f, e, s, result) => row.SolveConjugateGradient(f, e, s, 3, result)), v => Assert.Equal(0f, v));
        Assert.All(problem.Run((row, f, e, s, result) => row.SolveBlocks(f, e, s, 16, result)), v => Assert.Equal(0f, v));
    }

    private static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        double norm = Math.Sqrt(expected.Sum(v => v * v)), error = 0;
        for (int c = 0; c < expected.Length; c++)
        {
            error += (expected[c] - actual[c]) * (expected[c] - actual[c]);
        }

        Assert.True(Math.Sqrt(error) <= tolerance * norm, $"relative error {Math.Sqrt(error) / norm:E2} at size {expected.Length}");
        Assert.All(actual[expected.Length..], v => Assert.Equal(0f, v));
    }

    private delegate void Solver(LeastSquaresRow row, float* factors, LeastSquaresEntries entries, float* inverseRoot, float* result);

    /// <summary>A random problem: 400 rows on the other side, of which the row has entries with some.</summary>
    private sealed class Problem
    {
        private const int Others = 400;
        private readonly AlignedBuffer _factors;
        private readonly int _size, _stride;
        private readonly int[] _index;
        private readonly float[] _root, _target;

        public Problem(int size, int count, double weight)
        {
            var rng = new Rng(5, $"least-squares/{size}/{count}");
            _size = size;
            _stride = SmallSymmetric.PadStride(size);
            _factors = new AlignedBuffer((long)Others * _stride);
            for (int r = 0; r < Others; r++)
            {
                rng.FillGaussian(_factors.Slice((long)r * _stride, size), 0.3f);
            }

            int[] all = [.. Enumerable.Range(0, Others)];
            rng.Shuffle<int>(all);
            _index = all[..count];
            A = [.. _index.Select(_ => weight * (0.1 + rng.NextDouble()))];
            B = [.. A.Select(a => a + 1)];
            _root = [.. A.Select(a => (float)Math.Sqrt(a))];
            _target = [.. A.Zip(B, (a, b) => (float)(b / Math.Sqrt(a)))];
            Rows = [.. _index.Select(Vector)];
            Start = [.. Enumerable.Range(0, size).Select(_ => (double)(rng.NextGaussian() * 0.1f))];
            Diagonal = new double[size * size];
            for (int c = 0; c < size; c++)
            {
                Diagonal[(c * size) + c] = 0.5 + (c * c * 0.1);
            }
        }

        public double[][] Rows { get; }

        public double[] A { get; }

        public double[] B { get; }

        public double[] Start { get; }

        /// <summary>A diagonal shared matrix, as the turned basis has it.</summary>
        public double[] Diagonal { get; }

        public float[] Run(Solver solve, int cache = 128 * 1024)
        {
            var inverseRoot = new AlignedBuffer(_stride);
            inverseRoot.Span.Fill(1f);
            for (int c = 0; c < _size; c++)
            {
                inverseRoot.Span[c] = (float)(1 / Math.Sqrt(Diagonal[(c * _size) + c]));
            }

            float[] solved = Run((row, entries, result) => solve(row, _factors.Pointer, entries, inverseRoot.Pointer, result), cache);
            GC.KeepAlive(inverseRoot);
            return solved;
        }

        private delegate void AnySolver(LeastSquaresRow row, LeastSquaresEntries entries, float* result);

        private float[] Run(AnySolver solve, int cache)
        {
            var result = new AlignedBuffer(_stride);
            for (int c = 0; c < _size; c++)
            {
                result.Span[c] = (float)Start[c];
            }

            // Pointers keep nothing alive: what they point into is named again after the last use.
            var row = new LeastSquaresRow(_size, _stride, cache);
            fixed (int* index = _index)
            {
                fixed (float* root = _root, target = _target)
                {
                    solve(row, new LeastSquaresEntries(index, root, target, _index.Length), result.Pointer);
                }
            }

            GC.KeepAlive(row);
            GC.KeepAlive(_factors);
            return result.Span.ToArray();
        }

        private double[] Vector(int row) => Array.ConvertAll(_factors.Slice((long)row * _stride, _size).ToArray(), v => (double)v);
    }
}
