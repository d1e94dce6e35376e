using System.Globalization;
using System.Text;
using Segue.Numerics.Sampling;

namespace Segue.Testing.Fuzz;

/// <summary>Damages a NumPy array file (format 1.0): header, length or elements.</summary>
public static class NpyMutator
{
    private const int Prefix = 10;

    private static readonly (string Old, string[] New)[] Words =
    [
        ("<i4", ["<i8", "<f4", ">i4", "|u1", "<i2", "|O", "<U9"]), ("<i8", ["<i4", "<f8", ">i8", "|u1"]), ("<f4", ["<f8", "<i4", ">f4", "<f2"]), ("|u1", ["|i1", "<i4", "|b1"]),
        ("False", ["True", "None", ""]), ("shape", ["shapes", ""]), ("descr", ["Descr"]), ("'", ["\"", ""]), ("(", ["", "[", "(("]), (")", ["", "]"]), ("{", ["", "[{"]), ("}", [""]),
        ("\n", ["", " "]),
    ];

    private static readonly string[] Sizes = ["0", "1", "-1", "2147483647", "2147483648", "4294967296", "9223372036854775807", "99999999999999999999", "1e3", "", "3, 4", "0x10"];

    /// <summary>A damaged copy.</summary>
    /// <param name="file">A sound file.</param>
    /// <param name="rng">Draws.</param>
    public static byte[] Damage(byte[] file, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(rng);
        int header = file.Length < Prefix ? -1 : file[8] | (file[9] << 8);
        if (header < 0 || Prefix + header > file.Length)
        {
            return ByteMutator.Damage(file, rng);
        }

        string text = Encoding.Latin1.GetString(file, Prefix, header);
        byte[] data = file[(Prefix + header)..];
        switch (rng.Next(10))
        {
            case 0: // another word in the header
                (string old, string[] with) = Words[rng.Next(Words.Length)];
                return Join(file, text.Replace(old, with[rng.Next(with.Length)], StringComparison.Ordinal), data);
            case 1: // another size than there is
                return Join(file, Resize(text, _ => Sizes[rng.Next(Sizes.Length)]), data);
            case 2: // fewer or more elements, and the header says so
                int size = Size(text);
                int count = size == 0 ? 0 : data.Length / size, left = rng.Next(3) switch { 0 => 0, 1 => Math.Max(0, count - 1 - rng.Next(3)), _ => count + 1 };
                Array.Resize(ref data, left * size);
                return Join(file, Resize(text, _ => left.ToString(CultureInfo.InvariantCulture)), data);
            case 3: // another length of the header, version or magic
                byte[] copy = [.. file];
                copy[rng.Next(Prefix)] = (byte)rng.Next(256);
                return copy;
            case 4:
                return ByteMutator.Damage(file, rng);
            case 5: // padded for 64 kB
                return Join(file, text.PadRight(ushort.MaxValue), data);
            default:
                string type = text.Contains("<i4", StringComparison.Ordinal) ? "I32" : text.Contains("<i8", StringComparison.Ordinal) ? "I64"
                    : text.Contains("<f4", StringComparison.Ordinal) ? "F32" : text.Contains("<f8", StringComparison.Ordinal) ? "F64" : "U8";
                ValueMutator.Damage(data, type, rng);
                return Join(file, text, data);
        }
    }

    private static byte[] Join(byte[] file, string header, byte[] data) =>
        [.. file[..8], (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.Latin1.GetBytes(header), .. data];

    private static int Size(string header)
    {
        int at = header.IndexOf("'descr': '", StringComparison.Ordinal);
        return at < 0 || at + 12 >= header.Length || !char.IsAsciiDigit(header[at + 12]) ? 1 : header[at + 12] - '0';
    }

    // The first number between the parentheses.
    private static string Resize(string header, Func<string, string> with)
    {
        int start = header.IndexOf('(', StringComparison.Ordinal) + 1, end = start < 1 ? -1 : header.IndexOfAny([',', ')'], start);
        return end < 0 ? header : header[..start] + with(header[start..end]) + header[end..];
    }
}
