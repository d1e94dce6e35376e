using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Core.Views;

/// <summary>What the weight of a user–item pair is made of.</summary>
public enum WeightMode
{
    /// <summary>The interactions as they are.</summary>
    None,

    /// <summary>1 for every pair.</summary>
    Binary,

    /// <summary>ln(1 + plays).</summary>
    Log,

    /// <summary>ln(plays) over the user's largest ln(plays): from 0 (played once) to 1 (the user's favourite).</summary>
    LogShare,

    /// <summary>plays over all plays of the user.</summary>
    Share,
}

/// <summary>Rewrites the weights of a dataset, for example <c>"weights": "log_share"</c> in a recipe.</summary>
/// <remarks>
/// All modes but <see cref="WeightMode.None"/> first add up the weights of repeated pairs (plays) and leave one interaction a pair,
/// at the place and time of its last play. They look at the whole dataset they are given: apply them before a cut where the
/// weight itself is what is predicted, as in the regression on HetRec-2011 Last.fm.
/// </remarks>
public static class WeightTransform
{
    /// <summary>A dataset with the same users and items and new weights. O(interactions).</summary>
    /// <param name="dataset">Interactions with play counts as weights, or one row a play.</param>
    /// <param name="mode">The new weight.</param>
    /// <exception cref="DatasetException">The mode needs the logarithm of a play count below 1, or a weight is not positive.</exception>
    public static Dataset Apply(Dataset dataset, WeightMode mode)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (mode == WeightMode.None)
        {
            return dataset;
        }

        int[] start = dataset.UserStart();
        ReadOnlySpan<int> item = dataset.ItemIndex.Span;
        ReadOnlySpan<float> weight = dataset.Weight.Span;
        var plays = new double[dataset.Items.Count];
        var isOpen = new bool[dataset.Items.Count];
        var rows = new List<int>();
        var weights = new List<float>();
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            int first = rows.Count;
            for (int n = start[u]; n < start[u + 1]; n++)
            {
                plays[item[n]] += weight.IsEmpty ? 1 : weight[n];
                isOpen[item[n]] = true;
            }

            // Backwards, so that the last play of a pair is met first.
            for (int n = start[u + 1] - 1; n >= start[u]; n--)
            {
                if (isOpen[item[n]])
                {
                    rows.Add(n);
                    weights.Add((float)Check(dataset, u, item[n], plays[item[n]], mode));
                    plays[item[n]] = 0;
                    isOpen[item[n]] = false;
                }
            }

            rows.Reverse(first, rows.Count - first);
            weights.Reverse(first, weights.Count - first);
            Rewrite(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(weights)[first..], mode);
        }

        return dataset.Select([.. rows]) with { Weight = mode == WeightMode.Binary ? ReadOnlyMemory<float>.Empty : weights.ToArray() };
    }

    private static void Rewrite(Span<float> plays, WeightMode mode)
    {
        double total = 0, largest = 0;
        foreach (float count in plays)
        {
            total += count;
            largest = Math.Max(largest, Math.Log(count));
        }

        foreach (ref float value in plays)
        {
            value = (float)(mode switch
            {
                WeightMode.Binary => 1,
                WeightMode.Log => Math.Log(1.0 + value),
                WeightMode.Share => value / total,

                // Who played everything once has only favourites.
                _ => largest == 0 ? 1 : Math.Log(value) / largest,
            });
        }
    }

    private static double Check(Dataset dataset, int user, int item, double plays, WeightMode mode)
    {
        if (!(plays > 0) || !double.IsFinite(plays) || (mode == WeightMode.LogShare && plays < 1))
        {
            throw new DatasetException(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"user '{dataset.Users[user]}' has weight {plays} for item '{dataset.Items[item]}'; "
                + $"weights '{Contracts.OptionsText.Format(mode)}' need play counts{(mode == WeightMode.LogShare ? " of 1 and more" : " above 0")}"));
        }

        return plays;
    }
}
