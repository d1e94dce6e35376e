using Segue.Core;
using Segue.Core.Contracts;
using Segue.Models.Sequence;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class TasteRnnTests : RecommenderContract
{
    // Measured .2287 on the last month.
    protected override (double Low, double High) NdcgWindow => (0.2207, 0.2367);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NoCheckerboard => "nothing ever follows the last item of the board";

    protected override string? NeedsTime => "plays need an order";

    protected override IModel CreateModel() =>
        new TasteRnn(new TasteRnnOptions { EmbeddingSize = 16, HiddenSize = 24, MaxLength = 30, Epochs = 10, LearningRate = 0.005, GapMinutes = 10_000 });

    [Theory]
    [InlineData(RecurrentCell.Gru, TasteLoss.Softmax, TasteShortcut.Means)]
    [InlineData(RecurrentCell.Gru, TasteLoss.Softmax, TasteShortcut.None)]
    [InlineData(RecurrentCell.Gru, TasteLoss.Cosine, TasteShortcut.Means)]
    [InlineData(RecurrentCell.Gru, TasteLoss.Cosine, TasteShortcut.None)]
    [InlineData(RecurrentCell.Lstm, TasteLoss.Softmax, TasteShortcut.Means)]
    [InlineData(RecurrentCell.Lstm, TasteLoss.Cosine, TasteShortcut.None)]
    public void The_direction_comes_from_the_plays_before_the_last(RecurrentCell cell, TasteLoss loss, TasteShortcut shortcut)
    {
        var options = new TasteRnnOptions
        {
            EmbeddingSize = 16,
            HiddenSize = 32,
            Epochs = 60,
            LearningRate = 0.01,
            Dropout = 0,
            Cell = cell,
            Loss = loss,
            Shortcut = shortcut,
            MinOffset = 3,
            MaxOffset = 3,
        };
        IRecommender recommender = new TasteRnn(options).Fit(Chains.Make(), Context());
        int right = 0;
        for (int i = 0; i < Chains.Items; i++)
        {
            int[] up = [.. Enumerable.Range(0, 6).Select(n => (i + n) % Chains.Items)];
            right += Near(Best(recommender, up), (i + 8) % Chains.Items) + Near(Best(recommender, [.. up.Reverse()]), (i + Chains.Items - 3) % Chains.Items);
        }

        Assert.True(right >= 54, $"{right} of 60 are the song three ahead or one beside it");
    }

    [Fact]
    public void The_time_since_the_play_before_is_read_where_asked_for()
    {
        var options = new TasteRnnOptions { EmbeddingSize = 8, HiddenSize = 8, Epochs = 1 };
        int[] history = [1, 2, 3];
        foreach (PlayContext kind in Enum.GetValues<PlayContext>())
        {
            IRecommender recommender = new TasteRnn(options with { Context = kind }).Fit(Chains.Make(), Context());
            float[] soon = Scores(recommender, Query.ForHistory(history, time: new long[] { 1000, 1010, 1020 }));
            float[] late = Scores(recommender, Query.ForHistory(history, time: new long[] { 1000, 1010, 900_000 }));
            Assert.Equal(kind == PlayContext.None, soon.SequenceEqual(late));
        }
    }

    [Fact]
    public void Offsets_out_of_order_are_refused() => Assert.Contains(
        "max_offset", Assert.Throws<OptionException>(() => new TasteRnn(new TasteRnnOptions { MinOffset = 5, MaxOffset = 4 }).Fit(Chains.Make(), Context())).Message,
        StringComparison.Ordinal);

    private static int Near(int item, int right) => Math.Min((item - right + Chains.Items) % Chains.Items, (right - item + Chains.Items) % Chains.Items) <= 1 ? 1 : 0;

    private static int Best(IRecommender recommender, int[] history)
    {
        float[] scores = Scores(recommender, Query.ForHistory(history));
        return Array.IndexOf(scores, scores.Max());
    }
}
