using System.Globalization;
using Segue.Core.Contracts;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>A figure a recipe says it reaches.</summary>
/// <param name="Label">Row.</param>
/// <param name="Metric">Column, or the name of a figure of training.</param>
/// <param name="Low">Lowest accepted value.</param>
/// <param name="High">Highest accepted value.</param>
public sealed record Promise(string Label, string Metric, double Low, double High)
{
    /// <summary>Another row: what is promised is <see cref="Label"/> minus this one. Null for the figure itself.</summary>
    public string? Than { get; init; }

    /// <summary>Title of the table of <c>also</c> the figure stands in; null for the first table.</summary>
    public string? Also { get; init; }

    /// <summary>
    /// Songs so far ahead, ends included: the difference is that of the pair that compares the two rows there. Null for the whole metric.
    /// </summary>
    public (int From, int To)? Ahead { get; init; }

    /// <summary>True where <see cref="Metric"/> is a figure the model tells of its training, after the last epoch.</summary>
    public bool IsTraining { get; init; }

    /// <summary>Why it is known not to be reached; null where it should be.</summary>
    public string? Missed { get; init; }

    /// <summary>The row in words, for example <c>edge-gcn − bias</c>.</summary>
    public string Row => Than is null ? Label : $"{Label} − {Than}";

    /// <summary>The column in words, for example <c>next-hr@1 (Discovery)</c>.</summary>
    public string Column => IsTraining ? $"{Metric} (training)" : Also is null ? Measured : $"{Measured} ({Also})";

    private string Measured => Ahead is (int from, int to) ? EvaluationResult.AheadName(Metric, from, to) : Metric;

    /// <summary>The window in words, for example <c>≥ 0.282</c> or <c>0.020 … 0.026</c>.</summary>
    public string Window => (double.IsFinite(Low), double.IsFinite(High)) switch
    {
        (true, true) => string.Create(CultureInfo.InvariantCulture, $"{Low} … {High}"),
        (true, false) => string.Create(CultureInfo.InvariantCulture, $"≥ {Low}"),
        (false, true) => string.Create(CultureInfo.InvariantCulture, $"≤ {High}"),
        _ => "any",
    };

    /// <summary>Compares it with a report.</summary>
    public PromiseResult Check(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        double value = Ahead is null ? ValueOf(report, Label) - (Than is null ? 0 : ValueOf(report, Than)) : DifferenceOf(report);
        return new PromiseResult(this, value, value >= Low && value <= High);
    }

    // What is promised is measured: the row, the metric and the table are known before anything is trained.
    internal static Promise Parse(RecipeNode node, ExperimentSpecification specification, IReadOnlyList<ModelSpecification> rows)
    {
        RecipeNode promise = node.Object("label", "than", "metric", "ahead", "training", "also", "low", "high", "missed");
        string label = ParseRow(promise["label"], specification, rows);
        string? than = promise["than"].IsGiven ? ParseRow(promise["than"], specification, rows) : null;
        if (than == label)
        {
            throw promise["than"].Error("is the promised row itself; name another row");
        }

        bool isTraining = promise["training"].IsGiven;
        if (isTraining && (promise["metric"].IsGiven || promise["also"].IsGiven))
        {
            throw promise.Error("has \"training\" and \"metric\" or \"also\"; give the name of a figure of training, or a metric of a table");
        }

        (int From, int To)? ahead = promise["ahead"].IsGiven ? promise["ahead"].Range() : null;
        string name = ahead is { } range ? ParseAhead(promise, range, label, than, specification)
            : isTraining ? ParseTraining(promise["training"], specification, than is null ? [label] : [label, than])
            : ParseMetric(promise, specification);
        double low = promise["low"].IsGiven ? promise["low"].Number() : double.NegativeInfinity;
        double high = promise["high"].IsGiven ? promise["high"].Number() : double.PositiveInfinity;
        return low > high || (double.IsInfinity(low) && double.IsInfinity(high))
            ? throw promise.Error(low > high
                ? string.Create(CultureInfo.InvariantCulture, $"promises from {low} to {high}: nothing lies there; give \"low\" below \"high\"")
                : "promises nothing; give \"low\", \"high\" or both")
            : new Promise(label, name, low, high)
            {
                Than = than,
                Also = promise["also"].OptionalText(),
                Ahead = ahead,
                IsTraining = isTraining,
                Missed = promise["missed"].IsGiven ? promise["missed"].Text("why it is not reached") : null,
            };
    }

    private static string ParseRow(RecipeNode node, ExperimentSpecification specification, IReadOnlyList<ModelSpecification> rows)
    {
        string label = node.Text("the label of a row");
        if (specification.Published.Concat(specification.Also.SelectMany(a => a.Published)).Any(r => r.Label == label))
        {
            throw node.Error($"promises the published row '{label}'; promise a row that is measured");
        }

        return rows.Any(r => r.Label == label)
            ? label : node.Located<string>(() => throw NearMatches.Error("row of a promise", label, [.. rows.Select(r => r.Label)]));
    }

    private static string ParseMetric(RecipeNode promise, ExperimentSpecification specification)
    {
        RecipeNode node = promise["metric"];
        string metric = node.Text("a metric of the recipe");
        IReadOnlyList<MetricSpecification> measured = specification.Metrics;
        string where = "the recipe";
        if (promise["also"].IsGiven)
        {
            string title = promise["also"].Text("the title of an entry of \"also\"");
            ProtocolSpecification table = specification.Also.FirstOrDefault(a => a.Title == title)
                ?? promise["also"].Located<ProtocolSpecification>(
                    () => throw NearMatches.Error("title of an entry of \"also\"", title, [.. specification.Also.Select(a => a.Title)]));
            (measured, where) = (table.Metrics, $"'{title}'");
        }

        string name = measured.Any(m => m.Name == metric) ? metric : node.Located(() => MetricCatalog.Parse(metric).Name);
        return measured.Any(m => m.Name == name) ? name : throw node.Error(
            $"promises '{metric}', which {where} does not measure; add it to \"metrics\" or promise another. "
            + $"Measured: {string.Join(", ", measured.Select(m => m.Name))}");
    }

    // What is so far ahead is measured where a pair asks for it.
    private static string ParseAhead(
        RecipeNode promise, (int From, int To) range, string label, string? than, ExperimentSpecification specification)
    {
        string metric = promise["metric"].Text("a metric of \"offsets\"");
        string name = promise["metric"].Located(() => MetricCatalog.Parse(metric).Name);
        IReadOnlyList<PairSpecification> pairs = promise["also"].IsGiven
            ? specification.Also.FirstOrDefault(a => a.Title == promise["also"].Text())?.Pairs ?? [] : specification.Pairs;
        bool isAsked = pairs.Any(p => p.First == label && p.Second == than && p.Metrics.Contains(name) && p.Ahead.Contains(range));
        return isAsked ? name : throw promise["ahead"].Error(
            $"promises a difference by '{name}' that no pair asks for; add to \"pairs\": {{ \"first\": \"{label}\", \"second\": \"{than}\", \"metrics\": [\"{name}\"], "
            + $"\"ahead\": [[{range.From}, {range.To}]] }}");
    }

    // Names of such figures are known only once a model trains.
    private static string ParseTraining(RecipeNode node, ExperimentSpecification specification, IReadOnlyList<string> rows)
    {
        string name = node.Text("the name of a figure of training, for example \"test accuracy\"");
        string? unwatched = rows.FirstOrDefault(row => !specification.Curves.Any(c => c.Models.Count == 0 || c.Models.Contains(row)));
        return unwatched is null ? name : throw node.Error($"is of '{unwatched}', which nothing watches while it trains; name the row in \"curves\", or promise a metric");
    }

    private double DifferenceOf(ExperimentReport report)
    {
        IReadOnlyList<ReportPair>? pairs = Also is null ? report.Pairs : report.Also?.FirstOrDefault(t => t.Title == Also)?.Pairs;
        return pairs?.FirstOrDefault(p => p.First == Label && p.Second == Than && p.Metric == Measured)?.Difference ?? double.NaN;
    }

    private double ValueOf(ExperimentReport report, string label)
    {
        IReadOnlyDictionary<string, ReportMetric>? metrics =
            IsTraining ? report.Training?.Rows.FirstOrDefault(r => r.Label == label)?.Metrics
            : Also is not null ? report.Also?.FirstOrDefault(t => t.Title == Also)?.Rows.FirstOrDefault(r => r.Label == label)?.Metrics
            : report.Rows.FirstOrDefault(r => r.Label == label)?.Metrics;
        return metrics is not null && metrics.TryGetValue(Metric, out ReportMetric? metric) ? metric.Value : double.NaN;
    }
}

/// <summary>A promise beside what was measured.</summary>
/// <param name="Promise">The promise.</param>
/// <param name="Value">What was measured, or the difference of what was; NaN where a row or figure is missing.</param>
/// <param name="IsKept">True where the value lies in the window.</param>
public sealed record PromiseResult(Promise Promise, double Value, bool IsKept)
{
    /// <summary>As it stands in a report.</summary>
    public ReportPromise ForReport => new(Promise.Row, Promise.Column, Promise.Window, Value, IsKept, Promise.Missed);
}
