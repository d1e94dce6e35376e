using System.Buffers.Binary;

namespace Segue.Import.Engine;

/// <summary>The checksum of zip entries (polynomial 0xEDB88320), eight bytes a step; the BCL's reader does not check it.</summary>
internal static class Crc32
{
    private static readonly uint[] Tables = MakeTables();

    /// <summary>Continues <paramref name="crc"/> (0 to start) over <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        uint[] t = Tables;
        crc = ~crc;
        while (bytes.Length >= 8)
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = t[(7 << 8) | (low & 0xFF)] ^ t[(6 << 8) | ((low >> 8) & 0xFF)]
                ^ t[(5 << 8) | ((low >> 16) & 0xFF)] ^ t[(4 << 8) | (low >> 24)]
                ^ t[(3 << 8) | (high & 0xFF)] ^ t[(2 << 8) | ((high >> 8) & 0xFF)]
                ^ t[(1 << 8) | ((high >> 16) & 0xFF)] ^ t[high >> 24];
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
        {
            crc = t[(crc ^ b) & 0xFF] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[] MakeTables()
    {
        var tables = new uint[8 << 8];
        for (uint n = 0; n < 256; n++)
        {
            uint c = n;
            for (int bit = 0; bit < 8; bit++)
            {
                c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            }

            tables[n] = c;
        }

        for (int n = 256; n < tables.Length; n++)
        {
            tables[n] = tables[tables[n - 256] & 0xFF] ^ (tables[n - 256] >> 8);
        }

        return tables;
    }
}
