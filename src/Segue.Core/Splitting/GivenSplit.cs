using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Core.Splitting;

/// <summary>The given split has no options.</summary>
public sealed record GivenSplitOptions : SplitOptions;

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
/// No validation where the source has none. The seed does not count.
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

        const string Remedy = "the source gives none; use another split, for example 'random'";
        var parts = new SplitParts(dataset, "given", part);
        Dataset train = parts.NotEmpty(Part.Train, "train", Remedy);
        bool hasValidation = fold.Contains((byte)1);
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
            },
        };
    }
}
