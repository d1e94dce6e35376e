using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Sequence;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class SongSpaceTests
{
    /// <summary>Against sums of weights 2^(−age / half life), in double precision.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(3)]
    [InlineData(128)]
    public void Running_means_are_weighted_sums_of_the_plays_so_far(double halfLife)
    {
        const int Size = 5, Songs = 7;
        var rng = new Rng(1, "test/means");
        float[] songs = [.. Enumerable.Range(0, Songs * Size).Select(_ => (float)rng.NextDouble() - 0.5f)];
        int[] items = [.. Enumerable.Range(0, 40).Select(_ => rng.Next(Songs))], starts = [0, 1, 1, 30, 40];
        var means = new float[items.Length * Size];
        SongSpace.RunningMeans(items, starts, songs, Size, halfLife, means);
        for (int s = 0; s + 1 < starts.Length; s++)
        {
            for (int n = starts[s]; n < starts[s + 1]; n++)
            {
                double total = 0;
                var sum = new double[Size];
                for (int m = starts[s]; m <= n; m++)
                {
                    double weight = halfLife == 0 ? (m == n ? 1 : 0) : Math.Pow(2, -(n - m) / halfLife);
                    total += weight;
                    for (int c = 0; c < Size; c++)
                    {
                        sum[c] += weight * songs[(items[m] * Size) + c];
                    }
                }

                for (int c = 0; c < Size; c++)
                {
                    Assert.Equal(sum[c] / total, means[(n * Size) + c], 1e-5);
                }
            }
        }
    }

    [Theory]
    [InlineData("taste-rnn")]
    [InlineData("weighted-history")]
    public void What_hinders_the_vectors_is_said_with_the_options_of_the_model(string model)
    {
        var builder = new DatasetBuilder("many sentences", "track");
        (int one, int other) = (builder.Item("one"), builder.Item("other"));
        for (int u = 0; u < 220_000; u++)
        {
            int user = builder.User(FormattableString.Invariant($"{u}"));
            builder.Interaction(user, one, 1_262_304_000);
            builder.Interaction(user, other, 1_262_304_100);
        }

        IModel tooMany = ModelCatalog.Create(model, [new("vector_epochs", "10000"), new("embedding_size", "2")]);
        string message = Assert.Throws<ModelFitException>(() => tooMany.Fit(builder.Build(), new FitContext())).Message;
        Assert.Contains($"model '{model}': 10000 passes over 220000 sentences", message, StringComparison.Ordinal);
        Assert.Contains("lower vector_epochs, now 10000", message, StringComparison.Ordinal);
        Assert.DoesNotContain("item2vec'", message, StringComparison.Ordinal);
    }

    /// <summary>More songs than are told apart at once: of a chain, the song that follows is still found.</summary>
    [Fact]
    public void Of_many_songs_some_are_drawn_for_a_step()
    {
        const int Songs = 3000;
        var builder = new DatasetBuilder("chain", "track");
        for (int i = 0; i < Songs; i++)
        {
            builder.Item($"item {i}");
        }

        for (int u = 0; u < 60; u++)
        {
            int user = builder.User($"user {u}");
            for (int n = 0; n < 150; n++)
            {
                builder.Interaction(user, ((u * 50) + n) % Songs, 1_262_304_000 + (n * 200));
            }
        }

        IRecommender recommender = new WeightedHistory(new WeightedHistoryOptions { EmbeddingSize = 32, Plays = 5, Epochs = 2, VectorEpochs = 20 })
            .Fit(builder.Build(), new FitContext { Seed = 1 });
        var scores = new float[Songs];
        int near = 0;
        for (int n = 0; n < 30; n++)
        {
            recommender.Score(Query.ForHistory(new[] { n * 97 }), scores);
            near += scores.Count(s => s > scores[(n * 97) + 3]) < 20 ? 1 : 0;
        }

        Assert.True(near >= 27, $"the song three ahead is among the first twenty for {near} of 30");
    }
}
