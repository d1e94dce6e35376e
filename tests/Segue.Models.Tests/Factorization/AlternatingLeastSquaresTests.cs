using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Factorization;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Factorization;

/// <summary>Whole training runs against a twin that keeps to the formulas, and what both models promise together.</summary>
public sealed class AlternatingLeastSquaresTests
{
    private const int Size = 20;

    public static TheoryData<string, LeastSquaresSolver> ModelsAndSolvers
    {
        get
        {
            var all = new TheoryData<string, LeastSquaresSolver>();
            foreach (LeastSquaresSolver solver in Enum.GetValues<LeastSquaresSolver>())
            {
                all.Add("als", solver);
                all.Add("ials", solver);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(ModelsAndSolvers))]
    public void Two_epochs_match_the_twin(string model, LeastSquaresSolver solver)
    {
        Dataset train = World();
        IRecommender recommender = Create(model, solver, epochs: 2).Fit(train, Context());
        double[,] expected = Twin(model, solver, train, epochs: 2);
        var scores = new float[train.Items.Count];
        double largest = expected.Cast<double>().Max(Math.Abs);
        for (int u = 0; u < train.Users.Count; u++)
        {
            recommender.Score(Query.ForUser(u), scores);
            for (int i = 0; i < scores.Length; i++)
            {
                double score = float.IsNaN(scores[i]) ? 0 : scores[i];
                Assert.True(Math.Abs(score - expected[u, i]) < 2e-4 * largest, $"{model}, {solver}: user {u}, item {i} scores {score}, the twin {expected[u, i]}");
            }
        }
    }

    [Theory]
    [InlineData("als")]
    [InlineData("ials")]
    public void All_solvers_reach_the_same_loss(string model)
    {
        Dataset train = World();
        double exact = Loss(model, Create(model, LeastSquaresSolver.Exact, 30).Fit(train, Context()), train);
        double gradient = Loss(model, Create(model, LeastSquaresSolver.ConjugateGradient, 30).Fit(train, Context()), train);
        double block = Loss(model, Create(model, LeastSquaresSolver.Block, 30).Fit(train, Context()), train);
        Assert.InRange(gradient, exact * 0.99, exact * 1.01);
        Assert.InRange(block, exact * 0.99, exact * 1.01);
    }

    [Theory]
    [InlineData("als")]
    [InlineData("ials")]
    public void Reported_loss_is_that_of_the_formula_and_never_rises_where_rows_are_solved_exactly(string model)
    {
        Dataset train = World();
        var losses = new List<double>();
        var formula = new List<double>();
        Create(model, LeastSquaresSolver.Exact, 6).Fit(train, Context() with
        {
            OnLoss = (_, name, value) => losses.Add(name == "loss" ? value : double.NaN),
            OnEpoch = (_, recommender) =>
            {
                formula.Add(Loss(model, recommender, train) / UserItemMatrix.Sum(train).Count);
                return true;
            },
        });
        Assert.Equal(6, losses.Count);
        Assert.Equal(formula, losses, (a, b) => Math.Abs(a - b) <= 1e-4 * Math.Abs(a));
        Assert.All(losses.Skip(1).Zip(losses), pair => Assert.True(pair.First <= pair.Second * (1 + 1e-5), $"{pair.Second} rose to {pair.First}"));
    }

    [Theory]
    [MemberData(nameof(ModelsAndSolvers))]
    public void History_of_a_known_listener_folds_in_to_the_learned_vector(string model, LeastSquaresSolver solver)
    {
        Dataset train = World();
        var recommender = (IVectorRecommender)Create(model, solver, 40).Fit(train, Context());
        CsrMatrix sum = UserItemMatrix.Sum(train);
        float[] learned = new float[Size], folded = new float[Size];
        for (int u = 0; u < train.Users.Count; u++)
        {
            bool known = recommender.TryGetUserVector(Query.ForUser(u), learned);
            Assert.Equal(sum.RowLength(u) > 0, known);
            if (known)
            {
                Assert.True(recommender.TryGetUserVector(Query.ForHistory(sum.RowColumns(u).ToArray(), sum.RowValues(u).ToArray()), folded));
                double error = Math.Sqrt(learned.Zip(folded, (a, b) => (a - b) * (a - b)).Sum()), norm = Math.Sqrt(learned.Sum(v => v * v));
                Assert.True(error <= (solver == LeastSquaresSolver.Exact ? 1e-4 : 0.02) * norm, $"user {u}: off by {error / norm:E2}");
            }
        }
    }

    [Theory]
    [InlineData("als")]
    [InlineData("ials")]
    public void Reasons_add_up_to_the_score(string model)
    {
        Dataset train = World();
        var recommender = (IExplains)Create(model, LeastSquaresSolver.Exact, 5).Fit(train, Context());
        var scores = new float[train.Items.Count];
        foreach (Query query in new[] { Query.ForUser(3), Query.ForHistory(new[] { 1, 5, 9, 5 }, new[] { 1f, 2f, 3f, 1f }) })
        {
            recommender.Score(query, scores);
            for (int i = 0; i < scores.Length; i += 7)
            {
                Assert.Equal(scores[i], recommender.Explain(query, i, int.MaxValue).Sum(r => r.Weight), 1e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ModelsAndSolvers))]
    public void More_factors_than_items_still_train(string model, LeastSquaresSolver solver)
    {
        Dataset train = SmallWorld.Of(4, 3, [(0, 0), (0, 1), (1, 1), (2, 2), (2, 0)]);
        IModel wide = model == "als"
            ? new Als(new AlsOptions { EmbeddingSize = 50, Solver = solver, Regularization = 1e-6 })
            : new Ials(new IalsOptions { EmbeddingSize = 50, Solver = solver, Regularization = 1e-9 });
        var scores = new float[3];
        wide.Fit(train, Context()).Score(Query.ForUser(0), scores);
        Assert.All(scores, s => Assert.True(float.IsFinite(s)));
        Assert.True(scores[0] > scores[2] && scores[1] > scores[2]);
    }

    [Theory]
    [InlineData("als")]
    [InlineData("ials")]
    public void Small_worlds_train_with_the_defaults(string model)
    {
        // Fewer listeners than factors: most factors shrink to nothing, at norms whose squares are below the smallest number.
        var rng = new Rng(15, "small-worlds");
        for (int world = 0; world < 210; world++)
        {
            int users = 1 + (world % 16), items = 1 + rng.Next(20);
            (int, int)[] pairs = [.. Enumerable.Range(0, 1 + rng.Next(users * 6)).Select(_ => (rng.Next(users), rng.Next(items)))];
            Dataset train = SmallWorld.Of(users, items, pairs);
            IModel untrained = model == "als" ? new Als(new AlsOptions()) : new Ials(new IalsOptions());
            IRecommender recommender = untrained.Fit(train, Context() with { Seed = (ulong)world });
            var scores = new float[items];
            recommender.Score(Query.ForUser(pairs[0].Item1), scores);
            HashSet<int> heard = [.. train.ItemIndex.ToArray()];
            Assert.True(scores.Index().All(s => float.IsFinite(s.Item) == heard.Contains(s.Index)), $"world {world}: {string.Join(' ', scores)}");
            recommender.Score(Query.ForHistory(new[] { pairs[0].Item2 }), scores);
            Assert.True(scores.Index().All(s => float.IsFinite(s.Item) == heard.Contains(s.Index)), $"world {world}, folded in: {string.Join(' ', scores)}");
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(-1f)]
    [InlineData(0f)]
    public void Weights_that_are_not_positive_numbers_are_refused_by_name(float weight)
    {
        Dataset train = SmallWorld.Of(2, 2, [(0, 0), (1, 1)]) with { Weight = new[] { 1f, weight } };
        foreach (IModel model in new IModel[] { new Als(new AlsOptions()), new Ials(new IalsOptions()) })
        {
            string message = Assert.Throws<DatasetException>(() => model.Fit(train, Context())).Message;
            Assert.Contains("'user 1'", message, StringComparison.Ordinal);
            Assert.Contains("'item 1'", message, StringComparison.Ordinal);
            Assert.Contains("weights binary, log or share", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_history_with_a_weight_that_is_no_number_is_refused()
    {
        IRecommender recommender = Create("als", LeastSquaresSolver.Exact, 1).Fit(World(), Context());
        var scores = new float[recommender.Items.Count];
        Assert.ThrowsAny<ArgumentException>(() => recommender.Score(Query.ForHistory(new[] { 1, 2 }, new[] { 1f, float.NaN }), scores));
    }

    [Fact]
    public void Raw_play_counts_of_any_size_train()
    {
        Dataset world = World();
        var rng = new Rng(3, "plays");
        float[] plays = [.. Enumerable.Range(0, world.Count).Select(_ => (float)Math.Pow(10, 6 * rng.NextDouble()))];
        IModel model = new Als(new AlsOptions { EmbeddingSize = Size, Weighting = InteractionWeighting.Raw, Solver = LeastSquaresSolver.Exact, Epochs = 3 });
        var scores = new float[world.Items.Count];
        model.Fit(world with { Weight = plays }, Context()).Score(Query.ForUser(1), scores);
        Assert.All(scores.Index(), s => Assert.Equal(s.Index != 9, float.IsFinite(s.Item)));
    }

    [Fact]
    public void Alike_items_point_the_same_way()
    {
        var recommender = (IItemSimilarity)new Ials(new IalsOptions { EmbeddingSize = 8 }).Fit(SmallWorld.Checkerboard(), Context());
        var similarity = new float[recommender.Items.Count];
        recommender.Similarity(4, similarity);
        Assert.True(float.IsNaN(similarity[4]));
        Assert.True(float.IsNaN(similarity[SmallWorld.CheckerboardSize]));
        Assert.True(similarity[6] > 0.9f && similarity[7] < 0.5f);
    }

    private static FitContext Context() => new() { Seed = 11, Threads = 2 };

    private static IModel Create(string model, LeastSquaresSolver solver, int epochs) => model == "als"
        ? new Als(new AlsOptions { EmbeddingSize = Size, Epochs = epochs, Solver = solver, BlockSize = 16, Weighting = InteractionWeighting.Raw, PositiveWeight = 3, Regularization = 2 })
        : new Ials(new IalsOptions { EmbeddingSize = Size, Epochs = epochs, Solver = solver, BlockSize = 16, UnobservedWeight = 0.1, Regularization = 0.01, RegularizationExponent = 0.7 });

    /// <summary>120 listeners, 30 items, skewed both ways, weights 1 to 4; user 7 and item 9 have nothing.</summary>
    private static Dataset World()
    {
        var rng = new Rng(2, "als-world");
        var pairs = new List<(int, int)>();
        for (int u = 0; u < 120; u++)
        {
            int plays = u == 7 ? 0 : 1 + rng.Next(1 + (u % 40));
            for (int n = 0; n < plays; n++)
            {
                int item = Math.Min(rng.Next(30), rng.Next(30));
                pairs.Add((u, item == 9 ? 10 : item));
            }
        }

        return SmallWorld.Of(120, 30, [.. pairs]);
    }

    /// <summary>The same training in double precision, without turned bases, second forms or chunks; users × items scores.</summary>
    private static double[,] Twin(string model, LeastSquaresSolver solver, Dataset train, int epochs)
    {
        CsrMatrix byUser = UserItemMatrix.Sum(train), byItem = byUser.Transpose();
        double[][] users = Start(byUser, "user"), items = Start(byItem, "item");
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            Side(byItem, items, users);
            Side(byUser, users, items);
        }

        var scores = new double[users.Length, items.Length];
        for (int u = 0; u < users.Length; u++)
        {
            for (int i = 0; i < items.Length; i++)
            {
                scores[u, i] = users[u].Zip(items[i], (a, b) => a * b).Sum();
            }
        }

        return scores;

        double[][] Start(CsrMatrix matrix, string side)
        {
            Rng rng = Context().CreateRng($"{model}/{side}-factors");
            return [.. Enumerable.Range(0, matrix.Rows).Select(r =>
            {
                var vector = new float[Size];
                if (matrix.RowLength(r) > 0)
                {
                    rng.FillGaussian(vector, (float)(0.1 / Math.Sqrt(Size)));
                }

                return Array.ConvertAll(vector, v => (double)v);
            })];
        }

        void Side(CsrMatrix matrix, double[][] own, double[][] other)
        {
            if (solver == LeastSquaresSolver.Block)
            {
                // The one solver that depends on the basis: its blocks are blocks of eigenvectors.
                double[] gram = Gram(other), values = new double[Size], vectors = new double[Size * Size];
                SymmetricEigen.Decompose(gram, Size, values, vectors);
                Turn(own, vectors);
                Turn(other, vectors);
            }

            double[] all = Gram(other);
            for (int r = 0; r < own.Length; r++)
            {
                double[] a = [.. matrix.RowValues(r).ToArray().Select(v => model == "als" ? 3.0 * v : 1)];
                double[] b = [.. a.Select(v => model == "als" ? v + 1 : v)];
                double unobserved = model == "als" ? 1 : 0.1;
                double regularization = model == "als" ? 2 : 0.01 * Math.Pow(a.Length + (0.1 * other.Length), 0.7);
                double[][] rows = [.. matrix.RowColumns(r).ToArray().Select(c => other[c])];
                var shared = new double[Size * Size];
                for (int i = 0; i < Size; i++)
                {
                    for (int j = 0; j < Size; j++)
                    {
                        shared[(i * Size) + j] = (unobserved * all[(i * Size) + j]) + (i == j ? regularization : 0);
                    }
                }

                own[r] = a.Length == 0 ? new double[Size] : solver switch
                {
                    LeastSquaresSolver.Exact => LeastSquares.Solve(shared, Size, rows, a, b),
                    LeastSquaresSolver.ConjugateGradient => LeastSquares.ConjugateGradient(shared, Size, rows, a, b, own[r], 3),
                    _ => LeastSquares.Block(shared, Size, rows, a, b, own[r], 16),
                };
            }
        }

        static double[] Gram(double[][] rows) =>
            [.. Enumerable.Range(0, Size * Size).Select(n => rows.Sum(o => o[n / Size] * o[n % Size]))];

        static void Turn(double[][] rows, double[] vectors)
        {
            for (int r = 0; r < rows.Length; r++)
            {
                double[] row = rows[r];
                rows[r] = [.. Enumerable.Range(0, Size).Select(n => Enumerable.Range(0, Size).Sum(c => vectors[(n * Size) + c] * row[c]))];
            }
        }
    }

    /// <summary>The objective: every pair's weighted squared error and the regularization.</summary>
    private static double Loss(string model, IRecommender recommender, Dataset train)
    {
        CsrMatrix sum = UserItemMatrix.Sum(train);
        var scores = new float[train.Items.Count];
        var vectors = (IVectorRecommender)recommender;
        var own = new float[Size];
        CsrMatrix byItem = sum.Transpose();
        double loss = 0;
        for (int i = 0; i < byItem.Rows; i++)
        {
            loss += Strength(byItem.RowLength(i), sum.Rows) * vectors.ItemVectors.Row(i).ToArray().Sum(v => float.IsNaN(v) ? 0 : v * v);
        }

        for (int u = 0; u < train.Users.Count; u++)
        {
            if (sum.RowLength(u) == 0)
            {
                continue;
            }

            recommender.Score(Query.ForUser(u), scores);
            vectors.TryGetUserVector(Query.ForUser(u), own);
            loss += Strength(sum.RowLength(u), sum.Columns) * own.Sum(v => v * v);
            for (int i = 0; i < scores.Length; i++)
            {
                double plays = sum[u, i], s = float.IsNaN(scores[i]) ? 0 : scores[i];
                loss += model == "als"
                    ? (1 + (3 * plays)) * Math.Pow((plays > 0 ? 1 : 0) - s, 2)
                    : (plays > 0 ? Math.Pow(1 - s, 2) : 0) + (0.1 * s * s);
            }
        }

        return loss;

        double Strength(int count, int others) => model == "als" ? 2 : 0.01 * Math.Pow(count + (0.1 * others), 0.7);
    }
}
