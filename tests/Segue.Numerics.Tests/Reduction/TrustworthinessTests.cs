using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;
using Xunit;

namespace Segue.Numerics.Tests.Reduction;

public sealed class TrustworthinessTests
{
    [Fact]
    public void By_hand()
    {
        // On a line at 0, 1, 3, 6, 10; on the map the first and the last change places.
        var points = new DenseMatrix(5, 1, [0, 1, 3, 6, 10]);
        var places = new DenseMatrix(5, 1, [10, 1, 3, 6, 0]);
        // Nearest seen: 0 → 3 (rank 3), 1 → 4 (rank 4), 2 → 1 (rank 1), 3 → 2 (rank 1), 4 → 1 (rank 3): 2 + 3 + 0 + 0 + 2 = 7.
        Assert.Equal(1 - (2.0 * 7 / (5 * 1 * (10 - 3 - 1))), Trustworthiness.Of(points, places, 1), 1e-12);
    }

    [Fact]
    public void A_faithful_map_has_1_a_random_one_about_a_half()
    {
        var points = new DenseMatrix(800, 2);
        new Rng(1, "points").FillGaussian(points.Values, 1);
        var random = new DenseMatrix(800, 2);
        new Rng(2, "places").FillGaussian(random.Values, 1);
        Assert.Equal(1, Trustworthiness.Of(points, points, 10));
        double all = Trustworthiness.Of(points, random, 10);
        Assert.InRange(all, 0.46, 0.54);
        Assert.Equal(all, Trustworthiness.Of(points, random, 10, threads: 3));
        Assert.InRange(Trustworthiness.Of(points, random, 10, 200, new Rng(3, "sample")), all - 0.03, all + 0.03);
    }

    [Fact]
    public void Refuses_other_shapes_and_too_many_neighbours()
    {
        Assert.Throws<ArgumentException>(() => Trustworthiness.Of(new DenseMatrix(5, 2), new DenseMatrix(4, 2), 1));
        Assert.Throws<ArgumentException>(() => Trustworthiness.Of(new DenseMatrix(6, 2), new DenseMatrix(6, 2), 3));
    }
}
