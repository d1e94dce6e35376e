using System.Diagnostics;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.SessionBased;
using Segue.Numerics.Sampling;

namespace Segue.Benchmarks;

/// <summary>The neighbour and closed-form models of sessions, on sessions of the size and shape of #nowplaying.</summary>
public sealed class SessionTiming : IWholeTiming
{
    public string Name => "sessions";

    public string Summary => "predictions a second of sknn, vsknn, stan on one thread, fit and memory of slist and s-walk (sessions=128077 items=60416 queries=5000 walk=0)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int queries = context.Setting("queries", 5000);
        Dataset sessions = Make(context.Setting("sessions", 128_077), context.Setting("items", 60_416));
        context.Print(string.Create(CultureInfo.InvariantCulture, $"{sessions.Users.Count:N0} sessions, {sessions.Items.Count:N0} items, {sessions.Count:N0} plays"));
        foreach ((string name, IModel model) in new (string, IModel)[]
        {
            ("sknn", new SessionKnn(new())), ("vsknn", new VectorSessionKnn(new() { SampleSize = 2500 })), ("stan", new Stan(new())), ("slist", new Slist(new())),
        }.Concat(context.Setting("walk", 0) > 0 ? [("s-walk", new SWalk(new()))] : Array.Empty<(string, IModel)>()))
        {
            long before = GC.GetTotalMemory(forceFullCollection: true), start = Stopwatch.GetTimestamp();
            IRecommender recommender = model.Fit(sessions, new FitContext { Threads = context.Threads });
            double fit = Stopwatch.GetElapsedTime(start).TotalSeconds, kept = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1e6;
            var scores = new float[sessions.Items.Count];
            double best = double.PositiveInfinity;
            for (int run = 0; run < 3; run++)
            {
                start = Stopwatch.GetTimestamp();
                for (int q = 0; q < queries; q++)
                {
                    // Every query is the first plays of a session, as when it is revealed.
                    int row = (int)((long)q * 7919 % (sessions.Count - 8));
                    recommender.Score(Query.ForHistory(sessions.ItemIndex.Slice(row, 1 + (q % 7))), scores);
                }

                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            context.Print(string.Create(
                CultureInfo.InvariantCulture, $"{name,-8} fit {fit:F2} s ({context.Threads} threads), keeps {kept:F0} MB, {queries / best:N0} predictions a second (best of 3)"));
            GC.KeepAlive(recommender);
        }

        using var process = Process.GetCurrentProcess();
        context.Print(string.Create(CultureInfo.InvariantCulture, $"peak working set {process.PeakWorkingSet64 / 1e6:F0} MB"));
    }

    /// <summary>Sessions of 2 to 30 plays (mean 7.4) from neighbourhoods of items; popularity like Zipf.</summary>
    private static Dataset Make(int sessions, int items)
    {
        var rng = new Rng(20_141_001, "bench/sessions");
        var user = new List<int>();
        var item = new List<int>();
        for (int s = 0; s < sessions; s++)
        {
            int length = 2;
            while (length < 30 && rng.Next(100) < 85)
            {
                length++;
            }

            int at = (int)(items * Math.Pow(rng.NextDouble(), 2.2));
            for (int n = 0; n < length; n++)
            {
                user.Add(s);
                item.Add(at);
                int jump = (int)(40 * Math.Pow(rng.NextDouble(), 3));
                at = rng.Next(10) == 0 ? (int)(items * Math.Pow(rng.NextDouble(), 2.2)) : Math.Clamp(at + (rng.Next(2) == 0 ? jump : -jump), 0, items - 1);
            }
        }

        return new Dataset
        {
            Name = "sessions",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, sessions).Select(s => $"s{s}")),
            Items = new Vocabulary(Enumerable.Range(0, items).Select(i => $"i{i}")),
            UserIndex = user.ToArray(),
            ItemIndex = item.ToArray(),
            IsOrdered = true,
        };
    }
}
