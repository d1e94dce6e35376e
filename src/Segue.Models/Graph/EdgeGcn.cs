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

namespace Segue.Models.Graph;

/// <summary>What a neighbour's message is multiplied with.</summary>
public enum EdgeAggregation
{
    /// <summary>Nothing: all neighbours alike.</summary>
    Naive,

    /// <summary>The weight of the edge.</summary>
    Weight,

    /// <summary>The weight of the edge plus an attention over the neighbours.</summary>
    Attention,
}

/// <summary>How a node takes in the messages of its neighbours.</summary>
public enum EdgeConvolution
{
    /// <summary>The mean of the messages.</summary>
    Gcn,

    /// <summary>The mean of the messages and the node's own state.</summary>
    Sage,

    /// <summary>A gate for every message and number, and the node's own state.</summary>
    Gated,
}

/// <summary>How the states of two nodes become the weight of their edge.</summary>
public enum EdgeReadout
{
    /// <summary>Their dot product and a constant.</summary>
    Dot,

    /// <summary>A network that reads both states and what is known of the pair.</summary>
    Mlp,
}

/// <summary>Options of <see cref="EdgeGcn"/>.</summary>
public sealed record EdgeGcnOptions : ModelOptions
{
    /// <summary>What a neighbour's message is multiplied with.</summary>
    [Description("what a message is multiplied with: naive nothing, weight the edge's weight, attention the weight plus an attention")]
    public EdgeAggregation Aggregation { get; init; } = EdgeAggregation.Attention;

    /// <summary>Standard deviation of the noise on edge weights in training.</summary>
    [Range(0.0, 10.0)]
    [Description("standard deviation of the noise on edge weights in training; 0 for none")]
    public double Noise { get; init; } = 0.1;

    /// <summary>How a node takes in the messages of its neighbours.</summary>
    [Description("how a node takes in messages: gcn their mean, sage also its own state, gated a gate for every message")]
    public EdgeConvolution Convolution { get; init; } = EdgeConvolution.Gcn;

    /// <summary>Give every edge a state of its own that the layers update; gated convolution only.</summary>
    [Description("give every edge a state that the layers update (gated convolution only)")]
    public bool EdgeUpdates { get; init; }

    /// <summary>Layers of message passing; 0 for none.</summary>
    [Range(0, 16)]
    [Description("layers of message passing; 0 for none")]
    public int Layers { get; init; } = 2;

    /// <summary>Length of the state of a node.</summary>
    [Range(1, 1024)]
    [Description("length of the state of a node")]
    public int HiddenSize { get; init; } = 64;

    /// <summary>Most neighbours a node hears in a step.</summary>
    [Range(0, 1_000_000)]
    [Description("most neighbours a node hears in a step, drawn anew each time; 0 for all")]
    public int Neighbors { get; init; }

    /// <summary>How the states of two nodes become the weight of their edge.</summary>
    [Description("how two states become a weight: dot their product, mlp a network that also reads what is known of the pair")]
    public EdgeReadout Readout { get; init; } = EdgeReadout.Mlp;

    /// <summary>Predict what is left over mean + user bias + item bias.</summary>
    [Description("predict what mean + user bias + item bias leave over, instead of the whole weight")]
    public bool Residual { get; init; } = true;

    /// <summary>The network reads how much the two are listened to and how their weights spread.</summary>
    [Description("read how many items and listeners the two have and how their weights spread")]
    public bool Popularity { get; init; } = true;

    /// <summary>The network reads how near the item's tags are to those of the listener's items.</summary>
    [Description("read how near the item's tags are to those of the listener's items; tags also start the state of an item")]
    public bool Tags { get; init; } = true;

    /// <summary>The network reads what friends listen to.</summary>
    [Description("read how many friends listen to the item and how much")]
    public bool Friends { get; init; } = true;

    /// <summary>The network reads who listens to the item, and what the listener's items have in common with it.</summary>
    [Description("read how alike the item's listeners are and how central the item is among the listener's own")]
    public bool Neighborhood { get; init; } = true;

    /// <summary>Edges predicted in a step; they carry no messages in it.</summary>
    [Range(1, 1_000_000)]
    [Description("edges predicted in a step; they carry no messages in it")]
    public int BatchSize { get; init; } = 4096;

    /// <summary>Which edges are predicted in training, where a split sets some apart.</summary>
    [Description("which edges are predicted in training: split, those a transductive split sets apart, from the graph of the others; all, every edge, from a graph without its part")]
    public TrainingEdges Supervision { get; init; } = TrainingEdges.Split;

    /// <summary>Passes over the edges.</summary>
    [Range(1, 100_000)]
    [Description("passes over the edges")]
    public int Epochs { get; init; } = 20;

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.01;

    /// <summary>The step size is multiplied by this after every pass.</summary>
    [Range(0.01, 1.0)]
    [Description("the step size is multiplied by this after every pass")]
    public double LearningRateDecay { get; init; } = 0.9;

    /// <summary>Decoupled weight decay.</summary>
    [Range(0.0, 10.0)]
    [Description("decoupled weight decay")]
    public double Regularization { get; init; } = 0.001;

    /// <summary>Share of the network's hidden values set to 0 in training.</summary>
    [Range(0.0, 0.95)]
    [Description("share of the network's hidden values set to 0 in training")]
    public double Dropout { get; init; } = 0.2;

    /// <summary>True where nodes have states: without layers the first ones, which a dot product makes a matrix factorization.</summary>
    internal bool HasStates => Layers > 0 || Readout == EdgeReadout.Dot;

    /// <summary>True where the readout reads numbers about the pair.</summary>
    internal bool HasInputs => Readout == EdgeReadout.Mlp && (Popularity || Tags || Friends || Neighborhood);
}

/// <summary>
/// Predicts the weight of a listener–item edge by message passing over the graph of the other edges, and from what is known of the pair.
/// </summary>
/// <remarks>
/// <para>
/// Layers (numbers of the equations in seed 001, "Graph convolutional network for music recommender"): hᵢ ← relu(1/dᵢ Σⱼ cᵢⱼ W hⱼ) with cᵢⱼ = 1 (1),
/// wᵢⱼ (2), wᵢⱼ + softmaxⱼ(U (V hᵢ ‖ V hⱼ)) (3, 4), plus N(0, noise²) in training (5); no relu after the last. Because U is linear, the part of hᵢ is the same for
/// all neighbours and drops out of that softmax: what is left of U and V is one vector a layer. sage adds W' hᵢ (Hamilton et al., NIPS 2017); gated is hᵢ + relu(U hᵢ + Σⱼ ηᵢⱼ ⊙ V hⱼ / Σⱼ ηᵢⱼ) with
/// ηᵢⱼ = σ(A hᵢ + B hⱼ + C eᵢⱼ) (Bresson and Laurent, 2017). First states are learned; with tags an item adds the learned vectors of its tags, with friends
/// a listener adds the mean of its friends' states in every layer.
/// </para>
/// <para>
/// No edge helps to predict itself: edges are cut into fixed random parts of about batch_size, and a part is predicted from an <see cref="EdgeGraph"/>
/// without it: messages, biases, tags on its pairs and all numbers of <see cref="EdgeInputs"/>. A new edge is predicted from the graph of all.
/// </para>
/// <para>
/// Without layers and with the dot readout it is a matrix factorization of the (residual) weights; without layers and with the mlp readout it reads
/// only what is known of the pair. The score for ranking is the predicted weight. A history is folded in as one more node that hears its items. Time O(epochs · parts · (edges · hidden +
/// nodes · hidden²)). Predictions are kept within the weights seen in training.
/// </para>
/// </remarks>
public sealed class EdgeGcn(EdgeGcnOptions options) : IKeepsCheckpoints
{
    internal const string Name = "edge-gcn";

    private const int MostParts = 32;
    private const long MostPartEdges = 64L << 20;

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        CsrMatrix edges = UserItemMatrix.Sum(train);
        RequireWeights(train, edges);
        context.Report("graphs", 0, 1);
        var source = new EdgeSource(train, edges);
        EdgePart[] parts = Parts(source, train, context);
        EdgeNetwork network = new(options, train, context);
        network.Standardize(parts, edges);
        var optimizer = new Adam(
            network.Parameters, options.LearningRate, options.Regularization, Decay.Decoupled, threads: context.Threads);
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = 1,
            LearningRateDecay = options.LearningRateDecay,
            CreateRng = context.CreateRng,
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        EdgePart whole = EdgePart.Whole(options, source, context.Threads);
        NeuralFit.Run(Name, context, edges.Count == 0 ? 0 : parts.Length, optimizer, settings, step =>
        {
            EdgePart part = parts[step.Batch.Span[0]];
            Variable predicted = network.Predict(step.Tape, part, network.States(step.Tape, part, step.Rng)[^1], step.Rng);
            step.Add("squared error", predicted.SquaredError(part.Target));
        }, () => network.Snapshot(train, whole, context.Threads));
        return network.Snapshot(train, whole, context.Threads);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        int size = options.HiddenSize;
        StoredShapes.Require(
            artifact, Name,
            [
                .. options.HasStates ? new[] { ("nodes", train.Users.Count + train.Items.Count, size) } : [],
                .. Enumerable.Range(0, options.Layers).Select(l => ($"layer.{l}.message", size, size)),
                .. options.Readout == EdgeReadout.Mlp ? new[] { ("readout.1.weight", size, Math.Max(1, size / 2)) } : [],
            ]);
        EdgeNetwork network = new(options, train, new FitContext { Threads = 1 });
        network.Read(artifact);
        return network.Snapshot(train, EdgePart.Whole(options, new EdgeSource(train, UserItemMatrix.Sum(train)), 1), 1);
    }

    private static void RequireWeights(Dataset train, CsrMatrix edges)
    {
        if (edges.Count > 1 && edges.Values.AsSpan().IndexOfAnyExcept(edges.Values[0]) < 0)
        {
            throw new DatasetException(
                $"model '{Name}' needs weights to predict (weight.npy: play counts), and all {edges.Count} pairs of '{train.Name}' weigh {edges.Values[0]}; "
                + "import a source with counts, for example segue import csv FILE --map user=…,item=…,weight=…, and do not use --weights binary");
        }

        if (Array.FindIndex(edges.Values, v => !float.IsFinite(v)) is var bad and >= 0)
        {
            throw new ModelFitException($"model '{Name}': the weight of pair {bad} of '{train.Name}' is {edges.Values[bad]}; import the data with finite weights");
        }
    }

    private EdgePart[] Parts(EdgeSource source, Dataset train, FitContext context)
    {
        CsrMatrix edges = source.Edges;
        bool[]? isLabel = options.Layers > 0 || options.HasInputs ? SupervisionEdges.Of(Name, options.Supervision, edges, train, context) : null;
        int[] order = [.. Enumerable.Range(0, edges.Count).Where(n => isLabel?[n] ?? true)];
        int most = (int)Math.Clamp(MostPartEdges / Math.Max(1, edges.Count), 2, MostParts);
        int count = Math.Clamp((order.Length + options.BatchSize - 1) / options.BatchSize, isLabel is null ? 2 : 1, most);
        context.CreateRng($"{Name}/parts").Shuffle<int>(order);
        var partOf = new int[edges.Count];
        Array.Fill(partOf, -1);
        for (int n = 0; n < order.Length; n++)
        {
            partOf[order[n]] = (int)((long)n * count / order.Length);
        }

        var parts = new EdgePart[count];
        int done = 0;
        Workers.Run(
            count, 1, context.Threads,
            (p, _, _) =>
            {
                bool[] isPredicted = [.. partOf.Select(of => of == p)];
                parts[p] = EdgePart.Of(options, source, isLabel ?? isPredicted, isPredicted, context.Threads);
                lock (parts)
                {
                    context.Report("graphs", ++done, count);
                }
            },
            context.Cancellation);
        return parts;
    }
}

/// <summary>Edges to predict, and the graph without them.</summary>
internal sealed class EdgePart
{
    private EdgePart(EdgeGcnOptions options, EdgeGraph graph, int[] users, int[] items, float[] weights, int threads)
    {
        (Graph, Users, Items, Weights) = (graph, users, items, weights);
        ItemNodes = [.. items.Select(i => i + graph.ByUser.Rows)];
        Base = [.. users.Select((u, n) => options.Residual ? graph.Base(u, items[n]) : graph.Mean)];
        Target = new float[users.Length];
        Standardized = [];
        if (options.Layers > 0)
        {
            SparseOperand? friends = options.Friends && graph.Friends.Count > 0 ? Means(graph.Friends, graph.ByUser.Rows + graph.ByUser.Columns) : null;
            Messages = new EdgeMessages(graph.Messages(out float[] messageWeights), messageWeights, friends);
            int[] nodes = [.. users.Concat(ItemNodes).Distinct().Order()];
            LastMessages = users.Length == 0 ? Messages : Messages.Of(nodes);
            (UserStates, ItemStates) = (PlacesIn(nodes, users), PlacesIn(nodes, ItemNodes));
            TagOperand = options.Tags && graph.ItemTags.Count > 0 ? Below(graph.ItemTags, graph.ByUser.Rows) : null;
        }
        else
        {
            (UserStates, ItemStates) = (users, ItemNodes);
        }

        if (options.HasInputs)
        {
            Source = new EdgeInputs(graph, threads);
            Inputs = new DenseMatrix(users.Length, EdgeInputs.Names.Count);
            Source.Fill(users, items, Inputs, threads);
        }
    }

    public EdgeGraph Graph { get; }

    /// <summary>Ascending.</summary>
    public int[] Users { get; }

    public int[] Items { get; }

    public int[] ItemNodes { get; }

    /// <summary>Where the last states of the users and items of the pairs stand.</summary>
    public int[] UserStates { get; }

    public int[] ItemStates { get; }

    public float[] Weights { get; }

    /// <summary>Where the prediction starts from.</summary>
    public float[] Base { get; }

    /// <summary>(weight − base) / scale.</summary>
    public float[] Target { get; }

    /// <summary>Who hears whom in every layer but the last.</summary>
    public EdgeMessages? Messages { get; }

    /// <summary>In the last layer, only those hear whose states are read.</summary>
    public EdgeMessages? LastMessages { get; }

    public SparseOperand? TagOperand { get; }

    public EdgeInputs? Source { get; }

    public DenseMatrix? Inputs { get; }

    /// <summary>Inputs as the network reads them.</summary>
    public float[] Standardized { get; set; }

    /// <summary>Some edges, from a graph in which they and others are hidden.</summary>
    public static EdgePart Of(EdgeGcnOptions options, EdgeSource source, bool[] isHidden, bool[] isPredicted, int threads)
    {
        CsrMatrix edges = source.Edges;
        var users = new List<int>();
        var items = new List<int>();
        var weights = new List<float>();
        for (int u = 0; u < edges.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = edges.RowStart[u]; n < edges.RowStart[u + 1]; n++)
            {
                if (isPredicted[n])
                {
                    users.Add(u);
                    items.Add(edges.ColumnIndex[n]);
                    weights.Add(edges.Values[n]);
                }
            }
        }

        return new EdgePart(options, EdgeGraph.Of(source, isHidden), [.. users], [.. items], [.. weights], threads);
    }

    public static EdgePart Whole(EdgeGcnOptions options, EdgeSource source, int threads) =>
        new(options, EdgeGraph.Of(source, []), [], [], [], threads);

    private static int[] PlacesIn(int[] nodes, int[] wanted) => [.. wanted.Select(n => Array.BinarySearch(nodes, n))];

    private static SparseOperand Below(CsrMatrix matrix, int emptyRows)
    {
        var start = new int[matrix.Rows + emptyRows + 1];
        matrix.RowStart.CopyTo(start, emptyRows);
        return new SparseOperand(new CsrMatrix(matrix.Rows + emptyRows, matrix.Columns, start, matrix.ColumnIndex, matrix.Values));
    }

    private static SparseOperand Means(CsrMatrix matrix, int nodes)
    {
        var start = new int[nodes + 1];
        Array.Fill(start, matrix.Count);
        matrix.RowStart.CopyTo(start, 0);
        var values = new float[matrix.Count];
        for (int r = 0; r < matrix.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            Array.Fill(values, 1f / Math.Max(1, matrix.RowLength(r)), matrix.RowStart[r], matrix.RowLength(r));
        }

        return new SparseOperand(new CsrMatrix(nodes, nodes, start, matrix.ColumnIndex, values));
    }
}

/// <summary>Who hears whom in a layer.</summary>
internal sealed class EdgeMessages
{
    /// <summary>All of the senders hear.</summary>
    /// <param name="operand">Receivers × senders, 1 / degree of the receiver.</param>
    /// <param name="weights">Weight of every entry.</param>
    /// <param name="friends">Receivers × senders, means over friends.</param>
    public EdgeMessages(SparseOperand operand, float[] weights, SparseOperand? friends)
    {
        (Operand, Weights, Friends, Receivers) = (operand, weights, friends, new int[weights.Length]);
        for (int r = 0; r < operand.Matrix.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            Array.Fill(Receivers, r, operand.Matrix.RowStart[r], operand.Matrix.RowLength(r));
        }
    }

    public SparseOperand Operand { get; }

    public float[] Weights { get; }

    public SparseOperand? Friends { get; }

    /// <summary>Row of every entry.</summary>
    public int[] Receivers { get; }

    /// <summary>Which nodes hear, or null where all do.</summary>
    public int[]? Nodes { get; private init; }

    /// <summary>Place of every entry among those of all nodes, or null where all hear.</summary>
    public int[]? Entries { get; private init; }

    /// <summary>The same for some receivers only.</summary>
    /// <param name="nodes">Ascending.</param>
    public EdgeMessages Of(int[] nodes)
    {
        CsrMatrix heard = Rows(Operand.Matrix, nodes, out int[] entries);
        return new EdgeMessages(
            new SparseOperand(heard), [.. entries.Select(n => Weights[n])], Friends is null ? null : new SparseOperand(Rows(Friends.Matrix, nodes, out _)))
        {
            Nodes = nodes,
            Entries = entries,
        };
    }

    private static CsrMatrix Rows(CsrMatrix matrix, int[] rows, out int[] entries)
    {
        var start = new int[rows.Length + 1];
        for (int r = 0; r < rows.Length; r++)
        {
            start[r + 1] = start[r] + matrix.RowLength(rows[r]);
        }

        entries = new int[start[^1]];
        for (int r = 0; r < rows.Length; r++)
        {
            for (int n = 0; n < matrix.RowLength(rows[r]); n++)
            {
                entries[start[r] + n] = matrix.RowStart[rows[r]] + n;
            }
        }

        return new CsrMatrix(
            rows.Length, matrix.Columns, start, Array.ConvertAll(entries, n => matrix.ColumnIndex[n]), Array.ConvertAll(entries, n => matrix.Values[n]));
    }
}

/// <summary>The layers and the readout, with everything that is learned.</summary>
internal sealed class EdgeNetwork
{
    private readonly EdgeGcnOptions _options;
    private readonly int[] _columns;
    private readonly int _userCount;
    private readonly Parameter? _nodes, _tags;
    private readonly Layer[] _layers;
    private readonly Mlp? _readout;
    private readonly Parameter _constant = new("constant", 1, 1);

    // Not learned: mean and deviation of every input, scale of the target, lowest and highest weight.
    private readonly float[] _mean, _deviation, _range = [1f, 0f, 1f];

    public EdgeNetwork(EdgeGcnOptions options, Dataset train, FitContext context)
    {
        (_options, _userCount) = (options, train.Users.Count);
        _columns = [.. Enumerable.Range(0, EdgeInputs.Names.Count).Where(c => options.HasInputs && IsWanted(EdgeInputs.Names[c]))];
        (_mean, _deviation) = (new float[_columns.Length], new float[_columns.Length]);
        int size = options.HiddenSize;
        Rng rng = context.CreateRng($"{EdgeGcn.Name}/parameters");
        if (options.HasStates)
        {
            _nodes = new Parameter("nodes", train.Users.Count + train.Items.Count, size).Gaussian(rng, 0.1f);
            _tags = options.Tags && train.Tags.Names.Count > 0 ? new Parameter("tags", train.Tags.Names.Count, size).Gaussian(rng, 0.1f) : null;
        }

        _layers = [.. Enumerable.Range(0, options.Layers).Select(l => new Layer(options, l, train.FriendFrom.Length > 0, rng))];
        _readout = options.Readout == EdgeReadout.Mlp
            ? new Mlp("readout", [(options.Layers > 0 ? 2 * size : 0) + _columns.Length, size, Math.Max(1, size / 2), 1], rng) : null;
    }

    public IEnumerable<Parameter> Parameters =>
    [
        .. new[] { _nodes, _tags }.OfType<Parameter>(), .. _layers.SelectMany(l => l.Parameters),
        .. _readout?.Parameters ?? [_constant],
    ];

    /// <summary>Learns mean and deviation of the inputs and the scale of the target, and makes every part's own ready.</summary>
    public void Standardize(EdgePart[] parts, CsrMatrix edges)
    {
        for (int c = 0; c < _columns.Length; c++)
        {
            double sum = 0, squares = 0;
            long count = 0;
            foreach (EdgePart part in parts)
            {
                for (int r = 0; r < part.Users.Length; r++, count++)
                {
                    float x = part.Inputs!.Row(r)[_columns[c]];
                    sum += x;
                    squares += (double)x * x;
                }
            }

            double mean = sum / Math.Max(1, count);
            (_mean[c], _deviation[c]) = ((float)mean, (float)Math.Sqrt(Math.Max(0, (squares / Math.Max(1, count)) - (mean * mean))));
        }

        double error = parts.Sum(p => p.Weights.Zip(p.Base, (w, b) => Math.Pow(w - b, 2)).Sum());
        _range[0] = (float)Math.Max(1e-6, Math.Sqrt(error / Math.Max(1, edges.Count)));
        (_range[1], _range[2]) = edges.Count == 0 ? (0f, 1f) : (edges.Values.Min(), edges.Values.Max());
        foreach (EdgePart part in parts)
        {
            for (int n = 0; n < part.Weights.Length; n++)
            {
                part.Target[n] = (part.Weights[n] - part.Base[n]) / _range[0];
            }

            part.Standardized = part.Inputs is null ? [] : Standardized(part.Inputs.Values, part.Users.Length);
        }
    }

    /// <summary>States of all nodes, the first ones and those after every layer; after the last only of nodes that hear in it.</summary>
    /// <param name="tape">Where.</param>
    /// <param name="part">The graph.</param>
    /// <param name="rng">Draws noise and neighbours in training; null when predicting.</param>
    public Variable[] States(Tape tape, EdgePart part, Rng? rng)
    {
        if (_nodes is null)
        {
            return [tape.Constant([], 0, 0)];
        }

        Variable state = tape.Use(_nodes);
        if (part.TagOperand is { } tags && _tags is not null)
        {
            state = state.Add(tags.Multiply(tape.Use(_tags)));
        }

        var states = new Variable[_layers.Length + 1];
        states[0] = state;
        Variable? edge = null;
        for (int l = 0; l < _layers.Length; l++)
        {
            bool isLast = l + 1 == _layers.Length;
            EdgeMessages messages = isLast ? part.LastMessages! : part.Messages!;
            if (messages.Entries is { } entries)
            {
                edge = edge?.Gather(entries);
            }

            Variable own = messages.Nodes is { } nodes ? state.Gather(nodes) : state;
            (state, edge) = _layers[l].Apply(own, state, messages, edge, rng, isLast);
            states[l + 1] = state;
        }

        return states;
    }

    /// <summary>Predictions of the part's edges, in units of the scale, from the base.</summary>
    public Variable Predict(Tape tape, EdgePart part, Variable states, Rng rng)
    {
        Variable? users = _nodes is null ? null : states.Gather(part.UserStates), items = _nodes is null ? null : states.Gather(part.ItemStates);
        return Read(tape, users, items, part.Standardized, part.Users.Length, rng);
    }

    public EdgeGcnRecommender Snapshot(Dataset train, EdgePart whole, int threads)
    {
        // Training may go on: the recommender gets parameters of its own.
        var copy = new EdgeNetwork(_options, train, new FitContext());
        foreach ((Parameter from, Parameter to) in Parameters.Zip(copy.Parameters))
        {
            from.Value.CopyTo(to.Value);
        }

        _mean.CopyTo(copy._mean, 0);
        _deviation.CopyTo(copy._deviation, 0);
        _range.CopyTo(copy._range, 0);
        var tape = new Tape(threads);
        return new EdgeGcnRecommender(
            _options, train, whole, copy, [.. copy.States(tape, whole, null).Select(s => new DenseMatrix(s.Rows, s.Columns, s.Value.ToArray()))]);
    }

    public void Save(ArtifactWriter artifact)
    {
        foreach (Parameter parameter in Parameters)
        {
            artifact.Add(parameter.Name, parameter.Value, parameter.Rows, parameter.Columns);
        }

        artifact.Add("input_mean", _mean);
        artifact.Add("input_deviation", _deviation);
        artifact.Add("range", _range);
    }

    public void Read(ArtifactReader artifact)
    {
        foreach (Parameter parameter in Parameters)
        {
            DenseMatrix stored = artifact.Dense(parameter.Name);
            StoredShapes.Require(EdgeGcn.Name, parameter.Name, (stored.Rows, stored.Columns), parameter.Rows, parameter.Columns);
            stored.Values.CopyTo(parameter.Value);
        }

        foreach ((string name, float[] target) in new[] { ("input_mean", _mean), ("input_deviation", _deviation), ("range", _range) })
        {
            float[] stored = artifact.Floats(name);
            if (stored.Length != target.Length)
            {
                throw new DatasetException($"model '{EdgeGcn.Name}' was stored with {stored.Length} values of '{name}', its options need {target.Length}");
            }

            stored.CopyTo(target, 0);
        }

        if (!(_range[1] <= _range[2]))
        {
            throw new DatasetException($"model '{EdgeGcn.Name}' was stored with the range {_range[1]} … {_range[2]} of weights, which is none; train the model again");
        }
    }

    /// <summary>Weights of rows of (user state, item state, raw inputs), each from its base.</summary>
    public float[] Weights(DenseMatrix? users, DenseMatrix? items, float[] inputs, float[] starts)
    {
        int count = starts.Length;
        var tape = new Tape();
        Variable? user = users is null ? null : tape.Constant(users.Values, users.Rows, users.Columns);
        Variable? item = items is null ? null : tape.Constant(items.Values, items.Rows, items.Columns);
        Span<float> read = Read(tape, user, item, _columns.Length == 0 ? [] : Standardized(inputs, count), count, null).Value;
        var weights = new float[count];
        for (int n = 0; n < count; n++)
        {
            weights[n] = Math.Clamp(starts[n] + (_range[0] * read[n]), _range[1], _range[2]);
        }

        return weights;
    }

    /// <summary>The state of a listener who hears items only, after every layer.</summary>
    /// <param name="states">Item states by layer, history × size.</param>
    /// <param name="weights">Weights of the history.</param>
    /// <param name="start">First state of the listener.</param>
    public DenseMatrix FoldIn(DenseMatrix[] states, ReadOnlySpan<float> weights, ReadOnlySpan<float> start)
    {
        int count = weights.Length;
        var tape = new Tape();
        var share = new float[count];
        Array.Fill(share, 1f / Math.Max(1, count));
        var messages = new EdgeMessages(
            new SparseOperand(new CsrMatrix(1, count, [0, count], [.. Enumerable.Range(0, count)], share)), weights.ToArray(), null);
        Variable state = tape.Constant(start, 1, start.Length);
        Variable? edge = null;
        for (int l = 0; l < _layers.Length; l++)
        {
            (state, edge) = _layers[l].Apply(
                state, tape.Constant(states[l].Values, count, states[l].Columns), messages, edge, null, isLast: l + 1 == _layers.Length);
        }

        return new DenseMatrix(1, state.Columns, state.Value.ToArray());
    }

    private static bool Starts(string name, params string[] with) => with.Any(w => name.StartsWith(w, StringComparison.Ordinal));

    private bool IsWanted(string name) =>
        Starts(name, "base", "user_bias", "item_bias")
        || (_options.Friends && Starts(name, "friends"))
        || (_options.Neighborhood && Starts(name, "alike", "common"))
        || (_options.Tags && (Starts(name, "tag_") || name == "item_tags"))
        || (_options.Popularity && name != "item_tags" && Starts(name, "user_", "item_"));

    private float[] Standardized(ReadOnlySpan<float> raw, int rows)
    {
        int width = EdgeInputs.Names.Count;
        var result = new float[rows * _columns.Length];
        for (int r = 0; r < rows; r++)
        {
            CancellationScope.CheckAt(r);
            for (int c = 0; c < _columns.Length; c++)
            {
                // What is far out of the common range says no more than the end of it.
                result[(r * _columns.Length) + c] = Math.Clamp((raw[(r * width) + _columns[c]] - _mean[c]) / (_deviation[c] + 1e-6f), -5f, 5f);
            }
        }

        return result;
    }

    private Variable Read(Tape tape, Variable? users, Variable? items, ReadOnlySpan<float> inputs, int rows, Rng? rng)
    {
        if (_readout is null)
        {
            return users is null
                ? tape.Constant(new float[rows], rows, 1).Add(tape.Use(_constant)) : users.RowDot(items!).Add(tape.Use(_constant));
        }

        Variable known = tape.Constant(inputs, rows, _columns.Length);
        Variable x = users is null ? known : users.ConcatColumns(items!).ConcatColumns(known);
        return _readout.Apply(x, rng is null ? 0f : (float)_options.Dropout, rng);
    }

    /// <summary>One layer of message passing.</summary>
    private sealed class Layer
    {
        private readonly EdgeGcnOptions _options;
        private const int NoiseChunk = 1 << 13;

        private float[] _factors = [];
        private readonly Parameter _message, _attention, _own, _friends, _gateOwn, _gateOther, _gateEdge, _edgeStart;

        public Layer(EdgeGcnOptions options, int index, bool hasFriends, Rng rng)
        {
            _options = options;
            int size = options.HiddenSize;
            Parameter Matrix(string name, int rows, int columns) => new Parameter($"layer.{index}.{name}", rows, columns).GlorotUniform(rng);
            _message = Matrix("message", size, size);
            _attention = Matrix("attention", size, 1);
            _own = Matrix("own", size, size);
            _friends = Matrix("friends", size, size);
            _gateOwn = Matrix("gate_own", size, size);
            _gateOther = Matrix("gate_other", size, size);
            _gateEdge = Matrix("gate_edge", size, size);
            _edgeStart = Matrix("edge_start", 1, size);
            bool isGated = options.Convolution == EdgeConvolution.Gated;
            Parameters =
            [
                _message,
                .. options.Aggregation == EdgeAggregation.Attention && !isGated ? new[] { _attention } : [],
                .. options.Convolution != EdgeConvolution.Gcn ? new[] { _own } : [],
                .. options.Friends && hasFriends ? new[] { _friends } : [],
                .. isGated ? new[] { _gateOwn, _gateOther } : [],
                .. isGated && options.EdgeUpdates ? (index == 0 ? new[] { _gateEdge, _edgeStart } : [_gateEdge]) : [],
            ];
        }

        public IReadOnlyList<Parameter> Parameters { get; }

        public (Variable State, Variable? Edge) Apply(Variable own, Variable other, EdgeMessages messages, Variable? edge, Rng? rng, bool isLast)
        {
            (Variable state, edge) = Hear(own, other, messages, edge, rng);
            if (messages.Friends is { } friends)
            {
                state = state.Add(friends.Multiply(other.MatMul(own.Tape.Use(_friends))));
            }

            return (Finish(own, state, isLast), edge);
        }

        private Variable Finish(Variable own, Variable state, bool isLast)
        {
            state = isLast ? state : state.Relu();
            return _options.Convolution == EdgeConvolution.Gated ? own.Add(state) : state;
        }

        private (Variable State, Variable? Edge) Hear(Variable own, Variable other, EdgeMessages messages, Variable? edge, Rng? rng)
        {
            Tape tape = own.Tape;
            if (_options.Convolution == EdgeConvolution.Gated)
            {
                return Gated(own, other, messages, edge);
            }

            // S (H W) is (S H) W: the product with W is made on the side with fewer rows.
            CsrMatrix matrix = messages.Operand.Matrix;
            bool isSumFirst = matrix.Rows < matrix.Columns;
            Variable heard = isSumFirst ? other : other.MatMul(tape.Use(_message)), state;
            if (_options.Aggregation == EdgeAggregation.Naive && (rng is null || (_options.Noise == 0 && _options.Neighbors == 0)))
            {
                state = messages.Operand.Multiply(heard);
            }
            else
            {
                Variable factor = tape.Constant(Factors(messages.Weights, rng, tape.Threads), messages.Weights.Length, 1);
                if (_options.Aggregation == EdgeAggregation.Attention)
                {
                    factor = factor.Add(Attention(other, matrix));
                }

                float[] share = rng is not null && _options.Neighbors > 0 ? Sample(matrix, rng) : matrix.Values;
                state = messages.Operand.Multiply(factor.Multiply(tape.Constant(share, share.Length, 1)), heard);
            }

            state = isSumFirst ? state.MatMul(tape.Use(_message)) : state;
            return (_options.Convolution == EdgeConvolution.Sage ? state.Add(own.MatMul(tape.Use(_own))) : state, edge);
        }

        /// <summary>cᵢⱼ without attention.</summary>
        private ReadOnlySpan<float> Factors(float[] weights, Rng? rng, int threads)
        {
            if (_factors.Length < weights.Length)
            {
                _factors = new float[weights.Length];
            }

            Span<float> factors = _factors.AsSpan(0, weights.Length);
            if (rng is null || _options.Noise == 0)
            {
                factors.Clear();
            }
            else
            {
                // A generator for every chunk: the noise does not depend on who draws it.
                ulong seed = rng.NextUInt64();
                Workers.Run(weights.Length, NoiseChunk, threads, (start, end, _) =>
                    new Rng(seed + (ulong)start, "noise").FillGaussian(_factors.AsSpan(start, end - start), (float)_options.Noise));
            }

            if (_options.Aggregation == EdgeAggregation.Naive)
            {
                TensorPrimitives.Add(factors, 1f, factors);
            }
            else
            {
                TensorPrimitives.Add(factors, weights, factors);
            }

            return factors;
        }

        private float[] Sample(CsrMatrix matrix, Rng rng)
        {
            float[] share = [.. matrix.Values];
            var heard = new int[_options.Neighbors];
            for (int r = 0; r < matrix.Rows; r++)
            {
                CancellationScope.CheckAt(r);
                int length = matrix.RowLength(r), start = matrix.RowStart[r];
                if (length > _options.Neighbors)
                {
                    NeighborSample.Draw(length, heard, rng);
                    Array.Clear(share, start, length);
                    foreach (int place in heard)
                    {
                        share[start + place] = 1f / _options.Neighbors;
                    }
                }
            }

            return share;
        }

        /// <summary>softmaxⱼ(U (V hᵢ ‖ V hⱼ)): of U and V, what V hⱼ is multiplied with is left.</summary>
        private Variable Attention(Variable other, CsrMatrix matrix) =>
            other.MatMul(other.Tape.Use(_attention)).Gather(matrix.ColumnIndex).SegmentSoftmax(matrix.RowStart);

        private (Variable State, Variable? Edge) Gated(Variable own, Variable other, EdgeMessages messages, Variable? edge)
        {
            Tape tape = own.Tape;
            CsrMatrix matrix = messages.Operand.Matrix;
            (int[] senders, int[] receivers, float[] weights) = (matrix.ColumnIndex, messages.Receivers, messages.Weights);
            Variable message = other.MatMul(tape.Use(_message));
            Variable gate = own.MatMul(tape.Use(_gateOwn)).Gather(receivers).Add(other.MatMul(tape.Use(_gateOther)).Gather(senders));
            if (_options.EdgeUpdates)
            {
                edge ??= tape.Constant(weights, weights.Length, 1).MatMul(tape.Use(_edgeStart));
                gate = gate.Add(edge.MatMul(tape.Use(_gateEdge)));
                edge = edge.Add(gate.Relu());
            }

            Variable open = gate.Sigmoid();
            if (_options.Aggregation != EdgeAggregation.Naive)
            {
                open = open.Multiply(tape.Constant(weights, weights.Length, 1));
            }

            Variable sum = open.Multiply(message.Gather(senders)).SegmentSum(matrix.RowStart);
            Variable total = open.SegmentSum(matrix.RowStart).Add(1e-6f);
            return (sum.Divide(total).Add(own.MatMul(tape.Use(_own))), edge);
        }
    }
}

internal sealed class EdgeGcnRecommender : IRegressor, IObserves, ILearnsListeners
{
    private readonly Dataset _train;
    private readonly EdgeGcnOptions _options;
    private readonly EdgePart _whole;
    private readonly EdgeNetwork _network;
    private readonly DenseMatrix[] _states;
    private readonly DenseMatrix? _itemStates;
    private readonly int[] _allItems;
    private readonly float[] _meanStart = [];
    private readonly bool[] _isHeard;

    public EdgeGcnRecommender(
        EdgeGcnOptions options, Dataset train, EdgePart whole, EdgeNetwork network, DenseMatrix[] states)
    {
        (_options, _train, _whole, _network, _states) = (options, train, whole, network, states);
        _allItems = [.. Enumerable.Range(0, Items.Count)];
        _isHeard = UnheardItems.Heard(whole.Graph.ByUser);
        int users = whole.Graph.ByUser.Rows;
        if (options.HasStates)
        {
            int size = options.HiddenSize;
            _itemStates = new DenseMatrix(Items.Count, size, states[^1].Values[(users * size)..]);
            _meanStart = new float[size];
            for (int u = 0; u < users; u++)
            {
                CancellationScope.CheckAt(u);
                TensorPrimitives.Add<float>(_meanStart, states[0].Row(u), _meanStart);
            }

            TensorPrimitives.Divide(_meanStart, Math.Max(1, users), _meanStart);
        }
    }

    public Vocabulary Items => _train.Items;

    /// <summary>Other edges between the same nodes: their messages pass through what was learned.</summary>
    public IRecommender Observe(Dataset known, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        SameNodes.Check(_train, known);
        return _network.Snapshot(known, EdgePart.Whole(_options, new EdgeSource(known, UserItemMatrix.Sum(known)), context.Threads), context.Threads);
    }

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        CsrMatrix edges = _whole.Graph.ByUser;
        ScoreBuffer.Check(query, edges.Rows, Items.Count);
        if (query.IsFoldIn ? query.History.IsEmpty : edges.RowLength(query.UserIndex) == 0)
        {
            scores.Fill(float.NaN);
            return;
        }

        (int[] history, float[] weights) = query.IsFoldIn
            ? FactorHistory.Merge(query) : (edges.RowColumns(query.UserIndex).ToArray(), edges.RowValues(query.UserIndex).ToArray());
        if (query.HistoryWeight.IsEmpty && query.IsFoldIn)
        {
            // Without weights a history says what was heard, not how much.
            Array.Fill(weights, _whole.Graph.Mean);
        }

        Weights(query.IsFoldIn ? -1 : query.UserIndex, history, weights, _allItems).CopyTo(scores);
        UnheardItems.Hide(scores, _isHeard);
    }

    public float Predict(int userIndex, int itemIndex)
    {
        if (itemIndex != -1)
        {
            ScoreBuffer.CheckItem(itemIndex, Items);
        }

        CsrMatrix edges = _whole.Graph.ByUser;
        if (userIndex < -1 || userIndex >= edges.Rows)
        {
            throw new ArgumentOutOfRangeException(nameof(userIndex), $"user {userIndex} is not one of {edges.Rows}; give −1 for an unknown user");
        }

        // Nothing is known around somebody or something unknown: the biases that are left.
        return userIndex < 0 || itemIndex < 0 || edges.RowLength(userIndex) == 0
            ? _whole.Graph.Base(userIndex, itemIndex)
            : Weights(userIndex, edges.RowColumns(userIndex), edges.RowValues(userIndex), [itemIndex])[0];
    }

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        _network.Save(artifact);
    }

    private float[] Weights(int user, ReadOnlySpan<int> history, ReadOnlySpan<float> weights, int[] items)
    {
        EdgeGraph graph = _whole.Graph;
        float userBias = user >= 0 ? graph.UserBias[user] : 0f;
        if (user < 0)
        {
            for (int n = 0; n < history.Length; n++)
            {
                userBias += (weights[n] - graph.Base(-1, history[n])) / (history.Length + 1);
            }
        }

        float[] starts = [.. items.Select(i => _options.Residual ? graph.Base(-1, i) + userBias : graph.Mean)];
        float[] inputs = [];
        if (_whole.Source is { } source)
        {
            inputs = new float[items.Length * EdgeInputs.Names.Count];
            if (user >= 0)
            {
                source.FillUser(user, items, inputs);
            }
            else
            {
                source.FillHistory(history, weights, items, inputs);
            }
        }

        if (_itemStates is null)
        {
            return _network.Weights(null, null, inputs, starts);
        }

        ReadOnlySpan<float> state = user >= 0 ? _states[^1].Row(user) : FoldIn(history, weights);
        int size = _itemStates.Columns;
        DenseMatrix users = new(items.Length, size), chosen = new(items.Length, size);
        for (int n = 0; n < items.Length; n++)
        {
            state.CopyTo(users.Row(n));
            _itemStates.Row(items[n]).CopyTo(chosen.Row(n));
        }

        return _network.Weights(users, chosen, inputs, starts);
    }

    private float[] FoldIn(ReadOnlySpan<int> history, ReadOnlySpan<float> weights)
    {
        int users = _whole.Graph.ByUser.Rows, size = _options.HiddenSize;
        var states = new DenseMatrix[_options.Layers];
        for (int l = 0; l < states.Length; l++)
        {
            states[l] = new DenseMatrix(history.Length, size);
            for (int n = 0; n < history.Length; n++)
            {
                _states[l].Row(users + history[n]).CopyTo(states[l].Row(n));
            }
        }

        return _network.FoldIn(states, weights, _meanStart).Values;
    }
}
