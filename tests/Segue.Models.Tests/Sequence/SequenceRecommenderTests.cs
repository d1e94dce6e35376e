using System.Numerics.Tensors;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Ranking;
using Segue.Models.Sequence;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

/// <summary>Songs that no other song was played with have no vector: nothing can be said by them, nor of them.</summary>
public sealed class SequenceRecommenderTests
{
    private const int Alone = 4, Unplayed = 5, Lonely = 6;

    [Theory]
    [InlineData("taste-rnn")]
    [InlineData("weighted-history")]
    public void A_history_without_vectors_says_nothing(string model)
    {
        IRecommender recommender = Fit(model);
        foreach (Query query in new[] { Query.ForHistory(new[] { Alone }), Query.ForHistory(new[] { Alone, Unplayed }), Query.ForUser(Lonely) })
        {
            Assert.All(Scores(recommender, query), score => Assert.True(float.IsNaN(score), $"the score is {score}"));
            float[] vector = [.. Enumerable.Repeat(7f, 8)];
            Assert.False(((IVectorRecommender)recommender).TryGetUserVector(query, vector));
            Assert.All(vector, value => Assert.Equal(7f, value));
            Assert.Empty(((IExplains)recommender).Explain(query, 0, 5));
        }

        // Where others stand beside them, those alone are read.
        Assert.Equal(Scores(recommender, Query.ForHistory(new[] { 0, 2 })), Scores(recommender, Query.ForHistory(new[] { 0, Alone, 2, Alone })));
    }

    [Theory]
    [InlineData("taste-rnn")]
    [InlineData("weighted-history")]
    public void A_song_without_a_vector_scores_NaN_also_in_blocks_and_after_loading(string model)
    {
        IRecommender fitted = Fit(model);
        using TemporaryFolder folder = TestData.NewFolder();
        var artifact = new ArtifactWriter();
        fitted.Save(artifact);
        artifact.Write(folder.File("model.safetensors"));
        var query = Query.ForHistory(new[] { 0, 1 });
        foreach (IRecommender recommender in new[] { fitted, Model(model).Load(ArtifactReader.Open(folder.File("model.safetensors")), Data()) })
        {
            float[] scores = Scores(recommender, query);
            var blocks = new BlockScorer(recommender);
            ScoreBlock block = blocks.NewBlock();
            block.Score(0, 2, n => n == 0 ? Query.ForHistory(new[] { Alone }) : query);
            var vector = new float[8];
            Assert.True(((IVectorRecommender)recommender).TryGetUserVector(query, vector));
            for (int i = 0; i < scores.Length; i++)
            {
                Assert.Equal(i is Alone or Unplayed, float.IsNaN(scores[i]));
                Assert.True(float.IsNaN(block.Row(0)[i]));
                Assert.Equal(float.IsNaN(scores[i]), float.IsNaN(block.Row(1)[i]));
                float product = TensorPrimitives.Dot(vector, ((IVectorRecommender)recommender).ItemVectors.Row(i));
                Assert.True(float.IsNaN(scores[i]) ? float.IsNaN(product) : Math.Abs(scores[i] - product) < 1e-5);
            }

            Assert.Empty(((IExplains)recommender).Explain(query, Alone, 5));
            Assert.Empty(((IExplains)recommender).Explain(Query.ForHistory(new[] { 0 }), Alone, 5));
        }
    }

    private static IRecommender Fit(string model) => Model(model).Fit(Data(), new FitContext { Seed = 1, Threads = 1 });

    private static IModel Model(string name) => ModelCatalog.Create(name, [new("embedding_size", "8"), new("epochs", "1"), new("vector_epochs", "50")]);

    private static float[] Scores(IRecommender recommender, Query query)
    {
        var scores = new float[recommender.Items.Count];
        recommender.Score(query, scores);
        return scores;
    }

    /// <summary>Items 0 and 1, and items 2 and 3, are played one after the other; item 4 only ever alone, item 5 never; listener 6 played item 4 alone.</summary>
    private static Dataset Data()
    {
        var builder = new DatasetBuilder("alone", "track");
        for (int i = 0; i <= Unplayed; i++)
        {
            builder.Item($"item {i}");
        }

        for (int u = 0; u < Lonely; u++)
        {
            int user = builder.User($"user {u}");
            for (int n = 0; n < 12; n++)
            {
                builder.Interaction(user, (u % 2 * 2) + (n % 2), 1_262_304_000 + (n * 200));
            }

            builder.Interaction(user, Alone, 1_262_304_000 + (10 * 86_400));
        }

        builder.Interaction(builder.User("lonely"), Alone, 1_262_304_000);
        return builder.Build();
    }
}
