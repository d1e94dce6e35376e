using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class TransductiveSplitTests
{
    [Fact]
    public void Shares_of_edges_and_sight_follow_the_table() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        int edges = Edges(dataset);
        Split split = new TransductiveSplit(new()).Cut(dataset, 1);
        int train = Edges(split.Train);
        Assert.InRange(train - (edges * 0.7), -1, 1);
        Assert.InRange(Edges(split.Validation!.Relevant) - (edges * 0.15), -1, 1);
        Assert.InRange(Edges(split.Test.Relevant) - (edges * 0.15), -1, 1);
        Assert.Equal(SplitParts.Round(train * 0.3), Edges(split.Supervision!));
        Assert.Equal(train, Edges(split.Message!) + Edges(split.Supervision!));

        Assert.Equal(LeakCheck.Rows(split.Train), LeakCheck.Rows(split.Validation.Known));
        Assert.False(split.Validation.IsFoldIn);
        Assert.Equal(train + Edges(split.Validation.Relevant), Edges(split.Test.Known));
        Assert.True(split.Test.IsFoldIn);
    });

    [Theory]
    [InlineData(0.0, "supervision")]
    [InlineData(1.0, "message")]
    public void Training_needs_edges_of_both_kinds(double supervision, string missing)
    {
        Dataset dataset = new RandomWorld(40, 40, 1000, 3).Build();
        DatasetException error = Assert.Throws<DatasetException>(
            () => new TransductiveSplit(new() { Supervision = supervision }).Cut(dataset, 1));
        Assert.Contains($"train {missing} edges", error.Message, StringComparison.Ordinal);
    }

    private static int Edges(Dataset dataset) => LeakCheck.Pairs(dataset).Distinct().Count();
}
