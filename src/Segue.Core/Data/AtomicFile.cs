using System.Text;

namespace Segue.Core.Data;

/// <summary>Writes a file as a whole: beside it first, flushed, then renamed over it.</summary>
public static class AtomicFile
{
    /// <summary>Writes UTF-8 text without a byte-order mark; an older file stays until the new one is complete.</summary>
    /// <exception cref="DatasetException">The file cannot be written.</exception>
    public static void WriteText(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, temporary =>
        {
            using var stream = new FileStream(temporary, FileMode.CreateNew);
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        });
    }

    /// <summary>Lets <paramref name="write"/> make a file beside <paramref name="path"/>, then renames it; an older file stays until then.</summary>
    /// <param name="path">The file to be.</param>
    /// <param name="write">Writes the file it is told, which does not exist yet, and flushes it to the disk.</param>
    /// <remarks>A run that is killed on the way leaves the unfinished file, called <paramref name="path"/> and <c>.new-</c> something.</remarks>
    /// <exception cref="DatasetException">The file cannot be written.</exception>
    public static void Write(string path, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.new-{Environment.ProcessId:x}-{Guid.NewGuid().ToString("N")[..8]}";
        try
        {
            write(temporary);
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"cannot write '{path}': {e.Message}", e);
        }
        finally
        {
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }
}
