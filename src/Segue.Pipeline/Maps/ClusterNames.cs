namespace Segue.Pipeline.Maps;

/// <summary>Names groups of points by what is typical of them: tags, else artists, else the most heard titles.</summary>
internal static class ClusterNames
{
    private const int Most = 2;

    /// <summary>One name for each group 0 … <paramref name="count"/> − 1; empty where nothing is known of its points.</summary>
    /// <param name="clusters">Group of every point.</param>
    /// <param name="count">Number of groups.</param>
    /// <param name="weights">Interactions of every point.</param>
    /// <param name="labels">Tag or artist of every point, or null.</param>
    /// <param name="titles">Name of every point, for groups of which no label is known.</param>
    /// <remarks>
    /// A label's worth for a group is p · ln(p / q), p its share of the group's interactions and q its share of all: its part of the Kullback-Leibler divergence.
    /// A label that is everywhere names no group, nor does one that hardly occurs.
    /// </remarks>
    public static string[] Of(IReadOnlyList<int> clusters, int count, IReadOnlyList<int> weights, MapNames? labels, IReadOnlyList<string> titles)
    {
        var ofGroup = new Dictionary<int, double>[count];
        var ofAll = new Dictionary<int, double>();
        var sums = new double[count];
        double sum = 0;
        for (int point = 0; point < clusters.Count; point++)
        {
            int label = labels is null ? -1 : labels.Of[point], group = clusters[point];
            double weight = 1 + weights[point];
            sums[group] += weight;
            sum += weight;
            if (label >= 0)
            {
                Dictionary<int, double> here = ofGroup[group] ??= [];
                here[label] = here.GetValueOrDefault(label) + weight;
                ofAll[label] = ofAll.GetValueOrDefault(label) + weight;
            }
        }

        var names = new string[count];
        for (int group = 0; group < count; group++)
        {
            string[] typical = ofGroup[group] is not { } here ? [] :
            [
                .. here.Select(l => (l.Key, Worth: l.Value / sums[group] * Math.Log(l.Value / sums[group] / (ofAll[l.Key] / sum))))
                    .Where(l => l.Worth > 0).OrderByDescending(l => l.Worth).ThenBy(l => l.Key).Take(Most).Select(l => labels!.Names[l.Key]),
            ];
            names[group] = string.Join(", ", typical.Length > 0 ? typical : Heard(group));
        }

        return names;

        IEnumerable<string> Heard(int group) => Enumerable.Range(0, clusters.Count).Where(p => clusters[p] == group)
            .OrderByDescending(p => weights[p]).ThenBy(p => p).Take(Most).Select(p => titles[p]);
    }
}
