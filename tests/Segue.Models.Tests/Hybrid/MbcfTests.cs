using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Hybrid;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class MbcfTests : RecommenderContract
{
    // Strong regularization for small data: without it the vectors learn the noise (NDCG@10 .278 at 1e-5).
    protected override (double Low, double High) NdcgWindow => (0.404, 0.424);

    protected override string? KnowsUnheardItems => "its features, or those of the mean item";

    protected override IModel CreateModel() =>
        new Mbcf(new MbcfOptions { EmbeddingSize = 8, BatchSize = 512, LearningRate = 0.01, Regularization = 0.02, NegativeCount = 4 });

    /// <summary>
    /// As in the seed, negatives drawn anew beat heard items alone; negatives drawn once are learned by heart and lose even to none. Both softmax
    /// forms come out between.
    /// </summary>
    [Fact]
    public void Negatives_drawn_anew_are_worth_having()
    {
        Assert.InRange(Ndcg(Negatives.Uniform), 0.400, 0.420);
        Assert.InRange(Ndcg(Negatives.InBatch), 0.348, 0.368);
        Assert.InRange(Ndcg(Negatives.Popularity), 0.348, 0.368);
        Assert.InRange(Ndcg(Negatives.None), 0.248, 0.268);
        Assert.InRange(Ndcg(Negatives.PerUser), 0.164, 0.184);
    }

    /// <summary>Nothing is allocated before the sizes are known to fit, and the message names the option to lower.</summary>
    [Theory]
    [InlineData(Negatives.Uniform, 100_000, 4096, "option 'negative_count' is 100000")]
    [InlineData(Negatives.InBatch, 4, 1_000_000, "option 'batch_size' is 1000000")]
    [InlineData(Negatives.Popularity, 100_000, 62_000, "option 'negative_count' is 100000")]
    [InlineData(Negatives.Popularity, 50_000, 1_000_000, "option 'batch_size' is 1000000")]
    public void Sizes_beyond_an_array_name_the_option_to_lower(Negatives negatives, int count, int batch, string expected)
    {
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 2, Negatives = negatives, NegativeCount = count, BatchSize = batch, Epochs = 1 });
        string message = Assert.Throws<ModelFitException>(() => model.Fit(Dense(250), new FitContext())).Message;
        Assert.Contains("model 'mbcf'", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains($"lower {expected.Split('\'')[1]}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_size_beyond_an_array_names_itself()
    {
        Dataset many = SmallWorld.Of(530_000, 2, [(0, 0), (1, 1)]);
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 4096 });
        Assert.Contains("option 'embedding_size' is 4096", Assert.Throws<ModelFitException>(() => model.Fit(many, new FitContext())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_beyond_an_array_says_so_where_the_step_is_made()
    {
        // 62,250 heard pairs and 9 negatives each in one step: 622,500 × 3,500 values.
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 3500, NegativeCount = 9, BatchSize = 1_000_000, Epochs = 1 });
        Assert.Contains(
            "lower batch_size below 622500", Assert.Throws<ModelFitException>(() => model.Fit(Dense(250), new FitContext())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Negatives.Uniform)]
    [InlineData(Negatives.InBatch)]
    public void A_batch_larger_than_the_data_is_the_whole_data(Negatives negatives)
    {
        Dataset train = SmallWorld.Checkerboard();
        var options = new MbcfOptions { EmbeddingSize = 4, Negatives = negatives, Epochs = 2, BatchSize = 1_000_000 };
        float[] huge = new float[train.Items.Count], exact = new float[train.Items.Count];
        new Mbcf(options).Fit(train, new FitContext()).Score(Query.ForUser(1), huge);
        int all = train.Count * (negatives == Negatives.Uniform ? 1 + options.NegativeCount : 1);
        new Mbcf(options with { BatchSize = all }).Fit(train, new FitContext()).Score(Query.ForUser(1), exact);
        Assert.Equal(exact, huge);
    }

    /// <summary>Steps far too long give a useless model or an error that says so, never scores that are not numbers.</summary>
    [Theory]
    [InlineData(0.0)]
    [InlineData(100.0)]
    public void A_step_far_too_long_gives_numbers_or_an_error(double regularization)
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 8, LearningRate = 10, Regularization = regularization, Epochs = 5 });
        int[] start = train.UserStart();
        float[] known = new float[train.Items.Count], folded = new float[train.Items.Count];
        try
        {
            IRecommender recommender = model.Fit(train, new FitContext());
            recommender.Score(Query.ForUser(3), known);
            recommender.Score(Query.ForHistory(train.ItemIndex[start[3]..start[4]]), folded);
        }
        catch (ModelFitException e)
        {
            Assert.Contains("lower learning_rate", e.Message, StringComparison.Ordinal);
        }

        Assert.All(known.Concat(folded), score => Assert.True(float.IsFinite(score)));
    }

    /// <summary>Everybody heard all items but one.</summary>
    private static Dataset Dense(int size) =>
        SmallWorld.Of(size, size, [.. Enumerable.Range(0, size * size).Select(n => (n / size, n % size)).Where(p => p.Item1 != p.Item2)]);

    private static double Ndcg(Negatives negatives)
    {
        var model = new Mbcf(new MbcfOptions { EmbeddingSize = 8, BatchSize = 512, LearningRate = 0.01, Regularization = 0.02, NegativeCount = 4, Negatives = negatives });
        IRecommender recommender = model.Fit(SmallWorld.PairSplit.Train, new FitContext());
        return SmallWorld.Ndcg(SmallWorld.PairSplit, keepSeen: false, (u, s) => recommender.Score(Query.ForUser(u), s));
    }
}
