using Segue.Core.Data;
using Segue.Core.Views;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class SequencesTests
{
    [Fact]
    public void Every_user_has_their_interactions_in_order() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Sequences sequences = Sequences.Of(dataset);
        Assert.Equal(world.Users, sequences.Count);
        for (int u = 0; u < world.Users; u++)
        {
            int[] rows = [.. Enumerable.Range(0, dataset.Count).Where(n => dataset.UserIndex.Span[n] == u)];
            Assert.Equal(rows.Select(n => dataset.ItemIndex.Span[n]), sequences.Items(u).ToArray());
            Assert.Equal(rows.Select(n => dataset.Time.Span[n]), sequences.Times(u).ToArray());
            Assert.Equal(rows.Select(n => dataset.Weight.Span[n]), sequences.Weights(u).ToArray());
            Assert.Equal(sequences.Times(u).ToArray().Order(), sequences.Times(u).ToArray());
        }
    });

    [Fact]
    public void Without_times_the_order_of_the_source_stands()
    {
        var builder = new DatasetBuilder("playlist", "track") { IsOrdered = true };
        foreach (string item in new[] { "c", "a", "b", "a" })
        {
            builder.Interaction(builder.User("p"), builder.Item(item));
        }

        Sequences sequences = Sequences.Of(builder.Build());
        Assert.Equal([0, 1, 2, 1], sequences.Items(0).ToArray());
        Assert.True(sequences.Times(0).IsEmpty && sequences.Weights(0).IsEmpty);
    }

    [Fact]
    public void Without_any_order_there_are_no_sequences()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build(timed: false, ordered: false);
        Assert.Contains("neither", Assert.Throws<DatasetException>(() => Sequences.Of(dataset)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Gaps_are_the_seconds_since_the_item_before()
    {
        long[] times = [-1, 100, 100, 160, -1, 900, 800], gaps = new long[7];
        Sequences.Gaps(times, gaps);
        Assert.Equal([-1, -1, 0, 60, -1, -1, 0], gaps);
        RandomWorld.ForAll(world =>
        {
            Sequences sequences = Sequences.Of(world.Build());
            for (int u = 0; u < sequences.Count; u++)
            {
                long[] own = sequences.Times(u).ToArray(), between = new long[own.Length];
                Sequences.Gaps(own, between);
                Assert.Equal(own.Select((time, n) => n == 0 || time < 0 || own[n - 1] < 0 ? -1 : time - own[n - 1]), between);
            }
        });
    }

    /// <summary>Against the calendar of the runtime.</summary>
    [Fact]
    public void Hours_and_days_are_those_of_the_calendar_in_UTC()
    {
        // The first second of 2010, a Friday, the last before, the epoch, a Thursday, and a leap day, a Thursday, at 23:59:59.
        long[] known = [1_262_304_000, 1_262_303_999, 0, 1_709_251_199];
        Assert.Equal([0, 23, 0, 23], known.Select(Sequences.HourOfDay));
        Assert.Equal([4, 3, 3, 3], known.Select(Sequences.DayOfWeek));
        for (long time = 0; time < 4_102_444_800; time += 5_000_011)
        {
            DateTimeOffset moment = DateTimeOffset.FromUnixTimeSeconds(time);
            Assert.Equal(moment.Hour, Sequences.HourOfDay(time));
            Assert.Equal(((int)moment.DayOfWeek + 6) % 7, Sequences.DayOfWeek(time));
        }

        Assert.Equal((-1, -1), (Sequences.HourOfDay(-1), Sequences.DayOfWeek(-1)));
    }

    /// <summary>All lengths up to four chunks, 1, 2, n, n + 1 and 2n + 1 among them.</summary>
    [Fact]
    public void Every_step_is_in_one_chunk_and_no_chunk_is_longer_than_its_steps_and_one()
    {
        const int First = 5;
        foreach (int steps in new[] { 1, 2, 3, 7, 300, int.MaxValue - 1, int.MaxValue })
        {
            for (int length = 0; length <= Math.Min(4 * (long)steps, 30); length++)
            {
                Check(steps, length);
            }
        }

        foreach (int length in new[] { 300, 301, 302, 600, 601, 602 })
        {
            Check(300, length);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Sequences.Chunks(0, 5, 0).Count());

        static void Check(int steps, int length)
        {
            (int Start, int End)[] chunks = [.. Sequences.Chunks(First, First + length, steps)];
            Assert.All(chunks, c => Assert.True(c.Start >= First && c.End <= First + length && c.End - c.Start >= 2 && c.End - c.Start - 1 <= steps, $"{c} of {length} by {steps}"));
            Assert.Equal(
                Enumerable.Range(First, Math.Max(0, length - 1)), chunks.SelectMany(c => Enumerable.Range(c.Start, c.End - c.Start - 1)).Order());
            Assert.True(length < 2 || chunks.Length == ((length - 1L) + steps - 1) / steps, $"{chunks.Length} chunks of {length} by {steps}");
            Assert.All(chunks.Zip(chunks.Skip(1)), pair => Assert.Equal(pair.First.Start, pair.Second.End - 1));
        }
    }
}
