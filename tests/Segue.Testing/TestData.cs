using Xunit;

namespace Segue.Testing;

/// <summary>Finds the real data sets, which are not part of the repository.</summary>
public static class TestData
{
    /// <summary>Path of a data file; skips the running test with a message where it is absent.</summary>
    /// <param name="file">File name, for example <c>hetrec2011-lastfm-2k.zip</c>.</param>
    public static string Find(string file)
    {
        string? folder = Folder();
        Assert.SkipUnless(folder is not null, $"no data folder: set SEGUE_DATA to the folder that holds {file}");
        string path = Path.Combine(folder!, file);
        Assert.SkipUnless(File.Exists(path), $"{path} is absent: put it there or set SEGUE_DATA to the folder that holds it");
        return path;
    }

    /// <summary>The repository's root folder (the one with Segue.slnx).</summary>
    public static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Segue.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Segue.slnx above {AppContext.BaseDirectory}");
    }

    /// <summary>A new empty folder for one test, removed when disposed.</summary>
    public static TemporaryFolder NewFolder() => new();

    private static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("SEGUE_DATA") is { Length: > 0 } named)
        {
            return named;
        }

        string beside = Path.Combine(RepositoryRoot(), "..", "shared", "data");
        return Directory.Exists(beside) ? Path.GetFullPath(beside) : null;
    }
}

/// <summary>A folder for one test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Creates the folder.</summary>
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("segue-test-").FullName;

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Path of a file or folder inside.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
