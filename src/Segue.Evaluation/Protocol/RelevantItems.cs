using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Splitting;

namespace Segue.Evaluation.Protocol;

/// <summary>
/// Whom to ask and what the right answers are: users with at least one, and their distinct relevant items; of a set asked by day,
/// every day of a user that has one.
/// </summary>
internal sealed class RelevantItems
{
    /// <summary>Seconds of a day.</summary>
    public const long Day = 86_400;

    private readonly int[] _start;
    private readonly int[] _items;

    private RelevantItems(int[] users, int[] start, int[] items, int[] knownDistinct, int[] before, int[] days)
    {
        Users = users;
        Before = before;
        Days = days;
        _start = start;
        _items = items;
        KnownDistinct = knownDistinct;
    }

    /// <summary>User of every question, ascending; more than once where days are asked.</summary>
    public int[] Users { get; }

    /// <summary>By question: held-out rows of the user before it; 0 unless days are asked.</summary>
    public int[] Before { get; }

    /// <summary>By question: days since 1970-01-01 UTC; empty unless days are asked.</summary>
    public int[] Days { get; }

    /// <summary>Distinct known items at every question, of those that are candidates.</summary>
    public int[] KnownDistinct { get; }

    public int MaxCount => Enumerable.Range(0, Users.Length).Max(n => _start[n + 1] - _start[n]);

    /// <summary>Relevant items of the n-th question, distinct, ascending.</summary>
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

        RequireDays(set);
        bool[]? isCandidate = MarkCandidates(set);
        int[] knownStart = known.UserStart(), relevantStart = relevant.UserStart();
        ReadOnlySpan<int> knownItem = known.ItemIndex.Span, relevantItem = relevant.ItemIndex.Span;

        // Marks of earlier users are smaller numbers, so the tables need no clearing between users.
        int[] knownMark = new int[known.Items.Count], relevantMark = new int[known.Items.Count];
        var users = new List<int>();
        var start = new List<int> { 0 };
        var items = new List<int>(relevant.Count);
        var knownDistinct = new List<int>();
        var before = new List<int>();
        var days = new List<int>();
        int question = 0;
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

            for (int from = relevantStart[user]; from < relevantStart[user + 1];)
            {
                int end = EndOfQuestion(set, from, relevantStart[user + 1]);
                question++;
                for (int n = from; n < end; n++)
                {
                    int item = relevantItem[n];
                    if (relevantMark[item] != question && (keepSeen || knownMark[item] != mark))
                    {
                        relevantMark[item] = question;
                        items.Add(item);
                    }
                }

                if (items.Count > start[^1])
                {
                    users.Add(user);
                    knownDistinct.Add(distinct);
                    before.Add(from - relevantStart[user]);
                    start.Add(items.Count);
                    if (set.IsByDay)
                    {
                        days.Add((int)(relevant.Time.Span[from] / Day));
                    }
                }

                // What was heard on a day is known on the next.
                for (int n = from; n < end; n++)
                {
                    distinct += knownMark[relevantItem[n]] == mark || isCandidate?[relevantItem[n]] == false ? 0 : 1;
                    knownMark[relevantItem[n]] = mark;
                }

                from = end;
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

        return new RelevantItems([.. users], [.. start], sorted, [.. knownDistinct], [.. before], [.. days]);
    }

    /// <exception cref="DatasetException">Days are asked, and times are missing.</exception>
    internal static void RequireDays(EvaluationSet set)
    {
        if (set.IsByDay && !(set.Known.HasTime && set.Relevant.HasTime && !set.Relevant.Time.Span.Contains(-1L)))
        {
            throw new DatasetException($"'{set.Relevant.Name}' is asked day by day, and some of its interactions have no time; leave those out, or ask every listener once");
        }
    }

    /// <summary>The row after the last of the question that begins at <paramref name="from"/>: of the same day, or all.</summary>
    internal static int EndOfQuestion(EvaluationSet set, int from, int end)
    {
        if (!set.IsByDay)
        {
            return end;
        }

        ReadOnlySpan<long> time = set.Relevant.Time.Span;
        int n = from + 1;
        while (n < end && time[n] / Day == time[from] / Day)
        {
            n++;
        }

        return n;
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
