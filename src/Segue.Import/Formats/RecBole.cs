using System.Text;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>RecBole's atomic files: tab-separated, the header gives <c>name:type</c>.</summary>
internal static class RecBole
{
    private static readonly string[] TimeNames = ["timestamp", "time"];
    private static readonly string[] WeightNames = ["rating", "weight", "count", "play_count", "plays"];
    private static readonly string[] TitleNames = ["name", "title", "item_name", "track_name", "artist_name", "song_name"];
    private static readonly string[] ArtistNames = ["artist", "artist_name", "artist_id"];
    private static readonly string[] AlbumNames = ["album", "album_name", "album_id"];

    private static readonly string[] TagWords = ["genre", "tag", "class", "category", "label", "style", "mood", "user"];

    private static readonly string[] PrivateWords =
    [
        "ip", "ipv4", "ipv6", "ip_addr", "ip_address", "ipaddress", "mail", "email", "e_mail", "phone", "telephone", "mobile", "address",
            "street", "zip", "zipcode", "postcode", "user_agent", "useragent", "device", "device_id", "password", "first_name",
            "last_name", "full_name", "surname", "real_name", "username", "user_name", "login", "birthday", "birthdate", "birth_date", "latitude", "longitude",
    ];

    public static FormatDescription Format { get; } = new(
        "recbole",
        "RecBole's atomic files: .inter with .item and .user beside it",
        ["track", "artist", "album"],
        [
            new("X.inter, or X.train.inter, X.valid.inter, X.test.inter",
                "user_id:token item_id:token [rating|weight|count:float] [timestamp:float]"),
            new("X.item (optional)", "item_id:token, names as token, features as float, tags as token_seq (between spaces)"),
            new("X.user (optional)", "user_id:token, profile columns of any type"),
        ])
    {
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        InputFile[] inter = [.. run.Inputs.Where(f => HasExtension(f, ".inter"))];
        if (inter.Length == 0)
        {
            throw run.WrongFiles("file X.inter");
        }

        IReadOnlyList<(InputFile File, byte Fold)> files = inter.Length == 1 ? [(inter[0], 0)] : Folds.Find(run, "X.inter", ".inter");
        if (files.Count != inter.Length)
        {
            throw new ImportException($"there are {inter.Length} .inter files: {Text.List(inter.Select(f => f.Name))}; give one, or "
                + "X.train.inter, X.valid.inter and X.test.inter");
        }

        string itemColumn = string.Empty;
        foreach ((InputFile file, byte fold) in files)
        {
            itemColumn = ReadInteractions(run, file, fold);
        }

        if (run.FindOne("X.item", n => n.EndsWith(".item", StringComparison.Ordinal)) is { } items)
        {
            ReadItems(run, items, itemColumn);
        }

        if (run.FindOne("X.user", n => n.EndsWith(".user", StringComparison.Ordinal)) is { } users)
        {
            ReadUsers(run, users);
        }

        Dataset dataset = run.Builder.Build();
        run.NoteEarliest(dataset, "times are read as Unix seconds");
        return dataset;
    }

    private static bool HasExtension(InputFile file, string extension) =>
        file.FileName.EndsWith(extension, StringComparison.OrdinalIgnoreCase)
            || file.FileName.EndsWith(extension + ".gz", StringComparison.OrdinalIgnoreCase);

    private static string ReadInteractions(ImportRun run, InputFile file, byte fold)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        Column[] columns = ReadHeader(reader);
        int user = Find(columns, "user_id");
        user = user >= 0 ? user : Array.FindIndex(columns, c => c.Type == "token");
        int item = Find(columns, "item_id");
        item = item >= 0 ? item : Array.FindIndex(columns, Math.Max(0, user + 1), c => c.Type == "token");
        if (user < 0 || item < 0 || user == item)
        {
            throw file.Broken($"has no two columns of type token, for user and item (its first line has "
                + $"{Text.List(columns.Select(c => $"{c.Name}:{c.Type}"))})");
        }

        int time = Find(columns, TimeNames), weight = Find(columns, WeightNames);
        reader.ShowNames(columns.Length, item);
        TableLog table = run.Interactions;
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, columns.Length, table) || !ImportRun.HasIds(reader[user], reader[item], table, reader))
            {
                continue;
            }

            long when = -1;
            if (time >= 0 && !TimeText.TryUnix(reader[time], out when))
            {
                table.Reject(reader[time].IsEmpty ? Reasons.NoTime : Reasons.BadTime, reader);
                continue;
            }

            float amount = 1;
            if ((time >= 0 && !run.CheckTime(when, table, reader))
                || (weight >= 0 && !run.TryWeight(reader[weight], table, reader, out amount)))
            {
                continue;
            }

            int userIndex = run.Builder.User(reader[user]), itemIndex = run.Builder.Item(reader[item]);
            if (time >= 0)
            {
                ImportRun.Settle(run.Builder.TryInteraction(userIndex, itemIndex, when, amount, fold, fold), table, reader);
            }
            else
            {
                run.Builder.Interaction(userIndex, itemIndex, -1, amount, fold);
                table.Accept();
            }
        }

        return columns[item].Name;
    }

    private static void ReadItems(ImportRun run, InputFile file, string itemColumn)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        Column[] columns = ReadHeader(reader);
        int id = Math.Max(0, Find(columns, itemColumn));
        int title = FindTitle(columns), artist = Find(columns, ArtistNames), album = Find(columns, AlbumNames);
        int[] floats = [.. Enumerable.Range(0, columns.Length).Where(c => columns[c].Type == "float")];
        int[] tags = [.. Enumerable.Range(0, columns.Length).Where(c => columns[c].Type == "token_seq" && c != title && c != artist
            && c != album && !IsName(columns[c].Name))];
        TableLog table = run.Table("items");
        reader.ShowNames(columns.Length, artist, title < 0 ? id : title);
        var seen = new HashSet<int>();
        var features = new float[run.Builder.ItemCount * floats.Length];
        Array.Fill(features, float.NaN);
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, columns.Length, table))
            {
                continue;
            }

            int item = run.Builder.FindItem(reader[id]);
            if (item < 0)
            {
                table.Reject(Reasons.UnknownItem, reader);
                continue;
            }

            if (!AreNumbers(reader, floats))
            {
                table.Reject(Reasons.BadNumber, reader);
                continue;
            }

            bool isNew = seen.Add(item);
            ImportRun.Settle(isNew, table, reader);
            if (!isNew)
            {
                continue;
            }

            run.Builder.Item(reader[id], reader[title], reader[artist], run.Level == "album" ? [] : reader[album]);
            for (int f = 0; f < floats.Length; f++)
            {
                if (NumberText.TryDouble(reader[floats[f]], out double value))
                {
                    features[(item * floats.Length) + f] = (float)value;
                }
            }

            foreach (int column in tags)
            {
                foreach (string tag in Encoding.UTF8.GetString(reader[column]).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    run.Builder.Tag(-1, item, tag);
                }
            }
        }

        if (floats.Length > 0)
        {
            run.Builder.FeatureNames = [.. floats.Select(f => columns[f].Name)];
            run.Builder.Features = features;
        }
    }

    // movie_title, song_name and the like are names too; a name of a tag, an artist or an album is none of the item.
    private static int FindTitle(Column[] columns)
    {
        int exact = Find(columns, TitleNames);
        return exact >= 0 ? exact : Array.FindIndex(columns, c => c.Type is "token" or "token_seq" && IsName(c.Name)
            && !c.Name.StartsWith("artist", StringComparison.OrdinalIgnoreCase) && !c.Name.StartsWith("album", StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsName(string column)
    {
        string name = column.ToLowerInvariant();
        return (TitleNames.Contains(name) || ArtistNames.Contains(name) || AlbumNames.Contains(name)
            || name.EndsWith("title", StringComparison.Ordinal) || name.EndsWith("_name", StringComparison.Ordinal))
            && !Array.Exists(TagWords, w => name.StartsWith(w, StringComparison.Ordinal));
    }

    private static bool AreNumbers(RowReader reader, int[] columns)
    {
        foreach (int column in columns)
        {
            if (!reader[column].IsEmpty && !(NumberText.TryDouble(reader[column], out double value) && float.IsFinite((float)value)))
            {
                return false;
            }
        }

        return true;
    }

    private static void ReadUsers(ImportRun run, InputFile file)
    {
        using RowReader reader = run.OpenRows(file, '\t');
        Column[] columns = ReadHeader(reader);
        int id = Math.Max(0, Find(columns, "user_id"));
        TableLog table = run.Table("profile");
        bool[] isPrivate = [.. columns.Select((c, i) => i != id && IsPrivate(c.Name))];
        if (isPrivate.Contains(true))
        {
            run.Details["profile_columns_left_out"] = isPrivate.Count(p => p);
        }

        var seen = new HashSet<int>();
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, columns.Length, table))
            {
                continue;
            }

            int user = run.Builder.FindUser(reader[id]);
            if (user < 0)
            {
                table.Reject(Reasons.UnknownUser, reader);
                continue;
            }

            bool isNew = seen.Add(user);
            for (int column = 0; column < columns.Length && isNew; column++)
            {
                if (column != id && !isPrivate[column])
                {
                    run.Builder.Profile(user, columns[column].Name, Encoding.UTF8.GetString(reader[column]));
                }
            }

            ImportRun.Settle(isNew, table, reader);
        }
    }

    // What would let somebody find the person or the device has no use for recommendations.
    private static bool IsPrivate(string column) => Array.Exists(
        PrivateWords, w => $"_{column.ToLowerInvariant().Replace('-', '_').Replace('.', '_').Replace(' ', '_')}_"
            .Contains($"_{w}_", StringComparison.Ordinal));

    private static Column[] ReadHeader(RowReader reader)
    {
        string[] header = ImportRun.HeaderOf(reader);
        var columns = new Column[header.Length];
        for (int i = 0; i < header.Length; i++)
        {
            int colon = header[i].LastIndexOf(':');
            string type = colon < 0 ? string.Empty : header[i][(colon + 1)..];
            string name = colon < 0 ? header[i] : header[i][..colon];
            if (type is not ("token" or "token_seq" or "float" or "float_seq") || name.Length == 0)
            {
                throw reader.File.Broken($"has the column '{Text.Printable(header[i])}', which is not name:token, name:token_seq, "
                    + "name:float or name:float_seq; is this really recbole?");
            }

            if (Array.Exists(columns[..i], c => c.Name == name))
            {
                throw reader.File.Broken($"has the column '{Text.Printable(name)}' twice; rename one of them");
            }

            columns[i] = new Column(name, type);
        }

        return columns;
    }

    private static int Find(Column[] columns, params string[] names)
    {
        foreach (string name in names)
        {
            int index = Array.FindIndex(columns, c => c.Name == name);
            if (index >= 0)
            {
                return index;
            }
        }

        return -1;
    }

    private sealed record Column(string Name, string Type);
}
