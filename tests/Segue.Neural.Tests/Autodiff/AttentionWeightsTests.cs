using Segue.Neural.Autodiff;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Neural.Tests.Autodiff;

public sealed unsafe class AttentionWeightsTests
{
    [Fact]
    public void Powers_are_right_to_single_precision()
    {
        float[] x = [.. Enumerable.Range(0, 20_001).Select(n => -n * 0.005f), -1e-10f, -87.29f, -150f, -1e30f, float.NegativeInfinity, float.NaN];
        float[] y = Weights(x, AttentionWeights.Dropout.Of(0f, 0), lanes: 8);
        for (int n = 0; n < x.Length; n++)
        {
            double expected = x[n] < -87.3f ? 0 : Math.Exp(x[n]);
            for (int lane = 0; lane < 8; lane++)
            {
                float actual = y[(n * 8) + lane];
                Assert.True(
                    double.IsNaN(expected) ? float.IsNaN(actual) : Math.Abs(actual - expected) <= 1.5e-7 * expected, $"e^{x[n]} is {expected}, not {actual}");
            }
        }
    }

    [Theory]
    [InlineData(0.01f)]
    [InlineData(0.3f)]
    [InlineData(0.5f)]
    [InlineData(0.95f)]
    public void Vectors_drop_what_the_single_question_drops_and_as_large_a_share(float share)
    {
        const int Entries = 20_000, Lanes = 16;
        ulong seed = new Rng(9, "drop").NextUInt64();
        var drop = AttentionWeights.Dropout.Of(share, seed);
        float[] weights = Weights(new float[Entries], drop, Lanes);
        int dropped = 0, both = 0;
        for (int n = 0; n < Entries; n++)
        {
            for (int head = 0; head < Lanes; head++)
            {
                bool isDropped = weights[(n * Lanes) + head] == 0f;
                Assert.Equal(!drop.Keeps(n, head, Lanes), isDropped);
                dropped += isDropped ? 1 : 0;
                both += isDropped && head > 0 && weights[(n * Lanes) + head - 1] == 0f ? 1 : 0;
            }
        }

        // Four standard deviations of as many independent draws; neighbours both dropped as often as independent ones.
        double count = Entries * Lanes, pairs = Entries * (Lanes - 1.0), square = (double)share * share;
        Assert.InRange(dropped / count, share - (4 * Math.Sqrt(share * (1 - share) / count)), share + (4 * Math.Sqrt(share * (1 - share) / count)));
        Assert.InRange(both / pairs, square - (6 * Math.Sqrt(square * (1 - square) / pairs)), square + (6 * Math.Sqrt(square * (1 - square) / pairs)));
        Assert.Equal(1 / (1 - share), drop.Scale, 1e-5f * drop.Scale);
    }

    [Fact]
    public void Other_seeds_drop_others()
    {
        var rng = new Rng(10, "drop");
        bool[][] kept = [.. Enumerable.Range(0, 30).Select(_ => AttentionWeights.Dropout.Of(0.5f, rng.NextUInt64())).Select(drop =>
            Enumerable.Range(0, 1000).Select(n => drop.Keeps(n, 0, 8)).ToArray())];
        for (int a = 0; a < kept.Length; a++)
        {
            for (int b = 0; b < a; b++)
            {
                // Five standard deviations.
                Assert.InRange(kept[a].Zip(kept[b]).Count(p => p.First == p.Second), 421, 579);
            }
        }
    }

    /// <summary>Weights of a receiver with the number 0 where the largest is 0 and the slope 1: powers of the senders' numbers, the same in every lane.</summary>
    private static float[] Weights(float[] numbers, AttentionWeights.Dropout drop, int lanes)
    {
        int[] index = [.. Enumerable.Range(0, numbers.Length)];
        float[] senders = [.. numbers.SelectMany(x => Enumerable.Repeat(x, lanes))], zeros = new float[4 * lanes], weights = new float[senders.Length];
        fixed (int* places = index)
        {
            fixed (float* sender = senders, receiver = zeros, output = weights)
            {
                AttentionWeights.OfReceiver(
                    places, 0, index.Length, receiver, sender, lanes, 1f, drop, receiver + lanes, output, receiver + (2 * lanes), null, receiver + (3 * lanes));
            }
        }

        return weights;
    }
}
