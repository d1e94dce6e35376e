using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Segue.Neural.Autodiff;

/// <summary>Attentions of a few neighbours at a time, all heads side by side: what <see cref="Attention"/> weighs rows with.</summary>
/// <remarks>
/// A node's numbers of all heads are a row of <see cref="Lanes"/> floats, a multiple of 8; what the lanes beyond the heads hold means nothing, but is finite where the
/// others are. Nothing is allocated. Where a number is not one, its attentions are not either.
/// </remarks>
internal static unsafe class AttentionWeights
{
    /// <summary>Floats in the row that holds the numbers of all heads.</summary>
    public static int Lanes(int heads) => (heads + 7) & ~7;

    /// <summary>Which attentions are dropped: a hash of seed, entry and head, so that any thread can ask again and in any order.</summary>
    /// <param name="Low">Half of the seed.</param>
    /// <param name="High">The other half.</param>
    /// <param name="Threshold">The share that is dropped, in units of 2⁻³¹.</param>
    public readonly record struct Dropout(uint Low, uint High, int Threshold)
    {
        /// <summary>What the attentions that stay grow by.</summary>
        public float Scale => (float)(1 / (1 - (Threshold / 2147483648.0)));

        public static Dropout Of(float share, ulong seed) => new((uint)seed, (uint)(seed >> 32), (int)(share * 2147483648.0));

        /// <summary>True where the attention of a head in an entry stays; the vectors below do the same for eight heads.</summary>
        public bool Keeps(int entry, int head, int lanes)
        {
            uint x = unchecked((((uint)entry * (uint)lanes) + (uint)head) ^ Low);
            x = unchecked((x ^ (x >> 16)) * 0x7FEB352Du) ^ High;
            x = unchecked((x ^ (x >> 15)) * 0x846CA68Bu);
            return (int)((x ^ (x >> 16)) >> 1) >= Threshold;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<float> Keep(Vector256<float> weights, int entry, int lanes, Vector256<uint> lane)
        {
            Vector256<uint> x = (Vector256.Create(unchecked((uint)entry * (uint)lanes)) + lane) ^ Vector256.Create(Low);
            x = ((x ^ (x >>> 16)) * Vector256.Create(0x7FEB352Du)) ^ Vector256.Create(High);
            x = (x ^ (x >>> 15)) * Vector256.Create(0x846CA68Bu);
            Vector256<int> number = ((x ^ (x >>> 16)) >>> 1).AsInt32();
            return Vector256.AndNot(weights, Vector256.LessThan(number, Vector256.Create(Threshold)).AsSingle());
        }
    }

    /// <summary>largest = the largest leaky(receiver + sender) over some senders, by head.</summary>
    public static void Largest(int* index, int count, float* receiver, float* senders, int lanes, float slope, float* largest)
    {
        for (int v = 0; v < lanes; v += 8)
        {
            // Leaky is monotonic and so is rounding: the largest sender has the largest sum. One that is not a number may get lost here, but not among the weights.
            var top = Vector256.Create(float.NegativeInfinity);
            float* from = senders + v;
            for (int n = 0; n < count; n++)
            {
                top = Vector256.MaxNative(top, Vector256.Load(from + ((nint)index[n] * lanes)));
            }

            Leaky(Vector256.Load(receiver + v) + top, slope).Store(largest + v);
        }
    }

    /// <summary>
    /// weights = e^(leaky(receiver + sender) − largest) of every sender and head, or 0 where dropped; sums gets what they come to before dropping.
    /// </summary>
    /// <param name="index">The senders of a receiver.</param>
    /// <param name="entry">Place of the first among all entries.</param>
    /// <param name="count">How many.</param>
    /// <param name="receiver">The receiver's numbers.</param>
    /// <param name="senders">Numbers of all senders.</param>
    /// <param name="lanes">Floats a row.</param>
    /// <param name="slope">Of the leaky rectifier.</param>
    /// <param name="dropout">What is dropped.</param>
    /// <param name="largest">From <see cref="Largest"/>.</param>
    /// <param name="weights">Output, count rows.</param>
    /// <param name="sums">Added to.</param>
    /// <param name="positive">Output like weights, with 0 where receiver + sender is not above 0; or null.</param>
    /// <param name="positiveSums">Added to where positive is wanted.</param>
    public static void OfReceiver(
        int* index, int entry, int count, float* receiver, float* senders, int lanes, float slope, in Dropout dropout, float* largest,
        float* weights, float* sums, float* positive, float* positiveSums)
    {
        Dropout drop = dropout;
        for (int v = 0; v < lanes; v += 8)
        {
            Vector256<uint> lane = Vector256<uint>.Indices + Vector256.Create((uint)v);
            Vector256<float> own = Vector256.Load(receiver + v), top = Vector256.Load(largest + v), sum = Vector256<float>.Zero, positiveSum = sum;
            float* from = senders + v;
            for (int n = 0; n < count; n++)
            {
                Vector256<float> z = own + Vector256.Load(from + ((nint)index[n] * lanes));
                Vector256<float> weight = Exp(Leaky(z, slope) - top);
                sum += weight;
                Vector256<float> kept = drop.Threshold == 0 ? weight : drop.Keep(weight, entry + n, lanes, lane);
                nint at = ((nint)n * lanes) + v;
                kept.Store(weights + at);
                if (positive != null)
                {
                    Vector256<float> above = Vector256.GreaterThan(z, Vector256<float>.Zero);
                    positiveSum += weight & above;
                    (kept & above).Store(positive + at);
                }
            }

            (Vector256.Load(sums + v) + sum).Store(sums + v);
            if (positive != null)
            {
                (Vector256.Load(positiveSums + v) + positiveSum).Store(positiveSums + v);
            }
        }
    }

    /// <summary>Floats a receiver in the records that <see cref="OfSender"/> reads, in lanes: its numbers, largest, factor and mean.</summary>
    public const int RecordRows = 4;

    private const int Ahead = 8;

    /// <summary>
    /// weights = factor · e^(leaky(receiver + sender) − largest) of every receiver and head, or 0 where dropped; means gets Σ weight · leaky' · mean before
    /// dropping.
    /// </summary>
    /// <param name="index">The receivers of a sender.</param>
    /// <param name="entries">Their places among all entries.</param>
    /// <param name="count">How many.</param>
    /// <param name="sender">The sender's numbers.</param>
    /// <param name="records">Of all receivers: numbers, largest, factor, mean.</param>
    /// <param name="lanes">Floats a row.</param>
    /// <param name="slope">Of the leaky rectifier.</param>
    /// <param name="dropout">What is dropped.</param>
    /// <param name="weights">Output, count rows.</param>
    /// <param name="positive">Output like weights, with 0 where receiver + sender is not above 0.</param>
    /// <param name="means">Added to.</param>
    /// <param name="following">More receivers that follow in <paramref name="index"/>: their records are fetched early.</param>
    public static void OfSender(
        int* index, int* entries, int count, float* sender, float* records, int lanes, float slope, in Dropout dropout, float* weights, float* positive, float* means,
        int following = 0)
    {
        Dropout drop = dropout;
        int last = count - 1 + following;
        for (int v = 0; v < lanes; v += 8)
        {
            Vector256<uint> lane = Vector256<uint>.Indices + Vector256.Create((uint)v);
            Vector256<float> own = Vector256.Load(sender + v), below = Vector256.Create(slope), sum = Vector256<float>.Zero;
            for (int n = 0; n < count; n++)
            {
                // Records lie anywhere in memory; a few are fetched while others are worked on.
                if (Sse.IsSupported && v == 0)
                {
                    float* later = records + ((nint)index[Math.Min(n + Ahead, last)] * RecordRows * lanes);
                    for (int line = 0; line < RecordRows * lanes; line += 16)
                    {
                        Sse.Prefetch0(later + line);
                    }
                }

                float* record = records + ((nint)index[n] * RecordRows * lanes) + v;
                Vector256<float> z = Vector256.Load(record) + own;
                Vector256<float> weight = Exp(Leaky(z, slope) - Vector256.Load(record + lanes)) * Vector256.Load(record + (2 * lanes));
                Vector256<float> above = Vector256.GreaterThan(z, Vector256<float>.Zero);
                sum += weight * Vector256.Load(record + (3 * lanes)) * Vector256.ConditionalSelect(above, Vector256<float>.One, below);
                Vector256<float> kept = drop.Threshold == 0 ? weight : drop.Keep(weight, entries[n], lanes, lane);
                nint at = ((nint)n * lanes) + v;
                kept.Store(weights + at);
                (kept & above).Store(positive + at);
            }

            (Vector256.Load(means + v) + sum).Store(means + v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Leaky(Vector256<float> z, float slope) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(z, Vector256<float>.Zero), z, z * Vector256.Create(slope));

    /// <summary>e^x for x not above 0; the error is below 2⁻²².</summary>
    /// <remarks>
    /// x = n ln 2 + f with a whole n and |f| ≤ ln 2 / 2, e^f by its series to f⁷ (the next term is below 6 · 10⁻⁹), 2ⁿ by the bits of its exponent. Results below the
    /// normal numbers are 0: arithmetic with others is slow.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Exp(Vector256<float> x)
    {
        var least = Vector256.Create(-87.3f);
        Vector256<float> tiny = Vector256.LessThan(x, least), bounded = Vector256.ConditionalSelect(tiny, least, x);
        Vector256<float> n = Vector256.Round(bounded * Vector256.Create(1.44269504f));

        // ln 2 in two parts, the first with so few digits that its product with n is exact.
        Vector256<float> f = Vector256.MultiplyAddEstimate(n, Vector256.Create(-0.693359375f), bounded);
        f = Vector256.MultiplyAddEstimate(n, Vector256.Create(2.12194440e-4f), f);
        Vector256<float> sum = Vector256.MultiplyAddEstimate(f, Vector256.Create(1f / 5040f), Vector256.Create(1f / 720f));
        sum = Vector256.MultiplyAddEstimate(sum, f, Vector256.Create(1f / 120f));
        sum = Vector256.MultiplyAddEstimate(sum, f, Vector256.Create(1f / 24f));
        sum = Vector256.MultiplyAddEstimate(sum, f, Vector256.Create(1f / 6f));
        sum = Vector256.MultiplyAddEstimate(sum, f, Vector256.Create(0.5f));
        sum = Vector256.MultiplyAddEstimate(sum, f, Vector256<float>.One);
        sum = Vector256.MultiplyAddEstimate(sum, f, Vector256<float>.One);
        Vector256<int> power = (Vector256.ConvertToInt32Native(n) + Vector256.Create(127)) << 23;
        return Vector256.AndNot(sum * power.AsSingle(), tiny);
    }
}
