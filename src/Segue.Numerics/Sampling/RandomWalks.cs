using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Segue.Numerics.Sparse;

namespace Segue.Numerics.Sampling;

/// <summary>Random walks over a weighted graph, of first order or, with a bias back and outwards, of second order (node2vec).</summary>
/// <remarks>
/// <para>
/// From t over v the next node is x with a chance in proportion to w(v, x) · α, where α is 1/p for x = t, 1 where t and x are joined, and 1/q otherwise:
/// Grover and Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016, section 3.2.2. With p = q = 1 nothing depends on t.
/// </para>
/// <para>
/// Memory O(edges): an alias table a node, 8 bytes an entry, or nothing where the entries of every row are equal; no table per edge. A first-order step takes constant
/// time. A step with a bias proposes one of those and accepts it with α / max(1, 1/q), which takes max(1, 1/q) / min(1, 1/q) proposals at worst, each with a binary
/// search; the node t itself, where 1/p is more than that, is folded in as a second proposal, so that a small p costs nothing more: Yang et al., "KnightKing: A
/// Fast Distributed Graph Random Walk Engine", SOSP 2019, section 4.
/// </para>
/// <para>Immutable, may be shared by threads with generators of their own.</para>
/// </remarks>
public sealed class RandomWalks
{
    // Walks that take their steps in turn: each waits for memory at every step, and so they wait together.
    private const int Together = 16;

    private readonly int[] _start, _columns;
    private readonly Slot[]? _slots;
    private readonly float[]? _returnShare;
    private readonly double _back, _out, _bound;

    /// <summary>Makes the tables. O(edges).</summary>
    /// <param name="graph">Nodes × nodes, w(v, x) ≥ 0 in row v. Edges without direction stand in two rows.</param>
    /// <param name="returnParameter">p: large, and a walk seldom goes straight back.</param>
    /// <param name="inOutParameter">q: large, and a walk stays close to where it was.</param>
    /// <exception cref="ArgumentException">The matrix is not square, a weight is negative or not finite, or p or q is not above 0.</exception>
    public RandomWalks(CsrMatrix graph, double returnParameter = 1, double inOutParameter = 1)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (graph.Rows != graph.Columns)
        {
            throw new ArgumentException($"the graph is {graph.Rows} × {graph.Columns}; give nodes × nodes", nameof(graph));
        }

        foreach (double parameter in new[] { returnParameter, inOutParameter })
        {
            if (!(parameter > 0 && double.IsFinite(parameter)))
            {
                throw new ArgumentException($"p is {returnParameter} and q is {inOutParameter}; both must be above 0");
            }
        }

        (_start, _columns) = (graph.RowStart, graph.ColumnIndex);
        (_back, _out) = (1 / returnParameter, 1 / inOutParameter);
        _bound = Math.Max(1, _out);
        IsFirstOrder = _back == 1 && _out == 1;
        bool isEven = true;
        for (int v = 0; v < graph.Rows; v++)
        {
            CancellationScope.CheckAt(v);
            ReadOnlySpan<float> weights = graph.RowValues(v);
            for (int n = 0; n < weights.Length; n++)
            {
                if (!(weights[n] >= 0 && float.IsFinite(weights[n])))
                {
                    throw new ArgumentException($"the edge from {v} to {graph.RowColumns(v)[n]} weighs {weights[n]}; give finite weights of at least 0", nameof(graph));
                }

                isEven &= weights[n] == weights[0] && weights[n] > 0;
            }
        }

        _slots = isEven ? null : Slots(graph);
        _returnShare = isEven || _back <= _bound ? null : Shares(graph);
    }

    /// <summary>Number of nodes.</summary>
    public int Nodes => _start.Length - 1;

    /// <summary>True where p = q = 1: no step depends on the one before.</summary>
    public bool IsFirstOrder { get; }

    /// <summary>True where a node has somewhere to go.</summary>
    public bool HasSteps(int node) => _start[node + 1] > _start[node] && (_slots is null || !float.IsNaN(_slots[_start[node]].Keep));

    /// <summary>Walks from several nodes at once; a walk depends on its own generator alone.</summary>
    /// <param name="starts">Where each walk begins.</param>
    /// <param name="generators">One a walk.</param>
    /// <param name="length">Nodes of a walk, the first included.</param>
    /// <param name="walks">Output, starts × length, walk after walk. Where a node has no edges the walk ends and the rest is −1.</param>
    /// <exception cref="ArgumentException">Lengths do not fit, or a start is no node.</exception>
    public void Walk(ReadOnlySpan<int> starts, ReadOnlySpan<Rng> generators, int length, Span<int> walks)
    {
        if (length < 1 || generators.Length != starts.Length || walks.Length != (long)starts.Length * length)
        {
            throw new ArgumentException($"{generators.Length} generators and room for {walks.Length} nodes do not fit {starts.Length} walks of {length} nodes");
        }

        for (int w = 0; w < starts.Length; w++)
        {
            if ((uint)starts[w] >= (uint)Nodes)
            {
                throw new ArgumentException($"walk {w} begins at node {starts[w]} of {Nodes}", nameof(starts));
            }
        }

        for (int first = 0; first < starts.Length; first += Together)
        {
            CancellationScope.Check();
            int count = Math.Min(Together, starts.Length - first);
            Span<int> own = walks.Slice(first * length, count * length);
            for (int w = 0; w < count; w++)
            {
                own[w * length] = starts[first + w];
            }

            for (int step = 1; step < length; step++)
            {
                if (IsFirstOrder || step == 1)
                {
                    Step(own, step, length, generators.Slice(first, count));
                    continue;
                }

                for (int w = 0; w < count; w++)
                {
                    int at = (w * length) + step;
                    own[at] = own[at - 1] < 0 ? -1 : Next(own[at - 2], own[at - 1], generators[first + w]);
                }
            }
        }
    }

    /// <summary>One step of every walk: all ask for their edge before the first one needs it.</summary>
    private unsafe void Step(Span<int> walks, int step, int length, ReadOnlySpan<Rng> generators)
    {
        int* edge = stackalloc int[Together];
        uint* chance = stackalloc uint[Together];
        fixed (int* columns = _columns)
        {
            fixed (Slot* slots = _slots)
            {
                for (int w = 0; w < generators.Length; w++)
                {
                    int node = walks[(w * length) + step - 1];
                    edge[w] = node < 0 ? -1 : Edge(node, generators[w], out chance[w]);
                    if (edge[w] >= 0 && Sse.IsSupported)
                    {
                        Sse.Prefetch0(columns + edge[w]);
                        if (slots != null)
                        {
                            Sse.Prefetch0(slots + edge[w]);
                        }
                    }
                }

                fixed (int* start = _start)
                {
                    for (int w = 0; w < generators.Length; w++)
                    {
                        int next = edge[w] < 0 ? -1 : End(edge[w], chance[w]);
                        walks[(w * length) + step] = next;
                        if (next >= 0 && Sse.IsSupported)
                        {
                            Sse.Prefetch0(start + next);
                        }
                    }
                }
            }
        }
    }

    private static Slot[] Slots(CsrMatrix graph)
    {
        var slots = new Slot[graph.Count];
        double[] share = [];
        int[] open = [];
        for (int v = 0; v < graph.Rows; v++)
        {
            CancellationScope.CheckAt(v);
            ReadOnlySpan<float> weights = graph.RowValues(v);
            ReadOnlySpan<int> columns = graph.RowColumns(v);
            Span<Slot> own = slots.AsSpan(graph.RowStart[v], weights.Length);
            double total = 0;
            int heaviest = 0;
            for (int n = 0; n < weights.Length; n++)
            {
                total += weights[n];
                heaviest = weights[n] > weights[heaviest] ? n : heaviest;
            }

            if (!(total > 0))
            {
                own.Fill(new Slot(float.NaN, -1));
                continue;
            }

            if (share.Length < weights.Length)
            {
                (share, open) = (new double[2 * weights.Length], new int[2 * weights.Length]);
            }

            // Vose's two stacks, growing towards each other.
            int small = 0, large = weights.Length;
            for (int n = 0; n < weights.Length; n++)
            {
                share[n] = weights[n] / total * weights.Length;
                open[share[n] < 1 ? small++ : --large] = n;
            }

            while (small > 0 && large < weights.Length)
            {
                int low = open[--small], high = open[large++];
                own[low] = new Slot((float)share[low], columns[high]);
                share[high] -= 1 - share[low];
                open[share[high] < 1 ? small++ : --large] = high;
            }

            // What rounding leaves over is a full column of its own, unless it weighs nothing.
            while (small > 0 || large < weights.Length)
            {
                int n = open[small > 0 ? --small : large++];
                own[n] = weights[n] > 0 ? new Slot(1, columns[n]) : new Slot(0, columns[heaviest]);
            }
        }

        return slots;
    }

    /// <summary>w(v, x) / Σ w(v, ·) of every entry.</summary>
    private static float[] Shares(CsrMatrix graph)
    {
        float[] shares = [.. graph.Values];
        for (int v = 0; v < graph.Rows; v++)
        {
            CancellationScope.CheckAt(v);
            double total = 0;
            foreach (float weight in graph.RowValues(v))
            {
                total += weight;
            }

            for (int n = graph.RowStart[v]; n < graph.RowStart[v + 1]; n++)
            {
                shares[n] = total > 0 ? (float)(shares[n] / total) : 0;
            }
        }

        return shares;
    }

    private int Next(int node, Rng rng)
    {
        int edge = Edge(node, rng, out uint chance);
        return edge < 0 ? -1 : End(edge, chance);
    }

    /// <summary>A uniform edge of a node, or −1, and 24 random bits. One draw: the high half chooses the edge, the low half is left.</summary>
    private int Edge(int node, Rng rng, out uint chance)
    {
        int start = _start[node], count = _start[node + 1] - start;
        ulong bits = rng.NextUInt64();
        ulong product = (bits >> 32) * (uint)count;
        if ((uint)product < (uint)count)
        {
            uint threshold = (0u - (uint)count) % (uint)count;
            while ((uint)product < threshold)
            {
                bits = rng.NextUInt64();
                product = (bits >> 32) * (uint)count;
            }
        }

        chance = (uint)bits >> 8;
        return count == 0 ? -1 : start + (int)(product >> 32);
    }

    /// <summary>Where the alias table of an edge leads.</summary>
    private int End(int edge, uint chance)
    {
        if (_slots is null)
        {
            return _columns[edge];
        }

        Slot slot = _slots[edge];
        return chance * (1.0f / (1 << 24)) < slot.Keep ? _columns[edge] : slot.Other;
    }

    private int Next(int before, int node, Rng rng)
    {
        // The part of the way back that stands out above the bound of all others is a proposal of its own, always accepted.
        double excess = _back > _bound ? ReturnShare(node, before) * (_back - _bound) : 0;
        while (true)
        {
            if (excess > 0 && rng.NextDouble() * (_bound + excess) < excess)
            {
                return before;
            }

            int next = Next(node, rng);
            double limit = rng.NextDouble() * _bound;
            if (next < 0 || limit < (next == before ? _back : IsJoined(before, next) ? 1 : _out))
            {
                return next;
            }
        }
    }

    private double ReturnShare(int node, int before)
    {
        int at = _columns.AsSpan(_start[node].._start[node + 1]).BinarySearch(before);
        return at < 0 ? 0 : _returnShare is null ? 1.0 / (_start[node + 1] - _start[node]) : _returnShare[_start[node] + at];
    }

    private bool IsJoined(int one, int other) => _columns.AsSpan(_start[one].._start[one + 1]).BinarySearch(other) >= 0;

    /// <summary>A column of an alias table: its own node with the chance <see cref="Keep"/>, else another.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Slot(float Keep, int Other);
}
