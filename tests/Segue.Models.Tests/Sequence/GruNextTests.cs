using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Sequence;
using Segue.Numerics.Dense;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class GruNextTests : RecommenderContract
{
    // Measured .2337 on the last month.
    protected override (double Low, double High) NdcgWindow => (0.225, 0.243);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NoCheckerboard => "nothing ever follows the last item of the board";

    protected override string? NeedsTime => "plays need an order";

    protected override IModel CreateModel() => new GruNext(new GruNextOptions { EmbeddingSize = 16, HiddenSize = 16, Epochs = 10, LearningRate = 0.01 });

    [Theory]
    [InlineData(0, false)]
    [InlineData(12, false)]
    [InlineData(0, true)]
    [InlineData(12, true)]
    public void The_direction_comes_from_the_plays_before_the_last(int negatives, bool sharedVectors)
    {
        var options = new GruNextOptions
        {
            EmbeddingSize = sharedVectors ? 24 : 16,
            HiddenSize = 24,
            Epochs = 40,
            LearningRate = 0.02,
            NegativeCount = negatives,
            Dropout = 0,
            BatchSize = 10,
            SharedVectors = sharedVectors,
        };
        var losses = new List<double>();
        IRecommender recommender = new GruNext(options).Fit(Chains.Make(), Context() with { OnLoss = (_, _, loss) => losses.Add(loss) });
        Assert.True(losses[^1] < 0.4, $"the loss is {losses[^1]}, that of a guess {Math.Log(Chains.Items)}");
        for (int i = 0; i < Chains.Items; i++)
        {
            int[] up = [.. Enumerable.Range(0, 5).Select(n => (i + n) % Chains.Items)];
            Assert.Equal((i + 5) % Chains.Items, Best(Scores(recommender, Query.ForHistory(up))));
            Assert.Equal((i + Chains.Items - 1) % Chains.Items, Best(Scores(recommender, Query.ForHistory(up.Reverse().ToArray()))));
        }
    }

    [Fact]
    public void Only_the_last_plays_and_known_items_are_read()
    {
        IRecommender recommender = new GruNext(new GruNextOptions { EmbeddingSize = 8, HiddenSize = 8, Epochs = 1, MaxLength = 3 }).Fit(Chains.Make(), Context());
        float[] scores = Scores(recommender, Query.ForHistory(new[] { 4, 5, 6 }));
        Assert.Equal(scores, Scores(recommender, Query.ForHistory(new[] { 9, 1, 4, Chains.Items, 5, 6, Chains.Items })));
        Assert.NotEqual(scores, Scores(recommender, Query.ForHistory(new[] { 5, 4, 6 })));
        Assert.All(Scores(recommender, Query.ForHistory(new[] { Chains.Items })), s => Assert.True(float.IsNaN(s)));
        Dataset train = Chains.Make();
        int[] last = train.ItemIndex[(train.UserStart()[8] - 3)..train.UserStart()[8]].ToArray();
        Assert.Equal(Scores(recommender, Query.ForUser(7)), Scores(recommender, Query.ForHistory(last)));
    }

    [Fact]
    public void Sessions_are_learned_without_what_came_before_the_break()
    {
        var options = new GruNextOptions { EmbeddingSize = 16, HiddenSize = 24, Epochs = 30, LearningRate = 0.02, Dropout = 0, Unit = SequenceUnit.Session };
        Assert.True(Loss(options) < 1);
        Assert.True(Loss(options with { Unit = SequenceUnit.Listener }) > Loss(options), "the first play after a break cannot be known");

        double Loss(GruNextOptions o)
        {
            double last = 0;
            new GruNext(o).Fit(Chains.Make(withBreaks: true), Context() with { OnLoss = (_, _, loss) => last = loss });
            return last;
        }
    }

    /// <summary>What an item is read as and what it is predicted by are the same numbers, stored once and read back.</summary>
    [Fact]
    public void Shared_vectors_are_one_vector_an_item()
    {
        Dataset train = Chains.Make();
        var model = new GruNext(new GruNextOptions { EmbeddingSize = 8, HiddenSize = 8, Epochs = 2, SharedVectors = true });
        using TemporaryFolder folder = TestData.NewFolder();
        ArtifactReader artifact = SaveAndOpen(model.Fit(train, Context()), folder.File("model.safetensors"));
        DenseMatrix read = artifact.Dense("item_embedding"), predicted = artifact.Dense(SequenceRecommender.ItemVectorsName);
        Assert.All(Enumerable.Range(0, Chains.Items), i => Assert.Equal(read.Row(i).ToArray(), predicted.Row(i)[..8].ToArray()));
    }

    private static int Best(float[] scores) => Array.IndexOf(scores, scores.Max());
}
