using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Baselines;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Baselines;

public sealed class OwnRepeatsTests : RecommenderContract
{
    private const long Start = 1_000_000, Day = 86_400;

    // Measured .1691; without decay .1962 (this world's listeners return to old tracks), by order instead of time .1922.
    protected override (double Low, double High) NdcgWindow => (0.166, 0.172);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override bool KeepSeen => true;

    protected override string? NoCheckerboard => "only heard items are scored";

    protected override IModel CreateModel() => new OwnRepeats(new OwnRepeatsOptions());

    [Fact]
    public void Plays_fade_with_time()
    {
        IRecommender recommender = new OwnRepeats(new OwnRepeatsOptions { HalfLifeDays = 2 }).Fit(Plays([0, 0, 4], [1, 0, 1]), Context());
        float[] scores = Scores(recommender, Query.ForUser(0));
        Assert.Equal(Math.Log2(0.25 + 1), scores[1], 5);
        Assert.Equal(-2, scores[0], 5);
        Assert.True(float.IsNaN(scores[2]));
        Assert.Equal(Math.Log2(0.25 + 1) - 1, Scores(recommender, Query.ForUser(0, Start + (6 * Day)))[1], 5);
        Assert.Equal(-1, Scores(recommender, Query.ForUser(0, Start + (2 * Day)))[1], 5);
    }

    [Fact]
    public void Order_is_enough()
    {
        var builder = new DatasetBuilder("playlist", "track") { IsOrdered = true };
        foreach (int item in new[] { 1, 0, 1 })
        {
            builder.Interaction(builder.User("u"), builder.Item($"item {item}"));
        }

        IRecommender recommender = new OwnRepeats(new OwnRepeatsOptions { HalfLifePlays = 1 }).Fit(builder.Build(), Context());
        float[] scores = Scores(recommender, Query.ForUser(0));
        Assert.Equal(Math.Log2(0.25 + 1), scores[recommender.Items.IndexOf("item 1")], 5);
        Assert.Equal(-1, scores[recommender.Items.IndexOf("item 0")], 5);
    }

    [Fact]
    public void Without_order_plays_are_counted()
    {
        var builder = new DatasetBuilder("counts", "artist");
        builder.Interaction(builder.User("u"), builder.Item("a"), weight: 5);
        builder.Interaction(0, builder.Item("b"), weight: 2);
        builder.Interaction(0, builder.Item("a"), weight: 3);
        Assert.Equal([3f, 1f], Scores(CreateModel().Fit(builder.Build(), Context()), Query.ForUser(0)));
    }

    [Fact]
    public void A_history_scores_like_the_listener_it_came_from()
    {
        IRecommender recommender = CreateModel().Fit(Plays([0, 3, 4], [1, 0, 1]), Context());
        Assert.Equal(
            Scores(recommender, Query.ForUser(0)),
            Scores(recommender, Query.ForHistory(new[] { 1, 1, 0 }, time: new[] { Start + (4 * Day), Start, Start + (3 * Day) })));
    }

    [Fact]
    public void Reason_is_the_item_itself()
    {
        var recommender = (IExplains)CreateModel().Fit(Plays([0, 0, 0], [1, 0, 1]), Context());
        Assert.Equal([new Reason(1, 2, "replayed")], recommender.Explain(Query.ForUser(0), 1, 5));
        Assert.Empty(recommender.Explain(Query.ForUser(0), 2, 5));
    }

    private static Dataset Plays(int[] days, int[] items)
    {
        var builder = new DatasetBuilder("plays", "track");
        for (int i = 0; i < 3; i++)
        {
            builder.Item($"item {i}");
        }

        for (int n = 0; n < days.Length; n++)
        {
            builder.Interaction(builder.User("user"), items[n], Start + (days[n] * Day));
        }

        return builder.Build();
    }
}
