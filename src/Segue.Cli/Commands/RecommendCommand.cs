using System.CommandLine;
using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Models.Baselines;
using Segue.Pipeline;
using Spectre.Console;

namespace Segue.Cli.Commands;

/// <summary><c>segue recommend MODEL_DIR --user ID | --history FILE</c>.</summary>
internal static class RecommendCommand
{
    private const int ShownReasons = 5;

    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = SharedOptions.ModelFolder();
        var user = new Option<string?>("--user") { Description = "id of a listener the model was trained with" };
        var history = new Option<string?>("--history") { Description = "file with one item a line (id, or the name as Segue shows it), oldest first; a moment may stand behind a tab" };
        var at = new Option<string?>("--at") { Description = "the moment the list is for: a date such as 2024-05-31T20:15 or Unix seconds; else the latest the model knows" };
        var exclude = new Option<string?>("--exclude") { Description = "file with one item a line that must not be recommended" };
        var maxPerArtist = new Option<int>("--max-per-artist") { Description = "at most this many items of one artist; 0 for no limit" };
        var keepSeen = new Option<bool>("--keep-seen") { Description = "recommend what the listener already knows too" };
        var explain = new Option<bool>("--explain") { Description = "say why, for every item" };
        Option<int> k = SharedOptions.K(20);
        Option<bool> json = SharedOptions.Json();
        var command = new Command("recommend", "Recommend items to a listener the model knows, or to any history.")
        {
            folder, user, history, at, k, exclude, maxPerArtist, keepSeen, explain, json,
        };
        command.OnRun(terminal, (parsed, _) =>
        {
            string? userId = parsed.GetValue(user), historyPath = parsed.GetValue(history);
            if (userId is null == historyPath is null)
            {
                throw new OptionException("give either --user ID or --history FILE");
            }

            if (parsed.GetValue(maxPerArtist) < 0)
            {
                throw new OptionException($"--max-per-artist is {parsed.GetValue(maxPerArtist)}; give 0 for no limit, or 1 and more");
            }

            TrainedModel model = TrainedModel.Open(parsed.GetValue(folder)!);
            long moment = Moment.Of(parsed.GetValue(at), "--at");
            (Query query, int[] known) = userId is not null ? KnownUser(model, userId, moment) : FromFile(terminal, model, historyPath!, moment);
            if (moment >= 0 && model.Recommender is not ITimeAware)
            {
                terminal.Say($"model '{model.Model}' does not ask when: --at changes nothing");
            }

            IRecommender recommender = model.Recommender;
            if (userId is null && known.Length == 0)
            {
                terminal.Say($"'{historyPath}' names nothing the model knows: here is what most listeners like");
                recommender = new Popularity(new PopularityOptions()).Fit(model.Train, new FitContext());
            }

            int[] excluded = parsed.GetValue(exclude) is { } excludePath ? ItemFile.Read(terminal, model.Train, excludePath) : [];

            RankedItem[] list = Ranker.Rank(recommender, query, new RankOptions
            {
                K = parsed.GetValue(k),
                Seen = parsed.GetValue(keepSeen) ? [] : known,
                Exclude = excluded,
                MaxPerArtist = parsed.GetValue(maxPerArtist),
                Catalog = model.Train.Catalog,
            });
            if (list.Length == 0)
            {
                throw new SegueException($"model '{model.Model}' has nothing to say about {(userId is null ? "this history" : $"user '{userId}'")}: every item is known, excluded or cannot be scored");
            }

            Recommendation[] shown = [.. list.Select((item, n) => Show(model, recommender, query, item, n + 1, parsed.GetValue(explain)))];
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new { model = model.Model, user = userId, items = shown });
            }
            else
            {
                Print(terminal, model, known, shown, parsed.GetValue(explain));
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    private static (Query Query, int[] Known) KnownUser(TrainedModel model, string userId, long moment)
    {
        int userIndex = model.Train.Users.IndexOf(userId);
        if (userIndex < 0)
        {
            IReadOnlyList<string> near = model.Train.Users.Count <= 100_000 ? NearMatches.Find(userId, model.Train.Users.AsEnumerable()) : [];
            string hint = near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : string.Empty;
            throw new SegueException($"the model knows no user '{userId}'{hint} For a listener it never saw give --history FILE");
        }

        int[] start = model.Train.UserStart();
        return (Query.ForUser(userIndex, moment), model.Train.ItemIndex[start[userIndex]..start[userIndex + 1]].ToArray());
    }

    private static (Query Query, int[] Known) FromFile(Terminal terminal, TrainedModel model, string path, long moment)
    {
        (int[] items, long[] times) = ItemFile.ReadTimed(terminal, model.Train, path);
        return (Query.ForHistory(items, time: times, moment: moment), items);
    }

    private static Recommendation Show(TrainedModel model, IRecommender recommender, Query query, RankedItem item, int rank, bool explain)
    {
        IReadOnlyList<Reason> reasons = explain && recommender is IExplains explains ? explains.Explain(query, item.ItemIndex, ReasonText.AllReasons) : [];
        return new Recommendation(
            rank, model.Train.Items[item.ItemIndex], model.Train.DisplayName(item.ItemIndex), item.Score,
            explain ? ReasonText.Of(reasons, model.Train) : null,
            explain ? [.. reasons.Take(ShownReasons).Select(r => new ShownReason(
                r.Kind, r.HistoryItemIndex < 0 ? null : model.Train.Items[r.HistoryItemIndex],
                r.HistoryItemIndex < 0 ? null : model.Train.DisplayName(r.HistoryItemIndex), r.Weight))] : null);
    }

    private static void Print(Terminal terminal, TrainedModel model, int[] known, Recommendation[] shown, bool explain)
    {
        IReadOnlyList<string> recent = Histories.RecentNames(model.Train, known, 5);
        if (recent.Count > 0)
        {
            terminal.Result.WriteLine($"{(model.Train.IsOrdered ? "Heard last" : "Knows")}: {string.Join("; ", recent)}");
        }

        Table table = new Table().Border(TableBorder.Rounded).AddColumn(new TableColumn("#").RightAligned()).AddColumn("item").AddColumn(new TableColumn("score").RightAligned());
        if (explain)
        {
            table.AddColumn("why");
        }

        foreach (Recommendation item in shown)
        {
            string score = item.Score.ToString("G4", CultureInfo.InvariantCulture);
            string rank = item.Rank.ToString(CultureInfo.InvariantCulture);
            _ = explain
                ? table.AddRow(rank, Markup.Escape(item.Name), score, Markup.Escape(item.Why is { Length: > 0 } why ? why : "the model gives no reasons"))
                : table.AddRow(rank, Markup.Escape(item.Name), score);
        }

        terminal.Result.Write(table);
    }

    private sealed record Recommendation(int Rank, string Item, string Name, double Score, string? Why, IReadOnlyList<ShownReason>? Reasons);

    private sealed record ShownReason(string Kind, string? Item, string? Name, double Weight);
}
