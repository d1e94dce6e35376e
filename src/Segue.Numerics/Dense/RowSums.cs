using System.Numerics;

namespace Segue.Numerics.Dense;

/// <summary>Weighted sums of rows of a matrix.</summary>
public static class RowSums
{
    /// <summary>sums = Σ weights[n] · row indices[n].</summary>
    /// <param name="matrix">The matrix whose rows are added.</param>
    /// <param name="indices">Rows to add; a row may occur more than once. None: the sums are 0.</param>
    /// <param name="weights">One weight an index, or empty where all are 1.</param>
    /// <param name="sums">Output, as long as a row; replaced.</param>
    /// <remarks>
    /// Four rows at a time, because adding them one by one reads and writes the sums once a row; the rate is that of the memory.
    /// Every sum is taken in the order of the indices, product and sum rounded separately, so the vector width changes no bit.
    /// NaN and ±∞ follow IEEE arithmetic. No allocation.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit, or an index lies outside the matrix.</exception>
    public static void WeightedSum(DenseMatrix matrix, ReadOnlySpan<int> indices, ReadOnlySpan<float> weights, Span<float> sums)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        if (sums.Length != matrix.Columns || (weights.Length != indices.Length && weights.Length != 0))
        {
            throw new ArgumentException(
                $"{indices.Length} indices, {weights.Length} weights and {sums.Length} sums do not fit rows of {matrix.Columns} values");
        }

        foreach (int index in indices)
        {
            if ((uint)index >= (uint)matrix.Rows)
            {
                throw new ArgumentException($"row {index} of {matrix.Rows} is asked for", nameof(indices));
            }
        }

        sums.Clear();
        unsafe
        {
            fixed (float* values = matrix.Values, output = sums)
            {
                int n = 0;
                for (; n + 4 <= indices.Length; n += 4)
                {
                    AddFour(
                        output, sums.Length, Row(values, indices[n]), Row(values, indices[n + 1]), Row(values, indices[n + 2]),
                        Row(values, indices[n + 3]), weights.IsEmpty ? Vector4.One : new Vector4(weights.Slice(n, 4)));
                }

                for (; n < indices.Length; n++)
                {
                    AddOne(output, sums.Length, Row(values, indices[n]), weights.IsEmpty ? 1f : weights[n]);
                }
            }

            float* Row(float* values, int index) => values + ((nint)index * matrix.Columns);
        }
    }

    private static unsafe void AddFour(float* sums, int length, float* r0, float* r1, float* r2, float* r3, Vector4 weights)
    {
        var w0 = new Vector<float>(weights.X);
        var w1 = new Vector<float>(weights.Y);
        var w2 = new Vector<float>(weights.Z);
        var w3 = new Vector<float>(weights.W);
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> sum = Vector.Load(sums + i) + (w0 * Vector.Load(r0 + i));
            sum += w1 * Vector.Load(r1 + i);
            sum += w2 * Vector.Load(r2 + i);
            sum += w3 * Vector.Load(r3 + i);
            sum.Store(sums + i);
        }

        for (; i < length; i++)
        {
            float sum = sums[i] + (weights.X * r0[i]);
            sum += weights.Y * r1[i];
            sum += weights.Z * r2[i];
            sums[i] = sum + (weights.W * r3[i]);
        }
    }

    private static unsafe void AddOne(float* sums, int length, float* row, float weight)
    {
        var w = new Vector<float>(weight);
        int i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (Vector.Load(sums + i) + (w * Vector.Load(row + i))).Store(sums + i);
        }

        for (; i < length; i++)
        {
            sums[i] += weight * row[i];
        }
    }
}
