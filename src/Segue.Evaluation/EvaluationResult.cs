using Segue.Core.Splitting;

namespace Segue.Evaluation;

/// <summary>One figure with its uncertainty.</summary>
/// <param name="Value">Mean over users (or pairs), or the figure itself where it is not a mean. NaN where it is undefined for everybody.</param>
/// <param name="Low">Lower end of the 95 % bootstrap interval over users; equal to <paramref name="Value"/> where there is none.</param>
/// <param name="High">Upper end.</param>
/// <param name="Users">Users the figure rests on: those it is defined for.</param>
public sealed record MetricValue(double Value, double Low, double High, int Users);

/// <summary>A metric of revealed sessions by how far ahead the right item is.</summary>
/// <param name="Values">Mean over the steps that have such an item, by offset: first the item 1 ahead. NaN where no step has one.</param>
/// <param name="Steps">The steps of each mean: the farther ahead, the fewer, and of longer sessions.</param>
public sealed record OffsetCurve(IReadOnlyList<double> Values, IReadOnlyList<int> Steps);

/// <summary>What came out of evaluating one recommender.</summary>
public sealed record EvaluationResult
{
    /// <summary>The evaluated users, ascending indices of the evaluation set's users; a user stands once a day where days are asked (<see cref="Days"/>).</summary>
    public required int[] Users { get; init; }

    /// <summary>
    /// A value a user, in the order of <see cref="Users"/>, by metric name; NaN where the metric is undefined for the user. Metrics
    /// over all lists (<c>coverage</c>, <c>gini</c>) have none.
    /// </summary>
    public required IReadOnlyDictionary<string, double[]> PerUser { get; init; }

    /// <summary>
    /// Pairs or steps behind a user's value, for metrics that are means over them (<c>mse</c>, <c>next-hr@20</c>, …); a metric that is not named here counts
    /// every user once.
    /// </summary>
    public IReadOnlyDictionary<string, double[]> PairCount { get; init; } = new Dictionary<string, double[]>();

    /// <summary>The reported figures by metric name, in the order asked for.</summary>
    public required IReadOnlyDictionary<string, MetricValue> Metrics { get; init; }

    /// <summary>By metric name, the figures for items 1 to <see cref="EvaluationOptions.UpToOffset"/> ahead; empty where none were asked for.</summary>
    public IReadOnlyDictionary<string, OffsetCurve> ByOffset { get; init; } = new Dictionary<string, OffsetCurve>();

    /// <summary>Lists that were ranked: one a user, or one a step of a revealed session; 0 where predictions are measured.</summary>
    public int Lists { get; init; }

    /// <summary>Mean over the lists of the share of candidates that are right answers; NaN where nothing is ranked. Above one half any order scores high.</summary>
    public double RelevantShare { get; init; } = double.NaN;

    /// <summary>Mean over the lists of the candidates, scored or not; NaN where nothing is ranked.</summary>
    public double CandidateCount { get; init; } = double.NaN;

    /// <summary>Days since 1970-01-01 UTC, one a value, where every day of a listener is a question (<see cref="EvaluationSet.IsByDay"/>); else empty.</summary>
    public IReadOnlyList<int> Days { get; init; } = [];

    /// <summary>
    /// Number of the group every value belongs to: intervals and tests draw and swap whole groups. Empty where every value is on its own. Sessions are
    /// grouped by listener where <see cref="EvaluationSet.ListenerColumn"/> tells it.
    /// </summary>
    public IReadOnlyList<int> Clusters { get; init; } = [];

    /// <summary>Lists whose ranked items all have one score, two items at least: their order is chance alone.</summary>
    public int TiedLists { get; init; }

    /// <summary>Wall-clock seconds of scoring, ranking and measuring; the bootstrap is not counted.</summary>
    public required double ScoreSeconds { get; init; }

    /// <summary>How lists were made, for example <c>full ranking, seen items masked</c> or <c>sampled:100 negatives, seen items masked</c>.</summary>
    public required string Protocol { get; init; }
}
