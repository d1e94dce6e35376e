using Segue.Neural.Autodiff;

namespace Segue.Neural.Losses;

/// <summary>Mean squared error.</summary>
public static class MeanSquaredError
{
    /// <summary>Mean of (prediction − target)² over all elements; 0 where there are none.</summary>
    /// <param name="prediction">Any matrix.</param>
    /// <param name="target">One value an element, row after row.</param>
    /// <exception cref="ArgumentException">Not one target an element.</exception>
    public static Variable SquaredError(this Variable prediction, ReadOnlySpan<float> target)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        if (target.Length != prediction.Count)
        {
            throw new ArgumentException($"{target.Length} targets for {prediction.Count} predictions; give one each", nameof(target));
        }

        Variable loss = LossNode.Record(prediction, out Span<float> derivative);
        ReadOnlySpan<float> value = prediction.Value;
        double sum = 0;
        float share = value.IsEmpty ? 0f : 1f / value.Length;
        for (int n = 0; n < value.Length; n++)
        {
            float difference = value[n] - target[n];
            sum += (double)difference * difference;
            derivative[n] = 2f * share * difference;
        }

        loss.Value[0] = (float)(sum * share);
        return loss;
    }
}
