using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Sampling;

namespace Segue.Core.Splitting;

/// <summary>Which of a user's items are held out.</summary>
public enum HeldOutItems
{
    /// <summary>A random choice.</summary>
    Random,

    /// <summary>The items met last: those whose first interaction is latest.</summary>
    Last,
}

/// <summary>Options of <see cref="UserHoldoutSplit"/>.</summary>
public sealed record UserHoldoutSplitOptions : SplitOptions
{
    /// <summary>Share of users that are trained on; the three shares are scaled to add up to 1.</summary>
    [Range(0.0, 1e6)]
    [Description("share of users that are trained on; the three shares are scaled to add up to 1")]
    public double Train { get; init; } = 0.8;

    /// <summary>Share of users for validation.</summary>
    [Range(0.0, 1e6)]
    [Description("share of users for validation; 0 for none")]
    public double Validation { get; init; } = 0.1;

    /// <summary>Share of users for test.</summary>
    [Range(0.0, 1e6)]
    [Description("share of users for test")]
    public double Test { get; init; } = 0.1;

    /// <summary>Share of a held-out user's items that must be predicted; the others are shown.</summary>
    [Range(0.0, 1.0)]
    [Description("share of a held-out user's items that must be predicted; at least one is hidden and one shown")]
    public double Masked { get; init; } = 0.2;

    /// <summary>Which of a held-out user's items are hidden.</summary>
    [Description("which of a held-out user's items are hidden: a random choice, or those met last")]
    public HeldOutItems Pick { get; init; } = HeldOutItems.Random;
}

/// <summary>
/// Whole users are held out; the model never sees them, and is asked with the visible part of their history.
/// </summary>
/// <remarks>
/// <code>
///            a b c d e f g h i j      T train   + shown with the question   ? hidden, must be predicted
///   user 1   T T T T T T T T T T
///   user 2   T T T T T T T T T T
///   user 3   + + ? + + + + ? + +      validation user
///   user 4   + ? + + + + + + + ?      test user
/// </code>
/// Users with at least two distinct items are put in one random order; round(n · test) of them are test users, the next up to
/// round(n · (test + validation)) validation users, the others train. A user with one item cannot be shown one and asked for
/// another, so such users always train. Of a held-out user's m items round(m · masked), at least 1 and at most m − 1, are
/// hidden, with all their interactions. The validation users are in no part of the test and the test users in none of the
/// validation. Both sets are fold-in. Source: the protocol of Liang and others, "Variational autoencoders for collaborative
/// filtering", WWW 2018, section 4.1, there called strong generalization.
/// </remarks>
public sealed class UserHoldoutSplit(UserHoldoutSplitOptions options) : ISplitter
{
    private const string Name = "user-holdout";

    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, $"split '{Name}'");
        (double validation, double test) = SplitParts.Shares(Name, options.Train, options.Validation, options.Test);
        if (options.Pick == HeldOutItems.Last)
        {
            SplitParts.RequireOrder(dataset, Name, "pick=last");
        }

        PairTable pairs = PairTable.Of(dataset);
        int[] users = [.. Enumerable.Range(0, dataset.Users.Count).Where(u => pairs.UserStart[u + 1] - pairs.UserStart[u] >= 2)];
        new Rng(seed, "split/user-holdout/users").Shuffle<int>(users);
        var part = new Part[pairs.Count];
        Array.Fill(part, Part.Train);
        int testEnd = SplitParts.Round(users.Length * test), validationEnd = SplitParts.Round(users.Length * (test + validation));
        var rng = new Rng(seed, "split/user-holdout/items");
        for (int i = 0; i < validationEnd; i++)
        {
            Span<Part> items = part.AsSpan(pairs.UserStart[users[i]]..pairs.UserStart[users[i] + 1]);
            Mask(items, rng, i < testEnd ? Part.TestKnown : Part.ValidationKnown, i < testEnd ? Part.Test : Part.Validation);
        }

        const string Remedy = "raise its share or use more users with at least two items";
        var parts = new SplitParts(dataset, Name, pairs.ToRows(part));
        return new Split
        {
            Name = Name,
            Options = options,
            Seed = seed,
            Train = parts.NotEmpty(Part.Train, "train", Remedy),
            Validation = validation > 0 ? Set(Part.ValidationKnown, Part.Validation, "validation") : null,
            Test = Set(Part.TestKnown, Part.Test, "test"),
        };

        EvaluationSet Set(Part known, Part relevant, string name) => new()
        {
            Known = parts.Of(known),
            Relevant = parts.NotEmpty(relevant, name, Remedy),
            IsFoldIn = true,
        };
    }

    private void Mask(Span<Part> items, Rng rng, Part shown, Part hidden)
    {
        int count = Math.Clamp(SplitParts.Round(items.Length * options.Masked), 1, items.Length - 1);
        items.Fill(shown);
        if (options.Pick == HeldOutItems.Last)
        {
            // A pair table lists a user's items in order of first appearance.
            items[^count..].Fill(hidden);
            return;
        }

        int[] order = SplitParts.Shuffled(items.Length, rng);
        for (int i = 0; i < count; i++)
        {
            items[order[i]] = hidden;
        }
    }
}
