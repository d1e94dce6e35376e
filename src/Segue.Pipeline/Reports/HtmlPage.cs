using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Pipeline.Description;

namespace Segue.Pipeline.Reports;

/// <summary>One self-contained page: style, charts library with its licence, data and scripts in one file that loads nothing.</summary>
/// <remarks>
/// All that comes from outside goes through <see cref="Text"/> or stands in the JSON block, whose encoder escapes every <c>&lt;</c>.
/// The page's policy allows only the scripts written here, by hash, and no request at all.
/// </remarks>
internal static class HtmlPage
{
    // Stands within the first 4,096 bytes of every page: by it a page is known as ours.
    private const string Generator = "<meta name=\"generator\" content=\"Segue\">";
    private const int LongestName = 100;
    private const int LongestTitle = 300;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Text as HTML, for elements and quoted attributes.</summary>
    public static string Text(string? text) => Encoder.Encode(text ?? string.Empty);

    /// <summary>A name of unknown script, direction and length, kept from turning its surroundings or stretching them; a longer one is told on hovering.</summary>
    /// <param name="name">Any text.</param>
    /// <param name="most">Columns it may take.</param>
    public static string Name(string? name, int most = LongestName)
    {
        string shown = VisibleText.Cut(name, most);
        return shown.Length > 0 && shown[^1] == '…' && shown != name ? $"<bdi title=\"{Brief(name)}\">{Text(shown)}</bdi>" : $"<bdi>{Text(shown)}</bdi>";
    }

    /// <summary>Text as HTML that is cut where no person reads on: for titles, attributes and messages.</summary>
    public static string Brief(string? text, int most = LongestTitle) => Text(VisibleText.Cut(text, most));

    /// <summary>The same data with every text cut to what a page shows; notes and sources stay whole.</summary>
    public static JsonNode Brief(JsonNode node)
    {
        switch (node)
        {
            case JsonObject o:
                foreach ((string key, JsonNode? value) in o.ToArray())
                {
                    if (key is not ("note" or "source") && value is not null && Brief(value) is var brief && !ReferenceEquals(brief, value))
                    {
                        o[key] = brief;
                    }
                }

                return o;
            case JsonArray a:
                for (int n = 0; n < a.Count; n++)
                {
                    if (a[n] is { } value && Brief(value) is var brief && !ReferenceEquals(brief, value))
                    {
                        a[n] = brief;
                    }
                }

                return a;
            case JsonValue v when v.GetValueKind() == JsonValueKind.String:
                string text = v.GetValue<string>(), cut = VisibleText.Cut(text, LongestTitle);
                return cut == text ? v : JsonValue.Create(cut);
            default:
                return node;
        }
    }

    /// <summary>A number for people: four decimals below 10, fewer above, thousands separated.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        _ when !double.IsFinite(value) => "–",
        _ when value == Math.Floor(value) && Math.Abs(value) < 1e15 => value.ToString("N0", CultureInfo.InvariantCulture),
        < 0.001 => value.ToString("0.00e0", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.0000", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("N0", CultureInfo.InvariantCulture),
    };

    /// <summary>A number for a program: shortest form that reads back, empty where it is not finite.</summary>
    public static string Raw(double value) => double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : string.Empty;

    /// <summary>Appends HTML; numbers in it are written in the invariant culture.</summary>
    public static void Add(this StringBuilder body, FormattableString html) => body.Append(html.ToString(CultureInfo.InvariantCulture));

    /// <summary>Appends a table's head row; the columns named in <paramref name="left"/> hold text.</summary>
    public static void AddHead(this StringBuilder body, string[] names, params string[] left)
    {
        body.Append("<thead><tr>");
        foreach (string name in names)
        {
            string kind = left.Contains(name) ? " class=\"text\"" : string.Empty;
            body.Append($"<th scope=\"col\"{kind}>{Text(name)}</th>");
        }

        body.Append("</tr></thead>\n<tbody>\n");
    }

    /// <summary>Puts a page together.</summary>
    /// <param name="title">Plain text.</param>
    /// <param name="body">HTML of the main part.</param>
    /// <param name="data">What the scripts draw.</param>
    /// <param name="script">Name of the page's own script among the assets.</param>
    /// <param name="charts">Whether the page draws with the charts library; without, neither it nor its licence is embedded.</param>
    public static string Make(string title, string body, JsonNode data, string script, bool charts = true)
    {
        string[] scripts = charts ? [Asset("echarts.min.js"), Asset("page.js"), Asset(script)] : [Asset("page.js"), Asset(script)];
        string hashes = string.Join(' ', scripts.Select(s => $"'sha256-{Hash(s)}'"));
        var page = new StringBuilder(2_000_000);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Append(Generator).Append('\n');
        page.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: blob:; ")
            .Append("style-src 'unsafe-inline'; script-src ").Append(hashes).Append("\">\n");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append("<title>").Append(Brief(title)).Append("</title>\n");
        page.Append("<style>\n").Append(Asset("page.css")).Append("</style>\n</head>\n<body>\n<main>\n");
        page.Append(body);
        page.Append("<noscript><p class=\"notice\">").Append(charts ? "The charts need JavaScript; the tables do not." : "The map needs JavaScript.")
            .Append("</p></noscript>\n<footer><p>Made by Segue. This file holds everything it shows and loads nothing.");
        if (charts)
        {
            page.Append(" Charts: Apache ECharts 6.1.0, Apache License 2.0; licence and notices stand in a comment of this file. ")
                .Append("Zoom into a chart with Ctrl and the wheel or with the tool at its top right.");
        }

        page.Append("</p></footer>\n</main>\n");
        page.Append("<script type=\"application/json\" id=\"data\">").Append(data.ToJsonString()).Append("</script>\n");
        if (charts)
        {
            page.Append("<!--\nApache ECharts 6.1.0, embedded below, comes with these notices.\n\n")
                .Append(Asset("echarts.NOTICE.txt")).Append('\n').Append(Asset("echarts.LICENSE.txt")).Append('\n')
                .Append(Asset("echarts.LICENSE-d3.txt")).Append("\nzrender, part of ECharts\n\n").Append(Asset("echarts.LICENSE-zrender.txt")).Append("\n-->\n");
        }

        foreach (string text in scripts)
        {
            page.Append("<script>").Append(text).Append("</script>\n");
        }

        return page.Append("</body>\n</html>\n").ToString();
    }

    /// <summary>Throws where <see cref="Save"/> would fail or would replace a file that is not a page of Segue.</summary>
    /// <exception cref="DatasetException">The page cannot be written there.</exception>
    public static void CheckTarget(string path) => AtomicFile.CheckTarget(path, head => head.IndexOf(Encoding.UTF8.GetBytes(Generator)) >= 0);

    /// <summary>Writes a page as a whole and makes its folder; two runs may write the same page at once.</summary>
    /// <exception cref="DatasetException">The file cannot be written, or is of something else.</exception>
    public static void Save(string html, string path)
    {
        CheckTarget(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"cannot write '{path}': {e.Message}; name a file in a folder you may write to", e);
        }

        AtomicFile.WriteText(path, html);
    }

    /// <summary>A figure element with an empty chart in it.</summary>
    public static string Figure(string id, string title, string note, bool full = false) =>
        $"""
        <figure{(full ? " class=\"full\"" : string.Empty)}>
        <figcaption><h3>{title}</h3>{(note.Length == 0 ? string.Empty : $"<p>{note}</p>")}</figcaption>
        <div class="chart" id="{id}" role="img"></div>
        </figure>

        """;

    /// <summary>A section with a histogram of every feature and the heat map of their correlations, which <c>page.js</c> draws; nothing without features.</summary>
    public static void FeatureFigures(StringBuilder body, IReadOnlyList<FeatureHistogram> features)
    {
        if (features.Count == 0)
        {
            return;
        }

        body.Append("<h2>Features of the items</h2>\n<div class=\"charts small\">\n");
        for (int f = 0; f < features.Count; f++)
        {
            body.Append(Figure($"chart-feature-{f.ToString(CultureInfo.InvariantCulture)}", Name(features[f].Name), string.Empty));
        }

        body.Append("</div>\n");
        if (features.Count > 1)
        {
            body.Append("<div class=\"charts\" style=\"margin-top:16px\">\n")
                .Append(Figure("chart-correlation", "Correlations", "Pearson's; an empty cell has a constant feature.", full: true))
                .Append("</div>\n");
        }
    }

    private static string Hash(string script) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));

    internal static string Asset(string name)
    {
        Assembly assembly = typeof(HtmlPage).Assembly;
        using Stream stream = assembly.GetManifestResourceStream($"Segue.Pipeline.Reports.assets.{name}")
            ?? throw new InvalidOperationException($"asset '{name}' is not embedded in {assembly.GetName().Name}");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
