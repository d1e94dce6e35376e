using System.Numerics.Tensors;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Neural.Autodiff;

/// <summary>Attention of the rows of a sequence to those before them.</summary>
public static unsafe class CausalAttention
{
    /// <summary>
    /// For every sequence and head: softmax(Q Kᵀ / √width) V, where a row attends to itself and the rows before it in its sequence only.
    /// </summary>
    /// <param name="x">Rows × 3 columns: queries, keys and values side by side, the columns of a head next to one another in each.</param>
    /// <param name="starts">Start of every sequence and, last, the number of rows.</param>
    /// <param name="heads">Heads; the columns must divide by it, width is columns / heads.</param>
    /// <param name="dropout">Share of the attentions set to 0 in training, the rest scaled by 1 / (1 − dropout).</param>
    /// <param name="rng">Draws the dropout; needed where there is some.</param>
    /// <returns>Rows × columns, the heads side by side.</returns>
    /// <remarks>
    /// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.2. Sequences of any lengths, without padding; one node. Every sequence is worked on by itself, so results do not
    /// depend on the number of threads. 2 · Σ length² · columns operations forward, twice that backward; keeps Σ length² · heads attentions.
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable AttendCausally(this Variable x, ReadOnlyMemory<int> starts, int heads = 1, float dropout = 0f, Rng? rng = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        Shapes.RequireStarts(starts.Span, x.Rows, "rows");
        if (x.Columns % (3 * heads) != 0)
        {
            throw new ArgumentException($"{x.Columns} columns are not queries, keys and values of {heads} heads of one width; give a multiple of {3 * heads}", nameof(x));
        }

        if (!(dropout >= 0f && dropout < 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), $"dropout {dropout}; give a share from 0 to below 1");
        }

        int columns = x.Columns / 3, sequences = starts.Length - 1;
        Variable y = x.Tape.Record(x.Rows, columns, Backward, x);
        y.Starts = starts;
        y.Offset = heads;
        y.Factor = dropout;
        Plan plan = Plan.Of(starts.Span, heads);
        y.Extra = plan;

        // Attentions, then with dropout what each is multiplied by.
        int kept = dropout > 0f ? 2 * plan.Attentions : plan.Attentions;
        y.Saved = x.Tape.Rent(kept);
        if (dropout > 0f)
        {
            ArgumentNullException.ThrowIfNull(rng);
            rng.FillMask(y.Saved.Span[plan.Attentions..kept], dropout, 1f / (1f - dropout));
        }

        AlignedBuffer scratch = x.Tape.Rent(plan.Scratch(columns / heads, x.Tape.Threads));
        fixed (float* from = x.Value, to = y.Value)
        {
            var pass = new Pass((nint)from, (nint)to, (nint)y.Saved.Pointer, (nint)scratch.Pointer, 0, columns, heads, dropout > 0f, false, starts, plan);
            Workers.Run(sequences, 1, x.Rows * columns < Kernels.Large / 8 ? 1 : x.Tape.Threads, in pass, static (in Pass p, int start, int _, int worker) => Forward(in p, start, worker));
        }

        x.Tape.Return(scratch);
        return y;
    }

    private static void Forward(in Pass p, int sequence, int worker)
    {
        (int first, int length) = p.RowsOf(sequence);
        if (length == 0 || p.Columns == 0)
        {
            return;
        }

        int width = p.Columns / p.Heads, wide = 3 * p.Columns, padded = Plan.Padded(length);
        Span<float> scratch = p.ScratchOf(worker);
        Span<float> query = Take(ref scratch, padded * width), key = Take(ref scratch, padded * width), value = Take(ref scratch, padded * width);
        Span<float> output = Take(ref scratch, padded * width), score = Take(ref scratch, padded * padded), dropped = Take(ref scratch, padded * padded)[..(length * length)];
        query = query[..(length * width)];
        value = value[..(length * width)];
        output = output[..(length * width)];
        score = score[..(length * padded)];
        float scale = 1f / MathF.Sqrt(width);
        var rows = new ReadOnlySpan<float>((float*)p.X + ((nint)first * wide), length * wide);
        var target = new Span<float>((float*)p.Y + ((nint)first * p.Columns), length * p.Columns);
        for (int head = 0; head < p.Heads; head++)
        {
            Copy(rows, head * width, wide, query, width);
            Turn(rows, p.Columns + (head * width), wide, key, width, length);
            Copy(rows, (2 * p.Columns) + (head * width), wide, value, width);
            Span<float> attention = p.Attention(sequence, head, length);
            Gemm.Multiply(query, key, score, length, padded, width);
            for (int r = 0; r < length; r++)
            {
                Span<float> row = attention.Slice(r * length, length), open = row[..(r + 1)];
                row[(r + 1)..].Clear();
                TensorPrimitives.Multiply(score.Slice(r * padded, r + 1), scale, open);
                Activations.SoftmaxOf(open, open);
            }

            if (p.IsDropped)
            {
                TensorPrimitives.Multiply(attention, p.Mask(sequence, head, length), dropped);
            }

            Gemm.Multiply(p.IsDropped ? dropped : attention, value, output, length, width, length);
            for (int r = 0; r < length; r++)
            {
                output.Slice(r * width, width).CopyTo(target[((r * p.Columns) + (head * width))..]);
            }
        }
    }

    private static void Backward(Variable y)
    {
        Variable x = y.First!;
        if (!x.NeedsGradient)
        {
            return;
        }

        var plan = (Plan)y.Extra!;
        int columns = y.Columns, heads = y.Offset;
        AlignedBuffer scratch = y.Tape.Rent(plan.Scratch(columns / heads, y.Tape.Threads));
        Span<float> target = x.WriteTo(out bool add);
        fixed (float* from = x.Value, slope = y.OutputGradient, to = target)
        {
            var pass = new Pass((nint)from, (nint)slope, (nint)y.Saved!.Pointer, (nint)scratch.Pointer, (nint)to, columns, heads, y.Factor > 0f, add, y.Starts, plan);
            Workers.Run(
                y.Starts.Length - 1, 1, y.Count < Kernels.Large / 8 ? 1 : y.Tape.Threads, in pass, static (in Pass p, int start, int _, int worker) => Backward(in p, start, worker));
        }

        y.Tape.Return(scratch);
    }

    private static void Backward(in Pass p, int sequence, int worker)
    {
        (int first, int length) = p.RowsOf(sequence);
        if (length == 0 || p.Columns == 0)
        {
            return;
        }

        int width = p.Columns / p.Heads, wide = 3 * p.Columns, padded = Plan.Padded(length);
        Span<float> scratch = p.ScratchOf(worker);
        Span<float> one = Take(ref scratch, padded * width), slope = Take(ref scratch, padded * width), result = Take(ref scratch, padded * width);
        Span<float> turned = Take(ref scratch, padded * width), error = Take(ref scratch, padded * padded)[..(length * padded)];
        Span<float> dropped = Take(ref scratch, padded * padded)[..(length * padded)];
        slope = slope[..(length * width)];
        one.Clear();
        Span<float> filled = one[..(length * width)], ofRows = result[..(length * width)];
        float scale = 1f / MathF.Sqrt(width);
        var rows = new ReadOnlySpan<float>((float*)p.X + ((nint)first * wide), length * wide);
        var slopes = new ReadOnlySpan<float>((float*)p.Y + ((nint)first * p.Columns), length * p.Columns);
        var target = new Span<float>((float*)p.Target + ((nint)first * wide), length * wide);
        for (int head = 0; head < p.Heads; head++)
        {
            Span<float> attention = p.Attention(sequence, head, length);
            Copy(slopes, head * width, p.Columns, slope, width);
            for (int r = 0; r < length; r++)
            {
                Span<float> row = dropped.Slice(r * padded, padded);
                ReadOnlySpan<float> weights = attention.Slice(r * length, length);
                row[length..].Clear();
                if (p.IsDropped)
                {
                    TensorPrimitives.Multiply(weights, p.Mask(sequence, head, length).Slice(r * length, length), row);
                }
                else
                {
                    weights.CopyTo(row);
                }
            }

            // Values: Aᵀ G. The columns beyond the length give rows that nobody reads.
            Gemm.TransposeMultiply(dropped, slope, result, padded, width, length);
            Put(ofRows, target, (2 * p.Columns) + (head * width), wide, width, p.Add);

            // Attentions: G Vᵀ, through dropout and softmax.
            Turn(rows, (2 * p.Columns) + (head * width), wide, turned, width, length);
            Gemm.Multiply(slope, turned, error, length, padded, width);
            for (int r = 0; r < length; r++)
            {
                Span<float> row = error.Slice(r * padded, padded), open = row[..(r + 1)];
                ReadOnlySpan<float> weights = attention.Slice(r * length, r + 1);
                row[(r + 1)..].Clear();
                if (p.IsDropped)
                {
                    TensorPrimitives.Multiply(open, p.Mask(sequence, head, length).Slice(r * length, r + 1), open);
                }

                TensorPrimitives.Subtract(open, TensorPrimitives.Dot(open, weights), open);
                TensorPrimitives.Multiply(open, weights, open);
                TensorPrimitives.Multiply(open, scale, open);
            }

            // The rows of keys beyond the length are zeros.
            Copy(rows, p.Columns + (head * width), wide, filled, width);
            Gemm.Multiply(error, one, ofRows, length, width, padded);
            Put(ofRows, target, head * width, wide, width, p.Add);
            Copy(rows, head * width, wide, filled, width);
            Gemm.TransposeMultiply(error, filled, result, padded, width, length);
            Put(ofRows, target, p.Columns + (head * width), wide, width, p.Add);
        }
    }

    private static Span<float> Take(ref Span<float> rest, int count)
    {
        Span<float> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    private static void Copy(ReadOnlySpan<float> source, int offset, int stride, Span<float> target, int width)
    {
        for (int r = 0; r * width < target.Length; r++)
        {
            source.Slice((r * stride) + offset, width).CopyTo(target[(r * width)..]);
        }
    }

    /// <summary>Some columns of all rows as rows of <see cref="Plan.Padded"/> values, zeros at the end, so that products need no panels.</summary>
    private static void Turn(ReadOnlySpan<float> source, int offset, int stride, Span<float> target, int width, int length)
    {
        int padded = Plan.Padded(length);
        fixed (float* from = source, to = target)
        {
            // Sixteen rows at a time: a line of the target is written while it is in the cache.
            for (int block = 0; block < padded; block += 16)
            {
                int rows = Math.Clamp(length - block, 0, 16);
                for (int k = 0; k < width; k++)
                {
                    float* column = from + ((nint)block * stride) + offset + k, line = to + ((nint)k * padded) + block;
                    for (int r = 0; r < rows; r++)
                    {
                        line[r] = column[(nint)r * stride];
                    }

                    new Span<float>(line + rows, 16 - rows).Clear();
                }
            }
        }
    }

    private static void Put(ReadOnlySpan<float> source, Span<float> target, int offset, int stride, int width, bool add)
    {
        for (int r = 0; r * width < source.Length; r++)
        {
            Span<float> row = target.Slice((r * stride) + offset, width);
            if (add)
            {
                TensorPrimitives.Add(row, source.Slice(r * width, width), row);
            }
            else
            {
                source.Slice(r * width, width).CopyTo(row);
            }
        }
    }

    /// <summary>Where the attentions of a sequence are kept.</summary>
    private sealed class Plan(int[] offset, int attentions, int longest)
    {
        public int[] Offset => offset;

        public int Attentions => attentions;

        public static Plan Of(ReadOnlySpan<int> starts, int heads)
        {
            var offset = new int[starts.Length];
            int longest = 0;
            for (int s = 0; s + 1 < starts.Length; s++)
            {
                long length = starts[s + 1] - starts[s], end = offset[s] + (length * length * heads);
                if (end > (Array.MaxLength - 16) / 2)
                {
                    throw new MatrixRoomException($"the attentions of {s + 1} sequences, of {length} rows here, are more than one array can hold; give fewer or shorter ones");
                }

                offset[s + 1] = (int)end;
                longest = Math.Max(longest, (int)length);
            }

            return new Plan(offset, offset[^1], longest);
        }

        /// <summary>Rows as the products take them.</summary>
        public static int Padded(int length) => (length + 15) & ~15;

        /// <summary>Values a worker needs.</summary>
        public int PerWorker(int width) => checked((4 * Padded(longest) * width) + (2 * Padded(longest) * Padded(longest)));

        public int Scratch(int width, int threads) => checked(PerWorker(width) * threads);
    }

    private readonly record struct Pass(
        nint X, nint Y, nint Attentions, nint Scratch, nint Target, int Columns, int Heads, bool IsDropped, bool Add, ReadOnlyMemory<int> Starts, Plan Plan)
    {
        public (int First, int Length) RowsOf(int sequence) => (Starts.Span[sequence], Starts.Span[sequence + 1] - Starts.Span[sequence]);

        public Span<float> ScratchOf(int worker)
        {
            int size = Plan.PerWorker(Columns / Heads);
            return new Span<float>((float*)Scratch + ((nint)worker * size), size);
        }

        public Span<float> Attention(int sequence, int head, int length) =>
            new((float*)Attentions + Plan.Offset[sequence] + ((nint)head * length * length), length * length);

        public ReadOnlySpan<float> Mask(int sequence, int head, int length) =>
            new((float*)Attentions + Plan.Attentions + Plan.Offset[sequence] + ((nint)head * length * length), length * length);
    }
}
