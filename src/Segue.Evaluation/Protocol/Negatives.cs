using Segue.Numerics.Sampling;

namespace Segue.Evaluation.Protocol;

/// <summary>Draws items a user neither knows nor has among the right answers. Scratch space of one thread.</summary>
/// <param name="itemCount">Items of the catalogue.</param>
/// <param name="candidates">The only items that may be drawn, or null for all.</param>
internal sealed class Negatives(int itemCount, ReadOnlyMemory<int>? candidates = null)
{
    private readonly int[] _mark = new int[itemCount];
    private readonly int[] _open = new int[itemCount];
    private int _current;

    /// <summary>
    /// Up to <paramref name="count"/> distinct items outside both lists, uniformly, without replacement; all of them where there are
    /// no more. The result is valid until the next call.
    /// </summary>
    public ReadOnlySpan<int> Draw(int count, ReadOnlySpan<int> known, ReadOnlySpan<int> relevant, Rng rng)
    {
        _current++;
        foreach (int item in known)
        {
            _mark[item] = _current;
        }

        foreach (int item in relevant)
        {
            _mark[item] = _current;
        }

        int open = 0;
        int pool = candidates?.Length ?? _mark.Length;
        for (int n = 0; n < pool; n++)
        {
            int item = candidates is { } only ? only.Span[n] : n;
            if (_mark[item] != _current)
            {
                _open[open++] = item;
            }
        }

        int drawn = Math.Min(count, open);
        for (int n = 0; n < drawn; n++)
        {
            int other = n + rng.Next(open - n);
            (_open[n], _open[other]) = (_open[other], _open[n]);
        }

        return _open.AsSpan(0, drawn);
    }
}
