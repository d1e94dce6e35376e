using Segue.Core;
using Segue.Core.Data;

namespace Segue.Models;

/// <summary>A graph that is observed after training must have the nodes of the one that was trained on.</summary>
internal static class SameNodes
{
    /// <summary>Compares users and items.</summary>
    /// <exception cref="DatasetException">They differ.</exception>
    public static void Check(Dataset train, Dataset known)
    {
        ArgumentNullException.ThrowIfNull(known);
        if (known.Users.Count != train.Users.Count || known.Items.Count != train.Items.Count)
        {
            throw new DatasetException(
                $"'{known.Name}' has {known.Users.Count} users and {known.Items.Count} items, the model was trained with {train.Users.Count} and "
                + $"{train.Items.Count}; observe parts of one split");
        }
    }
}
