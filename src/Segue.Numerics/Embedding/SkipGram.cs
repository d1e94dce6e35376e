using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.Intrinsics.X86;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;

namespace Segue.Numerics.Embedding;

/// <summary>Sentences of words 0 … n − 1, made when they are asked for: none has to be kept.</summary>
public interface ISentences
{
    /// <summary>Number of sentences.</summary>
    int Count { get; }

    /// <summary>Words of the longest.</summary>
    int MaxLength { get; }

    /// <summary>Writes sentences <paramref name="first"/> and following; called by several threads at once, and gives the same whenever it is asked for the same.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="lengths">Output, one a sentence: its words.</param>
    /// <param name="words">Output, sentences × <see cref="MaxLength"/>; places after the end of a sentence are not looked at.</param>
    void Read(int first, Span<int> lengths, Span<int> words);
}

/// <summary>How <see cref="SkipGram"/> trains.</summary>
public sealed record SkipGramSettings
{
    /// <summary>Length of every vector.</summary>
    public int Size { get; init; } = 64;

    /// <summary>Words to either side are contexts up to this distance, which is drawn anew, from 1 on, for every word.</summary>
    public int Window { get; init; } = 5;

    /// <summary>Negatives a word, shared by its contexts.</summary>
    public int Negatives { get; init; } = 5;

    /// <summary>A negative is drawn in proportion to its count to this power.</summary>
    public double NegativeExponent { get; init; } = 0.75;

    /// <summary>t: a word of share f of all stays with chance √(t / f) + t / f; 0 keeps all.</summary>
    public double Subsampling { get; init; }

    /// <summary>Words with fewer occurrences are passed over.</summary>
    public int MinCount { get; init; } = 1;

    /// <summary>Step size at the beginning; it falls linearly to a ten-thousandth.</summary>
    public double LearningRate { get; init; } = 0.025;

    /// <summary>Passes over the sentences.</summary>
    public int Epochs { get; init; } = 1;
}

/// <summary>Looks on while a <see cref="SkipGram"/> trains. The vectors are the same bits with it and without, but for where it ends training.</summary>
/// <param name="Parts">The sentences of all passes are cut into so many equal parts; one is over with the batch that has its last sentence.</param>
/// <param name="WithLoss">Work out the loss too: one logarithm a pair and negative.</param>
/// <param name="AfterPart">
/// Told (the part from 1, the vectors as they are, the mean loss over the pairs since the part before) after every part; false ends training. The loss of a pair
/// is −ln σ(a_w · b_c) − Σ ln σ(−a_w · b_k), before the step it causes; NaN without <paramref name="WithLoss"/> or pairs. Parts that end in one batch have its loss.
/// </param>
public sealed record SkipGramWatch(int Parts, bool WithLoss, Func<int, SkipGram, double, bool> AfterPart);

/// <summary>Skip-gram with negative sampling: vectors of words such that words in the same places have alike vectors.</summary>
/// <remarks>
/// <para>
/// Maximises, over all pairs of a centre c and a context w within its window, ln σ(a_w · b_c) + Σ ln σ(−a_w · b_k) over negatives k drawn by count^0.75, by gradient
/// ascent; a are the input vectors, which one keeps, b the output vectors. Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality",
/// NIPS 2013, eq. 4; window, subsampling and rate as in their program. A negative that is the centre is passed over. A word without occurrences keeps its first vector.
/// </para>
/// <para>
/// All contexts of a centre share its negatives, so that a window is three small matrix products: Ji, Satish, Li and Dubey, "Parallelizing Word2Vec in Shared and
/// Distributed Memory", IEEE TPDS 2019. What differs from there: a batch of sentences takes its gradients at the same vectors, and then every thread adds those of its own words, in the
/// order of the sentences. So nothing races and the result does not depend on the number of threads. A batch is short enough for no word to be expected as
/// a centre more than once in it (or one sentence), and at most 5,120 words, so that its gradients stay in the cache; it depends on the counts only. A vector whose
/// steps E b in one batch have Σ |E| |b|² = κ above 1 takes 1/κ of them: they could move its products by κ, past where their gradients say anything, and where few words come again
/// and again vectors would grow without end.
/// </para>
/// <para>
/// Sentences are read once more to count words. Memory 8 bytes × words × size (rounded up to 16), 28 bytes a word, and
/// 4 × size × (negatives + 2) a word of a batch. Time O(pairs · negatives · size).
/// </para>
/// </remarks>
public sealed unsafe class SkipGram
{
    private const int MostWords = 5120, MostOccurrences = 1, CountChunk = 256;

    private readonly AlignedBuffer _inputs, _outputs;
    private readonly int _stride;

    private SkipGram(int words, SkipGramSettings settings)
    {
        (Words, Settings) = (words, settings);
        _stride = (settings.Size + 15) / 16 * 16;
        _inputs = new AlignedBuffer((long)words * _stride);
        _outputs = new AlignedBuffer((long)words * _stride);
    }

    /// <summary>Number of words.</summary>
    public int Words { get; }

    /// <summary>How it was trained.</summary>
    public SkipGramSettings Settings { get; }

    /// <summary>(Centre, context) pairs that were trained on.</summary>
    public long Pairs { get; private set; }

    /// <summary>Occurrences of every word, before any is left out.</summary>
    public ReadOnlyMemory<long> Counts { get; private set; }

    /// <summary>a: the vector of a word.</summary>
    public ReadOnlySpan<float> Input(int word) => _inputs.Slice((long)word * _stride, Settings.Size);

    /// <summary>b: the vector of a word as something to be predicted.</summary>
    public ReadOnlySpan<float> Output(int word) => _outputs.Slice((long)word * _stride, Settings.Size);

    /// <summary>Trains.</summary>
    /// <param name="sentences">What to learn from.</param>
    /// <param name="words">Number of words.</param>
    /// <param name="settings">How.</param>
    /// <param name="seed">Seed of the generators.</param>
    /// <param name="name">Their name.</param>
    /// <param name="threads">At most so many; the result does not depend on it.</param>
    /// <param name="progress">Told after every batch how many sentences of how many are done; may be null.</param>
    /// <param name="cancellation">Checked every few sentences.</param>
    /// <param name="path">Which kernels run.</param>
    /// <param name="watch">Looks on; may be null.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or a sentence has a word that is none or more than <see cref="ISentences.MaxLength"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static SkipGram Train(
        ISentences sentences, int words, SkipGramSettings settings, ulong seed, string name, int threads = 1, Action<long, long>? progress = null,
        CancellationToken cancellation = default, SimdPath path = SimdPath.Best, SkipGramWatch? watch = null)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfNegative(words);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.Size);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.Window);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Negatives);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(settings.Epochs);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Subsampling);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sentences.MaxLength);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(watch?.Parts ?? 1, nameof(watch));
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        var model = new SkipGram(words, settings);
        model.Initialize(seed, name, threads, cancellation);
        long[] counts = Count(sentences, words, threads, cancellation);
        model.Counts = counts;
        long total = 0, largest = 0;
        for (int w = 0; w < words; w++)
        {
            long count = counts[w] >= settings.MinCount ? counts[w] : 0;
            total += count;
            largest = Math.Max(largest, count);
        }

        if (total > 0)
        {
            new Training(model, sentences, counts, total, largest, seed, name, SimdPaths.Resolve(path), watch).Run(threads, progress, cancellation);
        }

        return model;
    }

    private void Initialize(ulong seed, string name, int threads, CancellationToken cancellation) =>
        Workers.Run(Words, 4096, threads, (first, end, _) =>
        {
            var rng = new Rng(seed, string.Create(CultureInfo.InvariantCulture, $"{name}/first/{first}"));
            for (int w = first; w < end; w++)
            {
                foreach (ref float value in _inputs.Slice((long)w * _stride, Settings.Size))
                {
                    value = (rng.NextSingle() - 0.5f) / Settings.Size;
                }
            }
        }, cancellation);

    private static long[] Count(ISentences sentences, int words, int threads, CancellationToken cancellation)
    {
        var parts = new int[Math.Max(1, threads)][];
        Workers.Run(sentences.Count, CountChunk, threads, (first, end, worker) =>
        {
            int[] counts = parts[worker] ??= new int[words];
            var lengths = new int[end - first];
            var buffer = new int[(end - first) * sentences.MaxLength];
            sentences.Read(first, lengths, buffer);
            for (int s = 0; s < lengths.Length; s++)
            {
                foreach (int word in buffer.AsSpan(s * sentences.MaxLength, Checked(lengths[s], first + s, sentences)))
                {
                    if ((uint)word >= (uint)words)
                    {
                        throw new ArgumentException($"sentence {first + s} has word {word} of {words}", nameof(sentences));
                    }

                    counts[word]++;
                }
            }
        }, cancellation);
        var total = new long[words];
        foreach (int[]? part in parts)
        {
            for (int w = 0; part is not null && w < words; w++)
            {
                total[w] += part[w];
            }
        }

        return total;
    }

    private static int Checked(int length, int sentence, ISentences sentences) => length >= 0 && length <= sentences.MaxLength
        ? length
        : throw new ArgumentException($"sentence {sentence} has {length} words, the longest should have {sentences.MaxLength}", nameof(sentences));

    /// <summary>Σ −ln of the chance given to every label, from the errors E = rate · (label − chance of 1) of a window.</summary>
    internal static double Loss(float* errors, int contexts, int skip, int used, float rate)
    {
        // A float next to 1 leaves 6e-8; less cannot be told from nothing.
        const double Least = 6e-8;
        double sum = 0;
        int padded = SkipGramWindow.Padded(used);
        for (int n = 0; n < contexts; n++)
        {
            for (int k = 0; n != skip && k < used; k++)
            {
                sum -= Math.Log(Math.Max(Least, 1 - ((double)Math.Abs(errors[(n * padded) + k]) / rate)));
            }
        }

        return sum;
    }

    /// <summary>One run: gradients of a batch, then steps by owner.</summary>
    private sealed class Training
    {
        private readonly SkipGram _model;
        private readonly ISentences _sentences;
        private readonly SkipGramSettings _settings;
        private readonly long[] _counts;
        private readonly float[]? _stays;
        private readonly AliasTable _negatives;
        private readonly ulong _seed;
        private readonly string _name;
        private readonly SimdPath _path;
        private readonly int _batch, _most, _stride;
        private readonly AlignedBuffer _steps;
        private readonly int[] _rows, _rowCount;
        private readonly float[] _force, _total;
        private readonly SkipGramWatch? _watch;
        private readonly double[]? _losses;
        private long _pairs;

        public Training(
            SkipGram model, ISentences sentences, long[] counts, long total, long largest, ulong seed, string name, SimdPath path, SkipGramWatch? watch)
        {
            _watch = watch;
            (_model, _sentences, _settings, _counts, _seed, _name, _path, _stride) = (model, sentences, model.Settings, counts, seed, name, path, model._stride);
            int length = sentences.MaxLength;
            double batch = Math.Min((double)MostOccurrences * total / largest, MostWords) / ((double)total / sentences.Count);
            _batch = (int)Math.Clamp(batch, 1, Math.Max(1, MostWords / length));

            // Inputs, then for every centre itself and its negatives; the last group may reach beyond them.
            _most = length + (length * (_settings.Negatives + 1));
            _steps = new AlignedBuffer((long)_batch * _most * _stride);
            _rows = new int[_batch * _most];
            _force = new float[_batch * _most];
            _total = new float[2 * (long)counts.Length];
            _rowCount = new int[_batch];
            _losses = watch is { WithLoss: true } ? new double[_batch] : null;
            var weights = new double[counts.Length];
            for (int w = 0; w < weights.Length; w++)
            {
                weights[w] = counts[w] >= _settings.MinCount && counts[w] > 0 ? Math.Pow(counts[w], _settings.NegativeExponent) : 0;
            }

            _negatives = new AliasTable(weights);
            if (_settings.Subsampling > 0)
            {
                _stays = Array.ConvertAll(counts, c =>
                {
                    double share = _settings.Subsampling * total / Math.Max(1, c);
                    return (float)Math.Min(1, Math.Sqrt(share) + share);
                });
            }
        }

        public void Run(int threads, Action<long, long>? progress, CancellationToken cancellation)
        {
            int count = _sentences.Count, chunk = Math.Clamp(_batch / 8, 1, 16);
            int owners = threads == 1 ? 1 : (int)BitOperations.RoundUpToPowerOf2((uint)(4 * threads));
            var scratch = new Scratch?[Math.Max(1, threads)];
            long all = (long)count * _settings.Epochs, done = 0, pairsBefore = 0;
            double loss = 0;
            int part = 0;
            bool goesOn = true;
            for (int epoch = 0; epoch < _settings.Epochs && goesOn; epoch++)
            {
                for (int batch = 0; batch < count && goesOn; batch += _batch)
                {
                    int size = Math.Min(_batch, count - batch), start = batch, pass = epoch;
                    float rate = (float)(_settings.LearningRate * Math.Max(1e-4, 1 - ((double)done / all)));
                    Workers.Run(size, chunk, threads, (first, end, worker) =>
                        Gradients(scratch[worker] ??= new Scratch(this, chunk), pass, start, first, end, rate), cancellation);
                    Workers.Run(owners, 1, threads, (owner, _, worker) =>
                        Apply(scratch[worker] ??= new Scratch(this, chunk), size, owner, owners - 1), CancellationToken.None);
                    done += size;
                    progress?.Invoke(done, all);

                    // In the order of the sentences, whoever read them.
                    for (int s = 0; _losses is not null && s < size; s++)
                    {
                        loss += _losses[s];
                    }

                    int ended = _watch is null ? 0 : (int)((Int128)done * _watch.Parts / all);
                    if (ended > part)
                    {
                        _model.Pairs = _pairs;
                        double mean = _losses is null || _pairs == pairsBefore ? double.NaN : loss / (_pairs - pairsBefore);
                        while (part < ended && goesOn)
                        {
                            goesOn = _watch!.AfterPart(++part, _model, mean);
                        }

                        (loss, pairsBefore) = (0, _pairs);
                    }
                }
            }

            _model.Pairs = _pairs;
        }

        private void Gradients(Scratch scratch, int epoch, int batch, int first, int end, float rate)
        {
            int length = _sentences.MaxLength;
            Span<int> lengths = scratch.Lengths.AsSpan(0, end - first);
            _sentences.Read(batch + first, lengths, scratch.Words.AsSpan(0, (end - first) * length));
            long pairs = 0;
            for (int s = first; s < end; s++)
            {
                var rng = new Rng(_seed, string.Create(CultureInfo.InvariantCulture, $"{_name}/{epoch}/{batch + s}"));
                Span<int> words = scratch.Words.AsSpan((s - first) * length, Checked(lengths[s - first], batch + s, _sentences));
                int kept = 0;
                foreach (int word in words)
                {
                    if (_counts[word] >= _settings.MinCount && (_stays is null || rng.NextSingle() < _stays[word]))
                    {
                        words[kept++] = word;
                    }
                }

                double loss = 0;
                _rowCount[s] = Sentence(scratch, words[..kept], rng, s, rate, ref pairs, ref loss);
                if (_losses is not null)
                {
                    _losses[s] = loss;
                }
            }

            Interlocked.Add(ref _pairs, pairs);
        }

        /// <summary>Writes the steps of a sentence and the rows they are for; returns their number.</summary>
        private int Sentence(Scratch scratch, ReadOnlySpan<int> words, Rng rng, int place, float rate, ref long pairs, ref double loss)
        {
            if (words.Length < 2)
            {
                return 0;
            }

            int stride = _stride, negatives = _settings.Negatives, wide = negatives + 1;
            Span<int> rows = _rows.AsSpan(place * _most, _most);
            float* steps = _steps.Pointer + ((nint)place * _most * stride), inputs = _model._inputs.Pointer, outputs = _model._outputs.Pointer, local = scratch.Local.Pointer;
            Span<int> drawn = scratch.Drawn, used = scratch.Used, reach = scratch.Reach;
            for (int c = 0; c < words.Length; c++)
            {
                rows[c] = words[c];
                Prefetch(inputs + ((nint)words[c] * stride), stride);
                reach[c] = 1 + rng.Next(_settings.Window);
                int n = 1;
                drawn[c * wide] = words[c];
                for (int k = 0; k < negatives; k++)
                {
                    int negative = _negatives.Draw(rng);
                    if (negative != words[c])
                    {
                        drawn[(c * wide) + n++] = negative;
                    }
                }

                used[c] = n;
            }

            for (int c = 0; c < words.Length; c++)
            {
                var input = new ReadOnlySpan<float>(inputs + ((nint)words[c] * stride), stride);
                input.CopyTo(new Span<float>(local + (c * stride), stride));
                scratch.Norms.Pointer[c] = TensorPrimitives.SumOfSquares(input);
            }

            new Span<float>(steps, words.Length * stride).Clear();
            Span<float> force = _force.AsSpan(place * _most, _most);
            force[..words.Length].Clear();
            int count = words.Length;
            float** from = stackalloc float*[SkipGramWindow.Padded(wide)], to = stackalloc float*[SkipGramWindow.Padded(wide)];
            for (int c = 0; c < words.Length; c++)
            {
                for (int k = 0; c + 1 < words.Length && k < used[c + 1]; k++)
                {
                    Prefetch(outputs + ((nint)drawn[((c + 1) * wide) + k] * stride), stride);
                }

                int low = Math.Max(0, c - reach[c]), end = Math.Min(words.Length, c + reach[c] + 1);
                for (int k = 0; k < SkipGramWindow.Padded(used[c]); k++)
                {
                    bool isUsed = k < used[c];
                    from[k] = isUsed ? outputs + ((nint)drawn[(c * wide) + k] * stride) : scratch.Zeros;
                    to[k] = isUsed ? steps + ((nint)(count + k) * stride) : scratch.Dump;
                    if (isUsed)
                    {
                        rows[count + k] = drawn[(c * wide) + k] + _model.Words;
                    }
                }

                fixed (float* own = force)
                {
                    SkipGramWindow.Run(
                        _path, local + (low * stride), end - low, c - low, from, used[c], stride, rate, scratch.Errors, steps + (low * stride), to,
                        scratch.Norms.Pointer + low, own + low, own + count);
                }

                if (_losses is not null)
                {
                    loss += Loss(scratch.Errors, end - low, c - low, used[c], rate);
                }

                count += used[c];
                pairs += end - low - 1;
            }

            return count;
        }

        /// <summary>Adds the steps of the rows that belong to an owner, in the order of the sentences.</summary>
        private void Apply(Scratch scratch, int size, int owner, int mask)
        {
            int stride = _stride, found = 0, words = _model.Words;
            int[] mine = scratch.Mine;
            for (int s = 0; s < size; s++)
            {
                int first = s * _most, end = first + _rowCount[s];
                for (int n = first; n < end; n++)
                {
                    // Without a branch, which nothing could predict.
                    mine[found] = n;
                    found += (_rows[n] & mask) == owner ? 1 : 0;
                }
            }

            for (int n = 0; n < found; n++)
            {
                _total[_rows[mine[n]]] += _force[mine[n]];
            }

            const int Ahead = 6;
            for (int n = 0; n < found; n++)
            {
                if (n + Ahead < found)
                {
                    Prefetch(Row(_rows[mine[n + Ahead]]), stride);
                }

                int of = _rows[mine[n]];
                var values = new Span<float>(Row(of), stride);
                var step = new ReadOnlySpan<float>(_steps.Pointer + ((nint)mine[n] * stride), stride);
                if (_total[of] <= 1)
                {
                    TensorPrimitives.Add(values, step, values);
                }
                else
                {
                    TensorPrimitives.MultiplyAdd(step, 1 / _total[of], values, values);
                }
            }

            for (int n = 0; n < found; n++)
            {
                _total[_rows[mine[n]]] = 0;
            }

            float* Row(int of) => of < words ? _model._inputs.Pointer + ((nint)of * stride) : _model._outputs.Pointer + ((nint)(of - words) * stride);
        }

        private static void Prefetch(float* row, int stride)
        {
            if (Sse.IsSupported)
            {
                for (int i = 0; i < stride; i += 16)
                {
                    Sse.Prefetch0(row + i);
                }
            }
        }

        /// <summary>What one worker writes into.</summary>
        private sealed class Scratch
        {
            private readonly AlignedBuffer _zeros, _dump, _errors;

            public Scratch(Training run, int chunk)
            {
                int length = run._sentences.MaxLength, wide = run._settings.Negatives + 1;
                Lengths = new int[chunk];
                Words = new int[chunk * length];
                Local = new AlignedBuffer((long)length * run._stride);
                Norms = new AlignedBuffer(length);
                _zeros = new AlignedBuffer(run._stride);
                _dump = new AlignedBuffer(run._stride);
                _errors = new AlignedBuffer((Math.Min(length, (2L * run._settings.Window) + 1) + 1) * SkipGramWindow.Padded(wide));
                Drawn = new int[length * wide];
                Used = new int[length];
                Reach = new int[length];
                Mine = new int[run._rows.Length + 1];
            }

            public int[] Lengths { get; }

            public int[] Words { get; }

            public AlignedBuffer Local { get; }

            public AlignedBuffer Norms { get; }

            public float* Zeros => _zeros.Pointer;

            public float* Dump => _dump.Pointer;

            public float* Errors => _errors.Pointer;

            public int[] Drawn { get; }

            public int[] Used { get; }

            public int[] Reach { get; }

            public int[] Mine { get; }
        }
    }
}
