using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Graph;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Models.Tests.Graph;

public sealed class EdgeInputsTests
{
    /// <summary>
    /// The proof that an edge cannot help to predict itself: with its weight changed, or the edge taken out of the data, everything its
    /// prediction is made from keeps its bits.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(41)]
    public void Inputs_of_a_hidden_edge_do_not_depend_on_it(int hidden)
    {
        Dataset train = Random(1);
        CsrMatrix edges = UserItemMatrix.Sum(train);
        (int user, int item) = Edge(edges, hidden);
        float[] before = Inputs(train, edges, hidden, user, item);
        float[] values = [.. edges.Values];
        values[hidden] = 123f;
        Assert.Equal(before, Inputs(train, edges.WithValues(values), hidden, user, item));

        int[] rest = [.. Enumerable.Range(0, train.Count).Where(n => train.UserIndex.Span[n] != user || train.ItemIndex.Span[n] != item)];
        TagAssignments tags = train.Tags;
        int[] keep = [.. Enumerable.Range(0, tags.Count).Where(n => tags.UserIndex.Span[n] != user || tags.ItemIndex.Span[n] != item)];
        Dataset without = train.Select(rest) with { Tags = tags.Select(keep) };
        CsrMatrix fewer = UserItemMatrix.Sum(without);
        var inputs = new EdgeInputs(EdgeGraph.Of(new EdgeSource(without, fewer), []), 1);
        var output = new float[EdgeInputs.Names.Count];
        inputs.FillUser(user, [item], output);
        Assert.Equal(before, output);
    }

    [Fact]
    public void A_hidden_edge_carries_no_message()
    {
        Dataset train = Random(2);
        CsrMatrix edges = UserItemMatrix.Sum(train);
        bool[] isHidden = [.. Enumerable.Range(0, edges.Count).Select(n => n % 3 == 0)];
        CsrMatrix messages = EdgeGraph.Of(new EdgeSource(train, edges), isHidden).Messages(out float[] weights).Matrix;
        Assert.Equal(2 * isHidden.Count(h => !h), messages.Count);
        Assert.Equal(messages.Count, weights.Length);
        for (int n = 0; n < edges.Count; n++)
        {
            (int user, int item) = Edge(edges, n);
            Assert.Equal(!isHidden[n], messages[user, edges.Rows + item] != 0);
            Assert.Equal(!isHidden[n], messages[edges.Rows + item, user] != 0);
        }
    }

    /// <summary>A slow twin of the numbers that are easiest to get wrong, straight from their definitions.</summary>
    [Fact]
    public void Numbers_are_what_their_names_say()
    {
        Dataset train = Random(3);
        CsrMatrix edges = UserItemMatrix.Sum(train);
        EdgeGraph graph = EdgeGraph.Of(new EdgeSource(train, edges), []);
        var inputs = new EdgeInputs(graph, 2);
        for (int user = 0; user < edges.Rows; user++)
        {
            int[] items = [.. Enumerable.Range(0, edges.Columns).Where(i => edges.RowColumns(user).BinarySearch(i) < 0)];
            var output = new DenseMatrix(items.Length, EdgeInputs.Names.Count);
            inputs.FillUser(user, items, output.Values);
            int[] own = edges.RowColumns(user).ToArray();
            for (int q = 0; q < items.Length; q++)
            {
                int[] listeners = graph.ByItem.RowColumns(items[q]).ToArray();
                int[] friends = [.. listeners.Where(v => graph.Friends[user, v] != 0)];
                Check("friends_listening", friends.Length);
                Check("friends_residual", friends.Sum(v => edges[v, items[q]] - graph.Base(v, items[q])) / (friends.Length + 2));
                Check("friends_share", friends.Length / (graph.Friends.RowLength(user) + 2.0));
                double[] alike = [.. listeners.Select(v => Cosine(own, edges.RowColumns(v).ToArray()))];
                Check("alike_sum", alike.Sum());
                Check("alike_max", alike.DefaultIfEmpty(0).Max());
                double[] common = [.. own.Select(j => Common(j, items[q]))];
                Check("common_mean", common.Average());
                Check("common_max", common.Max());
                Check("common_root", Math.Sqrt(common.Average(c => c * c)));
                double[] tags = [.. own.Select(j => TagDot(j, items[q]))];
                Check("tag_mean", tags.Average());
                Check("tag_max", tags.Max());
                Check("user_items", Math.Log(1 + own.Length));
                Check("item_listeners", Math.Log(1 + listeners.Length));

                void Check(string name, double expected)
                {
                    float actual = output.Row(q)[EdgeInputs.Names.ToList().IndexOf(name)];
                    Assert.True(Math.Abs(expected - actual) < 1e-5, $"{name} of ({user}, {items[q]}): {actual}, expected {expected}");
                }
            }
        }

        double Common(int a, int b)
        {
            int[] first = graph.ByItem.RowColumns(a).ToArray(), second = graph.ByItem.RowColumns(b).ToArray();
            return first.Intersect(second).Count() / (Math.Sqrt((double)first.Length * second.Length) + 3);
        }

        double TagDot(int a, int b) => Enumerable.Range(0, graph.ItemTags.Columns).Sum(t => (double)graph.ItemTags[a, t] * graph.ItemTags[b, t]);
    }

    private static double Cosine(int[] a, int[] b) => a.Intersect(b).Count() / Math.Sqrt((double)a.Length * b.Length);

    private static float[] Inputs(Dataset train, CsrMatrix edges, int hidden, int user, int item)
    {
        var isHidden = new bool[edges.Count];
        isHidden[hidden] = true;
        var output = new DenseMatrix(1, EdgeInputs.Names.Count);
        new EdgeInputs(EdgeGraph.Of(new EdgeSource(train, edges), isHidden), 1).Fill(new[] { user }, new[] { item }, output, 1);
        return output.Values;
    }

    private static (int User, int Item) Edge(CsrMatrix edges, int n)
    {
        int user = 0;
        while (edges.RowStart[user + 1] <= n)
        {
            user++;
        }

        return (user, edges.ColumnIndex[n]);
    }

    private static Dataset Random(ulong seed)
    {
        const int users = 12, items = 9, tagCount = 6;
        var rng = new Rng(seed, "edge-inputs");
        var builder = new DatasetBuilder("random", "artist");
        for (int u = 0; u < users; u++)
        {
            builder.User($"user {u}");
        }

        for (int i = 0; i < items; i++)
        {
            builder.Item($"item {i}");
        }

        var pairs = new List<(int User, int Item)>();
        for (int u = 0; u < users; u++)
        {
            for (int i = 0; i < items; i++)
            {
                if (rng.NextDouble() < 0.55 || i == u % items)
                {
                    builder.Interaction(u, i, -1, 0.1f + rng.NextSingle());
                    pairs.Add((u, i));
                }
            }
        }

        (int User, int Item, int Tag)[] tags = [.. pairs.Where((_, n) => n % 2 == 0).Select((p, n) => (p.User, p.Item, (n * 7) % tagCount))];
        (int From, int To)[] friends = [.. Enumerable.Range(0, users).Select(u => (u, (u + 3) % users))];
        return builder.Build() with
        {
            FriendFrom = friends.Select(f => f.From).ToArray(),
            FriendTo = friends.Select(f => f.To).ToArray(),
            Tags = new TagAssignments
            {
                Names = new StringTable(Enumerable.Range(0, tagCount).Select(t => $"tag {t}")),
                UserIndex = tags.Select(t => t.User).ToArray(),
                ItemIndex = tags.Select(t => t.Item).ToArray(),
                TagIndex = tags.Select(t => t.Tag).ToArray(),
            },
        };
    }
}
