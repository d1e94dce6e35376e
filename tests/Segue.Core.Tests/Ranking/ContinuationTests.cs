using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Ranking;

public sealed class ContinuationTests
{
    // Items 0 to 3 are of artist 0, 4 to 7 of artist 1, 8 and 9 of nobody known.
    private static readonly Catalog WithArtists = new()
    {
        ItemArtist = new[] { 0, 0, 0, 0, 1, 1, 1, 1, -1, -1 },
        Artists = new StringTable(["a", "b"]),
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cancelled_work_stops(bool follows) => Cancelled.Stops(() => Continue([0], new RankOptions { K = 3 }, follows));

    /// <summary>The model likes best what comes soonest after the last item, counted round the ten items.</summary>
    [Theory]
    [InlineData(false, new[] { 4, 5, 6 })]
    [InlineData(true, new[] { 4, 5, 6 })]
    public void Seeds_are_continued_and_nothing_comes_twice(bool follows, int[] expected) =>
        Assert.Equal(expected, Continue([1, 3], new RankOptions { K = 3 }, follows));

    [Fact]
    public void Items_follow_the_one_before_them_only_where_asked()
    {
        // Two on is best after an even item, one on after an odd one.
        Assert.Equal([2, 4, 6, 8], Continue([0], new RankOptions { K = 4 }, follows: true, step: 2));
        Assert.Equal([2, 3, 4, 5], Continue([0], new RankOptions { K = 4 }, follows: false, step: 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_cap_counts_the_artists_of_seeds_and_not_those_nobody_knows(bool follows)
    {
        var options = new RankOptions { K = 10, MaxPerArtist = 2, Catalog = WithArtists };
        Assert.Equal([2, 4, 5, 8, 9], Continue([1], options, follows));
        Assert.Equal([4, 5, 8, 9], Continue([0, 1], options, follows));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Filters_hold_and_a_short_list_is_no_error(bool follows)
    {
        Assert.Equal([9], Continue([0, 1], new RankOptions { K = 5, Exclude = new[] { 2, 3, 4, 5, 6, 7, 8 } }, follows));
        Assert.Empty(Continue([0], new RankOptions { K = 0 }, follows));
        Assert.Equal(9, Continue([0], new RankOptions { K = int.MaxValue }, follows).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Times_of_the_seeds_reach_the_model_and_what_is_added_has_the_latest(bool follows)
    {
        var model = new Round(1);
        Continuation.Of(model, [1, 3], new RankOptions { K = 2 }, follows, moment: 900, seedTimes: [500, 700]);
        Assert.All(model.Asked, query => Assert.Equal(900, query.Moment));
        Assert.Equal([500, 700], model.Asked[0].HistoryTime.ToArray());
        Assert.Equal(follows ? [500, 700, 700] : [500, 700], model.Asked[^1].HistoryTime.ToArray());

        Continuation.Of(model, [1, 3], new RankOptions { K = 2 }, follows);
        Assert.True(model.Asked[^1].HistoryTime.IsEmpty);
        Assert.Throws<ArgumentException>(() => Continuation.Of(model, [1, 3], new RankOptions { K = 2 }, follows, seedTimes: [500]));
    }

    private static int[] Continue(int[] seeds, RankOptions options, bool follows, int step = 1) =>
        [.. Continuation.Of(new Round(step), seeds, options, follows).Select(r => r.ItemIndex)];

    private sealed class Round(int step) : IRecommender
    {
        public Vocabulary Items { get; } = new(Enumerable.Range(0, 10).Select(i => $"item {i}"));

        public List<Query> Asked { get; } = [];

        public void Score(Query query, Span<float> scores)
        {
            Asked.Add(query);
            int last = query.History.Span[^1];
            for (int i = 0; i < scores.Length; i++)
            {
                int distance = (i - last + 10) % 10;
                scores[i] = distance < step ? -20 - distance : -distance;
            }
        }

        public void Save(ArtifactWriter artifact)
        {
        }
    }
}
