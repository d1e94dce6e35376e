namespace Segue.Core.Data;

/// <summary>Writes a folder as a whole: into a temporary neighbour first, then renamed, so that a half-written one never shows.</summary>
/// <remarks>
/// Replacing takes two renames. A process killed before the first leaves the old folder and a neighbour <c>.NAME.new-…</c>; killed
/// between the two, both as neighbours and nothing at the path: <see cref="FindReplaced"/> then finds the old one.
/// </remarks>
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
        string target = Target(path);
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

    /// <summary>The old folder that a save of <paramref name="path"/>, killed between its two renames, left beside it; or null.</summary>
    public static string? FindReplaced(string path)
    {
        string target = Target(path);
        string? parent = Path.GetDirectoryName(target);
        return Directory.Exists(target) || !Directory.Exists(parent)
            ? null
            : Directory.EnumerateDirectories(parent, $".{Path.GetFileName(target)}.old-*").Order(StringComparer.Ordinal).FirstOrDefault();
    }

    private static string Target(string path) =>
        string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal)
            ? throw new DatasetException($"'{path}' is not the path of a folder; name one")
            : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is written is written: a temporary folder that cannot be removed (open elsewhere) hides nothing and harms nothing.
        }
    }
}
