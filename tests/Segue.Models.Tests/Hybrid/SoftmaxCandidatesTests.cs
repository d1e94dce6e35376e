using Segue.Models.Hybrid;
using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;
using Xunit;

namespace Segue.Models.Tests.Hybrid;

public sealed class SoftmaxCandidatesTests
{
    private static readonly CsrMatrix Pairs = CsrMatrix.FromTriplets(
        3, 6, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 3, 4], [1f, 1f, 1f, 1f, 1f, 1f]);

    [Fact]
    public void Columns_are_the_items_of_the_batch_then_the_drawn_ones_and_heard_ones_are_left_out()
    {
        var candidates = new SoftmaxCandidates(Pairs, 4);
        int[] users = [0, 1, 2, 0], items = [1, 1, 4, 2];
        for (int round = 0; round < 20; round++)
        {
            candidates.Fill(users, items, new Rng((ulong)round, "candidates"));
            ReadOnlySpan<int> columns = candidates.Columns.Span, start = candidates.ExcludedStart.Span;
            Assert.Equal(8, columns.Length);
            Assert.Equal(items, columns[..4].ToArray());
            Assert.DoesNotContain(5, columns.ToArray());
            Assert.Equal([0, 1, 2, 3], candidates.Target.ToArray());
            for (int row = 0; row < 4; row++)
            {
                int[] heard = Pairs.RowColumns(users[row]).ToArray(), all = columns.ToArray();
                int[] expected = [.. Enumerable.Range(0, all.Length).Where(c => c != row && heard.Contains(all[c]))];
                Assert.Equal(expected, candidates.Excluded.Span[start[row]..start[row + 1]].ToArray().Order());
            }
        }
    }

    /// <summary>The correction is the expected number of columns with an item: counted here over many batches of random pairs.</summary>
    [Fact]
    public void The_correction_is_how_often_an_item_is_expected()
    {
        var candidates = new SoftmaxCandidates(Pairs, 3);
        var rng = new Rng(8, "batches");
        double[] counted = new double[6], stated = new double[6];
        const int rounds = 20_000;
        int[] rowOf = [0, 0, 0, 1, 1, 2];
        for (int round = 0; round < rounds; round++)
        {
            int first = rng.Next(6), second = rng.Next(6);
            candidates.Fill([rowOf[first], rowOf[second]], [Pairs.ColumnIndex[first], Pairs.ColumnIndex[second]], rng);
            for (int c = 0; c < candidates.Columns.Length; c++)
            {
                int item = candidates.Columns.Span[c];
                counted[item] += 1.0 / rounds;
                stated[item] = Math.Exp(candidates.LogCount.Span[c]);
            }
        }

        Assert.All(Enumerable.Range(0, 5), item => Assert.InRange(counted[item], stated[item] * 0.96, stated[item] * 1.04));
    }
}
