using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
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
/// </code>
/// Per user, the parts of n pairs are cut at round(n · test) and round(n · (test + validation)) of a random order, and users
/// with too few pairs give none. Validation sees train; test sees train.
/// </remarks>
public sealed class RandomSplit(RandomSplitOptions options) : ISplitter
{
    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        OptionsText.Validate(options, "split 'random'");
        double total = options.Train + options.Validation + options.Test;
        if (options.Train <= 0 || options.Test <= 0)
        {
            throw new OptionException($"split 'random' has train={OptionsText.Format(options.Train)}, test={OptionsText.Format(options.Test)}; both must be above 0");
        }

        double test = options.Test / total, validation = options.Validation / total;
        var rng = new Rng(seed, "split/random");
        PairTable pairs = PairTable.Of(dataset);
        var part = new byte[pairs.Count];
        if (options.PerUser)
        {
            for (int u = 0; u < dataset.Users.Count; u++)
            {
                Assign(part.AsSpan(pairs.UserStart[u]..pairs.UserStart[u + 1]));
            }
        }
        else
        {
            Assign(part);
        }

        Dataset train = pairs.SelectRows(dataset, part, 0);
        return new Split
        {
            Name = "random",
            Options = options,
            Seed = seed,
            Train = train,
            Validation = validation > 0 ? new EvaluationSet { Known = train, Relevant = pairs.SelectRows(dataset, part, 1) } : null,
            Test = new EvaluationSet { Known = train, Relevant = pairs.SelectRows(dataset, part, 2) },
        };

        void Assign(Span<byte> parts)
        {
            var order = new int[parts.Length];
            for (int i = 0; i < order.Length; i++)
            {
                order[i] = i;
            }

            rng.Shuffle<int>(order);
            int testEnd = (int)Math.Round(parts.Length * test, MidpointRounding.AwayFromZero);
            int validationEnd = (int)Math.Round(parts.Length * (test + validation), MidpointRounding.AwayFromZero);
            for (int i = 0; i < validationEnd; i++)
            {
                parts[order[i]] = (byte)(i < testEnd ? 2 : 1);
            }
        }
    }
}
