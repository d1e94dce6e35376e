using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Numerics.Selection;

namespace Segue.Testing;

/// <summary>What a model trains on and what it must find again.</summary>
/// <param name="Train">Training interactions.</param>
/// <param name="Relevant">The right answers; same users and items.</param>
public sealed record WorldSplit(Dataset Train, Dataset Relevant);

/// <summary>
/// The small data sets every model's test uses. All are made from nothing but integers and <see cref="Rng"/>, so they are the
/// same on every machine and for ever: an accuracy window pinned against them stays valid.
/// </summary>
public static class SmallWorld
{
    /// <summary>Side of <see cref="Checkerboard"/> without the lonely user and item.</summary>
    public const int CheckerboardSize = 40;

    private const int UserCount = 400, GenreCount = 8, ItemsPerGenre = 30, Months = 6, PlaysPerMonth = 12;
    private const long Start = 1_262_304_000, Month = 30 * 86_400;
    private static readonly Lazy<Dataset> World = new(MakeGenres);
    private static readonly Lazy<WorldSplit> ByPair = new(CutByPair);
    private static readonly Lazy<WorldSplit> ByTime = new(CutByTime);

    /// <summary>
    /// 400 listeners and 240 tracks of 8 genres over 6 months, 12 plays a listener and month (one row a play). A listener has a
    /// first and a second genre; tracks have a Zipf popularity and a month in which they are twice as popular; two
    /// thirds of the plays come from four tracks chosen anew every month. Features: three noisy bits of the genre, a tempo that says
    /// nothing; every twentieth value is unknown, and so is all of every fiftieth track.
    /// </summary>
    public static Dataset Genres => World.Value;

    /// <summary><see cref="Genres"/> with a fifth of every listener's distinct tracks held out at random.</summary>
    public static WorldSplit PairSplit => ByPair.Value;

    /// <summary><see cref="Genres"/> with the last month held out; tracks may have been heard before.</summary>
    public static WorldSplit TimeSplit => ByTime.Value;

    /// <summary>
    /// Users and items 0 … 39: a user heard every item of its own parity except the one with its own number, which is therefore
    /// the one right answer. User 40 heard nothing and item 40 was heard by nobody. The one feature is the parity; item 40 has none.
    /// </summary>
    public static Dataset Checkerboard(bool withTime = true)
    {
        var builder = new DatasetBuilder("checkerboard", "track");
        for (int i = 0; i <= CheckerboardSize; i++)
        {
            builder.User($"user {i}");
            builder.Item($"item {i}");
        }

        for (int u = 0; u < CheckerboardSize; u++)
        {
            for (int i = u % 2; i < CheckerboardSize; i += 2)
            {
                if (i != u)
                {
                    builder.Interaction(u, i, withTime ? Start + i : -1);
                }
            }
        }

        return WithFeatures(builder.Build(), ["parity"], (i, _) => i == CheckerboardSize ? float.NaN : i % 2);
    }

    /// <summary>
    /// A dataset with the given pairs, one play each, times ascending where <paramref name="withTime"/>; features are the two lowest
    /// bits of an item's number.
    /// </summary>
    public static Dataset Of(int users, int items, ReadOnlySpan<(int User, int Item)> pairs, bool withTime = false)
    {
        var builder = new DatasetBuilder("pairs", "track");
        for (int u = 0; u < users; u++)
        {
            builder.User($"user {u}");
        }

        for (int i = 0; i < items; i++)
        {
            builder.Item($"item {i}");
        }

        long time = Start;
        foreach ((int user, int item) in pairs)
        {
            builder.Interaction(user, item, withTime ? time++ : -1);
        }

        return WithFeatures(builder.Build(), ["low", "high"], (i, f) => (i >> f) & 1);
    }

    /// <summary>Mean NDCG@10 over the users with relevant items; binary relevance, ideal list cut at min(10, relevant).</summary>
    /// <param name="split">Training data (masked unless <paramref name="keepSeen"/>) and right answers.</param>
    /// <param name="keepSeen">True where heard items may be recommended again; else they are neither listed nor right answers.</param>
    /// <param name="score">Writes the scores of a user.</param>
    public static double Ndcg(WorldSplit split, bool keepSeen, Action<int, float[]> score)
    {
        int[] trainStart = split.Train.UserStart(), relevantStart = split.Relevant.UserStart();
        ReadOnlySpan<int> seen = split.Train.ItemIndex.Span, wanted = split.Relevant.ItemIndex.Span;
        var scores = new float[split.Train.Items.Count];
        var ranked = new int[10];
        var values = new float[10];
        double total = 0;
        int users = 0;
        for (int u = 0; u < split.Train.Users.Count; u++)
        {
            ReadOnlySpan<int> heard = seen[trainStart[u]..trainStart[u + 1]];
            var relevant = new HashSet<int>(wanted[relevantStart[u]..relevantStart[u + 1]].ToArray());
            if (!keepSeen)
            {
                relevant.ExceptWith(heard.ToArray());
            }

            if (relevant.Count == 0)
            {
                continue;
            }

            score(u, scores);
            if (!keepSeen)
            {
                foreach (int item in heard)
                {
                    scores[item] = float.NegativeInfinity;
                }
            }

            int count = TopK.Select(scores, ranked, values);
            double gain = 0, ideal = 0;
            for (int r = 0; r < 10; r++)
            {
                gain += r < count && relevant.Contains(ranked[r]) ? 1 / Math.Log2(r + 2) : 0;
                ideal += r < relevant.Count ? 1 / Math.Log2(r + 2) : 0;
            }

            total += gain / ideal;
            users++;
        }

        return total / users;
    }

    private static Dataset MakeGenres()
    {
        var rng = new Rng(20_100_101, "small-world");
        var builder = new DatasetBuilder("small world", "track");
        for (int i = 0; i < GenreCount * ItemsPerGenre; i++)
        {
            builder.Item($"track {i}", $"Track {i}", $"Artist {i / 5}");
        }

        var rotation = new int[4];
        for (int u = 0; u < UserCount; u++)
        {
            int user = builder.User($"listener {u}");
            int first = rng.Next(GenreCount), second = rng.Next(GenreCount);
            for (int month = 0; month < Months; month++)
            {
                for (int n = 0; n < rotation.Length; n++)
                {
                    rotation[n] = Draw(first, second, month);
                }

                for (int play = 0; play < PlaysPerMonth; play++)
                {
                    int item = rng.Next(3) < 2 ? rotation[rng.Next(rotation.Length)] : Draw(first, second, month);
                    builder.Interaction(user, item, Start + (month * Month) + rng.Next((int)Month));
                }
            }
        }

        var noise = new Rng(20_100_103, "small-world/features");
        return WithFeatures(builder.Build(), ["brightness", "loudness", "warmth", "tempo"], (i, f) =>
        {
            float bit = f < 3 ? (i / ItemsPerGenre >> f) & 1 : 0, random = noise.NextSingle();
            return noise.Next(20) == 0 || i % 50 == 49 ? float.NaN : f == 3 ? 60 + (120 * random) : bit + random;
        });

        int Draw(int first, int second, int month)
        {
            int taste = rng.Next(100);
            int genre = taste < 60 ? first : taste < 85 ? second : rng.Next(GenreCount);
            while (true)
            {
                // Zipf by rejection on integers: rank r is kept with probability 1 / (r + 1)^½, doubled in its own month.
                int rank = rng.Next(ItemsPerGenre);
                int item = (genre * ItemsPerGenre) + rank;
                double keep = 0.5 / Math.Sqrt(rank + 1);
                if (rng.NextDouble() < (item % Months == month ? 2 * keep : keep))
                {
                    return item;
                }
            }
        }
    }

    private static Dataset WithFeatures(Dataset dataset, string[] names, Func<int, int, float> value) => dataset with
    {
        Catalog = dataset.Catalog with
        {
            FeatureNames = names,
            Features = Enumerable.Range(0, dataset.Items.Count * names.Length).Select(n => value(n / names.Length, n % names.Length)).ToArray(),
        },
    };

    private static WorldSplit CutByPair()
    {
        Dataset all = Genres;
        var rng = new Rng(20_100_102, "small-world/cut");
        int[] start = all.UserStart();
        ReadOnlySpan<int> item = all.ItemIndex.Span;
        var train = new List<int>();
        var relevant = new List<int>();
        for (int u = 0; u < all.Users.Count; u++)
        {
            int[] distinct = [.. item[start[u]..start[u + 1]].ToArray().Distinct()];
            rng.Shuffle<int>(distinct);
            var held = new HashSet<int>(distinct[..(distinct.Length / 5)]);
            for (int n = start[u]; n < start[u + 1]; n++)
            {
                (held.Contains(item[n]) ? relevant : train).Add(n);
            }
        }

        return new WorldSplit(all.Select([.. train]), all.Select([.. relevant]));
    }

    private static WorldSplit CutByTime()
    {
        Dataset all = Genres;
        long cutoff = Start + ((Months - 1) * Month);
        ReadOnlySpan<long> time = all.Time.Span;
        var train = new List<int>();
        var relevant = new List<int>();
        for (int n = 0; n < time.Length; n++)
        {
            (time[n] < cutoff ? train : relevant).Add(n);
        }

        return new WorldSplit(all.Select([.. train]), all.Select([.. relevant]));
    }
}
