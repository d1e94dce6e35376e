using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Hybrid;

/// <summary>
/// The items a batch of (listener, item) pairs is told apart from: the items of the batch itself, and some drawn by popularity.
/// </summary>
/// <remarks>
/// Column n &lt; batch is the item of pair n. <see cref="LogCount"/> is the logarithm of how often an item is expected among the columns, which the
/// loss takes off again; items the row's listener heard are <see cref="Excluded"/>. Arrays are used again by the next batch.
/// </remarks>
internal sealed class SoftmaxCandidates
{
    private const double Exponent = 0.75;

    private readonly CsrMatrix _pairs;
    private readonly double[] _share, _drawShare;
    private readonly AliasTable? _table;
    private readonly int _drawn;
    private readonly int[] _firstColumn;
    private int[] _columns = [], _nextColumn = [], _target = [], _excludedStart = [], _excluded = [];
    private float[] _logCount = [];

    /// <summary>Candidates for batches of <paramref name="pairs"/>.</summary>
    /// <param name="pairs">Users × items, what was heard.</param>
    /// <param name="drawn">Items drawn for every batch beside its own.</param>
    public SoftmaxCandidates(CsrMatrix pairs, int drawn)
    {
        (_pairs, _drawn) = (pairs, drawn);
        var count = new double[pairs.Columns];
        foreach (int item in pairs.ColumnIndex)
        {
            count[item]++;
        }

        _share = [.. count.Select(c => c / Math.Max(1, pairs.Count))];
        double[] weights = [.. count.Select(c => Math.Pow(c, Exponent))];
        double total = weights.Sum();
        _drawShare = [.. weights.Select(w => total > 0 ? w / total : 0)];
        _table = drawn > 0 && total > 0 ? new AliasTable(weights) : null;
        _firstColumn = new int[pairs.Columns];
        Array.Fill(_firstColumn, -1);
    }

    /// <summary>Item of every column.</summary>
    public ReadOnlyMemory<int> Columns { get; private set; }

    /// <summary>Column of the right item of every row: 0, 1, 2 …</summary>
    public ReadOnlyMemory<int> Target { get; private set; }

    /// <summary>ln of the expected number of columns with the item of a column.</summary>
    public ReadOnlyMemory<float> LogCount { get; private set; }

    /// <summary>Columns a row leaves out, row after row.</summary>
    public ReadOnlyMemory<int> Excluded { get; private set; }

    /// <summary>Start of every row in <see cref="Excluded"/>.</summary>
    public ReadOnlyMemory<int> ExcludedStart { get; private set; }

    /// <summary>Makes the candidates of a batch.</summary>
    /// <param name="users">Listener of every pair.</param>
    /// <param name="items">Item of every pair.</param>
    /// <param name="rng">Draws the others.</param>
    public void Fill(ReadOnlySpan<int> users, ReadOnlySpan<int> items, Rng rng)
    {
        int batch = items.Length, count = batch + (_table is null ? 0 : _drawn);
        if (_columns.Length < count)
        {
            (_columns, _nextColumn, _logCount) = (new int[count], new int[count], new float[count]);
        }

        if (_target.Length < batch)
        {
            (_target, _excludedStart) = ([.. Enumerable.Range(0, batch)], new int[batch + 1]);
        }

        items.CopyTo(_columns);
        for (int n = batch; n < count; n++)
        {
            _columns[n] = _table!.Draw(rng);
        }

        // Columns of one item as a list, so that a listener's items find theirs without a search.
        for (int n = count - 1; n >= 0; n--)
        {
            int item = _columns[n];
            _nextColumn[n] = _firstColumn[item];
            _firstColumn[item] = n;
            _logCount[n] = (float)Math.Log((batch * _share[item]) + ((count - batch) * _drawShare[item]));
        }

        int excluded = 0;
        for (int row = 0; row < batch; row++)
        {
            _excludedStart[row] = excluded;
            foreach (int item in _pairs.RowColumns(users[row]))
            {
                for (int n = _firstColumn[item]; n >= 0; n = _nextColumn[n])
                {
                    if (n == row)
                    {
                        continue;
                    }

                    if (excluded == _excluded.Length)
                    {
                        Array.Resize(ref _excluded, (int)Math.Clamp(2L * excluded, 1024, Array.MaxLength));
                    }

                    _excluded[excluded++] = n;
                }
            }
        }

        _excludedStart[batch] = excluded;
        for (int n = 0; n < count; n++)
        {
            _firstColumn[_columns[n]] = -1;
        }

        (Columns, Target, LogCount) = (_columns.AsMemory(0, count), _target.AsMemory(0, batch), _logCount.AsMemory(0, count));
        (Excluded, ExcludedStart) = (_excluded.AsMemory(0, excluded), _excludedStart.AsMemory(0, batch + 1));
    }
}
