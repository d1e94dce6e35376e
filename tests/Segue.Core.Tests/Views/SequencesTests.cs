using Segue.Core.Data;
using Segue.Core.Views;
using Xunit;

namespace Segue.Core.Tests.Views;

public sealed class SequencesTests
{
    [Fact]
    public void Every_user_has_their_interactions_in_order() => RandomWorld.ForAll(world =>
    {
        Dataset dataset = world.Build();
        Sequences sequences = Sequences.Of(dataset);
        Assert.Equal(world.Users, sequences.Count);
        for (int u = 0; u < world.Users; u++)
        {
            int[] rows = [.. Enumerable.Range(0, dataset.Count).Where(n => dataset.UserIndex.Span[n] == u)];
            Assert.Equal(rows.Select(n => dataset.ItemIndex.Span[n]), sequences.Items(u).ToArray());
            Assert.Equal(rows.Select(n => dataset.Time.Span[n]), sequences.Times(u).ToArray());
            Assert.Equal(rows.Select(n => dataset.Weight.Span[n]), sequences.Weights(u).ToArray());
            Assert.Equal(sequences.Times(u).ToArray().Order(), sequences.Times(u).ToArray());
        }
    });

    [Fact]
    public void Without_times_the_order_of_the_source_stands()
    {
        var builder = new DatasetBuilder("playlist", "track") { IsOrdered = true };
        foreach (string item in new[] { "c", "a", "b", "a" })
        {
            builder.Interaction(builder.User("p"), builder.Item(item));
        }

        Sequences sequences = Sequences.Of(builder.Build());
        Assert.Equal([0, 1, 2, 1], sequences.Items(0).ToArray());
        Assert.True(sequences.Times(0).IsEmpty && sequences.Weights(0).IsEmpty);
    }

    [Fact]
    public void Without_any_order_there_are_no_sequences()
    {
        Dataset dataset = new RandomWorld(30, 30, 900, 5).Build(timed: false, ordered: false);
        Assert.Contains("neither", Assert.Throws<DatasetException>(() => Sequences.Of(dataset)).Message, StringComparison.Ordinal);
    }
}
