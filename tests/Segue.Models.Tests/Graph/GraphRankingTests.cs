using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Graph;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

/// <summary>What holds for all models that rank by a graph.</summary>
public sealed class GraphRankingTests
{
    public static TheoryData<GraphOptions> Variants =>
    [
        new LightGcnOptions { Layers = 2, Epochs = 15 },
        new LightGcnOptions { Layers = 0, Epochs = 15 },
        new LightGcnOptions { LayerWeights = LayerWeighting.Learned, Loss = GraphLoss.Bce },
        new LightGcnOptions { BatchSize = 500, Epochs = 3, Negatives = GraphNegatives.Unchecked },
        new LightGcnOptions { Negatives = GraphNegatives.Hard, LabelShare = 0.3 },
        new XSimGclOptions { BatchSize = 800, Epochs = 30, ContrastWeight = 0.02 },
        new GraphSageOptions { Layers = 2, LayerWeights = LayerWeighting.Learned },
        new GraphSageOptions { Layers = 1, Loss = GraphLoss.Bce, BatchSize = 1000, Listeners = ListenerVectors.Own },
        new LightGcnOptions { Layers = 2, Listeners = ListenerVectors.Heard },
        new GraphAttentionOptions { Layers = 2, Heads = 2 },
        new GraphAttentionOptions { Layers = 1, Heads = 1, Dropout = 0, Negatives = GraphNegatives.Hard },
        new LightGcnOptions { Layers = 2, BatchSize = 500, Epochs = 8, Neighbors = 3 },
        new LightGcnOptions { Layers = 0, BatchSize = 500, Epochs = 8, Neighbors = 3, Loss = GraphLoss.Bce },
        new XSimGclOptions { BatchSize = 800, Epochs = 30, ContrastWeight = 0.02, Neighbors = 5 },
        new GraphSageOptions { Layers = 2, BatchSize = 500, Epochs = 10, Neighbors = 4, LabelShare = 0.3, LayerWeights = LayerWeighting.Learned },
        new GraphAttentionOptions { Layers = 2, Heads = 2, BatchSize = 1000, Neighbors = 5 },
    ];

    /// <summary>Every variant learns to put a listener's items above others, is stored, and does not depend on the number of threads.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_variant_learns_is_stored_and_does_not_depend_on_threads(GraphOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Dataset train = SmallWorld.PairSplit.Train;
        IModel model = Create(options with { EmbeddingSize = 16, Epochs = Math.Min(options.Epochs, 30), LearningRate = 0.03 });
        var losses = new List<double>();
        IRecommender one = model.Fit(train, new FitContext { Threads = 1, OnLoss = (_, name, value) => losses.AddRange(name is "bpr" or "bce" ? [value] : []) });

        // Against harder and harder non-edges the loss need not fall.
        Assert.True(options.Negatives == GraphNegatives.Hard || losses[^1] < 0.9 * losses[0], $"the loss went from {losses[0]} to {losses[^1]}");
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        bool[] isAbove = [.. Enumerable.Range(0, 20).Where(u => pairs.RowLength(u) > 5).Select(u =>
        {
            float[] scores = Scores(one, Query.ForUser(u));
            return pairs.RowColumns(u).ToArray().Average(i => scores[i]) > scores.Average();
        })];
        Assert.True(isAbove.Count(above => above) >= 0.9 * isAbove.Length, $"own items score above the mean for {isAbove.Count(above => above)} of {isAbove.Length} listeners");
        IRecommender three = model.Fit(train, new FitContext { Threads = 3 });
        float[] first = Scores(one, Query.ForUser(3)), second = Scores(three, Query.ForUser(3));
        Assert.Equal(first, second);
        Assert.Equal(Scores(one, Query.ForHistory(new[] { 1, 5, 9 })), Scores(three, Query.ForHistory(new[] { 1, 5, 9 })));
    }

    /// <summary>The vector of a known listener of LightGCN is its own start plus what a new listener with its items hears.</summary>
    [Fact]
    public void A_history_folded_in_is_near_the_listener_it_is_of()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        foreach (GraphOptions options in new GraphOptions[] { new LightGcnOptions(), new GraphSageOptions(), new GraphAttentionOptions { Heads = 2 } })
        {
            IRecommender recommender = Create(options with { EmbeddingSize = 16, Epochs = 60, LearningRate = 0.03 }).Fit(train, new FitContext { Threads = 2 });
            double correlation = Enumerable.Range(0, 20).Where(u => pairs.RowLength(u) > 5).Average(u =>
                Correlation(Scores(recommender, Query.ForUser(u)), Scores(recommender, Query.ForHistory(pairs.RowColumns(u).ToArray()))));
            Assert.True(correlation > 0.8, $"{options.GetType().Name}: correlation {correlation:F3}");
        }
    }

    [Fact]
    public void Artists_lend_their_vector_to_items_nobody_heard()
    {
        Dataset data = SmallWorld.Checkerboard();
        int items = data.Items.Count;
        data = data with
        {
            Catalog = data.Catalog with { Artists = new StringTable(["even", "odd"]), ItemArtist = Enumerable.Range(0, items).Select(i => i % 2).ToArray() },
        };
        var options = new LightGcnOptions { EmbeddingSize = 8, Layers = 3, Epochs = 40, LearningRate = 0.05 };

        // Item 40 was heard by nobody; its artist is that of the even items.
        float[] without = Scores(new LightGcn(options).Fit(data, new FitContext()), Query.ForUser(2));
        Assert.True(float.IsNaN(without[40]));
        IRecommender with = new LightGcn(options with { Nodes = "playlist+track+artist" }).Fit(data, new FitContext());
        Assert.True(Scores(with, Query.ForUser(2))[40] > Scores(with, Query.ForUser(3))[40]);
    }

    /// <summary>Nothing is known of an item nobody has: as a non-edge it would be pushed away from everybody.</summary>
    [Theory]
    [InlineData(GraphNegatives.Unchecked)]
    [InlineData(GraphNegatives.Checked)]
    [InlineData(GraphNegatives.Hard)]
    public void Items_nobody_heard_are_no_negatives(GraphNegatives negatives)
    {
        Dataset data = SmallWorld.Checkerboard();
        data = data with
        {
            Catalog = data.Catalog with { Artists = new StringTable(["a"]), ItemArtist = new int[data.Items.Count] },
        };

        // Without layers a vector is the first one; item 40 was heard by nobody and must be as it was drawn, with a deviation of .01.
        var options = new LightGcnOptions { Layers = 0, EmbeddingSize = 8, Epochs = 20, LearningRate = 0.05, Nodes = "user+item+artist", Negatives = negatives };
        DenseMatrix vectors = ((IVectorRecommender)new LightGcn(options).Fit(data, new FitContext())).ItemVectors;
        Assert.InRange(TensorPrimitives.Norm<float>(vectors.Row(40)), 0.003, 0.06);
        Assert.True(TensorPrimitives.Norm<float>(vectors.Row(39)) > 0.3);
    }

    [Fact]
    public void Shares_that_leave_nothing_for_listeners_are_refused()
    {
        Dataset data = SmallWorld.Checkerboard();
        data = data with
        {
            Catalog = data.Catalog with
            {
                Artists = new StringTable(["a"]),
                ItemArtist = new int[data.Items.Count],
                Albums = new StringTable(["b"]),
                ItemAlbum = new int[data.Items.Count],
            },
        };
        var options = new GraphSageOptions { Nodes = "user+item+artist+album", ArtistWeight = 0.6, AlbumWeight = 0.4, Epochs = 1 };
        Assert.Contains("artist_weight", Assert.Throws<OptionException>(() => new GraphSage(options).Fit(data, new FitContext())).Message, StringComparison.Ordinal);

        // Where albums are no nodes, their weight does not matter.
        new GraphSage(options with { Nodes = "user+item+artist" }).Fit(data, new FitContext());
    }

    [Theory]
    [InlineData("user+item+artist", "artist=")]
    [InlineData("user+item+album", "album=")]
    public void Nodes_the_data_does_not_know_are_refused_with_the_remedy(string nodes, string column)
    {
        Dataset data = SmallWorld.Checkerboard() with { Catalog = Catalog.Empty };
        var model = new LightGcn(new LightGcnOptions { Nodes = nodes, Epochs = 1 });
        Assert.Contains(column, Assert.Throws<DatasetException>(() => model.Fit(data, new FitContext())).Message, StringComparison.Ordinal);
    }

    /// <summary>With a share of labels no predicted edge carries messages: taking the labels out of the messages changes the trained vectors, and only then.</summary>
    [Fact]
    public void Labels_are_cut_out_of_the_messages_of_their_stage()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var options = new LightGcnOptions { EmbeddingSize = 8, Layers = 1, Epochs = 1, LearningRate = 1e-7, Regularization = 0 };
        List<double> all = Losses(options), cut = Losses(options with { LabelShare = 0.5 });

        // Untrained vectors know an edge by its own message: without it edges look like non-edges.
        Assert.True(all[0] < cut[0], $"loss with own messages {all[0]}, without {cut[0]}");
        Assert.All(cut, loss => Assert.InRange(loss, 0.692, 0.695));

        List<double> Losses(LightGcnOptions tried)
        {
            var losses = new List<double>();
            new LightGcn(tried).Fit(train, new FitContext { OnLoss = (_, name, value) => losses.AddRange(name == "bpr" ? [value] : []) });
            return losses;
        }
    }

    /// <summary>Without its own first vector a listener is what it heard: its history, asked as that of somebody new, scores the same.</summary>
    [Fact]
    public void Heard_listeners_score_as_their_histories_do()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        IRecommender heard = new GraphSage(new GraphSageOptions { EmbeddingSize = 8, Epochs = 5 }).Fit(train, new FitContext());
        IRecommender own = new GraphSage(new GraphSageOptions { EmbeddingSize = 8, Epochs = 5, Listeners = ListenerVectors.Own }).Fit(train, new FitContext());
        float[] known = Scores(heard, Query.ForUser(3)), folded = Scores(heard, Query.ForHistory(pairs.RowColumns(3).ToArray()));
        for (int i = 0; i < known.Length; i++)
        {
            Assert.Equal(folded[i], known[i], 1e-4f);
        }

        Assert.NotEqual(known, Scores(own, Query.ForUser(3)));
        OptionException error = Assert.Throws<OptionException>(
            () => new LightGcn(new LightGcnOptions { Layers = 0, Listeners = ListenerVectors.Heard }).Fit(train, new FitContext()));
        Assert.Contains("listeners=own", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Vectors stay as they are and every listener lacks one item, so that only other labels change the loss from epoch to epoch.</summary>
    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(0.5, 4)]
    public void Labels_are_drawn_anew_for_every_epoch(double share, int different)
    {
        const int Count = 8;
        Dataset train = SmallWorld.Of(
            Count, Count, [.. from u in Enumerable.Range(0, Count) from i in Enumerable.Range(0, Count) where u != i select (u, i)]);
        var options = new LightGcnOptions
        {
            EmbeddingSize = 8,
            Layers = 1,
            Epochs = 4,
            LearningRate = 1e-7,
            Regularization = 0,
            InitialDeviation = 1,
            LabelShare = share,
        };
        var losses = new List<double>();
        new LightGcn(options).Fit(train, new FitContext { OnLoss = (_, name, value) => losses.AddRange(name == "bpr" ? [value] : []) });
        Assert.Equal(different, losses.Select(loss => Math.Round(loss, 4)).Distinct().Count());
    }

    [Fact]
    public void Hard_negatives_are_unheard_and_among_the_best_scored()
    {
        const int Items = 400, Size = 4;
        CsrMatrix pairs = CsrMatrix.FromTriplets(1, Items, [0, 0, 0], [399, 398, 5], [1f, 1f, 1f]);
        var vectors = new float[(1 + Items) * Size];
        vectors[0] = 1f;
        for (int i = 0; i < Items; i++)
        {
            vectors[(1 + i) * Size] = i;
        }

        var rng = new Rng(1, "test");
        int[] all = [.. Enumerable.Range(0, Items)];
        int[] hard = [.. Enumerable.Range(0, 300).Select(_ => new HardNegatives(pairs, all, vectors, Size, 0.1, rng.NextUInt64()).Draw(0, rng))];
        Assert.All(hard, i => Assert.InRange(i, 300, 397));
        Assert.InRange(hard.Average(), 370, 390);
        int[] any = [.. Enumerable.Range(0, 300).Select(_ => new HardNegatives(pairs, all, vectors, Size, 1, rng.NextUInt64()).Draw(0, rng))];
        Assert.InRange(any.Average(), 180, 220);
        Assert.DoesNotContain(5, any);
    }

    [Fact]
    public void A_listener_with_everything_and_data_without_pairs_are_no_problem()
    {
        Dataset data = SmallWorld.Checkerboard();
        IRecommender recommender = new LightGcn(new LightGcnOptions { EmbeddingSize = 4, Epochs = 2 }).Fit(data, new FitContext());
        float[] scores = Scores(recommender, Query.ForHistory(Enumerable.Range(0, data.Items.Count).ToArray()));
        Assert.All(data.ItemIndex.ToArray(), heard => Assert.True(float.IsFinite(scores[heard])));
        Assert.All(Scores(recommender, Query.ForUser(40)), s => Assert.True(float.IsNaN(s)));
    }

    private static IModel Create(GraphOptions options) => options switch
    {
        LightGcnOptions o => new LightGcn(o),
        GraphSageOptions o => new GraphSage(o),
        XSimGclOptions o => new XSimGcl(o),
        _ => new GraphAttention((GraphAttentionOptions)options),
    };

    private static float[] Scores(IRecommender recommender, Query query)
    {
        var scores = new float[recommender.Items.Count];
        recommender.Score(query, scores);
        return scores;
    }

    private static double Correlation(float[] a, float[] b)
    {
        double meanA = a.Average(), meanB = b.Average();
        double both = a.Zip(b, (x, y) => (x - meanA) * (y - meanB)).Sum();
        return both / Math.Sqrt(a.Sum(x => Math.Pow(x - meanA, 2)) * b.Sum(y => Math.Pow(y - meanB, 2)));
    }
}
