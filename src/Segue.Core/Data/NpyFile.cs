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
    /// <exception cref="DatasetException">Not an <c>.npy</c> file, another element type, or another length than its header says.</exception>
    public static ReadOnlyMemory<T> Map<T>(string path)
        where T : unmanaged
    {
        ReadOnlyMemory<byte> bytes = MappedFile.Open(path);
        (int offset, long count) = ReadHeader<T>(path, bytes.Span);
        return count == 0 ? ReadOnlyMemory<T>.Empty : new CastMemory<T>(bytes[offset..], (int)count).Memory;
    }

    private static (int Offset, long Count) ReadHeader<T>(string path, ReadOnlySpan<byte> bytes)
        where T : unmanaged
    {
        if (bytes.Length < 10 || bytes[0] != 0x93 || !bytes[1..6].SequenceEqual("NUMPY"u8))
        {
            throw new DatasetException($"'{path}' is not a .npy file; import the dataset again");
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

        long count = 1;
        foreach (string size in match.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            count *= long.Parse(size, CultureInfo.InvariantCulture);
        }

        if (count > Array.MaxLength || offset + (count * Unsafe.SizeOf<T>()) != bytes.Length)
        {
            throw new DatasetException($"'{path}' has {bytes.Length - offset} bytes of data where its header says {count} elements of {Unsafe.SizeOf<T>()}; import the dataset again");
        }

        return (offset, count);
    }

    private static string TypeCode<T>() => default(T) switch
    {
        byte => "|u1",
        int => "<i4",
        long => "<i8",
        float => "<f4",
        _ => throw new NotSupportedException($"{typeof(T)} has no .npy column type here"),
    };

    [GeneratedRegex(@"^\{'descr': '(?<type>[^']+)', 'fortran_order': False, 'shape': \((?<shape>[0-9, ]*)\),? ?\}\s*$")]
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

/// <summary>A whole file mapped into memory, read-only.</summary>
internal sealed unsafe class MappedFile : System.Buffers.MemoryManager<byte>
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly int _length;

    private MappedFile(string path, long length)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _length = (int)length;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    /// <summary>Maps <paramref name="path"/>; the mapping lives as long as the memory is referenced.</summary>
    public static ReadOnlyMemory<byte> Open(string path)
    {
        long length;
        try
        {
            length = new FileInfo(path).Length;
        }
        catch (IOException e)
        {
            throw new DatasetException($"'{path}' cannot be read: {e.Message}", e);
        }

        if (length > Array.MaxLength)
        {
            throw new DatasetException($"'{path}' has {length} bytes; a column may have at most {Array.MaxLength}");
        }

        return length == 0 ? ReadOnlyMemory<byte>.Empty : new MappedFile(path, length).Memory;
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, default, this);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
