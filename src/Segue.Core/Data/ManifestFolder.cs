using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Segue.Core.Contracts;
using Segue.Numerics;

namespace Segue.Core.Data;

/// <summary>
/// A kind of folder that Segue writes, for example datasets or models: some files and a manifest that lists them. One rename publishes
/// a version, so a reader gets the old one or the new one, whole, at any moment.
/// </summary>
/// <remarks>
/// A folder that does not exist yet is filled beside its place (<c>.NAME.new-…</c>) and renamed. In a folder that exists, the files of
/// the new version go to a folder of their own (<c>v-…</c>), and the manifest, whose <c>folder</c> says where the files are, is renamed
/// over the old one. Then the files that the old manifest lists are deleted, and nothing else: what other programs or people put
/// there stays. A folder with no manifest of this format is not ours and is never written to.
/// See <c>docs/decisions/0002-folders-that-are-replaced.md</c>.
/// </remarks>
public sealed partial class ManifestFolder
{
    // A manifest names up to 100,000 files that an import left out; nothing of ours comes near this.
    private const int MaxManifestBytes = 64 << 20;
    private const int ReadAttempts = 40;
    private const string MarkerName = "segue-unfinished.json";
    private const string MarkerFormat = "segue-unfinished";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private readonly int _version;
    private readonly Regex _fileName;
    private readonly bool _keepsNames;

    /// <summary>Describes a kind of folder.</summary>
    /// <param name="manifestName">Name of the manifest, for example <c>manifest.json</c>.</param>
    /// <param name="format">What its <c>format</c> says; begins with <c>segue-</c>.</param>
    /// <param name="version">What its <c>version</c> says.</param>
    /// <param name="noun">What it is in messages, for example <c>a dataset</c>.</param>
    /// <param name="make">How to make one, in messages; <c>{0}</c> is the path.</param>
    /// <param name="again">What to do about a damaged one, for example <c>import the dataset again</c>.</param>
    /// <param name="fileName">Matches every name that a manifest may list: relative, <c>/</c> between folders, no way out.</param>
    /// <param name="keepsNames">
    /// True for files that other programs read by name: a new version is renamed over the old one file by file, each of them whole.
    /// </param>
    public ManifestFolder(string manifestName, string format, int version, string noun, string make, string again, Regex fileName, bool keepsNames = false)
    {
        _keepsNames = keepsNames;
        ManifestName = manifestName;
        Format = format;
        _version = version;
        Noun = noun;
        Make = make;
        Again = again;
        _fileName = fileName;
    }

    /// <summary>Name of the manifest.</summary>
    public string ManifestName { get; }

    /// <summary>What the manifest's <c>format</c> says.</summary>
    public string Format { get; }

    /// <summary>What to do about a damaged one.</summary>
    public string Again { get; }

    private string Noun { get; }

    private string Make { get; }

    /// <summary>Throws where <see cref="Write"/> would refuse <paramref name="path"/>, so that it is known before any work. Writes nothing that stays.</summary>
    /// <exception cref="DatasetException">The path is not one of a folder, holds something else, or cannot be written to.</exception>
    public void CheckTarget(string path)
    {
        string target = Target(path);
        bool exists = CheckOurs(target, path);
        OutputPath.Probe(exists ? target : Path.GetDirectoryName(target)!, path);
    }

    /// <summary>Writes a version and publishes it with one rename; the version before stays readable until then.</summary>
    /// <param name="path">Folder to create, or one of this kind to replace.</param>
    /// <param name="write">
    /// Receives an empty folder, fills it with files, flushes them, and returns the manifest without <c>files</c> and <c>checksum</c>.
    /// </param>
    /// <returns>Paths of what killed runs had left here and is removed now; mostly empty.</returns>
    /// <exception cref="DatasetException">The path holds something else, or cannot be written.</exception>
    public IReadOnlyList<string> Write(string path, Func<string, JsonObject> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string target = Target(path), parent = Path.GetDirectoryName(target)!, building = string.Empty;
        FileStream? marker = null;
        try
        {
            List<string> cleaned = CheckOurs(target, path) ? RemoveUnpublished(target) : [];
            Directory.CreateDirectory(parent);
            cleaned.AddRange(RemoveUnfinished(parent, $".{Path.GetFileName(target)}.new-"));
            RemoveEmpty(target);
            string id = OutputPath.NewId();
            building = Directory.Exists(target) ? Path.Combine(target, $"v-new-{id}") : Path.Combine(parent, $".{Path.GetFileName(target)}.new-{id}");
            Directory.CreateDirectory(building);
            marker = Mark(building);
            JsonObject manifest = write(building);
            manifest["files"] = ListFiles(building);
            byte[] bytes = Seal(manifest);
            WriteNew(Path.Combine(building, ManifestName), bytes);
            if (!Directory.Exists(target) && TryMove(building, target, ref marker))
            {
                Unmark(target, ref marker);
            }
            else if (_keepsNames)
            {
                PublishByName(manifest, building, target);
            }
            else
            {
                Publish(manifest, Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 4)), building, target, ref marker);
            }

            return cleaned;
        }
        catch (Exception e) when (OutputPath.IsFailure(e))
        {
            throw new DatasetException($"cannot write '{path}': {OutputPath.Reason(e, building, target)}", e);
        }
        finally
        {
            marker?.Dispose();
            if (building.Length > 0)
            {
                DeleteTree(building);
            }
        }
    }

    /// <summary>Reads one version: where the folder is replaced meanwhile, reads again.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="read">Reads the files; called again where another version was published while it ran.</param>
    /// <exception cref="DatasetException">Not a folder of this kind, damaged, or replaced faster than it can be read.</exception>
    public T Read<T>(string path, Func<OpenedFolder, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        for (int attempt = 1; ; attempt++)
        {
            byte[] bytes = ReadManifest(path);
            T result;
            try
            {
                result = read(Open(path, bytes));
            }
            catch (Exception e) when (attempt < ReadAttempts && e is not OperationCanceledException && IsReplaced(path, bytes))
            {
                Thread.Sleep(attempt);
                continue;
            }

            if (!IsReplaced(path, bytes))
            {
                return result;
            }

            if (attempt == ReadAttempts)
            {
                throw new DatasetException($"'{path}' was replaced {ReadAttempts} times while it was read; try again when nothing writes to it");
            }

            Thread.Sleep(attempt);
        }
    }

    /// <summary>
    /// The manifest as bytes with its own checksum as the last property: that of the same bytes with zeros in its place.
    /// </summary>
    public static byte[] Seal(JsonObject manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        manifest.Remove("checksum");
        manifest["checksum"] = Unsealed;
        byte[] bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString(Indented) + "\n");
        string checksum = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Encoding.ASCII.GetBytes(checksum).CopyTo(bytes.AsSpan(bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(Unsealed))));
        return bytes;
    }

    private static string Unsealed { get; } = new('0', 2 * SHA256.HashSizeInBytes);

    private static bool IsSealed(byte[] bytes, string checksum)
    {
        int at = checksum.Length == Unsealed.Length ? bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(checksum)) : -1;
        if (at < 0)
        {
            return false;
        }

        byte[] unsealed = [.. bytes];
        Encoding.ASCII.GetBytes(Unsealed).CopyTo(unsealed.AsSpan(at));
        return Convert.ToHexStringLower(SHA256.HashData(unsealed)) == checksum;
    }

    private static string Target(string path)
    {
        string target = OutputPath.Full(path, "a folder");
        return Path.GetDirectoryName(target) is null ? throw new DatasetException($"'{path}' is a root folder; choose another folder") : target;
    }

    private byte[] ReadManifest(string path)
    {
        string file = Path.Combine(path, ManifestName);
        if (!File.Exists(file))
        {
            throw new DatasetException($"'{path}' is not {Noun}: it has no {ManifestName}; {Unpublished(path) ?? string.Format(CultureInfo.InvariantCulture, Make, Shell.Path(path, "FOLDER"))}");
        }

        return RegularFile.ReadAllBytes(file, MaxManifestBytes);
    }

    private bool IsReplaced(string path, byte[] bytes)
    {
        try
        {
            return !RegularFile.ReadAllBytes(Path.Combine(path, ManifestName), MaxManifestBytes).AsSpan().SequenceEqual(bytes);
        }
        catch (SegueException)
        {
            return true;
        }
    }

    private OpenedFolder Open(string path, byte[] bytes)
    {
        string file = Path.Combine(path, ManifestName);
        try
        {
            JsonObject manifest = JsonNode.Parse(bytes)?.AsObject() ?? [];
            if ((string?)manifest["format"] != Format || (int?)manifest["version"] != _version)
            {
                throw new DatasetException($"'{file}' is {manifest["format"] ?? "of no format"} version {manifest["version"] ?? "none"}; this Segue reads {Format} version {_version}: {Again}");
            }

            if (!IsSealed(bytes, (string?)manifest["checksum"] ?? string.Empty))
            {
                throw new DatasetException($"'{file}' was changed since it was written (checksum differs); {Again}");
            }

            string? inner = (string?)manifest["folder"];
            if (inner is not null && !VersionName().IsMatch(inner))
            {
                throw new DatasetException($"'{file}' names the folder '{inner}', which is not one of a version; {Again}");
            }

            return new OpenedFolder(this, path, inner is null ? path : Path.Combine(path, inner), manifest, ReadList(file, manifest), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            throw new DatasetException($"'{file}' is not a manifest this version can read ({e.Message}); {Again}", e);
        }
    }

    private Dictionary<string, (long Bytes, string Sha256)> ReadList(string file, JsonObject manifest)
    {
        if (manifest["files"] is not JsonObject files)
        {
            throw new DatasetException($"'{file}' lists no files; {Again}");
        }

        var list = new Dictionary<string, (long Bytes, string Sha256)>(files.Count, StringComparer.Ordinal);
        foreach ((string name, JsonNode? entry) in files)
        {
            if (!_fileName.IsMatch(name) || entry is not JsonObject values)
            {
                throw new DatasetException($"'{file}' names '{name}', which is not a file of {Noun}; {Again}");
            }

            list.Add(name, ((long?)values["bytes"] ?? -1, (string?)values["sha256"] ?? string.Empty));
        }

        return list;
    }

    // Whether the folder is there and may be replaced.
    private bool CheckOurs(string target, string path)
    {
        if (!Directory.Exists(target))
        {
            return File.Exists(target) ? throw new DatasetException($"'{path}' is a file; choose another folder") : false;
        }

        string file = Path.Combine(target, ManifestName);
        if (File.Exists(file))
        {
            return FormatOf(file) == Format
                ? true
                : throw new DatasetException($"'{path}' holds files that Segue did not write (its {ManifestName} is of another program); choose another folder");
        }

        string? other = Directory.EnumerateFileSystemEntries(target).FirstOrDefault(entry => !IsUnfinished(entry) && Path.GetFileName(entry) != MarkerName);
        return other is null
            ? true
            : throw new DatasetException($"'{path}' holds files that Segue did not write (for example '{Path.GetFileName(other)}'); choose another folder");
    }

    private static string? FormatOf(string file)
    {
        try
        {
            return JsonNode.Parse(RegularFile.ReadAllBytes(file, MaxManifestBytes)) is JsonObject manifest ? (string?)manifest["format"] : null;
        }
        catch (Exception e) when (e is SegueException or JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static JsonObject ListFiles(string folder)
    {
        var files = new JsonObject();
        foreach (string name in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Where(f => f != MarkerName).Order(StringComparer.Ordinal))
        {
            CancellationScope.Check();
            using FileStream stream = File.OpenRead(Path.Combine(folder, name));
            files[name] = new JsonObject { ["bytes"] = stream.Length, ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(stream)) };
        }

        return files;
    }

    // The new version goes into the folder under a name of its own; the manifest that points to it is renamed over the old one.
    private void Publish(JsonObject manifest, string hash, string building, string target, ref FileStream? marker)
    {
        if (Path.GetDirectoryName(building) != target)
        {
            CheckOurs(target, target); // another run made the folder meanwhile
        }

        OpenedFolder? old = TryOpen(target);
        if (old is not null && IsSame(old.Manifest, manifest))
        {
            return;
        }

        // Counts up, so that no two manifests that were ever published here are the same bytes: a reader sees every replacement.
        int edition = 1 + ((int?)old?.Manifest["edition"] ?? 1);
        string place = Path.Combine(target, string.Create(CultureInfo.InvariantCulture, $"v{edition}-{hash}"));
        while (Path.Exists(place) || !TryMove(building, place, ref marker))
        {
            edition++;
            place = Path.Combine(target, string.Create(CultureInfo.InvariantCulture, $"v{edition}-{hash}"));
        }

        try
        {
            var pointer = (JsonObject)manifest.DeepClone();
            pointer["edition"] = edition;
            pointer["folder"] = Path.GetFileName(place);
            if (old is not null && old.Folder == old.Path)
            {
                // Should this run be killed before they are deleted, the next one knows what they were.
                pointer["replaced"] = old.Manifest["files"]!.DeepClone();
            }

            string beside = Path.Combine(place, MarkerName + ".new");
            WriteNew(beside, Seal(pointer));
            File.Move(beside, Path.Combine(target, ManifestName), overwrite: true);
        }
        catch
        {
            marker?.Dispose();
            DeleteTree(place);
            throw;
        }

        Unmark(place, ref marker);
        if (old is not null)
        {
            RemoveListed(old.Folder, old.Files.Keys, isVersion: old.Folder != old.Path);
        }
    }

    // The manifest that stands while files are renamed lists the old ones and the new: whatever a killed run leaves is known.
    private void PublishByName(JsonObject manifest, string building, string target)
    {
        CheckOurs(target, target);
        OpenedFolder? old = TryOpen(target);
        var files = (JsonObject)manifest["files"]!;
        foreach ((string name, _) in files)
        {
            if (Path.Exists(Path.Combine(target, name)) && old?.Files.ContainsKey(name) != true)
            {
                throw new DatasetException($"'{Path.Combine(target, name)}' exists and Segue did not write it; choose another folder, or move it away");
            }
        }

        string beside = Path.Combine(building, MarkerName + ".new"), published = Path.Combine(target, ManifestName);
        var both = (JsonObject)manifest.DeepClone();
        foreach ((string name, JsonNode? entry) in (JsonObject?)old?.Manifest["files"] ?? [])
        {
            ((JsonObject)both["files"]!)[name] ??= entry?.DeepClone();
        }

        WriteNew(beside, Seal(both));
        File.Move(beside, published, overwrite: true);
        foreach ((string name, _) in files)
        {
            string place = Path.Combine(target, name);
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.Move(Path.Combine(building, name), place, overwrite: true);
        }

        RemoveListed(target, old?.Files.Keys.Where(name => !files.ContainsKey(name)) ?? [], isVersion: false);
        File.Move(Path.Combine(building, ManifestName), published, overwrite: true);
    }

    private static bool IsSame(JsonObject a, JsonObject b)
    {
        JsonObject first = Plain(a), second = Plain(b);
        return JsonNode.DeepEquals(first, second);

        static JsonObject Plain(JsonObject manifest)
        {
            var plain = (JsonObject)manifest.DeepClone();
            foreach (string where in new[] { "edition", "folder", "replaced", "checksum" })
            {
                plain.Remove(where);
            }

            return plain;
        }
    }

    private OpenedFolder? TryOpen(string target)
    {
        try
        {
            return Open(target, ReadManifest(target));
        }
        catch (SegueException)
        {
            return null; // none yet, or damaged: then nothing it lists is deleted
        }
    }

    private static bool TryMove(string from, string to, ref FileStream? marker)
    {
        if (OperatingSystem.IsWindows())
        {
            // A folder with an open file cannot be renamed there.
            marker?.Dispose();
            marker = null;
        }

        try
        {
            Directory.Move(from, to);
            return true;
        }
        catch (IOException) when (Path.Exists(to))
        {
            return false;
        }
    }

    private static bool IsFile(string path) => File.Exists(path) && !OutputPath.IsLink(path);

    private static string ChecksumOf(string file)
    {
        using Stream stream = RegularFile.Open(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void WriteNew(string file, byte[] bytes)
    {
        using var stream = new FileStream(file, FileMode.CreateNew);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    [GeneratedRegex(@"^v[0-9]{1,9}-[0-9a-f]{8}\z")]
    private static partial Regex VersionName();
}
