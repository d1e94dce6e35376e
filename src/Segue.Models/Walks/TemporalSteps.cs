using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Views;
using Segue.Numerics;
using Segue.Numerics.Sparse;

namespace Segue.Models.Walks;

/// <summary>Which session a query begins at besides the listener.</summary>
public enum CurrentSession
{
    /// <summary>The session the moment falls into; where there is none, the listener's latest before it.</summary>
    Latest,

    /// <summary>The session the moment falls into; where there is none, the listener alone.</summary>
    Moment,
}

/// <summary>What the models share that begin at a listener and its current session in a <see cref="TemporalGraph"/>.</summary>
public abstract record TemporalWalkOptions : TemporalGraphOptions
{
    /// <summary>β: share that begins at the listener; the rest begins at the current session.</summary>
    [Range(0.0, 1.0)]
    [Description("share that begins at the listener (beta), the rest begins at the current session; 1 for the long term alone")]
    public double UserShare { get; init; } = 0.5;

    /// <summary>Which session is the current one.</summary>
    [Description("latest: the session of the moment, else the listener's latest before it; moment: the session of the moment, else none")]
    public CurrentSession CurrentSession { get; init; } = CurrentSession.Latest;
}

/// <summary>The first step from a listener and its session: nodes ascending, and what arrives there from each of the two.</summary>
/// <param name="UserNode">The listener's node, or −1 for a history.</param>
/// <param name="SessionNode">The session's node, or −1.</param>
/// <param name="Nodes">Items, and the values of the listener's profile.</param>
/// <param name="FromUser">What comes from the listener.</param>
/// <param name="FromSession">What comes from the session.</param>
internal readonly record struct FirstStep(int UserNode, int SessionNode, int[] Nodes, float[] FromUser, float[] FromSession);

/// <summary>
/// Steps over a <see cref="TemporalGraph"/>: the weights w(v, w) with 1 / Σ w(v, ·) apart, which keeps them symmetric; or, with an exponent, φ(v, w) = (w(v, w) / Σ w(v, ·))^ρ.
/// </summary>
/// <remarks>
/// Only shares are raised to a power: w^ρ and (Σ w)^−ρ apart leave the range of a float where plays have faded. A step is never less than the least float of full precision.
/// </remarks>
internal sealed class TemporalSteps
{
    // 2^−126: below, floats lose digits, and three steps in a row would be nothing at all.
    private const double LeastStep = 1.1754943508222875e-38;

    private readonly TemporalWalkOptions _options;
    private readonly double? _exponent;

    public TemporalSteps(TemporalGraph graph, TemporalWalkOptions options, double? exponent = null)
    {
        (Graph, _options, _exponent) = (graph, options, exponent);
        Weights = graph.Adjacency();
        Scale = new float[graph.Nodes];
        for (int v = 0; v < Scale.Length; v++)
        {
            CancellationScope.CheckAt(v);
            double sum = 0;
            foreach (float weight in Weights.RowValues(v))
            {
                sum += weight;
            }

            Scale[v] = sum <= 0 ? 0 : exponent is null ? (float)(1 / sum) : 1;
            for (int n = Weights.RowStart[v]; n < Weights.RowStart[v + 1] && exponent is not null; n++)
            {
                Weights.Values[n] = Step(Weights.Values[n] / sum);
            }
        }
    }

    /// <summary>The graph.</summary>
    public TemporalGraph Graph { get; }

    /// <summary>Nodes × nodes: w(v, w), symmetric; with an exponent φ(v, w), not symmetric.</summary>
    public CsrMatrix Weights { get; }

    /// <summary>What a row of <see cref="Weights"/> is to be multiplied by: 1 / Σ w(v, ·), or 1 with an exponent; 0 for a node without edges.</summary>
    public float[] Scale { get; }

    /// <summary>Trains: makes the graph of some plays.</summary>
    public static TemporalSteps Of(string owner, Core.Data.Dataset train, TemporalWalkOptions options, FitContext context, double? exponent = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(context);
        OptionsText.Validate(options, owner);
        context.Report("temporal graph", 0, 1);
        try
        {
            return new TemporalSteps(TemporalGraph.Of(train, options, context.Threads, context.Cancellation), options, exponent);
        }
        catch (DatasetException e)
        {
            throw new DatasetException($"{owner}: {e.Message}");
        }
    }

    /// <summary>Whether walks begin at the session of the listener too.</summary>
    public bool UsesSession => _options.UserShare < 1;

    /// <summary>Where a query leads first; no nodes where nothing is known of the listener.</summary>
    public FirstStep First(Query query)
    {
        bool orLatest = _options.CurrentSession == CurrentSession.Latest;
        if (query.IsFoldIn)
        {
            TemporalListener listener = Graph.FoldIn(query, orLatest);
            int[] nodes = Array.ConvertAll(listener.Items, item => Graph.FirstItem + item);
            int[] sessionNodes = Array.ConvertAll(listener.SessionItems, item => Graph.FirstItem + item);
            return Step(-1, -1, nodes, Shares(listener.Weights), sessionNodes, Shares(listener.SessionWeights));
        }

        int session = _options.UserShare < 1 ? Graph.SessionAt(query.UserIndex, query.Moment, orLatest) : -1;
        int node = session < 0 ? -1 : Graph.FirstSession + session;
        return Step(
            query.UserIndex, node, Weights.RowColumns(query.UserIndex), Row(query.UserIndex),
            node < 0 ? [] : Weights.RowColumns(node), node < 0 ? [] : Row(node));
    }

    private FirstStep Step(
        int userNode, int sessionNode, ReadOnlySpan<int> nodes, float[] fromUser, ReadOnlySpan<int> sessionNodes, float[] fromSession)
    {
        // Without a session all begins at the listener.
        double share = sessionNodes.IsEmpty ? 1 : _options.UserShare;
        var user = new float[nodes.Length];
        var session = new float[nodes.Length];
        for (int n = 0, s = 0; n < nodes.Length; n++)
        {
            user[n] = (float)(share * fromUser[n]);

            // The items of a session are among those of its user.
            if (s < sessionNodes.Length && sessionNodes[s] == nodes[n])
            {
                session[n] = (float)((1 - share) * fromSession[s++]);
            }
        }

        return new FirstStep(userNode, sessionNode, nodes.ToArray(), user, session);
    }

    private float[] Row(int node)
    {
        float[] row = Weights.RowValues(node).ToArray();
        for (int n = 0; n < row.Length; n++)
        {
            row[n] *= Scale[node];
        }

        return row;
    }

    private float[] Shares(float[] weights)
    {
        double sum = 0;
        foreach (float weight in weights)
        {
            sum += weight;
        }

        return Array.ConvertAll(weights, weight => Step(weight / sum));
    }

    private float Step(double share) => _exponent is null or 1 ? (float)share : (float)Math.Max(Math.Pow(share, _exponent.Value), LeastStep);

    /// <summary>One reason a heard item, from what a unit at its node brings to the score; the listener's profile is a reason of its own.</summary>
    /// <param name="first">Where the query leads first.</param>
    /// <param name="brings">By node.</param>
    /// <param name="factor">Factor of all.</param>
    /// <param name="count">At most so many reasons.</param>
    public IReadOnlyList<Reason> Reasons(FirstStep first, ReadOnlySpan<double> brings, double factor, int count)
    {
        var reasons = new List<Reason>();
        double profile = 0;
        for (int n = 0; n < first.Nodes.Length; n++)
        {
            int node = first.Nodes[n];
            double weight = factor * ((double)first.FromUser[n] + first.FromSession[n]) * brings[node];
            if (node >= Graph.FirstProfile)
            {
                profile += weight;
            }
            else if (weight > 0)
            {
                reasons.Add(new Reason(node - Graph.FirstItem, weight, first.FromSession[n] > first.FromUser[n] ? "this_session" : "because_listened"));
            }
        }

        if (profile > 0)
        {
            reasons.Add(new Reason(-1, profile, "alike_profile"));
        }

        return [.. reasons.OrderByDescending(r => r.Weight).ThenBy(r => r.HistoryItemIndex).Take(Math.Max(0, count))];
    }
}
