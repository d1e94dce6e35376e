using Segue.Core.Contracts;
using Segue.Models.Baselines;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Baselines;

public sealed class DegreeProductTests : RecommenderContract
{
    // That of popularity, .087: a factor a listener changes no order.
    protected override (double Low, double High) NdcgWindow => (0.086, 0.088);

    protected override string? NoCheckerboard => "the order of items is the same for everybody";

    protected override IReadOnlyDictionary<string, string> VariantsNotRejected => new Dictionary<string, string>
    {
        ["popularity"] = "ranks alike",
        ["answers of another user"] = "all users get the same order",
    };

    protected override string? KnowsUnheardItems => "no listeners is what there is to know";

    protected override IModel CreateModel() => new DegreeProduct(new DegreeProductOptions());

    [Fact]
    public void Scores_are_products_of_distinct_counts()
    {
        IRecommender recommender = CreateModel().Fit(SmallWorld.Of(3, 3, [(0, 0), (0, 1), (0, 1), (1, 1)]), Context());
        Assert.Equal([2, 4, 0], Scores(recommender, Query.ForUser(0)));
        Assert.Equal([1, 2, 0], Scores(recommender, Query.ForUser(1)));
        Assert.Equal([3, 6, 0], Scores(recommender, Query.ForHistory(new[] { 0, 1, 2, 2 })));
    }
}
