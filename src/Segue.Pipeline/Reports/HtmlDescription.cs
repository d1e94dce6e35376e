using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Pipeline.Description;
using static Segue.Pipeline.Reports.HtmlPage;

namespace Segue.Pipeline.Reports;

/// <summary>Shows a <see cref="DatasetDescription"/> as one HTML file, made as that of <see cref="HtmlReport"/> is.</summary>
public static class HtmlDescription
{
    /// <summary>Writes the page; an existing file is replaced.</summary>
    /// <exception cref="SegueException">The file cannot be written.</exception>
    public static void Write(DatasetDescription description, string path) => Save(ToHtml(description), path);

    /// <summary>The page as text.</summary>
    public static string ToHtml(DatasetDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        string title = $"Dataset {description.Name}";
        var body = new StringBuilder();
        Head(body, description, title);
        Tables(body, description);
        Charts(body, description);
        Columns(body, description);
        return Make(title, body.ToString(), Brief(JsonNode.Parse(description.ToJson())!), "description.js");
    }

    private static void Head(StringBuilder body, DatasetDescription d, string title)
    {
        body.Add($"<header>\n<h1>{Name(title, 200)}</h1>\n<ul class=\"facts\">\n");
        Fact($"<b>{d.Size.Users:N0}</b> {Plural.Noun(d.Size.Users, "user")}");
        Fact($"<b>{d.Size.Items:N0}</b> items (each {Article(d.Level)} {Brief(d.Level, 100)})");
        Fact($"<b>{d.Size.Interactions:N0}</b> interactions");
        Fact($"<b>{d.Size.Pairs:N0}</b> distinct pairs");
        Fact($"density <b>{d.Size.Density * 100:0.####} %</b>");
        if (d.Time is { } time)
        {
            Fact($"<b>{Text(time.First[..10])}</b> to <b>{Text(time.Last[..10])}</b>");
        }

        body.Append("</ul>\n</header>\n");

        void Fact(FormattableString html)
        {
            body.Append("<li>");
            body.Add(html);
            body.Append("</li>\n");
        }
    }

    private static void Tables(StringBuilder body, DatasetDescription d)
    {
        ListeningSummary listening = d.Listening;
        body.Append("<h2>In figures</h2>\n<div class=\"pairs\">\n");
        Card("Listening",
        [
            ("unique items a user", Number(listening.UniquePerUser)),
            ("plays a user", Number(listening.TotalPerUser)),
            ("plays a user–item pair", Number(listening.PlaysPerPair)),
            ("plays an item", Number(listening.PlaysPerItem)),
            ("items with a play", Number(listening.UniqueItems)),
            ("pairs with one play", Number(listening.OneTimePairs)),
            ("items with one play", Number(listening.OneTimeItems)),
            ("plays are", Text(listening.PlaysAre)),
        ]);
        Card("Graph of users and items", GraphRows(d.Graph));
        if (d.MonthGraph is { } months)
        {
            Card("The same with users' months", [("month nodes", Number(months.MonthNodes)), .. GraphRows(months)]);
        }

        body.Append("<div class=\"wide\"><table><caption>K-cores</caption>\n");
        body.AddHead(["K", "users", "items", "pairs"]);
        foreach (CoreSummary core in d.Cores)
        {
            body.Add($"<tr><th scope=\"row\">{core.K}</th><td>{core.Users:N0}</td><td>{core.Items:N0}</td>");
            body.Add($"<td>{core.Pairs:N0}</td></tr>\n");
        }

        body.Append("</tbody></table></div>\n");
        if (d.Time is { } time)
        {
            Card("Time",
            [
                ("first", Text(time.First)),
                ("last", Text(time.Last)),
                ("days", Number(Math.Round(time.Days))),
                ("interactions with a time", Number(time.Known)),
            ]);
        }

        if (d.Sessions is { } sessions)
        {
            Card("Sessions (pause over 30 minutes)",
            [
                ("sessions", Number(sessions.Count)),
                ("sessions a user", Number(sessions.PerUser)),
                ("mean length", Number(sessions.MeanLength)),
                ("median length", Number(sessions.MedianLength)),
                ("longest", Number(sessions.LongestLength)),
                ("mean minutes", Number(sessions.MeanMinutes)),
            ]);
        }

        if (d.Weights is { } weights)
        {
            Card("Weights", NumberRows(weights));
        }

        if (d.Tags is { } tags)
        {
            Card("Tags",
            [
                ("assignments", Number(tags.Assignments)),
                ("distinct tags", Number(tags.Distinct)),
                ("tagged items", Number(tags.TaggedItems)),
                ("tagging users", Number(tags.TaggingUsers)),
            ]);
        }

        if (d.Friends is { } friends)
        {
            Card("Friendships",
            [
                ("pairs", Number(friends.Pairs)),
                ("users with friends", Number(friends.Users)),
                ("friends of such a user", Number(friends.MeanFriends)),
            ]);
        }

        if (d.Size.Artists + d.Size.Albums > 0)
        {
            Card("Catalogue", [("artists", Number(d.Size.Artists)), ("albums", Number(d.Size.Albums))]);
        }

        body.Append("</div>\n");

        void Card(string title, IEnumerable<(string Name, string Value)> rows)
        {
            body.Add($"<div class=\"wide\"><table><caption>{Text(title)}</caption><tbody>\n");
            foreach ((string name, string value) in rows)
            {
                body.Add($"<tr><td class=\"text\">{Text(name)}</td><td>{value}</td></tr>\n");
            }

            body.Append("</tbody></table></div>\n");
        }
    }

    private static void Charts(StringBuilder body, DatasetDescription d)
    {
        DescriptionCharts charts = d.Charts;
        body.Append("<h2>Charts</h2>\n<div class=\"charts\">\n");
        if (charts.Burst is { } burst)
        {
            string note = $"{Name(burst.Item)}, {Number(burst.Plays)} plays by {Name(burst.User)}: the burstiest of the 200 "
                + FormattableString.Invariant($"most played pairs (burstiness {burst.Burstiness:0.00}; 0 is random, 1 most bursty).");
            body.Append(Figure("chart-burst", $"Plays of one {Brief(d.Level, 100)} over time", note, full: true));
        }

        if (charts.Items is { } items)
        {
            string note = FormattableString.Invariant($"Plays by everybody, each {items.Unit}. Burstiness of the gaps between plays, 0 random and 1 most bursty, is in every title; its median over the ")
                + FormattableString.Invariant($"{items.Looked:N0} most played is {items.Median:0.00}.");
            body.Append(Figure("chart-played", $"The most played {Brief(d.Level, 100)}s over time", note, full: true));
        }

        if (charts.Months is not null)
        {
            body.Append(Figure("chart-months", "Interactions over time", "Calendar months, UTC.", full: true));
        }

        string slope = charts.RankSlope is { } s
            ? FormattableString.Invariant($"Slope of the straight line through all ranks with two plays and more: {s:0.00}.")
            : string.Empty;
        body.Append(Figure("chart-ranks", "Popularity: plays by rank", slope, full: true));
        body.Append(Figure("chart-users", "Interactions per user", "Bars double in width."));
        body.Append(Figure("chart-items", "Interactions per item", "Bars double in width."));
        body.Append("</div>\n");
        FeatureFigures(body, charts.Features);
    }

    private static void Columns(StringBuilder body, DatasetDescription d)
    {
        if (d.Features.Count > 0)
        {
            body.Append("<h2>Feature columns</h2>\n<div class=\"wide\" tabindex=\"0\"><table class=\"rows\">\n");
            body.AddHead(["Feature", "known", "least", "quartile", "median", "quartile", "greatest", "mean", "deviation"]);
            foreach (FeatureSummary feature in d.Features)
            {
                string cells = feature.Values is { } values
                    ? string.Concat(NumberRows(values).Select(row => $"<td>{row.Value}</td>"))
                    : "<td colspan=\"7\">–</td>";
                body.Add($"<tr><th scope=\"row\">{Name(feature.Name)}</th><td>{feature.Coverage * 100:0.#} %</td>{cells}</tr>\n");
            }

            body.Append("</tbody></table></div>\n");
        }

        if (d.Profile.Count > 0)
        {
            body.Append("<h2>Profile columns of the users</h2>\n<div class=\"wide\"><table>\n");
            body.AddHead(["Column", "known", "different", "commonest"], "commonest");
            foreach (ProfileSummary column in d.Profile)
            {
                string commonest = string.Join(", ", column.Commonest.Take(6).Select(c => $"{Name(c.Value)} ({Number(c.Count)})"));
                body.Add($"<tr><th scope=\"row\">{Name(column.Name)}</th><td>{column.Known:N0}</td><td>{column.Distinct:N0}</td>");
                body.Add($"<td class=\"text\">{commonest}</td></tr>\n");
            }

            body.Append("</tbody></table></div>\n");
        }
    }

    private static (string Name, string Value)[] GraphRows(GraphSummary graph) =>
        [("nodes", Number(graph.Nodes)), ("edges", Number(graph.Edges)), ("average degree", Number(graph.AverageDegree))];

    private static (string Name, string Value)[] NumberRows(NumberSummary n) =>
    [
        ("least", Number(n.Minimum)),
        ("lower quartile", Number(n.LowerQuartile)),
        ("median", Number(n.Median)),
        ("upper quartile", Number(n.UpperQuartile)),
        ("greatest", Number(n.Maximum)),
        ("mean", Number(n.Mean)),
        ("standard deviation", Number(n.StandardDeviation)),
    ];

    private static string Article(string word) =>
        word.Length > 0 && "aeiou".Contains(char.ToLowerInvariant(word[0]), StringComparison.Ordinal) ? "an" : "a";
}
