using System.Runtime.CompilerServices;
using Segue.Numerics.Dense;
using Xunit;

namespace Segue.Numerics.Tests.Dense;

public sealed unsafe class AlignedBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Starts_on_a_cache_line_with_zeros(int length)
    {
        var buffer = new AlignedBuffer(length);
        Assert.Equal(length, buffer.Length);
        Assert.Equal(0, (nint)buffer.Pointer % 64);
        Assert.All(buffer.Span.ToArray(), v => Assert.Equal(0f, v));
        buffer.Span.Fill(2f);
        for (int i = 0; i < length; i++)
        {
            Assert.Equal(2f, buffer.Pointer[i]);
        }
    }

    [Fact]
    public void Span_pointer_and_slice_show_the_same_floats()
    {
        var buffer = new AlignedBuffer(100);
        buffer.Pointer[40] = 7f;
        Assert.Equal(7f, buffer.Span[40]);
        Assert.Equal(7f, buffer.Slice(38, 5)[2]);
        GC.KeepAlive(buffer);
    }

    [Fact]
    public void A_part_outside_is_refused()
    {
        var buffer = new AlignedBuffer(100);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(-1, 5).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Slice(96, 5).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => new AlignedBuffer(-1));
    }

    /// <summary>A buffer that never leaves its method must not be taken apart by the compiler: its array would go while it is in use.</summary>
    [Fact]
    public void A_buffer_of_one_method_lives_as_long_as_it_is_named_or_its_span_is_used()
    {
        for (int round = 0; round < 200; round++)
        {
            if (round % 50 == 49)
            {
                // The runtime compiles a method anew, with what it has seen so far, a tenth of a second after thirty calls.
                Thread.Sleep(250);
            }

            Assert.Equal((1000f, 1000f), SumsOfLocalBuffers());
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (float Pointer, float Span) SumsOfLocalBuffers()
    {
        var first = new AlignedBuffer(1000);
        float* pointer = first.Pointer;
        for (int i = 0; i < 1000; i++)
        {
            pointer[i] = 1f;
        }

        Span<float> span = Ones();
        Overwrite();
        float byPointer = 0, bySpan = 0;
        for (int i = 0; i < 1000; i++)
        {
            byPointer += pointer[i];
            bySpan += span[i];
        }

        return (byPointer + first.Span[0] - first.Length + 999, bySpan);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<float> Ones()
    {
        var buffer = new AlignedBuffer(1000);
        buffer.Span.Fill(1f);
        return buffer.Span;
    }

    /// <summary>Collects what nothing holds and writes over where it was.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Overwrite()
    {
        GC.Collect(0);
        GC.Collect();
        for (int i = 0; i < 8; i++)
        {
            GC.AllocateArray<float>(1016, pinned: true).AsSpan().Fill(-1f);
        }
    }
}
