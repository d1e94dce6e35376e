using System.Diagnostics;
using System.Globalization;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Walks;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>Building a <see cref="TemporalGraph"/> of as many listens as Last.fm-1K has.</summary>
public sealed class TemporalGraphTiming : IWholeTiming
{
    public string Name => "temporal-graph";

    public string Summary => "seconds and peak memory of the graph of 19 M listens (users=992 items=1500000 listens=19150868 days=0 for months)";

    public void Run(WholeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Dataset listens = ListenData.Make(context.Setting("users", 992), context.Setting("items", 1_500_000), context.Setting("listens", 19_150_868));
        int days = context.Setting("days", 0);
        var options = new StgWalkOptions { Period = days == 0 ? "month" : string.Create(CultureInfo.InvariantCulture, $"{days}d") };
        TemporalGraph? graph = null;
        CsrMatrix? adjacency = null;
        context.Time("edges of users and sessions", () => graph = TemporalGraph.Of(listens, options, context.Threads));
        context.Time("adjacency", () => adjacency = graph!.Adjacency());
        context.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"{graph!.Nodes:N0} nodes, {graph.Sessions:N0} of them sessions; {graph.Edges:N0} edges, {adjacency!.Count:N0} entries; "
            + $"peak memory with the listens {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:F2} GB"));
    }
}

/// <summary>Synthetic listens with times: every user has its own tracks, plays some of them again and again within a month.</summary>
public static class ListenData
{
    private const long Start = 1_108_339_200, Span = 52L * 30 * 86_400;

    /// <summary>The same number of listens for every user; times of a user ascend.</summary>
    public static Dataset Make(int users, int items, int listens, ulong seed = 1)
    {
        var rng = new Rng(seed, "bench/listens");
        int[] user = new int[listens], item = new int[listens];
        var time = new long[listens];
        int[] rotation = [.. Enumerable.Range(0, 150).Select(_ => rng.Next(items))];
        for (int u = 0, n = 0; u < users; u++)
        {
            int end = (int)((long)listens * (u + 1) / users);
            long step = Math.Max(1, Span / Math.Max(1, end - n));
            for (int first = n; n < end; n++)
            {
                // Three of four listens repeat one of the latest 150 tracks, the others are new by Zipf's law: rank ∝ items^uniform.
                int slot = rng.Next(rotation.Length);
                if (rng.Next(4) == 0)
                {
                    rotation[slot] = Math.Min(items - 1, (int)Math.Pow(items, rng.NextDouble()) - 1 + rng.Next(items / 50));
                }

                (user[n], item[n], time[n]) = (u, rotation[slot], Start + ((n - first) * step) + rng.Next((int)Math.Min(step, 600)));
            }
        }

        return new Dataset
        {
            Name = "listens",
            Level = "track",
            Users = new Vocabulary(Enumerable.Range(0, users).Select(u => $"user {u}")),
            Items = new Vocabulary(Enumerable.Range(0, items).Select(i => $"item {i}")),
            UserIndex = user,
            ItemIndex = item,
            Time = time,
            IsOrdered = true,
        };
    }
}
