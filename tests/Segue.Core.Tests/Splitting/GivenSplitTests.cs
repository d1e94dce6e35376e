using Segue.Core.Data;
using Segue.Core.Splitting;
using Xunit;

namespace Segue.Core.Tests.Splitting;

public sealed class GivenSplitTests
{
    [Fact]
    public void Parts_are_those_of_the_source() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Split split = new GivenSplit(new()).Cut(dataset, 1);
        Assert.Equal(Where(0), LeakCheck.Rows(split.Train));
        Assert.Equal(Where(1), LeakCheck.Rows(split.Validation!.Relevant));
        Assert.Equal(Where(2), LeakCheck.Rows(split.Test.Relevant));

        float[] Where(byte fold) =>
            [.. dataset.Fold.ToArray().Zip(LeakCheck.Rows(dataset)).Where(p => p.First == fold).Select(p => p.Second)];
    });

    [Fact]
    public void No_validation_where_the_source_has_none()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build();
        dataset = dataset with { Fold = dataset.Fold.ToArray().Select(f => (byte)(f == 0 ? 0 : 2)).ToArray() };
        Split split = new GivenSplit(new()).Cut(dataset, 1);
        Assert.Null(split.Validation);
        Assert.Equal(LeakCheck.Rows(split.Train), LeakCheck.Rows(split.Test.Known));
    }

    [Fact]
    public void No_given_split_and_an_unknown_part_are_errors()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build();
        DatasetException error = Assert.Throws<DatasetException>(() => new GivenSplit(new()).Cut(dataset with { Fold = default }, 1));
        Assert.Contains("has none", error.Message, StringComparison.Ordinal);
        byte[] fold = dataset.Fold.ToArray();
        fold[12] = 3;
        error = Assert.Throws<DatasetException>(() => new GivenSplit(new()).Cut(dataset with { Fold = fold }, 1));
        Assert.Contains("interaction 12", error.Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => new GivenSplit(new()).Cut(dataset with { Fold = new byte[dataset.Count] }, 1));
    }

    [Fact]
    public void Validation_takes_whole_users_from_the_end_of_train()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build();

        // Users 20 and later are test; half of user 3 too, whose train part stays train.
        dataset = dataset with
        {
            Fold = dataset.UserIndex.ToArray().Select((u, n) => (byte)(u >= 20 || (u == 3 && n % 2 == 0) ? 2 : 0)).ToArray(),
        };
        Split split = new GivenSplit(new() { Validation = 0.25 }).Cut(dataset, 1);
        Assert.Equal(Enumerable.Range(15, 5), split.Validation!.Relevant.UserIndex.ToArray().Distinct());
        Assert.Equal(Enumerable.Range(0, 15), split.Train.UserIndex.ToArray().Distinct());
        Assert.Equal(
            dataset.UserIndex.ToArray().Distinct().Where(u => u == 3 || u >= 20), split.Test.Relevant.UserIndex.ToArray().Distinct());
        Assert.Equal(LeakCheck.Rows(split.Train), LeakCheck.Rows(split.Validation.Known));
        Assert.Equal(dataset.Count, split.Test.Known.Count + split.Test.Relevant.Count);

        dataset = dataset with { Fold = dataset.Fold.ToArray().Select((f, n) => n == 0 ? (byte)1 : f).ToArray() };
        Assert.Contains("validation part already", Assert.Throws<DatasetException>(() => new GivenSplit(new() { Validation = 0.1 }).Cut(dataset, 1)).Message, StringComparison.Ordinal);
    }
}
