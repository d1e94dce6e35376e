using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Segue.Numerics;

namespace Segue.Neural.Autodiff;

/// <summary>output = f(x) for whole spans.</summary>
internal interface IMap
{
    static abstract void Apply(ReadOnlySpan<float> x, Span<float> output);
}

/// <summary>What a gradient g of y = f(x) means for x, from one value that was kept: y or x.</summary>
internal interface IGradientMap
{
    static abstract Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor);
}

/// <summary>Loops over values, in chunks that do not depend on the number of threads.</summary>
internal static unsafe class Kernels
{
    /// <summary>Values below which a second thread costs more than it brings.</summary>
    public const int Large = 1 << 16;

    private const int Chunk = 1 << 14;

    public static void Map<TMap>(ReadOnlySpan<float> x, Span<float> output, int threads)
        where TMap : struct, IMap
    {
        if (x.Length < Large)
        {
            // A sigmoid of nothing is refused by the library.
            if (!x.IsEmpty)
            {
                TMap.Apply(x, output);
            }

            return;
        }

        // In chunks with one thread as well: the last elements of a span are worked out by other code than the ones before, and round differently.
        fixed (float* px = x, po = output)
        {
            Workers.Run(x.Length, Chunk, threads, new Pointers((nint)px, 0, (nint)po, 0f), static (in Pointers p, int start, int end, int _) =>
                TMap.Apply(new ReadOnlySpan<float>((float*)p.X + start, end - start), new Span<float>((float*)p.Output + start, end - start)));
        }
    }

    /// <summary>output += f'(…) · gradient.</summary>
    public static void AddMapped<TMap>(ReadOnlySpan<float> gradient, ReadOnlySpan<float> kept, Span<float> output, float factor, int threads)
        where TMap : struct, IGradientMap
    {
        if (gradient.Length < Large || threads == 1)
        {
            AddMapped<TMap>(gradient, kept, output, factor);
            return;
        }

        fixed (float* pg = gradient, pk = kept, po = output)
        {
            Workers.Run(
                gradient.Length, Chunk, threads, new Pointers((nint)pg, (nint)pk, (nint)po, factor),
                static (in Pointers p, int start, int end, int _) => AddMapped<TMap>(
                    new((float*)p.X + start, end - start), new((float*)p.Y + start, end - start), new((float*)p.Output + start, end - start), p.Factor));
        }
    }

    /// <summary>output += factor · x.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float factor, Span<float> output, int threads)
    {
        if (x.Length < Large || threads == 1)
        {
            AddScaled(x, factor, output);
            return;
        }

        fixed (float* px = x, po = output)
        {
            Workers.Run(x.Length, Chunk, threads, new Pointers((nint)px, 0, (nint)po, factor), static (in Pointers p, int start, int end, int _) =>
                AddScaled(new((float*)p.X + start, end - start), p.Factor, new((float*)p.Output + start, end - start)));
        }
    }

    /// <summary>output = factor · x, or output += factor · x where <paramref name="add"/> is set.</summary>
    public static void Scale(ReadOnlySpan<float> x, float factor, Span<float> output, bool add, int threads)
    {
        if (add)
        {
            AddScaled(x, factor, output, threads);
            return;
        }

        fixed (float* px = x, po = output)
        {
            Workers.Run(
                x.Length, Chunk, x.Length < Large ? 1 : threads, new Pointers((nint)px, 0, (nint)po, factor), static (in Pointers p, int start, int end, int _) =>
                    Scale(new ReadOnlySpan<float>((float*)p.X + start, end - start), p.Factor, new Span<float>((float*)p.Output + start, end - start)));
        }
    }

    /// <summary>output = x ⊙ y, or output += x ⊙ y where <paramref name="add"/> is set.</summary>
    public static void Multiply(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> output, bool add, int threads)
    {
        fixed (float* px = x, py = y, po = output)
        {
            Workers.Run(
                x.Length, Chunk, x.Length < Large ? 1 : threads, new Pointers((nint)px, (nint)py, (nint)po, add ? 1f : 0f), static (in Pointers p, int start, int end, int _) =>
                {
                    var target = new Span<float>((float*)p.Output + start, end - start);
                    ReadOnlySpan<float> left = new((float*)p.X + start, end - start), right = new((float*)p.Y + start, end - start);
                    if (p.Factor > 0f)
                    {
                        TensorPrimitives.MultiplyAdd(left, right, target, target);
                    }
                    else
                    {
                        TensorPrimitives.Multiply(left, right, target);
                    }
                });
        }
    }

    /// <summary>output = x + y.</summary>
    public static void Add(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> output, int threads)
    {
        fixed (float* px = x, py = y, po = output)
        {
            Workers.Run(
                x.Length, Chunk, x.Length < Large ? 1 : threads, new Pointers((nint)px, (nint)py, (nint)po, 0f), static (in Pointers p, int start, int end, int _) =>
                    TensorPrimitives.Add(
                        new ReadOnlySpan<float>((float*)p.X + start, end - start), new ReadOnlySpan<float>((float*)p.Y + start, end - start),
                        new Span<float>((float*)p.Output + start, end - start)));
        }
    }

    /// <summary>Σ x · y, in single precision within chunks and in double precision over them.</summary>
    public static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int n = 0; n < x.Length; n += Chunk)
        {
            int length = Math.Min(Chunk, x.Length - n);
            sum += TensorPrimitives.Dot(x.Slice(n, length), y.Slice(n, length));
        }

        return (float)sum;
    }

    /// <summary>Rows of a matrix in chunks of about as many values.</summary>
    public static int RowChunk(int columns) => Math.Max(1, Chunk / Math.Max(1, columns));

    private static void Scale(ReadOnlySpan<float> x, float factor, Span<float> output)
    {
        if (factor == 1f)
        {
            x.CopyTo(output);
        }
        else
        {
            TensorPrimitives.Multiply(x, factor, output);
        }
    }

    private static void AddScaled(ReadOnlySpan<float> x, float factor, Span<float> output)
    {
        if (factor == 1f)
        {
            TensorPrimitives.Add(x, output, output);
        }
        else
        {
            TensorPrimitives.MultiplyAdd(x, factor, output, output);
        }
    }

    private static void AddMapped<TMap>(ReadOnlySpan<float> gradient, ReadOnlySpan<float> kept, Span<float> output, float factor)
        where TMap : struct, IGradientMap
    {
        var times = new Vector<float>(factor);
        int width = Vector<float>.Count, end = gradient.Length - (gradient.Length % width);
        ref float g = ref MemoryMarshal.GetReference(gradient), k = ref MemoryMarshal.GetReference(kept), o = ref MemoryMarshal.GetReference(output);
        for (int n = 0; n < end; n += width)
        {
            Vector<float> sum = Vector.LoadUnsafe(ref o, (nuint)n)
                + TMap.Of(Vector.LoadUnsafe(ref g, (nuint)n), Vector.LoadUnsafe(ref k, (nuint)n), times);
            sum.StoreUnsafe(ref o, (nuint)n);
        }

        if (end == gradient.Length)
        {
            return;
        }

        // The rest as one vector of its own; the lanes beyond hold ones, which no map divides by zero.
        Span<float> lanes = stackalloc float[2 * width];
        lanes.Fill(1f);
        gradient[end..].CopyTo(lanes);
        kept[end..].CopyTo(lanes[width..]);
        Vector<float> rest = TMap.Of(new Vector<float>(lanes), new Vector<float>(lanes[width..]), times);
        for (int n = end; n < gradient.Length; n++)
        {
            output[n] += rest[n - end];
        }
    }

    private readonly record struct Pointers(nint X, nint Y, nint Output, float Factor);
}
