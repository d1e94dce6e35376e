using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics;

namespace Segue.Core.Splitting;

/// <summary>Which part of a split an interaction falls into. Flags, so that a set of parts is one value.</summary>
[Flags]
internal enum Part : byte
{
    /// <summary>In no part: a gap, or a user the protocol leaves out.</summary>
    None = 0,
    Train = 1,
    Validation = 2,
    Test = 4,

    /// <summary>Visible history of listeners that are only validated.</summary>
    ValidationKnown = 8,

    /// <summary>Visible history of listeners that are only tested.</summary>
    TestKnown = 16,

    /// <summary>Train edges that are predicted from the other train edges; always beside <see cref="Train"/>.</summary>
    Supervision = 32,
}

/// <summary>Turns "which part is every interaction in" into datasets; the one place where a part is cut out of a dataset.</summary>
/// <param name="dataset">What is cut.</param>
/// <param name="protocol">Name of the protocol, for messages.</param>
/// <param name="partOfRow">Part of every interaction.</param>
internal sealed class SplitParts(Dataset dataset, string protocol, Part[] partOfRow)
{
    /// <summary>
    /// The interactions in any of the parts <paramref name="wanted"/>. Tag assignments follow, because a tag on an item gives
    /// the interaction away: those on a pair with an interaction outside the parts go, those of a user whose interactions all
    /// lie outside go, and those made at or after <paramref name="before"/> go.
    /// </summary>
    public Dataset Of(Part wanted, long before = long.MaxValue)
    {
        CancellationScope.Check();
        int count = 0;
        foreach (Part part in partOfRow)
        {
            count += (part & wanted) != 0 ? 1 : 0;
        }

        var rows = new int[count];
        int write = 0;
        for (int n = 0; n < partOfRow.Length; n++)
        {
            if ((partOfRow[n] & wanted) != 0)
            {
                rows[write++] = n;
            }
        }

        return dataset.Select(rows) with { Tags = VisibleTags(wanted, before) };
    }

    /// <summary>As <see cref="Of"/>, but never empty.</summary>
    /// <exception cref="DatasetException">No interaction is in the parts.</exception>
    public Dataset NotEmpty(Part wanted, string name, string remedy, long before = long.MaxValue)
    {
        Dataset part = Of(wanted, before);
        return part.Count > 0
            ? part
            : throw new DatasetException(
                $"split '{protocol}' leaves no interaction in {name} of dataset '{dataset.Name}' ({dataset.Count} interactions of {dataset.Users.Count} users); {remedy}");
    }

    /// <summary>Throws where the dataset has no times, or some are unknown.</summary>
    /// <exception cref="DatasetException">Times are missing.</exception>
    public static void RequireTimes(Dataset dataset, string protocol, bool unknownAllowed)
    {
        if (!dataset.HasTime)
        {
            throw new DatasetException(
                $"split '{protocol}' needs times, and dataset '{dataset.Name}' has none; import a source with times or use a split without, for example 'random' or 'leave-k-out'");
        }

        int unknown = unknownAllowed ? 0 : dataset.Time.Span.Count(-1L);
        if (unknown > 0)
        {
            throw new DatasetException(
                $"split '{protocol}' needs times, and {unknown} of {dataset.Count} interactions of dataset '{dataset.Name}' have none; set drop_untimed=true to leave them out of every part");
        }
    }

    /// <summary>Throws where "the last items of a user" has no meaning.</summary>
    /// <exception cref="DatasetException">The dataset is unordered, or some times are unknown.</exception>
    public static void RequireOrder(Dataset dataset, string protocol, string option)
    {
        if (!dataset.IsOrdered)
        {
            throw new DatasetException(
                $"split '{protocol}' with {option} needs ordered interactions, and dataset '{dataset.Name}' has no order or times; use pick=random");
        }

        int unknown = dataset.Time.Span.Count(-1L);
        if (unknown > 0)
        {
            throw new DatasetException(
                $"split '{protocol}' with {option} needs the time of every interaction, and {unknown} of {dataset.Count} in dataset '{dataset.Name}' have none; use pick=random");
        }
    }

    /// <summary>The two outer shares scaled so that all three add up to 1.</summary>
    /// <exception cref="OptionException">Train or test is 0.</exception>
    public static (double Validation, double Test) Shares(string protocol, double train, double validation, double test)
    {
        double total = train + validation + test;
        if (!(train > 0) || !(test > 0) || !double.IsFinite(total))
        {
            throw new OptionException(
                $"split '{protocol}' has train={OptionsText.Format(train)}, test={OptionsText.Format(test)}; both must be above 0");
        }

        return (validation / total, test / total);
    }

    /// <summary>A random order of 0 … count − 1.</summary>
    public static int[] Shuffled(int count, Segue.Numerics.Sampling.Rng rng)
    {
        var order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        rng.Shuffle<int>(order);
        return order;
    }

    /// <summary>Round half away from zero, so that 0.5 of one pair is one pair.</summary>
    public static int Round(double value) => (int)Math.Round(value, MidpointRounding.AwayFromZero);

    private TagAssignments VisibleTags(Part wanted, long before)
    {
        TagAssignments tags = dataset.Tags;
        if (tags.Count == 0)
        {
            return tags;
        }

        ReadOnlySpan<int> user = dataset.UserIndex.Span, item = dataset.ItemIndex.Span;
        ReadOnlySpan<int> tagUser = tags.UserIndex.Span, tagItem = tags.ItemIndex.Span;
        ReadOnlySpan<long> tagTime = tags.Time.Span;
        var tagged = new HashSet<(int, int)>();
        for (int n = 0; n < tags.Count; n++)
        {
            CancellationScope.CheckAt(n);
            tagged.Add((tagUser[n], tagItem[n]));
        }

        var hiddenPair = new HashSet<(int, int)>();
        var seen = new bool[dataset.Users.Count];
        var hidden = new bool[dataset.Users.Count];
        for (int n = 0; n < partOfRow.Length; n++)
        {
            CancellationScope.CheckAt(n);
            if ((partOfRow[n] & wanted) != 0)
            {
                seen[user[n]] = true;
                continue;
            }

            hidden[user[n]] = true;
            if (tagged.Contains((user[n], item[n])))
            {
                hiddenPair.Add((user[n], item[n]));
            }
        }

        var kept = new List<int>();
        for (int n = 0; n < tags.Count; n++)
        {
            int u = tagUser[n];
            bool userGone = u >= 0 && hidden[u] && !seen[u];
            bool late = tagTime.Length > 0 && tagTime[n] >= before;
            if (!userGone && !late && !hiddenPair.Contains((u, tagItem[n])))
            {
                kept.Add(n);
            }
        }

        return tags.Select([.. kept]);
    }
}
