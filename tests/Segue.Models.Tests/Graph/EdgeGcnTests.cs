using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Baselines;
using Segue.Models.Graph;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

public sealed class EdgeGcnTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.066, 0.084);

    protected override WorldSplit World => base.World with { Train = Prepare(base.World.Train) };

    protected override IReadOnlyDictionary<string, string> VariantsNotRejected => new Dictionary<string, string>
    {
        ["answers of another user"] = "the weights of this test are a matter of the items alone",
    };

    protected override string? NoCheckerboard => "it predicts how much is played, not what";

    protected override IModel CreateModel() => new EdgeGcn(Small);

    private static EdgeGcnOptions Small => new() { HiddenSize = 8, Epochs = 5, BatchSize = 1024 };

    /// <summary>Items many listen to weigh more, so that the order by predicted weight says something: it comes near that of popularity.</summary>
    protected override Dataset Prepare(Dataset data)
    {
        var listeners = new int[data.Items.Count];
        foreach (int item in data.ItemIndex.Span)
        {
            listeners[item]++;
        }

        return data with { Weight = data.ItemIndex.ToArray().Select((item, n) => 1f + listeners[item] + (n % 3)).ToArray() };
    }

    public static TheoryData<EdgeGcnOptions> Variants =>
    [
        new EdgeGcnOptions { Aggregation = EdgeAggregation.Naive, Noise = 0, Readout = EdgeReadout.Dot, Residual = false, Tags = false, Friends = false },
        new EdgeGcnOptions { Aggregation = EdgeAggregation.Weight, Noise = 0, Readout = EdgeReadout.Mlp, Residual = false, Tags = false, Friends = false, Popularity = false, Neighborhood = false },
        new EdgeGcnOptions { Aggregation = EdgeAggregation.Attention, Noise = 0, Neighbors = 3 },
        new EdgeGcnOptions { Aggregation = EdgeAggregation.Attention, Noise = 0.1, Convolution = EdgeConvolution.Sage },
        new EdgeGcnOptions { Convolution = EdgeConvolution.Gated },
        new EdgeGcnOptions { Convolution = EdgeConvolution.Gated, EdgeUpdates = true, Layers = 1 },
        new EdgeGcnOptions { Layers = 0 },
    ];

    /// <summary>Every variant learns, answers for histories, and comes back from an artifact with the same bits.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_variant_trains_predicts_and_is_stored(EdgeGcnOptions options)
    {
        Dataset train = Taste(seed: 1).Train;
        var model = new EdgeGcn(options with { HiddenSize = 8, Epochs = 2, BatchSize = 300 });
        IRecommender recommender = model.Fit(train, new FitContext());
        var scores = new float[train.Items.Count];
        recommender.Score(Query.ForUser(2), scores);
        Assert.All(scores, s => Assert.InRange(s, 0f, 1f));
        recommender.Score(Query.ForHistory(new[] { 1, 5, 9 }, new[] { .2f, .9f, .5f }), scores);
        Assert.All(scores, s => Assert.InRange(s, 0f, 1f));
        using TemporaryFolder folder = TestData.NewFolder();
        IRecommender loaded = model.Load(SaveAndOpen(recommender, folder.File("edge.safetensors")), train);
        Assert.Equal(((IRegressor)recommender).Predict(3, 4), ((IRegressor)loaded).Predict(3, 4));
    }

    /// <summary>On weights with a signal beyond bias the model is better than bias; on weights without one it must not be: nothing leaks.</summary>
    [Fact]
    public void It_beats_bias_where_friends_agree_and_only_there()
    {
        (double model, double bias) = Errors(Taste(seed: 1));
        Assert.True(model < 0.9 * bias, $"{model} is not well below bias {bias}");
        (model, bias) = Errors(Taste(seed: 1, shuffled: true));
        Assert.InRange(model / bias, 0.97, 1.1);
    }

    [Fact]
    public void Weights_that_are_all_the_same_are_refused_with_the_import_that_adds_them()
    {
        string message = Assert.Throws<DatasetException>(() => CreateModel().Fit(SmallWorld.Checkerboard(), new FitContext())).Message;
        Assert.Contains("weight", message, StringComparison.Ordinal);
        Assert.Contains("segue import", message, StringComparison.Ordinal);
    }

    private static (double Model, double Bias) Errors((Dataset Train, (int User, int Item, float Weight)[] Test) data)
    {
        var model = (IRegressor)new EdgeGcn(new EdgeGcnOptions { HiddenSize = 16, Layers = 1, BatchSize = 512 }).Fit(data.Train, new FitContext());
        var bias = (IRegressor)new Bias(new BiasOptions()).Fit(data.Train, new FitContext());
        return (data.Test.Average(t => Math.Pow(model.Predict(t.User, t.Item) - t.Weight, 2)), data.Test.Average(t => Math.Pow(bias.Predict(t.User, t.Item) - t.Weight, 2)));
    }

    /// <summary>
    /// 300 listeners in 10 circles of friends, 200 items: a circle has its own opinion of every item, on top of biases and noise. Shuffled: the
    /// opinions are dealt out anew to every pair, so that nothing beyond the biases can be known.
    /// </summary>
    private static (Dataset Train, (int User, int Item, float Weight)[] Test) Taste(ulong seed, bool shuffled = false)
    {
        const int users = 300, items = 200, circles = 10, perUser = 30;
        var rng = new Rng(seed, "taste");
        float[] opinions = new float[circles * items], userBias = new float[users], itemBias = new float[items];
        rng.FillGaussian(opinions, 0.12f);
        rng.FillGaussian(userBias, 0.05f);
        rng.FillGaussian(itemBias, 0.05f);
        var builder = new DatasetBuilder("taste", "artist");
        for (int u = 0; u < users; u++)
        {
            builder.User($"user {u}");
        }

        for (int i = 0; i < items; i++)
        {
            builder.Item($"item {i}");
        }

        var test = new List<(int, int, float)>();
        for (int u = 0; u < users; u++)
        {
            int[] order = [.. Enumerable.Range(0, items)];
            rng.Shuffle<int>(order);
            for (int n = 0; n < perUser; n++)
            {
                int circle = shuffled ? rng.Next(circles) : u % circles;
                float opinion = shuffled ? opinions[rng.Next(opinions.Length)] : opinions[(circle * items) + order[n]];
                float weight = Math.Clamp(0.5f + userBias[u] + itemBias[order[n]] + opinion + (0.03f * rng.NextGaussian()), 0.01f, 1f);
                if (n < 6)
                {
                    test.Add((u, order[n], weight));
                }
                else
                {
                    builder.Interaction(u, order[n], -1, weight);
                }
            }
        }

        (int From, int To)[] friends = [.. Enumerable.Range(0, users).SelectMany(u => Enumerable.Range(1, 4).Select(k => (u, (u + (k * circles)) % users)))];
        Dataset train = builder.Build() with { FriendFrom = friends.Select(f => f.From).ToArray(), FriendTo = friends.Select(f => f.To).ToArray() };
        return (train, [.. test]);
    }
}
