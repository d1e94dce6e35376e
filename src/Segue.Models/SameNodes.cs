using Segue.Core;
using Segue.Core.Data;
using Segue.Numerics.Sparse;

namespace Segue.Models;

/// <summary>A dataset that comes after training, to be observed or to load a model with, must have the nodes of the one that was trained on.</summary>
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
    /// <summary>Compares what was stored, users × items, with a dataset.</summary>
    /// <param name="owner">For the message, for example <c>model 'item-rank'</c>.</param>
    /// <param name="stored">Users × items.</param>
    /// <param name="train">What the model is loaded with.</param>
    /// <exception cref="DatasetException">They differ.</exception>
    public static void CheckStored(string owner, CsrMatrix stored, Dataset train)
    {
        if (stored.Rows != train.Users.Count || stored.Columns != train.Items.Count)
        {
            throw new DatasetException(
                $"{owner} knows {stored.Rows} users and {stored.Columns} items, dataset '{train.Name}' has {train.Users.Count} and {train.Items.Count}; "
                + "give the dataset it was trained on");
        }
    }
}
