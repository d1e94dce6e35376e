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
}
