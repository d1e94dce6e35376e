using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Core.Splitting;

/// <summary>The distinct (user, item) pairs of a dataset, and which pair every interaction belongs to.</summary>
internal sealed class PairTable
{
    private readonly int[] _pairOfRow;

    private PairTable(int[] userStart, int[] pairOfRow, int[] item)
    {
        UserStart = userStart;
        _pairOfRow = pairOfRow;
        Item = item;
    }

    /// <summary>Start of every user's pairs; length users + 1.</summary>
    public int[] UserStart { get; }

    /// <summary>Item of every pair, in order of first appearance within the user.</summary>
    public int[] Item { get; }

    /// <summary>Number of distinct pairs.</summary>
    public int Count => Item.Length;

    public static PairTable Of(Dataset dataset)
    {
        int[] rowStart = dataset.UserStart();
        ReadOnlySpan<int> item = dataset.ItemIndex.Span;
        var pairOfItem = new int[dataset.Items.Count];
        Array.Fill(pairOfItem, -1);
        var userStart = new int[dataset.Users.Count + 1];
        var pairOfRow = new int[dataset.Count];
        var items = new List<int>();
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = rowStart[u]; n < rowStart[u + 1]; n++)
            {
                // Pairs of earlier users have smaller numbers, so the table needs no clearing between users.
                if (pairOfItem[item[n]] < userStart[u])
                {
                    pairOfItem[item[n]] = items.Count;
                    items.Add(item[n]);
                }

                pairOfRow[n] = pairOfItem[item[n]];
            }

            userStart[u + 1] = items.Count;
        }

        return new PairTable(userStart, pairOfRow, [.. items]);
    }

    /// <summary>The part of every interaction from the part of every pair.</summary>
    public Part[] ToRows(ReadOnlySpan<Part> partOfPair)
    {
        CancellationScope.Check();
        var part = new Part[_pairOfRow.Length];
        for (int n = 0; n < part.Length; n++)
        {
            part[n] = partOfPair[_pairOfRow[n]];
        }

        return part;
    }
}
