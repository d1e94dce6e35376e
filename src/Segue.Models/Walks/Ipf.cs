using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;

namespace Segue.Models.Walks;

/// <summary>Options of <see cref="Ipf"/>.</summary>
public sealed record IpfOptions : TemporalWalkOptions
{
    /// <summary>Edges of weight 1, as in the source.</summary>
    public IpfOptions() => Edges = TemporalEdges.Ones;

    /// <summary>ρ: how far nodes with many edges are held back.</summary>
    [Range(0.0, 2.0)]
    [Description("how far nodes with many edges are held back (rho): 0 counts paths, 1 divides at every node")]
    public double Exponent { get; init; } = 1;
}

/// <summary>
/// Injected preference fusion: preference put in at the listener and at its current session flows over their items to other users and sessions, and from
/// those to their items. An item scores what arrives there over all shortest paths, which have three edges.
/// </summary>
/// <remarks>
/// <para>
/// score(i) = Σ_{j, v} x_j φ(j, v) φ(v, i), x_j = β φ(u, j) + (1 − β) φ(s, j), φ(v, w) = (w(v, w) / Σ w(v, ·))^ρ over the weights of a <see cref="TemporalGraph"/>, v any node
/// but u and s. With edges=ones these are the factors of the source: 1 / |out|^ρ towards items, (η / (η |users| + |sessions|))^ρ and (1 / (η |users| + |sessions|))^ρ from items, η = η_u / η_s.
/// The source searches breadth first and leaves the listener's own items at what the first edge brought; here those score their paths of three edges too, so that
/// they can be ranked among themselves where heard items are kept. Unheard items score the same.
/// </para>
/// <para>
/// A listener without a session begins at its own node alone; a history has a node and a session of its own. Items without a path score NaN, and so does
/// everything for a listener without plays whom no profile joins. Data without times needs <c>period=none</c>. A query O(edges on the paths), at most two passes over all.
/// Source: Xiang et al., KDD 2010, algorithm 1, with sums over paths.
/// </para>
/// </remarks>
public sealed class Ipf(IpfOptions options) : IModel
{
    /// <inheritdoc/>
    public ModelOptions Options => options;

    /// <inheritdoc/>
    public IRecommender Fit(Dataset train, FitContext context)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        return new IpfRecommender(train.Items, TemporalSteps.Of("model 'ipf'", train, options, context, options.Exponent));
    }

    /// <inheritdoc/>
    public IRecommender Load(ArtifactReader artifact, Dataset train)
    {
        ArgumentNullException.ThrowIfNull(train);
        return new IpfRecommender(train.Items, new TemporalSteps(TemporalGraph.Load(artifact, train, options, "model 'ipf'"), options, options.Exponent));
    }
}

internal sealed class IpfRecommender(Vocabulary items, TemporalSteps steps) : ITimeAware, IExplains
{
    public Vocabulary Items => items;

    public long LatestTime => steps.Graph.LatestTime;

    public bool AsksWhen(Query query) => steps.Graph.AsksWhen(query, steps.UsesSession);

    public void Score(Query query, Span<float> scores)
    {
        TemporalGraph graph = steps.Graph;
        ScoreBuffer.Check(scores, items);
        ScoreBuffer.Check(query, graph.Users, items.Count);
        FirstStep first = steps.First(query);

        // Sums in double: of three steps over plays that have faded, a float may hold none.
        var arrived = new double[graph.Nodes];
        for (int n = 0; n < first.Nodes.Length; n++)
        {
            Add(first.Nodes[n], (double)first.FromUser[n] + first.FromSession[n], arrived);
        }

        Leave(first, arrived);
        var sums = new double[scores.Length];
        for (int v = 0; v < arrived.Length; v++)
        {
            CancellationScope.CheckAt(v);

            // Nothing arrives at items yet: all edges lead from items to other nodes, or from profiles to users.
            if (arrived[v] <= 0)
            {
                continue;
            }

            double factor = arrived[v];
            ReadOnlySpan<int> columns = steps.Weights.RowColumns(v);
            ReadOnlySpan<float> values = steps.Weights.RowValues(v);
            for (int n = 0; n < columns.Length; n++)
            {
                int item = columns[n] - graph.FirstItem;
                if ((uint)item < (uint)sums.Length)
                {
                    sums[item] += factor * values[n];
                }
            }
        }

        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = sums[i] > 0 ? Math.Max((float)sums[i], float.Epsilon) : float.NaN;
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

        // The same paths from their far end: what a unit at a node brings to the item over one edge, then over two.
        var last = new double[graph.Nodes];
        int target = graph.FirstItem + itemIndex;
        foreach (int v in steps.Weights.RowColumns(target))
        {
            last[v] = steps.Weights[v, target];
        }

        Leave(first, last);
        var brings = new double[graph.Nodes];
        foreach (int node in first.Nodes)
        {
            ReadOnlySpan<int> columns = steps.Weights.RowColumns(node);
            ReadOnlySpan<float> values = steps.Weights.RowValues(node);
            for (int n = 0; n < columns.Length; n++)
            {
                brings[node] += values[n] * last[columns[n]];
            }
        }

        return steps.Reasons(first, brings, 1, count);
    }

    public void Save(ArtifactWriter artifact) => steps.Graph.Save(artifact);

    private void Add(int row, double factor, double[] sums)
    {
        ReadOnlySpan<int> columns = steps.Weights.RowColumns(row);
        ReadOnlySpan<float> values = steps.Weights.RowValues(row);
        for (int n = 0; n < columns.Length; n++)
        {
            sums[columns[n]] += factor * values[n];
        }
    }

    /// <summary>No path goes through the nodes it began at.</summary>
    private static void Leave(FirstStep first, double[] nodes)
    {
        if (first.UserNode >= 0)
        {
            nodes[first.UserNode] = 0;
        }

        if (first.SessionNode >= 0)
        {
            nodes[first.SessionNode] = 0;
        }
    }
}
