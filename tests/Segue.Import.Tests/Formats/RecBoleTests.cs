using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class RecBoleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_three_files()
    {
        _folder.Write("d/x.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ta\t3\t1241365705.0\nu\ta\t4\t1241365705\nu\tb\t-1\t1241365705\nu\tb\t1\t-5\nu\tb\n\tb\t1\t1241365705\nu\tb\t2\t1241365700\n");
        _folder.Write("d/x.item", "item_id:token\ttrack_name:token\tartist_name:token\ttempo:float\tgenre:token_seq\nb\tBee\tArt\t120.5\trock pop\nc\tSee\t\t1\t\na\tAy\t\t\t\na\tAy\t\t\t\nb\tBee\tArt\tfast\t\n");
        _folder.Write("d/x.user", "user_id:token\tage:float\tcountry:token\nu\t22\tPeru\nz\t1\tx\n");
        ImportResult result = Import.Files("recbole", _folder.File("d"));
        result.Report.AddsUp();
        Assert.Equal(["u b 1241365700 2", "u a 1241365705 3"], result.Dataset.Lines());
        Assert.Equal("Art \u2013 Bee", result.Dataset.DisplayName(1));
        Assert.Equal(["tempo"], result.Dataset.Catalog.FeatureNames);
        Assert.Equal([float.NaN, 120.5f], result.Dataset.Catalog.Features.ToArray());
        Assert.Equal(["rock", "pop"], result.Dataset.Tags.Names.AsEnumerable());
        Assert.Equal("Peru", result.Dataset.Profile["country"][0]);
        Assert.Equal(
            [
                "interactions/empty-user 1", "interactions/missing-column 1", "interactions/time-before-1970 1",
                    "interactions/weight-not-positive 1",
                "items/bad-number 1", "items/unknown-item 1", "profile/unknown-user 1",
            ],
            result.Report.Reasons());
    }

    [Fact]
    public void Times_of_the_last_century_are_kept_and_no_time_is_none()
    {
        string path = _folder.Write("x.inter", "user_id:token\titem_id:token\ttimestamp:float\nu\ta\t881250949\nu\tb\t0\nu\tc\t-1\nu\td\t9000000000\n");
        ImportResult result = Import.Files("recbole", path);
        Assert.Equal(["u a 881250949"], result.Dataset.Lines());
        Assert.Equal(["interactions/no-time 2", "interactions/time-in-future 1"], result.Report.Reasons());
        Assert.Equal(["interactions/time-before-1999 1"], FormatCatalog.Import("recbole", [path, _folder.Write("x.user", "user_id:token\nu\n")],
            new ImportOptions { Clock = new FixedClock("2300-01-01T00:00:00Z"), TimesFrom = 1999 }).Report.Reasons().Where(r => r.Contains("before", StringComparison.Ordinal)));
    }

    [Fact]
    public void Titles_of_several_words_are_names_and_genres_are_tags()
    {
        _folder.Write("d/x.inter", "user_id:token\titem_id:token\nu\ta\n");
        _folder.Write("d/x.item", "item_id:token\tfilm_title:token_seq\toriginal_title:token_seq\tgenre_name:token_seq\na\tHarbour Lights\tX Y\tdrama slow\n");
        ImportResult result = Import.Files("recbole", _folder.File("d"));
        Assert.Equal(["Harbour Lights"], result.Dataset.Catalog.Names.AsEnumerable());
        Assert.Equal(["drama", "slow"], result.Dataset.Tags.Names.AsEnumerable());
    }

    [Fact]
    public void A_benchmark_split_is_kept()
    {
        string zip = _folder.Zip("x.zip", ("x/x.train.inter", "user_id:token\tartist_id:token\nu\ta\n"),
            ("x/x.test.inter", "user_id:token\tartist_id:token\nu\tb\n"));
        Assert.Equal(["u a 0", "u b 2"], Import.Files("recbole", zip).Dataset.Lines());
    }

    [Theory]
    [InlineData("user_id\titem_id\nu\ta\n", "not name:token")]
    [InlineData("user_id:token\trating:float\nu\t1\n", "no two columns of type token")]
    [InlineData("user_id:token\tuser_id:token\nu\t1\n", "twice")]
    [InlineData("", "is empty")]
    public void Wrong_headers_are_errors(string text, string message) =>
        Assert.Contains(message, Assert.Throws<ImportException>(() => Import.Files("recbole", _folder.Write("x.inter", text))).Message,
            StringComparison.Ordinal);
}
