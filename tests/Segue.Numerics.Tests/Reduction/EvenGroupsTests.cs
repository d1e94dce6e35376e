using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Reduction;

public sealed class EvenGroupsTests
{
    [Fact]
    public void Finds_groups_that_lie_apart()
    {
        // 8 corners of a box with sides of different lengths, 50 points around each, mixed.
        var points = new DenseMatrix(400, 6);
        new Rng(5, "points").FillGaussian(points.Values, 0.3f);
        for (int i = 0; i < 400; i++)
        {
            for (int side = 0; side < 3; side++)
            {
                points.Row(i)[side] += (i % 8 >> side & 1) * (10 + (10 * side));
            }
        }

        int[] group = EvenGroups.Assign(points, 8);
        Assert.Equal(8, Enumerable.Range(0, 400).Select(i => (i % 8, group[i])).Distinct().Count());
        Assert.Equal(group, EvenGroups.Assign(points, 8, threads: 3));
    }

    [Theory]
    [InlineData(400, 7)]
    [InlineData(13, 5)]
    [InlineData(5, 5)]
    [InlineData(3, 9)]
    [InlineData(4, 1)]
    public void Sizes_differ_by_one_at_most_and_neighbours_stay_together(int count, int groups)
    {
        var points = new DenseMatrix(count, 4);
        new Rng(6, "points").FillGaussian(points.Values, 1);
        int[] group = EvenGroups.Assign(points, groups);
        int[] sizes = [.. group.CountBy(g => g).Select(g => g.Value)];
        Assert.Equal(Math.Min(count, groups), sizes.Length);
        Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
        Assert.InRange(group.Max(), 0, groups - 1);
        if (count < 100)
        {
            return;
        }

        double within = 0, all = 0;
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                double distance = Enumerable.Range(0, 4).Sum(c => Math.Pow(points.Row(i)[c] - points.Row(j)[c], 2));
                all += distance / count / count;
                within += group[i] == group[j] ? distance / count / sizes[0] : 0;
            }
        }

        Assert.True(within < 0.7 * all, $"the mean squared distance within a group is {within}, between any two points {all}");
    }

    [Fact]
    public void Equal_points_and_no_points_are_grouped_too()
    {
        Assert.Equal([0, 0, 1, 1], EvenGroups.Assign(new DenseMatrix(4, 2), 2));
        Assert.Empty(EvenGroups.Assign(new DenseMatrix(0, 3), 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => EvenGroups.Assign(new DenseMatrix(4, 2), 0));
        Assert.Throws<ArithmeticException>(() => EvenGroups.Assign(new DenseMatrix(2, 1, [1, float.NaN]), 2));
    }
}
