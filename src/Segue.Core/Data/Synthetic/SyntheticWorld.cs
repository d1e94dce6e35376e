using System.Globalization;
using System.Text.Json.Nodes;
using Segue.Core.Contracts;
using Segue.Numerics;
using Segue.Numerics.Sampling;

namespace Segue.Core.Data.Synthetic;

/// <summary>
/// An invented world of listeners and music whose truth is known: genres, artists, albums and tracks with Zipf popularity and
/// audio features that follow the genre; listeners with drifting taste, sessions, a rotation of the month and bursts of repeats.
/// </summary>
/// <remarks>
/// <para>
/// Every listen follows the listener's taste with probability <see cref="SyntheticWorldOptions.Structure"/> and is an
/// independent draw from track popularity otherwise. A taste-led listen repeats the track before it (a burst), or is from the
/// month's rotation (half of which changes from month to month), or is a fresh draw from the liked tracks of the session's
/// pole of taste; see <see cref="GroundTruth"/>. Audio features and friendships follow the latent vectors to the same degree.
/// </para>
/// <para>
/// A session starts at the listener's own hours; its tracks follow one another without a pause of 30 minutes, and 31 minutes
/// at least lie between two sessions. Same options and seed: same bits, for any number of threads.
/// Time O(users · months · tracks + interactions).
/// </para>
/// </remarks>
public sealed class SyntheticWorld
{
    private const int LatentSize = GroundTruth.LatentSize;
    private const int Poles = GroundTruth.Poles;
    private const int RotationSize = 8;
    private const double BurstContinues = 0.85;
    private const double MeanSessionLength = 12;
    private const int SessionGap = 31 * 60;
    private const int MostListensADay = 100;
    private const long Start = 1_704_067_200; // 2024-01-01T00:00:00Z

    private static readonly (string Name, double Middle, double Spread, double Low, double High)[] FeatureScales =
    [
        ("danceability", 0.57, 0.16, 0, 1), ("energy", 0.62, 0.21, 0, 1), ("loudness", -8.5, 4.2, -40, 2),
        ("speechiness", 0.09, 0.08, 0.02, 1), ("acousticness", 0.33, 0.27, 0, 1), ("instrumentalness", 0.2, 0.25, 0, 1),
        ("liveness", 0.2, 0.14, 0.01, 1), ("valence", 0.5, 0.22, 0, 1), ("tempo", 120, 26, 40, 230),
        ("duration_ms", 222_000, 38_000, 90_000, 360_000),
    ];

    private SyntheticWorld(Dataset dataset, GroundTruth truth) => (Dataset, Truth) = (dataset, truth);

    /// <summary>The listens, the catalogue and the listeners, as a program gets to see them.</summary>
    public Dataset Dataset { get; }

    /// <summary>What made them.</summary>
    public GroundTruth Truth { get; }

    /// <summary>Makes a world.</summary>
    /// <param name="options">Sizes and laws; null for the defaults.</param>
    /// <param name="context">Seed, threads and cancellation; null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range, or the listens do not fit into the months.</exception>
    public static SyntheticWorld Generate(SyntheticWorldOptions? options = null, FitContext? context = null)
    {
        options ??= new();
        context ??= new();
        OptionsText.Validate(options, "the synthetic world");
        using CancellationScope scope = CancellationScope.Enter(context.Cancellation);
        long[] months = MonthStarts(options.Months);
        int[] userStart = Activity(options, months, context.CreateRng("world/activity"), out long[] joined);
        Music music = Music.Make(options, context);
        float[] features = Features(options, music.TrackLatent, context.CreateRng("world/features"));

        var taste = new float[checked(options.Users * options.Months * Poles * LatentSize)];
        var weight = new float[options.Users * options.Months * Poles];
        GroundTruth truth = music.Truth(options, months, taste, weight);
        var user = new int[options.Interactions];
        var item = new int[options.Interactions];
        var time = new long[options.Interactions];
        Workers.Run(options.Users, 16, context.Threads, (from, to, _) =>
        {
            var scores = new float[options.Tracks];
            for (int u = from; u < to; u++)
            {
                Rng rng = context.CreateRng($"world/listener/{u.ToString(CultureInfo.InvariantCulture)}");
                Range rows = userStart[u]..userStart[u + 1];
                user.AsSpan(rows).Fill(u);
                int firstPole = u * options.Months * Poles;
                MakeTaste(options, music, rng, taste.AsSpan(firstPole * LatentSize), weight.AsSpan(firstPole));
                new Listener(options, music, truth, features, u, rng, scores).Play(joined[u], item.AsSpan(rows), time.AsSpan(rows));
            }
        }, context.Cancellation);

        (int[] friendFrom, int[] friendTo) = Friendships(options, truth, context.CreateRng("world/friends"));
        var dataset = new Dataset
        {
            Name = "synthetic-world",
            Level = "track",
            Users = Listeners(options.Users, context.CreateRng("world/listener-names")),
            Items = new Vocabulary(Enumerable.Range(0, options.Tracks).Select(i => FormattableString.Invariant($"track-{i:D5}"))),
            UserIndex = user,
            ItemIndex = item,
            Time = time,
            IsOrdered = true,
            Catalog = music.Catalog with { FeatureNames = [.. FeatureScales.Select(f => f.Name)], Features = features },
            Profile = Profile(options.Users, joined, context.CreateRng("world/profile")),
            FriendFrom = friendFrom,
            FriendTo = friendTo,
            Provenance = Provenance(options, context.Seed),
        };
        return new SyntheticWorld(dataset, truth);
    }

    private static long[] MonthStarts(int months)
    {
        DateTime first = DateTime.UnixEpoch.AddSeconds(Start);
        return [.. Enumerable.Range(0, months + 1).Select(m => (long)(first.AddMonths(m) - DateTime.UnixEpoch).TotalSeconds)];
    }

    // Log-normal activity, at most 100 listens a day, and exactly as many listens in all as asked for.
    private static int[] Activity(SyntheticWorldOptions options, long[] months, Rng rng, out long[] joined)
    {
        long span = months[^1] - months[0];
        var most = new double[options.Users];
        var wish = new double[options.Users];
        joined = new long[options.Users];
        for (int u = 0; u < options.Users; u++)
        {
            // Two thirds were there from the start, the others joined in the first half.
            joined[u] = months[0] + (rng.NextDouble() < 0.67 ? 0 : (long)(rng.NextDouble() * 0.5 * span));
            wish[u] = Math.Exp(0.7 * rng.NextGaussian());
            most[u] = Math.Floor((months[^1] - joined[u]) / 86_400.0 * MostListensADay);
        }

        double room = Math.Floor(0.8 * most.Sum());
        if (options.Interactions > room)
        {
            throw new OptionException(
                $"{options.Interactions} listens of {options.Users} users do not fit into {options.Months} months " +
                $"at {MostListensADay} a day; lower interactions to {OptionsText.Format(room)} or raise users or months");
        }

        double low = 0, high = 1e9;
        for (int step = 0; step < 200; step++)
        {
            CancellationScope.Check();
            double middle = (low + high) / 2;
            double total = 0;
            for (int u = 0; u < options.Users; u++)
            {
                total += Math.Min(most[u], middle * wish[u]);
            }

            (low, high) = total < options.Interactions ? (middle, high) : (low, middle);
        }

        // Rounding the running sum gives whole numbers that add up.
        var start = new int[options.Users + 1];
        double sum = 0;
        for (int u = 0; u < options.Users; u++)
        {
            sum += Math.Min(most[u], low * wish[u]);
            start[u + 1] = u + 1 == options.Users ? options.Interactions : (int)Math.Min(options.Interactions, Math.Round(sum));
        }

        return start;
    }

    private static void MakeTaste(SyntheticWorldOptions options, Music music, Rng rng, Span<float> taste, Span<float> weight)
    {
        Span<float> pole = stackalloc float[LatentSize];
        Span<double> pull = stackalloc double[Poles];
        for (int p = 0; p < Poles; p++)
        {
            pull[p] = rng.NextGaussian();
        }

        for (int month = 0; month < options.Months; month++)
        {
            double sum = 0;
            for (int p = 0; p < Poles; p++)
            {
                int at = ((month * Poles) + p) * LatentSize;
                if (month == 0)
                {
                    music.NearGenre(music.DrawGenre(rng), Music.TasteSpread, rng, pole);
                }
                else
                {
                    taste.Slice(at - (Poles * LatentSize), LatentSize).CopyTo(pole);
                    Music.Move(pole, options.Drift * Music.TasteSpread, rng);
                    pull[p] += 0.3 * options.Drift * rng.NextGaussian();
                }

                pole.CopyTo(taste[at..]);
                sum += Math.Exp(pull[p]);
            }

            for (int p = 0; p < Poles; p++)
            {
                weight[(month * Poles) + p] = (float)(Math.Exp(pull[p]) / sum);
            }
        }
    }

    private static float[] Features(SyntheticWorldOptions options, float[] trackLatent, Rng rng)
    {
        int width = FeatureScales.Length;
        var loading = new float[width * LatentSize];
        for (int f = 0; f < width; f++)
        {
            Span<float> row = loading.AsSpan(f * LatentSize, LatentSize);
            rng.FillGaussian(row, 1f);
            Music.Normalize(row);
        }

        // A unit vector's coordinate has variance 1/8; the factor makes the part that follows the latent vector as wide as the noise.
        double signal = options.Structure * Math.Sqrt(LatentSize), noise = Math.Sqrt(1 - (options.Structure * options.Structure));
        var features = new float[options.Tracks * width];
        for (int i = 0; i < options.Tracks; i++)
        {
            ReadOnlySpan<float> latent = trackLatent.AsSpan(i * LatentSize, LatentSize);
            for (int f = 0; f < width; f++)
            {
                (_, double middle, double spread, double low, double high) = FeatureScales[f];
                double z = (signal * Music.Dot(latent, loading.AsSpan(f * LatentSize, LatentSize))) + (noise * rng.NextGaussian());
                // A logistic curve through the middle with the slope of the spread: bounded, without heaps at the bounds.
                double share = (middle - low) / (high - low);
                double slope = spread / ((high - low) * share * (1 - share));
                features[(i * width) + f] = (float)(low + ((high - low) / (1 + Math.Exp(-Math.Log(share / (1 - share)) - (slope * z)))));
            }
        }

        return features;
    }

    private static (int[] From, int[] To) Friendships(SyntheticWorldOptions options, GroundTruth truth, Rng rng)
    {
        const int Candidates = 60, MeanFriends = 3;
        var pairs = new HashSet<(int, int)>();
        for (int u = 0; u < options.Users && options.Users > 1; u++)
        {
            CancellationScope.CheckAt(u);
            int wanted = (int)Math.Round(rng.NextExponential() * MeanFriends);
            for (int n = 0; n < wanted; n++)
            {
                int friend = -1;
                double best = double.NegativeInfinity;
                bool byTaste = rng.NextDouble() < options.Structure;
                for (int c = 0; c < (byTaste ? Candidates : 1); c++)
                {
                    int candidate = rng.Next(options.Users - 1);
                    candidate += candidate >= u ? 1 : 0;
                    double likeness = Likeness(truth, u, candidate);
                    if (likeness > best)
                    {
                        (friend, best) = (candidate, likeness);
                    }
                }

                pairs.Add((Math.Min(u, friend), Math.Max(u, friend)));
            }
        }

        var rows = pairs.SelectMany(p => new[] { p, (p.Item2, p.Item1) }).Order().ToList();
        return ([.. rows.Select(r => r.Item1)], [.. rows.Select(r => r.Item2)]);
    }

    // Inner product of the two tastes as densities of poles, in the first month.
    private static double Likeness(GroundTruth truth, int a, int b)
    {
        double sum = 0;
        for (int p = 0; p < Poles; p++)
        {
            for (int q = 0; q < Poles; q++)
            {
                double weight = truth.PoleWeight(a, 0, p) * truth.PoleWeight(b, 0, q);
                sum += weight * Math.Exp(4 * Music.Dot(truth.Pole(a, 0, p), truth.Pole(b, 0, q)));
            }
        }

        return sum;
    }

    private static Vocabulary Listeners(int users, Rng rng)
    {
        var names = new NameMaker(rng);
        return new Vocabulary(Enumerable.Range(0, users).Select(_ => names.Listener().Replace(' ', '-')).ToList());
    }

    private static Dictionary<string, StringTable> Profile(int users, long[] joined, Rng rng)
    {
        var names = new NameMaker(rng);
        string[] countries = [.. Enumerable.Range(0, 12).Select(_ => names.Country())];
        string[] gender = new string[users], age = new string[users], country = new string[users], signup = new string[users];
        for (int u = 0; u < users; u++)
        {
            gender[u] = rng.NextDouble() switch { < 0.1 => string.Empty, < 0.55 => "f", _ => "m" };
            int years = (int)(16 + (12 * rng.NextExponential()));
            age[u] = rng.NextDouble() < 0.2 ? string.Empty : Math.Min(years, 90).ToString(CultureInfo.InvariantCulture);
            country[u] = countries[Math.Min((int)(2.5 * rng.NextExponential()), countries.Length - 1)];
            signup[u] = DateTime.UnixEpoch.AddSeconds(joined[u]).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        return new()
        {
            ["age"] = new StringTable(age),
            ["country"] = new StringTable(country),
            ["gender"] = new StringTable(gender),
            ["signup"] = new StringTable(signup),
        };
    }

    private static JsonObject Provenance(SyntheticWorldOptions options, ulong seed)
    {
        var made = new JsonObject { ["source"] = "synthetic-world", ["seed"] = seed };
        var values = new JsonObject();
        foreach ((string key, object value) in OptionsText.ToPairs(options))
        {
            values[key] = JsonValue.Create(value);
        }

        made["options"] = values;
        return made;
    }

    /// <summary>Genres, artists, albums and tracks.</summary>
    private sealed class Music
    {
        public const double TasteSpread = 0.45;
        private const double ArtistSpread = 0.45, TrackSpread = 0.25, TracksPerArtist = 12;

        private readonly float[] _genreCentre;
        private readonly double[] _genreShare;
        private readonly int[] _artistGenre, _trackGenre;
        private readonly string[] _genreNames;
        private readonly float[] _trackLatent;
        private readonly double[] _popularity;

        private Music(SyntheticWorldOptions options, FitContext context)
        {
            Rng rng = context.CreateRng("world/music");
            var names = new NameMaker(context.CreateRng("world/names"));
            _genreNames = [.. Enumerable.Range(0, options.Genres).Select(_ => names.Genre())];
            _genreCentre = new float[options.Genres * LatentSize];
            _genreShare = Cumulative([.. Enumerable.Range(1, options.Genres).Select(g => Math.Pow(g, -0.6))]);
            for (int g = 0; g < options.Genres; g++)
            {
                Span<float> centre = _genreCentre.AsSpan(g * LatentSize, LatentSize);
                rng.FillGaussian(centre, 1f);
                Normalize(centre);
            }

            int artists = Math.Max(options.Genres, (int)Math.Round(options.Tracks / TracksPerArtist));
            _artistGenre = new int[artists];
            var artistLatent = new float[artists * LatentSize];
            var fame = new double[artists];
            var albums = new List<string>();
            var albumsOf = new (int First, int Count)[artists];
            for (int a = 0; a < artists; a++)
            {
                _artistGenre[a] = a < options.Genres ? a : DrawGenre(rng);
                NearGenre(_artistGenre[a], ArtistSpread, rng, artistLatent.AsSpan(a * LatentSize, LatentSize));
                fame[a] = rng.NextGaussian();
                albumsOf[a] = (albums.Count, 1 + rng.Next(3));
                albums.AddRange(Enumerable.Range(0, albumsOf[a].Count).Select(_ => names.Album()));
            }

            _trackGenre = new int[options.Tracks];
            _trackLatent = new float[options.Tracks * LatentSize];
            var appeal = new double[options.Tracks];
            int[] artist = new int[options.Tracks], album = new int[options.Tracks];
            for (int i = 0; i < options.Tracks; i++)
            {
                artist[i] = i < artists ? i : rng.Next(artists);
                album[i] = albumsOf[artist[i]].First + rng.Next(albumsOf[artist[i]].Count);
                _trackGenre[i] = _artistGenre[artist[i]];
                Span<float> latent = _trackLatent.AsSpan(i * LatentSize, LatentSize);
                artistLatent.AsSpan(artist[i] * LatentSize, LatentSize).CopyTo(latent);
                Move(latent, TrackSpread, rng);
                appeal[i] = fame[artist[i]] + rng.NextGaussian();
            }

            // Zipf's law over the order of appeal, so a known artist's tracks stand high together.
            int[] rank = [.. Enumerable.Range(0, options.Tracks).OrderByDescending(i => appeal[i]).ThenBy(i => i)];
            _popularity = new double[options.Tracks];
            double total = Enumerable.Range(1, options.Tracks).Sum(r => Math.Pow(r, -options.PopularityExponent));
            for (int r = 0; r < options.Tracks; r++)
            {
                _popularity[rank[r]] = Math.Pow(r + 1, -options.PopularityExponent) / total;
            }

            PopularityCumulative = Cumulative(_popularity);
            Catalog = new Catalog
            {
                Artists = new StringTable([.. Enumerable.Range(0, artists).Select(_ => names.Artist())]),
                ItemArtist = artist,
                Albums = new StringTable(albums),
                ItemAlbum = album,
                Names = new StringTable([.. Enumerable.Range(0, options.Tracks).Select(_ => names.Track())]),
            };
        }

        public Catalog Catalog { get; }

        public double[] PopularityCumulative { get; }

        public static Music Make(SyntheticWorldOptions options, FitContext context) => new(options, context);

        public float[] TrackLatent => _trackLatent;

        public GroundTruth Truth(SyntheticWorldOptions options, long[] months, float[] taste, float[] weight) =>
            new(options.Structure, _trackGenre, _trackLatent, _popularity, Math.Clamp(options.Tracks / 20, 5, 60))
            {
                Genres = _genreNames,
                ArtistGenre = _artistGenre,
                MonthStart = months,
                Taste = taste,
                TasteWeight = weight,
            };

        public int DrawGenre(Rng rng) => Draw(_genreShare, rng.NextDouble());

        public void NearGenre(int genre, double spread, Rng rng, Span<float> latent)
        {
            _genreCentre.AsSpan(genre * LatentSize, LatentSize).CopyTo(latent);
            Move(latent, spread, rng);
        }

        public static int Draw(double[] cumulative, double uniform)
        {
            int at = Array.BinarySearch(cumulative, uniform);
            return Math.Min(at < 0 ? ~at : at + 1, cumulative.Length - 1);
        }

        // One step of length about `spread` on the unit sphere.
        public static void Move(Span<float> unit, double spread, Rng rng)
        {
            float scale = (float)(spread / Math.Sqrt(LatentSize));
            for (int d = 0; d < LatentSize; d++)
            {
                unit[d] += scale * rng.NextGaussian();
            }

            Normalize(unit);
        }

        public static void Normalize(Span<float> vector)
        {
            float norm = MathF.Sqrt((float)Dot(vector, vector));
            for (int d = 0; d < vector.Length; d++)
            {
                vector[d] /= norm;
            }
        }

        public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            double sum = 0;
            for (int d = 0; d < a.Length; d++)
            {
                sum += (double)a[d] * b[d];
            }

            return sum;
        }

        private static double[] Cumulative(double[] shares)
        {
            var cumulative = new double[shares.Length];
            double sum = 0;
            for (int i = 0; i < shares.Length; i++)
            {
                sum += shares[i];
                cumulative[i] = sum;
            }

            for (int i = 0; i < shares.Length; i++)
            {
                cumulative[i] /= sum;
            }

            return cumulative;
        }
    }

    /// <summary>Plays one listener's sessions.</summary>
    private sealed class Listener(
        SyntheticWorldOptions options, Music music, GroundTruth truth, float[] features, int user, Rng rng, float[] scores)
    {
        private const int DurationColumn = 9;
        private readonly GroundTruth.LikedList[] _liked = new GroundTruth.LikedList[Poles];
        private readonly int[] _rotation = new int[Poles * RotationSize];
        private int _month = -1;

        public void Play(long joined, Span<int> items, Span<long> times)
        {
            long free = joined;
            int done = 0;
            foreach ((long wish, int length) in Sessions(joined, items.Length))
            {
                long now = Math.Max(wish, free);
                EnterMonth(truth.MonthOf(now));
                int pole = rng.NextDouble() < truth.PoleWeight(user, _month, 0) ? 0 : 1;
                int burst = -1;
                for (int n = 0; n < length; n++, done++)
                {
                    int track = Next(pole, ref burst);
                    items[done] = track;
                    times[done] = now;
                    // A track is heard to its end, skipped, or followed by a short pause.
                    double seconds = features[(track * FeatureScales.Length) + DurationColumn] / 1000.0;
                    now += (long)(rng.NextDouble() switch
                    {
                        < 0.12 => 10 + (seconds * rng.NextDouble()),
                        > 0.97 => seconds + Math.Min(300 * rng.NextExponential(), 1_200),
                        _ => seconds + 1,
                    });
                }

                free = now + SessionGap + (long)(900 * rng.NextExponential());
            }
        }

        private List<(long Start, int Length)> Sessions(long joined, int listens)
        {
            // The last day stays free, so that what is pushed back by a long session still ends in the last month.
            long days = Math.Max(1, ((truth.MonthStart[^1] - joined) / 86_400) - 1);
            double hour = 8 + (14 * rng.NextDouble());
            var sessions = new List<(long Start, int Length)>();
            for (int left = listens; left > 0;)
            {
                int length = Math.Min(left, 1 + (int)(rng.NextExponential() * (MeanSessionLength - 0.5)));
                double when = (hour + (3 * rng.NextGaussian()) + 48) % 24;
                sessions.Add((joined + (86_400L * rng.Next((int)days)) + (long)(when * 3_600), length));
                left -= length;
            }

            sessions.Sort();
            return sessions;
        }

        private void EnterMonth(int month)
        {
            if (month == _month)
            {
                return;
            }

            bool first = _month < 0;
            for (int p = 0; p < Poles; p++)
            {
                bool moved = first || !truth.Pole(user, month, p).SequenceEqual(truth.Pole(user, _month, p));
                _liked[p] = moved ? truth.Liked(truth.Pole(user, month, p), scores) : _liked[p];
                for (int r = 0; r < RotationSize; r++)
                {
                    if (first || rng.Next(2) == 0)
                    {
                        _rotation[(p * RotationSize) + r] = _liked[p].Draw(rng.NextDouble());
                    }
                }
            }

            _month = month;
        }

        // Noise may fall into a burst without ending it, so that exactly the share Structure of all listens follows the taste.
        private int Next(int pole, ref int burst)
        {
            if (rng.NextDouble() >= options.Structure)
            {
                return Music.Draw(music.PopularityCumulative, rng.NextDouble());
            }

            if (burst >= 0 && rng.NextDouble() < BurstContinues)
            {
                return burst;
            }

            int track = rng.NextDouble() < options.Repeats
                ? _rotation[(pole * RotationSize) + rng.Next(RotationSize)]
                : _liked[pole].Draw(rng.NextDouble());
            burst = rng.NextDouble() < options.Bursts ? track : -1;
            return track;
        }
    }
}
