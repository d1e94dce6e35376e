using Segue.Core.Data;
using Segue.Core.Views;
using Segue.Numerics.Sparse;
using Segue.Testing;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class UserItemMatrixTests
{
    [Fact]
    public void Cancelled_work_stops() => Cancelled.Stops(() => UserItemMatrix.Sum(SmallWorld.Checkerboard()));

    [Fact]
    public void Entries_are_sums_of_weights_and_ones() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        var expected = new float[world.Users, world.Items];
        for (int n = 0; n < dataset.Count; n++)
        {
            expected[dataset.UserIndex.Span[n], dataset.ItemIndex.Span[n]] += dataset.Weight.Span[n];
        }

        CsrMatrix sum = UserItemMatrix.Sum(dataset), binary = UserItemMatrix.Binary(dataset);
        Assert.Equal((world.Users, world.Items), (sum.Rows, sum.Columns));
        for (int u = 0; u < world.Users; u++)
        {
            for (int i = 0; i < world.Items; i++)
            {
                Assert.Equal(expected[u, i], sum[u, i]);
                Assert.Equal(expected[u, i] > 0 ? 1 : 0, binary[u, i]);
            }
        }
    });

    [Fact]
    public void It_is_the_matrix_of_the_triplets_bit_for_bit() => RandomWorld.ForAll(world =>
    {
        // Weights that do not add up exactly, so that the order of adding shows.
        Dataset dataset = world.Build();
        dataset = dataset with { Weight = dataset.Weight.ToArray().Select(w => 1f / w).ToArray() };
        CsrMatrix slow = CsrMatrix.FromTriplets(
            world.Users, world.Items, dataset.UserIndex.Span, dataset.ItemIndex.Span, dataset.Weight.Span);
        CsrMatrix sum = UserItemMatrix.Sum(dataset);
        Assert.Equal(slow.RowStart, sum.RowStart);
        Assert.Equal(slow.ColumnIndex, sum.ColumnIndex);
        Assert.Equal(slow.Values, sum.Values);
    });

    [Fact]
    public void Without_weights_plays_are_counted()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build() with { Weight = default };
        Assert.Equal(900, UserItemMatrix.Sum(dataset).Values.Sum());
    }
}
