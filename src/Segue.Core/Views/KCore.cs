using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Core.Views;

/// <summary>The largest part of a dataset in which every user has at least K items and every item at least K users.</summary>
/// <remarks>Seidman, "Network structure and minimum degree", Social Networks 1983. Counts distinct pairs. O(interactions).</remarks>
public static class KCore
{
    /// <summary>The K-core of <paramref name="dataset"/>; K ≤ 1 removes only users and items without interactions.</summary>
    public static Dataset Of(Dataset dataset, int k)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        CsrMatrix byUser = UserItemMatrix.Binary(dataset), byItem = byUser.Transpose();
        k = Math.Max(k, 1);
        var userDegree = Degrees(byUser);
        var itemDegree = Degrees(byItem);
        var pending = new Stack<(bool IsUser, int Index)>();
        bool[] keepUser = Keep(userDegree, true), keepItem = Keep(itemDegree, false);
        for (int n = 0; pending.TryPop(out (bool IsUser, int Index) removed); n++)
        {
            CancellationScope.CheckAt(n);
            (CsrMatrix matrix, int[] degree, bool[] keep) = removed.IsUser ? (byUser, itemDegree, keepItem) : (byItem, userDegree, keepUser);
            foreach (int neighbour in matrix.RowColumns(removed.Index))
            {
                if (--degree[neighbour] < k && keep[neighbour])
                {
                    keep[neighbour] = false;
                    pending.Push((!removed.IsUser, neighbour));
                }
            }
        }

        return dataset.Restrict(keepUser, keepItem);

        bool[] Keep(int[] degree, bool isUser)
        {
            var keep = new bool[degree.Length];
            for (int i = 0; i < degree.Length; i++)
            {
                keep[i] = degree[i] >= k;
                if (!keep[i])
                {
                    pending.Push((isUser, i));
                }
            }

            return keep;
        }
    }

    private static int[] Degrees(CsrMatrix matrix) => [.. Enumerable.Range(0, matrix.Rows).Select(matrix.RowLength)];
}
