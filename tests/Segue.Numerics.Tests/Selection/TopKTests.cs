using FsCheck;
using FsCheck.Fluent;
using Segue.Numerics.Reference;
using Segue.Numerics.Selection;
using Segue.Numerics.Tests.Oracles;
using Xunit;

namespace Segue.Numerics.Tests.Selection;

public sealed class TopKTests
{
    private static readonly float[] Special =
        [float.NaN, -float.NaN, float.NegativeInfinity, float.PositiveInfinity, 0f, -0f, float.MinValue, float.MaxValue, float.Epsilon, -1f, 1f];

    [Fact]
    public void AnyListGivesWhatASortGives()
    {
        // Few distinct values make ties; special values stand anywhere; lengths cross every vector width.
        Gen<float> value = Gen.Frequency(
            (4, Gen.Choose(-3, 3).Select(v => (float)v)), (2, Gen.Choose(-1_000_000, 1_000_000).Select(v => v / 7f)), (2, Gen.Elements(Special)));
        Gen<(float[] Scores, int K)> lists =
            from n in Gen.Choose(0, 150)
            from scores in value.ArrayOf(n)
            from k in Gen.Frequency((2, Gen.Choose(0, 12)), (1, Gen.Choose(0, n + 20)))
            select (scores, k);
        Prop.ForAll(Arb.From(lists), l => Check(l.Scores, l.K)).Check(Properties.Cases(2_000));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(999)]
    [InlineData(1_000)]
    [InlineData(5_000)]
    public void OrdersThatAreHardForAHeapGiveWhatASortGives(int k)
    {
        float[] ascending = [.. Enumerable.Range(0, 1_000).Select(i => (float)i)];
        Check(ascending, k);
        Check([.. ascending.Reverse()], k);
        Check(new float[1_000], k);
        Check([.. Enumerable.Repeat(float.NaN, 1_000)], k);
        Check([.. Enumerable.Repeat(float.NegativeInfinity, 999).Append(1f)], k);
        Check([.. Enumerable.Repeat(float.PositiveInfinity, 1_000)], k);
        Check([.. Enumerable.Repeat(float.NaN, 500).Concat(ascending.Take(500))], k);
        Check([.. ascending.Select(v => v % 3)], k);
        Check(Shapes.Gaussian(1_000, "topk"), k);
    }

    [Fact]
    public void PlacesBeyondTheCountAreNotPromisedButTheCountIs()
    {
        var indices = new int[5];
        var values = new float[5];
        Assert.Equal(2, TopK.Select([float.NaN, 3f, float.NegativeInfinity, 4f], indices, values));
        Assert.Equal([3, 1], indices[..2]);
        Assert.Equal([4f, 3f], values[..2]);
        Assert.Equal(0, TopK.Select([], indices, values));
        Assert.Equal(0, TopK.Select([1f, 2f], [], []));
    }

    [Fact]
    public void NumPyAgrees()
    {
        float[] scores = Oracle.Floats("topk.scores");
        int[] order = Oracle.Integers("topk.order");
        for (int k = 0; k <= order.Length; k++)
        {
            int[] indices = new int[k];
            Assert.Equal(k, TopK.Select(scores, indices, new float[k]));
            Assert.Equal(order[..k], indices);
        }
    }

    [Fact]
    public void DifferentLengthsAreRefused() =>
        Assert.Throws<ArgumentException>(() => TopK.Select([1f], new int[2], new float[1]));

    private static void Check(float[] scores, int k)
    {
        int[] expected = SelectionReference.TopK(scores, k), indices = new int[k];
        var values = new float[k];
        int count = TopK.Select(scores, indices, values);
        Assert.Equal(expected, indices[..count]);
        Assert.Equal(expected.Select(i => BitConverter.SingleToInt32Bits(scores[i])), values[..count].Select(BitConverter.SingleToInt32Bits));
    }
}
