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
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Embedding;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Models.Walks;

/// <summary>How the vectors of a listener and an item become a score.</summary>
public enum VectorScore
{
    /// <summary>The cosine of the listener's and the item's vector.</summary>
    Cosine,

    /// <summary>Their dot product.</summary>
    Dot,

    /// <summary>The dot product of the listener's vector and the item's output vector: what the training makes large for items near the listener.</summary>
    Context,
}

/// <summary>Options of <see cref="Node2Vec"/>.</summary>
public sealed record Node2VecOptions : TemporalWalkOptions
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

    /// <summary>p: a large one keeps walks from going straight back.</summary>
    [Range(0.01, 100.0)]
    [Description("p: a step straight back weighs 1/p")]
    public double ReturnParameter { get; init; } = 1;

    /// <summary>q: a large one keeps walks close to where they were.</summary>
    [Range(0.01, 100.0)]
    [Description("q: a step to a node the one before is not joined to weighs 1/q")]
    public double InOutParameter { get; init; } = 1;

    /// <summary>Nodes of a walk up to this distance are contexts; the distance is drawn anew for every node.</summary>
    [Range(1, 1000)]
    [Description("nodes of a walk up to this distance are contexts; the distance is drawn anew, from 1 on, for every node")]
    public int Window { get; init; } = 10;

    /// <summary>Negatives a node, shared by its contexts.</summary>
    [Range(1, 1000)]
    [Description("negatives a node, shared by its contexts")]
    public int Negatives { get; init; } = 5;

    /// <summary>A negative is drawn in proportion to its visits to this power.</summary>
    [Range(-2.0, 2.0)]
    [Description("a negative is drawn in proportion to its visits to this power")]
    public double NegativeExponent { get; init; } = 0.75;

    /// <summary>t: a node of share f of all visits stays in a walk with chance √(t/f) + t/f; 0 keeps all.</summary>
    [Range(0.0, 1.0)]
    [Description("t: a node of share f of all visits stays in a walk with chance sqrt(t/f) + t/f; 0 keeps all")]
    public double Subsampling { get; init; }

    /// <summary>Step size at the beginning; it falls linearly to almost nothing.</summary>
    [Range(1e-6, 10.0)]
    [Description("step size at the beginning; it falls linearly to almost nothing")]
    public double LearningRate { get; init; } = 0.025;

    /// <summary>How two vectors become a score.</summary>
    [Description("cosine; dot: the dot product; context: that of the listener's vector and the item's output vector, which training makes large")]
    public VectorScore Score { get; init; } = VectorScore.Cosine;
}

/// <summary>
/// Vectors of users, items and sessions such that nodes of a <see cref="TemporalGraph"/> that random walks come to together are alike.
/// </summary>
/// <remarks>
/// <para>
/// Walks of <see cref="RandomWalks"/> are the sentences of a <see cref="SkipGram"/>; see there for both equations. score(u, i) = cos(β x_u + (1 − β) x_s, x_i), x_u and x_s of unit length, s the
/// current session of <see cref="TemporalWalkOptions"/>; without one β is 1. <see cref="VectorScore.Dot"/> takes the vectors as they are and
/// <see cref="VectorScore.Context"/> for items what they predict, which carries popularity.
/// </para>
/// <para>
/// A listener the graph does not know: x_u = Σ w(u, i) x_i / Σ w(u, i) over its items, x_s likewise over those of its session. That is also what reasons are taken from. An item without
/// edges has a vector of zeros, and so has a listener without plays whom no profile joins: it scores NaN. Data without times needs <c>period=none</c>.
/// </para>
/// <para>
/// An epoch, for curves and early stopping, is a walk from every node: there are <see cref="Node2VecOptions.WalksPerNode"/>.
/// </para>
/// <para>
/// Walks are never stored: memory 8 bytes × nodes × size for training and 24 bytes an edge. Time O(nodes · walks · length · window · negatives · size). The result does not depend on the number of threads.
/// </para>
/// <para>
/// Sources: Grover and Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016; seed 000 (graph, 5 walks of 40, p = q = 1, 64 dimensions).
/// </para>
/// </remarks>
public sealed class Node2Vec(Node2VecOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        OptionsText.Validate(options, "model 'node2vec'");
        context.Report("temporal graph", 0, 1);
        TemporalGraph graph;
        CsrMatrix adjacency;
        try
        {
            graph = TemporalGraph.Of(train, options, context.Threads, context.Cancellation);
            adjacency = graph.Adjacency();
        }
        catch (DatasetException e)
        {
            throw new DatasetException($"model 'node2vec': {e.Message}");
        }

        RequireRoom("node2vec", options, adjacency);
        return Recommender(Train(adjacency, options, context, Recommender));

        IRecommender Recommender(SkipGram vectors)
        {
            DenseMatrix items = Take(vectors, graph.FirstItem, graph.Items, outputs: false);
            return new Node2VecRecommender(
                train.Items, graph, options, Take(vectors, 0, graph.Users, outputs: false), items, Take(vectors, graph.FirstSession, graph.Sessions, outputs: false),
                options.Score == VectorScore.Context ? Take(vectors, graph.FirstItem, graph.Items, outputs: true) : items);
        }

        DenseMatrix Take(SkipGram vectors, int first, int count, bool outputs)
        {
            var matrix = new DenseMatrix(count, options.EmbeddingSize);
            for (int n = 0; n < count; n++)
            {
                // A node without edges was in no walk: its vector means nothing.
                if (adjacency.RowLength(first + n) > 0)
                {
                    Span<float> row = matrix.Row(n);
                    (outputs ? vectors.Output(first + n) : vectors.Input(first + n)).CopyTo(row);
                    float norm = TensorPrimitives.Norm<float>(row);
                    if (!float.IsFinite(norm))
                    {
                        throw new ModelFitException($"model 'node2vec': the vector of node {first + n} is not finite; lower learning_rate, now {options.LearningRate}");
                    }

                    if (options.Score == VectorScore.Cosine)
                    {
                        TensorPrimitives.Divide(row, norm == 0 ? 1 : norm, row);
                    }
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
        TemporalGraph graph = TemporalGraph.Load(artifact, train, options, "model 'node2vec'");
        DenseMatrix users = artifact.Dense("user_vectors"), items = artifact.Dense("item_vectors"), sessions = artifact.Dense("session_vectors");
        DenseMatrix targets = options.Score == VectorScore.Context ? artifact.Dense("item_outputs") : items;
        int size = options.EmbeddingSize;
        return users.Rows == graph.Users && items.Rows == graph.Items && sessions.Rows == graph.Sessions && targets.Rows == graph.Items
            && users.Columns == size && items.Columns == size && sessions.Columns == size && targets.Columns == size
            ? new Node2VecRecommender(train.Items, graph, options, users, items, sessions, targets)
            : throw new DatasetException(
                $"model 'node2vec' was stored with {users.Rows} user, {items.Rows} item and {sessions.Rows} session vectors of {items.Columns} values, which do not fit "
                + $"{graph.Users} users, {graph.Items} items, {graph.Sessions} sessions and embedding_size {size}; load it with the dataset it was trained on");
    }

    /// <summary>Makes sure, before anything is allocated, that the vectors of a graph fit memory and its walks can be counted.</summary>
    /// <exception cref="ModelFitException">They do not.</exception>
    internal static void RequireRoom(string model, Node2VecOptions options, CsrMatrix adjacency) =>
        RequireRoom(model, options, adjacency.Rows, Enumerable.Range(0, adjacency.Rows).Count(n => adjacency.RowLength(n) > 0));

    /// <summary>The same for a graph of so many nodes, of which so many have edges.</summary>
    /// <exception cref="ModelFitException">They do not.</exception>
    internal static void RequireRoom(string model, Node2VecOptions options, int nodes, int starts)
    {
        // Vectors are trained in rows of whole registers.
        NeuralFit.RequireRoom(model, "embedding_size", options.EmbeddingSize, "values in vectors", nodes, (options.EmbeddingSize + 15) / 16 * 16, copies: 3);
        if ((long)starts * options.WalksPerNode > int.MaxValue)
        {
            throw new ModelFitException(string.Create(
                CultureInfo.InvariantCulture,
                $"model '{model}': option 'walks_per_node' is {options.WalksPerNode}, which makes {(long)starts * options.WalksPerNode} walks from {starts} nodes with edges; "
                + $"{int.MaxValue} are the most; lower walks_per_node to {int.MaxValue / starts}"));
        }
    }

    /// <summary>Vectors of all nodes of a graph.</summary>
    /// <param name="adjacency">The graph.</param>
    /// <param name="options">How to walk and train.</param>
    /// <param name="context">Of the fit.</param>
    /// <param name="recommender">What the vectors make, for those who watch the epochs of <paramref name="context"/>; null: nobody is told.</param>
    internal static SkipGram Train(CsrMatrix adjacency, Node2VecOptions options, FitContext context, Func<SkipGram, IRecommender>? recommender = null)
    {
        var walks = new RandomWalks(adjacency, options.ReturnParameter, options.InOutParameter);
        var settings = new SkipGramSettings
        {
            Size = options.EmbeddingSize,
            Window = options.Window,
            Negatives = options.Negatives,
            NegativeExponent = options.NegativeExponent,
            Subsampling = options.Subsampling,
            LearningRate = options.LearningRate,
        };
        var sentences = new WalkSentences(walks, options.WalksPerNode, options.WalkLength, context.Seed, "node2vec/walks");
        return SkipGram.Train(
            sentences, walks.Nodes, settings, context.Seed, "node2vec/vectors", context.Threads, (done, total) => context.Report("walks", done, total), context.Cancellation,
            watch: recommender is null ? null : WatchedEpochs.Of(context, options.WalksPerNode, recommender));
    }
}

internal sealed class Node2VecRecommender(
    Vocabulary items, TemporalGraph graph, Node2VecOptions options, DenseMatrix users, DenseMatrix itemInputs, DenseMatrix sessions, DenseMatrix targets)
    : IVectorRecommender, ITimeAware, IExplains, IItemSimilarity, ILearnsListeners
{
    private readonly DenseMatrix _ranked = UnheardItems.HideZeros(targets);

    public Vocabulary Items => items;

    public DenseMatrix ItemVectors => _ranked;

    public long LatestTime => graph.LatestTime;

    public bool AsksWhen(Query query) => graph.AsksWhen(query, options.UserShare < 1);

    private bool OrLatest => options.CurrentSession == CurrentSession.Latest;

    public void Score(Query query, Span<float> scores)
    {
        ScoreBuffer.Check(scores, items);
        var vector = new float[options.EmbeddingSize];
        if (!TryGetUserVector(query, vector))
        {
            scores.Fill(float.NaN);
            return;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = TensorPrimitives.Dot<float>(vector, _ranked.Row(i));
        }
    }

    public bool TryGetUserVector(Query query, Span<float> vector)
    {
        ScoreBuffer.Check(query, graph.Users, items.Count);
        if (vector.Length != options.EmbeddingSize)
        {
            throw new ArgumentException($"the user vector has {vector.Length} places for {options.EmbeddingSize} values", nameof(vector));
        }

        var found = new float[vector.Length];
        if (query.IsFoldIn)
        {
            Mean(Parts(query), found);
        }
        else
        {
            int session = Session(query);
            TensorPrimitives.Multiply(users.Row(query.UserIndex), session < 0 ? 1f : (float)options.UserShare, found);
            if (session >= 0)
            {
                TensorPrimitives.MultiplyAdd(sessions.Row(session), (float)(1 - options.UserShare), found, found);
            }

            Normalize(found);
        }

        // Where no walk came, or none over the listener's items, there is nothing to say.
        if (!found.AsSpan().ContainsAnyExcept(0f))
        {
            return false;
        }

        found.CopyTo(vector);
        return true;
    }

    /// <summary>The parts of the score of the listener's items, where the listener is folded in from them.</summary>
    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, graph.Users, items.Count);
        Part[] parts = Parts(query);
        var vector = new float[options.EmbeddingSize];
        float scale = Mean(parts, vector);
        ReadOnlySpan<float> target = targets.Row(itemIndex);
        var reasons = new List<Reason>();
        foreach (Part part in parts)
        {
            double weight = (double)scale * (part.FromUser + part.FromSession) * TensorPrimitives.Dot(itemInputs.Row(part.Item), target);
            if (weight > 0)
            {
                reasons.Add(new Reason(part.Item, weight, part.FromSession > part.FromUser ? "this_session" : "because_listened"));
            }
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(Math.Max(0, count))];
    }

    public void Similarity(int itemIndex, Span<float> scores) => FactorSimilarity.Cosine(items, itemInputs, options.EmbeddingSize, itemIndex, scores);

    public void Save(ArtifactWriter artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        graph.Save(artifact);
        artifact.Add("user_vectors", users);
        artifact.Add("item_vectors", itemInputs);
        artifact.Add("session_vectors", sessions);
        if (options.Score == VectorScore.Context)
        {
            artifact.Add("item_outputs", targets);
        }
    }

    private int Session(Query query) => options.UserShare < 1 ? graph.SessionAt(query.UserIndex, query.Moment, OrLatest) : -1;

    /// <summary>The listener's items and their shares, those of the session too.</summary>
    private Part[] Parts(Query query)
    {
        TemporalListener listener;
        if (query.IsFoldIn)
        {
            listener = graph.FoldIn(query, OrLatest);
        }
        else
        {
            int u = query.UserIndex, session = Session(query);
            listener = new TemporalListener(
                [.. graph.UserItems.RowColumns(u)], [.. graph.UserItems.RowValues(u)],
                session < 0 ? [] : [.. graph.SessionItems.RowColumns(session)], session < 0 ? [] : [.. graph.SessionItems.RowValues(session)]);
        }

        double share = listener.SessionItems.Length == 0 ? 1 : options.UserShare;
        double all = listener.Weights.Sum(w => (double)w), recent = listener.SessionWeights.Sum(w => (double)w);
        var parts = new Part[listener.Items.Length];
        for (int n = 0, s = 0; n < parts.Length; n++)
        {
            // The items of a session are among those of its user.
            bool isRecent = s < listener.SessionItems.Length && listener.SessionItems[s] == listener.Items[n];
            parts[n] = new Part(
                listener.Items[n], (float)(share * listener.Weights[n] / all), isRecent ? (float)((1 - share) * listener.SessionWeights[s] / recent) : 0);
            s += isRecent ? 1 : 0;
        }

        return parts;
    }

    /// <summary>Writes the sum of the items' vectors; returns what it was multiplied by to have unit length where scores are cosines.</summary>
    private float Mean(Part[] parts, Span<float> vector)
    {
        vector.Clear();
        foreach (Part part in parts)
        {
            TensorPrimitives.MultiplyAdd(itemInputs.Row(part.Item), part.FromUser + part.FromSession, vector, vector);
        }

        return Normalize(vector);
    }

    private float Normalize(Span<float> vector)
    {
        float norm = options.Score == VectorScore.Cosine ? TensorPrimitives.Norm<float>(vector) : 1;
        float scale = norm == 0 ? 1 : 1 / norm;
        TensorPrimitives.Multiply(vector, scale, vector);
        return scale;
    }

    private readonly record struct Part(int Item, float FromUser, float FromSession);
}
