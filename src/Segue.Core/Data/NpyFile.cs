using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Segue.Core.Data;

/// <summary>Reads and writes arrays in NumPy's <c>.npy</c> format, version 1.0, little-endian, C order.</summary>
/// <remarks>Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays". Element types: byte, int, long, float.</remarks>
public static partial class NpyFile
{
    /// <summary>Writes an array, flushed to the disk.</summary>
    /// <param name="path">File to create.</param>
    /// <param name="values">Elements in row-major order.</param>
    /// <param name="columns">Columns of a two-dimensional array, or 0 for one dimension.</param>
    public static void Write<T>(string path, ReadOnlySpan<T> values, int columns = 0)
        where T : unmanaged
    {
        string shape = columns == 0 ? $"({values.Length},)" : $"({values.Length / columns}, {columns})";
        string header = $"{{'descr': '{TypeCode<T>()}', 'fortran_order': False, 'shape': {shape}, }}";
        int length = ((10 + header.Length + 1 + 63) / 64 * 64) - 10;
        header = header.PadRight(length - 1) + "\n";
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        file.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)(length & 255), (byte)(length >> 8)]);
        file.Write(Encoding.ASCII.GetBytes(header));
        file.Write(MemoryMarshal.AsBytes(values));
        file.Flush(flushToDisk: true);
    }

    /// <summary>Maps an array into memory: pages are read when first used, and shared between processes.</summary>
    /// <remarks>
    /// Files up to 256 KiB are read instead. A mapping stays for the life of the process, see <c>docs/data.md</c>; a mapped file
    /// must not be cut off in place.
    /// </remarks>
    /// <exception cref="DatasetException">Not an <c>.npy</c> file, another element type, or another length than its header says.</exception>
    public static ReadOnlyMemory<T> Map<T>(string path)
        where T : unmanaged => View<T>(path, MappedFile.Open(path));

    /// <summary>The elements of a file whose bytes are at hand.</summary>
    /// <param name="path">Where they come from, for messages.</param>
    /// <param name="bytes">The whole file.</param>
    /// <exception cref="DatasetException">As <see cref="Map"/>.</exception>
    internal static ReadOnlyMemory<T> View<T>(string path, ReadOnlyMemory<byte> bytes)
        where T : unmanaged
    {
        (int offset, long count) = ReadHeader<T>(path, bytes.Span);
        return count == 0 ? ReadOnlyMemory<T>.Empty : new CastMemory<T>(bytes[offset..], (int)count).Memory;
    }

    private static (int Offset, long Count) ReadHeader<T>(string path, ReadOnlySpan<byte> bytes)
        where T : unmanaged
    {
        if (bytes.Length < 10 || bytes[0] != 0x93 || !bytes[1..6].SequenceEqual("NUMPY"u8) || bytes[6] != 1)
        {
            throw new DatasetException($"'{path}' is not a .npy file of version 1; import the dataset again");
        }

        int offset = 10 + bytes[8] + (bytes[9] << 8);
        if (offset > bytes.Length)
        {
            throw new DatasetException($"'{path}' is cut off inside its header; import the dataset again");
        }

        string header = Encoding.ASCII.GetString(bytes[10..offset]);
        Match match = HeaderPattern().Match(header);
        if (!match.Success || match.Groups["type"].Value != TypeCode<T>())
        {
            throw new DatasetException($"'{path}' has header {header.Trim()} where '{TypeCode<T>()}' was expected; import the dataset again");
        }

        // Int128, so that no shape, however absurd, wraps round to the right number of bytes.
        string shape = match.Groups["shape"].Value;
        Int128 count = 1;
        foreach (string size in shape.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            count = int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int length) && count <= Array.MaxLength
                ? count * length
                : Int128.MaxValue;
        }

        if (count > Array.MaxLength || offset + (count * Unsafe.SizeOf<T>()) != bytes.Length)
        {
            throw new DatasetException(
                $"'{path}' has {bytes.Length - offset} bytes of data where its header says shape ({shape}) of {Unsafe.SizeOf<T>()} bytes each; import the dataset again");
        }

        return (offset, (long)count);
    }

    private static string TypeCode<T>() => default(T) switch
    {
        byte => "|u1",
        int => "<i4",
        long => "<i8",
        float => "<f4",
        _ => throw new NotSupportedException($"{typeof(T)} has no .npy column type here"),
    };

    [GeneratedRegex(@"^\{'descr': '(?<type>[^']+)', 'fortran_order': False, 'shape': \((?<shape>[0-9]+(, ?[0-9]+)*,?)\),? ?\}\s*$")]
    private static partial Regex HeaderPattern();

    /// <summary>Bytes seen as another element type, without a copy.</summary>
    private sealed unsafe class CastMemory<T>(ReadOnlyMemory<byte> bytes, int count) : System.Buffers.MemoryManager<T>
        where T : unmanaged
    {
        public override Span<T> GetSpan()
        {
            ReadOnlySpan<T> span = MemoryMarshal.Cast<byte, T>(bytes.Span);
            return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(span), count);
        }

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => bytes[(elementIndex * sizeof(T))..].Pin();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

/// <summary>A whole file mapped into memory, read-only; small files are read into an array.</summary>
/// <remarks>
/// The mapping is never taken back: a span is a bare address that no garbage collector follows, so unmapping while one is in use
/// would crash the process. The pointer taken in the constructor keeps the mapping for the life of the process. What stays is
/// address space; the pages belong to the system's file cache, which drops them as it likes. A process may hold some 65,000
/// mappings, so small files, of which a dataset has most, do not take one.
/// </remarks>
internal sealed unsafe class MappedFile : System.Buffers.MemoryManager<byte>
{
    /// <summary>Files up to this length are read.</summary>
    public const int SmallBytes = 256 * 1024;
    private readonly byte* _start;
    private readonly int _length;

    private MappedFile(FileStream stream)
    {
        using var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _length = (int)stream.Length;
        MemoryMappedViewAccessor view = file.CreateViewAccessor(0, _length, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += view.PointerOffset;
    }

    /// <summary>Maps or reads <paramref name="path"/>.</summary>
    /// <exception cref="DatasetException">The file is missing, not a regular file, too large or cannot be read.</exception>
    public static ReadOnlyMemory<byte> Open(string path)
    {
        try
        {
            using FileStream? stream = RegularFile.OpenFile(path);
            if (stream is null)
            {
                return ReadOnlyMemory<byte>.Empty;
            }

            if (stream.Length > Array.MaxLength)
            {
                throw new DatasetException($"'{path}' has {stream.Length} bytes; a column may have at most {Array.MaxLength}");
            }

            if (stream.Length > SmallBytes)
            {
                return new MappedFile(stream).Memory;
            }

            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DatasetException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, default, this);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
