using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class Utf8InternerTests
{
    private static readonly Arbitrary<string[]> Strings =
        Gen.Elements('\\', '\n', '\r', 'n', 'u', 'd', '8', '3', 'c', 'ä', '日', '\0', '\ud83c', '\udfb5', '\ufffd')
            .ArrayOf().Select(c => new string(c)).ArrayOf().ToArbitrary();

    [Fact]
    public void Numbers_follow_arrival_as_in_a_dictionary() => Prop.ForAll(Strings, strings =>
    {
        var interner = new Utf8Interner();
        var twin = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string text in strings)
        {
            Assert.Equal(twin.GetValueOrDefault(text, -1), interner.Find(text));
            twin.TryAdd(text, twin.Count);
            Assert.Equal(twin[text], interner.Add(text));
            Assert.Equal(text, interner[twin[text]]);
        }

        Assert.Equal(twin.Count, interner.Count);
        Assert.Equal(twin.OrderBy(p => p.Value).Select(p => p.Key), interner.ToTable().AsEnumerable());
        Vocabulary vocabulary = interner.ToVocabulary();
        Assert.All(twin, p => Assert.Equal(p.Value, vocabulary.IndexOf(p.Key)));
    }).Check(Properties.Cases());

    [Fact]
    public void Bytes_and_strings_are_the_same_ids()
    {
        // Every length around the steps of the hash, and enough to grow.
        var interner = new Utf8Interner();
        for (int n = 0; n < 500; n++)
        {
            string text = string.Concat(Enumerable.Repeat($"{n % 10}\\ä", n % 40)) + n;
            Assert.Equal(n, interner.Add(Encoding.UTF8.GetBytes(text)));
            Assert.Equal(n, interner.Add(text));
            Assert.Equal(n, interner.Find(Encoding.UTF8.GetBytes(text)));
        }

        Assert.Equal(-1, interner.Find("absent"));
        Assert.Equal(500, interner.Count);
    }

    [Fact]
    public void A_table_does_not_change_when_more_is_added()
    {
        var interner = new Utf8Interner();
        interner.Add("a");
        StringTable table = interner.ToTable();
        for (int n = 0; n < 1000; n++)
        {
            interner.Add($"more {n}");
        }

        Assert.Equal(["a"], table.AsEnumerable());
    }

    [Fact]
    public void A_known_id_allocates_nothing()
    {
        var interner = new Utf8Interner();
        byte[] id = Encoding.UTF8.GetBytes(new string('x', 300));
        interner.Add(id);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int n = 0; n < 1000; n++)
        {
            interner.Add(id);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
