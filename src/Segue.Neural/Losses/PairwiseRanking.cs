using Segue.Neural.Autodiff;

namespace Segue.Neural.Losses;

/// <summary>Bayesian personalised ranking.</summary>
public static class PairwiseRanking
{
    /// <summary>Mean of −ln σ(positive − negative) over pairs; 0 where there are none. Large differences do not overflow.</summary>
    /// <param name="positive">Scores of items to be ranked above, n × 1.</param>
    /// <param name="negative">Scores of the items below them, n × 1.</param>
    /// <remarks>Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, section 4.1.</remarks>
    /// <exception cref="ArgumentException">The matrices differ in size.</exception>
    public static Variable BprLoss(this Variable positive, Variable negative)
    {
        ArgumentNullException.ThrowIfNull(positive);
        ArgumentNullException.ThrowIfNull(negative);
        Shapes.RequireSame(positive, negative);
        Variable difference = positive.Subtract(negative);
        Variable loss = LossNode.Record(difference, out Span<float> derivative);
        ReadOnlySpan<float> value = difference.Value;
        double sum = 0;
        float share = value.IsEmpty ? 0f : 1f / value.Length;
        for (int n = 0; n < value.Length; n++)
        {
            float x = value[n], small = MathF.Exp(-MathF.Abs(x));
            sum += share * Logistic.Softplus(-x, small);
            derivative[n] = share * Logistic.SigmoidMinus(x, small, 1f);
        }

        loss.Value[0] = (float)sum;
        return loss;
    }
}
