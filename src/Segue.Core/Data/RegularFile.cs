using System.Formats.Tar;

namespace Segue.Core.Data;

/// <summary>Reads files that came from somebody else: never waits for a pipe, never reads a device, never follows a circle of links.</summary>
/// <remarks>
/// A symbolic link is followed to its end; what counts is the file there. Pipes, sockets and devices say that they are 0 bytes long, so
/// what is 0 bytes long is never opened and reads as empty.
/// </remarks>
public static class RegularFile
{
    /// <summary>Bytes of the file, or of the file that a link leads to; 0 for pipes, sockets and devices.</summary>
    /// <exception cref="DatasetException">There is no such file, it is a folder, or its links lead nowhere.</exception>
    public static long Length(string path) => Find(path).Length;

    /// <summary>Opens the file for reading from its start; empty where <see cref="Length"/> is 0.</summary>
    /// <exception cref="DatasetException">There is no such file, it is a folder, its links lead nowhere, or it may not be read.</exception>
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
    internal static FileStream? OpenFile(string path)
    {
        if (Find(path).Length == 0)
        {
            return null;
        }

        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
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
                TarEntryType.RegularFile => "a file",
                TarEntryType.Fifo => "a pipe",
                TarEntryType.CharacterDevice or TarEntryType.BlockDevice => "a device",
                _ => "not a file",
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "not a file";
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
