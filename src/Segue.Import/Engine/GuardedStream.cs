using Segue.Core;

namespace Segue.Import.Engine;

/// <summary>
/// Reads an input file, counts what really comes out, stops bombs, checks the checksum at the end and turns every failure of
/// the disk or the inflater into an error that names the file.
/// </summary>
internal sealed class GuardedStream : Stream
{
    private const long RatioFrom = 64L << 20;

    private readonly InputFile _file;
    private readonly ImportLimits _limits;
    private readonly Action<InputFile, int>? _onBytes;
    private readonly Stream _inner;
    private readonly long _most;
    private long _read;
    private uint _crc;

    /// <summary>Opens a file.</summary>
    /// <param name="file">What to read.</param>
    /// <param name="limits">Guards.</param>
    /// <param name="onBytes">Told about every read, or null.</param>
    /// <param name="most">For a look at the start: seems to end after so many bytes.</param>
    public GuardedStream(InputFile file, ImportLimits limits, Action<InputFile, int>? onBytes, long most = long.MaxValue)
    {
        _most = most;
        _file = file;
        _limits = limits;
        _onBytes = onBytes;
        _inner = Guard(file.OpenRaw);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length > _most - _read)
        {
            buffer = buffer[..(int)(_most - _read)];
            if (buffer.IsEmpty)
            {
                return 0;
            }
        }

        int count;
        try
        {
            count = _inner.Read(buffer);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Unreadable(e);
        }

        if (count == 0)
        {
            CheckEnd(buffer.Length);
            return 0;
        }

        _read += count;
        if (_file.Crc is not null)
        {
            _crc = Crc32.Append(_crc, buffer[..count]);
        }

        if (_file.Archive is { } archive)
        {
            Count(archive);
        }

        _onBytes?.Invoke(_file, count);
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

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

    private void Count(InputArchive archive)
    {
        if (_read > _file.Inflated)
        {
            archive.Inflated += _read - _file.Inflated;
            _file.Inflated = _read;
        }

        if (archive.Inflated > _limits.MaxInflatedBytes)
        {
            throw new ImportException(
                $"'{Text.Printable(archive.Name)}' inflates to more than {_limits.MaxInflatedBytes} bytes; unpack it and import "
                + "a part, or raise the limit");
        }

        if (archive.Inflated > RatioFrom && archive.Inflated / Math.Max(1, archive.Length) >= _limits.MaxRatio)
        {
            throw new ImportException(
                $"'{Text.Printable(archive.Name)}' inflates to more than {_limits.MaxRatio} times its size "
                    + $"(at '{Text.Printable(_file.Name)}'): it looks like a zip "
                    + "bomb; if you trust it, unpack it and import the folder");
        }
    }

    private void CheckEnd(int asked)
    {
        if (asked == 0)
        {
            return;
        }

        if (_file.Crc is { } expected && (_read != _file.DeclaredLength || _crc != expected))
        {
            throw _file.Broken(
                $"is damaged: {_read} bytes with checksum {_crc:x8} where the archive says {_file.DeclaredLength} and {expected:x8}; "
                    + "download the archive again");
        }

        _file.IsChecked = true;
    }

    private Stream Guard(Func<Stream> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Unreadable(e);
        }
    }

    private ImportException Unreadable(Exception e) => _file.Broken(e switch
    {
        UnauthorizedAccessException => $"may not be read ({e.Message}); change its permissions",
        InvalidDataException => $"is damaged or cut off after {_read} inflated bytes ({e.Message}); download it again",
        NotSupportedException => $"is packed in a way that cannot be read ({e.Message}); unpack it and import the folder",
        _ => $"cannot be read after {_read} bytes ({e.Message}); check the file and import it again",
    }, e);
}
