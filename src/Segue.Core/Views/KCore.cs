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
        (_, bool[] keepUser, bool[] keepItem) = Masks(UserItemMatrix.Binary(dataset), [k]).First();
        return dataset.Restrict(keepUser, keepItem);
    }

    /// <summary>Which users and items the K-cores keep, one core after the other, without making them.</summary>
    /// <param name="byUser">Users × items, an entry for every pair.</param>
    /// <param name="ascending">Every K, ascending: a core lies inside the one before it.</param>
    /// <returns>For each K the users and the items; valid until the next.</returns>
    public static IEnumerable<(int K, bool[] Users, bool[] Items)> Masks(CsrMatrix byUser, IReadOnlyList<int> ascending)
    {
        ArgumentNullException.ThrowIfNull(byUser);
        ArgumentNullException.ThrowIfNull(ascending);
        CsrMatrix byItem = byUser.Transpose();
        int[] userDegree = Degrees(byUser), itemDegree = Degrees(byItem);
        bool[] keepUser = new bool[userDegree.Length], keepItem = new bool[itemDegree.Length];
        Array.Fill(keepUser, true);
        Array.Fill(keepItem, true);
        var pending = new Stack<(bool IsUser, int Index)>();
        foreach (int wanted in ascending)
        {
            int k = Math.Max(wanted, 1);
            Drop(userDegree, keepUser, true);
            Drop(itemDegree, keepItem, false);
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

            yield return (wanted, keepUser, keepItem);

            void Drop(int[] degree, bool[] keep, bool isUser)
            {
                for (int i = 0; i < degree.Length; i++)
                {
                    if (keep[i] && degree[i] < k)
                    {
                        keep[i] = false;
                        pending.Push((isUser, i));
                    }
                }
            }
        }
    }

    private static int[] Degrees(CsrMatrix matrix) => [.. Enumerable.Range(0, matrix.Rows).Select(matrix.RowLength)];
}
