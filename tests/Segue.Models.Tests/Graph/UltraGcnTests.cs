using System.Numerics.Tensors;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Graph;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

public sealed class UltraGcnTests : RecommenderContract
{
    private static readonly UltraGcnOptions Small = new()
    {
        EmbeddingSize = 16,
        Epochs = 30,
        BatchSize = 256,
        NegativeCount = 64,
        LearningRate = 0.03,
    };

    protected override (double Low, double High) NdcgWindow => (0.383, 0.401);

    protected override IModel CreateModel() => new UltraGcn(Small);

    /// <summary>The kept weights are the largest of the dense matrix ω of the paper's equation, row by row.</summary>
    [Fact]
    public void Alike_items_are_the_largest_weights_of_the_dense_matrix()
    {
        CsrMatrix pairs = UserItemMatrix.Binary(SmallWorld.PairSplit.Train);
        int items = pairs.Columns;
        var common = new double[items, items];
        for (int u = 0; u < pairs.Rows; u++)
        {
            foreach (int i in pairs.RowColumns(u))
            {
                foreach (int j in pairs.RowColumns(u))
                {
                    common[i, j]++;
                }
            }
        }

        double[] sum = [.. Enumerable.Range(0, items).Select(i => Enumerable.Range(0, items).Sum(j => common[i, j]))];
        CsrMatrix alike = UltraGcnConstraints.AlikeItems(pairs, pairs.Transpose(), 5, new FitContext { Threads = 2 });
        for (int i = 0; i < items; i++)
        {
            double[] weight = [.. Enumerable.Range(0, items).Select(j => i == j || common[i, j] == 0 ? 0 : common[i, j] / (sum[i] - common[i, i]) * Math.Sqrt(sum[i] / sum[j]))];
            double[] best = [.. weight.Where(w => w > 0).OrderDescending().Take(5)];
            Assert.Equal(best.Length, alike.RowLength(i));
            Assert.Equal(best, alike.RowValues(i).ToArray().Order().Reverse().Select(w => (double)w), (a, b) => Math.Abs(a - b) < 1e-5 * a);
            Assert.All(Enumerable.Range(0, alike.RowLength(i)), n => Assert.Equal(weight[alike.RowColumns(i)[n]], alike.RowValues(i)[n], 1e-5));
        }
    }

    /// <summary>Items that the same listeners have draw each other's listeners: without the loss over alike items the vectors of two such items are further apart.</summary>
    [Fact]
    public void The_loss_over_alike_items_brings_them_together()
    {
        double with = MeanCosine(5), without = MeanCosine(0);
        Assert.True(with > without + 0.02, $"cosine of alike items {with:F3} with the loss, {without:F3} without");

        static double MeanCosine(double weight)
        {
            Dataset train = SmallWorld.PairSplit.Train;
            CsrMatrix pairs = UserItemMatrix.Binary(train);
            CsrMatrix alike = UltraGcnConstraints.AlikeItems(pairs, pairs.Transpose(), 5, new FitContext());
            var recommender = (IVectorRecommender)new UltraGcn(Small with { NeighborWeight = weight, Epochs = 15 }).Fit(train, new FitContext { Threads = 2 });
            return Enumerable.Range(0, alike.Rows).Average(i => alike.RowColumns(i).ToArray().Select(j =>
                (double)TensorPrimitives.CosineSimilarity<float>(recommender.ItemVectors.Row(i), recommender.ItemVectors.Row(j))).DefaultIfEmpty(0).Average());
        }
    }

    /// <summary>A folded-in listener ranks like the trained one with the same items.</summary>
    [Fact]
    public void A_history_folded_in_ranks_like_the_listener_it_is_of()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        IRecommender recommender = new UltraGcn(Small).Fit(train, new FitContext { Threads = 2 });
        double correlation = Enumerable.Range(0, 30).Where(u => pairs.RowLength(u) > 5).Average(u =>
        {
            float[] known = Scores(Query.ForUser(u)), folded = Scores(Query.ForHistory(pairs.RowColumns(u).ToArray()));
            TensorPrimitives.Subtract(known, known.Average(), known);
            TensorPrimitives.Subtract(folded, folded.Average(), folded);
            return (double)TensorPrimitives.CosineSimilarity<float>(known, folded);
        });
        Assert.True(correlation > 0.9, $"correlation {correlation:F3}");

        float[] Scores(Query query)
        {
            var scores = new float[recommender.Items.Count];
            recommender.Score(query, scores);
            return scores;
        }
    }

    /// <summary>Edges observed after training move the listeners they are of, from where they were, and nobody else.</summary>
    [Fact]
    public void Observed_items_move_their_listener_only()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        int user = Enumerable.Range(0, pairs.Rows).First(u => pairs.RowLength(u) > 5), item = Enumerable.Range(0, pairs.Columns).First(i => !pairs.RowColumns(user).Contains(i));
        int place = train.UserIndex.Span.LastIndexOf(user) + 1;
        Dataset more = train with
        {
            UserIndex = Insert(train.UserIndex, user),
            ItemIndex = Insert(train.ItemIndex, item),
            Time = train.Time.IsEmpty ? default : Insert(train.Time, train.Time.Span[place - 1]),
            Weight = train.Weight.IsEmpty ? default : Insert(train.Weight, 1f),
        };
        var trained = (UltraGcnRecommender)new UltraGcn(Small).Fit(train, new FitContext { Threads = 2 });
        var observed = (IVectorRecommender)trained.Observe(more, new FitContext { Threads = 2 });
        float[] before = Vector(trained, user), after = Vector(observed, user);
        Assert.True(TensorPrimitives.Dot<float>(after, trained.ItemVectors.Row(item)) > TensorPrimitives.Dot<float>(before, trained.ItemVectors.Row(item)) + 0.1f);
        Assert.InRange(TensorPrimitives.CosineSimilarity<float>(before, after), 0.9f, 0.9999f);
        Assert.All(Enumerable.Range(0, pairs.Rows).Where(u => u != user && pairs.RowLength(u) > 0), u => Assert.Equal(Vector(trained, u), Vector(observed, u)));

        ReadOnlyMemory<T> Insert<T>(ReadOnlyMemory<T> column, T value) => (T[])[.. column.Span[..place], value, .. column.Span[place..]];

        float[] Vector(IVectorRecommender recommender, int u)
        {
            var vector = new float[Small.EmbeddingSize];
            recommender.TryGetUserVector(Query.ForUser(u), vector);
            return vector;
        }
    }

    [Fact]
    public void All_parts_of_the_loss_are_reported_and_fall()
    {
        var losses = new Dictionary<string, List<double>>();
        new UltraGcn(Small).Fit(SmallWorld.PairSplit.Train, new FitContext
        {
            Threads = 2,
            OnLoss = (_, name, value) => (losses.TryGetValue(name, out List<double>? list) ? list : losses[name] = []).Add(value),
        });
        Assert.Equal(["alike", "drawn", "heard", "l2"], losses.Keys.Order());
        double[] whole = [.. Enumerable.Range(0, losses["l2"].Count).Select(e => losses.Values.Sum(l => l[e]))];
        Assert.True(whole[^1] < 0.85 * whole[0], $"the loss went from {whole[0]} to {whole[^1]}");
    }
}
