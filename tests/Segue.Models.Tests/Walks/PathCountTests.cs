using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Walks;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Walks;

public sealed class PathCountTests : RecommenderContract
{
    // Measured .4140. With artists .4155 (weight 1) and .4228 (20).
    protected override (double Low, double High) NdcgWindow => (0.413, 0.415);

    protected override IModel CreateModel() => new PathCount(new PathCountOptions());

    [Fact]
    public void Scores_and_reasons_are_the_paths_one_by_one() => RandomListens.ForAll((data, rng) =>
    {
        var options = new PathCountOptions { ArtistWeight = new[] { 0, 1, 2.5 }[rng.Next(3)] };
        var recommender = (IExplains)new PathCount(options).Fit(data, Context());
        HashSet<(int User, int Item)> pairs = [.. Enumerable.Range(0, data.Count).Select(n => (data.UserIndex.Span[n], data.ItemIndex.Span[n]))];
        for (int user = 0; user < data.Users.Count; user++)
        {
            int[] heard = [.. pairs.Where(p => p.User == user).Select(p => p.Item)];
            Query[] queries = [Query.ForUser(user), Query.ForHistory(heard)];
            foreach (Query query in heard.Length == 0 ? queries[..1] : queries)
            {
                float[] scores = Scores(recommender, query);
                for (int i = 0; i < scores.Length; i++)
                {
                    double paths = 0;
                    foreach (int j in heard.Where(j => j != i))
                    {
                        paths += Enumerable.Range(0, data.Users.Count).Count(v => (query.IsFoldIn || v != user) && pairs.Contains((v, j)) && pairs.Contains((v, i)));
                        paths += data.Catalog.ItemArtist.Span[i] == data.Catalog.ItemArtist.Span[j] ? options.ArtistWeight : 0;
                    }

                    Assert.Equal(paths, float.IsNaN(scores[i]) ? 0 : scores[i], 1e-4);
                    Assert.Equal(paths, recommender.Explain(query, i, int.MaxValue).Sum(r => r.Weight), 1e-4);
                }
            }
        }
    });

    [Fact]
    public void A_path_over_the_artist_is_a_reason_of_its_own()
    {
        var builder = new DatasetBuilder("artist", "track");
        int a = builder.Item("a", "A", "one"), b = builder.Item("b", "B", "one"), c = builder.Item("c", "C", "two");
        foreach ((string user, int item) in new[] { ("u", a), ("u", c), ("v", a), ("v", b), ("w", a), ("w", b) })
        {
            builder.Interaction(builder.User(user), item, -1);
        }

        var recommender = (IExplains)new PathCount(new PathCountOptions { ArtistWeight = 1.5 }).Fit(builder.Build(), Context());
        Assert.Equal([new Reason(a, 2, "because_listened"), new Reason(a, 1.5, "same_artist")], recommender.Explain(Query.ForUser(0), b, 5));
        Assert.Equal([new Reason(a, 1.5, "same_artist")], recommender.Explain(Query.ForHistory(new[] { a }), b, 5).Where(r => r.Kind != "because_listened"));
    }

    [Theory]
    [InlineData("path-count")]
    [InlineData("item-rank")]
    public void A_model_of_another_dataset_names_both(string name)
    {
        IModel model = ModelCatalog.Create(name, []);
        using TemporaryFolder folder = TestData.NewFolder();
        ArtifactReader artifact = SaveAndOpen(model.Fit(SmallWorld.Checkerboard(), Context()), folder.File("model.safetensors"));
        Assert.Equal(
            $"model '{name}' knows 41 users and 41 items, dataset 'small world' has 400 and 240; give the dataset it was trained on",
            Assert.Throws<DatasetException>(() => model.Load(artifact, SmallWorld.Genres)).Message);
    }

    [Fact]
    public void Artists_that_are_not_there_are_refused() => Assert.Contains(
        "artist_weight=0",
        Assert.Throws<DatasetException>(() => new PathCount(new PathCountOptions { ArtistWeight = 1 }).Fit(SmallWorld.Checkerboard(), Context())).Message,
        StringComparison.Ordinal);
}
