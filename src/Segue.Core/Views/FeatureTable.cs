using Segue.Core.Data;
using Segue.Numerics.Dense;

namespace Segue.Core.Views;

/// <summary>The item features of a dataset, standardised: every column has mean 0 and deviation 1 over the items that know it.</summary>
/// <remarks>
/// Mean and deviation are taken over all items of the catalog, listened to or not: what a track sounds like is known before anybody
/// hears it, and no interaction is looked at. A missing value becomes 0, the column's mean. A column without two different known
/// values is 0 everywhere.
/// </remarks>
public sealed class FeatureTable
{
    private readonly bool[] _isKnown;

    private FeatureTable(IReadOnlyList<string> names, DenseMatrix values, bool[] isKnown, double[] mean, double[] deviation)
    {
        Names = names;
        Values = values;
        _isKnown = isKnown;
        Mean = mean;
        Deviation = deviation;
    }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Items × columns, standardised; 0 where the value is unknown or the column constant.</summary>
    public DenseMatrix Values { get; }

    /// <summary>True by item where at least one feature is known.</summary>
    public ReadOnlySpan<bool> IsKnown => _isKnown;

    /// <summary>Mean of every column before standardising, over the items that know it; 0 where none does.</summary>
    public IReadOnlyList<double> Mean { get; }

    /// <summary>Standard deviation (of the population) of every column before standardising; 0 where it is constant.</summary>
    public IReadOnlyList<double> Deviation { get; }

    /// <summary>Standardises the features of <paramref name="dataset"/>. O(items · columns).</summary>
    /// <param name="dataset">A dataset whose catalog has features.</param>
    /// <param name="owner">Who needs them, for the message, for example <c>model 'feature-knn'</c>.</param>
    /// <exception cref="DatasetException">The dataset has no feature column, or no item knows a value; the message names the import that adds them.</exception>
    public static FeatureTable Of(Dataset dataset, string owner)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        int width = dataset.Catalog.FeatureNames.Count, items = dataset.Items.Count;
        ReadOnlySpan<float> raw = dataset.Catalog.Features.Span;
        var isKnown = new bool[items];
        for (int n = 0; n < raw.Length; n++)
        {
            isKnown[n / width] |= float.IsFinite(raw[n]);
        }

        if (!isKnown.Contains(true))
        {
            throw new DatasetException(
                $"{owner} needs features of the items (features.npy: danceability, energy, …), and dataset '{dataset.Name}' has "
                + $"{(raw.IsEmpty ? "no feature column" : "not one known value in its feature columns")}; join a table of them: "
                + "segue import audio-features TABLE --dataset DATASET --out NEW, or \"join_features\" in a recipe");
        }

        var values = new float[raw.Length];
        var mean = new double[width];
        var deviation = new double[width];
        for (int f = 0; f < width; f++)
        {
            (mean[f], deviation[f]) = Moments(raw, f, width);
            for (int n = f; n < raw.Length && deviation[f] > 0; n += width)
            {
                values[n] = float.IsFinite(raw[n]) ? (float)((raw[n] - mean[f]) / deviation[f]) : 0;
            }
        }

        return new FeatureTable(dataset.Catalog.FeatureNames, new DenseMatrix(items, width, values), isKnown, mean, deviation);
    }

    private static (double Mean, double Deviation) Moments(ReadOnlySpan<float> raw, int column, int width)
    {
        // Welford's update: no cancellation where the mean is far from 0, as with durations in milliseconds.
        double count = 0, mean = 0, squares = 0;
        for (int n = column; n < raw.Length; n += width)
        {
            if (float.IsFinite(raw[n]))
            {
                count++;
                double off = raw[n] - mean;
                mean += off / count;
                squares += off * (raw[n] - mean);
            }
        }

        return count == 0 ? (0, 0) : (mean, Math.Sqrt(squares / count));
    }
}
