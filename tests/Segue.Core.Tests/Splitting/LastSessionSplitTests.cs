using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class LastSessionSplitTests
{
    [Fact]
    public void Sessions_fall_where_the_drawn_table_puts_them()
    {
        var builder = new DatasetBuilder("table", "track");
        Add("one", 0, 1, 2);
        Add("two", 0, 40, 41);
        Add("three", 0, 1, 40, 41, 100, 101, 102);

        // Exactly 30 minutes is no end yet; one second more is.
        Add("edge", 0, 30, 100, 200);
        Split split = new LastSessionSplit(new()).Cut(builder.Build(), 1);
        Assert.Equal(["edge 0", "edge 30", "one 0", "one 1", "one 2", "three 0", "three 1", "two 0"], Items(split.Train));
        Assert.Equal(["edge 100", "three 40", "three 41"], Items(split.Validation!.Relevant));
        Assert.Equal(["edge 200", "three 100", "three 101", "three 102", "two 40", "two 41"], Items(split.Test.Relevant));
        Assert.True(split.Test.IsFoldIn);

        Split unvalidated = new LastSessionSplit(new() { Validation = false }).Cut(builder.Build(), 1);
        Assert.Null(unvalidated.Validation);
        Assert.Equal(Items(split.Test.Relevant), Items(unvalidated.Test.Relevant));
        Assert.Contains("three 40", Items(unvalidated.Train));
        Assert.False(unvalidated.Test.IsFoldIn);

        void Add(string user, params int[] minutes)
        {
            foreach (int minute in minutes)
            {
                builder.Interaction(builder.User(user), builder.Item($"{user} {minute}"), 1_300_000_000 + (60 * minute));
            }
        }
    }

    [Fact]
    public void A_users_parts_follow_each_other_in_time() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new LastSessionSplit(new()).Cut(dataset, 1);
        var known = Enumerable.Range(0, split.Test.Known.Count)
            .ToLookup(n => split.Test.Known.UserIndex.Span[n], n => split.Test.Known.Time.Span[n]);
        var train = Enumerable.Range(0, split.Train.Count).ToLookup(n => split.Train.UserIndex.Span[n], n => split.Train.Time.Span[n]);
        for (int n = 0; n < split.Test.Relevant.Count; n++)
        {
            Assert.True(known[split.Test.Relevant.UserIndex.Span[n]].Max() + 1800 < split.Test.Relevant.Time.Span[n]);
        }

        for (int n = 0; n < split.Validation!.Relevant.Count; n++)
        {
            Assert.True(train[split.Validation.Relevant.UserIndex.Span[n]].Max() + 1800 < split.Validation.Relevant.Time.Span[n]);
        }
    });

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(3, 1, 1)]
    [InlineData(20, 2, 2)]
    [InlineData(25, 3, 3)]
    public void Without_times_the_last_part_counts(int length, int validation, int test)
    {
        var builder = new DatasetBuilder("playlists", "track") { IsOrdered = true };
        for (int n = 0; n < length; n++)
        {
            builder.Interaction(builder.User("it"), builder.Item($"{n:00}"));
        }

        for (int n = 0; n < 3; n++)
        {
            builder.Interaction(builder.User("other"), builder.Item($"other {n}"));
        }

        Split split = new LastSessionSplit(new()).Cut(builder.Build(), 1);
        string[] expected = [.. Enumerable.Range(0, length).Select(n => $"{n:00}")];
        Assert.Equal([.. expected.TakeLast(test), "other 2"], Items(split.Test.Relevant));
        Assert.Equal([.. expected.SkipLast(test).TakeLast(validation), "other 1"], Items(split.Validation!.Relevant));
        Assert.Equal([.. expected.SkipLast(test + validation), "other 0"], Items(split.Train));
    }

    [Fact]
    public void Unknown_times_are_refused_or_left_out()
    {
        var builder = new DatasetBuilder("holes", "track");
        foreach (long time in new[] { -1L, 100, 9000, 20000 })
        {
            builder.Interaction(builder.User("u"), builder.Item($"{time}"), time);
        }

        Dataset dataset = builder.Build();
        Assert.Throws<DatasetException>(() => new LastSessionSplit(new()).Cut(dataset, 1));
        Split split = new LastSessionSplit(new() { DropUntimed = true }).Cut(dataset, 1);
        Assert.Equal(["100"], Items(split.Train));
        Assert.Equal(["20000"], Items(split.Test.Relevant));
    }

    private static string[] Items(Dataset dataset) =>
        [.. LeaveKOutSplitTests.Items(dataset).OrderBy(i => i.Split(' ')[0], StringComparer.Ordinal).ThenBy(i => i.Length).ThenBy(i => i, StringComparer.Ordinal)];
}
