using System.Numerics.Tensors;
using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Numerics.Dense;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class LearnedVectorsTests
{
    private const string Als = "als:embedding_size=12;epochs=3";

    [Theory]
    [InlineData("taste-rnn")]
    [InlineData("weighted-history")]
    public void Songs_are_those_of_the_named_model_at_unit_length(string model)
    {
        Dataset train = Data();
        DenseMatrix learned = ((IVectorRecommender)ModelCatalog.Create("als", [new("embedding_size", "12"), new("epochs", "3")]).Fit(train, Context())).ItemVectors;
        IModel withVectors = Model(model, Als);
        var recommender = (IVectorRecommender)withVectors.Fit(train, Context());
        Assert.Equal((learned.Rows, 12), (recommender.ItemVectors.Rows, recommender.ItemVectors.Columns));
        for (int i = 0; i < Chains.Items; i++)
        {
            float norm = TensorPrimitives.Norm<float>(learned.Row(i));
            Assert.True(norm > 0);
            for (int c = 0; c < 12; c++)
            {
                Assert.Equal(learned.Row(i)[c] / norm, recommender.ItemVectors.Row(i)[c], 1e-6);
            }
        }

        // Nobody played the last.
        Assert.All(recommender.ItemVectors.Row(Chains.Items).ToArray(), value => Assert.True(float.IsNaN(value)));
        float[] scores = Scores(recommender, 3, 4, 5);
        Assert.All(scores[..Chains.Items], score => Assert.True(float.IsFinite(score)));
        Assert.Equal(scores, Scores(Model(model, Als).Fit(train, Context() with { Threads = 2 }), 3, 4, 5));
        Assert.NotEqual(scores, Scores(Model(model, "als:embedding_size=12;epochs=4").Fit(train, Context()), 3, 4, 5));
        using TemporaryFolder folder = TestData.NewFolder();
        ArtifactReader stored = Stored(recommender, folder);
        Assert.Equal(scores, Scores(withVectors.Load(stored, train), 3, 4, 5));
        Assert.Throws<DatasetException>(() => ModelCatalog.Create(model, []).Load(stored, train));
    }

    [Theory]
    [InlineData("taste-rnn", "node2vec:embedding_size=8;walks_per_node=2")]
    [InlineData("taste-rnn", "item2vec:embedding_size=8;negatives=3")]
    [InlineData("weighted-history", "lightgcn:embedding_size=8;epochs=1")]
    [InlineData("weighted-history", "taste-rnn:embedding_size=8;epochs=1")]
    [InlineData("gru-next", "node2vec:embedding_size=8;walks_per_node=2")]
    public void Any_model_with_item_vectors_serves(string model, string vectors)
    {
        IModel made = ModelCatalog.Create(
            model, [new("vectors", vectors), new("epochs", "1"), .. model == "gru-next" ? new KeyValuePair<string, string>[] { new("embedding_size", "8") } : []]);
        Assert.All(Scores(made.Fit(Chains.Make(), Context()), 3, 4, 5)[..Chains.Items], score => Assert.True(float.IsFinite(score)));
    }

    [Fact]
    public void What_a_recurrent_network_reads_begins_there_and_is_trained_on()
    {
        Dataset train = Data();
        DenseMatrix learned = ((IVectorRecommender)ModelCatalog.Create("als", [new("embedding_size", "12"), new("epochs", "3")]).Fit(train, Context())).ItemVectors;
        DenseMatrix random = Embedding("none", "1e-7"), start = Embedding(Als, "1e-7"), later = Embedding(Als, "0.01");
        for (int i = 0; i < Chains.Items; i++)
        {
            float norm = TensorPrimitives.Norm<float>(learned.Row(i));
            for (int c = 0; c < 12; c++)
            {
                Assert.Equal(learned.Row(i)[c] / norm, start.Row(i)[c], 1e-4);
            }

            Assert.True(TensorPrimitives.Distance<float>(start.Row(i), later.Row(i)) > 0.01);
        }

        // One without a vector begins at random, as without the option; the spread is the same.
        Assert.Equal(random.Row(Chains.Items).ToArray(), start.Row(Chains.Items).ToArray());
        Assert.InRange(TensorPrimitives.SumOfSquares<float>(random.Values) / TensorPrimitives.SumOfSquares<float>(start.Values), 0.8, 1.25);

        DenseMatrix Embedding(string vectors, string learningRate)
        {
            IModel model = ModelCatalog.Create(
                "gru-next", [new("vectors", vectors), new("embedding_size", "12"), new("hidden_size", "8"), new("epochs", "1"), new("learning_rate", learningRate)]);
            using TemporaryFolder folder = TestData.NewFolder();
            return Stored(model.Fit(train, Context()), folder).Dense("item_embedding");
        }
    }

    [Fact]
    public void What_cannot_be_had_is_refused_with_a_remedy()
    {
        foreach (string model in new[] { "taste-rnn", "weighted-history", "gru-next" })
        {
            Assert.Contains($"option 'vectors' of model '{model}' is 'popularity', whose recommender has no item vectors; name a model that has: als, ", Refused(model, "popularity"), StringComparison.Ordinal);
            Assert.Contains($"option 'vectors' of model '{model}' is 'alss': unknown model 'alss'; did you mean 'als'", Refused(model, "alss"), StringComparison.Ordinal);
            Assert.Contains("unknown option of model 'als' 'factors'", Refused(model, "als:factors=3"), StringComparison.Ordinal);
            Assert.Contains("give the label to the model around it", Refused(model, "als:label=x"), StringComparison.Ordinal);
        }

        Assert.Contains(
            "option 'vectors' of model 'weighted-history' is 'gru-next:classes=cluster;epochs=1', whose recommender", Refused("weighted-history", "gru-next:classes=cluster;epochs=1"),
            StringComparison.Ordinal);

        Assert.Contains("embedding_size is 64 and the vectors of 'als:embedding_size=12' have 12 values; set embedding_size=12", Refused("gru-next", "als:embedding_size=12"), StringComparison.Ordinal);
        Assert.Contains(
            "option 'window' of model 'taste-rnn' is 7 and vectors is 'als', which does not read it; leave window out, or give options to the model inside, as in vectors=als:key=value",
            Refused("taste-rnn", "als", [new("window", "7")]), StringComparison.Ordinal);
        Assert.Contains("'embedding_size' of model 'weighted-history' is 12 and vectors is 'als'", Refused("weighted-history", "als", [new("embedding_size", "12")]), StringComparison.Ordinal);
    }

    private static string Refused(string model, string vectors, params KeyValuePair<string, string>[] more) =>
        Assert.Throws<OptionException>(() => ModelCatalog.Create(model, [new("vectors", vectors), .. more]).Fit(Chains.Make(), Context())).Message;

    private static IModel Model(string name, string vectors) => ModelCatalog.Create(name, [new("vectors", vectors), new("epochs", "2")]);

    private static ArtifactReader Stored(IRecommender recommender, TemporaryFolder folder)
    {
        var artifact = new ArtifactWriter();
        recommender.Save(artifact);
        artifact.Write(folder.File("model.safetensors"));
        return ArtifactReader.Open(folder.File("model.safetensors"));
    }

    /// <summary>Listeners of twelve items each; item 30 is played by nobody.</summary>
    private static Dataset Data()
    {
        var rng = new Rng(5, "learned vectors");
        var builder = new DatasetBuilder("twelve each", "track");
        for (int i = 0; i <= Chains.Items; i++)
        {
            builder.Item($"item {i}");
        }

        for (int n = 0; n < 40 * 12; n++)
        {
            builder.Interaction(builder.User($"user {n / 12}"), n < Chains.Items ? n : rng.Next(Chains.Items), 1_262_304_000 + (n * 200));
        }

        return builder.Build();
    }

    private static FitContext Context() => new() { Seed = 1, Threads = 1 };

    private static float[] Scores(IRecommender recommender, params int[] history)
    {
        var scores = new float[recommender.Items.Count];
        recommender.Score(Query.ForHistory(history), scores);
        return scores;
    }
}
