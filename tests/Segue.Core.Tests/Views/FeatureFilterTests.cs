using Segue.Core.Data;
using Segue.Core.Views;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class FeatureFilterTests
{
    [Fact]
    public void Items_without_a_feature_go_and_with_them_users_who_heard_nothing_else()
    {
        var builder = new DatasetBuilder("three", "track");
        foreach ((string user, string item) in new[] { ("a", "x"), ("a", "y"), ("b", "y"), ("c", "z"), ("c", "x") })
        {
            builder.Interaction(builder.User(user), builder.Item(item));
        }

        Dataset dataset = builder.Build() with
        {
            Catalog = new Catalog { FeatureNames = ["tempo", "energy"], Features = new[] { 120, float.NaN, float.NaN, float.NaN, float.NaN, 0.5f } },
        };
        Dataset kept = FeatureFilter.OnlyKnown(dataset);
        Assert.Equal(["a", "c"], Enumerable.Range(0, kept.Users.Count).Select(u => kept.Users[u]));
        Assert.Equal(["x", "z"], Enumerable.Range(0, kept.Items.Count).Select(i => kept.Items[i]));
        Assert.Equal([0, 1, 1], kept.UserIndex.ToArray());
        Assert.Equal([120, float.NaN, float.NaN, 0.5f], kept.Catalog.Features.ToArray());
        Assert.Contains(
            "audio-features",
            Assert.Throws<DatasetException>(() => FeatureFilter.OnlyKnown(dataset with { Catalog = Catalog.Empty })).Message, StringComparison.Ordinal);
    }
}
