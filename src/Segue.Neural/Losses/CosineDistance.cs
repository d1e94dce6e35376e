using Segue.Neural.Autodiff;

namespace Segue.Neural.Losses;

/// <summary>Cosine loss.</summary>
public static class CosineDistance
{
    /// <summary>Mean over rows of 1 − a·b / (‖a‖ ‖b‖); a zero row counts 1 and gets no gradient. 0 where there are no rows.</summary>
    /// <param name="a">Rows × columns.</param>
    /// <param name="b">Rows × columns.</param>
    /// <remarks>De Boom et al., "Large-scale user modeling with recurrent neural networks", MTAP 2018, the loss L_cos.</remarks>
    /// <exception cref="ArgumentException">The matrices differ in size.</exception>
    public static Variable CosineLoss(this Variable a, Variable b) =>
        a.NormalizeRows(1e-8f).RowDot(b.NormalizeRows(1e-8f)).Scale(-1f).Add(1f).Mean();
}
