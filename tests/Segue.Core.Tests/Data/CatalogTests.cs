using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class CatalogTests
{
    [Fact]
    public void Select_takes_names_artists_and_features_of_the_items_asked_for()
    {
        var catalog = new Catalog
        {
            Names = new StringTable(["a", "b", "c"]),
            Artists = new StringTable(["x", "y"]),
            ItemArtist = new[] { 1, -1, 0 },
            FeatureNames = ["tempo", "energy"],
            Features = new[] { 1f, 2, 3, 4, 5, 6 },
        };
        Catalog selected = catalog.Select([2, 0]);
        Assert.Equal(["c", "a"], selected.Names.AsEnumerable());
        Assert.Equal(("x", "y", string.Empty), (selected.ArtistOf(0), selected.ArtistOf(1), catalog.ArtistOf(1)));
        Assert.Equal([5f, 6, 1, 2], selected.Features.ToArray());
        Assert.True(selected.ItemAlbum.IsEmpty);
    }

    [Fact]
    public void Nothing_known_stays_nothing()
    {
        Catalog selected = Catalog.Empty.Select([0, 1, 2]);
        Assert.Equal(0, selected.Names.Count);
        Assert.True(selected.ItemArtist.IsEmpty && selected.Features.IsEmpty);
        Assert.Equal(string.Empty, selected.ArtistOf(1));
    }
}
