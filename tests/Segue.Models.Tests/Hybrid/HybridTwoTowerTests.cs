using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Hybrid;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class HybridTwoTowerTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.342, 0.362);

    protected override string? KnowsUnheardItems => "its features, or those of the mean item";

    protected override IModel CreateModel() => new HybridTwoTower(
        new HybridTwoTowerOptions { EmbeddingSize = 16, HiddenSize = 16, BatchSize = 32, LearningRate = 0.01, Regularization = 0.1, Epochs = 20 });

    [Fact]
    public void A_known_listener_and_its_history_get_the_same_scores()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        IRecommender recommender = CreateModel().Fit(train, new FitContext());
        int[] start = train.UserStart();
        float[] known = new float[train.Items.Count], folded = new float[train.Items.Count];
        recommender.Score(Query.ForUser(3), known);
        recommender.Score(Query.ForHistory(train.ItemIndex[start[3]..start[4]]), folded);
        Assert.Equal(known, folded);
    }

    [Fact]
    public void Reasons_add_up_to_the_score_without_the_bias()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var recommender = (IExplains)CreateModel().Fit(train, new FitContext());
        var vectors = (IVectorRecommender)recommender;
        var scores = new float[train.Items.Count];
        recommender.Score(Query.ForUser(3), scores);
        double sum = recommender.Explain(Query.ForUser(3), 17, int.MaxValue).Sum(r => r.Weight);
        Assert.Equal(scores[17] - vectors.ItemVectors.Row(17)[^1], sum, 1e-4);
    }

    /// <summary>Sampled scores estimate those over all items, so that the ranking stays about as good.</summary>
    [Fact]
    public void A_sample_of_items_is_nearly_as_good_as_all()
    {
        var options = (HybridTwoTowerOptions)CreateModel().Options;
        IRecommender sampled = new HybridTwoTower(options with { NegativeCount = 60, BatchSize = 8 }).Fit(SmallWorld.PairSplit.Train, new FitContext());
        double ndcg = SmallWorld.Ndcg(SmallWorld.PairSplit, keepSeen: false, (u, s) => sampled.Score(Query.ForUser(u), s));
        Assert.InRange(ndcg, NdcgWindow.Low - 0.04, NdcgWindow.High + 0.02);
    }

    /// <summary>Tracks nobody heard are told apart by their features: those of the listener's genre come first more often than not.</summary>
    [Fact]
    public void Items_nobody_heard_are_ranked_by_what_they_sound_like()
    {
        Dataset all = SmallWorld.Genres;
        bool[] isCold = [.. Enumerable.Range(0, all.Items.Count).Select(i => i % 5 == 0)];
        int[] rows = [.. Enumerable.Range(0, all.Count).Where(n => !isCold[all.ItemIndex.Span[n]])];
        IRecommender recommender = CreateModel().Fit(all.Select(rows), new FitContext());
        int[] start = all.UserStart();
        var scores = new float[all.Items.Count];
        double wins = 0, pairs = 0;
        for (int u = 0; u < all.Users.Count; u++)
        {
            recommender.Score(Query.ForUser(u), scores);
            HashSet<int> heard = [.. all.ItemIndex.Span[start[u]..start[u + 1]].ToArray().Where(i => isCold[i])];
            foreach (int positive in heard)
            {
                foreach (int negative in Enumerable.Range(0, all.Items.Count).Where(i => isCold[i] && !heard.Contains(i)))
                {
                    wins += scores[positive] > scores[negative] ? 1 : scores[positive] == scores[negative] ? 0.5 : 0;
                    pairs++;
                }
            }
        }

        Assert.InRange(wins / pairs, 0.6, 0.95);
    }

    [Fact]
    public void Features_are_needed_only_where_they_are_read()
    {
        Dataset bare = SmallWorld.Genres with { Catalog = Catalog.Empty };
        Assert.Contains(
            "segue import audio-features",
            Assert.Throws<DatasetException>(() => CreateModel().Fit(bare, new FitContext())).Message,
            StringComparison.Ordinal);
        var options = (HybridTwoTowerOptions)CreateModel().Options;
        Assert.NotNull(new HybridTwoTower(options with { Features = false, Epochs = 1 }).Fit(bare, new FitContext()));
    }

    /// <summary>Every listener heard one item of its own: the scores of one step would be 47,000 × 47,000.</summary>
    [Fact]
    public void A_batch_beyond_an_array_names_the_option_to_lower()
    {
        const int size = 47_000;
        Dataset train = SmallWorld.Of(size, size, [.. Enumerable.Range(0, size).Select(n => (n, n))]);
        var model = new HybridTwoTower(new HybridTwoTowerOptions { EmbeddingSize = 2, HiddenSize = 2, BatchSize = 1_000_000, Epochs = 1 });
        string message = Assert.Throws<ModelFitException>(() => model.Fit(train, new FitContext())).Message;
        Assert.Contains("option 'batch_size' is 1000000", message, StringComparison.Ordinal);
        Assert.Contains("47000 × 47000", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_larger_than_the_data_is_the_whole_data()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var options = (HybridTwoTowerOptions)CreateModel().Options;
        float[] huge = new float[train.Items.Count], exact = new float[train.Items.Count];
        new HybridTwoTower(options with { BatchSize = 1_000_000, Epochs = 2 }).Fit(train, new FitContext()).Score(Query.ForUser(1), huge);
        new HybridTwoTower(options with { BatchSize = train.Users.Count, Epochs = 2 }).Fit(train, new FitContext()).Score(Query.ForUser(1), exact);
        Assert.Equal(exact, huge);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(10.0)]
    public void A_step_far_too_long_gives_numbers_or_an_error(double regularization)
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var model = new HybridTwoTower((HybridTwoTowerOptions)CreateModel().Options with { LearningRate = 10, Regularization = regularization });
        var scores = new float[train.Items.Count];
        try
        {
            model.Fit(train, new FitContext()).Score(Query.ForUser(3), scores);
        }
        catch (ModelFitException e)
        {
            Assert.Contains("lower learning_rate", e.Message, StringComparison.Ordinal);
        }

        Assert.All(scores, score => Assert.True(float.IsFinite(score)));
    }
}
