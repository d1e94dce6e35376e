using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Data;
using Segue.Evaluation.Protocol;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Evaluation.Tests.Protocol;

public class TieOrderTests
{
    [Fact]
    public void A_list_is_the_beginning_of_the_whole_order() => Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
    {
        var rng = new Rng((ulong)seed);
        int items = 1 + rng.Next(90), levels = 1 + rng.Next(12);
        float[] scores = [.. Enumerable.Range(0, items).Select(_ => rng.Next(8) == 0 ? float.NaN : rng.Next(levels) * (rng.Next(2) == 0 ? 1f : -1f))];
        TieOrder ties = Fixture.Ties(items, user: rng.Next(5), (ulong)seed);
        int[] ranked = Fixture.Ranked(scores, ties);
        bool isSame = true;
        foreach (int k in (int[])[1, 1 + rng.Next(items), items, items + 3])
        {
            int[] list = new int[k];
            int length = ties.Select(scores, list, new float[k], new ulong[k]);
            isSame &= ranked.AsSpan(0, Math.Min(k, ranked.Length)).SequenceEqual(list.AsSpan(0, length));
        }

        return isSame;
    }).Check(Properties.Cases());

    [Fact]
    public void The_order_depends_on_ids_seed_and_question_alone()
    {
        ulong Key(string[] items, string[] users, ulong seed, long question) =>
            new TieOrders(new Vocabulary(items), new Vocabulary(users), seed).Of(Array.IndexOf(users, "u"), question)[Array.IndexOf(items, "i")];
        ulong key = Key(["i", "j"], ["u", "v"], 42, 0);
        Assert.Equal(key, Key(["k", "j", "i"], ["w", "u"], 42, 0));
        Assert.Equal(3, new[] { key, Key(["i"], ["u"], 43, 0), Key(["i"], ["u"], 42, 1) }.Distinct().Count());
    }

    [Fact]
    public void Every_item_comes_first_equally_often()
    {
        // 10 items, 20,000 listeners: 2,000 each, standard deviation √(20,000 · .1 · .9) = 42; five of them either way.
        const int Users = 20_000;
        var orders = new TieOrders(
            new Vocabulary(Enumerable.Range(0, 10).Select(i => $"{i}")), new Vocabulary(Enumerable.Range(0, Users).Select(u => $"{u}")), 42);
        int[] first = new int[10], list = new int[1];
        for (int u = 0; u < Users; u++)
        {
            orders.Of(u).Select(new float[10], list, new float[1], new ulong[1]);
            first[list[0]]++;
        }

        Assert.All(first, count => Assert.InRange(count, 1_790, 2_210));
    }
}
