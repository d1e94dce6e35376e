using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Segue.Numerics.Dense;

/// <summary>
/// Floats that start on a 64-byte boundary and never move, for kernels whose 512-bit loads must not straddle cache lines.
/// </summary>
/// <remarks>
/// A pinned array of the collector's own heap: no native memory, nothing to dispose. Zero at first. Spans keep the floats alive,
/// pointers do not: whoever takes <see cref="Pointer"/> names the buffer, or what holds it, again after the last use
/// (<see cref="GC.KeepAlive(object?)"/>).
/// </remarks>
public sealed unsafe class AlignedBuffer
{
    private readonly float[] _array;
    private readonly int _offset;

    /// <summary>A zero buffer of <paramref name="length"/> floats.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or above what one array can hold.</exception>
    /// <remarks>
    /// Not inlined: the compiler would take a buffer that stays in one method apart, see that nothing reads its array again, and let
    /// the collector have it while pointers are in use.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Array.MaxLength - 16);
        Length = (int)length;
        _array = GC.AllocateArray<float>(Length + 16, pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
        Pointer = (float*)((start + 63) & ~(nint)63);
        _offset = (int)(((nint)Pointer - start) / sizeof(float));
    }

    /// <summary>Number of floats.</summary>
    public int Length { get; }

    /// <summary>The first float; valid while this object is reachable, which the pointer itself does not see to.</summary>
    public float* Pointer { get; }

    /// <summary>The floats as a span.</summary>
    public Span<float> Span => _array.AsSpan(_offset, Length);

    /// <summary>A part of the floats.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part lies outside the buffer.</exception>
    public Span<float> Slice(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, Length);
        return _array.AsSpan(_offset + (int)start, length);
    }
}
