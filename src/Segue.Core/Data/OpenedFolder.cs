using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Segue.Numerics;

namespace Segue.Core.Data;

/// <summary>One version of a folder that <see cref="ManifestFolder"/> reads: its manifest, and its files by name.</summary>
public sealed class OpenedFolder
{
    private readonly ManifestFolder _kind;

    internal OpenedFolder(
        ManifestFolder kind, string path, string folder, JsonObject manifest, IReadOnlyDictionary<string, (long Bytes, string Sha256)> files, string sha256)
    {
        _kind = kind;
        Path = path;
        Folder = folder;
        Manifest = manifest;
        Files = files;
        Sha256 = sha256;
    }

    /// <summary>The folder as it was named.</summary>
    public string Path { get; }

    /// <summary>Where the files of this version are: <see cref="Path"/> or a folder in it.</summary>
    public string Folder { get; }

    /// <summary>The manifest; its seal is checked.</summary>
    public JsonObject Manifest { get; }

    /// <summary>Length and checksum of every file, by name, as the manifest lists them.</summary>
    public IReadOnlyDictionary<string, (long Bytes, string Sha256)> Files { get; }

    /// <summary>SHA-256 of the manifest's own bytes, in lower-case hexadecimal digits.</summary>
    public string Sha256 { get; }

    /// <summary>Path of the manifest.</summary>
    public string ManifestPath => System.IO.Path.Combine(Path, _kind.ManifestName);

    /// <summary>Path of a file.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Throws where a listed file is not a regular file of the listed length. Reads none of them.</summary>
    /// <exception cref="DatasetException">A file is missing, of another length, or not a file; the message names it.</exception>
    public void CheckLengths()
    {
        foreach ((string name, (long expected, _)) in Files)
        {
            string full = PathOf(name);
            long length = File.Exists(full) ? RegularFile.Length(full) : -1;
            if (length != expected)
            {
                string found = length >= 0 ? length.ToString(CultureInfo.InvariantCulture) : "no";
                throw new DatasetException($"'{full}' has {found} bytes where the manifest says {expected}; {_kind.Again}");
            }
        }
    }

    /// <summary>Throws where bytes that were read differ from the listed checksum.</summary>
    /// <param name="name">The file they come from.</param>
    /// <param name="bytes">All its bytes.</param>
    /// <exception cref="DatasetException">They differ, or the manifest does not list the file; the message names it.</exception>
    public void CheckBytes(string name, ReadOnlySpan<byte> bytes)
    {
        if (!Files.TryGetValue(name, out (long Bytes, string Sha256) entry) || Convert.ToHexStringLower(SHA256.HashData(bytes)) != entry.Sha256)
        {
            throw Changed(name);
        }
    }

    /// <summary>As <see cref="CheckBytes(string, ReadOnlySpan{byte})"/>, for a file that is not held in memory.</summary>
    /// <param name="name">The file they come from.</param>
    /// <param name="bytes">All its bytes; read to the end.</param>
    /// <exception cref="DatasetException">They differ, or the manifest does not list the file; the message names it.</exception>
    public void CheckBytes(string name, Stream bytes)
    {
        if (!Files.TryGetValue(name, out (long Bytes, string Sha256) entry) || Convert.ToHexStringLower(SHA256.HashData(bytes)) != entry.Sha256)
        {
            throw Changed(name);
        }
    }

    /// <summary>Reads every listed file and compares its checksum.</summary>
    /// <exception cref="DatasetException">One is missing or differs; the message names it.</exception>
    public void CheckAllBytes()
    {
        foreach ((string name, (_, string sum)) in Files)
        {
            CancellationScope.Check();
            string full = PathOf(name);
            if (!File.Exists(full))
            {
                throw Changed(name);
            }

            using Stream stream = RegularFile.Open(full);
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) != sum)
            {
                throw Changed(name);
            }
        }
    }

    private DatasetException Changed(string name) =>
        new($"'{PathOf(name)}' is missing or was changed since it was written (checksum differs); {_kind.Again}");
}
