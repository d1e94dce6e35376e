using System.Numerics.Tensors;
using Segue.Numerics;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Neural.Autodiff;

/// <summary>Attention over the edges of a graph.</summary>
public static class Attention
{
    /// <summary>Most receivers or senders whose sums are in scratch space at once, and entries whose attentions are.</summary>
    private const int MostRows = 64, MostEntries = 256;

    /// <summary>Values of all parts' gradients of the mixing matrix.</summary>
    private const int MostPartial = 1 << 21;

    /// <summary>
    /// Row i is Σₘ (Σⱼ aₘᵢⱼ · row j of <paramref name="states"/>) · Cₘ + b over the heads m and the entries j of row i of <paramref name="places"/>, with
    /// aₘᵢⱼ = softmaxⱼ(leaky(receiverᵢₘ + senderⱼₘ)); a row without entries is b.
    /// </summary>
    /// <param name="places">Who hears whom, receivers × senders; its values are not used.</param>
    /// <param name="receivers">Receivers × heads.</param>
    /// <param name="senders">Senders × heads.</param>
    /// <param name="states">Senders × inputs.</param>
    /// <param name="mix">The matrices Cₘ above each other: heads · inputs × outputs.</param>
    /// <param name="bias">b, 1 × outputs.</param>
    /// <param name="slope">Slope of the leaky rectifier below 0, from 0 to 1.</param>
    /// <param name="dropout">Share of the aₘᵢⱼ set to 0, from 0 to below 1; the others grow by 1 / (1 − dropout).</param>
    /// <param name="rng">Draws which; needed where dropout is above 0.</param>
    /// <remarks>
    /// <para>
    /// What every head hears exists for a few receivers at a time only, and attentions are worked out again in the backward pass: memory is the result, and
    /// while differentiating 16 bytes a receiver and head, 4 a sender and head (heads rounded up to 8) and up to 8 MB of sums. A row of states is read once for all
    /// heads. Operations: 2 · heads · inputs · (entries + receivers · outputs) forward, twice that and 2 · heads · outputs · (2 · entries + 2 · senders · inputs)
    /// backward.
    /// </para>
    /// <para>
    /// Source: Veličković et al., "Graph attention networks", ICLR 2018, eq. 3 to 6. The slope of the loss along a softmax's input is a (s − Σ a s); with
    /// G the gradient of the result, Σⱼ aᵢⱼ sᵢⱼ is the product of G Cᵀ with what the head heard, as Dao et al., "FlashAttention", NeurIPS 2022, appendix B.2, have it.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Variable Attend(
        this SparseOperand places, Variable receivers, Variable senders, Variable states, Variable mix, Variable bias,
        float slope = 0.2f, float dropout = 0f, Rng? rng = null)
    {
        ArgumentNullException.ThrowIfNull(places);
        ArgumentNullException.ThrowIfNull(receivers);
        ArgumentNullException.ThrowIfNull(senders);
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(mix);
        ArgumentNullException.ThrowIfNull(bias);
        CsrMatrix matrix = places.Matrix;
        int heads = receivers.Columns;
        if (receivers.Rows != matrix.Rows || senders.Rows != matrix.Columns || states.Rows != matrix.Columns || heads == 0 || senders.Columns != heads)
        {
            throw new ArgumentException(
                $"{receivers.Rows} × {heads} receivers, {senders.Rows} × {senders.Columns} senders and {states.Rows} states for a graph of "
                + $"{matrix.Rows} receivers and {matrix.Columns} senders; give each a row, and receivers and senders a column a head");
        }

        Shapes.Require(mix.Rows == (long)heads * states.Columns, mix, states, $"{heads} heads need a mixing matrix with {heads} rows for every column of the states");
        Shapes.Require(bias.Rows == 1 && bias.Columns == mix.Columns, mix, bias, "a mixing matrix needs a 1 × outputs bias");
        if (!(slope is >= 0f and <= 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(slope), $"slope {slope}; give one from 0 to 1");
        }

        if (!(dropout >= 0f && dropout < 1f) || (dropout > 0f && rng is null))
        {
            throw new ArgumentOutOfRangeException(nameof(dropout), $"dropout {dropout}{(rng is null ? " without a generator" : "")}; give a share from 0 to below 1");
        }

        Variable y = states.Tape.Record(matrix.Rows, mix.Columns, Backward, receivers, senders, states, mix, bias);
        y.Extra = new Settings(places, slope, AttentionWeights.Dropout.Of(dropout, dropout > 0f ? rng!.NextUInt64() : 0));
        Forward(y);
        return y;
    }

    private static unsafe void Forward(Variable y)
    {
        Variable receivers = y.Inputs[0], senders = y.Inputs[1], states = y.Inputs[2], mix = y.Inputs[3];
        Pass pass = Shape(y);
        AlignedBuffer own = Widened(receivers, pass.Lanes), other = Widened(senders, pass.Lanes), scratch = Scratch(y.Tape, pass.ForwardScratch);
        fixed (float* state = states.Value, mixing = mix.Value, added = y.Inputs[4].Value, output = y.Value)
        {
            pass = pass with
            {
                Receivers = (nint)own.Pointer,
                Senders = (nint)other.Pointer,
                States = (nint)state,
                Mix = (nint)mixing,
                Bias = (nint)added,
                Output = (nint)output,
                Scratch = (nint)scratch.Pointer,
            };
            Workers.Run(pass.Parts, 1, y.Tape.Threads, in pass, static (in Pass p, int start, int end, int worker) => ForwardParts(in p, start, end, worker));
        }

        y.Tape.Return(own);
        y.Tape.Return(other);
        y.Tape.Return(scratch);
    }

    private static unsafe void ForwardParts(in Pass p, int start, int end, int worker)
    {
        float* scratch = (float*)p.Scratch + ((nint)worker * p.ForwardScratch), heard = scratch + p.RowScratch;
        CsrMatrix matrix = p.Settings.Places.Matrix;
        int last = Cut(matrix, end, p.Parts);
        for (int from = Cut(matrix, start, p.Parts); from < last; from += p.Tile)
        {
            int to = Math.Min(from + p.Tile, last);
            Hear(in p, from, to, scratch, heard, null, null);
            Span<float> output = Span(p.Output, from, to - from, p.Outputs);
            for (int r = 0; r < to - from; r++)
            {
                Span(p.Bias, 0, 1, p.Outputs).CopyTo(output.Slice(r * p.Outputs, p.Outputs));
            }

            for (int m = 0; m < p.Heads; m++)
            {
                Gemm.Multiply(Head(heard, in p, m, to - from, p.Inputs), Span(p.Mix, m * p.Inputs, p.Inputs, p.Outputs), output, to - from, p.Outputs, p.Inputs, add: true);
            }
        }
    }

    /// <summary>
    /// What every head of some receivers hears, a tile a head; where <paramref name="positive"/> is wanted also the part of senders with a sum above 0, and what the
    /// columns of the backward pass need to know of a receiver.
    /// </summary>
    private static unsafe void Hear(in Pass p, int from, int to, float* scratch, float* heard, float* positive, float* positiveShare)
    {
        CsrMatrix matrix = p.Settings.Places.Matrix;
        int lanes = p.Lanes, columns = p.Inputs, stride = p.Tile * columns;
        float* largest = scratch, sums = largest + lanes, positiveSums = sums + lanes, weights = positiveSums + lanes, positiveWeights = weights + (p.Entries * lanes);
        fixed (int* index = matrix.ColumnIndex)
        {
            for (int r = from; r < to; r++)
            {
                int first = matrix.RowStart[r], end = matrix.RowStart[r + 1];
                float* receiver = (float*)p.Receivers + ((nint)r * lanes);
                nint place = (nint)(r - from) * columns;
                new Span<float>(sums, 2 * lanes).Clear();
                for (int m = 0; m < p.Heads; m++)
                {
                    new Span<float>(heard + ((nint)m * stride) + place, columns).Clear();
                    if (positive != null)
                    {
                        new Span<float>(positive + ((nint)m * stride) + place, columns).Clear();
                    }
                }

                AttentionWeights.Largest(index + first, end - first, receiver, (float*)p.Senders, lanes, p.Settings.Slope, largest);
                for (int n = first; n < end; n += p.Entries)
                {
                    int count = Math.Min(p.Entries, end - n);
                    AttentionWeights.OfReceiver(
                        index + n, n, count, receiver, (float*)p.Senders, lanes, p.Settings.Slope, p.Settings.Dropout, largest, weights, sums,
                        positive == null ? null : positiveWeights, positiveSums);
                    WeightedRows.Add(index + n, weights, lanes, count, (float*)p.States, columns, heard + place, stride, p.Heads, matrix.Count - n - count);
                    if (positive != null)
                    {
                        WeightedRows.Add(index + n, positiveWeights, lanes, count, (float*)p.States, columns, positive + place, stride, p.Heads);
                    }
                }

                for (int m = 0; m < p.Heads && first < end; m++)
                {
                    Multiply(heard + ((nint)m * stride) + place, columns, p.Settings.Dropout.Scale / sums[m]);
                    if (positive != null)
                    {
                        Multiply(positive + ((nint)m * stride) + place, columns, p.Settings.Dropout.Scale / sums[m]);
                    }
                }

                if (positive != null)
                {
                    float* record = (float*)p.Records + ((nint)r * AttentionWeights.RecordRows * lanes);
                    for (int v = 0; v < lanes; v++)
                    {
                        float share = first < end ? 1f / sums[v] : 0f;
                        (record[v], record[lanes + v], record[(2 * lanes) + v]) = (receiver[v], largest[v], share);
                        positiveShare[((nint)(r - from) * lanes) + v] = positiveSums[v] * share;
                    }
                }
            }
        }
    }

    private static unsafe void Backward(Variable y)
    {
        Tape tape = y.Tape;
        Variable receivers = y.Inputs[0], senders = y.Inputs[1], states = y.Inputs[2], mix = y.Inputs[3], bias = y.Inputs[4];
        Pass pass = Shape(y);
        AlignedBuffer own = Widened(receivers, pass.Lanes), other = Widened(senders, pass.Lanes), scratch = Scratch(tape, pass.BackwardScratch);
        AlignedBuffer records = tape.Rent(checked(receivers.Rows * AttentionWeights.RecordRows * pass.Lanes));
        AlignedBuffer turned = tape.Rent(mix.Count), partial = tape.Rent(mix.NeedsGradient ? pass.MixParts * mix.Count : 0);
        Transpose(mix, pass.Heads, turned.Span);
        fixed (float* state = states.Value, mixing = mix.Value, gradient = y.OutputGradient)
        {
            pass = pass with
            {
                Receivers = (nint)own.Pointer,
                Senders = (nint)other.Pointer,
                States = (nint)state,
                Mix = (nint)mixing,
                Turned = (nint)turned.Pointer,
                Output = (nint)gradient,
                Records = (nint)records.Pointer,
                Scratch = (nint)scratch.Pointer,
                MixPartial = mix.NeedsGradient ? (nint)partial.Pointer : 0,
            };
            fixed (float* toReceivers = receivers.NeedsGradient ? receivers.AddTo() : default)
            {
                pass = pass with { Target = (nint)toReceivers };
                Workers.Run(
                    pass.MixParts, 1, tape.Threads, in pass, static (in Pass p, int start, int end, int worker) => BackwardRows(in p, start, end, worker));
            }

            if (senders.NeedsGradient || states.NeedsGradient)
            {
                bool add = true;
                fixed (float* toSenders = senders.NeedsGradient ? senders.AddTo() : default, toStates = states.NeedsGradient ? states.WriteTo(out add) : default)
                {
                    pass = pass with { Target = (nint)toSenders, Second = (nint)toStates, AddSecond = add };
                    Workers.Run(
                        pass.Parts, 1, tape.Threads, in pass, static (in Pass p, int start, int end, int worker) => BackwardColumns(in p, start, end, worker));
                }
            }
        }

        if (mix.NeedsGradient)
        {
            Span<float> target = mix.AddTo();
            for (int part = 0; part < pass.MixParts; part++)
            {
                TensorPrimitives.Add(target, partial.Slice((long)part * mix.Count, mix.Count), target);
            }
        }

        if (bias.NeedsGradient)
        {
            Reductions.AddColumnSums(y.OutputGradient, bias.AddTo(), y.Rows, y.Columns, tape.Threads);
        }

        foreach (AlignedBuffer buffer in (ReadOnlySpan<AlignedBuffer>)[own, other, scratch, records, turned, partial])
        {
            tape.Return(buffer);
        }
    }

    /// <summary>By receivers: gradients of the mixing matrix and of the receivers' numbers, and the records for the senders.</summary>
    private static unsafe void BackwardRows(in Pass p, int start, int end, int worker)
    {
        CsrMatrix matrix = p.Settings.Places.Matrix;
        float* scratch = (float*)p.Scratch + ((nint)worker * p.BackwardScratch), heard = scratch + p.RowScratch;
        float* positive = heard + p.TileScratch, slopes = positive + p.TileScratch, shares = slopes + p.TileScratch;
        for (int part = start; part < end; part++)
        {
            int mixing = p.Heads * p.Inputs * p.Outputs;
            float* partial = p.MixPartial == 0 ? null : (float*)p.MixPartial + ((nint)part * mixing);
            new Span<float>(partial, partial == null ? 0 : mixing).Clear();
            int last = Cut(matrix, part + 1, p.MixParts);
            for (int from = Cut(matrix, part, p.MixParts); from < last; from += p.Tile)
            {
                int to = Math.Min(from + p.Tile, last), rows = to - from;
                Hear(in p, from, to, scratch, heard, positive, shares);
                ReadOnlySpan<float> gradient = Span(p.Output, from, rows, p.Outputs);
                for (int m = 0; m < p.Heads; m++)
                {
                    Span<float> hears = Head(heard, in p, m, rows, p.Inputs), hearsPositive = Head(positive, in p, m, rows, p.Inputs);
                    if (partial != null)
                    {
                        Gemm.TransposeMultiply(
                            hears, gradient, new Span<float>(partial + ((nint)m * p.Inputs * p.Outputs), p.Inputs * p.Outputs), p.Inputs, p.Outputs, rows, add: true);
                    }

                    // The slope of the loss along what a head hears, and from it along the numbers that choose what it hears.
                    Span<float> slope = Head(slopes, in p, m, rows, p.Inputs);
                    Gemm.Multiply(gradient, Span(p.Turned, m * p.Outputs, p.Outputs, p.Inputs), slope, rows, p.Inputs, p.Outputs);
                    for (int r = 0; r < rows; r++)
                    {
                        ReadOnlySpan<float> row = slope.Slice(r * p.Inputs, p.Inputs);
                        float mean = TensorPrimitives.Dot(row, hears.Slice(r * p.Inputs, p.Inputs));
                        ((float*)p.Records)[((((nint)(from + r) * AttentionWeights.RecordRows) + 3) * p.Lanes) + m] = mean;
                        if (p.Target != 0)
                        {
                            // Σⱼ aⱼ (sⱼ − mean) is 0: what is left of Σⱼ aⱼ (sⱼ − mean) leaky'ⱼ are the senders where the slope of leaky is 1 instead of less.
                            float above = TensorPrimitives.Dot(row, hearsPositive.Slice(r * p.Inputs, p.Inputs));
                            ((float*)p.Target)[((nint)(from + r) * p.Heads) + m] += (1f - p.Settings.Slope) * (above - (mean * shares[(r * p.Lanes) + m]));
                        }
                    }
                }
            }
        }
    }

    /// <summary>
    /// By senders: with gₘⱼ = Σᵢ aₘᵢⱼ Gᵢ the gradient of state j is Σₘ gₘⱼ Cₘᵀ, and that of its number hⱼ Cₘ · Σᵢ aₘᵢⱼ leaky' Gᵢ − Σᵢ aₘᵢⱼ leaky' meanₘᵢ.
    /// </summary>
    private static unsafe void BackwardColumns(in Pass p, int start, int end, int worker)
    {
        CsrMatrix transpose = p.Settings.Places.Transpose;
        int lanes = p.Lanes, columns = p.Outputs, stride = p.Tile * columns;
        float* scratch = (float*)p.Scratch + ((nint)worker * p.BackwardScratch), weights = scratch + (3 * lanes), positiveWeights = weights + (p.Entries * lanes);
        float* gathered = scratch + p.RowScratch, positive = gathered + p.TileScratch, mixed = positive + p.TileScratch, means = mixed + p.TileScratch;
        int last = Cut(transpose, end, p.Parts);
        fixed (int* index = transpose.ColumnIndex, order = p.Settings.Places.TransposeOrder)
        {
            for (int from = Cut(transpose, start, p.Parts); from < last; from += p.Tile)
            {
                int to = Math.Min(from + p.Tile, last), rows = to - from;
                for (int m = 0; m < p.Heads; m++)
                {
                    Head(gathered, in p, m, rows, columns).Clear();
                    Head(positive, in p, m, rows, columns).Clear();
                }

                new Span<float>(means, rows * lanes).Clear();
                for (int c = from; c < to; c++)
                {
                    nint place = (nint)(c - from) * columns;
                    for (int n = transpose.RowStart[c]; n < transpose.RowStart[c + 1]; n += p.Entries)
                    {
                        int count = Math.Min(p.Entries, transpose.RowStart[c + 1] - n);
                        AttentionWeights.OfSender(
                            index + n, order + n, count, (float*)p.Senders + ((nint)c * lanes), (float*)p.Records, lanes, p.Settings.Slope, p.Settings.Dropout,
                            weights, positiveWeights, means + ((nint)(c - from) * lanes), transpose.Count - n - count);
                        WeightedRows.Add(
                            index + n, weights, lanes, count, (float*)p.Output, columns, gathered + place, stride, p.Heads, transpose.Count - n - count);
                        if (p.Target != 0)
                        {
                            WeightedRows.Add(index + n, positiveWeights, lanes, count, (float*)p.Output, columns, positive + place, stride, p.Heads);
                        }
                    }
                }

                for (int m = 0; m < p.Heads; m++)
                {
                    Span<float> sums = Head(gathered, in p, m, rows, columns);
                    TensorPrimitives.Multiply(sums, p.Settings.Dropout.Scale, sums);
                    if (p.Second != 0)
                    {
                        Gemm.Multiply(
                            sums, Span(p.Turned, m * columns, columns, p.Inputs), Span(p.Second, from, rows, p.Inputs), rows, p.Inputs, columns, add: p.AddSecond || m > 0);
                    }

                    if (p.Target != 0)
                    {
                        Span<float> product = Head(mixed, in p, m, rows, columns), positiveSums = Head(positive, in p, m, rows, columns);
                        Gemm.Multiply(Span(p.States, from, rows, p.Inputs), Span(p.Mix, m * p.Inputs, p.Inputs, columns), product, rows, columns, p.Inputs);
                        float above = (1f - p.Settings.Slope) * p.Settings.Dropout.Scale;
                        for (int r = 0; r < rows; r++)
                        {
                            ReadOnlySpan<float> row = product.Slice(r * columns, columns);
                            ((float*)p.Target)[((nint)(from + r) * p.Heads) + m] +=
                                (p.Settings.Slope * TensorPrimitives.Dot(row, sums.Slice(r * columns, columns)))
                                + (above * TensorPrimitives.Dot(row, positiveSums.Slice(r * columns, columns))) - means[(r * lanes) + m];
                        }
                    }
                }
            }
        }
    }

    private static unsafe void Multiply(float* row, int columns, float factor)
    {
        var span = new Span<float>(row, columns);
        TensorPrimitives.Multiply(span, factor, span);
    }

    /// <summary>Some rows of a matrix.</summary>
    private static unsafe Span<float> Span(nint matrix, int row, int rows, int columns) => new((float*)matrix + ((nint)row * columns), rows * columns);

    /// <summary>Rows of the tile of a head.</summary>
    private static unsafe Span<float> Head(float* tiles, in Pass p, int head, int rows, int columns) => new(tiles + ((nint)head * p.Tile * columns), rows * columns);

    /// <summary>First row of a part: parts have about as many rows and entries as the others; a row costs as much as some tens of entries.</summary>
    private static int Cut(CsrMatrix matrix, int part, int parts)
    {
        const int PerRow = 32;
        if (part == parts)
        {
            return matrix.Rows;
        }

        long aim = (matrix.Count + ((long)PerRow * matrix.Rows)) * part / parts;
        int low = 0, high = matrix.Rows;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = matrix.RowStart[middle] + ((long)PerRow * middle) < aim ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The numbers of nodes with zeros after the heads.</summary>
    private static AlignedBuffer Widened(Variable numbers, int lanes)
    {
        AlignedBuffer wide = numbers.Tape.Rent(checked(numbers.Rows * lanes));
        Span<float> target = wide.Span;
        target[..(numbers.Rows * lanes)].Clear();
        for (int r = 0; r < numbers.Rows; r++)
        {
            numbers.Row(r).CopyTo(target[(r * lanes)..]);
        }

        return wide;
    }

    private static AlignedBuffer Scratch(Tape tape, int each) => tape.Rent(checked(tape.Threads * each));

    /// <summary>Cₘᵀ above each other.</summary>
    private static void Transpose(Variable mix, int heads, Span<float> turned)
    {
        ReadOnlySpan<float> source = mix.Value;
        int inputs = mix.Rows / heads, outputs = mix.Columns;
        for (int m = 0; m < heads; m++)
        {
            int first = m * inputs * outputs;
            for (int i = 0; i < inputs; i++)
            {
                for (int o = 0; o < outputs; o++)
                {
                    turned[first + (o * inputs) + i] = source[first + (i * outputs) + o];
                }
            }
        }
    }

    private static Pass Shape(Variable y)
    {
        var settings = (Settings)y.Extra!;
        Variable receivers = y.Inputs[0], states = y.Inputs[2], mix = y.Inputs[3];
        int heads = receivers.Columns, inputs = states.Columns, outputs = mix.Columns, widest = Math.Max(1, Math.Max(inputs, outputs));
        int lanes = AttentionWeights.Lanes(heads), entries = Math.Clamp(8 * MostEntries / lanes, 1, MostEntries);
        int tile = (int)Math.Clamp((1 << 18) / ((long)heads * widest), 1, MostRows);
        int parts = Math.Clamp(Math.Max(y.Rows, states.Rows) / 16, 1, 128);
        return new Pass(settings, heads, lanes, inputs, outputs, tile, entries, parts, (int)Math.Clamp(MostPartial / Math.Max(1L, mix.Count), 1, parts))
        {
            RowScratch = (3 + (2 * entries)) * lanes,
            TileScratch = checked(heads * tile * widest),
        };
    }

    private sealed record Settings(SparseOperand Places, float Slope, AttentionWeights.Dropout Dropout);

    private readonly record struct Pass(
        Settings Settings, int Heads, int Lanes, int Inputs, int Outputs, int Tile, int Entries, int Parts, int MixParts)
    {
        public nint Receivers { get; init; }

        public nint Senders { get; init; }

        public nint States { get; init; }

        public nint Mix { get; init; }

        public nint Turned { get; init; }

        public nint Bias { get; init; }

        /// <summary>The result, or its gradient.</summary>
        public nint Output { get; init; }

        public nint Records { get; init; }

        public nint MixPartial { get; init; }

        public nint Scratch { get; init; }

        public nint Target { get; init; }

        public nint Second { get; init; }

        public bool AddSecond { get; init; }

        public int RowScratch { get; init; }

        public int TileScratch { get; init; }

        public int ForwardScratch => (RowScratch + TileScratch + 15) & ~15;

        public int BackwardScratch => (RowScratch + (3 * TileScratch) + (Tile * Lanes) + 15) & ~15;
    }
}
