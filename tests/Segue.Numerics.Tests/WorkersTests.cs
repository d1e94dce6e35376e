using System.Collections.Concurrent;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Segue.Numerics.Tests;

public sealed class WorkersTests
{
    [Fact]
    public void EveryItemIsVisitedOnceAndTheCutsDoNotDependOnTheThreads()
    {
        Gen<(int Count, int Chunk, int Threads)> runs =
            from count in Gen.Choose(0, 300) from chunk in Gen.Choose(1, 400) from threads in Gen.Choose(1, 5) select (count, chunk, threads);
        Prop.ForAll(Arb.From(runs), r =>
        {
            var visits = new int[r.Count];
            var cuts = new ConcurrentBag<(int Start, int End)>();
            Workers.Run(r.Count, r.Chunk, r.Threads, (start, end, worker) =>
            {
                Assert.InRange(worker, 0, r.Threads - 1);
                cuts.Add((start, end));
                for (int i = start; i < end; i++)
                {
                    Interlocked.Increment(ref visits[i]);
                }
            });
            Assert.All(visits, v => Assert.Equal(1, v));
            Assert.Equal(
                Enumerable.Range(0, (r.Count + r.Chunk - 1) / r.Chunk).Select(c => (c * r.Chunk, Math.Min(r.Count, (c + 1) * r.Chunk))),
                cuts.Order());
        }).Check(Properties.Cases());
    }

    [Fact]
    public void NoWorkerIsInTwoChunksAtOnce()
    {
        var busy = new int[4];
        Workers.Run(200, 1, 4, (_, _, worker) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref busy[worker]));
            Thread.SpinWait(200);
            Interlocked.Decrement(ref busy[worker]);
        });
    }

    [Fact]
    public void TheLastChunkBeforeTheLargestCountEndsThere()
    {
        int last = 0;
        Workers.Run(int.MaxValue, int.MaxValue - 1, 1, (_, end, _) => last = end);
        Assert.Equal(int.MaxValue, last);
        Workers.Run(int.MaxValue, int.MaxValue, 2, (_, end, _) => last = end - 1);
        Assert.Equal(int.MaxValue - 1, last);
        var ends = new ConcurrentBag<int>();
        Workers.Run(int.MaxValue, 1 << 30, 2, (_, end, _) => ends.Add(end));
        Assert.Equal([1 << 30, int.MaxValue], ends.Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void CancellationStopsBetweenChunks(int threads)
    {
        using var source = new CancellationTokenSource();
        int chunks = 0;
        Assert.Throws<OperationCanceledException>(() => Workers.Run(
            1_000,
            1,
            threads,
            (_, _, _) =>
            {
                if (Interlocked.Increment(ref chunks) == 5)
                {
                    source.Cancel();
                }
            },
            source.Token));
        Assert.InRange(chunks, 5, 5 + threads);
        Assert.Throws<OperationCanceledException>(() => Workers.Run(10, 1, threads, (_, _, _) => Assert.Fail("started"), source.Token));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AFailureReachesTheCaller(int threads)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Workers.Run(50, 1, threads, (_, _, _) => throw new InvalidDataException("broken")));
        Assert.Contains("broken", e.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Once warm a call allocates nothing on its thread, whether or not the pool sends helpers.</summary>
    [Fact]
    public void NothingIsAllocatedOnceWarm()
    {
        // The runtime takes memory for its own once in a while; no object is smaller than 24 bytes, so less than one byte a call is none.
        Run(200);
        Assert.InRange(Enumerable.Range(0, 20).Min(_ => Run(200)), 0, 199);

        static long Run(int times)
        {
            var sums = new int[8];
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int n = 0; n < times; n++)
            {
                Workers.Run(8, 1, 3, in sums, static (in int[] s, int start, int _, int _) => s[start]++);
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.All(sums, s => Assert.Equal(times, s));
            return allocated;
        }
    }

    [Fact]
    public void WrongArgumentsAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Workers.Run(1, 0, 1, (_, _, _) => { }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Workers.Run(1, 1, 0, (_, _, _) => { }));
        Assert.Throws<ArgumentNullException>(() => Workers.Run(1, 1, 1, null!));
    }
}
