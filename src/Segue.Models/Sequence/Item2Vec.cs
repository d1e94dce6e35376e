using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Factorization;
using Segue.Models.Neighbors;
using Segue.Models.Walks;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Embedding;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Sequence;

/// <summary>What a sentence of <see cref="Item2Vec"/> is.</summary>
public enum ItemSentenceKind
{
    /// <summary>What a listener played without a long pause, in order; where there is an order but no times, all of it: a playlist.</summary>
    Sessions,

    /// <summary>All that a listener played, in order.</summary>
    Histories,

    /// <summary>A listener's distinct items in a random order, anew in every pass; needs neither times nor an order.</summary>
    Sets,
}

/// <summary>Options of <see cref="Item2Vec"/>.</summary>
public sealed record Item2VecOptions : ModelOptions
{
    /// <summary>What a sentence is.</summary>
    [Description("sessions: plays without a long pause, or a playlist; histories: all of a listener in order; sets: distinct items in a random order, for data without any")]
    public ItemSentenceKind Sentences { get; init; } = ItemSentenceKind.Sessions;

    /// <summary>sessions: a pause of more than so many minutes ends one.</summary>
    [Range(0.0, 1e9)]
    [Description("sessions: a pause of more than so many minutes ends one")]
    public double SessionMinutes { get; init; } = Core.Views.Sessions.DefaultGapMinutes;

    /// <summary>Length of every item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Passes over the sentences.</summary>
    [Range(1, 10_000)]
    [Description("passes over the sentences")]
    public int Epochs { get; init; } = 10;

    /// <summary>Items of a sentence up to this distance are contexts; the distance is drawn anew for every item.</summary>
    [Range(1, 1000)]
    [Description("items of a sentence up to this distance are contexts; the distance is drawn anew, from 1 on, for every item")]
    public int Window { get; init; } = 5;

    /// <summary>Negatives an item, shared by its contexts.</summary>
    [Range(1, 1000)]
    [Description("negatives an item, shared by its contexts")]
    public int Negatives { get; init; } = 5;

    /// <summary>A negative is drawn in proportion to its plays to this power.</summary>
    [Range(-2.0, 2.0)]
    [Description("a negative is drawn in proportion to its plays to this power; the larger, the less of the popularity is in the vectors")]
    public double NegativeExponent { get; init; } = 0.75;

    /// <summary>t: an item of share f of all plays stays in a sentence with chance √(t/f) + t/f; 0 keeps all.</summary>
    [Range(0.0, 1.0)]
    [Description("t: an item of share f of all plays stays in a sentence with chance sqrt(t/f) + t/f; 0 keeps all")]
    public double Subsampling { get; init; }

    /// <summary>Items with fewer plays in sentences get no vector.</summary>
    [Range(1, 1_000_000)]
    [Description("items with fewer plays in sentences get no vector")]
    public int MinCount { get; init; } = 1;

    /// <summary>Step size at the beginning; it falls linearly to almost nothing.</summary>
    [Range(1e-6, 10.0)]
    [Description("step size at the beginning; it falls linearly to almost nothing")]
    public double LearningRate { get; init; } = 0.05;

    /// <summary>How two vectors become a score.</summary>
    [Description("cosine; dot: the dot product; context: that of the listener's vector and the item's output vector, which training makes large")]
    public VectorScore Score { get; init; } = VectorScore.Cosine;

    /// <summary>Count plays in a listener's vector instead of distinct items.</summary>
    [Description("count plays in a listener's vector instead of distinct items")]
    public bool Weighted { get; init; }

    /// <summary>Days before a listener's latest play after which a play counts half in its vector; 0 for no decay.</summary>
    [Range(0.0, 1e6)]
    [Description("days before a listener's latest play after which a play counts half in the listener's vector; 0 for no decay")]
    public double HalfLifeDays { get; init; }
}

/// <summary>Vectors of items such that items played near one another are alike; a listener is the mean of its own.</summary>
/// <remarks>
/// <para>
/// Sessions, playlists, histories or sets are the sentences of a <see cref="SkipGram"/>; see there for the equation. h = Σ w_j x_j / Σ w_j over the listener's items, w of
/// <see cref="Item2VecOptions.Weighted"/> and <see cref="Item2VecOptions.HalfLifeDays"/>, x of unit length where scores are cosines; score(i) = cos(h, x_i), h · x_i, or h · b_i with the output
/// vector b. A listener is its history: fold-in is exact, and every heard item's part of the score is its reason.
/// </para>
/// <para>
/// An item that is in no sentence of two or more, or in fewer than <see cref="Item2VecOptions.MinCount"/>, has a vector of zeros; a listener of such items only scores NaN. A sentence of more than 1,000
/// items is cut into such. Where there are neither times nor an order, only <see cref="ItemSentenceKind.Sets"/> can be had.
/// </para>
/// <para>
/// Time O(plays · epochs · window · negatives · size), memory 8 bytes × items × size. The result does not depend on the number of threads. Source: Barkan and Koenigstein, "Item2Vec: neural item
/// embedding for collaborative filtering", MLSP 2016 (sets); Mikolov et al., NIPS 2013.
/// </para>
/// </remarks>
public sealed class Item2Vec(Item2VecOptions options) : IModel
{
    private const string Name = "item2vec";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <summary>Name of the model that asks for vectors, for messages.</summary>
    internal string Owner { get; init; } = Name;

    /// <summary>What to do where vectors cannot be had, where the model that asks for them has options of its own for it.</summary>
    internal string? Remedy { get; init; }

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        context.Report("sentences", 0, 1);
        ItemSentences sentences = Sentences(train, context);
        var settings = new SkipGramSettings
        {
            Size = options.EmbeddingSize,
            Window = options.Window,
            Negatives = options.Negatives,
            NegativeExponent = options.NegativeExponent,
            Subsampling = options.Subsampling,

            // Every pass is read as sentences of their own.
            MinCount = (int)Math.Min(int.MaxValue, (long)options.MinCount * options.Epochs),
            LearningRate = options.LearningRate,
        };
        SkipGram vectors = SkipGram.Train(
            sentences, train.Items.Count, settings, context.Seed, $"{Name}/vectors", context.Threads, (done, total) => context.Report("sentences", done, total),
            context.Cancellation, watch: WatchedEpochs.Of(context, options.Epochs, Recommender));
        return Recommender(vectors);

        IRecommender Recommender(SkipGram vectors)
        {
            DenseMatrix inputs = Take(vectors, outputs: false);
            return new Item2VecRecommender(options, train, inputs, options.Score == VectorScore.Context ? Take(vectors, outputs: true) : inputs);
        }

        DenseMatrix Take(SkipGram vectors, bool outputs)
        {
            var matrix = new DenseMatrix(train.Items.Count, options.EmbeddingSize);
            for (int i = 0; i < matrix.Rows; i++)
            {
                CancellationScope.CheckAt(i);
                if (vectors.Counts.Span[i] < settings.MinCount)
                {
                    continue;
                }

                Span<float> row = matrix.Row(i);
                (outputs ? vectors.Output(i) : vectors.Input(i)).CopyTo(row);
                float norm = TensorPrimitives.Norm<float>(row);
                if (!float.IsFinite(norm))
                {
                    throw new ModelFitException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"model '{Owner}': the vector of item {i} ('{train.Items[i]}') is not finite; {Remedy ?? string.Create(CultureInfo.InvariantCulture, $"lower learning_rate, now {options.LearningRate}")}"));
                }

                if (options.Score == VectorScore.Cosine)
                {
                    TensorPrimitives.Divide(row, norm == 0 ? 1 : norm, row);
                }
            }

            return matrix;
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix inputs = artifact.Dense("item_vectors"), targets = options.Score == VectorScore.Context ? artifact.Dense("item_outputs") : inputs;
        int items = train.Items.Count, size = options.EmbeddingSize;
        return inputs.Rows == items && targets.Rows == items && inputs.Columns == size && targets.Columns == size
            ? new Item2VecRecommender(options, train, inputs, targets)
            : throw new DatasetException(
                $"model '{Name}' was stored with {inputs.Rows} × {inputs.Columns} item vectors, which do not fit {items} items and embedding_size {size}; "
                + "load it with the dataset it was trained on");
    }

    private ItemSentences Sentences(Dataset train, FitContext context)
    {
        string remedy = Remedy ?? $"lower epochs, now {options.Epochs}";
        if (options.Sentences == ItemSentenceKind.Sets)
        {
            CsrMatrix pairs = UserItemMatrix.Binary(train);
            return new ItemSentences(pairs.ColumnIndex, pairs.RowStart, isShuffled: true, options.Epochs, context.Seed, $"{Name}/sentences", Owner, remedy);
        }

        try
        {
            bool isCut = options.Sentences == ItemSentenceKind.Sessions;
            _ = Sequences.Of(train);
            return new ItemSentences(
                train.ItemIndex, isCut ? Sessions.Of(train, options.SessionMinutes).RowStart : train.UserStart(), isShuffled: false, options.Epochs, context.Seed,
                $"{Name}/sentences", Owner, remedy);
        }
        catch (DatasetException e)
        {
            throw new DatasetException($"model '{Owner}': {e.Message}, or set sentences=sets");
        }
    }
}

/// <summary>Ranges of items as sentences, several passes over them, in an order drawn once; long ones are cut.</summary>
internal sealed class ItemSentences : ISentences
{
    private const int Longest = 1000;

    private readonly ReadOnlyMemory<int> _items;
    private readonly List<(int Start, int End, int First, int Count)> _pieces = [];
    private readonly int[] _order;
    private readonly bool _isShuffled;
    private readonly ulong _seed;
    private readonly string _name;

    /// <param name="items">Items of all sentences, one after another.</param>
    /// <param name="start">Where every sentence begins, and the end of the last.</param>
    /// <param name="isShuffled">In a random order, anew in every pass.</param>
    /// <param name="passes">How many.</param>
    /// <param name="seed">Of the generators.</param>
    /// <param name="name">Their name.</param>
    /// <param name="owner">Name of the model, for messages.</param>
    /// <param name="remedy">What to do where there are too many, for messages.</param>
    /// <exception cref="ModelFitException">More than 2³¹ − 1 sentences.</exception>
    public ItemSentences(ReadOnlyMemory<int> items, ReadOnlyMemory<int> start, bool isShuffled, int passes, ulong seed, string name, string owner = "item2vec", string remedy = "lower epochs")
    {
        (_items, _isShuffled, _seed, _name) = (items, isShuffled, seed, name);
        ReadOnlySpan<int> starts = start.Span;
        for (int s = 0; s + 1 < starts.Length; s++)
        {
            CancellationScope.CheckAt(s);

            // A single item has no context.
            for (int first = starts[s]; starts[s + 1] - first >= 2; first += Longest)
            {
                int count = Math.Min(Longest, starts[s + 1] - first);
                _pieces.Add((starts[s], starts[s + 1], first - starts[s], count));
                MaxLength = Math.Max(MaxLength, count);
            }
        }

        long all = (long)_pieces.Count * passes;
        Count = all <= int.MaxValue ? (int)all
            : throw new ModelFitException($"model '{owner}': {passes} passes over {_pieces.Count} sentences are more than {int.MaxValue}; {remedy}");
        _order = [.. Enumerable.Range(0, _pieces.Count)];
        new Rng(seed, $"{name}/order").Shuffle<int>(_order);
    }

    public int Count { get; }

    public int MaxLength { get; } = 1;

    public void Read(int first, Span<int> lengths, Span<int> words)
    {
        for (int s = 0; s < lengths.Length; s++)
        {
            int pass = (first + s) / _order.Length;
            (int start, int end, int skip, int count) = _pieces[_order[(first + s) % _order.Length]];
            ReadOnlySpan<int> sentence = _items.Span[start..end];
            if (_isShuffled)
            {
                // All of the sentence, so that its pieces are drawn from the whole.
                int[] shuffled = sentence.ToArray();
                new Rng(_seed, string.Create(CultureInfo.InvariantCulture, $"{_name}/{pass}/{start}")).Shuffle<int>(shuffled);
                sentence = shuffled;
            }

            sentence.Slice(skip, count).CopyTo(words[(s * MaxLength)..]);
            lengths[s] = count;
        }
    }
}

internal sealed class Item2VecRecommender : IVectorRecommender, IExplains, IItemSimilarity
{
    private readonly Item2VecOptions _options;
    private readonly ListenerVector _vector;
    private readonly CsrMatrix _listeners;
    private readonly DenseMatrix _inputs, _targets;

    public Item2VecRecommender(Item2VecOptions options, Dataset train, DenseMatrix inputs, DenseMatrix targets)
    {
        (_options, _inputs, _targets, Items) = (options, inputs, targets, train.Items);

        // Items played too rarely or alone have a vector of zeros.
        ItemVectors = UnheardItems.HideZeros(targets);
        _vector = new ListenerVector(options.Weighted, options.HalfLifeDays);
        _listeners = _vector.OfAll(train);
    }

    public Vocabulary Items { get; }

    public DenseMatrix ItemVectors { get; }

    public void Score(Query query, Span<float> scores) => FactorScores.Write(this, query, scores);

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        if (vector.Length != _options.EmbeddingSize)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {_options.EmbeddingSize} values", nameof(vector));
        }

        var mean = new float[vector.Length];
        if (Mean(_vector.Of(query, _listeners), mean) == 0)
        {
            return false;
        }

        mean.CopyTo(vector);
        return true;
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, Items);
        ScoreBuffer.Check(query, _listeners.Rows, Items.Count);
        (ReadOnlySpan<int> items, ReadOnlySpan<float> values) = _vector.Of(query, _listeners);
        float scale = Mean(new HeardItems(items, values), new float[_options.EmbeddingSize]);
        var reasons = new List<Reason>();
        for (int n = 0; n < items.Length; n++)
        {
            double weight = (double)scale * values[n] * TensorPrimitives.Dot<float>(_inputs.Row(items[n]), _targets.Row(itemIndex));
            if (weight > 0)
            {
                reasons.Add(new Reason(items[n], weight, "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(Math.Max(0, count))];
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(Items, _inputs, _options.EmbeddingSize, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("item_vectors", _inputs);
        if (_options.Score == VectorScore.Context)
        {
            artifact.Add("item_outputs", _targets);
        }
    }

    /// <summary>Writes the listener's vector; returns what every item's value was multiplied by, 0 where none of them has a vector.</summary>
    private float Mean(HeardItems heard, Span<float> mean)
    {
        (ReadOnlySpan<int> items, ReadOnlySpan<float> values) = heard;
        mean.Clear();
        double sum = 0;
        for (int n = 0; n < items.Length; n++)
        {
            TensorPrimitives.MultiplyAdd(_inputs.Row(items[n]), values[n], mean, mean);
            sum += values[n];
        }

        float norm = TensorPrimitives.Norm<float>(mean);
        if (norm == 0 || !(sum > 0))
        {
            return 0;
        }

        float scale = (float)(1 / (_options.Score == VectorScore.Cosine ? norm : sum));
        TensorPrimitives.Multiply(mean, scale, mean);
        return scale;
    }
}
