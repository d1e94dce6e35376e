using System.Collections.Concurrent;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Reference;
using Segue.Numerics.Sparse;

namespace Segue.Models.Factorization;

/// <summary>
/// What <see cref="Als"/> and <see cref="Ials"/> learn: a vector for every listener and item, in the eigenvectors of the items' Gram matrix.
/// </summary>
/// <remarks>
/// A listener given by history is folded in by the exact least-squares problem of one row, the items fixed: the same answer the training
/// gives a listener with that history. O(n² d + n³) for n &lt; d distinct items, else O(n d² + d³).
/// </remarks>
internal sealed unsafe class LeastSquaresRecommender : IVectorRecommender, IExplains, IItemSimilarity
{
    private readonly LeastSquaresSettings _settings;
    private readonly CsrMatrix _weights;
    private readonly DenseMatrix _users, _items;
    private readonly AlignedBuffer _padded;
    private readonly double[] _eigenvalues;
    private readonly int _size, _stride;
    private readonly ConcurrentBag<LeastSquaresRow> _solvers = [];

    /// <summary>Wraps learned vectors; the item vectors are copied into aligned memory.</summary>
    public LeastSquaresRecommender(LeastSquaresSettings settings, Dataset train, CsrMatrix weights, DenseMatrix items, DenseMatrix users)
    {
        _settings = settings;
        _weights = weights;
        _users = users;
        _size = items.Columns;
        _stride = SmallSymmetric.PadStride(_size);
        Items = train.Items;
        _items = items;
        bool[] isHeard = UnheardItems.Heard(weights);
        ItemVectors = UnheardItems.Hide(items, i => isHeard[i]);
        _padded = new AlignedBuffer((long)items.Rows * _stride);
        _eigenvalues = new double[_size];
        for (int i = 0; i < items.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            ReadOnlySpan<float> row = items.Row(i);
            row.CopyTo(_padded.Slice((long)i * _stride, _size));
            for (int c = 0; c < _size; c++)
            {
                _eigenvalues[c] += (double)row[c] * row[c];
            }
        }
    }

    public Vocabulary Items { get; }

    public DenseMatrix ItemVectors { get; }

    public static LeastSquaresRecommender Load(ArtifactReader artifact, Dataset train, LeastSquaresSettings settings)
    {
        DenseMatrix items = artifact.Dense("item_vectors"), users = artifact.Dense("user_vectors");
        if (items.Rows != train.Items.Count || users.Rows != train.Users.Count || items.Columns != settings.EmbeddingSize || users.Columns != items.Columns)
        {
            throw new DatasetException(
                $"model '{settings.Model}' was stored with {users.Rows} × {users.Columns} user and {items.Rows} × {items.Columns} item vectors, which do not "
                + $"fit {train.Users.Count} users, {train.Items.Count} items and embedding_size {settings.EmbeddingSize}; load it with the dataset it was trained on");
        }

        return new(settings, train, AlternatingLeastSquares.Weigh(train, settings), items, users);
    }

    /// <summary>
    /// What training minimises, a training pair: w₀ Σ over all pairs s² + Σ over training pairs (a s² − 2 b s + b) + Σ over rows λ ‖x‖², s the score. The
    /// last b makes a perfect fit of the training pairs cost nothing. O(training pairs · size + rows · size²).
    /// </summary>
    public double Loss(int threads)
    {
        int size = _size, users = _users.Rows, items = _items.Rows;
        float[] userGram = new float[size * size], itemGram = new float[size * size];
        Gemm.Gram(_users.Values, userGram, users, size, threads);
        Gemm.Gram(_items.Values, itemGram, items, size, threads);
        double loss = 0;
        for (int n = 0; n < userGram.Length; n++)
        {
            loss += _settings.UnobservedWeight * userGram[n] * itemGram[n];
        }

        var listeners = new int[items];
        for (int u = 0; u < users; u++)
        {
            CancellationScope.CheckAt(u);
            ReadOnlySpan<int> heard = _weights.RowColumns(u);
            ReadOnlySpan<float> weights = _weights.RowValues(u);
            for (int n = 0; n < heard.Length; n++)
            {
                double score = TensorPrimitives.Dot<float>(_users.Row(u), _items.Row(heard[n])), target = weights[n] + _settings.TargetOffset;
                loss += (weights[n] * score * score) - (2 * target * score) + target;
                listeners[heard[n]]++;
            }

            loss += _settings.Regularization(heard.Length, items) * TensorPrimitives.SumOfSquares<float>(_users.Row(u));
        }

        for (int i = 0; i < items; i++)
        {
            CancellationScope.CheckAt(i);
            loss += _settings.Regularization(listeners[i], users) * TensorPrimitives.SumOfSquares<float>(_items.Row(i));
        }

        return loss / Math.Max(1, _weights.Count);
    }

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("item_vectors", _items);
        artifact.Add("user_vectors", _users);
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        Span<float> vector = new float[_size];
        if (!TryGetUserVector(query, vector))
        {
            scores.Fill(float.NaN);
            return;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = TensorPrimitives.Dot(vector, ItemVectors.Row(i));
        }
    }

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, _users.Rows, Items.Count);
        if (vector.Length != _size)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {_size} factors", nameof(vector));
        }

        if (!query.IsFoldIn)
        {
            if (_weights.RowLength(query.UserIndex) == 0)
            {
                return false;
            }

            _users.Row(query.UserIndex).CopyTo(vector);
            return true;
        }

        (int[] index, float[] weight) = Weights(query);
        if (index.Length == 0)
        {
            return false;
        }

        double regularization = _settings.Regularization(index.Length, Items.Count);
        float[] root = new float[index.Length], target = new float[index.Length];
        for (int k = 0; k < index.Length; k++)
        {
            double r = Math.Sqrt(weight[k]);
            root[k] = (float)r;
            target[k] = (float)((weight[k] + _settings.TargetOffset) / r);
        }

        Span<float> scratch = stackalloc float[Math.Min(_stride, 1024) * 2];
        scratch = _stride > 1024 ? new float[2 * _stride] : scratch[..(2 * _stride)];
        Span<float> inverseRoot = scratch[.._stride], result = scratch[_stride..];
        inverseRoot.Fill(1f);
        for (int c = 0; c < _size; c++)
        {
            inverseRoot[c] = (float)(1 / Math.Sqrt((_settings.UnobservedWeight * _eigenvalues[c]) + regularization));
        }

        if (!_solvers.TryTake(out LeastSquaresRow? solver))
        {
            solver = new LeastSquaresRow(_size, _stride);
        }

        fixed (int* i = index)
        {
            fixed (float* r = root, t = target, s = inverseRoot, x = result)
            {
                solver.SolveExact(_padded.Pointer, new LeastSquaresEntries(i, r, t, index.Length), s, x);
            }
        }

        _solvers.Add(solver);
        result[.._size].CopyTo(vector);
        return true;
    }

    /// <summary>
    /// The score as a sum over the history (Hu, Koren and Volinsky, ICDM 2008, section 5): item j adds bⱼ hᵢᵀ A⁻¹ hⱼ, where A is the
    /// matrix of the listener's problem. The parts of all history items add up to the folded-in score.
    /// </summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.Check(query, _users.Rows, Items.Count);
        ScoreBuffer.CheckItem(itemIndex, Items);
        (int[] index, float[] weight) = query.IsFoldIn
            ? Weights(query)
            : (_weights.RowColumns(query.UserIndex).ToArray(), _weights.RowValues(query.UserIndex).ToArray());
        if (index.Length == 0 || count <= 0)
        {
            return [];
        }

        double regularization = _settings.Regularization(index.Length, Items.Count);
        var shared = new double[_size * _size];
        for (int c = 0; c < _size; c++)
        {
            shared[(c * _size) + c] = (_settings.UnobservedWeight * _eigenvalues[c]) + regularization;
        }

        double[][] rows = [.. index.Select(Vector)];
        double[] a = [.. weight.Select(w => (double)w)];
        double[] direction = LeastSquares.Cholesky(LeastSquares.Matrix(shared, _size, rows, a), _size, Vector(itemIndex));
        return [.. index
            .Select((j, k) => new Reason(j, (a[k] + _settings.TargetOffset) * TensorPrimitives.Dot<double>(direction, rows[k]), "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex)
            .Take(count)];

        double[] Vector(int item) => Array.ConvertAll(_items.Row(item).ToArray(), v => (double)v);
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(Items, ItemVectors, _size, itemIndex, scores);

    /// <summary>Distinct items of a history, ascending, with the weights aₖ of training; repeats add up before they are weighed.</summary>
    private (int[] Index, float[] Weight) Weights(Query query)
    {
        (int[] index, float[] sum) = FactorHistory.Merge(query);
        for (int k = 0; k < sum.Length; k++)
        {
            float weight = AlternatingLeastSquares.Weigh(sum[k], _settings);
            sum[k] = weight > 0 && float.IsFinite(weight)
                ? weight
                : throw new ArgumentException(
                    $"the history gives item {index[k]} the weight {OptionsText.Format(sum[k])}; give positive finite weights, or none", nameof(query));
        }

        return (index, sum);
    }
}

/// <summary>Scores that are nothing but dot products of a listener's vector with those of the items.</summary>
internal static class FactorScores
{
    /// <summary>Writes the score of every item; NaN where the listener has no vector.</summary>
    public static void Write(IVectorRecommender recommender, Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, recommender.Items);
        DenseMatrix items = recommender.ItemVectors;
        var vector = new float[items.Columns];
        if (!recommender.TryGetUserVector(query, vector))
        {
            scores.Fill(float.NaN);
            return;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = TensorPrimitives.Dot<float>(vector, items.Row(i));
        }
    }
}

/// <summary>Cosine of item vectors, the notion of alike items of every factorization.</summary>
internal static class FactorSimilarity
{
    /// <summary>Cosine of the first <paramref name="size"/> columns.</summary>
    public static void Cosine(Vocabulary items, DenseMatrix vectors, int size, int itemIndex, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.CheckItem(itemIndex, items);
        ReadOnlySpan<float> own = vectors.Row(itemIndex)[..size];
        double ownNorm = TensorPrimitives.Norm(own);
        for (int i = 0; i < scores.Length; i++)
        {
            ReadOnlySpan<float> other = vectors.Row(i)[..size];
            double norm = ownNorm * TensorPrimitives.Norm(other);

            // An item nobody interacted with has no direction: nothing can be said.
            scores[i] = i == itemIndex || norm == 0 ? float.NaN : (float)(TensorPrimitives.Dot(own, other) / norm);
        }
    }
}

/// <summary>A query's history as one weight for every distinct item.</summary>
internal static class FactorHistory
{
    /// <summary>Distinct items, ascending, with their weights added up (1 each where the query gives none).</summary>
    public static (int[] Index, float[] Weight) Merge(Query query)
    {
        ReadOnlySpan<int> history = query.History.Span;
        ReadOnlySpan<float> weight = query.HistoryWeight.Span;
        var sum = new SortedDictionary<int, float>();
        for (int n = 0; n < history.Length; n++)
        {
            sum[history[n]] = sum.GetValueOrDefault(history[n]) + (weight.Length == 0 ? 1f : weight[n]);
        }

        return ([.. sum.Keys], [.. sum.Values]);
    }
}
