using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Segue.Numerics.Embedding;

/// <summary>
/// The innermost loops of <see cref="SkipGram"/>: all contexts of a centre against the centre and its negatives, as small matrix products.
/// </summary>
/// <remarks>
/// Contexts A (count × stride) stand one after the other; outputs B are pointers, padded to whole groups with a row of zeros. Sums of six outputs stay in
/// registers over all contexts, which 16 registers are enough for.
/// </remarks>
internal static unsafe class SkipGramWindow
{
    /// <summary>Outputs come in groups of so many.</summary>
    internal const int Group = 6;

    /// <summary>E = rate · (labels − σ(A Bᵀ)); context steps += E B; output steps = Eᵀ A.</summary>
    /// <param name="path">Which loops.</param>
    /// <param name="contexts">A.</param>
    /// <param name="count">Rows of A.</param>
    /// <param name="skip">The row of A that is the centre itself: its errors are 0.</param>
    /// <param name="outputs">Rows of B: the centre, whose label is 1, negatives, whose label is 0, then rows of zeros up to a whole group.</param>
    /// <param name="used">Rows of B before the zeros.</param>
    /// <param name="stride">Floats from row to row, a multiple of 16.</param>
    /// <param name="rate">Step size.</param>
    /// <param name="errors">Scratch, (count + 1) × padded outputs.</param>
    /// <param name="contextSteps">As A.</param>
    /// <param name="outputSteps">One row an output, the padding included.</param>
    /// <param name="norms">|a|² of every context.</param>
    /// <param name="contextForce">One a context: Σ |E| |b|² is added, how far the steps can move its products.</param>
    /// <param name="outputForce">One an output: Σ |E| |a|².</param>
    internal static void Run(
        SimdPath path, float* contexts, int count, int skip, float** outputs, int used, int stride, float rate, float* errors, float* contextSteps, float** outputSteps,
        float* norms, float* contextForce, float* outputForce)
    {
        int padded = Padded(used);
        switch (path)
        {
            case SimdPath.Vector512:
                Products<Lanes512>(contexts, count, outputs, padded, stride, errors);
                break;
            case SimdPath.Vector256:
                Products<Lanes256>(contexts, count, outputs, padded, stride, errors);
                break;
            case SimdPath.Vector128:
                Products<Lanes128>(contexts, count, outputs, padded, stride, errors);
                break;
            default:
                Products<Lane>(contexts, count, outputs, padded, stride, errors);
                break;
        }

        var all = new Span<float>(errors, count * padded);
        TensorPrimitives.Sigmoid(all, all);
        for (int n = 0; n < count; n++)
        {
            float* row = errors + (n * padded);
            row[0] = rate * (1 - row[0]);
            for (int k = 1; k < used; k++)
            {
                row[k] *= -rate;
            }

            for (int k = used; k < padded; k++)
            {
                row[k] = 0;
            }
        }

        all.Slice(skip * padded, padded).Clear();
        for (int k = 0; k < used; k++)
        {
            float norm = TensorPrimitives.SumOfSquares(new ReadOnlySpan<float>(outputs[k], stride)), force = 0;
            float* error = errors + k;
            for (int n = 0; n < count; n++)
            {
                float size = Math.Abs(*error);
                contextForce[n] += size * norm;
                force += size * norms[n];
                error += padded;
            }

            outputForce[k] = force;
        }

        switch (path)
        {
            case SimdPath.Vector512:
                Steps<Lanes512>(contexts, count, outputs, padded, stride, errors, contextSteps, outputSteps);
                break;
            case SimdPath.Vector256:
                Steps<Lanes256>(contexts, count, outputs, padded, stride, errors, contextSteps, outputSteps);
                break;
            case SimdPath.Vector128:
                Steps<Lanes128>(contexts, count, outputs, padded, stride, errors, contextSteps, outputSteps);
                break;
            default:
                Steps<Lane>(contexts, count, outputs, padded, stride, errors, contextSteps, outputSteps);
                break;
        }
    }

    /// <summary>The next whole number of groups.</summary>
    internal static int Padded(int outputs) => (outputs + Group - 1) / Group * Group;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Products<T>(float* contexts, int count, float** outputs, int padded, int stride, float* errors)
        where T : unmanaged, ILanes<T>
    {
        for (int n = 0; n < count; n += 2)
        {
            // The last of an odd number goes with itself, into the place after the last.
            float* a0 = contexts + (n * stride), a1 = n + 1 < count ? a0 + stride : a0;
            float* e0 = errors + (n * padded), e1 = e0 + padded;
            for (int k = 0; k < padded; k += 3)
            {
                float* b0 = outputs[k], b1 = outputs[k + 1], b2 = outputs[k + 2];
                T s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default;
                for (int i = 0; i < stride; i += T.Count)
                {
                    T x = T.Load(a0 + i), y = T.Load(a1 + i), b = T.Load(b0 + i);
                    s00 = T.MultiplyAdd(x, b, s00);
                    s10 = T.MultiplyAdd(y, b, s10);
                    b = T.Load(b1 + i);
                    s01 = T.MultiplyAdd(x, b, s01);
                    s11 = T.MultiplyAdd(y, b, s11);
                    b = T.Load(b2 + i);
                    s02 = T.MultiplyAdd(x, b, s02);
                    s12 = T.MultiplyAdd(y, b, s12);
                }

                (e0[k], e0[k + 1], e0[k + 2]) = (T.Sum(s00), T.Sum(s01), T.Sum(s02));
                (e1[k], e1[k + 1], e1[k + 2]) = (T.Sum(s10), T.Sum(s11), T.Sum(s12));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Steps<T>(
        float* contexts, int count, float** outputs, int padded, int stride, float* errors, float* contextSteps, float** outputSteps)
        where T : unmanaged, ILanes<T>
    {
        for (int k = 0; k < padded; k += Group)
        {
            for (int i = 0; i < stride; i += T.Count)
            {
                T b0 = T.Load(outputs[k] + i), b1 = T.Load(outputs[k + 1] + i), b2 = T.Load(outputs[k + 2] + i);
                T b3 = T.Load(outputs[k + 3] + i), b4 = T.Load(outputs[k + 4] + i), b5 = T.Load(outputs[k + 5] + i);
                T d0 = default, d1 = default, d2 = default, d3 = default, d4 = default, d5 = default;
                float* a = contexts + i, step = contextSteps + i, error = errors + k;
                for (int n = 0; n < count; n++)
                {
                    T x = T.Load(a), sum = T.Load(step);
                    T e = T.Create(error[0]);
                    sum = T.MultiplyAdd(e, b0, sum);
                    d0 = T.MultiplyAdd(e, x, d0);
                    e = T.Create(error[1]);
                    sum = T.MultiplyAdd(e, b1, sum);
                    d1 = T.MultiplyAdd(e, x, d1);
                    e = T.Create(error[2]);
                    sum = T.MultiplyAdd(e, b2, sum);
                    d2 = T.MultiplyAdd(e, x, d2);
                    e = T.Create(error[3]);
                    sum = T.MultiplyAdd(e, b3, sum);
                    d3 = T.MultiplyAdd(e, x, d3);
                    e = T.Create(error[4]);
                    sum = T.MultiplyAdd(e, b4, sum);
                    d4 = T.MultiplyAdd(e, x, d4);
                    e = T.Create(error[5]);
                    sum = T.MultiplyAdd(e, b5, sum);
                    d5 = T.MultiplyAdd(e, x, d5);
                    T.Store(sum, step);
                    a += stride;
                    step += stride;
                    error += padded;
                }

                T.Store(d0, outputSteps[k] + i);
                T.Store(d1, outputSteps[k + 1] + i);
                T.Store(d2, outputSteps[k + 2] + i);
                T.Store(d3, outputSteps[k + 3] + i);
                T.Store(d4, outputSteps[k + 4] + i);
                T.Store(d5, outputSteps[k + 5] + i);
            }
        }
    }

    /// <summary>A register of floats, so that one text of the loops serves every width.</summary>
    private interface ILanes<T>
        where T : unmanaged, ILanes<T>
    {
        static abstract int Count { get; }

        static abstract T Load(float* from);

        static abstract T Create(float value);

        static abstract void Store(T value, float* to);

        static abstract T MultiplyAdd(T x, T y, T sum);

        static abstract float Sum(T value);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Lanes512(Vector512<float> value) : ILanes<Lanes512>
    {
        private readonly Vector512<float> _value = value;

        public static int Count => 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes512 Load(float* from) => new(Vector512.Load(from));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes512 Create(float value) => new(Vector512.Create(value));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Lanes512 value, float* to) => Vector512.Store(value._value, to);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes512 MultiplyAdd(Lanes512 x, Lanes512 y, Lanes512 sum) => new(Vector512.FusedMultiplyAdd(x._value, y._value, sum._value));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Sum(Lanes512 value) => Vector512.Sum(value._value);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Lanes256(Vector256<float> value) : ILanes<Lanes256>
    {
        private readonly Vector256<float> _value = value;

        public static int Count => 8;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes256 Load(float* from) => new(Vector256.Load(from));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes256 Create(float value) => new(Vector256.Create(value));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Lanes256 value, float* to) => Vector256.Store(value._value, to);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes256 MultiplyAdd(Lanes256 x, Lanes256 y, Lanes256 sum) => new(Vector256.FusedMultiplyAdd(x._value, y._value, sum._value));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Sum(Lanes256 value) => Vector256.Sum(value._value);
    }

    // Product and sum rounded apart: not every processor with 128 bits fuses them.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Lanes128(Vector128<float> value) : ILanes<Lanes128>
    {
        private readonly Vector128<float> _value = value;

        public static int Count => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes128 Load(float* from) => new(Vector128.Load(from));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes128 Create(float value) => new(Vector128.Create(value));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Lanes128 value, float* to) => Vector128.Store(value._value, to);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Lanes128 MultiplyAdd(Lanes128 x, Lanes128 y, Lanes128 sum) => new((x._value * y._value) + sum._value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Sum(Lanes128 value) => Vector128.Sum(value._value);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Lane(float value) : ILanes<Lane>
    {
        private readonly float _value = value;

        public static int Count => 1;

        public static Lane Load(float* from) => new(*from);

        public static Lane Create(float value) => new(value);

        public static void Store(Lane value, float* to) => *to = value._value;

        public static Lane MultiplyAdd(Lane x, Lane y, Lane sum) => new((x._value * y._value) + sum._value);

        public static float Sum(Lane value) => value._value;
    }
}
