using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Data;
using Segue.Numerics.Sampling;

namespace Segue.Core.Tests;

/// <summary>
/// A small random dataset with everything in it: repeats, ties in time, tags, friends, given parts. Every interaction has its own
/// weight, so that it can be recognised wherever it goes.
/// </summary>
/// <param name="Users">Users; the last one has no interactions.</param>
/// <param name="Items">Items; the last one is never heard.</param>
/// <param name="Interactions">Interactions.</param>
/// <param name="Seed">What decides the rest.</param>
public sealed record RandomWorld(int Users, int Items, int Interactions, int Seed)
{
    public static Arbitrary<RandomWorld> Any { get; } = (
        from users in Gen.Choose(20, 60)
        from items in Gen.Choose(20, 60)
        from interactions in Gen.Choose(700, 1500)
        from seed in Gen.Choose(0, int.MaxValue - 1)
        select new RandomWorld(users, items, interactions, seed)).ToArbitrary();

    /// <summary>Runs <paramref name="property"/> on random worlds; a failure shows the world and how to replay it.</summary>
    public static void ForAll(Action<RandomWorld> property, int worlds = 15) =>
        Check.One(Properties.Cases(worlds), Prop.ForAll(Any, property));

    public Dataset Build(bool timed = true, bool ordered = true)
    {
        var rng = new Rng((ulong)Seed, "test/world");
        var builder = new DatasetBuilder($"world-{Seed}", "track") { IsOrdered = ordered };
        for (int u = 0; u < Users; u++)
        {
            builder.User($"user {u}");
            builder.Profile(u, "country", u % 3 == 0 ? string.Empty : $"country {u % 3}");
        }

        for (int i = 0; i < Items; i++)
        {
            builder.Item($"item {i}", $"title {i}", $"artist {i / 3}");
        }

        for (int n = 0; n < Interactions; n++)
        {
            int user = rng.Next(Users - 1), item = (int)(rng.NextDouble() * rng.NextDouble() * (Items - 1));

            // Ten-minute steps over five days: many ties, and sessions of one to a few interactions.
            long time = timed ? 1_200_000_000 + (600L * rng.Next(720)) : -1;
            builder.Interaction(user, item, time, n + 1, (byte)Math.Max(0, rng.Next(10) - 7));
            if (rng.Next(10) == 0)
            {
                builder.Tag(rng.Next(8) == 0 ? -1 : user, rng.Next(3) == 0 ? rng.Next(Items) : item, $"tag {rng.Next(9)}", time);
            }
        }

        for (int n = 0; n < Users; n++)
        {
            builder.Friend(rng.Next(Users), rng.Next(Users));
        }

        return builder.Build();
    }
}
