using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Sequence;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

/// <summary>The class first, then the item within it: the contract of models with clusters, and what is true of all classes.</summary>
public sealed class ClassOutputTests : RecommenderContract
{
    // Measured .2402 on the last month.
    protected override (double Low, double High) NdcgWindow => (0.231, 0.249);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NoCheckerboard => "nothing ever follows the last item of the board";

    protected override string? NeedsTime => "plays need an order";

    protected override IModel CreateModel() => new GruNext(
        new GruNextOptions { EmbeddingSize = 16, HiddenSize = 16, Epochs = 10, LearningRate = 0.01, Classes = ItemClasses.Cluster });

    [Theory]
    [InlineData(ItemClasses.Cluster, 0)]
    [InlineData(ItemClasses.Cluster, 1)]
    [InlineData(ItemClasses.Cluster, 31)]
    [InlineData(ItemClasses.Artist, 0)]
    public void The_direction_comes_from_the_plays_before_the_last_and_probabilities_sum_to_one(ItemClasses classes, int count)
    {
        var options = new GruNextOptions
        {
            EmbeddingSize = 16,
            HiddenSize = 24,
            Epochs = 40,
            LearningRate = 0.02,
            Dropout = 0,
            BatchSize = 10,
            Classes = classes,
            ClassCount = count,
        };
        var losses = new Dictionary<string, double>();
        IRecommender recommender = new GruNext(options).Fit(WithArtists(Chains.Make()), Context() with { OnLoss = (_, name, loss) => losses[name] = loss });
        Assert.Equal(["class_cross_entropy", "item_cross_entropy"], losses.Keys.Order());
        Assert.True(losses.Values.Sum() < 0.4, $"the loss is {losses.Values.Sum()}, that of a guess {Math.Log(Chains.Items)}");
        for (int i = 0; i < Chains.Items; i++)
        {
            int[] up = [.. Enumerable.Range(0, 5).Select(n => (i + n) % Chains.Items)];
            float[] scores = Scores(recommender, Query.ForHistory(up));
            Assert.Equal((i + 5) % Chains.Items, Array.IndexOf(scores, scores[..^1].Max()));

            // What is missing to 1 is the share of the one item nobody played.
            Assert.True(float.IsNaN(scores[^1]));
            Assert.InRange(scores[..^1].Sum(s => Math.Exp(s)), 0.9, 1 + 1e-5);
            scores = Scores(recommender, Query.ForHistory(up.Reverse().ToArray()));
            Assert.Equal((i + Chains.Items - 1) % Chains.Items, Array.IndexOf(scores, scores[..^1].Max()));
        }
    }

    [Fact]
    public void A_reason_weighs_what_the_logarithm_of_the_probability_loses_without_it()
    {
        var options = new GruNextOptions { EmbeddingSize = 8, HiddenSize = 8, Epochs = 2, Classes = ItemClasses.Artist };
        IRecommender recommender = new GruNext(options).Fit(WithArtists(Chains.Make()), Context());
        float[] all = Scores(recommender, Query.ForHistory(new[] { 3, 4, 5, 6 }));
        Assert.True(float.IsNaN(all[Chains.Items]));
        foreach (int target in new[] { 0, 7 })
        {
            IReadOnlyList<Reason> reasons = ((IExplains)recommender).Explain(Query.ForHistory(new[] { 3, 4, 5, 6 }), target, 9);
            foreach (int left in new[] { 3, 4, 5, 6 })
            {
                double loss = all[target] - Scores(recommender, Query.ForHistory(new[] { 3, 4, 5, 6 }.Where(i => i != left).ToArray()))[target];
                Assert.Equal(Math.Max(0, loss), reasons.Where(r => r.HistoryItemIndex == left).Sum(r => r.Weight), 1e-5);
            }
        }
    }

    [Fact]
    public void Artists_survive_an_artifact_and_an_item_without_one_is_in_a_class_of_its_own()
    {
        Dataset train = WithArtists(Chains.Make());
        var model = new GruNext(new GruNextOptions { EmbeddingSize = 8, HiddenSize = 8, Epochs = 2, Classes = ItemClasses.Artist });
        IRecommender recommender = model.Fit(train, Context());
        using TemporaryFolder folder = TestData.NewFolder();
        Segue.Core.Artifacts.ArtifactReader artifact = SaveAndOpen(recommender, folder.File("model.safetensors"));
        int[] classes = artifact.Integers("item_class");
        Assert.Equal([0, 1, 2, 0, 1, 2], classes[..6]);
        Assert.Equal(3, classes[Chains.Items]);
        Query query = Query.ForHistory(new[] { 1, 2 });
        Assert.Equal(Scores(recommender, query), Scores(model.Load(artifact, train), query));
    }

    [Fact]
    public void Classes_that_cannot_be_had_are_refused_with_a_remedy()
    {
        string artist = Assert.Throws<DatasetException>(
            () => new GruNext(new GruNextOptions { Classes = ItemClasses.Artist }).Fit(Chains.Make(), Context())).Message;
        Assert.Contains("classes is artist and dataset 'chains' names no artists; set classes=cluster", artist, StringComparison.Ordinal);
        Dataset unlabelled = Chains.Make();
        unlabelled = unlabelled with { Catalog = unlabelled.Catalog with { ItemArtist = Enumerable.Repeat(-1, unlabelled.Items.Count).ToArray() } };
        artist = Assert.Throws<DatasetException>(() => new GruNext(new GruNextOptions { Classes = ItemClasses.Artist }).Fit(unlabelled, Context())).Message;
        Assert.Contains("dataset 'chains' names no artists of its 31 items; set classes=cluster, or import", artist, StringComparison.Ordinal);
        string count = Assert.Throws<OptionException>(() => new GruNext(new GruNextOptions { ClassCount = 5 }).Fit(Chains.Make(), Context())).Message;
        Assert.Contains("class_count is 5 and classes is none", count, StringComparison.Ordinal);
    }

    /// <summary>Items without an artist are one class, whose softmax is as large as one over all items.</summary>
    [Fact]
    public void The_largest_class_must_fit_too()
    {
        const int Items = 50_000;
        var builder = new DatasetBuilder("nearly unlabelled", "track");
        int user = builder.User("listener");
        for (int i = 0; i < Items; i++)
        {
            builder.Interaction(user, builder.Item($"item {i}", artist: i == 0 ? "the only one" : ""), 1_262_304_000 + i);
        }

        var options = new GruNextOptions { EmbeddingSize = 1, HiddenSize = 1, MaxLength = 100_000, Classes = ItemClasses.Artist };
        string message = Assert.Throws<ModelFitException>(() => new GruNext(options).Fit(builder.Build(), Context())).Message;
        Assert.Contains("option 'batch_size' is 32, which makes 49999 × 49999 scores a step", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ItemClasses.None)]
    [InlineData(ItemClasses.Cluster)]
    public void A_catalogue_of_nothing_has_no_classes(ItemClasses classes)
    {
        IRecommender recommender = new GruNext(new GruNextOptions { Classes = classes }).Fit(
            SmallWorld.Of(1, 0, []) with { IsOrdered = true }, Context());
        recommender.Score(Query.ForUser(0), []);
    }

    /// <summary>Artists by the remainder of three; item 30 has none.</summary>
    private static Dataset WithArtists(Dataset data)
    {
        var builder = new DatasetBuilder("chains", "track");
        for (int i = 0; i < data.Items.Count; i++)
        {
            builder.Item(data.Items[i], artist: i == Chains.Items ? "" : $"artist {i % 3}");
        }

        for (int n = 0; n < data.ItemIndex.Length; n++)
        {
            builder.Interaction(builder.User(data.Users[data.UserIndex.Span[n]]), data.ItemIndex.Span[n], data.Time.Span[n]);
        }

        return builder.Build();
    }
}
