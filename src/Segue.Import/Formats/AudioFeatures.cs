using System.Text;
using Segue.Core;
using Segue.Core.Data;
using Segue.Import.Engine;

namespace Segue.Import.Formats;

/// <summary>A table of Spotify audio features, joined by track id to a dataset that is already there.</summary>
internal static class AudioFeatures
{
    private const string UriPrefix = "spotify:track:", LinkPrefix = "https://open.spotify.com/track/";

    private static readonly string[] IdNames = ["track_id", "id", "track_uri", "uri", "spotify_id", "spotify_track_uri"];

    private static readonly string[] Known =
    [
        "danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness", "liveness", "valence",
            "tempo",
        "duration_ms", "time_signature",
    ];

    public static FormatDescription Format { get; } = new(
        "audio-features",
        "a table of audio features by Spotify track id, joined to a dataset that was imported before",
        ["track"],
        [new("any CSV or TSV file", $"track_id (bare id, spotify:track: URI or link) and any of {string.Join(", ", Known)}; by header "
            + "name, empty = unknown")])
    {
        JoinsDataset = true,
        Read = Read,
    };

    private static Dataset Read(ImportRun run)
    {
        Dataset dataset = run.Options.JoinTo!;
        var files = new List<(InputFile File, char Delimiter)>();
        foreach (InputFile file in run.Inputs.Where(f => f.Fault is null))
        {
            if (Delimiter(run, file) is { } delimiter)
            {
                files.Add((file, delimiter));
            }
            else if (run.Inputs.All(f => f.IsDirect))
            {
                throw file.Broken($"has no column of track ids ({string.Join(", ", IdNames)}) with audio features beside it; see: "
                    + "segue formats");
            }
        }

        if (files.Count == 0)
        {
            throw run.Inputs.FirstOrDefault(f => f.Fault is not null) is { } file ? file.Broken(file.Fault!)
                : run.WrongFiles("table with the columns track_id, danceability, energy, …");
        }

        Catalog catalog = dataset.Catalog;
        string[] names = [.. catalog.FeatureNames,
            .. Known.Where(k => !catalog.FeatureNames.Contains(k) && files.Exists(f => Header(run, f.File, f.Delimiter).Contains(k)))];
        float[] features = Widen(catalog, dataset.Items.Count, names.Length);
        var seen = new HashSet<int>();
        foreach ((InputFile file, char delimiter) in files)
        {
            Join(run, file, delimiter, dataset.Items, names, features, seen);
        }

        run.Details["tracks"] = dataset.Items.Count;
        run.Details["tracks_with_features"] = seen.Count;
        return dataset with { Catalog = catalog with { FeatureNames = names, Features = features } };
    }

    private static void Join(ImportRun run, InputFile file, char delimiter, Vocabulary items, string[] names, float[] features,
        HashSet<int> seen)
    {
        using RowReader reader = run.OpenRows(file, delimiter, quotes: delimiter != '\t');
        string[] header = ImportRun.HeaderOf(reader);
        int id = IdNames.Select(n => run.HeaderIndex(file, header, n, optional: true)).First(i => i >= 0);
        int[] column = [.. names.Select(n => Known.Contains(n) ? run.HeaderIndex(file, header, n, optional: true) : -1)];
        var row = new float[names.Length];
        reader.ShowNames(header.Length, id);
        TableLog table = run.Interactions;
        while (ImportRun.Next(reader, table))
        {
            if (!ImportRun.HasColumns(reader, header.Length, table))
            {
                continue;
            }

            if (reader[id].IsEmpty)
            {
                table.Reject(Reasons.EmptyItem, reader);
            }
            else if (!TryFeatures(reader, column, row))
            {
                table.Reject(Reasons.BadNumber, reader);
            }
            else if (Find(items, Encoding.UTF8.GetString(reader[id])) is not (>= 0 and var item))
            {
                table.Reject(Reasons.NotInDataset, reader);
            }
            else if (!seen.Add(item))
            {
                table.AddDuplicate(reader);
            }
            else
            {
                for (int f = 0; f < names.Length; f++)
                {
                    if (column[f] >= 0)
                    {
                        features[(item * names.Length) + f] = row[f];
                    }
                }

                table.Accept();
            }
        }
    }

    private static bool TryFeatures(RowReader reader, int[] column, float[] row)
    {
        for (int f = 0; f < column.Length; f++)
        {
            row[f] = float.NaN;
            ReadOnlySpan<byte> text = reader[column[f]];
            if (column[f] < 0 || text.IsEmpty || text.SequenceEqual("NA"u8) || text.SequenceEqual("nan"u8) || text.SequenceEqual("NaN"u8))
            {
                continue;
            }

            if (!NumberText.TryDouble(text, out double value) || !float.IsFinite((float)value))
            {
                return false;
            }

            row[f] = (float)value;
        }

        return true;
    }

    private static int Find(Vocabulary items, string id)
    {
        string bare = id.StartsWith(UriPrefix, StringComparison.Ordinal) ? id[UriPrefix.Length..]
            : id.StartsWith(LinkPrefix, StringComparison.Ordinal) ? id[LinkPrefix.Length..].Split('?')[0] : id;
        int index = items.IndexOf(UriPrefix + bare);
        return index >= 0 ? index : items.IndexOf(bare);
    }

    private static char? Delimiter(ImportRun run, InputFile file)
    {
        foreach (char delimiter in new[] { ',', '\t', ';' })
        {
            string[] header = Header(run, file, delimiter);
            if (header.Any(h => IdNames.Contains(h)) && header.Any(h => Known.Contains(h)))
            {
                return delimiter;
            }
        }

        return null;
    }

    private static string[] Header(ImportRun run, InputFile file, char delimiter)
    {
        using var reader = new RowReader(file, run.Peek(file), (byte)delimiter, delimiter != '\t', run.Limits.MaxLineBytes);
        if (!reader.Read() || reader.Fault is not null)
        {
            return [];
        }

        var header = new string[reader.Count];
        for (int i = 0; i < header.Length; i++)
        {
            header[i] = Encoding.UTF8.GetString(reader[i]).Trim().ToLowerInvariant();
        }

        return header;
    }

    private static float[] Widen(Catalog catalog, int items, int width)
    {
        int oldWidth = catalog.FeatureNames.Count;
        if ((long)items * width > Array.MaxLength)
        {
            throw new OptionException($"{items} tracks times {width} features are too many for one dataset; import a part of the tracks");
        }

        var features = new float[items * width];
        Array.Fill(features, float.NaN);
        for (int i = 0; i < items && !catalog.Features.IsEmpty; i++)
        {
            catalog.Features.Span.Slice(i * oldWidth, oldWidth).CopyTo(features.AsSpan(i * width));
        }

        return features;
    }
}
