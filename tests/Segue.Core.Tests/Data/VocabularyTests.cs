using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class VocabularyTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5000)]
    public void Every_id_is_found_and_no_other(int count)
    {
        var vocabulary = new Vocabulary(Enumerable.Range(0, count).Select(i => $"id {i}"));
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(i, vocabulary.IndexOf($"id {i}"));
        }

        Assert.Equal(-1, vocabulary.IndexOf($"id {count}"));
        Assert.Equal(-1, vocabulary.IndexOf(string.Empty));
        Assert.Equal(-1, vocabulary.IndexOf("ID 0"));
    }

    [Fact]
    public void Ids_that_look_alike_when_escaped_are_different()
    {
        string[] ids = ["\n", "\\n", "\\\n", "\\\\n", "\ud83c", "\\ud83c", "\ufffd", "e\u0301", "é"];
        var vocabulary = new Vocabulary(ids);
        vocabulary.CheckUnique();
        Assert.All(ids.Index(), id => Assert.Equal(id.Index, vocabulary.IndexOf(id.Item)));
    }

    [Fact]
    public void A_hash_depends_on_the_id_alone()
    {
        ulong[] there = new Vocabulary(["a", "\n", "é"]).Hashes.ToArray(), back = new Vocabulary(["é", "b", "\n", "a"]).Hashes.ToArray();
        Assert.Equal<ulong>(there, new[] { back[3], back[2], back[0] });
        Assert.Equal(4, back.Distinct().Count());
        Assert.Equal(0x82B19D9C4C2AFFC0UL, there[0]);
    }

    [Fact]
    public void An_id_twice_is_an_error_that_names_it()
    {
        DatasetException error = Assert.Throws<DatasetException>(() => new Vocabulary(["a", "b", "a"]).IndexOf("b"));
        Assert.Contains("'a' stands twice, at 0 and 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Select_renumbers()
    {
        Vocabulary selected = new Vocabulary(["a", "b", "c"]).Select([2, 0]);
        Assert.Equal(["c", "a"], selected.AsEnumerable());
        Assert.Equal((0, 1, -1), (selected.IndexOf("c"), selected.IndexOf("a"), selected.IndexOf("b")));
    }
}
