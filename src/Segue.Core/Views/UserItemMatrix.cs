using Segue.Core.Data;
using Segue.Numerics.Sparse;

namespace Segue.Core.Views;

/// <summary>A dataset seen as a users × items matrix: one entry a pair, order and time forgotten.</summary>
public static class UserItemMatrix
{
    /// <summary>Weights of repeated pairs added up (play counts). O(interactions).</summary>
    public static CsrMatrix Sum(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        dataset.CheckIndices();
        return CsrMatrix.FromTriplets(
            dataset.Users.Count, dataset.Items.Count, dataset.UserIndex.Span, dataset.ItemIndex.Span, dataset.Weight.Span);
    }

    /// <summary>1 for every pair that occurs. O(interactions).</summary>
    public static CsrMatrix Binary(Dataset dataset)
    {
        CsrMatrix sum = Sum(dataset);
        Array.Fill(sum.Values, 1f);
        return sum;
    }
}
