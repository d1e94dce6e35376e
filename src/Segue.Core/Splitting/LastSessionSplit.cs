using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics;

namespace Segue.Core.Splitting;

/// <summary>Options of <see cref="LastSessionSplit"/>.</summary>
public sealed record LastSessionSplitOptions : SplitOptions
{
    /// <summary>Minutes without an interaction that end a session.</summary>
    [Range(0.0, 1e7)]
    [Description("minutes without an interaction that end a session; for data with times")]
    public double GapMinutes { get; init; } = 30;

    /// <summary>Share of a user's interactions that counts as the last session where there are no times.</summary>
    [Range(0.0, 0.5)]
    [Description("share of a user's interactions, at least one, that counts as a session where data has an order but no times")]
    public double Share { get; init; } = 0.1;

    /// <summary>Hold out the session before the last for validation.</summary>
    [Description("hold out the session before the last for validation; else it trains")]
    public bool Validation { get; init; } = true;

    /// <summary>Leave interactions of unknown time out of every part instead of refusing the dataset.</summary>
    [Description("leave interactions of unknown time out of every part instead of refusing the dataset")]
    public bool DropUntimed { get; init; }
}

/// <summary>Every user's last session is the test, the one before it the validation.</summary>
/// <remarks>
/// <code>
///   time ─────────────────────────────▶
///   user 1   T T T    T T    V V V V    ? ? ?
///   user 2        T T   V         ? ?
///   user 3   T              ?                    two sessions: no validation
///   user 4      T T T T                          one session: all train
///
///   stage        known   must predict
///   train        T
///   validation   T       V
///   test         T V     ?                (fold-in where there is a validation part)
/// </code>
/// A session ends where the next interaction is more than gap_minutes later (<see cref="Sessions"/>). Without times but with an
/// order, a user's n interactions are cut from the end: the last max(1, round(n · share)) are the test, as many before them the
/// validation; users with fewer than three such parts give no validation, with one interaction no test. Interactions are cut,
/// not pairs: a repeat of a known pair is among the answers. The seed does not count. Users end at different moments, so a
/// model may train on what others did later, and no single moment goes with the questions; use <see cref="GlobalTimeSplit"/>
/// where that matters.
/// </remarks>
public sealed class LastSessionSplit(LastSessionSplitOptions options) : ISplitter
{
    private const string Name = "last-session";

    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, $"split '{Name}'");
        Part[] part = dataset.HasTime || !dataset.IsOrdered ? BySession(dataset) : ByOrder(dataset);

        const string Remedy = "no user has enough sessions; change gap_minutes or use more data";
        var parts = new SplitParts(dataset, Name, part);
        Dataset train = parts.NotEmpty(Part.Train, "train", Remedy);
        return new Split
        {
            Name = Name,
            Options = options,
            Seed = seed,
            Train = train,
            Validation = options.Validation
                ? new EvaluationSet { Known = train, Relevant = parts.NotEmpty(Part.Validation, "validation", Remedy) }
                : null,
            Test = new EvaluationSet
            {
                Known = options.Validation ? parts.Of(Part.Train | Part.Validation) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", Remedy),
                IsFoldIn = options.Validation,
            },
        };
    }

    private Part[] BySession(Dataset dataset)
    {
        SplitParts.RequireTimes(dataset, Name, options.DropUntimed);
        Sessions sessions = Sessions.Of(dataset, options.GapMinutes);
        ReadOnlySpan<int> start = sessions.RowStart.Span, userStart = sessions.UserSessionStart.Span;
        ReadOnlySpan<long> time = dataset.Time.Span;
        var part = new Part[dataset.Count];
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);

            // Unknown times sort first, in a session of their own.
            int first = userStart[u], end = userStart[u + 1];
            first += first < end && time[start[first]] < 0 ? 1 : 0;
            for (int s = first; s < end; s++)
            {
                part.AsSpan(start[s]..start[s + 1]).Fill(PartOf(s - first, end - first));
            }
        }

        return part;
    }

    private Part[] ByOrder(Dataset dataset)
    {
        int[] start = dataset.UserStart();
        var part = new Part[dataset.Count];
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            Span<Part> rows = part.AsSpan(start[u]..start[u + 1]);
            int size = Math.Max(1, SplitParts.Round(rows.Length * options.Share));
            int sessions = (rows.Length + size - 1) / size;
            for (int n = 0; n < rows.Length; n++)
            {
                rows[n] = PartOf(sessions - 1 - ((rows.Length - 1 - n) / size), sessions);
            }
        }

        return part;
    }

    private Part PartOf(int session, int sessions) => (sessions - 1 - session) switch
    {
        0 when sessions >= 2 => Part.Test,
        1 when sessions >= 3 && options.Validation => Part.Validation,
        _ => Part.Train,
    };
}
