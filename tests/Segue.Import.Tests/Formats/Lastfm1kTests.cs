using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class Lastfm1kTests : IDisposable
{
    private const string Listens =
        "user_1\t2009-05-03T15:48:25Z\tam1\tUnder\"world\ttm1\tBoy, \"Boy\nuser_1\t2009-05-03T15:37:56Z\tam1\tUnder\"world\t\tCrocodile\n"
        + "user_1\t2009-05-03T15:37:56Z\tam1\tUnder\"world\t\tCrocodile\nuser_2\t2009-05-03T15:37:56Z\t\tNobody\t\tCrocodile\nuser_1\t2009-05-03T15:37:56Z\tam1\tUnder\"world\t\tOther\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Listens_by_time_with_profiles()
    {
        _folder.Write("d/userid-timestamp-artid-artname-traid-traname.tsv", Listens);
        _folder.Write("d/userid-profile.tsv",
            "#id\tgender\tage\tcountry\tregistered\nuser_1\tm\t\tJapan\tAug 13, 2006\nuser_9\tf\t\t\t\nuser_1\tf\t\t\t\n");
        ImportResult result = Import.Files("lastfm-1k", _folder.File("d"));
        result.Report.AddsUp();
        Assert.Equal(
            ["user_1 Under\"world \u2013 Crocodile 1241365076", "user_1 Under\"world \u2013 Other 1241365076", "user_1 tm1 1241365705",
                "user_2 Nobody \u2013 Crocodile 1241365076"],
            result.Dataset.Lines());
        Assert.Equal(1, result.Report.Duplicate);
        Assert.Equal(["Japan", ""], result.Dataset.Profile["country"].AsEnumerable());
        Assert.Equal(["profile/unknown-user 1"], result.Report.Reasons());
        Assert.Equal("Under\"world \u2013 Boy, \"Boy", result.Dataset.DisplayName(result.Dataset.Items.IndexOf("tm1")));
    }

    [Fact]
    public void Artists_are_the_items_at_artist_level()
    {
        ImportResult result = Import.Files("lastfm-1k", "artist", null,
            _folder.Write("x.tsv.gz", Import.Gzip(System.Text.Encoding.UTF8.GetBytes(Listens))));
        Assert.Equal(["user_1 am1 1241365076", "user_1 am1 1241365076", "user_1 am1 1241365705", "user_2 Nobody 1241365076"],
            result.Dataset.Lines());
        Assert.Equal(1, result.Report.Duplicate);
        Assert.Equal(["Under\"world", "Nobody"], result.Dataset.Catalog.Names.AsEnumerable());
    }

    [Fact]
    public void Dirty_rows_are_counted_by_reason()
    {
        string path = _folder.Write(
            "x.tsv",
            "user\ttimestamp\tartist_id\tartist\tartist_id\tsong\nu\t2009-05-03T15:48:25Z\t\ta\t\tt\nu\t1970-01-01T00:00:00Z\t\ta\t\tt\nu\t2099-01-01T00:00:00Z\t\ta\t\tt\n"
            + "u\tyesterday\t\ta\t\tt\nu\t\t\ta\t\tt\n\t2009-05-03T15:48:25Z\t\ta\t\tt\nu\t2009-05-03T15:48:25Z\tm\ta\t\t\nu\t2009-05-03T15:48:25Z\t\ta\tt\nu\t2009-05-03T15:48:25Z\t\ta\t\tt\tx\n");
        ImportResult result = Import.Files("lastfm-1k", path);
        result.Report.AddsUp();
        Assert.Equal(["u a \u2013 t 1241365705"], result.Dataset.Lines());
        Assert.Equal(
            ["bad-time 1", "empty-item 1", "empty-user 1", "extra-column 1", "missing-column 1", "no-time 1", "time-before-2002 1",
                "time-in-future 1"],
            result.Report.Reasons().Select(r => r["interactions/".Length..]));
    }

    [Fact]
    public void Real_sample()
    {
        ImportResult result = Import.Files("lastfm-1k", TestData.Find("lastfm-1k-fragments.zip"));
        Assert.Equal((1, 85), (result.Dataset.Users.Count, result.Dataset.Count));
        Assert.Equal(new TableCount("profile", 992, 1, 0, 991), result.Report.Tables.Single(t => t.Table == "profile"));
        Assert.Equal("Japan", result.Dataset.Profile["country"][0]);
        Import.SameBytes(result, Import.Files("lastfm-1k", TestData.Find("lastfm-1k-fragments.zip")));
    }
}
