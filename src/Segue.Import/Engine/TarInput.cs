using System.Formats.Tar;
using Segue.Core;

namespace Segue.Import.Engine;

/// <summary>A file inside a tar.</summary>
/// <param name="Name">As the tar has it.</param>
/// <param name="Offset">Where its bytes start, counted from the start of the tar.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct TarFile(string Name, long Offset, long Length);

/// <summary>A tar or tar.gz: which files it holds, and a stream over each of them.</summary>
/// <remarks>
/// Making one reads the archive once, to its last byte: the list of files, the checksum of every header and, of a tar.gz, the checksums
/// of everything in it. After that a file of a tar is read where it is. A file of a tar.gz of at most <see cref="FewFiles"/> files is
/// read by inflating what is before it; a tar.gz of more files is inflated once, into a temporary file that is gone with this object.
/// </remarks>
internal sealed class TarInput : IDisposable
{
    /// <summary>Most files of a tar.gz for which it is not unpacked.</summary>
    public const int FewFiles = 8;

    private const int Block = 512;
    private const string Again = "download it again";

    private readonly Stream _disk;
    private readonly bool _gzip;
    private readonly ImportLimits _limits;
    private readonly Action<InputFile, int>? _onBytes;
    private readonly InputFile _whole;
    private readonly List<TarFile> _files = [];
    private readonly long _length;
    private FileStream? _unpacked;

    /// <summary>Reads the list of files.</summary>
    /// <param name="archive">The archive, for its name and for what comes out of it.</param>
    /// <param name="disk">The file, one that can seek; closed with this.</param>
    /// <param name="gzip">True for a tar.gz.</param>
    /// <param name="limits">Guards.</param>
    /// <param name="onBytes">Told about every read of the whole archive, or null.</param>
    /// <exception cref="ImportException">It is broken, cut off, or beyond the limits.</exception>
    public TarInput(InputArchive archive, Stream disk, bool gzip, ImportLimits limits, Action<InputFile, int>? onBytes)
    {
        _disk = disk;
        _gzip = gzip;
        _limits = limits;
        _onBytes = onBytes;
        _whole = new InputFile(archive.Name, archive, -1, null, false, () =>
        {
            var packed = new FilePart(disk, 0, archive.Length);
            return gzip ? new CheckedGzip(packed) : packed;
        });
        using var blocks = new TarBlocks(new GuardedStream(_whole, limits, onBytes));
        long end = List(blocks);
        blocks.CopyTo(Stream.Null);
        _length = blocks.Count;
        if (_length < end + Block)
        {
            throw _whole.Broken($"is a cut-off tar: it has no end mark after its last file; {Again}");
        }

        if (blocks.LastNonZero > end)
        {
            throw _whole.Broken("holds something after the end of its tar; unpack it and import the folder");
        }
    }

    public IReadOnlyList<TarFile> Files => _files;

    /// <summary>A stream over one of <see cref="Files"/>.</summary>
    public Stream Open(TarFile file)
    {
        if (!_gzip)
        {
            return new FilePart(_disk, file.Offset, file.Length);
        }

        if (_files.Count > FewFiles)
        {
            _unpacked ??= Unpack();
            return new FilePart(_unpacked, file.Offset, file.Length);
        }

        var stream = new GuardedStream(_whole, _limits, _onBytes);
        try
        {
            using var before = new StreamPart(stream, file.Offset, leaveOpen: true);
            before.CopyTo(Stream.Null);
            return new StreamPart(stream, file.Length);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _unpacked?.Dispose();
        _disk.Dispose();
    }

    // Fills the list; returns where the last file ends.
    private long List(TarBlocks blocks)
    {
        using var tar = new TarReader(blocks, leaveOpen: true);
        long end = 0;
        while (true)
        {
            TarEntry? entry;
            try
            {
                entry = tar.GetNextEntry();
            }
            catch (Exception e) when (e is not (SegueException or OperationCanceledException))
            {
                throw _whole.Broken($"is a broken or cut-off tar ({e.Message}); {Again}", e);
            }

            if (entry is null)
            {
                return end;
            }

            if (!blocks.IsHeader)
            {
                throw _whole.Broken($"is a broken tar: the header of '{Text.Printable(entry.Name)}' has another checksum; {Again}");
            }

            end = blocks.Count + ((entry.Length + Block - 1) / Block * Block);
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                _files.Add(new TarFile(entry.Name, blocks.Count, entry.Length));
                if (_files.Count > _limits.MaxFiles)
                {
                    throw InputFiles.TooMany(_whole.Name, _limits);
                }
            }
        }
    }

    private FileStream Unpack()
    {
        string folder = Path.GetTempPath();
        FileStream? file = null;
        try
        {
            using var whole = new GuardedStream(_whole, _limits, _onBytes);
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Delete,
                Options = FileOptions.DeleteOnClose,
                BufferSize = 0,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            string path = Path.Combine(folder, $"segue-{Path.GetRandomFileName()}");
            file = new FileStream(path, options);
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path); // the open file lives on, and a killed process leaves nothing
            }

            whole.CopyTo(file);
            return file.Length == _length ? file
                : throw _whole.Broken("changed while it was read; import it again when nothing writes to it");
        }
        catch (Exception e)
        {
            file?.Dispose();
            throw e is IOException or UnauthorizedAccessException
                ? _whole.Broken($"has {_files.Count} files and cannot be unpacked into '{folder}', the folder for temporary files "
                    + $"({e.Message}); make room there, or unpack it yourself and import the folder", e)
                : e;
        }
    }

    /// <summary>What a tar reader reads, and whether it is what it should be.</summary>
    private sealed class TarBlocks(Stream inner) : ReadOnlyStream
    {
        private readonly byte[] _last = new byte[Block];

        /// <summary>Bytes so far.</summary>
        public long Count { get; private set; }

        /// <summary>Bytes up to the last one that is not zero.</summary>
        public long LastNonZero { get; private set; }

        /// <summary>True where the last 512 bytes are a header with the right checksum.</summary>
        public bool IsHeader
        {
            get
            {
                // The sum of all bytes, those of the checksum itself as spaces; old programs sum signed bytes.
                const int At = 148, Digits = 8;
                int unsigned = Digits * ' ', signed = Digits * ' ', stated = 0;
                for (int i = 0; i < Block; i++)
                {
                    if (i is < At or >= At + Digits)
                    {
                        unsigned += _last[i];
                        signed += (sbyte)_last[i];
                    }
                    else if (_last[i] is >= (byte)'0' and <= (byte)'7')
                    {
                        stated = (stated * 8) + (_last[i] - '0');
                    }
                }

                return stated == unsigned || stated == signed;
            }
        }

        public override int Read(Span<byte> buffer)
        {
            int count = inner.Read(buffer);
            ReadOnlySpan<byte> bytes = buffer[..count];
            int nonZero = bytes.LastIndexOfAnyExcept((byte)0);
            LastNonZero = nonZero < 0 ? LastNonZero : Count + nonZero + 1;
            Count += count;
            if (count >= Block)
            {
                bytes[^Block..].CopyTo(_last);
            }
            else
            {
                _last.AsSpan(count).CopyTo(_last);
                bytes.CopyTo(_last.AsSpan(Block - count));
            }

            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}

/// <summary>A part of an open file. Several may read the same file, by turns.</summary>
internal sealed class FilePart(Stream file, long offset, long length) : ReadOnlyStream
{
    private long _read;

    public override int Read(Span<byte> buffer)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, length - _read)];
        int count = 0;
        if (!buffer.IsEmpty)
        {
            file.Position = offset + _read;
            count = file.Read(buffer);
        }

        _read += count;
        return count > 0 || buffer.IsEmpty ? count : throw new EndOfStreamException("it became shorter while it was read");
    }
}

/// <summary>The next bytes of a stream.</summary>
internal sealed class StreamPart(Stream inner, long length, bool leaveOpen = false) : ReadOnlyStream
{
    private long _read;

    public override int Read(Span<byte> buffer)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, length - _read)];
        int count = buffer.IsEmpty ? 0 : inner.Read(buffer);
        _read += count;
        return count > 0 || buffer.IsEmpty ? count : throw new EndOfStreamException("it became shorter while it was read");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !leaveOpen)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
