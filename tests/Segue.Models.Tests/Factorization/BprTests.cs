using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Models.Factorization;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Factorization;

public sealed class BprTests : RecommenderContract
{
    protected override (double Low, double High) NdcgWindow => (0.374, 0.387);

    protected override IModel CreateModel() => new Bpr(new BprOptions { EmbeddingSize = 8, Regularization = 0.02 });

    /// <summary>A step must be the gradient of ln σ(x) − λ/2 ‖θ‖², which is computed here by central differences in double precision.</summary>
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.05)]
    public void A_step_is_the_gradient_of_the_objective(double regularization)
    {
        const int size = 10;
        const float rate = 1e-3f;
        int stride = BprStep.Pad(size);
        float[][] start = [Vector("user"), Vector("positive"), Vector("negative")];
        float[][] after = [.. start.Select(v => v.ToArray())];
        float difference = BprStep.Difference(after[0], after[1], after[2]);
        Assert.Equal(Difference(start), difference, 1e-5);
        BprStep.Apply(after[0], after[1], after[2], rate * BprStep.Wrong(difference), (float)(1 - (rate * regularization)));
        for (int v = 0; v < 3; v++)
        {
            for (int c = 0; c < size; c++)
            {
                const float h = 1e-2f;
                double up = Objective(v, c, h), down = Objective(v, c, -h);
                Assert.Equal((up - down) / (2 * h), (after[v][c] - start[v][c]) / rate, 2e-3);
            }

            Assert.All(after[v][size..], x => Assert.Equal(0f, x));
        }

        float[] Vector(string name)
        {
            var vector = new float[stride];
            new Rng(4, name).FillGaussian(vector.AsSpan(0, size), 0.7f);
            return vector;
        }

        double Difference(float[][] vectors) => Enumerable.Range(0, size).Sum(c => (double)vectors[0][c] * (vectors[1][c] - vectors[2][c]));

        double Objective(int vector, int entry, float change)
        {
            float[][] moved = [.. start.Select(v => v.ToArray())];
            moved[vector][entry] += change;
            return -Math.Log(1 + Math.Exp(-Difference(moved))) - (regularization / 2 * moved.Sum(v => v.Sum(x => (double)x * x)));
        }
    }

    [Theory]
    [InlineData(0f, 0.5f)]
    [InlineData(1000f, 0f)]
    [InlineData(-1000f, 1f)]
    public void The_probability_of_the_wrong_order_has_its_limits(float difference, float expected) =>
        Assert.Equal(expected, BprStep.Wrong(difference), 1e-6f);

    [Fact]
    public void History_of_a_known_listener_folds_in_to_nearly_the_same_ranking()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        IRecommender recommender = CreateModel().Fit(train, new FitContext());
        CsrMatrix pairs = UserItemMatrix.Binary(train);
        float[] learned = new float[train.Items.Count], folded = new float[train.Items.Count];
        double correlation = 0;
        for (int u = 0; u < 100; u++)
        {
            recommender.Score(Query.ForUser(u), learned);
            recommender.Score(Query.ForHistory(pairs.RowColumns(u).ToArray()), folded);
            correlation += Correlation(learned, folded) / 100;
        }

        Assert.InRange(correlation, 0.9, 1);
    }

    [Fact]
    public void Reasons_and_the_bias_add_up_to_the_folded_in_score()
    {
        Dataset train = SmallWorld.PairSplit.Train;
        var recommender = (IExplains)CreateModel().Fit(train, new FitContext());
        var vectors = (IVectorRecommender)recommender;
        var scores = new float[train.Items.Count];
        Query query = Query.ForHistory(new[] { 3, 40, 41, 100 });
        recommender.Score(query, scores);
        for (int i = 0; i < scores.Length; i += 20)
        {
            double bias = vectors.ItemVectors.Row(i)[8];
            Assert.Equal(scores[i] - bias, recommender.Explain(query, i, 10).Sum(r => r.Weight), 1e-3);
        }
    }

    [Fact]
    public void Without_a_bias_the_last_column_is_zero()
    {
        var model = new Bpr(new BprOptions { EmbeddingSize = 5, Epochs = 3, ItemBias = false });
        var recommender = (IVectorRecommender)model.Fit(SmallWorld.Checkerboard(), new FitContext());
        Assert.Equal(6, recommender.ItemVectors.Columns);
        for (int i = 0; i < SmallWorld.CheckerboardSize; i++)
        {
            Assert.Equal(0f, recommender.ItemVectors.Row(i)[5]);
        }
    }

    [Fact]
    public void A_listener_of_everything_does_not_hang()
    {
        Dataset train = SmallWorld.Of(2, 3, [(0, 0), (0, 1), (0, 2), (1, 0)]);
        var scores = new float[3];
        IRecommender recommender = new Bpr(new BprOptions { Epochs = 2 }).Fit(train, new FitContext());
        recommender.Score(Query.ForHistory(new[] { 0, 1, 2 }), scores);
        Assert.All(scores, s => Assert.True(float.IsFinite(s)));
    }

    [Fact]
    public void Alike_items_point_the_same_way()
    {
        var recommender = (IItemSimilarity)CreateModel().Fit(SmallWorld.Checkerboard(), new FitContext());
        var similarity = new float[recommender.Items.Count];
        recommender.Similarity(4, similarity);
        Assert.True(float.IsNaN(similarity[4]));
        Assert.True(similarity[6] > similarity[7] + 0.5f);
    }

    private static double Correlation(float[] a, float[] b)
    {
        double meanA = a.Average(), meanB = b.Average(), ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            ab += (a[i] - meanA) * (b[i] - meanB);
            aa += (a[i] - meanA) * (a[i] - meanA);
            bb += (b[i] - meanB) * (b[i] - meanB);
        }

        return ab / Math.Sqrt(aa * bb);
    }
}
