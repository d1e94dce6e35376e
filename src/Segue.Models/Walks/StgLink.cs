using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Neural.Autodiff;
using Segue.Neural.Layers;
using Segue.Neural.Losses;
using Segue.Neural.Optimizers;
using Segue.Neural.Training;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Embedding;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Walks;

/// <summary>What the network of <see cref="StgLink"/> minimises.</summary>
public enum LinkLoss
{
    /// <summary>Squared difference of σ(output) and 1 or 0.</summary>
    SquaredError,

    /// <summary>Binary cross-entropy of σ(output).</summary>
    CrossEntropy,

    /// <summary>Squared difference of output + ½ and 1 or 0: no sigmoid at the end, so that the loss has no upper bound.</summary>
    LinearSquaredError,
}

/// <summary>What the network of <see cref="StgLink"/> is shown of the vectors x, y of two ends.</summary>
public enum LinkInput
{
    /// <summary>Both, one after the other (seed 000).</summary>
    Concatenation,

    /// <summary>Their products, place by place (the Hadamard operator of node2vec).</summary>
    Product,

    /// <summary>Both and their products.</summary>
    Both,
}

/// <summary>How <see cref="StgLink"/> draws pairs that are no edges.</summary>
public enum LinkNegatives
{
    /// <summary>Both ends uniformly: any user or session, any item.</summary>
    Uniform,

    /// <summary>Any two nodes, as random non-edges of a graph usually are: in a graph of many items most are two items, which no edge can join (seed 000, as far as it tells).</summary>
    Nodes,

    /// <summary>The user or session of an edge, and the item of another edge: as popular as those of edges.</summary>
    Popularity,
}

/// <summary>Which edges <see cref="StgLink"/> holds out together.</summary>
public enum LinkHoldOut
{
    /// <summary>Each on its own (seed 000): where a user's edge is held out, its session's edge to the same item mostly is not.</summary>
    Edges,

    /// <summary>An edge of a user and those of its sessions to the same item.</summary>
    Pairs,
}

/// <summary>Options of <see cref="StgLink"/>.</summary>
public sealed record StgLinkOptions : TemporalWalkOptions
{
    /// <summary>Length of every node's vector.</summary>
    [Range(1, 4096)]
    [Description("length of every node's vector")]
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Walks that begin at every node.</summary>
    [Range(1, 100_000)]
    [Description("walks that begin at every node")]
    public int WalksPerNode { get; init; } = 5;

    /// <summary>Nodes of a walk.</summary>
    [Range(2, 5000)]
    [Description("nodes of a walk, the first included")]
    public int WalkLength { get; init; } = 40;

    /// <summary>Nodes of a walk up to this distance are contexts.</summary>
    [Range(1, 1000)]
    [Description("nodes of a walk up to this distance are contexts; the distance is drawn anew, from 1 on, for every node")]
    public int Window { get; init; } = 10;

    /// <summary>A negative of the vectors is drawn in proportion to its visits to this power.</summary>
    [Range(-2.0, 2.0)]
    [Description("a negative of the vectors is drawn in proportion to its visits to this power")]
    public double NegativeExponent { get; init; } = 0.75;

    /// <summary>Step size of the vectors at the beginning.</summary>
    [Range(1e-6, 10.0)]
    [Description("step size of the vectors at the beginning; it falls linearly to almost nothing")]
    public double WalkLearningRate { get; init; } = 0.025;

    /// <summary>What the network is shown of two vectors.</summary>
    [Description("what the network is shown of two vectors: concatenation of both, product place by place, or both of these")]
    public LinkInput Input { get; init; } = LinkInput.Both;

    /// <summary>Neurons of every hidden layer.</summary>
    [Range(1, 8192)]
    [Description("neurons of every hidden layer")]
    public int HiddenSize { get; init; } = 64;

    /// <summary>Hidden layers after the first.</summary>
    [Range(0, 100)]
    [Description("hidden layers after the first")]
    public int HiddenLayers { get; init; } = 1;

    /// <summary>What is minimised.</summary>
    [Description("what is minimised: squared_error or cross_entropy of the output's sigmoid, or linear_squared_error of the output as it is")]
    public LinkLoss Loss { get; init; } = LinkLoss.CrossEntropy;

    /// <summary>How pairs that are no edges are drawn, one for every edge.</summary>
    [Description("pairs that are no edges, one for every edge: uniform, any user or session and any item; nodes, any two nodes, so two items too; popularity, the item of another edge for the same user or session")]
    public LinkNegatives Negatives { get; init; } = LinkNegatives.Uniform;

    /// <summary>Which edges are held out together.</summary>
    [Description("which edges are held out together: edges, each on its own; pairs, those of a user and its sessions to the same item")]
    public LinkHoldOut HoldOut { get; init; } = LinkHoldOut.Edges;

    /// <summary>Share of the edges held out for the curves of validation.</summary>
    [Range(0.0, 0.9)]
    [Description("share of the edges held out for the curves of validation; neither walks nor network see them")]
    public double ValidationShare { get; init; }

    /// <summary>Share of the edges held out for the curves of test.</summary>
    [Range(0.0, 0.9)]
    [Description("share of the edges held out for the curves of test; neither walks nor network see them")]
    public double TestShare { get; init; }

    /// <summary>Passes over the edges.</summary>
    [Range(1, 100_000)]
    [Description("passes over the edges")]
    public int Epochs { get; init; } = 10;

    /// <summary>Examples in a step, half of them edges.</summary>
    [Range(1, 1_000_000)]
    [Description("examples in a step, about half of them edges")]
    public int BatchSize { get; init; } = 1024;

    /// <summary>Step size of Adam.</summary>
    [Range(1e-7, 10.0)]
    [Description("step size of Adam")]
    public double LearningRate { get; init; } = 0.001;

    /// <summary>L2 strength on the network's weights.</summary>
    [Range(0.0, 100.0)]
    [Description("L2 strength on the network's weights, added to their gradient")]
    public double Regularization { get; init; } = 1e-5;

    /// <inheritdoc/>
    protected override void CheckWhole(string owner)
    {
        base.CheckWhole(owner);
        if (ValidationShare + TestShare > 0.9)
        {
            throw new OptionException(string.Create(
                CultureInfo.InvariantCulture,
                $"options 'validation_share' and 'test_share' of {owner} hold out {ValidationShare} and {TestShare} of the edges; leave a tenth to learn from"));
        }
    }
}

/// <summary>Says of a user or session and an item whether an edge joins them: a network that reads the vectors which node2vec gives both ends.</summary>
/// <remarks>
/// <para>
/// Vectors x of all nodes of a <see cref="TemporalGraph"/> as in <see cref="Node2Vec"/>; f(v, i) = w·relu(… relu(W₀ [x_v ⊕ x_i] + b₀) …) + b with <see cref="StgLinkOptions.HiddenLayers"/> further
/// layers, P(edge) = σ(f), trained by Adam on edges against as many pairs that are none, drawn anew in every epoch. score(u, i) = β f(u, i) + (1 − β) f(s, i), s the current session of
/// <see cref="TemporalWalkOptions"/>; without one β is 1.
/// </para>
/// <para>
/// Of the edges of users and sessions, shares can be held out: neither walks nor network see them, and loss and accuracy on them are reported after every epoch (names <c>validation loss</c>,
/// <c>validation accuracy</c>, <c>test …</c>) where somebody listens.
/// </para>
/// <para>
/// A listener the graph does not know, or of whom all edges are held out: the mean of its items' vectors weighted by the edges it would have, made as much longer as users' vectors are than such means; sessions
/// likewise. Listeners without plays score NaN everywhere, unless a profile joins them and gives them a vector; items without edges score NaN. Data without times needs <c>period=none</c>.
/// </para>
/// <para>
/// Source: seed 000, sections VI.C and VI.D (<c>input=concatenation</c>, <c>hidden_size=512</c>, <c>hidden_layers=10</c>, <c>loss=squared_error</c>, <c>batch_size=4096</c>, both shares .1; the defaults here train in seconds); the source's table ends in 512 outputs, ours in one. Time O(walks) + O(epochs · edges · layers · hidden²), a
/// query O(items · layers · hidden²).
/// </para>
/// </remarks>
public sealed class StgLink(StgLinkOptions options) : IKeepsCheckpoints
{
    private const string Name = "stg-link";

    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, $"model '{Name}'");
        context.Report("temporal graph", 0, 1);
        TemporalGraph graph, walked;
        LinkEdges edges;
        CsrMatrix adjacency;
        try
        {
            graph = TemporalGraph.Of(train, options, context.Threads, context.Cancellation);
            edges = new LinkEdges(graph, options, context.CreateRng($"{Name}/held-out"));
            walked = edges.Walked;
            adjacency = walked.Adjacency();
        }
        catch (DatasetException e)
        {
            throw new DatasetException($"model '{Name}': {e.Message}");
        }

        Node2VecOptions walks = WalkOptions();
        Node2Vec.RequireRoom(Name, walks, adjacency);
        NeuralFit.RequireRoom(Name, "hidden_size", options.HiddenSize, "weights", (long)options.HiddenSize * Math.Max(1, options.HiddenLayers), options.HiddenSize, copies: 5);
        SkipGram trained = Node2Vec.Train(adjacency, walks, context);
        var vectors = new DenseMatrix(graph.Nodes, options.EmbeddingSize);
        for (int n = 0; n < graph.Nodes; n++)
        {
            CancellationScope.CheckAt(n);

            // A node without edges was in no walk: its vector means nothing.
            if (adjacency.RowLength(n) > 0)
            {
                trained.Input(n).CopyTo(vectors.Row(n));
            }
        }

        if (!TensorPrimitives.IsFiniteAll<float>(vectors.Values))
        {
            throw new ModelFitException(string.Create(
                CultureInfo.InvariantCulture, $"model '{Name}': vectors are not finite; lower walk_learning_rate, now {options.WalkLearningRate}"));
        }

        Mlp network = TrainNetwork(train, graph, edges, adjacency, vectors, context, Snapshot);
        return Snapshot(network);

        StgLinkRecommender Snapshot(Mlp now) => new(options, train.Items, graph, vectors, LinkNetwork.Of(now));
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        ArgumentNullException.ThrowIfNull(train);
        TemporalGraph graph = TemporalGraph.Load(artifact, train, options, $"model '{Name}'");
        DenseMatrix vectors = artifact.Dense("node_vectors");
        var network = LinkNetwork.Load(artifact, options);
        return vectors.Rows == graph.Nodes && vectors.Columns == options.EmbeddingSize
            ? new StgLinkRecommender(options, train.Items, graph, vectors, network)
            : throw new DatasetException(
                $"model '{Name}' was stored with {vectors.Rows} × {vectors.Columns} node vectors, which do not fit {graph.Nodes} nodes and embedding_size {options.EmbeddingSize}; "
                + "load it with the dataset it was trained on");
    }

    private Node2VecOptions WalkOptions() => new()
    {
        EmbeddingSize = options.EmbeddingSize,
        WalksPerNode = options.WalksPerNode,
        WalkLength = options.WalkLength,
        Window = options.Window,
        NegativeExponent = options.NegativeExponent,
        LearningRate = options.WalkLearningRate,
    };

    private Mlp TrainNetwork(
        Dataset train, TemporalGraph graph, LinkEdges edges, CsrMatrix adjacency, DenseMatrix vectors, FitContext context, Func<Mlp, IRecommender> snapshot)
    {
        var table = new Parameter("node_vectors", vectors.Rows, vectors.Columns, isFrozen: true);
        vectors.Values.CopyTo(table.Value);
        int[] sizes = [LinkNetwork.Inputs(options), .. Enumerable.Repeat(options.HiddenSize, options.HiddenLayers + 1), 1];
        var network = new Mlp("network", sizes, context.CreateRng($"{Name}/network"));
        var optimizer = new Adam(network.Parameters, options.LearningRate, options.Regularization, threads: context.Threads);
        int[] negativeLeft = new int[edges.Train.Count], negativeRight = new int[edges.Train.Count];
        int most = Math.Min(options.BatchSize, 2 * edges.Train.Count);
        int[] left = new int[most], right = new int[most];
        float[] labels = new float[most], centred = new float[most];
        long correct = 0, seen = 0;
        var settings = new TrainingSettings
        {
            Epochs = options.Epochs,
            BatchSize = options.BatchSize,
            CreateRng = context.CreateRng,
            OnEpochStart = (_, rng) => edges.Draw(edges.Train, options.Negatives, negativeLeft, negativeRight, rng),
            Checkpoints = Checkpoints.Open(context, Name, options, train),
        };
        NeuralFit.Run(Name, Listening(), 2 * edges.Train.Count, optimizer, settings, step =>
        {
            ReadOnlySpan<int> batch = step.Batch.Span;
            for (int n = 0; n < batch.Length; n++)
            {
                int negative = batch[n] - edges.Train.Count, edge = negative < 0 ? batch[n] : negative;

                // Where no pair could be found that is no edge, the edge stands twice.
                bool isEdge = negative < 0 || negativeLeft[edge] < 0;
                (left[n], right[n]) = isEdge ? (edges.Train.Left[edge], graph.FirstItem + edges.Train.Item[edge]) : (negativeLeft[edge], negativeRight[edge]);
                labels[n] = isEdge ? 1f : 0f;
            }

            ReadOnlyMemory<int> leftRows = left.AsMemory(0, batch.Length), rightRows = right.AsMemory(0, batch.Length);
            Variable nodes = step.Tape.Use(table), x = nodes.Gather(leftRows), y = nodes.Gather(rightRows);
            Variable input = options.Input switch
            {
                LinkInput.Product => x.Multiply(y),
                LinkInput.Both => x.ConcatColumns(y).ConcatColumns(x.Multiply(y)),
                _ => x.ConcatColumns(y),
            };
            Variable output = network.Apply(input);
            ReadOnlySpan<float> target = labels.AsSpan(0, batch.Length);
            for (int n = 0; n < target.Length; n++)
            {
                correct += output.Value[n] >= 0 == target[n] > 0 ? 1 : 0;
            }

            seen += target.Length;
            Variable loss = options.Loss switch
            {
                LinkLoss.SquaredError => output.Sigmoid().SquaredError(target),
                LinkLoss.LinearSquaredError => output.SquaredError(Centred(target)),
                _ => output.LogisticLoss(target),
            };
            step.Add("loss", loss);
        }, () => snapshot(network));
        return network;

        // An edge is told by an output of 0 or more, whatever the loss: half is taken off instead.
        ReadOnlySpan<float> Centred(ReadOnlySpan<float> target)
        {
            Span<float> result = centred.AsSpan(0, target.Length);
            TensorPrimitives.Subtract(target, 0.5f, result);
            return result;
        }

        FitContext Listening()
        {
            if (context.OnLoss is not { } report)
            {
                return context;
            }

            List<(string Name, LinkExamples Examples)> heldOut = [];
            var rules = new List<(string Name, double Accuracy)>();
            LinkExamples? validation = edges.Validation.Count > 0 ? edges.Examples(edges.Validation, options.Negatives, context.CreateRng($"{Name}/validation")) : null;
            if (validation is not null)
            {
                heldOut.Add(("validation", validation));
            }

            if (edges.Test.Count > 0)
            {
                Hold("test", options.Negatives, validation);
            }

            // The same network asked what popularity alone cannot answer.
            if (edges.Test.Count > 0 && options.Negatives != LinkNegatives.Popularity)
            {
                Hold("matched test", LinkNegatives.Popularity, null);
            }

            return context with
            {
                OnLoss = (epoch, name, value) =>
                {
                    report(epoch, name, value);
                    report(epoch, "accuracy", (double)correct / Math.Max(1, seen));
                    (correct, seen) = (0, 0);
                    var now = LinkNetwork.Of(network);
                    foreach ((string part, LinkExamples examples) in heldOut)
                    {
                        (double loss, double accuracy) = now.Judge(options, vectors, examples);
                        report(epoch, $"{part} loss", loss);
                        report(epoch, $"{part} accuracy", accuracy);
                    }

                    foreach ((string rule, double accuracy) in rules)
                    {
                        report(epoch, rule, accuracy);
                    }
                },
            };

            void Hold(string part, LinkNegatives negatives, LinkExamples? chosenOn)
            {
                LinkExamples examples = edges.Examples(edges.Test, negatives, context.CreateRng($"{Name}/{part}"));
                heldOut.Add((part, examples));
                LinkList choosing = edges.Validation.Count > 0 ? edges.Validation : edges.Train;
                chosenOn ??= edges.Examples(choosing, negatives, context.CreateRng($"{Name}/{part}/degrees"));
                rules.Add(($"degree-product {part} accuracy", DegreeRule.Accuracy(adjacency, examples, DegreeRule.Threshold(adjacency, chosenOn))));
            }
        }
    }
}

/// <summary>Edges, as nodes of users or sessions and indices of items.</summary>
/// <param name="Left">Node of a user or session.</param>
/// <param name="Item">Index of an item.</param>
internal sealed record LinkList(int[] Left, int[] Item)
{
    public int Count => Left.Length;
}

/// <summary>Pairs of nodes with labels 1 or 0.</summary>
internal sealed record LinkExamples(int[] Left, int[] Right, float[] Labels);

/// <summary>Tells edges by the product of the degrees of both ends: what popularity alone knows of the question a predictor is asked.</summary>
internal static class DegreeRule
{
    /// <summary>The least product to call an edge, of those that are right about most examples the largest.</summary>
    public static long Threshold(CsrMatrix adjacency, LinkExamples examples)
    {
        (long Product, bool IsEdge)[] sorted = [.. examples.Labels.Select((label, n) => (Product(adjacency, examples, n), label > 0)).OrderByDescending(e => e.Item1)];
        int right = sorted.Count(e => !e.IsEdge), most = right;
        long threshold = long.MaxValue;
        for (int n = 0; n < sorted.Length; n++)
        {
            right += sorted[n].IsEdge ? 1 : -1;
            if (right > most && (n + 1 == sorted.Length || sorted[n + 1].Product < sorted[n].Product))
            {
                (most, threshold) = (right, sorted[n].Product);
            }
        }

        return threshold;
    }

    /// <summary>Share of examples that are told rightly.</summary>
    public static double Accuracy(CsrMatrix adjacency, LinkExamples examples, long threshold) =>
        examples.Labels.Where((label, n) => Product(adjacency, examples, n) >= threshold == label > 0).Count() / (double)examples.Labels.Length;

    private static long Product(CsrMatrix adjacency, LinkExamples examples, int n) =>
        (long)adjacency.RowLength(examples.Left[n]) * adjacency.RowLength(examples.Right[n]);
}

/// <summary>The edges between users or sessions and items, cut into three parts, and pairs that are no edges.</summary>
internal sealed class LinkEdges
{
    private const int Tries = 64;

    private readonly TemporalGraph _graph;
    private readonly int[] _lefts, _items, _nodes;

    public LinkEdges(TemporalGraph graph, StgLinkOptions options, Rng rng)
    {
        _graph = graph;
        CsrMatrix users = graph.UserItems, sessions = graph.SessionItems;
        byte[] ofUser = Parts(users.Count, options, rng), ofSession = options.HoldOut == LinkHoldOut.Edges ? Parts(sessions.Count, options, rng) : new byte[sessions.Count];
        if (options.HoldOut == LinkHoldOut.Pairs)
        {
            for (int u = 0; u < graph.Users; u++)
            {
                CancellationScope.CheckAt(u);
                for (int s = graph.UserSessionStart.Span[u]; s < graph.UserSessionStart.Span[u + 1]; s++)
                {
                    for (int n = sessions.RowStart[s]; n < sessions.RowStart[s + 1]; n++)
                    {
                        // The items of a session are among those of its user.
                        ofSession[n] = ofUser[users.RowStart[u] + users.RowColumns(u).BinarySearch(sessions.ColumnIndex[n])];
                    }
                }
            }
        }

        (Train, Validation, Test) = (List(0), List(1), List(2));
        Walked = Validation.Count + Test.Count == 0 ? graph : graph.WithEdges(Only(users, ofUser), Only(sessions, ofSession));
        _lefts = [.. Enumerable.Range(0, graph.Users).Where(u => users.RowLength(u) > 0), .. Enumerable.Range(graph.FirstSession, graph.Sessions)];
        var isHeard = new bool[graph.Items];
        foreach (int item in users.ColumnIndex)
        {
            isHeard[item] = true;
        }

        _items = [.. Enumerable.Range(graph.FirstItem, graph.Items).Where(i => isHeard[i - graph.FirstItem])];
        _nodes = [.. _lefts, .. _items];

        LinkList List(byte part)
        {
            var left = new List<int>();
            var item = new List<int>();
            Add(users, ofUser, 0);
            Add(sessions, ofSession, graph.FirstSession);
            return new LinkList([.. left], [.. item]);

            void Add(CsrMatrix matrix, byte[] parts, int first)
            {
                for (int r = 0; r < matrix.Rows; r++)
                {
                    CancellationScope.CheckAt(r);
                    for (int n = matrix.RowStart[r]; n < matrix.RowStart[r + 1]; n++)
                    {
                        if (parts[n] == part)
                        {
                            left.Add(first + r);
                            item.Add(matrix.ColumnIndex[n]);
                        }
                    }
                }
            }
        }
    }

    public LinkList Train { get; }

    public LinkList Validation { get; }

    public LinkList Test { get; }

    /// <summary>The graph without the edges that are held out.</summary>
    public TemporalGraph Walked { get; }

    /// <summary>Draws one pair of nodes for every edge that is no edge of the whole graph; −1 where none was found.</summary>
    public void Draw(LinkList edges, LinkNegatives negatives, Span<int> left, Span<int> right, Rng rng)
    {
        for (int n = 0; n < edges.Count; n++)
        {
            CancellationScope.CheckAt(n);
            left[n] = -1;
            for (int attempt = 0; attempt < Tries && left[n] < 0; attempt++)
            {
                (int v, int w) = negatives switch
                {
                    LinkNegatives.Uniform => (_lefts[rng.Next(_lefts.Length)], _items[rng.Next(_items.Length)]),
                    LinkNegatives.Nodes => (_nodes[rng.Next(_nodes.Length)], _nodes[rng.Next(_nodes.Length)]),
                    _ => (edges.Left[n], _graph.FirstItem + edges.Item[rng.Next(edges.Count)]),
                };

                // An edge has its item on the right.
                (v, w) = IsItem(v) && !IsItem(w) ? (w, v) : (v, w);
                if (v != w && !IsEdge(v, w))
                {
                    (left[n], right[n]) = (v, w);
                }
            }
        }
    }

    /// <summary>Edges and as many pairs that are none.</summary>
    public LinkExamples Examples(LinkList edges, LinkNegatives negatives, Rng rng)
    {
        var left = new int[edges.Count];
        var right = new int[edges.Count];
        Draw(edges, negatives, left, right, rng);
        int[] drawn = [.. Enumerable.Range(0, left.Length).Where(n => left[n] >= 0)];
        return new LinkExamples(
            [.. edges.Left, .. drawn.Select(n => left[n])],
            [.. edges.Item.Select(i => _graph.FirstItem + i), .. drawn.Select(n => right[n])],
            [.. Enumerable.Repeat(1f, edges.Count), .. Enumerable.Repeat(0f, drawn.Length)]);
    }

    private bool IsItem(int node) => node >= _graph.FirstItem && node < _graph.FirstSession;

    private bool IsEdge(int left, int right) => IsItem(right) && !IsItem(left)
        && (left < _graph.Users ? _graph.UserItems.RowColumns(left) : _graph.SessionItems.RowColumns(left - _graph.FirstSession)).BinarySearch(right - _graph.FirstItem) >= 0;

    /// <summary>By edge: 0 train, 1 validation, 2 test; exact shares, rounded.</summary>
    private static byte[] Parts(int count, StgLinkOptions options, Rng rng)
    {
        var parts = new byte[count];
        int validation = (int)Math.Round(count * options.ValidationShare), test = (int)Math.Round(count * options.TestShare);

        // At least one edge stays.
        test = Math.Min(test, Math.Max(0, count - 1));
        validation = Math.Min(validation, Math.Max(0, count - 1 - test));
        Array.Fill(parts, (byte)1, 0, validation);
        Array.Fill(parts, (byte)2, validation, test);
        rng.Shuffle<byte>(parts);
        return parts;
    }

    private static CsrMatrix Only(CsrMatrix matrix, byte[] parts)
    {
        var start = new int[matrix.Rows + 1];
        var columns = new List<int>(matrix.Count);
        var values = new List<float>(matrix.Count);
        for (int r = 0; r < matrix.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            for (int n = matrix.RowStart[r]; n < matrix.RowStart[r + 1]; n++)
            {
                if (parts[n] == 0)
                {
                    columns.Add(matrix.ColumnIndex[n]);
                    values.Add(matrix.Values[n]);
                }
            }

            start[r + 1] = columns.Count;
        }

        return new CsrMatrix(matrix.Rows, matrix.Columns, start, [.. columns], [.. values]);
    }
}

/// <summary>The trained network: weights and biases, layer after layer, with ReLUs between them.</summary>
internal sealed class LinkNetwork(DenseMatrix[] weights, float[][] biases)
{
    private const int Block = 512;

    /// <summary>Columns of the first layer's input.</summary>
    public static int Inputs(StgLinkOptions options) => options.EmbeddingSize * (options.Input switch { LinkInput.Product => 1, LinkInput.Both => 3, _ => 2 });

    /// <summary>A copy of a network as it is now.</summary>
    public static LinkNetwork Of(Mlp network) => new(
        [.. network.Layers.Select(l => new DenseMatrix(l.Weight.Rows, l.Weight.Columns, l.Weight.Value.ToArray()))],
        [.. network.Layers.Select(l => l.Bias.Value.ToArray())]);

    /// <exception cref="DatasetException">An array is missing, or does not fit the options.</exception>
    public static LinkNetwork Load(ArtifactReader artifact, StgLinkOptions options)
    {
        int layers = options.HiddenLayers + 2;
        var weights = new DenseMatrix[layers];
        var biases = new float[layers][];
        for (int l = 0; l < layers; l++)
        {
            weights[l] = artifact.Dense($"layer_{l}_weight");
            biases[l] = artifact.Floats($"layer_{l}_bias");
            int rows = l == 0 ? Inputs(options) : options.HiddenSize, columns = l == layers - 1 ? 1 : options.HiddenSize;
            if (weights[l].Rows != rows || weights[l].Columns != columns || biases[l].Length != columns)
            {
                throw new DatasetException(
                    $"model 'stg-link' was stored with a layer {l} of {weights[l].Rows} × {weights[l].Columns}, its options ask for {rows} × {columns}; load it with the options it was trained with");
            }
        }

        return new LinkNetwork(weights, biases);
    }

    public void Save(ArtifactWriter artifact)
    {
        for (int l = 0; l < weights.Length; l++)
        {
            artifact.Add($"layer_{l}_weight", weights[l]);
            artifact.Add($"layer_{l}_bias", biases[l]);
        }
    }

    /// <summary>f of pairs of vectors: the log odds of an edge.</summary>
    /// <param name="input">What the network is shown.</param>
    /// <param name="count">Pairs.</param>
    /// <param name="left">Vector of the one end of a pair.</param>
    /// <param name="right">Vector of the other, an item.</param>
    /// <param name="outputs">One a pair.</param>
    public void Apply(LinkInput input, int count, Rows left, Rows right, Span<float> outputs)
    {
        int inputs = weights[0].Rows, hidden = weights[0].Columns;
        var x = new float[Math.Min(Block, count) * inputs];
        float[] h = new float[Math.Min(Block, count) * hidden], next = new float[h.Length];
        for (int first = 0; first < count; first += Block)
        {
            int rows = Math.Min(Block, count - first);
            for (int r = 0; r < rows; r++)
            {
                CancellationScope.CheckAt(r);
                ReadOnlySpan<float> a = left(first + r), b = right(first + r);
                Span<float> row = x.AsSpan(r * inputs, inputs);
                if (input != LinkInput.Product)
                {
                    a.CopyTo(row);
                    b.CopyTo(row[a.Length..]);
                }

                if (input != LinkInput.Concatenation)
                {
                    TensorPrimitives.Multiply(a, b, row[^a.Length..]);
                }
            }

            ReadOnlySpan<float> from = x.AsSpan(0, rows * inputs);
            for (int l = 0; l < weights.Length; l++)
            {
                int columns = weights[l].Columns;
                Span<float> to = l == weights.Length - 1 ? outputs.Slice(first, rows) : next.AsSpan(0, rows * columns);
                for (int r = 0; r < rows; r++)
                {
                    CancellationScope.CheckAt(r);
                    biases[l].CopyTo(to.Slice(r * columns, columns));
                }

                Gemm.Multiply(from, weights[l].Values, to, rows, columns, weights[l].Rows, add: true);
                if (l < weights.Length - 1)
                {
                    TensorPrimitives.Max(to, 0f, to);
                    from = to;
                    (h, next) = (next, h);
                }
            }
        }
    }

    /// <summary>Mean loss and accuracy over examples; NaN where there are none.</summary>
    public (double Loss, double Accuracy) Judge(StgLinkOptions options, DenseMatrix vectors, LinkExamples examples)
    {
        int count = examples.Left.Length, right = 0;
        var outputs = new float[count];
        Apply(options.Input, count, n => vectors.Row(examples.Left[n]), n => vectors.Row(examples.Right[n]), outputs);
        double loss = 0;
        for (int n = 0; n < count; n++)
        {
            double output = outputs[n], label = examples.Labels[n], chance = 1 / (1 + Math.Exp(-output));
            right += output >= 0 == label > 0 ? 1 : 0;
            chance = options.Loss == LinkLoss.LinearSquaredError ? output + 0.5 : chance;
            loss += options.Loss != LinkLoss.CrossEntropy
                ? (chance - label) * (chance - label)
                : Math.Max(output, 0) - (output * label) + Math.Log(1 + Math.Exp(-Math.Abs(output)));
        }

        return (loss / count, (double)right / count);
    }

    /// <summary>The vector of a row.</summary>
    internal delegate ReadOnlySpan<float> Rows(int row);
}

internal sealed class StgLinkRecommender : ITimeAware, ILearnsListeners
{
    private readonly StgLinkOptions _options;
    private readonly TemporalGraph _graph;
    private readonly DenseMatrix _vectors;
    private readonly LinkNetwork _network;
    private readonly int[] _scored;
    private readonly float _userLength, _sessionLength;

    public StgLinkRecommender(StgLinkOptions options, Vocabulary items, TemporalGraph graph, DenseMatrix vectors, LinkNetwork network)
    {
        (_options, Items, _graph, _vectors, _network) = (options, items, graph, vectors, network);
        _scored = [.. Enumerable.Range(0, graph.Items).Where(i => vectors.Row(graph.FirstItem + i).ContainsAnyExcept(0f))];
        _userLength = Lengths(graph.UserItems, 0);
        _sessionLength = Lengths(graph.SessionItems, graph.FirstSession);
    }

    public Vocabulary Items { get; }

    public long LatestTime => _graph.LatestTime;

    public bool AsksWhen(Query query) => _graph.AsksWhen(query, _options.UserShare < 1);

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, Items);
        ScoreBuffer.Check(query, _graph.Users, Items.Count);
        scores.Fill(float.NaN);
        (float[]? listener, float[]? session) = Ends(query);
        if (listener is null || _scored.Length == 0)
        {
            return;
        }

        var output = new float[_scored.Length];
        Add(listener, session is null ? 1 : (float)_options.UserShare, output);
        if (session is not null)
        {
            Add(session, (float)(1 - _options.UserShare), output);
        }

        for (int n = 0; n < output.Length; n++)
        {
            scores[_scored[n]] = output[n];
        }
    }

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        _graph.Save(artifact);
        artifact.Add("node_vectors", _vectors);
        _network.Save(artifact);
    }

    private void Add(float[] end, float share, Span<float> sums)
    {
        if (share == 0)
        {
            return;
        }

        var outputs = new float[sums.Length];
        _network.Apply(_options.Input, outputs.Length, _ => end, n => _vectors.Row(_graph.FirstItem + _scored[n]), outputs);
        TensorPrimitives.MultiplyAdd(outputs, share, sums, sums);
    }

    /// <summary>Vectors of the listener and of its current session; null where there is none.</summary>
    private (float[]? Listener, float[]? Session) Ends(Query query)
    {
        bool orLatest = _options.CurrentSession == CurrentSession.Latest;
        if (query.IsFoldIn)
        {
            TemporalListener listener = _graph.FoldIn(query, orLatest);
            float[]? folded = Mean(listener.Items, listener.Weights, _userLength);
            return (folded, folded is null || _options.UserShare == 1 ? null : Mean(listener.SessionItems, listener.SessionWeights, _sessionLength));
        }

        float[]? user = End(query.UserIndex, _graph.UserItems, query.UserIndex, _userLength);
        int session = user is null || _options.UserShare == 1 ? -1 : _graph.SessionAt(query.UserIndex, query.Moment, orLatest);
        return (user, session < 0 ? null : End(_graph.FirstSession + session, _graph.SessionItems, session, _sessionLength));
    }

    private float[]? End(int node, CsrMatrix edges, int row, float length) =>
        _vectors.Row(node).ContainsAnyExcept(0f) ? _vectors.Row(node).ToArray() : Mean(edges.RowColumns(row), edges.RowValues(row), length);

    /// <summary>The weighted mean of items' vectors times a factor; null where none has one.</summary>
    private float[]? Mean(ReadOnlySpan<int> items, ReadOnlySpan<float> weights, float factor)
    {
        var mean = new float[_vectors.Columns];
        double sum = 0;
        for (int n = 0; n < items.Length; n++)
        {
            TensorPrimitives.MultiplyAdd(_vectors.Row(_graph.FirstItem + items[n]), weights[n], mean, mean);
            sum += weights[n];
        }

        if (!mean.AsSpan().ContainsAnyExcept(0f))
        {
            return null;
        }

        TensorPrimitives.Multiply(mean, (float)(factor / sum), mean);
        return mean;
    }

    /// <summary>Sum of the lengths of nodes' vectors over those of the means of their items'.</summary>
    private float Lengths(CsrMatrix edges, int first)
    {
        double own = 0, means = 0;
        for (int r = 0; r < edges.Rows; r++)
        {
            CancellationScope.CheckAt(r);
            float norm = TensorPrimitives.Norm<float>(_vectors.Row(first + r));
            if (norm > 0 && Mean(edges.RowColumns(r), edges.RowValues(r), 1) is { } mean)
            {
                own += norm;
                means += TensorPrimitives.Norm<float>(mean);
            }
        }

        return means > 0 ? (float)(own / means) : 1;
    }
}
