using Segue.Core;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Models.Linear;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Linear;

public sealed class GfCfTests : RecommenderContract
{
    // 8 genres, so 8 directions stand apart from the rest.
    private static readonly GfCfOptions Options = new() { EmbeddingSize = 8 };

    protected override (double Low, double High) NdcgWindow => (0.42, 0.44);

    protected override IModel CreateModel() => new GfCf(Options);

    [Fact]
    public void ScoresAreThoseOfTheEquationInDoublePrecision()
    {
        var twin = new GraphFilterTwin(World.Train, 8);
        IRecommender model = CreateModel().Fit(World.Train, Context());
        GraphFilterTwin.AssertSame(r => twin.Sum(twin.Step(r), twin.LowPass(r), 0.3), model, World.Train);
    }

    [Theory]
    [InlineData("no low-pass filter")]
    [InlineData("roots of the degrees the other way round")]
    [InlineData("low-pass filter without degrees")]
    [InlineData("low-pass filter alone")]
    [InlineData("history normalised twice")]
    [InlineData("raw co-occurrence")]
    public void BrokenVariantsOfTheEquationGiveOtherScores(string variant)
    {
        var twin = new GraphFilterTwin(World.Train, 8);
        IRecommender model = CreateModel().Fit(World.Train, Context());
        double[] Broken(double[] r) => variant switch
        {
            "no low-pass filter" => twin.Step(r),
            "roots of the degrees the other way round" => twin.Sum(twin.Step(r), twin.LowPass(r, -1), 0.3),
            "low-pass filter without degrees" => twin.Sum(twin.Step(r), twin.LowPass(r, 0), 0.3),
            "low-pass filter alone" => twin.LowPass(r),
            "history normalised twice" => twin.Sum(twin.Step(twin.Step(r)), twin.LowPass(r), 0.3),
            _ => twin.CoOccurrence(r),
        };
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => GraphFilterTwin.AssertSame(Broken, model, World.Train));
    }

    [Fact]
    public void WithoutTheMatrixAllAnswersAreTheSame() =>
        GraphFilterTwin.AssertSameAnswers(CreateModel(), new GfCf(Options with { DenseItems = 0 }), World.Train, Context());

    [Fact]
    public void WithoutALowPassFilterItIsOneStepOverTheGraph()
    {
        var twin = new GraphFilterTwin(World.Train, 8);
        foreach (int denseItems in new[] { 0, 15_000 })
        {
            IRecommender model = new GfCf(Options with { LowPassWeight = 0, DenseItems = denseItems }).Fit(World.Train, Context());
            GraphFilterTwin.AssertSame(twin.Step, model, World.Train);
        }
    }

    [Fact]
    public void AListenerFoldedInGetsTheSameScoresAsInTraining()
    {
        Dataset train = World.Train;
        IRecommender model = CreateModel().Fit(train, Context());
        int[] start = train.UserStart();
        for (int u = 0; u < 20; u++)
        {
            Assert.Equal(Scores(model, Query.ForUser(u)), Scores(model, Query.ForHistory(train.ItemIndex[start[u]..start[u + 1]])));
        }
    }

    [Fact]
    public void ReasonsAddUpToTheScore()
    {
        var model = (IExplains)CreateModel().Fit(World.Train, Context());
        Query query = Query.ForHistory(new[] { 9, 3, 100, 7, 50, 3 });
        float[] scores = Scores(model, query);
        int item = Enumerable.Range(0, scores.Length).MaxBy(i => scores[i]);
        IReadOnlyList<Reason> reasons = model.Explain(query, item, 99);
        double negative = new[] { 3, 7, 9, 50, 100 }.Sum(h => Math.Min(0, Scores(model, Query.ForHistory(new[] { h }))[item]));
        Assert.Equal(scores[item], reasons.Sum(r => r.Weight) + negative, 1e-5);
        Assert.True(reasons.Count > 1);
    }

    [Fact]
    public void AnItemWithoutListenersScoresNaNAndSaysNothing()
    {
        foreach (int denseItems in new[] { 0, 15_000 })
        {
            Dataset train = SmallWorld.Of(3, 4, [(0, 0), (0, 1), (1, 1), (2, 2)]);
            IRecommender model = new GfCf(new GfCfOptions { DenseItems = denseItems }).Fit(train, Context());
            float[] scores = Scores(model, Query.ForHistory(new[] { 0, 3 }));
            Assert.Equal([false, false, false, true], scores.Select(float.IsNaN));
            Assert.All(Scores(model, Query.ForHistory(new[] { 3 })), s => Assert.True(float.IsNaN(s)));
        }
    }
}

/// <summary>The same model without the matrix: every query is filtered by itself.</summary>
public sealed class GfCfWithoutMatrixTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.42, 0.44);

    protected override IModel CreateModel() => new GfCf(new GfCfOptions { EmbeddingSize = 8, DenseItems = 0 });
}
