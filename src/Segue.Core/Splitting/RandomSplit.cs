using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Core.Splitting;

/// <summary>Options of <see cref="RandomSplit"/>.</summary>
public sealed record RandomSplitOptions : SplitOptions
{
    /// <summary>Share of train; the three shares are scaled to add up to 1.</summary>
    [Range(0.0, 1e6)]
    [Description("share of train; the three shares are scaled to add up to 1")]
    public double Train { get; init; } = 0.8;

    /// <summary>Share of validation.</summary>
    [Range(0.0, 1e6)]
    [Description("share of validation; 0 for none")]
    public double Validation { get; init; } = 0.1;

    /// <summary>Share of test.</summary>
    [Range(0.0, 1e6)]
    [Description("share of test")]
    public double Test { get; init; } = 0.1;

    /// <summary>Cut every user's items alone instead of all pairs together.</summary>
    [Description("cut every user's items alone instead of all pairs together")]
    public bool PerUser { get; init; }
}

/// <summary>
/// Distinct (user, item) pairs cut at random; all interactions of a pair fall on the same side, so no repeat leaks.
/// </summary>
/// <remarks>
/// <code>
///            a b c d e f g h i j      T train   V validation   ? test
///   user 1   T T V T T T ? T T T
///   user 2   T T T ? T V T T T T
///
///   stage        known (masked)   must predict
///   train        T
///   validation   T                V
///   test         T V              ?
/// </code>
/// All pairs of the dataset are put in one random order and cut at round(n · test) and round(n · (test + validation)); with
/// <see cref="RandomSplitOptions.PerUser"/> every user's n pairs are, and users with too few give none. At test the validation
/// pairs are masked like train pairs, as they are neither answers nor unheard; the model still knows only train.
/// </remarks>
public sealed class RandomSplit(RandomSplitOptions options) : ISplitter
{
    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, "split 'random'");
        (double validation, double test) = SplitParts.Shares("random", options.Train, options.Validation, options.Test);
        var rng = new Rng(seed, "split/random");
        PairTable pairs = PairTable.Of(dataset);
        var part = new Part[pairs.Count];
        if (options.PerUser)
        {
            for (int u = 0; u < dataset.Users.Count; u++)
            {
                CancellationScope.CheckAt(u);
                Assign(part.AsSpan(pairs.UserStart[u]..pairs.UserStart[u + 1]), rng, validation, test);
            }
        }
        else
        {
            Assign(part, rng, validation, test);
        }

        const string Remedy = "raise its share or use more data";
        var parts = new SplitParts(dataset, "random", pairs.ToRows(part));
        Dataset train = parts.NotEmpty(Part.Train, "train", Remedy);
        return new Split
        {
            Name = "random",
            Options = options,
            Seed = seed,
            Train = train,
            Validation = validation > 0
                ? new EvaluationSet { Known = train, Relevant = parts.NotEmpty(Part.Validation, "validation", Remedy) }
                : null,
            Test = new EvaluationSet
            {
                Known = validation > 0 ? parts.Of(Part.Train | Part.Validation) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", Remedy),
            },
        };
    }

    /// <summary>Marks a random share of <paramref name="parts"/> as test and validation, the rest as train.</summary>
    internal static void Assign(Span<Part> parts, Rng rng, double validation, double test)
    {
        int[] order = SplitParts.Shuffled(parts.Length, rng);
        int testEnd = SplitParts.Round(parts.Length * test);
        int validationEnd = SplitParts.Round(parts.Length * (test + validation));
        for (int i = 0; i < order.Length; i++)
        {
            parts[order[i]] = i < testEnd ? Part.Test : i < validationEnd ? Part.Validation : Part.Train;
        }
    }
}
