using Segue.Evaluation.Metrics;

namespace Segue.Evaluation.Protocol;

/// <summary>What a metric needs besides the ranks of the hits.</summary>
[Flags]
internal enum RankingNeeds
{
    None = 0,

    /// <summary>The first k places themselves.</summary>
    List = 1,

    /// <summary>The first |T| places themselves, where the catalog has artists.</summary>
    RelevantLongList = 2,

    /// <summary>The area under the ROC curve.</summary>
    Auc = 4,

    /// <summary>Listeners of every item.</summary>
    Listeners = 8,

    /// <summary>The loss of relevant items against sampled others.</summary>
    PairLoss = 32,

    /// <summary>Artists of the items; without them the metric cannot be computed.</summary>
    Artists = 16,
}

internal delegate double UserMetric(in UserRanking ranking, int k);

internal delegate double ExposureMetric(ReadOnlySpan<int> counts);

/// <summary>What is known of items, shared by all users.</summary>
internal sealed record ItemFacts(ReadOnlyMemory<int> ItemArtist, int[] Listeners, int UserCount);

/// <summary>One user's ranking, as metrics see it.</summary>
internal readonly ref struct UserRanking
{
    /// <summary>Ranks of the relevant items that were ranked, from 1, ascending.</summary>
    public required ReadOnlySpan<int> HitRanks { get; init; }

    /// <summary>The relevant items, distinct.</summary>
    public required ReadOnlySpan<int> Relevant { get; init; }

    /// <summary>The best items, best first; as long as the metrics asked for.</summary>
    public required ReadOnlySpan<int> List { get; init; }

    public required double Auc { get; init; }

    public required double PairLoss { get; init; }

    public required ItemFacts Facts { get; init; }

    /// <summary>Scratch of this thread.</summary>
    public required HashSet<int> Scratch { get; init; }

    public int RelevantCount => Relevant.Length;

    public double RPrecision()
    {
        int count = RelevantCount;
        int artists = Facts.ItemArtist.IsEmpty
            ? 0
            : Metrics.RPrecision.SharedArtists(List[..Math.Min(count, List.Length)], Relevant, Facts.ItemArtist.Span, Scratch);
        return Metrics.RPrecision.FromCounts(Metrics.HitRanks.CountUpTo(HitRanks, count), artists, count);
    }
}
