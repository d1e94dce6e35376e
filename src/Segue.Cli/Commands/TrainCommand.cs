using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Pipeline;

namespace Segue.Cli.Commands;

/// <summary><c>segue train DATASET --model NAME[:key=value,…] --out DIR [--checkpoint DIR]</c>.</summary>
internal static class TrainCommand
{
    private const int TriedListeners = 1_000;

    public static Command Create(Terminal terminal)
    {
        Argument<string> dataset = SharedOptions.Dataset();
        var model = new Option<string>("--model") { Description = "NAME[:key=value,…]; segue models lists them", Required = true };
        var output = new Option<string>("--out") { Description = "folder for the trained model", Required = true }.AsPath();
        var weights = new Option<string?>("--weights") { Description = "transform the weights first, for example binary or log" };
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "folder that keeps the latest epoch: the same command goes on from there after a stop, with the same result",
        }.AsPath();
        var keepEpochs = new Option<int>("--keep-epochs") { Description = "keep the item vectors after every N epochs, for segue map to play; 0 for none" };
        Option<int> kCore = SharedOptions.KCore();
        Option<ulong> seed = SharedOptions.Seed();
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        var command = new Command("train", "Train one model on a whole dataset, to recommend from.") { dataset, model, output, weights, checkpoint, keepEpochs, kCore, seed, threads, json };
        command.OnRun(terminal, (parsed, cancellation) =>
        {
            ModelSpecification specification = ModelSpecification.Parse(parsed.GetValue(model)!);
            WeightMode? mode = ExperimentSpecification.ParseWeights(parsed.GetValue(weights));
            int keepEvery = parsed.GetValue(keepEpochs);
            if (keepEvery < 0 || (keepEvery > 0 && parsed.GetValue(checkpoint) is not null))
            {
                throw new OptionException(keepEvery < 0
                    ? $"--keep-epochs is {keepEvery}; give 0 for none, or 1 and more"
                    : "--keep-epochs with --checkpoint would lose the epochs before a stop; give one of them");
            }

            string path = parsed.GetValue(output)!;
            TrainedModel.CheckTarget(path);
            if (parsed.GetValue(checkpoint) is { } kept)
            {
                OutputPath.CheckFolder(kept);
                if (specification.Untrained is not IKeepsCheckpoints)
                {
                    terminal.Say($"{specification.Description.Name} keeps no checkpoints: '{kept}' is not used");
                }
            }

            Dataset train = DatasetStore.Open(parsed.GetValue(dataset)!);
            if (parsed.GetValue(kCore) > 1)
            {
                train = KCore.Of(train, parsed.GetValue(kCore));
            }

            if (mode is { } transform)
            {
                train = WeightTransform.Apply(train, transform);
            }

            var clock = Stopwatch.StartNew();
            TrainedModel trained = terminal.WithProgress(report => TrainedModel.Fit(specification.Description.Name, specification.Untrained, train, new FitContext
            {
                Seed = parsed.GetValue(seed),
                Threads = parsed.GetValue(threads),
                Progress = new Relay<FitProgress>(p => report(specification.Label, p.Stage, p.Done, p.Total, p.Note)),
                Cancellation = cancellation,
                CheckpointFolder = parsed.GetValue(checkpoint),
            }, keepEvery));
            double seconds = clock.Elapsed.TotalSeconds;
            terminal.SayRemoved(trained.Save(path));
            if (keepEvery > 0 && trained.Epochs.Count == 0)
            {
                terminal.Say($"{trained.Model} kept no epochs: it has no item vectors, no epochs, or fewer than {keepEvery} of them");
            }

            if (parsed.GetValue(json))
            {
                terminal.WriteJson(new
                {
                    model = trained.Model,
                    options = OptionsText.ToPairs(trained.Options).ToDictionary(p => p.Key, p => p.Value),
                    users = train.Users.Count,
                    items = train.Items.Count,
                    interactions = train.Count,
                    fit_seconds = Math.Round(seconds, 3),
                    written = path,
                });
            }
            else
            {
                terminal.Result.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Trained {specification.Label} on {Plural.Of(train.Count, "interaction")} in {seconds:F2} s."));
                terminal.Result.WriteLine($"Written to {path}.");
                terminal.Result.WriteCommand("Next: ", $"segue recommend {Shell.Path(path, "FOLDER")} {Listener(train)} --explain");
            }

            return CommandLine.Succeeded;
        });
        return command;
    }

    // The first listener whose id can be pasted; ids may be anything.
    private static string Listener(Dataset train)
    {
        string? id = train.Users.AsEnumerable().Take(TriedListeners).FirstOrDefault(Shell.CanPaste);
        return id is null ? "--user ID" : Shell.Option("--user", id, "ID");
    }
}
