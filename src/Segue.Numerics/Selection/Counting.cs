using System.Numerics;
using System.Runtime.InteropServices;

namespace Segue.Numerics.Selection;

/// <summary>Counts how many of some scores beat a value: what an exact rank is made of, without sorting.</summary>
/// <remarks>Vectorised, O(n), about four elements a nanosecond or more; no allocation. NaN, as score or as value, is never counted.</remarks>
public static class Counting
{
    /// <summary>Number of scores &gt; <paramref name="value"/>.</summary>
    public static int Above(ReadOnlySpan<float> scores, float value)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        int width = Vector<float>.Count, n = 0;
        var threshold = new Vector<float>(value);

        // A lane that compares true is −1, so subtracting counts. Two chains hide the latency.
        Vector<int> even = Vector<int>.Zero, odd = Vector<int>.Zero;
        for (; n <= scores.Length - (2 * width); n += 2 * width)
        {
            even -= Vector.GreaterThan(Vector.LoadUnsafe(ref first, (nuint)n), threshold);
            odd -= Vector.GreaterThan(Vector.LoadUnsafe(ref first, (nuint)(n + width)), threshold);
        }

        int count = Vector.Sum(even + odd);
        for (; n < scores.Length; n++)
        {
            count += scores[n] > value ? 1 : 0;
        }

        return count;
    }

    /// <summary>Number of scores ≥ <paramref name="value"/>.</summary>
    public static int AtLeast(ReadOnlySpan<float> scores, float value)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        int width = Vector<float>.Count, n = 0;
        var threshold = new Vector<float>(value);
        Vector<int> even = Vector<int>.Zero, odd = Vector<int>.Zero;
        for (; n <= scores.Length - (2 * width); n += 2 * width)
        {
            even -= Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref first, (nuint)n), threshold);
            odd -= Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref first, (nuint)(n + width)), threshold);
        }

        int count = Vector.Sum(even + odd);
        for (; n < scores.Length; n++)
        {
            count += scores[n] >= value ? 1 : 0;
        }

        return count;
    }

    /// <summary>Numbers of scores &gt; and ≥ <paramref name="value"/>, in one pass.</summary>
    public static (int Above, int AtLeast) Both(ReadOnlySpan<float> scores, float value)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        int width = Vector<float>.Count, n = 0;
        var threshold = new Vector<float>(value);
        Vector<int> above = Vector<int>.Zero, atLeast = Vector<int>.Zero;
        for (; n <= scores.Length - width; n += width)
        {
            var some = Vector.LoadUnsafe(ref first, (nuint)n);
            above -= Vector.GreaterThan(some, threshold);
            atLeast -= Vector.GreaterThanOrEqual(some, threshold);
        }

        int more = Vector.Sum(above), notLess = Vector.Sum(atLeast);
        for (; n < scores.Length; n++)
        {
            more += scores[n] > value ? 1 : 0;
            notLess += scores[n] >= value ? 1 : 0;
        }

        return (more, notLess);
    }

    /// <summary>The first place from <paramref name="from"/> on whose score equals <paramref name="value"/> (0 and −0 are equal), or −1.</summary>
    public static int NextEqual(ReadOnlySpan<float> scores, float value, int from)
    {
        ref float first = ref MemoryMarshal.GetReference(scores);
        int width = Vector<float>.Count, n = from;
        var wanted = new Vector<float>(value);
        while (n <= scores.Length - width && !Vector.EqualsAny(Vector.LoadUnsafe(ref first, (nuint)n), wanted))
        {
            n += width;
        }

        for (; n < scores.Length; n++)
        {
            if (scores[n] == value)
            {
                return n;
            }
        }

        return -1;
    }
}
