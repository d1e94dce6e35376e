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

/// <summary>Options of <see cref="HybridTwoTower"/>.</summary>
public sealed record HybridTwoTowerOptions : ModelOptions
{
    /// <summary>Length of every item's and listener's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every item's and listener's vector")]
    public int EmbeddingSize { get; init; } = 128;

    /// <summary>Neurons between the features and the vector.</summary>
    [Range(1, 8192)]
    [Description("neurons between an item's features and its vector")]
    public int HiddenSize { get; init; } = 64;

    /// <summary>The item tower reads the standardised features.</summary>
    [Description("read the item's features; without, none are needed")]
    public bool Features { get; init; } = true;

    /// <summary>The item tower reads the artist.</summary>
    [Description("read the item's artist, where it is known")]
    public bool Artists { get; init; } = true;

    /// <summary>Share of items that are recognised by features and artist only, in every step.</summary>
    [Range(0.0, 1.0)]
    [Description("share of items that lose their own vector in a step, so that features and artist learn to stand in; 0: features are not learned")]
    public double ItemDropout { get; init; } = 0.1;

    /// <summary>Share of a listener's items hidden in every step.</summary>
    [Range(0.0, 0.95)]
    [Description("share of a listener's items hidden from it in a step; all are to be found")]
    public double HistoryDropout { get; init; } = 0.5;

    /// <summary>Items drawn for every step to tell the listeners' own apart from.</summary>
    [Range(0, 10_000_000)]
    [Description("items drawn for a step to tell the listeners' own apart from, corrected for the draw; 0 for all items")]
    public int NegativeCount { get; init; }

    /// <summary>Passes over the listeners.</summary>
    [Range(1, 100_000)]
    [Description("passes over the listeners")]
    public int Epochs { get; init; } = 18;

    /// <summary>Listeners in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("listeners in a step")]
    public int BatchSize { get; init; } = 256;

    /// <summary>Step size of AdamW.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of AdamW")]
    public double LearningRate { get; init; } = 0.002;

    /// <summary>Decoupled weight decay.</summary>
    [Range(0.0, 10.0)]
    [Description("decoupled weight decay")]
    public double Regularization { get; init; }
}

/// <summary>
/// Two towers: an item's vector comes from its own embedding, its artist and its audio features, a listener's from the items it heard; trained
/// so that a listener points to its items. Items nobody ever heard are recommended by artist and sound.
/// </summary>
/// <remarks>
/// <para>
/// v_i = a_artist(i) + e_i for an item that was heard and a_artist(i) + MLP(f_i) for one that was not; h_u = Σ_{j ∈ H_u} v_j / √|H_u|; s(u, i) = h_u·v_i + b_i. Loss: −Σ_{i heard by u} ln softmax_i s(u, i) over all heard
/// items of the catalog (or over the step's own items and some drawn ones, each score lowered by ln of its chance to be there), with a random half of H_u
/// hidden, and a random share of the items taken for unheard, so that the sound of an item learns to stand in for it. AdamW. (The sum of all three parts was
/// tried: the features then cost heard items more than they bring, NDCG@20 .1383 against .1426 on the validation part of seed 004's data.)
/// </para>
/// <para>
/// Sources: Covington, Adams and Sargin, "Deep neural networks for YouTube recommendations", RecSys 2016 (pooled history); Liang et al., "Variational
/// autoencoders for collaborative filtering", WWW 2018 (multinomial likelihood, hidden input); Volkovs, Yu and Poutanen, "DropoutNet", NIPS 2017 (dropped
/// embeddings for cold items). Items without training interactions have the bias of the least heard items; an unknown artist counts 0.
/// A listener is nothing but its history, so that fold-in is exact: a known listener and its history get the same scores.
/// Time O(epochs · listeners · items · d); memory 4 · batch · items bytes for the scores of a step, twice.
/// </para>
/// </remarks>
public sealed class HybridTwoTower(HybridTwoTowerOptions options) : IKeepsCheckpoints
{
    private const string Name = "hybrid-two-tower";
    private const float Deviation = 0.05f, OutputScale = 0.1f;

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
        RequireRoom(train, pairs);
        var tower = new ItemTower(options, train, pairs, context);
        var optimizer = new Adam(tower.Parameters, options.LearningRate, options.Regularization, Decay.Decoupled, threads: context.Threads);
        int[] listeners = [.. Enumerable.Range(0, pairs.Rows).Where(u => pairs.RowLength(u) > 0)];
        var batch = new HistoryBatch(pairs, tower.Heard, options);
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        NeuralFit.Run(Name, context, listeners.Length, optimizer, settings, step =>
        {
            batch.Fill(listeners, step.Batch.Span, step.Rng);
            Variable vectors = tower.Apply(step.Tape, step.Rng);
            Variable history = vectors.GatherSum(batch.Input, batch.InputStart, batch.InputWeight);
            Variable bias = step.Tape.Use(tower.Bias);
            if (!batch.Candidates.IsEmpty)
            {
                vectors = vectors.Gather(batch.Candidates);
                bias = step.Tape.Constant([1f], 1, 1).MatMulTransposed(bias.Gather(batch.Candidates))
                    .Subtract(step.Tape.Constant(batch.LogChance.Span, 1, batch.LogChance.Length));
            }
            else
            {
                bias = step.Tape.Constant([1f], 1, 1).MatMulTransposed(bias);
            }

            Variable scores = history.MatMulTransposed(vectors).Add(bias);
            step.Add("multinomial", scores.MultinomialLoss(batch.Target, batch.TargetStart));
        }, Snapshot);
        return Snapshot();

        HybridTwoTowerRecommender Snapshot()
        {
            (DenseMatrix vectors, float[] bias) = tower.All();
            return new HybridTwoTowerRecommender(train.Items, pairs, vectors, bias);
        }
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix vectors = artifact.Dense("item_vectors");
        float[] bias = artifact.Floats("item_bias");
        return vectors.Rows == train.Items.Count && bias.Length == vectors.Rows && vectors.Columns == options.EmbeddingSize
            ? new HybridTwoTowerRecommender(train.Items, UserItemMatrix.Binary(train), vectors, bias)
            : throw new DatasetException(
                $"model '{Name}' was stored with {vectors.Rows} × {vectors.Columns} item vectors and {bias.Length} biases, which do not fit "
                + $"{train.Items.Count} items and embedding_size {options.EmbeddingSize}; load it with the dataset it was trained on");
    }

    private void RequireRoom(Dataset train, CsrMatrix pairs)
    {
        int size = options.EmbeddingSize, listeners = Enumerable.Range(0, pairs.Rows).Count(u => pairs.RowLength(u) > 0);
        int heard = pairs.ColumnIndex.Distinct().Count(), rows = Math.Min(options.BatchSize, listeners);
        NeuralFit.RequireRoom(
            Name, "embedding_size", size, "values in vectors", Math.Max(pairs.Columns, train.Catalog.Artists.Count + 1), size + 1, copies: 4);
        NeuralFit.RequireRoom(Name, "hidden_size", options.HiddenSize, "hidden values", options.Features ? pairs.Columns : 0, options.HiddenSize, copies: 2);
        bool isSampled = options.NegativeCount > 0 && options.NegativeCount < heard;
        NeuralFit.RequireRoom(Name, "batch_size", options.BatchSize, "scores a step", rows, isSampled ? 1 : heard, copies: 2);
    }

    /// <summary>Vectors of items: of those heard in training while training, of all afterwards.</summary>
    private sealed class ItemTower
    {
        private readonly HybridTwoTowerOptions _options;
        private readonly FitContext _context;
        private readonly CsrMatrix _pairs;
        private readonly Parameter _own;
        private readonly Parameter? _artists;
        private readonly Mlp? _network;
        private readonly DenseMatrix? _features;
        private readonly Parameter? _heardFeatures;
        private readonly int[] _artistOf, _heardArtist;
        private readonly float[] _keep, _drop;

        public ItemTower(HybridTwoTowerOptions options, Dataset train, CsrMatrix pairs, FitContext context)
        {
            (_options, _context, _pairs) = (options, context, pairs);
            int size = options.EmbeddingSize;
            var isHeard = new bool[pairs.Columns];
            foreach (int item in pairs.ColumnIndex)
            {
                isHeard[item] = true;
            }

            Heard = [.. Enumerable.Range(0, pairs.Columns).Where(i => isHeard[i])];
            (_keep, _drop) = (new float[Heard.Length], new float[Heard.Length]);
            _own = new Parameter("item_embedding", Heard.Length, size).Gaussian(context.CreateRng($"{Name}/items"), Deviation);
            Bias = new Parameter("item_bias", Heard.Length, 1);

            // The last artist stands for all that are unknown or have no heard item; it stays 0.
            ReadOnlySpan<int> artists = train.Catalog.ItemArtist.Span;
            int artistCount = options.Artists && !artists.IsEmpty ? train.Catalog.Artists.Count : 0;
            var isKnown = new bool[artistCount];
            foreach (int item in Heard)
            {
                if (artistCount > 0 && artists[item] >= 0)
                {
                    isKnown[artists[item]] = true;
                }
            }

            _artistOf = new int[pairs.Columns];
            for (int i = 0; i < _artistOf.Length; i++)
            {
                _artistOf[i] = artistCount > 0 && artists[i] >= 0 && isKnown[artists[i]] ? artists[i] : artistCount;
            }

            _heardArtist = [.. Heard.Select(i => _artistOf[i])];
            _artists = artistCount > 0
                ? new Parameter("artist_embedding", artistCount + 1, size).Gaussian(context.CreateRng($"{Name}/artists"), Deviation) : null;
            _artists?.Row(artistCount).Clear();
            if (options.Features)
            {
                _features = FeatureTable.Of(train, $"model '{Name}'").Values;
                _network = new Mlp("features", [_features.Columns, options.HiddenSize, size], context.CreateRng($"{Name}/features"));

                // Scores are products of two sums over vectors: sound must start as quiet as the other parts.
                Span<float> last = _network.Layers[^1].Weight.Value;
                TensorPrimitives.Multiply(last, OutputScale, last);
                _heardFeatures = new Parameter("heard_features", Heard.Length, _features.Columns, isFrozen: true);
                for (int n = 0; n < Heard.Length; n++)
                {
                    _features.Row(Heard[n]).CopyTo(_heardFeatures.Row(n));
                }
            }
        }

        /// <summary>Items with training interactions.</summary>
        public int[] Heard { get; }

        /// <summary>Bias of every heard item.</summary>
        public Parameter Bias { get; }

        public IEnumerable<Parameter> Parameters =>
            [_own, Bias, .. new[] { _artists }.OfType<Parameter>(), .. _network?.Parameters ?? []];

        /// <summary>Vectors of the heard items, some without their own part.</summary>
        public Variable Apply(Tape tape, Rng rng)
        {
            for (int n = 0; n < _keep.Length; n++)
            {
                _keep[n] = rng.NextSingle() >= _options.ItemDropout ? 1f : 0f;
                _drop[n] = 1f - _keep[n];
            }

            Variable vectors = tape.Use(_own).Multiply(tape.Constant(_keep, _keep.Length, 1));
            if (_artists is not null)
            {
                // The gradient of the last row is thrown away: it is no artist.
                _artists.Row(_artists.Rows - 1).Clear();
                vectors = vectors.Add(tape.Use(_artists).Gather(_heardArtist));
            }

            return _network is null || _options.ItemDropout == 0
                ? vectors : vectors.Add(_network.Apply(tape.Use(_heardFeatures!)).Multiply(tape.Constant(_drop, _drop.Length, 1)));
        }

        /// <summary>Vectors and biases of all items.</summary>
        public (DenseMatrix Vectors, float[] Bias) All()
        {
            int size = _options.EmbeddingSize, items = _pairs.Columns;
            var vectors = new DenseMatrix(items, size);
            if (_network is not null)
            {
                var tape = new Tape(_context.Threads);
                _network.Apply(tape.Constant(_features!.Values, items, _features.Columns)).Value.CopyTo(vectors.Values);
            }

            for (int i = 0; i < items && _artists is not null; i++)
            {
                if (_artistOf[i] < _artists.Rows - 1)
                {
                    TensorPrimitives.Add<float>(vectors.Row(i), _artists.Row(_artistOf[i]), vectors.Row(i));
                }
            }

            var bias = new float[items];
            Array.Fill(bias, LeastHeardBias());
            for (int n = 0; n < Heard.Length; n++)
            {
                Span<float> vector = vectors.Row(Heard[n]);
                _own.Row(n).CopyTo(vector);
                if (_artists is not null && _heardArtist[n] < _artists.Rows - 1)
                {
                    TensorPrimitives.Add(vector, _artists.Row(_heardArtist[n]), vector);
                }

                bias[Heard[n]] = Bias.Value[n];
            }

            foreach (float[] learned in new[] { vectors.Values, bias })
            {
                if (learned.Length > 0 && !float.IsFinite(TensorPrimitives.MaxMagnitude<float>(learned)))
                {
                    throw new ModelFitException(
                        $"model '{Name}': the vectors are no longer finite; lower learning_rate below {OptionsText.Format(_options.LearningRate)}");
                }
            }

            return (vectors, bias);
        }

        private float LeastHeardBias()
        {
            if (Heard.Length == 0)
            {
                return 0f;
            }

            var listeners = new int[_pairs.Columns];
            foreach (int item in _pairs.ColumnIndex)
            {
                listeners[item]++;
            }

            int least = Heard.Min(i => listeners[i]);
            return (float)Enumerable.Range(0, Heard.Length).Where(n => listeners[Heard[n]] == least).Average(n => Bias.Value[n]);
        }
    }

    /// <summary>Histories of a step: what is shown, what is to be found, and among what.</summary>
    private sealed class HistoryBatch
    {
        private readonly CsrMatrix _pairs;
        private readonly HybridTwoTowerOptions _options;
        private readonly int[] _place, _candidateOf;
        private readonly double[] _share;
        private readonly int _heardCount;
        private int[] _input = [], _target = [], _inputStart = [], _targetStart = [];
        private float[] _inputWeight = [];

        public HistoryBatch(CsrMatrix pairs, int[] heard, HybridTwoTowerOptions options)
        {
            (_pairs, _options, _heardCount) = (pairs, options, heard.Length);
            _place = new int[pairs.Columns];
            _share = new double[heard.Length];
            _candidateOf = new int[heard.Length];
            Array.Fill(_candidateOf, -1);
            for (int n = 0; n < heard.Length; n++)
            {
                _place[heard[n]] = n;
            }

            foreach (int item in pairs.ColumnIndex)
            {
                _share[_place[item]] += 1.0 / pairs.Rows;
            }
        }

        public ReadOnlyMemory<int> Input { get; private set; }

        public ReadOnlyMemory<int> InputStart { get; private set; }

        public ReadOnlyMemory<float> InputWeight { get; private set; }

        public ReadOnlyMemory<int> Target { get; private set; }

        public ReadOnlyMemory<int> TargetStart { get; private set; }

        /// <summary>Heard items the scores are over, or empty for all.</summary>
        public ReadOnlyMemory<int> Candidates { get; private set; }

        /// <summary>ln of the chance of every candidate to be one.</summary>
        public ReadOnlyMemory<float> LogChance { get; private set; }

        public void Fill(int[] listeners, ReadOnlySpan<int> batch, Rng rng)
        {
            int total = 0;
            foreach (int b in batch)
            {
                total += _pairs.RowLength(listeners[b]);
            }

            if (_input.Length < total)
            {
                int room = (int)Math.Min(2L * total, Array.MaxLength);
                (_input, _target, _inputWeight) = (new int[room], new int[room], new float[room]);
            }

            if (_inputStart.Length < batch.Length + 1)
            {
                (_inputStart, _targetStart) = (new int[batch.Length + 1], new int[batch.Length + 1]);
            }

            int shown = 0, wanted = 0;
            for (int r = 0; r < batch.Length; r++)
            {
                (_inputStart[r], _targetStart[r]) = (shown, wanted);
                foreach (int item in _pairs.RowColumns(listeners[batch[r]]))
                {
                    _target[wanted++] = _place[item];
                    if (rng.NextSingle() >= _options.HistoryDropout)
                    {
                        _input[shown++] = _place[item];
                    }
                }

                float weight = 1f / MathF.Sqrt(Math.Max(1, shown - _inputStart[r]));
                Array.Fill(_inputWeight, weight, _inputStart[r], shown - _inputStart[r]);
            }

            (_inputStart[batch.Length], _targetStart[batch.Length]) = (shown, wanted);
            (Input, InputStart, InputWeight) = (_input.AsMemory(0, shown), _inputStart.AsMemory(0, batch.Length + 1), _inputWeight.AsMemory(0, shown));
            (Target, TargetStart) = (_target.AsMemory(0, wanted), _targetStart.AsMemory(0, batch.Length + 1));
            if (_options.NegativeCount > 0 && _options.NegativeCount < _heardCount)
            {
                Draw(batch.Length, wanted, rng);
            }
        }

        /// <summary>The items of the step and some drawn ones; targets become places among them.</summary>
        private void Draw(int listeners, int wanted, Rng rng)
        {
            var candidates = new List<int>();
            for (int n = 0; n < wanted + _options.NegativeCount; n++)
            {
                int item = n < wanted ? _target[n] : rng.Next(_heardCount);
                if (_candidateOf[item] < 0)
                {
                    _candidateOf[item] = candidates.Count;
                    candidates.Add(item);
                }
            }

            for (int n = 0; n < wanted; n++)
            {
                _target[n] = _candidateOf[_target[n]];
            }

            double missed = Math.Pow(1 - (1.0 / _heardCount), _options.NegativeCount);
            LogChance = candidates.Select(c => (float)Math.Log(1 - (missed * Math.Pow(Math.Max(0, 1 - _share[c]), listeners)))).ToArray();
            Candidates = candidates.ToArray();
            foreach (int item in candidates)
            {
                _candidateOf[item] = -1;
            }
        }
    }
}

internal sealed class HybridTwoTowerRecommender : IVectorRecommender, IExplains, IItemSimilarity
{
    private readonly CsrMatrix _pairs;
    private readonly DenseMatrix _vectors;
    private readonly float[] _bias;

    public HybridTwoTowerRecommender(Vocabulary items, CsrMatrix pairs, DenseMatrix vectors, float[] bias)
    {
        (Items, _pairs, _vectors, _bias) = (items, pairs, vectors, bias);

        // The bias is one more column, which meets a 1.
        ItemVectors = new DenseMatrix(vectors.Rows, vectors.Columns + 1);
        for (int i = 0; i < vectors.Rows; i++)
        {
            CancellationScope.CheckAt(i);
            vectors.Row(i).CopyTo(ItemVectors.Row(i));
            ItemVectors.Row(i)[^1] = bias[i];
        }
    }

    public Vocabulary Items { get; }

    public DenseMatrix ItemVectors { get; }

    public void Score(Query query, Span<float> scores) => FactorScores.Write(this, query, scores);

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, _pairs.Rows, Items.Count);
        if (vector.Length != ItemVectors.Columns)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {_vectors.Columns} numbers and a 1", nameof(vector));
        }

        ReadOnlySpan<int> history = History(query);
        if (history.IsEmpty)
        {
            return false;
        }

        Span<float> sum = vector[..^1];
        sum.Clear();
        foreach (int item in history)
        {
            TensorPrimitives.Add(sum, _vectors.Row(item), sum);
        }

        TensorPrimitives.Divide(sum, MathF.Sqrt(history.Length), sum);
        vector[^1] = 1f;
        return true;
    }

    /// <summary>A listener's vector is a sum over its items: each item's part of the score is the reason.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.Check(query, _pairs.Rows, Items.Count);
        ScoreBuffer.CheckItem(itemIndex, Items);
        int[] history = History(query).ToArray();
        return count <= 0 ? [] : [.. history
            .Select(h => new Reason(
                h, TensorPrimitives.Dot<float>(_vectors.Row(h), _vectors.Row(itemIndex)) / MathF.Sqrt(history.Length), "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex)
            .Take(count)];
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(Items, _vectors, _vectors.Columns, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("item_vectors", _vectors);
        artifact.Add("item_bias", _bias);
    }

    private ReadOnlySpan<int> History(Query query) =>
        query.IsFoldIn ? FactorHistory.Merge(query).Index : _pairs.RowColumns(query.UserIndex);
}
