using Segue.Numerics.Sparse;

namespace Segue.Numerics.Reference;

/// <summary>Slow, obvious twin of <see cref="RowSimilarity"/>.</summary>
public static class RowSimilarityReference
{
    /// <summary>Similarity of two rows: the merged sum over shared columns, over the norms. O(length of both rows).</summary>
    /// <param name="matrix">The rows.</param>
    /// <param name="first">One row.</param>
    /// <param name="second">Another row.</param>
    /// <param name="norms">Norm of every row, or empty for the plain product.</param>
    /// <param name="shrinkage">Added to the denominator.</param>
    public static float Similarity(CsrMatrix matrix, int first, int second, ReadOnlySpan<float> norms, double shrinkage)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        float sum = 0;
        for (int n = 0; n < matrix.RowLength(first); n++)
        {
            sum += matrix.RowValues(first)[n] * matrix[second, matrix.RowColumns(first)[n]];
        }

        return norms.IsEmpty ? sum : sum / ((norms[first] * norms[second]) + (float)shrinkage);
    }

    /// <summary>The result of <see cref="RowSimilarity.TopRows"/> by comparing all pairs and sorting. O(rows² · length).</summary>
    public static CsrMatrix TopRows(CsrMatrix matrix, ReadOnlySpan<float> norms, double shrinkage, int k)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var row = new List<int>();
        var column = new List<int>();
        var value = new List<float>();
        for (int r = 0; r < matrix.Rows; r++)
        {
            var all = new List<(int Other, float Similarity)>();
            for (int other = 0; other < matrix.Rows; other++)
            {
                float similarity = other == r ? 0 : Similarity(matrix, r, other, norms, shrinkage);
                if (similarity > 0)
                {
                    all.Add((other, similarity));
                }
            }

            foreach ((int other, float similarity) in all.OrderByDescending(p => p.Similarity).ThenBy(p => p.Other).Take(k))
            {
                row.Add(r);
                column.Add(other);
                value.Add(similarity);
            }
        }

        return CsrMatrix.FromTriplets(matrix.Rows, matrix.Rows, [.. row], [.. column], [.. value]);
    }
}
