using System.Numerics;
using System.Runtime.InteropServices;
using Segue.Neural.Autodiff;
using Segue.Numerics;

namespace Segue.Neural.Optimizers;

/// <summary>What weight decay means to <see cref="Adam"/>.</summary>
public enum Decay
{
    /// <summary>λ w is added to the gradient, and so scaled like it: Adam with L2 regularization.</summary>
    Gradient,

    /// <summary>Every value shrinks by 1 − η λ beside the step: AdamW.</summary>
    Decoupled,
}

/// <summary>Adam and AdamW; for row-sparse parameters the lazy form.</summary>
/// <remarks>
/// <para>
/// m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; w ← w − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
/// Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; decoupled decay: Loshchilov and Hutter, ICLR 2019,
/// algorithm 2.
/// </para>
/// <para>
/// Lazy: in a row-sparse parameter the moments of rows without a gradient stay as they are and the rows do not move nor decay, while t counts all
/// steps; a step costs what the touched rows cost. Memory: 8 bytes a value. 28 bytes of traffic a value and step.
/// </para>
/// </remarks>
public sealed class Adam : Optimizer
{
    private const int Chunk = 1 << 14;

    private readonly double _beta1, _beta2, _epsilon;
    private readonly Decay _decay;
    private readonly int _threads;
    private readonly float[][] _first, _second;

    /// <summary>Adam.</summary>
    /// <param name="parameters">What is learned.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="weightDecay">λ.</param>
    /// <param name="decay">What λ means.</param>
    /// <param name="beta1">β₁, from 0 to below 1.</param>
    /// <param name="beta2">β₂, from 0 to below 1.</param>
    /// <param name="epsilon">ε, above 0.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    public Adam(
        IEnumerable<Parameter> parameters, double learningRate = 0.001, double weightDecay = 0, Decay decay = Decay.Gradient,
        double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, int threads = 1)
        : base(parameters, learningRate, weightDecay)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(beta1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(beta1, 1.0);
        ArgumentOutOfRangeException.ThrowIfNegative(beta2);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(beta2, 1.0);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        (_beta1, _beta2, _epsilon, _decay, _threads) = (beta1, beta2, epsilon, decay, threads);
        _first = [.. Parameters.Select(p => new float[p.Value.Length])];
        _second = [.. Parameters.Select(p => new float[p.Value.Length])];
    }

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, float[]>> State =>
    [
        .. Parameters.Select((p, n) => new KeyValuePair<string, float[]>($"{p.Name}.first_moment", _first[n])),
        .. Parameters.Select((p, n) => new KeyValuePair<string, float[]>($"{p.Name}.second_moment", _second[n])),
    ];

    /// <inheritdoc/>
    protected override void Update(int index, Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        // 1 − β is taken before it is rounded: 1 − 0.999f has four digits of 0.001.
        double rate = LearningRate * parameter.RateFactor;
        var step = new Coefficients(
            (float)_beta1, (float)(1 - _beta1), (float)_beta2, (float)(1 - _beta2), (float)(rate / (1 - Math.Pow(_beta1, Steps))),
            (float)(1 / Math.Sqrt(1 - Math.Pow(_beta2, Steps))), (float)_epsilon,
            _decay == Decay.Gradient ? (float)WeightDecay : 0f, _decay == Decay.Decoupled ? (float)(1 - (rate * WeightDecay)) : 1f);
        int columns = parameter.Columns;
        if (parameter.IsRowSparse)
        {
            Workers.Run(
                parameter.TouchedRows.Length, Math.Max(1, Chunk / Math.Max(1, columns)), _threads,
                (parameter, _first[index], _second[index], step),
                static (in (Parameter Parameter, float[] First, float[] Second, Coefficients Step) w, int start, int end, int _) =>
                {
                    int size = w.Parameter.Columns;
                    foreach (int row in w.Parameter.TouchedRows[start..end])
                    {
                        int from = row * size;
                        Move(
                            w.Parameter.Value.Slice(from, size), w.Parameter.Gradient.Slice(from, size), w.First.AsSpan(from, size),
                            w.Second.AsSpan(from, size), in w.Step);
                    }
                });
            return;
        }

        Workers.Run(
            parameter.Value.Length, Chunk, _threads, (parameter, _first[index], _second[index], step),
            static (in (Parameter Parameter, float[] First, float[] Second, Coefficients Step) w, int start, int end, int _) => Move(
                w.Parameter.Value[start..end], w.Parameter.Gradient[start..end], w.First.AsSpan(start..end), w.Second.AsSpan(start..end), in w.Step));
    }

    private static void Move(Span<float> value, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, in Coefficients step)
    {
        int width = Vector<float>.Count, n = 0;
        ref float w = ref MemoryMarshal.GetReference(value), g = ref MemoryMarshal.GetReference(gradient);
        ref float m = ref MemoryMarshal.GetReference(first), v = ref MemoryMarshal.GetReference(second);
        for (; n + width <= value.Length; n += width)
        {
            Vector<float> x = Vector.LoadUnsafe(ref w, (nuint)n);
            Vector<float> slope = Vector.LoadUnsafe(ref g, (nuint)n) + (x * step.Decay);
            Vector<float> mean = (Vector.LoadUnsafe(ref m, (nuint)n) * step.Beta1) + (slope * step.Gain1);
            Vector<float> square = (Vector.LoadUnsafe(ref v, (nuint)n) * step.Beta2) + (slope * slope * step.Gain2);
            mean.StoreUnsafe(ref m, (nuint)n);
            square.StoreUnsafe(ref v, (nuint)n);
            Vector<float> length = (Vector.SquareRoot(square) * step.Correction) + new Vector<float>(step.Epsilon);
            ((x * step.Shrink) - (mean * step.Rate / length)).StoreUnsafe(ref w, (nuint)n);
        }

        for (; n < value.Length; n++)
        {
            float slope = gradient[n] + (value[n] * step.Decay);
            first[n] = (first[n] * step.Beta1) + (slope * step.Gain1);
            second[n] = (second[n] * step.Beta2) + (slope * slope * step.Gain2);
            value[n] = (value[n] * step.Shrink) - (first[n] * step.Rate / ((MathF.Sqrt(second[n]) * step.Correction) + step.Epsilon));
        }
    }

    private readonly record struct Coefficients(
        float Beta1, float Gain1, float Beta2, float Gain2, float Rate, float Correction, float Epsilon, float Decay, float Shrink);
}
