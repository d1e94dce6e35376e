using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core.Data;
using Segue.Numerics.Dense;
using Segue.Numerics.Sparse;

namespace Segue.Core.Artifacts;

/// <summary>Collects the named arrays of a trained model and writes them as one safetensors file.</summary>
/// <remarks>
/// Source: the safetensors format, 8-byte little-endian header length, JSON header, raw little-endian data. Matrices are written from where they are, without a copy, and must not
/// change before; a file may have any number of bytes, an array as many values as one of .NET.
/// </remarks>
public sealed class ArtifactWriter
{
    private readonly SortedDictionary<string, (string Type, int[] Shape, long Bytes, Action<Stream> Write)> _arrays;
    private readonly string _prefix;

    /// <summary>Collects nothing yet.</summary>
    public ArtifactWriter()
        : this(new(StringComparer.Ordinal), string.Empty)
    {
    }

    private ArtifactWriter(SortedDictionary<string, (string Type, int[] Shape, long Bytes, Action<Stream> Write)> arrays, string prefix) => (_arrays, _prefix) = (arrays, prefix);

    /// <summary>A writer into the same file that puts <paramref name="prefix"/> before every name, for a model inside another.</summary>
    public ArtifactWriter Under(string prefix) => new(_arrays, _prefix + prefix);

    /// <summary>Adds an array of floats.</summary>
    public void Add(string name, ReadOnlySpan<float> values, params int[] shape) => Put(name, "F32", values, shape);

    /// <summary>Adds an array of integers.</summary>
    public void Add(string name, ReadOnlySpan<int> values, params int[] shape) => Put(name, "I32", values, shape);

    /// <summary>Adds an array of long integers.</summary>
    public void Add(string name, ReadOnlySpan<long> values, params int[] shape) => Put(name, "I64", values, shape);

    /// <summary>Adds an array of doubles.</summary>
    public void Add(string name, ReadOnlySpan<double> values, params int[] shape) => Put(name, "F64", values, shape);

    /// <summary>Adds a dense matrix.</summary>
    public void Add(string name, DenseMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        Keep(name, "F32", matrix.Values, [matrix.Rows, matrix.Columns]);
    }


    /// <summary>Adds a sparse matrix as <c>name.row_start</c>, <c>name.column_index</c>, <c>name.values</c> and <c>name.shape</c>.</summary>
    public void Add(string name, CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        Keep(name + ".row_start", "I32", matrix.RowStart, [matrix.RowStart.Length]);
        Keep(name + ".column_index", "I32", matrix.ColumnIndex, [matrix.ColumnIndex.Length]);
        Keep(name + ".values", "F32", matrix.Values, [matrix.Values.Length]);
        Add(name + ".shape", [matrix.Rows, matrix.Columns]);
    }

    /// <summary>Writes the file, flushed to the disk.</summary>
    public void Write(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew);
        Write(file);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Writes the bytes of the file.</summary>
    public void Write(Stream file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var header = new JsonObject();
        long offset = 0;
        foreach ((string name, (string type, int[] shape, long bytes, _)) in _arrays)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(s => (JsonNode)s)]),
                ["data_offsets"] = new JsonArray(offset, offset + bytes),
            };
            offset += bytes;
        }

        string json = header.ToJsonString();
        json = json.PadRight((json.Length + 7) / 8 * 8);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        file.Write(length);
        file.Write(Encoding.ASCII.GetBytes(json));
        foreach ((_, _, _, Action<Stream> write) in _arrays.Values)
        {
            write(file);
        }
    }

    private void Put<T>(string name, string type, ReadOnlySpan<T> values, int[] shape)
        where T : unmanaged
    {
        int[] full = shape.Length == 0 ? [values.Length] : shape;
        if (full.Aggregate(1L, (a, b) => a * b) != values.Length)
        {
            throw new ArgumentException($"array '{name}' has {values.Length} values, which do not fill the shape ({string.Join(", ", full)})");
        }

        Keep(name, type, values.ToArray(), full);
    }

    private void Keep<T>(string name, string type, T[] values, int[] shape)
        where T : unmanaged
    {
        long bytes = (long)values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        _arrays.Add(_prefix + name, (type, shape, bytes, file => Write(file, values)));
    }

    private static void Write<T>(Stream file, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        // Bytes of more than 2 GB have no span: a piece at a time.
        const int piece = 1 << 20;
        for (int from = 0; from < values.Length; from += piece)
        {
            file.Write(MemoryMarshal.AsBytes(values.Slice(from, Math.Min(piece, values.Length - from))));
        }
    }
}

/// <summary>Which floats an array may hold.</summary>
public enum ArrayValues
{
    /// <summary>Finite numbers only.</summary>
    Finite,

    /// <summary>Finite numbers, and rows that are NaN throughout for what is unknown.</summary>
    UnknownRows,

    /// <summary>Whatever was stored.</summary>
    Any,
}

/// <summary>Reads the named arrays of a trained model from a safetensors file.</summary>
/// <remarks>
/// What an array holds is checked when it is read: its size against that of the file before memory is taken, floats for infinities and NaN, sparse matrices for their structure. What the
/// numbers mean, and whether they fit the training data, only the model can tell.
/// </remarks>
public sealed class ArtifactReader
{
    private readonly string _path;
    private readonly ArtifactBytes _data;
    private readonly long _start;
    private readonly JsonObject _header;
    private readonly string _prefix;

    private ArtifactReader(string path, ArtifactBytes data, long start, JsonObject header, string prefix = "")
    {
        _path = path;
        _data = data;
        _start = start;
        _header = header;
        _prefix = prefix;
    }

    /// <summary>Opens a file written by <see cref="ArtifactWriter"/> (or any safetensors writer), of any number of bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="check">Sees all bytes before anything is made of them, for example to compare a checksum; may be null.</param>
    /// <exception cref="DatasetException">Not a safetensors file, or cut off.</exception>
    /// <remarks>A small file is read once, whole. A large one stays open, and every array is read from its place: no byte is held twice.</remarks>
    public static ArtifactReader Open(string path, Action<Stream>? check = null) => Open(path, check, ArtifactBytes.SmallBytes);

    /// <summary>As <see cref="Open(string, Action{Stream})"/>, with the size up to which a file is read whole; for tests.</summary>
    internal static ArtifactReader Open(string path, Action<Stream>? check, long smallBytes)
    {
        ArtifactBytes bytes = OpenBytes(path, smallBytes);
        if (check is not null)
        {
            using Stream stream = bytes.ToStream();
            check(stream);
        }

        var lengthBytes = new byte[8];
        long length = bytes.Length < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(Part(bytes, 0, lengthBytes));
        if (length < 2 || length > Math.Min(bytes.Length - 8, Array.MaxLength))
        {
            throw new DatasetException($"'{path}' is not a safetensors file or is cut off; train the model again");
        }

        try
        {
            // Names are decoded when they are first asked for; asking for their number brings errors out here.
            JsonObject header = JsonNode.Parse(Part(bytes, 8, new byte[length]))?.AsObject() ?? [];
            _ = header.Count;
            return new ArtifactReader(path, bytes, 8 + length, header);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new DatasetException($"'{path}' has a damaged header ({e.Message}); train the model again", e);
        }
    }

    /// <summary>A reader of the same file that puts <paramref name="prefix"/> before every name, as <see cref="ArtifactWriter.Under"/> did.</summary>
    public ArtifactReader Under(string prefix) => new(_path, _data, _start, _header, _prefix + prefix);

    /// <summary>Names of all arrays (of those under the prefix, without it), in the order of the file.</summary>
    public IEnumerable<string> Names => _header.Select(entry => entry.Key)
        .Where(name => name != "__metadata__" && name.StartsWith(_prefix, StringComparison.Ordinal)).Select(name => name[_prefix.Length..]);

    /// <summary>True where the file has the array.</summary>
    public bool Contains(string name) => _header.ContainsKey(_prefix + name);

    /// <summary>An array of floats.</summary>
    /// <param name="name">Name of the array.</param>
    /// <param name="allowed">Which floats it may hold.</param>
    /// <exception cref="DatasetException">The array is missing, of another type or size than its header says, or holds other floats.</exception>
    public float[] Floats(string name, ArrayValues allowed = ArrayValues.Finite) => ReadFloats(name, allowed).Values;

    /// <summary>An array of integers.</summary>
    /// <exception cref="DatasetException">The array is missing, or of another type or size than its header says.</exception>
    public int[] Integers(string name) => Read<int>(name, "I32").Values;

    /// <summary>Where every row of something begins, and where the last one ends: ascending from 0 to the number of entries.</summary>
    /// <param name="name">Name of the array.</param>
    /// <param name="rows">Number of rows; the array is one longer.</param>
    /// <param name="entries">Number of entries of all rows.</param>
    /// <exception cref="DatasetException">The array is missing or damaged, or does not divide the entries into the rows.</exception>
    public int[] Starts(string name, int rows, int entries)
    {
        int[] start = Integers(name);
        bool valid = rows >= 0 && start.Length - 1 == rows && start[0] == 0 && start[^1] == entries;
        for (int r = 1; valid && r < start.Length; r++)
        {
            valid = start[r] >= start[r - 1];
        }

        return valid ? start : throw Damaged(name, $"does not divide {entries} entries into {rows} rows, which the dataset of the model has");
    }

    /// <summary>An array of long integers.</summary>
    /// <exception cref="DatasetException">The array is missing, or of another type or size than its header says.</exception>
    public long[] Longs(string name) => Read<long>(name, "I64").Values;

    /// <summary>An array of doubles, all finite.</summary>
    /// <exception cref="DatasetException">The array is missing, of another type or size than its header says, or holds infinities or NaN.</exception>
    public double[] Doubles(string name)
    {
        double[] values = Read<double>(name, "F64").Values;
        return Array.FindIndex(values, v => !double.IsFinite(v)) is var at and >= 0 ? throw NotFinite(name, at, values[at]) : values;
    }

    /// <summary>A dense matrix.</summary>
    /// <param name="name">Name of the array.</param>
    /// <param name="allowed">Which floats it may hold.</param>
    /// <exception cref="DatasetException">The array is missing, no matrix, of another type or size than its header says, or holds other floats.</exception>
    public DenseMatrix Dense(string name, ArrayValues allowed = ArrayValues.Finite)
    {
        (float[] values, int[] shape) = ReadFloats(name, allowed);
        return shape.Length == 2 ? new DenseMatrix(shape[0], shape[1], values) : throw Damaged(name, "is not a matrix");
    }

    /// <summary>Rows and columns of a matrix, from the header alone; (−1, −1) for an array that is none. Nothing is allocated.</summary>
    /// <exception cref="DatasetException">The array is missing, or of another type or size than its header says.</exception>
    public (int Rows, int Columns) ShapeOf(string name)
    {
        int[] shape = Find<float>(name, "F32").Shape;
        return shape.Length == 2 ? (shape[0], shape[1]) : (-1, -1);
    }

    /// <summary>A sparse matrix: row starts ascend, columns ascend within a row, values are finite.</summary>
    /// <exception cref="DatasetException">A part is missing or damaged, or they do not make a sparse matrix.</exception>
    public CsrMatrix Sparse(string name)
    {
        int[] shape = Integers(name + ".shape"), index = Integers(name + ".column_index");
        float[] values = Floats(name + ".values");
        bool valid = shape.Length == 2 && shape[0] >= 0 && shape[1] >= 0 && index.Length == values.Length;
        int[] start = valid ? Starts(name + ".row_start", shape[0], index.Length) : [];
        for (int r = 1; valid && r < start.Length; r++)
        {
            int previous = -1;
            for (int n = start[r - 1]; valid && n < start[r]; n++)
            {
                valid = index[n] > previous && index[n] < shape[1];
                previous = index[n];
            }
        }

        return valid ? new CsrMatrix(shape[0], shape[1], start, index, values) : throw Damaged(name, "is not a sparse matrix");
    }

    private static ArtifactBytes OpenBytes(string path, long smallBytes)
    {
        try
        {
            return ArtifactBytes.Open(path, smallBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DatasetException($"'{path}' is missing or cannot be read ({e.Message}); train the model again", e);
        }
    }

    private static byte[] Part(ArtifactBytes bytes, long offset, byte[] target)
    {
        try
        {
            bytes.Read<byte>(offset, target);
            return target;
        }
        catch (IOException e)
        {
            throw new DatasetException($"{e.Message}; train the model again", e);
        }
    }

    private (float[] Values, int[] Shape) ReadFloats(string name, ArrayValues allowed)
    {
        (float[] Values, int[] Shape) array = Read<float>(name, "F32");

        // One pass without a branch for each value; what is wrong is looked for only where something is.
        if (allowed == ArrayValues.Any || TensorPrimitives.IsFiniteAll<float>(array.Values))
        {
            return array;
        }

        int columns = array.Shape.Length == 2 ? array.Shape[1] : 1;
        for (int n = 0; n < array.Values.Length; n++)
        {
            float value = array.Values[n];
            bool isUnknown = allowed == ArrayValues.UnknownRows && float.IsNaN(value) && float.IsNaN(array.Values[n - (n % columns)]);
            if (!isUnknown && (!float.IsFinite(value) || float.IsNaN(array.Values[n - (n % columns)])))
            {
                throw NotFinite(name, n, value);
            }
        }

        return array;
    }

    private (T[] Values, int[] Shape) Read<T>(string name, string type)
        where T : unmanaged
    {
        (long start, long end, int[] shape) = Find<T>(name, type);
        long count = (end - start) / System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (count > Array.MaxLength)
        {
            throw Damaged(name, string.Create(CultureInfo.InvariantCulture, $"has {count} values, more than an array holds"));
        }

        var values = new T[count];
        try
        {
            _data.Read<T>(_start + start, values);
        }
        catch (IOException e)
        {
            throw new DatasetException($"array '{_prefix}{name}' cannot be read ({e.Message}); train the model again", e);
        }

        return (values, shape);
    }

    private (long Start, long End, int[] Shape) Find<T>(string name, string type)
        where T : unmanaged
    {
        try
        {
            if (_header[_prefix + name] is not JsonObject entry)
            {
                throw Damaged(name, "is missing");
            }

            int[] shape = [.. entry["shape"]!.AsArray().Select(s => (int)s!)];
            long start = (long)entry["data_offsets"]![0]!, end = (long)entry["data_offsets"]![1]!;
            long count = shape.Aggregate(1L, (a, b) => checked(a * b));
            if ((string)entry["dtype"]! != type || Array.Exists(shape, size => size < 0) || start < 0 || end < start || end > _data.Length - _start
                || end - start != checked(count * System.Runtime.CompilerServices.Unsafe.SizeOf<T>()))
            {
                throw Damaged(name, "has another type or size than its header says");
            }

            return (start, end, shape);
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw Damaged(name, "has a damaged header");
        }
    }

    private DatasetException NotFinite(string name, int at, double value) =>
        Damaged(name, string.Create(CultureInfo.InvariantCulture, $"holds {value} at position {at}, which no training leaves there"));

    private DatasetException Damaged(string name, string what) => new($"array '{_prefix}{name}' in '{_path}' {what}; train the model again");
}
