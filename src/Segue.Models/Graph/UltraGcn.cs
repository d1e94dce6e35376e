using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Factorization;
using Segue.Models.Hybrid;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Selection;
using Segue.Numerics.Sparse;

namespace Segue.Models.Graph;

/// <summary>Options of <see cref="UltraGcn"/>.</summary>
public sealed record UltraGcnOptions : ModelOptions
{
    /// <summary>Length of every listener's and item's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every listener's and item's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>w₁: weight of every heard pair.</summary>
    [Range(0.0, 1000.0)]
    [Description("w1: weight of every heard pair")]
    public double PositiveBase { get; init; } = 0.02;

    /// <summary>w₂: weight of a heard pair's β.</summary>
    [Range(0.0, 1000.0)]
    [Description("w2: weight of a heard pair grows by this times beta = sqrt((d_u + 1) / (d_i + 1)) / d_u")]
    public double PositiveConstraint { get; init; } = 1;

    /// <summary>w₃: weight of every drawn pair.</summary>
    [Range(0.0, 1000.0)]
    [Description("w3: weight of every drawn pair")]
    public double NegativeBase { get; init; } = 0.02;

    /// <summary>w₄: weight of a drawn pair's β.</summary>
    [Range(0.0, 1000.0)]
    [Description("w4: weight of a drawn pair grows by this times its beta")]
    public double NegativeConstraint { get; init; } = 1;

    /// <summary>Weight of the mean over drawn items beside a heard one.</summary>
    [Range(0.0, 1e6)]
    [Description("weight of the mean over the drawn items beside one heard item")]
    public double NegativeWeight { get; init; } = 100;

    /// <summary>Items drawn in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("items drawn in a step, which all pairs of the step are compared with; as many as there are where there are fewer")]
    public int NegativeCount { get; init; } = 256;

    /// <summary>Most alike items of every item.</summary>
    [Range(0, 1000)]
    [Description("most alike items of every item, which its listeners are drawn to")]
    public int Neighbors { get; init; } = 10;

    /// <summary>λ: weight of the alike items.</summary>
    [Range(0.0, 1000.0)]
    [Description("lambda: weight of the loss over alike items")]
    public double NeighborWeight { get; init; } = 0.3;

    /// <summary>Passes over the pairs.</summary>
    [Range(1, 100_000)]
    [Description("passes over the pairs")]
    public int Epochs { get; init; } = 24;

    /// <summary>Heard pairs in a step.</summary>
    [Range(1, 1_000_000)]
    [Description("heard pairs in a step")]
    public int BatchSize { get; init; } = 1024;

    /// <summary>Step size of Adam in the first epoch; it falls geometrically to a twentieth.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam in the first epoch; it falls geometrically to a twentieth")]
    public double LearningRate { get; init; } = 0.01;

    /// <summary>L2 strength on the item's vector of a heard pair.</summary>
    [Range(0.0, 10.0)]
    [Description("L2 strength on the item's vector of a heard pair")]
    public double Regularization { get; init; } = 0.0003;

    /// <summary>L2 strength on the listener's vector of a heard pair.</summary>
    [Range(1e-9, 10.0)]
    [Description("L2 strength on the listener's vector of a heard pair, in training and where a new listener is folded in")]
    public double ListenerRegularization { get; init; } = 0.02;

    /// <summary>Standard deviation of what is added to the singular vectors that training starts from.</summary>
    [Range(1e-6, 10.0)]
    [Description("standard deviation of the noise on the singular vectors that training starts from")]
    public double InitialDeviation { get; init; } = 0.01;
}

/// <summary>What infinitely many layers of graph convolution would end in, as a loss: vectors of listeners and items without messages.</summary>
/// <remarks>
/// <para>
/// Mean over heard pairs (u, i) of (w₁ + w₂ β_ui) softplus(−s_ui) + W mean_j (w₃ + w₄ β_uj) softplus(s_uj)
/// + λ Σ over the K items k most alike to i of ω_ik softplus(−s_uk) + ½ (γ_u |e_u|² + γ |e_i|²), with s = e_u·e_i,
/// β_ui = √((d_u + 1) / (d_i + 1)) / d_u, ω_ik = G_ik / (g_i − G_ii) · √(g_i / g_k), G = RᵀR over 0 and 1 and g its row sums.
/// Source: Mao, Zhu, Xiao, Lu, Wang and He, "UltraGCN: ultra simplification of graph convolutional networks for recommendation",
/// CIKM 2021, equations 8 to 16, with the weights w, W, λ and γ of its public code.
/// </para>
/// <para>
/// What differs: the items j of a step are drawn once for all of its pairs, so that their scores are one product of matrices, and a
/// listener's own are left out; γ counts by pair, with a strength of its own for listeners; and training starts from the largest singular
/// vectors of D_u^(−½) R D_i^(−½), in which infinitely many layers end, where the source starts from noise: a few epochs then do what
/// took hundreds.
/// </para>
/// <para>
/// A new listener's vector is the minimum of its own part of the loss with the items fixed, which is convex: a weighted logistic
/// regression, always with the same drawn items. Where other edges are observed, listeners whose items changed are solved for from the
/// vectors they had. Lazy Adam. Time O(epochs · pairs · (drawn + K) · d) and O(Σ over listeners of items²) for
/// G, whose rows are made one by one and cut to K; memory 16 (users + items) d bytes, 8 bytes an alike item, and 8 · batch · drawn in a
/// step. Weights are not used.
/// </para>
/// </remarks>
public sealed class UltraGcn(UltraGcnOptions options) : IKeepsCheckpoints
{
    private const string Name = "ultragcn";
    private const float StartScale = 5, StartOffset = 2;
    private const double LastRate = 0.05;

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
        int size = options.EmbeddingSize;
        NeuralFit.RequireRoom(Name, "embedding_size", size, "values in vectors", (long)pairs.Rows + pairs.Columns, size, copies: 4);
        NeuralFit.RequireRoom(
            Name, "batch_size", options.BatchSize, "scores a step", Math.Min(options.BatchSize, pairs.Count), Math.Min(options.NegativeCount, pairs.Columns), copies: 4);
        var constraints = UltraGcnConstraints.Of(options, pairs, context);
        var users = new Embedding("user_vectors", pairs.Rows, size, context.CreateRng($"{Name}/users"), (float)options.InitialDeviation);
        var items = new Embedding("item_vectors", pairs.Columns, size, context.CreateRng($"{Name}/items"), (float)options.InitialDeviation);
        Start(pairs, users.Table, items.Table, context);
        var batches = new UltraGcnBatches(options, pairs, constraints);
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            LearningRateDecay = Math.Pow(LastRate, 1.0 / options.Epochs),
            CreateRng = context.CreateRng,
            OnEpochStart = (_, _) => batches.Start(),
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        var optimizer = new Adam([users.Table, items.Table], options.LearningRate, threads: context.Threads);
        NeuralFit.Run(Name, context, pairs.Count, optimizer, settings, step => batches.Add(step, users, items), Snapshot);
        return Snapshot();

        UltraGcnRecommender Snapshot() => new(options, train, pairs, constraints, Matrix(users.Table), Matrix(items.Table));
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix users = artifact.Dense("user_vectors"), items = artifact.Dense("item_vectors");
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        return users.Rows == pairs.Rows && items.Rows == pairs.Columns && users.Columns == options.EmbeddingSize && items.Columns == options.EmbeddingSize
            ? new UltraGcnRecommender(options, train, pairs, UltraGcnConstraints.Load(artifact, pairs.Columns, Name), users, items)
            : throw new DatasetException(
                $"model '{Name}' was stored with {users.Rows} × {users.Columns} user and {items.Rows} × {items.Columns} item vectors, which do not fit "
                + $"{pairs.Rows} users, {pairs.Columns} items and embedding_size {options.EmbeddingSize}; load it with the dataset it was trained on");
    }

    /// <summary>
    /// √(c d_u) U √Σ and √(c d_i) V √Σ of the largest singular values of D_u^(−½) R D_i^(−½): what messages over infinitely many layers leave.
    /// One more column is b for listeners and −b for items, so that a pair nobody knows of begins as unlikely. Noise lets columns beyond the
    /// rank be learned.
    /// </summary>
    private void Start(CsrMatrix pairs, Parameter users, Parameter items, FitContext context)
    {
        int rank = Math.Min(options.EmbeddingSize - 1, Math.Min(pairs.Rows, pairs.Columns));
        if (rank < 1 || pairs.Count == 0)
        {
            return;
        }

        CsrMatrix byItem = pairs.Transpose();
        var values = new float[pairs.Count];
        for (int u = 0; u < pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = pairs.RowStart[u]; n < pairs.RowStart[u + 1]; n++)
            {
                values[n] = 1f / MathF.Sqrt((float)pairs.RowLength(u) * byItem.RowLength(pairs.ColumnIndex[n]));
            }
        }

        context.Report("singular vectors", 0, 1);
        TruncatedSvd svd = TruncatedSvd.Compute(
            pairs.WithValues(values), rank, context.CreateRng($"{Name}/singular-vectors"), threads: context.Threads, cancellation: context.Cancellation);
        context.Report("singular vectors", 1, 1);
        Add(users, svd.Left, pairs, StartOffset);
        Add(items, svd.Right, byItem, -StartOffset);

        void Add(Parameter table, DenseMatrix vectors, CsrMatrix edges, float last)
        {
            for (int r = 0; r < table.Rows; r++)
            {
                CancellationScope.CheckAt(r);
                Span<float> row = table.Row(r);
                for (int c = 0; c < svd.Values.Count; c++)
                {
                    row[c] += MathF.Sqrt(StartScale * edges.RowLength(r) * (float)svd.Values[c]) * vectors.Row(r)[c];
                }

                row[rank] += last;
            }
        }
    }

    private static DenseMatrix Matrix(Parameter parameter) => new(parameter.Rows, parameter.Columns, parameter.Value.ToArray());
}

/// <summary>The weights of the loss that come from the graph.</summary>
/// <param name="OfItem">1 / √(d_i + 1).</param>
/// <param name="Alike">ω, items × items, the largest of every row.</param>
internal sealed record UltraGcnConstraints(float[] OfItem, CsrMatrix Alike)
{
    public const string AlikeName = "alike", OfItemName = "item_constraint";

    /// <summary>What training stored: to find the alike items again takes a good part of it.</summary>
    /// <exception cref="DatasetException">The arrays do not fit the data.</exception>
    public static UltraGcnConstraints Load(ArtifactReader artifact, int items, string model)
    {
        CsrMatrix alike = artifact.Sparse(AlikeName);
        float[] ofItem = artifact.Floats(OfItemName);
        return alike.Rows == items && alike.Columns == items && ofItem.Length == items
            ? new UltraGcnConstraints(ofItem, alike)
            : throw new DatasetException(
                $"model '{model}' was stored with {alike.Rows} × {alike.Columns} alike items and {ofItem.Length} constraints, which do not fit {items} items; "
                + "load it with the dataset it was trained on");
    }

    public static UltraGcnConstraints Of(UltraGcnOptions options, CsrMatrix pairs, FitContext context)
    {
        CsrMatrix byItem = pairs.Transpose();
        float[] ofItem = [.. Enumerable.Range(0, pairs.Columns).Select(i => 1f / MathF.Sqrt(byItem.RowLength(i) + 1f))];
        return new UltraGcnConstraints(ofItem, AlikeItems(pairs, byItem, options.Neighbors, context));
    }

    /// <summary>√(d_u + 1) / d_u.</summary>
    public static float OfUser(int degree) => degree == 0 ? 0f : MathF.Sqrt(degree + 1f) / degree;

    /// <summary>The largest ω of every row, row by row; O(Σ over listeners of items²).</summary>
    internal static CsrMatrix AlikeItems(CsrMatrix pairs, CsrMatrix byItem, int most, FitContext context)
    {
        int items = pairs.Columns;

        // g_i = Σ over listeners of i of their number of items.
        var sum = new double[items];
        for (int i = 0; i < items; i++)
        {
            CancellationScope.CheckAt(i);
            foreach (int user in byItem.RowColumns(i))
            {
                sum[i] += pairs.RowLength(user);
            }
        }

        // √g_i / (g_i − G_ii) is the same for a whole row and does not change its order.
        float[] inverseRoot = [.. sum.Select(g => g > 0 ? (float)(1 / Math.Sqrt(g)) : 0f)];
        int[][] index = new int[items][];
        float[][] value = new float[items][];
        int kept = Math.Min(most, Math.Max(0, items - 1));
        var scratch = new float[Math.Max(1, context.Threads)][];
        Workers.Run(kept == 0 ? 0 : items, 64, context.Threads, (start, end, worker) =>
        {
            float[] counts = scratch[worker] ??= new float[items];
            int[] best = new int[kept];
            float[] weight = new float[kept];
            for (int i = start; i < end; i++)
            {
                foreach (int user in byItem.RowColumns(i))
                {
                    RowSimilarity.AddRow(pairs, user, 1f, counts);
                }

                counts[i] = 0f;
                TensorPrimitives.Multiply(counts, inverseRoot, counts);
                int found = TopK.Select(counts, best, weight);
                found = weight.AsSpan(0, found).IndexOf(0f) is >= 0 and int zero ? zero : found;
                Array.Clear(counts);
                float row = found == 0 ? 0f : (float)(Math.Sqrt(sum[i]) / (sum[i] - byItem.RowLength(i)));
                TensorPrimitives.Multiply(weight.AsSpan(0, found), row, weight);
                best.AsSpan(0, found).Sort(weight.AsSpan(0, found));
                (index[i], value[i]) = (best[..found], weight[..found]);
            }
        }, context.Cancellation);
        var rowStart = new int[items + 1];
        for (int i = 0; i < items; i++)
        {
            CancellationScope.CheckAt(i);
            rowStart[i + 1] = rowStart[i] + (index[i]?.Length ?? 0);
        }

        return new CsrMatrix(items, items, rowStart, [.. index.SelectMany(r => r ?? [])], [.. value.SelectMany(r => r ?? [])]);
    }
}

/// <summary>The losses of a batch of heard pairs.</summary>
internal sealed class UltraGcnBatches
{
    private readonly UltraGcnOptions _options;
    private readonly CsrMatrix _pairs;
    private readonly UltraGcnConstraints _constraints;
    private readonly int[] _userOf, _place, _all, _drawn;
    private readonly float[] _drawnWeight;
    private readonly NodePairs _near = new();
    private int[] _users = [], _items = [];
    private int[] _left = [], _right = [], _used = [];
    private float[] _userWeight = [], _weight = [], _ones = [], _heardCount = [];

    public UltraGcnBatches(UltraGcnOptions options, CsrMatrix pairs, UltraGcnConstraints constraints)
    {
        (_options, _pairs, _constraints) = (options, pairs, constraints);
        _userOf = new int[pairs.Count];
        for (int u = 0; u < pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            Array.Fill(_userOf, u, pairs.RowStart[u], pairs.RowLength(u));
        }

        (_place, _all) = (new int[pairs.Columns], new int[pairs.Columns]);
        int drawn = Math.Min(options.NegativeCount, pairs.Columns);
        (_drawn, _drawnWeight) = (new int[drawn], new float[drawn]);
        Array.Fill(_place, -1);
    }

    /// <summary>The draws of an epoch do not depend on those of the epochs before.</summary>
    public void Start()
    {
        for (int i = 0; i < _all.Length; i++)
        {
            _all[i] = i;
        }
    }

    public void Add(TrainingStep step, Embedding users, Embedding items)
    {
        ReadOnlySpan<int> batch = step.Batch.Span;
        int count = batch.Length;
        Reserve(count);
        for (int n = 0; n < count; n++)
        {
            int user = _userOf[batch[n]];
            (_users[n], _items[n]) = (user, _pairs.ColumnIndex[batch[n]]);
            _userWeight[n] = UltraGcnConstraints.OfUser(_pairs.RowLength(user));
        }

        Variable w = users.Apply(step.Tape, _users.AsMemory(0, count));
        AddDrawn(step, w, items);
        AddHeard(step, w, items, count);
    }

    private void Reserve(int count)
    {
        if (_users.Length < count)
        {
            (_users, _items, _userWeight) = (new int[count], new int[count], new float[count]);
        }
    }

    /// <summary>W mean over pairs and drawn items of (w₃ + w₄ β) softplus(s).</summary>
    private void AddDrawn(TrainingStep step, Variable w, Embedding items)
    {
        Draw(step.Rng);
        float share = (float)(_options.NegativeWeight / ((double)w.Rows * Math.Max(1, _drawn.Length)));
        for (int n = 0; n < _drawn.Length; n++)
        {
            _drawnWeight[n] = (float)_options.NegativeConstraint * share * _constraints.OfItem[_drawn[n]];
        }

        Variable scores = w.MatMulTransposed(items.Apply(step.Tape, _drawn));
        TakeOutHeard(scores);
        step.Add("drawn", scores.NegativeLogisticLoss(_userWeight.AsSpan(0, w.Rows), _drawnWeight, (float)_options.NegativeBase * share));
    }

    /// <summary>Distinct items, all alike likely.</summary>
    private void Draw(Rng rng)
    {
        // Fisher and Yates as far as needed; the order they were left in by the step before does not change the chances.
        for (int n = 0; n < _drawn.Length; n++)
        {
            int other = n + rng.Next(_all.Length - n);
            (_all[n], _all[other]) = (_all[other], _all[n]);
            _drawn[n] = _all[n];
        }
    }

    /// <summary>A drawn item that the listener has gets a score so low that neither it nor its gradient counts.</summary>
    private void TakeOutHeard(Variable scores)
    {
        for (int n = 0; n < _drawn.Length; n++)
        {
            _place[_drawn[n]] = n;
        }

        for (int r = 0; r < scores.Rows; r++)
        {
            foreach (int item in _pairs.RowColumns(_users[r]))
            {
                if (_place[item] >= 0)
                {
                    scores.Value[(r * scores.Columns) + _place[item]] = -1e30f;
                }
            }
        }

        foreach (int item in _drawn)
        {
            _place[item] = -1;
        }
    }

    /// <summary>The heard items, the items alike to them, and the decay.</summary>
    private void AddHeard(TrainingStep step, Variable w, Embedding items, int count)
    {
        // Every item of the step once: first the heard ones, then those alike.
        int used = 0, near = 0;
        CsrMatrix alike = _constraints.Alike;
        for (int n = 0; n < count; n++)
        {
            near += alike.RowLength(_items[n]);
        }

        int total = count + near;
        if (_left.Length < total)
        {
            (_left, _right, _weight, _ones) = (new int[total], new int[total], new float[total], new float[total]);
            Array.Fill(_ones, 1f);
        }

        if (_used.Length < Math.Min(total, _pairs.Columns))
        {
            _used = new int[Math.Min(total, _pairs.Columns)];
        }

        for (int n = 0; n < count; n++)
        {
            (_left[n], _right[n]) = (n, Place(_items[n]));
            _weight[n] = (float)_options.PositiveBase + ((float)_options.PositiveConstraint * _userWeight[n] * _constraints.OfItem[_items[n]]);
        }

        for (int n = 0, at = count; n < count; n++)
        {
            ReadOnlySpan<int> others = alike.RowColumns(_items[n]);
            ReadOnlySpan<float> weights = alike.RowValues(_items[n]);
            for (int k = 0; k < others.Length; k++, at++)
            {
                (_left[at], _right[at], _weight[at]) = (n, Place(others[k]), weights[k] * (float)_options.NeighborWeight);
            }
        }

        Variable rows = items.Apply(step.Tape, _used.AsMemory(0, used));
        for (int n = 0; n < total; n++)
        {
            _right[n] += count;
        }

        _near.Fill(_left.AsSpan(0, total), _right.AsSpan(0, total), count + used);
        Variable scores = w.ConcatRows(rows).PairDot(_near);
        step.Add("heard", Part(scores, 0, count, count));
        if (near > 0)
        {
            step.Add("alike", Part(scores, count, near, count));
        }

        // Rows of the items in the order of the pairs would be gathered twice: each counts as often as it was heard in the step.
        if (_heardCount.Length < used)
        {
            _heardCount = new float[_pairs.Columns];
        }

        Span<float> heard = _heardCount.AsSpan(0, used);
        heard.Clear();
        for (int n = 0; n < count; n++)
        {
            heard[_right[n] - count]++;
        }

        Variable decay = w.Square().Sum().Scale((float)_options.ListenerRegularization)
            .Add(rows.SquareSum(_heardCount.AsMemory(0, used)).Scale((float)_options.Regularization)).Scale(0.5f / count);
        step.Add("l2", decay);
        for (int n = 0; n < used; n++)
        {
            _place[_used[n]] = -1;
        }

        int Place(int item)
        {
            if (_place[item] < 0)
            {
                _place[item] = used;
                _used[used++] = item;
            }

            return _place[item];
        }
    }

    /// <summary>Σ weight · softplus(−s) / pairs over some of the scores.</summary>
    private Variable Part(Variable scores, int start, int count, int pairs) =>
        scores.SliceRows(start, count).LogisticLoss(_ones.AsSpan(0, count), _weight.AsSpan(start, count)).Scale((float)count / pairs);
}

/// <summary>Vectors of listeners and items; a history is solved for with the items fixed.</summary>
internal sealed class UltraGcnRecommender : IVectorRecommender, IExplains, IItemSimilarity, IObserves, ILearnsListeners
{
    private const int FoldInNegatives = 1024;

    private readonly UltraGcnOptions _options;
    private readonly Dataset _train;
    private readonly CsrMatrix _pairs;
    private readonly UltraGcnConstraints _constraints;
    private readonly DenseMatrix _users, _items;
    private readonly bool[] _isHeard;
    private readonly int[] _drawn;

    public UltraGcnRecommender(
        UltraGcnOptions options, Dataset train, CsrMatrix pairs, UltraGcnConstraints constraints, DenseMatrix users, DenseMatrix itemVectors,
        bool[]? isHeard = null)
    {
        (_options, _train, _pairs, _constraints, _users, _items) = (options, train, pairs, constraints, users, itemVectors);
        _isHeard = isHeard ?? UnheardItems.Heard(pairs);
        ItemVectors = UnheardItems.Hide(itemVectors, i => _isHeard[i]);

        // The same for every history: all items, or some that are always the same.
        _drawn = UnheardSample.Of([], Items.Count, FoldInNegatives, "ultragcn/fold-in");
    }

    public Vocabulary Items => _train.Items;

    public DenseMatrix ItemVectors { get; }

    /// <summary>Listeners with other items than in training are solved for again, pulled to the vectors they had; items stay as they are.</summary>
    public IRecommender Observe(Dataset known, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        SameNodes.Check(_train, known);
        CsrMatrix pairs = UserItemMatrix.Binary(known);
        var users = new DenseMatrix(_users.Rows, _users.Columns, _users.Values.ToArray());
        Workers.Run(users.Rows, 32, context.Threads, (start, end, _) =>
        {
            for (int u = start; u < end; u++)
            {
                if (pairs.RowLength(u) > 0 && !pairs.RowColumns(u).SequenceEqual(_pairs.RowColumns(u)))
                {
                    ReadOnlySpan<float> before = _pairs.RowLength(u) > 0 ? _users.Row(u) : new float[users.Columns];
                    FoldIn(pairs.RowColumns(u).ToArray(), before, users.Row(u), out int[] _);
                }
            }
        }, context.Cancellation);
        return new UltraGcnRecommender(_options, known, pairs, _constraints, users, _items, _isHeard);
    }

    public void Score(Query query, Span<float> scores) => FactorScores.Write(this, query, scores);

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, _pairs.Rows, Items.Count);
        if (vector.Length != ItemVectors.Columns)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {ItemVectors.Columns} numbers", nameof(vector));
        }

        if (query.IsFoldIn)
        {
            int[] history = FactorHistory.Merge(query).Index;
            if (history.Length > 0)
            {
                FoldIn(history, new float[vector.Length], vector, out _);
            }

            return history.Length > 0;
        }

        _users.Row(query.UserIndex).CopyTo(vector);
        return _pairs.RowLength(query.UserIndex) > 0;
    }

    /// <summary>A folded-in vector is a sum of pulls along items: those that come from a heard item, itself and those alike to it, are its reason.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.Check(query, _pairs.Rows, Items.Count);
        ScoreBuffer.CheckItem(itemIndex, Items);
        int[] history = query.IsFoldIn ? FactorHistory.Merge(query).Index : _pairs.RowColumns(query.UserIndex).ToArray();
        if (history.Length == 0 || count <= 0)
        {
            return [];
        }

        float[] vector = new float[ItemVectors.Columns], pulls = FoldIn(history, new float[vector.Length], vector, out int[] rows);
        var reasons = new double[history.Length];
        int at = 0;
        for (int n = 0; n < history.Length; n++)
        {
            int end = at + 1 + _constraints.Alike.RowLength(history[n]);
            for (; at < end; at++)
            {
                reasons[n] += pulls[at] * TensorPrimitives.Dot<float>(_items.Row(rows[at]), _items.Row(itemIndex));
            }
        }

        return [.. history.Select((h, n) => new Reason(h, reasons[n], "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(Items, ItemVectors, ItemVectors.Columns, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("user_vectors", _users);
        artifact.Add("item_vectors", _items);
        artifact.Add(UltraGcnConstraints.AlikeName, _constraints.Alike);
        artifact.Add(UltraGcnConstraints.OfItemName, _constraints.OfItem);
    }

    /// <summary>
    /// Solves for the vector of a history, ascending and distinct; gives the rows of its problem (a heard item, those alike to it, the next; then
    /// drawn ones) and their pulls.
    /// </summary>
    private float[] FoldIn(int[] history, ReadOnlySpan<float> prior, Span<float> vector, out int[] rows)
    {
        CsrMatrix alike = _constraints.Alike;
        int near = history.Sum(alike.RowLength), positive = history.Length + near, count = positive + _drawn.Length, size = ItemVectors.Columns;
        rows = new int[count];
        float[] targets = new float[count], weights = new float[count], values = new float[count * size], pulls = new float[count];
        Array.Fill(targets, 1f, 0, positive);
        float own = UltraGcnConstraints.OfUser(history.Length), perDrawn = (float)(_options.NegativeWeight * history.Length / Math.Max(1, _drawn.Length));
        int at = 0;
        foreach (int item in history)
        {
            (rows[at], weights[at++]) = (item, (float)(_options.PositiveBase + (_options.PositiveConstraint * own * _constraints.OfItem[item])));
            for (int n = alike.RowStart[item]; n < alike.RowStart[item + 1]; n++)
            {
                (rows[at], weights[at++]) = (alike.ColumnIndex[n], (float)_options.NeighborWeight * alike.Values[n]);
            }
        }

        foreach (int item in _drawn)
        {
            float weight = Array.BinarySearch(history, item) >= 0 ? 0f : perDrawn;
            (rows[at], weights[at++]) = (item, weight * (float)(_options.NegativeBase + (_options.NegativeConstraint * own * _constraints.OfItem[item])));
        }

        for (int n = 0; n < count; n++)
        {
            _items.Row(rows[n]).CopyTo(values.AsSpan(n * size));
        }

        LogisticListener.Solve(
            values, new float[count], targets, weights, (float)_options.ListenerRegularization * history.Length, prior, vector, pulls);
        return pulls;
    }
}
