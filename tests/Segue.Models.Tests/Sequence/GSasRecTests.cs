using Segue.Core.Contracts;
using Segue.Models.Sequence;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class GSasRecTests : RecommenderContract
{
    // Measured .2551 on the last month. (20 epochs at half the rate, two blocks of 20 plays: .2432; without the first bias .0541, with t = 0 .2435.)
    protected override (double Low, double High) NdcgWindow => (0.2505, 0.2597);

    protected override WorldSplit World => SmallWorld.TimeSplit;

    protected override string? NoCheckerboard => "nothing ever follows the last item of the board";

    protected override string? NeedsTime => "plays need an order";

    protected override IModel CreateModel() =>
        new GSasRec(new GSasRecOptions { EmbeddingSize = 16, Blocks = 1, Heads = 2, MaxLength = 30, Epochs = 10, LearningRate = 0.01, BatchSize = 64, NegativeCount = 40 });

    [Theory]
    [InlineData(NegativeGroup.Sequence)]
    [InlineData(NegativeGroup.Step)]
    public void The_direction_comes_from_the_plays_before_the_last(NegativeGroup sharing)
    {
        var options = new GSasRecOptions
        {
            EmbeddingSize = 32,
            MaxLength = 20,
            Epochs = 30,
            LearningRate = 0.01,
            Dropout = 0,
            BatchSize = 10,
            NegativeCount = 40,
            NegativesFor = sharing,
        };
        IRecommender recommender = new GSasRec(options).Fit(Chains.Make(), Context());
        int right = 0;
        for (int i = 0; i < Chains.Items; i++)
        {
            int[] up = [.. Enumerable.Range(0, 5).Select(n => (i + n) % Chains.Items)];
            right += Best(Scores(recommender, Query.ForHistory(up))) == (i + 5) % Chains.Items ? 1 : 0;
            right += Best(Scores(recommender, Query.ForHistory(up.Reverse().ToArray()))) == (i + Chains.Items - 1) % Chains.Items ? 1 : 0;
        }

        // 59 or 60 for eight seeds.
        Assert.InRange(right, 58, 60);
    }

    private static int Best(float[] scores) => Array.IndexOf(scores, scores.Max());
}
