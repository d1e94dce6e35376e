using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Core.Views;
using Segue.Numerics.Sparse;

namespace Segue.Core.Tests.Splitting;

/// <summary>
/// Looks for everything a split must not let through. Works on what the split hands out, not on how it was made; interactions are
/// recognised by their weight, which <see cref="RandomWorld"/> makes unique.
/// </summary>
internal static class LeakCheck
{
    public static List<string> Find(Dataset dataset, Split split, bool pairBased)
    {
        var leaks = new List<string>();
        Dataset[] trained = [split.Train, .. split.Message is null ? Array.Empty<Dataset>() : [split.Message, split.Supervision!]];
        foreach (Dataset part in trained)
        {
            Apart("train", part, "test", split.Test.Relevant);
            if (split.Validation is { } validation)
            {
                Apart("train", part, "validation", validation.Relevant);
            }
        }

        if (split.Validation is { } stage)
        {
            Apart("known at validation", stage.Known, "validation", stage.Relevant);
            Apart("known at validation", stage.Known, "test", split.Test.Relevant);
            Apart("validation", stage.Relevant, "test", split.Test.Relevant);
        }

        Apart("known at test", split.Test.Known, "test", split.Test.Relevant);
        if (split.Message is not null)
        {
            Apart("message", split.Message, "supervision", split.Supervision!);
        }

        Cold("test", split.Test);
        if (split.Validation is { } cold)
        {
            Cold("validation", cold);
        }

        Views("train", split.Train);
        return leaks;

        // Where only some items are ranked, they are items nobody's training has.
        void Cold(string name, EvaluationSet set)
        {
            if (set.Candidates is not { } candidates)
            {
                return;
            }

            HashSet<int> items = [.. candidates.Span];
            leaks.AddRange(trained.SelectMany(Pairs).Where(pair => items.Contains(pair.Item)).Select(pair => $"candidate {pair.Item} of {name} is in train"));
            leaks.AddRange(Pairs(set.Relevant).Where(pair => !items.Contains(pair.Item)).Select(pair => $"item {pair.Item} of {name} is no candidate"));
            leaks.AddRange(Pairs(set.Known).Where(pair => items.Contains(pair.Item)).Select(pair => $"candidate {pair.Item} of {name} is known"));
        }

        void Apart(string seenName, Dataset seen, string hiddenName, Dataset hidden)
        {
            if (!ReferenceEquals(seen.Users, dataset.Users) || !ReferenceEquals(hidden.Items, dataset.Items))
            {
                leaks.Add($"{seenName} and {hiddenName} do not share users and items");
            }

            HashSet<float> hiddenRows = [.. Rows(hidden)];
            leaks.AddRange(Rows(seen).Where(hiddenRows.Contains).Select(row => $"interaction {row} of {hiddenName} is in {seenName}"));
            HashSet<(int, int)> hiddenPairs = [.. Pairs(hidden)];
            if (pairBased)
            {
                leaks.AddRange(Pairs(seen).Where(hiddenPairs.Contains).Select(pair => $"pair {pair} of {hiddenName} is in {seenName}"));
            }

            for (int n = 0; n < seen.Tags.Count; n++)
            {
                (int, int) tagged = (seen.Tags.UserIndex.Span[n], seen.Tags.ItemIndex.Span[n]);
                if (hiddenPairs.Contains(tagged))
                {
                    leaks.Add($"a tag on pair {tagged} of {hiddenName} is in {seenName}");
                }
            }
        }

        void Views(string name, Dataset train)
        {
            // Each view against a slow recount of the very rows of train.
            var plays = new Dictionary<(int, int), float>();
            for (int n = 0; n < train.Count; n++)
            {
                (int, int) pair = (train.UserIndex.Span[n], train.ItemIndex.Span[n]);
                plays[pair] = plays.GetValueOrDefault(pair) + train.Weight.Span[n];
            }

            CsrMatrix sum = UserItemMatrix.Sum(train), binary = UserItemMatrix.Binary(train);
            for (int u = 0; u < sum.Rows; u++)
            {
                foreach (int i in sum.RowColumns(u))
                {
                    if (!plays.ContainsKey((u, i)) || sum[u, i] != plays[(u, i)] || binary[u, i] != 1)
                    {
                        leaks.Add($"matrix of {name} has {sum[u, i]} at ({u}, {i}), where {name} has {plays.GetValueOrDefault((u, i))}");
                    }
                }
            }

            if (sum.Count != plays.Count || binary.Count != plays.Count)
            {
                leaks.Add($"matrix of {name} has {sum.Count} entries for {plays.Count} pairs");
            }

            Dataset core = KCore.Of(train, 2);
            leaks.AddRange(Rows(core).Except(Rows(train)).Select(row => $"the core of {name} has interaction {row}"));
            if (train.IsOrdered)
            {
                Sequences sequences = Sequences.Of(train);
                IEnumerable<float> rows = Enumerable.Range(0, sequences.Count).SelectMany(u => sequences.Weights(u).ToArray());
                if (!rows.SequenceEqual(Rows(train)))
                {
                    leaks.Add($"the sequences of {name} hold other interactions than {name}");
                }
            }
        }
    }

    public static float[] Rows(Dataset dataset) => dataset.Weight.ToArray();

    public static IEnumerable<(int User, int Item)> Pairs(Dataset dataset) =>
        Enumerable.Range(0, dataset.Count).Select(n => (dataset.UserIndex.Span[n], dataset.ItemIndex.Span[n]));
}
