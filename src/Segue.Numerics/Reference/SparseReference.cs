using Segue.Numerics.Sparse;

namespace Segue.Numerics.Reference;

/// <summary>Slow, obvious twins of the sparse kernels, in double precision.</summary>
public static class SparseReference
{
    /// <summary>A sparse matrix as a full one, row-major.</summary>
    public static float[] ToDense(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var dense = new float[matrix.Rows * matrix.Columns];
        for (int r = 0; r < matrix.Rows; r++)
        {
            for (int c = 0; c < matrix.Columns; c++)
            {
                dense[(r * matrix.Columns) + c] = matrix[r, c];
            }
        }

        return dense;
    }

    /// <summary>S·D through the full matrix.</summary>
    public static double[] Multiply(CsrMatrix matrix, ReadOnlySpan<float> dense, int columns)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        return DenseReference.Multiply(ToDense(matrix), dense, matrix.Rows, columns, matrix.Columns);
    }

    /// <summary>S·D for entries of S given beside their places, entry by entry.</summary>
    public static double[] Multiply(CsrMatrix places, ReadOnlySpan<float> values, ReadOnlySpan<float> dense, int columns)
    {
        ArgumentNullException.ThrowIfNull(places);
        var output = new double[places.Rows * columns];
        for (int r = 0; r < places.Rows; r++)
        {
            for (int n = places.RowStart[r]; n < places.RowStart[r + 1]; n++)
            {
                for (int c = 0; c < columns; c++)
                {
                    output[(r * columns) + c] += (double)values[n] * dense[(places.ColumnIndex[n] * columns) + c];
                }
            }
        }

        return output;
    }

    /// <summary>For every entry (r, c) of S the dot product of row r of one matrix and row c of another, through all such products.</summary>
    public static double[] EntryDots(CsrMatrix places, ReadOnlySpan<float> left, ReadOnlySpan<float> right, int columns)
    {
        ArgumentNullException.ThrowIfNull(places);
        double[] all = DenseReference.Multiply(
            left, DenseReference.Transpose(right, places.Columns, columns), places.Rows, places.Columns, columns);
        var dots = new double[places.Count];
        for (int r = 0; r < places.Rows; r++)
        {
            for (int n = places.RowStart[r]; n < places.RowStart[r + 1]; n++)
            {
                dots[n] = all[(r * places.Columns) + places.ColumnIndex[n]];
            }
        }

        return dots;
    }

    /// <summary>XᵀX through the full matrix.</summary>
    public static double[] Gram(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        float[] dense = ToDense(matrix);
        return DenseReference.Multiply(
            DenseReference.Transpose<float>(dense, matrix.Rows, matrix.Columns), dense, matrix.Columns, matrix.Columns, matrix.Rows);
    }
}
