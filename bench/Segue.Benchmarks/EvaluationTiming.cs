using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Evaluation;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>Full-ranking evaluation of a dot-product model, at the sizes of the playlist comparison.</summary>
public sealed class EvaluationTiming : IWholeTiming
{
    public string Name => "evaluation";

    public string Summary => "full ranking of drawn data (users=39318 items=11412 pairs=1100228 size=64 runs=3)";

    public void Run(WholeContext context)
    {
        int users = context.Setting("users", 39_318), items = context.Setting("items", 11_412), size = context.Setting("size", 64);
        EvaluationSet set = Draw(users, items, context.Setting("pairs", 1_100_228));
        var rng = new Rng(1, "bench/evaluation/vectors");
        var userVectors = new DenseMatrix(users, size);
        var itemVectors = new DenseMatrix(items, size);
        rng.FillGaussian(userVectors.Values, 1f);
        rng.FillGaussian(itemVectors.Values, 1f);
        var recommender = new Vectors(set.Known.Items, userVectors, itemVectors);
        context.Print($"{set.Known.Count} known and {set.Relevant.Count} relevant pairs, {context.Threads} threads");
        Time("recall@20, recall@300, ndcg@20", "recall@20,recall@300,ndcg@20", 1000, context.Threads);
        Time("  the same, one thread", "recall@20,recall@300,ndcg@20", 1000, 1);
        Time("  the same, no interval", "recall@20,recall@300,ndcg@20", 0, context.Threads);
        Time("auc", "auc", 0, context.Threads);
        Time("coverage@20", "coverage@20", 0, context.Threads);
        Time("coverage@300", "coverage@300", 0, context.Threads);
        var options = new EvaluationOptions { Metrics = MetricCatalog.ParseList("recall@20"), Threads = context.Threads };
        EvaluationResult first = RankingEvaluator.Evaluate(recommender, set, options);
        rng.FillGaussian(userVectors.Values, 1f);
        EvaluationResult second = RankingEvaluator.Evaluate(recommender, set, options);
        context.Time("paired test of two results", () => Significance.Paired(first, second, "recall@20", threads: context.Threads));

        void Time(string what, string metrics, int samples, int threads)
        {
            var timed = new EvaluationOptions { Metrics = MetricCatalog.ParseList(metrics), Threads = threads, BootstrapSamples = samples };
            long before = GC.GetTotalAllocatedBytes(true);
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            context.Time(what, () => RankingEvaluator.Evaluate(recommender, set, timed), 2.0 * users * items * size);
            double each = (Environment.CpuUsage.TotalTime - processor).TotalSeconds / context.Runs;
            context.Print($"    {each:F2} processor seconds a run, all threads together");
            context.Print($"    {(GC.GetTotalAllocatedBytes(true) - before) / context.Runs / users} bytes allocated a user and run");
        }
    }

    /// <summary>Distinct pairs with popular items drawn more often, 15 % of them relevant.</summary>
    private static EvaluationSet Draw(int users, int items, int pairs)
    {
        var rng = new Rng(1, "bench/evaluation/pairs");
        var known = new List<(int User, int Item)>();
        var relevant = new List<(int User, int Item)>();
        var seen = new HashSet<int>();
        for (int user = 0; user < users; user++)
        {
            seen.Clear();
            int count = (int)(((user + 1L) * pairs / users) - ((long)user * pairs / users));
            while (seen.Count < count)
            {
                double share = rng.NextDouble();
                if (seen.Add((int)(share * share * items)))
                {
                    (rng.NextDouble() < 0.15 ? relevant : known).Add((user, (int)(share * share * items)));
                }
            }
        }

        var userIds = new Vocabulary(Enumerable.Range(0, users).Select(u => $"u{u}"));
        var itemIds = new Vocabulary(Enumerable.Range(0, items).Select(i => $"i{i}"));
        return new EvaluationSet { Known = Part(known), Relevant = Part(relevant) };

        Dataset Part(List<(int User, int Item)> rows) => new()
        {
            Name = "drawn",
            Level = "track",
            Users = userIds,
            Items = itemIds,
            UserIndex = rows.Select(r => r.User).ToArray(),
            ItemIndex = rows.Select(r => r.Item).ToArray(),
        };
    }

    private sealed class Vectors(Vocabulary items, DenseMatrix userVectors, DenseMatrix itemVectors) : IVectorRecommender
    {
        public Vocabulary Items => items;

        public DenseMatrix ItemVectors => itemVectors;

        public bool TryGetUserVector(Query query, Span<float> vector)
        {
            userVectors.Row(query.UserIndex).CopyTo(vector);
            return true;
        }

        public void Score(Query query, Span<float> scores) => throw new NotSupportedException("timed in blocks only");

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException("timed in blocks only");
    }
}
