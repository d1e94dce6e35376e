using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests;

/// <summary>Compares datasets part by part.</summary>
internal static class DatasetAssert
{
    public static void Same(Dataset expected, Dataset actual)
    {
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.Level, actual.Level);
        Assert.Equal(expected.IsOrdered, actual.IsOrdered);
        Same(expected.Users, actual.Users);
        Same(expected.Items, actual.Items);
        Assert.Equal(expected.UserIndex.ToArray(), actual.UserIndex.ToArray());
        Assert.Equal(expected.ItemIndex.ToArray(), actual.ItemIndex.ToArray());
        Assert.Equal(expected.Time.ToArray(), actual.Time.ToArray());
        Assert.Equal(expected.Weight.ToArray(), actual.Weight.ToArray());
        Assert.Equal(expected.Fold.ToArray(), actual.Fold.ToArray());
        Same(expected.Catalog.Names, actual.Catalog.Names);
        Same(expected.Catalog.Artists, actual.Catalog.Artists);
        Same(expected.Catalog.Albums, actual.Catalog.Albums);
        Assert.Equal(expected.Catalog.ItemArtist.ToArray(), actual.Catalog.ItemArtist.ToArray());
        Assert.Equal(expected.Catalog.ItemAlbum.ToArray(), actual.Catalog.ItemAlbum.ToArray());
        Assert.Equal(expected.Catalog.FeatureNames, actual.Catalog.FeatureNames);
        Assert.Equal(expected.Catalog.Features.ToArray(), actual.Catalog.Features.ToArray());
        Assert.Equal(expected.Profile.Keys.Order(StringComparer.Ordinal), actual.Profile.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected.Profile, column => Same(column.Value, actual.Profile[column.Key]));
        Assert.Equal(expected.FriendFrom.ToArray(), actual.FriendFrom.ToArray());
        Assert.Equal(expected.FriendTo.ToArray(), actual.FriendTo.ToArray());
        Same(expected.Tags.Names, actual.Tags.Names);
        Assert.Equal(expected.Tags.UserIndex.ToArray(), actual.Tags.UserIndex.ToArray());
        Assert.Equal(expected.Tags.ItemIndex.ToArray(), actual.Tags.ItemIndex.ToArray());
        Assert.Equal(expected.Tags.TagIndex.ToArray(), actual.Tags.TagIndex.ToArray());
        Assert.Equal(expected.Tags.Time.ToArray(), actual.Tags.Time.ToArray());
        Assert.Equal(expected.Provenance?.ToJsonString(), actual.Provenance?.ToJsonString());
    }

    public static void Same(StringTable expected, StringTable actual) => Assert.Equal(expected.AsEnumerable(), actual.AsEnumerable());
}
