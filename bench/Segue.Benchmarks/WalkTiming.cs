using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Walks;

namespace Segue.Benchmarks;

/// <summary>Queries of the models on the temporal graph, one at a time on one thread.</summary>
public sealed class WalkTiming : IWholeTiming
{
    public string Name => "walks";

    public string Summary => "milliseconds a query of ipf and stg-walk on a temporal graph of 1 M edges (users=992 items=100000 listens=800000 queries=100)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int users = context.Setting("users", 992), queries = context.Setting("queries", 100);
        Dataset listens = ListenData.Make(users, context.Setting("items", 100_000), context.Setting("listens", 800_000));
        TemporalGraph graph = TemporalGraph.Of(listens, new StgWalkOptions(), context.Threads);
        context.Print(string.Create(CultureInfo.InvariantCulture, $"{graph.Nodes:N0} nodes, {graph.Edges:N0} edges"));
        foreach ((string name, IModel model) in new (string, IModel)[] { ("ipf", new Ipf(new())), ("stg-walk, 4 steps", new StgWalk(new() { Steps = 4 })), ("stg-walk, 10 steps", new StgWalk(new())) })
        {
            IRecommender recommender = model.Fit(listens, new FitContext { Threads = context.Threads });
            var scores = new float[listens.Items.Count];
            recommender.Score(Query.ForUser(0), scores);
            var milliseconds = new double[queries];
            for (int q = 0; q < queries; q++)
            {
                long start = Stopwatch.GetTimestamp();
                recommender.Score(Query.ForUser(q * 7 % users), scores);
                milliseconds[q] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }

            Array.Sort(milliseconds);
            context.Print(string.Create(
                CultureInfo.InvariantCulture, $"{name,-20} a query min {milliseconds[0]:F2} ms  median {milliseconds[queries / 2]:F2} ms  max {milliseconds[^1]:F2} ms"));
        }
    }
}
