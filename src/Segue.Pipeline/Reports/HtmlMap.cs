using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Numerics.Dense;
using Segue.Pipeline.Maps;
using static Segue.Pipeline.Reports.HtmlPage;

namespace Segue.Pipeline.Reports;

/// <summary>Shows a <see cref="VectorMap"/> as one HTML file that is looked at, searched, zoomed and turned; made as that of <see cref="HtmlReport"/> is.</summary>
public static class HtmlMap
{
    // Cards and search hits break a name over lines: as long as that is of use.
    private const int LongestTitle = 200;
    private const int Scale = short.MaxValue;

    /// <summary>Writes the page; an existing file is replaced.</summary>
    /// <exception cref="SegueException">The file cannot be written.</exception>
    public static void Write(VectorMap map, string path) => Save(ToHtml(map), path);

    /// <summary>The page as text.</summary>
    public static string ToHtml(VectorMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        string what = What(map);
        string title = $"Map of {map.Titles.Count.ToString("N0", CultureInfo.InvariantCulture)} {what}: {map.Model} on {map.Dataset}";
        var body = new StringBuilder();
        Head(body, map, title, what);
        body.Append("""
            <div class="map" id="map">
            <div class="map-tools">
            <label class="map-search"><span class="hidden">Search</span><input id="map-search" type="search" placeholder="Search names and artists" autocomplete="off" spellcheck="false"></label>
            <output id="map-found" for="map-search"></output>
            <label>Colour <select id="map-color"></select></label>
            <label><input type="checkbox" id="map-labels" checked> names</label>
            <button type="button" id="map-reset">Whole map</button>
            <span id="map-play" hidden><button type="button" id="map-run">Play</button> <input type="range" id="map-frame" aria-label="Epoch" min="0" step="0.02"> <output id="map-frame-name" for="map-frame"></output></span>
            </div>
            <div class="map-stage" id="map-stage" tabindex="0" role="application" aria-label="Map: arrow keys move or turn, plus and minus zoom, 0 shows all">
            <canvas id="map-points"></canvas><canvas id="map-over"></canvas>
            <div class="map-tip" id="map-tip" hidden></div>
            <ul class="map-hits" id="map-hits" hidden></ul>
            </div>
            <div class="map-legend" id="map-legend"></div>
            </div>

            """);
        Notes(body, map, what);
        return Make(title, body.ToString(), Data(map), "map.js", charts: false);
    }

    private static string What(VectorMap map) => map.Options.Points == MapPoints.Users ? "users" : map.Level + "s";

    private static void Head(StringBuilder body, VectorMap map, string title, string what)
    {
        string model = map.ModelOptions.Length == 0 ? map.Model : $"{map.Model}:{map.ModelOptions}";
        body.Add($"<header>\n<h1>{Name(title, 200)}</h1>\n<ul class=\"facts\">\n");
        body.Add($"<li>model <b>{Brief(model, 1_000)}</b>, vectors of {map.VectorSize}</li>\n");
        body.Add($"<li><b>{Method(map)}</b>, {(map.Options.Metric == MapMetric.Cosine ? "angles" : "differences")} between vectors</li>\n");
        if (map.VarianceShares.Count > 0)
        {
            string shares = string.Join(" + ", map.VarianceShares.Select(s => $"{(s * 100).ToString("0.0", CultureInfo.InvariantCulture)} %"));
            body.Add($"<li>variance shown <b>{shares}</b></li>\n");
        }

        if (map.Popularity is { } popularity)
        {
            string each = string.Join(", ", popularity.Correlations.Select(r => r.ToString("+0.00;−0.00", CultureInfo.InvariantCulture)));
            body.Add($"<li title=\"correlation of each direction with ln interactions, and the share of its variance that they tell together\">");
            body.Add($"popularity told <b>{(popularity.Share * 100).ToString("0.0", CultureInfo.InvariantCulture)} %</b> (r {each})</li>\n");
        }

        if (map.Trustworthiness is { } trust)
        {
            body.Add($"<li title=\"1 where the 15 nearest points on the map are the 15 nearest in the model\">trustworthiness <b>{trust:0.000}</b></li>\n");
        }

        if (map.Titles.Count < map.Available - map.WithoutVector)
        {
            string count = map.Titles.Count.ToString("N0", CultureInfo.InvariantCulture), which = map.Options.Pick == MapPick.Random ? $"{count}, drawn at random, of" : $"the {count} most heard of";
            body.Add($"<li>{which} <b>{map.Available:N0}</b> {Text(what)}</li>\n");
        }

        if (map.WithoutVector > 0)
        {
            body.Add($"<li><b>{map.WithoutVector:N0}</b> without a vector are left out</li>\n");
        }

        body.Add($"<li>seed <b>{map.Seed}</b></li>\n</ul>\n</header>\n");
    }

    private static void Notes(StringBuilder body, VectorMap map, string what)
    {
        string move = map.Options.Dimensions == 3 ? "Drag to turn, drag with Shift or the right button to move" : "Drag to move";
        body.Add($"<p class=\"soft\">{move}, turn the wheel to zoom, click a point to keep its card, click a legend entry to see it alone. ");
        body.Add($"Near points are {Text(what)} that the model holds to be alike; {Caveat(map)}</p>\n");
    }

    private static string Method(VectorMap map) => map.Options.Method == MapMethod.Umap ? $"UMAP of {map.Options.Neighbors.ToString(CultureInfo.InvariantCulture)} neighbours" : "PCA";

    private static string Caveat(VectorMap map) => map.Options.Method == MapMethod.Umap
        ? "the distance between far groups and the size of a group say little."
        : "what lies apart here is apart, what lies together may still differ along directions not shown.";

    private static JsonObject Data(VectorMap map) => new()
    {
        ["dimensions"] = map.Options.Dimensions,
        ["color"] = OptionsText.SnakeCase(map.Options.Color.ToString()),
        ["kind"] = map.Options.Points == MapPoints.Users ? "user" : map.Level,
        ["scale"] = Scale,
        ["frames"] = Frames(map),
        ["titles"] = Strings(map.Titles),
        ["interactions"] = Numbers(map.Interactions),
        ["clusters"] = Numbers(map.Clusters),
        ["cluster_names"] = Strings(map.ClusterNames),
        ["genres"] = Names(map.Genres),
        ["artists"] = Names(map.Artists),
        ["highlight"] = Strings(map.Highlight),
        ["highlighted"] = map.Highlight.Count == 0 ? null : Numbers(map.Highlighted),
    };

    // Sixteen bits a coordinate: a thirtieth of a pixel at the first view. Little-endian, base64; the largest half-width becomes Scale. All
    // frames are measured alike; the trained model comes last.
    private static JsonArray Frames(VectorMap map)
    {
        (string Name, DenseMatrix Places)[] frames = [.. map.Frames.Select(f => ($"epoch {f.Epoch.ToString(CultureInfo.InvariantCulture)}", f.Places)), ("trained", map.Places)];
        int dimensions = map.Options.Dimensions;
        var centre = new double[dimensions];
        double half = 0;
        for (int d = 0; d < dimensions; d++)
        {
            double least = double.PositiveInfinity, most = double.NegativeInfinity;
            foreach ((_, DenseMatrix places) in frames)
            {
                for (int i = 0; i < places.Rows; i++)
                {
                    least = Math.Min(least, places.Row(i)[d]);
                    most = Math.Max(most, places.Row(i)[d]);
                }
            }

            centre[d] = (least + most) / 2;
            half = Math.Max(half, (most - least) / 2);
        }

        return [.. frames.Select(f => (JsonNode)new JsonObject { ["name"] = f.Name, ["places"] = Encode(f.Places.Values, centre, half) })];
    }

    private static string Encode(float[] places, double[] centre, double half)
    {
        var coordinates = new short[places.Length];
        for (int i = 0; i < coordinates.Length; i++)
        {
            double place = places[i] - centre[i % centre.Length];
            coordinates[i] = half > 0 ? (short)Math.Clamp(Math.Round(place / half * Scale), -Scale, Scale) : (short)0;
        }

        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(coordinates, coordinates);
        }

        return Convert.ToBase64String(MemoryMarshal.AsBytes<short>(coordinates));
    }

    private static JsonObject? Names(MapNames? names) => names is null ? null : new JsonObject { ["names"] = Strings(names.Names), ["of"] = Numbers(names.Of) };

    private static JsonArray Strings(IReadOnlyList<string> texts) => [.. texts.Select(t => (JsonNode)VisibleText.Cut(t, LongestTitle))];

    private static JsonArray Numbers(IReadOnlyList<int> numbers) => [.. numbers.Select(n => (JsonNode)n)];
}
