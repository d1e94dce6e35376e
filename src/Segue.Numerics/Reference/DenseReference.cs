namespace Segue.Numerics.Reference;

/// <summary>Slow, obvious twins of the dense kernels, in double precision: what the tests hold the fast ones against.</summary>
public static class DenseReference
{
    /// <summary>C = A·B, with A rows × inner and B inner × columns, row-major. O(rows · columns · inner).</summary>
    public static double[] Multiply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int rows, int columns, int inner)
    {
        var c = new double[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double sum = 0;
                for (int p = 0; p < inner; p++)
                {
                    sum += (double)a[(i * inner) + p] * b[(p * columns) + j];
                }

                c[(i * columns) + j] = sum;
            }
        }

        return c;
    }

    /// <summary>The transpose of a rows × columns matrix, row-major.</summary>
    public static T[] Transpose<T>(ReadOnlySpan<T> values, int rows, int columns)
    {
        var transposed = new T[values.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                transposed[(j * rows) + i] = values[(i * columns) + j];
            }
        }

        return transposed;
    }

    /// <summary>The lower Cholesky factor of a symmetric matrix with zeros above the diagonal, row by row as in the textbook. n³/3.</summary>
    /// <returns>The factor, or null where the matrix is not positive definite.</returns>
    public static double[]? Cholesky(ReadOnlySpan<double> matrix, int size)
    {
        var l = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[(i * size) + j];
                for (int p = 0; p < j; p++)
                {
                    sum -= l[(i * size) + p] * l[(j * size) + p];
                }

                if (i == j && !(sum > 0))
                {
                    return null;
                }

                l[(i * size) + j] = i == j ? Math.Sqrt(sum) : sum / l[(j * size) + j];
            }
        }

        return l;
    }

    /// <summary>The inverse of a symmetric positive definite matrix: one pair of triangular solves for every column. 7n³/3.</summary>
    /// <returns>The inverse, or null where the matrix is not positive definite.</returns>
    public static double[]? Invert(ReadOnlySpan<double> matrix, int size)
    {
        if (Cholesky(matrix, size) is not { } l)
        {
            return null;
        }

        var inverse = new double[size * size];
        var x = new double[size];
        for (int column = 0; column < size; column++)
        {
            for (int i = 0; i < size; i++)
            {
                double sum = i == column ? 1 : 0;
                for (int p = 0; p < i; p++)
                {
                    sum -= l[(i * size) + p] * x[p];
                }

                x[i] = sum / l[(i * size) + i];
            }

            for (int i = size - 1; i >= 0; i--)
            {
                double sum = x[i];
                for (int p = i + 1; p < size; p++)
                {
                    sum -= l[(p * size) + i] * x[p];
                }

                x[i] = sum / l[(i * size) + i];
                inverse[(i * size) + column] = x[i];
            }
        }

        return inverse;
    }
}
