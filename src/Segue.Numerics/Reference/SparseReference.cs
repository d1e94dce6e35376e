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

    /// <summary>XᵀX through the full matrix.</summary>
    public static double[] Gram(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        float[] dense = ToDense(matrix);
        return DenseReference.Multiply(
            DenseReference.Transpose<float>(dense, matrix.Rows, matrix.Columns), dense, matrix.Columns, matrix.Columns, matrix.Rows);
    }
}
