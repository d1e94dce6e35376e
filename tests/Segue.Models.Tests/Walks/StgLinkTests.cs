using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Walks;
using Segue.Neural.Layers;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Walks;

public sealed class StgLinkTests : RecommenderContract
{
    // Measured .2172 on the last month.
    protected override (double Low, double High) NdcgWindow => (0.211, 0.223);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NeedsTime => "a session is a stretch of time";

    protected override IModel CreateModel() => new StgLink(Small);

    private static StgLinkOptions Small => new()
    {
        EmbeddingSize = 16,
        WalksPerNode = 10,
        WalkLength = 20,
        Window = 5,
        WalkLearningRate = 0.05,
        Input = LinkInput.Both,
        Loss = LinkLoss.SquaredError,
        HiddenSize = 32,
        HiddenLayers = 1,
        BatchSize = 512,
        LearningRate = 0.003,
        ValidationShare = 0,
        TestShare = 0,
        Epochs = 5,
    };

    [Theory]
    [InlineData(LinkInput.Concatenation, LinkLoss.SquaredError, LinkNegatives.Uniform, 0)]
    [InlineData(LinkInput.Concatenation, LinkLoss.LinearSquaredError, LinkNegatives.Uniform, 1)]
    [InlineData(LinkInput.Concatenation, LinkLoss.CrossEntropy, LinkNegatives.Popularity, 3)]
    [InlineData(LinkInput.Product, LinkLoss.CrossEntropy, LinkNegatives.Uniform, 1)]
    public void Every_kind_of_network_tells_the_colours_apart(LinkInput input, LinkLoss loss, LinkNegatives negatives, int layers)
    {
        StgLinkOptions options = Small with { Input = input, Loss = loss, Negatives = negatives, HiddenLayers = layers, Epochs = 20, BatchSize = 128 };
        IRecommender recommender = new StgLink(options).Fit(SmallWorld.Checkerboard(), Context());
        for (int u = 0; u < SmallWorld.CheckerboardSize; u++)
        {
            float[] scores = Scores(recommender, Query.ForUser(u));
            double same = Enumerable.Range(0, SmallWorld.CheckerboardSize).Where(i => i % 2 == u % 2).Average(i => scores[i]);
            double other = Enumerable.Range(0, SmallWorld.CheckerboardSize).Where(i => i % 2 != u % 2).Average(i => scores[i]);
            Assert.True(same > 0 && other < 0, $"user {u}: {same} for its own colour, {other} for the other");
            Assert.True(float.IsNaN(scores[SmallWorld.CheckerboardSize]), "an item without edges has no score");
        }
    }

    [Fact]
    public void Held_out_edges_are_judged_after_every_epoch()
    {
        var told = new Dictionary<string, List<double>>();
        new StgLink(Small with { ValidationShare = 0.1, TestShare = 0.2 }).Fit(SmallWorld.TimeSplit.Train, Context() with
        {
            OnLoss = (_, name, value) => (told.TryGetValue(name, out List<double>? values) ? values : told[name] = []).Add(value),
        });
        Assert.Equal(
            [
                "loss", "accuracy", "validation loss", "validation accuracy", "test loss", "test accuracy", "matched test loss", "matched test accuracy",
                "degree-product test accuracy", "degree-product matched test accuracy",
            ],
            told.Keys);
        Assert.All(told.Values, values => Assert.Equal(5, values.Count));

        // A first and a second genre of eight and their months: most pairs at random are of other genres.
        Assert.InRange(told["test accuracy"][^1], 0.7, 0.999);
        Assert.InRange(told["validation accuracy"][^1], told["test accuracy"][^1] - 0.05, told["test accuracy"][^1] + 0.05);
        Assert.InRange(told["test loss"][^1], 0.01, 0.2);
        Assert.True(told["loss"][^1] < told["loss"][0] && told["accuracy"][^1] > told["accuracy"][0]);

        // Popularity alone tells a good part of the question with uniform pairs and nothing where they are as popular as edges.
        Assert.InRange(told["degree-product test accuracy"][^1], 0.6, 0.9);
        Assert.InRange(told["degree-product matched test accuracy"][^1], 0.4, 0.6);
        Assert.InRange(told["matched test accuracy"][^1], 0.65, 0.85);
    }

    [Fact]
    public void The_degree_rule_takes_the_product_that_is_right_most_often()
    {
        // Degrees 3, 2, 1 of nodes 0, 1, 2 and 1, 2, 3 of nodes 3, 4, 5.
        var adjacency = new CsrMatrix(6, 6, [0, 3, 5, 6, 7, 9, 12], [3, 4, 5, 4, 5, 5, 0, 0, 1, 0, 1, 2], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        var examples = new LinkExamples([0, 1, 0, 2, 2, 1], [5, 5, 3, 3, 4, 4], [1, 1, 1, 0, 0, 0]);

        // Products 9, 6, 3 of edges and 1, 2, 4 of others: from 6 on one is wrong, and from 3 on one is, too.
        Assert.Equal(6, DegreeRule.Threshold(adjacency, examples));
        Assert.Equal(5 / 6.0, DegreeRule.Accuracy(adjacency, examples, 6), 12);
        Assert.Equal(0.5, DegreeRule.Accuracy(adjacency, examples, long.MaxValue), 12);
    }

    [Theory]
    [InlineData(LinkHoldOut.Edges)]
    [InlineData(LinkHoldOut.Pairs)]
    public void Edges_are_cut_into_parts_and_pairs_stay_together(LinkHoldOut holdOut)
    {
        StgLinkOptions options = Small with { ValidationShare = 0.1, TestShare = 0.2, HoldOut = holdOut };
        TemporalGraph graph = TemporalGraph.Of(SmallWorld.TimeSplit.Train, options, cancellation: TestContext.Current.CancellationToken);
        var edges = new LinkEdges(graph, options, new Rng(1, "test"));
        long all = graph.UserItems.Count + graph.SessionItems.Count;
        Assert.Equal(all, edges.Train.Count + edges.Validation.Count + edges.Test.Count);
        Assert.InRange(edges.Test.Count / (double)all, 0.18, 0.22);
        Assert.InRange(edges.Validation.Count / (double)all, 0.08, 0.12);
        Assert.Equal(edges.Train.Count, edges.Walked.Edges);
        int twins = 0, apart = 0;
        for (int n = 0; n < edges.Test.Count; n++)
        {
            (int left, int item) = (edges.Test.Left[n], edges.Test.Item[n]);
            Assert.Equal(0, left < graph.Users ? edges.Walked.UserItems[left, item] : edges.Walked.SessionItems[left - graph.FirstSession, item]);
            if (left < graph.Users)
            {
                for (int s = graph.UserSessionStart.Span[left]; s < graph.UserSessionStart.Span[left + 1]; s++)
                {
                    twins += graph.SessionItems[s, item] > 0 ? 1 : 0;
                    apart += edges.Walked.SessionItems[s, item] > 0 ? 1 : 0;
                }
            }
        }

        Assert.True(twins > 100);
        Assert.Equal(holdOut == LinkHoldOut.Pairs, apart == 0);
    }

    [Theory]
    [InlineData(LinkNegatives.Uniform)]
    [InlineData(LinkNegatives.Popularity)]
    public void Negatives_are_no_edges_and_as_popular_as_they_should_be(LinkNegatives negatives)
    {
        StgLinkOptions options = Small with { Negatives = negatives };
        TemporalGraph graph = TemporalGraph.Of(SmallWorld.TimeSplit.Train, options, cancellation: TestContext.Current.CancellationToken);
        var edges = new LinkEdges(graph, options, new Rng(1, "test"));
        int count = edges.Train.Count;
        int[] left = new int[count], item = new int[count], degree = new int[graph.Items];
        edges.Draw(edges.Train, negatives, left, item, new Rng(2, "test"));
        item = Array.ConvertAll(item, node => node - graph.FirstItem);
        Assert.All(Enumerable.Range(0, count), n => Assert.Equal(
            0, left[n] < graph.Users ? graph.UserItems[left[n], item[n]] : graph.SessionItems[left[n] - graph.FirstSession, item[n]]));
        foreach (int i in edges.Train.Item)
        {
            degree[i]++;
        }

        // An item of an edge is drawn by its degree: its degree is Σ d² / Σ d in the mean, that of any item Σ d / n; edges themselves, which are left out, are those of popular items.
        double ofEdges = edges.Train.Item.Average(i => degree[i]), ofNegatives = item.Average(i => degree[i]), ofAny = degree.Where(d => d > 0).Average();
        Assert.True(ofEdges > 1.1 * ofAny);
        Assert.InRange(ofNegatives, (negatives == LinkNegatives.Uniform ? ofAny : ofEdges) * 0.85, (negatives == LinkNegatives.Uniform ? ofAny : ofEdges) * 1.02);
        Assert.Equal(negatives == LinkNegatives.Popularity, left.SequenceEqual(edges.Train.Left));
    }

    [Fact]
    public void Two_nodes_at_random_are_two_items_as_often_as_items_are_nodes()
    {
        StgLinkOptions options = Small with { Negatives = LinkNegatives.Nodes };
        TemporalGraph graph = TemporalGraph.Of(SmallWorld.TimeSplit.Train, options, cancellation: TestContext.Current.CancellationToken);
        var edges = new LinkEdges(graph, options, new Rng(1, "test"));
        int[] left = new int[edges.Train.Count], right = new int[edges.Train.Count];
        edges.Draw(edges.Train, LinkNegatives.Nodes, left, right, new Rng(2, "test"));
        double share = (double)graph.Items / graph.Nodes;
        Assert.InRange(left.Zip(right).Count(p => IsItem(p.First) && IsItem(p.Second)) / (double)left.Length, 0.8 * share * share, 1.2 * share * share);
        Assert.All(left.Zip(right), p => Assert.True(p.First != p.Second && (IsItem(p.Second) || !IsItem(p.First))));
        Assert.All(left.Zip(right).Where(p => p.First < graph.Users && IsItem(p.Second)), p => Assert.Equal(0, graph.UserItems[p.First, p.Second - graph.FirstItem]));

        bool IsItem(int node) => node >= graph.FirstItem && node < graph.FirstSession;
    }

    [Fact]
    public void Network_and_its_loss_are_those_of_a_plain_computation()
    {
        var rng = new Rng(3, "test");
        StgLinkOptions options = Small with { EmbeddingSize = 5, HiddenSize = 7, HiddenLayers = 2 };
        var network = new Mlp("network", [15, 7, 7, 7, 1], rng);
        rng.FillGaussian(network.Layers[1].Bias.Value, 0.3f);
        var vectors = new DenseMatrix(40, 5);
        rng.FillGaussian(vectors.Values, 1);
        int count = 1100;
        int[] left = [.. Enumerable.Range(0, count).Select(_ => rng.Next(40))], right = [.. Enumerable.Range(0, count).Select(_ => rng.Next(40))];
        float[] labels = [.. Enumerable.Range(0, count).Select(_ => (float)rng.Next(2))];
        double[] expected = [.. Enumerable.Range(0, count).Select(n => Plain(vectors.Row(left[n]), vectors.Row(right[n])))];
        var outputs = new float[count];
        LinkNetwork fast = LinkNetwork.Of(network);
        fast.Apply(LinkInput.Both, count, n => vectors.Row(left[n]), n => vectors.Row(right[n]), outputs);
        Assert.All(Enumerable.Range(0, count), n => Assert.Equal(expected[n], outputs[n], 1e-4));
        var examples = new LinkExamples(left, right, labels);
        (double squared, double accuracy) = fast.Judge(options, vectors, examples);
        Assert.Equal(Enumerable.Range(0, count).Average(n => Math.Pow((1 / (1 + Math.Exp(-expected[n]))) - labels[n], 2)), squared, 1e-4);
        Assert.Equal(Enumerable.Range(0, count).Average(n => expected[n] >= 0 == labels[n] > 0 ? 1.0 : 0.0), accuracy, 0.002);
        double linear = fast.Judge(options with { Loss = LinkLoss.LinearSquaredError }, vectors, examples).Loss;
        Assert.Equal(Enumerable.Range(0, count).Average(n => Math.Pow(expected[n] + 0.5 - labels[n], 2)), linear, 1e-4);
        double entropy = fast.Judge(options with { Loss = LinkLoss.CrossEntropy }, vectors, examples).Loss;
        Assert.Equal(Enumerable.Range(0, count).Average(n => -Math.Log(1 / (1 + Math.Exp(labels[n] > 0 ? -expected[n] : expected[n])))), entropy, 1e-4);

        double Plain(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
        {
            double[] at = [.. x.ToArray().Concat(y.ToArray()).Concat(x.ToArray().Zip(y.ToArray(), (a, b) => a * b)).Select(v => (double)v)];
            for (int l = 0; l < 4; l++)
            {
                var next = new double[network.Layers[l].Bias.Columns];
                for (int c = 0; c < next.Length; c++)
                {
                    next[c] = network.Layers[l].Bias.Value[c];
                    for (int r = 0; r < at.Length; r++)
                    {
                        next[c] += at[r] * network.Layers[l].Weight.Value[(r * next.Length) + c];
                    }

                    next[c] = l < 3 ? Math.Max(0, next[c]) : next[c];
                }

                at = next;
            }

            return at[0];
        }
    }

    [Fact]
    public void A_listener_without_plays_is_answered_where_a_profile_joins_it()
    {
        Dataset data = Node2VecTests.ProfileWorld();
        StgLinkOptions options = Small with { Period = "none", Epochs = 1, ProfileWeight = 1 };
        Assert.All(Scores(new StgLink(options).Fit(data, Context()), Query.ForUser(2)), s => Assert.True(float.IsFinite(s)));
        Assert.All(Scores(new StgLink(options).Fit(data, Context()), Query.ForUser(3)), s => Assert.True(float.IsNaN(s)));
        Assert.All(Scores(new StgLink(options with { ProfileWeight = 0 }).Fit(data, Context()), Query.ForUser(2)), s => Assert.True(float.IsNaN(s)));
    }

    [Fact]
    public void A_history_is_as_long_as_listeners_are_beside_the_means_of_their_items()
    {
        // Two listeners of one play each, of items (1, 0) and (0, 2); their own vectors are (3, 0) and (0, 6): three times the means, whatever the item.
        StgLinkOptions options = Small with { Period = "none", EmbeddingSize = 2, HiddenSize = 2, HiddenLayers = 0, Input = LinkInput.Concatenation };
        Dataset data = SmallWorld.Of(2, 3, [(0, 0), (1, 1)], withTime: true);
        TemporalGraph graph = TemporalGraph.Of(data, options, cancellation: TestContext.Current.CancellationToken);
        var vectors = new DenseMatrix(5, 2, [3, 0, 0, 6, 1, 0, 0, 2, 0, 0]);

        // max(0, x) + y of the listener's vector: weights from (x, y, item) to two neurons and from those to one.
        var network = new LinkNetwork([new DenseMatrix(4, 2, [1, 0, 0, 1, 0, 0, 0, 0]), new DenseMatrix(2, 1, [1, 1])], [[0, 0], [0]]);
        var recommender = new StgLinkRecommender(options, data.Items, graph, vectors, network);
        Assert.Equal(3, Scores(recommender, Query.ForUser(0))[1], 1e-6);
        Assert.Equal(3, Scores(recommender, Query.ForHistory(new[] { 0 }))[1], 1e-6);
        Assert.Equal(6, Scores(recommender, Query.ForHistory(new[] { 1 }))[0], 1e-6);

        // Two of the first and one of the second: (2/3, 2/3), three times as long; the unheard item counts for nothing.
        Assert.Equal(4, Scores(recommender, Query.ForHistory(new[] { 0, 1, 2, 0 }))[0], 1e-5);
        Assert.True(float.IsNaN(Scores(recommender, Query.ForHistory(new[] { 0 }))[2]));
    }

    [Theory]
    [InlineData("node2vec")]
    [InlineData("stg-link")]
    public void More_walks_than_can_be_counted_are_refused_by_the_fit(string name)
    {
        var pairs = new (int, int)[11_000];
        for (int n = 0; n < pairs.Length; n++)
        {
            pairs[n] = (n, n);
        }

        Dataset data = SmallWorld.Of(pairs.Length, pairs.Length, pairs);
        IModel model = ModelCatalog.Create(name, [new("period", "none"), new("walks_per_node", "100000"), new("embedding_size", "1")]);
        string message = Assert.Throws<ModelFitException>(() => model.Fit(data, Context())).Message;
        Assert.StartsWith($"model '{name}': option 'walks_per_node' is 100000, which makes 2200000000 walks from 22000 nodes", message, StringComparison.Ordinal);
        Assert.EndsWith("lower walks_per_node to 97612", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Holding_out_all_edges_is_refused()
    {
        var model = new StgLink(Small with { ValidationShare = 0.5, TestShare = 0.5 });
        Assert.Contains("validation_share", Assert.Throws<OptionException>(() => model.Fit(SmallWorld.Checkerboard(), Context())).Message, StringComparison.Ordinal);
    }
}
