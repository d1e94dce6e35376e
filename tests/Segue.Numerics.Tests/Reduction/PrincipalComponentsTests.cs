using Segue.Numerics.Dense;
using Segue.Numerics.Reduction;
using Segue.Numerics.Sampling;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Reduction;

public sealed class PrincipalComponentsTests
{
    [Fact]
    public void Agree_with_NumPy()
    {
        int[] shape = Oracle.Shape("pca.points");
        var points = new DenseMatrix(shape[0], shape[1], Oracle.Floats("pca.points"));
        PrincipalComponents components = PrincipalComponents.Of(points, 3);
        double[] variance = Oracle.Doubles("pca.variance");
        for (int c = 0; c < 3; c++)
        {
            Assert.Equal(variance[c], components.Variance[c], variance[0] * 1e-6);
        }

        Assert.Equal(variance.Sum(), components.TotalVariance, variance[0] * 1e-6);
        Close(Oracle.Doubles("pca.directions"), components.Directions.Values, 2e-5);
        Close(Oracle.Doubles("pca.projected"), components.Project(points).Values, 2e-3);
    }

    [Fact]
    public void Do_not_depend_on_threads_and_do_not_change_the_points()
    {
        DenseMatrix points = Random(5000, 40);
        float[] before = [.. points.Values];
        PrincipalComponents one = PrincipalComponents.Of(points, 2, threads: 1), three = PrincipalComponents.Of(points, 2, threads: 3);
        Assert.Equal(one.Directions.Values, three.Directions.Values);
        Assert.Equal(one.Project(points, 1).Values, three.Project(points, 3).Values);
        Assert.Equal(before, points.Values);
    }

    [Fact]
    public void Projections_are_uncorrelated_and_have_the_variances_said()
    {
        DenseMatrix points = Random(3000, 12);
        PrincipalComponents components = PrincipalComponents.Of(points, 12);
        DenseMatrix projected = components.Project(points);
        for (int a = 0; a < 12; a++)
        {
            for (int b = 0; b <= a; b++)
            {
                double sum = 0;
                for (int i = 0; i < points.Rows; i++)
                {
                    sum += (double)projected.Row(i)[a] * projected.Row(i)[b];
                }

                Assert.Equal(a == b ? components.Variance[a] : 0, sum / (points.Rows - 1), 1e-4);
            }
        }

        Assert.Equal(components.TotalVariance, components.Variance.Sum(), 1e-4);
    }

    [Fact]
    public void Points_that_are_all_alike_have_no_variance()
    {
        var points = new DenseMatrix(4, 3);
        Array.Fill(points.Values, 7f);
        PrincipalComponents components = PrincipalComponents.Of(points, 2);
        Assert.Equal([0, 0], components.Variance);
        Assert.All(components.Project(points).Values, v => Assert.Equal(0, v));
    }

    [Fact]
    public void More_components_than_columns_leave_the_rest_empty()
    {
        PrincipalComponents components = PrincipalComponents.Of(new DenseMatrix(3, 1, [1, 2, 6]), 3);
        Assert.Equal(7, components.Variance[0], 1e-5);
        Assert.Equal([1, 0, 0], components.Directions.Values);
    }

    [Fact]
    public void A_coordinate_that_is_not_finite_is_named()
    {
        ArithmeticException error = Assert.Throws<ArithmeticException>(() => PrincipalComponents.Of(new DenseMatrix(2, 2, [1, 2, 3, float.NaN]), 2));
        Assert.Contains("coordinate 1 of point 1", error.Message, StringComparison.Ordinal);
    }

    private static DenseMatrix Random(int rows, int columns)
    {
        var points = new DenseMatrix(rows, columns);
        new Rng(3, "points").FillGaussian(points.Values, 1);
        for (int i = 0; i < points.Values.Length; i++)
        {
            points.Values[i] = (points.Values[i] * (1 + (i % columns))) + 5;
        }

        return points;
    }

    private static void Close(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], tolerance);
        }
    }
}
