using Segue.Core.Contracts;
using Segue.Models.Baselines;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Baselines;

public sealed class RandomOrderTests : RecommenderContract
{
    // Measured .0321: 10 of about 210 unheard items are listed and about 6 are right.
    protected override (double Low, double High) NdcgWindow => (0.030, 0.034);

    protected override string? NoCheckerboard => "a random order knows nothing";

    protected override string? AnswerWithoutHistory => "a random order, as for everybody";

    protected override IReadOnlyDictionary<string, string> VariantsNotRejected => new Dictionary<string, string>
    {
        ["random"] = "is the model",
        ["lost sign"] = "random backwards is random",
        ["answers of another user"] = "is random too",
        ["seen items kept"] = "heard items crowd out few",
        ["test data in training"] = "nothing is learned",
    };

    protected override string? KnowsUnheardItems => "nothing is known of any item";

    protected override IModel CreateModel() => new RandomOrder(new RandomOrderOptions());

    [Fact]
    public void Seed_user_and_history_change_the_order()
    {
        IRecommender one = CreateModel().Fit(SmallWorld.Checkerboard(), Context());
        IRecommender two = CreateModel().Fit(SmallWorld.Checkerboard(), Context() with { Seed = 8 });
        float[][] all =
        [
            Scores(one, Query.ForUser(0)), Scores(one, Query.ForUser(1)), Scores(two, Query.ForUser(0)),
            Scores(one, Query.ForHistory(new[] { 1 })), Scores(one, Query.ForHistory(new[] { 2 })), Scores(one, new Query()),
        ];
        Assert.Equal(all.Length, all.Select(s => s[0]).Distinct().Count());
        Assert.All(all, s => Assert.All(s, score => Assert.InRange(score, 0f, 0.99999994f)));
    }
}
