using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Segue.Numerics;

namespace Segue.Core.Data;

/// <summary>
/// A dataset as a folder: <c>manifest.json</c>, columns as <c>.npy</c>, string tables as UTF-8 text with their line starts
/// beside them. NumPy, R and Julia open it as it is.
/// </summary>
public static partial class DatasetStore
{
    /// <summary>The file every dataset folder has.</summary>
    public const string ManifestName = "manifest.json";

    // The last second of the year 9999, beyond which nothing can be shown as a date; parts are train, validation and test.
    private const long LatestTime = 253_402_300_799;
    private const byte LastFold = 2;
    private static readonly ManifestFolder Folder = new(
        ManifestName, "segue-dataset", 1, "a dataset", "make one with: segue import FORMAT PATH --out {0}", "import the dataset again", FileName());

    /// <summary>Throws where <see cref="Save"/> would refuse <paramref name="path"/>, so that it is known before any work.</summary>
    /// <exception cref="DatasetException">The path holds something else or cannot be written.</exception>
    public static void CheckTarget(string path) => Folder.CheckTarget(path);

    /// <summary>Writes <paramref name="dataset"/> to a folder, as a whole or not at all. Equal datasets give equal bytes.</summary>
    /// <remarks>
    /// A folder that is open can be replaced: who has it open keeps reading the old one. Windows cannot delete files that are mapped;
    /// there the next save removes them.
    /// </remarks>
    /// <returns>What runs that were killed had left there, and is removed now; mostly empty.</returns>
    /// <exception cref="DatasetException">The dataset does not fit together, or the folder holds something else or cannot be written.</exception>
    public static IReadOnlyList<string> Save(Dataset dataset, string path)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        CheckShape(dataset, $"dataset '{dataset.Name}'");
        dataset.CheckIndices();
        return Folder.Write(path, folder => WriteTo(dataset, folder));
    }

    /// <summary>
    /// Opens a folder written by <see cref="Save"/>. Checked: the manifest, the size of every file, the checksums of files up to 256 KiB
    /// (larger ones are memory-mapped, see <see cref="Verify"/>), and every value, so that nothing that uses the dataset is led astray.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="manifestSha256">SHA-256 the manifest must have, in lower-case hexadecimal digits; null for any.</param>
    /// <remarks>About 3 ns an interaction once the columns are in memory.</remarks>
    /// <exception cref="DatasetException">A file is missing, cut off or does not fit; the message names it.</exception>
    public static Dataset Open(string path, string? manifestSha256 = null) => Reading(path, opened =>
    {
        if (manifestSha256 is not null && opened.Sha256 != manifestSha256)
        {
            throw new DatasetException($"'{opened.ManifestPath}' was changed since it was written (checksum differs); {Folder.Again}");
        }

        opened.CheckLengths();
        return Read(opened);
    });

    /// <summary>Reads every byte: compares checksums, and checks that every index names something and no id stands twice.</summary>
    /// <returns>Number of files verified, the manifest not counted.</returns>
    /// <exception cref="DatasetException">A file differs from its checksum, or does not fit; the message names it.</exception>
    public static int Verify(string path) => Reading(path, opened =>
    {
        opened.CheckAllBytes();
        opened.CheckLengths();
        Dataset dataset = Read(opened);
        dataset.Users.CheckUnique();
        dataset.Items.CheckUnique();
        return opened.Files.Count;
    });

    private static JsonObject WriteTo(Dataset dataset, string folder)
    {
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

        return new JsonObject
        {
            ["format"] = "segue-dataset",
            ["version"] = 1,
            ["name"] = dataset.Name,
            ["level"] = dataset.Level,
            ["users"] = dataset.Users.Count,
            ["items"] = dataset.Items.Count,
            ["interactions"] = dataset.Count,
            ["ordered"] = dataset.IsOrdered,
            ["features"] = new JsonArray([.. catalog.FeatureNames.Select(n => (JsonNode)n)]),
            ["profile"] = new JsonArray([.. dataset.Profile.Keys.Select(n => (JsonNode)n)]),
            ["provenance"] = dataset.Provenance?.DeepClone(),
        };

        void Column<T>(string name, ReadOnlyMemory<T> values, int columns = 0)
            where T : unmanaged
        {
            if (!values.IsEmpty)
            {
                NpyFile.Write(Path.Combine(folder, name + ".npy"), values.Span, columns);
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

            Column(name + ".lines", table.Offsets);
        }
    }

    /// <summary>Runs <paramref name="read"/> on a version and turns whatever a damaged one leads to into one kind of error.</summary>
    private static T Reading<T>(string path, Func<OpenedFolder, T> read) => Folder.Read(path, opened =>
    {
        try
        {
            return read(opened);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or NullReferenceException or JsonException
            or ArgumentException or OverflowException or IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"'{opened.ManifestPath}' does not describe a dataset this version can read ({e.Message}); {Folder.Again}", e);
        }
    });

    private static Dataset Read(OpenedFolder opened)
    {
        JsonObject manifest = opened.Manifest;
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
                $"'{opened.Path}' holds {dataset.Users.Count} users, {dataset.Items.Count} items and {dataset.Count} interactions where its {ManifestName} says {users}, {items} and {count}; import the dataset again");
        }

        CheckShape(dataset, $"'{opened.Path}'");
        dataset.CheckIndices();
        return dataset;

        string Text(string property) => (string?)manifest[property] ?? throw new FormatException($"it has no {property}");

        ReadOnlyMemory<T> Column<T>(string name)
            where T : unmanaged =>
            opened.Files.ContainsKey(name + ".npy") ? NpyFile.View<T>(opened.PathOf(name + ".npy"), Bytes(name + ".npy")) : default;

        // What is read rather than mapped is all there: then its checksum costs next to nothing.
        ReadOnlyMemory<byte> Bytes(string name)
        {
            ReadOnlyMemory<byte> bytes = MappedFile.Open(opened.PathOf(name));
            if (bytes.Length <= MappedFile.SmallBytes)
            {
                opened.CheckBytes(name, bytes.Span);
            }

            return bytes;
        }

        string TablePath(string name) => opened.PathOf(name + ".txt");

        (ReadOnlyMemory<byte> Text, ReadOnlyMemory<long> Lines) TableParts(string name)
        {
            if (!opened.Files.ContainsKey(name + ".txt"))
            {
                return (default, new long[1]);
            }

            ReadOnlyMemory<byte> text = Bytes(name + ".txt");
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

    /// <summary>Throws where columns that belong together differ in length, or hold a value that none of them may hold.</summary>
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
        Times("time", dataset.Time.Span);
        Times("tag_time", tags.Time.Span);
        int wrong = dataset.Fold.Span.IndexOfAnyExceptInRange((byte)0, LastFold);
        if (wrong >= 0)
        {
            throw Wrong("fold", wrong, dataset.Fold.Span[wrong].ToString(CultureInfo.InvariantCulture), $"0 to {LastFold}");
        }

        ReadOnlySpan<float> weights = dataset.Weight.Span;
        for (int n = 0; n < weights.Length; n++)
        {
            if (!(weights[n] > 0 && weights[n] <= float.MaxValue))
            {
                throw Wrong("weight", n, weights[n].ToString(CultureInfo.InvariantCulture), "a positive number");
            }
        }

        ReadOnlySpan<float> features = catalog.Features.Span;
        for (int n = 0; n < features.Length; n++)
        {
            if (float.IsInfinity(features[n]))
            {
                throw Wrong("features", n, features[n].ToString(CultureInfo.InvariantCulture), "a finite number or NaN for unknown");
            }
        }

        StringTable[] tables = [dataset.Users, dataset.Items, catalog.Names, catalog.Artists, catalog.Albums, tags.Names, .. dataset.Profile.Values];
        Array.ForEach(tables, table => table.CheckLines());

        DatasetException Wrong(string column, int n, string value, string allowed) =>
            new($"element {n} of column {column} of {where} is {value}, not {allowed}; import the dataset again");

        void Times(string column, ReadOnlySpan<long> values)
        {
            int n = values.IndexOfAnyExceptInRange(-1, LatestTime);
            if (n >= 0)
            {
                throw Wrong(column, n, values[n].ToString(CultureInfo.InvariantCulture), $"a time in Unix seconds up to {LatestTime}, or -1 for unknown");
            }
        }

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
                    throw Wrong(column, n, values[n].ToString(CultureInfo.InvariantCulture), $"from {low} to {end - 1}");
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

    [GeneratedRegex(@"^[a-z][A-Za-z0-9_%-]*(\.lines)?\.(npy|txt)\z")]
    private static partial Regex FileName();
}
