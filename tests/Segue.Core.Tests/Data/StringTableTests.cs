using FsCheck;
using FsCheck.Fluent;
using Segue.Core.Data;
using Xunit;

namespace Segue.Core.Tests.Data;

public sealed class StringTableTests
{
    // Strings made of what escaping has to do with, half surrogates included.
    private static readonly Arbitrary<string[]> Strings =
        Gen.Elements('\\', '\n', '\r', 'n', 'r', 'u', 'd', '8', '3', 'c', 'ä', '日', '\0', '\ud83c', '\udfb5', '\ufffd', ' ')
            .ArrayOf().Select(c => new string(c)).ArrayOf().ToArbitrary();

    [Fact]
    public void Every_string_comes_back_and_is_one_line() => Prop.ForAll(Strings, strings =>
    {
        var table = new StringTable(strings);
        Assert.Equal(strings, table.AsEnumerable());
        Assert.Equal(strings.Length, table.Text.Span.Count((byte)'\n'));
        Assert.Equal(0, table.Text.Span.Count((byte)'\r'));
        Assert.Equal(strings, new StringTable(table.Text, table.Offsets).AsEnumerable());
    }).Check(Properties.Cases());

    [Fact]
    public void Different_strings_are_different_lines() => Prop.ForAll(Strings, strings =>
        Assert.Equal(
            strings.Distinct(StringComparer.Ordinal).Count(),
            strings.Select(s => Convert.ToHexString(StringTable.Escape(s))).Distinct().Count())).Check(Properties.Cases());

    [Fact]
    public void Select_takes_strings_in_the_order_asked() => Prop.ForAll(Strings, strings =>
    {
        int[] reversed = [.. Enumerable.Range(0, strings.Length).Reverse()];
        Assert.Equal(strings.Reverse(), new StringTable(strings).Select(reversed).AsEnumerable());
    }).Check(Properties.Cases());

    [Fact]
    public void An_index_outside_is_an_error()
    {
        var table = new StringTable(["a", "b"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => table[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => table[-1]);
        Assert.Equal(0, StringTable.Empty.Count);
    }

    [Theory]
    [InlineData(new long[0])]
    [InlineData(new long[] { 0, 3 })]
    [InlineData(new long[] { 1, 4 })]
    [InlineData(new long[] { -1, 4 })]
    public void Offsets_that_do_not_span_the_text_are_refused(long[] offsets) =>
        Assert.Throws<DatasetException>(() => new StringTable("a\nb\n"u8.ToArray(), offsets));

    [Theory]
    [InlineData(0L, 5L, 4L)]
    [InlineData(0L, -1L, 4L)]
    [InlineData(0L, 0L, 4L)]
    [InlineData(0L, long.MinValue, 4L)]
    [InlineData(0L, long.MaxValue, 4L)]
    public void Offsets_inside_that_lie_are_found_when_used(params long[] offsets)
    {
        var table = new StringTable("a\nb\n"u8.ToArray(), offsets);
        Assert.Throws<DatasetException>(() => (table[0], table[1]));
    }
}
