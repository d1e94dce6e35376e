using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Ranking;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue playlist MODEL_DIR --seed-tracks ITEM…</c>.</summary>
internal static class PlaylistCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = SharedOptions.ModelFolder();
        var seeds = new Option<string[]>("--seed-tracks")
        {
            Description = "items the playlist begins with (ids, or names as Segue shows them), in order",
            AllowMultipleArgumentsPerToken = true,
        };
        var history = new Option<string?>("--history") { Description = "file with the items the playlist begins with, one a line (id or name), oldest first; - is standard input; a moment may stand behind a tab; instead of --seed-tracks" }.AsPath();
        var length = new Option<int>("--length") { Description = "items to add", DefaultValueFactory = _ => 50 };
        var maxPerArtist = new Option<int>("--max-per-artist") { Description = "at most this many items of one artist in the whole playlist; 0 for no limit" };
        var follow = new Option<bool>("--follow") { Description = "choose every item to follow those before it, added ones too: for models that read the order" };
        Option<string?> at = SharedOptions.At("playlist"), exclude = SharedOptions.Exclude("added");
        Option<bool> json = SharedOptions.Json();
        var command = new Command("playlist", "Continue a playlist: what a trained model would play after some items.")
        {
            folder, seeds, history, length, maxPerArtist, follow, exclude, at, json,
        };
        command.OnRun(terminal, (parsed, _) =>
        {
            string[] named = parsed.GetValue(seeds) ?? [];
            string? historyPath = parsed.GetValue(history);
            if (named.Length == 0 == historyPath is null)
            {
                throw new OptionException("give either --seed-tracks ITEM… or --history FILE");
            }

            int count = parsed.GetValue(length), cap = parsed.GetValue(maxPerArtist);
            if (count < 1)
            {
                throw new OptionException($"--length is {count}; give 1 or more");
            }

            long moment = Moment.Of(parsed.GetValue(at), "--at");
            TrainedModel model = TrainedModel.Open(parsed.GetValue(folder)!);
            Answer.CheckArtistCap(cap, model.Train.Catalog);
            var names = new ItemNames(model.Train);
            ItemFile file = historyPath is not null ? ItemFile.ReadHistory(terminal, model.Train, historyPath) : new ItemFile([.. named.Select(names.Find)], [], 0, 0);
            var options = new RankOptions
            {
                K = count,
                MaxPerArtist = cap,
                Catalog = model.Train.Catalog,
                Songs = SameSongs.Of(model.Train.Catalog),
                Exclude = parsed.GetValue(exclude) is { } path ? ItemFile.ReadSet(terminal, model.Train, path) : [],
            };
            RankedItem[] Continue(IRecommender recommender, RankOptions within) =>
                Continuation.Of(recommender, file.Items, within, parsed.GetValue(follow), moment, file.Times);
            var answer = Answer.Of(
                terminal, model, Query.ForHistory(file.Items, time: file.Times, moment: moment),
                file.Items.Length > 0 ? null : $"'{historyPath}' names nothing the model knows", count, (recommender, length) => Continue(recommender, options with { K = length }),
                scoresCompare: !parsed.GetValue(follow));
            if (answer.List.Length == 0)
            {
                throw NothingLeft(answer, options, within => Continue(answer.Recommender, within).Length > 0);
            }

            answer.SayWhereShort(terminal, count);
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new Playlist(
                    answer.Model, answer.Fallback, file.Unknown, file.Ambiguous, answer.Tie is not null, answer.Tie?.Text,
                    [.. file.Items.Select(i => new Given(model.Train.Items[i], model.Train.DisplayName(i)))],
                    [.. answer.List.Select((a, n) => new Added(n + 1, model.Train.Items[a.ItemIndex], model.Train.DisplayName(a.ItemIndex), a.Score))]));
                return CommandLine.Succeeded;
            }

            Print(terminal, model, file.Items, answer.List);
            answer.PrintTie(terminal);
            return CommandLine.Succeeded;
        });
        return command;
    }

    /// <summary>Everything that can be scored was filtered out: says by what.</summary>
    private static SegueException NothingLeft(Answer answer, RankOptions options, Func<RankOptions, bool> isAny)
    {
        options = options with { K = 1 };
        string what = isAny(options with { Exclude = default }) ? "is excluded: shorten the file of --exclude"
            : isAny(options with { MaxPerArtist = 0 }) ? "is of an artist of whom the playlist is full: raise --max-per-artist"
            : isAny(options with { Exclude = default, MaxPerArtist = 0 })
                ? "is excluded, or of an artist of whom the playlist is full: shorten the file of --exclude, and raise --max-per-artist"
            : "is in the playlist already: train a model that scores other items too";
        return new SegueException($"model '{answer.Model}' has nothing to add: every item it can score {what}");
    }

    private static void Print(Terminal terminal, TrainedModel model, int[] begin, RankedItem[] added)
    {
        TextTable table = new TextTable().Numbers("#").Texts("item").Numbers("score");
        foreach (int seed in begin)
        {
            table.Add("·", Cell.Name(model.Train.DisplayName(seed)), "given");
        }

        for (int n = 0; n < added.Length; n++)
        {
            table.Add(
                (n + 1).ToString(CultureInfo.InvariantCulture), Cell.Name(model.Train.DisplayName(added[n].ItemIndex)),
                added[n].Score.ToString("G4", CultureInfo.InvariantCulture));
        }

        terminal.Result.Write(table);
    }

    private sealed record Playlist(
        string Model,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Fallback,
        int Unknown,
        int Ambiguous,
        bool Tied,
        string? TieNote,
        IReadOnlyList<Given> Seeds,
        IReadOnlyList<Added> Items);

    private sealed record Given(string Item, string Name);

    private sealed record Added(int Rank, string Item, string Name, float Score);
}
