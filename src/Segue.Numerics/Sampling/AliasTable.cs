namespace Segue.Numerics.Sampling;

/// <summary>Draws indices with given probabilities, each in constant time.</summary>
/// <remarks>
/// Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 1991. O(n) to make, 8 bytes an index.
/// Immutable, may be shared by threads with a generator each.
/// </remarks>
public sealed class AliasTable
{
    private readonly float[] _keep;
    private readonly int[] _other;

    /// <summary>A table for probabilities in proportion to <paramref name="weights"/>.</summary>
    /// <exception cref="ArgumentException">A weight is negative or not finite, or all are 0.</exception>
    public AliasTable(ReadOnlySpan<double> weights)
    {
        double total = 0;
        for (int n = 0; n < weights.Length; n++)
        {
            if (!(weights[n] >= 0 && double.IsFinite(weights[n])))
            {
                throw new ArgumentException($"weight {n} is {weights[n]}; give finite weights of at least 0", nameof(weights));
            }

            total += weights[n];
        }

        if (!(total > 0 && double.IsFinite(total)))
        {
            throw new ArgumentException($"{weights.Length} weights add up to {total}; give at least one above 0", nameof(weights));
        }

        int count = weights.Length;
        _keep = new float[count];
        _other = new int[count];
        var share = new double[count];
        var small = new Stack<int>();
        var large = new Stack<int>();
        for (int n = 0; n < count; n++)
        {
            share[n] = weights[n] / total * count;
            (share[n] < 1 ? small : large).Push(n);
        }

        while (small.Count > 0 && large.Count > 0)
        {
            int low = small.Pop(), high = large.Pop();
            (_keep[low], _other[low]) = ((float)share[low], high);
            share[high] -= 1 - share[low];
            (share[high] < 1 ? small : large).Push(high);
        }

        // What rounding leaves over is a full column of its own, unless its weight is 0.
        foreach (int n in small.Concat(large))
        {
            (_keep[n], _other[n]) = weights[n] > 0 ? (1f, n) : (0f, LargestOf(weights));
        }
    }

    /// <summary>Number of indices.</summary>
    public int Count => _keep.Length;

    /// <summary>Draws an index; one of weight 0 never comes.</summary>
    public int Draw(Rng rng)
    {
        ArgumentNullException.ThrowIfNull(rng);
        int column = rng.Next(_keep.Length);
        return rng.NextSingle() < _keep[column] ? column : _other[column];
    }

    private static int LargestOf(ReadOnlySpan<double> weights)
    {
        int largest = 0;
        for (int n = 1; n < weights.Length; n++)
        {
            largest = weights[n] > weights[largest] ? n : largest;
        }

        return largest;
    }
}
