using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Segue.Import.Engine;
using Xunit;

namespace Segue.Import.Tests.Engine;

public sealed class RowReaderTests
{
    [Theory]
    [InlineData("a,b\nc,d\n", "a|b", "c|d")]
    [InlineData("a,b\r\nc,d", "a|b", "c|d")]
    [InlineData("\uFEFFa,b\n", "a|b")]
    [InlineData("a,\n,b\n", "a|", "|b")]
    [InlineData("\"a,b\",c\n", "a,b|c")]
    [InlineData("\"say \"\"hi\"\"\",c\n", "say \"hi\"|c")]
    [InlineData("\"two\nlines\",c\nd,e\n", "two\nlines|c", "d|e")]
    [InlineData("\"\",\"\"\n", "|")]
    [InlineData("5\" single,c\n", "5\" single|c")]
    [InlineData("\"a\"x,b\nc,d\n", "!malformed-quote", "c|d")]
    [InlineData("\"a,b\nc,d\n", "!unclosed-quote", "c|d")]
    [InlineData("\"a\r\nb\",c\r\n", "a\r\nb|c")]
    [InlineData("a,b\n\nc,d\n", "a|b", "!blank-line", "c|d")]
    [InlineData("a\0b,c\nd,e\n", "!nul-byte", "d|e")]
    public void Rows_and_fields(string text, params string[] expected)
    {
        Assert.Equal(expected, Rows(text, ','));
        Assert.Equal(expected, Rows(text, ',', chunk: 1));
    }

    [Fact]
    public void Without_quotes_a_quote_is_a_letter() => Assert.Equal(["\"a|b\"", "c|d"], Rows("\"a\tb\"\nc\td\n", '\t', quotes: false));

    [Fact]
    public void Spaces_are_one_delimiter() => Assert.Equal(["1|2|3", "4", "!blank-line"], Rows("1  2\t3 \n 4\n   \n", ' ', quotes: false));

    [Fact]
    public void Lines_are_numbered_by_where_they_start()
    {
        using RowReader reader = Open(Encoding.UTF8.GetBytes("a\n\"b\nb\",x\nc\n"), ',', true, 100, 3);
        var lines = new List<long>();
        while (reader.Read())
        {
            lines.Add(reader.Line);
        }

        Assert.Equal([1, 2, 4], lines);
    }

    [Fact]
    public void Bad_utf8_costs_its_row_only()
    {
        byte[] bytes = [.. "a,b\n"u8, 0xC3, 0x28, .. ",x\nc,d\n"u8];
        Assert.Equal(["a|b", "!invalid-utf8", "c|d"], Rows(bytes, ','));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Too_long_lines_cost_their_row_only_and_no_memory(int chunk)
    {
        string text = "a,b\n" + new string('x', 50_000) + "\nc,d\n" + new string('y', 50_000);
        using RowReader reader = Open(Encoding.UTF8.GetBytes(text), ',', true, 100, chunk);
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.Fault is null ? Join(reader) : $"!{reader.Fault}@{reader.Line}:{Encoding.UTF8.GetString(reader.Raw)[..5]}");
        }

        Assert.Equal(["a|b", "!line-too-long@2:xxxxx", "c|d", "!line-too-long@4:yyyyy"], rows);
    }

    [Fact]
    public void An_unclosed_quote_in_a_big_file_costs_its_line_only()
    {
        string text = "\"open,b\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i},x\n"));
        using RowReader reader = Open(Encoding.UTF8.GetBytes(text), ',', true, 1000, 512);
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.Fault ?? Join(reader));
        }

        Assert.Equal("unclosed-quote", rows[0]);
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"{i}|x"), rows.Skip(1));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0 }, "UTF-16")]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 0 }, "archive inside an archive")]
    [InlineData(new byte[] { 0x37, 0x7A, 0xBC, 0xAF, 0x27 }, "something other than zip")]
    public void Other_kinds_of_file_are_refused(byte[] bytes, string message) =>
        Assert.Contains(message, Assert.Throws<ImportException>(() => Open(bytes, ',', true, 100, 100)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_written_with_quotes_is_read_back()
    {
        Gen<string> field = Gen.ArrayOf(Gen.Elements('a', 'ü', ',', '"', '\n', '\r', ' ', '\u4E2D', ';', '\t')).Select(c => new string(c));
        Gen<string[][]> table = Gen.NonEmptyListOf(Gen.NonEmptyListOf(field).Select(f => f.ToArray())).Select(r => r.ToArray());
        Gen<(string[][], char, int)> cases = table.SelectMany(t =>
            Gen.Elements(',', ';', '\t').SelectMany(d => Gen.Choose(1, 40).Select(c => (t, d, c))));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            (string[][] rows, char delimiter, int chunk) = c;
            string text = string.Concat(rows.Select(r =>
                string.Join(delimiter, r.Select(f => $"\"{f.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n"));
            using RowReader reader = Open(Encoding.UTF8.GetBytes(text), delimiter, true, 1 << 20, chunk);
            foreach (string[] row in rows)
            {
                Assert.True(reader.Read());
                Assert.Null(reader.Fault);
                Assert.Equal(row, Fields(reader));
            }

            Assert.False(reader.Read());
        }).Check(Properties.Cases());
    }

    [Fact]
    public void What_needs_no_quotes_is_cut_like_split()
    {
        Gen<string> line = Gen.NonEmptyListOf(Gen.Elements('a', '\u00e9', '\t', '"', ' ', '\\')).Select(c => new string([.. c]));
        Gen<(string[], int)> cases = Gen.NonEmptyListOf(line).SelectMany(l => Gen.Choose(1, 40).Select(c => (l.ToArray(), c)));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            using RowReader reader = Open(Encoding.UTF8.GetBytes(string.Join('\n', c.Item1)), '\t', false, 1 << 20, c.Item2);
            foreach (string expected in c.Item1)
            {
                Assert.True(reader.Read());
                Assert.Equal(expected.Split('\t'), Fields(reader));
            }

            Assert.False(reader.Read());
        }).Check(Properties.Cases());
    }

    [Theory]
    [InlineData("a,b\rc,d\re,f", "a|b", "c|d", "e|f")]
    [InlineData("a,b\rc,d\r\ne,f\n", "a|b", "c|d", "e|f")]
    [InlineData("a,b\r\nc,d\r\n", "a|b", "c|d")]
    [InlineData("a,\"x\ry\"\rc,\"d\"\r", "a|x\ry", "c|d")]
    [InlineData("a, b ,\u00a0c\n", "a|b|c")]
    [InlineData("a, \" b, c \" ,d\n", "a| b, c |d")]
    [InlineData(" a ,\"b\"\"c\" \r\n", "a|b\"c")]
    [InlineData("a,,\n", "a||")]
    public void A_loose_reader_takes_what_spreadsheets_write(string text, params string[] expected)
    {
        foreach (int chunk in new[] { 1, 2, 3, 1 << 20 })
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            var file = new InputFile("test.txt", null, bytes.Length, null, true, () => new ChunkedStream(bytes, chunk));
            using var reader = new RowReader(file, new GuardedStream(file, new ImportLimits(), null), (byte)',', true, 1 << 20, loose: true);
            var rows = new List<string>();
            while (reader.Read())
            {
                Assert.Null(reader.Fault);
                rows.Add(Join(reader));
            }

            Assert.Equal(expected, rows);
        }
    }

    [Fact]
    public void A_delimiter_may_be_several_signs()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("1::a:b::\n\"x::y\"::2::3\n");
        var file = new InputFile("test.txt", null, bytes.Length, null, true, () => new ChunkedStream(bytes, 1));
        using var reader = new RowReader(file, new GuardedStream(file, new ImportLimits(), null), 0, true, 1 << 20, separator: "::"u8.ToArray());
        Assert.True(reader.Read());
        Assert.Equal("1|a:b|", Join(reader));
        Assert.True(reader.Read());
        Assert.Equal("x::y|2|3", Join(reader));
        Assert.False(reader.Read());
    }

    internal static string[] Fields(RowReader reader) =>
        [.. Enumerable.Range(0, reader.Count).Select(i => Encoding.UTF8.GetString(reader[i]))];

    private static RowReader Open(byte[] bytes, char delimiter, bool quotes, int maxLine, int chunk)
    {
        var file = new InputFile("test.txt", null, bytes.Length, null, true, () => new ChunkedStream(bytes, chunk));
        return new RowReader(file, new GuardedStream(file, new ImportLimits(), null), (byte)delimiter, quotes, maxLine);
    }

    private static string Join(RowReader reader) => string.Join('|', Fields(reader));

    private static List<string> Rows(string text, char delimiter, bool quotes = true, int chunk = 1 << 20) =>
        Rows(Encoding.UTF8.GetBytes(text), delimiter, quotes, chunk);

    private static List<string> Rows(byte[] bytes, char delimiter, bool quotes = true, int chunk = 1 << 20)
    {
        using RowReader reader = Open(bytes, delimiter, quotes, 1000, chunk);
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.Fault is null ? Join(reader) : "!" + reader.Fault);
        }

        return rows;
    }
}

/// <summary>Gives at most some bytes a read, as inflaters and networks do.</summary>
internal sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
{
    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, chunk)]);
}
