using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Neural.Autodiff;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>Listeners (or playlists), items and, where asked for, artists and albums as nodes of one undirected graph.</summary>
/// <remarks>Nodes in this order: users, items, artists, albums. An edge user–item is a distinct pair; items are joined to their artist and album.</remarks>
internal sealed class ListeningGraph
{
    private ListeningGraph(CsrMatrix pairs, CsrMatrix adjacency) => (Pairs, Adjacency) = (pairs, adjacency);

    /// <summary>Users × items: the edges that carry messages between users and items.</summary>
    public CsrMatrix Pairs { get; }

    /// <summary>Nodes × nodes, symmetric, all values 1.</summary>
    public CsrMatrix Adjacency { get; }

    /// <summary>Number of nodes.</summary>
    public int Nodes => Adjacency.Rows;

    /// <summary>The graph of some pairs.</summary>
    /// <param name="train">Knows artists and albums.</param>
    /// <param name="pairs">Users × items.</param>
    /// <param name="hasArtists">Make artists nodes.</param>
    /// <param name="hasAlbums">Make albums nodes.</param>
    public static ListeningGraph Of(Dataset train, CsrMatrix pairs, bool hasArtists, bool hasAlbums)
    {
        int users = pairs.Rows, items = pairs.Columns;
        (ReadOnlyMemory<int> artistOf, int artists) = hasArtists ? (train.Catalog.ItemArtist, train.Catalog.Artists.Count) : (default, 0);
        (ReadOnlyMemory<int> albumOf, int albums) = hasAlbums ? (train.Catalog.ItemAlbum, train.Catalog.Albums.Count) : (default, 0);
        int nodes = users + items + artists + albums;
        CsrMatrix byItem = pairs.Transpose(), byArtist = Members(artistOf.Span, artists), byAlbum = Members(albumOf.Span, albums);
        var start = new int[nodes + 1];
        var columns = new List<int>((2 * pairs.Count) + (2 * byArtist.Count) + (2 * byAlbum.Count));
        for (int node = 0; node < nodes; node++)
        {
            if (node < users)
            {
                Add(pairs.RowColumns(node), users);
            }
            else if (node < users + items)
            {
                int item = node - users;
                Add(byItem.RowColumns(item), 0);
                Join(artistOf.Span, item, users + items);
                Join(albumOf.Span, item, users + items + artists);
            }
            else
            {
                int group = node - users - items;
                Add(group < artists ? byArtist.RowColumns(group) : byAlbum.RowColumns(group - artists), users);
            }

            start[node + 1] = columns.Count;
        }

        var values = new float[columns.Count];
        Array.Fill(values, 1f);
        return new ListeningGraph(pairs, new CsrMatrix(nodes, nodes, start, [.. columns], values));

        void Add(ReadOnlySpan<int> ends, int offset)
        {
            foreach (int end in ends)
            {
                columns.Add(end + offset);
            }
        }

        void Join(ReadOnlySpan<int> group, int item, int offset)
        {
            if (!group.IsEmpty && group[item] >= 0)
            {
                columns.Add(group[item] + offset);
            }
        }
    }

    /// <summary>D^(−½) A D^(−½) (Kipf and Welling, ICLR 2017, without self-loops; He et al., SIGIR 2020).</summary>
    public SparseOperand Symmetric()
    {
        var values = new float[Adjacency.Count];
        for (int r = 0; r < Nodes; r++)
        {
            for (int n = Adjacency.RowStart[r]; n < Adjacency.RowStart[r + 1]; n++)
            {
                values[n] = 1f / MathF.Sqrt((float)Adjacency.RowLength(r) * Adjacency.RowLength(Adjacency.ColumnIndex[n]));
            }
        }

        return new SparseOperand(Adjacency.WithValues(values));
    }

    /// <summary>D^(−1) A: means over neighbours.</summary>
    public SparseOperand Means()
    {
        var values = new float[Adjacency.Count];
        for (int r = 0; r < Nodes; r++)
        {
            Array.Fill(values, 1f / Math.Max(1, Adjacency.RowLength(r)), Adjacency.RowStart[r], Adjacency.RowLength(r));
        }

        return new SparseOperand(Adjacency.WithValues(values));
    }

    /// <summary>A + I, all values 1: neighbours and oneself.</summary>
    public SparseOperand WithSelf()
    {
        var start = new int[Nodes + 1];
        var columns = new int[Adjacency.Count + Nodes];
        for (int r = 0, at = 0; r < Nodes; r++)
        {
            columns[at++] = r;
            Adjacency.RowColumns(r).CopyTo(columns.AsSpan(at));
            columns.AsSpan(start[r], at + Adjacency.RowLength(r) - start[r]).Sort();
            at += Adjacency.RowLength(r);
            start[r + 1] = at;
        }

        var values = new float[columns.Length];
        Array.Fill(values, 1f);
        return new SparseOperand(new CsrMatrix(Nodes, Nodes, start, columns, values));
    }

    private static CsrMatrix Members(ReadOnlySpan<int> groupOf, int groups)
    {
        var rows = new List<int>();
        var columns = new List<int>();
        for (int i = 0; i < groupOf.Length && groups > 0; i++)
        {
            if (groupOf[i] >= 0)
            {
                rows.Add(groupOf[i]);
                columns.Add(i);
            }
        }

        return CsrMatrix.FromTriplets(groups, groupOf.Length, [.. rows], [.. columns], []);
    }
}
