using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Pipeline;

/// <summary>Writes a dataset for other programs.</summary>
/// <remarks>
/// <c>recbole</c>: atomic files <c>NAME.inter</c>, <c>.item</c> and <c>.user</c> with typed headers, TAB between fields.
/// <c>csv</c>: <c>interactions.csv</c> and <c>items.csv</c>, RFC 4180. Unknown times and values are empty fields in csv, and
/// left-out columns in recbole where no row has one. Weights are always written. Names and artists in csv that a spreadsheet would take
/// for a formula (they begin with =, +, −, @, a tab or a return, and are no number) get an apostrophe in front; ids stay as they are.
/// </remarks>
public static partial class DatasetExport
{
    private static readonly ManifestFolder Folder = new(
        "segue-export.json", "segue-export", 1, "an export", "make one with: segue export DATASET --format csv --out {0}", "export the dataset again", FileName(),
        keepsNames: true);

    // What every file system takes as part of a file name.
    private const int MaxStem = 100;

    /// <summary>The formats there are.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["recbole", "csv"];

    /// <summary>Throws where <see cref="Write"/> would refuse <paramref name="folder"/>, so that it is known before any work.</summary>
    /// <exception cref="DatasetException">The folder holds something else or cannot be written.</exception>
    public static void CheckTarget(string folder) => Folder.CheckTarget(folder);

    /// <summary>
    /// Writes a new folder as a whole or not at all; in one of an earlier export each file is replaced as a whole, and only files of
    /// that export go.
    /// </summary>
    /// <param name="dataset">What is written.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="raw">Leave names in csv as they are, also those that a spreadsheet takes for formulas.</param>
    /// <remarks>Stops where the <see cref="CancellationScope"/> is cancelled; the folder is then as it was.</remarks>
    /// <returns>Paths of the files.</returns>
    /// <exception cref="SegueException">Unknown format, or the folder holds something else or cannot be written.</exception>
    public static IReadOnlyList<string> Write(Dataset dataset, string format, string folder, bool raw = false)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        Dictionary<string, Action<TextWriter>> contents = format switch
        {
            "recbole" => RecBole(dataset),
            "csv" => Csv(dataset, raw),
            _ => throw NearMatches.Error("export format", format, [.. Formats]),
        };
        Folder.Write(folder, building =>
        {
            foreach ((string name, Action<TextWriter> write) in contents)
            {
                using var stream = new FileStream(Path.Combine(building, name), FileMode.CreateNew);
                using (var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true))
                {
                    write(writer);
                }

                stream.Flush(flushToDisk: true);
            }

            return new JsonObject { ["format"] = Folder.Format, ["version"] = 1, ["name"] = dataset.Name, ["layout"] = format };
        });
        return [.. contents.Keys.Select(name => Path.Combine(folder, name))];
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]+\.(inter|item|user|csv)\z")]
    private static partial Regex FileName();

    private static Dictionary<string, Action<TextWriter>> RecBole(Dataset dataset)
    {
        string stem = new([.. dataset.Name.Take(MaxStem).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-').DefaultIfEmpty('-')]);
        var files = new Dictionary<string, Action<TextWriter>>
        {
            [stem + ".inter"] = writer =>
            {
                writer.Write($"user_id:token\titem_id:token\trating:float{(dataset.HasTime ? "\ttimestamp:float" : string.Empty)}\n");
                foreach ((int n, string user, string item) in Rows(dataset))
                {
                    writer.Write(string.Create(CultureInfo.InvariantCulture,
                        $"{Field(user)}\t{Field(item)}\t{Weight(dataset, n):R}{(dataset.HasTime ? $"\t{dataset.Time.Span[n]}" : string.Empty)}\n"));
                }
            },
            [stem + ".item"] = writer =>
            {
                IReadOnlyList<string> features = dataset.Catalog.FeatureNames;
                writer.Write("item_id:token\tname:token_seq\tartist:token_seq");
                writer.Write(string.Concat(features.Select(f => $"\t{Field(f)}:float")) + "\n");
                for (int i = 0; i < dataset.Items.Count; i++)
                {
                    CancellationScope.CheckAt(i);
                    string name = dataset.Catalog.Names.Count > 0 ? dataset.Catalog.Names[i] : string.Empty;
                    writer.Write($"{Field(dataset.Items[i])}\t{Field(name)}\t{Field(dataset.Catalog.ArtistOf(i))}");
                    for (int f = 0; f < features.Count; f++)
                    {
                        writer.Write("\t" + Number(dataset.Catalog.Features.Span[(i * features.Count) + f]));
                    }

                    writer.Write('\n');
                }
            },
        };
        if (dataset.Profile.Count > 0)
        {
            files[stem + ".user"] = writer =>
            {
                writer.Write("user_id:token" + string.Concat(dataset.Profile.Keys.Select(c => $"\t{Field(c)}:token")) + "\n");
                for (int u = 0; u < dataset.Users.Count; u++)
                {
                    CancellationScope.CheckAt(u);
                    writer.Write(Field(dataset.Users[u]) + string.Concat(dataset.Profile.Values.Select(v => "\t" + Field(v[u]))) + "\n");
                }
            };
        }

        return files;
    }

    private static Dictionary<string, Action<TextWriter>> Csv(Dataset dataset, bool raw) => new()
    {
        ["interactions.csv"] = writer =>
        {
            writer.Write("user,item,time,weight\n");
            foreach ((int n, string user, string item) in Rows(dataset))
            {
                string time = dataset.HasTime && dataset.Time.Span[n] >= 0 ? dataset.Time.Span[n].ToString(CultureInfo.InvariantCulture) : string.Empty;
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Quote(user)},{Quote(item)},{time},{Weight(dataset, n):R}\n"));
            }
        },
        ["items.csv"] = writer =>
        {
            IReadOnlyList<string> features = dataset.Catalog.FeatureNames;
            writer.Write("item,name,artist" + string.Concat(features.Select(f => "," + Named(f))) + "\n");
            for (int i = 0; i < dataset.Items.Count; i++)
            {
                CancellationScope.CheckAt(i);
                string name = dataset.Catalog.Names.Count > 0 ? dataset.Catalog.Names[i] : string.Empty;
                writer.Write($"{Quote(dataset.Items[i])},{Named(name)},{Named(dataset.Catalog.ArtistOf(i))}");
                for (int f = 0; f < features.Count; f++)
                {
                    writer.Write("," + Number(dataset.Catalog.Features.Span[(i * features.Count) + f]));
                }

                writer.Write('\n');
            }

            string Named(string text) => Quote(!raw && IsFormula(text) ? "'" + text : text);
        },
    };

    /// <summary>True where a spreadsheet takes a cell for a formula: of ids these stay, because other programs look things up by them.</summary>
    public static bool IsFormula(string text) =>
        text is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20', ..]
        && !double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);

    private static IEnumerable<(int Row, string User, string Item)> Rows(Dataset dataset)
    {
        string[] items = [.. dataset.Items.AsEnumerable()];
        int lastUser = -1;
        string user = string.Empty;
        for (int n = 0; n < dataset.Count; n++)
        {
            CancellationScope.CheckAt(n);
            if (dataset.UserIndex.Span[n] != lastUser)
            {
                lastUser = dataset.UserIndex.Span[n];
                user = dataset.Users[lastUser];
            }

            yield return (n, user, items[dataset.ItemIndex.Span[n]]);
        }
    }

    private static float Weight(Dataset dataset, int row) => dataset.HasWeight ? dataset.Weight.Span[row] : 1f;

    private static string Number(float value) => float.IsNaN(value) ? string.Empty : value.ToString("R", CultureInfo.InvariantCulture);

    // The format has no quoting: the separators become spaces.
    private static string Field(string value) => value.AsSpan().IndexOfAny('\t', '\n', '\r') < 0
        ? value : value.Replace('\t', ' ').Replace('\n', ' ').Replace('\r', ' ');

    private static string Quote(string value) => value.AsSpan().IndexOfAny(",\"\n\r") < 0
        ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
