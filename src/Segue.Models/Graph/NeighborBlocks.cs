using Segue.Neural.Autodiff;
using Segue.Numerics;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>What a step needs of a graph: its nodes, some of their neighbours, some of theirs, and so on, a block of messages a layer.</summary>
/// <remarks>
/// Nodes are numbered anew: those of the step first, then those that only send. Layer l turns the states of the first <c>Messages[l].Matrix.Columns</c> nodes into
/// new ones of the first <c>Messages[l].Matrix.Rows</c>: who receives also sends, so that its own state is at hand. Source: Hamilton, Ying and Leskovec, "Inductive
/// representation learning on large graphs", NIPS 2017, algorithm 2.
/// </remarks>
/// <param name="Nodes">Node of the graph by new number.</param>
/// <param name="Messages">Receivers × senders of every layer, the first layer first.</param>
/// <param name="Seeds">Number of nodes of the step.</param>
internal sealed record NeighborBlocks(ReadOnlyMemory<int> Nodes, SparseOperand[] Messages, int Seeds);

/// <summary>Draws <see cref="NeighborBlocks"/>; keeps one number a node of the graph, everything else is as large as a block.</summary>
/// <param name="messages">Nodes × nodes: who hears whom, as the convolution wants it for the whole graph.</param>
/// <param name="layers">Number of layers.</param>
/// <param name="most">Most neighbours a node hears in a layer.</param>
internal sealed class NeighborSampler(CsrMatrix messages, int layers, int most)
{
    private const int Chunk = 256;

    private readonly int[] _number = Filled(messages.Rows);
    private int[] _nodes = [];
    private int _count;

    /// <summary>Nodes that have a number: those of the step until <see cref="Draw"/>.</summary>
    public int Count => _count;

    /// <summary>The new number of a node of the step that <see cref="Start"/> was given.</summary>
    public int NumberOf(int node) => _number[node];

    /// <summary>Begins with the nodes of a step; those named twice count once.</summary>
    public void Start(params ReadOnlySpan<int[]> groups)
    {
        // Until the next step: the numbers of the last one are asked for after its blocks were drawn.
        for (int n = 0; n < _count; n++)
        {
            _number[_nodes[n]] = -1;
        }

        _count = 0;
        foreach (int[] group in groups)
        {
            foreach (int node in group)
            {
                Add(node);
            }
        }
    }

    /// <summary>Draws the neighbours, layer by layer from the last; the same seed draws the same, whatever the number of threads.</summary>
    /// <remarks>
    /// A node with more neighbours than are heard hears some of them, each set of them alike likely, and each with degree / heard times its weight: the expectation of what is
    /// heard is the sum over all. Its message to itself, where there is one, is always heard.
    /// </remarks>
    public NeighborBlocks Draw(ulong seed, int threads)
    {
        int seeds = _count;
        var blocks = new SparseOperand[layers];
        for (int l = layers - 1; l >= 0; l--)
        {
            CancellationScope.Check();
            blocks[l] = Block(seed + ((ulong)l << 32), threads);
        }

        return new NeighborBlocks(_nodes.AsMemory(0, _count), blocks, seeds);
    }

    private SparseOperand Block(ulong seed, int threads)
    {
        int receivers = _count;
        var start = new int[receivers + 1];
        for (int r = 0; r < receivers; r++)
        {
            int length = messages.RowLength(_nodes[r]);
            start[r + 1] = checked(start[r] + (length <= most ? length : Math.Min(length, most + (Self(_nodes[r]) < 0 ? 0 : 1))));
        }

        int[] columns = new int[start[^1]];
        float[] values = new float[start[^1]];
        Workers.Run(receivers, Chunk, threads, (first, end, _) =>
        {
            var rng = new Rng(seed + (ulong)first, "neighbors");
            for (int r = first; r < end; r++)
            {
                Span<int> column = columns.AsSpan(start[r]..start[r + 1]);
                Fill(_nodes[r], column, values.AsSpan(start[r], column.Length), rng);
            }
        });
        for (int n = 0; n < columns.Length; n++)
        {
            columns[n] = Add(columns[n]);
        }

        for (int r = 0; r < receivers; r++)
        {
            columns.AsSpan(start[r]..start[r + 1]).Sort(values.AsSpan(start[r]..start[r + 1]));
        }

        return new SparseOperand(new CsrMatrix(receivers, _count, start, columns, values));
    }

    private void Fill(int node, Span<int> columns, Span<float> values, Rng rng)
    {
        ReadOnlySpan<int> senders = messages.RowColumns(node);
        ReadOnlySpan<float> weights = messages.RowValues(node);
        if (columns.Length == senders.Length)
        {
            senders.CopyTo(columns);
            weights.CopyTo(values);
            return;
        }

        int self = Self(node), neighbors = senders.Length - (self < 0 ? 0 : 1), kept = columns.Length - (self < 0 ? 0 : 1);
        NeighborSample.Draw(neighbors, columns[..kept], rng);
        float scale = (float)neighbors / kept;
        for (int n = 0; n < kept; n++)
        {
            int place = columns[n] + (self >= 0 && columns[n] >= self ? 1 : 0);
            (columns[n], values[n]) = (senders[place], scale * weights[place]);
        }

        if (self >= 0)
        {
            (columns[kept], values[kept]) = (node, weights[self]);
        }
    }

    /// <summary>Place of a node among its own senders, or negative.</summary>
    private int Self(int node) => messages.RowColumns(node).BinarySearch(node);

    private int Add(int node)
    {
        if (_number[node] < 0)
        {
            if (_count == _nodes.Length)
            {
                Array.Resize(ref _nodes, Math.Max(1024, 2 * _count));
            }

            _number[node] = _count;
            _nodes[_count++] = node;
        }

        return _number[node];
    }

    private static int[] Filled(int count)
    {
        var numbers = new int[count];
        Array.Fill(numbers, -1);
        return numbers;
    }
}

/// <summary>Some of the neighbours of a node.</summary>
internal static class NeighborSample
{
    /// <summary>Distinct places below <paramref name="length"/>, ascending; every set of them is alike likely.</summary>
    /// <param name="length">Number of neighbours, not below that of <paramref name="places"/>.</param>
    /// <param name="places">Output.</param>
    /// <param name="rng">Draws.</param>
    /// <remarks>
    /// Few of many: Floyd's method (Bentley and Floyd, "A sample of brilliance", CACM 1987), O(places²). Otherwise one place after the other, each taken with the chance
    /// that fills up the sample (Knuth, volume 2, algorithm S), O(length).
    /// </remarks>
    public static void Draw(int length, Span<int> places, Rng rng)
    {
        int count = places.Length;
        if ((long)count * count < length)
        {
            for (int n = 0; n < count; n++)
            {
                int last = length - count + n, drawn = rng.Next(last + 1);
                places[n] = places[..n].Contains(drawn) ? last : drawn;
            }

            places.Sort();
            return;
        }

        for (int place = 0, n = 0; n < count; place++)
        {
            if (rng.NextDouble() * (length - place) < count - n)
            {
                places[n++] = place;
            }
        }
    }
}
