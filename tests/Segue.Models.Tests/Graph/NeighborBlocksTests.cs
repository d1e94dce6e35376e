using Segue.Core.Contracts;
using Segue.Core.Views;
using Segue.Models.Graph;
using Segue.Neural.Autodiff;
using Segue.Neural.Losses;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

public sealed class NeighborBlocksTests
{
    private static readonly ListeningGraph Graph =
        ListeningGraph.Of(SmallWorld.PairSplit.Train, UserItemMatrix.Binary(SmallWorld.PairSplit.Train), default);

    private static readonly int[] Users = [0, 5, 9, 5], Items = [3, 1, 0, 2], Others = [7, 7, 11, 12];

    public static TheoryData<string> Models => ["lightgcn", "lightgcn learned", "graphsage", "gat", "xsimgcl"];

    /// <summary>Where no node has more neighbours than are heard, a step on blocks has the vectors and gradients of one over the whole graph.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void All_neighbours_give_the_vectors_and_gradients_of_the_whole_graph(string model)
    {
        GraphOptions options = model switch
        {
            "lightgcn learned" => new LightGcnOptions { Layers = 3, LayerWeights = LayerWeighting.Learned },
            "graphsage" => new GraphSageOptions { Layers = 2 },
            "gat" => new GraphAttentionOptions { Layers = 2, Heads = 2, Dropout = 0 },
            "xsimgcl" => new XSimGclOptions { Layers = 2, Noise = 0 },
            _ => new LightGcnOptions { Layers = 3 },
        };
        options = options with { EmbeddingSize = 8, InitialDeviation = 0.5 };
        int largest = Enumerable.Range(0, Graph.Nodes).Max(Graph.Adjacency.RowLength);
        (float[] whole, Dictionary<string, float[]> wholeGradient) = Step(options, null);
        (float[] blocks, Dictionary<string, float[]> blocksGradient) = Step(options with { Neighbors = largest }, largest);
        Assert.Equal(whole, blocks, (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(wholeGradient.Keys.Order(), blocksGradient.Keys.Order());
        Assert.All(wholeGradient, g =>
        {
            float scale = g.Value.Max(Math.Abs);
            Assert.True(scale > 0, g.Key);
            Assert.Equal(g.Value, blocksGradient[g.Key], (a, b) => Math.Abs(a - b) < 1e-5 * scale);
        });

        // Fewer neighbours give other vectors, or the comparison would prove nothing.
        Assert.NotEqual(whole, Step(options with { Neighbors = 2 }, 2).Vectors, (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_receiver_hears_itself_and_as_many_neighbours_as_asked_for(bool withSelf)
    {
        CsrMatrix messages = (withSelf ? Graph.WithSelf() : Graph.Symmetric(default)).Matrix;
        var sampler = new NeighborSampler(messages, layers: 2, most: 3);
        for (ulong seed = 0; seed < 5; seed++)
        {
            sampler.Start([1, 4, 4], [Graph.Pairs.Rows + 2, 1]);
            Assert.Equal([0, 1, 2], new[] { 1, 4, Graph.Pairs.Rows + 2 }.Select(sampler.NumberOf));
            NeighborBlocks blocks = sampler.Draw(seed, threads: 2);
            int[] nodes = blocks.Nodes.ToArray();
            Assert.Equal(3, blocks.Seeds);
            Assert.Equal(nodes.Distinct(), nodes);
            Assert.Equal((3, nodes.Length), (blocks.Messages[1].Matrix.Rows, blocks.Messages[0].Matrix.Columns));
            Assert.Equal(blocks.Messages[1].Matrix.Columns, blocks.Messages[0].Matrix.Rows);
            Assert.All(blocks.Messages, block => Assert.All(Enumerable.Range(0, block.Matrix.Rows), r =>
            {
                int degree = Graph.Adjacency.RowLength(nodes[r]);
                int[] senders = block.Matrix.RowColumns(r).ToArray();
                Assert.Equal(senders.Distinct().Order(), senders);
                Assert.Equal(Math.Min(3, degree) + (withSelf ? 1 : 0), senders.Length);
                Assert.Equal(withSelf, senders.Contains(r));
                Assert.All(senders, s => Assert.True(s == r || Graph.Adjacency[nodes[r], nodes[s]] == 1f));
            }));
        }
    }

    /// <summary>The expectation of what a node hears is what it hears of all its neighbours.</summary>
    [Fact]
    public void Drawn_messages_are_right_on_average()
    {
        CsrMatrix messages = Graph.Symmetric(default).Matrix;
        int node = Enumerable.Range(0, Graph.Nodes).MaxBy(Graph.Adjacency.RowLength);
        var sampler = new NeighborSampler(messages, layers: 1, most: 4);
        var mean = new double[Graph.Nodes];
        const int Draws = 20_000;
        for (int n = 0; n < Draws; n++)
        {
            sampler.Start([node]);
            NeighborBlocks blocks = sampler.Draw((ulong)n, threads: 1);
            CsrMatrix block = blocks.Messages[0].Matrix;
            for (int e = 0; e < block.Count; e++)
            {
                mean[blocks.Nodes.Span[block.ColumnIndex[e]]] += block.Values[e] / Draws;
            }
        }

        // An entry is drawn with chance 4 / degree: five deviations of its mean.
        double chance = 4.0 / messages.RowLength(node), tolerance = 5 * Math.Sqrt((1 - chance) / chance / Draws);
        foreach (int sender in messages.RowColumns(node))
        {
            Assert.InRange(mean[sender] / messages[node, sender], 1 - tolerance, 1 + tolerance);
        }
    }

    [Theory]
    [InlineData(1000, 3)]
    [InlineData(10, 4)]
    [InlineData(5, 5)]
    [InlineData(7, 0)]
    public void Samples_are_distinct_ascending_and_alike_likely(int length, int count)
    {
        var rng = new Rng(1, "test");
        var drawn = new int[length];
        var places = new int[count];
        const int Draws = 30_000;
        for (int n = 0; n < Draws; n++)
        {
            NeighborSample.Draw(length, places, rng);
            Assert.True(places.Distinct().Order().SequenceEqual(places));
            foreach (int place in places)
            {
                drawn[place]++;
            }
        }

        double expected = (double)Draws * count / length, tolerance = 5 * Math.Sqrt(expected * (1 - ((double)count / length)));
        Assert.All(drawn, d => Assert.InRange(d, expected - tolerance, expected + tolerance));
    }

    [Fact]
    public void Blocks_do_not_depend_on_the_number_of_threads()
    {
        var draws = new[] { 1, 3 }.Select(threads =>
        {
            var sampler = new NeighborSampler(Graph.Symmetric(default).Matrix, layers: 2, most: 2);
            sampler.Start([.. Enumerable.Range(0, Graph.Nodes)]);
            NeighborBlocks blocks = sampler.Draw(7, threads);
            return (Nodes: blocks.Nodes.ToArray(), Columns: blocks.Messages[0].Matrix.ColumnIndex, blocks.Messages[1].Matrix.Values);
        }).ToArray();
        Assert.Equal(draws[0].Nodes, draws[1].Nodes);
        Assert.Equal(draws[0].Columns, draws[1].Columns);
        Assert.Equal(draws[0].Values, draws[1].Values);
    }

    /// <summary>Vectors of the nodes of a step, and the gradient of a loss over its triples, by parameter.</summary>
    private static (float[] Vectors, Dictionary<string, float[]> Gradients) Step(GraphOptions options, int? neighbors)
    {
        var context = new FitContext { Seed = 3, Threads = 2 };
        IGraphConvolution layers = options switch
        {
            GraphSageOptions o => new GraphSage.Convolution(o, context),
            GraphAttentionOptions o => new GraphAttention.Convolution(o, context),
            XSimGclOptions o => new XSimGcl.Convolution(o),
            _ => new LightGcn.Convolution((LightGcnOptions)options),
        };
        var network = new GraphNetwork(options, layers, Graph.Nodes, context, "test");
        int[] items = [.. Items.Select(i => i + Graph.Pairs.Rows)], others = [.. Others.Select(i => i + Graph.Pairs.Rows)], users = [.. Users];
        int[] seeds = [.. users.Concat(items).Concat(others).Distinct()];
        var tape = new Tape(2);
        Variable vectors;
        if (neighbors is { } most)
        {
            var sampler = new NeighborSampler(layers.Messages(Graph).Matrix, options.LayerCount, most);
            sampler.Start(users, items, others);
            vectors = network.Apply(tape, sampler.Draw(1, 2), new Rng(1));
            (users, items, others) = (Array.ConvertAll(users, sampler.NumberOf), Array.ConvertAll(items, sampler.NumberOf), Array.ConvertAll(others, sampler.NumberOf));
            seeds = Array.ConvertAll(seeds, sampler.NumberOf);
        }
        else
        {
            vectors = network.Apply(tape, layers.Messages(Graph), new Rng(1));
        }

        NodePairs positive = new(), negative = new();
        positive.Fill(users, items, vectors.Rows);
        negative.Fill(users, others, vectors.Rows);
        tape.Backward(vectors.PairDot(positive).BprLoss(vectors.PairDot(negative)));
        var gradients = new Dictionary<string, float[]>();
        foreach (Parameter parameter in network.Parameters.Where(p => p.HasGradient))
        {
            float[] gradient = parameter.Gradient.ToArray();
            if (parameter.IsRowSparse)
            {
                // Rows that were not touched mean nothing.
                var touched = parameter.TouchedRows.ToArray().ToHashSet();
                for (int r = 0; r < parameter.Rows; r++)
                {
                    if (!touched.Contains(r))
                    {
                        gradient.AsSpan(r * parameter.Columns, parameter.Columns).Clear();
                    }
                }
            }

            gradients.Add(parameter.Name, gradient);
        }

        return ([.. seeds.SelectMany(s => vectors.Value.Slice(s * options.EmbeddingSize, options.EmbeddingSize).ToArray())], gradients);
    }
}
