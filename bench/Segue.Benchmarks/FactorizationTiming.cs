using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Factorization;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Selection;

namespace Segue.Benchmarks;

/// <summary>Passes of <c>als</c>, solver by solver.</summary>
public sealed class AlsTiming : LeastSquaresTiming
{
    public override string Name => "als";

    protected override IModel Create(LeastSquaresSolver solver, int size, int epochs) =>
        new Als(new AlsOptions { EmbeddingSize = size, Epochs = epochs, Solver = solver });
}

/// <summary>Passes of <c>ials</c>, solver by solver.</summary>
public sealed class IalsTiming : LeastSquaresTiming
{
    public override string Name => "ials";

    protected override IModel Create(LeastSquaresSolver solver, int size, int epochs) =>
        new Ials(new IalsOptions { EmbeddingSize = size, Epochs = epochs, Solver = solver });
}

/// <summary>Seconds of a pass over both sides, and the accuracy every solver ends with.</summary>
public abstract class LeastSquaresTiming : IWholeTiming
{
    public abstract string Name { get; }

    public string Summary => "seconds a pass, NDCG@20 against exact (users=39000 items=11000 pairs=1000000 size=64 epochs=15)";

    protected abstract IModel Create(LeastSquaresSolver solver, int size, int epochs);

    public void Run(WholeContext context)
    {
        (Dataset train, Dataset held) = GenreData.Make(
            context.Setting("users", 39_000), context.Setting("items", 11_000), context.Setting("pairs", 1_000_000));
        int size = context.Setting("size", 64), epochs = context.Setting("epochs", 15);
        double exact = double.NaN;
        foreach (LeastSquaresSolver solver in Enum.GetValues<LeastSquaresSolver>())
        {
            var stamps = new Stamps();
            IRecommender recommender = Create(solver, size, epochs).Fit(train, new FitContext { Threads = context.Threads, Progress = stamps });
            double[] seconds = stamps.Seconds(), processor = stamps.ProcessorSeconds();
            Array.Sort(seconds);
            double ndcg = GenreData.Ndcg(recommender, train, held, context.Threads);
            exact = solver == LeastSquaresSolver.Exact ? ndcg : exact;
            context.Print(string.Create(
                CultureInfo.InvariantCulture,
                $"{solver,-20} pass min {seconds[0]:F4} s  median {seconds[seconds.Length / 2]:F4} s  processor time min {processor.Min():F4} s   NDCG@20 {ndcg:F4} ({ndcg - exact:+0.0000;-0.0000} to exact)"));
        }
    }

    /// <summary>The moments at which epochs ended; the first ones pay for compilation and are left out.</summary>
    private sealed class Stamps : IProgress<FitProgress>
    {
        private readonly List<(long At, TimeSpan Processor)> _ends = [];

        public void Report(FitProgress value) => _ends.Add((Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime));

        public double[] Seconds() => Differences((a, b) => Stopwatch.GetElapsedTime(a.At, b.At));

        /// <summary>Of all threads together: less shaken by what else the machine does.</summary>
        public double[] ProcessorSeconds() => Differences((a, b) => b.Processor - a.Processor);

        private double[] Differences(Func<(long At, TimeSpan Processor), (long At, TimeSpan Processor), TimeSpan> difference) =>
            [.. _ends.Zip(_ends.Skip(1), difference).Skip(Math.Min(3, _ends.Count - 2)).Select(t => t.TotalSeconds)];
    }
}

/// <summary>Synthetic listening data with tastes to learn: skewed activity, Zipf popularity, three genres a listener.</summary>
public static class GenreData
{
    /// <summary>About the wanted number of distinct training pairs, and a tenth as many held out.</summary>
    public static (Dataset Train, Dataset Held) Make(int users, int items, int pairs, int genres = 100)
    {
        var rng = new Rng(1, "bench/genres");
        var activity = new double[users];
        double total = 0;
        for (int u = 0; u < users; u++)
        {
            total += activity[u] = Math.Exp(0.8 * rng.NextGaussian());
        }

        int[] genreOf = [.. Enumerable.Range(0, items).Select(_ => rng.Next(genres))];
        int[][] members = [.. Enumerable.Range(0, genres).Select(g => Enumerable.Range(0, items).Where(i => genreOf[i] == g).ToArray())];
        List<int> trainUser = [], trainItem = [], heldUser = [], heldItem = [];
        var seen = new HashSet<int>();
        for (int u = 0; u < users; u++)
        {
            int[] tastes = [rng.Next(genres), rng.Next(genres), rng.Next(genres)];
            int wanted = Math.Min(items / 4, Math.Max(2, (int)Math.Round(1.1 * pairs * activity[u] / total)));
            seen.Clear();
            for (int tries = 0; seen.Count < wanted && tries < 20 * wanted; tries++)
            {
                int[] pool = members[tastes[rng.Next(3)]];
                bool own = rng.Next(10) < 8 && pool.Length > 0;
                int count = own ? pool.Length : items;

                // Rank ∝ count^uniform: popularity falls as 1 / rank.
                int rank = Math.Min(count - 1, (int)Math.Pow(count, rng.NextDouble()) - 1);
                int item = own ? pool[rank] : rank;
                if (seen.Add(item))
                {
                    bool hold = rng.Next(11) == 0;
                    (hold ? heldUser : trainUser).Add(u);
                    (hold ? heldItem : trainItem).Add(item);
                }
            }
        }

        var userNames = new Vocabulary(Enumerable.Range(0, users).Select(u => $"user {u}"));
        var itemNames = new Vocabulary(Enumerable.Range(0, items).Select(i => $"item {i}"));
        return (Of(trainUser, trainItem), Of(heldUser, heldItem));

        Dataset Of(List<int> user, List<int> item) => new()
        {
            Name = "genres",
            Level = "track",
            Users = userNames,
            Items = itemNames,
            UserIndex = user.ToArray(),
            ItemIndex = item.ToArray(),
        };
    }

    /// <summary>Mean NDCG@20 over listeners with held-out items, training items masked.</summary>
    public static double Ndcg(IRecommender recommender, Dataset train, Dataset held, int threads)
    {
        int[] trainStart = train.UserStart(), heldStart = held.UserStart();
        var gains = new double[train.Users.Count];
        Workers.Run(gains.Length, 64, threads, (start, end, _) =>
        {
            var scores = new float[train.Items.Count];
            int[] ranked = new int[20];
            var values = new float[20];
            for (int u = start; u < end; u++)
            {
                var relevant = new HashSet<int>(held.ItemIndex.Span[heldStart[u]..heldStart[u + 1]].ToArray());
                gains[u] = double.NaN;
                if (relevant.Count == 0 || trainStart[u] == trainStart[u + 1])
                {
                    continue;
                }

                recommender.Score(Query.ForUser(u), scores);
                foreach (int item in train.ItemIndex.Span[trainStart[u]..trainStart[u + 1]])
                {
                    scores[item] = float.NegativeInfinity;
                }

                int count = TopK.Select(scores, ranked, values);
                double gain = 0, ideal = 0;
                for (int r = 0; r < 20; r++)
                {
                    gain += r < count && relevant.Contains(ranked[r]) ? 1 / Math.Log2(r + 2) : 0;
                    ideal += r < relevant.Count ? 1 / Math.Log2(r + 2) : 0;
                }

                gains[u] = gain / ideal;
            }
        });
        return gains.Where(g => !double.IsNaN(g)).Average();
    }
}
