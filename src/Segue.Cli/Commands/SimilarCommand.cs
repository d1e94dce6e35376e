using System.CommandLine;
using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Ranking;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue similar MODEL_DIR --item ID</c>.</summary>
internal static class SimilarCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> folder = SharedOptions.ModelFolder();
        var item = new Option<string>("--item") { Description = "id of an item, or its name as Segue shows it", Required = true };
        Option<int> k = SharedOptions.K(20);
        Option<bool> json = SharedOptions.Json();
        var command = new Command("similar", "List the items most like one item, as a trained model sees it.") { folder, item, k, json };
        command.OnRun(terminal, (parsed, _) =>
        {
            TrainedModel model = TrainedModel.Open(parsed.GetValue(folder)!);
            if (model.Recommender is not IItemSimilarity similarity)
            {
                throw new SegueException($"model '{model.Model}' has no notion of alike items; train for example item-knn, ease or ials");
            }

            int itemIndex = new ItemNames(model.Train).Find(parsed.GetValue(item)!);
            var scores = new float[model.Train.Items.Count];
            similarity.Similarity(itemIndex, scores);

            // One more than is shown, to see whether a tie is cut.
            int count = Math.Min(parsed.GetValue(k), scores.Length);
            RankedItem[] list = Ranker.Select(
                scores, new RankOptions { K = Math.Min(count + 1, scores.Length), Exclude = new[] { itemIndex }, Songs = SameSongs.Of(model.Train.Catalog) });
            ListTie? tie = ListTie.Of([.. list.Take(count).Select(i => i.Score)], list.Length > count ? list[count].Score : float.NaN);
            var shown = list.Take(count).Select((similar, n) => new
            {
                rank = n + 1,
                item = model.Train.Items[similar.ItemIndex],
                name = model.Train.DisplayName(similar.ItemIndex),
                similarity = similar.Score,
            }).ToArray();
            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new { model = model.Model, item = model.Train.Items[itemIndex], name = model.Train.DisplayName(itemIndex), tied = tie is not null, tie_note = tie?.Text, items = shown });
                return CommandLine.Succeeded;
            }

            terminal.Result.WriteLine($"Most like {VisibleText.Short(model.Train.DisplayName(itemIndex), Cell.LongestName)} ({model.Model}):");
            TextTable table = new TextTable().Numbers("#").Texts("item").Numbers("similarity");
            foreach (var row in shown)
            {
                table.Add(row.rank.ToString(CultureInfo.InvariantCulture), Cell.Name(row.name), row.similarity.ToString("F4", CultureInfo.InvariantCulture));
            }

            terminal.Result.Write(table);
            if (tie is not null)
            {
                terminal.Result.WriteLine($"Tied: {tie.Text}.");
            }

            return CommandLine.Succeeded;
        });
        return command;
    }
}
