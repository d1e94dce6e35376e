using Segue.Core;
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
        CsrMatrix adjacency = ListeningGraph.Of(SmallWorld.Checkerboard(), pairs, default).Adjacency;
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
        ListeningGraph graph = ListeningGraph.Of(SmallWorld.Checkerboard(), Pairs(), default);
        CsrMatrix weights = graph.Symmetric(default).Matrix;
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
        ListeningGraph graph = ListeningGraph.Of(SmallWorld.Checkerboard(), Pairs(), default);
        CsrMatrix means = graph.Means(default).Matrix, self = graph.WithSelf().Matrix;
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
        ListeningGraph graph = ListeningGraph.Of(data, pairs, new GraphNodes(HasArtists: true, HasAlbums: true));
        Assert.Equal(users + items + 3, graph.Nodes);
        Assert.Equal((2 * pairs.Count) + (2 * (items - 1)) + 2, graph.Adjacency.Count);
        Assert.Equal(0f, graph.Adjacency[users, users + items]);
        Assert.Equal(1f, graph.Adjacency[users + 5, users + items + 1]);
        Assert.Equal(1f, graph.Adjacency[users + items + 1, users + 5]);
        Assert.Equal(1f, graph.Adjacency[users + 5, users + items + 2]);

        // Ascending columns in every row, as a matrix must have them.
        Assert.All(Enumerable.Range(0, graph.Nodes), r => Assert.Equal(graph.Adjacency.RowColumns(r).ToArray().Order(), graph.Adjacency.RowColumns(r).ToArray()));
    }

    /// <summary>What an item hears is shared out between listeners, artist and album; where it has not all of them, between those it has.</summary>
    [Fact]
    public void Shares_of_edge_types_add_up_to_one_in_what_an_item_hears()
    {
        Dataset data = SmallWorld.Checkerboard();
        data = data with
        {
            Catalog = data.Catalog with
            {
                Artists = new StringTable(["a", "b"]),
                ItemArtist = new[] { 0, 0, 0, 1 },
                Albums = new StringTable(["x"]),
                ItemAlbum = new[] { 0, -1, -1, -1 },
            },
        };
        ListeningGraph graph = ListeningGraph.Of(data, Pairs(), new GraphNodes(HasArtists: true, HasAlbums: true));
        var shares = new GraphShares(Artist: 0.5, Album: 0.3);
        CsrMatrix means = graph.Means(shares).Matrix, symmetric = graph.Symmetric(shares).Matrix;

        // Nodes: users 0–2, items 3–6, artists 7 and 8, album 9. Item 0 has one listener, artist and album; item 2 two listeners and an artist.
        Assert.Equal((0.2f, 0.5f, 0.3f), (means[3, 0], means[3, 7], means[3, 9]));
        Assert.Equal(0.2 / 0.7 / 2, means[5, 0], 1e-6);
        Assert.Equal(0.5 / 0.7, means[5, 7], 1e-6);
        Assert.Equal(0.2 / 0.7 / Math.Sqrt(2 * 2), symmetric[5, 0], 1e-6);
        Assert.Equal(0.5 / 0.7 / Math.Sqrt(3), symmetric[5, 7], 1e-6);

        // Nobody listens to items 1 and 3: their artist is all they hear.
        Assert.Equal((1f, 1f), (means[4, 7], means[6, 8]));
        Assert.Equal(1, symmetric[6, 8], 1e-6);

        // Listeners, artists and albums have edges of one type, which count in full: user 0 has two items, artist 0 three.
        Assert.Equal((0.5f, 1f / 3f, 1f), (means[0, 3], means[7, 4], means[9, 3]));
        Assert.Equal(1 / Math.Sqrt(2 * 2), symmetric[0, 5], 1e-6);
        Assert.Equal(1 / Math.Sqrt(3), symmetric[7, 5], 1e-6);
    }

    [Theory]
    [InlineData("user+item", false, false)]
    [InlineData("playlist+track+artist+album", true, true)]
    [InlineData(" album + item+user", false, true)]
    public void Nodes_are_named_in_any_order(string text, bool artists, bool albums) =>
        Assert.Equal(new GraphNodes(artists, albums), GraphNodes.Parse(text, "lightgcn"));

    [Theory]
    [InlineData("user+item+genre", "'genre' is none")]
    [InlineData("user+playlist+item", "names 'playlist' twice")]
    [InlineData("user+artist", "without item")]
    [InlineData("track+artist", "without user")]
    [InlineData("", "'' is none")]
    [InlineData("user+item+", "'' is none")]
    [InlineData("User+item", "'User' is none")]
    public void Other_nodes_are_refused_with_value_and_remedy(string text, string problem)
    {
        string message = Assert.Throws<OptionException>(() => GraphNodes.Parse(text, "lightgcn")).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.Contains($"nodes is '{text}'", message, StringComparison.Ordinal);
        Assert.Contains("user+item+artist", message, StringComparison.Ordinal);
    }

    /// <summary>3 users, 4 items; the last user and the last item have no edge.</summary>
    private static CsrMatrix Pairs() => CsrMatrix.FromTriplets(3, 4, [0, 0, 1], [0, 2, 2], [1f, 1f, 1f]);
}
