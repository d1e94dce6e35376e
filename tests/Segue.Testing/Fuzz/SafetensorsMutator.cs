using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Segue.Numerics.Sampling;

namespace Segue.Testing.Fuzz;

/// <summary>Damages a safetensors file. Half of what comes out is a well-formed file with other values or sizes: only its reader can tell.</summary>
public static class SafetensorsMutator
{
    private static readonly long[] Lengths =
        [0, 1, 2, 8, -1, int.MaxValue, int.MaxValue + 1L, long.MaxValue, long.MinValue, 100_000_000, 1L << 40];

    private static readonly long[] Sizes =
        [0, 1, 2, 3, -1, -2, 4096, int.MaxValue, int.MaxValue + 1L, int.MinValue, 1L << 31, 1L << 32, long.MaxValue, long.MinValue, 65536, 46341];

    /// <summary>A damaged copy.</summary>
    /// <param name="file">A sound file.</param>
    /// <param name="rng">Draws.</param>
    public static byte[] Damage(byte[] file, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(rng);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        JsonObject header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        byte[] data = file[(8 + length)..];
        string[] names = [.. header.Select(e => e.Key)];
        if (names.Length == 0)
        {
            return ByteMutator.Damage(file, rng);
        }

        string name = names[rng.Next(names.Length)];
        JsonObject entry = header[name]!.AsObject();
        JsonArray shape = entry["shape"]!.AsArray(), offsets = entry["data_offsets"]!.AsArray();
        string type = (string)entry["dtype"]!;
        int start = (int)offsets[0]!, end = (int)offsets[1]!;
        switch (rng.Next(20))
        {
            case 0: // length of the header
                BinaryPrimitives.WriteInt64LittleEndian(file = [.. file], Lengths[rng.Next(Lengths.Length)]);
                return file;
            case 1:
                return ByteMutator.Damage(file, rng);
            case 2 or 3: // the header
                return Join(JsonMutator.Damage(header, rng), data);
            case 4: // a size that is not there
                shape[rng.Next(shape.Count)] = Sizes[rng.Next(Sizes.Length)];
                return Join(header, data);
            case 5: // all sizes huge
                for (int n = 0; n < shape.Count; n++)
                {
                    shape[n] = Sizes[rng.Next(Sizes.Length)];
                }

                return Join(header, data);
            case 6: // as many values in another shape
                entry["shape"] = rng.Next(4) switch
                {
                    0 => new JsonArray([.. shape.Reverse().Select(s => s!.DeepClone())]),
                    1 => new JsonArray([.. shape.Select(s => s!.DeepClone()), 1]),
                    2 => new JsonArray(1, shape.Aggregate(1, (a, s) => a * (int)s!)),
                    _ => new JsonArray(shape.Aggregate(1, (a, s) => a * (int)s!)),
                };
                return Join(header, data);
            case 7: // another type of the same size, or of another
                entry["dtype"] = rng.Next(2) == 0
                    ? type switch { "F32" => "I32", "I32" => "F32", "F64" => "I64", _ => "F64" }
                    : rng.Next(3) switch { 0 => "F16", 1 => "BF16", _ => "U8" };
                return Join(header, data);
            case 8: // another place in the file
                int moved = rng.Next(3) switch { 0 => 4, 1 => -4, _ => rng.Next(data.Length + 1) - start };
                offsets[0] = start + moved;
                offsets[1] = end + moved;
                return Join(header, data);
            case 9: // an end before its start or behind the file
                offsets[rng.Next(2)] = Sizes[rng.Next(Sizes.Length)];
                return Join(header, data);
            case 10: // without an array
                header.Remove(name);
                return Join(header, data);
            case 11: // under an odd name
                header.Remove(name);
                header[rng.Next(4) switch { 0 => string.Empty, 1 => name + "\0", 2 => "\uFFFF", _ => "../" + name }] = entry;
                return Join(header, data);
            case 12 or 13 or 14: // with rows more or fewer, soundly said
                return Resized(header, name, data, rng);
            case 15: // the values of another array
                string other = names[rng.Next(names.Length)];
                (header[name]!["dtype"], header[name]!["shape"], header[name]!["data_offsets"]) =
                    (header[other]!["dtype"]!.DeepClone(), header[other]!["shape"]!.DeepClone(), header[other]!["data_offsets"]!.DeepClone());
                return Join(header, data);
            default: // sound but for values
                ValueMutator.Damage(data.AsSpan(start, end - start), type, rng);
                return Join(header, data);
        }
    }

    private static byte[] Resized(JsonObject header, string name, byte[] data, Rng rng)
    {
        JsonArray shape = header[name]!["shape"]!.AsArray();
        int size = (string)header[name]!["dtype"]! is "F64" or "I64" ? 8 : 4;
        int dimension = rng.Next(shape.Count), old = (int)shape[dimension]!;
        shape[dimension] = rng.Next(6) switch { 0 => 0, 1 => old + 1, 2 => Math.Max(0, old - 1), 3 => 2 * old, 4 => old / 2, _ => 1 };
        using var file = new MemoryStream();
        foreach ((string key, JsonNode? entry) in header)
        {
            JsonArray offsets = entry!["data_offsets"]!.AsArray();
            byte[] own = data[(int)offsets[0]!..(int)offsets[1]!];
            if (key == name)
            {
                byte[] from = own;
                own = new byte[size * shape.Aggregate(1, (a, s) => a * (int)s!)];
                from.AsSpan(0, Math.Min(from.Length, own.Length)).CopyTo(own);
            }

            offsets[0] = file.Position;
            file.Write(own);
            offsets[1] = file.Position;
        }

        return Join(header, file.ToArray());
    }

    private static byte[] Join(JsonObject header, byte[] data) => Join(Encoding.UTF8.GetBytes(header.ToJsonString()), data);

    private static byte[] Join(byte[] header, byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }
}
