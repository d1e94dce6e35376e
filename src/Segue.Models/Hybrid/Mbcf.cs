using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Factorization;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Hybrid;

/// <summary>Options of <see cref="Mbcf"/>.</summary>
public sealed record MbcfOptions : ModelOptions
{
    /// <summary>Length of every listener's and item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every listener's and item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Where the items come from that a listener's own are told apart from.</summary>
    [Description("none: heard items only; per_user: drawn once; uniform: drawn anew; popularity, in_batch: softmax over the batch, corrected")]
    public Negatives Negatives { get; init; } = Negatives.Uniform;

    /// <summary>per_user: most for a listener; uniform: for every pair; popularity: for every batch.</summary>
    [Range(1, 100_000)]
    [Description("how many: per_user at most for a listener, uniform for every pair, popularity for every batch")]
    public int NegativeCount { get; init; } = 4;

    /// <summary>Learn a bias for every item.</summary>
    [Description("learn a bias for every item, which carries its popularity")]
    public bool ItemBias { get; init; } = true;

    /// <summary>Passes over the observed pairs.</summary>
    [Range(1, 100_000)]
    [Description("passes over the observed pairs")]
    public int Epochs { get; init; } = 20;

    /// <summary>Pairs, negatives included, in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("examples in a step, negatives included")]
    public int BatchSize { get; init; } = 4096;

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.005;

    /// <summary>L2 strength on the vectors of a step, per example.</summary>
    [Range(0.0, 100.0)]
    [Description("L2 strength on the vectors an example uses")]
    public double Regularization { get; init; } = 0.01;
}

/// <summary>
/// Model-based collaborative filtering: a vector for every listener and item whose dot product says whether the two belong together, trained
/// on heard items against sampled ones.
/// </summary>
/// <remarks>
/// none, per_user and uniform: mean binary cross-entropy of σ(w_u·h_i + b_i). popularity and in_batch: softmax loss over the items of the batch (and
/// some drawn with popularity^0.75), each score lowered by ln of its expected number there: Yi et al., "Sampling-bias-corrected neural modeling",
/// RecSys 2019, eq. 3. Lazy Adam; vectors start as N(0, 0.01), weights of interactions are not used.
/// Source of the plain form: the semester project of seed 004 (64 dimensions, at most 10 sampled negatives a listener), after He et al.,
/// "Neural collaborative filtering", WWW 2017, section 3.2. An unknown listener's vector is a logistic regression on the fixed item vectors,
/// pulled to the mean listener as strongly as the trained ones vary.
/// Time O(epochs · pairs · (1 + negatives) · d), in softmax forms O(epochs · pairs · (batch + negatives) · d).
/// </remarks>
public sealed class Mbcf(MbcfOptions options) : IKeepsCheckpoints
{
    private const string Name = "mbcf";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        RequireRoom(pairs);
        var users = new Embedding("user_vectors", pairs.Rows, options.EmbeddingSize, context.CreateRng($"{Name}/users"));
        var items = new Embedding("item_vectors", pairs.Columns, options.EmbeddingSize, context.CreateRng($"{Name}/items"));
        var bias = new Parameter("item_bias", pairs.Columns, 1, isRowSparse: true);
        IEnumerable<Parameter> learned = options.ItemBias ? [users.Table, items.Table, bias] : [users.Table, items.Table];
        var optimizer = new Adam(learned, options.LearningRate, threads: context.Threads);
        var examples = new PairExamples(Name, pairs, options.Negatives, options.NegativeCount, context.CreateRng($"{Name}/negatives"));
        SoftmaxCandidates? candidates = options.Negatives is Negatives.Popularity or Negatives.InBatch
            ? new SoftmaxCandidates(pairs, options.Negatives == Negatives.Popularity ? options.NegativeCount : 0) : null;
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            OnEpochStart = (_, rng) => examples.Draw(rng),
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        NeuralFit.Run(Name, context, examples.Count, optimizer, settings, step =>
        {
            Tape tape = step.Tape;
            examples.Fill(step.Batch.Span);
            Variable w = users.Apply(tape, examples.Users), loss;
            Variable h = items.Apply(tape, examples.Items);
            if (candidates is null)
            {
                Variable logits = w.RowDot(h);
                logits = options.ItemBias ? logits.Add(tape.Use(bias).Gather(examples.Items)) : logits;
                loss = logits.LogisticLoss(examples.Labels.Span);
            }
            else
            {
                candidates.Fill(examples.Users.Span, examples.Items.Span, step.Rng);
                Variable columns = items.Apply(tape, candidates.Columns);
                Variable logits = w.MatMulTransposed(columns);
                if (options.ItemBias)
                {
                    // 1 · bᵀ is the row of the candidates' biases.
                    logits = logits.Add(tape.Constant([1f], 1, 1).MatMulTransposed(tape.Use(bias).Gather(candidates.Columns)));
                }

                loss = logits.SampledSoftmaxLoss(candidates.Target, candidates.LogCount, candidates.Excluded, candidates.ExcludedStart);
            }

            step.Add(candidates is null ? "logistic" : "softmax", loss);
            if (options.Regularization > 0)
            {
                step.Add("l2", w.Square().Sum().Add(h.Square().Sum()).Scale(0.5f / step.Batch.Length), (float)options.Regularization);
            }
        }, Snapshot);
        return Snapshot();

        MbcfRecommender Snapshot() => new(
            options, train.Items, pairs, Matrix(users.Table), Matrix(items.Table), bias.Value.ToArray());
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix users = artifact.Dense("user_vectors"), items = artifact.Dense("item_vectors");
        float[] bias = artifact.Floats("item_bias");
        return users.Rows == train.Users.Count && items.Rows == train.Items.Count && bias.Length == items.Rows
            && users.Columns == options.EmbeddingSize && items.Columns == options.EmbeddingSize
            ? new MbcfRecommender(options, train.Items, UserItemMatrix.Binary(train), users, items, bias)
            : throw new DatasetException(
                $"model '{Name}' was stored with {users.Rows} × {users.Columns} user and {items.Rows} × {items.Columns} item vectors, which do not fit "
                + $"{train.Users.Count} users, {train.Items.Count} items and embedding_size {options.EmbeddingSize}; load it with the dataset it was trained on");
    }

    // Value, gradient and the two means of Adam.
    private void RequireRoom(CsrMatrix pairs)
    {
        const int copies = 4;
        int size = options.EmbeddingSize;
        NeuralFit.RequireRoom(Name, "embedding_size", size, "values in vectors", Math.Max(pairs.Rows, pairs.Columns), size + 1, copies);
        if (options.Negatives is Negatives.Popularity or Negatives.InBatch)
        {
            long rows = Math.Min(options.BatchSize, pairs.Count), drawn = options.Negatives == Negatives.Popularity ? options.NegativeCount : 0;
            bool batchIsLarger = rows >= drawn;
            NeuralFit.RequireRoom(
                Name, batchIsLarger ? "batch_size" : "negative_count", batchIsLarger ? options.BatchSize : options.NegativeCount, "scores a step",
                rows, rows + drawn, copies: 2);
        }
    }

    private static DenseMatrix Matrix(Parameter parameter) => new(parameter.Rows, parameter.Columns, parameter.Value.ToArray());
}

/// <summary>(listener, item) pairs with labels: heard ones, and negatives where the model is trained on single pairs.</summary>
internal sealed class PairExamples
{
    private readonly NegativeItems _source;
    private readonly CsrMatrix _pairs;
    private readonly int[] _pairUser;
    private readonly int _perPair;
    private readonly int[] _drawnUser, _drawnItem;
    private int[] _users = [], _items = [];
    private float[] _labels = [];

    /// <exception cref="ModelFitException">There would be more examples than an array holds.</exception>
    public PairExamples(string model, CsrMatrix pairs, Negatives negatives, int count, Rng rng)
    {
        (_pairs, _source) = (pairs, new NegativeItems(pairs));
        long examples = pairs.Count + (negatives switch
        {
            Negatives.Uniform => (long)pairs.Count * count,
            Negatives.PerUser => _source.PerUserMost(count),
            _ => 0,
        });

        // Drawn items and, in the training loop, the order of all examples; per_user keeps the listener too, in lists that grow.
        NeuralFit.RequireRoom(model, "negative_count", count, "examples an epoch", examples, 1, negatives == Negatives.PerUser ? 6 : 3);
        _pairUser = new int[pairs.Count];
        for (int u = 0; u < pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            Array.Fill(_pairUser, u, pairs.RowStart[u], pairs.RowLength(u));
        }

        (_drawnUser, _drawnItem) = negatives == Negatives.PerUser ? _source.PerUser(count, rng) : ([], []);
        _perPair = negatives == Negatives.Uniform ? count : 0;
        if (_perPair > 0)
        {
            _drawnItem = new int[pairs.Count * _perPair];
        }
    }

    /// <summary>Number of examples of an epoch.</summary>
    public int Count => _pairs.Count + _drawnItem.Length;

    public ReadOnlyMemory<int> Users { get; private set; }

    public ReadOnlyMemory<int> Items { get; private set; }

    public ReadOnlyMemory<float> Labels { get; private set; }

    /// <summary>Draws the negatives of an epoch, where they are drawn anew.</summary>
    public void Draw(Rng rng)
    {
        for (int n = 0; _perPair > 0 && n < _drawnItem.Length; n++)
        {
            _drawnItem[n] = _source.Draw(_pairUser[n / _perPair], rng);
        }
    }

    /// <summary>Looks up the examples of a batch. A negative that could not be drawn is replaced by its heard pair.</summary>
    public void Fill(ReadOnlySpan<int> batch)
    {
        if (_users.Length < batch.Length)
        {
            (_users, _items, _labels) = (new int[batch.Length], new int[batch.Length], new float[batch.Length]);
        }

        for (int n = 0; n < batch.Length; n++)
        {
            int negative = batch[n] - _pairs.Count, pair = negative < 0 ? batch[n] : _perPair > 0 ? negative / _perPair : -1;
            if (negative >= 0 && _drawnItem[negative] >= 0)
            {
                (_users[n], _items[n], _labels[n]) = (pair < 0 ? _drawnUser[negative] : _pairUser[pair], _drawnItem[negative], 0f);
            }
            else
            {
                (_users[n], _items[n], _labels[n]) = (_pairUser[pair], _pairs.ColumnIndex[pair], 1f);
            }
        }

        (Users, Items, Labels) = (_users.AsMemory(0, batch.Length), _items.AsMemory(0, batch.Length), _labels.AsMemory(0, batch.Length));
    }
}

internal sealed class MbcfRecommender : IVectorRecommender, IExplains, IItemSimilarity, ILearnsListeners
{
    private const int FoldInNegatives = 512;

    private readonly MbcfOptions _options;
    private readonly CsrMatrix _pairs;
    private readonly DenseMatrix _users, _items;
    private readonly float[] _bias, _mean;
    private readonly float _pull;

    public MbcfRecommender(MbcfOptions options, Vocabulary items, CsrMatrix pairs, DenseMatrix userVectors, DenseMatrix itemVectors, float[] bias)
    {
        (_options, Items, _pairs, _users, _items, _bias) = (options, items, pairs, userVectors, itemVectors, bias);
        (_mean, _pull) = MeanListener(pairs, userVectors);

        // The bias is one more column, which meets a 1.
        ItemVectors = new DenseMatrix(itemVectors.Rows, itemVectors.Columns + 1);
        for (int i = 0; i < itemVectors.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            itemVectors.Row(i).CopyTo(ItemVectors.Row(i));
            ItemVectors.Row(i)[^1] = bias[i];
        }
    }

    public Vocabulary Items { get; }

    public DenseMatrix ItemVectors { get; }

    public void Score(Query query, Span<float> scores) => FactorScores.Write(this, query, scores);

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, _users.Rows, Items.Count);
        if (vector.Length != ItemVectors.Columns)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {ItemVectors.Columns - 1} factors and a 1", nameof(vector));
        }

        vector[^1] = 1f;
        if (query.IsFoldIn)
        {
            return !query.History.IsEmpty && FoldIn(FactorHistory.Merge(query).Index, vector[..^1]).Length > 0;
        }

        _users.Row(query.UserIndex).CopyTo(vector);
        return _pairs.RowLength(query.UserIndex) > 0;
    }

    /// <summary>A folded-in vector is the mean listener plus a pull along every heard item: its part of the score is the item's reason.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.Check(query, _users.Rows, Items.Count);
        ScoreBuffer.CheckItem(itemIndex, Items);
        int[] history = query.IsFoldIn ? FactorHistory.Merge(query).Index : _pairs.RowColumns(query.UserIndex).ToArray();
        if (history.Length == 0 || count <= 0)
        {
            return [];
        }

        float[] pulls = FoldIn(history, new float[_items.Columns]);
        return [.. history
            .Select((h, n) => new Reason(h, pulls[n] * TensorPrimitives.Dot<float>(_items.Row(h), _items.Row(itemIndex)), "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex)
            .Take(count)];
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(Items, _items, _items.Columns, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("user_vectors", _users);
        artifact.Add("item_vectors", _items);
        artifact.Add("item_bias", _bias);
    }

    /// <summary>The mean vector of listeners with a history, and one over the variance of their values: the pull to that mean.</summary>
    internal static (float[] Mean, float Pull) MeanListener(CsrMatrix pairs, DenseMatrix users)
    {
        var mean = new float[users.Columns];
        int known = 0;
        for (int u = 0; u < users.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            if (pairs.RowLength(u) > 0)
            {
                TensorPrimitives.Add<float>(mean, users.Row(u), mean);
                known++;
            }
        }

        TensorPrimitives.Divide(mean, Math.Max(1, known), mean);
        double squares = 0;
        for (int u = 0; u < users.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            squares += pairs.RowLength(u) > 0 ? Math.Pow(TensorPrimitives.Distance<float>(users.Row(u), mean), 2) : 0;
        }

        double variance = squares / Math.Max(1, (long)known * users.Columns);
        return (mean, (float)Math.Clamp(1 / Math.Max(variance, 1e-9), 1e-3, 1e6));
    }

    /// <summary>Solves for the vector of a history, ascending and distinct; gives the pull of every heard item.</summary>
    private float[] FoldIn(int[] history, Span<float> vector)
    {
        // Always the same negatives; where there are few items, all of them.
        int[] negatives = UnheardSample.Of(history, Items.Count, FoldInNegatives, "mbcf/fold-in");
        int size = _items.Columns, count = history.Length + negatives.Length;
        float[] rows = new float[count * size], offsets = new float[count], targets = new float[count], weights = new float[count];
        float perNegative = negatives.Length == 0 ? 0f : (float)_options.NegativeCount * history.Length / negatives.Length;
        for (int n = 0; n < count; n++)
        {
            int item = n < history.Length ? history[n] : negatives[n - history.Length];
            _items.Row(item).CopyTo(rows.AsSpan(n * size));
            (offsets[n], targets[n], weights[n]) = (_bias[item], n < history.Length ? 1f : 0f, n < history.Length ? 1f : Math.Min(1f, perNegative));
        }

        var pulls = new float[count];
        LogisticListener.Solve(rows, offsets, targets, weights, _pull, _mean, vector, pulls);
        return pulls[..history.Length];
    }
}
