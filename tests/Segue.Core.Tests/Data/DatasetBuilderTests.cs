using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class DatasetBuilderTests
{
    [Fact]
    public void Cancelled_work_stops()
    {
        var builder = new DatasetBuilder("small", "track");
        builder.Interaction(builder.User("a"), builder.Item("x"), 20);
        builder.Interaction(builder.User("a"), builder.Item("y"), 10);
        Cancelled.Stops(() => builder.Build());
    }

    [Fact]
    public void Interactions_are_sorted_by_user_time_and_arrival() => RandomWorld.ForAll(world =>
    {
        var rng = new Rng((ulong)world.Seed, "test/builder");
        var builder = new DatasetBuilder("sorted", "track");
        var expected = new List<(int User, long Time, int Arrival, int Item)>();
        for (int n = 0; n < 400; n++)
        {
            (int user, int item, long time) = (builder.User($"u{rng.Next(9)}"), builder.Item($"i{rng.Next(9)}"), rng.Next(20) - 1);
            builder.Interaction(user, item, time, n + 1);
            expected.Add((user, time, n, item));
        }

        Dataset dataset = builder.Build();
        expected.Sort();
        Assert.Equal(expected.Select(e => (e.User, e.Item, e.Time, e.Arrival + 1f)), Enumerable.Range(0, dataset.Count)
            .Select(n => (dataset.UserIndex.Span[n], dataset.ItemIndex.Span[n], dataset.Time.Span[n], dataset.Weight.Span[n])));
    });

    [Fact]
    public void Duplicates_are_same_user_item_and_known_time()
    {
        var builder = new DatasetBuilder("twice", "track");
        int u = builder.User("u"), v = builder.User("v"), a = builder.Item("a"), b = builder.Item("b");
        builder.Interaction(u, a, 100, 1);
        builder.Interaction(u, b, 100, 2);
        builder.Interaction(u, a, 100, 3);
        builder.Interaction(v, a, 100, 4);
        builder.Interaction(u, a, 101, 5);
        builder.Interaction(u, a, -1, 6);
        builder.Interaction(u, a, -1, 7);
        builder.Interaction(u, a, 100, 8);
        var duplicates = new List<(int, int, long)>();
        Dataset dataset = builder.Build((user, item, time) => duplicates.Add((user, item, time)));
        Assert.Equal([(u, a, 100), (u, a, 100)], duplicates);
        Assert.Equal([6, 7, 1, 2, 5, 4], dataset.Weight.ToArray());
        Assert.Equal(8, builder.Build().Count);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    public void A_column_is_there_only_where_something_is_known(bool timed, bool weighted, bool folded)
    {
        // The first interaction says nothing, so the column has to be filled up when the second does.
        var builder = new DatasetBuilder("lazy", "track");
        builder.Interaction(builder.User("u"), builder.Item("a"));
        builder.Interaction(builder.User("u"), builder.Item("b"), timed ? 7 : -1, weighted ? 3 : 1, (byte)(folded ? 2 : 0));
        builder.Interaction(builder.User("u"), builder.Item("c"));
        Dataset dataset = builder.Build();
        Assert.Equal(timed ? 3 : 0, dataset.Time.Length);
        Assert.Equal(weighted ? 3 : 0, dataset.Weight.Length);
        Assert.Equal(folded ? 3 : 0, dataset.Fold.Length);
        Assert.Equal(timed, dataset.IsOrdered);
        int b = dataset.ItemIndex.Span.IndexOf(dataset.Items.IndexOf("b"));
        Assert.Equal(timed ? 2 : 1, b);
        Assert.True(!timed || (dataset.Time.Span[b] == 7 && dataset.Time.Span.Count(-1L) == 2));
        Assert.True(!weighted || (dataset.Weight.Span[b] == 3 && dataset.Weight.Span.Count(1f) == 2));
        Assert.True(!folded || (dataset.Fold.Span[b] == 2 && dataset.Fold.Span.Count((byte)0) == 2));
    }

    [Fact]
    public void What_was_not_known_of_an_item_is_filled_in_later()
    {
        var builder = new DatasetBuilder("later", "track");
        int item = builder.Item("i");
        Assert.Equal(item, builder.Item("i", "title"));
        Assert.Equal(item, builder.Item("i", "another", "artist"));
        Assert.Equal(item, builder.Item("i", "third", "other", "album"));
        Assert.Equal((item, -1, -1), (builder.FindItem("i"), builder.FindItem("j"), builder.FindUser("u")));
        Dataset dataset = builder.Build();
        Assert.Equal("artist – title", dataset.DisplayName(item));
        Assert.Equal("album", dataset.Catalog.Albums[dataset.Catalog.ItemAlbum.Span[item]]);
    }

    [Fact]
    public void Profiles_friends_and_tags_are_kept()
    {
        var builder = new DatasetBuilder("around", "artist");
        int u = builder.User("u"), v = builder.User("v"), i = builder.Item("i");
        builder.Profile(v, "country", "Norway");
        builder.Profile(v, "age", "30");
        builder.Friend(u, v);
        builder.Tag(u, i, "sad");
        builder.Tag(-1, i, "sad", 5);
        Dataset dataset = builder.Build();
        Assert.Equal(["age", "country"], dataset.Profile.Keys);
        Assert.Equal(["", "Norway"], dataset.Profile["country"].AsEnumerable());
        Assert.Equal((u, v), (dataset.FriendFrom.Span[0], dataset.FriendTo.Span[0]));
        Assert.Equal([u, -1], dataset.Tags.UserIndex.ToArray());
        Assert.Equal([-1, 5], dataset.Tags.Time.ToArray());
        Assert.Equal(["sad"], dataset.Tags.Names.AsEnumerable());
    }
}
