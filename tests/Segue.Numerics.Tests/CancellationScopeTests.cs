using Segue.Numerics.Dense;
using Segue.Numerics.Embedding;
using Segue.Numerics.Reduction;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests;

public sealed unsafe class CancellationScopeTests
{
    private static readonly CsrMatrix Matrix = Shapes.Sparse(50, 40, 500), Transposed = Matrix.Transpose(), Square = Connected();
    private static readonly RandomWalks Walks = new(Square);
    private static readonly DenseMatrix Points = new(60, 5, Shapes.Gaussian(60 * 5, "points"));

    /// <summary>Kernels that run for long on large data, each on data of at least two of its blocks.</summary>
    private static readonly Dictionary<string, Action<int>> Kernels = new()
    {
        ["Gemm.Multiply"] = threads =>
            Gemm.Multiply(Floats(300 * 300), Floats(300 * 300), new float[300 * 300], 300, 300, 300, threads: threads),
        ["Gemm.Multiply, thin"] = threads =>
            Gemm.Multiply(Floats(500 * 32), Floats(32 * 32), new float[500 * 32], 500, 32, 32, threads: threads),
        ["Gemm.MultiplyTransposed"] = threads =>
            Gemm.MultiplyTransposed(Floats(300 * 300), Floats(300 * 300), new float[300 * 300], 300, 300, 300, threads: threads),
        ["Gemm.TransposeMultiply"] = threads =>
            Gemm.TransposeMultiply(Floats(9_000 * 16), Floats(9_000 * 16), new float[16 * 16], 16, 16, 9_000, threads: threads),
        ["Gemm.Gram"] = threads => Gemm.Gram(Floats(600 * 300), new float[300 * 300], 600, 300, threads),
        ["Cholesky.Factor"] = threads => Cholesky.Factor(Identity(300), 300, threads),
        ["Cholesky.Invert"] = threads => Cholesky.Invert(Identity(300), 300, threads),
        ["SmallSymmetric.AddGram"] = _ => Small((m, r) => SmallSymmetric.AddGram(m, 8, 512, 512, r)),
        ["SmallSymmetric.Factor"] = _ => Small((m, r) => SmallSymmetric.Factor(m, 512, 512, r)),
        ["SmallSymmetric.Multiply"] = _ => Small((m, r) => SmallSymmetric.Multiply(m, 16, 512, m, r)),
        ["SymmetricEigen.Decompose"] = _ =>
            SymmetricEigen.Decompose(Doubles(40 * 40, symmetric: 40), 40, new double[40], new double[40 * 40]),
        ["LeastSquares.Solve"] = _ => LeastSquares.Solve([1, 0, 0, 1], 2, [[1, 2]], [1], [1]),
        ["CsrMatrix.FromTriplets"] = _ => Shapes.Sparse(50, 40, 500),
        ["CsrMatrix.Transpose"] = _ => Matrix.Transpose(),
        ["SparseDense.Multiply"] = threads => SparseDense.Multiply(Matrix, Floats(40 * 8), new float[50 * 8], 8, threads),
        ["SparseDense.Gram"] = threads => SparseDense.Gram(Matrix, new float[40 * 40], threads),
        ["RowSimilarity.TopRows"] = threads => RowSimilarity.TopRows(Matrix, Transposed, default, 0, 3, threads),
        ["TruncatedSvd.Compute"] = threads => TruncatedSvd.Compute(Matrix, 3, new Rng(1), threads: threads),
        ["KMeans.Assign"] = threads => KMeans.Assign(Points, 3, new Rng(1), threads),
        ["EvenGroups.Assign"] = threads => EvenGroups.Assign(Points, 3, threads),
        ["PrincipalComponents.Of"] = threads => PrincipalComponents.Of(Points, 2, threads),
        ["NearestNeighbors.Of"] = threads => NearestNeighbors.Of(Points, 3, threads),
        ["Umap.Place"] = threads => Umap.Place(Points, new UmapSettings(), new Rng(1), threads),
        ["Trustworthiness.Of"] = threads => Trustworthiness.Of(Points, Points, 3, threads: threads),
        ["RandomWalks"] = _ => new RandomWalks(Square),
        ["RandomWalks.Walk"] = _ => Walks.Walk([0, 1], [new Rng(1), new Rng(2)], 5, new int[10]),
        ["SkipGram.Train"] = threads => SkipGram.Train(new Pairs(), 4, new SkipGramSettings(), 1, "test", threads),
        ["Rng.FillGaussian"] = _ => new Rng(1).FillGaussian(new float[10], 1f),
        ["Rng.Shuffle"] = _ => new Rng(1).Shuffle<int>(new int[8_192]),
    };

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (string name in Kernels.Keys)
            {
                cases.Add(name, 1);
                cases.Add(name, 2);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_kernel_stops_in_a_cancelled_scope_and_runs_outside_of_it(string name, int threads)
    {
        Action<int> kernel = Kernels[name];
        using var stop = new CancellationTokenSource();
        using (CancellationScope.Enter(stop.Token))
        {
            // Entered before: what stops the kernel is its own look at the scope.
            stop.Cancel();
            Assert.Throws<OperationCanceledException>(() => kernel(threads));
        }

        kernel(threads);
    }

    [Fact]
    public void Scopes_nest_and_end()
    {
        using CancellationTokenSource outer = new(), inner = new();
        Assert.False(CancellationScope.Current.CanBeCanceled);
        using (CancellationScope.Enter(outer.Token))
        {
            using (CancellationScope.Enter(inner.Token))
            {
                Assert.Equal(inner.Token, CancellationScope.Current);
            }

            using (CancellationScope.Enter(CancellationToken.None))
            {
                Assert.Equal(outer.Token, CancellationScope.Current);
            }

            outer.Cancel();
            Assert.Throws<OperationCanceledException>(CancellationScope.Check);
            Assert.Throws<OperationCanceledException>(() => CancellationScope.Enter(CancellationToken.None).Dispose());
            using (CancellationScope.Suspend())
            {
                CancellationScope.Check();
            }

            Assert.Equal(outer.Token, CancellationScope.Current);
        }

        Assert.False(CancellationScope.Current.CanBeCanceled);
        CancellationScope.Check();
    }

    [Fact]
    public void A_scope_that_is_cancelled_already_does_not_begin()
    {
        Assert.Throws<OperationCanceledException>(() => CancellationScope.Enter(new CancellationToken(canceled: true)).Dispose());
        Assert.False(CancellationScope.Current.CanBeCanceled);
    }

    [Fact]
    public void A_loop_looks_once_every_few_thousand_things()
    {
        using var stop = new CancellationTokenSource();
        using CancellationScope scope = CancellationScope.Enter(stop.Token);
        stop.Cancel();
        int done = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            for (int n = 1; n < 100_000; n++, done++)
            {
                CancellationScope.CheckAt(n);
            }
        });
        Assert.Equal(4_095, done);
    }

    /// <summary>On any thread, work inside a chunk is in the scope of the caller, and the thread is as before afterwards.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Workers_carry_the_scope_to_every_chunk(int threads)
    {
        using var stop = new CancellationTokenSource();
        using (CancellationScope.Enter(stop.Token))
        {
            Workers.Run(60, 1, threads, (_, _, _) =>
                Workers.Run(2, 1, 2, (_, _, _) => Assert.Equal(stop.Token, CancellationScope.Current)));
        }

        Workers.Run(60, 1, threads, (_, _, _) => Assert.False(CancellationScope.Current.CanBeCanceled));
        using var other = new CancellationTokenSource();
        Workers.Run(60, 1, threads, (_, _, _) => Assert.Equal(other.Token, CancellationScope.Current), other.Token);
        Assert.False(CancellationScope.Current.CanBeCanceled);
    }

    /// <summary>Cancelled in the middle, work ends within the chunks in hand, and as a cancellation, wherever it was noticed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Workers_stop_where_their_scope_is_cancelled(int threads)
    {
        using var stop = new CancellationTokenSource();
        using CancellationScope scope = CancellationScope.Enter(stop.Token);
        int inner = 0;
        Assert.Throws<OperationCanceledException>(() => Workers.Run(
            1_000,
            1,
            threads,
            (_, _, _) => Workers.Run(10, 1, 1, (_, _, _) =>
            {
                if (Interlocked.Increment(ref inner) == 25)
                {
                    stop.Cancel();
                }
            })));
        Assert.InRange(inner, 25, 25 + threads);
    }

    private static float[] Floats(int count) => new float[count];

    private static float[] Identity(int size)
    {
        var matrix = new float[size * size];
        for (int i = 0; i < size; i++)
        {
            matrix[(i * size) + i] = 1;
        }

        return matrix;
    }

    private static double[] Doubles(int count, int symmetric)
    {
        var values = new double[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = 1.0 / (1 + (i / symmetric) + (i % symmetric));
        }

        return values;
    }

    private static void Small(SmallKernel kernel)
    {
        AlignedBuffer matrix = new(512 * 512), result = new(512 * 512);
        for (int i = 0; i < 512; i++)
        {
            matrix.Span[(i * 512) + i] = 1;
        }

        kernel(matrix.Pointer, result.Pointer);
        GC.KeepAlive(matrix);
        GC.KeepAlive(result);
    }

    private static CsrMatrix Connected() =>
        CsrMatrix.FromTriplets(4, 4, [0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2], [1, 1, 2, 2, 1, 1]);

    private delegate void SmallKernel(float* matrix, float* result);

    private sealed class Pairs : ISentences
    {
        public int Count => 20;

        public int MaxLength => 2;

        public void Read(int first, Span<int> lengths, Span<int> words)
        {
            lengths.Fill(2);
            for (int n = 0; n < words.Length; n++)
            {
                words[n] = (first + n) % 4;
            }
        }
    }
}
