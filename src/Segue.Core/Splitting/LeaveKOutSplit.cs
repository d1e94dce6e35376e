using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Core.Splitting;

/// <summary>Options of <see cref="LeaveKOutSplit"/>.</summary>
public sealed record LeaveKOutSplitOptions : SplitOptions
{
    /// <summary>Items of every user in validation.</summary>
    [Range(0, 1_000_000)]
    [Description("items of every user in validation; 0 for none")]
    public int KVal { get; init; } = 1;

    /// <summary>Items of every user in test.</summary>
    [Range(1, 1_000_000)]
    [Description("items of every user in test")]
    public int KEval { get; init; } = 1;

    /// <summary>Which items are held out.</summary>
    [Description("which items are held out: a random choice, or those met last (test after validation)")]
    public HeldOutItems Pick { get; init; } = HeldOutItems.Random;
}

/// <summary>The same number of items held out for every user, so that every user counts the same.</summary>
/// <remarks>
/// <code>
///   k_val=1, k_eval=2:
///            a b c d e f g h      T train   V validation   ? test
///   user 1   T ? T V T T ? T
///   user 2   V T ? ?              4 items: one is left to train on
///   user 3   T T T                3 items: too few, all train
///
///   stage        known (masked)   must predict
///   train        T
///   validation   T                V
///   test         T V              ?
/// </code>
/// At test V is shown as well: a model of sequences, or any other that answers from the history alone, is asked with T V, in order; one that
/// learned a vector of the listener is asked by listener.
/// Items are distinct (user, item) pairs with all their interactions. Users with fewer than k_val + k_eval + 1 items would have
/// nothing left to train on: all their items are in train, none is asked for. With pick=last the items of a user are ordered by
/// first interaction, the last k_eval are test and the k_val before them validation; k_eval=1 is then leave-one-out as in He
/// and others, "Neural collaborative filtering", WWW 2017, section 4.1. Unlike <see cref="GlobalTimeSplit"/> it lets a
/// model train on what other users did later.
/// </remarks>
public sealed class LeaveKOutSplit(LeaveKOutSplitOptions options) : ISplitter
{
    private const string Name = "leave-k-out";

    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, $"split '{Name}'");
        if (options.Pick == HeldOutItems.Last)
        {
            SplitParts.RequireOrder(dataset, Name, "pick=last");
        }

        PairTable pairs = PairTable.Of(dataset);
        var part = new Part[pairs.Count];
        Array.Fill(part, Part.Train);
        var rng = new Rng(seed, "split/leave-k-out");
        for (int u = 0; u < dataset.Users.Count; u++)
        {
            CancellationScope.CheckAt(u);
            Span<Part> items = part.AsSpan(pairs.UserStart[u]..pairs.UserStart[u + 1]);
            if (items.Length <= options.KVal + options.KEval)
            {
                continue;
            }

            if (options.Pick == HeldOutItems.Last)
            {
                // A pair table lists a user's items in order of first appearance.
                items[^options.KEval..].Fill(Part.Test);
                items[^(options.KEval + options.KVal)..^options.KEval].Fill(Part.Validation);
                continue;
            }

            int[] order = SplitParts.Shuffled(items.Length, rng);
            for (int i = 0; i < options.KEval + options.KVal; i++)
            {
                items[order[i]] = i < options.KEval ? Part.Test : Part.Validation;
            }
        }

        string remedy = $"no user has {options.KVal + options.KEval + 1} items; lower k_val or k_eval";
        var parts = new SplitParts(dataset, Name, pairs.ToRows(part));
        Dataset train = parts.NotEmpty(Part.Train, "train", "use a dataset with interactions");
        return new Split
        {
            Name = Name,
            Options = options,
            Seed = seed,
            Train = train,
            Validation = options.KVal > 0
                ? new EvaluationSet { Known = train, Relevant = parts.NotEmpty(Part.Validation, "validation", remedy) }
                : null,
            Test = new EvaluationSet
            {
                Known = options.KVal > 0 ? parts.Of(Part.Train | Part.Validation) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", remedy),
                ShowsMore = options.KVal > 0,
            },
        };
    }
}
