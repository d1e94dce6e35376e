using Segue.Neural.Autodiff;

namespace Segue.Neural.Losses;

/// <summary>Binary cross-entropy on logits.</summary>
public static class BinaryCrossEntropy
{
    /// <summary>Mean of −t ln σ(x) − (1 − t) ln(1 − σ(x)) over all elements; 0 where there are none. Large logits do not overflow.</summary>
    /// <param name="logits">x, any matrix.</param>
    /// <param name="target">t from 0 to 1, one an element, row after row.</param>
    /// <param name="weight">Weight of every element in the mean (which still divides by their number), or empty where all count 1.</param>
    /// <exception cref="ArgumentException">Not one target, or not one weight, an element.</exception>
    public static Variable LogisticLoss(this Variable logits, ReadOnlySpan<float> target, ReadOnlySpan<float> weight = default)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (target.Length != logits.Count || (!weight.IsEmpty && weight.Length != logits.Count))
        {
            throw new ArgumentException($"{target.Length} targets and {weight.Length} weights for {logits.Count} logits; give one each", nameof(target));
        }

        Variable loss = LossNode.Record(logits, out Span<float> derivative);
        ReadOnlySpan<float> value = logits.Value;
        double sum = 0;
        float share = value.IsEmpty ? 0f : 1f / value.Length;
        for (int n = 0; n < value.Length; n++)
        {
            float x = value[n], small = MathF.Exp(-MathF.Abs(x)), factor = weight.IsEmpty ? share : share * weight[n];
            sum += factor * (Logistic.Softplus(x, small) - ((double)x * target[n]));
            derivative[n] = factor * Logistic.SigmoidMinus(x, small, target[n]);
        }

        loss.Value[0] = (float)sum;
        return loss;
    }
}
