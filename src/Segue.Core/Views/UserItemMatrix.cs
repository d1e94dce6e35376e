using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Core.Views;

/// <summary>A dataset seen as a users × items matrix: one entry a pair, order and time forgotten.</summary>
public static class UserItemMatrix
{
    /// <summary>
    /// Weights of repeated pairs added up (play counts), in the order of the interactions. O(n log m) for n interactions of users
    /// with m each: users are ascending, so every row is sorted alone and in the cache.
    /// </summary>
    public static CsrMatrix Sum(Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        int[] start = dataset.UserStart();
        ReadOnlySpan<int> item = dataset.ItemIndex.Span;
        ReadOnlySpan<float> weight = dataset.Weight.Span;
        var rowStart = new int[start.Length];
        var columns = new int[item.Length];
        var values = new float[item.Length];
        long[] row = [];
        int count = 0;
        for (int u = 0; u + 1 < start.Length; u++)
        {
            CancellationScope.CheckAt(u);
            int length = start[u + 1] - start[u];
            if (row.Length < length)
            {
                row = new long[Math.Max(length, 2 * row.Length)];
            }

            // The place in the low half keeps equal items in their order, so that sums of floats do not depend on the sort.
            Span<long> keys = row.AsSpan(0, length);
            for (int n = 0; n < length; n++)
            {
                keys[n] = ((long)item[start[u] + n] << 32) | (uint)n;
            }

            keys.Sort();
            foreach (long key in keys)
            {
                int column = (int)(key >> 32);
                float value = weight.IsEmpty ? 1f : weight[start[u] + (int)(uint)key];
                if (count > rowStart[u] && columns[count - 1] == column)
                {
                    values[count - 1] += value;
                }
                else
                {
                    columns[count] = column;
                    values[count++] = value;
                }
            }

            rowStart[u + 1] = count;
        }

        return new CsrMatrix(dataset.Users.Count, dataset.Items.Count, rowStart, columns[..count], values[..count]);
    }

    /// <summary>1 for every pair that occurs. O(interactions).</summary>
    public static CsrMatrix Binary(Dataset dataset)
    {
        CsrMatrix sum = Sum(dataset);
        Array.Fill(sum.Values, 1f);
        return sum;
    }
}
