using System.Runtime.ExceptionServices;
using Segue.Core.Contracts;
using Segue.Numerics;
using Segue.Numerics.Selection;

namespace Segue.Core.Ranking;

/// <summary>The k best items for one query or many, for every model: filters, cap and cut live here and nowhere else.</summary>
/// <remarks>
/// Ties go to the lower index. An item scored NaN (cannot be scored) or −∞ is never ranked, so a query nothing can be said
/// about gives an empty list. An item scored +∞ is refused: no model means it, so arrays or weights are beyond what floats hold.
/// </remarks>
public static class Ranker
{
    /// <summary>The best items for <paramref name="query"/>, best first.</summary>
    /// <returns>At most K items; fewer where the filters leave fewer.</returns>
    /// <exception cref="OptionException">An option is out of range, names an item that does not exist, or the cap has no artists to work on.</exception>
    /// <remarks>One scoring, then O(items) for the selection; a per-artist cap and songs with several ids may select several times.</remarks>
    public static RankedItem[] Rank(IRecommender recommender, Query query, RankOptions options)
    {
        ArgumentNullException.ThrowIfNull(recommender);
        ArgumentNullException.ThrowIfNull(query);
        var scores = new float[recommender.Items.Count];
        recommender.Score(query, scores);
        return Select(scores, options);
    }

    /// <summary>The best items for every query, in the order of <paramref name="queries"/>.</summary>
    /// <param name="recommender">Any trained model; dot-product models are scored in blocks.</param>
    /// <param name="queries">Who asks.</param>
    /// <param name="optionsOf">Options by position in <paramref name="queries"/>; called from several threads.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="cancellation">Checked between blocks.</param>
    /// <exception cref="OptionException">As <see cref="Rank(IRecommender, Query, RankOptions)"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static RankedItem[][] Rank(
        IRecommender recommender,
        IReadOnlyList<Query> queries,
        Func<int, RankOptions> optionsOf,
        int threads = 1,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(optionsOf);
        using CancellationScope scope = CancellationScope.Enter(cancellation);
        var scorer = new BlockScorer(recommender);
        var lists = new RankedItem[queries.Count][];
        var blocks = new ScoreBlock?[threads];
        try
        {
            Workers.Run(queries.Count, scorer.BlockSize, threads, RankBlock, cancellation);
        }
        catch (AggregateException error) when (error.Flatten().InnerExceptions is [var first, ..])
        {
            // What was thrown on a worker thread reads the same as on this one.
            ExceptionDispatchInfo.Throw(first);
        }

        return lists;

        void RankBlock(int start, int end, int worker)
        {
            ScoreBlock block = blocks[worker] ??= scorer.NewBlock();
            block.Score(start, end, n => queries[n]);
            for (int n = start; n < end; n++)
            {
                lists[n] = Select(block.Row(n - start), optionsOf(n));
            }
        }
    }

    /// <summary>Filters and cuts scores that are already there; <paramref name="scores"/> is overwritten where an item is filtered.</summary>
    /// <param name="scores">Scores by item index; NaN and −∞ are never ranked.</param>
    /// <param name="options">Filters, cap and length.</param>
    /// <exception cref="OptionException">As <see cref="Rank(IRecommender, Query, RankOptions)"/>.</exception>
    public static RankedItem[] Select(Span<float> scores, RankOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options, scores.Length);
        if (options.Allow is { } allow)
        {
            KeepOnly(scores, allow.Span);
        }

        Remove(scores, options.Seen.Span, options.Songs, "seen");
        Remove(scores, options.Exclude.Span, options.Songs, "excluded");
        int k = Math.Min(options.K, scores.Length);
        return options.MaxPerArtist == 0 && options.Songs.IsEmpty ? Best(scores, k) : BestWithin(scores, k, options);
    }

    private static RankedItem[] Best(ReadOnlySpan<float> scores, int k)
    {
        var indices = new int[k];
        var values = new float[k];
        int count = TopK.Select(scores, indices, values);
        if (count > 0 && float.IsPositiveInfinity(values[0]))
        {
            throw new DatasetException(
                $"item {indices[0]} scores Infinity: the model's arrays, or the weights of the data or the history, are too large to calculate with; train the model again on smaller weights");
        }

        var list = new RankedItem[count];
        for (int n = 0; n < count; n++)
        {
            list[n] = new RankedItem(indices[n], values[n]);
        }

        return list;
    }

    /// <summary>The best items with every song once and no more of one artist than the cap allows.</summary>
    private static RankedItem[] BestWithin(ReadOnlySpan<float> scores, int k, RankOptions options)
    {
        ReadOnlySpan<int> artistOf = options.MaxPerArtist > 0 ? options.Catalog!.ItemArtist.Span : default;
        var taken = new Dictionary<int, int>();
        var songs = new HashSet<int>();
        var list = new List<RankedItem>(k);

        // Most lists are full after a few times k places; only a list without enough artists needs the whole ranking.
        for (long depth = Math.Max(4L * k, 64); ; depth *= 8)
        {
            int length = (int)Math.Min(depth, scores.Length);
            RankedItem[] best = Best(scores, length);
            taken.Clear();
            songs.Clear();
            list.Clear();
            foreach (RankedItem item in best)
            {
                if (list.Count == k)
                {
                    break;
                }

                int artist = artistOf.IsEmpty ? -1 : artistOf[item.ItemIndex];
                int already = artist < 0 ? 0 : taken.GetValueOrDefault(artist);
                if ((artist < 0 || already < options.MaxPerArtist) && songs.Add(options.Songs.SongOf(item.ItemIndex)))
                {
                    list.Add(item);
                    if (artist >= 0)
                    {
                        taken[artist] = already + 1;
                    }
                }
            }

            if (list.Count == k || best.Length < length || length == scores.Length)
            {
                return [.. list];
            }
        }
    }

    private static void KeepOnly(Span<float> scores, ReadOnlySpan<int> allowed)
    {
        var keep = new bool[scores.Length];
        foreach (int item in allowed)
        {
            CheckItem(item, scores.Length, "allowed");
            keep[item] = true;
        }

        for (int i = 0; i < scores.Length; i++)
        {
            if (!keep[i])
            {
                scores[i] = float.NaN;
            }
        }
    }

    private static void Remove(Span<float> scores, ReadOnlySpan<int> items, SameSongs songs, string kind)
    {
        foreach (int item in items)
        {
            CheckItem(item, scores.Length, kind);
            scores[item] = float.NaN;
            foreach (int same in songs.Items(item))
            {
                CheckItem(same, scores.Length, kind);
                scores[same] = float.NaN;
            }
        }
    }

    private static void Check(RankOptions options, int itemCount)
    {
        if (options.K < 0)
        {
            throw new OptionException($"a list of K = {options.K} items was asked for; give 0 or more");
        }

        if (options.MaxPerArtist < 0)
        {
            throw new OptionException($"MaxPerArtist is {options.MaxPerArtist}; give 0 for no cap, or at least 1");
        }

        if (options.MaxPerArtist > 0 && (options.Catalog?.ItemArtist.Length ?? 0) != itemCount)
        {
            throw new OptionException(
                $"MaxPerArtist is {options.MaxPerArtist}, but the catalog says the artist of {options.Catalog?.ItemArtist.Length ?? 0} of "
                + $"{itemCount} items; give the catalog of the training data with artists, or no cap");
        }
    }

    private static void CheckItem(int item, int itemCount, string kind)
    {
        if ((uint)item >= (uint)itemCount)
        {
            throw new OptionException($"the {kind} items name item {item} of {itemCount}; give indices of the recommender's own items");
        }
    }
}
