using System.Numerics;
using System.Runtime.InteropServices;

namespace Segue.Numerics.Selection;

/// <summary>The k best of a list of scores.</summary>
public static class TopK
{
    /// <summary>
    /// Writes the indices of the best scores, best first. Ties go to the lower index; NaN (cannot be scored) and −∞ (masked)
    /// are never selected.
    /// </summary>
    /// <param name="scores">Scores by index.</param>
    /// <param name="indices">Output; its length is k.</param>
    /// <param name="values">Output, the scores of <paramref name="indices"/>; same length.</param>
    /// <returns>How many were written: k, or fewer where fewer scores are finite or +∞.</returns>
    /// <remarks>
    /// A vectorised scan against the weakest kept score; survivors enter a binary heap. Time O(n + k log k log n) for scores in
    /// random order, O(n log k) at worst. No allocation.
    /// </remarks>
    public static int Select(ReadOnlySpan<float> scores, Span<int> indices, Span<float> values)
    {
        if (indices.Length != values.Length)
        {
            throw new ArgumentException($"indices has {indices.Length} places and values {values.Length}; give the same k");
        }

        int k = indices.Length;
        if (k == 0)
        {
            return 0;
        }

        int count = 0;
        int n = 0;
        while (n < scores.Length && count < k)
        {
            float score = scores[n];
            if (score > float.NegativeInfinity)
            {
                indices[count] = n;
                values[count] = score;
                SiftUp(indices, values, count++);
            }

            n++;
        }

        if (count == k)
        {
            ScanRest(scores, n, indices, values);
        }

        SortHeapDescending(indices[..count], values[..count]);
        return count;
    }

    private static void ScanRest(ReadOnlySpan<float> scores, int n, Span<int> indices, Span<float> values)
    {
        int width = Vector<float>.Count;
        float weakest = values[0];
        var threshold = new Vector<float>(weakest);
        ref float first = ref MemoryMarshal.GetReference(scores);
        while (n <= scores.Length - width)
        {
            // A later index loses every tie, so only strictly greater scores can enter; NaN compares false.
            if (Vector.GreaterThanAny(Vector.LoadUnsafe(ref first, (nuint)n), threshold))
            {
                int end = n + width;
                for (; n < end; n++)
                {
                    if (scores[n] > values[0])
                    {
                        ReplaceRoot(indices, values, n, scores[n]);
                    }
                }

                weakest = values[0];
                threshold = new Vector<float>(weakest);
            }
            else
            {
                n += width;
            }
        }

        for (; n < scores.Length; n++)
        {
            if (scores[n] > values[0])
            {
                ReplaceRoot(indices, values, n, scores[n]);
            }
        }
    }

    /// <summary>True where a is a worse entry than b: lower score, or equal score and higher index.</summary>
    private static bool Worse(float scoreA, int indexA, float scoreB, int indexB) =>
        scoreA < scoreB || (scoreA == scoreB && indexA > indexB);

    private static void SiftUp(Span<int> indices, Span<float> values, int child)
    {
        int index = indices[child];
        float value = values[child];
        while (child > 0)
        {
            int parent = (child - 1) >> 1;
            if (!Worse(value, index, values[parent], indices[parent]))
            {
                break;
            }

            indices[child] = indices[parent];
            values[child] = values[parent];
            child = parent;
        }

        indices[child] = index;
        values[child] = value;
    }

    private static void ReplaceRoot(Span<int> indices, Span<float> values, int index, float value)
    {
        int parent = 0;
        while (true)
        {
            int child = (2 * parent) + 1;
            if (child >= indices.Length)
            {
                break;
            }

            if (child + 1 < indices.Length && Worse(values[child + 1], indices[child + 1], values[child], indices[child]))
            {
                child++;
            }

            if (!Worse(values[child], indices[child], value, index))
            {
                break;
            }

            indices[parent] = indices[child];
            values[parent] = values[child];
            parent = child;
        }

        indices[parent] = index;
        values[parent] = value;
    }

    private static void SortHeapDescending(Span<int> indices, Span<float> values)
    {
        // The root is the worst: move it behind the shrinking heap, and the list comes out best first.
        for (int last = indices.Length - 1; last > 0; last--)
        {
            int index = indices[last];
            float value = values[last];
            indices[last] = indices[0];
            values[last] = values[0];
            ReplaceRoot(indices[..last], values[..last], index, value);
        }
    }
}
