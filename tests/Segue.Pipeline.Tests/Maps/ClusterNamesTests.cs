using Segue.Pipeline.Maps;
using Xunit;

namespace Segue.Pipeline.Tests.Maps;

public sealed class ClusterNamesTests
{
    private static readonly string[] Titles = ["a", "b", "c", "d", "e", "f"];
    private static readonly int[] Groups = [0, 0, 0, 1, 1, 1];

    /// <summary>"rock" is as common in both groups, so it names neither, however often it is heard.</summary>
    [Fact]
    public void A_group_is_named_by_what_is_typical_of_it()
    {
        var tags = new MapNames(["rock", "jazz", "folk", "polka"], [0, 1, 2, 0, 3, 3]);
        Assert.Equal(["jazz, folk", "polka"], ClusterNames.Of(Groups, 2, [99, 49, 29, 99, 39, 39], tags, Titles));
    }

    [Fact]
    public void Without_labels_the_most_heard_titles_name_it()
    {
        Assert.Equal(["b, c", "f, d"], ClusterNames.Of(Groups, 2, [1, 5, 3, 4, 2, 9], null, Titles));
        Assert.Equal(["x", "f, d"], ClusterNames.Of(Groups, 2, [1, 5, 3, 4, 2, 9], new MapNames(["x"], [0, 0, -1, -1, -1, -1]), Titles));
    }
}
