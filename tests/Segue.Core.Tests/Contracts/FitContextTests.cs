using Segue.Core.Contracts;
using Xunit;

namespace Segue.Core.Tests.Contracts;

public sealed class FitContextTests
{
    [Fact]
    public void A_generator_depends_on_seed_and_name_only()
    {
        ulong first = new FitContext { Seed = 1, Threads = 1 }.CreateRng("a").NextUInt64();
        Assert.Equal(first, new FitContext { Seed = 1, Threads = 8 }.CreateRng("a").NextUInt64());
        Assert.NotEqual(first, new FitContext { Seed = 1 }.CreateRng("b").NextUInt64());
        Assert.NotEqual(first, new FitContext { Seed = 2 }.CreateRng("a").NextUInt64());
    }

    [Fact]
    public void Report_passes_progress_on_and_stops_where_cancelled()
    {
        var seen = new List<FitProgress>();
        using var stop = new CancellationTokenSource();
        var context = new FitContext { Progress = new Collector(seen), Cancellation = stop.Token };
        context.Report("epoch", 1, 3, "loss 0.5");
        Assert.Equal([new FitProgress("epoch", 1, 3, "loss 0.5")], seen);
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => context.Report("epoch", 2, 3));
        Assert.Single(seen);
        new FitContext().Report("epoch", 1, 1);
    }

    [Fact]
    public void Epochs_go_on_until_the_hook_of_a_watched_one_says_stop()
    {
        int made = 0;
        IRecommender Make()
        {
            made++;
            return null!;
        }

        Assert.True(new FitContext { WatchedEpochs = _ => true }.GoesOn(1, Make));
        var stop = new FitContext { OnEpoch = (_, _) => false };
        Assert.True((stop with { WatchedEpochs = epoch => epoch > 1 }).GoesOn(1, Make));
        Assert.Equal(0, made);
        Assert.False((stop with { WatchedEpochs = epoch => epoch > 1 }).GoesOn(2, Make));
        Assert.False(stop.GoesOn(1, Make));
        Assert.True(new FitContext { OnEpoch = (_, _) => true }.GoesOn(1, Make));
        Assert.Equal(3, made);
    }

    private sealed class Collector(List<FitProgress> seen) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => seen.Add(value);
    }
}
