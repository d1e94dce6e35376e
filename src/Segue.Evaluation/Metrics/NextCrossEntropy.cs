namespace Segue.Evaluation.Metrics;

/// <summary>How much of its belief a model gave to what came next.</summary>
/// <remarks>Scores are taken for logits, which those of models trained by a softmax are; those of other models are on a scale of their own, and the figure says little about them.</remarks>
public static class NextCrossEntropy
{
    /// <summary>The share of an item without score.</summary>
    public const double Least = 1e-12;

    /// <summary>−ln (e^score of the item / Σ e^score), in nats.</summary>
    /// <param name="scores">One an item; NaN and −∞ are no candidates.</param>
    /// <param name="item">What came next.</param>
    /// <param name="candidates">How many there were to guess from, for where nothing has a score.</param>
    /// <returns>At most −ln <see cref="Least"/>; ln of <paramref name="candidates"/> where nothing has a score.</returns>
    public static double Of(ReadOnlySpan<float> scores, int item, int candidates)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float score in scores)
        {
            largest = float.IsNaN(score) ? largest : Math.Max(largest, score);
        }

        if (double.IsNegativeInfinity(largest))
        {
            return Math.Log(Math.Max(1, candidates));
        }

        foreach (float score in scores)
        {
            sum += float.IsNaN(score) ? 0 : Math.Exp(score - largest);
        }

        double share = float.IsNaN(scores[item]) ? 0 : Math.Exp(scores[item] - largest) / sum;
        return -Math.Log(Math.Max(Least, share));
    }
}
