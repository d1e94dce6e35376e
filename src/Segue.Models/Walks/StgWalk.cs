using System.Buffers;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Walks;

/// <summary>Options of <see cref="StgWalk"/>.</summary>
public sealed record StgWalkOptions : TemporalWalkOptions
{
    /// <summary>α: chance to walk on instead of beginning again.</summary>
    [Range(0.001, 0.999)]
    [Description("chance to walk on instead of beginning again (alpha)")]
    public double Damping { get; init; } = 0.5;

    /// <summary>Steps of the power iteration.</summary>
    [Range(1, 1000)]
    [Description("steps of the power iteration; three reach the items of others")]
    public int Steps { get; init; } = 10;
}

/// <summary>
/// Temporal personalised random walk: a walk over users, items and sessions that begins again and again at the listener or at the current session.
/// An item scores the walk's chance to be there.
/// </summary>
/// <remarks>
/// <para>
/// r ← α Pᵀ r + (1 − α) p from r = p, <see cref="StgWalkOptions.Steps"/> times, P the weights of a <see cref="TemporalGraph"/> with every row divided
/// by its sum, p(listener) = β, p(session) = 1 − β. The walk has no ends: whoever begins has edges.
/// </para>
/// <para>
/// A listener without a session begins at its own node alone; one the graph does not know (a history) has a node and a session from
/// which one can leave but to which nobody comes. Items no walk reaches within the steps score NaN, and so does everything for a listener without plays whom no profile joins. Data without
/// times needs <c>period=none</c>. Fit O(plays · log), a query O(steps · edges), 24 bytes an edge.
/// </para>
/// <para>
/// Sources: Xiang et al., KDD 2010 (the graph and its walk); Nzekon et al., "GraFC2T2", arXiv 1905.02681 (power iteration, half-life); seed 000 (weights).
/// </para>
/// </remarks>
public sealed class StgWalk(StgWalkOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        return new StgWalkRecommender(train.Items, TemporalSteps.Of("model 'stg-walk'", train, options, context), options);
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(train);
        return new StgWalkRecommender(train.Items, new TemporalSteps(TemporalGraph.Load(artifact, train, options, "model 'stg-walk'"), options), options);
    }
}

internal sealed class StgWalkRecommender(Vocabulary items, TemporalSteps steps, StgWalkOptions options) : ITimeAware, IExplains
{
    // Every edge but those of profiles joins an item to something else, so that a walk is at items after every other step.
    private readonly bool _isBipartite = steps.Graph.ProfileUsers.Count == 0;

    public Vocabulary Items => items;

    public long LatestTime => steps.Graph.LatestTime;

    public bool AsksWhen(Query query) => steps.Graph.AsksWhen(query, steps.UsesSession);

    public void Score(Query query, Span<float> scores)
    {
        TemporalGraph graph = steps.Graph;
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, graph.Users, items.Count);
        FirstStep first = steps.First(query);
        scores.Fill(float.NaN);
        if (first.Nodes.Length == 0)
        {
            return;
        }

        // r = Σ (1 − α) αᵏ (Pᵀ)ᵏ p + the last power whole; a step at a time, of which only the items are summed up.
        float[] at = ArrayPool<float>.Shared.Rent(graph.Nodes), next = ArrayPool<float>.Shared.Rent(graph.Nodes);
        at.AsSpan(0, graph.Nodes).Clear();
        for (int n = 0; n < first.Nodes.Length; n++)
        {
            at[first.Nodes[n]] = (float)(options.Damping * (first.FromUser[n] + first.FromSession[n]));
        }

        scores.Clear();
        for (int step = 1; ; step++)
        {
            CancellationScope.Check();
            float share = step == options.Steps ? 1 : (float)(1 - options.Damping);
            for (int i = 0; i < scores.Length; i++)
            {
                scores[i] += share * at[graph.FirstItem + i];
            }

            if (step == options.Steps)
            {
                break;
            }

            Walk(at, next, step);
            (at, next) = (next, at);
        }

        ArrayPool<float>.Shared.Return(at);
        ArrayPool<float>.Shared.Return(next);
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = scores[i] > 0 ? scores[i] : float.NaN;
        }
    }

    public IReadOnlyList<Reason> Explain(Query query, int itemIndex, int count)
    {
        TemporalGraph graph = steps.Graph;
        ScoreBuffer.CheckItem(itemIndex, items);
        ScoreBuffer.Check(query, graph.Users, items.Count);
        FirstStep first = steps.First(query);
        if (first.Nodes.Length == 0 || count <= 0)
        {
            return [];
        }

        // What a unit at a node brings to the item within the steps that are left after the first: G₁ = e, G ← (1 − α) e + α P G.
        var brings = new float[graph.Nodes];
        var next = new float[graph.Nodes];
        int node = graph.FirstItem + itemIndex;
        brings[node] = 1;
        for (int step = 1; step < options.Steps; step++)
        {
            CancellationScope.Check();
            for (int v = 0; v < next.Length; v++)
            {
                next[v] = (float)options.Damping * steps.Scale[v] * Gather(steps.Weights, v, brings);
            }

            next[node] += (float)(1 - options.Damping);
            (brings, next) = (next, brings);
        }

        return steps.Reasons(first, Array.ConvertAll(brings, b => (double)b), options.Damping, count);
    }

    public void Save(ArtifactWriter artifact) => steps.Graph.Save(artifact);

    /// <summary>next = α Pᵀ at: every node asks its neighbours, which give away what they have in proportion to their edges.</summary>
    private void Walk(float[] at, float[] next, int step)
    {
        TemporalGraph graph = steps.Graph;
        (int firstItem, int endItem, int nodes) = (graph.FirstItem, graph.FirstSession, graph.Nodes);
        float damping = (float)options.Damping;
        for (int v = 0; v < nodes; v++)
        {
            at[v] *= damping * steps.Scale[v];
        }

        bool toItems = !_isBipartite || step % 2 == 0, toOthers = !_isBipartite || step % 2 == 1;
        for (int v = 0; v < nodes; v++)
        {
            bool isItem = v >= firstItem && v < endItem;
            next[v] = (isItem ? toItems : toOthers) ? Gather(steps.Weights, v, at) : 0;
        }
    }

    private static float Gather(CsrMatrix matrix, int row, float[] from)
    {
        ReadOnlySpan<int> columns = matrix.RowColumns(row);
        ReadOnlySpan<float> values = matrix.RowValues(row);
        float sum = 0;
        for (int n = 0; n < columns.Length; n++)
        {
            sum += values[n] * from[columns[n]];
        }

        return sum;
    }
}
