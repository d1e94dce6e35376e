namespace Segue.Evaluation.Protocol;

/// <summary>Values that belong together, as one: the sessions of one listener are drawn and swapped as a whole.</summary>
internal static class Clusters
{
    /// <summary>Mean and weight of every cluster, by the first of its values; without clusters the values themselves. NaN is left out.</summary>
    /// <param name="values">Values; NaN where undefined.</param>
    /// <param name="weights">Weight of every value, or null where all count once.</param>
    /// <param name="clusters">Number of the cluster of every value, or empty where every value is alone.</param>
    /// <remarks>The mean over all values stays what it is. Sums run in ascending order, so that the order of the values changes no bit.</remarks>
    public static (double[] Values, double[]? Weights) Merge(double[] values, double[]? weights, ReadOnlySpan<int> clusters)
    {
        if (clusters.IsEmpty)
        {
            return (values, weights);
        }

        if (clusters.Length != values.Length)
        {
            throw new ArgumentException($"{clusters.Length} clusters for {values.Length} values; give one a value, or none", nameof(clusters));
        }

        var members = new Dictionary<int, List<(double Value, double Weight)>>();
        var order = new List<List<(double Value, double Weight)>>();
        for (int n = 0; n < values.Length; n++)
        {
            if (!double.IsNaN(values[n]))
            {
                if (!members.TryGetValue(clusters[n], out List<(double Value, double Weight)>? cluster))
                {
                    members[clusters[n]] = cluster = [];
                    order.Add(cluster);
                }

                cluster.Add((values[n], weights?[n] ?? 1.0));
            }
        }

        double[] sums = new double[order.Count], merged = new double[order.Count];
        for (int c = 0; c < order.Count; c++)
        {
            order[c].Sort();
            sums[c] = order[c].Sum(m => m.Weight);
            merged[c] = sums[c] > 0 ? order[c].Sum(m => m.Value * m.Weight) / sums[c] : 0;
        }

        return (merged, sums);
    }
}
