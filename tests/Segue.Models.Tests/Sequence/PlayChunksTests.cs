using Segue.Core;
using Segue.Core.Data;
using Segue.Models.Sequence;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Sequence;

public sealed class PlayChunksTests
{
    private const int Steps = 4;

    /// <summary>Sequences of 0, 1, 2, n, n + 1, n + 2, 2n + 1 and 3n plays; every play is an item of its own.</summary>
    private static readonly int[] Lengths = [0, 1, 2, Steps, Steps + 1, Steps + 2, (2 * Steps) + 1, 3 * Steps];

    [Theory]
    [InlineData(SequenceUnit.Listener)]
    [InlineData(SequenceUnit.Session)]
    public void Every_play_and_the_one_after_it_are_in_one_chunk_of_their_own_sequence(SequenceUnit unit)
    {
        Dataset train = Data(unit);
        PlayChunks chunks = PlayChunks.Of(train, unit, 30, Steps, "test");
        var batch = new PlayBatch();
        chunks.Fill(batch, [.. Enumerable.Range(0, chunks.Ranges.Length)]);
        int[] ends = [.. Lengths.Select((_, s) => Lengths[..(s + 1)].Sum())];
        (int, int)[] right = [.. Lengths.SelectMany((length, s) => Enumerable.Range(ends[s] - length, Math.Max(0, length - 1)).Select(n => (n, n + 1)))];
        Assert.Equal(right, batch.Items.ToArray().Zip(batch.Next.ToArray()).Order());
        Assert.Equal(right.Length, chunks.Steps);
        Assert.All(chunks.Ranges, range =>
        {
            Assert.InRange(range.Count, 2, Steps + 1);
            Assert.Contains(range.End, ends);
            Assert.True(range.Start + range.Count <= range.End);
            Assert.Equal(ends.First(end => end > range.Start), range.End);
        });

        // What is read of a batch: each play with its own moment.
        Assert.Equal(batch.Items.ToArray().Select(item => train.Time.Span[item]), batch.Times.ToArray());
        Assert.Equal(chunks.Ranges.Length, batch.Sequences);
    }

    [Fact]
    public void Data_without_an_order_are_refused_by_the_name_of_the_model() => Assert.StartsWith(
        "model 'test': ", Assert.Throws<DatasetException>(() => PlayChunks.Of(SmallWorld.Checkerboard(withTime: false), SequenceUnit.Listener, 30, 5, "test")).Message,
        StringComparison.Ordinal);

    /// <summary>A sequence is a listener, or a day of the only one.</summary>
    private static Dataset Data(SequenceUnit unit)
    {
        var builder = new DatasetBuilder("lengths", "track");
        int play = 0;
        for (int s = 0; s < Lengths.Length; s++)
        {
            int user = builder.User(unit == SequenceUnit.Session ? "only" : $"user {s}");
            for (int n = 0; n < Lengths[s]; n++)
            {
                builder.Interaction(user, builder.Item($"item {play}"), 1_262_304_000 + (s * 86_400) + (n * 100));
                play++;
            }
        }

        return builder.Build();
    }
}
