namespace Segue.Evaluation.Metrics;

/// <summary>Metrics of predicted values, pair by pair; each reported figure is the mean over all pairs.</summary>
/// <remarks>Denominator: pairs (not users). No pair: nothing to report, the evaluator says so.</remarks>
public static class PredictionError
{
    /// <summary>Predictions are kept this far from 0 and 1 before their logarithm is taken.</summary>
    public const double LogLossFloor = 1e-15;

    /// <summary><c>mse</c>: (prediction − target)².</summary>
    public static double Squared(double predicted, double target) => (predicted - target) * (predicted - target);

    /// <summary><c>mae</c>: |prediction − target|.</summary>
    public static double Absolute(double predicted, double target) => Math.Abs(predicted - target);

    /// <summary><c>accuracy</c>: 1 where the prediction is on the target's side of one half (one half itself counts as 1), else 0.</summary>
    /// <param name="predicted">Any number.</param>
    /// <param name="target">0 or 1.</param>
    public static double Accuracy(double predicted, double target) => (predicted >= 0.5) == (target >= 0.5) ? 1.0 : 0.0;

    /// <summary><c>log-loss</c>: −t ln p − (1 − t) ln(1 − p), natural logarithm, p kept within [10⁻¹⁵, 1 − 10⁻¹⁵].</summary>
    /// <param name="predicted">A probability.</param>
    /// <param name="target">0 or 1.</param>
    public static double LogLoss(double predicted, double target)
    {
        double p = Math.Clamp(predicted, LogLossFloor, 1 - LogLossFloor);
        return target >= 0.5 ? -Math.Log(p) : -Math.Log(1 - p);
    }
}
