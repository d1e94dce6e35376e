using System.Text;

namespace Segue.Core.Data;

/// <summary>Writes a file as a whole: beside it first, flushed, then renamed over it.</summary>
/// <remarks>
/// A run that is killed on the way leaves the unfinished file, called as the file and <c>.new-</c> something; the next write of the same
/// file removes it. Two processes may write one file at once: each writes its own, and the last rename stays.
/// </remarks>
public static class AtomicFile
{
    /// <summary>Throws where <see cref="Write"/> would fail, so that it is known before any work; makes nothing that stays.</summary>
    /// <param name="path">The file to be.</param>
    /// <param name="isOurs">
    /// Whether an older file may be replaced, by its first bytes (up to 4,096); empty files always may. Null where any may.
    /// </param>
    /// <exception cref="DatasetException">The path cannot be written, or is a file of something else.</exception>
    public static void CheckTarget(string path, Func<ReadOnlySpan<byte>, bool>? isOurs = null)
    {
        (string full, string folder) = Find(path);
        if (isOurs is not null && File.Exists(full))
        {
            byte[] head = new byte[4096];
            int read;
            using (Stream stream = RegularFile.Open(full))
            {
                read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            }

            if (read > 0 && !isOurs(head.AsSpan(0, read)))
            {
                throw new DatasetException($"'{path}' exists and Segue did not write it; choose another name, or move it away");
            }
        }

        OutputPath.Probe(folder, path);
    }

    /// <summary>Writes UTF-8 text without a byte-order mark; an older file stays until the new one is complete.</summary>
    /// <exception cref="DatasetException">The file cannot be written.</exception>
    public static void WriteText(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Lets <paramref name="write"/> fill a file beside <paramref name="path"/>, flushes it, then renames it; an older file stays until then.</summary>
    /// <param name="path">The file to be; its folder must exist.</param>
    /// <param name="write">Writes all bytes.</param>
    /// <exception cref="DatasetException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        (string full, string folder) = Find(path);
        string temporary = $"{full}.new-{OutputPath.NewId()}";
        try
        {
            RemoveUnfinished(folder, Path.GetFileName(full));

            // Held until it has its name: what nobody holds is left of a run that was killed.
            using (FileStream stream = OutputPath.CreateHeld(temporary))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
                File.Move(temporary, full, overwrite: true);
            }
        }
        catch (Exception e) when (OutputPath.IsFailure(e))
        {
            throw new DatasetException($"cannot write '{path}': {OutputPath.Reason(e, temporary, full)}", e);
        }
        finally
        {
            OutputPath.TryDelete(temporary);
        }
    }

    // A link is followed, so that it stays a link; a pipe or a device is never replaced by a file.
    private static (string Full, string Folder) Find(string path)
    {
        string full = OutputPath.Full(path, "a file");
        try
        {
            full = OutputPath.IsLink(full) ? File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName : full;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"cannot write '{path}': {e.Message}", e);
        }

        if (Directory.Exists(full))
        {
            throw new DatasetException($"'{path}' is a folder; name a file in it");
        }

        if (File.Exists(full) && RegularFile.Length(full) == 0 && RegularFile.KindOfEmpty(full) is not "a file" and string kind)
        {
            throw new DatasetException($"'{path}' is {kind}; name a file");
        }

        return (full, Path.GetDirectoryName(full) ?? throw new DatasetException($"'{path}' is a root folder; name a file"));
    }

    private static void RemoveUnfinished(string folder, string name)
    {
        string start = $"{name}.new-";
        foreach (string left in Directory.EnumerateFiles(folder))
        {
            ReadOnlySpan<char> id = Path.GetFileName(left.AsSpan());
            bool isUnfinished = id.StartsWith(start, StringComparison.Ordinal) && OutputPath.IsId(id[start.Length..]);
            if (isUnfinished && !OutputPath.IsLink(left) && !OutputPath.IsHeld(left))
            {
                OutputPath.TryDelete(left);
            }
        }
    }
}
