using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class ColdItemsSplitTests
{
    [Theory]
    [InlineData(0.1, 0.1)]
    [InlineData(0, 0.4)]
    [InlineData(0.3, 0.05)]
    public void Shares_are_of_the_heard_items_and_every_row_of_an_asked_listener_has_its_place(double validation, double test) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new ColdItemsSplit(new() { Validation = validation, Test = test }).Cut(dataset, (ulong)world.Seed);
        int heard = dataset.ItemIndex.ToArray().Distinct().Count();
        int[] testItems = split.Test.Candidates!.Value.ToArray(), validationItems = split.Validation?.Candidates!.Value.ToArray() ?? [];
        Assert.Equal(SplitParts.Round(heard * test), testItems.Length);
        Assert.Equal(SplitParts.Round(heard * (test + validation)) - testItems.Length, validationItems.Length);
        Assert.Empty(testItems.Intersect(validationItems));
        Assert.Equal(testItems.Order(), testItems);
        Assert.Equal(validation == 0, split.Validation is null);
        Assert.False(split.Test.IsFoldIn);

        HashSet<int> withHistory = [.. split.Train.UserIndex.ToArray()];
        var expected = LeakCheck.Pairs(dataset).Where(p => withHistory.Contains(p.User) && testItems.Contains(p.Item));
        Assert.Equal(expected, LeakCheck.Pairs(split.Test.Relevant));
        Assert.Equal(
            LeakCheck.Pairs(dataset).Where(p => !testItems.Contains(p.Item) && !validationItems.Contains(p.Item)), LeakCheck.Pairs(split.Train));
    });

    [Fact]
    public void Who_heard_nothing_else_is_not_asked()
    {
        // One listener an item: whoever's item is held out has no history left.
        var builder = new DatasetBuilder("lonely", "track");
        for (int n = 0; n < 20; n++)
        {
            builder.Interaction(builder.User($"user {n}"), builder.Item($"item {n}"));
        }

        DatasetException error = Assert.Throws<DatasetException>(() => new ColdItemsSplit(new()).Cut(builder.Build(), 1));
        Assert.Contains("split 'cold-items' leaves no interaction in validation", error.Message, StringComparison.Ordinal);
        Assert.Contains("item to train on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_item_is_stays_known()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build();
        Split split = new ColdItemsSplit(new()).Cut(dataset, 1);
        Assert.Same(dataset.Catalog, split.Train.Catalog);
    }
}
