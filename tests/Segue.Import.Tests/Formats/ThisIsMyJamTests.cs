using System.Text;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class ThisIsMyJamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_with_and_without_uri_meet_and_names_are_repaired()
    {
        string twice = string.Concat(Encoding.UTF8.GetBytes("J\u00fan\u00edus").Select(b => (char)b));
        string path = _folder.Write(
            "jams.tsv",
            $"j1\tu1\tA\tT \"q\"\t2015-09-03\thttp://x\t\nj2\tu2\tA\tT \"q\"\t2015-09-04\thttp://y\tspotify:track:1\nj3\tu1\tA\tT "
                + "\"q\"\t2015-09-03\thttp://x\t\n"
            + $"j4\tu1\t{twice}\tHail\t2015-09-05\t\t\nj5\tu1\t\tHail\t2015-09-05\t\t\nj6\tu1\tA\tB\tsoon\t\t\nj7\tu1\tA\tB\t2015-09-05\n");
        ImportResult result = Import.Files("thisismyjam", path);
        result.Report.AddsUp();
        Assert.Equal(["u1 spotify:track:1 1441238400", "u1 J\u00fan\u00edus \u2013 Hail 1441411200", "u2 spotify:track:1 1441324800"],
            result.Dataset.Lines());
        Assert.Equal(["bad-time 1", "empty-item 1", "missing-column 1"], result.Report.Reasons().Select(r => r["interactions/".Length..]));
        Assert.Equal(("doubly-encoded", 1L, 1L),
            (result.Report.Repaired.Single().Reason, result.Report.Repaired.Single().Count, result.Report.Duplicate));
        Assert.Equal(["u1 A 1441238400", "u1 J\u00fan\u00edus 1441411200", "u2 A 1441324800"],
            Import.Files("thisismyjam", "artist", null, path).Dataset.Lines());
    }

    [Theory]
    [InlineData("u3\tj2\nu3\tj2\nu1\tj1\nu3\tj9\nu3\n\tj1\nuser_id\tjam_id\n")]
    [InlineData("j2\tu3\nj2\tu3\nj1\tu1\nj9\tu3\nu3\nj1\t\njam_id\tuser_id\n")]
    public void Likers_are_listeners_of_the_jams_song(string likes)
    {
        _folder.Write("data/jams.tsv", "j1\tu1\tA\tT\t2015-09-03\t\t\nj2\tu2\tA\tS\t2015-09-04\t\tspotify:track:1\nj3\tu2\tA\tT\t2015-09-05\t\tspotify:track:2\n");
        _folder.Write("data/likes.tsv", likes);
        ImportResult result = Import.Files("thisismyjam", _folder.File("data"));
        result.Report.AddsUp();

        // The like of j1 is of the song that j3 gives a URI.
        Assert.Equal(
            ["u1 spotify:track:2 -1", "u1 spotify:track:2 1441238400", "u2 spotify:track:1 1441324800", "u2 spotify:track:2 1441411200", "u3 spotify:track:1 -1"],
            result.Dataset.Lines());
        TableCount table = result.Report.Tables.Single(t => t.Table == "likes");
        Assert.Equal((7L, 2L, 1L, 4L), (table.Rows, table.Accepted, table.Duplicate, table.Rejected));
    }

    [Fact]
    public void Real_sample()
    {
        ImportResult result = Import.Files("thisismyjam", TestData.Find("thisismyjam-sample.zip"));
        result.Report.AddsUp();
        Assert.Equal(4752, result.Dataset.Users.Count);
        Assert.Equal((15000L, 14944L, 55L, 1L),
            (result.Report.Rows, result.Report.Accepted, result.Report.Duplicate, result.Report.RejectedCount));
        Assert.Equal(606, result.Report.Repaired.Single().Count);
        Assert.DoesNotContain(result.Dataset.Catalog.Artists.AsEnumerable(), a => a.Contains("\u00c3\u00ba", StringComparison.Ordinal));
    }
}
