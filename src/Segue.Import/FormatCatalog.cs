using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Import.Engine;
using Segue.Import.Formats;
using Segue.Numerics;

namespace Segue.Import;

/// <summary>Columns of one file of a format.</summary>
/// <param name="File">File name or pattern.</param>
/// <param name="Columns">Its columns or fields, as text.</param>
public sealed record FileSchema(string File, string Columns);

/// <summary>One import format as the outside sees it.</summary>
/// <param name="Name">Stable name, kebab-case.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Levels">What its items can be, the default first.</param>
/// <param name="Files">Files it reads.</param>
public sealed record FormatDescription(string Name, string Summary, IReadOnlyList<string> Levels, IReadOnlyList<FileSchema> Files)
{
    /// <summary>True where <see cref="ImportOptions.Map"/> is needed.</summary>
    public bool NeedsMap { get; init; }

    /// <summary>True where the files are joined to <see cref="ImportOptions.JoinTo"/> instead of making a dataset.</summary>
    public bool JoinsDataset { get; init; }

    /// <summary>True where the rows are one listener's own, whom <see cref="ImportOptions.Listeners"/> may name.</summary>
    public bool IsOneListeners { get; init; }

    /// <summary>The first year of believable times: 2002 for scrobbles, before which nobody scrobbled.</summary>
    public int TimesFrom { get; init; } = 1970;

    internal Func<ImportRun, Dataset>? Read { get; init; }
}

/// <summary>Every import format there is, by name. Adding a format is one file and one line here.</summary>
public static class FormatCatalog
{
    /// <summary>All formats.</summary>
    public static IReadOnlyList<FormatDescription> All { get; } =
    [
        SpotifyHistory.Format,
        LastfmCsv.Format,
        ListenBrainz.Format,
        HetrecLastfm.Format,
        Mpd.Format,
        Lastfm1k.Format,
        Lastfm360k.Format,
        ThisIsMyJam.Format,
        LightGcn.Format,
        RecBole.Format,
        Sessions.Format,
        Csv.Format,
        AudioFeatures.Format,
    ];

    /// <summary>The format called <paramref name="name"/>.</summary>
    /// <exception cref="OptionException">No such format; the message lists near matches.</exception>
    public static FormatDescription Get(string name) =>
        All.FirstOrDefault(f => f.Name == name) ?? throw NearMatches.Error("format", name, [.. All.Select(f => f.Name)]);

    /// <summary>Reads files into a dataset. Nothing is written; save it with <see cref="DatasetStore.Save"/>.</summary>
    /// <param name="format">Name of the format.</param>
    /// <param name="paths">Files, folders, zip, gz or tar archives, or <c>archive.zip!entry</c>.</param>
    /// <param name="options">What is needed besides the files.</param>
    /// <returns>
    /// The dataset and the account of every row: accepted, duplicate, or rejected for a reason. The account is also the
    /// provenance of the dataset. Same files and options, same dataset, bit for bit.
    /// </returns>
    /// <exception cref="OptionException">Unknown format or level, a map that is missing or not wanted.</exception>
    /// <exception cref="ImportException">A file is missing, broken, of another format or made to do harm, or no row was
    /// accepted.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <remarks>Streams: memory is that of the dataset, not of the files.</remarks>
    public static ImportResult Import(string format, IReadOnlyList<string> paths, ImportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        options ??= new ImportOptions();
        using CancellationScope scope = CancellationScope.Enter(options.Cancellation);
        FormatDescription description = Get(format);
        string level = options.Level ?? (description.JoinsDataset ? options.JoinTo?.Level : null) ?? description.Levels[0];
        if (!description.Levels.Contains(level))
        {
            throw new OptionException($"format '{format}' has no level '{level}'; it has {string.Join(", ", description.Levels)}");
        }

        if (description.NeedsMap && options.Map is null)
        {
            throw new OptionException($"format '{format}' needs to know its columns; add for example --map "
                + "user=user_id,item=track_id,time=ts");
        }

        if (!description.NeedsMap && options.Map is not null)
        {
            throw new OptionException($"format '{format}' knows its columns; leave --map out, or import with the format csv");
        }

        if (description.JoinsDataset != options.JoinTo is not null)
        {
            throw new OptionException(description.JoinsDataset
                ? $"format '{format}' joins a table to a dataset; import the listening history first and say which dataset it is"
                : $"format '{format}' makes a dataset of its own; only audio-features joins one");
        }

        CheckOptions(description, paths, options);
        string[] sides = [.. new[] { options.Test, options.Validation, options.Join, options.Friends }.OfType<string>()];
        using InputFiles inputs = InputFiles.Find([.. paths, .. sides], options.Limits, options.Cancellation, options.StandardInput);
        var run = new ImportRun(description, options, inputs, level, paths);
        Dataset dataset = description.Read!(run);
        if (run.Inputs.FirstOrDefault(f => f.IsDirect && !f.IsUsed && !f.IsSuperseded) is { } unread)
        {
            throw unread.Broken($"is named and is no file of {format}; leave it out, or see which files there are: segue formats");
        }

        run.ReadToEnd();
        inputs.CheckUnchanged();
        ImportReport report = run.Report();
        if (report.Accepted == 0)
        {
            throw Nothing(report);
        }

        JsonObject json = report.ToJson();
        if (options.Map is { } map)
        {
            json["map"] = map.ToString();
        }

        JsonObject? provenance = json;
        if (description.JoinsDataset)
        {
            provenance = (JsonObject?)dataset.Provenance?.DeepClone() ?? [];
            provenance[format.Replace('-', '_')] = json;
        }

        return new ImportResult(dataset with { Provenance = provenance }, report);
    }

    private static void CheckOptions(FormatDescription description, IReadOnlyList<string> paths, ImportOptions options)
    {
        if (options.TimesFrom is < 1970 or > 9999)
        {
            throw new OptionException($"times from the year {options.TimesFrom} cannot be told from no time; give a year from 1970 on");
        }

        if (options.Listeners.Count > 0)
        {
            if (!description.IsOneListeners && !(description.NeedsMap && options.Map?.User is null))
            {
                throw new OptionException($"rows of format '{description.Name}' {(description.NeedsMap ? "have a user column in this map" : "name their users")}; "
                    + "a listener is named where a file holds one listener's own history");
            }

            if (options.Listeners.Count != 1 && options.Listeners.Count != paths.Count)
            {
                throw new OptionException($"{options.Listeners.Count} listeners are named for {Plural.Of(paths.Count, "path")}; name one for all, or "
                    + "one for each path in order");
            }

            if (options.Listeners.Any(string.IsNullOrWhiteSpace))
            {
                throw new OptionException("the name of a listener is empty; give one");
            }
        }

        if (!description.NeedsMap && (options.Test ?? options.Validation ?? options.Join ?? options.Friends) is { } side)
        {
            throw new OptionException($"format '{description.Name}' knows its files; name '{Text.Printable(side)}' among them, or import with the format csv");
        }

        if (options.Join is null != options.JoinMap is null)
        {
            throw new OptionException("a file of item names needs its columns, and they a file: give both, for example --join items.csv "
                + "--join-map item=track_id,title=name,artist=artist");
        }
    }

    private static string Example(Sample sample) =>
        $", for example '{Text.Printable(sample.File)}' line {sample.Line}{(sample.Record > 0 ? $", record {sample.Record}" : string.Empty)}{(sample.Text.Length > 0 ? ": " : string.Empty)}{sample.Text}";

    private static ImportException Nothing(ImportReport report)
    {
        string reasons = string.Join("; ", report.Rejected.Where(r => r.Table == report.Tables[0].Table).Take(3).Select(r =>
            $"{r.Count} {r.Reason}{(r.Samples.Count == 0 ? string.Empty : Example(r.Samples[0]))}"));
        bool Has(params string[] reasons) => report.Rejected.Any(r => reasons.Contains(r.Reason));
        string remedy =
            Has(Reasons.OtherJson) ? "; it is JSON of a format that Segue does not know: segue formats lists those it reads"
            : report.Rejected.Any(r => Reasons.IsBeforeYear(r.Reason)) && report.Notes.Count > 0 ? $"; {report.Notes[0]}"
            : report.Format == Csv.Format.Name && Has(Reasons.NoTime, Reasons.TimeInFuture)
                ? "; where times count from an unknown start, add time_format=relative to --map"
            : Has(Reasons.BadTime) ? "; times are read as Unix seconds, 2009-05-03T15:48:25Z, 2009-05-03 15:48 or 06 Jan 2014 20:19"
            : Has(Reasons.DecimalComma) ? "; write numbers with a point"
            : "; check that the files are of this format: segue formats";
        return new ImportException(
            $"nothing to import: none of {Plural.Of(report.Rows, "row")} of {Text.List(report.Files)} was accepted "
                + $"({(reasons.Length == 0 ? "there are no rows" : reasons)}){remedy}");
    }
}
