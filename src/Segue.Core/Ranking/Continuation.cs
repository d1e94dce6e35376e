using Segue.Core.Contracts;
using Segue.Numerics;

namespace Segue.Core.Ranking;

/// <summary>Continues a playlist.</summary>
public static class Continuation
{
    /// <summary>Items to follow <paramref name="seeds"/>, in the order in which they should be played; none twice, and none of the seeds.</summary>
    /// <param name="recommender">Any trained model.</param>
    /// <param name="seeds">Items of the playlist so far, oldest first; repeats allowed.</param>
    /// <param name="options">
    /// Length, filters and cap. The cap counts the artists of what is added and of the seeds: a playlist with two tracks of an artist gets no third where the cap is 2.
    /// </param>
    /// <param name="follows">
    /// True: every item is the best after the seeds and all that was added before it, for models that read the order. False: all are the best after the seeds alone.
    /// </param>
    /// <param name="moment">Moment of the queries, Unix seconds, or −1.</param>
    /// <param name="seedTimes">
    /// Unix seconds of the seeds (−1 unknown), or empty. What is added has the latest of them: a playlist is one session, whenever it is asked for, so no pause may
    /// part the seeds from what follows them.
    /// </param>
    /// <returns>At most K items; fewer where the filters leave fewer or the model can score no more.</returns>
    /// <exception cref="ArgumentException">Times, but not one a seed.</exception>
    /// <exception cref="OptionException">As <see cref="Ranker.Rank(IRecommender, Query, RankOptions)"/>.</exception>
    /// <remarks>One scoring of the catalogue, or K of them where items follow each other.</remarks>
    public static RankedItem[] Of(IRecommender recommender, ReadOnlySpan<int> seeds, RankOptions options, bool follows, long moment = -1, ReadOnlySpan<long> seedTimes = default)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        ArgumentNullException.ThrowIfNull(options);
        if (!seedTimes.IsEmpty && seedTimes.Length != seeds.Length)
        {
            throw new ArgumentException($"{seedTimes.Length} times for {seeds.Length} seeds; give one a seed, or none", nameof(seedTimes));
        }

        List<int> playlist = [.. seeds];
        List<long> times = [.. seedTimes];
        long latest = times.Count > 0 ? times.Max() : -1;
        ReadOnlyMemory<int> artists = options.Catalog?.ItemArtist ?? default;
        var taken = new Dictionary<int, int>();
        foreach (int item in seeds)
        {
            Take(item);
        }

        var added = new List<RankedItem>();
        bool goesOn = options.K > 0;
        while (goesOn)
        {
            CancellationScope.Check();
            RankedItem[] ranked = Ranked(follows ? 1 : int.MaxValue);
            foreach (RankedItem next in ranked)
            {
                if (added.Count < options.K && !IsFull(next.ItemIndex))
                {
                    added.Add(next);
                    playlist.Add(next.ItemIndex);
                    if (times.Count > 0)
                    {
                        times.Add(latest);
                    }

                    Take(next.ItemIndex);
                }
            }

            goesOn = follows && ranked.Length > 0 && added.Count < options.K;
        }

        return [.. added];

        RankedItem[] Ranked(int k)
        {
            // The ranker counts artists within one list only; those that the playlist is full of are left out here.
            int[] full = [.. taken.Values.Any(count => count >= options.MaxPerArtist) ? Enumerable.Range(0, recommender.Items.Count).Where(IsFull) : []];
            int[] present = [.. playlist];
            return Ranker.Rank(recommender, Query.ForHistory(present, time: times.ToArray(), moment: moment), options with
            {
                K = k,
                Seen = present,
                Exclude = (int[])[.. options.Exclude.Span, .. full],
            });
        }

        void Take(int item)
        {
            if (options.MaxPerArtist > 0 && item < artists.Length && artists.Span[item] is >= 0 and var artist)
            {
                taken[artist] = taken.GetValueOrDefault(artist) + 1;
            }
        }

        bool IsFull(int item) =>
            options.MaxPerArtist > 0 && item < artists.Length && artists.Span[item] is >= 0 and var artist && taken.GetValueOrDefault(artist) >= options.MaxPerArtist;
    }
}
