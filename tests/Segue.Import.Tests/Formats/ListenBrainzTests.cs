using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class ListenBrainzTests : IDisposable
{
    private const string Mapped = """{"listened_at":1443521965.0,"inserted_at":1,"track_metadata":{"artist_name":"Rick","track_name":"Never","release_name":"When","recording_msid":"s","additional_info":{"recording_mbid":"given","artist_mbids":["a1"]},"mbid_mapping":{"recording_mbid":"mapped","artist_mbids":["a2"],"release_mbid":"r2"}}}""";
    private const string Plain = """{"listened_at":1443521900,"track_metadata":{"artist_name":"B","track_name":"T","additional_info":{"artist_mbids":["x","y"]},"mbid_mapping":null}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_export_zip()
    {
        string zip = _folder.Zip(
            "listenbrainz_ann_1700000000.zip",
            ("listens/2015/9.jsonl", $"{Mapped}\n{Plain}\n{Mapped}\nnot "
                + $"json\n{{\"listened_at\":null,\"track_metadata\":{{}}}}\n{{\"listened_at\":1443521901,\"track_metadata\":{{\"track_name\":\"T\"}}}}\n"),
            ("listens/2015/10.jsonl", """{"listened_at":1,"track_metadata":{"artist_name":"B","track_name":"T"}}"""),
            ("feedback.jsonl", "{}"),
            ("user.json", """{"user_id":7,"username":"bea"}"""));
        ImportResult result = Import.Files("listenbrainz", zip);
        result.Report.AddsUp();
        Assert.Equal(["bea B \u2013 T 1443521900", "bea mapped 1443521965"], result.Dataset.Lines());
        Assert.Equal(["bad-json 1", "empty-item 1", "now-playing 1", "time-before-2002 1"],
            result.Report.Reasons().Select(r => r["interactions/".Length..]));
        Assert.Equal(1, result.Report.Duplicate);
        Assert.Equal(["listenbrainz_ann_1700000000.zip!feedback.jsonl"], result.Report.Ignored);
        Assert.Equal(["bea B 1443521900", "bea a2 1443521965"], Import.Files("listenbrainz", "artist", null, zip).Dataset.Lines());
        Assert.Equal(["bea r2 1443521965"], Import.Files("listenbrainz", "album", null, zip).Dataset.Lines());
    }

    [Fact]
    public void The_user_is_in_the_name_of_the_zip() => Assert.Equal(
        ["ann B \u2013 T 1443521900"],
            Import.Files("listenbrainz", _folder.Zip("listenbrainz_ann_1700000000.zip", ("listens/2015/9.jsonl", Plain))).Dataset.Lines());

    [Fact]
    public void The_older_export() => Assert.Equal(
        ["ann_b B \u2013 T 1443521900", "ann_b mapped 1443521965"],
            Import.Files("listenbrainz", _folder.Write("ann_b_lb-2020-01-31.json", $"[{Mapped},\n{Plain}]")).Dataset.Lines());

    [Fact]
    public void Two_exports_are_two_listeners_and_a_renamed_one_is_read()
    {
        string ann = _folder.Zip("listenbrainz_ann_1700000000.zip", ("listens/2015/9.jsonl", Plain), ("user.json", "{}"));
        string bea = _folder.Zip("b.zip", ("listens/2015/9.jsonl", Plain), ("user.json", """{"user_name":"bea"}"""));
        string renamed = _folder.Write("old.json", $"[{Plain}]");
        ImportResult result = Import.Files("listenbrainz", [ann, bea, renamed]);
        Assert.Equal(["ann B \u2013 T 1443521900", "bea B \u2013 T 1443521900", "old B \u2013 T 1443521900"], result.Dataset.Lines());
        Assert.Contains("'old' does not say whose", Assert.Single(result.Report.Notes), StringComparison.Ordinal);
        Assert.Equal(["cat"], FormatCatalog.Import("listenbrainz", [ann, bea], new ImportOptions { Listeners = ["cat"], Clock = Import.Clock }).Dataset.Users.AsEnumerable());
    }

    [Theory]
    [InlineData("{\n \"scrobbles\": [\n  {\"time\": 1600000000}\n ]\n}", "of a format that Segue does not know")]
    [InlineData("{\"timeMs\":1600000000000,\"artist\":\"A\"}\n{\"timeMs\":1600000000001,\"artist\":\"A\"}\n", "2 other-json")]
    [InlineData("[{\"track\":{}},17]", "2 other-json")]
    [InlineData("[{\"track\":}]", "1 bad-json")]
    public void Sound_json_of_another_kind_is_not_called_broken(string text, string message) => Assert.Contains(
        message, Assert.Throws<ImportException>(() => Import.Files("listenbrainz", _folder.Write("x.json", text))).Message, StringComparison.Ordinal);

    [Fact]
    public void Other_zips_are_refused() => Assert.Contains(
        "no listens/", Assert.Throws<ImportException>(() =>
            Import.Files("listenbrainz", _folder.Zip("a.zip", ("x.json", "[]"), ("y.json", "[]")))).Message, StringComparison.Ordinal);
}
