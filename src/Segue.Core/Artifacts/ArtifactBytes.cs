using System.Runtime.InteropServices;
using Segue.Core.Data;

namespace Segue.Core.Artifacts;

/// <summary>The bytes of an artifact: in memory where they are few, else read from the open file where an array is asked for.</summary>
/// <remarks>
/// A file beyond <see cref="SmallBytes"/> is never held as a whole: an array is read from its place into its own memory, so that opening a model takes the memory of its arrays and
/// no more. The file stays open: one that takes its place changes nothing, and one that is written to while it is open is refused. Offsets are long.
/// </remarks>
internal sealed class ArtifactBytes
{
    /// <summary>Larger files are read by position.</summary>
    public const long SmallBytes = 64 << 20;

    private readonly ReadOnlyMemory<byte> _all;
    private readonly FileStream? _file;
    private readonly DateTime _written;
    private readonly string _path;

    private ArtifactBytes(string path, ReadOnlyMemory<byte> all, FileStream? file)
    {
        (_path, _all, _file, Length) = (path, all, file, file?.Length ?? all.Length);
        _written = file is null ? default : File.GetLastWriteTimeUtc(file.SafeFileHandle);
    }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>Opens the file.</summary>
    /// <exception cref="DatasetException">It is missing or cannot be read.</exception>
    public static ArtifactBytes Open(string path, long smallBytes)
    {
        FileStream? file = RegularFile.OpenFile(path);
        if (file is null || file.Length <= smallBytes)
        {
            file?.Dispose();
            return new ArtifactBytes(path, RegularFile.ReadAllBytes(path, smallBytes), null);
        }

        return new ArtifactBytes(path, default, file);
    }

    /// <summary>All bytes from the first, for a checksum.</summary>
    public Stream ToStream()
    {
        if (_file is null)
        {
            return new MemoryStream(_all.ToArray(), writable: false);
        }

        _file.Position = 0;
        return new BufferedStream(new Whole(_file), 1 << 20);
    }

    /// <summary>Fills an array with the bytes from a place on.</summary>
    /// <exception cref="IOException">The file ends before, or has changed since it was opened.</exception>
    public void Read<T>(long offset, Span<T> target)
        where T : unmanaged
    {
        // Bytes of more than 2 GB have no span: a piece at a time.
        const int piece = 1 << 24;
        int size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        for (int from = 0; from < target.Length; from += piece)
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(target.Slice(from, Math.Min(piece, target.Length - from)));
            ReadPiece(offset + ((long)from * size), bytes);
        }

        if (_file is not null && (_file.Length != Length || File.GetLastWriteTimeUtc(_file.SafeFileHandle) != _written))
        {
            throw new IOException($"'{_path}' has changed since it was opened");
        }
    }

    private void ReadPiece(long offset, Span<byte> bytes)
    {
        if (_file is null)
        {
            _all.Span.Slice((int)offset, bytes.Length).CopyTo(bytes);
            return;
        }

        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(_file.SafeFileHandle, bytes, offset);
            if (read == 0)
            {
                throw new IOException($"'{_path}' ends before its arrays do");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    /// <summary>The open file, which stays open when a reader of it is done.</summary>
    private sealed class Whole(FileStream file) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => file.Length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int read = RandomAccess.Read(file.SafeFileHandle, buffer, _position);
            _position += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
