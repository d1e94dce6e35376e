using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Factorization;

/// <summary>Options of <see cref="Bpr"/>.</summary>
public sealed record BprOptions : ModelOptions
{
    /// <summary>Length of every listener's and item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every listener's and item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Step size of the first pass; it falls linearly to almost nothing in the last.</summary>
    [Range(1e-6, 1.0)]
    [Description("step size of the first pass; it falls linearly to almost nothing in the last")]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>L2 strength on every vector and bias, applied at every step that touches it.</summary>
    [Range(0.0, 0.5)]
    [Description("L2 strength on every vector and bias, applied at every step that touches it")]
    public double Regularization { get; init; } = 0.01;

    /// <summary>Passes over the observed pairs.</summary>
    [Range(1, 100_000)]
    [Description("passes over the observed pairs")]
    public int Epochs { get; init; } = 60;

    /// <summary>Negative items drawn for every observed pair and pass.</summary>
    [Range(1, 1000)]
    [Description("negative items drawn for every observed pair and pass")]
    public int Negatives { get; init; } = 4;

    /// <summary>Learn a bias for every item.</summary>
    [Description("learn a bias for every item, which carries its popularity")]
    public bool ItemBias { get; init; } = true;

    /// <summary>σ: the first factors are N(0, σ²/d).</summary>
    [Range(1e-6, 10.0)]
    [Description("standard deviation of the first vectors' length: entries are N(0, deviation^2 / embedding_size)")]
    public double InitialDeviation { get; init; } = 0.1;
}

/// <summary>
/// Bayesian personalized ranking: matrix factorization trained so that a listener's items score above items not heard, by stochastic
/// gradient descent on pairs of items.
/// </summary>
/// <remarks>
/// Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, section 4.3.1;
/// maximises Σ ln σ(x_ui − x_uj) − λ‖Θ‖² with x_ui = w_u·h_i + b_i and j uniform among the items u did not hear. Weights are not used.
/// Listeners and items are cut into blocks anew every epoch and a round runs on blocks that share neither (Gemulla, Nijkamp, Haas and
/// Sismanis, "Large-Scale Matrix Factorization with Distributed Stochastic Gradient Descent", KDD 2011), each with a generator of its own,
/// j drawn from the block of i: the number of blocks depends on the data only, so the result does not depend on the number of threads.
/// A draw that hits 64 heard items in a row is given up: such a listener has next to nothing unheard in the block.
/// An unknown listener's vector is learned by the same steps over its history with the items fixed, from zero, in at most 100 passes.
/// Time O(epochs · pairs · negatives · d); memory 4 (users + items) d bytes and 24 bytes a pair.
/// </remarks>
public sealed class Bpr(BprOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'bpr'");
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        var trainer = new BprTrainer(options, pairs, context);
        context.Report("epoch", 0, options.Epochs);
        for (int epoch = 1; epoch <= options.Epochs; epoch++)
        {
            trainer.RunEpoch(epoch);
            context.Report("epoch", epoch, options.Epochs);
            if (!context.GoesOn(epoch, () => trainer.Snapshot(train)) && epoch < options.Epochs)
            {
                break;
            }
        }

        return trainer.Snapshot(train);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix items = artifact.Dense("item_vectors"), users = artifact.Dense("user_vectors");
        int columns = options.EmbeddingSize + 1;
        if (items.Rows != train.Items.Count || users.Rows != train.Users.Count || items.Columns != columns || users.Columns != columns)
        {
            throw new DatasetException(
                $"model 'bpr' was stored with {users.Rows} × {users.Columns} user and {items.Rows} × {items.Columns} item vectors, which do not fit "
                + $"{train.Users.Count} users, {train.Items.Count} items and embedding_size {options.EmbeddingSize}; load it with the dataset it was trained on");
        }

        return new BprRecommender(options, train.Items, UserItemMatrix.Binary(train), items, users);
    }
}

/// <summary>One step of BPR; the twin of its test is the objective itself.</summary>
internal static class BprStep
{
    /// <summary>Floats a vector of <paramref name="size"/> takes, so that whole SIMD vectors fill it.</summary>
    public static int Pad(int size) => (size + 15) & ~15;

    /// <summary>The learning rate of a pass: falling steps average the noise of the draws out.</summary>
    public static float Rate(BprOptions options, int pass, int passes) => (float)(options.LearningRate * (passes - pass + 1) / passes);

    /// <summary>The probability the model gives to the wrong order, σ(−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Wrong(float difference) => 1f / (1f + MathF.Exp(Math.Clamp(difference, -80f, 80f)));

    /// <summary>w·(i − j); lengths are multiples of 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Difference(ReadOnlySpan<float> user, ReadOnlySpan<float> positive, ReadOnlySpan<float> negative)
    {
        Vector<float> even = default, odd = default;
        int width = Vector<float>.Count;
        for (int c = 0; c + (2 * width) <= user.Length; c += 2 * width)
        {
            even += new Vector<float>(user[c..]) * (new Vector<float>(positive[c..]) - new Vector<float>(negative[c..]));
            odd += new Vector<float>(user[(c + width)..]) * (new Vector<float>(positive[(c + width)..]) - new Vector<float>(negative[(c + width)..]));
        }

        return Vector.Sum(even + odd);
    }

    /// <summary>One ascent step on ln σ(x_ui − x_uj) − λ/2 (‖w‖² + ‖hᵢ‖² + ‖hⱼ‖²); lengths are multiples of 16.</summary>
    /// <param name="user">w.</param>
    /// <param name="positive">hᵢ.</param>
    /// <param name="negative">hⱼ.</param>
    /// <param name="step">Learning rate times σ(−x).</param>
    /// <param name="decay">1 − learning rate · λ.</param>
    public static void Apply(Span<float> user, Span<float> positive, Span<float> negative, float step, float decay)
    {
        int width = Vector<float>.Count;
        Vector<float> keep = new(decay), move = new(step);
        for (int c = 0; c + width <= user.Length; c += width)
        {
            Vector<float> w = new(user[c..]), i = new(positive[c..]), j = new(negative[c..]);
            ((w * keep) + (move * (i - j))).CopyTo(user[c..]);
            ((i * keep) + (move * w)).CopyTo(positive[c..]);
            ((j * keep) - (move * w)).CopyTo(negative[c..]);
        }
    }
}

/// <summary>The working memory of one training run.</summary>
internal sealed class BprTrainer
{
    private const int Tries = 64;

    private readonly BprOptions _options;
    private readonly CsrMatrix _pairs;
    private readonly FitContext _context;
    private readonly int _size, _stride, _blocks;
    private readonly AlignedBuffer _users, _items;
    private readonly float[] _bias;
    private readonly int[] _userOrder, _itemOrder, _userBlock, _itemBlock, _itemStart;
    private readonly int[] _bucketStart, _bucketUser, _bucketItem;

    public BprTrainer(BprOptions options, CsrMatrix pairs, FitContext context)
    {
        _options = options;
        _pairs = pairs;
        _context = context;
        _size = options.EmbeddingSize;
        _stride = BprStep.Pad(_size);

        // A block keeps at least 128 items to draw negatives from; eight blocks keep eight threads busy.
        _blocks = Math.Clamp(Math.Min(pairs.Rows / 16, pairs.Columns / 128), 1, 8);
        _users = new AlignedBuffer((long)pairs.Rows * _stride);
        _items = new AlignedBuffer((long)pairs.Columns * _stride);
        _bias = new float[pairs.Columns];
        Initialize(_users, pairs.Rows, context.CreateRng("bpr/user-factors"));
        Initialize(_items, pairs.Columns, context.CreateRng("bpr/item-factors"));
        _userOrder = Enumerable.Range(0, pairs.Rows).ToArray();
        _itemOrder = Enumerable.Range(0, pairs.Columns).ToArray();
        _userBlock = new int[pairs.Rows];
        _itemBlock = new int[pairs.Columns];
        _itemStart = new int[_blocks + 1];
        _bucketStart = new int[(_blocks * _blocks) + 1];
        _bucketUser = new int[pairs.Count];
        _bucketItem = new int[pairs.Count];
    }

    public void RunEpoch(int epoch)
    {
        Rng rng = _context.CreateRng($"bpr/blocks/{epoch}");
        Cut(_userOrder, _userBlock, null, rng);
        Cut(_itemOrder, _itemBlock, _itemStart, rng);
        FillBuckets();
        for (int shift = 0; shift < _blocks; shift++)
        {
            int round = shift;
            Workers.Run(
                _blocks,
                1,
                _context.Threads,
                (block, _, _) => RunBucket(epoch, block, (block + round) % _blocks),
                _context.Cancellation);
        }
    }

    /// <summary>A recommender of the vectors as they are now.</summary>
    /// <exception cref="ModelFitException">Training diverged.</exception>
    public BprRecommender Snapshot(Dataset train)
    {
        DenseMatrix users = Widen(_users, _pairs.Rows), items = Widen(_items, _pairs.Columns);
        for (int u = 0; u < users.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            users.Row(u)[_size] = 1f;
        }

        for (int i = 0; i < items.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            items.Row(i)[_size] = _bias[i];
        }

        foreach (DenseMatrix matrix in new[] { users, items })
        {
            if (matrix.Values.Length > 0 && !float.IsFinite(TensorPrimitives.MaxMagnitude<float>(matrix.Values)))
            {
                throw new ModelFitException(
                    $"model 'bpr': the factors are no longer finite; lower learning_rate below {OptionsText.Format(_options.LearningRate)}");
            }
        }

        return new BprRecommender(_options, train.Items, _pairs, items, users);
    }

    private void Initialize(AlignedBuffer factors, int rows, Rng rng)
    {
        float deviation = (float)(_options.InitialDeviation / Math.Sqrt(_size));
        for (int r = 0; r < rows; r++)
        {
            CancellationScope.CheckAt(r);
            rng.FillGaussian(factors.Slice((long)r * _stride, _size), deviation);
        }
    }

    /// <summary>A new random cut into blocks of equal size.</summary>
    private void Cut(int[] order, int[] block, int[]? start, Rng rng)
    {
        rng.Shuffle<int>(order);
        for (int b = 0; b < _blocks; b++)
        {
            int first = (int)((long)order.Length * b / _blocks), end = (int)((long)order.Length * (b + 1) / _blocks);
            for (int n = first; n < end; n++)
            {
                block[order[n]] = b;
            }

            if (start is not null)
            {
                (start[b], start[b + 1]) = (first, end);
            }
        }
    }

    /// <summary>Sorts the observed pairs by block of user and block of item.</summary>
    private void FillBuckets()
    {
        Array.Clear(_bucketStart);
        for (int u = 0; u < _pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            int row = _userBlock[u] * _blocks;
            foreach (int i in _pairs.RowColumns(u))
            {
                _bucketStart[row + _itemBlock[i] + 1]++;
            }
        }

        for (int b = 0; b < _blocks * _blocks; b++)
        {
            _bucketStart[b + 1] += _bucketStart[b];
        }

        int[] next = _bucketStart[..^1];
        for (int u = 0; u < _pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            int row = _userBlock[u] * _blocks;
            foreach (int i in _pairs.RowColumns(u))
            {
                int position = next[row + _itemBlock[i]]++;
                _bucketUser[position] = u;
                _bucketItem[position] = i;
            }
        }
    }

    private void RunBucket(int epoch, int userBlock, int itemBlock)
    {
        int bucket = (userBlock * _blocks) + itemBlock, first = _bucketStart[bucket], count = _bucketStart[bucket + 1] - first;
        Rng rng = _context.CreateRng($"bpr/steps/{epoch}/{bucket}");
        ReadOnlySpan<int> candidates = _itemOrder.AsSpan(_itemStart[itemBlock].._itemStart[itemBlock + 1]);
        float rate = BprStep.Rate(_options, epoch, _options.Epochs), decay = 1f - (rate * (float)_options.Regularization);
        for (int n = count; n > 0; n--)
        {
            CancellationScope.CheckAt(n);

            // Fisher and Yates on the way: the drawn pair changes places with the last one left.
            int drawn = first + rng.Next(n), last = first + n - 1;
            (int user, int positive) = (_bucketUser[drawn], _bucketItem[drawn]);
            (_bucketUser[drawn], _bucketItem[drawn]) = (_bucketUser[last], _bucketItem[last]);
            ReadOnlySpan<int> heard = _pairs.RowColumns(user);
            Span<float> w = _users.Slice((long)user * _stride, _stride), i = _items.Slice((long)positive * _stride, _stride);
            for (int k = 0; k < _options.Negatives; k++)
            {
                if (!TryDraw(candidates, heard, rng, out int negative))
                {
                    break;
                }

                Span<float> j = _items.Slice((long)negative * _stride, _stride);
                float step = rate * BprStep.Wrong(BprStep.Difference(w, i, j) + _bias[positive] - _bias[negative]);
                BprStep.Apply(w, i, j, step, decay);
                if (_options.ItemBias)
                {
                    _bias[positive] = (_bias[positive] * decay) + step;
                    _bias[negative] = (_bias[negative] * decay) - step;
                }
            }
        }
    }

    private static bool TryDraw(ReadOnlySpan<int> candidates, ReadOnlySpan<int> heard, Rng rng, out int negative)
    {
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            negative = candidates[rng.Next(candidates.Length)];
            if (heard.BinarySearch(negative) < 0)
            {
                return true;
            }
        }

        negative = -1;
        return false;
    }

    /// <summary>The factors without padding and with one more column for the bias.</summary>
    private DenseMatrix Widen(AlignedBuffer factors, int rows)
    {
        var matrix = new DenseMatrix(rows, _size + 1);
        for (int r = 0; r < rows; r++)
        {
            CancellationScope.CheckAt(r);
            factors.Slice((long)r * _stride, _size).CopyTo(matrix.Row(r));
        }

        return matrix;
    }
}

/// <summary>Listener and item vectors; the last column holds the item's bias and, for listeners, 1.</summary>
internal sealed class BprRecommender(BprOptions options, Vocabulary items, CsrMatrix pairs, DenseMatrix itemVectors, DenseMatrix userVectors)
    : IVectorRecommender, IExplains, IItemSimilarity, ILearnsListeners
{
    private const int MostPasses = 100;
    private readonly int _size = options.EmbeddingSize;
    private readonly bool[] _isHeard = UnheardItems.Heard(pairs);
    private DenseMatrix? _ranked;

    public Vocabulary Items => items;

    public DenseMatrix ItemVectors => _ranked ??= UnheardItems.Hide(itemVectors, i => _isHeard[i]);

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        var vector = new float[_size + 1];
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
        ScoreBuffer.Check(query, userVectors.Rows, items.Count);
        if (vector.Length != _size + 1)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {_size} factors and a 1", nameof(vector));
        }

        if (query.IsFoldIn)
        {
            (int[] history, _) = FactorHistory.Merge(query);
            return history.Length > 0 && FoldIn(history, vector, default);
        }

        if (pairs.RowLength(query.UserIndex) == 0)
        {
            return false;
        }

        userVectors.Row(query.UserIndex).CopyTo(vector);
        return true;
    }

    /// <summary>
    /// A folded-in vector is a sum of steps hᵢ − hⱼ, each taken for one heard item i: an item's reason is the part of the score that the steps
    /// taken for it make. The parts of all heard items add up to the folded-in score without the bias.
    /// </summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.Check(query, userVectors.Rows, items.Count);
        ScoreBuffer.CheckItem(itemIndex, items);
        int[] history = query.IsFoldIn ? FactorHistory.Merge(query).Index : pairs.RowColumns(query.UserIndex).ToArray();
        if (history.Length == 0 || count <= 0)
        {
            return [];
        }

        var parts = new float[history.Length * _size];
        FoldIn(history, new float[_size + 1], parts);
        float[] item = itemVectors.Row(itemIndex)[.._size].ToArray();
        return [.. history
            .Select((h, n) => new Reason(h, TensorPrimitives.Dot<float>(parts.AsSpan(n * _size, _size), item), "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex)
            .Take(count)];
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(items, itemVectors, _size, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("item_vectors", itemVectors);
        artifact.Add("user_vectors", userVectors);
    }

    /// <summary>The steps of training over one history, ascending and distinct, with the items fixed; always the same draws.</summary>
    private bool FoldIn(ReadOnlySpan<int> history, Span<float> vector, Span<float> parts)
    {
        var rng = new Rng(0, "bpr/fold-in");
        Span<float> w = vector[.._size];
        w.Clear();
        vector[_size] = 1f;
        var direction = new float[_size];
        bool heardAll = history.Length == items.Count;

        // The decay of all parts is kept in one number, and put into them when it becomes small.
        float partScale = 1f;
        int passes = heardAll ? 0 : Math.Min(options.Epochs, MostPasses);
        for (int pass = 1; pass <= passes; pass++)
        {
            float rate = BprStep.Rate(options, pass, passes), decay = 1f - (rate * (float)options.Regularization);
            for (int n = 0; n < history.Length * options.Negatives; n++)
            {
                int positive = n / options.Negatives, negative = rng.Next(items.Count);
                while (history.BinarySearch(negative) >= 0)
                {
                    negative = rng.Next(items.Count);
                }

                ReadOnlySpan<float> i = itemVectors.Row(history[positive]), j = itemVectors.Row(negative);
                TensorPrimitives.Subtract(i[.._size], j[.._size], direction);
                float step = rate * BprStep.Wrong(TensorPrimitives.Dot<float>(w, direction) + i[_size] - j[_size]);
                TensorPrimitives.Multiply(w, decay, w);
                TensorPrimitives.MultiplyAdd(direction, step, w, w);
                if (!parts.IsEmpty)
                {
                    partScale *= decay;
                    Span<float> part = parts.Slice(positive * _size, _size);
                    TensorPrimitives.MultiplyAdd(direction, step / partScale, part, part);
                    if (partScale < 1e-6f)
                    {
                        TensorPrimitives.Multiply(parts, partScale, parts);
                        partScale = 1f;
                    }
                }
            }
        }

        TensorPrimitives.Multiply(parts, partScale, parts);
        return true;
    }
}
