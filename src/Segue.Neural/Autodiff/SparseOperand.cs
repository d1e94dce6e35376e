using Segue.Numerics.Sparse;

namespace Segue.Neural.Autodiff;

/// <summary>A sparse matrix ready for products that are differentiated: with its transpose, made once.</summary>
/// <remarks>Immutable, may be shared by tapes. Memory: 20 bytes an entry.</remarks>
public sealed class SparseOperand
{
    private readonly int[] _transposeOrder;

    /// <summary>Makes the transpose of <paramref name="matrix"/>. O(entries).</summary>
    public SparseOperand(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        Matrix = matrix;
        var start = new int[matrix.Columns + 1];
        foreach (int column in matrix.ColumnIndex)
        {
            start[column + 1]++;
        }

        for (int c = 0; c < matrix.Columns; c++)
        {
            start[c + 1] += start[c];
        }

        int[] next = start[..^1];
        _transposeOrder = new int[matrix.Count];
        var rows = new int[matrix.Count];
        var values = new float[matrix.Count];
        for (int r = 0; r < matrix.Rows; r++)
        {
            for (int n = matrix.RowStart[r]; n < matrix.RowStart[r + 1]; n++)
            {
                int position = next[matrix.ColumnIndex[n]]++;
                (_transposeOrder[position], rows[position], values[position]) = (n, r, matrix.Values[n]);
            }
        }

        Transpose = new CsrMatrix(matrix.Columns, matrix.Rows, start, rows, values);
    }

    /// <summary>The matrix.</summary>
    public CsrMatrix Matrix { get; }

    /// <summary>Its transpose.</summary>
    public CsrMatrix Transpose { get; }

    /// <summary>For every entry of <see cref="Transpose"/> its place among the entries of <see cref="Matrix"/>.</summary>
    public ReadOnlySpan<int> TransposeOrder => _transposeOrder;
}
