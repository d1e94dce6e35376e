using Segue.Models.Hybrid;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class LogisticListenerTests
{
    /// <summary>At the minimum the gradient, worked out here in double precision, is zero, and the vector is the mean plus all pulls.</summary>
    [Theory]
    [InlineData(1, 1, 0.1f)]
    [InlineData(20, 5, 1f)]
    [InlineData(60, 16, 20f)]
    [InlineData(60, 4, 0.2f, 30f)]
    public void The_gradient_is_zero_and_the_pulls_add_up(int count, int size, float regularization, float start = 0.3f)
    {
        var rng = new Rng(5, "listener");
        float[] rows = new float[count * size], offsets = new float[count], prior = new float[size], vector = new float[size], pulls = new float[count];
        rng.FillGaussian(rows, 1f);
        rng.FillGaussian(offsets, 0.5f);
        // From far away, where all probabilities are 0 or 1, whole Newton steps go astray.
        rng.FillGaussian(prior, start);
        float[] targets = [.. Enumerable.Range(0, count).Select(n => n % 3 == 0 ? 1f : 0f)], weights = [.. Enumerable.Range(0, count).Select(n => 0.5f + (n % 2))];
        LogisticListener.Solve(rows, offsets, targets, weights, regularization, prior, vector, pulls);
        for (int c = 0; c < size; c++)
        {
            double gradient = regularization * (vector[c] - prior[c]), sum = prior[c];
            for (int n = 0; n < count; n++)
            {
                double score = offsets[n];
                for (int k = 0; k < size; k++)
                {
                    score += (double)rows[(n * size) + k] * vector[k];
                }

                gradient += weights[n] * ((1 / (1 + Math.Exp(-score))) - targets[n]) * rows[(n * size) + c];
                sum += (double)pulls[n] * rows[(n * size) + c];
            }

            Assert.Equal(0, gradient, 2e-3);
            Assert.Equal(vector[c], sum, 2e-3);
        }
    }
}
