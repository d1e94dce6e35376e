using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Hybrid;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class ArtistBoostTests : RecommenderContract
{
    // Measured .4185: five tracks an artist, whose listeners say little that those of the tracks do not. The model alone .4197.
    protected override (double Low, double High) NdcgWindow => (0.418, 0.419);

    protected override IModel CreateModel() => new ArtistBoost(new ArtistBoostOptions { Model = "item-knn:neighbors=30;shrinkage=0", ArtistPower = 0.5 });

    protected override Dataset Prepare(Dataset data) => data with
    {
        Catalog = data.Catalog with
        {
            Artists = new StringTable(["even", "odd"]),
            ItemArtist = Enumerable.Range(0, data.Items.Count).Select(i => i == SmallWorld.CheckerboardSize ? -1 : i % 2).ToArray(),
        },
    };

    [Theory]
    [InlineData("popularity", 1)]
    [InlineData("ease:regularization=20", 2)]
    [InlineData("recent-popularity", 0.5)]
    public void Scores_are_the_product_of_two_distributions(string model, double power)
    {
        Dataset train = SmallWorld.Genres;
        int[] artistOf = train.Catalog.ItemArtist.ToArray();
        var builder = new DatasetBuilder("by hand", "artist");
        for (int a = 0; a < train.Catalog.Artists.Count; a++)
        {
            builder.Item($"artist {a}");
        }

        for (int n = 0; n < train.Count; n++)
        {
            builder.Interaction(builder.User(train.Users[train.UserIndex.Span[n]]), artistOf[train.ItemIndex.Span[n]], train.Time.Span[n]);
        }

        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(model);
        double[] songs = Distribution(Scores(ModelCatalog.Create(name, pairs).Fit(train, Context()), Query.ForUser(5)));
        double[] artists = Distribution(Scores(ModelCatalog.Create(name, pairs).Fit(builder.Build(), Context()), Query.ForUser(5)));
        double[] product = [.. songs.Select((s, i) => s * Math.Pow(artists[artistOf[i]], power))];
        float[] scores = Scores(new ArtistBoost(new ArtistBoostOptions { Model = model, ArtistPower = power }).Fit(train, Context()), Query.ForUser(5));
        Assert.Equal(1, scores.Sum(), 1e-4);
        for (int i = 0; i < scores.Length; i++)
        {
            Assert.Equal(product[i] / product.Sum(), scores[i], 1e-6);
        }
    }

    [Fact]
    public void A_power_of_0_keeps_the_order_and_an_unknown_artist_gets_the_mean()
    {
        Dataset train = SmallWorld.Genres;
        float[] plain = Scores(ModelCatalog.Create("popularity", []).Fit(train, Context()), Query.ForUser(0));
        float[] zero = Scores(new ArtistBoost(new ArtistBoostOptions { Model = "popularity", ArtistPower = 0 }).Fit(train, Context()), Query.ForUser(0));
        Assert.Equal(plain.Select(p => p / plain.Sum()), zero, (a, b) => Math.Abs(a - b) < 1e-6);

        Dataset one = SmallWorld.Of(3, 3, [(0, 0), (1, 0), (0, 1), (2, 2)]);
        one = one with { Catalog = one.Catalog with { Artists = new StringTable(["a", "b"]), ItemArtist = new[] { 0, 1, -1 } } };

        // Songs 2 : 1 : 1, artists 2 : 1, so 2·2/3 : 1·1/3 : 1·1/2.
        float[] scores = Scores(new ArtistBoost(new ArtistBoostOptions { Model = "popularity" }).Fit(one, Context()), Query.ForUser(0));
        Assert.Equal([8 / 13.0, 2 / 13.0, 3 / 13.0], scores.Select(s => (double)s), (a, b) => Math.Abs(a - b) < 1e-6);

        // A history of unknown artists leaves the songs as they are.
        IRecommender knn = new ArtistBoost(new ArtistBoostOptions { Model = "item-knn:shrinkage=0" }).Fit(
            SmallWorld.Of(3, 3, [(0, 0), (0, 2), (1, 0), (1, 2), (2, 1), (2, 2)]) with { Catalog = one.Catalog }, Context());
        Assert.Contains(Scores(knn, Query.ForHistory(new[] { 2 })), s => s > 0);
    }

    /// <summary>What cannot be boosted, with a word of the reason that is given.</summary>
    private static readonly Dictionary<string, string> NotInside = new()
    {
        ["artist-boost"] = "name another model",
        ["feature-knn"] = "cannot be trained on artists",
        ["hybrid-nn"] = "cannot be trained on artists",
        ["hybrid-two-tower"] = "cannot be trained on artists",
    };

    public static TheoryData<string> AllModels => [.. ModelCatalog.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(AllModels))]
    public void Every_model_is_boosted_or_refused_with_a_reason(string name)
    {
        // Little of everything: what a model can be made small by, where it has it.
        HashSet<string> options = [.. OptionsText.Describe(ModelCatalog.Get(name).OptionsType).Select(o => o.Name)];
        string[] small = [.. new[] { "epochs=1", "embedding_size=4", "hidden_size=4", "heads=2", "layers=2", "walks_per_node=1", "walk_length=5" }.Where(o => options.Contains(o.Split('=')[0]))];
        var model = new ArtistBoost(new ArtistBoostOptions { Model = small.Length == 0 ? name : $"{name}:{string.Join(';', small)}" });
        Dataset world = TinyWorld();
        if (NotInside.TryGetValue(name, out string? reason))
        {
            SegueException error = Assert.ThrowsAny<SegueException>(() => model.Fit(world, Context()));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
            Assert.Contains($"'{name}", error.Message, StringComparison.Ordinal);
            return;
        }

        IRecommender boosted = model.Fit(world, Context());
        float[][] scores = [.. Enumerable.Range(0, world.Users.Count).Select(u => Scores(boosted, Query.ForUser(u)))];
        Assert.All(scores, s => Assert.DoesNotContain(s, float.IsInfinity));
        Assert.Contains(scores, s => s.Any(float.IsFinite));
    }

    [Theory]
    [InlineData("ease", false, false, true)]
    [InlineData("als:epochs=1;embedding_size=4", false, false, true)]
    [InlineData("gf-cf", false, true, true)]
    [InlineData("recent-popularity", true, false, true)]
    [InlineData("ipf", true, false, true)]
    [InlineData("stg-link:epochs=1;embedding_size=4", true, false, false)]
    [InlineData("random", false, false, false)]
    public void It_can_do_what_the_model_inside_can(string model, bool isTimeAware, bool observes, bool explains)
    {
        Dataset world = TinyWorld();
        IRecommender boosted = new ArtistBoost(new ArtistBoostOptions { Model = model }).Fit(world, Context());
        Assert.Equal((isTimeAware, observes, explains), (boosted is ITimeAware, boosted is IObserves, boosted is IExplains));
        if (boosted is ITimeAware timed)
        {
            Assert.Equal(world.LatestTime, timed.LatestTime);
        }
    }

    [Fact]
    public void Both_halves_observe()
    {
        Dataset world = TinyWorld(), half = world.Select([.. Enumerable.Range(0, world.Count).Where(n => n % 2 == 0)]);
        var model = new ArtistBoost(new ArtistBoostOptions { Model = "gf-cf" });
        var trained = (IObserves)model.Fit(half, Context());
        IRecommender observed = trained.Observe(world, Context());
        Assert.True(observed is IObserves and IExplains and not ITimeAware);
        Assert.Equal(Scores(trained, Query.ForUser(1)), Scores(trained.Observe(half, Context()), Query.ForUser(1)));

        // Each half as the model alone would observe it.
        double[] songs = Distribution(Scores(((IObserves)ModelCatalog.Create("gf-cf", []).Fit(half, Context())).Observe(world, Context()), Query.ForUser(1)));
        double[] artists = Distribution(Scores(
            ((IObserves)ModelCatalog.Create("gf-cf", []).Fit(ArtistBoost.ByArtist(half), Context())).Observe(ArtistBoost.ByArtist(world), Context()), Query.ForUser(1)));
        double[] product = [.. songs.Select((s, i) => s * artists[world.Catalog.ItemArtist.Span[i]])];
        Assert.Equal(product.Select(p => p / product.Sum()), Scores(observed, Query.ForUser(1)).Select(s => (double)s), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.NotEqual(Scores(trained, Query.ForUser(1)), Scores(observed, Query.ForUser(1)));
        Assert.Throws<DatasetException>(() => trained.Observe(SmallWorld.Genres, Context()));
    }

    [Fact]
    public void What_is_wrong_inside_is_said()
    {
        Assert.Contains("artists", Refused<DatasetException>(new(), SmallWorld.Checkerboard()), StringComparison.Ordinal);
        Assert.Contains("'item-knn'", Refused<OptionException>(new() { Model = "itemknn" }, SmallWorld.Genres), StringComparison.Ordinal);
        Assert.Contains("'neighbors'", Refused<OptionException>(new() { Model = "item-knn:neighbours=3" }, SmallWorld.Genres), StringComparison.Ordinal);
        Assert.Contains("label", Refused<OptionException>(new() { Model = "ease:label=x" }, SmallWorld.Genres), StringComparison.Ordinal);
    }

    private static string Refused<T>(ArtistBoostOptions options, Dataset data)
        where T : Exception => Assert.Throws<T>(() => new ArtistBoost(options).Fit(data, Context())).Message;

    [Fact]
    public void A_model_that_can_do_without_features_is_boosted_without() => Assert.Contains(
        Scores(new ArtistBoost(new ArtistBoostOptions { Model = "hybrid-two-tower:epochs=1;embedding_size=4;hidden_size=4;features=false" }).Fit(TinyWorld(), Context()), Query.ForUser(1)),
        float.IsFinite);

    /// <summary>12 listeners with two sessions of four plays, 12 songs of 4 artists, numbers of plays, features.</summary>
    private static Dataset TinyWorld()
    {
        var builder = new DatasetBuilder("tiny", "track");
        for (int i = 0; i < 12; i++)
        {
            builder.Item($"item {i}", $"Title {i}", $"artist {i / 3}");
        }

        for (int u = 0; u < 12; u++)
        {
            for (int n = 0; n < 8; n++)
            {
                builder.Interaction(builder.User($"user {u}"), ((u % 4 * 3) + (n * (u + 1))) % 12, (86_400L * (1000 + (30 * (n / 4)) + u)) + (60 * n), 1 + (n % 3));
            }
        }

        Dataset data = builder.Build();
        return data with
        {
            Catalog = data.Catalog with { FeatureNames = ["low", "high"], Features = Enumerable.Range(0, 24).Select(n => (float)((n / 2 >> (n % 2)) & 1)).ToArray() },
        };
    }

    private static double[] Distribution(float[] scores)
    {
        double lowest = Math.Min(0, scores.Min());
        return [.. scores.Select(s => (s - lowest) / scores.Sum(t => t - lowest))];
    }
}
