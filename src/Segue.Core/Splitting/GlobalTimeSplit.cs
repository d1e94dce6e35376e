using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Core.Splitting;

/// <summary>What becomes of held-out interactions of users nothing is known about at the cutoff.</summary>
public enum NewUsers
{
    /// <summary>They are left out of the answers.</summary>
    Drop,

    /// <summary>They stay; models without an answer for them score 0.</summary>
    Keep,
}

/// <summary>Options of <see cref="GlobalTimeSplit"/>.</summary>
public sealed record GlobalTimeSplitOptions : SplitOptions
{
    /// <summary>Share of interactions in train; the three shares are scaled to add up to 1.</summary>
    [Range(0.0, 1e6)]
    [Description("share of interactions in train, oldest first; the three shares are scaled to add up to 1; not used where test_from is set")]
    public double Train { get; init; } = 0.8;

    /// <summary>Share of interactions in validation.</summary>
    [Range(0.0, 1e6)]
    [Description("share of interactions in validation; 0 for none; not used where test_from is set")]
    public double Validation { get; init; } = 0.1;

    /// <summary>Share of interactions in test.</summary>
    [Range(0.0, 1e6)]
    [Description("share of interactions in test; not used where test_from is set")]
    public double Test { get; init; } = 0.1;

    /// <summary>First moment of validation: Unix seconds or ISO 8601 (UTC where no offset is given); empty for none.</summary>
    [Description("first moment of validation, Unix seconds or ISO 8601 in UTC; only with test_from; empty for no validation")]
    public string ValidationFrom { get; init; } = string.Empty;

    /// <summary>First moment of test: Unix seconds or ISO 8601 (UTC where no offset is given); empty to cut by share.</summary>
    [Description("first moment of test, Unix seconds or ISO 8601 in UTC; empty to cut by share")]
    public string TestFrom { get; init; } = string.Empty;

    /// <summary>Seconds left out before validation and before test.</summary>
    [Range(0, int.MaxValue)]
    [Description("seconds left out before validation and before test, as data takes time to arrive")]
    public int Gap { get; init; }

    /// <summary>What becomes of users without an interaction in the known part.</summary>
    [Description("users without any known interaction at the cutoff: drop their answers, or keep them")]
    public NewUsers NewUsers { get; init; } = NewUsers.Drop;

    /// <summary>Leave interactions of unknown time out of every part instead of refusing the dataset.</summary>
    [Description("leave interactions of unknown time out of every part instead of refusing the dataset")]
    public bool DropUntimed { get; init; }
}

/// <summary>One moment for everybody: the past trains, the future is predicted. The only protocol without any knowledge of the future.</summary>
/// <remarks>
/// <code>
///   time ──────────────▶  v−gap  v              t−gap  t            v validation_from   t test_from
///   user 1   T T  T   T T   ·    V  V V   V V V   ·    ? ?  ?
///   user 2          T   T        V     V          ·      ?          · in the gap: in no part
///   user 3                       +     +                 ?          new at v: no answers there, but known (+) at t
///   user 4                                             ?  ?         new at t: no answers, unless new_users=keep
///
///   train […, v − gap)   validation [v, t − gap)   test [t, …]
///
///   stage        known   must predict   moment of the question
///   train        T
///   validation   T       V              v
///   test         T V +   ?              t (fold-in where there is a validation part)
/// </code>
/// Intervals are half-open, so interactions of one second never fall on two sides. By share, v and t are the times of the
/// interactions at round(n · train) and round(n · (train + validation)) of all, sorted by time. Interactions are cut, not
/// pairs: a repeat of a known pair is among the answers, which repeat listening is scored on and discovery leaves out. The
/// seed does not count. O(n log n). Source: Meng and others, "Exploring data splitting strategies for the evaluation of
/// recommendation models", RecSys 2020; the gap as in Yambda, arXiv 2505.22238.
/// </remarks>
public sealed class GlobalTimeSplit(GlobalTimeSplitOptions options) : ISplitter
{
    private const string Name = "global-time";

    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, $"split '{Name}'");
        (long validationFrom, long testFrom) = ExplicitCutoffs();
        SplitParts.RequireTimes(dataset, Name, options.DropUntimed);
        dataset.CheckIndices();
        if (testFrom < 0)
        {
            (validationFrom, testFrom) = CutoffsByShare(dataset);
        }

        bool hasValidation = validationFrom >= 0;
        long trainEnd = (hasValidation ? validationFrom : testFrom) - options.Gap, validationEnd = testFrom - options.Gap;
        ReadOnlySpan<long> time = dataset.Time.Span;
        var part = new Part[time.Length];
        for (int n = 0; n < time.Length; n++)
        {
            long t = time[n];
            part[n] = t < 0 ? Part.None
                : t < trainEnd ? Part.Train
                : t >= testFrom ? Part.Test
                : hasValidation && t >= validationFrom && t < validationEnd ? Part.Validation
                : Part.None;
        }

        if (options.NewUsers == NewUsers.Drop)
        {
            DropNewUsers(dataset, part);
        }

        const string Remedy = "raise its share, move the cutoffs, or lower the gap";
        var parts = new SplitParts(dataset, Name, part);
        Dataset train = parts.NotEmpty(Part.Train, "train", Remedy, trainEnd);
        return new Split
        {
            Name = Name,
            Options = options,
            Seed = seed,
            Train = train,
            Validation = hasValidation
                ? new EvaluationSet
                {
                    Known = train,
                    Relevant = parts.NotEmpty(Part.Validation, "validation", Remedy),
                    Moment = validationFrom,
                }
                : null,
            Test = new EvaluationSet
            {
                Known = hasValidation ? parts.Of(Part.Train | Part.Validation | Part.TestKnown, validationEnd) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", Remedy),
                IsFoldIn = hasValidation,
                Moment = testFrom,
            },
        };
    }

    private static void DropNewUsers(Dataset dataset, Part[] part)
    {
        ReadOnlySpan<int> user = dataset.UserIndex.Span;
        var known = new Part[dataset.Users.Count];
        for (int n = 0; n < part.Length; n++)
        {
            known[user[n]] |= part[n];
        }

        for (int n = 0; n < part.Length; n++)
        {
            // A user who first appears in validation gives no answers there, but is known by the time of the test.
            bool trained = (known[user[n]] & Part.Train) != 0;
            part[n] = part[n] switch
            {
                Part.Validation when !trained => Part.TestKnown,
                Part.Test when !trained && (known[user[n]] & Part.Validation) == 0 => Part.None,
                Part same => same,
            };
        }
    }

    private static long Moment(string option, string text)
    {
        if (text.Length == 0)
        {
            return -1;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
        {
            return seconds;
        }

        // Only formats with year, month, day in this order: "01/02/2010" means different days in different places.
        string[] formats = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-dd HH:mm:ss"];
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, Utc, out DateTimeOffset moment)
            && moment.ToUnixTimeSeconds() is >= 0 and long unix
            ? unix
            : throw new OptionException(
                $"option '{option}' of split '{Name}' is '{text}'; give Unix seconds or a UTC date such as 2009-05-01 or 2009-05-01T12:00:00Z");
    }

    private (long ValidationFrom, long TestFrom) ExplicitCutoffs()
    {
        long validationFrom = Moment("validation_from", options.ValidationFrom), testFrom = Moment("test_from", options.TestFrom);
        if (validationFrom >= 0 && testFrom < 0)
        {
            throw new OptionException($"split '{Name}' has validation_from without test_from; set both, or none to cut by share");
        }

        if (validationFrom >= testFrom && testFrom >= 0)
        {
            throw new OptionException(
                $"split '{Name}' has validation_from={options.ValidationFrom} and test_from={options.TestFrom}; validation must start before test");
        }

        return (validationFrom, testFrom);
    }

    private (long ValidationFrom, long TestFrom) CutoffsByShare(Dataset dataset)
    {
        (double validation, double test) = SplitParts.Shares(Name, options.Train, options.Validation, options.Test);
        long[] times = dataset.Time.ToArray();
        Array.Sort(times);
        int known = times.Length - dataset.Time.Span.Count(-1L), first = times.Length - known;
        int testAt = SplitParts.Round(known * (1 - test)), validationAt = SplitParts.Round(known * (1 - test - validation));
        if (testAt >= known)
        {
            throw new DatasetException(
                $"split '{Name}' leaves no interaction in test of dataset '{dataset.Name}' ({known} interactions with a time); raise its share or use more data");
        }

        return (validation > 0 ? times[first + validationAt] : -1, times[first + testAt]);
    }
}
