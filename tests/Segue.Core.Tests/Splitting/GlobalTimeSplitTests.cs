using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class GlobalTimeSplitTests
{
    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(0, 0.0)]
    [InlineData(1800, 0.1)]
    [InlineData(18000, 0.1)]
    public void The_past_trains_and_the_future_is_predicted(int gap, double validation) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new GlobalTimeSplit(new() { Gap = gap, Validation = validation }).Cut(dataset, 1);
        long first = split.Validation?.Moment ?? split.Test.Moment;
        Assert.True(Times(split.Train).Max() < first - gap);
        Assert.True(split.Test.Moment <= Times(split.Test.Relevant).Min());
        Assert.True(Times(split.Test.Known).Max() < split.Test.Moment - gap);
        if (split.Validation is { } stage)
        {
            Assert.True(stage.Moment <= Times(stage.Relevant).Min());
            Assert.True(Times(stage.Relevant).Max() < split.Test.Moment - gap);
            Assert.True(split.Test.IsFoldIn);
        }

        Assert.True(split.Train.LatestTime < first - gap);
        Assert.All(split.Train.Tags.Time.ToArray(), time => Assert.True(time < first - gap));
    });

    [Fact]
    public void Interactions_of_one_second_stay_together() => RandomWorld.ForAll(world =>
    {
        Split split = new GlobalTimeSplit(new() { NewUsers = NewUsers.Keep }).Cut(world.Build(), 1);
        Assert.Empty(Times(split.Train).Intersect(Times(split.Validation!.Relevant)));
        Assert.Empty(Times(split.Test.Known).Intersect(Times(split.Test.Relevant)));
    });

    [Fact]
    public void Every_interaction_is_where_a_plain_reading_of_the_rule_puts_it() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        const long V = 1_200_200_000, T = 1_200_300_000, Gap = 9000;
        Split split = new GlobalTimeSplit(new()
        {
            ValidationFrom = $"{V}",
            TestFrom = $"{T}",
            Gap = (int)Gap,
            NewUsers = NewUsers.Keep,
        }).Cut(dataset, 1);
        Assert.Equal(Where(t => t < V - Gap), LeakCheck.Rows(split.Train));
        Assert.Equal(Where(t => t is >= V and < T - Gap), LeakCheck.Rows(split.Validation!.Relevant));
        Assert.Equal(Where(t => t >= T), LeakCheck.Rows(split.Test.Relevant));
        Assert.Equal((V, T), (split.Validation.Moment, split.Test.Moment));

        float[] Where(Func<long, bool> wanted) =>
            [.. dataset.Time.ToArray().Zip(LeakCheck.Rows(dataset)).Where(p => wanted(p.First)).Select(p => p.Second)];
    });

    [Fact]
    public void By_share_the_parts_are_near_their_shares()
    {
        var builder = new DatasetBuilder("steady", "track");
        for (int n = 0; n < 1000; n++)
        {
            builder.Interaction(builder.User($"u{n % 10}"), builder.Item($"i{n % 30}"), 1_300_000_000 + n, n + 1);
        }

        Split split = new GlobalTimeSplit(new()).Cut(builder.Build(), 1);
        Assert.Equal((800, 100, 100), (split.Train.Count, split.Validation!.Relevant.Count, split.Test.Relevant.Count));
        Assert.Equal((1_300_000_800, 1_300_000_900), (split.Validation.Moment, split.Test.Moment));
    }

    [Fact]
    public void New_users_are_dropped_or_kept()
    {
        var builder = new DatasetBuilder("new", "track");
        foreach ((string user, long time) in new[] { ("old", 100L), ("old", 350L), ("middle", 250L), ("middle", 380L), ("new", 390L) })
        {
            builder.Interaction(builder.User(user), builder.Item("i"), time, time);
        }

        Dataset dataset = builder.Build();
        var options = new GlobalTimeSplitOptions { TestFrom = "300" };
        Assert.Equal([350, 380], LeakCheck.Rows(new GlobalTimeSplit(options).Cut(dataset, 1).Test.Relevant));
        Assert.Equal([350, 380, 390], LeakCheck.Rows(new GlobalTimeSplit(options with { NewUsers = NewUsers.Keep }).Cut(dataset, 1).Test.Relevant));
    }

    [Fact]
    public void A_user_new_at_validation_gives_no_answer_there_but_is_known_at_test()
    {
        var builder = new DatasetBuilder("new", "track");
        foreach ((string user, long time) in new[] { ("old", 100L), ("old", 220L), ("old", 350L), ("middle", 250L), ("middle", 380L) })
        {
            builder.Interaction(builder.User(user), builder.Item("i"), time, time);
        }

        var options = new GlobalTimeSplitOptions { ValidationFrom = "200", TestFrom = "300" };
        Split split = new GlobalTimeSplit(options).Cut(builder.Build(), 1);
        Assert.Equal([220], LeakCheck.Rows(split.Validation!.Relevant));
        Assert.Equal([100, 220, 250], LeakCheck.Rows(split.Test.Known));
        Assert.Equal([350, 380], LeakCheck.Rows(split.Test.Relevant));
        split = new GlobalTimeSplit(options with { NewUsers = NewUsers.Keep }).Cut(builder.Build(), 1);
        Assert.Equal([220, 250], LeakCheck.Rows(split.Validation!.Relevant));
    }

    [Fact]
    public void Nobody_is_asked_about_whom_nothing_is_known() => RandomWorld.ForAll(world =>
    {
        // Few interactions a user, so that many are new.
        Split split = new GlobalTimeSplit(new() { Train = 0.05, Validation = 0.05, Test = 0.9 }).Cut(world.Build(), 1);
        Assert.Empty(LeakCheck.Pairs(split.Validation!.Relevant).Select(p => p.User)
            .Except(LeakCheck.Pairs(split.Validation.Known).Select(p => p.User)));
        Assert.Empty(LeakCheck.Pairs(split.Test.Relevant).Select(p => p.User)
            .Except(LeakCheck.Pairs(split.Test.Known).Select(p => p.User)));
    });

    [Theory]
    [InlineData("1241136000")]
    [InlineData("2009-05-01")]
    [InlineData("2009-05-01T00:00")]
    [InlineData("2009-05-01T00:00:00")]
    [InlineData("2009-05-01T00:00:00Z")]
    [InlineData("2009-05-01T02:00:00+02:00")]
    [InlineData("2009-05-01 00:00:00")]
    public void A_moment_is_read_in_utc(string text)
    {
        var builder = new DatasetBuilder("moments", "track");
        builder.Interaction(builder.User("u"), builder.Item("a"), 1241135999);
        builder.Interaction(builder.User("u"), builder.Item("b"), 1241136000);
        Split split = new GlobalTimeSplit(new() { TestFrom = text }).Cut(builder.Build(), 1);
        Assert.Equal(1241136000, split.Test.Moment);
        Assert.Equal(["b"], LeaveKOutSplitTests.Items(split.Test.Relevant));
    }

    [Fact]
    public void Unknown_times_are_refused_or_left_out_but_never_guessed()
    {
        var builder = new DatasetBuilder("holes", "track");
        builder.Interaction(builder.User("u"), builder.Item("a"), 100, 1);
        builder.Interaction(builder.User("u"), builder.Item("b"), -1, 2);
        builder.Interaction(builder.User("u"), builder.Item("c"), 300, 3);
        Dataset dataset = builder.Build();
        var options = new GlobalTimeSplitOptions { TestFrom = "200" };
        DatasetException error = Assert.Throws<DatasetException>(() => new GlobalTimeSplit(options).Cut(dataset, 1));
        Assert.Contains("1 of 3 interactions", error.Message, StringComparison.Ordinal);
        Assert.Contains("drop_untimed=true", error.Message, StringComparison.Ordinal);
        Split split = new GlobalTimeSplit(options with { DropUntimed = true }).Cut(dataset, 1);
        Assert.Equal([1], LeakCheck.Rows(split.Train));
        Assert.Equal([3], LeakCheck.Rows(split.Test.Relevant));
    }

    private static long[] Times(Dataset dataset) => dataset.Time.ToArray();
}
