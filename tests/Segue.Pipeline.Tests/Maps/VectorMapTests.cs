using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models;
using Segue.Numerics.Dense;
using Segue.Pipeline.Maps;
using Segue.Pipeline.Reports;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests.Maps;

public sealed class VectorMapTests
{
    private static readonly Lazy<TrainedModel> Trained = new(() => Fit("ials", SmallWorld.Genres));

    [Fact]
    public void Items_of_a_genre_lie_together()
    {
        // Genre g of the small world is items 30·g … 30·g + 29: of a point's 10 nearest in three dimensions most share its genre, by chance one would.
        VectorMap map = VectorMap.Of(Trained.Value, new MapOptions { Dimensions = 3, Method = MapMethod.Pca }, [], new FitContext());
        int same = 0, all = 0;
        for (int i = 0; i < map.Titles.Count; i++)
        {
            foreach (int j in Enumerable.Range(0, map.Titles.Count).Where(j => j != i).OrderBy(j => Away(map, i, j)).Take(10))
            {
                same += Genre(map, i) == Genre(map, j) ? 1 : 0;
                all++;
            }
        }

        Assert.True(same > 0.5 * all, $"{same} of {all}");
    }

    [Fact]
    public void Does_not_depend_on_threads()
    {
        VectorMap one = VectorMap.Of(Trained.Value, new MapOptions(), [], new FitContext { Threads = 1 });
        VectorMap three = VectorMap.Of(Trained.Value, new MapOptions(), [], new FitContext { Threads = 3 });
        Assert.Equal(one.Places.Values, three.Places.Values);
        Assert.Equal(one.Clusters, three.Clusters);
    }

    [Fact]
    public void The_limit_keeps_the_most_heard()
    {
        VectorMap map = VectorMap.Of(Trained.Value, new MapOptions { Limit = 10 }, [], new FitContext());
        Dataset train = Trained.Value.Train;
        int[] count = new int[train.Items.Count];
        foreach (int item in train.ItemIndex.Span)
        {
            count[item]++;
        }

        Assert.Equal(count.OrderDescending().Take(10).Order(), map.Interactions.Order());
        Assert.Equal(train.Items.Count, map.Available);
    }

    [Fact]
    public void Points_drawn_at_random_are_of_all_popularities_and_the_same_for_a_seed()
    {
        var options = new MapOptions { Method = MapMethod.Pca, Limit = 60, Pick = MapPick.Random };
        VectorMap one = VectorMap.Of(Trained.Value, options, [], new FitContext()), again = VectorMap.Of(Trained.Value, options, [], new FitContext());
        VectorMap other = VectorMap.Of(Trained.Value, options, [], new FitContext { Seed = 7 }), larger = VectorMap.Of(Trained.Value, options with { Limit = 90 }, [], new FitContext());
        VectorMap most = VectorMap.Of(Trained.Value, options with { Pick = MapPick.MostHeard }, [], new FitContext());
        VectorMap all = VectorMap.Of(Trained.Value, options with { Limit = 100_000 }, [], new FitContext());
        Assert.Equal(one.Titles, again.Titles);
        Assert.NotEqual(one.Titles, other.Titles);
        Assert.Equal((60, 60), (one.Titles.Count, one.Titles.Distinct().Count()));
        Assert.All(one.Titles, title => Assert.Contains(title, larger.Titles));
        Assert.InRange(one.Interactions.Average(), 0.7 * all.Interactions.Average(), 1.3 * all.Interactions.Average());
        Assert.True(one.Interactions.Average() < most.Interactions.Average());
        Assert.Contains("60, drawn at random, of", HtmlMap.ToHtml(one), StringComparison.Ordinal);
        Assert.Contains("the 60 most heard of", HtmlMap.ToHtml(most), StringComparison.Ordinal);
    }

    [Fact]
    public void Tags_artists_and_highlights_follow_their_points()
    {
        var builder = new DatasetBuilder("tiny", "track");
        int[] items = [builder.Item("a", "One", "Ann"), builder.Item("b", "Two", "Bob"), builder.Item("c", "Three", "ANNE"), builder.Item("d", "Four")];
        string[][] heard = [["a", "b"], ["a", "b", "c"], ["c", "d"], ["b", "d"], ["a"]];
        for (int u = 0; u < heard.Length; u++)
        {
            int user = builder.User($"user {u}");
            foreach (string id in heard[u])
            {
                builder.Interaction(user, items["abcd".IndexOf(id, StringComparison.Ordinal)]);
            }
        }

        builder.Profile(1, "name", "Evening");
        builder.Tag(0, items[0], "rock");
        builder.Tag(1, items[0], "folk");
        builder.Tag(2, items[0], "folk");
        builder.Tag(0, items[1], "rock");
        builder.Tag(1, items[1], "jazz");
        TrainedModel model = Fit("ials", builder.Build(), ("embedding_size", "4"));
        VectorMap map = VectorMap.Of(model, new MapOptions(), ["ann", "BOB"], new FitContext());
        Assert.Equal(MapColor.Genre, map.Options.Color);
        // Rock and jazz are given to Two once each; rock is the more frequent tag on the whole.
        Assert.Equal(["folk", "rock", "", ""], map.Genres!.Of.Select(g => g < 0 ? string.Empty : map.Genres.Names[g]));
        Assert.Equal(["Ann", "Bob", "ANNE", ""], map.Artists!.Of.Select(a => a < 0 ? string.Empty : map.Artists.Names[a]));
        Assert.Equal(["Ann", "Bob"], map.Highlight);
        Assert.Equal([1, 2, 0, 0], map.Highlighted);

        VectorMap users = VectorMap.Of(model, new MapOptions { Points = MapPoints.Users }, ["Ann", "Bob"], new FitContext());
        Assert.Equal([3, 3, 0, 2, 1], users.Highlighted);
        Assert.Equal(["user 0", "Evening", "user 2", "user 3", "user 4"], users.Titles);
        Assert.Equal([2, 3, 2, 2, 1], users.Interactions);

        OptionException unknown = Assert.Throws<OptionException>(() => VectorMap.Of(model, new MapOptions(), ["Bobb"], new FitContext()));
        Assert.Contains("did you mean 'Bob'?", unknown.Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => VectorMap.Of(model, new MapOptions(), ["Ann", "Bob", "ANNE"], new FitContext()));
    }

    [Fact]
    public void What_cannot_be_drawn_or_coloured_says_so()
    {
        SegueException vectors = Assert.Throws<SegueException>(() => VectorMap.Of(Fit("popularity", SmallWorld.Genres), new MapOptions(), [], new FitContext()));
        Assert.Contains("model 'popularity' has no vectors", vectors.Message, StringComparison.Ordinal);
        Assert.Contains("ials", vectors.Message, StringComparison.Ordinal);
        IModel first = ModelCatalog.Create("gru-next", [new("epochs", "1"), new("classes", "cluster")]);
        TrainedModel classes = TrainedModel.Fit("gru-next", first, SmallWorld.Genres, new FitContext());
        vectors = Assert.Throws<SegueException>(() => VectorMap.Of(classes, new MapOptions(), [], new FitContext()));
        Assert.Contains("has no vectors to draw as it was trained, with classes=cluster,epochs=1; models that have", vectors.Message, StringComparison.Ordinal);
        DatasetException tags = Assert.Throws<DatasetException>(() => VectorMap.Of(Trained.Value, new MapOptions { Color = MapColor.Genre }, [], new FitContext()));
        Assert.Contains("no tags", tags.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_models_named_as_having_vectors_are_those_that_have()
    {
        // One epoch tells the type; models that cannot be trained on the small world at all have none to show.
        foreach (ModelDescription model in ModelCatalog.All)
        {
            bool hasEpochs = OptionsText.Describe(model.OptionsType).Any(o => o.Name == "epochs");
            IModel untrained = ModelCatalog.Create(model.Name, hasEpochs ? [new("epochs", "1")] : []);
            IRecommender? recommender = null;
            try
            {
                recommender = untrained.Fit(SmallWorld.Genres, new FitContext { Threads = 2 });
            }
            catch (DatasetException)
            {
            }

            Assert.True(
                ModelCatalog.WithVectors.Contains(model.Name) == recommender is IVectorRecommender,
                $"ModelCatalog.WithVectors should {(recommender is IVectorRecommender ? string.Empty : "not ")}name '{model.Name}'");
        }
    }

    [Fact]
    public void Pca_says_how_much_of_popularity_its_directions_tell()
    {
        // Coordinates that are 3 ln n and noise not correlated with it by construction: the first tells all, the second nothing.
        int[] plays = [1, 10, 100, 1, 10, 100];
        double[] log = [.. plays.Select(p => Math.Log(p))];
        var places = new DenseMatrix(6, 3, [.. Enumerable.Range(0, 6).SelectMany(i => new[] { (float)(-3 * (log[i] - log[1])), i < 3 ? 1f : -1f, 0f })]);
        MapPopularity told = VectorMap.PopularityOf(places, plays)!;
        Assert.Equal([-1.0, 0.0, 0.0], told.Correlations.Select(r => Math.Round(r, 6)));
        Assert.Equal(1, told.Share, 1e-6);
        Assert.Null(VectorMap.PopularityOf(places, [3, 3, 3, 3, 3, 3]));

        // Of a trained model: what least squares of ln plays on both directions leaves, solved here by elimination, as the directions were not orthogonal.
        VectorMap map = VectorMap.Of(Trained.Value, new MapOptions { Method = MapMethod.Pca, Color = MapColor.Popularity, Limit = 150 }, [], new FitContext());
        double[] y = [.. map.Interactions.Select(c => Math.Log(c))];
        double mean = y.Average(), a = 0, b = 0, d = 0, p = 0, q = 0;
        for (int i = 0; i < y.Length; i++)
        {
            (double u, double v) = (map.Places.Row(i)[0], map.Places.Row(i)[1]);
            (a, b, d, p, q) = (a + (u * u), b + (u * v), d + (v * v), p + (u * (y[i] - mean)), q + (v * (y[i] - mean)));
        }

        double s = ((d * p) - (b * q)) / ((a * d) - (b * b)), t = ((a * q) - (b * p)) / ((a * d) - (b * b)), left = 0, all = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double off = y[i] - mean, rest = off - (s * map.Places.Row(i)[0]) - (t * map.Places.Row(i)[1]);
            (left, all) = (left + (rest * rest), all + (off * off));
        }

        Assert.Equal(1 - (left / all), map.Popularity!.Share, 1e-4);
        Assert.InRange(map.Popularity.Share, 0.001, 1);
        Assert.Equal(2, map.Popularity.Correlations.Count);
        Assert.Contains("popularity told <b>", HtmlMap.ToHtml(map), StringComparison.Ordinal);
        VectorMap umap = VectorMap.Of(Trained.Value, new MapOptions { Limit = 50, Epochs = 10 }, [], new FitContext());
        Assert.Null(umap.Popularity);
        Assert.DoesNotContain("popularity told", HtmlMap.ToHtml(umap), StringComparison.Ordinal);
    }

    [Fact]
    public void Pca_says_what_it_shows_and_umap_keeps_more_neighbours()
    {
        VectorMap pca = VectorMap.Of(Trained.Value, new MapOptions { Method = MapMethod.Pca }, [], new FitContext());
        VectorMap umap = VectorMap.Of(Trained.Value, new MapOptions { Method = MapMethod.Umap }, [], new FitContext());
        Assert.Equal(2, pca.VarianceShares.Count);
        Assert.InRange(pca.VarianceShares.Sum(), 0.01, 1);
        Assert.Empty(umap.VarianceShares);
        Assert.True(umap.Trustworthiness > pca.Trustworthiness + 0.03, $"{umap.Trustworthiness} against {pca.Trustworthiness}");
    }

    [Theory]
    [InlineData(MapMethod.Pca)]
    [InlineData(MapMethod.Umap)]
    public void Epochs_kept_in_training_become_frames(MapMethod method)
    {
        IModel bpr = ModelCatalog.Create("bpr", [new("epochs", "7"), new("embedding_size", "8")]);
        TrainedModel plain = TrainedModel.Fit("bpr", bpr, SmallWorld.Genres, new FitContext { Threads = 1 });
        TrainedModel kept = TrainedModel.Fit("bpr", bpr, SmallWorld.Genres, new FitContext { Threads = 1 }, keepEvery: 2);
        Assert.Equal([2, 4, 6], kept.Epochs.Select(e => e.Epoch));
        Assert.Equal(((IVectorRecommender)plain.Recommender).ItemVectors.Values, ((IVectorRecommender)kept.Recommender).ItemVectors.Values);
        Assert.NotEqual(kept.Epochs[0].ItemVectors.Values, kept.Epochs[1].ItemVectors.Values);

        using TemporaryFolder folder = TestData.NewFolder();
        kept.Save(folder.File("model"));
        Assert.Empty(TrainedModel.Open(folder.File("model")).Epochs);
        TrainedModel opened = TrainedModel.Open(folder.File("model"), withEpochs: true);
        Assert.Equal(kept.Epochs.Select(e => e.ItemVectors.Values), opened.Epochs.Select(e => e.ItemVectors.Values));
        VectorMap map = VectorMap.Of(opened, new MapOptions { Method = method }, [], new FitContext { Threads = 1 });
        Assert.Equal([2, 4, 6], map.Frames.Select(f => f.Epoch));
        Assert.All(map.Frames, f => Assert.All(f.Places.Values, v => Assert.True(float.IsFinite(v))));

        // The nearer an epoch to the end, the nearer its places.
        double[] away = [.. map.Frames.Select(f => f.Places.Values.Zip(map.Places.Values, (a, b) => Math.Pow(a - b, 2)).Sum())];
        Assert.True(away[0] > away[2], string.Join(", ", away));

        byte[] bytes = File.ReadAllBytes(Path.Combine(folder.File("model"), "epochs.safetensors"));
        bytes[^3] ^= 1;
        File.WriteAllBytes(Path.Combine(folder.File("model"), "epochs.safetensors"), bytes);
        Assert.Contains("checksum", Assert.Throws<DatasetException>(() => TrainedModel.Open(folder.File("model"), withEpochs: true)).Message, StringComparison.Ordinal);
    }

    private static int Genre(VectorMap map, int point) => map.Index[point] / 30;

    private static double Away(VectorMap map, int i, int j) =>
        Enumerable.Range(0, map.Places.Columns).Sum(d => Math.Pow(map.Places.Row(i)[d] - map.Places.Row(j)[d], 2));

    private static TrainedModel Fit(string name, Dataset train, params (string Key, string Value)[] options) => TrainedModel.Fit(
        name, ModelCatalog.Create(name, options.Select(o => new KeyValuePair<string, string>(o.Key, o.Value))), train, new FitContext { Threads = 1 });
}
