using System.Numerics.Tensors;

namespace Segue.Models.Hybrid;

/// <summary>The vector of an unknown listener under a trained dot-product model: a logistic regression on fixed item vectors.</summary>
internal static class LogisticListener
{
    private const int NewtonSteps = 8, ConjugateSteps = 24, Halvings = 12;

    /// <summary>
    /// Minimises Σ cₙ [ln(1 + e^sₙ) − tₙ sₙ] + λ/2 ‖w − w₀‖² over w, with sₙ = w·xₙ + bₙ, by Newton's method, each step by conjugate
    /// gradients and halved where it would go too far.
    /// </summary>
    /// <param name="rows">xₙ, count × size.</param>
    /// <param name="offsets">bₙ.</param>
    /// <param name="targets">tₙ, 0 or 1.</param>
    /// <param name="weights">cₙ.</param>
    /// <param name="regularization">λ, above 0.</param>
    /// <param name="prior">w₀, size.</param>
    /// <param name="vector">Output w, size.</param>
    /// <param name="pulls">
    /// Output, one a row: cₙ (tₙ − σ(sₙ)) / λ. At the minimum w = w₀ + Σ pullₙ xₙ, so that every row's part of a score is known.
    /// </param>
    public static void Solve(
        ReadOnlySpan<float> rows, ReadOnlySpan<float> offsets, ReadOnlySpan<float> targets, ReadOnlySpan<float> weights,
        float regularization, ReadOnlySpan<float> prior, Span<float> vector, Span<float> pulls)
    {
        int size = prior.Length, count = targets.Length, halved = 0;
        prior.CopyTo(vector);
        float[] curvature = new float[count], gradient = new float[size], step = new float[size], residual = new float[size];
        float[] direction = new float[size], product = new float[size];
        double least = double.PositiveInfinity;
        for (int newton = 0; newton <= NewtonSteps; newton++)
        {
            TensorPrimitives.Subtract(prior, vector, gradient);
            double objective = 0.5 * regularization * TensorPrimitives.SumOfSquares<float>(gradient);
            TensorPrimitives.Multiply(gradient, regularization, gradient);
            for (int n = 0; n < count; n++)
            {
                ReadOnlySpan<float> x = rows.Slice(n * size, size);
                float score = TensorPrimitives.Dot(x, vector) + offsets[n], small = MathF.Exp(-MathF.Min(MathF.Abs(score), 80f));
                float probability = score >= 0f ? 1f / (1f + small) : small / (1f + small);
                float slope = weights[n] * (targets[n] - probability);
                objective += weights[n] * (Math.Max(score, 0f) + MathF.Log(1f + small) - (targets[n] * score));
                curvature[n] = weights[n] * probability * (1f - probability);
                pulls[n] = slope / regularization;
                TensorPrimitives.MultiplyAdd(x, slope, gradient, gradient);
            }

            // Far from the minimum the quadratic model can overshoot, most of all where a start is so sure of itself that nothing bends.
            if (objective > least + (1e-6 * Math.Abs(least)) && halved < Halvings)
            {
                TensorPrimitives.Multiply(step, 0.5f, step);
                TensorPrimitives.Subtract(vector, step, vector);
                halved++;
                newton--;
                continue;
            }

            (least, halved) = (objective, 0);

            // The last round only brings the pulls up to date.
            if (newton == NewtonSteps || TensorPrimitives.Norm<float>(gradient) < 1e-6f * (1f + regularization))
            {
                return;
            }

            Array.Clear(step);
            gradient.CopyTo(residual, 0);
            residual.CopyTo(direction, 0);
            float squared = TensorPrimitives.SumOfSquares<float>(residual);
            float enough = 1e-8f * squared;
            for (int k = 0; k < Math.Min(ConjugateSteps, size) && squared > enough; k++)
            {
                TensorPrimitives.Multiply(direction, regularization, product);
                for (int n = 0; n < count; n++)
                {
                    ReadOnlySpan<float> x = rows.Slice(n * size, size);
                    TensorPrimitives.MultiplyAdd(x, curvature[n] * TensorPrimitives.Dot<float>(x, direction), product, product);
                }

                float length = squared / TensorPrimitives.Dot<float>(direction, product);
                TensorPrimitives.MultiplyAdd(direction, length, step, step);
                TensorPrimitives.MultiplyAdd(product, -length, residual, residual);
                float next = TensorPrimitives.SumOfSquares<float>(residual);
                TensorPrimitives.MultiplyAdd(direction, next / squared, residual, direction);
                squared = next;
            }

            TensorPrimitives.Add(vector, step, vector);
        }
    }
}
