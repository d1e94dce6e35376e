using System.IO.Compression;
using Segue.Core;
using Segue.Core.Contracts;

namespace Segue.Import.Engine;

/// <summary>One file to read: on disk, or an entry of an archive.</summary>
/// <param name="name">For reports: relative to what the user gave, <c>archive.zip!folder/entry</c> in an archive.</param>
/// <param name="archive">What it is inflated from, or null.</param>
/// <param name="declaredLength">Bytes as declared, −1 unknown; for progress only.</param>
/// <param name="crc">Checksum the archive states, or null.</param>
/// <param name="isDirect">True where the user named this file, or the archive whose only file it is.</param>
/// <param name="open">Opens the raw stream.</param>
internal sealed class InputFile(string name, InputArchive? archive, long declaredLength, uint? crc, bool isDirect, Func<Stream> open)
{
    public string Name => name;

    public InputArchive? Archive => archive;

    public long DeclaredLength => declaredLength;

    public uint? Crc => crc;

    public bool IsDirect { get; set; } = isDirect;

    public bool IsUsed { get; set; }

    /// <summary>True where another file of the import says the same and more, so that it is passed over by design.</summary>
    public bool IsSuperseded { get; set; }

    /// <summary>Which of the paths it came from, from 0.</summary>
    public int Source { get; set; }

    /// <summary>The archive or folder the user named, or the folder of a file the user named; files of one person stand together.</summary>
    public string Place { get; set; } = string.Empty;

    /// <summary>True where <see cref="Place"/> was named by the user, false where it is only the folder of a named file.</summary>
    public bool IsPlaceNamed { get; set; }

    /// <summary>Why it cannot be read and what to do about it, as the rest of a sentence; null where it can.</summary>
    public string? Fault { get; init; }

    /// <summary>True once it was read to its end and is what its checksums say.</summary>
    public bool IsChecked { get; set; }

    /// <summary>The last part of the name.</summary>
    public string FileName { get; } = name[(name.LastIndexOfAny(['/', '!', '\\']) + 1)..];

    /// <summary>Most inflated bytes seen in one pass over this file; a second pass does not count again.</summary>
    public long Inflated { get; set; }

    public Stream OpenRaw() => Fault is null ? open() : throw Broken(Fault);

    public ImportException Broken(string what, Exception? inner = null)
    {
        string message = $"'{Text.Printable(name)}' {what}";
        return inner is null ? new(message) : new(message, inner);
    }
}

/// <summary>An archive and how much came out of it.</summary>
internal sealed class InputArchive(string name, long length)
{
    public string Name => name;

    public long Length => length;

    public long Inflated { get; set; }
}

/// <summary>All files of one import, in natural order of their names. Disposing closes the archives.</summary>
internal sealed class InputFiles : IDisposable
{
    private static readonly byte[] ZipMagic = [0x50, 0x4B, 0x03, 0x04], EmptyZipMagic = [0x50, 0x4B, 0x05, 0x06], GzipMagic = [0x1F, 0x8B];

    /// <summary>The path that means standard input.</summary>
    public const string StandardInput = "-";

    private readonly ImportLimits _limits;
    private readonly CancellationToken _cancellation;
    private readonly List<InputFile> _files = [];
    private readonly List<IDisposable> _open = [];
    private readonly Dictionary<string, DiskFile> _disks = new(StringComparer.Ordinal);
    private readonly List<string> _skipped = [];
    private readonly Func<Stream>? _standardInput;
    private string? _temporary;

    private InputFiles(ImportLimits limits, Func<Stream>? standardInput, CancellationToken cancellation) =>
        (_limits, _standardInput, _cancellation) = (limits, standardInput, cancellation);

    public IReadOnlyList<InputFile> Files => _files;

    /// <summary>Links to folders inside folders: they may lead back to where they are, so they are named and not followed.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    /// <summary>Finds every file in <paramref name="paths"/>: files, folders, zip, gz, tar and <c>zip!entry</c>.</summary>
    /// <exception cref="ImportException">A path does not exist, cannot be read, is a broken archive, or leaves its archive.</exception>
    public static InputFiles Find(IReadOnlyList<string> paths, ImportLimits limits, CancellationToken cancellation = default,
        Func<Stream>? standardInput = null)
    {
        if (paths.Count == 0)
        {
            throw new OptionException("no file to import was given; name a file, a folder or a zip");
        }

        var inputs = new InputFiles(limits, standardInput, cancellation);
        try
        {
            for (int source = 0; source < paths.Count; source++)
            {
                string path = paths[source];
                int before = inputs._files.Count;
                inputs.AddPath(path);
                if (inputs._files.Count == before)
                {
                    throw new ImportException($"'{path}' holds no files; name a file, or a folder or archive with files in it");
                }

                inputs.Place(path, source, inputs._files[before..]);
            }

            return inputs;
        }
        catch (Exception e)
        {
            inputs.Dispose();
            if (e is IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException or ArgumentException)
            {
                throw new ImportException($"cannot read {string.Join(", ", paths.Select(p => $"'{p}'"))}: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>Throws where a file on disk that was read was written to, replaced or removed since it was found.</summary>
    /// <exception cref="ImportException">The first such file.</exception>
    public void CheckUnchanged()
    {
        foreach (DiskFile disk in _disks.Values)
        {
            if (disk.IsRead)
            {
                disk.CheckUnchanged();
            }
        }
    }

    public void Dispose()
    {
        for (int i = _open.Count - 1; i >= 0; i--)
        {
            _open[i].Dispose();
        }

        _open.Clear();
        if (_temporary is not null)
        {
            File.Delete(_temporary);
            _temporary = null;
        }
    }

    private void Place(string path, int source, List<InputFile> files)
    {
        bool isFolder = Directory.Exists(path);
        foreach (InputFile file in files)
        {
            file.Source = source;
            file.IsPlaceNamed = isFolder || file.Name.Contains('!', StringComparison.Ordinal);
            file.Place = path == StandardInput ? path
                : isFolder ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))
                : file.IsPlaceNamed ? Path.GetFullPath(File.Exists(path) ? path : path[..path.LastIndexOf('!')])
                : Path.GetDirectoryName(Path.GetFullPath(path)) ?? string.Empty;
        }
    }

    // Files are looked at before they are read, and archives are read out of order: what can be read only once is copied first.
    private void AddStandardInput()
    {
        if (_standardInput is null)
        {
            throw new ImportException("'-' is standard input, which is not there; name a file");
        }

        if (_temporary is not null)
        {
            throw new OptionException("'-' is given twice; standard input is one file");
        }

        _temporary = Path.GetTempFileName();
        using (Stream from = _standardInput())
        using (FileStream to = File.Create(_temporary))
        {
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = from.Read(buffer)) > 0;)
            {
                _cancellation.ThrowIfCancellationRequested();
                to.Write(buffer.AsSpan(0, read));
            }
        }

        AddFile(_temporary, "standard input", isDirect: true, entry: null);
    }

    private void AddPath(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0'))
        {
            throw new OptionException("a path to import is empty or holds a NUL; name a file, a folder or a zip");
        }

        if (path == StandardInput)
        {
            AddStandardInput();
        }
        else if (Directory.Exists(path))
        {
            AddFolder(path);
        }
        else if (File.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            AddFile(path, Path.GetFileName(path), isDirect: true, entry: null);
        }
        else
        {
            int mark = path.LastIndexOf('!');
            string archive = mark > 0 ? path[..mark] : string.Empty;
            if (archive.Length == 0 || !File.Exists(archive))
            {
                throw new ImportException($"'{Text.Printable(path)}' does not exist; check the path");
            }

            AddFile(archive, Path.GetFileName(archive), isDirect: true, entry: path[(mark + 1)..]);
        }
    }

    private void AddFolder(string folder)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var names = new List<string>();
        var pending = new Stack<string>([root]);
        while (pending.TryPop(out string? current))
        {
            foreach (string file in Directory.EnumerateFiles(current))
            {
                names.Add(file);
                CheckCount(names.Count, folder);
            }

            foreach (string inner in Directory.EnumerateDirectories(current))
            {
                if ((File.GetAttributes(inner) & FileAttributes.ReparsePoint) == 0)
                {
                    pending.Push(inner);
                }
                else
                {
                    _skipped.Add(NameIn(inner));
                }
            }
        }

        _skipped.Sort(NaturalOrder.Compare);
        names.Sort((a, b) => NaturalOrder.Compare(a, b));
        foreach (string file in names)
        {
            AddFile(file, NameIn(file), isDirect: false, entry: null);
        }

        string NameIn(string file) => $"{Path.GetFileName(root)}/{Path.GetRelativePath(root, file).Replace('\\', '/')}";
    }

    private void AddFile(string path, string name, bool isDirect, string? entry)
    {
        if (DiskFile.Find(path, name, out string? fault) is not { } disk)
        {
            // In a folder it only matters where the format wants this file.
            Add(isDirect ? throw new ImportException($"'{Text.Printable(path)}' {fault}")
                : new InputFile(name, null, 0, null, isDirect, () => Stream.Null) { Fault = fault });
            return;
        }

        path = disk.Path;
        _disks[path] = disk;
        Span<byte> head = stackalloc byte[265];
        ReadOnlySpan<byte> start = head[..disk.Peek(head)];
        if (start.StartsWith(ZipMagic) || start.StartsWith(EmptyZipMagic))
        {
            AddZip(path, name, isDirect, entry);
        }
        else if (IsTar(start) || (start.StartsWith(GzipMagic) && GzipHoldsTar(path)))
        {
            AddTar(path, name, isDirect, entry, gzip: !IsTar(start));
        }
        else if (entry is not null)
        {
            throw new ImportException($"'{Text.Printable($"{name}!{entry}")}' asks for a file inside "
                + $"'{Text.Printable(name)}', which is not an archive; name the file alone");
        }
        else if (start.StartsWith(GzipMagic))
        {
            Add(new InputFile(name, new InputArchive(name, disk.Length), -1, null, isDirect, () => new CheckedGzip(OpenDisk(path))));
        }
        else
        {
            Add(new InputFile(name, null, disk.Length, null, isDirect, () => disk.Length == 0 ? disk.OpenEmpty() : OpenDisk(path)));
        }
    }

    private void AddZip(string path, string name, bool isDirect, string? entry)
    {
        ZipArchive zip;
        Stream disk = OpenDisk(path);
        _open.Add(disk);
        try
        {
            zip = new ZipArchive(disk, ZipArchiveMode.Read);
            _open.Add(zip);
            CheckCount(zip.Entries.Count, name);
        }
        catch (InvalidDataException e)
        {
            throw new ImportException($"'{Text.Printable(name)}' is a broken or cut-off zip ({e.Message}); download it again", e);
        }

        var archive = new InputArchive(name, disk.Length);
        AddEntries(name, archive, isDirect, entry, zip.Entries.Select(z => (
            z.FullName,
            z.FullName.EndsWith('/'),
            new Func<string, InputFile>(full => new InputFile(full, archive, z.Length, z.Crc32, false, () => OpenEntry(z, full)) { Fault = LinkFault(z) }))));

        static Stream OpenEntry(ZipArchiveEntry entry, string full)
        {
            if (entry.IsEncrypted)
            {
                throw new ImportException($"'{Text.Printable(full)}' is encrypted with a password; unpack it with the password and import "
                    + "the folder");
            }

            try
            {
                return entry.Open();
            }
            catch (InvalidDataException e)
            {
                throw new ImportException($"'{Text.Printable(full)}' cannot be unpacked ({e.Message}); unpack it with another program and "
                    + "import the folder, or download it again", e);
            }
        }
    }

    private void AddTar(string path, string name, bool isDirect, string? entry, bool gzip)
    {
        Stream disk = OpenDisk(path);
        _open.Add(disk);
        var archive = new InputArchive(name, disk.Length);
        var tar = new TarInput(archive, disk, gzip, _limits, (_, _) => _cancellation.ThrowIfCancellationRequested());
        _open.Add(tar);
        AddEntries(name, archive, isDirect, entry, tar.Files.Select(f => (
            f.Name,
            false,
            new Func<string, InputFile>(full => new InputFile(full, null, f.Length, null, false, () => tar.Open(f))))));
    }

    private void AddEntries(
        string name, InputArchive archive, bool isDirect, string? wanted,
            IEnumerable<(string Name, bool IsFolder, Func<string, InputFile> Make)> entries)
    {
        var found = new List<(string Name, Func<string, InputFile> Make)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string entryName, bool isFolder, Func<string, InputFile> make) in entries)
        {
            string normal = entryName.Replace('\\', '/');
            if (normal.StartsWith('/') || normal.Split('/').Contains("..") || (normal.Length > 1 && normal[1] == ':')
                || normal.Contains('\0'))
            {
                throw new ImportException($"'{Text.Printable(name)}' holds '{Text.Printable(entryName)}', a path that leaves the archive; "
                    + "it was made to do harm: do not use it");
            }

            if (!isFolder && !seen.Add(normal))
            {
                throw new ImportException($"'{Text.Printable(name)}' holds '{Text.Printable(entryName)}' twice; unpack it, keep one, and "
                    + "import the folder");
            }

            if (!isFolder)
            {
                found.Add((normal, make));
            }
        }

        found.Sort((a, b) => NaturalOrder.Compare(a.Name, b.Name));
        if (wanted is not null)
        {
            int index = found.FindIndex(f => f.Name == wanted);
            if (index < 0)
            {
                IReadOnlyList<string> near = NearMatches.Find(wanted, found.Select(f => f.Name));
                throw new ImportException(
                    $"'{Text.Printable(archive.Name)}' holds no '{Text.Printable(wanted)}'; "
                        + $"it holds {Text.List(near.Count > 0 ? near : found.Select(f => f.Name))}: "
                        + $"write {Shell.Path($"{archive.Name}!ENTRY", "ARCHIVE!ENTRY")}");
            }

            found = [found[index]];
        }

        foreach ((string entryName, Func<string, InputFile> make) in found)
        {
            InputFile file = make($"{name}!{entryName}");
            file.IsDirect = isDirect && found.Count == 1;
            Add(file);
        }
    }

    private void Add(InputFile file)
    {
        CheckCount(_files.Count + 1, file.Name);
        _files.Add(file);
    }

    private void CheckCount(int count, string where)
    {
        if (count > _limits.MaxFiles)
        {
            throw TooMany(where, _limits);
        }
    }

    private Stream OpenDisk(string path) => _disks[path].Open();

    // The upper half is the Unix mode where there is one: 0xA000 a link, whose content is a path, 0x1000 a pipe, the others devices.
    private static string? LinkFault(ZipArchiveEntry entry) =>
        ((entry.ExternalAttributes >>> 16) & 0xF000) is 0xA000 or 0x1000 or 0x2000 or 0x6000 or 0xC000
            ? "is a link or device inside an archive; unpack the archive and import the folder" : null;

    public static ImportException TooMany(string where, ImportLimits limits) =>
        new($"'{Text.Printable(where)}' brings more than {limits.MaxFiles} files; import a part of them");


    private static bool IsTar(ReadOnlySpan<byte> head) => head.Length >= 262 && head[257..262].SequenceEqual("ustar"u8);

    private bool GzipHoldsTar(string path)
    {
        byte[] head = new byte[265];
        try
        {
            using var stream = new CheckedGzip(OpenDisk(path));
            return IsTar(head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)));
        }
        catch (InvalidDataException)
        {
            return false; // reading it will say what is wrong
        }
    }
}

/// <summary>Orders <c>slice.2</c> before <c>slice.10</c>; everything else ordinal.</summary>
internal static class NaturalOrder
{
    public static int Compare(string a, string b)
    {
        int i = 0, j = 0;
        while (i < a.Length && j < b.Length)
        {
            if (char.IsAsciiDigit(a[i]) && char.IsAsciiDigit(b[j]))
            {
                ReadOnlySpan<char> first = Digits(a, ref i), second = Digits(b, ref j);
                int order = first.Length != second.Length ? first.Length.CompareTo(second.Length) : first.SequenceCompareTo(second);
                if (order != 0)
                {
                    return order;
                }
            }
            else if (a[i] != b[j])
            {
                return a[i].CompareTo(b[j]);
            }
            else
            {
                i++;
                j++;
            }
        }

        int rest = (a.Length - i).CompareTo(b.Length - j);
        return rest != 0 ? rest : string.CompareOrdinal(a, b);
    }

    private static ReadOnlySpan<char> Digits(string text, ref int at)
    {
        while (at < text.Length - 1 && text[at] == '0' && char.IsAsciiDigit(text[at + 1]))
        {
            at++;
        }

        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return text.AsSpan(start..at);
    }
}
