using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Reduction;

public sealed class KMeansTests
{
    [Fact]
    public void Finds_groups_that_lie_apart_and_numbers_them_by_size()
    {
        // 300, 200 and 100 points around three corners, mixed.
        var rng = new Rng(5, "points");
        var points = new DenseMatrix(600, 8);
        rng.FillGaussian(points.Values, 0.3f);
        var truth = new int[600];
        for (int i = 0; i < 600; i++)
        {
            truth[i] = i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2;
            points.Row(i)[truth[i]] += 5;
        }

        int[] one = KMeans.Assign(points, 3, new Rng(1, "k"), threads: 1);
        Assert.Equal(truth, one);
        Assert.Equal(one, KMeans.Assign(points, 3, new Rng(1, "k"), threads: 3));
    }

    [Fact]
    public void Every_point_is_nearest_to_the_mean_of_its_own_group()
    {
        var points = new DenseMatrix(400, 5);
        new Rng(6, "points").FillGaussian(points.Values, 1);
        int[] group = KMeans.Assign(points, 7, new Rng(2, "k"), passes: 500);
        int groups = group.Max() + 1;
        double[][] mean = [.. Enumerable.Range(0, groups).Select(g =>
            Enumerable.Range(0, 5).Select(c => Enumerable.Range(0, 400).Where(i => group[i] == g).Average(i => (double)points.Row(i)[c])).ToArray())];
        for (int i = 0; i < 400; i++)
        {
            double Away(int g) => Enumerable.Range(0, 5).Sum(c => Math.Pow(points.Row(i)[c] - mean[g][c], 2));
            Assert.True(Away(group[i]) <= Enumerable.Range(0, groups).Min(Away) + 1e-5);
        }
    }

    [Fact]
    public void Fewer_distinct_points_make_fewer_groups()
    {
        int[] group = KMeans.Assign(new DenseMatrix(5, 1, [2, 1, 2, 1, 2]), 4, new Rng(1, "k"));
        Assert.Equal([0, 1, 0, 1, 0], group);
        Assert.Empty(KMeans.Assign(new DenseMatrix(0, 3), 4, new Rng(1, "k")));
    }
}
