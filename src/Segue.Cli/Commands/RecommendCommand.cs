using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Ranking;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue recommend MODEL_DIR --user ID | --history FILE</c>.</summary>
internal static class RecommendCommand
{
    private const int ShownReasons = 5;

    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = SharedOptions.ModelFolder();
        var user = new Option<string?>("--user") { Description = "id of a listener the model was trained with" };
        var history = new Option<string?>("--history") { Description = "file with one item a line (id, or the name as Segue shows it), oldest first; - is standard input; a moment may stand behind a tab" }.AsPath();
        Option<string?> at = SharedOptions.At("list"), exclude = SharedOptions.Exclude("recommended");
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

            long moment = Moment.Of(parsed.GetValue(at), "--at");
            TrainedModel model = TrainedModel.Open(parsed.GetValue(folder)!);
            Answer.CheckArtistCap(parsed.GetValue(maxPerArtist), model.Train.Catalog);
            ItemFile? file = historyPath is null ? null : ItemFile.ReadHistory(terminal, model.Train, historyPath);
            Query query = file is null ? KnownUser(model, userId!, moment) : Query.ForHistory(file.Items, time: file.Times, moment: moment);
            int[] known = file?.Items ?? PlaysOf(model, query.UserIndex);
            var options = new RankOptions
            {
                K = parsed.GetValue(k),
                Seen = parsed.GetValue(keepSeen) ? [] : known,
                Exclude = parsed.GetValue(exclude) is { } excludePath ? ItemFile.ReadSet(terminal, model.Train, excludePath) : [],
                MaxPerArtist = parsed.GetValue(maxPerArtist),
                Catalog = model.Train.Catalog,
                Songs = SameSongs.Of(model.Train.Catalog),
            };
            string? nothingKnown = known.Length > 0 ? null
                : userId is null ? $"'{historyPath}' names nothing the model knows" : $"the model was trained on no play of user '{userId}'";
            var answer = Answer.Of(terminal, model, query, nothingKnown, options.K, (recommender, count) => Ranker.Rank(recommender, query, options with { K = count }));
            if (answer.List.Length == 0)
            {
                throw NothingLeft(answer, query, options, userId is null ? "this history" : $"user '{userId}'", model.Train.Users.Count);
            }

            answer.SayWhereShort(terminal, options.K);
            Recommendation[] shown = [.. answer.List.Select((item, n) => Show(model, answer.Recommender, query, item, n + 1, parsed.GetValue(explain)))];
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new Recommendations(answer.Model, answer.Fallback, userId, file?.Unknown ?? 0, file?.Ambiguous ?? 0, answer.Tie is not null, answer.Tie?.Text, shown));
            }
            else
            {
                Print(terminal, model, known, shown, parsed.GetValue(explain));
                answer.PrintTie(terminal);
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    private static Query KnownUser(TrainedModel model, string userId, long moment)
    {
        int userIndex = UserNames.Find(model.Train.Users, userId);
        if (userIndex < 0)
        {
            IReadOnlyList<string> near = model.Train.Users.Count <= 100_000 ? NearMatches.Find(userId, model.Train.Users.AsEnumerable()) : [];
            string hint = near.Count > 0 ? $"; did you mean {string.Join(" or ", near.Select(n => $"'{VisibleText.Short(n, Cell.LongestName)}'"))}?" : ".";
            throw new SegueException($"the model knows no user '{VisibleText.Short(userId, Cell.LongestName)}'{hint} For a listener it never saw give --history FILE");
        }

        return Query.ForUser(userIndex, moment);
    }

    private static int[] PlaysOf(TrainedModel model, int userIndex)
    {
        int[] start = model.Train.UserStart();
        return model.Train.ItemIndex[start[userIndex]..start[userIndex + 1]].ToArray();
    }

    /// <summary>Everything that can be scored was filtered out: says by what.</summary>
    private static SegueException NothingLeft(Answer answer, Query query, RankOptions options, string listener, int listeners)
    {
        if (listeners == 1 && options.Exclude.IsEmpty)
        {
            // Whatever can be scored was heard by somebody, and there is nobody else.
            return new SegueException(
                $"model '{answer.Model}' has nothing left for {listener}: it was trained on one listener, so it knows no item that this listener has not heard. "
                + "Something new takes the listens of other listeners: train on a data set with many of them, for example a public one, and give this listener's plays "
                + "by --history FILE. For what to hear again give --keep-seen");
        }

        bool IsAny(RankOptions less) => Ranker.Rank(answer.Recommender, query, less with { K = 1 }).Length > 0;
        string what = IsAny(options with { Seen = default }) ? "is known to the listener already: give --keep-seen"
            : IsAny(options with { Exclude = default }) ? "is excluded: shorten the file of --exclude"
            : "is known to the listener already or excluded: give --keep-seen, and shorten the file of --exclude";
        return new SegueException($"model '{answer.Model}' has nothing left for {listener}: every item it can score {what}");
    }

    private static Recommendation Show(TrainedModel model, IRecommender recommender, Query query, RankedItem item, int rank, bool explain)
    {
        IReadOnlyList<Reason> reasons = explain && recommender is IExplains explains ? explains.Explain(query, item.ItemIndex, ReasonText.AllReasons) : [];
        return new Recommendation(
            rank, model.Train.Items[item.ItemIndex], model.Train.DisplayName(item.ItemIndex), item.Score,
            explain ? ReasonText.Of(reasons, model.Train) : null,
            explain ? [.. ReasonText.WorthSaying(reasons).Take(ShownReasons).Select(r => new ShownReason(
                r.Kind, r.HistoryItemIndex < 0 ? null : model.Train.Items[r.HistoryItemIndex],
                r.HistoryItemIndex < 0 ? null : model.Train.DisplayName(r.HistoryItemIndex), r.Weight))] : null);
    }

    private static void Print(Terminal terminal, TrainedModel model, int[] known, Recommendation[] shown, bool explain)
    {
        IReadOnlyList<string> recent = Histories.RecentNames(model.Train, known, 5);
        if (recent.Count > 0)
        {
            terminal.Result.WriteLine($"{(model.Train.IsOrdered ? "Heard last" : "Knows")}: {string.Join("; ", recent.Select(n => VisibleText.Short(n, Cell.LongestName)))}");
        }

        TextTable table = new TextTable().Numbers("#").Texts("item").Numbers("score");
        if (explain)
        {
            table.Texts("why");
        }

        foreach (Recommendation item in shown)
        {
            string score = item.Score.ToString("G4", CultureInfo.InvariantCulture);
            string rank = item.Rank.ToString(CultureInfo.InvariantCulture);
            Cell[] why = explain ? [item.Why is { Length: > 0 } given ? given : "the model gives no reasons"] : [];
            table.Add([rank, Cell.Name(item.Name), score, .. why]);
        }

        terminal.Result.Write(table);
    }

    private sealed record Recommendations(
        string Model,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Fallback,
        string? User,
        int Unknown,
        int Ambiguous,
        bool Tied,
        string? TieNote,
        IReadOnlyList<Recommendation> Items);

    private sealed record Recommendation(int Rank, string Item, string Name, double Score, string? Why, IReadOnlyList<ShownReason>? Reasons);

    private sealed record ShownReason(string Kind, string? Item, string? Name, double Weight);
}
