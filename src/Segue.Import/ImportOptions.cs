using Segue.Core.Data;

namespace Segue.Import;

/// <summary>What an import needs besides the files.</summary>
public sealed record ImportOptions
{
    /// <summary>Name of the dataset; null = the name of the format, for <c>csv</c> that of the first file or folder.</summary>
    public string? Name { get; init; }

    /// <summary>What an item is: <c>track</c>, <c>artist</c> or <c>album</c>; null = the first level of the format.</summary>
    public string? Level { get; init; }

    /// <summary>Which column is what; needed by <c>csv</c>, refused by the others.</summary>
    public ColumnMap? Map { get; init; }

    /// <summary>
    /// The listener of formats of one listener's own history: one name for all paths, or one for each path in their order; empty = as the
    /// files say. Refused by formats whose rows name their users.
    /// </summary>
    public IReadOnlyList<string> Listeners { get; init; } = [];

    /// <summary>The first year of believable times; null = that of the format: 2002 where it is about scrobbles, else 1970.</summary>
    public int? TimesFrom { get; init; }

    /// <summary><c>csv</c> only: a file of the same columns that is the test part of a given split, or null.</summary>
    public string? Test { get; init; }

    /// <summary><c>csv</c> only: a file of the same columns that is the validation part of a given split, or null.</summary>
    public string? Validation { get; init; }

    /// <summary><c>csv</c> only: a file with the names of the items, or null.</summary>
    public string? Join { get; init; }

    /// <summary>Columns of <see cref="Join"/>: item, and any of title, artist and album.</summary>
    public ColumnMap? JoinMap { get; init; }

    /// <summary><c>csv</c> only: a file with two columns, user and friend, or null.</summary>
    public string? Friends { get; init; }

    /// <summary>What the path <c>-</c> means; null = no such path. It is copied into a temporary file, as files are read twice.</summary>
    public Func<Stream>? StandardInput { get; init; }

    /// <summary>The dataset that <c>audio-features</c> is joined to; refused by the others.</summary>
    public Dataset? JoinTo { get; init; }

    /// <summary>What "in the future" is measured against: times more than one day after it are rejected.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Guards against files made to exhaust the machine.</summary>
    public ImportLimits Limits { get; init; } = new();

    /// <summary>Told about every 8 MiB read.</summary>
    public IProgress<ImportProgress>? Progress { get; init; }

    /// <summary>Stops the import with <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Guards against files made to exhaust the machine. What is beyond a limit is an error or a counted reject, never a
/// crash.</summary>
public sealed record ImportLimits
{
    /// <summary>Longest line, bytes; longer ones are rejected as <c>line-too-long</c>.</summary>
    public int MaxLineBytes { get; init; } = 1 << 20;

    /// <summary>Longest JSON record (a playlist, a play) and longest line of formats with one line a user, bytes.</summary>
    public int MaxRecordBytes { get; init; } = 64 << 20;

    /// <summary>Most files in the folders and archives of one import.</summary>
    public int MaxFiles { get; init; } = 100_000;

    /// <summary>Most bytes that one archive may inflate to, really counted.</summary>
    public long MaxInflatedBytes { get; init; } = 1L << 38;

    /// <summary>Most bytes out for one byte in, checked after the first 64 MiB.</summary>
    public int MaxRatio { get; init; } = 200;

    /// <summary>Largest weight of one row, for example plays of one artist.</summary>
    public double MaxWeight { get; init; } = 1e9;
}

/// <summary>How far an import is.</summary>
/// <param name="File">File being read.</param>
/// <param name="BytesRead">Bytes read of all files so far, inflated.</param>
/// <param name="BytesTotal">Bytes of all files as the archives declare them, or −1 unknown.</param>
/// <param name="Rows">Rows seen so far.</param>
public sealed record ImportProgress(string File, long BytesRead, long BytesTotal, long Rows);
