using System.Diagnostics;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Core.Splitting;
using Segue.Evaluation;

namespace Segue.Pipeline;

/// <summary>Trains models on a tiny world and asks them, so that code is compiled before anything is timed.</summary>
/// <remarks>What comes out is thrown away, and nothing that is measured depends on it. A model in several rows is warmed up once.</remarks>
internal sealed class WarmUp(ExperimentSpecification specification)
{
    // A model is trained again until the first has passed, as code gets faster with its calls; the second ends one that is slow even here.
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(0.2), Most = TimeSpan.FromSeconds(1);

    // Large enough that loops run hot, small enough to be done at once.
    private static readonly Lazy<Split> World = new(() => SplitCatalog.Create("random", []).Cut(
        SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 48, Tracks = 96, Interactions = 2_000, Genres = 4 }).Dataset, 42));

    private readonly HashSet<string> _done = [];

    /// <summary>Warms the model of a row up.</summary>
    /// <param name="row">The row.</param>
    /// <param name="cancellation">Stops the experiment.</param>
    public void Run(ModelSpecification row, CancellationToken cancellation)
    {
        if (!_done.Add(row.Description.Name))
        {
            return;
        }

        // Made before the clock runs: it is much slower than what it is for.
        Split split = World.Value;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Most);
        long started = Stopwatch.GetTimestamp();
        try
        {
            do
            {
                var context = new FitContext { Seed = specification.Seed, Threads = specification.Threads, Cancellation = limited.Token };
                IRecommender recommender = row.Untrained.Fit(split.Train, context);
                _ = RankingEvaluator.Evaluate(recommender, split.Test, new EvaluationOptions
                {
                    KeepSeen = specification.KeepSeen,
                    Threads = specification.Threads,
                    Seed = specification.Seed,
                    BootstrapSamples = 50,
                    Cancellation = limited.Token,
                });
            }
            while (Stopwatch.GetElapsedTime(started) < Enough);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            // The time is up, or the tiny world lacks what the model needs. What is wrong with the model itself is told on the data.
        }
    }
}
