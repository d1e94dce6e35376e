using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Linear;
using Segue.Numerics.Dense;
using Segue.Numerics.Selection;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>EASE from a dataset to full rankings.</summary>
public sealed class EaseTiming : IWholeTiming
{
    public string Name => "ease";

    public string Summary => "fit and full ranking, Zipf data (users=39318 items=11412 pairs=1100000 runs=3)";

    public void Run(WholeContext context)
    {
        int users = context.Setting("users", 39_318), items = context.Setting("items", 11_412), pairs = context.Setting("pairs", 1_100_000);
        Dataset data = ZipfData.Dataset(users, items, pairs);
        var fit = new FitContext { Threads = context.Threads };
        CsrMatrix matrix = ZipfData.Matrix(users, items, pairs);
        var gram = new float[items * items];
        context.Time("Gram matrix", () => SparseDense.Gram(matrix, gram, context.Threads));
        context.Time(
            "inverse",
            () =>
            {
                SparseDense.Gram(matrix, gram, context.Threads);
                for (int i = 0; i < items; i++)
                {
                    gram[(i * items) + i] += 200;
                }

                if (Cholesky.Invert(gram, items, context.Threads) >= 0)
                {
                    throw new InvalidOperationException("not positive definite");
                }
            },
            Math.Pow(items, 3));
        gram = [];
        IRecommender? ease = null;
        context.Time("ease fit, all in", () => ease = new Ease(new EaseOptions { Regularization = 200 }).Fit(data, fit));
        context.Time($"scores and top 100 of {users} users", () => Segue.Numerics.Workers.Run(users, 64, context.Threads, (start, end, _) =>
        {
            var scores = new float[items];
            var indices = new int[100];
            var values = new float[100];
            for (int u = start; u < end; u++)
            {
                ease!.Score(Query.ForUser(u), scores);
                TopK.Select(scores, indices, values);
            }
        }));
    }
}
