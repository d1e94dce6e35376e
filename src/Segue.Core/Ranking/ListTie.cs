using System.Globalization;

namespace Segue.Core.Ranking;

/// <summary>Places of a ranked list whose order means nothing: all of it, or its end, where items with the same score were left out.</summary>
/// <param name="From">First tied place, from 1.</param>
/// <param name="To">Last tied place: the end of the list.</param>
/// <param name="IsCut">True where items with the same score are not in the list.</param>
public sealed record ListTie(int From, int To, bool IsCut)
{
    /// <summary>In words, for whoever reads the list.</summary>
    public string Text => (From, To, IsCut) switch
    {
        (1, 1, _) => "other items have the same score: this one was not preferred to them",
        (1, _, false) => "all scores are equal: the order means nothing",
        (1, _, true) => "all scores are equal, and other items have the same: the choice and its order mean nothing",
        _ when From == To => string.Create(CultureInfo.InvariantCulture, $"place {From} has a score that other items have too: it was not preferred to them"),
        _ => string.Create(CultureInfo.InvariantCulture, $"places {From} to {To} have one score, and other items have it too: the choice and its order mean nothing"),
    };

    /// <summary>The tie at the end of a list, or null where there is none.</summary>
    /// <param name="scores">Scores of the list, best first.</param>
    /// <param name="next">Score of the best item that was left out; NaN where there is none.</param>
    public static ListTie? Of(ReadOnlySpan<float> scores, float next)
    {
        if (scores.IsEmpty)
        {
            return null;
        }

        int from = scores.Length;
        while (from > 1 && scores[from - 2] == scores[^1])
        {
            from--;
        }

        bool isCut = next == scores[^1], isAll = from == 1 && scores.Length > 1;
        return isCut || isAll ? new ListTie(from, scores.Length, isCut) : null;
    }
}
