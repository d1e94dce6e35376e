using System.Buffers;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;

namespace Segue.Models.Linear;

/// <summary>B of EASE, in one of two forms.</summary>
internal interface IEaseWeights
{
    /// <summary>scores = h·B for a history of distinct items, ascending; no values where all are 1.</summary>
    void Respond(ReadOnlySpan<int> items, ReadOnlySpan<float> values, Span<float> scores);

    /// <summary>B_ij of every item i of a history for one item j.</summary>
    float[] Column(int item, ReadOnlySpan<int> history);

    /// <summary>Writes the form.</summary>
    void Save(ArtifactWriter artifact);
}

/// <summary>B as it is, items × items.</summary>
internal sealed class EaseMatrix(DenseMatrix weights) : IEaseWeights
{
    public void Respond(ReadOnlySpan<int> items, ReadOnlySpan<float> values, Span<float> scores) => RowSums.WeightedSum(weights, items, values, scores);

    public float[] Column(int item, ReadOnlySpan<int> history)
    {
        var column = new float[history.Length];
        for (int n = 0; n < column.Length; n++)
        {
            column[n] = weights.Row(history[n])[item];
        }

        return column;
    }

    public void Save(ArtifactWriter artifact) => artifact.Add("weights", weights);
}

/// <summary>B through the listeners, for data with fewer of them than items.</summary>
/// <remarks>
/// With X listeners × items and K = (XXᵀ + λI)⁻¹ the identity of Woodbury gives (XᵀX + λI)⁻¹ = (I − XᵀKX) / λ. With gⱼ = xⱼᵀKxⱼ the weights are
/// <code>
/// B_ij = xᵢᵀ K xⱼ / (1 − gⱼ),  i ≠ j
/// </code>
/// and the scores of a history h are ((Xh)ᵀ K xⱼ − hⱼ gⱼ) / (1 − gⱼ): no matrix of items × items is made.
/// </remarks>
internal sealed class EaseKernel : IEaseWeights
{
    // Below, single precision leaves fewer than four digits of 1 − g.
    private const float LeastRest = 1e-3f;

    private readonly CsrMatrix _byUser, _byItem;
    private readonly DenseMatrix _kernel;
    private readonly float[] _self;

    private EaseKernel(CsrMatrix byUser, CsrMatrix byItem, DenseMatrix kernel, float[] self) =>
        (_byUser, _byItem, _kernel, _self) = (byUser, byItem, kernel, self);

    /// <summary>The kernel, or null where single precision is not enough for it: the regularization is tiny beside the data.</summary>
    public static EaseKernel? Fit(CsrMatrix matrix, double regularization, FitContext context)
    {
        int m = matrix.Rows;
        CsrMatrix byItem = matrix.Transpose();
        var kernel = new DenseMatrix(m, m);
        SparseDense.Gram(byItem, kernel.Values, context.Threads, context.Cancellation);
        for (int u = 0; u < m; u++)
        {
            kernel.Row(u)[u] += (float)regularization;
        }

        if (Cholesky.Invert(kernel.Values, m, context.Threads, (done, total) => context.Report("inverse", done, total)) >= 0)
        {
            return null;
        }

        var self = new float[byItem.Rows];
        Workers.Run(self.Length, 64, context.Threads, (start, end, _) =>
        {
            for (int i = start; i < end; i++)
            {
                self[i] = Self(byItem.RowColumns(i), byItem.RowValues(i), kernel);
            }
        }, context.Cancellation);
        return Array.TrueForAll(self, g => g <= 1 - LeastRest) ? new EaseKernel(matrix, byItem, kernel, self) : null;
    }

    /// <summary>What <see cref="Save"/> wrote.</summary>
    /// <exception cref="DatasetException">The arrays do not fit the data.</exception>
    public static EaseKernel Load(ArtifactReader artifact, CsrMatrix matrix)
    {
        DenseMatrix kernel = artifact.Dense("user_kernel");
        float[] self = artifact.Floats("item_self");
        return kernel.Rows == matrix.Rows && kernel.Columns == matrix.Rows && self.Length == matrix.Columns && Array.TrueForAll(self, g => g < 1)
            ? new EaseKernel(matrix, matrix.Transpose(), kernel, self)
            : throw new DatasetException(
                $"array 'user_kernel' is {kernel.Rows} × {kernel.Columns} and 'item_self' has {self.Length} values, but the dataset has {matrix.Rows} users "
                + $"and {matrix.Columns} items; give the dataset it was trained on");
    }

    public void Respond(ReadOnlySpan<int> items, ReadOnlySpan<float> values, Span<float> scores)
    {
        int m = _byUser.Rows;
        float[] rented = ArrayPool<float>.Shared.Rent(2 * m);
        Span<float> heardBy = rented.AsSpan(0, m), position = rented.AsSpan(m, m);
        heardBy.Clear();
        for (int n = 0; n < items.Length; n++)
        {
            RowSimilarity.AddRow(_byItem, items[n], values.IsEmpty ? 1f : values[n], heardBy);
        }

        Multiply(heardBy, position);
        scores.Clear();
        for (int u = 0; u < m; u++)
        {
            RowSimilarity.AddRow(_byUser, u, position[u], scores);
        }

        ArrayPool<float>.Shared.Return(rented);
        for (int n = 0; n < items.Length; n++)
        {
            scores[items[n]] -= (values.IsEmpty ? 1f : values[n]) * _self[items[n]];
        }

        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] /= 1f - _self[j];
        }
    }

    public float[] Column(int item, ReadOnlySpan<int> history)
    {
        float[] heardBy = new float[_byUser.Rows], position = new float[_byUser.Rows], column = new float[history.Length];
        RowSimilarity.AddRow(_byItem, item, 1f, heardBy);
        Multiply(heardBy, position);
        for (int n = 0; n < column.Length; n++)
        {
            ReadOnlySpan<int> users = _byItem.RowColumns(history[n]);
            ReadOnlySpan<float> values = _byItem.RowValues(history[n]);
            double sum = 0;
            for (int k = 0; k < users.Length && history[n] != item; k++)
            {
                sum += (double)values[k] * position[users[k]];
            }

            column[n] = (float)(sum / (1 - _self[item]));
        }

        return column;
    }

    public void Save(ArtifactWriter artifact)
    {
        artifact.Add("user_kernel", _kernel);
        artifact.Add("item_self", _self);
    }

    /// <summary>K y: the rows of the listeners that are not 0 in y.</summary>
    private void Multiply(ReadOnlySpan<float> y, Span<float> product)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(y.Length);
        float[] rentedValues = ArrayPool<float>.Shared.Rent(y.Length);
        int count = 0;
        for (int u = 0; u < y.Length; u++)
        {
            if (y[u] != 0)
            {
                rented[count] = u;
                rentedValues[count++] = y[u];
            }
        }

        RowSums.WeightedSum(_kernel, rented.AsSpan(0, count), rentedValues.AsSpan(0, count), product);
        ArrayPool<int>.Shared.Return(rented);
        ArrayPool<float>.Shared.Return(rentedValues);
    }

    /// <summary>xᵀ K x.</summary>
    private static float Self(ReadOnlySpan<int> users, ReadOnlySpan<float> values, DenseMatrix kernel)
    {
        double sum = 0;
        for (int a = 0; a < users.Length; a++)
        {
            ReadOnlySpan<float> row = kernel.Row(users[a]);
            double part = 0;
            for (int b = 0; b < users.Length; b++)
            {
                part += values[b] * (double)row[users[b]];
            }

            sum += values[a] * part;
        }

        return (float)sum;
    }
}
