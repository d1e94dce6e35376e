using Segue.Core.Data;

namespace Segue.Core.Views;

/// <summary>The part of a dataset whose items have features.</summary>
public static class FeatureFilter
{
    /// <summary>Only the items with at least one known feature, and the users with an interaction left. O(interactions + items · columns).</summary>
    /// <exception cref="DatasetException">No item has a feature; the message names the import that adds them.</exception>
    public static Dataset OnlyKnown(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ReadOnlySpan<bool> isKnown = FeatureTable.Of(dataset, "only_with_features").IsKnown;
        dataset.CheckIndices();
        var keepUser = new bool[dataset.Users.Count];
        ReadOnlySpan<int> user = dataset.UserIndex.Span, item = dataset.ItemIndex.Span;
        for (int n = 0; n < item.Length; n++)
        {
            keepUser[user[n]] |= isKnown[item[n]];
        }

        return dataset.Restrict(keepUser, isKnown);
    }
}
