using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Core.Splitting;

/// <summary>Options of <see cref="GivenSplit"/>.</summary>
public sealed record GivenSplitOptions : SplitOptions
{
    /// <summary>
    /// Share of the users with a given train part whose train part is held out for validation, whole: the last in the order of the source. 0 for
    /// the parts as they are; only where the source has no validation of its own.
    /// </summary>
    [Range(0.0, 0.9)]
    [Description("share of the users with a train part, the last in the order of the source, whose train part is held out for validation; 0 for none")]
    public double Validation { get; init; }
}

/// <summary>The parts that came with the source, kept in <see cref="Dataset.Fold"/>.</summary>
/// <remarks>
/// <code>
///            a b c d e f g h      0 train   1 validation   2 test, as the source says
///   user 1   0 0 0 0 1 2 2 0
///   user 2   0 0 0 0 0 1 1 2
///
///   stage        known (masked)   must predict
///   train        0
///   validation   0                1
///   test         0 1              2
/// </code>
/// Every interaction keeps the part the source gave it; a source may put a pair on both sides, and this protocol leaves it so.
/// Where the source has no validation, <c>validation=0.1</c> takes the train parts of the last tenth of its users, whole: of a file of sessions in
/// order of time, the latest sessions, none of which trains. The seed does not count.
/// </remarks>
public sealed class GivenSplit(GivenSplitOptions options) : ISplitter
{
    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, "split 'given'");
        dataset.CheckIndices();
        ReadOnlySpan<byte> fold = dataset.Fold.Span;
        if (fold.IsEmpty)
        {
            throw new DatasetException(
                $"split 'given' needs a split that came with the source, and dataset '{dataset.Name}' has none; use another split, for example 'random'");
        }

        var part = new Part[fold.Length];
        for (int n = 0; n < fold.Length; n++)
        {
            part[n] = fold[n] switch
            {
                0 => Part.Train,
                1 => Part.Validation,
                2 => Part.Test,
                _ => throw new DatasetException(
                    $"interaction {n} of dataset '{dataset.Name}' is in given part {fold[n]}; parts are 0 train, 1 validation, 2 test: import the dataset again"),
            };
        }

        if (options.Validation > 0)
        {
            HoldOutLastUsers(dataset, part, options.Validation);
        }

        const string Remedy = "the source gives none; use another split, for example 'random'";
        var parts = new SplitParts(dataset, "given", part);
        Dataset train = parts.NotEmpty(Part.Train, "train", Remedy);
        bool hasValidation = part.AsSpan().Contains(Part.Validation);
        return new Split
        {
            Name = "given",
            Options = options,
            Seed = seed,
            Train = train,
            Validation = hasValidation ? new EvaluationSet { Known = train, Relevant = parts.Of(Part.Validation) } : null,
            Test = new EvaluationSet
            {
                Known = hasValidation ? parts.Of(Part.Train | Part.Validation) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", Remedy),
                ShowsMore = hasValidation,
            },
        };
    }
    private static void HoldOutLastUsers(Dataset dataset, Part[] part, double share)
    {
        if (part.AsSpan().Contains(Part.Validation))
        {
            throw new DatasetException(
                $"split 'given' with validation={OptionsText.Format(share)}: dataset '{dataset.Name}' came with a validation part already; leave the option out");
        }

        ReadOnlySpan<int> user = dataset.UserIndex.Span;
        var users = new SortedSet<int>();
        for (int n = 0; n < part.Length; n++)
        {
            if (part[n] == Part.Train)
            {
                users.Add(user[n]);
            }
        }

        int[] held = [.. users.Reverse().Take(SplitParts.Round(users.Count * share))];
        if (held.Length == 0)
        {
            return;
        }

        for (int n = 0; n < part.Length; n++)
        {
            if (part[n] == Part.Train && user[n] >= held[^1])
            {
                part[n] = Part.Validation;
            }
        }
    }
}
