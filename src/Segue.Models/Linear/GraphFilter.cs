using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Linear;

/// <summary>What two items of a graph of listeners and items have in common, once near and once in the large.</summary>
/// <remarks>
/// R̃ = D_u^−½ R D_i^−½, R binary; P = R̃ᵀR̃, a step from item to item over the listeners; V, the right singular vectors of R̃ of largest value; L = D_i^−½ V Vᵀ D_i^½,
/// the ideal low-pass filter. Row vectors are filtered from the right: r·P, r·L. Shen et al., "How powerful is graph convolution for
/// recommendation?", CIKM 2021, with L as in their public code.
/// </remarks>
internal sealed class ItemGraph
{
    private readonly DenseMatrix _from, _to;
    private readonly int[] _unheard;

    private ItemGraph(CsrMatrix byUser, CsrMatrix byItem, DenseMatrix vectors)
    {
        ByUser = byUser;
        ByItem = byItem;
        Vectors = vectors;
        _unheard = [.. Enumerable.Range(0, byItem.Rows).Where(i => byItem.RowLength(i) == 0)];

        // L = from · toᵀ; an item without listeners has rows of zeros in V and stays out of both.
        _from = new DenseMatrix(vectors.Rows, vectors.Columns);
        _to = new DenseMatrix(vectors.Rows, vectors.Columns);
        for (int i = 0; i < vectors.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            if (byItem.RowLength(i) > 0)
            {
                float root = MathF.Sqrt(byItem.RowLength(i));
                TensorPrimitives.Divide(vectors.Row(i), root, _from.Row(i));
                TensorPrimitives.Multiply(vectors.Row(i), root, _to.Row(i));
            }
        }
    }

    /// <summary>R̃, users × items.</summary>
    public CsrMatrix ByUser { get; }

    /// <summary>R̃ᵀ.</summary>
    public CsrMatrix ByItem { get; }

    /// <summary>V, items × size; size 0 where no low-pass filter is wanted.</summary>
    public DenseMatrix Vectors { get; }

    public static ItemGraph Fit(Dataset train, int embeddingSize, Rng rng, FitContext context)
    {
        CsrMatrix byUser = Normalize(UserItemMatrix.Binary(train)), byItem = byUser.Transpose();
        context.Report("singular vectors", 0, 1);
        TruncatedSvd? svd = embeddingSize == 0
            ? null
            : TruncatedSvd.Compute(byUser, embeddingSize, rng, threads: context.Threads, cancellation: context.Cancellation);
        context.Report("singular vectors", 1, 1, svd is { HasConverged: false } ? $"residual {OptionsText.Format(svd.Residual)}" : null);
        return new ItemGraph(byUser, byItem, svd?.Right ?? new DenseMatrix(byUser.Columns, 0));
    }

    public static ItemGraph Load(Dataset train, DenseMatrix vectors)
    {
        if (vectors.Rows != train.Items.Count)
        {
            throw new DatasetException(
                $"array 'vectors' has {vectors.Rows} rows, but the dataset has {train.Items.Count} items; give the dataset it was trained on");
        }

        CsrMatrix byUser = Normalize(UserItemMatrix.Binary(train));
        return new ItemGraph(byUser, byUser.Transpose(), vectors);
    }

    /// <summary>y·P for every column y of a block, items × columns.</summary>
    public void Step(ReadOnlySpan<float> block, Span<float> result, Span<float> users, int columns, int threads)
    {
        if (columns > 1)
        {
            SparseDense.Multiply(ByUser, block, users, columns, threads);
            SparseDense.Multiply(ByItem, users, result, columns, threads);
            return;
        }

        // One column is a history or what a few steps reach from it: only what is not 0 is followed.
        users.Clear();
        result.Clear();
        AddRows(ByItem, block, users);
        AddRows(ByUser, users, result);
    }

    /// <summary>rows += factor · rows of L.</summary>
    public void AddLowPass(int from, int count, Span<float> rows, float factor, int threads)
    {
        int size = Vectors.Columns;
        if (size == 0 || factor == 0)
        {
            return;
        }

        var scaled = new float[count * size];
        TensorPrimitives.Multiply(_from.Values.AsSpan(from * size, count * size), factor, scaled);
        Gemm.MultiplyTransposed(scaled, _to.Values, rows, count, Vectors.Rows, size, add: true, threads: threads);
    }

    /// <summary>Σ over the history of rows of L.</summary>
    public void LowPass(ReadOnlySpan<int> history, Span<float> sums)
    {
        var position = new float[Vectors.Columns];
        RowSums.WeightedSum(_from, history, [], position);
        MultiplyRows(_to, position, sums);
    }

    /// <summary>The transpose: for every item h the sum over j of L_hj · column[j].</summary>
    public void LowPassTransposed(ReadOnlySpan<float> column, Span<float> sums)
    {
        var position = new float[Vectors.Columns];
        for (int j = 0; j < column.Length; j++)
        {
            if (column[j] != 0)
            {
                TensorPrimitives.MultiplyAdd(_to.Row(j), column[j], position, position);
            }
        }

        MultiplyRows(_from, position, sums);
    }

    /// <summary>True where at least one item of the history has a listener.</summary>
    public bool KnowsAny(ReadOnlySpan<int> history)
    {
        foreach (int item in history)
        {
            if (ByItem.RowLength(item) > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>NaN for items without listeners: nothing reaches them.</summary>
    public void HideUnheard(Span<float> scores)
    {
        foreach (int item in _unheard)
        {
            scores[item] = float.NaN;
        }
    }

    private static void AddRows(CsrMatrix matrix, ReadOnlySpan<float> factors, Span<float> sums)
    {
        for (int r = 0; r < factors.Length; r++)
        {
            if (factors[r] != 0)
            {
                RowSimilarity.AddRow(matrix, r, factors[r], sums);
            }
        }
    }

    private static void MultiplyRows(DenseMatrix matrix, ReadOnlySpan<float> vector, Span<float> products)
    {
        for (int i = 0; i < products.Length; i++)
        {
            products[i] = vector.IsEmpty ? 0f : TensorPrimitives.Dot(matrix.Row(i), vector);
        }
    }

    private static CsrMatrix Normalize(CsrMatrix binary)
    {
        var listeners = new int[binary.Columns];
        foreach (int item in binary.ColumnIndex)
        {
            listeners[item]++;
        }

        var values = new float[binary.Count];
        for (int u = 0; u < binary.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = binary.RowStart[u]; n < binary.RowStart[u + 1]; n++)
            {
                values[n] = (float)(1 / Math.Sqrt((double)binary.RowLength(u) * listeners[binary.ColumnIndex[n]]));
            }
        }

        return binary.WithValues(values);
    }
}

/// <summary>score = r·a(P) + r·L·b(P), a and b polynomials in steps over the graph, b of lower degree.</summary>
/// <param name="Steps">Coefficients of a, constant first; at least the one of P.</param>
/// <param name="LowPass">Coefficients of b, constant first; empty for none.</param>
internal sealed record GraphFilter(double[] Steps, double[] LowPass)
{
    private const int Block = 64;

    public int Degree => Steps.Length - 1;

    public bool HasLowPass => LowPass.Any(c => c != 0);

    /// <summary>The whole filter, items × items: row i is what a heard item i adds to the scores.</summary>
    public DenseMatrix ToMatrix(ItemGraph graph, string owner, FitContext context)
    {
        int n = graph.ByItem.Rows, users = graph.ByItem.Columns;
        CheckMemory(n, owner);
        context.Report("item × item filter", 0, n);
        var weights = new DenseMatrix(n, n);

        // Horner's rule: y = a_d r, then y ← y P + a_k r + b_k r L for k = d − 1 … 0. The first step, from single items, is the Gram matrix.
        SparseDense.Gram(graph.ByUser, weights.Values, context.Threads, context.Cancellation);
        TensorPrimitives.Multiply(weights.Values, (float)Steps[Degree], weights.Values);
        AddRest(graph, weights.Values, 0, n, Degree - 1, context.Threads);
        if (Degree == 1)
        {
            return weights;
        }

        float[] block = new float[n * Block], next = new float[n * Block], reached = new float[users * Block], rows = new float[n * Block];
        for (int from = 0; from < n; from += Block)
        {
            context.Report("item × item filter", from, n);
            int count = Math.Min(Block, n - from);
            Span<float> own = weights.Values.AsSpan(from * n, count * n), input = block.AsSpan(0, n * count), output = next.AsSpan(0, n * count);
            for (int k = Degree - 2; k >= 0; k--)
            {
                Transpose(own, count, n, input);
                graph.Step(input, output, reached.AsSpan(0, users * count), count, context.Threads);
                Transpose(output, n, count, own);
                AddRest(graph, own, from, count, k, context.Threads);
            }
        }

        return weights;
    }

    /// <summary>The scores of one history without the matrix.</summary>
    public void Score(ItemGraph graph, ReadOnlySpan<int> history, Span<float> scores)
    {
        int n = scores.Length;
        float[] rented = ArrayPool<float>.Shared.Rent((2 * n) + graph.ByUser.Rows);
        Span<float> low = rented.AsSpan(0, n), step = rented.AsSpan(n, n), users = rented.AsSpan(2 * n, graph.ByUser.Rows);
        if (HasLowPass)
        {
            graph.LowPass(history, low);
        }

        scores.Clear();
        AddAt(scores, history, Steps[Degree]);
        for (int k = Degree - 1; k >= 0; k--)
        {
            graph.Step(scores, step, users, 1, 1);
            step.CopyTo(scores);
            AddAt(scores, history, Steps[k]);
            if (k < LowPass.Length && LowPass[k] != 0)
            {
                TensorPrimitives.MultiplyAdd(low, (float)LowPass[k], scores, scores);
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>What each item as a heard one adds to the score of <paramref name="item"/>: a column of the matrix. P is symmetric, L is not.</summary>
    public float[] Column(ItemGraph graph, int item)
    {
        float[] column = Polynomial(graph, Steps, item);
        if (HasLowPass)
        {
            var low = new float[column.Length];
            graph.LowPassTransposed(Polynomial(graph, LowPass, item), low);
            TensorPrimitives.Add(column, low, column);
        }

        return column;
    }

    private static float[] Polynomial(ItemGraph graph, double[] coefficients, int item)
    {
        float[] y = new float[graph.ByItem.Rows], step = new float[y.Length], users = new float[graph.ByUser.Rows];
        y[item] = (float)coefficients[^1];
        for (int k = coefficients.Length - 2; k >= 0; k--)
        {
            graph.Step(y, step, users, 1, 1);
            (y, step) = (step, y);
            y[item] += (float)coefficients[k];
        }

        return y;
    }

    private static void AddAt(Span<float> values, ReadOnlySpan<int> places, double value)
    {
        foreach (int place in places)
        {
            values[place] += (float)value;
        }
    }

    private static void Transpose(ReadOnlySpan<float> values, int rows, int columns, Span<float> result)
    {
        for (int r = 0; r < rows; r++)
        {
            CancellationScope.CheckAt(r);
            for (int c = 0; c < columns; c++)
            {
                result[(c * rows) + r] = values[(r * columns) + c];
            }
        }
    }

    private static void CheckMemory(int n, string owner)
    {
        MemoryRoom.Require(
            owner, string.Create(CultureInfo.InvariantCulture, $"{n} items need a filter of {n} × {n} floats,"), 4.0 * n * n,
            _ => string.Create(CultureInfo.InvariantCulture, $"set dense_items below {n}, then every query is filtered by itself"));
    }

    private void AddRest(ItemGraph graph, Span<float> rows, int from, int count, int k, int threads)
    {
        int n = graph.ByItem.Rows;
        for (int r = 0; r < count; r++)
        {
            rows[(r * n) + from + r] += (float)Steps[k];
        }

        graph.AddLowPass(from, count, rows, k < LowPass.Length ? (float)LowPass[k] : 0f, threads);
    }
}

/// <summary>How large the parts of a filter are.</summary>
/// <param name="Model">Name of the model, for messages.</param>
/// <param name="Embedding">Singular vectors.</param>
/// <param name="DenseItems">Largest catalog whose filter is kept as a matrix.</param>
internal sealed record GraphFilterSize(string Model, int Embedding, int DenseItems);

/// <summary>Serves a filter: from its matrix where there is one, else by steps over the graph for every query.</summary>
internal sealed class GraphFilterRecommender(Dataset train, ItemGraph graph, GraphFilter filter, GraphFilterSize size, DenseMatrix? weights)
    : IExplains, IItemSimilarity, IObserves
{
    public Vocabulary Items => train.Items;

    /// <summary>Both models end here: the graph, then the matrix where the catalog is small enough.</summary>
    public static GraphFilterRecommender Fit(Dataset train, GraphFilter filter, GraphFilterSize size, FitContext context)
    {
        ItemGraph graph = ItemGraph.Fit(train, filter.HasLowPass ? size.Embedding : 0, context.CreateRng("graph-filter/singular-vectors"), context);
        DenseMatrix? weights = train.Items.Count <= size.DenseItems ? filter.ToMatrix(graph, $"model '{size.Model}'", context) : null;
        return weights is null || TensorPrimitives.IsFiniteAll<float>(weights.Values)
            ? new GraphFilterRecommender(train, graph, filter, size, weights)
            : throw new ModelFitException($"model '{size.Model}': the filter grows beyond what floats hold; lower the times, steps and weight of the low-pass filter");
    }

    public static GraphFilterRecommender Load(ArtifactReader artifact, Dataset train, GraphFilter filter, GraphFilterSize size)
    {
        if (!artifact.Contains("weights"))
        {
            return new GraphFilterRecommender(train, ItemGraph.Load(train, artifact.Dense("vectors")), filter, size, null);
        }

        DenseMatrix weights = artifact.Dense("weights");
        int n = train.Items.Count;
        return weights.Rows == n && weights.Columns == n
            ? new GraphFilterRecommender(train, ItemGraph.Load(train, new DenseMatrix(n, 0)), filter, size, weights)
            : throw new DatasetException(
                $"array 'weights' is {weights.Rows} × {weights.Columns}, but the dataset has {n} items; give the dataset it was trained on");
    }

    /// <summary>The graph is all there is: another one is another decomposition.</summary>
    public IRecommender Observe(Dataset known, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        SameNodes.Check(train, known);
        return Fit(known, filter, size, context);
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, train.Items);
        Respond(HistoryOf(query), scores);
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, train.Items);
        ReadOnlySpan<int> history = HistoryOf(query);
        float[] column = weights is null && history.Length > 0 ? filter.Column(graph, itemIndex) : [];
        var reasons = new List<Reason>();
        foreach (int heard in history)
        {
            float share = weights is null ? column[heard] : weights.Row(heard)[itemIndex];
            if (share > 0)
            {
                reasons.Add(new Reason(heard, share, "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    /// <summary>What the item as the only heard one adds to the scores.</summary>
    public void Similarity(int itemIndex, Span<float> scores)
    {
        ScoreBuffer.Check(scores, train.Items);
        ScoreBuffer.CheckItem(itemIndex, train.Items);
        Respond([itemIndex], scores);
        scores[itemIndex] = float.NaN;
    }

    public void Save(ArtifactWriter artifact)
    {
        if (weights is null)
        {
            artifact.Add("vectors", graph.Vectors);
        }
        else
        {
            artifact.Add("weights", weights);
        }
    }

    private void Respond(ReadOnlySpan<int> history, Span<float> scores)
    {
        if (!graph.KnowsAny(history))
        {
            scores.Fill(float.NaN);
            return;
        }

        if (weights is null)
        {
            filter.Score(graph, history, scores);
        }
        else
        {
            RowSums.WeightedSum(weights, history, [], scores);
        }

        graph.HideUnheard(scores);
    }

    /// <summary>Distinct items, ascending.</summary>
    private ReadOnlySpan<int> HistoryOf(Query query)
    {
        ScoreBuffer.Check(query, graph.ByUser.Rows, train.Items.Count);
        if (!query.IsFoldIn)
        {
            return graph.ByUser.RowColumns(query.UserIndex);
        }

        int[] sorted = query.History.ToArray();
        Array.Sort(sorted);
        int count = 0;
        foreach (int item in sorted)
        {
            if (count == 0 || sorted[count - 1] != item)
            {
                sorted[count++] = item;
            }
        }

        return sorted.AsSpan(0, count);
    }
}
