using System.IO.Compression;

namespace Segue.Import.Engine;

/// <summary>
/// Inflates gzip and notices where the file is cut off, which the BCL's stream takes for a normal end.
/// </summary>
/// <remarks>
/// Behind the packed bytes stands one more gzip member with a mark in it, as gzip files may be joined. Only where everything before it
/// was complete does the mark come out at the end.
/// </remarks>
internal sealed class CheckedGzip : ReadOnlyStream
{
    private static readonly byte[] Mark = [0x53, 0x65, 0x67, 0x75, 0x65, 0x00, 0xFF, 0x9C, 0x1D, 0x77, 0x03, 0xE1, 0x5A, 0xB4, 0x68, 0x2F];
    private static readonly byte[] PackedMark = Pack(Mark);

    private readonly GZipStream _inner;
    private byte[] _held = new byte[(1 << 10) + Mark.Length];
    private int _start, _end;
    private bool _atEnd;

    public CheckedGzip(Stream packed) => _inner = new GZipStream(new Marked(packed), CompressionMode.Decompress);

    public override int Read(Span<byte> buffer)
    {
        // The last bytes are held back until it is clear whether they are the mark.
        while (!_atEnd && _end - _start <= Mark.Length)
        {
            _held.AsSpan(_start.._end).CopyTo(_held);
            _end -= _start;
            _start = 0;
            int count = _inner.Read(_held.AsSpan(_end));
            _end += count;
            _atEnd = count == 0;
            if (_end == _held.Length && _end < 1 << 16)
            {
                Array.Resize(ref _held, _held.Length * 4); // many files are small
            }
        }

        if (_atEnd && !_held.AsSpan(_start.._end).EndsWith(Mark))
        {
            throw new InvalidDataException("the packed data ends in the middle");
        }

        int ready = Math.Min(buffer.Length, _end - _start - Mark.Length);
        _held.AsSpan(_start, ready).CopyTo(buffer);
        _start += ready;
        return ready;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static byte[] Pack(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>The packed bytes, then the packed mark.</summary>
    private sealed class Marked(Stream packed) : ReadOnlyStream
    {
        private int _given = -1;

        public override int Read(Span<byte> buffer)
        {
            if (_given < 0)
            {
                int count = packed.Read(buffer);
                if (count > 0 || buffer.IsEmpty)
                {
                    return count;
                }

                _given = 0;
            }

            int ready = Math.Min(buffer.Length, PackedMark.Length - _given);
            PackedMark.AsSpan(_given, ready).CopyTo(buffer);
            _given += ready;
            return ready;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                packed.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
