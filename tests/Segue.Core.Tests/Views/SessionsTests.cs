using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class SessionsTests
{
    [Fact]
    public void Cancelled_work_stops() => Cancelled.Stops(() => Sessions.Of(SmallWorld.Checkerboard()));

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(30)]
    [InlineData(1e6)]
    public void Sessions_end_where_a_pause_is_longer_than_the_gap(double gapMinutes) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Sessions sessions = Sessions.Of(dataset, gapMinutes);
        int[] start = sessions.RowStart.ToArray();
        Assert.Equal((0, dataset.Count), (start[0], start[^1]));
        HashSet<int> starts = [.. start];
        for (int n = 1; n < dataset.Count; n++)
        {
            bool newUser = dataset.UserIndex.Span[n] != dataset.UserIndex.Span[n - 1];
            bool pause = dataset.Time.Span[n] - dataset.Time.Span[n - 1] > gapMinutes * 60;
            Assert.Equal(newUser || pause, starts.Contains(n));
        }

        int[] userStart = sessions.UserSessionStart.ToArray();
        Assert.Equal(world.Users + 1, userStart.Length);
        for (int u = 0; u < world.Users; u++)
        {
            for (int s = userStart[u]; s < userStart[u + 1]; s++)
            {
                Assert.Equal(u, sessions.UserOf(s));
                Assert.Equal(dataset.ItemIndex.ToArray()[start[s]..start[s + 1]], sessions.Items(s).ToArray());
            }
        }

        Assert.Equal(sessions.Count, userStart[^1]);
    });

    [Fact]
    public void Thirty_minutes_are_the_default_and_do_not_end_a_session()
    {
        var builder = new DatasetBuilder("edges", "track");
        foreach (long time in new[] { -1L, -1, 0, 1800, 3601, 5401 })
        {
            builder.Interaction(builder.User("u"), builder.Item("i"), time);
        }

        // Unknown times are a session of their own.
        Assert.Equal([0, 2, 4, 6], Sessions.Of(builder.Build()).RowStart.ToArray());
    }

    [Fact]
    public void Without_times_a_user_is_one_session()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build(timed: false);
        Sessions sessions = Sessions.Of(dataset);
        Assert.Equal(dataset.UserIndex.ToArray().Distinct().Count(), sessions.Count);
        Assert.All(Enumerable.Range(0, sessions.Count), s => Assert.Equal(dataset.UserIndex.Span.Count(sessions.UserOf(s)), sessions.Items(s).Length));
    }

    [Fact]
    public void Without_times_and_order_there_are_no_sessions()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build(timed: false, ordered: false);
        Assert.Contains("neither", Assert.Throws<DatasetException>(() => Sessions.Of(dataset)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Sessions.Of(dataset, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sessions.Of(dataset, double.NaN));
    }

    [Fact]
    public void Nobody_has_no_sessions()
    {
        Dataset dataset = new DatasetBuilder("nothing", "track") { IsOrdered = true }.Build();
        Assert.Equal(0, Sessions.Of(dataset).Count);
    }
}
