using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Segue.Numerics.Dense;

namespace Segue.Numerics.Sparse;

/// <summary>Sums of the same rows under several sets of weights at once, as the heads of an attention need them.</summary>
public static unsafe class WeightedRows
{
    /// <summary>Rows between the one that is fetched and the one that is added.</summary>
    private const int Ahead = 16;

    /// <summary>For every set s and column c: sums[s·sumStride + c] += Σₙ weights[n·weightStride + s] · dense[index[n]·columns + c].</summary>
    /// <param name="index">Which rows of <paramref name="dense"/>, count numbers.</param>
    /// <param name="weights">For every one of them its weight in every set.</param>
    /// <param name="weightStride">Floats from row to row of the weights, at least <paramref name="sets"/>.</param>
    /// <param name="count">Number of rows to sum.</param>
    /// <param name="dense">The rows, each of <paramref name="columns"/> floats.</param>
    /// <param name="columns">Columns of the rows.</param>
    /// <param name="sums">One sum a set.</param>
    /// <param name="sumStride">Floats from sum to sum, at least <paramref name="columns"/>.</param>
    /// <param name="sets">Sets of weights.</param>
    /// <param name="following">More indices that follow in <paramref name="index"/>: their rows are fetched early.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <remarks>
    /// A row is read once for up to five sets, whose sums stay in registers: 2 · count · columns · sets operations on 4 · count · columns bytes. Every sum is
    /// one chain of additions in the order of the rows, added to what was there at the end. Nothing is allocated.
    /// </remarks>
    public static void Add(
        int* index, float* weights, int weightStride, int count, float* dense, int columns, float* sums, int sumStride, int sets, int following = 0,
        SimdPath path = SimdPath.Best)
    {
        var work = new Work((nint)index, (nint)weights, weightStride, count, (nint)dense, columns, (nint)sums, sumStride, sets, following);
        int c = 0;
        switch (SimdPaths.Resolve(path))
        {
            case SimdPath.Vector512:
                c = Blocks<SmallSymmetric.Lanes512, Vector512<float>, Four>(in work, c);
                c = Blocks<SmallSymmetric.Lanes512, Vector512<float>, One>(in work, c);
                break;
            case SimdPath.Vector256:
                c = Blocks<SmallSymmetric.Lanes256, Vector256<float>, Two>(in work, c);
                c = Blocks<SmallSymmetric.Lanes256, Vector256<float>, One>(in work, c);
                break;
            case SimdPath.Vector128:
                c = Blocks<SmallSymmetric.Lanes128, Vector128<float>, Two>(in work, c);
                c = Blocks<SmallSymmetric.Lanes128, Vector128<float>, One>(in work, c);
                break;
            default:
                break;
        }

        Blocks<SmallSymmetric.LanesScalar, float, One>(in work, c);
    }

    /// <summary>As many blocks of columns as fit from <paramref name="c"/> on; returns the first column that is left.</summary>
    private static int Blocks<TLanes, TVector, TWidth>(in Work w, int c)
        where TLanes : struct, SmallSymmetric.ILanes<TVector>
        where TVector : struct
        where TWidth : struct, ISize
    {
        int width = TWidth.Value * TLanes.Count;
        for (; c + width <= w.Columns; c += width)
        {
            for (int set = 0; set < w.Sets;)
            {
                // Sets in groups of nearly one size: six are three and three, not five and one.
                int left = w.Sets - set, groups = (left + 4) / 5, size = (left + groups - 1) / groups;
                float* weights = (float*)w.Weights + set, dense = (float*)w.Dense + c, sums = (float*)w.Sums + ((nint)set * w.SumStride) + c;
                switch (size)
                {
                    case 5:
                        Block<TLanes, TVector, TWidth, Five>(in w, weights, dense, sums);
                        break;
                    case 4:
                        Block<TLanes, TVector, TWidth, Four>(in w, weights, dense, sums);
                        break;
                    case 3:
                        Block<TLanes, TVector, TWidth, Three>(in w, weights, dense, sums);
                        break;
                    case 2:
                        Block<TLanes, TVector, TWidth, Two>(in w, weights, dense, sums);
                        break;
                    default:
                        Block<TLanes, TVector, TWidth, One>(in w, weights, dense, sums);
                        break;
                }

                set += size;
            }
        }

        return c;
    }

    /// <summary>Up to five sets by up to four vectors of columns; what a size leaves out is not compiled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TLanes, TVector, TWidth, TSets>(in Work w, float* weights, float* dense, float* sums)
        where TLanes : struct, SmallSymmetric.ILanes<TVector>
        where TVector : struct
        where TWidth : struct, ISize
        where TSets : struct, ISize
    {
        int* index = (int*)w.Index;
        nint stride = w.Columns, weightStride = w.WeightStride, sumStride = w.SumStride;
        int lanes = TLanes.Count, count = w.Count, last = count - 1 + w.Following;
        TVector a0 = TLanes.Broadcast(0f), a1 = a0, a2 = a0, a3 = a0;
        TVector b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        TVector c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        TVector d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        TVector e0 = a0, e1 = a0, e2 = a0, e3 = a0;
        for (int n = 0; n < count; n++)
        {
            // The rows lie anywhere in memory, and one waits in a queue for every register: without this their latency shows.
            if (Sse.IsSupported)
            {
                float* later = dense + (index[Math.Min(n + Ahead, last)] * stride);
                for (int line = 0; line < TWidth.Value * TLanes.Count; line += 16)
                {
                    Sse.Prefetch0(later + line);
                }
            }

            float* row = dense + (index[n] * stride);
            TVector x0 = TLanes.Load(row);
            TVector x1 = TWidth.Value > 1 ? TLanes.Load(row + lanes) : x0;
            TVector x2 = TWidth.Value > 2 ? TLanes.Load(row + (2 * lanes)) : x0;
            TVector x3 = TWidth.Value > 3 ? TLanes.Load(row + (3 * lanes)) : x0;
            AddTo<TLanes, TVector, TWidth>(weights, x0, x1, x2, x3, ref a0, ref a1, ref a2, ref a3);
            if (TSets.Value > 1)
            {
                AddTo<TLanes, TVector, TWidth>(weights + 1, x0, x1, x2, x3, ref b0, ref b1, ref b2, ref b3);
            }

            if (TSets.Value > 2)
            {
                AddTo<TLanes, TVector, TWidth>(weights + 2, x0, x1, x2, x3, ref c0, ref c1, ref c2, ref c3);
            }

            if (TSets.Value > 3)
            {
                AddTo<TLanes, TVector, TWidth>(weights + 3, x0, x1, x2, x3, ref d0, ref d1, ref d2, ref d3);
            }

            if (TSets.Value > 4)
            {
                AddTo<TLanes, TVector, TWidth>(weights + 4, x0, x1, x2, x3, ref e0, ref e1, ref e2, ref e3);
            }

            weights += weightStride;
        }

        Put<TLanes, TVector, TWidth>(sums, a0, a1, a2, a3);
        if (TSets.Value > 1)
        {
            Put<TLanes, TVector, TWidth>(sums + sumStride, b0, b1, b2, b3);
        }

        if (TSets.Value > 2)
        {
            Put<TLanes, TVector, TWidth>(sums + (2 * sumStride), c0, c1, c2, c3);
        }

        if (TSets.Value > 3)
        {
            Put<TLanes, TVector, TWidth>(sums + (3 * sumStride), d0, d1, d2, d3);
        }

        if (TSets.Value > 4)
        {
            Put<TLanes, TVector, TWidth>(sums + (4 * sumStride), e0, e1, e2, e3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo<TLanes, TVector, TWidth>(
        float* weight, TVector x0, TVector x1, TVector x2, TVector x3, ref TVector s0, ref TVector s1, ref TVector s2, ref TVector s3)
        where TLanes : struct, SmallSymmetric.ILanes<TVector>
        where TVector : struct
        where TWidth : struct, ISize
    {
        TVector w = TLanes.Broadcast(*weight);
        s0 = TLanes.MultiplyAdd(w, x0, s0);
        if (TWidth.Value > 1)
        {
            s1 = TLanes.MultiplyAdd(w, x1, s1);
        }

        if (TWidth.Value > 2)
        {
            s2 = TLanes.MultiplyAdd(w, x2, s2);
        }

        if (TWidth.Value > 3)
        {
            s3 = TLanes.MultiplyAdd(w, x3, s3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TLanes, TVector, TWidth>(float* sum, TVector s0, TVector s1, TVector s2, TVector s3)
        where TLanes : struct, SmallSymmetric.ILanes<TVector>
        where TVector : struct
        where TWidth : struct, ISize
    {
        TLanes.Store(TLanes.Add(TLanes.Load(sum), s0), sum);
        if (TWidth.Value > 1)
        {
            TLanes.Store(TLanes.Add(TLanes.Load(sum + TLanes.Count), s1), sum + TLanes.Count);
        }

        if (TWidth.Value > 2)
        {
            TLanes.Store(TLanes.Add(TLanes.Load(sum + (2 * TLanes.Count)), s2), sum + (2 * TLanes.Count));
        }

        if (TWidth.Value > 3)
        {
            TLanes.Store(TLanes.Add(TLanes.Load(sum + (3 * TLanes.Count)), s3), sum + (3 * TLanes.Count));
        }
    }

    private interface ISize
    {
        static abstract int Value { get; }
    }

    private readonly struct One : ISize
    {
        public static int Value => 1;
    }

    private readonly struct Two : ISize
    {
        public static int Value => 2;
    }

    private readonly struct Three : ISize
    {
        public static int Value => 3;
    }

    private readonly struct Four : ISize
    {
        public static int Value => 4;
    }

    private readonly struct Five : ISize
    {
        public static int Value => 5;
    }

    private readonly record struct Work(
        nint Index, nint Weights, int WeightStride, int Count, nint Dense, int Columns, nint Sums, int SumStride, int Sets, int Following);
}
