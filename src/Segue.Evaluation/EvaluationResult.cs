using System.Globalization;
using Segue.Core;
using Segue.Core.Splitting;
using Segue.Evaluation.Protocol;

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
public sealed record OffsetCurve(IReadOnlyList<double> Values, IReadOnlyList<int> Steps)
{
    /// <summary>By user, in the order of the result, and offset: the sum over the user's steps that have such an item.</summary>
    internal IReadOnlyList<double[]> SumPerUser { get; init; } = [];

    /// <summary>How many steps these are.</summary>
    internal IReadOnlyList<int[]> StepsPerUser { get; init; } = [];
}

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

    /// <summary>
    /// The same result for the items <paramref name="from"/> to <paramref name="to"/> ahead alone, to be tested against another: means over
    /// all steps and offsets of a user.
    /// </summary>
    /// <param name="metric">One of <see cref="ByOffset"/>.</param>
    /// <param name="from">Nearest, from 1.</param>
    /// <param name="to">Farthest, itself included.</param>
    /// <exception cref="OptionException">The metric was not asked for by offset, or not so far.</exception>
    public EvaluationResult Ahead(string metric, int from, int to)
    {
        if (!ByOffset.TryGetValue(metric, out OffsetCurve? curve) || from < 1 || to < from || to > curve.Values.Count)
        {
            throw new OptionException($"'{metric}' was not measured for the items {from} to {to} ahead; ask for it by offset, at least up to {to}");
        }

        string name = AheadName(metric, from, to);
        double[] steps = [.. curve.StepsPerUser.Select(s => (double)s[(from - 1)..to].Sum())];
        double[] values = [.. curve.SumPerUser.Select((s, u) => steps[u] > 0 ? s[(from - 1)..to].Sum() / steps[u] : double.NaN)];
        return this with
        {
            PerUser = new Dictionary<string, double[]> { [name] = values },
            PairCount = new Dictionary<string, double[]> { [name] = steps },
            Metrics = new Dictionary<string, MetricValue> { [name] = Bootstrap.Mean(values, steps, new EvaluationOptions { BootstrapSamples = 0 }) },
        };
    }

    /// <summary>What <see cref="Ahead"/> calls the metric, for example <c>next-hr@20, 25 to 50 ahead</c>.</summary>
    public static string AheadName(string metric, int from, int to) => string.Create(CultureInfo.InvariantCulture, $"{metric}, {from} to {to} ahead");

    /// <summary>Wall-clock seconds of scoring, ranking and measuring; the bootstrap is not counted.</summary>
    public required double ScoreSeconds { get; init; }

    /// <summary>How lists were made, for example <c>full ranking, seen items masked</c> or <c>sampled:100 negatives, seen items masked</c>.</summary>
    public required string Protocol { get; init; }
}
