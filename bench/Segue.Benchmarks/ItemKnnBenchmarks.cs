using BenchmarkDotNet.Attributes;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Neighbors;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>Item–item cosine, top 100, on a matrix of playlists' shape.</summary>
public class ItemKnnBenchmarks
{
    private CsrMatrix _byItem = new(0, 0, [0], [], []), _byUser = new(0, 0, [0], [], []);
    private float[] _norms = [], _sums = [];

    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Distinct (user, item) pairs with Zipf item popularity and about equal, at least 10 long, users.</summary>
    public static CsrMatrix ZipfPairs(int users, int items, int pairs)
    {
        var rng = new Rng(1, "bench/item-knn");
        var cumulative = new double[items];
        double total = 0;
        for (int i = 0; i < items; i++)
        {
            // The exponent under which the busiest item has about as many listeners as in the playlists data.
            cumulative[i] = total += Math.Pow(i + 1, -0.6);
        }

        var user = new int[pairs];
        var item = new int[pairs];
        var taken = new HashSet<long>(pairs);
        for (int n = 0; n < pairs;)
        {
            int u = n < users * 10 ? n / 10 : rng.Next(users);
            int i = Array.BinarySearch(cumulative, rng.NextDouble() * total);
            i = i < 0 ? ~i : i;
            if (taken.Add(((long)u * items) + i))
            {
                (user[n], item[n]) = (u, i);
                n++;
            }
        }

        return CsrMatrix.FromTriplets(users, items, user, item, []);
    }

    [GlobalSetup]
    public void SetUp()
    {
        _byUser = ZipfPairs(39_318, 11_412, 1_100_228);
        _byItem = _byUser.Transpose();
        _norms = RowSimilarity.Norms(_byItem);
        _sums = new float[_byItem.Rows];
    }

    [Benchmark]
    public CsrMatrix TopRows() => RowSimilarity.TopRows(_byItem, _byUser, _norms, 0, 100, Threads);

    /// <summary>The inner loop alone, which must not allocate.</summary>
    [Benchmark]
    public float AddRows()
    {
        for (int u = 0; u < 1_000; u++)
        {
            RowSimilarity.AddRow(_byUser, u, 1f, _sums);
        }

        return _sums[0];
    }
}

/// <summary>Fit and scores of item-knn.</summary>
public sealed class ItemKnnTiming : IWholeTiming
{
    public string Name => "item-knn";

    public string Summary => "item–item cosine top 100, and all scores, 39,318 × 11,412 with 1.1 M Zipf pairs (users=, items=, pairs=, neighbors=)";

    public void Run(WholeContext context)
    {
        CsrMatrix byUser = ItemKnnBenchmarks.ZipfPairs(context.Setting("users", 39_318), context.Setting("items", 11_412), context.Setting("pairs", 1_100_228));
        CsrMatrix byItem = byUser.Transpose();
        float[] norms = RowSimilarity.Norms(byItem);
        int neighbors = context.Setting("neighbors", 100);
        context.Print($"{byUser.Rows} users, {byUser.Columns} items, {byUser.Count} pairs, busiest item {Enumerable.Range(0, byItem.Rows).Max(byItem.RowLength)}");
        context.Time("kernel, 1 thread", () => RowSimilarity.TopRows(byItem, byUser, norms, 0, neighbors, 1));
        context.Time($"kernel, {context.Threads} thread(s)", () => RowSimilarity.TopRows(byItem, byUser, norms, 0, neighbors, context.Threads));

        Dataset train = ToDataset(byUser);
        var model = new ItemKnn(new ItemKnnOptions { Neighbors = neighbors });
        var fit = new FitContext { Threads = context.Threads };
        IRecommender recommender = model.Fit(train, fit);
        context.Time($"fit, {context.Threads} thread(s)", () => recommender = model.Fit(train, fit));
        var scores = new float[train.Items.Count];
        context.Time("scores of 1,000 users, 1 thread", () =>
        {
            for (int u = 0; u < Math.Min(1_000, train.Users.Count); u++)
            {
                recommender.Score(Query.ForUser(u), scores);
            }
        });
    }

    private static Dataset ToDataset(CsrMatrix matrix)
    {
        var user = new int[matrix.Count];
        for (int u = 0; u < matrix.Rows; u++)
        {
            user.AsSpan(matrix.RowStart[u]..matrix.RowStart[u + 1]).Fill(u);
        }

        return new Dataset
        {
            Name = "zipf",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, matrix.Rows).Select(u => $"user {u}")),
            Items = new Vocabulary(Enumerable.Range(0, matrix.Columns).Select(i => $"item {i}")),
            UserIndex = user,
            ItemIndex = matrix.ColumnIndex,
        };
    }
}
