using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
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

    [Theory]
    [InlineData(PlayContext.Gap)]
    [InlineData(PlayContext.Clock)]
    [InlineData(PlayContext.GapClock)]
    public void The_hour_and_the_day_of_the_plays_are_read_where_asked_for(PlayContext kind)
    {
        const long Friday = 1_262_340_300;
        IRecommender recommender = new TasteRnn(new TasteRnnOptions { EmbeddingSize = 8, HiddenSize = 8, Epochs = 1, Context = kind }).Fit(Chains.Make(), Context());
        float[] at = At(Friday);

        // 10:05 and 10:45 of a day are one hour, as are those of a week later; 11:05, or the next day, are not.
        Assert.Equal(at, At(Friday + 2400));
        Assert.Equal(at, At(Friday + (7 * 86_400)));
        Assert.Equal(kind == PlayContext.Gap, at.SequenceEqual(At(Friday + 3600)));
        Assert.Equal(kind == PlayContext.Gap, at.SequenceEqual(At(Friday + 86_400)));
        Assert.NotEqual(at, Scores(recommender, Query.ForHistory(new[] { 1, 2, 3 })));

        float[] At(long time) => Scores(recommender, Query.ForHistory(new[] { 1, 2, 3 }, time: new[] { time, time + 60, time + 120 }));
    }

    /// <summary>Song 0 is followed by song 1 in the morning and by song 2 in the evening.</summary>
    [Fact]
    public void What_follows_may_depend_on_the_hour()
    {
        var builder = new DatasetBuilder("mornings and evenings", "track");
        for (int u = 0; u < 20; u++)
        {
            int user = builder.User($"user {u}");
            for (int half = 0; half < 20; half++)
            {
                long time = 1_262_332_800 + (half * 43_200);
                builder.Interaction(user, builder.Item("0"), time);
                builder.Interaction(user, builder.Item(half % 2 == 0 ? "1" : "2"), time + 200);
            }
        }

        var options = new TasteRnnOptions
        {
            Vectors = "item2vec:sentences=sets;embedding_size=8;epochs=50",
            HiddenSize = 16,
            Epochs = 30,
            LearningRate = 0.01,
            Dropout = 0,
            Unit = SequenceUnit.Session,
            MinOffset = 1,
            MaxOffset = 1,
        };
        Assert.Equal((1, 2), (Next(PlayContext.Clock, 8), Next(PlayContext.Clock, 20)));
        Assert.Equal(Next(PlayContext.None, 8), Next(PlayContext.None, 20));

        int Next(PlayContext context, int hour)
        {
            IRecommender recommender = new TasteRnn(options with { Context = context }).Fit(builder.Build(), Context());
            float[] scores = Scores(recommender, Query.ForHistory(new[] { 0 }, time: new[] { 1_262_304_000L + (hour * 3600) }));
            return scores[1] > scores[2] ? 1 : 2;
        }
    }

    [Fact]
    public void Contexts_of_data_without_times_are_refused()
    {
        var builder = new DatasetBuilder("playlists", "track") { IsOrdered = true };
        foreach (string item in new[] { "a", "b", "c" })
        {
            builder.Interaction(builder.User("p"), builder.Item(item));
        }

        Dataset train = builder.Build();
        foreach (string kind in new[] { "gap", "clock", "gap_clock" })
        {
            string message = Assert.Throws<DatasetException>(() => ModelCatalog.Create("taste-rnn", [new("context", kind)]).Fit(train, Context())).Message;
            Assert.Contains($"context is {kind} and dataset 'playlists' has no times; set context=none", message, StringComparison.Ordinal);
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
