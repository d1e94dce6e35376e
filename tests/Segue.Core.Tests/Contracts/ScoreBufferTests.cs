using Segue.Core.Contracts;
using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Contracts;

public sealed class ScoreBufferTests
{
    [Fact]
    public void A_buffer_has_one_place_an_item()
    {
        var items = new Vocabulary(["a", "b"]);
        ScoreBuffer.Check(new float[2], items);
        Assert.Throws<ArgumentException>(() => ScoreBuffer.Check(new float[1], items));
        Assert.Throws<ArgumentException>(() => ScoreBuffer.Check(new float[3], items));
    }

    [Fact]
    public void A_query_names_users_and_items_that_exist()
    {
        ScoreBuffer.Check(Query.ForUser(2), 3, 4);
        ScoreBuffer.Check(Query.ForHistory(new[] { 0, 3, 3 }), 3, 4);
        Assert.Throws<ArgumentException>(() => ScoreBuffer.Check(Query.ForUser(3), 3, 4));
        Assert.Throws<ArgumentException>(() => ScoreBuffer.Check(Query.ForUser(-2), 3, 4));
        Assert.Throws<ArgumentException>(() => ScoreBuffer.Check(Query.ForHistory(new[] { 4 }), 3, 4));
        Assert.Throws<ArgumentException>(() => ScoreBuffer.Check(Query.ForHistory(new[] { -1 }), 3, 4));
    }
}
