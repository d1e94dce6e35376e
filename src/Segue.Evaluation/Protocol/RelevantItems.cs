using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Splitting;

namespace Segue.Evaluation.Protocol;

/// <summary>Whom to ask and what the right answers are: users with at least one, and their distinct relevant items.</summary>
internal sealed class RelevantItems
{
    private readonly int[] _start;
    private readonly int[] _items;

    private RelevantItems(int[] users, int[] start, int[] items, int[] knownDistinct)
    {
        Users = users;
        _start = start;
        _items = items;
        KnownDistinct = knownDistinct;
    }

    /// <summary>Evaluated users, ascending.</summary>
    public int[] Users { get; }

    /// <summary>Distinct known items of every evaluated user, of those that are candidates.</summary>
    public int[] KnownDistinct { get; }

    public int MaxCount => Enumerable.Range(0, Users.Length).Max(n => _start[n + 1] - _start[n]);

    /// <summary>Relevant items of the n-th evaluated user, distinct, ascending.</summary>
    public ReadOnlySpan<int> Of(int n) => _items.AsSpan(_start[n].._start[n + 1]);

    /// <exception cref="DatasetException">The parts do not fit each other, or nobody is left to evaluate.</exception>
    public static RelevantItems From(EvaluationSet set, bool keepSeen)
    {
        Dataset known = set.Known, relevant = set.Relevant;
        if (known.Users.Count != relevant.Users.Count || known.Items.Count != relevant.Items.Count)
        {
            throw new DatasetException(
                $"the known part has {known.Users.Count} users and {known.Items.Count} items, the relevant part {relevant.Users.Count} and "
                + $"{relevant.Items.Count}; both must come from one split");
        }

        bool[]? isCandidate = MarkCandidates(set);
        int[] knownStart = known.UserStart(), relevantStart = relevant.UserStart();
        ReadOnlySpan<int> knownItem = known.ItemIndex.Span, relevantItem = relevant.ItemIndex.Span;

        // Marks of earlier users are smaller numbers, so the tables need no clearing between users.
        int[] knownMark = new int[known.Items.Count], relevantMark = new int[known.Items.Count];
        var users = new List<int>();
        var start = new List<int> { 0 };
        var items = new List<int>(relevant.Count);
        var knownDistinct = new List<int>();
        for (int user = 0; user < known.Users.Count; user++)
        {
            if (relevantStart[user] == relevantStart[user + 1])
            {
                continue;
            }

            int mark = user + 1, distinct = 0;
            for (int n = knownStart[user]; n < knownStart[user + 1]; n++)
            {
                int item = knownItem[n];
                distinct += knownMark[item] == mark || isCandidate?[item] == false ? 0 : 1;
                knownMark[item] = mark;
            }

            for (int n = relevantStart[user]; n < relevantStart[user + 1]; n++)
            {
                int item = relevantItem[n];
                if (relevantMark[item] != mark && (keepSeen || knownMark[item] != mark))
                {
                    relevantMark[item] = mark;
                    items.Add(item);
                }
            }

            if (items.Count > start[^1])
            {
                users.Add(user);
                knownDistinct.Add(distinct);
                start.Add(items.Count);
            }
        }

        if (users.Count == 0)
        {
            throw new DatasetException(keepSeen
                ? $"the relevant part of '{relevant.Name}' has no interaction; nobody can be evaluated, choose another split"
                : $"no user of '{relevant.Name}' has a relevant item that is not known already; keep seen items (repeat listening), or choose another split");
        }

        int[] sorted = [.. items];
        for (int n = 0; n < users.Count; n++)
        {
            Array.Sort(sorted, start[n], start[n + 1] - start[n]);
        }

        return new RelevantItems([.. users], [.. start], sorted, [.. knownDistinct]);
    }

    private static bool[]? MarkCandidates(EvaluationSet set)
    {
        if (set.Candidates is not { } candidates)
        {
            return null;
        }

        var isCandidate = new bool[set.Known.Items.Count];
        foreach (int item in candidates.Span)
        {
            if ((uint)item >= (uint)isCandidate.Length || isCandidate[item])
            {
                throw new DatasetException(
                    $"the candidates of '{set.Known.Name}' name item {item} of {isCandidate.Length} twice or beyond the catalogue; give every candidate once");
            }

            isCandidate[item] = true;
        }

        foreach (int item in set.Relevant.ItemIndex.Span)
        {
            if (!isCandidate[item])
            {
                throw new DatasetException(
                    $"item '{set.Known.Items[item]}' is relevant in '{set.Known.Name}' but no candidate, so nobody could find it; "
                    + "make every relevant item a candidate");
            }
        }

        return isCandidate;
    }
}
