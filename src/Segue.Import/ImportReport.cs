using System.Text.Json.Nodes;
using Segue.Core.Data;

namespace Segue.Import;

/// <summary>A dataset with the account of how it came about, which also stands in its <see cref="Dataset.Provenance"/>.</summary>
public sealed record ImportResult(Dataset Dataset, ImportReport Report);

/// <summary>Where a row stands and which names are in it: never the row itself, as rows hold addresses, places and devices.</summary>
/// <param name="File">File name, inside an archive <c>archive.zip!entry</c>; never an absolute path.</param>
/// <param name="Line">Line number from 1 where the row begins.</param>
/// <param name="Text">Artist, title or item in it, at most 200 characters; empty where it has none or is unreadable.</param>
public sealed record Sample(string File, long Line, string Text)
{
    /// <summary>In a JSON list the number of the record from 1; 0 in files of lines.</summary>
    public long Record { get; init; }
}

/// <summary>Rows that share a fate.</summary>
/// <param name="Table">The table they belong to, for example <c>interactions</c> or <c>tags</c>.</param>
/// <param name="Reason">Stable name, kebab-case, for example <c>time-in-future</c>.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Samples">The first 20 of them; of private plays none.</param>
public sealed record RejectReason(string Table, string Reason, long Count, IReadOnlyList<Sample> Samples);

/// <summary>Counts of one table; <c>Rows = Accepted + Duplicate + Rejected</c>.</summary>
/// <param name="Table">For example <c>interactions</c>, <c>tags</c>, <c>friends</c>, <c>profile</c>.</param>
/// <param name="Rows">Rows seen.</param>
/// <param name="Accepted">Rows that went into the dataset.</param>
/// <param name="Duplicate">Rows that repeat an accepted one.</param>
/// <param name="Rejected">Rows left out for a reason.</param>
public sealed record TableCount(string Table, long Rows, long Accepted, long Duplicate, long Rejected);

/// <summary>What an import did with every row it saw. Depends on nothing but the files and the options.</summary>
public sealed record ImportReport
{
    /// <summary>The table that holds what is recommended from.</summary>
    public const string Interactions = "interactions";

    /// <summary>Name of the format.</summary>
    public required string Format { get; init; }

    /// <summary>What an item is.</summary>
    public required string Level { get; init; }

    /// <summary>Files read, in order, by name.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Files found but not part of the format, or superseded by another file.</summary>
    public required IReadOnlyList<string> Ignored { get; init; }

    /// <summary>Counts by table; first the interactions, where a table is joined to a dataset its <c>features</c>.</summary>
    public required IReadOnlyList<TableCount> Tables { get; init; }

    /// <summary>Rejected rows by table and reason, most frequent first.</summary>
    public required IReadOnlyList<RejectReason> Rejected { get; init; }

    /// <summary>Duplicate rows by table.</summary>
    public required IReadOnlyList<RejectReason> Duplicates { get; init; }

    /// <summary>Accepted rows with a value that was repaired or set to unknown, by table and reason.</summary>
    public required IReadOnlyList<RejectReason> Repaired { get; init; }

    /// <summary>Further counts of the format, for example <c>tracks_with_features</c>.</summary>
    public IReadOnlyDictionary<string, long> Details { get; init; } = new Dictionary<string, long>();

    /// <summary>What the import took for granted, or left out for a reason that an option changes: sentences for the user.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Rows of the first table.</summary>
    public long Rows => Main.Rows;

    /// <summary>Accepted rows of the first table.</summary>
    public long Accepted => Main.Accepted;

    /// <summary>Duplicate rows of the first table.</summary>
    public long Duplicate => Main.Duplicate;

    /// <summary>Rejected rows of the first table.</summary>
    public long RejectedCount => Main.Rejected;

    private TableCount Main => Tables[0];

    /// <summary>The report as JSON, the same for the same files and options.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["format"] = Format,
            ["level"] = Level,
            ["files"] = new JsonArray([.. Files.Select(f => (JsonNode)f)]),
            ["ignored"] = new JsonArray([.. Ignored.Select(f => (JsonNode)f)]),
            ["tables"] = new JsonArray([.. Tables.Select(t => new JsonObject
            {
                ["table"] = t.Table,
                ["rows"] = t.Rows,
                ["accepted"] = t.Accepted,
                ["duplicate"] = t.Duplicate,
                ["rejected"] = t.Rejected,
            })]),
            ["rejected"] = Reasons(Rejected),
            ["duplicates"] = Reasons(Duplicates),
            ["repaired"] = Reasons(Repaired),
        };
        if (Notes.Count > 0)
        {
            json["notes"] = new JsonArray([.. Notes.Select(n => (JsonNode)n)]);
        }

        if (Details.Count > 0)
        {
            json["details"] = new JsonObject(
                Details.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => new KeyValuePair<string, JsonNode?>(d.Key, d.Value)));
        }

        return json;
    }

    private static JsonArray Reasons(IReadOnlyList<RejectReason> reasons) => new([.. reasons.Select(r => new JsonObject
    {
        ["table"] = r.Table,
        ["reason"] = r.Reason,
        ["count"] = r.Count,
        ["samples"] = new JsonArray([.. r.Samples.Select(ToJson)]),
    })]);

    private static JsonObject ToJson(Sample sample)
    {
        var json = new JsonObject { ["file"] = sample.File, ["line"] = sample.Line };
        if (sample.Record > 0)
        {
            json["record"] = sample.Record;
        }

        json["text"] = sample.Text;
        return json;
    }
}
