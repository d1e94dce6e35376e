using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Neighbors;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Neighbors;

public sealed class ItemKnnTests : RecommenderContract
{
    // Measured .4197. Broken on purpose: sign lost .0134, seen items kept .2466, test data in training .3896, another user's answers .0783,
    // popularity .0870, random .0321, norms forgotten .4311, norms squared .2746, norms under a root .4246, all similarities 1 .4020,
    // plays for ones .4095, shrinkage of 10 .4222, one neighbour more .4156 or fewer .4180.
    protected override (double Low, double High) NdcgWindow => (0.4187, 0.4207);

    protected override IModel CreateModel() => new ItemKnn(new ItemKnnOptions { Neighbors = 30, Shrinkage = 0 });

    [Theory]
    [InlineData("cosine", ItemSimilarityKind.Cosine, false, 0)]
    [InlineData("cosine_weighted", ItemSimilarityKind.Cosine, true, 0)]
    [InlineData("shrunk", ItemSimilarityKind.Cosine, false, 3.5)]
    [InlineData("shrunk_weighted", ItemSimilarityKind.Cosine, true, 3.5)]
    [InlineData("tf_idf", ItemSimilarityKind.TfIdf, false, 0)]
    [InlineData("tf_idf_shrunk", ItemSimilarityKind.TfIdf, false, 3.5)]
    [InlineData("tf_idf_weighted", ItemSimilarityKind.TfIdf, true, 0)]
    [InlineData("bm25", ItemSimilarityKind.Bm25, false, 0)]
    [InlineData("bm25_weighted", ItemSimilarityKind.Bm25, true, 0)]
    public void Similarities_are_those_of_numpy_and_scikit_learn(string name, ItemSimilarityKind kind, bool weighted, double shrinkage)
    {
        string folder = Path.Combine(TestData.RepositoryRoot(), "tests", "Segue.Models.Tests", "Neighbors");
        JsonNode oracle = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "item_similarity.json")))!;
        double[][] plays = Matrix(oracle["plays"]!), expected = Matrix(oracle[name]!);
        var model = new ItemKnn(new ItemKnnOptions
        {
            Similarity = kind,
            Weighted = weighted,
            Shrinkage = shrinkage,
            Bm25Saturation = 1.7,
            Bm25LengthNormalization = 0.6,
        });
        var similarity = (IItemSimilarity)model.Fit(Plays(plays), Context());
        var scores = new float[expected.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            similarity.Similarity(i, scores);
            for (int j = 0; j < expected.Length; j++)
            {
                if (i == j || expected[i][j] == 0)
                {
                    Assert.True(float.IsNaN(scores[j]));
                }
                else
                {
                    Assert.Equal(expected[i][j], scores[j], 1e-5 * Math.Max(1, expected[i][j]));
                }
            }
        }
    }

    [Fact]
    public void Score_is_the_sum_over_the_items_own_neighbours()
    {
        // Listeners {0, 1}, {0, 1}, {1, 2}, {0, 2}, {3}: s01 = 2/3, s02 = s12 = 1/√6, item 3 is like none.
        Dataset train = SmallWorld.Of(5, 4, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2), (3, 0), (3, 2), (4, 3)]);
        float[] all = Scores(new ItemKnn(new ItemKnnOptions { Shrinkage = 0 }).Fit(train, Context()), Query.ForUser(0));
        Assert.Equal([2 / 3f, 2 / 3f, 2 / MathF.Sqrt(6)], all[..3], (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.True(float.IsNaN(all[3]));

        // With one neighbour an item, items 0 and 1 keep each other and item 2 keeps item 0, the lower of the two that tie.
        float[] one = Scores(new ItemKnn(new ItemKnnOptions { Neighbors = 1, Shrinkage = 0 }).Fit(train, Context()), Query.ForHistory(new[] { 1 }));
        Assert.Equal([2 / 3f, 0, 0], one[..3], (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.All(Scores(new ItemKnn(new ItemKnnOptions { Shrinkage = 0 }).Fit(train, Context()), Query.ForUser(4)), s => Assert.True(float.IsNaN(s)));
    }

    [Fact]
    public void Old_plays_fade_in_the_listeners_vector_only()
    {
        const long Day = 86_400;
        var builder = new DatasetBuilder("plays", "track");
        foreach ((int user, int item, int day) in new[] { (0, 0, 0), (0, 1, 4), (1, 0, 0), (1, 2, 0), (2, 1, 0), (2, 2, 0) })
        {
            builder.Interaction(builder.User($"user {user}"), builder.Item($"item {item}"), (1 + day) * Day);
        }

        Dataset train = builder.Build();
        IRecommender recommender = new ItemKnn(new ItemKnnOptions { HalfLifeDays = 2, Shrinkage = 0 }).Fit(train, Context());
        float plain = Scores(new ItemKnn(new ItemKnnOptions { Shrinkage = 0 }).Fit(train, Context()), Query.ForUser(0))[recommender.Items.IndexOf("item 2")];
        int first = recommender.Items.IndexOf("item 0"), second = recommender.Items.IndexOf("item 1"), third = recommender.Items.IndexOf("item 2");
        Assert.Equal(1, plain, 6);
        Assert.Equal(0.5 * (1 + 0.25), Scores(recommender, Query.ForUser(0))[third], 6);
        Assert.Equal(0.5 * (1 + 0.25), Scores(recommender, Query.ForHistory(new[] { second, first }, time: new[] { 5 * Day, Day }))[third], 6);
        Assert.Equal(0.5 * (1 + 0.25), Scores(recommender, Query.ForHistory(new[] { second, first, first }, time: new[] { 5 * Day, Day, -1 }))[third], 6);
        Assert.Equal(1, Scores(recommender, Query.ForHistory(new[] { second, first }))[third], 6);
    }

    [Fact]
    public void Reasons_add_up_to_the_score()
    {
        var recommender = (IExplains)CreateModel().Fit(SmallWorld.Genres, Context());
        float[] scores = Scores(recommender, Query.ForUser(11));
        for (int item = 0; item < scores.Length; item += 17)
        {
            Assert.Equal(scores[item], recommender.Explain(Query.ForUser(11), item, int.MaxValue).Sum(r => r.Weight), 4);
        }
    }

    [Fact]
    public void A_history_scores_like_the_listener_it_came_from()
    {
        foreach (var options in new ItemKnnOptions[] { new(), new() { Weighted = true }, new() { Weighted = true, HalfLifeDays = 9 }, new() { HalfLifeDays = 9 } })
        {
            Dataset train = SmallWorld.Genres;
            IRecommender recommender = new ItemKnn(options).Fit(train, Context());
            Range own = train.UserStart()[5]..train.UserStart()[6];
            Assert.Equal(
                Scores(recommender, Query.ForUser(5)),
                Scores(recommender, Query.ForHistory(train.ItemIndex[own], time: train.Time[own])),
                (a, b) => Math.Abs(a - b) <= 1e-5f * Math.Abs(a) || (float.IsNaN(a) && float.IsNaN(b)));
        }
    }

    [Fact]
    public void Decay_without_times_is_refused()
    {
        var decayed = new ItemKnn(new ItemKnnOptions { HalfLifeDays = 1 });
        Assert.Contains("time", Assert.Throws<DatasetException>(() => decayed.Fit(SmallWorld.Checkerboard(withTime: false), Context())).Message, StringComparison.Ordinal);
    }

    private static double[][] Matrix(JsonNode node) => [.. node.AsArray().Select(row => row!.AsArray().Select(v => (double)v!).ToArray())];

    private static Dataset Plays(double[][] plays)
    {
        var builder = new DatasetBuilder("oracle", "track");
        for (int u = 0; u < plays.Length; u++)
        {
            for (int i = 0; i < plays[u].Length; i++)
            {
                int user = builder.User($"user {u}"), item = builder.Item($"item {i}");
                if (plays[u][i] > 0)
                {
                    builder.Interaction(user, item, weight: (float)plays[u][i]);
                }
            }
        }

        return builder.Build();
    }
}

public sealed class ItemKnnTfIdfTests : RecommenderContract
{
    // Measured .4228; without the weighting .4222, without shrinkage .4207, with half or twice as much .4221 and .4264, sign lost .0133.
    protected override (double Low, double High) NdcgWindow => (0.4225, 0.4231);

    protected override IModel CreateModel() => new ItemKnn(new ItemKnnOptions { Similarity = ItemSimilarityKind.TfIdf, Neighbors = 30 });
}

public sealed class ItemKnnBm25Tests : RecommenderContract
{
    // Measured .4288; without plays .4209, without length normalisation .4336, sign lost .0131, seen items kept .2400.
    protected override (double Low, double High) NdcgWindow => (0.4278, 0.4298);

    protected override IModel CreateModel() => new ItemKnn(
        new ItemKnnOptions { Similarity = ItemSimilarityKind.Bm25, Weighted = true, Neighbors = 30, Bm25LengthNormalization = 0.75 });
}

public sealed class ItemKnnDecayTests : RecommenderContract
{
    // Measured .2550 on the last month; without decay .2715 (this world's listeners keep their genres), half the half-life .2423, ones for
    // plays .2685, sign lost .0177, seen items kept .2606, popularity .0486.
    protected override (double Low, double High) NdcgWindow => (0.254, 0.256);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NeedsTime => "the listener's vector fades with time";

    protected override IModel CreateModel() => new ItemKnn(new ItemKnnOptions { HalfLifeDays = 30, Weighted = true, Neighbors = 30, Shrinkage = 0 });
}
