using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Data;

/// <summary>What <see cref="DatasetBuilder.TryInteraction"/> and the order of rows must be, told by the plainest code there is.</summary>
public sealed class DatasetBuilderDuplicateTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Duplicates_are_exactly_the_rows_seen_before(int kind)
    {
        // Kind 0: any order; 1: every user's times rise or fall, as in real files; 2: no times.
        Gen<(int User, int Item, long Time, int Detail, bool Plain)> row = Gen.Choose(0, 3).SelectMany(u => Gen.Choose(0, 2).SelectMany(i => Gen.Choose(-1, 6).SelectMany(t =>
            Gen.Choose(0, 1).SelectMany(d => Gen.Choose(0, 19).Select(p => (u, i, (long)t, d, p == 0 && kind != 1))))));
        Prop.ForAll(Gen.ListOf(row).ToArbitrary(), list =>
        {
            (int User, int Item, long Time, int Detail, bool Plain)[] rows = kind switch
            {
                1 => [.. list.OrderBy(r => r.User).ThenBy(r => r.User % 2 == 0 ? r.Time : -r.Time)],
                2 => [.. list.Select(r => r with { Time = -1 })],
                _ => [.. list],
            };
            var builder = new DatasetBuilder("d", "track");
            for (int n = 0; n < 4; n++)
            {
                builder.User($"u{n}");
                builder.Item($"i{n}");
            }

            var seen = new HashSet<(int, int, long, int)>();
            var kept = new List<(int User, int Item, long Time)>();
            foreach ((int user, int item, long time, int detail, bool plain) in rows)
            {
                if (plain)
                {
                    builder.Interaction(user, item, time);
                    kept.Add((user, item, time));
                    continue;
                }

                bool isNew = seen.Add((user, item, time, detail));
                Assert.Equal(isNew, builder.TryInteraction(user, item, time, detail: detail));
                if (isNew)
                {
                    kept.Add((user, item, time));
                }
            }

            Dataset dataset = builder.Build();
            (int User, int Item, long Time)[] sorted = [.. kept.OrderBy(k => k.User).ThenBy(k => k.Time)];
            Assert.Equal(sorted.Select(k => k.User), dataset.UserIndex.ToArray());
            Assert.Equal(sorted.Select(k => k.Item), dataset.ItemIndex.ToArray());
            Assert.Equal(sorted.Any(k => k.Time >= 0) ? sorted.Select(k => k.Time) : [], dataset.Time.ToArray());
        }).Check(Properties.Cases());
    }

    [Fact]
    public void Many_rows_at_one_moment_are_told_apart()
    {
        var builder = new DatasetBuilder("d", "track");
        int user = builder.User("u");
        for (int n = 0; n < 5000; n++)
        {
            Assert.True(builder.TryInteraction(user, builder.Item($"i{n}"), 1_600_000_000));
        }

        for (int n = 0; n < 5000; n += 7)
        {
            Assert.False(builder.TryInteraction(user, builder.Item($"i{n}"), 1_600_000_000));
        }

        Assert.Equal(5000, builder.Count);
        Assert.False(builder.TryInteraction(user, builder.Item("i3"), 1_600_000_000));
        Assert.Equal(5000, builder.Build().Count);
    }
}
