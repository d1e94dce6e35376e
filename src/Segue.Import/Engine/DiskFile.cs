using Segue.Core.Data;

namespace Segue.Import.Engine;

/// <summary>A regular file as it was when the import found it; whatever is opened later must be that file still, whole.</summary>
/// <param name="path">Where it is, links followed.</param>
/// <param name="name">For messages.</param>
/// <param name="length">Bytes.</param>
internal sealed class DiskFile(string path, string name, long length)
{
    private readonly DateTime _modified = File.GetLastWriteTimeUtc(path);

    public string Path => path;

    public long Length => length;

    /// <summary>True where something of it was read for the import.</summary>
    public bool IsRead { get; private set; }

    /// <summary>The file that <paramref name="path"/> leads to; null with the reason where it is no regular file.</summary>
    public static DiskFile? Find(string path, string name, out string? fault)
    {
        fault = RegularFile.Fault(path, out long length);
        string? target = fault is null ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null;
        return fault is null ? new DiskFile(target ?? path, name, length) : null;
    }

    /// <summary>Opens it. The stream throws at its end where the file is not what was found.</summary>
    /// <exception cref="ImportException">It is another file now.</exception>
    public Stream Open() => new Steady(this);

    private FileStream OpenFile()
    {
        // A pipe put in place of the file is noticed before it is opened; nothing else could make the opening wait.
        if (RegularFile.Fault(path, out long now) is not null || now != length)
        {
            throw Changed();
        }

        IsRead = true;
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 12, FileOptions.SequentialScan);
    }

    /// <summary>What an empty file gives.</summary>
    /// <exception cref="ImportException">It is empty no more.</exception>
    public Stream OpenEmpty()
    {
        IsRead = true;
        CheckUnchanged();
        return Stream.Null;
    }

    /// <summary>The first bytes.</summary>
    public int Peek(Span<byte> head)
    {
        if (length == 0)
        {
            return 0;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
    }

    /// <summary>Throws where the file was written to, replaced or removed since it was found.</summary>
    /// <exception cref="ImportException">It was.</exception>
    public void CheckUnchanged()
    {
        var now = new FileInfo(path);
        Check(now.Exists ? now.Length : -1, now.LastWriteTimeUtc);
    }

    private void Check(long nowLength, DateTime nowModified)
    {
        if (nowLength != length || nowModified != _modified)
        {
            throw Changed();
        }
    }

    private ImportException Changed() =>
        new($"'{Text.Printable(name)}' changed while it was read; wait until nothing writes to it and import it again");

    /// <summary>The open file; its end is where it was when the file was found, or it throws.</summary>
    private sealed class Steady : Stream
    {
        private readonly DiskFile _file;
        private readonly FileStream _inner;

        public Steady(DiskFile file)
        {
            _file = file;
            _inner = file.OpenFile();
            try
            {
                CheckHandle();
            }
            catch (ImportException)
            {
                _inner.Dispose();
                throw;
            }
        }

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => _file.Length;

        public override long Position
        {
            get => _inner.Position;
            set => _inner.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = _inner.Read(buffer);
            if (count == 0 && !buffer.IsEmpty)
            {
                CheckHandle();
                _file.Check(Math.Min(_inner.Position, _file.Length), _file._modified);
            }

            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => _inner.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private void CheckHandle() =>
            _file.Check(RandomAccess.GetLength(_inner.SafeFileHandle), File.GetLastWriteTimeUtc(_inner.SafeFileHandle));
    }
}
