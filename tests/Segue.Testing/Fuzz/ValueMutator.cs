using System.Buffers.Binary;
using Segue.Numerics.Sampling;

namespace Segue.Testing.Fuzz;

/// <summary>Damages the elements of an array of numbers, in place: marks, extremes, neighbours of sound values, other elements.</summary>
public static class ValueMutator
{
    private static readonly float[] Floats =
    [
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, 1e-39f, 0f, -0f, -1f, 1f, 1e30f, -1e30f,
        0.5f, 2147483648f, 16777217f,
    ];

    private static readonly double[] Doubles =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue, double.Epsilon, 0d, -0d, -1d, 1d, 1e300, -1e300, 1e39, 0.5,
    ];

    private static readonly long[] Integers =
    [
        -1, 0, 1, 2, 3, 7, int.MaxValue, int.MinValue, int.MaxValue - 1L, long.MaxValue, long.MinValue, 1L << 32, 1_000_000, 1_700_000_000,
    ];

    /// <summary>Damages up to three places, or all.</summary>
    /// <param name="data">Little-endian elements.</param>
    /// <param name="type"><c>F32</c>, <c>F64</c>, <c>I32</c>, <c>I64</c> or anything else for bytes.</param>
    /// <param name="rng">Draws.</param>
    public static void Damage(Span<byte> data, string type, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(rng);
        int size = type switch { "F32" or "I32" => 4, "F64" or "I64" => 8, _ => 1 };
        int count = data.Length / size;
        if (count == 0)
        {
            return;
        }

        byte[] value = new byte[size];
        int kind = rng.Next(8);
        Draw(value, type, rng);
        if (kind == 0)
        {
            for (int n = 0; n < count; n++)
            {
                value.CopyTo(data.Slice(n * size, size));
            }

            return;
        }

        for (int times = 1 + rng.Next(3); times > 0; times--)
        {
            // The ends are where starts, totals and sizes are.
            int at = rng.Next(4) switch { 0 => 0, 1 => count - 1, _ => rng.Next(count) };
            Span<byte> element = data.Slice(at * size, size);
            switch (kind)
            {
                case 1: // one more or less
                    int step = rng.Next(2) == 0 ? 1 : -1;
                    if (size == 4)
                    {
                        BinaryPrimitives.WriteInt32LittleEndian(element, unchecked(BinaryPrimitives.ReadInt32LittleEndian(element) + step));
                    }
                    else if (size == 8)
                    {
                        BinaryPrimitives.WriteInt64LittleEndian(element, unchecked(BinaryPrimitives.ReadInt64LittleEndian(element) + step));
                    }
                    else
                    {
                        element[0] = unchecked((byte)(element[0] + step));
                    }

                    break;
                case 2: // another element
                    data.Slice(rng.Next(count) * size, size).CopyTo(element);
                    break;
                case 3: // another sign
                    element[^1] ^= 0x80;
                    break;
                case 4: // any bit
                    element[rng.Next(size)] ^= (byte)(1 << rng.Next(8));
                    break;
                default:
                    Draw(value, type, rng);
                    value.CopyTo(element);
                    break;
            }
        }
    }

    private static void Draw(Span<byte> value, string type, Rng rng)
    {
        switch (type)
        {
            case "F32":
                BinaryPrimitives.WriteSingleLittleEndian(value, Floats[rng.Next(Floats.Length)]);
                break;
            case "F64":
                BinaryPrimitives.WriteDoubleLittleEndian(value, Doubles[rng.Next(Doubles.Length)]);
                break;
            case "I32":
                BinaryPrimitives.WriteInt32LittleEndian(value, unchecked((int)Integers[rng.Next(Integers.Length)]));
                break;
            case "I64":
                BinaryPrimitives.WriteInt64LittleEndian(value, Integers[rng.Next(Integers.Length)]);
                break;
            default:
                value[0] = (byte)rng.Next(256);
                break;
        }
    }
}
