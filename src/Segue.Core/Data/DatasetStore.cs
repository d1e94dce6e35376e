using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Segue.Core.Data;

/// <summary>
/// A dataset as a folder: <c>manifest.json</c>, columns as <c>.npy</c>, string tables as UTF-8 text with their line starts
/// beside them. NumPy, R and Julia open it as it is.
/// </summary>
public static partial class DatasetStore
{
    /// <summary>The file every dataset folder has.</summary>
    public const string ManifestName = "manifest.json";

    private const int Version = 1;
    private static readonly string Unsealed = new('0', 2 * SHA256.HashSizeInBytes);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes <paramref name="dataset"/> to a folder, as a whole or not at all. Equal datasets give equal bytes.</summary>
    /// <remarks>
    /// On Linux and macOS a folder that is open can be replaced: who has it open keeps reading the old one. Windows refuses to
    /// rename a folder with mapped files, so there the save fails, with the old folder as it was.
    /// </remarks>
    /// <exception cref="DatasetException">The dataset does not fit together, or the folder holds something else or cannot be written.</exception>
    public static void Save(Dataset dataset, string path)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        CheckShape(dataset, $"dataset '{dataset.Name}'");
        dataset.CheckIndices();
        AtomicFolder.Write(path, ManifestName, folder => WriteTo(dataset, folder));
    }

    /// <summary>
    /// Opens a folder written by <see cref="Save"/>: columns are memory-mapped; the manifest, the size of every file and what is
    /// as small as the catalog are checked, checksums are not.
    /// </summary>
    /// <exception cref="DatasetException">A file is missing, cut off or does not fit; the message names it.</exception>
    public static Dataset Open(string path) => Reading(path, manifest =>
    {
        foreach ((string file, JsonObject entry) in Files(path, manifest))
        {
            long expected = (long?)entry["bytes"] ?? -1;
            var info = new FileInfo(Path.Combine(path, file));
            if (!info.Exists || info.Length != expected)
            {
                string found = info.Exists ? info.Length.ToString(CultureInfo.InvariantCulture) : "no";
                throw new DatasetException(
                    $"'{info.FullName}' has {found} bytes where the manifest says {expected}; import the dataset again");
            }
        }

        return Read(path, manifest);
    });

    /// <summary>Reads every byte: compares checksums, and checks that every index names something and no id stands twice.</summary>
    /// <returns>Number of files verified, the manifest not counted.</returns>
    /// <exception cref="DatasetException">A file differs from its checksum, or does not fit; the message names it.</exception>
    public static int Verify(string path)
    {
        int count = Reading(path, manifest =>
        {
            int files = 0;
            foreach ((string file, JsonObject entry) in Files(path, manifest))
            {
                string full = Path.Combine(path, file);
                if (!File.Exists(full) || Checksum(full) != (string?)entry["sha256"])
                {
                    throw new DatasetException(
                        $"'{full}' is missing or was changed since it was written (checksum differs); import the dataset again");
                }

                files++;
            }

            return files;
        });

        Dataset dataset = Open(path);
        dataset.CheckIndices();
        dataset.Users.CheckUnique();
        dataset.Items.CheckUnique();
        StringTable[] tables =
        [
            dataset.Users, dataset.Items, dataset.Catalog.Names, dataset.Catalog.Artists, dataset.Catalog.Albums, dataset.Tags.Names,
            .. dataset.Profile.Values,
        ];
        foreach (StringTable table in tables)
        {
            for (int i = 0; i < table.Count; i++)
            {
                _ = table.Line(i);
            }
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
            Table(ProfileFile(column), values);
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
        stream.Write(Seal(manifest));
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

    /// <summary>
    /// The manifest as bytes with its own checksum as the last property: that of the same bytes with zeros in its place.
    /// </summary>
    internal static byte[] Seal(JsonObject manifest)
    {
        manifest.Remove("checksum");
        manifest["checksum"] = Unsealed;
        byte[] bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString(Indented) + "\n");
        string checksum = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Encoding.ASCII.GetBytes(checksum).CopyTo(bytes.AsSpan(bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(Unsealed))));
        return bytes;
    }

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

    /// <summary>Runs <paramref name="read"/> on the manifest and turns whatever a damaged one leads to into one kind of error.</summary>
    private static T Reading<T>(string path, Func<JsonObject, T> read)
    {
        JsonObject manifest = ReadManifest(path);
        try
        {
            return read(manifest);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or NullReferenceException or JsonException
            or ArgumentException or OverflowException or IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(
                $"'{Path.Combine(path, ManifestName)}' does not describe a dataset this version can read ({e.Message}); import the dataset again", e);
        }
    }

    private static Dataset Read(string path, JsonObject manifest)
    {
        var files = manifest["files"]!.AsObject();
        int users = (int)manifest["users"]!, items = (int)manifest["items"]!, count = (int)manifest["interactions"]!;
        string[] features = [.. manifest["features"]!.AsArray().Select(n => (string)n!)];
        (ReadOnlyMemory<byte> userText, ReadOnlyMemory<long> userLines) = TableParts("users");
        (ReadOnlyMemory<byte> itemText, ReadOnlyMemory<long> itemLines) = TableParts("items");
        var dataset = new Dataset
        {
            Name = Text("name"),
            Level = Text("level"),
            Users = new Vocabulary(userText, userLines) { Source = TablePath("users") },
            Items = new Vocabulary(itemText, itemLines) { Source = TablePath("items") },
            UserIndex = Column<int>("user_index"),
            ItemIndex = Column<int>("item_index"),
            Time = Column<long>("time"),
            Weight = Column<float>("weight"),
            Fold = Column<byte>("fold"),
            IsOrdered = (bool)manifest["ordered"]!,
            Catalog = new Catalog
            {
                Names = Table("item_names"),
                Artists = Table("artists"),
                ItemArtist = Column<int>("item_artist"),
                Albums = Table("albums"),
                ItemAlbum = Column<int>("item_album"),
                FeatureNames = features,
                Features = Column<float>("features"),
            },
            Profile = manifest["profile"]!.AsArray().ToDictionary(n => (string)n!, n => Table(ProfileFile((string)n!))),
            FriendFrom = Column<int>("friend_from"),
            FriendTo = Column<int>("friend_to"),
            Tags = new TagAssignments
            {
                Names = Table("tags"),
                UserIndex = Column<int>("tag_user"),
                ItemIndex = Column<int>("tag_item"),
                TagIndex = Column<int>("tag_index"),
                Time = Column<long>("tag_time"),
            },
            Provenance = manifest["provenance"]?.DeepClone().AsObject(),
        };
        if (dataset.Users.Count != users || dataset.Items.Count != items || dataset.Count != count)
        {
            throw new DatasetException(
                $"'{path}' holds {dataset.Users.Count} users, {dataset.Items.Count} items and {dataset.Count} interactions where its {ManifestName} says {users}, {items} and {count}; import the dataset again");
        }

        CheckShape(dataset, $"'{path}'");
        return dataset;

        string Text(string property) => (string?)manifest[property] ?? throw new FormatException($"it has no {property}");

        ReadOnlyMemory<T> Column<T>(string name)
            where T : unmanaged => files.ContainsKey(name + ".npy") ? NpyFile.Map<T>(Path.Combine(path, name + ".npy")) : default;

        string TablePath(string name) => Path.Combine(path, name + ".txt");

        (ReadOnlyMemory<byte> Text, ReadOnlyMemory<long> Lines) TableParts(string name)
        {
            if (!files.ContainsKey(name + ".txt"))
            {
                return (default, new long[1]);
            }

            ReadOnlyMemory<byte> text = MappedFile.Open(TablePath(name));
            ReadOnlyMemory<long> lines = Column<long>(name + ".lines");
            return lines.Length > 0 && lines.Span[0] == 0 && lines.Span[^1] == text.Length
                ? (text, lines)
                : throw new DatasetException(
                    $"'{TablePath(name)}' has {text.Length} bytes, which its {name}.lines.npy does not fit; import the dataset again");
        }

        StringTable Table(string name)
        {
            (ReadOnlyMemory<byte> text, ReadOnlyMemory<long> lines) = TableParts(name);
            return new StringTable(text, lines) { Source = TablePath(name) };
        }
    }

    /// <summary>Throws where columns that belong together differ in length, or a small index column names nothing.</summary>
    private static void CheckShape(Dataset dataset, string where)
    {
        int users = dataset.Users.Count, items = dataset.Items.Count, count = dataset.Count;
        Catalog catalog = dataset.Catalog;
        TagAssignments tags = dataset.Tags;
        Length("item_index", dataset.ItemIndex.Length, count, mayBeEmpty: false);
        Length("time", dataset.Time.Length, count);
        Length("weight", dataset.Weight.Length, count);
        Length("fold", dataset.Fold.Length, count);
        Length("item_names", catalog.Names.Count, items);
        Length("item_artist", catalog.ItemArtist.Length, items);
        Length("item_album", catalog.ItemAlbum.Length, items);
        Length("features", catalog.Features.Length, (long)items * catalog.FeatureNames.Count);
        foreach ((string column, StringTable values) in dataset.Profile)
        {
            Length(ProfileFile(column), values.Count, users, mayBeEmpty: false);
        }

        Length("friend_to", dataset.FriendTo.Length, dataset.FriendFrom.Length, mayBeEmpty: false);
        Length("tag_user", tags.UserIndex.Length, tags.Count, mayBeEmpty: false);
        Length("tag_item", tags.ItemIndex.Length, tags.Count, mayBeEmpty: false);
        Length("tag_time", tags.Time.Length, tags.Count);
        Indices("item_artist", catalog.ItemArtist.Span, -1, catalog.Artists.Count);
        Indices("item_album", catalog.ItemAlbum.Span, -1, catalog.Albums.Count);
        Indices("friend_from", dataset.FriendFrom.Span, 0, users);
        Indices("friend_to", dataset.FriendTo.Span, 0, users);
        Indices("tag_user", tags.UserIndex.Span, -1, users);
        Indices("tag_item", tags.ItemIndex.Span, 0, items);
        Indices("tag_index", tags.TagIndex.Span, 0, tags.Names.Count);

        void Length(string column, long length, long expected, bool mayBeEmpty = true)
        {
            if (length != expected && !(mayBeEmpty && length == 0))
            {
                throw new DatasetException($"column {column} of {where} has {length} elements where {expected} belong; import the dataset again");
            }
        }

        void Indices(string column, ReadOnlySpan<int> values, int low, int end)
        {
            for (int n = 0; n < values.Length; n++)
            {
                if (values[n] < low || values[n] >= end)
                {
                    throw new DatasetException(
                        $"element {n} of column {column} of {where} is {values[n]}, not from {low} to {end - 1}; import the dataset again");
                }
            }
        }
    }

    // Every character that could leave the folder, or be the same file under another case, is written as %XX.
    private static string ProfileFile(string column)
    {
        var name = new StringBuilder("profile_");
        foreach (byte b in Encoding.UTF8.GetBytes(column))
        {
            _ = b is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'_' or (byte)'-'
                ? name.Append((char)b)
                : name.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return name.ToString();
    }

    private static JsonObject ReadManifest(string path)
    {
        string file = Path.Combine(path, ManifestName);
        if (!File.Exists(file))
        {
            string hint = AtomicFolder.FindReplaced(path) is { } old
                ? $"a save was interrupted and left the dataset at '{old}': rename it back"
                : $"make one with: segue import FORMAT PATH --out {Contracts.Shell.Path(path, "FOLDER")}";
            throw new DatasetException($"'{path}' is not a dataset: it has no {ManifestName}; {hint}");
        }

        try
        {
            byte[] bytes = File.ReadAllBytes(file);
            JsonObject manifest = JsonNode.Parse(bytes)?.AsObject() ?? [];
            if ((string?)manifest["format"] != "segue-dataset" || (int?)manifest["version"] != Version)
            {
                throw new DatasetException(
                    $"'{file}' is {manifest["format"] ?? "of no format"} version {manifest["version"] ?? "none"}; this Segue reads segue-dataset version {Version}: import the dataset again");
            }

            return IsSealed(bytes, (string?)manifest["checksum"] ?? string.Empty)
                ? manifest
                : throw new DatasetException($"'{file}' was changed since it was written (checksum differs); import the dataset again");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException
            or IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"'{file}' is not a manifest this version can read ({e.Message}); import the dataset again", e);
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
            if (!FileName().IsMatch(file) || entry is not JsonObject values)
            {
                throw new DatasetException(
                    $"'{Path.Combine(path, ManifestName)}' names '{file}', which is not a file of a dataset; import the dataset again");
            }

            yield return (file, values);
        }
    }

    [GeneratedRegex(@"^[a-z][A-Za-z0-9_%-]*(\.lines)?\.(npy|txt)\z")]
    private static partial Regex FileName();

    private static string Checksum(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
