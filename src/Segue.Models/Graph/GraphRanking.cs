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

/// <summary>How the states after every layer become one vector.</summary>
public enum LayerWeighting
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>A weighted sum; the weights are learned, from those of the mean on.</summary>
    Learned,
}

/// <summary>What graph models minimise.</summary>
public enum GraphLoss
{
    /// <summary>−ln σ(score of an edge − score of a non-edge).</summary>
    Bpr,

    /// <summary>Logistic loss of edges and non-edges.</summary>
    Bce,
}

/// <summary>Where non-edges come from.</summary>
public enum GraphNegatives
{
    /// <summary>Any item; now and then one that the listener has.</summary>
    Unchecked,

    /// <summary>Any item the listener has not.</summary>
    Checked,

    /// <summary>Items the listener has not, from the best-scored share of them; the share shrinks as training goes on.</summary>
    Hard,
}

/// <summary>What the vector of a listener is made of when items are ranked.</summary>
public enum ListenerVectors
{
    /// <summary>Of its own first vector too.</summary>
    Own,

    /// <summary>Only of what it heard, as that of a new listener: its own first vector may know the edges of training by heart.</summary>
    Heard,
}

/// <summary>What the graph models share.</summary>
public abstract record GraphOptions : ModelOptions
{
    /// <summary>Length of every node's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every node's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>How the states after every layer become one vector.</summary>
    [Description("how the states after every layer become one vector: mean, or learned weights")]
    public LayerWeighting LayerWeights { get; init; } = LayerWeighting.Mean;

    /// <summary>What the nodes are, joined by +: user (or playlist) and item (or track), and, joined to their items, artist and album.</summary>
    [Description("what the nodes are: user+item (or playlist+track), and +artist, +album, joined to their items: items nobody heard get a vector through them")]
    public string Nodes { get; init; } = "user+item";

    /// <summary>What is minimised.</summary>
    [Description("what is minimised: bpr ranks an edge above a non-edge, bce tells them apart")]
    public GraphLoss Loss { get; init; } = GraphLoss.Bpr;

    /// <summary>Where non-edges come from.</summary>
    [Description("where non-edges come from: unchecked any item, checked any the listener has not, hard the best-scored of those")]
    public GraphNegatives Negatives { get; init; } = GraphNegatives.Checked;

    /// <summary>The share of best-scored items that hard negatives come from falls from 1 in the first epoch to this in the last.</summary>
    [Range(0.001, 1.0)]
    [Description("the share of best-scored items that hard negatives come from falls from 1 in the first epoch to this in the last")]
    public double HardShare { get; init; } = 0.1;

    /// <summary>What the vector of a listener is made of when items are ranked.</summary>
    [Description("what a listener's vector is made of when items are ranked: own, of its own first vector too; heard, only of what it heard, as for a new listener")]
    public ListenerVectors Listeners { get; init; } = ListenerVectors.Own;

    /// <summary>Share of training edges that are predicted but carry no messages, drawn anew for every epoch; the others carry them and are not predicted.</summary>
    [Range(0.0, 0.9)]
    [Description("share of training edges that are predicted but carry no messages, drawn anew for every epoch; 0: all edges do both")]
    public double LabelShare { get; init; }

    /// <summary>Which edges are predicted in training, where a split sets some apart; without layers, or with a label share, all are.</summary>
    [Description("which edges are predicted in training: split, those a transductive split sets apart, from the messages of the others; all, every edge, and all carry messages")]
    public TrainingEdges Supervision { get; init; } = TrainingEdges.Split;

    /// <summary>Passes over the edges.</summary>
    [Range(1, 100_000)]
    [Description("passes over the edges")]
    public int Epochs { get; init; } = 300;

    /// <summary>Edges in a step; 0 for all at once.</summary>
    [Range(0, 100_000_000)]
    [Description("edges in a step; 0 for all at once. Messages pass over the whole graph in every step unless neighbors says otherwise")]
    public int BatchSize { get; init; }

    /// <summary>Most neighbours a node hears in a layer of a training step; 0 for all of them, over the whole graph.</summary>
    [Range(0, 1_000_000)]
    [Description("most neighbours a node hears in a layer of a training step, drawn anew, so that a step takes what its batch needs; 0: the whole graph")]
    public int Neighbors { get; init; }

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.01;

    /// <summary>Step size of what the layers learn, as a multiple of the learning rate of the nodes' vectors.</summary>
    [Range(0.0, 100.0)]
    [Description("step size of what the layers learn, as a multiple of learning_rate, which is that of the nodes' vectors")]
    public double LayerRate { get; init; } = 1;

    /// <summary>L2 strength on the first vectors of the nodes of an edge.</summary>
    [Range(0.0, 10.0)]
    [Description("L2 strength on the first vectors of the nodes of an edge and its non-edge")]
    public double Regularization { get; init; } = 1e-4;

    /// <summary>Standard deviation of the first vectors' entries before training.</summary>
    [Range(1e-6, 10.0)]
    [Description("standard deviation of the first vectors' entries before training")]
    public double InitialDeviation { get; init; } = 0.01;

    /// <summary>Layers of message passing.</summary>
    internal abstract int LayerCount { get; }

    /// <summary>Numbers a node and dimension that a step keeps for every layer, with their gradients.</summary>
    internal virtual int StatesPerLayer => 2;

    /// <summary>Numbers that what the layers learn takes in training, with gradients and moments, and what a step makes of it.</summary>
    /// <param name="nodes">Of the graph.</param>
    internal virtual double LayerNumbers(long nodes) => 0;

    /// <summary>The options that decide how much memory training takes, and the same options with another value of each.</summary>
    internal abstract IReadOnlyList<(string Name, int Value, Func<int, GraphOptions> With)> Sizes { get; }

    /// <summary>Bytes of training but for the edges: no less than this is held at once (measured: 1.2 to 1.7 times as much).</summary>
    /// <param name="nodes">Of the graph.</param>
    internal double TrainingBytes(long nodes)
    {
        // First vectors with their gradient and moments; the states of all layers and their sum in a step, unless steps are small, and in the last pass, without gradients.
        double perNode = 4 + (Neighbors > 0 ? 0 : (StatesPerLayer * LayerCount) + 2) + LayerCount + 2;
        return sizeof(float) * ((perNode * nodes * EmbeddingSize) + LayerNumbers(nodes));
    }

    /// <summary>Makes sure, before anything is allocated, that memory can hold the training.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="nodes">Of the graph.</param>
    /// <param name="available">Bytes there are; what the process may have unless a test says otherwise.</param>
    /// <exception cref="ModelFitException">It cannot; the message names the options, the bytes and what would fit.</exception>
    internal void RequireRoom(string model, long nodes, double? available = null)
    {
        double layers = sizeof(float) * LayerNumbers(nodes), all = TrainingBytes(nodes);
        string part = layers > all / 2 ? $", mostly for the matrices of the layers ({MemoryRoom.Gigabytes(layers)})," : string.Empty;
        string what = string.Join(", ", Sizes.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name}={s.Value}")));
        MemoryRoom.Require($"model '{model}'", string.Create(CultureInfo.InvariantCulture, $"{what} on {nodes} nodes{part} need"), all, Remedy, available);

        string Remedy(double room)
        {
            string[] fit = [.. Sizes.Select(s => (s.Name, Value: Largest(s.Value, s.With, room))).Where(s => s.Value > 0)
                .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Name}={s.Value}"))];
            return fit.Length > 0 ? $"{string.Join(" or ", fit)} would fit" : $"lower {string.Join(", ", Sizes.Select(s => s.Name))} together, or raise k_core";
        }

        int Largest(int value, Func<int, GraphOptions> with, double room)
        {
            do
            {
                value /= 2;
            }
            while (value > 0 && with(value).TrainingBytes(nodes) > room);
            return value;
        }
    }

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        GraphNodes.Parse(Nodes, owner);
        if (Listeners == ListenerVectors.Heard && LayerCount == 0)
        {
            throw new OptionException($"{owner}: listeners=heard with layers=0, where nothing is heard; give at least one layer, or listeners=own");
        }
    }

    /// <summary>The first vectors are one of the states that are added up.</summary>
    internal virtual bool HasFirstState => true;

    /// <summary>Pulls the vector and one state of every node of a step together and apart from those of others; null for none.</summary>
    internal virtual (float Weight, float Temperature, int Layer)? Contrast => null;
}

/// <summary>What graph models share in which a fixed weight of every edge says how much it carries.</summary>
public abstract record WeighedGraphOptions : GraphOptions
{
    /// <summary>Share of what an item hears that comes from its artist.</summary>
    [Range(0.001, 0.9)]
    [Description("share of what an item hears that comes from its artist, where artists are nodes; all of it where nobody listens to the item")]
    public double ArtistWeight { get; init; } = 0.5;

    /// <summary>Share of what an item hears that comes from its album.</summary>
    [Range(0.001, 0.9)]
    [Description("share of what an item hears that comes from its album, where albums are nodes")]
    public double AlbumWeight { get; init; } = 0.3;

    /// <summary>The shares of this model's nodes.</summary>
    /// <param name="owner">For messages, for example <c>model 'lightgcn'</c>.</param>
    /// <exception cref="OptionException">Nothing is left for listeners.</exception>
    internal GraphShares Shares(string owner)
    {
        var nodes = GraphNodes.Parse(Nodes, owner);
        var shares = new GraphShares(nodes.HasArtists ? ArtistWeight : 0, nodes.HasAlbums ? AlbumWeight : 0);
        return shares.Artist + shares.Album < 1 ? shares : throw new OptionException(
            $"{owner}: artist_weight {OptionsText.Format(ArtistWeight)} and album_weight {OptionsText.Format(AlbumWeight)} leave nothing for listeners; "
            + "give two that add up to less than 1");
    }

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        base.CheckWhole(owner);
        Shares(owner);
    }
}

/// <summary>How messages pass in one layer; one instance holds the parameters of all layers.</summary>
internal interface IGraphConvolution
{
    /// <summary>Everything that is learned.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>The graph as the convolution reads it.</summary>
    SparseOperand Messages(ListeningGraph graph);

    /// <summary>One new listener (column 0) and the items it has (columns from 1), whose degrees count the new edges.</summary>
    SparseOperand Messages(ReadOnlySpan<int> degrees);

    /// <summary>States of the receivers (rows of the messages) after a layer.</summary>
    /// <param name="layer">Which, from 0.</param>
    /// <param name="own">Their states before it.</param>
    /// <param name="senders">States of the senders (columns of the messages).</param>
    /// <param name="messages">Who hears whom.</param>
    /// <param name="rng">For dropout in training; null when predicting.</param>
    Variable Apply(int layer, Variable own, Variable senders, SparseOperand messages, Rng? rng);
}

/// <summary>First vectors of all nodes, the convolutions over them, and their weighted sum.</summary>
internal sealed class GraphNetwork
{
    private readonly GraphOptions _options;
    private readonly IGraphConvolution _convolution;
    private readonly Parameter? _layerWeights;

    public GraphNetwork(GraphOptions options, IGraphConvolution convolution, int nodes, FitContext context, string model)
    {
        (_options, _convolution) = (options, convolution);
        Nodes = new Parameter("nodes", nodes, options.EmbeddingSize, isRowSparse: options.Neighbors > 0).Gaussian(context.CreateRng($"{model}/nodes"), (float)options.InitialDeviation);
        if (options.LayerWeights == LayerWeighting.Learned)
        {
            _layerWeights = new Parameter("layer_weights", options.LayerCount + 1, 1);
            _layerWeights.Value.Fill(Share);
        }
    }

    public Parameter Nodes { get; }

    private float Share => 1f / (_options.LayerCount + (_options.HasFirstState ? 1 : 0));

    public IEnumerable<Parameter> Parameters => [Nodes, .. _convolution.Parameters, .. _layerWeights is null ? [] : new[] { _layerWeights }];

    /// <summary>A graph as the convolutions read it.</summary>
    public SparseOperand Messages(ListeningGraph graph) => _convolution.Messages(graph);

    /// <summary>The weighted sum of the states after every layer; the states before the last are handed to <paramref name="keep"/>.</summary>
    public Variable Apply(Tape tape, SparseOperand messages, Rng? rng, Action<int, Variable>? keep = null)
    {
        var state = new Variable[_options.LayerCount + 1];
        state[0] = tape.Use(Nodes);
        for (int l = 0; l < _options.LayerCount; l++)
        {
            keep?.Invoke(l, state[l]);
            state[l + 1] = _convolution.Apply(l, state[l], state[l], messages, rng);
        }

        return Weighted(tape, state);
    }

    /// <summary>The vectors items are ranked by, as <see cref="GraphOptions.Listeners"/> says; listeners are the first nodes.</summary>
    public Variable ApplyToRank(Tape tape, SparseOperand messages, int listeners, Action<int, Variable>? keep = null)
    {
        var state = new Variable[_options.LayerCount];
        Variable vectors = Apply(tape, messages, null, (l, own) =>
        {
            state[l] = own;
            keep?.Invoke(l, own);
        });
        if (_options.Listeners == ListenerVectors.Own)
        {
            return vectors;
        }

        int others = vectors.Rows - listeners;
        var heard = new Variable[_options.LayerCount + 1];
        heard[0] = tape.Constant(new float[listeners * _options.EmbeddingSize], listeners, _options.EmbeddingSize);
        for (int l = 0; l < _options.LayerCount; l++)
        {
            Variable nodes = heard[l].ConcatRows(state[l].SliceRows(listeners, others));
            heard[l + 1] = Top(_convolution.Apply(l, nodes, nodes, messages, null), listeners);
        }

        return Weighted(tape, heard).ConcatRows(vectors.SliceRows(listeners, others));
    }

    /// <summary>The vectors of training for the nodes of a step, which hear the drawn neighbours only; their states are handed to <paramref name="keep"/>.</summary>
    public Variable Apply(Tape tape, NeighborBlocks blocks, Rng? rng, Action<int, Variable>? keep = null)
    {
        var state = new Variable[_options.LayerCount + 1];
        Variable senders = tape.Use(Nodes).Gather(blocks.Nodes);
        state[0] = Top(senders, blocks.Seeds);
        for (int l = 0; l < _options.LayerCount; l++)
        {
            keep?.Invoke(l, state[l]);
            SparseOperand messages = blocks.Messages[l];
            senders = _convolution.Apply(l, Top(senders, messages.Matrix.Rows), senders, messages, rng);
            state[l + 1] = Top(senders, blocks.Seeds);
        }

        return Weighted(tape, state);
    }

    /// <summary>The vector of a new listener, which hears its items; it starts from nothing.</summary>
    /// <param name="history">Distinct items.</param>
    /// <param name="states">States of the items before every layer.</param>
    /// <param name="degrees">Degree of every item of the history, the new edge included.</param>
    public float[] FoldIn(ReadOnlySpan<int> history, DenseMatrix[] states, ReadOnlySpan<int> degrees)
    {
        int size = _options.EmbeddingSize;
        var tape = new Tape();
        SparseOperand messages = _convolution.Messages(degrees);
        var own = new Variable[_options.LayerCount + 1];
        own[0] = tape.Constant(new float[size], 1, size);
        var heard = new float[history.Length * size];
        for (int l = 0; l < _options.LayerCount; l++)
        {
            for (int n = 0; n < history.Length; n++)
            {
                states[l].Row(history[n]).CopyTo(heard.AsSpan(n * size));
            }

            own[l + 1] = _convolution.Apply(l, own[l], own[l].ConcatRows(tape.Constant(heard, history.Length, size)), messages, null);
        }

        return Weighted(tape, own).Value.ToArray();
    }

    private static Variable Top(Variable x, int rows) => rows == x.Rows ? x : x.SliceRows(0, rows);

    private Variable Weighted(Tape tape, ReadOnlySpan<Variable> states)
    {
        int first = _options.HasFirstState ? 0 : 1, count = states.Length - first;
        return (_layerWeights is null ? tape.Constant(Enumerable.Repeat(Share, count).ToArray(), count, 1) : tape.Use(_layerWeights).SliceRows(first, count))
            .WeightedSum(states[first..]);
    }
}

/// <summary>Trains graph models: full batch or mini-batches, on edges to predict and edges that carry messages.</summary>
internal sealed class GraphTrainer
{
    private readonly string _name;
    private readonly GraphOptions _options;
    private readonly Dataset _train;
    private readonly FitContext _context;
    private readonly Func<GraphNetwork> _create;
    private readonly GraphNetwork _network;
    private readonly ListeningGraph _whole;
    private readonly IGraphConvolution _layers;
    private readonly GraphNodes _nodes;
    private readonly SparseOperand _wholeMessages;
    private readonly CsrMatrix _pairs;
    private readonly bool _isDrawn;
    private readonly int[] _users, _items, _negatives, _heardItems;
    private readonly NodePairs _positivePairs = new(), _negativePairs = new();
    private SparseOperand _trainingMessages;
    private NeighborSampler? _sampler;
    private float[] _counts = [];
    private int[] _batchUsers = [], _batchItems = [], _batchNegatives = [];

    private GraphTrainer(string name, GraphOptions options, Func<FitContext, IGraphConvolution> convolution, Dataset train, FitContext context)
    {
        (_name, _options, _train, _context) = (name, options, train, context);
        _pairs = UserItemMatrix.Binary(train);
        _nodes = GraphNodes.Parse(options.Nodes, $"model '{name}'");
        _whole = ListeningGraph.Of(train, _pairs, _nodes);

        options.RequireRoom(name, _whole.Nodes);
        NeuralFit.RequireRoom(name, "embedding_size", options.EmbeddingSize, "values of nodes", _whole.Nodes, options.EmbeddingSize);
        _layers = convolution(context);
        _create = () => new GraphNetwork(options, convolution(context), _whole.Nodes, context, name);
        _network = _create();
        foreach (Parameter parameter in _network.Parameters.Where(p => p != _network.Nodes))
        {
            parameter.RateFactor = options.LayerRate;
        }

        _wholeMessages = _trainingMessages = _layers.Messages(_whole);

        // Of an item nobody has nothing is known: as a non-edge it would be pushed away from everybody.
        _heardItems = [.. Enumerable.Range(0, _pairs.Columns).Where(i => _whole.Listeners[i] > 0)];
        int drawn = (int)Math.Round(_pairs.Count * options.LabelShare);
        _isDrawn = drawn > 0 && drawn < _pairs.Count;
        bool[]? isLabel = _isDrawn || options.LayerCount == 0 ? null : SupervisionEdges.Of(name, options.Supervision, _pairs, train, context);
        int labels = _isDrawn ? drawn : isLabel?.Count(set => set) ?? _pairs.Count;
        (_users, _items, _negatives) = (new int[labels], new int[labels], new int[labels]);
        if (isLabel is not null)
        {
            Cut(isLabel);
        }
        else if (!_isDrawn)
        {
            int n = 0;
            for (int u = 0; u < _pairs.Rows; u++)
            {
                CancellationScope.CheckAt(u);
                foreach (int item in _pairs.RowColumns(u))
                {
                    (_users[n], _items[n++]) = (u, _pairs.Rows + item);
                }
            }
        }

        _sampler = Sampler();
    }

    public static IRecommender Fit(string name, GraphOptions options, Func<FitContext, IGraphConvolution> convolution, Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{name}'");
        var nodes = GraphNodes.Parse(options.Nodes, $"model '{name}'");
        RequireGroups(name, "artist", nodes.HasArtists, options, train.Catalog.ItemArtist, train);
        RequireGroups(name, "album", nodes.HasAlbums, options, train.Catalog.ItemAlbum, train);
        return new GraphTrainer(name, options, convolution, train, context).Run();
    }

    public static IRecommender Load(
        string name, GraphOptions options, Func<FitContext, IGraphConvolution> convolution, ArtifactReader artifact, Dataset train, IEnumerable<string>? squares = null)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        DenseMatrix users = artifact.Dense("user_vectors"), items = artifact.Dense("item_vectors");
        Require("user_vectors", users, train.Users.Count, options.EmbeddingSize);
        Require("item_vectors", items, train.Items.Count, options.EmbeddingSize);
        var states = new DenseMatrix[options.LayerCount];
        for (int l = 0; l < states.Length; l++)
        {
            states[l] = artifact.Dense($"item_states.{l}");
            Require($"item_states.{l}", states[l], train.Items.Count, options.EmbeddingSize);
        }

        ListeningGraph graph = GraphRecommender.GraphOf(train, options);
        StoredShapes.Require(artifact, name, (squares ?? []).Select(s => (s, options.EmbeddingSize, options.EmbeddingSize)));
        var context = new FitContext { Threads = 1 };
        var network = new GraphNetwork(options, convolution(context), graph.Nodes, context, name);
        foreach (Parameter parameter in network.Parameters)
        {
            DenseMatrix stored = artifact.Dense(parameter.Name);
            Require(parameter.Name, stored, parameter.Rows, parameter.Columns);
            stored.Values.CopyTo(parameter.Value);
        }

        return new GraphRecommender(train, options, network, graph, users, items, states);

        void Require(string what, DenseMatrix stored, int rows, int columns) => StoredShapes.Require(name, what, (stored.Rows, stored.Columns), rows, columns);
    }

    private static void RequireGroups(string name, string column, bool isWanted, GraphOptions options, ReadOnlyMemory<int> groupOfItem, Dataset train)
    {
        if (isWanted && groupOfItem.Span.IndexOfAnyExcept(-1) < 0)
        {
            throw new DatasetException(
                $"model '{name}': nodes is '{options.Nodes}', and '{train.Name}' knows no {column} of any item; import a source that has them, for example "
                + $"segue import csv FILE --map user=…,item=…,{column}=…, or leave {column} out of nodes");
        }
    }

    private IRecommender Run()
    {
        var optimizer = new Adam(_network.Parameters, _options.LearningRate, threads: _context.Threads);
        int edges = _users.Length, batch = _options.BatchSize == 0 ? Math.Max(1, edges) : _options.BatchSize;
        bool isFull = batch >= edges && _sampler is null;
        if (isFull)
        {
            Fill(_positivePairs, _users, _items);
        }

        var settings = new TrainingSettings
        {
            Epochs = _options.Epochs,
            BatchSize = batch,
            CreateRng = _context.CreateRng,
            Checkpoints = Checkpoints.Open(_context, _name, _options, _train),
            OnEpochStart = (epoch, rng) =>
            {
                if (_isDrawn)
                {
                    DrawLabels(rng);
                    if (isFull)
                    {
                        Fill(_positivePairs, _users, _items);
                    }
                }

                DrawNegatives(epoch, rng);
                if (isFull)
                {
                    Fill(_negativePairs, _users, _negatives);
                }
            },
        };
        NeuralFit.Run(_name, _context, edges, optimizer, settings, step => Add(step, isFull), Snapshot);
        return Snapshot();
    }

    /// <summary>The losses of a step.</summary>
    private void Add(TrainingStep step, bool isFull)
    {
        if (!isFull)
        {
            TakeBatch(step.Batch.Span);
        }

        Variable? contrasted = null;
        NeighborBlocks? blocks = _sampler?.Draw(step.Rng.NextUInt64(), _context.Threads);
        Variable vectors = blocks is null
            ? _network.Apply(step.Tape, _trainingMessages, step.Rng, (l, state) => Keep(l, state))
            : _network.Apply(step.Tape, blocks, step.Rng, (l, state) => Keep(l, state));
        if (_options.Contrast is { } contrast)
        {
            Variable users = Contrasted(vectors, contrasted!, _positivePairs.Left, contrast.Temperature);
            step.Add("contrast", users.Add(Contrasted(vectors, contrasted!, _positivePairs.Right, contrast.Temperature)), contrast.Weight);
        }

        Variable positive = vectors.PairDot(_positivePairs), negative = vectors.PairDot(_negativePairs);
        if (_options.Loss == GraphLoss.Bpr)
        {
            step.Add("bpr", positive.BprLoss(negative));
        }
        else
        {
            var ones = new float[positive.Count];
            Array.Fill(ones, 1f);
            step.Add("bce", positive.LogisticLoss(ones).Add(negative.LogisticLoss(new float[negative.Count])).Scale(0.5f));
            if (isFull)
            {
                _context.OnLoss?.Invoke(step.Epoch, "auc", Auc(positive.Value, negative.Value));
            }
        }

        if (_options.Regularization > 0)
        {
            // ½ Σ over edges of |e_u|² + |e_i|² + |e_j|², per edge.
            Memory<float> counts = (_counts.Length < vectors.Rows ? _counts = new float[vectors.Rows] : _counts).AsMemory(0, vectors.Rows);
            counts.Span.Clear();
            foreach (NodePairs pairs in new[] { _positivePairs, _negativePairs })
            {
                Count(pairs.Right, 1f);
                Count(pairs.Left, 0.5f);
            }

            Variable first = step.Tape.Use(_network.Nodes);
            first = blocks is null ? first : first.Gather(blocks.Nodes[..blocks.Seeds]);
            step.Add("l2", first.SquareSum(counts).Scale(0.5f / Math.Max(1, _positivePairs.Count)), (float)_options.Regularization);
        }

        void Keep(int layer, Variable state) => contrasted = layer == _options.Contrast?.Layer ? state : contrasted;
    }

    /// <summary>InfoNCE: every node's vector must be nearer to its own state than to those of the other nodes of the step.</summary>
    private static Variable Contrasted(Variable vectors, Variable states, ReadOnlySpan<int> nodes, float temperature)
    {
        int[] distinct = [.. nodes.ToArray().Distinct().Order()];
        Variable first = vectors.Gather(distinct).NormalizeRows(), second = states.Gather(distinct).NormalizeRows();
        return first.MatMulTransposed(second).Scale(1f / temperature).SoftmaxLoss(Enumerable.Range(0, distinct.Length).ToArray());
    }

    private void Count(ReadOnlySpan<int> nodes, float weight)
    {
        foreach (int node in nodes)
        {
            _counts[node] += weight;
        }
    }

    /// <summary>Chance that an edge scores above a non-edge, ties counting half.</summary>
    private static double Auc(ReadOnlySpan<float> positive, ReadOnlySpan<float> negative)
    {
        float[] sorted = negative.ToArray();
        Array.Sort(sorted);
        double sum = 0;
        foreach (float score in positive)
        {
            int below = Bound(sorted, score, isUpper: false), notAbove = Bound(sorted, score, isUpper: true);
            sum += (below + notAbove) / 2.0;
        }

        return positive.IsEmpty || negative.IsEmpty ? double.NaN : sum / ((double)positive.Length * negative.Length);
    }

    private static int Bound(float[] sorted, float value, bool isUpper)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (isUpper ? sorted[middle] <= value : sorted[middle] < value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private void TakeBatch(ReadOnlySpan<int> batch)
    {
        if (_batchUsers.Length != batch.Length)
        {
            (_batchUsers, _batchItems, _batchNegatives) = (new int[batch.Length], new int[batch.Length], new int[batch.Length]);
        }

        for (int n = 0; n < batch.Length; n++)
        {
            (_batchUsers[n], _batchItems[n], _batchNegatives[n]) = (_users[batch[n]], _items[batch[n]], _negatives[batch[n]]);
        }

        if (_sampler is not null)
        {
            _sampler.Start(_batchUsers, _batchItems, _batchNegatives);
            foreach (int[] group in new[] { _batchUsers, _batchItems, _batchNegatives })
            {
                for (int n = 0; n < group.Length; n++)
                {
                    group[n] = _sampler.NumberOf(group[n]);
                }
            }
        }

        int nodes = _sampler?.Count ?? _whole.Nodes;
        _positivePairs.Fill(_batchUsers, _batchItems, nodes);
        _negativePairs.Fill(_batchUsers, _batchNegatives, nodes);
    }

    /// <summary>Items are given as nodes.</summary>
    private void Fill(NodePairs pairs, ReadOnlySpan<int> users, ReadOnlySpan<int> items) => pairs.Fill(users, items, _whole.Nodes);

    private NeighborSampler? Sampler() =>
        _options.Neighbors > 0 ? new NeighborSampler(_trainingMessages.Matrix, _options.LayerCount, _options.Neighbors) : null;

    /// <summary>Draws the edges that are only predicted in this epoch; the others carry its messages.</summary>
    private void DrawLabels(Rng rng)
    {
        int labels = _users.Length, taken = 0;
        var isLabel = new bool[_pairs.Count];
        for (int n = 0; n < isLabel.Length; n++)
        {
            // One after the other with the chance that leaves as many as are wanted (Knuth, volume 2, algorithm S), so that they stay in order of users.
            isLabel[n] = rng.Next(isLabel.Length - n) < labels - taken;
            taken += isLabel[n] ? 1 : 0;
        }

        Cut(isLabel);
    }

    /// <summary>Edges that are predicted, and the messages of the others.</summary>
    private void Cut(bool[] isLabel)
    {
        int taken = 0, kept = 0;
        var start = new int[_pairs.Rows + 1];
        var columns = new int[_pairs.Count - _users.Length];
        for (int u = 0; u < _pairs.Rows; u++)
        {
            CancellationScope.CheckAt(u);
            for (int n = _pairs.RowStart[u]; n < _pairs.RowStart[u + 1]; n++)
            {
                if (isLabel[n])
                {
                    (_users[taken], _items[taken++]) = (u, _pairs.Rows + _pairs.ColumnIndex[n]);
                }
                else
                {
                    columns[kept++] = _pairs.ColumnIndex[n];
                }
            }

            start[u + 1] = kept;
        }

        var ones = new float[columns.Length];
        Array.Fill(ones, 1f);
        _trainingMessages = _layers.Messages(ListeningGraph.Of(_train, new CsrMatrix(_pairs.Rows, _pairs.Columns, start, columns, ones), _nodes));
        _sampler = Sampler();
    }

    private void DrawNegatives(int epoch, Rng rng)
    {
        ulong seed = rng.NextUInt64();
        HardNegatives? hard = null;
        if (_options.Negatives == GraphNegatives.Hard && _pairs.Columns > 0)
        {
            double progress = _options.Epochs == 1 ? 1 : (epoch - 1.0) / (_options.Epochs - 1);
            Variable vectors = _network.ApplyToRank(new Tape(_context.Threads), _trainingMessages, _pairs.Rows);
            hard = new HardNegatives(_pairs, _heardItems, vectors.Value.ToArray(), _options.EmbeddingSize, 1 - (progress * (1 - _options.HardShare)), seed);
        }

        // Edges are in order of their users; a generator for every chunk, so that the draws do not depend on the number of threads.
        Workers.Run(_users.Length, 1 << 12, _context.Threads, (start, end, _) =>
        {
            var own = new Rng(seed + (ulong)start, "negatives");
            for (int n = start; n < end; n++)
            {
                int item = hard is not null ? hard.Draw(_users[n], own)
                    : _options.Negatives == GraphNegatives.Unchecked ? _heardItems[own.Next(_heardItems.Length)] : UnheardItem(_users[n], own);

                // Against itself an edge teaches nothing: where next to nothing is unheard.
                _negatives[n] = item < 0 ? _items[n] : _pairs.Rows + item;
            }
        }, _context.Cancellation);
    }

    private int UnheardItem(int user, Rng rng)
    {
        ReadOnlySpan<int> heard = _pairs.RowColumns(user);
        for (int attempt = 0; attempt < 64; attempt++)
        {
            int item = _heardItems[rng.Next(_heardItems.Length)];
            if (heard.BinarySearch(item) < 0)
            {
                return item;
            }
        }

        return -1;
    }

    private GraphRecommender Snapshot()
    {
        GraphNetwork copy = _create();
        foreach ((Parameter from, Parameter to) in _network.Parameters.Zip(copy.Parameters))
        {
            from.Value.CopyTo(to.Value);
        }

        return GraphRecommender.Over(_whole, _wholeMessages, _train, _options, copy, _context.Threads);
    }
}

/// <summary>Items from the best-scored share of those a listener has not, without a users × items matrix.</summary>
/// <remarks>
/// A listener's pool is <see cref="PoolSize"/> items drawn at random, sorted by score, and cut to the share: a draw from it is a draw from the
/// best-scored share of all, with the cut known to about ±√(share / pool). Memory: one pool a call, items · d for the vectors.
/// </remarks>
internal sealed class HardNegatives(CsrMatrix pairs, int[] candidates, float[] vectors, int size, double share, ulong seed)
{
    private const int PoolSize = 256;

    [ThreadStatic]
    private static (HardNegatives? Owner, int User, int[] Items, float[] Scores, int Count) t_pool;

    public int Draw(int user, Rng rng)
    {
        if (!ReferenceEquals(t_pool.Owner, this) || t_pool.User != user)
        {
            MakePool(user);
        }

        return t_pool.Count == 0 ? -1 : t_pool.Items[rng.Next(t_pool.Count)];
    }

    private void MakePool(int user)
    {
        int[] items = t_pool.Items ?? new int[PoolSize];
        float[] scores = t_pool.Scores ?? new float[PoolSize];
        var rng = new Rng(seed + (ulong)user, "hard");
        ReadOnlySpan<int> heard = pairs.RowColumns(user);
        ReadOnlySpan<float> own = vectors.AsSpan(user * size, size);
        int count = 0;
        for (int attempt = 0; attempt < PoolSize; attempt++)
        {
            int item = candidates[rng.Next(candidates.Length)];
            if (heard.BinarySearch(item) < 0)
            {
                items[count] = item;
                scores[count++] = -TensorPrimitives.Dot(own, vectors.AsSpan((pairs.Rows + item) * size, size));
            }
        }

        Array.Sort(scores, items, 0, count);
        t_pool = (this, user, items, scores, Math.Min(count, Math.Max(1, (int)Math.Round(count * share))));
    }
}

/// <summary>Vectors of listeners and items; a history is a new node that hears its items.</summary>
internal sealed class GraphRecommender : IVectorRecommender, IExplains, IItemSimilarity, IObserves, ILearnsListeners
{
    private readonly Dataset _train;
    private readonly GraphOptions _options;
    private readonly GraphNetwork _network;
    private readonly CsrMatrix _pairs;
    private readonly int[] _degrees;
    private readonly DenseMatrix _users, _items;
    private readonly DenseMatrix[] _states;

    public GraphRecommender(
        Dataset train, GraphOptions options, GraphNetwork network, ListeningGraph graph, DenseMatrix users, DenseMatrix items, DenseMatrix[] states)
    {
        (_train, _options, _network, _pairs) = (train, options, network, graph.Pairs);
        (_users, _items, _states) = (users, items, states);

        // Nothing but a node without edges, of artists and albums too, has a vector of zeros.
        ItemVectors = UnheardItems.HideZeros(items);
        _degrees = graph.Listeners.ToArray();
    }

    public Vocabulary Items => _train.Items;

    public DenseMatrix ItemVectors { get; }

    /// <summary>Passes the messages of a graph through a trained network.</summary>
    public static GraphRecommender Over(
        ListeningGraph graph, SparseOperand messages, Dataset train, GraphOptions options, GraphNetwork network, int threads)
    {
        int users = graph.Pairs.Rows, items = graph.Pairs.Columns, size = options.EmbeddingSize;
        var states = new DenseMatrix[options.LayerCount];
        ReadOnlySpan<float> final = network.ApplyToRank(
            new Tape(threads), messages, users,
            (l, state) => states[l] = new DenseMatrix(items, size, state.Value.Slice(users * size, items * size).ToArray())).Value;
        var userVectors = new DenseMatrix(users, size, final[..(users * size)].ToArray());
        var itemVectors = new DenseMatrix(items, size, final.Slice(users * size, items * size).ToArray());

        // A node without edges is what it was drawn as, which means nothing.
        for (int node = 0; node < users + items; node++)
        {
            CancellationScope.CheckAt(node);
            if (graph.Adjacency.RowLength(node) == 0)
            {
                (node < users ? userVectors.Row(node) : itemVectors.Row(node - users)).Clear();
            }
        }

        return new GraphRecommender(train, options, network, graph, userVectors, itemVectors, states);
    }

    public static ListeningGraph GraphOf(Dataset data, GraphOptions options) =>
        ListeningGraph.Of(data, UserItemMatrix.Binary(data), GraphNodes.Parse(options.Nodes, "the graph"));

    /// <summary>Other edges between the same nodes: their messages pass through what was learned.</summary>
    public IRecommender Observe(Dataset known, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        SameNodes.Check(_train, known);
        ListeningGraph graph = GraphOf(known, _options);
        return Over(graph, _network.Messages(graph), known, _options, _network, context.Threads);
    }

    public void Score(Query query, Span<float> scores) => FactorScores.Write(this, query, scores);

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, _pairs.Rows, Items.Count);
        if (vector.Length != ItemVectors.Columns)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {ItemVectors.Columns} numbers", nameof(vector));
        }

        if (!query.IsFoldIn)
        {
            _users.Row(query.UserIndex).CopyTo(vector);
            return _pairs.RowLength(query.UserIndex) > 0;
        }

        int[] history = FactorHistory.Merge(query).Index;
        if (history.Length == 0)
        {
            return false;
        }

        FoldIn(history).CopyTo(vector);
        return true;
    }

    /// <summary>What the score loses where an item is taken out of the history, for every item of it.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.Check(query, _pairs.Rows, Items.Count);
        ScoreBuffer.CheckItem(itemIndex, Items);
        int[] history = query.IsFoldIn ? FactorHistory.Merge(query).Index : _pairs.RowColumns(query.UserIndex).ToArray();
        if (history.Length == 0 || count <= 0)
        {
            return [];
        }

        double whole = ScoreOf(history);
        return [.. history
            .Select(h => new Reason(h, whole - ScoreOf([.. history.Where(i => i != h)]), "because_listened"))
            .OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(count)];

        double ScoreOf(int[] heard) => heard.Length == 0 ? 0 : TensorPrimitives.Dot<float>(FoldIn(heard), _items.Row(itemIndex));
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(Items, ItemVectors, ItemVectors.Columns, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        artifact.Add("user_vectors", _users);
        artifact.Add("item_vectors", _items);
        for (int l = 0; l < _states.Length; l++)
        {
            artifact.Add($"item_states.{l}", _states[l]);
        }

        foreach (Parameter parameter in _network.Parameters)
        {
            artifact.Add(parameter.Name, parameter.Value, parameter.Rows, parameter.Columns);
        }
    }

    private float[] FoldIn(int[] history) => _network.FoldIn(history, _states, Array.ConvertAll(history, i => _degrees[i] + 1));
}
