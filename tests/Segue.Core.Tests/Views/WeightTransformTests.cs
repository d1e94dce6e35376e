using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class WeightTransformTests
{
    private static readonly Dataset Plays = Build();

    [Fact]
    public void Cancelled_work_stops() => Cancelled.Stops(() => WeightTransform.Apply(SmallWorld.Checkerboard(), WeightMode.Log));

    [Fact]
    public void None_changes_nothing() => Assert.Same(Plays, WeightTransform.Apply(Plays, WeightMode.None));

    [Theory]
    [InlineData(WeightMode.Binary, new float[0])]
    [InlineData(WeightMode.Log, new[] { 0.6931472f, 1.6094379f, 1.0986123f, 1.0986123f })]
    [InlineData(WeightMode.LogShare, new[] { 0f, 1f, 1f, 1f })]
    [InlineData(WeightMode.Share, new[] { 0.2f, 0.8f, 0.5f, 0.5f })]
    public void Pairs_are_merged_at_their_last_play(WeightMode mode, float[] expected)
    {
        Dataset result = WeightTransform.Apply(Plays, mode);
        Assert.Equal([0, 0, 1, 1], result.UserIndex.ToArray());
        Assert.Equal([1, 0, 0, 1], result.ItemIndex.ToArray());
        Assert.Equal([20, 30, 5, 6], result.Time.ToArray());
        Assert.Equal(expected.Length, result.Weight.Length);
        Assert.All(expected.Zip(result.Weight.ToArray()), p => Assert.Equal(p.First, p.Second, 6));
    }

    [Fact]
    public void Log_share_reaches_one_for_the_favourite_and_falls_with_the_logarithm()
    {
        var builder = new DatasetBuilder("counts", "artist");
        foreach ((string item, float plays) in new[] { ("a", 100f), ("b", 10f), ("c", 1f) })
        {
            builder.Interaction(builder.User("u"), builder.Item(item), weight: plays);
        }

        Assert.Equal([1f, 0.5f, 0f], WeightTransform.Apply(builder.Build(), WeightMode.LogShare).Weight.ToArray());
    }

    [Fact]
    public void Who_played_everything_once_has_only_favourites()
    {
        var builder = new DatasetBuilder("counts", "artist");
        builder.Interaction(builder.User("u"), builder.Item("a"));
        builder.Interaction(0, builder.Item("b"));
        Assert.Equal([1f, 1f], WeightTransform.Apply(builder.Build(), WeightMode.LogShare).Weight.ToArray());
    }

    [Theory]
    [InlineData(WeightMode.LogShare, 0.5f)]
    [InlineData(WeightMode.Share, 0f)]
    [InlineData(WeightMode.Log, -2f)]
    [InlineData(WeightMode.Log, float.NaN)]
    [InlineData(WeightMode.Binary, float.PositiveInfinity)]
    public void Weights_that_are_no_play_counts_are_refused_by_name(WeightMode mode, float weight)
    {
        var builder = new DatasetBuilder("ratings", "artist");
        builder.Interaction(builder.User("somebody"), builder.Item("something"), weight: weight);
        DatasetException error = Assert.Throws<DatasetException>(() => WeightTransform.Apply(builder.Build(), mode));
        Assert.Contains("somebody", error.Message, StringComparison.Ordinal);
        Assert.Contains("something", error.Message, StringComparison.Ordinal);
    }

    // User 0 played b once and a four times in two rows; user 1 played both twice.
    private static Dataset Build()
    {
        var builder = new DatasetBuilder("plays", "track");
        int a = builder.Item("a"), b = builder.Item("b"), first = builder.User("first"), second = builder.User("second");
        builder.Interaction(first, a, 10, 1);
        builder.Interaction(first, b, 20, 1);
        builder.Interaction(first, a, 30, 3);
        builder.Interaction(second, a, 5, 2);
        builder.Interaction(second, b, 6, 2);
        return builder.Build();
    }
}
