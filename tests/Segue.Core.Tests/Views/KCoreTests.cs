using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class KCoreTests
{
    [Fact]
    public void Cancelled_work_stops() => Cancelled.Stops(() => KCore.Of(SmallWorld.Checkerboard(), 2));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(1000)]
    public void The_core_is_what_repeating_until_nothing_changes_gives(int k) => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        DatasetAssert.Same(Slow(dataset, Math.Max(k, 1)), KCore.Of(dataset, k));
    });

    [Fact]
    public void Cores_inside_each_other_are_those_made_one_by_one() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        int count = 0;
        foreach ((int k, bool[] users, bool[] items) in KCore.Masks(UserItemMatrix.Binary(dataset), [1, 2, 3, 5, 12]))
        {
            DatasetAssert.Same(Slow(dataset, k), dataset.Restrict(users, items));
            count++;
        }

        Assert.Equal(5, count);
    });

    [Fact]
    public void A_chain_falls_from_its_end()
    {
        // u0–a–u1–b–u2–…: each removal takes the next with it, so one pass is not enough.
        var builder = new DatasetBuilder("chain", "track");
        for (int n = 0; n < 50; n++)
        {
            builder.Interaction(builder.User($"u{n}"), builder.Item($"i{n}"));
            builder.Interaction(builder.User($"u{n}"), builder.Item($"i{n + 1}"));
        }

        Assert.Equal(0, KCore.Of(builder.Build(), 2).Users.Count);
        builder.Interaction(builder.User("u0"), builder.Item("i50"));
        Assert.Equal(50, KCore.Of(builder.Build(), 2).Users.Count);
    }

    [Fact]
    public void Repeats_do_not_count()
    {
        var builder = new DatasetBuilder("repeats", "track");
        for (int n = 0; n < 10; n++)
        {
            builder.Interaction(builder.User("u"), builder.Item("i"));
        }

        Assert.Equal(10, KCore.Of(builder.Build(), 1).Count);
        Assert.Equal(0, KCore.Of(builder.Build(), 2).Count);
    }

    private static Dataset Slow(Dataset dataset, int k)
    {
        while (true)
        {
            var pairs = Enumerable.Range(0, dataset.Count).Select(n => (User: dataset.UserIndex.Span[n], Item: dataset.ItemIndex.Span[n])).Distinct().ToList();
            bool[] keepUser = [.. Enumerable.Range(0, dataset.Users.Count).Select(u => pairs.Count(p => p.User == u) >= k)];
            bool[] keepItem = [.. Enumerable.Range(0, dataset.Items.Count).Select(i => pairs.Count(p => p.Item == i) >= k)];
            if (!keepUser.Contains(false) && !keepItem.Contains(false))
            {
                return dataset;
            }

            dataset = dataset.Restrict(keepUser, keepItem);
        }
    }
}
