namespace Segue.Core.Data;

/// <summary>Writes a folder as a whole: into a temporary neighbour first, then renamed, so that a half-written one never shows.</summary>
public static class AtomicFolder
{
    /// <summary>
    /// Fills a new folder through <paramref name="write"/> and puts it at <paramref name="path"/>. A folder already there is
    /// replaced only if it holds <paramref name="marker"/>; the old one stays until the new one is complete.
    /// </summary>
    /// <param name="path">Folder to create or replace.</param>
    /// <param name="marker">A file every folder of this kind has, for example <c>manifest.json</c>.</param>
    /// <param name="write">Receives the temporary folder; must flush what it writes.</param>
    /// <exception cref="DatasetException">The path holds something else, or cannot be written.</exception>
    public static void Write(string path, string marker, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(target) || (Directory.Exists(target) && !File.Exists(Path.Combine(target, marker)) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new DatasetException($"'{path}' exists and was not written by Segue (no {marker} in it); choose another --out folder");
        }

        string parent = Path.GetDirectoryName(target) ?? throw new DatasetException($"'{path}' is a root folder; choose another --out folder");
        string suffix = $"{Environment.ProcessId:x}-{Guid.NewGuid().ToString("N")[..8]}";
        string temporary = Path.Combine(parent, $".{Path.GetFileName(target)}.new-{suffix}");
        string replaced = Path.Combine(parent, $".{Path.GetFileName(target)}.old-{suffix}");
        try
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
            if (Directory.Exists(target))
            {
                Directory.Move(target, replaced);
            }

            Directory.Move(temporary, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(replaced) && !Directory.Exists(target))
            {
                Directory.Move(replaced, target);
            }

            throw new DatasetException($"cannot write '{path}': {e.Message}", e);
        }
        finally
        {
            Delete(temporary);
            if (Directory.Exists(target))
            {
                Delete(replaced);
            }
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
