using System.Numerics.Tensors;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Neural.Autodiff;

/// <summary>Attention over the edges of a graph.</summary>
public static class Attention
{
    private const int Chunk = 64;

    /// <summary>
    /// Row i is Σⱼ aᵢⱼ · row j of <paramref name="states"/> over the entries j of row i of <paramref name="places"/>, with
    /// aᵢⱼ = softmaxⱼ(leaky(receiverᵢ + senderⱼ)); a row without entries is 0.
    /// </summary>
    /// <param name="places">Who hears whom, receivers × senders; its values are not used.</param>
    /// <param name="receiver">One number a receiver.</param>
    /// <param name="sender">One number a sender.</param>
    /// <param name="states">Senders × columns.</param>
    /// <param name="slope">Slope of the leaky rectifier below 0.</param>
    /// <param name="dropout">Share of the aᵢⱼ set to 0, from 0 to below 1; the others grow by 1 / (1 − dropout).</param>
    /// <param name="rng">Draws which; needed where dropout is above 0.</param>
    /// <remarks>
    /// The attentions are worked out row by row and again in the backward pass instead of being kept: memory 4 · receivers · (columns + 2) bytes, and
    /// 8 bytes an entry while differentiating. 2 · entries · columns operations forward, twice that backward. Source: Veličković et al., "Graph attention
    /// networks", ICLR 2018, eq. 3 and 4.
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Attend(
        this SparseOperand places, Variable receiver, Variable sender, Variable states, float slope = 0.2f, float dropout = 0f, Rng? rng = null)
    {
        ArgumentNullException.ThrowIfNull(places);
        ArgumentNullException.ThrowIfNull(receiver);
        ArgumentNullException.ThrowIfNull(sender);
        ArgumentNullException.ThrowIfNull(states);
        CsrMatrix matrix = places.Matrix;
        if (receiver.Count != matrix.Rows || sender.Count != matrix.Columns || states.Rows != matrix.Columns)
        {
            throw new ArgumentException(
                $"{receiver.Rows} × {receiver.Columns} receivers, {sender.Rows} × {sender.Columns} senders and {states.Rows} states for a graph of "
                + $"{matrix.Rows} receivers and {matrix.Columns} senders; give one number each");
        }

        if (!(dropout >= 0f && dropout < 1f) || (dropout > 0f && rng is null))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), $"dropout {dropout}{(rng is null ? " without a generator" : "")}; give a share from 0 to below 1");
        }

        Variable y = states.Tape.Record(matrix.Rows, states.Columns, Backward, states, receiver, sender);
        y.Extra = new Settings(places, slope, dropout, dropout > 0f ? rng!.NextUInt64() : 0);
        unsafe
        {
            fixed (float* value = states.Value, receivers = receiver.Value, senders = sender.Value, output = y.Value)
            {
                var pass = new Pass((Settings)y.Extra, (nint)value, (nint)receivers, (nint)senders, (nint)output, y.Columns);
                Workers.Run(matrix.Rows, Chunk, y.Tape.Threads, in pass, static (in Pass p, int start, int end, int _) => Forward(in p, start, end));
            }
        }

        return y;
    }

    /// <summary>aᵢⱼ of a row before dropout.</summary>
    private static unsafe void Row(in Pass p, int row, Span<float> attention, out ReadOnlySpan<int> senders)
    {
        senders = p.Settings.Places.Matrix.RowColumns(row);
        float own = ((float*)p.Receiver)[row], largest = float.NegativeInfinity;
        for (int n = 0; n < senders.Length; n++)
        {
            float z = own + ((float*)p.Sender)[senders[n]];
            z = z > 0f ? z : p.Settings.Slope * z;
            attention[n] = z;
            largest = MathF.Max(largest, z);
        }

        attention = attention[..senders.Length];
        TensorPrimitives.Subtract(attention, largest, attention);
        TensorPrimitives.Exp(attention, attention);
        TensorPrimitives.Divide(attention, TensorPrimitives.Sum<float>(attention), attention);
    }

    private static unsafe void Forward(in Pass p, int start, int end)
    {
        CsrMatrix matrix = p.Settings.Places.Matrix;
        float[] scratch = Scratch(ref t_attention, matrix, start, end);
        for (int r = start; r < end; r++)
        {
            var sum = new Span<float>((float*)p.Output + ((nint)r * p.Columns), p.Columns);
            sum.Clear();
            if (matrix.RowLength(r) == 0)
            {
                continue;
            }

            Row(in p, r, scratch, out ReadOnlySpan<int> senders);
            for (int n = 0; n < senders.Length; n++)
            {
                float share = scratch[n] * p.Settings.Keep(matrix.RowStart[r] + n);
                if (share != 0f)
                {
                    TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>((float*)p.States + ((nint)senders[n] * p.Columns), p.Columns), share, sum, sum);
                }
            }
        }
    }

    private static unsafe void Backward(Variable y)
    {
        var settings = (Settings)y.Extra!;
        CsrMatrix matrix = settings.Places.Matrix;
        AlignedBuffer slopes = y.Tape.Rent(matrix.Count), shares = y.Tape.Rent(matrix.Count);
        Variable states = y.First!, receiver = y.Second!, sender = y.Third!;
        int columns = y.Columns;
        fixed (float* value = states.Value, receivers = receiver.Value, senders = sender.Value, gradient = y.OutputGradient, slope = slopes.Span, share = shares.Span)
        fixed (float* toReceiver = receiver.NeedsGradient ? receiver.AddTo() : default)
        {
            // By receivers: every entry's share in the sum, and the slope of the loss along its number before the softmax.
            var pass = new Pass(settings, (nint)value, (nint)receivers, (nint)senders, (nint)gradient, columns)
            {
                Slopes = (nint)slope,
                Shares = (nint)share,
                Target = (nint)toReceiver,
            };
            Workers.Run(matrix.Rows, Chunk, y.Tape.Threads, in pass, static (in Pass p, int start, int end, int _) => BackwardRows(in p, start, end));
            fixed (float* toStates = states.NeedsGradient ? states.AddTo() : default, toSender = sender.NeedsGradient ? sender.AddTo() : default)
            {
                pass = pass with { Target = (nint)toStates, Second = (nint)toSender };
                Workers.Run(matrix.Columns, Chunk, y.Tape.Threads, in pass, static (in Pass p, int start, int end, int _) => BackwardColumns(in p, start, end));
            }
        }

        y.Tape.Return(slopes);
        y.Tape.Return(shares);
    }

    private static unsafe void BackwardRows(in Pass p, int start, int end)
    {
        CsrMatrix matrix = p.Settings.Places.Matrix;
        float[] scratch = Scratch(ref t_attention, matrix, start, end);
        for (int r = start; r < end; r++)
        {
            if (matrix.RowLength(r) == 0)
            {
                continue;
            }

            int first = matrix.RowStart[r];
            Row(in p, r, scratch, out ReadOnlySpan<int> senders);
            var gradient = new ReadOnlySpan<float>((float*)p.Output + ((nint)r * p.Columns), p.Columns);
            float* slope = (float*)p.Slopes + first;
            float* share = (float*)p.Shares + first;
            double mean = 0;
            for (int n = 0; n < senders.Length; n++)
            {
                float keep = p.Settings.Keep(first + n);
                share[n] = scratch[n] * keep;
                slope[n] = keep == 0f ? 0f : keep * TensorPrimitives.Dot(
                    gradient, new ReadOnlySpan<float>((float*)p.States + ((nint)senders[n] * p.Columns), p.Columns));
                mean += (double)scratch[n] * slope[n];
            }

            float own = ((float*)p.Receiver)[r];
            double sum = 0;
            for (int n = 0; n < senders.Length; n++)
            {
                float z = own + ((float*)p.Sender)[senders[n]];
                slope[n] = scratch[n] * (slope[n] - (float)mean) * (z > 0f ? 1f : p.Settings.Slope);
                sum += slope[n];
            }

            if (p.Target != 0)
            {
                ((float*)p.Target)[r] += (float)sum;
            }
        }
    }

    private static unsafe void BackwardColumns(in Pass p, int start, int end)
    {
        CsrMatrix transpose = p.Settings.Places.Transpose;
        ReadOnlySpan<int> order = p.Settings.Places.TransposeOrder;
        for (int c = start; c < end; c++)
        {
            double slopes = 0;
            for (int n = transpose.RowStart[c]; n < transpose.RowStart[c + 1]; n++)
            {
                int entry = order[n];
                slopes += ((float*)p.Slopes)[entry];
                float share = ((float*)p.Shares)[entry];
                if (p.Target != 0 && share != 0f)
                {
                    var sum = new Span<float>((float*)p.Target + ((nint)c * p.Columns), p.Columns);
                    TensorPrimitives.MultiplyAdd(
                        new ReadOnlySpan<float>((float*)p.Output + ((nint)transpose.ColumnIndex[n] * p.Columns), p.Columns), share, sum, sum);
                }
            }

            if (p.Second != 0)
            {
                ((float*)p.Second)[c] += (float)slopes;
            }
        }
    }

    [ThreadStatic]
    private static float[]? t_attention;

    private static float[] Scratch(ref float[]? scratch, CsrMatrix matrix, int start, int end)
    {
        int longest = 0;
        for (int r = start; r < end; r++)
        {
            longest = Math.Max(longest, matrix.RowLength(r));
        }

        return scratch is not null && scratch.Length >= longest ? scratch : scratch = new float[Math.Max(64, longest)];
    }

    private sealed class Settings(SparseOperand places, float slope, float dropout, ulong seed)
    {
        private readonly float _scale = 1f / (1f - dropout);
        private readonly uint _threshold = (uint)(dropout * uint.MaxValue);

        public SparseOperand Places { get; } = places;

        public float Slope { get; } = slope;

        /// <summary>0 or what the entry grows by: a hash of seed and entry, so that it can be asked again and by any thread.</summary>
        public float Keep(int entry)
        {
            if (_threshold == 0)
            {
                return 1f;
            }

            ulong z = seed + ((ulong)(uint)entry * 0x9E3779B97F4A7C15UL);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return (uint)(z >> 32) >= _threshold ? _scale : 0f;
        }
    }

    private readonly record struct Pass(Settings Settings, nint States, nint Receiver, nint Sender, nint Output, int Columns)
    {
        public nint Slopes { get; init; }

        public nint Shares { get; init; }

        public nint Target { get; init; }

        public nint Second { get; init; }
    }
}
