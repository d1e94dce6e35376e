using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Pipeline.Description;

/// <summary>The features of the items as charts: a histogram each, and how they go together.</summary>
/// <param name="Histograms">One for every feature with a known value.</param>
/// <param name="Correlations">Pearson correlations over the items that know both, in the order of the histograms; null where one of the two is constant.</param>
public sealed record FeatureCharts(IReadOnlyList<FeatureHistogram> Histograms, IReadOnlyList<IReadOnlyList<double?>> Correlations)
{
    private const int Bins = 40;

    internal static FeatureCharts Of(Catalog catalog)
    {
        float[][] columns = [.. Enumerable.Range(0, catalog.Features.IsEmpty ? 0 : catalog.FeatureNames.Count).Select(f => FeatureSummary.Column(catalog, f))];
        int[] known = [.. Enumerable.Range(0, columns.Length).Where(f => Array.Exists(columns[f], float.IsFinite))];
        return new FeatureCharts(
            [.. known.Select(f => FeatureHistogram.Of(catalog.FeatureNames[f], columns[f], Bins))],
            [.. known.Select(a => (IReadOnlyList<double?>)[.. known.Select(b => Correlation(columns[a], columns[b]))])]);
    }

    private static double? Correlation(float[] a, float[] b)
    {
        CancellationScope.Check();
        double count = 0, meanA = 0, meanB = 0, aa = 0, bb = 0, ab = 0;
        for (int i = 0; i < a.Length; i++)
        {
            if (float.IsFinite(a[i]) && float.IsFinite(b[i]))
            {
                // Welford's update: no cancellation where the mean is far from 0, as with durations.
                count++;
                double da = a[i] - meanA, db = b[i] - meanB;
                meanA += da / count;
                meanB += db / count;
                aa += da * (a[i] - meanA);
                bb += db * (b[i] - meanB);
                ab += da * (b[i] - meanB);
            }
        }

        return aa > 0 && bb > 0 ? Math.Clamp(ab / Math.Sqrt(aa * bb), -1, 1) : null;
    }
}
