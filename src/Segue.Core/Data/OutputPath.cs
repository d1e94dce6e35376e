using System.Text;

namespace Segue.Core.Data;

/// <summary>What writing a file or a folder has in common: is the path one, can it be written, whose is what is there.</summary>
public static class OutputPath
{
    private const int IdLength = 12;

    // Values of errno, which .NET keeps in the low bits of HResult on Unix: no space, over quota.
    private const int NoSpace = 28, OverQuota = 122, WindowsDiskFull = 112;

    /// <summary>Throws where no folder can be made or written to at <paramref name="path"/>; makes nothing that stays.</summary>
    /// <exception cref="DatasetException">It is not the path of a folder, or cannot be written.</exception>
    public static void CheckFolder(string path)
    {
        string full = Full(path, "a folder");
        Probe(Path.GetDirectoryName(full) is null ? throw new DatasetException($"'{path}' is a root folder; choose another folder") : full, path);
    }

    /// <summary>The path in full, without a separator at its end.</summary>
    /// <param name="path">As it was given.</param>
    /// <param name="noun">What it should name, for messages.</param>
    /// <exception cref="DatasetException">It cannot be the path of anything.</exception>
    internal static string Full(string path, string noun)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new DatasetException($"'{path}' is not the path of {noun}; name one");
        }

        try
        {
            return Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        }
        catch (Exception e) when (e is ArgumentException or IOException or NotSupportedException)
        {
            throw new DatasetException($"'{path}' is not the path of {noun} ({e.Message}); name one", e);
        }
    }

    /// <summary>Finds out whether something can be made in <paramref name="folder"/>, or where that is missing, in the folder it would be made in.</summary>
    /// <exception cref="DatasetException">Nothing can be made there.</exception>
    internal static void Probe(string folder, string path)
    {
        string existing = folder;
        while (!Directory.Exists(existing))
        {
            if (File.Exists(existing))
            {
                throw new DatasetException($"cannot write '{path}': '{existing}' is a file, not a folder; choose another place");
            }

            existing = Path.GetDirectoryName(existing) ?? throw new DatasetException($"cannot write '{path}': no part of it exists; choose another place");
        }

        string probe = Path.Combine(existing, $".segue-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"cannot write '{path}': {Reason(e, probe, existing)}; choose another place or change its permissions", e);
        }
    }

    /// <summary>True where writing failed because of the disk. Beyond the longest file that is allowed .NET throws as for a wrong argument.</summary>
    internal static bool IsFailure(Exception e) => e is IOException or UnauthorizedAccessException || IsTooLong(e);

    private static bool IsTooLong(Exception e) => e is ArgumentOutOfRangeException && e.TargetSite?.DeclaringType == typeof(RandomAccess);

    /// <summary>Why writing failed, without the names of temporary files: those tell a person nothing.</summary>
    /// <param name="e">The failure.</param>
    /// <param name="temporary">Path of the temporary file or folder.</param>
    /// <param name="target">Path it would have become.</param>
    internal static string Reason(Exception e, string temporary, string target)
    {
        if ((e.HResult & 0xFFFF) is NoSpace or OverQuota or WindowsDiskFull && e is IOException and not FileNotFoundException and not DirectoryNotFoundException)
        {
            return "the disk is full; free some space and run it again";
        }

        if (IsTooLong(e))
        {
            return "a file would be longer than this disk or this account's limit allows; write to another disk or raise the limit";
        }

        string message = temporary.Length == 0 ? e.Message : new StringBuilder(e.Message).Replace(temporary, target)
            .Replace(Path.GetFileName(temporary), Path.GetFileName(target)).ToString();
        return message.TrimEnd('.');
    }

    /// <summary>True for a symbolic link, a junction or anything else that leads somewhere else.</summary>
    internal static bool IsLink(string path)
    {
        try
        {
            return (File.GetAttributes(path) & FileAttributes.ReparsePoint) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Twelve hexadecimal digits, new every time.</summary>
    internal static string NewId() => Guid.NewGuid().ToString("N")[..IdLength];

    /// <summary>True for what <see cref="NewId"/> gives.</summary>
    internal static bool IsId(ReadOnlySpan<char> text) => text.Length == IdLength && !text.ContainsAnyExcept("0123456789abcdef");

    /// <summary>Makes a file that this process holds until it closes it; it may be renamed and deleted meanwhile.</summary>
    /// <remarks>
    /// Making a file and holding it are two steps. It gets its name after both, so that <see cref="IsHeld"/> never sees it between them. Killed
    /// in that moment, a process leaves an empty file whose name ends in <c>~</c>.
    /// </remarks>
    internal static FileStream CreateHeld(string path)
    {
        string first = path + "~";
        var stream = new FileStream(first, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, 1 << 16);
        try
        {
            File.Move(first, path);
            return stream;
        }
        catch
        {
            stream.Dispose();
            TryDelete(first);
            throw;
        }
    }

    /// <summary>Holds a file that nobody else has open; null where it is missing or somebody has.</summary>
    internal static FileStream? TryHold(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None, 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>True where a live process holds the file open for itself alone.</summary>
    internal static bool IsHeld(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Deletes a file or a link; what cannot be deleted stays.</summary>
    internal static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Still open elsewhere, or not a file: it hides nothing and harms nothing.
        }
    }
}
