using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Import;
using Segue.Models.Walks;
using Segue.Pipeline.Description;
using Segue.Testing;

namespace Segue.Benchmarks;

/// <summary>The way of seed 000 from a listening file to a trained link predictor, on a made-up file in the format of Last.fm-1K or on any other data.</summary>
public sealed class Lastfm1kTiming : IWholeTiming
{
    public string Name => "lastfm-1k";

    public string Summary =>
        "import, describe, temporal graph, node2vec, stg-link with time, memory and accuracy (lines=1000000 users=52 songs=78513 seed=1; path=FILE[;FILE] format=lastfm-1k map=user=0,item=1 period=month for other data; "
        + "min_plays=1 profile=0 negatives=nodes hold_out=edges hidden=128 layers=3 epochs=5 batch=1024 walks=5; node2vec=1 link=1, 0 to leave one out)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        string folder = Directory.CreateTempSubdirectory("segue-bench-").FullName;
        try
        {
            string format = context.Setting("format", "lastfm-1k");
            string[] paths = context.Setting("path", string.Empty).Split(';', StringSplitOptions.RemoveEmptyEntries);
            if (paths.Length == 0)
            {
                int lines = context.Setting("lines", 1_000_000), users = context.Setting("users", Lastfm1kFile.UsersFor(lines));
                ulong seed = (ulong)context.Setting("seed", 1);
                paths = [Path.Combine(folder, "userid-timestamp-artid-artname-traid-traname.tsv"), Path.Combine(folder, "userid-profile.tsv")];
                Stage(context, "write the files", () =>
                {
                    Lastfm1kFile.Write(paths[0], lines, users, context.Setting("songs", Lastfm1kFile.SongsFor(lines)), seed);
                    Lastfm1kFile.WriteProfile(paths[1], users, seed);
                    return $"{lines:N0} lines, {new FileInfo(paths[0]).Length / 1e6:N0} MB";
                });
            }

            Run(context, format, paths);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Run(WholeContext context, string format, string[] paths)
    {
        Dataset? dataset = null;
        Stage(context, "import", () =>
        {
            string map = context.Setting("map", string.Empty);
            ImportResult result = FormatCatalog.Import(format, paths, new ImportOptions { Map = map.Length > 0 ? ColumnMap.Parse(map) : null });
            dataset = result.Dataset;
            return $"{dataset.Count:N0} listens, {dataset.Users.Count:N0} users, {dataset.Items.Count:N0} songs, {result.Report.Rejected.Sum(r => r.Count):N0} lines rejected, {result.Report.Duplicate:N0} twice";
        });
        Stage(context, "describe", () =>
        {
            DatasetDescription description = DatasetDescription.Of(dataset!);
            ListeningSummary habits = description.Listening;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{description.Size.Pairs:N0} pairs, {habits.PlaysPerPair:F2} plays each, {(double)habits.OneTimePairs / description.Size.Pairs:P0} of them one; {(double)description.Size.Pairs / habits.UniqueItems:F2} listeners an item");
        });
        var options = new StgLinkOptions
        {
            Period = context.Setting("period", "month"),
            MinPlays = context.Setting("min_plays", 1),
            ProfileWeight = context.Setting("profile", 0.0),
            ValidationShare = 0.1,
            TestShare = 0.1,
            Input = LinkInput.Concatenation,
            Loss = LinkLoss.SquaredError,
            Negatives = Enum.Parse<LinkNegatives>(context.Setting("negatives", "nodes"), ignoreCase: true),
            HoldOut = Enum.Parse<LinkHoldOut>(context.Setting("hold_out", "edges"), ignoreCase: true),
            HiddenSize = context.Setting("hidden", 128),
            HiddenLayers = context.Setting("layers", 3),
            Epochs = context.Setting("epochs", 5),
            BatchSize = context.Setting("batch", 1024),
            WalksPerNode = context.Setting("walks", 5),
        };
        Stage(context, "temporal graph", () =>
        {
            TemporalGraph graph = TemporalGraph.Of(dataset!, options, context.Threads);
            var heard = new bool[graph.Items];
            foreach (int item in graph.UserItems.ColumnIndex)
            {
                heard[item] = true;
            }

            double nodes = graph.Users + graph.Sessions + heard.Count(h => h);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{nodes:N0} nodes, {graph.Sessions:N0} of them sessions, {graph.Edges:N0} edges; degree {2 * graph.Edges / nodes:F1}, {200 * graph.Edges / nodes / nodes:G2} % of all pairs are edges");
        });
        var fit = new FitContext { Threads = context.Threads };
        if (context.Setting("node2vec", 1) > 0)
        {
            Stage(context, "node2vec", () =>
            {
                new Node2Vec(new Node2VecOptions { Period = options.Period, MinPlays = options.MinPlays, ProfileWeight = options.ProfileWeight, WalksPerNode = options.WalksPerNode }).Fit(dataset!, fit);
                return $"{options.WalksPerNode} walks of {options.WalkLength} a node, {options.EmbeddingSize} numbers";
            });
        }

        if (context.Setting("link", 1) == 0)
        {
            return;
        }

        Stage(context, "stg-link", () =>
        {
            var last = new Dictionary<string, double>();
            new StgLink(options).Fit(dataset!, fit with
            {
                OnLoss = (epoch, name, value) =>
                {
                    last[name] = value;
                    if (name == "test accuracy")
                    {
                        context.Print(string.Create(
                            CultureInfo.InvariantCulture,
                            $"    epoch {epoch}: accuracy {last["accuracy"]:F4}, validation {last["validation accuracy"]:F4}, test {value:F4}; test loss {last["test loss"]:F4}"));
                    }
                },
            });
            return string.Create(
                CultureInfo.InvariantCulture,
                $"the walks again, then {options.Epochs} epochs of {options.HiddenLayers + 1} × {options.HiddenSize}; accuracy on held-out edges {last["validation accuracy"]:F4} (validation), {last["test accuracy"]:F4} (test)");
        });
    }

    private static void Stage(WholeContext context, string name, Func<string> body)
    {
        GC.Collect();
        bool isOwn = ResetPeak();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        string told = body();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, processor = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        using var process = Process.GetCurrentProcess();
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-16} {seconds,8:F1} s, processor {processor,8:F1} s, {(isOwn ? "peak" : "peak so far")} {process.PeakWorkingSet64 / 1e9,5:F2} GB   {told}"));
    }

    /// <summary>Lets Linux forget the process' largest size so far; false where that cannot be.</summary>
    private static bool ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
