using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Reduction;

public sealed class NearestNeighborsTests
{
    [Theory]
    [InlineData(2, 3, 1)]
    [InlineData(300, 7, 12)]
    [InlineData(700, 33, 15)]
    public void Agree_with_sorting_all_distances(int n, int columns, int count)
    {
        var points = new DenseMatrix(n, columns);
        new Rng(4, "points").FillGaussian(points.Values, 1);
        NearestNeighbors found = NearestNeighbors.Of(points, count, threads: 2);
        for (int i = 0; i < n; i++)
        {
            double Away(int j) => Math.Sqrt(Enumerable.Range(0, columns).Sum(c => Math.Pow((double)points.Row(i)[c] - points.Row(j)[c], 2)));
            double[] expected = [.. Enumerable.Range(0, n).Where(j => j != i).Select(Away).Order().Take(count)];
            for (int c = 0; c < count; c++)
            {
                Assert.Equal(expected[c], found.Distances[(i * count) + c], 1e-5);
                Assert.Equal(expected[c], Away(found.Indices[(i * count) + c]), 1e-5);
                Assert.NotEqual(i, found.Indices[(i * count) + c]);
            }
        }
    }

    [Fact]
    public void Near_pairs_far_from_zero_are_told_apart()
    {
        // Steps of 1/64 at 1,000: the difference of the squares alone would drown in rounding.
        float[] line = [.. Enumerable.Range(0, 9).Select(i => 1000 + (i / 64f))];
        NearestNeighbors found = NearestNeighbors.Of(new DenseMatrix(9, 1, line), 2);
        for (int i = 1; i < 8; i++)
        {
            Assert.Equal([i - 1, i + 1], found.Indices[(2 * i)..((2 * i) + 2)]);
            Assert.Equal([1 / 64f, 1 / 64f], found.Distances[(2 * i)..((2 * i) + 2)]);
        }
    }

    [Fact]
    public void Equal_points_are_neighbours_by_index_and_threads_do_not_matter()
    {
        var points = new DenseMatrix(600, 5);
        new Rng(7, "points").FillGaussian(points.Values, 1);
        points.Row(3).CopyTo(points.Row(400));
        points.Row(3).CopyTo(points.Row(20));
        NearestNeighbors one = NearestNeighbors.Of(points, 4, threads: 1), three = NearestNeighbors.Of(points, 4, threads: 3);
        Assert.Equal([20, 400], one.Indices[12..14]);
        Assert.Equal([3, 400], one.Indices[80..82]);
        Assert.Equal(one.Indices, three.Indices);
        Assert.Equal(one.Distances, three.Distances);
    }

    [Fact]
    public void There_must_be_so_many_others() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NearestNeighbors.Of(new DenseMatrix(3, 2), 3));
}
