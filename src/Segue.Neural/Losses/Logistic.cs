namespace Segue.Neural.Losses;

/// <summary>Pieces of the logistic function that keep all digits far from 0.</summary>
internal static class Logistic
{
    /// <summary>ln(1 + eˣ) from x and e^−|x|.</summary>
    /// <remarks>ln(1 + s) without the digits of s that 1 + s loses: Goldberg, ACM Computing Surveys 1991, theorem 4.</remarks>
    public static double Softplus(float x, float small)
    {
        float rounded = 1f + small;
        return Math.Max(x, 0.0) + (rounded == 1f ? small : MathF.Log(rounded) * small / (rounded - 1f));
    }

    /// <summary>σ(x) − target from e^−|x|; exact to the last digits also where both are nearly 1.</summary>
    public static float SigmoidMinus(float x, float small, float target) =>
        x >= 0f ? 1f - target - (small / (1f + small)) : (small / (1f + small)) - target;
}
