using System.CommandLine;
using System.Globalization;
using Segue.Core;
using Segue.Core.Ranking;
using Segue.Pipeline;
using Spectre.Console;

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
        var history = new Option<string?>("--history") { Description = "file with the items the playlist begins with, one a line, instead of --seed-tracks" };
        var length = new Option<int>("--length") { Description = "items to add", DefaultValueFactory = _ => 50 };
        var maxPerArtist = new Option<int>("--max-per-artist") { Description = "at most this many items of one artist in the whole playlist; 0 for no limit" };
        var follow = new Option<bool>("--follow") { Description = "choose every item to follow those before it, added ones too: for models that read the order" };
        var exclude = new Option<string?>("--exclude") { Description = "file with one item a line that must not be added" };
        var at = new Option<string?>("--at") { Description = "the moment the playlist is for: a date such as 2024-05-31T20:15 or Unix seconds" };
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
            if (count < 1 || cap < 0)
            {
                throw new OptionException($"--length is {count} and --max-per-artist {cap}; give a length of 1 and more, and a limit of 0 (none) and more");
            }

            long moment = Moment.Of(parsed.GetValue(at), "--at");
            TrainedModel model = TrainedModel.Open(parsed.GetValue(folder)!);
            int[] begin = historyPath is not null ? ItemFile.Read(terminal, model.Train, historyPath) : [.. named.Select(text => ItemFile.Find(model, text))];
            if (begin.Length == 0)
            {
                throw new SegueException($"none of the lines of '{historyPath}' is an item the model knows; write one item id (or 'Artist – Title' as Segue shows it) a line");
            }

            RankedItem[] added = Continuation.Of(
                model.Recommender, begin,
                new RankOptions
                {
                    K = count,
                    MaxPerArtist = cap,
                    Catalog = model.Train.Catalog,
                    Exclude = parsed.GetValue(exclude) is { } path ? ItemFile.Read(terminal, model.Train, path) : [],
                },
                parsed.GetValue(follow), moment);
            if (added.Length == 0)
            {
                throw new SegueException($"model '{model.Model}' has nothing to add: every item is in the playlist, excluded or cannot be scored");
            }

            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new
                {
                    model = model.Model,
                    seeds = begin.Select(i => new { item = model.Train.Items[i], name = model.Train.DisplayName(i) }),
                    items = added.Select((a, n) => new { rank = n + 1, item = model.Train.Items[a.ItemIndex], name = model.Train.DisplayName(a.ItemIndex), score = a.Score }),
                });
                return CommandLine.Succeeded;
            }

            Print(terminal, model, begin, added);
            if (added.Length < count)
            {
                terminal.Say($"{added.Length} of {count} items: no more are left, or can be scored");
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    private static void Print(Terminal terminal, TrainedModel model, int[] begin, RankedItem[] added)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn(new TableColumn("#").RightAligned()).AddColumn("item").AddColumn(new TableColumn("score").RightAligned());
        foreach (int seed in begin)
        {
            table.AddRow("·", Markup.Escape(model.Train.DisplayName(seed)), "given");
        }

        for (int n = 0; n < added.Length; n++)
        {
            table.AddRow(
                (n + 1).ToString(CultureInfo.InvariantCulture), Markup.Escape(model.Train.DisplayName(added[n].ItemIndex)),
                added[n].Score.ToString("G4", CultureInfo.InvariantCulture));
        }

        terminal.Result.Write(table);
    }
}
