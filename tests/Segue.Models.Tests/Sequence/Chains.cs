using Segue.Core.Data;
using Segue.Numerics.Sampling;

namespace Segue.Models.Tests.Sequence;

/// <summary>Listeners who go around items in a fixed order: what comes next is certain, and nothing but the order tells it.</summary>
internal static class Chains
{
    public const int Items = 30;

    /// <summary>
    /// 60 listeners of 40 plays from a random item on. Even ones go to the next item, odd ones to the one before: one play says nothing about which. Item 30 is played by nobody.
    /// </summary>
    public static Dataset Make(bool withBreaks = false)
    {
        var rng = new Rng(3, "chains");
        var builder = new DatasetBuilder("chains", "track");
        for (int i = 0; i <= Items; i++)
        {
            builder.Item($"item {i}");
        }

        for (int u = 0; u < 60; u++)
        {
            int user = builder.User($"user {u}"), at = rng.Next(Items);
            long time = 1_262_304_000;
            for (int n = 0; n < 40; n++)
            {
                builder.Interaction(user, at, time);
                at = (at + (u % 2 == 0 ? 1 : Items - 1)) % Items;
                time += 200;
                if (withBreaks && n % 10 == 9)
                {
                    (at, time) = (rng.Next(Items), time + 86_400);
                }
            }
        }

        return builder.Build();
    }
}
