using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Graph;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Graph;

public sealed class ListeningGraphTests
{
    [Fact]
    public void Users_and_items_are_joined_both_ways()
    {
        CsrMatrix pairs = Pairs();
        CsrMatrix adjacency = ListeningGraph.Of(SmallWorld.Checkerboard(), pairs, hasArtists: false, hasAlbums: false).Adjacency;
        Assert.Equal((7, 2 * pairs.Count), (adjacency.Rows, adjacency.Count));
        for (int a = 0; a < 7; a++)
        {
            for (int b = 0; b < 7; b++)
            {
                (int user, int item) = a < b ? (a, b - 3) : (b, a - 3);
                bool isEdge = user < 3 && item >= 0 && pairs.RowColumns(user).Contains(item);
                Assert.Equal(isEdge ? 1f : 0f, adjacency[a, b]);
            }
        }
    }

    [Fact]
    public void Symmetric_weights_are_one_over_the_root_of_both_degrees()
    {
        ListeningGraph graph = ListeningGraph.Of(SmallWorld.Checkerboard(), Pairs(), false, false);
        CsrMatrix weights = graph.Symmetric().Matrix;
        for (int r = 0; r < 7; r++)
        {
            foreach (int c in weights.RowColumns(r))
            {
                Assert.Equal(1 / Math.Sqrt(graph.Adjacency.RowLength(r) * graph.Adjacency.RowLength(c)), weights[r, c], 1e-6);
                Assert.Equal(weights[r, c], weights[c, r]);
            }
        }
    }

    [Fact]
    public void Means_add_up_to_one_and_with_self_every_node_hears_itself()
    {
        ListeningGraph graph = ListeningGraph.Of(SmallWorld.Checkerboard(), Pairs(), false, false);
        CsrMatrix means = graph.Means().Matrix, self = graph.WithSelf().Matrix;
        for (int r = 0; r < 7; r++)
        {
            Assert.Equal(means.RowLength(r) == 0 ? 0 : 1, means.RowValues(r).ToArray().Sum(), 1e-6);
            Assert.Equal(means.RowLength(r) + 1, self.RowLength(r));
            Assert.Contains(r, self.RowColumns(r).ToArray());
            Assert.Equal(self.RowColumns(r).ToArray().Order(), self.RowColumns(r).ToArray());
        }
    }

    [Fact]
    public void Artists_and_albums_are_nodes_after_the_items()
    {
        Dataset data = SmallWorld.Checkerboard();
        int items = data.Items.Count, users = data.Users.Count;
        data = data with
        {
            Catalog = data.Catalog with
            {
                Artists = new StringTable(["a", "b"]),
                ItemArtist = Enumerable.Range(0, items).Select(i => i == 0 ? -1 : i % 2).ToArray(),
                Albums = new StringTable(["x"]),
                ItemAlbum = Enumerable.Range(0, items).Select(i => i == 5 ? 0 : -1).ToArray(),
            },
        };
        CsrMatrix pairs = UserItemMatrix.Binary(data);
        ListeningGraph graph = ListeningGraph.Of(data, pairs, hasArtists: true, hasAlbums: true);
        Assert.Equal(users + items + 3, graph.Nodes);
        Assert.Equal((2 * pairs.Count) + (2 * (items - 1)) + 2, graph.Adjacency.Count);
        Assert.Equal(0f, graph.Adjacency[users, users + items]);
        Assert.Equal(1f, graph.Adjacency[users + 5, users + items + 1]);
        Assert.Equal(1f, graph.Adjacency[users + items + 1, users + 5]);
        Assert.Equal(1f, graph.Adjacency[users + 5, users + items + 2]);

        // Ascending columns in every row, as a matrix must have them.
        Assert.All(Enumerable.Range(0, graph.Nodes), r => Assert.Equal(graph.Adjacency.RowColumns(r).ToArray().Order(), graph.Adjacency.RowColumns(r).ToArray()));
    }

    /// <summary>3 users, 4 items; the last user and the last item have no edge.</summary>
    private static CsrMatrix Pairs() => CsrMatrix.FromTriplets(3, 4, [0, 0, 1], [0, 2, 2], [1f, 1f, 1f]);
}
