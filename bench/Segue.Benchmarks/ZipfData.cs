using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>Synthetic listening data of a given size, the same on every machine.</summary>
public static class ZipfData
{
    /// <summary>Distinct (user, item) pairs: items drawn with probability ∝ 1 / (rank + 10), users uniformly.</summary>
    public static CsrMatrix Matrix(int users, int items, int pairs, ulong seed = 1)
    {
        var rng = new Rng(seed, "bench/zipf");
        var cumulative = new double[items];
        double sum = 0;
        for (int i = 0; i < items; i++)
        {
            cumulative[i] = sum += 1.0 / (i + 10);
        }

        var seen = new HashSet<long>(pairs);
        var row = new int[pairs];
        var column = new int[pairs];
        while (seen.Count < pairs)
        {
            int user = rng.Next(users);
            int found = Array.BinarySearch(cumulative, rng.NextDouble() * sum);
            int item = Math.Min(found < 0 ? ~found : found, items - 1);
            int n = seen.Count;
            if (seen.Add(((long)user * items) + item))
            {
                (row[n], column[n]) = (user, item);
            }
        }

        return CsrMatrix.FromTriplets(users, items, row, column, []);
    }

    /// <summary>The same as a dataset.</summary>
    public static Dataset Dataset(int users, int items, int pairs, ulong seed = 1)
    {
        CsrMatrix matrix = Matrix(users, items, pairs, seed);
        var user = new int[matrix.Count];
        for (int u = 0; u < users; u++)
        {
            user.AsSpan(matrix.RowStart[u], matrix.RowLength(u)).Fill(u);
        }

        return new Dataset
        {
            Name = "zipf",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, users).Select(u => $"user {u}")),
            Items = new Vocabulary(Enumerable.Range(0, items).Select(i => $"item {i}")),
            UserIndex = user,
            ItemIndex = matrix.ColumnIndex,
        };
    }
}
