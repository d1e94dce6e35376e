using System.Text.RegularExpressions;
using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests;

public sealed partial class ModelCatalogTests
{
    public static TheoryData<string> Names => [.. ModelCatalog.All.Select(m => m.Name)];

    [Fact]
    public void Names_are_unique()
    {
        Assert.Equal(ModelCatalog.All.Count, ModelCatalog.All.Select(m => m.Name).Distinct().Count());
        Assert.Equal(ModelCatalog.All.Count, ModelCatalog.All.Select(m => m.OptionsType).Distinct().Count());
    }

    [Fact]
    public void Trivial_models_are_the_baselines() => Assert.Equal(
        ["random", "popularity", "degree-product", "recent-popularity", "own-repeats", "bias"], ModelCatalog.All.Where(m => m.IsBaseline).Select(m => m.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_model_is_described_and_made_from_the_texts_of_its_own_options(string name)
    {
        ModelDescription model = ModelCatalog.Get(name);
        Assert.Matches(KebabCase(), model.Name);
        Assert.NotEmpty(model.Summary);
        Assert.NotEmpty(model.Source);
        IReadOnlyList<OptionDescription> options = OptionsText.Describe(model.OptionsType);
        Assert.All(options, o => Assert.NotEmpty(o.Meaning));
        IModel made = ModelCatalog.Create(name, options.Select(o => new KeyValuePair<string, string>(o.Name, o.Default)));
        Assert.Equal(ModelCatalog.Create(name, []).Options, made.Options);
        Assert.Equal(model.OptionsType, made.Options.GetType());
    }

    /// <summary>What the command line says before training, from the type alone.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void A_model_keeps_checkpoints_exactly_where_its_type_says_so(string name)
    {
        Dataset world = SyntheticWorld.Generate(new SyntheticWorldOptions { Users = 25, Tracks = 40, Interactions = 900 }).Dataset;
        IReadOnlyList<OptionDescription> options = OptionsText.Describe(ModelCatalog.Get(name).OptionsType);
        IModel model = ModelCatalog.Create(name, [.. Small.Where(s => options.Any(o => o.Name == s.Key))]);
        using var folder = new TemporaryFolder();
        try
        {
            model.Fit(world, new FitContext { CheckpointFolder = folder.Path });
        }
        catch (DatasetException)
        {
            // Some models need what this world has not; then they must at least not promise checkpoints untested.
            Assert.False(model is IKeepsCheckpoints, $"{name} cannot be trained on the world of this test");
        }

        Assert.Equal(model is IKeepsCheckpoints, Directory.EnumerateFiles(folder.Path).Any());
    }

    private static readonly Dictionary<string, string> Small = new()
    {
        ["epochs"] = "1",
        ["vector_epochs"] = "1",
        ["embedding_size"] = "4",
        ["hidden_size"] = "4",
        ["batch_size"] = "64",
        ["heads"] = "1",
    };

    [Theory]
    [InlineData("lightgcn:nodes=user+item+genre", "'genre' is none")]
    [InlineData("lightgcn:layers=0,listeners=heard", "listeners=own")]
    [InlineData("graphsage:nodes=user+item+artist+album,artist_weight=0.6,album_weight=0.5", "artist_weight 0.6")]
    [InlineData("gat:nodes=user+artist", "without item")]
    [InlineData("xsimgcl:contrast_layer=3", "contrast_layer is 3")]
    [InlineData("xsimgcl:batch_size=20000", "batch_size is 20000")]
    [InlineData("hybrid-nn:negatives=popularity", "give uniform or per_user")]
    [InlineData("gsasrec:embedding_size=30,heads=4", "30 does not divide into 4 heads")]
    [InlineData("sasrec:embedding_size=30,heads=4", "30 does not divide into 4 heads")]
    [InlineData("taste-rnn:min_offset=5,max_offset=4", "min_offset 5 is above max_offset 4")]
    [InlineData("weighted-history:min_offset=5,max_offset=4", "min_offset 5 is above max_offset 4")]
    [InlineData("gru-next:class_count=5", "classes is none")]
    [InlineData("gru-next:shared_vectors=true,embedding_size=16", "embedding_size=16")]
    [InlineData("gru-next:shared_vectors=true,classes=cluster", "within its class")]
    public void Values_that_do_not_go_together_are_refused_before_there_is_data(string specification, string message)
    {
        (string name, IReadOnlyList<KeyValuePair<string, string>> pairs, _) = OptionsText.ParseSpecification(specification);
        string refused = Assert.Throws<OptionException>(() => ModelCatalog.Create(name, pairs)).Message;
        Assert.Contains(message, refused, StringComparison.Ordinal);
        Assert.Contains($"model '{name}'", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_names_and_keys_list_the_near_ones()
    {
        Assert.Contains("'item-knn'", Assert.Throws<OptionException>(() => ModelCatalog.Get("itemknn")).Message, StringComparison.Ordinal);
        OptionException error = Assert.Throws<OptionException>(() => ModelCatalog.Create("item-knn", [new("neighbours", "5")]));
        Assert.Contains("'neighbors'", error.Message, StringComparison.Ordinal);
        Assert.Contains("item-knn", error.Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => ModelCatalog.Create("item-knn", [new("neighbors", "0")]));
        Assert.Throws<OptionException>(() => ModelCatalog.Create("item-knn", [new("similarity", "cosines")]));
    }

    [Theory]
    [InlineData("ipf", "period", "fortnight", "option 'period' of model 'ipf' is 'fortnight'; give month")]
    [InlineData("stg-walk", "period", "0d", "option 'period' of model 'stg-walk' is '0d'; give month")]
    [InlineData("artist-boost", "model", "itemknn", "option 'model' of model 'artist-boost' is 'itemknn'")]
    [InlineData("artist-boost", "model", "item-knn:neighbours=3", "'neighbors'")]
    [InlineData("artist-boost", "model", "item-knn:neighbors=0", "'neighbors'")]
    [InlineData("artist-boost", "model", "ipf:period=fortnight", "'fortnight'; give month")]
    [InlineData("artist-boost", "model", "ease:label=x", "label")]
    [InlineData("artist-boost", "model", "artist-boost", "name another model")]
    [InlineData("stg-link", "test_share", "0.9", "")]
    public void What_no_range_can_say_is_refused_before_there_is_data(string name, string option, string value, string message)
    {
        KeyValuePair<string, string>[] pairs = name == "stg-link" ? [new(option, value), new("validation_share", "0.1")] : [new(option, value)];
        string refused = Assert.Throws<OptionException>(() => ModelCatalog.Create(name, pairs)).Message;
        Assert.Contains(message, refused, StringComparison.Ordinal);
        Assert.Contains($"'{option}'", refused, StringComparison.Ordinal);
        Assert.Contains($"model '{name}'", refused, StringComparison.Ordinal);
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex KebabCase();
}
