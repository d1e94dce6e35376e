using System.Numerics;
using System.Numerics.Tensors;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Autodiff;

/// <summary>Functions of single elements and of rows.</summary>
public static class Activations
{
    /// <summary>max(x, 0); the gradient at 0 is 0.</summary>
    public static Variable Relu(this Variable x) => Unary<ReluMap>(x, static y => Through<ReluGradient>(y, y.Value, 0f));

    /// <summary>x where positive, slope · x elsewhere (Maas, Hannun and Ng, ICML 2013 workshop).</summary>
    /// <param name="x">Any matrix.</param>
    /// <param name="slope">Slope below 0; at least 0.</param>
    public static Variable LeakyRelu(this Variable x, float slope = 0.01f)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentOutOfRangeException.ThrowIfNegative(slope);
        Variable y = x.Tape.Record(x.Rows, x.Columns, static y => Through<LeakyGradient>(y, y.First!.Value, y.Factor), x);
        y.Factor = slope;
        ReadOnlySpan<float> source = x.Value;
        Span<float> target = y.Value;
        for (int n = 0; n < source.Length; n++)
        {
            target[n] = source[n] > 0f ? source[n] : slope * source[n];
        }

        return y;
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    public static Variable Sigmoid(this Variable x) => Unary<SigmoidMap>(x, static y => Through<SigmoidGradient>(y, y.Value, 0f));

    /// <summary>Hyperbolic tangent.</summary>
    public static Variable Tanh(this Variable x) => Unary<TanhMap>(x, static y => Through<TanhGradient>(y, y.Value, 0f));

    /// <summary>eˣ.</summary>
    public static Variable Exp(this Variable x) => Unary<ExpMap>(x, static y => Through<TimesGradient>(y, y.Value, 1f));

    /// <summary>Natural logarithm; −∞ at 0 and NaN below.</summary>
    public static Variable Log(this Variable x) => Unary<LogMap>(x, static y => Through<OverGradient>(y, y.First!.Value, 1f));

    /// <summary>x².</summary>
    public static Variable Square(this Variable x) => Unary<SquareMap>(x, static y => Through<TimesGradient>(y, y.First!.Value, 2f));

    /// <summary>Every row as probabilities: e^x divided by its sum over the row; large values do not overflow.</summary>
    public static Variable Softmax(this Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Variable y = x.Tape.Record(x.Rows, x.Columns, SoftmaxBackward, x);
        for (int r = 0; r < x.Rows; r++)
        {
            SoftmaxOf(x.Row(r), y.Row(r));
        }

        return y;
    }

    /// <summary>Sets a random share of the elements to 0 and scales the rest by 1 / (1 − rate), so that the expected sum stays.</summary>
    /// <param name="x">Any matrix.</param>
    /// <param name="rate">Share set to 0, from 0 to below 1; with 0 the matrix itself comes back.</param>
    /// <param name="rng">Draws which.</param>
    /// <remarks>Srivastava et al., "Dropout", JMLR 2014. For training only: leave it out when predicting.</remarks>
    public static Variable Dropout(this Variable x, float rate, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(rng);
        if (!(rate >= 0f && rate < 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(rate), $"dropout {rate}; give a share from 0 to below 1");
        }

        if (rate == 0f)
        {
            return x;
        }

        Variable y = x.Tape.Record(x.Rows, x.Columns, MaskBackward, x);
        AlignedBuffer mask = x.Tape.Rent(x.Count);
        y.Saved = mask;
        Span<float> keep = mask.Span[..x.Count];
        rng.FillMask(keep, rate, 1f / (1f - rate));
        Kernels.Multiply(x.Value, keep, y.Value, add: false, x.Tape.Threads);
        return y;
    }

    internal static void SoftmaxOf(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.IsEmpty)
        {
            return;
        }

        TensorPrimitives.Subtract(x, TensorPrimitives.Max(x), y);
        TensorPrimitives.Exp(y, y);
        TensorPrimitives.Divide(y, TensorPrimitives.Sum<float>(y), y);
    }

    /// <summary>target += y ⊙ (g − Σ g y): what a softmax hands back.</summary>
    internal static void AddSoftmaxGradient(ReadOnlySpan<float> y, ReadOnlySpan<float> gradient, Span<float> target)
    {
        float mean = TensorPrimitives.Dot(y, gradient);
        for (int n = 0; n < y.Length; n++)
        {
            target[n] += y[n] * (gradient[n] - mean);
        }
    }

    /// <summary>Adds gradient · factor to the only input.</summary>
    internal static void MaskBackward(Variable y)
    {
        if (y.First!.NeedsGradient)
        {
            Span<float> target = y.First.WriteTo(out bool add);
            Kernels.Multiply(y.OutputGradient, y.Saved!.Span[..y.Count], target, add, y.Tape.Threads);
        }
    }

    private static Variable Unary<TMap>(Variable x, Action<Variable> backward)
        where TMap : struct, IMap
    {
        ArgumentNullException.ThrowIfNull(x);
        Variable y = x.Tape.Record(x.Rows, x.Columns, backward, x);
        Kernels.Map<TMap>(x.Value, y.Value, x.Tape.Threads);
        return y;
    }

    private static void Through<TMap>(Variable y, ReadOnlySpan<float> kept, float factor)
        where TMap : struct, IGradientMap
    {
        if (y.First!.NeedsGradient)
        {
            Kernels.AddMapped<TMap>(y.OutputGradient, kept, y.First.AddTo(), factor, y.Tape.Threads);
        }
    }

    private static void SoftmaxBackward(Variable y)
    {
        if (!y.First!.NeedsGradient)
        {
            return;
        }

        Span<float> target = y.First.AddTo();
        ReadOnlySpan<float> gradient = y.OutputGradient;
        for (int r = 0; r < y.Rows; r++)
        {
            AddSoftmaxGradient(y.Row(r), gradient.Slice(r * y.Columns, y.Columns), target.Slice(r * y.Columns, y.Columns));
        }
    }

    private readonly struct ReluMap : IMap
    {
        public static void Apply(ReadOnlySpan<float> x, Span<float> output) => TensorPrimitives.Max(x, 0f, output);
    }

    private readonly struct SigmoidMap : IMap
    {
        public static void Apply(ReadOnlySpan<float> x, Span<float> output) => TensorPrimitives.Sigmoid(x, output);
    }

    private readonly struct TanhMap : IMap
    {
        public static void Apply(ReadOnlySpan<float> x, Span<float> output) => TensorPrimitives.Tanh(x, output);
    }

    internal readonly struct ExpMap : IMap
    {
        public static void Apply(ReadOnlySpan<float> x, Span<float> output) => TensorPrimitives.Exp(x, output);
    }

    private readonly struct LogMap : IMap
    {
        public static void Apply(ReadOnlySpan<float> x, Span<float> output) => TensorPrimitives.Log(x, output);
    }

    private readonly struct SquareMap : IMap
    {
        public static void Apply(ReadOnlySpan<float> x, Span<float> output) => TensorPrimitives.Multiply(x, x, output);
    }

    private readonly struct ReluGradient : IGradientMap
    {
        public static Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor) =>
            Vector.ConditionalSelect(Vector.GreaterThan(kept, Vector<float>.Zero), gradient, Vector<float>.Zero);
    }

    private readonly struct LeakyGradient : IGradientMap
    {
        public static Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor) =>
            Vector.ConditionalSelect(Vector.GreaterThan(kept, Vector<float>.Zero), gradient, gradient * factor);
    }

    private readonly struct SigmoidGradient : IGradientMap
    {
        public static Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor) =>
            gradient * kept * (Vector<float>.One - kept);
    }

    private readonly struct TanhGradient : IGradientMap
    {
        public static Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor) =>
            gradient * (Vector<float>.One - (kept * kept));
    }

    private readonly struct TimesGradient : IGradientMap
    {
        public static Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor) => gradient * kept * factor;
    }

    private readonly struct OverGradient : IGradientMap
    {
        public static Vector<float> Of(Vector<float> gradient, Vector<float> kept, Vector<float> factor) => gradient / kept * factor;
    }
}
