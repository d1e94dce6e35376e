using System.Numerics.Tensors;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Neural.Autodiff;

/// <summary>Pairs of rows, for example the edges of a graph, grouped by either end so that gradients are summed without locks.</summary>
/// <remarks>
/// Made once and refilled for new pairs: nothing is allocated once it is large enough. Memory: 16 bytes a pair and 8 a row. Must not be refilled
/// before the tape that used it is reset.
/// </remarks>
public sealed class NodePairs
{
    private int[] _left = [], _right = [], _leftStart = [], _rightStart = [], _byLeft = [], _byRight = [];

    /// <summary>Number of pairs.</summary>
    public int Count { get; private set; }

    /// <summary>Number of rows both ends are among.</summary>
    public int Nodes { get; private set; }

    /// <summary>Left row of every pair.</summary>
    public ReadOnlySpan<int> Left => _left.AsSpan(0, Count);

    /// <summary>Right row of every pair.</summary>
    public ReadOnlySpan<int> Right => _right.AsSpan(0, Count);

    /// <summary>Takes new pairs. O(pairs + rows).</summary>
    /// <param name="left">Left row of every pair.</param>
    /// <param name="right">Right row of every pair.</param>
    /// <param name="nodes">Number of rows.</param>
    /// <exception cref="ArgumentException">The spans differ in length, or a row is none.</exception>
    public void Fill(ReadOnlySpan<int> left, ReadOnlySpan<int> right, int nodes)
    {
        if (left.Length != right.Length)
        {
            throw new ArgumentException($"{left.Length} left and {right.Length} right ends; give as many of both", nameof(right));
        }

        Shapes.RequireIndices(left, nodes);
        Shapes.RequireIndices(right, nodes);
        (Count, Nodes) = (left.Length, nodes);
        if (_left.Length < Count)
        {
            (_left, _right, _byLeft, _byRight) = (new int[Count], new int[Count], new int[Count], new int[Count]);
        }

        left.CopyTo(_left);
        right.CopyTo(_right);
        Group(left, nodes, ref _leftStart, _byLeft);
        Group(right, nodes, ref _rightStart, _byRight);
    }

    /// <summary>Pairs whose left end is a row.</summary>
    internal ReadOnlySpan<int> AtLeft(int node) => _byLeft.AsSpan(_leftStart[node], _leftStart[node + 1] - _leftStart[node]);

    /// <summary>Pairs whose right end is a row.</summary>
    internal ReadOnlySpan<int> AtRight(int node) => _byRight.AsSpan(_rightStart[node], _rightStart[node + 1] - _rightStart[node]);

    private static void Group(ReadOnlySpan<int> ends, int nodes, ref int[] start, int[] order)
    {
        if (start.Length < nodes + 2)
        {
            start = new int[nodes + 2];
        }

        Array.Clear(start);
        foreach (int end in ends)
        {
            start[end + 2]++;
        }

        for (int n = 2; n < nodes + 2; n++)
        {
            start[n] += start[n - 1];
        }

        for (int p = 0; p < ends.Length; p++)
        {
            order[start[ends[p] + 1]++] = p;
        }
    }
}

/// <summary>Scores of pairs of rows.</summary>
public static class PairProducts
{
    /// <summary>Pairs of a node that are added at once.</summary>
    private const int Together = 256;

    /// <summary>Dot product of both rows of every pair; pairs × 1. The rows themselves are never copied.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="pairs">Which.</param>
    /// <remarks>2 · pairs · columns operations forward, twice that backward; memory 4 bytes a pair.</remarks>
    /// <exception cref="ArgumentException">The pairs are of another number of rows.</exception>
    public static Variable PairDot(this Variable x, NodePairs pairs)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(pairs);
        if (pairs.Nodes != x.Rows)
        {
            throw new ArgumentException($"pairs of {pairs.Nodes} rows for a {x.Rows} × {x.Columns} matrix", nameof(pairs));
        }

        Variable y = x.Tape.Record(pairs.Count, 1, Backward, x);
        y.Extra = pairs;
        unsafe
        {
            fixed (float* from = x.Value, to = y.Value)
            {
                Workers.Run(
                    pairs.Count, 4096, x.Tape.Threads, new Work(pairs, (nint)from, (nint)to, 0, x.Columns),
                    static (in Work w, int start, int end, int _) =>
                    {
                        ReadOnlySpan<int> left = w.Pairs.Left, right = w.Pairs.Right;
                        for (int p = start; p < end; p++)
                        {
                            ((float*)w.Output)[p] = TensorPrimitives.Dot(Row(w, left[p]), Row(w, right[p]));
                        }
                    });
            }
        }

        return y;
    }

    private static unsafe ReadOnlySpan<float> Row(in Work w, int row) => new((float*)w.Rows + ((nint)row * w.Columns), w.Columns);

    private static unsafe void Backward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        var pairs = (NodePairs)y.Extra!;
        fixed (float* rows = x.Value, target = x.AddTo(), gradient = y.OutputGradient)
        {
            Workers.Run(
                pairs.Nodes, 32, x.Tape.Threads, new Work(pairs, (nint)rows, (nint)target, (nint)gradient, x.Columns),
                static (in Work w, int start, int end, int _) =>
                {
                    int* other = stackalloc int[Together];
                    float* weight = stackalloc float[Together];
                    for (int node = start; node < end; node++)
                    {
                        float* sum = (float*)w.Output + ((nint)node * w.Columns);
                        AddOthers(in w, w.Pairs.AtLeft(node), w.Pairs.Right, other, weight, sum);
                        AddOthers(in w, w.Pairs.AtRight(node), w.Pairs.Left, other, weight, sum);
                    }
                });
        }
    }

    /// <summary>Adds the rows at the other ends of a node's pairs, each times its pair's gradient.</summary>
    private static unsafe void AddOthers(in Work w, ReadOnlySpan<int> pairs, ReadOnlySpan<int> ends, int* other, float* weight, float* sum)
    {
        for (int from = 0; from < pairs.Length; from += Together)
        {
            int count = Math.Min(Together, pairs.Length - from);
            for (int n = 0; n < count; n++)
            {
                int pair = pairs[from + n];
                (other[n], weight[n]) = (ends[pair], ((float*)w.Gradient)[pair]);
            }

            WeightedRows.Add(other, weight, 1, count, (float*)w.Rows, w.Columns, sum, w.Columns, 1);
        }
    }

    private readonly record struct Work(NodePairs Pairs, nint Rows, nint Output, nint Gradient, int Columns);
}
