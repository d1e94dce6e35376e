using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Numerics.Tests.Sampling;

public sealed class RandomWalksTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_go_along_edges_in_proportion_to_their_weights(bool weighted)
    {
        CsrMatrix graph = Graph(12, weighted, seed: 1);
        var seen = new double[graph.Rows, graph.Rows];
        ForEachWalk(new RandomWalks(graph), 4000, 30, walk =>
        {
            for (int n = 1; n < walk.Length; n++)
            {
                seen[walk[n - 1], walk[n]]++;
            }
        });
        var expected = new double[graph.Rows, graph.Rows];
        for (int v = 0; v < graph.Rows; v++)
        {
            double total = graph.RowValues(v).ToArray().Sum(x => (double)x);
            for (int n = 0; n < graph.RowLength(v); n++)
            {
                expected[v, graph.RowColumns(v)[n]] = graph.RowValues(v)[n] / total;
            }
        }

        CheckFrequencies(expected, seen);
    }

    [Theory]
    [InlineData(0.05, 1, true)]
    [InlineData(0.05, 4, false)]
    [InlineData(0.25, 0.1, true)]
    [InlineData(4, 0.5, true)]
    [InlineData(4, 4, false)]
    [InlineData(1, 3, true)]
    public void A_bias_changes_steps_as_the_literal_second_order_chances_say(double p, double q, bool weighted)
    {
        // Pairs (t, v) are the states of the literal walk.
        CsrMatrix graph = Graph(8, weighted, seed: 2);
        int nodes = graph.Rows;
        var expected = new double[nodes * nodes, nodes];
        for (int t = 0; t < nodes; t++)
        {
            foreach (int v in graph.RowColumns(t))
            {
                int state = (t * nodes) + v;
                double total = 0;
                for (int n = 0; n < graph.RowLength(v); n++)
                {
                    int x = graph.RowColumns(v)[n];
                    double bias = x == t ? 1 / p : graph.RowColumns(t).Contains(x) ? 1 : 1 / q;
                    expected[state, x] = bias * graph.RowValues(v)[n];
                    total += expected[state, x];
                }

                for (int x = 0; x < nodes; x++)
                {
                    expected[state, x] /= total;
                }
            }
        }

        var seen = new double[nodes * nodes, nodes];
        ForEachWalk(new RandomWalks(graph, p, q), 6000, 30, walk =>
        {
            for (int n = 2; n < walk.Length; n++)
            {
                seen[(walk[n - 2] * nodes) + walk[n - 1], walk[n]]++;
            }
        });
        CheckFrequencies(expected, seen);
    }

    [Fact]
    public void Even_weights_need_no_table_and_walk_as_ones_do()
    {
        CsrMatrix ones = Graph(12, weighted: false, seed: 3);
        var halves = new CsrMatrix(ones.Rows, ones.Columns, ones.RowStart, ones.ColumnIndex, Array.ConvertAll(ones.Values, _ => 0.5f));
        Assert.Equal(Walks(new RandomWalks(ones), 50, 20), Walks(new RandomWalks(halves), 50, 20));
    }

    [Fact]
    public void A_walk_depends_on_its_generator_alone()
    {
        var walks = new RandomWalks(Graph(12, weighted: true, seed: 4), 0.5, 2);
        int[][] all = Walks(walks, 50, 20);
        for (int n = 0; n < all.Length; n += 7)
        {
            var alone = new int[20];
            walks.Walk([n % walks.Nodes], [new Rng(5, $"walk {n}")], 20, alone);
            Assert.Equal(all[n], alone);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(0.1, 3)]
    public void Walks_end_where_there_are_no_edges_or_none_that_weigh_anything(double p, double q)
    {
        // 0 and 1 are joined, 2 is alone, 3 has edges of weight 0, and from 4 one comes to 2.
        CsrMatrix graph = CsrMatrix.FromTriplets(5, 5, [0, 1, 3, 3, 4], [1, 0, 0, 1, 2], [1, 2, 0, 0, 1]);
        var walks = new RandomWalks(graph, p, q);
        var walk = new int[5 * 4];
        walks.Walk([0, 1, 2, 3, 4], [.. Enumerable.Range(0, 5).Select(n => new Rng(1, $"{n}"))], 4, walk);
        Assert.Equal([0, 1, 0, 1, 1, 0, 1, 0, 2, -1, -1, -1, 3, -1, -1, -1, 4, 2, -1, -1], walk);
        Assert.Equal([true, true, false, false, true], Enumerable.Range(0, 5).Select(walks.HasSteps));
    }

    [Fact]
    public void Edges_of_weight_0_are_never_walked()
    {
        // Row 0: one edge of weight 0 among others whose alias columns round.
        float[] weights = [.. Enumerable.Range(0, 40).Select(n => n % 3 == 0 ? 0f : 0.1f * n)];
        CsrMatrix graph = CsrMatrix.FromTriplets(41, 41, new int[40], [.. Enumerable.Range(1, 40)], weights);
        ForEachWalk(new RandomWalks(graph), 41 * 500, 2, walk => Assert.True(walk[0] != 0 || walk[1] % 3 != 1));
    }

    [Fact]
    public void What_is_no_graph_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => new RandomWalks(CsrMatrix.FromTriplets(2, 3, [], [], [])));
        Assert.ThrowsAny<ArgumentException>(() => new RandomWalks(CsrMatrix.FromTriplets(2, 2, [0], [1], [-1])));
        Assert.ThrowsAny<ArgumentException>(() => new RandomWalks(CsrMatrix.FromTriplets(2, 2, [0], [1], [float.NaN])));
        CsrMatrix graph = CsrMatrix.FromTriplets(2, 2, [0], [1], [1]);
        Assert.ThrowsAny<ArgumentException>(() => new RandomWalks(graph, 0));
        Assert.ThrowsAny<ArgumentException>(() => new RandomWalks(graph, 1, double.PositiveInfinity));
        var walks = new RandomWalks(graph);
        Assert.ThrowsAny<ArgumentException>(() => walks.Walk([2], [new Rng(1)], 3, new int[3]));
        Assert.ThrowsAny<ArgumentException>(() => walks.Walk([0], [new Rng(1)], 3, new int[4]));
        Assert.ThrowsAny<ArgumentException>(() => walks.Walk([0], [], 3, new int[3]));
    }

    /// <summary>A connected graph with triangles and nodes of few and many edges.</summary>
    private static CsrMatrix Graph(int nodes, bool weighted, ulong seed)
    {
        var rng = new Rng(seed, "graph");
        var edges = new Dictionary<(int, int), float>();
        for (int a = 0; a < nodes; a++)
        {
            for (int b = a + 1; b < nodes; b++)
            {
                if (b == a + 1 || rng.NextDouble() < 0.5)
                {
                    edges[(a, b)] = edges[(b, a)] = weighted ? 0.1f + (3 * rng.NextSingle()) : 1;
                }
            }
        }

        return CsrMatrix.FromTriplets(nodes, nodes, [.. edges.Keys.Select(e => e.Item1)], [.. edges.Keys.Select(e => e.Item2)], [.. edges.Values]);
    }

    private static int[][] Walks(RandomWalks walks, int count, int length)
    {
        var all = new int[count * length];
        walks.Walk(
            [.. Enumerable.Range(0, count).Select(n => n % walks.Nodes)], [.. Enumerable.Range(0, count).Select(n => new Rng(5, $"walk {n}"))], length, all);
        return [.. all.Chunk(length)];
    }

    private static void ForEachWalk(RandomWalks walks, int count, int length, Action<int[]> body)
    {
        foreach (int[] walk in Walks(walks, count, length))
        {
            body(walk);
        }
    }

    /// <summary>χ² of every row with enough draws, added up: with k degrees of freedom it is k ± √(2k), five of which a right sampler never leaves.</summary>
    private static void CheckFrequencies(double[,] expected, double[,] seen)
    {
        double chiSquare = 0;
        int freedom = 0;
        for (int v = 0; v < expected.GetLength(0); v++)
        {
            int row = v;
            int[] possible = [.. Enumerable.Range(0, expected.GetLength(1)).Where(x => expected[row, x] > 0)];
            double total = Enumerable.Range(0, expected.GetLength(1)).Sum(x => seen[row, x]);
            Assert.Equal(total, possible.Sum(x => seen[row, x]));
            if (possible.Length < 2 || possible.Any(x => total * expected[row, x] < 5))
            {
                continue;
            }

            chiSquare += possible.Sum(x => Math.Pow(seen[row, x] - (total * expected[row, x]), 2) / (total * expected[row, x]));
            freedom += possible.Length - 1;
        }

        Assert.True(freedom > 20, $"only {freedom} degrees of freedom");
        Assert.InRange(chiSquare, freedom - (5 * Math.Sqrt(2 * freedom)), freedom + (5 * Math.Sqrt(2 * freedom)));
    }
}
