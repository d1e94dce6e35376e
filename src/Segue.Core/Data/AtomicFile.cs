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
        string full = Path.GetFullPath(path);
        string temporary = $"{full}.new-{Environment.ProcessId:x}-{Guid.NewGuid().ToString("N")[..8]}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"cannot write '{path}': {e.Message}", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
