using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Core.Tests.Ranking;

public class RankerTests
{
    private static readonly float[] Scores = [.5f, .9f, float.NaN, .5f, .1f, float.NegativeInfinity, .7f];

    // Artist 0 has items 1, 6, 0; artist 1 has item 3; the artists of the rest are unknown.
    private static readonly Catalog WithArtists = new()
    {
        ItemArtist = new[] { 0, 0, -1, 1, -1, -1, 0 },
        Artists = new StringTable(["a", "b"]),
    };

    /// <summary>Cancelled while it scores, a ranking asks for no more than the blocks in hand.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_cancelled_ranking_stops_between_two_queries(int threads)
    {
        using var stop = new CancellationTokenSource();
        int asked = 0;
        var recommender = new Counting(() =>
        {
            if (Interlocked.Increment(ref asked) == 3)
            {
                stop.Cancel();
            }
        });
        Assert.Throws<OperationCanceledException>(() => Ranker.Rank(
            recommender, [.. Enumerable.Range(0, 1_000).Select(_ => new Query())], _ => new RankOptions { K = 1 }, threads, stop.Token));
        Assert.InRange(asked, 3, 2 + threads);
    }

    [Fact]
    public void An_infinite_score_is_refused_wherever_it_would_be_listed()
    {
        Assert.Contains(
            "item 1 scores Infinity", Assert.Throws<DatasetException>(() => Ranker.Select([.5f, float.PositiveInfinity, 1f], new RankOptions { K = 2 })).Message,
            StringComparison.Ordinal);
        Assert.Equal([2], Ranker.Select([float.NegativeInfinity, float.NaN, 1f], new RankOptions { K = 3 }).Select(r => r.ItemIndex));
        Assert.Equal([2], Ranker.Select([.5f, float.PositiveInfinity, 1f], new RankOptions { K = 1, Exclude = new[] { 1 } }).Select(r => r.ItemIndex));
    }

    [Fact]
    public void Best_first_ties_to_the_lower_index_and_what_cannot_be_scored_nowhere() =>
        Assert.Equal([1, 6, 0, 3, 4], Rank(new RankOptions { K = 100 }));

    [Fact]
    public void Scores_come_with_the_items() =>
        Assert.Equal(
            [new RankedItem(1, .9f), new RankedItem(6, .7f)],
            Ranker.Rank(new Fixed(Scores), Query.ForUser(0), new RankOptions { K = 2 }));

    [Fact]
    public void Seen_and_excluded_items_leave_their_places_to_the_next() =>
        Assert.Equal([0, 3], Rank(new RankOptions { K = 2, Seen = new[] { 1, 1 }, Exclude = new[] { 6, 2 } }));

    [Fact]
    public void Only_allowed_items_are_ranked_and_a_ban_beats_the_allow_list()
    {
        Assert.Equal([6, 3, 4], Rank(new RankOptions { Allow = new[] { 4, 3, 6, 2 } }));
        Assert.Equal([3, 4], Rank(new RankOptions { Allow = new[] { 4, 3, 6 }, Exclude = new[] { 6 } }));
        Assert.Empty(Rank(new RankOptions { Allow = ReadOnlyMemory<int>.Empty }));
    }

    [Fact]
    public void A_cap_skips_further_items_of_an_artist_but_not_items_without_one()
    {
        Assert.Equal([1, 3, 4], Rank(new RankOptions { K = 100, MaxPerArtist = 1, Catalog = WithArtists }));
        Assert.Equal([1, 6, 3], Rank(new RankOptions { K = 3, MaxPerArtist = 2, Catalog = WithArtists }));
    }

    [Fact]
    public void A_capped_list_is_filled_from_far_down_the_ranking()
    {
        // 5,000 items of one artist score above the only two others.
        float[] scores = [.. Enumerable.Range(0, 5002).Select(i => 1f - (i / 10000f))];
        int[] artists = [.. Enumerable.Range(0, 5002).Select(i => Math.Max(0, i - 4999))];
        RankedItem[] list = Ranker.Select(scores, new RankOptions
        {
            K = 3,
            MaxPerArtist = 1,
            Catalog = new Catalog { ItemArtist = artists },
        });
        Assert.Equal([0, 5000, 5001], list.Select(i => i.ItemIndex));
    }

    [Fact]
    public void Impossible_options_say_what_to_change()
    {
        Assert.Contains("K = -1", Assert.Throws<OptionException>(() => Rank(new RankOptions { K = -1 })).Message);
        Assert.Contains("item 7 of 7", Assert.Throws<OptionException>(() => Rank(new RankOptions { Exclude = new[] { 7 } })).Message);
        Assert.Contains("item -1", Assert.Throws<OptionException>(() => Rank(new RankOptions { Seen = new[] { -1 } })).Message);
        Assert.Contains("artist", Assert.Throws<OptionException>(() => Rank(new RankOptions { MaxPerArtist = 2 })).Message);
        Assert.Throws<OptionException>(() => Rank(new RankOptions { MaxPerArtist = -1 }));
    }

    [Fact]
    public void A_list_obeys_every_filter_and_nothing_left_out_is_better()
    {
        Gen<int[]> indices = Gen.Choose(0, 39).ArrayOf();
        var cases =
            from seed in Gen.Choose(0, int.MaxValue)
            from k in Gen.Choose(0, 12)
            from cap in Gen.Choose(0, 3)
            from banned in indices
            from bySong in Gen.Elements(true, false)
            select (Seed: (ulong)seed, K: k, Cap: cap, Banned: banned, BySong: bySong);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var rng = new Rng(c.Seed);
            float[] scores = [.. Enumerable.Range(0, 40).Select(_ => rng.Next(6) is var s && s == 5 ? float.NaN : s)];
            int[] artists = [.. Enumerable.Range(0, 40).Select(_ => rng.Next(7) - 1)];
            string[] titles = [.. Enumerable.Range(0, 40).Select(_ => "t" + rng.Next(4))];
            var catalog = new Catalog { ItemArtist = artists, Names = new StringTable(titles), Artists = new StringTable(Enumerable.Range(0, 6).Select(a => "a" + a)) };
            RankedItem[] list = Ranker.Select((float[])scores.Clone(), new RankOptions
            {
                K = c.K,
                MaxPerArtist = c.Cap,
                Catalog = catalog,
                Exclude = c.Banned,
                Songs = c.BySong ? SameSongs.Of(catalog) : SameSongs.None,
            });
            bool Same(int one, int other) => one == other || (c.BySong && artists[one] >= 0 && artists[one] == artists[other] && titles[one] == titles[other]);

            // The slow twin: walk the whole ranking and take what is allowed.
            var expected = new List<int>();
            foreach (int item in Enumerable.Range(0, 40).Where(i => !float.IsNaN(scores[i]) && !c.Banned.Any(b => Same(b, i))).OrderByDescending(i => scores[i]))
            {
                bool isFull = c.Cap > 0 && artists[item] >= 0 && expected.Count(i => artists[i] == artists[item]) == c.Cap;
                if (expected.Count < c.K && !isFull && !expected.Any(e => Same(e, item)))
                {
                    expected.Add(item);
                }
            }

            return expected.SequenceEqual(list.Select(i => i.ItemIndex));
        }).Check(Properties.Cases());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Many_queries_get_the_lists_they_get_alone(int threads)
    {
        // 300 queries make three blocks; every seventh user is unknown and gets an empty list.
        var rng = new Rng(7);
        var items = new DenseMatrix(50, 8);
        var users = new DenseMatrix(300, 8);
        FillWhole(items, rng);
        FillWhole(users, rng);
        var vectors = new VectorRecommender(users, items);
        Query[] queries = [.. Enumerable.Range(0, 300).Select(u => Query.ForUser(u))];
        RankOptions Options(int n) => new() { K = 5, Exclude = new[] { n % 50 } };
        RankedItem[][] lists = Ranker.Rank(vectors, queries, Options, threads, TestContext.Current.CancellationToken);
        for (int n = 0; n < queries.Length; n++)
        {
            Assert.Equal(Ranker.Rank(vectors, queries[n], Options(n)), lists[n]);
            Assert.Equal(n % 7 == 0 ? 0 : 5, lists[n].Length);
        }
    }

    [Fact]
    public void An_error_on_a_worker_thread_arrives_as_itself()
    {
        Query[] queries = [.. Enumerable.Range(0, 1000).Select(u => Query.ForUser(u))];
        Assert.Throws<OptionException>(
            () => Ranker.Rank(new Fixed(Scores), queries, n => new RankOptions { K = n < 200 ? 1 : -1 }, 4, TestContext.Current.CancellationToken));
    }

    private static int[] Rank(RankOptions options) =>
        [.. Ranker.Rank(new Fixed(Scores), Query.ForUser(0), options).Select(i => i.ItemIndex)];

    /// <summary>Small whole numbers, so that every order of summation gives the same bits (and ties occur).</summary>
    private static void FillWhole(DenseMatrix matrix, Rng rng)
    {
        for (int i = 0; i < matrix.Values.Length; i++)
        {
            matrix.Values[i] = rng.Next(7) - 3;
        }
    }

    private sealed class Fixed(float[] scores) : IRecommender
    {
        public Vocabulary Items { get; } = new(Enumerable.Range(0, scores.Length).Select(i => $"i{i}"));

        public void Score(Query query, Span<float> target) => scores.CopyTo(target);

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
    }

    private sealed class VectorRecommender(DenseMatrix users, DenseMatrix items) : IVectorRecommender
    {
        public Vocabulary Items { get; } = new(Enumerable.Range(0, items.Rows).Select(i => $"i{i}"));

        public DenseMatrix ItemVectors => items;

        public bool TryGetUserVector(Query query, Span<float> vector)
        {
            users.Row(query.UserIndex).CopyTo(vector);
            return query.UserIndex % 7 != 0;
        }

        public void Score(Query query, Span<float> scores)
        {
            var vector = new float[items.Columns];
            bool isKnown = TryGetUserVector(query, vector);
            for (int i = 0; i < items.Rows; i++)
            {
                scores[i] = isKnown ? Enumerable.Range(0, vector.Length).Sum(c => vector[c] * items.Row(i)[c]) : float.NaN;
            }
        }

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
    }

    private sealed class Counting(Action asked) : IRecommender
    {
        public Vocabulary Items { get; } = new(["a", "b"]);

        public void Score(Query query, Span<float> scores)
        {
            asked();
            scores.Clear();
        }

        public void Save(ArtifactWriter artifact) => throw new NotSupportedException();
    }
}
