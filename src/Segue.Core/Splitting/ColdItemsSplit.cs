using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Sampling;

namespace Segue.Core.Splitting;

/// <summary>Options of <see cref="ColdItemsSplit"/>.</summary>
public sealed record ColdItemsSplitOptions : SplitOptions
{
    /// <summary>Share of the heard items that are ranked in validation.</summary>
    [Range(0.0, 0.9)]
    [Description("share of the heard items that are held out for validation; 0 for none")]
    public double Validation { get; init; } = 0.1;

    /// <summary>Share of the heard items that are ranked in test.</summary>
    [Range(0.0, 0.9)]
    [Description("share of the heard items that are held out for test")]
    public double Test { get; init; } = 0.1;
}

/// <summary>Whole items are held out, as if released tomorrow: nobody's interaction with them is trained on, and they are ranked among themselves.</summary>
/// <remarks>
/// <code>
///            a b c d e f g h i j      T train   V validation   ? test   · in no part
///   user 1   T T T T T     V   ?      g and h are the validation items, i and j the test items
///   user 2   T   T     T     V ?
///   user 3     T   T T       V   ?
///   user 4                     · ·    no training history: is not asked
///
///   stage        known          must predict   candidates
///   train        T
///   validation   T              V              g h
///   test         T V            ?              i j
/// </code>
/// Items with at least one interaction are put in one random order; round(n · test) of them are test items, the next up to
/// round(n · (test + validation)) validation items. What is known of the items besides interactions stays: names, artists,
/// features, and tags except those on a held-out pair. Listeners who heard nothing but held-out items are not asked, because nothing is known of their
/// taste; those interactions are in no part. Ranking the held-out items among themselves asks one thing only, whether the model can tell them
/// apart; beside warm items every one of them would lose.
/// </remarks>
public sealed class ColdItemsSplit(ColdItemsSplitOptions options) : ISplitter
{
    private const string Name = "cold-items";

    /// <inheritdoc/>
    public SplitOptions Options => options;

    /// <inheritdoc/>
    public Split Cut(Dataset dataset, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        OptionsText.Validate(options, $"split '{Name}'");
        if (!(options.Test > 0) || !(options.Test + options.Validation < 1))
        {
            throw new OptionException(
                $"split '{Name}' has test={OptionsText.Format(options.Test)}, validation={OptionsText.Format(options.Validation)}; "
                + "test must be above 0 and both together below 1");
        }

        dataset.CheckIndices();
        ReadOnlySpan<int> user = dataset.UserIndex.Span, item = dataset.ItemIndex.Span;
        var isHeard = new bool[dataset.Items.Count];
        foreach (int i in item)
        {
            isHeard[i] = true;
        }

        int[] heard = [.. Enumerable.Range(0, isHeard.Length).Where(i => isHeard[i])];
        new Rng(seed, "split/cold-items").Shuffle<int>(heard);
        int testEnd = SplitParts.Round(heard.Length * options.Test);
        int validationEnd = SplitParts.Round(heard.Length * (options.Test + options.Validation));
        int[] testItems = [.. heard[..testEnd].Order()], validationItems = [.. heard[testEnd..validationEnd].Order()];
        var partOfItem = new Part[isHeard.Length];
        Array.Fill(partOfItem, Part.Train);
        Array.ForEach(testItems, i => partOfItem[i] = Part.Test);
        Array.ForEach(validationItems, i => partOfItem[i] = Part.Validation);

        var hasHistory = new bool[dataset.Users.Count];
        for (int n = 0; n < item.Length; n++)
        {
            hasHistory[user[n]] |= partOfItem[item[n]] == Part.Train;
        }

        var part = new Part[item.Length];
        for (int n = 0; n < item.Length; n++)
        {
            part[n] = hasHistory[user[n]] ? partOfItem[item[n]] : Part.None;
        }

        const string Remedy = "change the shares or use more data: every asked listener needs an item to train on";
        var parts = new SplitParts(dataset, Name, part);
        Dataset train = parts.NotEmpty(Part.Train, "train", Remedy);
        bool hasValidation = options.Validation > 0;
        return new Split
        {
            Name = Name,
            Options = options,
            Seed = seed,
            Train = train,
            Validation = hasValidation
                ? new EvaluationSet { Known = train, Relevant = parts.NotEmpty(Part.Validation, "validation", Remedy), Candidates = validationItems }
                : null,
            Test = new EvaluationSet
            {
                Known = hasValidation ? parts.Of(Part.Train | Part.Validation) : train,
                Relevant = parts.NotEmpty(Part.Test, "test", Remedy),
                Candidates = testItems,
            },
        };
    }
}
