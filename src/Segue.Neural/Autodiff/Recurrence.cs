using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Segue.Numerics;
using Segue.Numerics.Dense;

namespace Segue.Neural.Autodiff;

/// <summary>Recurrent layers over many sequences of any lengths at once, forwards and back through time in one node.</summary>
/// <remarks>
/// The rows of a sequence are consecutive, oldest first; sequence s is rows starts[s] to before starts[s + 1]. What the inputs bring to the gates is one product for all rows and
/// is made before (<see cref="Products.Affine(Variable, Variable, Variable)"/>). Sequences are taken longest first, so that those still running at a step are neighbours
/// and one product serves them. Groups of sequences that do not depend on the number of threads run on their own, so results do not either.
/// Errors are carried back to the first row of every sequence: cut long ones into chunks, and hand on the last state through <c>initial</c>.
/// </remarks>
public static unsafe class Recurrence
{
    private const int Group = 32;

    /// <summary>
    /// Gated recurrent units: r = σ(x_r + U_r h + c_r), z = σ(x_z + U_z h + c_z), n = tanh(x_n + r ⊙ (U_n h + c_n)), h ← (1 − z) ⊙ n + z ⊙ h. Row t of the result is h after row t.
    /// </summary>
    /// <param name="gates">What the inputs bring, rows × 3 hidden: r, z, n side by side.</param>
    /// <param name="starts">Start of every sequence and, last, the number of rows.</param>
    /// <param name="recurrentWeight">U, hidden × 3 hidden.</param>
    /// <param name="recurrentBias">c, 1 × 3 hidden.</param>
    /// <param name="initial">h before the first row of every sequence, sequences × hidden; null for zeros.</param>
    /// <remarks>
    /// Cho et al., "Learning phrase representations using RNN encoder–decoder", EMNLP 2014, with the reset gate after the product, as in PyTorch and cuDNN. 6 · rows · hidden²
    /// operations forward, twice that backward; keeps 4 · hidden values a row.
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Gru(this Variable gates, ReadOnlyMemory<int> starts, Variable recurrentWeight, Variable recurrentBias, Variable? initial = null) =>
        Scan<GruCell>(gates, starts, recurrentWeight, recurrentBias, initial);

    /// <summary>
    /// Long short-term memory: i, f, o = σ(x + U h + c), g = tanh(x_g + U_g h + c_g), m ← f ⊙ m + i ⊙ g, h ← o ⊙ tanh(m). Row t of the result is h after row t.
    /// </summary>
    /// <param name="gates">What the inputs bring, rows × 4 hidden: i, f, g, o side by side.</param>
    /// <param name="starts">Start of every sequence and, last, the number of rows.</param>
    /// <param name="recurrentWeight">U, hidden × 4 hidden.</param>
    /// <param name="recurrentBias">c, 1 × 4 hidden.</param>
    /// <remarks>
    /// Hochreiter and Schmidhuber, Neural Computation 1997, with the forget gate of Gers et al., 2000. h and m begin at 0. 8 · rows · hidden² operations forward, twice that backward;
    /// keeps 6 · hidden values a row.
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Lstm(this Variable gates, ReadOnlyMemory<int> starts, Variable recurrentWeight, Variable recurrentBias) =>
        Scan<LstmCell>(gates, starts, recurrentWeight, recurrentBias, null);

    private static Variable Scan<TCell>(Variable gates, ReadOnlyMemory<int> starts, Variable weight, Variable bias, Variable? initial)
        where TCell : struct, ICell
    {
        ArgumentNullException.ThrowIfNull(gates);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(bias);
        Shapes.RequireStarts(starts.Span, gates.Rows, "rows");
        int hidden = weight.Rows, sequences = starts.Length - 1;
        Shapes.Require(weight.Columns == TCell.Gates * hidden, gates, weight, $"a recurrent weight is hidden × {TCell.Gates} hidden");
        Shapes.Require(gates.Columns == weight.Columns, gates, weight, "the gates need as many columns as the recurrent weight");
        Shapes.Require(bias.Rows == 1 && bias.Columns == weight.Columns, weight, bias, "a recurrent bias has one value a column of its weight");
        if (initial is not null)
        {
            Shapes.Require(initial.Rows == sequences && initial.Columns == hidden, gates, initial, "the first states are sequences × hidden");
        }

        Variable y = initial is null
            ? gates.Tape.Record(gates.Rows, hidden, Backward<TCell>, gates, weight, bias)
            : gates.Tape.Record(gates.Rows, hidden, Backward<TCell>, gates, weight, bias, initial);
        y.Starts = starts;
        var order = Order.Of(starts.Span);
        y.Extra = order;
        y.Saved = y.Tape.Rent(Values(gates.Rows, TCell.Saved * hidden));
        AlignedBuffer scratch = y.Tape.Rent(Values(sequences, (2 + TCell.Gates) * hidden));
        fixed (float* from = gates.Value, u = weight.Value, c = bias.Value, first = initial is null ? default : initial.Value, to = y.Value)
        {
            var work = new Pass(
                (nint)from, (nint)u, (nint)c, (nint)first, (nint)to, (nint)y.Saved.Pointer, (nint)scratch.Pointer, 0, 0, hidden, sequences, false, starts, order);
            Workers.Run(sequences, Group, y.Tape.Threads, in work, static (in Pass p, int start, int end, int _) => Forward<TCell>(in p, start, end));
        }

        y.Tape.Return(scratch);
        return y;
    }

    private static int Values(int rows, int columns)
    {
        Shapes.RequireRoom(rows, columns);
        return rows * columns;
    }

    private static void Forward<TCell>(in Pass p, int start, int end)
        where TCell : struct, ICell
    {
        int h = p.Hidden, wide = TCell.Gates * h, count = end - start;
        ReadOnlySpan<int> starts = p.Starts.Span, order = p.Order.Sequence;

        // States, cells, products of the group.
        float* state = (float*)p.Scratch + ((nint)start * (2 + TCell.Gates) * h), cell = state + ((nint)count * h), product = cell + ((nint)count * h);
        var weight = new ReadOnlySpan<float>((float*)p.Weight, h * wide);
        var bias = new ReadOnlySpan<float>((float*)p.Bias, wide);
        new Span<float>(state, 2 * count * h).Clear();
        for (int i = 0; i < count && p.Initial != 0; i++)
        {
            new ReadOnlySpan<float>((float*)p.Initial + ((nint)order[start + i] * h), h).CopyTo(new Span<float>(state + ((nint)i * h), h));
        }

        for (int t = 0, active = count; ; t++)
        {
            while (active > 0 && Length(starts, order[start + active - 1]) <= t)
            {
                active--;
            }

            if (active == 0)
            {
                return;
            }

            for (int i = 0; i < active; i++)
            {
                bias.CopyTo(new Span<float>(product + ((nint)i * wide), wide));
            }

            Multiply(new(state, active * h), weight, new(product, active * wide), active, wide, h);
            for (int i = 0; i < active; i++)
            {
                nint row = starts[order[start + i]] + t;
                float* own = state + ((nint)i * h);
                TCell.Forward(
                    new((float*)p.Gates + (row * wide), wide), new(product + ((nint)i * wide), wide), new(own, h), new(cell + ((nint)i * h), h),
                    (float*)p.Saved + (row * TCell.Saved * h));
                new ReadOnlySpan<float>(own, h).CopyTo(new Span<float>((float*)p.Output + (row * h), h));
            }
        }
    }

    private static void Backward<TCell>(Variable y)
        where TCell : struct, ICell
    {
        (Variable gates, Variable weight, Variable bias) = (y.First!, y.Second!, y.Third!);
        Variable? initial = y.Inputs.Length > 3 ? y.Inputs[3] : null;
        int hidden = weight.Rows, wide = weight.Columns, sequences = y.Starts.Length - 1;
        AlignedBuffer scratch = y.Tape.Rent(Values(sequences, (2 + TCell.Gates) * hidden)), transposed = y.Tape.Rent(hidden * wide);
        AlignedBuffer errors = y.Tape.Rent(Values(y.Rows, wide));
        ReadOnlySpan<float> u = weight.Value;
        Span<float> turned = transposed.Span;
        for (int r = 0; r < hidden; r++)
        {
            for (int c = 0; c < wide; c++)
            {
                turned[(c * hidden) + r] = u[(r * wide) + c];
            }
        }

        bool add = false;
        Span<float> target = gates.NeedsGradient ? gates.WriteTo(out add) : default;
        fixed (float* slope = y.OutputGradient, output = y.Value, to = target, first = initial is null ? default : initial.Value)
        fixed (float* firstSlope = initial is { NeedsGradient: true } ? initial.AddTo() : default)
        {
            var work = new Pass(
                (nint)slope, (nint)transposed.Pointer, (nint)firstSlope, (nint)first, (nint)output, (nint)y.Saved!.Pointer, (nint)scratch.Pointer,
                (nint)errors.Pointer, (nint)to, hidden, sequences, add, y.Starts, (Order)y.Extra!);
            Workers.Run(sequences, Group, y.Tape.Threads, in work, static (in Pass p, int start, int end, int _) => Backward<TCell>(in p, start, end));
        }

        if (weight.NeedsGradient)
        {
            AlignedBuffer before = y.Tape.Rent(y.Count);
            Before(y, initial, before.Span);
            Span<float> sums = weight.WriteTo(out bool addWeight);
            Gemm.TransposeMultiply(before.Span[..y.Count], errors.Span[..(y.Rows * wide)], sums, hidden, wide, y.Rows, addWeight, y.Tape.Threads);
            y.Tape.Return(before);
        }

        if (bias.NeedsGradient)
        {
            Reductions.AddColumnSums(errors.Span[..(y.Rows * wide)], bias.AddTo(), y.Rows, wide, y.Tape.Threads);
        }

        y.Tape.Return(errors);
        y.Tape.Return(transposed);
        y.Tape.Return(scratch);
    }

    private static void Backward<TCell>(in Pass p, int start, int end)
        where TCell : struct, ICell
    {
        int h = p.Hidden, wide = TCell.Gates * h, count = end - start;
        ReadOnlySpan<int> starts = p.Starts.Span, order = p.Order.Sequence;
        float* state = (float*)p.Scratch + ((nint)start * (2 + TCell.Gates) * h), cell = state + ((nint)count * h), error = cell + ((nint)count * h);
        var weight = new ReadOnlySpan<float>((float*)p.Weight, h * wide);
        new Span<float>(state, 2 * count * h).Clear();
        int longest = count == 0 ? 0 : Length(starts, order[start]), active = 0;
        for (int t = longest - 1; t >= 0; t--)
        {
            while (active < count && Length(starts, order[start + active]) > t)
            {
                active++;
            }

            for (int i = 0; i < active; i++)
            {
                int sequence = order[start + i];
                nint row = starts[sequence] + t;
                float* own = state + ((nint)i * h);
                float* before = t > 0 ? (float*)p.Output + ((row - 1) * h) : p.Initial != 0 ? (float*)p.Initial + ((nint)sequence * h) : null;
                var slope = new Span<float>(own, h);
                TensorPrimitives.Add(new ReadOnlySpan<float>((float*)p.Gates + (row * h), h), slope, slope);
                float* gates = p.Target == 0 ? null : (float*)p.Target + (row * wide);
                TCell.Backward(own, cell + ((nint)i * h), before, (float*)p.Saved + (row * TCell.Saved * h), error + ((nint)i * wide), gates, p.Add, h);
                new ReadOnlySpan<float>(error + ((nint)i * wide), wide).CopyTo(new Span<float>((float*)p.Errors + (row * wide), wide));
            }

            if (t > 0 || p.Bias != 0)
            {
                Multiply(new(error, active * wide), weight, new(state, active * h), active, h, wide);
            }
        }

        for (int i = 0; i < active && p.Bias != 0; i++)
        {
            var target = new Span<float>((float*)p.Bias + ((nint)order[start + i] * h), h);
            TensorPrimitives.Add(target, new ReadOnlySpan<float>(state + ((nint)i * h), h), target);
        }
    }

    /// <summary>C += A·B; for a few rows without copying B into panels.</summary>
    private static void Multiply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int rows, int columns, int inner)
    {
        const int Few = 4;
        if (rows > Few)
        {
            Gemm.Multiply(a, b, c, rows, columns, inner, add: true);
            return;
        }

        for (int k = 0; k < inner; k++)
        {
            ReadOnlySpan<float> row = b.Slice(k * columns, columns);
            for (int r = 0; r < rows; r++)
            {
                Span<float> sum = c.Slice(r * columns, columns);
                TensorPrimitives.MultiplyAdd(row, a[(r * inner) + k], sum, sum);
            }
        }
    }

    /// <summary>The state before every row.</summary>
    private static void Before(Variable y, Variable? initial, Span<float> before)
    {
        ReadOnlySpan<int> starts = y.Starts.Span;
        for (int s = 0; s + 1 < starts.Length; s++)
        {
            int first = starts[s] * y.Columns, rest = (starts[s + 1] - starts[s] - 1) * y.Columns;
            if (rest < 0)
            {
                continue;
            }

            Span<float> own = before.Slice(first, y.Columns);
            if (initial is null)
            {
                own.Clear();
            }
            else
            {
                initial.Row(s).CopyTo(own);
            }

            y.Value.Slice(first, rest).CopyTo(before[(first + y.Columns)..]);
        }
    }

    private static int Length(ReadOnlySpan<int> starts, int sequence) => starts[sequence + 1] - starts[sequence];

    /// <summary>One row of one sequence.</summary>
    private interface ICell
    {
        /// <summary>Gates a hidden value has.</summary>
        static abstract int Gates { get; }

        /// <summary>Values kept for the way back, a hidden value.</summary>
        static abstract int Saved { get; }

        /// <summary>Takes one row; <paramref name="state"/> and <paramref name="cell"/> are read and written, <paramref name="product"/> is scratch afterwards.</summary>
        static abstract void Forward(ReadOnlySpan<float> gates, Span<float> product, Span<float> state, Span<float> cell, float* saved);

        /// <summary>
        /// <paramref name="state"/>: the gradient of h after the row, becomes that of h before it but for what goes through the product. <paramref name="error"/>: the gradient of the
        /// product. <paramref name="target"/>: that of the gates, may be null.
        /// </summary>
        static abstract void Backward(float* state, float* cell, float* before, float* saved, float* error, float* target, bool add, int hidden);
    }

    private readonly struct GruCell : ICell
    {
        public static int Gates => 3;

        public static int Saved => 4;

        public static void Forward(ReadOnlySpan<float> gates, Span<float> product, Span<float> state, Span<float> cell, float* saved)
        {
            int h = state.Length;

            // Kept: r, z, n, U_n h + c_n.
            Span<float> both = new(saved, 2 * h), candidate = new(saved + (2 * h), h), inner = new(saved + (3 * h), h);
            if (h == 0)
            {
                return;
            }

            TensorPrimitives.Add(gates[..(2 * h)], product[..(2 * h)], both);
            TensorPrimitives.Sigmoid<float>(both, both);
            product[(2 * h)..].CopyTo(inner);
            TensorPrimitives.MultiplyAdd(both[..h], inner, gates[(2 * h)..], candidate);
            TensorPrimitives.Tanh<float>(candidate, candidate);
            TensorPrimitives.Subtract<float>(state, candidate, state);
            TensorPrimitives.MultiplyAdd(state, both[h..], candidate, state);
        }

        public static void Backward(float* state, float* cell, float* before, float* saved, float* error, float* target, bool add, int hidden)
        {
            int j = 0;
            for (int wide = Vector<float>.Count; j + wide <= hidden; j += wide)
            {
                Vector<float> slope = Vector.Load(state + j), r = Vector.Load(saved + j), z = Vector.Load(saved + hidden + j);
                Vector<float> n = Vector.Load(saved + (2 * hidden) + j), inner = Vector.Load(saved + (3 * hidden) + j);
                Vector<float> last = before is null ? Vector<float>.Zero : Vector.Load(before + j);
                Vector<float> candidate = slope * (Vector<float>.One - z) * (Vector<float>.One - (n * n));
                Vector<float> reset = candidate * inner * r * (Vector<float>.One - r), update = slope * (last - n) * z * (Vector<float>.One - z);
                Vector.Store(reset, error + j);
                Vector.Store(update, error + hidden + j);
                Vector.Store(candidate * r, error + (2 * hidden) + j);
                if (target is not null)
                {
                    Vector.Store(add ? Vector.Load(target + j) + reset : reset, target + j);
                    Vector.Store(add ? Vector.Load(target + hidden + j) + update : update, target + hidden + j);
                    Vector.Store(add ? Vector.Load(target + (2 * hidden) + j) + candidate : candidate, target + (2 * hidden) + j);
                }

                Vector.Store(slope * z, state + j);
            }

            for (; j < hidden; j++)
            {
                float slope = state[j], r = saved[j], z = saved[hidden + j], n = saved[(2 * hidden) + j], inner = saved[(3 * hidden) + j];
                float last = before is null ? 0f : before[j];
                float candidate = slope * (1f - z) * (1f - (n * n));
                float reset = candidate * inner * r * (1f - r), update = slope * (last - n) * z * (1f - z);
                (error[j], error[hidden + j], error[(2 * hidden) + j]) = (reset, update, candidate * r);
                if (target is not null)
                {
                    Put(target + j, reset, add);
                    Put(target + hidden + j, update, add);
                    Put(target + (2 * hidden) + j, candidate, add);
                }

                state[j] = slope * z;
            }
        }
    }

    private readonly struct LstmCell : ICell
    {
        public static int Gates => 4;

        public static int Saved => 6;

        public static void Forward(ReadOnlySpan<float> gates, Span<float> product, Span<float> state, Span<float> cell, float* saved)
        {
            int h = state.Length;
            if (h == 0)
            {
                return;
            }

            // Kept: i, f, g, o, m before, tanh m.
            Span<float> all = new(saved, 4 * h), last = new(saved + (4 * h), h), bent = new(saved + (5 * h), h);
            TensorPrimitives.Add(gates, product, all);
            TensorPrimitives.Sigmoid<float>(all[..(2 * h)], all[..(2 * h)]);
            TensorPrimitives.Tanh<float>(all[(2 * h)..(3 * h)], all[(2 * h)..(3 * h)]);
            TensorPrimitives.Sigmoid<float>(all[(3 * h)..], all[(3 * h)..]);
            cell.CopyTo(last);
            TensorPrimitives.Multiply(cell, all[h..(2 * h)], cell);
            TensorPrimitives.MultiplyAdd(all[..h], all[(2 * h)..(3 * h)], cell, cell);
            TensorPrimitives.Tanh<float>(cell, bent);
            TensorPrimitives.Multiply(all[(3 * h)..], bent, state);
        }

        public static void Backward(float* state, float* cell, float* before, float* saved, float* error, float* target, bool add, int hidden)
        {
            for (int j = 0; j < hidden; j++)
            {
                float slope = state[j], i = saved[j], f = saved[hidden + j], g = saved[(2 * hidden) + j], o = saved[(3 * hidden) + j];
                float last = saved[(4 * hidden) + j], bent = saved[(5 * hidden) + j];
                float memory = cell[j] + (slope * o * (1f - (bent * bent)));
                error[j] = memory * g * i * (1f - i);
                error[hidden + j] = memory * last * f * (1f - f);
                error[(2 * hidden) + j] = memory * i * (1f - (g * g));
                error[(3 * hidden) + j] = slope * bent * o * (1f - o);
                cell[j] = memory * f;
                state[j] = 0f;
            }

            for (int j = 0; j < 4 * hidden && target is not null; j++)
            {
                Put(target + j, error[j], add);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* target, float value, bool add) => *target = add ? *target + value : value;

    /// <summary>Sequences, longest first; those of one length in their order.</summary>
    private sealed class Order(int[] sequence)
    {
        public int[] Sequence { get; } = sequence;

        public static Order Of(ReadOnlySpan<int> starts)
        {
            int count = starts.Length - 1;
            var keys = new long[count];
            var sequence = new int[count];
            for (int s = 0; s < count; s++)
            {
                (sequence[s], keys[s]) = (s, (-(long)(starts[s + 1] - starts[s]) << 32) + s);
            }

            Array.Sort(keys, sequence);
            return new Order(sequence);
        }
    }

    /// <summary>Pointers of a pass; going back, Gates are the gradients of the output, Weight is transposed and Bias the gradient of the first states.</summary>
    private readonly record struct Pass(
        nint Gates, nint Weight, nint Bias, nint Initial, nint Output, nint Saved, nint Scratch, nint Errors, nint Target, int Hidden, int Sequences, bool Add,
        ReadOnlyMemory<int> Starts, Order Order);
}
