using Segue.Core;
using Segue.Core.Data;
using Segue.Core.Splitting;
using Segue.Evaluation.Protocol;
using Segue.Numerics.Sampling;

namespace Segue.Evaluation;

/// <summary>An evaluation set for fewer users; only to reproduce tables that were computed on some of them.</summary>
public static class EvaluationSample
{
    /// <summary><paramref name="set"/> asked of <paramref name="count"/> users only, drawn at random of those with a right answer.</summary>
    /// <param name="set">The whole set.</param>
    /// <param name="count">Users to keep; all where there are no more.</param>
    /// <param name="keepSeen">Whether a relevant item that is known already is a right answer.</param>
    /// <param name="seed">Seed of the draw; nothing but the set and the seed decides it.</param>
    /// <exception cref="DatasetException">Nobody has a right answer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public static EvaluationSet OfUsers(EvaluationSet set, int count, bool keepSeen, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int[] users = [.. RelevantItems.From(set, keepSeen).Users];
        new Rng(seed, "evaluation/users").Shuffle<int>(users);
        var isKept = new bool[set.Relevant.Users.Count];
        foreach (int user in users.AsSpan(0, Math.Min(count, users.Length)))
        {
            isKept[user] = true;
        }

        ReadOnlySpan<int> userOf = set.Relevant.UserIndex.Span;
        var rows = new List<int>();
        for (int n = 0; n < userOf.Length; n++)
        {
            if (isKept[userOf[n]])
            {
                rows.Add(n);
            }
        }

        return set with { Relevant = set.Relevant.Select([.. rows]) };
    }
}
