using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class RandomSplitTests
{
    [Fact]
    public void Defaults_are_80_10_10_of_distinct_pairs() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        int pairs = LeakCheck.Pairs(dataset).Distinct().Count();
        Split split = new RandomSplit(new()).Cut(dataset, 1);
        Assert.Equal(SplitParts.Round(pairs * 0.1), LeakCheck.Pairs(split.Test.Relevant).Distinct().Count());
        Assert.InRange(LeakCheck.Pairs(split.Validation!.Relevant).Distinct().Count() - (pairs * 0.1), -1, 1);
        Assert.InRange(LeakCheck.Pairs(split.Train).Distinct().Count() - (pairs * 0.8), -1, 1);
        Assert.False(split.Test.IsFoldIn);
    });

    [Fact]
    public void Per_user_cuts_every_user_alone() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new RandomSplit(new() { PerUser = true }).Cut(dataset, 1);
        var all = LeakCheck.Pairs(dataset).Distinct().ToLookup(p => p.User);
        var test = LeakCheck.Pairs(split.Test.Relevant).Distinct().ToLookup(p => p.User);
        foreach (IGrouping<int, (int, int)> user in all)
        {
            Assert.Equal(SplitParts.Round(user.Count() * 0.1), test[user.Key].Count());
        }
    });

    [Fact]
    public void Shares_are_scaled()
    {
        Dataset dataset = new RandomWorld(40, 40, 1000, 3).Build();
        Split shares = new RandomSplit(new() { Train = 0.8, Validation = 0.1, Test = 0.1 }).Cut(dataset, 1);
        Split parts = new RandomSplit(new() { Train = 8, Validation = 1, Test = 1 }).Cut(dataset, 1);
        Assert.Equal(LeakCheck.Rows(shares.Test.Relevant), LeakCheck.Rows(parts.Test.Relevant));
    }

    [Fact]
    public void Every_pair_is_equally_likely_to_be_tested()
    {
        // 5 users × 10 items, a tenth tested in each of 600 cuts: 60 expected, standard deviation 7.3; 40 … 80 are 2.7 of it.
        var builder = new DatasetBuilder("grid", "track");
        for (int n = 0; n < 50; n++)
        {
            builder.Interaction(builder.User($"u{n / 10}"), builder.Item($"i{n % 10}"), weight: n + 1);
        }

        Dataset dataset = builder.Build();
        var tested = new int[50];
        for (ulong seed = 0; seed < 600; seed++)
        {
            foreach (float row in LeakCheck.Rows(new RandomSplit(new() { Validation = 0, Train = 0.9 }).Cut(dataset, seed).Test.Relevant))
            {
                tested[(int)row - 1]++;
            }
        }

        Assert.All(tested, count => Assert.InRange(count, 35, 90));
        Assert.Equal(600 * 5, tested.Sum());
    }

    [Fact]
    public void A_part_that_would_be_empty_is_an_error()
    {
        var builder = new DatasetBuilder("tiny", "track");
        builder.Interaction(builder.User("u"), builder.Item("a"));
        builder.Interaction(builder.User("u"), builder.Item("b"));
        DatasetException error = Assert.Throws<DatasetException>(() => new RandomSplit(new()).Cut(builder.Build(), 1));
        Assert.Contains("no interaction in validation", error.Message, StringComparison.Ordinal);
    }
}
