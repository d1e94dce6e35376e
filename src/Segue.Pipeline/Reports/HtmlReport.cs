using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Evaluation;
using static Segue.Pipeline.Reports.HtmlPage;
using static Segue.Pipeline.Reports.Verdict;

namespace Segue.Pipeline.Reports;

/// <summary>
/// Shows an <see cref="ExperimentReport"/> as one HTML file: headline, sortable table, charts, options, protocol, environment.
/// </summary>
/// <remarks>
/// The tables are plain HTML and need no script. The report's JSON is in the element <c>data</c>. Names and options may hold
/// anything: nothing in them is read as HTML or script.
/// </remarks>
public static class HtmlReport
{
    // Figures that describe lists and judge nothing.
    private static readonly string[] BeyondAccuracy = ["coverage", "gini", "novelty", "artist-diversity"];

    private const string SampledMeaning =
        "Its figures are higher than those of full ranking, can order models differently, and compare only with figures "
        + "of the same protocol.";

    /// <summary>Writes the page; an existing file is replaced.</summary>
    /// <exception cref="SegueException">The file cannot be written.</exception>
    public static void Write(ExperimentReport report, string path) => Save(ToHtml(report), path);

    /// <summary>The page as text.</summary>
    public static string ToHtml(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        string title = report.Title is { Length: > 0 } given ? given : $"Models compared on {report.Dataset.Name}";
        string[] all = [.. report.Rows.SelectMany(r => r.Metrics.Keys).Concat((report.Published ?? []).SelectMany(p => p.Metrics.Keys)).Distinct()];
        string[] metrics = [.. all.Where(m => !IsSlice(m))], slices = [.. all.Where(IsSlice)];
        var body = new StringBuilder();
        Head(body, report, title);
        Warnings(body, report);
        Table(body, report, metrics);
        Pairs(body, report.Pairs, "pairs", "Row against row");
        Promises(body, report.Promises ?? []);
        Charts(body, report, metrics);
        Slices(body, report, slices);
        Also(body, report);
        Training(body, report.Training);
        Series(body, report);
        Example(body, report);
        Options(body, report);
        Protocol(body, report);
        FeatureFigures(body, report.Features?.Histograms ?? []);

        JsonNode data = Brief(JsonNode.Parse(report.ToJson())!);
        data["page"] = new JsonObject
        {
            ["lower_is_better"] = new JsonArray([.. metrics.Where(m => !HigherIsBetter(m)).Select(m => (JsonNode)m)]),
            ["slices"] = new JsonArray([.. slices.Select(m => (JsonNode)m)]),
            ["beyond_accuracy"] = new JsonArray([.. metrics.Where(IsBeyondAccuracy).Select(m => (JsonNode)m)]),
        };
        return Make(title, body.ToString(), data, "report.js");
    }

    internal static bool IsSampled(ExperimentReport report) => report.Protocol.Contains("sampled", StringComparison.OrdinalIgnoreCase);

    private static void Head(StringBuilder body, ExperimentReport report, string title)
    {
        DatasetSummary data = report.Dataset;
        body.Add($"<header>\n<h1>{Name(title, 200)}</h1>\n<ul class=\"facts\">\n");
        Fact($"<b>{Name(data.Name)}</b>{(data.KCore is { } k ? $" {k}-core" : string.Empty)}");
        Fact($"<b>{data.Users:N0}</b> {Plural.Noun(data.Users, "user")}");
        Fact($"<b>{data.Items:N0}</b> {Plural.Noun(data.Items, "item")}");
        Fact($"<b>{data.Interactions:N0}</b> {Plural.Noun(data.Interactions, "interaction")}");
        Fact($"split <b>{Text(report.Split.Name)}</b>, seed {report.Split.Seed}, {Plural.Of(report.Split.TestUsers, "test user")}");
        body.Append("</ul>\n");
        if (IsSampled(report))
        {
            body.Add(
                $"<p class=\"notice\" id=\"sampled\"><b>Sampled protocol:</b> {Text(report.Protocol)}. {SampledMeaning}</p>\n");
        }

        body.Append("<section class=\"headline\" aria-label=\"Result\">\n");
        foreach (string line in Verdict.Of(report))
        {
            body.Append("<p>").Append(line).Append("</p>\n");
        }

        body.Append("</section>\n</header>\n");

        void Fact(FormattableString html)
        {
            body.Append("<li>");
            body.Add(html);
            body.Append("</li>\n");
        }
    }

    private static void Warnings(StringBuilder body, ExperimentReport report)
    {
        if (report.Warnings is { Count: > 0 } warnings)
        {
            body.Append("<div class=\"notice\" role=\"note\"><ul>\n");
            foreach (string warning in warnings)
            {
                body.Append("<li>").Append(Brief(warning, 1_000)).Append("</li>\n");
            }

            body.Append("</ul></div>\n");
        }
    }

    private static void Promises(StringBuilder body, IReadOnlyList<ReportPromise> promises)
    {
        if (promises.Count == 0)
        {
            return;
        }

        body.Append("<h2 id=\"promises\">What the recipe promises</h2>\n");
        body.Append("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"promises\">\n");
        body.Append("<table class=\"rows\">\n<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Metric</th><th scope=\"col\">Promised</th>");
        body.Append("<th scope=\"col\">Measured</th><th scope=\"col\">Reached</th></tr></thead>\n<tbody>\n");
        foreach (ReportPromise promise in promises)
        {
            body.Add($"<tr><th scope=\"row\">{Name(promise.Label)}</th><td>{Text(promise.Metric)}</td><td>{Text(promise.Promised)}</td>");
            body.Add($"<td>{Number(promise.Value)}</td><td>{(promise.Reached ? "yes" : "no")}{(promise.Missed is { } why && !promise.Reached ? $", {Brief(why, 300)}" : string.Empty)}</td></tr>\n");
        }

        body.Append("</tbody>\n</table>\n</div>\n");
    }

    private static void Table(StringBuilder body, ExperimentReport report, string[] metrics)
    {
        ReportRow? best = report.Rows.FirstOrDefault(r => r.Label == report.BestModel && r.Metrics.Count > 0);
        string? deciding = best is null ? null : DecidingMetric(report, best);
        body.Append("<h2 id=\"comparison\">Comparison</h2>\n");
        body.Append("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"comparison\">\n");
        body.Append("<table class=\"rows sortable\">\n<thead><tr>");
        Header(body, "Model", "text", "ascending", string.Empty);
        foreach (string metric in metrics)
        {
            Header(body, metric, "number", HigherIsBetter(metric) ? "descending" : "ascending", Meaning(metric));
        }

        Header(body, "fit s", "number", "ascending", "wall-clock seconds of training");
        Header(body, "score s", "number", "ascending", "wall-clock seconds of scoring and ranking all test users");
        Header(body, "peak MB", "number", "ascending", "highest memory of the process, in 10⁶ bytes");
        body.Append("</tr></thead>\n<tbody>\n");
        Dictionary<string, double> most = metrics.ToDictionary(
            m => m,
            m => report.Rows.Select(r => Value(r, m)).Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        foreach (ReportRow row in report.Rows)
        {
            bool isBest = row.Label == report.BestModel && row.Error is null;
            string kind = $"{(isBest ? "best" : string.Empty)} {(row.IsBaseline ? "baseline" : string.Empty)}".Trim();
            body.Append(kind.Length == 0 ? "<tr>" : $"<tr class=\"{kind}\">");
            body.Add($"<th scope=\"row\" data-value=\"{Brief(row.Label)}\">{Name(row.Label)}");
            body.Append(isBest ? $"<span class=\"badge good\">{(report.Verdict is { IsDistinct: false, Second: not null } ? "best figure" : "best")}</span>" : string.Empty);
            string baseline = row.Label == report.BestBaseline ? "best baseline" : row.IsBaseline ? "baseline" : string.Empty;
            body.Append(baseline.Length == 0 ? string.Empty : $"<span class=\"badge\">{baseline}</span>");
            body.Append(row.BestEpoch is null ? string.Empty : $"<span class=\"badge\" title=\"best on the validation part\">epoch {row.BestEpoch} of {row.Epochs}</span>");
            string model = row.Model == row.Label ? string.Empty : Text(row.Model) + " ";
            body.Add($"<span class=\"model\">{model}{Breakable(row.ChangedOptions)}</span></th>");
            if (row.Error is not null)
            {
                body.Add($"<td class=\"failed\" colspan=\"{metrics.Length + 3}\">failed: {Brief(row.Error, 1_000)}</td></tr>\n");
                continue;
            }

            foreach (string metric in metrics)
            {
                body.Append(row.Metrics.TryGetValue(metric, out ReportMetric? figure)
                    ? Cell(figure, most[metric], metric == deciding && row.Label == report.BestBaseline)
                    : "<td class=\"figure\" data-value=\"\">–</td>");
            }

            foreach (double value in new[] { row.FitSeconds, row.ScoreSeconds, row.PeakMb })
            {
                body.Add($"<td data-value=\"{Raw(value)}\">{Short(value)}</td>");
            }

            body.Append("</tr>\n");
        }

        Published(body, report.Published, metrics, trailing: 3);
        body.Append("</tbody>\n</table>\n</div>\n");
        Sources(body, report.Published);
        body.Append("<p class=\"soft\">Under a figure: its 95 % bootstrap interval over users (days, where days are asked), and p of a paired test against the best baseline, not corrected for the number of rows. ");
        body.Append("A bar compares figures within its column. Column heads sort.</p>\n");
    }

    private static void Pairs(StringBuilder body, IReadOnlyList<ReportPair>? pairs, string id, string title)
    {
        if (pairs is not { Count: > 0 })
        {
            return;
        }

        body.Add($"<h2 id=\"{id}\">{Brief(title)}</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{id}\">\n");
        body.Append("<table class=\"rows sortable\">\n<thead><tr>");
        foreach ((string name, string kind) in new[]
        {
            ("First", "text"), ("Second", "text"), ("Metric", "text"), ("first − second", "number"), ("p", "number"), ("ahead", "number"), ("behind", "number"), ("equal", "number"),
        })
        {
            Header(body, name, kind, kind == "text" ? "ascending" : "descending", string.Empty);
        }

        body.Append("</tr></thead>\n<tbody>\n");
        foreach (ReportPair pair in pairs)
        {
            body.Add($"<tr><th scope=\"row\" data-value=\"{Brief(pair.First)}\">{Name(pair.First)}</th><td class=\"left\" data-value=\"{Brief(pair.Second)}\">{Name(pair.Second)}</td>");
            body.Add($"<td class=\"left\" data-value=\"{Text(pair.Metric)}\">{Text(pair.Metric)}</td><td class=\"figure\" data-value=\"{Raw(pair.Difference)}\"><b>{Signed(pair.Difference)}</b>");
            body.Add($"<small>{Signed(pair.Low)} … {Signed(pair.High)}</small></td><td data-value=\"{Raw(pair.P)}\">{P(pair.P)}</td>");
            foreach (int users in new[] { pair.Wins, pair.Losses, pair.Users - pair.Wins - pair.Losses })
            {
                body.Add($"<td data-value=\"{users}\">{users:N0}</td>");
            }

            body.Append("</tr>\n");
        }

        body.Append("</tbody>\n</table>\n</div>\n<p class=\"soft\">Under a difference: its 95 % bootstrap interval over users; p of a paired test. ");
        body.Append("Users for whom the first is ahead of the second, behind it, or equal.</p>\n");

        static string Signed(double value) => value.ToString("+0.0000;−0.0000", CultureInfo.InvariantCulture);
    }

    // Rows of others: figures only, marked, without bar, interval or test.
    private static void Published(StringBuilder body, IReadOnlyList<PublishedRow>? rows, string[] metrics, int trailing = 0)
    {
        foreach (PublishedRow row in (rows ?? []).Where(r => metrics.Any(r.Metrics.ContainsKey)))
        {
            body.Add($"<tr class=\"published\"><th scope=\"row\" data-value=\"{Brief(row.Label)}\">{Name(row.Label)}");
            body.Add($"<span class=\"badge\" title=\"{Brief(row.Source)}\">published</span></th>");
            foreach (string metric in metrics)
            {
                body.Append(row.Metrics.TryGetValue(metric, out double value)
                    ? $"<td class=\"figure\" data-value=\"{Raw(value)}\">{Number(value)}</td>"
                    : "<td class=\"figure\" data-value=\"\">–</td>");
            }

            for (int n = 0; n < trailing; n++)
            {
                body.Append("<td data-value=\"\">–</td>");
            }

            body.Append("</tr>\n");
        }
    }

    private static void Sources(StringBuilder body, IReadOnlyList<PublishedRow>? rows)
    {
        foreach (IGrouping<(string Source, string? Note), PublishedRow> group in (rows ?? []).GroupBy(p => (p.Source, p.Note)))
        {
            body.Append("<p class=\"soft\"><span class=\"badge\">published</span> Not measured here: ");
            body.Append(string.Join(", ", group.Select(r => Name(r.Label))));
            body.Append($". Source: {Text(group.Key.Source)}.{(group.Key.Note is { Length: > 0 } note ? $" {Text(note)}" : string.Empty)}</p>\n");
        }
    }

    private static void Header(StringBuilder body, string name, string kind, string first, string meaning)
    {
        body.Add($"<th scope=\"col\" aria-sort=\"none\" data-kind=\"{kind}\" data-first=\"{first}\">");
        body.Add($"<button type=\"button\" title=\"{Text(meaning)}\">{Brief(name, 100)}</button></th>");
    }

    private static string Cell(ReportMetric figure, double most, bool isReference)
    {
        if (!double.IsFinite(figure.Value))
        {
            return "<td class=\"figure\" data-value=\"\">–</td>";
        }

        double share = most > 0 ? Math.Clamp(figure.Value / most, 0, 1) * 100 : 0;
        string interval = Interval(figure, "<small>", " – ", "</small>");
        string p = figure.PVsBestBaseline is { } tested && double.IsFinite(tested) ? P(tested) : isReference ? "reference" : string.Empty;
        string test = p.Length == 0 ? string.Empty : $"<small>{p}</small>";
        string width = share.ToString("0.#", CultureInfo.InvariantCulture);
        string meter = $"<span class=\"meter\" aria-hidden=\"true\"><i style=\"--share:{width}%\"></i></span>";
        return $"<td class=\"figure\" data-value=\"{Raw(figure.Value)}\"><b>{Number(figure.Value)}</b>{meter}{interval}{test}</td>";
    }

    private static void Charts(StringBuilder body, ExperimentReport report, string[] metrics)
    {
        if (!report.Rows.Any(r => r.Metrics.Count > 0))
        {
            return;
        }

        body.Append("<h2>Charts</h2>\n<div class=\"tools\">");
        body.Append("<label for=\"select-metric\">Metric <select id=\"select-metric\"></select></label>");
        bool beyond = metrics.Any(IsBeyondAccuracy) && !metrics.All(IsBeyondAccuracy);
        bool lengths = metrics.Where(m => m.Contains('@', StringComparison.Ordinal)).GroupBy(BaseName).Any(g => g.Count() > 1);
        body.Append(beyond ? "<label for=\"select-beyond\">against <select id=\"select-beyond\"></select></label>" : string.Empty);
        body.Append(lengths ? "<label for=\"select-family\">List lengths of <select id=\"select-family\"></select></label>" : string.Empty);
        body.Append("</div>\n<div class=\"charts\">\n");
        body.Append(Figure("chart-metric", "Metric by model", "Whiskers are 95 % intervals; grey bars are trivial baselines.", full: true));
        body.Append(Figure("chart-time", "Accuracy against training time", "Up and to the left is better.", full: !beyond && !lengths));
        if (beyond)
        {
            body.Append(Figure("chart-beyond", "Accuracy against variety", "What accuracy costs or gains in coverage or novelty."));
        }

        if (lengths)
        {
            body.Append(Figure("chart-lengths", "Accuracy by list length", "Broken lines are trivial baselines.", full: beyond));
        }

        body.Append("</div>\n");
    }

    private static void Slices(StringBuilder body, ExperimentReport report, string[] slices)
    {
        if (slices.Length == 0)
        {
            return;
        }

        body.Append("<h2 id=\"slices\">By popularity of the right answer</h2>\n");
        body.Append("<p class=\"soft\">Only right answers count that so many listeners of the training data heard; users without one are left out.</p>\n");
        body.Append("<div class=\"tools\"><label for=\"select-slices\">Metric <select id=\"select-slices\"></select></label></div>\n");
        body.Append("<div class=\"charts\">\n");
        body.Append(Figure("chart-slices", "Accuracy by listeners of the right answer", "Whiskers are 95 % intervals; grey bars are trivial baselines.", full: true));
        body.Append("</div>\n");
        Figures(body, "slices", slices, report.Rows.Where(r => r.Error is null).Select(r => (r.Label, r.Metrics)), report.Published);
    }

    private static void Also(StringBuilder body, ExperimentReport report)
    {
        for (int n = 0; n < (report.Also?.Count ?? 0); n++)
        {
            ReportTable table = report.Also![n];
            string id = FormattableString.Invariant($"also-{n}");
            body.Add($"<h2 id=\"{id}\">{Brief(table.Title)}</h2>\n");
            body.Append(table.Protocol.Contains("sampled", StringComparison.OrdinalIgnoreCase)
                ? $"<p class=\"notice\"><b>Sampled protocol, only to reproduce published tables:</b> {Text(table.Protocol)}. {SampledMeaning}</p>\n"
                : $"<p class=\"soft\">The same trained models under another protocol: {Text(table.Protocol)}.</p>\n");
            string[] metrics = [.. table.Rows.SelectMany(r => r.Metrics.Keys).Concat((table.Published ?? []).SelectMany(p => p.Metrics.Keys)).Distinct()];
            Figures(body, id, metrics, table.Rows.Select(r => (r.Label, r.Metrics)), table.Published);
            Sources(body, table.Published);
            body.Append(table.Note is null ? string.Empty : $"<p class=\"soft\">{Text(table.Note)}</p>\n");
            Pairs(body, table.Pairs, $"{id}-pairs", $"{table.Title}: row against row");
        }
    }

    // A plain sortable table of figures with their intervals.
    private static void Figures(
        StringBuilder body, string id, string[] metrics, IEnumerable<(string Label, IReadOnlyDictionary<string, ReportMetric> Metrics)> rows,
        IReadOnlyList<PublishedRow>? published)
    {
        body.Append($"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{id}\">\n<table class=\"rows sortable\">\n<thead><tr>");
        Header(body, "Model", "text", "ascending", string.Empty);
        foreach (string metric in metrics)
        {
            Header(body, metric, "number", HigherIsBetter(metric) ? "descending" : "ascending", Meaning(metric));
        }

        body.Append("</tr></thead>\n<tbody>\n");
        foreach ((string label, IReadOnlyDictionary<string, ReportMetric> figures) in rows)
        {
            body.Append($"<tr><th scope=\"row\" data-value=\"{Brief(label)}\">{Name(label)}</th>");
            foreach (string metric in metrics)
            {
                body.Append(figures.TryGetValue(metric, out ReportMetric? figure) && double.IsFinite(figure.Value)
                    ? $"<td class=\"figure\" data-value=\"{Raw(figure.Value)}\"><b>{Number(figure.Value)}</b>{Interval(figure, "<small>", " – ", "</small>")}</td>"
                    : "<td class=\"figure\" data-value=\"\">–</td>");
            }

            body.Append("</tr>\n");
        }

        Published(body, published, metrics);
        body.Append("</tbody>\n</table>\n</div>\n");
    }

    private static void Series(StringBuilder body, ExperimentReport report)
    {
        if (report.Series is not { Count: > 0 } series)
        {
            return;
        }

        body.Append("<h2>Curves</h2>\n<div class=\"charts\">\n");
        for (int n = 0; n < series.Count; n++)
        {
            string id = FormattableString.Invariant($"chart-series-{n}");
            body.Append(Figure(id, Brief(series[n].Title), Text(series[n].Note), full: series.Count == 1));
        }

        body.Append("</div>\n");
    }

    private static void Training(StringBuilder body, ReportTable? table)
    {
        if (table is null)
        {
            return;
        }

        body.Add($"<h2 id=\"training\">{Brief(table.Title)}</h2>\n<p class=\"soft\">The {Text(table.Protocol)}.</p>\n");
        string[] names = [.. table.Rows.SelectMany(r => r.Metrics.Keys).Concat((table.Published ?? []).SelectMany(p => p.Metrics.Keys)).Distinct()];
        Figures(body, "training", names, table.Rows.Select(r => (r.Label, r.Metrics)), table.Published);
        Sources(body, table.Published);
    }

    private static void Example(StringBuilder body, ExperimentReport report)
    {
        if (report.Example is not { } example)
        {
            return;
        }

        body.Add($"<h2>What {Name(example.Model)} recommends to {Name(example.User)}</h2>\n<div class=\"pairs\">\n");
        body.Append($"<div class=\"wide\"><table><caption>{(example.IsOrdered ? "Heard last, newest first" : "Some of what was heard")}</caption><tbody>\n");
        foreach (string heard in example.History)
        {
            body.Add($"<tr><td class=\"text\">{Name(heard)}</td></tr>\n");
        }

        body.Append("</tbody></table></div>\n<div class=\"wide\"><table><caption>Recommended</caption>\n");
        body.AddHead(["Item", "Why", "Score"], "Item", "Why");
        foreach (ExampleRecommendation item in example.Recommendations)
        {
            body.Add($"<tr><td class=\"text\">{Name(item.Name)}</td><td class=\"text\">{Name(item.Reason, 300)}</td>");
            body.Add($"<td>{Number(item.Score)}</td></tr>\n");
        }

        body.Append("</tbody></table></div>\n</div>\n");
    }

    private static void Options(StringBuilder body, ExperimentReport report)
    {
        body.Append("<h2>Options of every row</h2>\n<p class=\"soft\">Marked: different from the default.</p>\n");
        body.Append("<div class=\"wide\"><table class=\"rows\">\n");
        body.AddHead(["Row", "Model", "Options"], "Model", "Options");
        foreach (ReportRow row in report.Rows)
        {
            string changed = "," + (row.ChangedOptions ?? string.Empty);
            body.Add($"<tr><th scope=\"row\">{Name(row.Label)}</th><td class=\"text\">{Text(row.Model)}</td><td class=\"options\">");
            foreach ((string key, object value) in row.Options)
            {
                bool isChanged = changed.Contains($",{key}=", StringComparison.Ordinal);
                body.Add($"<code{(isChanged ? " class=\"changed\"" : string.Empty)}>{Text(key)}={Brief(ValueText(value))}</code> ");
            }

            body.Append(row.Options.Count == 0 ? "<span class=\"soft\">none</span>" : string.Empty).Append("</td></tr>\n");
        }

        body.Append("</tbody>\n</table></div>\n");
    }

    private static void Protocol(StringBuilder body, ExperimentReport report)
    {
        SplitSummary split = report.Split;
        body.Append("<h2>How it was measured</h2>\n<dl>\n");
        Entry("protocol", report.Protocol);
        Entry("split", $"{split.Name}: {string.Join(", ", split.Options.Select(o => $"{o.Key}={ValueText(o.Value)}"))}");
        Entry("seed", split.Seed.ToString(CultureInfo.InvariantCulture));
        Entry("train", Count(split.Train, "interaction"));
        Entry("validation", split.Validation == 0 ? "none" : Count(split.Validation, "interaction"));
        Entry("test", $"{Count(split.Test, "interaction")} of {Count(split.TestUsers, "user")}{(split.TestDays is { } days ? $" on {Count(days, "day")}" : string.Empty)}");
        Entry("k-core", report.Dataset.KCore?.ToString(CultureInfo.InvariantCulture) ?? "none");
        Entry("weights", report.Dataset.Weights ?? "as they are");
        body.Append("</dl>\n<h2>Where it ran</h2>\n<dl>\n");
        Entry("processor", report.Environment.Cpu);
        Entry("cores", $"{Number(report.Environment.Cores)} ({Count(report.Environment.Threads, "thread")} allowed)");
        Entry("runtime", report.Environment.Runtime);
        Entry("system", report.Environment.Os);
        Entry("commit", report.Environment.Commit);
        body.Append("</dl>\n");

        void Entry(string name, string value) => body.Add($"<dt>{Text(name)}</dt><dd>{Name(value, 1_000)}</dd>\n");
    }

    private static bool IsSlice(string metric) => metric.Contains(":popularity=", StringComparison.Ordinal);

    private static bool IsBeyondAccuracy(string metric) => BeyondAccuracy.Contains(BaseName(metric));

    private static string Meaning(string metric) => MetricCatalog.All.FirstOrDefault(m => m.Name == BaseName(metric)) is { } definition
        ? $"{definition.Meaning}; divided by {definition.Denominator}{(definition.HigherIsBetter ? string.Empty : "; lower is better")}"
        : string.Empty;

    private static double Value(ReportRow row, string metric) =>
        row.Metrics.TryGetValue(metric, out ReportMetric? figure) ? figure.Value : double.NaN;

    // Long lists of options may break after a comma or a sign of equality, and nowhere else.
    private static string Breakable(string? options) =>
        Brief(options, 1_000).Replace(",", ",<wbr>", StringComparison.Ordinal).Replace("=", "=<wbr>", StringComparison.Ordinal);

    private static string Short(double value) => !double.IsFinite(value) ? "–" : value.ToString(
        Math.Abs(value) switch { < 1 => "0.000", < 10 => "0.00", < 100 => "0.0", _ => "N0" }, CultureInfo.InvariantCulture);

    // Options of a report that was read back are JSON values.
    private static string ValueText(object? value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } flag => OptionsText.Format(flag.GetBoolean()),
        JsonElement json => json.ToString(),
        _ => OptionsText.Format(value),
    };
}
