using System.Numerics.Tensors;
using Segue.Neural.Autodiff;

namespace Segue.Neural.Losses;

/// <summary>A loss whose derivative is worked out together with its value, and kept until it is asked for.</summary>
internal static class LossNode
{
    /// <summary>A 1 × 1 result of <paramref name="x"/> with room for its derivative in <see cref="Variable.Saved"/>.</summary>
    public static Variable Record(Variable x, out Span<float> derivative)
    {
        Variable loss = x.Tape.Record(1, 1, Backward, x);
        loss.Saved = x.Tape.Rent(x.Count);
        derivative = loss.Saved.Span[..x.Count];
        return loss;
    }

    private static void Backward(Variable loss)
    {
        Variable x = loss.First!;
        if (x.NeedsGradient)
        {
            Span<float> target = x.AddTo();
            TensorPrimitives.MultiplyAdd(loss.Saved!.Span[..x.Count], loss.OutputGradient[0], target, target);
        }
    }
}
