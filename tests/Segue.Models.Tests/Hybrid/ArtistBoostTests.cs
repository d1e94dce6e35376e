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

    private static double[] Distribution(float[] scores)
    {
        double lowest = Math.Min(0, scores.Min());
        return [.. scores.Select(s => (s - lowest) / scores.Sum(t => t - lowest))];
    }
}
