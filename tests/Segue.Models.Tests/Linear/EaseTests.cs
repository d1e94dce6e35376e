using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Linear;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Linear;

public sealed class EaseTests : RecommenderContract
{
    private const double Lambda = 50;

    // 0.4076 measured; the nearest broken variants score 0.3971 (no diagonal constraint) and 0.4140 (raw co-occurrence).
    protected override (double Low, double High) NdcgWindow => (0.402, 0.413);

    protected override IModel CreateModel() => new Ease(new EaseOptions { Regularization = Lambda });

    [Theory]
    [InlineData("no diagonal constraint")]
    [InlineData("diagonal of rows instead of columns")]
    [InlineData("no regularization")]
    [InlineData("lost sign")]
    [InlineData("raw co-occurrence")]
    public void AccuracyWindowRejectsBrokenVariantsOfTheEquation(string variant)
    {
        (double low, double high) = NdcgWindow;
        double lambda = variant == "no regularization" ? 1e-3 : Lambda;
        int n = World.Train.Items.Count;
        double[] gram = Gram(World.Train, lambda), inverse = DenseReference.Invert(gram, n)!;
        var weights = new float[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double value = -inverse[(i * n) + j] / inverse[(j * n) + j];
                weights[(i * n) + j] = (float)(variant switch
                {
                    "no diagonal constraint" => (i == j ? 1 : 0) - (lambda * inverse[(i * n) + j]),
                    "diagonal of rows instead of columns" => i == j ? 0 : -inverse[(i * n) + j] / inverse[(i * n) + i],
                    "lost sign" => i == j ? 0 : -value,
                    "raw co-occurrence" => i == j ? 0 : gram[(i * n) + j],
                    _ => i == j ? 0 : value,
                });
            }
        }

        double ndcg = Ndcg(WithWeights(World.Train, n, weights));
        Assert.False(ndcg >= low && ndcg <= high, $"{variant}: NDCG@10 is {ndcg:F4}, inside {low} … {high}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(500)]
    public void SinglePrecisionIsAsGoodAsDouble(double lambda)
    {
        Dataset train = World.Train;
        int n = train.Items.Count;
        double[] expected = Weights(train, lambda);
        IRecommender single = new Ease(new EaseOptions { Regularization = lambda }).Fit(train, Context());
        using TemporaryFolder folder = TestData.NewFolder();
        float[] weights = SaveAndOpen(single, folder.File("ease.safetensors")).Dense("weights").Values;
        double error = 0, norm = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            error += Math.Pow(weights[i] - expected[i], 2);
            norm += expected[i] * expected[i];
        }

        // ε is 6·10⁻⁸; the bound leaves room for the condition number, which grows as λ falls.
        Assert.InRange(Math.Sqrt(error / norm), 0, 2e-5);
        IRecommender rounded = WithWeights(train, n, Array.ConvertAll(expected, x => (float)x));
        Assert.Equal(Ndcg(rounded), Ndcg(single), 1e-4);
    }

    [Fact]
    public void ScoreIsTheSumOfTheRowsOfTheHistory()
    {
        Dataset train = World.Train;
        int n = train.Items.Count;
        double[] weights = Weights(train, Lambda);
        IRecommender ease = CreateModel().Fit(train, Context());
        float[] scores = Scores(ease, Query.ForHistory(new[] { 9, 3, 3, 100, 7, 50 }));
        for (int j = 0; j < n; j++)
        {
            double expected = new[] { 3, 7, 9, 50, 100 }.Sum(i => weights[(i * n) + j]);
            Assert.Equal(expected, scores[j], 1e-5);
        }
    }

    [Fact]
    public void AListenerFoldedInGetsTheSameScoresAsInTraining()
    {
        foreach (EaseValue value in Enum.GetValues<EaseValue>())
        {
            Dataset train = World.Train;
            IRecommender ease = new Ease(new EaseOptions { Regularization = Lambda, Value = value }).Fit(train, Context());
            int[] start = train.UserStart();
            for (int u = 0; u < 20; u++)
            {
                ReadOnlyMemory<int> history = train.ItemIndex[start[u]..start[u + 1]];
                Assert.Equal(Scores(ease, Query.ForUser(u)), Scores(ease, Query.ForHistory(history)));
            }
        }
    }

    [Fact]
    public void WeightsOfTheDatasetAndOfTheHistoryCountWhereTheyAreAskedFor()
    {
        var builder = new DatasetBuilder("weights", "track");
        (int User, int Item, float Weight)[] plays = [(0, 0, 3), (0, 1, 2), (1, 0, 1), (1, 2, 5), (2, 1, 1), (2, 2, 1)];
        foreach ((int user, int item, float weight) in plays)
        {
            builder.Interaction(builder.User($"{user}"), builder.Item($"{item}"), weight: weight);
        }

        Dataset train = builder.Build();
        IRecommender ease = new Ease(new EaseOptions { Regularization = 2, Value = EaseValue.Weight }).Fit(train, Context());
        Assert.Equal(Scores(ease, Query.ForUser(0)), Scores(ease, Query.ForHistory(new[] { 0, 1 }, new[] { 3f, 2f })));
        Assert.Equal(Scores(ease, Query.ForUser(0)), Scores(ease, Query.ForHistory(new[] { 0, 1, 0 }, new[] { 1f, 2f, 2f })));
        double[] gram = [10 + 2, 6, 5, 6, 5 + 2, 1, 5, 1, 26 + 2];
        double[] inverse = DenseReference.Invert(gram, 3)!;
        float[] scores = Scores(ease, Query.ForUser(0));
        for (int j = 0; j < 3; j++)
        {
            double expected = (3 * Weight(inverse, 0, j)) + (2 * Weight(inverse, 1, j));
            Assert.Equal(expected, scores[j], 1e-5);
        }

        static double Weight(double[] inverse, int i, int j) => i == j ? 0 : -inverse[(i * 3) + j] / inverse[(j * 3) + j];
    }

    [Fact]
    public void ReasonsAreTheParts()
    {
        Dataset train = World.Train;
        int n = train.Items.Count;
        double[] weights = Weights(train, Lambda);
        var ease = (IExplains)CreateModel().Fit(train, Context());
        int[] history = [9, 3, 100, 7, 50];
        IReadOnlyList<Reason> reasons = ease.Explain(Query.ForHistory(history), 20, 99);
        (int Item, double Part)[] expected = [.. history.Select(i => (i, weights[(i * n) + 20])).Where(p => p.Item2 > 0).OrderByDescending(p => p.Item2)];
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Select(p => p.Item), reasons.Select(r => r.HistoryItemIndex));
        Assert.All(expected.Zip(reasons), p => Assert.Equal(p.First.Part, p.Second.Weight, 1e-5));
    }

    [Fact]
    public void AMatrixThatIsNotPositiveDefiniteNamesTheItemAndTheRemedy()
    {
        // Two equal items with 4096 plays of four listeners each, whose factors are whole numbers: beside 4 · 4096² λ vanishes in single precision.
        var builder = new DatasetBuilder("twins", "track");
        foreach (string user in new[] { "u", "v", "w", "x" })
        {
            builder.Interaction(builder.User(user), builder.Item("first"), weight: 4096);
            builder.Interaction(builder.User(user), builder.Item("second"), weight: 4096);
        }

        var model = new Ease(new EaseOptions { Regularization = 1e-6, Value = EaseValue.Weight });
        var e = Assert.Throws<ModelFitException>(() => model.Fit(builder.Build(), Context()));
        Assert.Contains("item 1 ('second')", e.Message, StringComparison.Ordinal);
        Assert.Contains("raise regularization above 1E-06", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyItemsAreRefusedWithTheSizeAndARemedy()
    {
        var builder = new DatasetBuilder("wide", "track");
        int user = builder.User("u");
        for (int i = 0; i < 50_000; i++)
        {
            builder.Item($"{i}");
            builder.User($"{i}");
        }

        builder.Interaction(user, 0);
        var e = Assert.Throws<ModelFitException>(() => CreateModel().Fit(builder.Build(), Context()));
        Assert.Contains("50000 items need a matrix of 50000 × 50000 floats, 10.0 GB", e.Message, StringComparison.Ordinal);
        Assert.Contains("k-core", e.Message, StringComparison.Ordinal);
    }

    /// <summary>More items than listeners: the weights through the listeners are those of equation 8, in every answer and after loading.</summary>
    [Theory]
    [InlineData(EaseValue.Binary, 5)]
    [InlineData(EaseValue.Binary, 200)]
    [InlineData(EaseValue.LogWeight, 20)]
    [InlineData(EaseValue.Weight, 300)]
    public void FewListenersAreSolvedThroughThem(EaseValue value, double lambda)
    {
        const int items = 90, users = 40;
        var rng = new Rng(11, "wide");
        var builder = new DatasetBuilder("wide", "track");
        for (int i = 0; i < items; i++)
        {
            builder.Item($"item {i}");
        }

        for (int n = 0; n < 700; n++)
        {
            // The last item stays unheard.
            builder.Interaction(builder.User($"user {rng.Next(users)}"), Math.Min(rng.Next(items - 1), rng.Next(items - 1)), weight: 1 + rng.Next(4));
        }

        Dataset train = builder.Build();
        CsrMatrix x = EaseRecommender.Matrix(train, value);
        var gram = new double[items * items];
        for (int u = 0; u < x.Rows; u++)
        {
            for (int a = 0; a < x.RowLength(u); a++)
            {
                for (int b = 0; b < x.RowLength(u); b++)
                {
                    gram[(x.RowColumns(u)[a] * items) + x.RowColumns(u)[b]] += (double)x.RowValues(u)[a] * x.RowValues(u)[b];
                }
            }
        }

        for (int i = 0; i < items; i++)
        {
            gram[(i * items) + i] += lambda;
        }

        double[] inverse = DenseReference.Invert(gram, items)!;
        double Weight(int i, int j) => i == j ? 0 : -inverse[(i * items) + j] / inverse[(j * items) + j];
        var model = new Ease(new EaseOptions { Regularization = lambda, Value = value });
        IRecommender trained = model.Fit(train, Context());
        using TemporaryFolder folder = TestData.NewFolder();
        ArtifactReader artifact = SaveAndOpen(trained, folder.File("ease.safetensors"));
        Assert.Equal(["item_self", "user_kernel"], artifact.Names);
        IRecommender loaded = model.Load(artifact, train);
        int[] history = [.. x.RowColumns(7)];
        foreach (IRecommender recommender in new[] { trained, loaded })
        {
            foreach (int user in new[] { 0, 7, 31 })
            {
                float[] scores = Scores(recommender, Query.ForUser(user));
                for (int j = 0; j < items; j++)
                {
                    Assert.Equal(!train.ItemIndex.Span.Contains(j), float.IsNaN(scores[j]));
                    double expected = float.IsNaN(scores[j]) ? double.NaN : 0;
                    for (int n = 0; n < x.RowLength(user); n++)
                    {
                        expected += x.RowValues(user)[n] * Weight(x.RowColumns(user)[n], j);
                    }

                    Assert.False(Math.Abs(expected - scores[j]) > 1e-5 * Math.Max(1, Math.Abs(expected)), $"user {user}, item {j}: {scores[j]}, not {expected}");
                }
            }

            float[] similarity = new float[items];
            ((IItemSimilarity)recommender).Similarity(3, similarity);
            Assert.Equal(Weight(3, 8), similarity[8], 1e-5);
            IReadOnlyList<Reason> reasons = ((IExplains)recommender).Explain(Query.ForUser(7), 20, 99);
            Assert.Equal(
                history.Where(i => Weight(i, 20) > 1e-6).OrderByDescending(i => Weight(i, 20) * x[7, i]),
                reasons.Where(r => Weight(r.HistoryItemIndex, 20) > 1e-6).Select(r => r.HistoryItemIndex));
        }
    }

    [Fact]
    public void ATinyRegularizationIsSolvedThroughTheItems()
    {
        Dataset train = SmallWorld.Of(2, 4, [(0, 0), (1, 1), (1, 2), (1, 3)]);
        IRecommender ease = new Ease(new EaseOptions { Regularization = 1e-4 }).Fit(train, Context());
        using TemporaryFolder folder = TestData.NewFolder();
        Assert.Equal(["weights"], SaveAndOpen(ease, folder.File("ease.safetensors")).Names);
    }

    private static IRecommender WithWeights(Dataset train, int n, float[] weights)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        var writer = new ArtifactWriter();
        writer.Add("weights", new DenseMatrix(n, n, weights));
        writer.Write(folder.File("weights.safetensors"));
        return new Ease(new EaseOptions()).Load(ArtifactReader.Open(folder.File("weights.safetensors")), train);
    }

    private static double[] Gram(Dataset train, double lambda)
    {
        CsrMatrix matrix = UserItemMatrix.Binary(train);
        int n = train.Items.Count;
        var gram = new double[n * n];
        for (int u = 0; u < matrix.Rows; u++)
        {
            foreach (int i in matrix.RowColumns(u))
            {
                foreach (int j in matrix.RowColumns(u))
                {
                    gram[(i * n) + j]++;
                }
            }
        }

        for (int i = 0; i < n; i++)
        {
            gram[(i * n) + i] += lambda;
        }

        return gram;
    }

    /// <summary>Equation 8 in double precision.</summary>
    private static double[] Weights(Dataset train, double lambda)
    {
        int n = train.Items.Count;
        double[] inverse = DenseReference.Invert(Gram(train, lambda), n)!;
        var weights = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                weights[(i * n) + j] = i == j ? 0 : -inverse[(i * n) + j] / inverse[(j * n) + j];
            }
        }

        return weights;
    }
}
