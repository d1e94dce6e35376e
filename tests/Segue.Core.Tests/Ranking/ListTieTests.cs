using Segue.Core.Ranking;
using Xunit;

namespace Segue.Core.Tests.Ranking;

public sealed class ListTieTests
{
    [Theory]
    [InlineData(new float[0], float.NaN, null)]
    [InlineData(new[] { 1f }, float.NaN, null)]
    [InlineData(new[] { 3f, 2f, 1f }, 0.5f, null)]
    [InlineData(new[] { 3f, 3f, 1f }, float.NaN, null)]
    [InlineData(new[] { 3f, 2f, 2f }, 1f, null)]
    [InlineData(new[] { 1f }, 1f, "other items have the same score: this one was not preferred to them")]
    [InlineData(new[] { 2f, 2f }, 1f, "all scores are equal: the order means nothing")]
    [InlineData(new[] { 0f, -0f }, float.NaN, "all scores are equal: the order means nothing")]
    [InlineData(new[] { 2f, 2f }, 2f, "all scores are equal, and other items have the same: the choice and its order mean nothing")]
    [InlineData(new[] { 3f, 2f }, 2f, "place 2 has a score that other items have too: it was not preferred to them")]
    [InlineData(new[] { 3f, 2f, 2f }, 2f, "places 2 to 3 have one score, and other items have it too: the choice and its order mean nothing")]
    public void A_tie_at_the_end_is_told(float[] scores, float next, string? expected) => Assert.Equal(expected, ListTie.Of(scores, next)?.Text);
}
