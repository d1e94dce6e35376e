using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Segue.Core;
using Segue.Pipeline.Description;
using Segue.Pipeline.Reports;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests.Reports;

public sealed class HtmlReportTests
{
    private static ReportRow Row(
        string label, double value, bool baseline = false, double? p = 0.0004, string metric = "recall@20", double fit = 1.5) => new()
        {
            Model = label.Split(' ')[0],
            Label = label,
            Options = new Dictionary<string, object> { ["regularization"] = 200.0, ["solver"] = "exact", ["epochs"] = 15 },
            ChangedOptions = "regularization=200",
            Metrics = new Dictionary<string, ReportMetric>
            {
                [metric] = new(value, value - 0.01, value + 0.01, p),
                ["recall@50"] = new(value * 1.5, value * 1.4, value * 1.6),
                ["coverage@20"] = new(0.3, 0.3, 0.3),
            },
            IsBaseline = baseline,
            FitSeconds = fit,
            ScoreSeconds = 0.25,
            PeakMb = 321,
        };

    private static Dictionary<string, ReportMetric> NoFigures => [];

    private static ExperimentReport Report(params ReportRow[] rows) => new()
    {
        Title = "A comparison",
        Dataset = new DatasetSummary("world", 2_000, 5_000, 500_000, 5),
        Split = new SplitSummary("random", new Dictionary<string, object> { ["train"] = 0.8, ["per_user"] = true }, 42, 400, 50, 50, 1_998),
        Protocol = "full ranking, seen items masked",
        Rows = rows,
        BestModel = rows.FirstOrDefault(r => r.Error is null)?.Label,
        BestBaseline = rows.FirstOrDefault(r => r.IsBaseline)?.Label,
        Environment = new EnvironmentSummary(2, "A processor", ".NET 10.0.1", "abc1234", 2, "Linux"),
    };

    private static ExperimentReport Typical() => Report(
        Row("ease", 0.35, fit: 12.5),
        Row("als", 0.345, fit: 3),
        Row("item-knn wide", 0.3, fit: 0),
        Row("popularity", 0.2, baseline: true, p: null, fit: 0.004));

    [Fact]
    public void Loads_nothing_and_carries_its_licence()
    {
        string html = HtmlReport.ToHtml(Typical());
        Pages.AssertSelfContained(html);
        Pages.AssertLicence(html);
    }

    [Fact]
    public void Shows_every_row_with_figures_intervals_options_and_surroundings()
    {
        string html = HtmlReport.ToHtml(Typical() with { Warnings = ["mind the gap"] });
        foreach (string shown in new[]
        {
            "<bdi>ease</bdi>", "<bdi>als</bdi>", "<bdi>item-knn wide</bdi>", "<bdi>popularity</bdi>", "<b>0.3500</b>", "0.3400 – 0.3600", "p &lt; 0.001",
            "data-value=\"12.5\"", "12.5", "321", "class=\"changed\">regularization=200", "<code>solver=exact</code>", "reference", "mind the gap",
            "full ranking, seen items masked", "random: train=0.8, per_user=true", "400 interactions", "1,998 users", "A processor", ".NET 10.0.1", "abc1234",
            "badge good\">best<", "best baseline", "5-core", "<title>A comparison</title>",
        })
        {
            Assert.Contains(shown, html, StringComparison.Ordinal);
        }

        Assert.Equal(4, Regex.Count(html, "<th scope=\"row\" data-value="));
        Assert.Equal(1, Regex.Count(html, "<tr class=\"best\">"));
        // Model, three metrics, two times and memory.
        Assert.Equal(7, Regex.Count(html, "aria-sort=\"none\""));
        Assert.Equal(4, Pages.Data(html).GetProperty("rows").GetArrayLength());
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        const string Bad = Pages.Hostile;
        ReportRow row = Row("x", 0.3) with
        {
            Label = Bad,
            Model = Bad,
            ChangedOptions = Bad,
            Options = new Dictionary<string, object> { [Bad] = Bad },
            Metrics = new Dictionary<string, ReportMetric> { [Bad] = new(0.3, 0.2, 0.4, 0.5) },
        };
        ExperimentReport report = Report(row, Row("popularity", 0.1, baseline: true), row with { Label = Bad + "2", Error = Bad, Metrics = NoFigures }) with
        {
            Title = Bad,
            Dataset = new DatasetSummary(Bad, 1, 1, 1, 1, Bad),
            Split = new SplitSummary(Bad, new Dictionary<string, object> { [Bad] = Bad }, 1, 1, 1, 1, 1),
            Protocol = "sampled " + Bad,
            Warnings = [Bad],
            Published = [new PublishedRow(Bad, Bad, new Dictionary<string, double> { [Bad] = 0.1 }, Bad)],
            Series = [new ReportSeries(Bad, Bad, Bad, [new ReportLine(Bad, [1, 2], [1, double.NaN])], Bad)],
            Also = [new ReportTable(Bad, "sampled " + Bad, 1, [new ReportTableRow(Bad, new Dictionary<string, ReportMetric> { [Bad] = new(0.3, 0.2, 0.4) })], Bad)],
            Features = new FeatureCharts([new FeatureHistogram(Bad, [new HistogramBin(0, 1, 2)])], [[1.0]]),
            Example = new ReportExample(Bad, Bad, [Bad], [new ExampleRecommendation(Bad, Bad, 1, Bad)]),
            Environment = new EnvironmentSummary(1, Bad, Bad, Bad, 1, Bad),
        };
        string html = HtmlReport.ToHtml(report);
        Pages.AssertSelfContainedButFor(html, Bad);
        Assert.DoesNotContain("<img src=x", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script>alert", html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Bad, Pages.Data(html).GetProperty("rows")[0].GetProperty("label").GetString());
    }

    [Fact]
    public void One_user_is_called_a_user()
    {
        ExperimentReport report = Report(Row("x", 0.3));
        string html = HtmlReport.ToHtml(report with
        {
            Dataset = new DatasetSummary("d", 1, 1, 1),
            Split = report.Split with { TestUsers = 1 },
        });
        foreach (string fact in (string[])["<b>1</b> user<", "<b>1</b> item<", "<b>1</b> interaction<", ", 1 test user<"])
        {
            Assert.Contains(fact, html, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true, "Heard last, newest first")]
    [InlineData(false, "Some of what was heard")]
    public void Only_a_history_with_an_order_is_called_the_last(bool isOrdered, string caption)
    {
        string html = HtmlReport.ToHtml(Report(Row("x", 0.3)) with { Example = new ReportExample("u", "x", ["song"], [], isOrdered) });
        Assert.Contains($"<caption>{caption}</caption>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_names_are_cut_and_told_on_hovering()
    {
        string name = new('X', 10_000);
        ReportRow row = Row("x", 0.3) with { Label = name, ChangedOptions = "a=" + name, Options = new Dictionary<string, object> { ["a"] = name } };
        var figures = new Dictionary<string, ReportMetric> { ["mrr"] = new(0.3, 0.2, 0.4) };
        string html = HtmlReport.ToHtml(Report(row, row with { Label = name + "2", Error = name, Metrics = NoFigures }) with
        {
            Title = name,
            Dataset = new DatasetSummary(name, 1, 1, 1, 1, null),
            Warnings = [name],
            Pairs = [new ReportPair(name, name, "recall@20", 0.1, 0, 0.2, 0.01, 1, 0, 1)],
            Published = [new PublishedRow(name, "a paper", new Dictionary<string, double> { ["recall@20"] = 0.1 })],
            Series = [new ReportSeries(name, "x", "y", [new ReportLine(name, [1, 2], [1, 2])])],
            Also = [new ReportTable(name, "full ranking", 1, [new ReportTableRow(name, figures)], null)],
            Features = new FeatureCharts([new FeatureHistogram(name, [new HistogramBin(0, 1, 2)])], [[1.0]]),
            Example = new ReportExample(name, name, [name], [new ExampleRecommendation("i", name, 1, $"because of {name}")]),
        });
        Assert.DoesNotMatch(new Regex("X{1001}"), html);
        Assert.Matches(new Regex("<td class=\"text\"><bdi title=\"X{299}…\">X{99}…</bdi></td>"), html);
        Assert.Equal(300, Pages.Data(html).GetProperty("rows")[0].GetProperty("label").GetString()!.Length);
        Pages.AssertSelfContained(html);
    }

    [Fact]
    public void Published_rows_are_marked_and_have_figures_and_a_source_only()
    {
        var figures = new Dictionary<string, ReportMetric> { ["mrr"] = new(0.1, 0.1, 0.1) };
        ExperimentReport report = Typical() with
        {
            Published = [new PublishedRow("theirs", "a paper, table 1", new Dictionary<string, double> { ["recall@20"] = 0.99, ["ndcg@9"] = 0.5 }, "other data")],
            Also = [new ReportTable("Again", "full ranking", 9, [new ReportTableRow("ease", figures)], null, [new("others", "a talk", new Dictionary<string, double> { ["mrr"] = 0.25 })])],
        };
        string html = HtmlReport.ToHtml(report);
        Match row = Regex.Match(html, "<tr class=\"published\">.*?</tr>");
        Assert.Contains("<bdi>theirs</bdi>", row.Value, StringComparison.Ordinal);
        Assert.Contains("title=\"a paper, table 1\">published<", row.Value, StringComparison.Ordinal);
        Assert.Contains("data-value=\"0.99\">0.9900<", row.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("<small>", row.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("meter", row.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("best", row.Value, StringComparison.Ordinal);

        // Its own metric has a column; two measured metrics, two times and the memory are empty.
        Assert.Equal(8, Regex.Count(html[..html.IndexOf("id=\"also-0\"", StringComparison.Ordinal)], "aria-sort=\"none\""));
        Assert.Equal(5, Regex.Count(row.Value, "data-value=\"\">–<"));
        Assert.Contains("Not measured here: <bdi>theirs</bdi>. Source: a paper, table 1. other data", html, StringComparison.Ordinal);
        Assert.Contains("<bdi>others</bdi>", html, StringComparison.Ordinal);
        Assert.Contains("Source: a talk.", html, StringComparison.Ordinal);
        Assert.Equal(Verdict.Of(Typical()), Verdict.Of(report));

        // Bars are measured against measured figures: the best row's fills its column.
        Assert.Contains("<b>0.3500</b><span class=\"meter\" aria-hidden=\"true\"><i style=\"--share:100%\">", html, StringComparison.Ordinal);
        Assert.True(Pages.Data(html).GetProperty("published")[0].GetProperty("published").GetBoolean());
        Assert.Equal(4, Pages.Data(html).GetProperty("rows").GetArrayLength());
    }

    [Fact]
    public void Says_in_words_who_is_best_and_what_was_tested()
    {
        ExperimentReport report = Typical() with { Verdict = SmallReport.Verdict("ease", ("als", 0.005, 0.21), ("item-knn wide", 0.05, 0.0001), ("popularity", 0.15, 0.0001)) with { Metric = "recall@20" } };
        Assert.Equal(
            "<b><bdi>ease</bdi></b> and <b><bdi>als</bdi></b> cannot be distinguished: difference 0.0050, −0.0030 to 0.0130, p = 0.210 after Holm for 3 comparisons. "
            + "The highest figure on this data is recall@20 0.3500 (0.3400–0.3600) of <b><bdi>ease</bdi></b>, 1.75 × <b><bdi>popularity</bdi></b> (0.2000); "
            + "against <b><bdi>popularity</bdi></b> p &lt; 0.001.",
            string.Join(' ', Verdict.Of(report)));
        Assert.Contains("cannot be distinguished", HtmlReport.ToHtml(report), StringComparison.Ordinal);
        Assert.Equal(0.21, Pages.Data(HtmlReport.ToHtml(report)).GetProperty("verdict").GetProperty("comparisons")[0].GetProperty("p_holm").GetDouble());
        Assert.Contains("nothing to compare", string.Join(' ', Verdict.Of(Report())), StringComparison.Ordinal);
        Assert.DoesNotContain("overlap", HtmlReport.ToHtml(Typical())[..HtmlReport.ToHtml(Typical()).IndexOf("id=\"comparison\"", StringComparison.Ordinal)], StringComparison.Ordinal);

        // What is better where lower is better is a gain all the same.
        ExperimentReport lower = Report(Row("als", 0.05, metric: "mse"), Row("bias", 0.1, true, metric: "mse")) with
        {
            Verdict = SmallReport.Verdict("als", ("bias", -0.05, 0.01)) with { Metric = "mse" },
        };
        Assert.Contains("better than <b><bdi>bias</bdi></b> by 0.0500, 0.0420 to 0.0580, p = 0.010 in the one comparison there is", string.Join(' ', Verdict.Of(lower)), StringComparison.Ordinal);
    }

    [Fact]
    public void Cautions_stand_at_the_top_and_no_row_is_marked_best()
    {
        string html = HtmlReport.ToHtml(Typical() with
        {
            BestModel = null,
            Cautions = [new("few_listeners", "too few listeners: 2 & fewer.", true), new("tied_lists", "tied: a<b.", false)],
        });
        string head = html[..html.IndexOf("id=\"comparison\"", StringComparison.Ordinal)];
        Assert.Contains("No model is named best: too few listeners: 2 &amp; fewer.", head, StringComparison.Ordinal);
        Assert.Contains("Note: tied: a&lt;b.", head, StringComparison.Ordinal);
        Assert.DoesNotContain("badge good", html, StringComparison.Ordinal);
        Assert.Equal("few_listeners", Pages.Data(html).GetProperty("cautions")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public void A_sampled_protocol_is_labelled_and_full_ranking_is_not()
    {
        Assert.Contains("id=\"sampled\"", HtmlReport.ToHtml(Typical() with { Protocol = "sampled:99 negatives" }), StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"sampled\"", HtmlReport.ToHtml(Typical()), StringComparison.Ordinal);
    }

    [Fact]
    public void Further_protocols_have_tables_of_their_own_and_sampled_ones_say_so()
    {
        var figures = new Dictionary<string, ReportMetric> { ["hitrate@10"] = new(0.28, 0.2, 0.36), ["mrr"] = new(double.NaN, double.NaN, double.NaN) };
        string html = HtmlReport.ToHtml(Typical() with
        {
            Also =
            [
                new ReportTable("As published", "sampled:100 negatives, seen items masked, 100 users drawn at random", 100, [new("ease", figures)], "mind the note"),
                new ReportTable("Replay", "full ranking, seen items kept", 1_998, [new("ease", figures), new("als", figures)]),
            ],
        });
        foreach (string shown in new[] { "<h2 id=\"also-0\">As published</h2>", "only to reproduce published tables", "0.2000 – 0.3600", "mind the note", "<h2 id=\"also-1\">Replay</h2>", "another protocol: full ranking" })
        {
            Assert.Contains(shown, html, StringComparison.Ordinal);
        }

        Assert.Equal(1, Regex.Count(html, "only to reproduce published tables"));
        Assert.DoesNotContain("id=\"sampled\"", html, StringComparison.Ordinal);
        Assert.Equal(4 + 3, Regex.Count(html, "<th scope=\"row\" data-value="));
    }

    [Fact]
    public void Slices_of_popularity_stand_apart_from_the_comparison()
    {
        string html = HtmlReport.ToHtml(Sliced());
        string comparison = html[html.IndexOf("id=\"comparison\"", StringComparison.Ordinal)..html.IndexOf("<h2>Charts", StringComparison.Ordinal)];
        Assert.DoesNotContain("popularity=", comparison, StringComparison.Ordinal);
        Assert.Contains("id=\"chart-slices\"", html, StringComparison.Ordinal);
        Assert.Contains(">recall@20:popularity=1-5</button>", html, StringComparison.Ordinal);
        Assert.Contains("divided by |T|", html, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"chart-slices\"", HtmlReport.ToHtml(Typical()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_browser_draws_slices_and_features()
    {
        ExperimentReport report = Sliced() with
        {
            Features = new FeatureCharts(
                [new FeatureHistogram("energy", [new HistogramBin(0, 0.5, 7), new HistogramBin(0.5, 1, 3)]), new FeatureHistogram("mode", [new HistogramBin(1, 1, 10)])],
                [[1.0, null], [null, null]]),
        };
        string document = await Browser.DocumentAfterLoading(HtmlReport.ToHtml(report));
        Assert.DoesNotContain("data-script-error", document[..500], StringComparison.Ordinal);
        // Metric, time, variety, list lengths, slices, two histograms, correlations.
        Assert.Contains("data-charts=\"8\"", document, StringComparison.Ordinal);
        Assert.Equal(8, Regex.Count(document, "<svg[^>]*xmlns"));
        Assert.Contains("<option value=\"recall@20\">recall@20</option>", document, StringComparison.Ordinal);
        Assert.DoesNotContain("<option value=\"recall@20:popularity=0\">", document, StringComparison.Ordinal);
    }

    private static ExperimentReport Sliced()
    {
        ExperimentReport report = Typical();
        return report with
        {
            Rows = [.. report.Rows.Select((row, n) => row with
            {
                Metrics = row.Metrics.Concat(new Dictionary<string, ReportMetric>
                {
                    ["recall@20:popularity=0"] = new(double.NaN, double.NaN, double.NaN),
                    ["recall@20:popularity=1-5"] = new(0.1 + (0.01 * n), 0.08, 0.2),
                    ["recall@20:popularity=21+"] = new(0.3, 0.2, 0.4, 0.01),
                }).ToDictionary(m => m.Key, m => m.Value),
            })],
        };
    }

    [Fact]
    public void A_report_read_back_from_json_gives_the_same_page()
    {
        ExperimentReport report = Typical() with { Series = [new ReportSeries("t", "x", "y", [new ReportLine("l", [1, 2], [3, 4])])] };
        Assert.Equal(HtmlReport.ToHtml(report), HtmlReport.ToHtml(ExperimentReport.FromJson(report.ToJson())));
    }

    [Fact]
    public void Writes_utf8_without_a_mark_and_replaces_what_was_there()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        string path = folder.File("new/report.html");
        HtmlReport.Write(Typical(), path);
        HtmlReport.Write(Typical() with { Title = "Zweiter Bericht — ü" }, path);
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal((byte)'<', bytes[0]);
        Assert.Contains("Zweiter Bericht — ü", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(folder.File("new")));
    }

    [Fact]
    public void Says_which_file_cannot_be_written()
    {
        using TemporaryFolder folder = TestData.NewFolder();
        Directory.CreateDirectory(folder.File("taken/inside"));
        var error = Assert.ThrowsAny<SegueException>(() => HtmlReport.Write(Typical(), folder.File("taken")));
        Assert.Contains(folder.File("taken"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_browser_draws_every_chart_without_an_error()
    {
        ExperimentReport report = Typical() with
        {
            Title = Pages.Hostile,
            Series = [new ReportSeries(Pages.Hostile, "K", "AUC", [new ReportLine(Pages.Hostile, [1, 10, 100], [0.5, 0.6, double.NaN])])],
        };
        report = report with
        {
            Rows =
            [
                .. report.Rows,
                Row("bad", 0.1) with { Label = Pages.Hostile },
                Row("dead", 0) with { Error = "no", Metrics = NoFigures },
            ],
        };
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(HtmlReport.ToHtml(report), Pages.CountIntruders));
        Assert.DoesNotContain("data-script-error", document[..500], StringComparison.Ordinal);
        // Metric, time, variety, list length, one series.
        Assert.Contains("data-charts=\"5\"", document, StringComparison.Ordinal);
        Assert.Equal(5, Regex.Count(document, "<svg[^>]*xmlns"));
        Assert.True(Regex.Count(document, "<path") > 60);
        Assert.Contains("<option value=\"recall@20\">recall@20</option>", document, StringComparison.Ordinal);
        Assert.Contains("data-intruders=\"0\"", document, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mse", 0.1, 0.9)]
    [InlineData("recall@20", 0.9, 0.1)]
    public async Task The_browser_draws_the_better_model_higher_against_time(string metric, double good, double poor)
    {
        string document = await Browser.DocumentAfterLoading(HtmlReport.ToHtml(
            Report(Row("good", good, fit: 1, metric: metric), Row("poor", poor, fit: 9, metric: metric))));
        string chart = document[document.IndexOf("id=\"chart-time\"", StringComparison.Ordinal)..document.IndexOf("id=\"chart-beyond\"", StringComparison.Ordinal)];
        Assert.InRange(Top("good"), 0, Top("poor") - 50);

        double Top(string label) => double.Parse(
            Regex.Match(chart, $"<text[^>]*translate\\([^ ]+ ([0-9.]+)\\)[^>]*>{label}</text>").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task The_browser_sorts_the_table_by_keyboard_reachable_heads()
    {
        const string Script = """
            const order = () => [...document.querySelectorAll("table.sortable tbody tr")].map((row) => row.cells[0].dataset.value).join("|");
            const heads = [...document.querySelectorAll("table.sortable thead th")];
            const press = (n) => { heads[n].querySelector("button").click(); return `${heads[n].getAttribute("aria-sort")}:${order()}`; };
            document.body.dataset.sorted = [press(0), press(1), press(1), press(4)].join(" / ");
            """;
        string html = HtmlReport.ToHtml(Report(
            Row("b", 0.2, fit: 10), Row("failed", 0) with { Error = "no", Metrics = NoFigures }, Row("c", 0.1, fit: 9), Row("a", 0.15, fit: 100)));
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(html, Script));
        Assert.Contains(
            "data-sorted=\"ascending:a|b|c|failed / descending:b|a|c|failed / ascending:c|a|b|failed / ascending:c|b|a|failed\"",
            document,
            StringComparison.Ordinal);
    }
}
