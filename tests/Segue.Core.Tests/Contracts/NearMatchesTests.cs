using Segue.Core.Contracts;
using Xunit;

namespace Segue.Core.Tests.Contracts;

public sealed class NearMatchesTests
{
    private static readonly string[] Known = ["als", "ials", "ease", "bpr", "item-knn", "user-knn", "popularity", "recent-popularity"];

    [Theory]
    [InlineData("esae", "ease")]
    [InlineData("EASE", "ease")]
    [InlineData("itemknn", "item-knn")]
    [InlineData("popularty", "popularity")]
    [InlineData("knn", "item-knn")]
    public void The_closest_name_comes_first(string typed, string meant) => Assert.Equal(meant, NearMatches.Find(typed, Known)[0]);

    [Fact]
    public void Nothing_near_lists_only_what_is_known()
    {
        Assert.Empty(NearMatches.Find("transformer", Known));
        OptionException error = NearMatches.Error("model", "transformer", Known);
        Assert.Equal($"unknown model 'transformer'. Known: {string.Join(", ", Known)}", error.Message);
    }

    [Fact]
    public void At_most_three_and_the_order_does_not_depend_on_the_list()
    {
        string[] many = ["aab", "aac", "aad", "aae"];
        Assert.Equal(["aab", "aac", "aad"], NearMatches.Find("aaa", many));
        Assert.Equal(NearMatches.Find("aaa", many), NearMatches.Find("aaa", many.Reverse()));
    }
}
