using FsCheck;
using FsCheck.Fluent;
using Segue.Evaluation.Metrics;
using Segue.Evaluation.Protocol;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Evaluation.Tests.Metrics;

public class RocAucTests
{
    private const float None = float.NaN;

    [Fact]
    public void By_hand_with_ties_and_masked_items()
    {
        // Pairs of relevant (.8, .4) and others (.9, .4, .1): .8 wins 2 of 3; .4 wins 1 and ties 1 of 3.
        Assert.Equal((2 + 1.5) / 6, RocAuc.Of([.9f, .8f, .4f, .4f, .1f], [1, 2]));
        Assert.Equal((2 + 1.5) / 4, RocAuc.Of([.9f, .8f, .4f, .4f, .1f], [1, 2], masked: [0]));
        Assert.Equal(0.5, RocAuc.Of([1, 1, 1, 1], [2]));
    }

    [Fact]
    public void What_cannot_be_scored_wins_nothing()
    {
        // Relevant .5 beats the unscored other and loses to .9; the unscored relevant item loses both its pairs.
        Assert.Equal(1.0 / 4, RocAuc.Of([.9f, .5f, None, None], [1, 2]));
        Assert.Equal(0, RocAuc.Of([None, None, None], [0]));
        Assert.Equal(0, RocAuc.Of([float.NegativeInfinity, None, None], [0]));
    }

    [Fact]
    public void Without_a_pair_it_is_undefined()
    {
        Assert.True(double.IsNaN(RocAuc.Of([1, 2], [])));
        Assert.True(double.IsNaN(RocAuc.Of([1, 2], [0, 1])));
        Assert.True(double.IsNaN(RocAuc.Of([1, 2], [0], masked: [1])));
    }

    [Fact]
    public void Negated_scores_give_one_minus_the_value() => Prop.ForAll(Seeds(), seed =>
    {
        (float[] scores, int[] relevant) = Draw(seed, levels: 1 + (seed % 12), withGaps: false);
        double auc = RocAuc.Of(scores, relevant), negated = RocAuc.Of([.. scores.Select(s => -s)], relevant);
        return auc is >= 0 and <= 1 && Math.Abs(auc + negated - 1) < 1e-12;
    }).Check(Properties.Cases());

    [Fact]
    public void Counting_sorting_and_pair_by_pair_agree() => Prop.ForAll(Seeds(), seed =>
    {
        (float[] scores, int[] relevant) = Draw(seed, levels: 1 + (seed % 50), withGaps: true);
        int others = scores.Length - relevant.Length;
        double pairs = 0;
        foreach (int item in relevant.Where(i => scores[i] > float.NegativeInfinity))
        {
            for (int other = 0; other < scores.Length; other++)
            {
                bool isScored = scores[other] > float.NegativeInfinity;
                pairs += relevant.Contains(other) ? 0 : !isScored || scores[item] > scores[other] ? 1 : scores[item] == scores[other] ? 0.5 : 0;
            }
        }

        TieOrder ties = Fixture.Ties(scores.Length);
        int[] ranking = Fixture.Ranked(scores, ties);
        int[] expected = HitRanks.Of(ranking, relevant);
        var ranks = new RelevantRanks(scores.Length, scores.Length);
        ranks.Find(scores, relevant, others, wantWins: true, ties, sortFrom: int.MaxValue);
        bool counted = expected.AsSpan().SequenceEqual(ranks.Ranks) && ranks.Wins == pairs;
        ranks.Find(scores, relevant, others, wantWins: true, ties, sortFrom: 0);
        bool sorted = expected.AsSpan().SequenceEqual(ranks.Ranks) && ranks.Wins == pairs;
        return counted && sorted && Math.Abs(RocAuc.Of(scores, relevant) - (pairs / ((double)relevant.Length * others))) < 1e-12;
    }).Check(Properties.Cases());

    private static Arbitrary<int> Seeds() => Gen.Choose(0, int.MaxValue).ToArbitrary();

    /// <summary>60 scores on a few levels (both zeros among them), 1 to 20 relevant items.</summary>
    private static (float[] Scores, int[] Relevant) Draw(int seed, int levels, bool withGaps)
    {
        var rng = new Rng((ulong)seed);
        float[] scores = [.. Enumerable.Range(0, 60).Select(_ => (rng.Next(levels) - (levels / 2)) * (rng.Next(2) == 0 ? 1f : -1f))];
        for (int i = 0; withGaps && i < 60; i += 1 + rng.Next(20))
        {
            scores[i] = rng.Next(3) switch { 0 => float.NaN, 1 => float.NegativeInfinity, _ => float.PositiveInfinity };
        }

        int[] items = [.. Enumerable.Range(0, 60)];
        rng.Shuffle<int>(items);
        return (scores, items[..(1 + rng.Next(20))]);
    }
}
