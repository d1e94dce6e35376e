using Segue.Evaluation.Metrics;
using Xunit;

namespace Segue.Evaluation.Tests.Metrics;

public sealed class NextCrossEntropyTests
{
    [Fact]
    public void It_is_minus_the_logarithm_of_the_softmax_share()
    {
        float[] scores = [1f, 2f, float.NaN, float.NegativeInfinity, 0f];
        double sum = Math.E + (Math.E * Math.E) + 1;
        Assert.Equal(-Math.Log(Math.E / sum), NextCrossEntropy.Of(scores, 0, 5), 1e-9);
        Assert.Equal(-Math.Log(Math.E * Math.E / sum), NextCrossEntropy.Of(scores, 1, 5), 1e-9);
        Assert.Equal(-Math.Log(1 / sum), NextCrossEntropy.Of(scores, 4, 5), 1e-9);
        Assert.Equal(-Math.Log(1e-12), NextCrossEntropy.Of(scores, 2, 5), 1e-9);
        Assert.Equal(-Math.Log(1e-12), NextCrossEntropy.Of(scores, 3, 5), 1e-9);
    }

    [Fact]
    public void A_guess_has_the_logarithm_of_the_candidates_and_large_scores_do_not_overflow()
    {
        Assert.Equal(Math.Log(4), NextCrossEntropy.Of([7f, 7f, 7f, 7f], 2, 4), 1e-9);
        Assert.Equal(Math.Log(3), NextCrossEntropy.Of([float.NaN, float.NaN, float.NaN, float.NaN], 2, 3), 1e-9);
        Assert.Equal(0, NextCrossEntropy.Of([3e38f, 0f], 0, 2), 1e-9);
    }
}
