using System.Text.RegularExpressions;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Core.Views;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Data.Synthetic;

public sealed class SyntheticWorldTests
{
    private static readonly SyntheticWorldOptions Small = new() { Users = 300, Tracks = 800, Interactions = 45_000, Genres = 6 };
    private static readonly Lazy<SyntheticWorld> Typical = new(() => SyntheticWorld.Generate(Small));
    private static readonly Lazy<SyntheticWorld> Noise = new(() => SyntheticWorld.Generate(Small with { Structure = 0 }));
    private static readonly Lazy<SyntheticWorld> Determined = new(() => SyntheticWorld.Generate(Small with { Structure = 1 }));

    [Fact]
    public void Cancelled_work_stops() =>
        Cancelled.Stops(() => SyntheticWorld.Generate(new() { Users = 4, Tracks = 20, Interactions = 100, Genres = 2 }));

    [Fact]
    public void Has_exactly_the_sizes_asked_for()
    {
        Dataset d = Typical.Value.Dataset;
        Assert.Equal((300, 800, 45_000), (d.Users.Count, d.Items.Count, d.Count));
        Assert.Equal(d.Count, d.Time.Length);
        Assert.Equal(800 * d.Catalog.FeatureNames.Count, d.Catalog.Features.Length);
        Assert.All(d.Profile.Values, column => Assert.Equal(300, column.Count));
        Assert.Equal(800, d.Catalog.Names.Count);
        Assert.All(Enumerable.Range(0, 800), i => Assert.NotEqual(string.Empty, d.Catalog.ArtistOf(i)));
        Assert.All(d.UserStart().Zip(d.UserStart().Skip(1)), p => Assert.True(p.First < p.Second));
    }

    [Theory]
    [InlineData(1, 10, 1)]
    [InlineData(3, 10, 1_000)]
    [InlineData(700, 11, 699)]
    public void Holds_at_extreme_sizes(int users, int tracks, int interactions)
    {
        var options = new SyntheticWorldOptions { Users = users, Tracks = tracks, Interactions = interactions, Genres = 20, Months = 2 };
        Dataset d = SyntheticWorld.Generate(options).Dataset;
        Assert.Equal((users, tracks, interactions), (d.Users.Count, d.Items.Count, d.Count));
        AssertOrdered(d);
    }

    [Fact]
    public void Listens_are_ordered_and_lie_in_the_months()
    {
        SyntheticWorld world = Typical.Value;
        AssertOrdered(world.Dataset);
        Assert.All(world.Dataset.Time.ToArray(), t => Assert.InRange(t, world.Truth.MonthStart[0], world.Truth.MonthStart[^1]));
        Assert.Equal(12, world.Truth.Months);
        Assert.Equal([0, 0, 1, 11, 11], new[] { 0L, 1_704_067_200, 1_706_745_600, 1_733_011_200, 9_999_999_999 }.Select(t => world.Truth.MonthOf(t)));
    }

    [Fact]
    public void Same_seed_gives_the_same_bits_for_any_number_of_threads()
    {
        var one = SyntheticWorld.Generate(Small, new FitContext { Seed = 7, Threads = 1 });
        var three = SyntheticWorld.Generate(Small, new FitContext { Seed = 7, Threads = 3 });
        var other = SyntheticWorld.Generate(Small, new FitContext { Seed = 8, Threads = 1 });
        Assert.Equal(Content(one), Content(three));
        Assert.NotEqual(Content(one)[0], Content(other)[0]);
    }

    [Fact]
    public void Popularity_of_pure_noise_follows_Zipf_with_the_exponent_asked_for()
    {
        foreach (double exponent in new[] { 0.6, 0.9, 1.2 })
        {
            Dataset d = SyntheticWorld.Generate(Small with { Structure = 0, PopularityExponent = exponent }).Dataset;
            // 45,000 draws leave the 200 most popular of 800 tracks with 30 plays and more each, so the slope is known to about .03.
            Assert.InRange(-ZipfSlope(d, 200), exponent - 0.08, exponent + 0.08);
        }
    }

    [Fact]
    public void Popularity_stays_heavy_tailed_where_tastes_rule() => Assert.InRange(-ZipfSlope(Typical.Value.Dataset, 200), 0.35, 1.2);

    [Fact]
    public void Sessions_have_gaps_as_people_have_them()
    {
        Dataset d = Typical.Value.Dataset;
        int within = 0, between = 0;
        var lengths = new List<int> { 0 };
        for (int n = 1; n < d.Count; n++)
        {
            if (d.UserIndex.Span[n] != d.UserIndex.Span[n - 1])
            {
                continue;
            }

            long gap = d.Time.Span[n] - d.Time.Span[n - 1];
            Assert.True(gap is >= 10 and (< 1_600 or > 1_860), $"row {n} comes {gap} s after the one before: neither in a session nor after a pause of 31 minutes");
            within += gap < 1_600 ? 1 : 0;
            between += gap >= 1_600 ? 1 : 0;
        }

        // Mean session length 12 by design.
        Assert.InRange((within + between + 300.0) / (between + 300), 10.5, 13.5);
    }

    [Fact]
    public void Bursts_of_repeats_exist_and_end_with_the_structure()
    {
        // Five plays in a row: in noise about the fourth power of the greatest track's share, some .1⁴, of 45,000.
        int typical = RunsOfFive(Typical.Value.Dataset);
        int without = RunsOfFive(SyntheticWorld.Generate(Small with { Bursts = 0 }).Dataset);
        int noise = RunsOfFive(Noise.Value.Dataset);
        Assert.True(typical > 50 && without < typical / 5 && noise < 8, $"{typical} runs, {without} without bursts, {noise} in noise");
    }

    [Fact]
    public void A_rotation_makes_a_month_repeat_itself()
    {
        double none = MonthConcentration(SyntheticWorld.Generate(Small with { Repeats = 0, Bursts = 0, Drift = 0 }));
        double much = MonthConcentration(SyntheticWorld.Generate(Small with { Repeats = 0.9, Bursts = 0, Drift = 0 }));
        Assert.InRange(none, 0.9, 1.12);
        Assert.True(much > 1.8, $"{much}");
    }

    [Fact]
    public void Without_structure_listeners_and_genres_are_independent()
    {
        // 299 × 5 = 1,495 degrees of freedom: χ²/df has standard deviation √(2/1495) = .037, so the window is six of them wide.
        Assert.InRange(GenreChiSquare(Noise.Value), 0.78, 1.22);
        Assert.True(GenreChiSquare(Typical.Value) > 20);
    }

    [Fact]
    public void Structure_is_what_a_neighbour_model_gains_over_popularity()
    {
        (double popularity, double neighbours) = Recall(Noise.Value.Dataset);
        Assert.True(neighbours < popularity * 1.03, $"recall of noise: popularity {popularity}, neighbours {neighbours}");
        (popularity, neighbours) = Recall(Typical.Value.Dataset);
        Assert.True(neighbours > popularity * 1.2, $"recall at structure .7: popularity {popularity}, neighbours {neighbours}");
    }

    [Fact]
    public void With_full_structure_every_listen_comes_from_the_liked_tracks_of_the_truth()
    {
        SyntheticWorld world = Determined.Value;
        var probability = new double[world.Dataset.Items.Count];
        int[] start = world.Dataset.UserStart();
        for (int u = 0; u < 20; u++)
        {
            var liked = new HashSet<int>();
            for (int month = 0; month < world.Truth.Months; month++)
            {
                world.Truth.Probability(u, month, probability);
                liked.UnionWith(Enumerable.Range(0, probability.Length).Where(i => probability[i] > 0));
            }

            Assert.All(world.Dataset.ItemIndex[start[u]..start[u + 1]].ToArray(), i => Assert.Contains(i, liked));
            Assert.True(liked.Count < probability.Length * 0.6);
        }
    }

    [Fact]
    public void Probability_is_the_share_of_fresh_listens()
    {
        SyntheticWorld world = SyntheticWorld.Generate(Small with { Users = 2, Interactions = 60_000, Repeats = 0, Bursts = 0, Months = 24, Drift = 0 });
        var probability = new double[800];
        int[] start = world.Dataset.UserStart();
        for (int u = 0; u < 2; u++)
        {
            world.Truth.Probability(u, 5, probability);
            Assert.Equal(1.0, probability.Sum(), 6);
            int plays = start[u + 1] - start[u];
            var seen = new double[800];
            foreach (int i in world.Dataset.ItemIndex[start[u]..start[u + 1]].Span)
            {
                seen[i] += 1.0 / plays;
            }

            // Whole sessions share a pole, so the spread is that of about plays / 12 draws.
            double distance = probability.Zip(seen, (p, s) => Math.Abs(p - s)).Sum() / 2;
            Assert.InRange(distance, 0, 0.1);
        }
    }

    [Fact]
    public void Drift_moves_tastes_and_what_is_heard()
    {
        SyntheticWorldOptions plain = Small with { Users = 100, Repeats = 0, Bursts = 0 };
        SyntheticWorld still = SyntheticWorld.Generate(plain with { Drift = 0 });
        SyntheticWorld fast = SyntheticWorld.Generate(plain with { Drift = 1 });
        Assert.Equal(1.0, PoleCosine(still, 11), 5);
        double near = PoleCosine(fast, 1), far = PoleCosine(fast, 11);
        Assert.True(far < near - 0.2 && near < 0.97, $"cosine of a pole with itself: {near} after one month, {far} after eleven");
        Assert.True(LatentShift(fast) > 2 * LatentShift(still), $"mean move of the heard tracks: {LatentShift(fast)} and {LatentShift(still)}");
    }

    [Fact]
    public void Features_follow_the_genre_as_far_as_the_structure_goes()
    {
        // Explained by chance: 5 of 799 degrees of freedom, .006.
        Assert.InRange(GenreShareOfFeatureVariance(Noise.Value), 0, 0.03);
        Assert.InRange(GenreShareOfFeatureVariance(Typical.Value), 0.12, 0.6);
        Assert.True(GenreShareOfFeatureVariance(Determined.Value) > GenreShareOfFeatureVariance(Typical.Value) + 0.1);
    }

    [Fact]
    public void Friends_are_alike_as_far_as_the_structure_goes()
    {
        Assert.InRange(FriendGain(Noise.Value), -0.06, 0.06);
        Assert.True(FriendGain(Typical.Value) > 0.2, $"{FriendGain(Typical.Value)}");
        Dataset d = Typical.Value.Dataset;
        var pairs = d.FriendFrom.ToArray().Zip(d.FriendTo.ToArray()).ToHashSet();
        Assert.Equal(d.FriendFrom.Length, pairs.Count);
        Assert.All(pairs, p => Assert.True(p.First != p.Second && pairs.Contains((p.Second, p.First))));
    }

    [Fact]
    public void Names_are_pronounceable_and_unique()
    {
        Dataset d = Typical.Value.Dataset;
        string[] titles = [.. Enumerable.Range(0, d.Items.Count).Select(i => d.Catalog.Names[i])];
        string[] artists = [.. Enumerable.Range(0, d.Catalog.Artists.Count).Select(a => d.Catalog.Artists[a])];
        Assert.Equal(titles.Length, titles.Distinct().Count());
        Assert.Equal(artists.Length, artists.Distinct().Count());
        Assert.All(titles.Concat(artists), name => Assert.Matches(new Regex("^[A-Z][a-z]+( [A-Za-z0-9]+)*$"), name));
        Assert.All(titles.Concat(artists), name => Assert.DoesNotMatch(new Regex("[^aeiouy ]{5}", RegexOptions.IgnoreCase), name));
    }

    [Fact]
    public void Refuses_more_listens_than_the_months_can_hold()
    {
        var error = Assert.Throws<OptionException>(() => SyntheticWorld.Generate(new() { Users = 10, Months = 1, Interactions = 100_000 }));
        Assert.Contains("100000 listens of 10 users", error.Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => SyntheticWorld.Generate(new() { Structure = 1.5 }));
    }

    private static void AssertOrdered(Dataset d)
    {
        for (int n = 1; n < d.Count; n++)
        {
            Assert.True((d.UserIndex.Span[n - 1], d.Time.Span[n - 1]).CompareTo((d.UserIndex.Span[n], d.Time.Span[n])) <= 0);
        }
    }

    private static object[] Content(SyntheticWorld w) =>
    [
        w.Dataset.ItemIndex.ToArray(), w.Dataset.UserIndex.ToArray(), w.Dataset.Time.ToArray(), w.Dataset.Catalog.Features.ToArray(),
        w.Dataset.FriendFrom.ToArray(), w.Dataset.FriendTo.ToArray(), w.Truth.Taste.ToArray(), w.Truth.TasteWeight.ToArray(),
        Enumerable.Range(0, w.Dataset.Items.Count).Select(i => w.Dataset.DisplayName(i)).ToArray(),
    ];

    // Least squares of ln plays on ln rank.
    private static double ZipfSlope(Dataset d, int ranks)
    {
        var plays = new double[d.Items.Count];
        foreach (int i in d.ItemIndex.Span)
        {
            plays[i]++;
        }

        double[] y = [.. plays.OrderDescending().Take(ranks).Select(v => Math.Log(v))];
        double[] x = [.. Enumerable.Range(1, ranks).Select(r => Math.Log(r))];
        double mx = x.Average(), my = y.Average();
        return x.Zip(y, (a, b) => (a - mx) * (b - my)).Sum() / x.Sum(a => (a - mx) * (a - mx));
    }

    private static int RunsOfFive(Dataset d)
    {
        int found = 0, run = 1;
        for (int n = 1; n < d.Count; n++)
        {
            bool same = d.ItemIndex.Span[n] == d.ItemIndex.Span[n - 1] && d.UserIndex.Span[n] == d.UserIndex.Span[n - 1];
            run = same ? run + 1 : 1;
            found += run == 5 ? 1 : 0;
        }

        return found;
    }

    // How much more often two plays of one track by one user fall into one month than two plays of different tracks.
    private static double MonthConcentration(SyntheticWorld w)
    {
        Dataset d = w.Dataset;
        int[] start = d.UserStart();
        double sameTrack = 0, sameTrackMonth = 0, all = 0, allMonth = 0;
        for (int u = 0; u < d.Users.Count; u++)
        {
            for (int a = start[u]; a < start[u + 1]; a++)
            {
                for (int b = a + 1; b < start[u + 1]; b++)
                {
                    bool month = w.Truth.MonthOf(d.Time.Span[a]) == w.Truth.MonthOf(d.Time.Span[b]);
                    // Plays of one session share a pole, which is no rotation.
                    if (d.Time.Span[b] - d.Time.Span[a] < 43_200)
                    {
                        continue;
                    }

                    bool track = d.ItemIndex.Span[a] == d.ItemIndex.Span[b];
                    sameTrack += track ? 1 : 0;
                    sameTrackMonth += track && month ? 1 : 0;
                    all += track ? 0 : 1;
                    allMonth += !track && month ? 1 : 0;
                }
            }
        }

        return sameTrackMonth / sameTrack / (allMonth / all);
    }

    private static double GenreChiSquare(SyntheticWorld w)
    {
        Dataset d = w.Dataset;
        var table = new double[d.Users.Count, 6];
        double[] byUser = new double[d.Users.Count], byGenre = new double[6];
        for (int n = 0; n < d.Count; n++)
        {
            (int u, int g) = (d.UserIndex.Span[n], w.Truth.TrackGenre[d.ItemIndex.Span[n]]);
            table[u, g]++;
            byUser[u]++;
            byGenre[g]++;
        }

        double sum = 0;
        for (int u = 0; u < d.Users.Count; u++)
        {
            for (int g = 0; g < 6; g++)
            {
                double expected = byUser[u] * byGenre[g] / d.Count;
                sum += (table[u, g] - expected) * (table[u, g] - expected) / expected;
            }
        }

        return sum / ((d.Users.Count - 1) * 5);
    }

    // A fifth of the distinct pairs is hidden; recall@20 of popularity and of 60 cosine neighbours on the hidden pairs.
    private static (double Popularity, double Neighbours) Recall(Dataset d)
    {
        CsrMatrix all = UserItemMatrix.Binary(d);
        var rng = new Rng(3, "test/hide");
        var popularity = new float[all.Columns];
        var known = new HashSet<int>[all.Rows];
        var hidden = new HashSet<int>[all.Rows];
        for (int u = 0; u < all.Rows; u++)
        {
            known[u] = [];
            hidden[u] = [];
            foreach (int i in all.RowColumns(u))
            {
                bool hide = rng.Next(5) == 0;
                (hide ? hidden[u] : known[u]).Add(i);
                popularity[i] += hide ? 0 : 1;
            }
        }

        double popularityHits = 0, neighbourHits = 0, total = 0;
        for (int u = 0; u < all.Rows; u++)
        {
            var scores = new double[all.Columns];
            foreach ((int v, double likeness) in Enumerable.Range(0, all.Rows).Where(v => v != u)
                .Select(v => (v, known[u].Count(known[v].Contains) / Math.Sqrt(known[u].Count * known[v].Count + 1.0)))
                .OrderByDescending(p => p.Item2).Take(60))
            {
                foreach (int i in known[v])
                {
                    scores[i] += likeness;
                }
            }

            int[] Top(Func<int, double> score) =>
                [.. Enumerable.Range(0, all.Columns).Where(i => !known[u].Contains(i)).OrderByDescending(score).ThenBy(i => i).Take(20)];

            popularityHits += Top(i => popularity[i]).Count(hidden[u].Contains);
            neighbourHits += Top(i => scores[i]).Count(hidden[u].Contains);
            total += Math.Min(20, hidden[u].Count);
        }

        return (popularityHits / total, neighbourHits / total);
    }

    private static double PoleCosine(SyntheticWorld w, int month) =>
        Enumerable.Range(0, w.Dataset.Users.Count).Average(u => Dot(w.Truth.Pole(u, 0, 0), w.Truth.Pole(u, month, 0)));

    // Squared distance between the mean latent vectors of a user's first and last listens.
    private static double LatentShift(SyntheticWorld w)
    {
        int[] start = w.Dataset.UserStart();
        double sum = 0;
        int users = 0;
        for (int u = 0; u < w.Dataset.Users.Count; u++)
        {
            int third = (start[u + 1] - start[u]) / 3;
            if (third < 40)
            {
                continue;
            }

            double[] first = Mean(start[u], start[u] + third), last = Mean(start[u + 1] - third, start[u + 1]);
            sum += first.Zip(last, (a, b) => (a - b) * (a - b)).Sum();
            users++;
        }

        return sum / users;

        double[] Mean(int from, int to)
        {
            var mean = new double[GroundTruth.LatentSize];
            for (int n = from; n < to; n++)
            {
                for (int k = 0; k < mean.Length; k++)
                {
                    mean[k] += w.Truth.TrackLatent.Span[(w.Dataset.ItemIndex.Span[n] * mean.Length) + k] / (to - from);
                }
            }

            return mean;
        }
    }

    private static double GenreShareOfFeatureVariance(SyntheticWorld w)
    {
        int width = w.Dataset.Catalog.FeatureNames.Count;
        float[] features = w.Dataset.Catalog.Features.ToArray();
        double share = 0;
        for (int f = 0; f < width; f++)
        {
            double[] x = [.. Enumerable.Range(0, w.Dataset.Items.Count).Select(i => (double)features[(i * width) + f])];
            double mean = x.Average();
            double between = Enumerable.Range(0, x.Length).GroupBy(i => w.Truth.TrackGenre[i]).Sum(g => g.Count() * Math.Pow(g.Average(i => x[i]) - mean, 2));
            share += between / x.Sum(v => (v - mean) * (v - mean)) / width;
        }

        return share;
    }

    // Mean of the best cosine between the poles of two friends, less that of pairs shifted by one row.
    private static double FriendGain(SyntheticWorld w)
    {
        int[] from = w.Dataset.FriendFrom.ToArray(), to = w.Dataset.FriendTo.ToArray();
        int shift = from.Length / 2;
        return Enumerable.Range(0, from.Length).Average(n => Best(from[n], to[n]) - Best(from[n], to[(n + shift) % from.Length]));

        double Best(int a, int b) =>
            (from p in Enumerable.Range(0, 2) from q in Enumerable.Range(0, 2) select Dot(w.Truth.Pole(a, 0, p), w.Truth.Pole(b, 0, q))).Max();
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int d = 0; d < a.Length; d++)
        {
            sum += a[d] * b[d];
        }

        return sum;
    }
}
