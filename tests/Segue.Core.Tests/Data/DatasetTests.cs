using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class DatasetTests
{
    [Fact]
    public void Select_keeps_every_column_together() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        int[] rows = [.. Enumerable.Range(0, dataset.Count).Where(n => n % 3 == 1)];
        Dataset part = dataset.Select(rows);
        for (int n = 0; n < rows.Length; n++)
        {
            Assert.Equal(
                (dataset.UserIndex.Span[rows[n]], dataset.ItemIndex.Span[rows[n]], dataset.Time.Span[rows[n]], dataset.Weight.Span[rows[n]], dataset.Fold.Span[rows[n]]),
                (part.UserIndex.Span[n], part.ItemIndex.Span[n], part.Time.Span[n], part.Weight.Span[n], part.Fold.Span[n]));
        }

        Assert.Same(dataset.Users, part.Users);
        Assert.Same(dataset.Catalog, part.Catalog);
    });

    [Fact]
    public void Restrict_keeps_what_is_said_about_the_users_and_items_that_stay() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        var rng = new Rng((ulong)world.Seed, "test/restrict");
        bool[] keepUser = [.. Enumerable.Range(0, world.Users).Select(_ => rng.Next(4) > 0)];
        bool[] keepItem = [.. Enumerable.Range(0, world.Items).Select(_ => rng.Next(4) > 0)];
        Dataset kept = dataset.Restrict(keepUser, keepItem);

        // Compare by outside names, so that any slip in renumbering shows.
        Assert.Equal(
            Enumerable.Range(0, dataset.Count)
                .Where(n => keepUser[dataset.UserIndex.Span[n]] && keepItem[dataset.ItemIndex.Span[n]]).Select(n => Row(dataset, n)),
            Enumerable.Range(0, kept.Count).Select(n => Row(kept, n)));
        Assert.Equal(
            Enumerable.Range(0, dataset.Tags.Count).Where(n => keepItem[dataset.Tags.ItemIndex.Span[n]]
                && (dataset.Tags.UserIndex.Span[n] < 0 || keepUser[dataset.Tags.UserIndex.Span[n]])).Select(n => Tag(dataset, n)),
            Enumerable.Range(0, kept.Tags.Count).Select(n => Tag(kept, n)));
        Assert.Equal(
            Enumerable.Range(0, dataset.FriendFrom.Length)
                .Where(n => keepUser[dataset.FriendFrom.Span[n]] && keepUser[dataset.FriendTo.Span[n]])
                .Select(n => (dataset.Users[dataset.FriendFrom.Span[n]], dataset.Users[dataset.FriendTo.Span[n]])),
            Enumerable.Range(0, kept.FriendFrom.Length).Select(n => (kept.Users[kept.FriendFrom.Span[n]], kept.Users[kept.FriendTo.Span[n]])));
        for (int i = 0; i < kept.Items.Count; i++)
        {
            int old = dataset.Items.IndexOf(kept.Items[i]);
            Assert.True(keepItem[old]);
            Assert.Equal(dataset.DisplayName(old), kept.DisplayName(i));
        }

        for (int u = 0; u < kept.Users.Count; u++)
        {
            int old = dataset.Users.IndexOf(kept.Users[u]);
            Assert.Equal(dataset.Profile["country"][old], kept.Profile["country"][u]);
        }
    });

    [Fact]
    public void Restrict_wants_a_mark_for_each()
    {
        Dataset dataset = new RandomWorld(5, 6, 20, 2).Build();
        Assert.Throws<ArgumentException>(() => dataset.Restrict(new bool[4], new bool[6]));
        Assert.Throws<ArgumentException>(() => dataset.Restrict(new bool[5], new bool[7]));
        Assert.Equal(0, dataset.Restrict(new bool[5], new bool[6]).Count);
    }

    [Fact]
    public void The_latest_time_is_that_of_the_columns_it_has_now()
    {
        Dataset dataset = new RandomWorld(5, 6, 20, 2).Build();
        long latest = dataset.Time.ToArray().Max();
        Assert.Equal(latest, dataset.LatestTime);
        Assert.Equal(latest, dataset.LatestTime);
        Dataset later = dataset with { Time = Enumerable.Repeat(latest + 5, 20).ToArray() };
        Assert.Equal(latest + 5, later.LatestTime);
        Assert.Equal(latest, dataset.LatestTime);
        Assert.Equal(-1, (dataset with { Time = default }).LatestTime);
        Assert.Equal(latest, (dataset with { Name = "other" }).LatestTime);
        Assert.Equal(dataset.Time.Span[0], dataset.Select([0]).LatestTime);
    }

    [Fact]
    public void Asking_does_not_change_equality()
    {
        Dataset dataset = new RandomWorld(5, 6, 20, 2).Build(), copy = dataset with { };
        int hash = dataset.GetHashCode();
        _ = dataset.LatestTime;
        dataset.CheckIndices();
        Assert.Equal(dataset, copy);
        Assert.Equal(hash, dataset.GetHashCode());
        Assert.NotEqual(dataset, dataset with { Name = "other" });
    }

    [Fact]
    public void Indices_are_checked_again_after_a_column_or_a_vocabulary_changed()
    {
        Dataset dataset = new RandomWorld(5, 6, 20, 2).Build();
        dataset.CheckIndices();
        int[] users = dataset.UserIndex.ToArray();
        (users[0], users[^1]) = (users[^1], users[0]);
        Assert.Throws<DatasetException>(() => (dataset with { UserIndex = users }).CheckIndices());
        Assert.Throws<DatasetException>(() => (dataset with { ItemIndex = new int[19] }).CheckIndices());
        Assert.Throws<DatasetException>(() => (dataset with { Users = new Vocabulary(["one"]) }).CheckIndices());
        Assert.Throws<DatasetException>(() => (dataset with { Items = new Vocabulary(["one"]) }).CheckIndices());
    }

    [Theory]
    [InlineData("track", "t", "a", "a – t")]
    [InlineData("track", "t", "", "t")]
    [InlineData("track", "", "a", "a")]
    [InlineData("track", "", "", "id")]
    [InlineData("artist", "t", "a", "t")]
    public void An_item_is_shown_by_the_best_name_there_is(string level, string title, string artist, string expected)
    {
        var builder = new DatasetBuilder("names", level);
        builder.Item("id", title, artist);
        builder.Item("other", "x", "y");
        Assert.Equal(expected, builder.Build().DisplayName(0));
    }

    [Fact]
    public void User_start_counts_users_without_interactions_too()
    {
        var builder = new DatasetBuilder("gaps", "track");
        builder.User("none");
        int user = builder.User("some");
        builder.User("none either");
        builder.Interaction(user, builder.Item("i"));
        builder.Interaction(user, builder.Item("i"));
        Assert.Equal([0, 0, 2, 2], builder.Build().UserStart());
    }

    private static (string, string, long, float) Row(Dataset d, int n) =>
        (d.Users[d.UserIndex.Span[n]], d.Items[d.ItemIndex.Span[n]], d.Time.Span[n], d.Weight.Span[n]);

    private static (string, string, string, long) Tag(Dataset d, int n) =>
        (d.Tags.UserIndex.Span[n] < 0 ? string.Empty : d.Users[d.Tags.UserIndex.Span[n]], d.Items[d.Tags.ItemIndex.Span[n]],
            d.Tags.Names[d.Tags.TagIndex.Span[n]], d.Tags.Time.Span[n]);
}
