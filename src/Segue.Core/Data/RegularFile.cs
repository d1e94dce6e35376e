using System.Formats.Tar;

namespace Segue.Core.Data;

/// <summary>Reads files that came from somebody else: never waits for a pipe, never reads a device, never follows a circle of links.</summary>
/// <remarks>
/// A symbolic link is followed to its end; what counts is the file there. Pipes, sockets and devices say that they are 0 bytes long, so
/// what is 0 bytes long is never opened: it is a file and empty, or it is refused. What is swapped between the look and the opening is
/// noticed by its length, except a pipe: whoever may write to the folder can make the reader wait, nobody else can.
/// </remarks>
public static class RegularFile
{
    private const string AFile = "a file";

    /// <summary>Bytes of the file, or of the file that a link leads to; 0 for pipes, sockets and devices.</summary>
    /// <exception cref="DatasetException">There is no such file, it is a folder, or its links lead nowhere.</exception>
    public static long Length(string path) => Find(path).Length;

    /// <summary>Why <paramref name="path"/> cannot be read as a file and what to do, as the rest of a sentence; null where it can.</summary>
    /// <param name="path">A file, a folder, or whatever else there is.</param>
    /// <param name="length">Bytes of the file, or of the file that a link leads to; 0 where it cannot be read.</param>
    public static string? Fault(string path, out long length)
    {
        length = 0;
        try
        {
            string? link = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
            var file = new FileInfo(link ?? path);
            if (file.Exists && (file.Attributes & FileAttributes.ReparsePoint) == 0)
            {
                length = file.Length;
                string kind = length > 0 ? AFile
                    : IsOfTheSystem(file.FullName) ? "a file that the system makes up while it is read"
                    : KindOfEmpty(file.FullName);
                return kind == AFile ? null : Is(link, kind);
            }

            return Directory.Exists(file.FullName) ? $"{(link is null ? "is" : "is a link to")} a folder; name a file"
                : link is null ? "does not exist; check the path"
                : Path.GetFileName(link) is var name && name.StartsWith("pipe:[", StringComparison.Ordinal) ? Is(null, "a pipe")
                : name.StartsWith("socket:[", StringComparison.Ordinal) ? Is(null, "a socket")
                : $"is a link to '{link}', which is not there; name the file itself";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return IsLink(path) ? $"is a link that leads nowhere ({e.Message}); name the file itself"
                : $"cannot be read ({e.Message}); check the path and its permissions";
        }

        static string Is(string? link, string kind) =>
            $"is {(link is null ? kind : $"a link to {kind}")}; save what it gives to a file first, and name that file";
    }

    /// <summary>Opens the file for reading from its start; empty where <see cref="Length"/> is 0.</summary>
    /// <exception cref="DatasetException">There is no such file, it is no regular file, its links lead nowhere, or it may not be read.</exception>
    public static Stream Open(string path) => OpenFile(path) ?? Stream.Null;

    /// <summary>Reads the whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Longest file to read, in bytes.</param>
    /// <exception cref="DatasetException">As <see cref="Open"/>, or the file is longer than <paramref name="most"/> or changes while it is read.</exception>
    public static byte[] ReadAllBytes(string path, long most)
    {
        using FileStream? stream = OpenFile(path);
        if (stream is null)
        {
            return [];
        }

        long length = stream.Length;
        if (length > Math.Min(most, Array.MaxLength))
        {
            throw new DatasetException($"'{path}' has {length} bytes, more than the {Math.Min(most, Array.MaxLength)} that can be read");
        }

        byte[] bytes = new byte[length];
        try
        {
            stream.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"'{path}' cannot be read to its end ({e.Message}); check the disk, or try again when nothing writes to it", e);
        }

        return bytes;
    }

    /// <summary>The open file, or null where it is 0 bytes long.</summary>
    /// <exception cref="DatasetException">As <see cref="Open"/>.</exception>
    public static FileStream? OpenFile(string path, FileOptions options = FileOptions.None)
    {
        if (Fault(path, out long length) is { } fault)
        {
            throw new DatasetException($"'{path}' {fault}");
        }

        if (length == 0)
        {
            return null;
        }

        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, options);
            if (stream.Length > 0 && stream.CanSeek)
            {
                return stream;
            }

            stream.Dispose();
            throw new DatasetException($"'{path}' was emptied or replaced while it was opened; try again when nothing writes to it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>What a path leads to, as a word for messages; <c>a file</c> for a regular file. For paths that exist and are 0 bytes long.</summary>
    internal static string KindOfEmpty(string path)
    {
        try
        {
            // The BCL tells pipes and devices from files only to those who pack them into a tar; a file of 0 bytes is packed at once.
            using var packed = new MemoryStream();
            using (var writer = new TarWriter(packed, TarEntryFormat.Pax, leaveOpen: true))
            {
                writer.WriteEntry(Find(path).FullName, "x");
            }

            packed.Position = 0;
            using var reader = new TarReader(packed);
            return reader.GetNextEntry()?.EntryType switch
            {
                TarEntryType.RegularFile => AFile,
                TarEntryType.Fifo => "a pipe",
                TarEntryType.CharacterDevice or TarEntryType.BlockDevice => "a device",
                _ => "not a file",
            };
        }
        catch (UnauthorizedAccessException)
        {
            return AFile; // only a file is opened, and opening it again says why it cannot be read
        }
        catch (IOException)
        {
            return "a socket or something else that is no file";
        }
    }

    // Files under /proc and /sys say that they are 0 bytes long and are not.
    private static bool IsOfTheSystem(string path) => OperatingSystem.IsLinux()
        && (path.StartsWith("/proc/", StringComparison.Ordinal) || path.StartsWith("/sys/", StringComparison.Ordinal));

    private static bool IsLink(string path)
    {
        try
        {
            return (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    private static FileInfo Find(string path)
    {
        try
        {
            FileSystemInfo target = File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path);
            var file = new FileInfo(target.FullName);
            return file.Exists ? file
                : Directory.Exists(file.FullName) ? throw new DatasetException($"'{path}' is a folder where a file should be")
                : throw new DatasetException(target.FullName == Path.GetFullPath(path)
                    ? $"'{path}' does not exist"
                    : $"'{path}' is a link to '{target.FullName}', which is not a file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new DatasetException($"'{path}' cannot be read: {e.Message}", e);
        }
    }
}
