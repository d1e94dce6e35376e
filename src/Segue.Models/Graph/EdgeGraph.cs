using System.Numerics.Tensors;
using Segue.Core.Data;
using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>
/// What may be known when some edges are predicted: the listener–item edges without them, friendships, tags without theirs, biases.
/// </summary>
/// <remarks>Everything an edge's prediction is made from comes out of one such graph, so that no edge can help to predict itself.</remarks>
internal sealed class EdgeGraph
{
    private const int BiasPasses = 15;
    private const double UserPull = 1, ItemPull = 5;

    private readonly Lazy<CsrMatrix> _itemTags;

    private EdgeGraph(CsrMatrix byUser, CsrMatrix friends, Lazy<CsrMatrix> itemTags)
    {
        (ByUser, ByItem, Friends, _itemTags) = (byUser, byUser.Transpose(), friends, itemTags);
        (Mean, UserBias, ItemBias) = Biases(ByUser, ByItem);
        Residual = new float[byUser.Count];
        for (int u = 0; u < byUser.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = byUser.RowStart[u]; n < byUser.RowStart[u + 1]; n++)
            {
                Residual[n] = byUser.Values[n] - Base(u, byUser.ColumnIndex[n]);
            }
        }

        ResidualByItem = byUser.WithValues(Residual).Transpose().Values;
    }

    /// <summary>Users × items, the weights of the edges that may be used.</summary>
    public CsrMatrix ByUser { get; }

    /// <summary>Its transpose.</summary>
    public CsrMatrix ByItem { get; }

    /// <summary>Users × users, 1 for a friendship.</summary>
    public CsrMatrix Friends { get; }

    /// <summary>Items × tags: rows of length 1, ln(1 + taggers) · idf; made when it is asked for.</summary>
    public CsrMatrix ItemTags => _itemTags.Value;

    /// <summary>Mean weight.</summary>
    public float Mean { get; }

    /// <summary>Bias of every user.</summary>
    public float[] UserBias { get; }

    /// <summary>Bias of every item.</summary>
    public float[] ItemBias { get; }

    /// <summary>Weight − <see cref="Base"/> for the entries of <see cref="ByUser"/>.</summary>
    public float[] Residual { get; }

    /// <summary>The same in the order of <see cref="ByItem"/>.</summary>
    public float[] ResidualByItem { get; }

    /// <summary>Mean + user bias + item bias; −1 for somebody or something unknown.</summary>
    public float Base(int user, int item) => Mean + (user < 0 ? 0f : UserBias[user]) + (item < 0 ? 0f : ItemBias[item]);

    /// <summary>The graph of <paramref name="source"/> without some edges.</summary>
    /// <param name="source">Everything that is known.</param>
    /// <param name="isHidden">True for an edge, by its place in the source's edges, that must not be used; or empty.</param>
    public static EdgeGraph Of(EdgeSource source, bool[] isHidden)
    {
        CsrMatrix edges = source.Edges;
        var rowStart = new int[edges.Rows + 1];
        var columns = new List<int>(edges.Count);
        var values = new List<float>(edges.Count);
        for (int u = 0; u < edges.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = edges.RowStart[u]; n < edges.RowStart[u + 1]; n++)
            {
                if (isHidden.Length == 0 || !isHidden[n])
                {
                    columns.Add(edges.ColumnIndex[n]);
                    values.Add(edges.Values[n]);
                }
            }

            rowStart[u + 1] = columns.Count;
        }

        return new EdgeGraph(
            new CsrMatrix(edges.Rows, edges.Columns, rowStart, [.. columns], [.. values]), source.Friends,
            new Lazy<CsrMatrix>(() => source.TagsWithout(isHidden)));
    }

    /// <summary>Users then items as nodes of one graph: every edge both ways, values 1 / degree of the receiving node.</summary>
    /// <param name="weights">The weight of every entry, in its order.</param>
    public SparseOperand Messages(out float[] weights)
    {
        int users = ByUser.Rows, nodes = users + ByUser.Columns;
        var rowStart = new int[nodes + 1];
        var columns = new int[2 * ByUser.Count];
        var values = new float[columns.Length];
        weights = new float[columns.Length];
        for (int node = 0, at = 0; node < nodes; node++)
        {
            CancellationScope.CheckAt(node);
            CsrMatrix side = node < users ? ByUser : ByItem;
            int row = node < users ? node : node - users, offset = node < users ? users : 0;
            for (int n = side.RowStart[row]; n < side.RowStart[row + 1]; n++, at++)
            {
                (columns[at], values[at], weights[at]) = (side.ColumnIndex[n] + offset, 1f / side.RowLength(row), side.Values[n]);
            }

            rowStart[node + 1] = at;
        }

        return new SparseOperand(new CsrMatrix(nodes, nodes, rowStart, columns, values));
    }

    private static (float Mean, float[] User, float[] Item) Biases(CsrMatrix byUser, CsrMatrix byItem)
    {
        double total = 0;
        foreach (float weight in byUser.Values)
        {
            total += weight;
        }

        float mean = (float)(total / Math.Max(1, byUser.Count));
        float[] user = new float[byUser.Rows], item = new float[byItem.Rows];
        for (int pass = 0; pass < BiasPasses; pass++)
        {
            Solve(byItem, mean, user, item, ItemPull);
            Solve(byUser, mean, item, user, UserPull);
        }

        return (mean, user, item);
    }

    private static void Solve(CsrMatrix matrix, float mean, float[] other, float[] bias, double pull)
    {
        for (int r = 0; r < matrix.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            double sum = 0;
            for (int n = matrix.RowStart[r]; n < matrix.RowStart[r + 1]; n++)
            {
                sum += matrix.Values[n] - mean - other[matrix.ColumnIndex[n]];
            }

            bias[r] = (float)(sum / (matrix.RowLength(r) + pull));
        }
    }
}

/// <summary>What a dataset knows: edges, friendships, tags; made once, then <see cref="EdgeGraph"/>s are taken out of it.</summary>
internal sealed class EdgeSource
{
    private readonly int _tagCount;
    private readonly (int Item, int Tag, int Edge)[] _tags;

    public EdgeSource(Dataset train, CsrMatrix edges)
    {
        Edges = edges;
        Friends = FriendsOf(train);
        TagAssignments tags = train.Tags;
        ReadOnlySpan<int> user = tags.UserIndex.Span, item = tags.ItemIndex.Span, tag = tags.TagIndex.Span;
        _tagCount = tags.Names.Count;
        _tags = new (int, int, int)[tags.Count];
        for (int n = 0; n < _tags.Length; n++)
        {
            int place = user[n] < 0 ? -1 : edges.RowColumns(user[n]).BinarySearch(item[n]);
            _tags[n] = (item[n], tag[n], place < 0 ? -1 : edges.RowStart[user[n]] + place);
        }

        Array.Sort(_tags);
    }

    /// <summary>Users × items, weights.</summary>
    public CsrMatrix Edges { get; }

    /// <summary>Users × users, 1 for a friendship, both ways.</summary>
    public CsrMatrix Friends { get; }

    /// <summary>Items × tags, rows of length 1: ln(1 + assignments) · ln(items / (1 + items with the tag)).</summary>
    /// <param name="isHidden">Edges whose tags are left out: what a listener tagged it also listens to, so they would tell of the edge.</param>
    public CsrMatrix TagsWithout(ReadOnlySpan<bool> isHidden)
    {
        int items = Edges.Columns;
        var rowStart = new int[items + 1];
        var columns = new List<int>(_tags.Length);
        var values = new List<float>(_tags.Length);
        var itemsWith = new int[_tagCount];
        int at = 0;
        for (int item = 0; item < items; item++)
        {
            while (at < _tags.Length && _tags[at].Item == item)
            {
                int tag = _tags[at].Tag, count = 0;
                for (; at < _tags.Length && _tags[at].Item == item && _tags[at].Tag == tag; at++)
                {
                    count += !isHidden.IsEmpty && _tags[at].Edge >= 0 && isHidden[_tags[at].Edge] ? 0 : 1;
                }

                if (count > 0)
                {
                    columns.Add(tag);
                    values.Add(MathF.Log(1f + count));
                    itemsWith[tag]++;
                }
            }

            rowStart[item + 1] = columns.Count;
        }

        var matrix = new CsrMatrix(items, _tagCount, rowStart, [.. columns], [.. values]);
        for (int n = 0; n < matrix.Count; n++)
        {
            matrix.Values[n] *= (float)Math.Max(0, Math.Log(items / (1.0 + itemsWith[matrix.ColumnIndex[n]])));
        }

        float[] norms = RowSimilarity.Norms(matrix);
        for (int i = 0; i < items; i++)
        {
            Span<float> row = matrix.Values.AsSpan(rowStart[i]..rowStart[i + 1]);
            TensorPrimitives.Divide(row, norms[i] > 0 ? norms[i] : 1f, row);
        }

        return matrix;
    }

    private static CsrMatrix FriendsOf(Dataset train)
    {
        var pairs = new SortedSet<(int From, int To)>();
        for (int n = 0; n < train.FriendFrom.Length; n++)
        {
            (int from, int to) = (train.FriendFrom.Span[n], train.FriendTo.Span[n]);
            if (from != to)
            {
                pairs.Add((from, to));
                pairs.Add((to, from));
            }
        }

        return CsrMatrix.FromTriplets(
            train.Users.Count, train.Users.Count, [.. pairs.Select(p => p.From)], [.. pairs.Select(p => p.To)], [.. pairs.Select(_ => 1f)]);
    }
}
