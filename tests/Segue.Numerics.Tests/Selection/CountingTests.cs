using Segue.Numerics.Sampling;
using Segue.Numerics.Selection;
using Xunit;

namespace Segue.Numerics.Tests.Selection;

public class CountingTests
{
    [Fact]
    public void Counts_as_a_plain_loop_does_at_every_length()
    {
        var rng = new Rng(3);
        float[] special = [float.NaN, float.NegativeInfinity, float.PositiveInfinity, 0f, -0f];
        for (int length = 0; length < 130; length++)
        {
            float[] scores = [.. Enumerable.Range(0, length).Select(_ => rng.Next(9) is var s && s < 5 ? special[s] : s)];
            foreach (float value in (float[])[float.NaN, float.NegativeInfinity, float.PositiveInfinity, 0f, -0f, 6f, 9f])
            {
                Assert.Equal(scores.Count(s => s > value), Counting.Above(scores, value));
                Assert.Equal(scores.Count(s => s >= value), Counting.AtLeast(scores, value));
                Assert.Equal((scores.Count(s => s > value), scores.Count(s => s >= value)), Counting.Both(scores, value));
                for (int from = 0; from <= length; from += 1 + rng.Next(20))
                {
                    Assert.Equal(Array.FindIndex(scores, from, s => s == value), Counting.NextEqual(scores, value, from));
                }
            }
        }
    }
}
