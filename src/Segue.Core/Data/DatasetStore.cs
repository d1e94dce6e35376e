using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Segue.Core.Data;

/// <summary>
/// A dataset as a folder: <c>manifest.json</c>, columns as <c>.npy</c>, string tables as UTF-8 text with their line starts
/// beside them. NumPy, R and Julia open it as it is.
/// </summary>
public static class DatasetStore
{
    /// <summary>The file every dataset folder has.</summary>
    public const string ManifestName = "manifest.json";

    private const int Version = 1;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes <paramref name="dataset"/> to a folder, as a whole or not at all. Equal datasets give equal bytes.</summary>
    /// <exception cref="DatasetException">The folder holds something else or cannot be written.</exception>
    public static void Save(Dataset dataset, string path) =>
        AtomicFolder.Write(path, ManifestName, folder => WriteTo(dataset, folder));

    /// <summary>Opens a folder written by <see cref="Save"/>: columns are memory-mapped, sizes are checked, checksums are not.</summary>
    /// <exception cref="DatasetException">A file is missing, cut off or does not fit; the message names it.</exception>
    public static Dataset Open(string path)
    {
        JsonObject manifest = ReadManifest(path);
        foreach ((string file, JsonObject entry) in Files(path, manifest))
        {
            long expected = (long?)entry["bytes"] ?? -1;
            var info = new FileInfo(Path.Combine(path, file));
            if (!info.Exists || info.Length != expected)
            {
                throw new DatasetException(
                    $"'{info.FullName}' has {(info.Exists ? info.Length.ToString(CultureInfo.InvariantCulture) : "no")} bytes where the manifest says {expected}; import the dataset again");
            }
        }

        try
        {
            return Read(path, manifest);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or NullReferenceException or JsonException)
        {
            throw new DatasetException($"'{Path.Combine(path, ManifestName)}' is not a manifest this version can read: {e.Message}", e);
        }
    }

    /// <summary>Reads every byte and compares checksums.</summary>
    /// <returns>Number of files verified.</returns>
    /// <exception cref="DatasetException">A file differs from its checksum; the message names it.</exception>
    public static int Verify(string path)
    {
        JsonObject manifest = ReadManifest(path);
        int count = 0;
        foreach ((string file, JsonObject entry) in Files(path, manifest))
        {
            string full = Path.Combine(path, file);
            if (!File.Exists(full) || Checksum(full) != (string?)entry["sha256"])
            {
                throw new DatasetException($"'{full}' is missing or was changed since it was written (checksum differs); import the dataset again");
            }

            count++;
        }

        return count;
    }

    private static void WriteTo(Dataset dataset, string folder)
    {
        var files = new JsonObject();
        Table("users", dataset.Users);
        Table("items", dataset.Items);
        Column("user_index", dataset.UserIndex);
        Column("item_index", dataset.ItemIndex);
        Column("time", dataset.Time);
        Column("weight", dataset.Weight);
        Column("fold", dataset.Fold);
        Catalog catalog = dataset.Catalog;
        Table("item_names", catalog.Names);
        Table("artists", catalog.Artists);
        Column("item_artist", catalog.ItemArtist);
        Table("albums", catalog.Albums);
        Column("item_album", catalog.ItemAlbum);
        Column("features", catalog.Features, catalog.FeatureNames.Count);
        foreach ((string column, StringTable values) in dataset.Profile)
        {
            Table($"profile_{column}", values);
        }

        Column("friend_from", dataset.FriendFrom);
        Column("friend_to", dataset.FriendTo);
        Table("tags", dataset.Tags.Names);
        Column("tag_user", dataset.Tags.UserIndex);
        Column("tag_item", dataset.Tags.ItemIndex);
        Column("tag_index", dataset.Tags.TagIndex);
        Column("tag_time", dataset.Tags.Time);

        var manifest = new JsonObject
        {
            ["format"] = "segue-dataset",
            ["version"] = Version,
            ["name"] = dataset.Name,
            ["level"] = dataset.Level,
            ["users"] = dataset.Users.Count,
            ["items"] = dataset.Items.Count,
            ["interactions"] = dataset.Count,
            ["ordered"] = dataset.IsOrdered,
            ["features"] = new JsonArray([.. catalog.FeatureNames.Select(n => (JsonNode)n)]),
            ["profile"] = new JsonArray([.. dataset.Profile.Keys.Select(n => (JsonNode)n)]),
            ["provenance"] = dataset.Provenance?.DeepClone(),
            ["files"] = files,
        };
        using var stream = new FileStream(Path.Combine(folder, ManifestName), FileMode.CreateNew);
        stream.Write(Encoding.UTF8.GetBytes(manifest.ToJsonString(Indented) + "\n"));
        stream.Flush(flushToDisk: true);

        void Column<T>(string name, ReadOnlyMemory<T> values, int columns = 0)
            where T : unmanaged
        {
            if (!values.IsEmpty)
            {
                NpyFile.Write(Path.Combine(folder, name + ".npy"), values.Span, columns);
                Register(name + ".npy");
            }
        }

        void Table(string name, StringTable table)
        {
            if (table.Count == 0)
            {
                return;
            }

            using (var file = new FileStream(Path.Combine(folder, name + ".txt"), FileMode.CreateNew))
            {
                file.Write(table.Text.Span);
                file.Flush(flushToDisk: true);
            }

            Register(name + ".txt");
            Column(name + ".lines", table.Offsets);
        }

        void Register(string file)
        {
            string full = Path.Combine(folder, file);
            files[file] = new JsonObject { ["bytes"] = new FileInfo(full).Length, ["sha256"] = Checksum(full) };
        }
    }

    private static Dataset Read(string path, JsonObject manifest)
    {
        var files = manifest["files"]!.AsObject();
        int users = (int)manifest["users"]!, items = (int)manifest["items"]!, count = (int)manifest["interactions"]!;
        string[] features = [.. manifest["features"]!.AsArray().Select(n => (string)n!)];
        (ReadOnlyMemory<byte> userText, ReadOnlyMemory<long> userLines) = TableParts("users");
        (ReadOnlyMemory<byte> itemText, ReadOnlyMemory<long> itemLines) = TableParts("items");
        StringTable artists = Table("artists"), albums = Table("albums"), tags = Table("tags");
        var dataset = new Dataset
        {
            Name = (string)manifest["name"]!,
            Level = (string)manifest["level"]!,
            Users = new Vocabulary(userText, userLines),
            Items = new Vocabulary(itemText, itemLines),
            UserIndex = Column<int>("user_index", count),
            ItemIndex = Column<int>("item_index", count),
            Time = Column<long>("time", count),
            Weight = Column<float>("weight", count),
            Fold = Column<byte>("fold", count),
            IsOrdered = (bool)manifest["ordered"]!,
            Catalog = new Catalog
            {
                Names = Table("item_names"),
                Artists = artists,
                ItemArtist = Column<int>("item_artist", items),
                Albums = albums,
                ItemAlbum = Column<int>("item_album", items),
                FeatureNames = features,
                Features = Column<float>("features", (long)items * features.Length),
            },
            Profile = manifest["profile"]!.AsArray().ToDictionary(n => (string)n!, n => Table("profile_" + (string)n!)),
            FriendFrom = Column<int>("friend_from", -1),
            FriendTo = Column<int>("friend_to", -1),
            Tags = new TagAssignments
            {
                Names = tags,
                UserIndex = Column<int>("tag_user", -1),
                ItemIndex = Column<int>("tag_item", -1),
                TagIndex = Column<int>("tag_index", -1),
                Time = Column<long>("tag_time", -1),
            },
            Provenance = manifest["provenance"]?.DeepClone().AsObject(),
        };
        if (dataset.Users.Count != users || dataset.Items.Count != items || dataset.Count != count || dataset.ItemIndex.Length != count)
        {
            throw new DatasetException($"'{path}' holds {dataset.Users.Count} users, {dataset.Items.Count} items and {dataset.Count} interactions where its manifest says {users}, {items} and {count}; import the dataset again");
        }

        return dataset;

        ReadOnlyMemory<T> Column<T>(string name, long length)
            where T : unmanaged
        {
            if (!files.ContainsKey(name + ".npy"))
            {
                return ReadOnlyMemory<T>.Empty;
            }

            string full = Path.Combine(path, name + ".npy");
            ReadOnlyMemory<T> column = NpyFile.Map<T>(full);
            return length < 0 || column.Length == length
                ? column
                : throw new DatasetException($"'{full}' has {column.Length} elements where the manifest asks for {length}; import the dataset again");
        }

        (ReadOnlyMemory<byte> Text, ReadOnlyMemory<long> Lines) TableParts(string name) =>
            files.ContainsKey(name + ".txt")
                ? (MappedFile.Open(Path.Combine(path, name + ".txt")), Column<long>(name + ".lines", -1))
                : (ReadOnlyMemory<byte>.Empty, new long[1]);

        StringTable Table(string name)
        {
            (ReadOnlyMemory<byte> text, ReadOnlyMemory<long> lines) = TableParts(name);
            return new StringTable(text, lines);
        }
    }

    private static JsonObject ReadManifest(string path)
    {
        string file = Path.Combine(path, ManifestName);
        if (!File.Exists(file))
        {
            throw new DatasetException($"'{path}' is not a dataset: it has no {ManifestName}; make one with: segue import FORMAT PATH --out {path}");
        }

        try
        {
            JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(file))?.AsObject() ?? [];
            if ((string?)manifest["format"] != "segue-dataset" || (int?)manifest["version"] != Version)
            {
                throw new DatasetException($"'{file}' is {manifest["format"] ?? "of no format"} version {manifest["version"] ?? "none"}; this Segue reads segue-dataset version {Version}: import the dataset again");
            }

            return manifest;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new DatasetException($"'{file}' is not valid JSON ({e.Message}); import the dataset again", e);
        }
    }

    private static IEnumerable<(string File, JsonObject Entry)> Files(string path, JsonObject manifest)
    {
        if (manifest["files"] is not JsonObject files)
        {
            throw new DatasetException($"'{Path.Combine(path, ManifestName)}' lists no files; import the dataset again");
        }

        foreach ((string file, JsonNode? entry) in files)
        {
            if (file != Path.GetFileName(file) || entry is not JsonObject values)
            {
                throw new DatasetException($"'{Path.Combine(path, ManifestName)}' names '{file}', which is not a file of the dataset; import the dataset again");
            }

            yield return (file, values);
        }
    }

    private static string Checksum(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
