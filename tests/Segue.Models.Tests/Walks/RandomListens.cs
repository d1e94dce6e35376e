using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Data;
using Segue.Numerics.Sampling;

namespace Segue.Models.Tests.Walks;

/// <summary>A few listeners, items and days: small enough to search every path, dense enough that there are some. One in four has no play counts.</summary>
internal static class RandomListens
{
    /// <summary>Checks a property on some of them; a failure shows the seed.</summary>
    public static void ForAll(Action<Dataset, Rng> property, int worlds = 30) => Check.One(
        Properties.Cases(worlds),
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => property(Make(seed), new Rng((ulong)seed, "tests/choices"))));

    private static Dataset Make(int seed)
    {
        var rng = new Rng((ulong)seed, "tests/listens");
        int users = 2 + rng.Next(7), items = 2 + rng.Next(9), plays = 2 + rng.Next(40), counts = rng.Next(4) == 0 ? 1 : 3;
        var builder = new DatasetBuilder($"listens-{seed}", "track");
        for (int u = 0; u < users; u++)
        {
            builder.User($"user {u}");
            builder.Profile(u, "country", u % 2 == 0 ? "here" : "there");
        }

        for (int i = 0; i < items; i++)
        {
            builder.Item($"item {i}", $"title {i}", $"artist {i / 2}");
        }

        for (int n = 0; n < plays; n++)
        {
            builder.Interaction(rng.Next(users), rng.Next(items), 86_400L * (1000 + rng.Next(6)) + rng.Next(86_400), 1 + rng.Next(counts));
        }

        return builder.Build();
    }
}
