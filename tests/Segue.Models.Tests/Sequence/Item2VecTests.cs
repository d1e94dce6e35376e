using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Models.Sequence;
using Segue.Models.Walks;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class Item2VecTests : RecommenderContract
{
    // Measured .2279 on the last month.
    protected override (double Low, double High) NdcgWindow => (0.222, 0.234);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NeedsTime => "a sentence has an order";

    protected override IModel CreateModel() => new Item2Vec(new Item2VecOptions { EmbeddingSize = 16, Sentences = ItemSentenceKind.Histories, Epochs = 20 });
}

public sealed class Item2VecOfSetsTests : RecommenderContract
{
    // Measured .2866 on held-out pairs.
    protected override (double Low, double High) NdcgWindow => (0.281, 0.292);

    protected override IModel CreateModel() => new Item2Vec(new Item2VecOptions { EmbeddingSize = 16, Sentences = ItemSentenceKind.Sets, Epochs = 20 });

    [Theory]
    [InlineData(VectorScore.Cosine)]
    [InlineData(VectorScore.Dot)]
    [InlineData(VectorScore.Context)]
    public void Reasons_of_a_history_add_up_to_its_score(VectorScore score)
    {
        IRecommender recommender = new Item2Vec(new Item2VecOptions { EmbeddingSize = 16, Score = score, HalfLifeDays = 30, Weighted = true }).Fit(SmallWorld.TimeSplit.Train, Context());
        int[] history = [3, 8, 8, 40, 77, 12];
        long latest = SmallWorld.TimeSplit.Train.LatestTime;
        var query = Query.ForHistory(history, time: new[] { latest - 90 * 86_400L, latest - 50 * 86_400L, latest - 9, latest - 8, latest - 7, latest });
        float[] scores = Scores(recommender, query);
        foreach (int item in new[] { 0, 3, 8, 40, 100, 200 })
        {
            IReadOnlyList<Reason> reasons = ((IExplains)recommender).Explain(query, item, 100);
            Assert.True(reasons.Sum(r => r.Weight) >= scores[item] - 1e-5, "reasons that speak for an item are at least its score");
            Assert.True(reasons.Count < history.Distinct().Count() || Math.Abs(reasons.Sum(r => r.Weight) - scores[item]) < 1e-5);
        }

        var one = Query.ForHistory(new[] { 8, 8 }, weight: new[] { 2f, 1f });
        scores = Scores(recommender, one);
        int best = Enumerable.Range(0, scores.Length).MaxBy(i => scores[i]);
        Assert.Equal(scores[best], Assert.Single(((IExplains)recommender).Explain(one, best, 9)).Weight, 1e-5);
    }

    [Fact]
    public void Epochs_are_passes_with_a_loss_that_falls()
    {
        var losses = new List<double>();
        IRecommender? last = null;
        var watched = new List<int>();
        IModel model = new Item2Vec(new Item2VecOptions { EmbeddingSize = 16, Sentences = ItemSentenceKind.Histories, Epochs = 8 });
        IRecommender trained = model.Fit(SmallWorld.TimeSplit.Train, Context() with
        {
            OnLoss = (epoch, name, value) =>
            {
                Assert.Equal((losses.Count + 1, "loss"), (epoch, name));
                losses.Add(value);
            },
            WatchedEpochs = epoch => epoch is 3 or 8,
            OnEpoch = (epoch, recommender) =>
            {
                watched.Add(epoch);
                last = recommender;
                return true;
            },
        });
        Assert.Equal(8, losses.Count);
        Assert.True(losses[^1] < losses[0] - 0.1, string.Join(' ', losses));
        Assert.Equal([3, 8], watched);
        float[] scores = Scores(model.Fit(SmallWorld.TimeSplit.Train, Context()), Query.ForUser(5));
        Assert.Equal(scores, Scores(trained, Query.ForUser(5)));
        Assert.Equal(scores, Scores(last!, Query.ForUser(5)));

        // Stopped at the third, it is what it was then.
        float[]? then = null;
        IRecommender stopped = model.Fit(SmallWorld.TimeSplit.Train, Context() with
        {
            OnEpoch = (epoch, recommender) =>
            {
                then = Scores(recommender, Query.ForUser(5));
                return epoch < 3;
            },
        });
        Assert.Equal(then, Scores(stopped, Query.ForUser(5)));
        Assert.NotEqual(scores, then);
    }

    [Fact]
    public void An_item_played_too_rarely_or_alone_has_no_vector_and_a_listener_of_it_no_answer()
    {
        var data = SmallWorld.Of(4, 5, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 1), (2, 0), (3, 3)], withTime: true);
        var recommender = (IVectorRecommender)new Item2Vec(new Item2VecOptions { EmbeddingSize = 4, MinCount = 2, Epochs = 3 }).Fit(data, Context());
        Assert.All(Enumerable.Range(0, 2), i => Assert.Equal(1, TensorPrimitives.Norm<float>(recommender.ItemVectors.Row(i)), 1e-5));
        Assert.All(Enumerable.Range(2, 3), i => Assert.All(recommender.ItemVectors.Row(i).ToArray(), v => Assert.True(float.IsNaN(v))));
        Assert.All(Scores(recommender, Query.ForUser(3)), s => Assert.True(float.IsNaN(s)));
        Assert.Equal([true, true, false, false, false], Scores(recommender, Query.ForUser(0)).Select(float.IsFinite));
    }

    [Fact]
    public void Sessions_end_with_a_pause_and_histories_do_not()
    {
        // Every item is 90 seconds after the one before: with a pause of a minute nothing is left to learn from.
        var data = SmallWorld.Checkerboard();
        var options = new Item2VecOptions { EmbeddingSize = 8, Epochs = 2 };
        float[] histories = Scores(new Item2Vec(options with { Sentences = ItemSentenceKind.Histories }).Fit(data, Context()), Query.ForUser(0));
        Assert.Equal(histories, Scores(new Item2Vec(options).Fit(data, Context()), Query.ForUser(0)));
        Assert.All(Scores(new Item2Vec(options with { SessionMinutes = 0 }).Fit(data, Context()), Query.ForUser(0)), s => Assert.True(float.IsNaN(s)));
    }

    [Fact]
    public void Long_sentences_are_cut_and_sets_are_drawn_from_the_whole()
    {
        int[] items = [.. Enumerable.Range(0, 2101)];
        var cut = new ItemSentences(items, new[] { 0, 2101 }, isShuffled: false, 2, 1, "test");
        Assert.Equal((6, 1000), (cut.Count, cut.MaxLength));
        var lengths = new int[6];
        var words = new int[6000];
        cut.Read(0, lengths, words);
        Assert.Equal([101, 101, 1000, 1000, 1000, 1000], lengths.Order());
        for (int s = 0; s < 6; s++)
        {
            int first = words[s * 1000];
            Assert.Equal(0, first % 1000);
            Assert.Equal(Enumerable.Range(first, lengths[s]), words.Skip(s * 1000).Take(lengths[s]));
        }

        var drawn = new ItemSentences(items, new[] { 0, 2101 }, isShuffled: true, 2, 1, "test");
        drawn.Read(0, lengths, words);
        int[] one = Pass(0), two = Pass(3);
        Assert.Equal(items, one.Order());
        Assert.Equal(items, two.Order());
        Assert.NotEqual(one, two);
        Assert.Contains(words.Take(lengths[0]), w => w >= 1100);

        int[] Pass(int from) => [.. Enumerable.Range(from, 3).SelectMany(s => words.Skip(s * 1000).Take(lengths[s]))];
    }

    [Fact]
    public void Data_without_an_order_is_refused_with_the_remedy()
    {
        var model = new Item2Vec(new Item2VecOptions { Sentences = ItemSentenceKind.Histories });
        Assert.Contains("sentences=sets", Assert.Throws<DatasetException>(() => model.Fit(SmallWorld.Checkerboard(withTime: false), Context())).Message, StringComparison.Ordinal);
    }
}
