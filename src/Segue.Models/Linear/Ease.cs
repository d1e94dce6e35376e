using System.Buffers;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;

namespace Segue.Models.Linear;

/// <summary>What a listener's entry for an item is.</summary>
public enum EaseValue
{
    /// <summary>1 for every item that was heard.</summary>
    Binary,

    /// <summary>ln(1 + summed weight): loud repeats count more, but not in proportion.</summary>
    LogWeight,

    /// <summary>The summed weight, for example the play count.</summary>
    Weight,
}

/// <summary>Options of <see cref="Ease"/>.</summary>
public sealed record EaseOptions : ModelOptions
{
    /// <summary>λ, added to the diagonal of the Gram matrix.</summary>
    /// <remarks>
    /// 200 is what EASE is published with on the Million Song data; films want more. Values of 50 to 300 change NDCG@20 by less than
    /// 5 % on artists of 2,000 listeners, 500 costs 4 to 9 % there and on playlists.
    /// </remarks>
    [Range(1e-6, 1e9)]
    [Description("L2 strength, in units of listeners per item: larger for dense or noisy data, smaller for a long tail")]
    public double Regularization { get; init; } = 200;

    /// <summary>What a listener's entry for an item is.</summary>
    [Description("what counts for a heard item: 1, ln(1 + weight) or the weight itself")]
    public EaseValue Value { get; init; } = EaseValue.Binary;
}

/// <summary>
/// The best item-to-item weights under a squared loss that never predict an item from itself, in closed form.
/// </summary>
/// <remarks>
/// <para>
/// Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, eq. 8: P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj, B_jj = 0;
/// the scores of a listener are x·B. Nothing is learned of listeners, so one who was never seen is scored as well as any other.
/// </para>
/// <para>
/// Time n³ operations for n items, memory 4n² bytes while training and serving. With fewer listeners than items, m &lt; n, the same weights come from
/// K = (XXᵀ + λI)⁻¹: m³ operations, 4m² bytes, and a score costs m² operations and one pass over X; see <see cref="EaseKernel"/>. Everything is computed in single
/// precision: against double precision the weights are off by about 10⁻⁷ times the condition number of XᵀX + λI (see docs/numerics.md).
/// Items nobody heard score NaN.
/// </para>
/// </remarks>
public sealed class Ease(EaseOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'ease'");
        CsrMatrix matrix = EaseRecommender.Matrix(train, options.Value);
        bool byUsers = train.Users.Count < train.Items.Count;
        int n = byUsers ? train.Users.Count : train.Items.Count;
        CheckMemory(n, byUsers ? "listeners" : "items");
        context.Report("gram matrix", 0, 1);
        if (byUsers && EaseKernel.Fit(matrix, options.Regularization, context) is { } kernel)
        {
            return new EaseRecommender(train.Items, matrix, kernel, options.Value);
        }

        n = train.Items.Count;
        CheckMemory(n, "items");
        var weights = new DenseMatrix(n, n);
        SparseDense.Gram(matrix, weights.Values, context.Threads, context.Cancellation);
        for (int i = 0; i < n; i++)
        {
            weights.Row(i)[i] += (float)options.Regularization;
        }

        int failed = Cholesky.Invert(weights.Values, n, context.Threads, (done, total) => context.Report("inverse", done, total));
        if (failed >= 0)
        {
            throw new ModelFitException(
                $"EASE: Gram matrix is not positive definite at item {failed} ('{train.Items[failed]}'); " +
                $"raise regularization above {OptionsText.Format(options.Regularization)}");
        }

        ToWeights(weights, context.Threads);
        return new EaseRecommender(train.Items, matrix, new EaseMatrix(weights), options.Value);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        CsrMatrix matrix = EaseRecommender.Matrix(train, options.Value);
        if (artifact.Contains("user_kernel"))
        {
            return new EaseRecommender(train.Items, matrix, EaseKernel.Load(artifact, matrix), options.Value);
        }

        DenseMatrix weights = artifact.Dense("weights");
        return weights.Rows == train.Items.Count && weights.Columns == train.Items.Count
            ? new EaseRecommender(train.Items, matrix, new EaseMatrix(weights), options.Value)
            : throw new DatasetException(
                $"array 'weights' is {weights.Rows} × {weights.Columns}, but the dataset has {train.Items.Count} items; give the dataset it was trained on");
    }

    /// <summary>P → B, row by row: a row of B is what one heard item adds to the scores of all items.</summary>
    private static void ToWeights(DenseMatrix inverse, int threads)
    {
        int n = inverse.Rows;
        var negativeDiagonal = new float[n];
        for (int i = 0; i < n; i++)
        {
            negativeDiagonal[i] = -inverse.Row(i)[i];
        }

        Workers.Run(n, 64, threads, (start, end, _) =>
        {
            for (int i = start; i < end; i++)
            {
                Span<float> row = inverse.Row(i);
                TensorPrimitives.Divide(row, negativeDiagonal, row);
                row[i] = 0f;
            }
        });
    }

    private static void CheckMemory(int n, string what)
    {
        double mostOfAnArray = 4.0 * Array.MaxLength;
        bool isArray = mostOfAnArray < MemoryRoom.Available;
        MemoryRoom.Require(
            "EASE", string.Create(CultureInfo.InvariantCulture, $"{n} {what} need a matrix of {n} × {n} floats,"), 4.0 * n * n,
            room => string.Create(
                CultureInfo.InvariantCulture,
                $"at most {(int)Math.Sqrt(room / 4)} {what} fit here. Use a higher k-core, rank artists instead of tracks, or another model (item-knn, ials)"),
            isArray ? mostOfAnArray : null, isArray ? "one array holds" : "this process may have");
    }
}

internal sealed class EaseRecommender(Vocabulary items, CsrMatrix matrix, IEaseWeights weights, EaseValue value)
    : IExplains, IItemSimilarity
{
    private readonly bool[] _isHeard = UnheardItems.Heard(matrix);

    public Vocabulary Items => items;

    public static CsrMatrix Matrix(Dataset train, EaseValue value)
    {
        CsrMatrix sum = UserItemMatrix.Sum(train);
        float[] values = sum.Values;
        for (int n = 0; n < values.Length; n++)
        {
            values[n] = ValueOf(values[n], value);
        }

        return sum;
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        using History history = HistoryOf(query);
        if (history.Items.IsEmpty)
        {
            scores.Fill(float.NaN);
            return;
        }

        weights.Respond(history.Items, value == EaseValue.Binary ? [] : history.Values, scores);
        UnheardItems.Hide(scores, _isHeard);
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        using History history = HistoryOf(query);
        var reasons = new List<Reason>();
        float[] ofItem = weights.Column(itemIndex, history.Items);
        for (int n = 0; n < history.Items.Length; n++)
        {
            double share = (double)history.Values[n] * ofItem[n];
            if (share > 0)
            {
                reasons.Add(new Reason(history.Items[n], share, "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    public void Similarity(int itemIndex, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.CheckItem(itemIndex, items);
        weights.Respond([itemIndex], [], scores);
        UnheardItems.Hide(scores, _isHeard);
        scores[itemIndex] = float.NaN;
    }

    public void Save(ArtifactWriter artifact) => weights.Save(artifact);

    private static float ValueOf(float sum, EaseValue value) => value switch
    {
        EaseValue.Binary => 1f,
        EaseValue.LogWeight => MathF.Log(1f + sum),
        _ => sum,
    };

    private History HistoryOf(Query query)
    {
        ScoreBuffer.Check(query, matrix.Rows, items.Count);
        return query.IsFoldIn
            ? History.Of(query.History.Span, query.HistoryWeight.Span, value)
            : new History(matrix.RowColumns(query.UserIndex), matrix.RowValues(query.UserIndex));
    }

    /// <summary>The row of X that a query stands for: distinct items, ascending, with their values.</summary>
    private readonly ref struct History(ReadOnlySpan<int> items, ReadOnlySpan<float> values, int[]? rentedItems = null, float[]? rentedValues = null)
    {
        public ReadOnlySpan<int> Items { get; } = items;

        public ReadOnlySpan<float> Values { get; } = values;

        public static History Of(ReadOnlySpan<int> items, ReadOnlySpan<float> weights, EaseValue value)
        {
            int[] sorted = ArrayPool<int>.Shared.Rent(items.Length);
            float[] sums = ArrayPool<float>.Shared.Rent(items.Length);
            items.CopyTo(sorted);
            if (weights.IsEmpty)
            {
                sums.AsSpan(0, items.Length).Fill(1f);
            }
            else
            {
                weights.CopyTo(sums);
            }

            sorted.AsSpan(0, items.Length).Sort(sums.AsSpan(0, items.Length));
            int count = 0;
            for (int n = 0; n < items.Length; n++)
            {
                if (count > 0 && sorted[count - 1] == sorted[n])
                {
                    sums[count - 1] += sums[n];
                }
                else
                {
                    (sorted[count], sums[count]) = (sorted[n], sums[n]);
                    count++;
                }
            }

            for (int n = 0; n < count; n++)
            {
                sums[n] = ValueOf(sums[n], value);
            }

            return new History(sorted.AsSpan(0, count), sums.AsSpan(0, count), sorted, sums);
        }

        public void Dispose()
        {
            if (rentedItems is not null && rentedValues is not null)
            {
                ArrayPool<int>.Shared.Return(rentedItems);
                ArrayPool<float>.Shared.Return(rentedValues);
            }
        }
    }
}
