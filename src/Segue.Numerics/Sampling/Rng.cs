using System.Numerics;
using System.Text;

namespace Segue.Numerics.Sampling;

/// <summary>
/// A repeatable pseudo-random generator: xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", ACM TOMS 2021), seeded through SplitMix64.
/// </summary>
/// <remarks>
/// Not for cryptography and not thread-safe: make one generator per purpose and per worker, by name. Period 2^256 − 1;
/// about one nanosecond a draw.
/// </remarks>
public sealed class Rng
{
    private ulong _s0, _s1, _s2, _s3;
    private float _spareGaussian;
    private bool _hasSpareGaussian;

    /// <summary>A generator for one purpose. Different names give independent streams from the same seed.</summary>
    /// <param name="seed">The seed of the run; any value.</param>
    /// <param name="name">What the numbers are for, for example <c>als/item-factors</c>.</param>
    public Rng(ulong seed, string name = "")
    {
        ArgumentNullException.ThrowIfNull(name);
        ulong state = seed ^ Fnv1A(name);
        _s0 = SplitMix(ref state);
        _s1 = SplitMix(ref state);
        _s2 = SplitMix(ref state);
        _s3 = SplitMix(ref state);
    }

    /// <summary>64 uniform random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(_s0 + _s3, 23) + _s0;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A uniform integer in [0, <paramref name="exclusiveMaximum"/>), without modulo bias (Lemire 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The maximum is not positive.</exception>
    public int Next(int exclusiveMaximum)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMaximum);
        uint range = (uint)exclusiveMaximum;
        ulong product = (NextUInt64() >> 32) * range;
        if ((uint)product < range)
        {
            uint threshold = (0u - range) % range;
            while ((uint)product < threshold)
            {
                product = (NextUInt64() >> 32) * range;
            }
        }

        return (int)(product >> 32);
    }

    /// <summary>A uniform double in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A uniform float in [0, 1) with 24 random bits.</summary>
    public float NextSingle() => (NextUInt64() >> 40) * (1.0f / (1 << 24));

    /// <summary>A standard normal number (Marsaglia's polar method).</summary>
    public float NextGaussian()
    {
        if (_hasSpareGaussian)
        {
            _hasSpareGaussian = false;
            return _spareGaussian;
        }

        double u, v, s;
        do
        {
            u = (2.0 * NextDouble()) - 1.0;
            v = (2.0 * NextDouble()) - 1.0;
            s = (u * u) + (v * v);
        }
        while (s >= 1.0 || s == 0.0);

        double scale = Math.Sqrt(-2.0 * Math.Log(s) / s);
        _spareGaussian = (float)(v * scale);
        _hasSpareGaussian = true;
        return (float)(u * scale);
    }

    /// <summary>An exponential number with mean 1.</summary>
    public double NextExponential() => -Math.Log(1.0 - NextDouble());

    /// <summary>Fills <paramref name="values"/> with N(0, <paramref name="standardDeviation"/>²).</summary>
    public void FillGaussian(Span<float> values, float standardDeviation)
    {
        for (int i = 0; i < values.Length; i++)
        {
            CancellationScope.CheckAt(i);
            values[i] = NextGaussian() * standardDeviation;
        }
    }

    /// <summary>Sets every value to 0 with probability <paramref name="share"/> and to <paramref name="otherwise"/> else; draws as <see cref="NextSingle"/> does.</summary>
    /// <param name="values">Output.</param>
    /// <param name="share">From 0 to below 1.</param>
    /// <param name="otherwise">What is not 0.</param>
    /// <remarks>The state is kept in registers and nothing depends on a branch that cannot be foretold: a third of the time of a loop over draws.</remarks>
    public void FillMask(Span<float> values, float share, float otherwise)
    {
        // n · 2⁻²⁴ ≥ share, said in whole numbers: both sides are exact.
        ulong limit = (ulong)Math.Ceiling((double)share * (1 << 24));
        uint bits = BitConverter.SingleToUInt32Bits(otherwise);
        ulong s0 = _s0, s1 = _s1, s2 = _s2, s3 = _s3;
        for (int n = 0; n < values.Length; n++)
        {
            ulong drawn = (BitOperations.RotateLeft(s0 + s3, 23) + s0) >> 40, t = s1 << 17;
            s2 ^= s0;
            s3 ^= s1;
            s1 ^= s2;
            s0 ^= s3;
            s2 ^= t;
            s3 = BitOperations.RotateLeft(s3, 45);

            // The sign of the difference is all ones where it was drawn below the limit.
            values[n] = BitConverter.UInt32BitsToSingle(bits & ~(uint)((long)(drawn - limit) >> 63));
        }

        (_s0, _s1, _s2, _s3) = (s0, s1, s2, s3);
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            CancellationScope.CheckAt(i);
            int j = Next(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    private static ulong Fnv1A(string name)
    {
        ulong hash = 14695981039346656037UL;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        return hash;
    }

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15UL;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
