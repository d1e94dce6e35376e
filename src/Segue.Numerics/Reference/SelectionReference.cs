namespace Segue.Numerics.Reference;

/// <summary>Slow, obvious twin of the selection kernel.</summary>
public static class SelectionReference
{
    /// <summary>Indices of the k best scores by a full sort: higher score first, lower index first among equals, NaN and −∞ left out.</summary>
    public static int[] TopK(ReadOnlySpan<float> scores, int k)
    {
        float[] values = scores.ToArray();
        return [.. Enumerable.Range(0, values.Length)
            .Where(i => values[i] > float.NegativeInfinity)
            .OrderByDescending(i => values[i])
            .ThenBy(i => i)
            .Take(k)];
    }
}
