using System.CommandLine;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Pipeline.Description;
using Segue.Pipeline.Reports;

namespace Segue.Cli.Commands;

/// <summary><c>segue describe DATASET [--html FILE] [--verify]</c>.</summary>
internal static class DescribeCommand
{
    private const int LongestValue = 40;

    public static Command Create(Terminal terminal)
    {
        Argument<string> dataset = SharedOptions.Dataset();
        var html = new Option<string?>("--html") { Description = "write a page with charts to this file" }.AsPath(isFile: true);
        var verify = new Option<bool>("--verify") { Description = "read every byte and compare checksums" };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("describe", "Say what is in a dataset: sizes, listens, graph, k-cores, time, sessions.") { dataset, html, verify, json };
        command.OnRun(terminal, (parsed, cancellation) =>
        {
            string path = parsed.GetValue(dataset)!;
            if (parsed.GetValue(html) is { } page)
            {
                ReportFiles.CheckPage(page);
            }

            Dataset opened = DatasetStore.Open(path);
            int? verified = parsed.GetValue(verify) ? DatasetStore.Verify(path) : null;
            DatasetDescription description = DatasetDescription.Of(opened, cancellation);
            if (parsed.GetValue(json))
            {
                terminal.Write(description.ToJson());
                if (parsed.GetValue(html) is { } file)
                {
                    HtmlDescription.Write(description, file);
                }

                return CommandLine.Succeeded;
            }

            foreach ((string title, IReadOnlyList<(string Name, string Value)> rows) in Sections(description))
            {
                TextTable table = new TextTable { Title = title, HasHead = false }.Texts(string.Empty).Numbers(string.Empty);
                foreach ((string name, string value) in rows)
                {
                    table.Add(Cell.Name(name), value);
                }

                terminal.Result.Write(table);
            }

            if (verified is { } count)
            {
                terminal.Result.WriteLine(count == 1 ? "The file matches its checksum." : $"All {count} files match their checksums.");
            }

            if (parsed.GetValue(html) is { } written)
            {
                HtmlDescription.Write(description, written);
                terminal.Result.WriteLine($"Charts: {Path.GetFullPath(written)}");
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    private static IEnumerable<(string Title, IReadOnlyList<(string Name, string Value)> Rows)> Sections(DatasetDescription d)
    {
        yield return ($"{VisibleText.Short(d.Name, Cell.LongestName)} ({VisibleText.Short(d.Level, Cell.LongestName)}s)",
        [
            ("users", Whole(d.Size.Users)), ("items", Whole(d.Size.Items)), ("interactions", Whole(d.Size.Interactions)),
            ("distinct pairs", Whole(d.Size.Pairs)), ("density", $"{d.Size.Density * 100:F4} %"),
            ("artists", Whole(d.Size.Artists)), ("albums", Whole(d.Size.Albums)),
        ]);
        yield return ($"Listening (plays are {d.Listening.PlaysAre})",
        [
            ("unique items per user", Number(d.Listening.UniquePerUser)), ("plays per user", Number(d.Listening.TotalPerUser)),
            ("plays per item", Number(d.Listening.PlaysPerItem)), ("plays per pair", Number(d.Listening.PlaysPerPair)),
            ("items played at all", Whole(d.Listening.UniqueItems)), ("pairs played once", Whole(d.Listening.OneTimePairs)), ("items played once", Whole(d.Listening.OneTimeItems)),
        ]);
        yield return ("Graph of users and items", Graph(d.Graph));
        if (d.MonthGraph is { } months)
        {
            yield return ("Graph with a node for every user's month", Graph(months));
        }

        yield return ("K-cores", [.. d.Cores.Select(c => ($"K = {c.K}", $"{Plural.Of(c.Users, "user")} × {Plural.Of(c.Items, "item")}, {Plural.Of(c.Pairs, "pair")}"))]);
        if (d.Time is { } time)
        {
            yield return ("Time", [("first", time.First), ("last", time.Last), ("days", Number(time.Days)), ("interactions with a time", Whole(time.Known)),
                .. d.Charts.Items is { } items
                    ? new[] { ($"burstiness, median of the {Whole(items.Looked)} most played", Number(items.Median)) } : []]);
        }

        if (d.Sessions is { } sessions)
        {
            yield return ("Sessions (gap of 30 minutes)",
            [
                ("sessions", Whole(sessions.Count)), ("per user", Number(sessions.PerUser)), ("plays, mean", Number(sessions.MeanLength)),
                ("plays, median", Number(sessions.MedianLength)), ("plays, longest", Whole(sessions.LongestLength)), ("minutes, mean", Number(sessions.MeanMinutes)),
            ]);
        }

        if (d.Weights is { } w)
        {
            yield return ("Weights", [("least", Number(w.Minimum)), ("median", Number(w.Median)), ("greatest", Number(w.Maximum)), ("mean", Number(w.Mean))]);
        }

        if (d.Features.Count > 0)
        {
            yield return ("Features", [.. d.Features.Select(f => (f.Name, f.Values is { } v ? $"{f.Coverage * 100:F0} % known, {Number(v.Mean)} ± {Number(v.StandardDeviation)}" : "unknown"))]);
        }

        if (d.Profile.Count > 0)
        {
            yield return ("Listeners", [.. d.Profile.Select(p => (p.Name, $"{Whole(p.Known)} known; {string.Join(", ", p.Commonest.Take(3).Select(c => $"{VisibleText.Short(c.Value, LongestValue)} {Whole(c.Count)}"))}"))]);
        }

        if (d.Tags is { } tags)
        {
            yield return ("Tags", [("assignments", Whole(tags.Assignments)), ("different tags", Whole(tags.Distinct)), ("tagged items", Whole(tags.TaggedItems)), ("tagging users", Whole(tags.TaggingUsers))]);
        }

        if (d.Friends is { } friends)
        {
            yield return ("Friends", [("pairs", Whole(friends.Pairs)), ("users with friends", Whole(friends.Users)), ("friends per user", Number(friends.MeanFriends))]);
        }
    }

    private static IReadOnlyList<(string Name, string Value)> Graph(GraphSummary graph) =>
        [("nodes", Whole(graph.Nodes)), ("edges", Whole(graph.Edges)), ("average degree", Number(graph.AverageDegree))];

    private static string Whole(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString(Math.Abs(value) < 10 ? "N3" : "N2", CultureInfo.InvariantCulture);
}
