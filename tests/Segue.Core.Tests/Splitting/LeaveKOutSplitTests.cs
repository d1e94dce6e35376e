using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class LeaveKOutSplitTests
{
    [Theory]
    [InlineData(1, 1, HeldOutItems.Random)]
    [InlineData(2, 3, HeldOutItems.Random)]
    [InlineData(0, 2, HeldOutItems.Last)]
    [InlineData(3, 2, HeldOutItems.Last)]
    public void Every_user_with_enough_items_gives_exactly_k(int kVal, int kEval, HeldOutItems pick) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new LeaveKOutSplit(new() { KVal = kVal, KEval = kEval, Pick = pick }).Cut(dataset, 1);
        var test = LeakCheck.Pairs(split.Test.Relevant).Distinct().ToLookup(p => p.User);
        ILookup<int, (int User, int Item)>? validation = split.Validation is { } stage
            ? LeakCheck.Pairs(stage.Relevant).Distinct().ToLookup(p => p.User)
            : null;
        foreach (IGrouping<int, (int, int)> user in LeakCheck.Pairs(dataset).Distinct().GroupBy(p => p.User))
        {
            bool enough = user.Count() >= kVal + kEval + 1;
            Assert.Equal(enough ? kEval : 0, test[user.Key].Count());
            Assert.Equal(enough ? kVal : 0, validation?[user.Key].Count() ?? 0);
        }

        Assert.Equal(kVal == 0, split.Validation is null);
    });

    [Fact]
    public void The_last_items_are_those_met_last()
    {
        var builder = new DatasetBuilder("order", "track") { IsOrdered = true };
        foreach (string item in new[] { "a", "b", "a", "c", "d", "b" })
        {
            builder.Interaction(builder.User("u"), builder.Item(item));
        }

        Dataset dataset = builder.Build();
        Split split = new LeaveKOutSplit(new() { Pick = HeldOutItems.Last }).Cut(dataset, 1);
        Assert.Equal(["d"], Items(split.Test.Relevant));
        Assert.Equal(["c"], Items(split.Validation!.Relevant));
        Assert.Equal(["a", "b", "a", "b"], Items(split.Train));

        // What is masked at test is shown, c too.
        Assert.Equal(["a", "b", "a", "c", "b"], Items(split.Test.Known));
        Assert.True(split.Test.ShowsMore && !split.Validation.ShowsMore);
        Assert.False(new LeaveKOutSplit(new() { Pick = HeldOutItems.Last, KVal = 0 }).Cut(dataset, 1).Test.ShowsMore);
    }

    [Fact]
    public void Where_no_user_has_enough_items_it_says_so()
    {
        Dataset dataset = new RandomWorld(30, 10, 700, 3).Build();
        DatasetException error = Assert.Throws<DatasetException>(() => new LeaveKOutSplit(new() { KEval = 10 }).Cut(dataset, 1));
        Assert.Contains("no user has 12 items", error.Message, StringComparison.Ordinal);
    }

    internal static string[] Items(Dataset dataset) => [.. dataset.ItemIndex.ToArray().Select(i => dataset.Items[i])];
}
