using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Segue.Import.Engine;
using Xunit;

namespace Segue.Import.Tests.Engine;

public sealed class JsonRecordReaderTests
{
    [Theory]
    [InlineData("[]")]
    [InlineData(" [ ] \n")]
    [InlineData("[1, \"a]\", {\"x\":[1,{\"y\":\"}\\\"\"}]}, null]", "1", "\"a]\"", "{\"x\":[1,{\"y\":\"}\\\"\"}]}", "null")]
    [InlineData("\uFEFF[{\"a\":1}]", "{\"a\":1}")]
    public void Elements(string text, params string[] expected)
    {
        Assert.Equal(expected, Read(text, null, 1));
        Assert.Equal(expected, Read(text, null, 1 << 20));
    }

    [Fact]
    public void The_list_may_be_a_property_anywhere()
    {
        string text = "{\"info\":{\"playlists\":[9]},\"x\":\"}{\",\"playlists\":[{\"p\":1},2],\"after\":[[]]}";
        Assert.Equal(["{\"p\":1}", "2"], Read(text, "playlists", 1));
    }

    [Theory]
    [InlineData("", null, "is empty")]
    [InlineData("   ", null, "is empty")]
    [InlineData("[1,2", null, "ends in the middle")]
    [InlineData("[{\"a\":\"b", null, "ends in the middle")]
    [InlineData("[1 2]", null, "where a comma")]
    [InlineData("[1,]", null, "comma without an element")]
    [InlineData("{\"a\":1}", null, "where '[' should be")]
    [InlineData("[1] x", null, "text after its end")]
    [InlineData("{\"a\":[1]}", "playlists", "no list 'playlists'")]
    [InlineData("[1]", "playlists", "does not start with")]
    [InlineData("{\"playlists\":{}}", "playlists", "where '[' should be")]
    [InlineData("{\"playlists\":[1],\"playlists\":[1]}", "playlists", "twice")]
    public void A_broken_frame_is_an_error(string text, string? property, string message) =>
        Assert.Contains(message, Assert.Throws<ImportException>(() => Read(text, property, 3)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_element_beyond_the_limit_is_an_error() =>
        Assert.Contains("longer than",
            Assert.Throws<ImportException>(() => Read($"[\"{new string('x', 500_000)}\"]", null, 1000)).Message, StringComparison.Ordinal);

    [Fact]
    public void Other_properties_may_be_of_any_length() =>
        Assert.Equal(["1"], Read($"{{\"x\":\"{new string('x', 500_000)}\",\"playlists\":[1]}}", "playlists", 1000));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void A_record_has_the_line_it_begins_in(int chunk)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"[\n{{\n\"a\": 1\n}},\n\n{{\"a\": \"{new string('x', 9000)}\"}}, 3\n\n, 4]");
        var file = new InputFile("test.json", null, bytes.Length, null, true, () => new ChunkedStream(bytes, chunk));
        using var reader = new JsonRecordReader(file, new GuardedStream(file, new ImportLimits(), null), null, 100_000);
        var lines = new List<(long, long)>();
        while (reader.Read())
        {
            lines.Add((reader.Record, reader.Line));
        }

        Assert.Equal([(1, 2), (2, 6), (3, 6), (4, 8)], lines);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        Gen<string> text = Gen.ArrayOf(Gen.Elements('a', '"', '\\', '{', '}', '[', ']', ',', '\u00e9', '\n')).Select(c => new string(c));
        Prop.ForAll(Gen.ListOf(text).SelectMany(t => Gen.Choose(1, 30).Select(c => (t.ToArray(), c))).ToArbitrary(), c =>
        {
            string json = System.Text.Json.JsonSerializer.Serialize(
                c.Item1.Select(t => new Dictionary<string, object> { [t] = new[] { t } }));
            string[] read = [.. Read(json, null, c.Item2).Select(r =>
                System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string[]>>(r)!.Single() is var p && p.Key == p.Value[0]
                    ? p.Key : "?")];
            Assert.Equal(c.Item1, read);
        }).Check(Properties.Cases());
    }

    private static List<string> Read(string text, string? property, int chunk)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var file = new InputFile("test.json", null, bytes.Length, null, true, () => new ChunkedStream(bytes, chunk));
        using var reader = new JsonRecordReader(file, new GuardedStream(file, new ImportLimits(), null), property, 100_000);
        var records = new List<string>();
        while (reader.Read())
        {
            records.Add(Encoding.UTF8.GetString(reader.Raw));
        }

        return records;
    }
}
