using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>What the nodes of a graph are: listeners and items always, artists and albums where asked for.</summary>
internal readonly record struct GraphNodes(bool HasArtists, bool HasAlbums)
{
    private const string Remedy = "name user (or playlist) and item (or track), and artist and album where wanted, for example user+item+artist";

    /// <summary>Reads names joined by +, in any order.</summary>
    /// <param name="text">For example <c>user+item+artist</c>.</param>
    /// <param name="owner">For messages, for example <c>model 'lightgcn'</c>.</param>
    /// <exception cref="OptionException">A name is unknown or given twice, or user or item is missing.</exception>
    public static GraphNodes Parse(string text, string owner)
    {
        ArgumentNullException.ThrowIfNull(text);
        var named = new HashSet<string>();
        foreach (string part in text.Split('+', StringSplitOptions.TrimEntries))
        {
            string name = part switch
            {
                "user" or "playlist" => "user",
                "item" or "track" => "item",
                "artist" or "album" => part,
                _ => throw new OptionException($"{owner}: nodes is '{text}', and '{part}' is none; {Remedy}"),
            };
            if (!named.Add(name))
            {
                throw new OptionException($"{owner}: nodes is '{text}', which names '{part}' twice; {Remedy}");
            }
        }

        return named.Contains("user") && named.Contains("item")
            ? new GraphNodes(named.Contains("artist"), named.Contains("album"))
            : throw new OptionException($"{owner}: nodes is '{text}', without {(named.Contains("user") ? "item" : "user")}; {Remedy}");
    }
}

/// <summary>How much of what an item hears comes from its artist and its album, where it has them; the rest comes from its listeners.</summary>
internal readonly record struct GraphShares(double Artist, double Album);

/// <summary>Listeners (or playlists), items and, where asked for, artists and albums as nodes of one undirected graph.</summary>
/// <remarks>
/// Nodes in this order: users, items, artists, albums. An edge user–item is a distinct pair; items are joined to their artist and album. Edges have types: only items
/// have more than one, and <see cref="GraphShares"/> says how much each counts there.
/// </remarks>
internal sealed class ListeningGraph
{
    private readonly int[] _listeners;
    private readonly int _artists;

    private ListeningGraph(CsrMatrix pairs, CsrMatrix adjacency, int[] listeners, int artists) =>
        (Pairs, Adjacency, _listeners, _artists) = (pairs, adjacency, listeners, artists);

    /// <summary>Number of listeners of every item.</summary>
    public ReadOnlySpan<int> Listeners => _listeners;

    /// <summary>Users × items: the edges that carry messages between users and items.</summary>
    public CsrMatrix Pairs { get; }

    /// <summary>Nodes × nodes, symmetric, all values 1.</summary>
    public CsrMatrix Adjacency { get; }

    /// <summary>Number of nodes.</summary>
    public int Nodes => Adjacency.Rows;

    /// <summary>The graph of some pairs.</summary>
    /// <param name="train">Knows artists and albums.</param>
    /// <param name="pairs">Users × items.</param>
    /// <param name="wanted">Whether artists and albums are nodes.</param>
    public static ListeningGraph Of(Dataset train, CsrMatrix pairs, GraphNodes wanted)
    {
        int users = pairs.Rows, items = pairs.Columns;
        (ReadOnlyMemory<int> artistOf, int artists) = wanted.HasArtists ? (train.Catalog.ItemArtist, train.Catalog.Artists.Count) : (default, 0);
        (ReadOnlyMemory<int> albumOf, int albums) = wanted.HasAlbums ? (train.Catalog.ItemAlbum, train.Catalog.Albums.Count) : (default, 0);
        int nodes = users + items + artists + albums;
        CsrMatrix byItem = pairs.Transpose(), byArtist = Members(artistOf.Span, artists), byAlbum = Members(albumOf.Span, albums);
        var start = new int[nodes + 1];
        var columns = new List<int>((2 * pairs.Count) + (2 * byArtist.Count) + (2 * byAlbum.Count));
        for (int node = 0; node < nodes; node++)
        {
            CancellationScope.CheckAt(node);
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
        int[] listeners = [.. Enumerable.Range(0, items).Select(byItem.RowLength)];
        return new ListeningGraph(pairs, new CsrMatrix(nodes, nodes, start, [.. columns], values), listeners, artists);

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

    /// <summary>Σ over types t of share_t D_t^(−½) A_t D_t^(−½) (Kipf and Welling, ICLR 2017, without self-loops; He et al., SIGIR 2020), degrees counted by type.</summary>
    public SparseOperand Symmetric(GraphShares shares) =>
        new(Weighted(shares, (receiver, sender) => 1f / MathF.Sqrt((float)receiver * sender)));

    /// <summary>Σ over types t of share_t D_t^(−1) A_t: means over neighbours.</summary>
    public SparseOperand Means(GraphShares shares) => new(Weighted(shares, (receiver, _) => 1f / receiver));

    /// <summary>Every entry by the degrees of its ends among edges of its type, times the share of the type where its receiver is an item.</summary>
    private CsrMatrix Weighted(GraphShares shares, Func<int, int, float> weight)
    {
        int users = Pairs.Rows, items = Pairs.Columns;
        var values = new float[Adjacency.Count];
        for (int r = 0; r < Nodes; r++)
        {
            int item = r - users;
            bool isItem = item >= 0 && item < items;

            // The shares of the types an item has add up to 1.
            double whole = 0;
            for (int n = Adjacency.RowStart[r]; isItem && n < Adjacency.RowStart[r + 1]; n++)
            {
                int sender = Adjacency.ColumnIndex[n];
                whole += sender < users ? Share(sender) / _listeners[item] : Share(sender);
            }

            for (int n = Adjacency.RowStart[r]; n < Adjacency.RowStart[r + 1]; n++)
            {
                int sender = Adjacency.ColumnIndex[n];
                values[n] = !isItem ? weight(Adjacency.RowLength(r), r < users ? _listeners[sender - users] : 1)
                    : (float)(Share(sender) / whole) * weight(sender < users ? _listeners[item] : 1, Adjacency.RowLength(sender));
            }
        }

        return Adjacency.WithValues(values);

        double Share(int sender) =>
            sender < users ? 1 - shares.Artist - shares.Album : sender < users + items + _artists ? shares.Artist : shares.Album;
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
