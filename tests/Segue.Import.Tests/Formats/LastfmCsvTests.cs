using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class LastfmCsvTests : IDisposable
{
    [Fact]
    public void What_plays_may_stand_first_and_other_files_of_a_folder_are_passed_over()
    {
        _folder.Write("d/ann.csv", "A,L,Now,\nA,L,T,06 Jan 2014 20:19\n");
        _folder.Write("d/notes.csv", "name,value\nx,1\n");
        ImportResult result = Import.Files("lastfm-csv", _folder.File("d"));
        Assert.Equal(["ann A \u2013 T 1389039540"], result.Dataset.Lines());
        Assert.Equal(["interactions/now-playing 1"], result.Report.Reasons());
        Assert.Equal(["d/notes.csv"], result.Report.Ignored);
        Assert.Contains("no column 'uts'", Assert.Throws<ImportException>(() =>
            Import.Files("lastfm-csv", [_folder.File("d/ann.csv"), _folder.File("d/notes.csv")])).Message, StringComparison.Ordinal);
        File.Delete(_folder.File("d/ann.csv"));
        Assert.Contains("no column 'uts'", Assert.Throws<ImportException>(() => Import.Files("lastfm-csv", _folder.File("d"))).Message, StringComparison.Ordinal);
        Assert.Contains("is JSON", Assert.Throws<ImportException>(() =>
            Import.Files("lastfm-csv", _folder.Write("recenttracks-ann-1.json", "[{\"track\":[]}]"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_files_of_one_name_are_said_to_be_one_listener()
    {
        string[] files = [_folder.Write("a/x.csv", "A,L,T,06 Jan 2014 20:19\n"), _folder.Write("b/x.csv", "A,L,T,06 Jan 2014 20:19\n")];
        Assert.Contains("2 files count as one listener, 'x'", Assert.Single(Import.Files("lastfm-csv", files).Report.Notes), StringComparison.Ordinal);
        ImportResult two = FormatCatalog.Import("lastfm-csv", files, new ImportOptions { Listeners = ["ann", "ben"], Clock = Import.Clock });
        Assert.Equal(["ann A \u2013 T 1389039540", "ben A \u2013 T 1389039540"], two.Dataset.Lines());
        Assert.Empty(two.Report.Notes);
    }

    [Fact]
    public void Letters_that_look_the_same_are_one_track() => Assert.Equal(2, Import.Files("lastfm-csv", _folder.Write(
        "ann.csv", "uts,artist,track\n1389039540,R\u00e9al,T\n1389039541,Re\u0301al,T\n1389039542,Real,T\n")).Dataset.Items.Count);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ghan_nl_by_header()
    {
        string path = _folder.Write(
            "recenttracks-ann-1700000000.csv",
            "\"uts\",\"utc_time\",\"artist\",\"artist_mbid\",\"album\",\"album_mbid\",\"track\",\"track_mbid\"\n"
            + "\"1443521965\",\"29 Sep 2015, 10:19\",\"Rick \"\"R\"\" "
                + "Astley\",\"ar1\",\"Whenever\",\"al1\",\"Never\",\"tr1\"\n1443521900,,B,,,,\"T, "
                    + "two\",\n\"\",\"\",\"B\",\"\",\"\",\"\",\"Now\",\"\"\n"
            + "1443521900,,B,,,,\"T, two\",\n12,,B,,,,C,\n1443521901,,,,,,C,\n");
        ImportResult result = Import.Files("lastfm-csv", path);
        result.Report.AddsUp();
        Assert.Equal(["ann B \u2013 T, two 1443521900", "ann tr1 1443521965"], result.Dataset.Lines());
        Assert.Equal("Rick \"R\" Astley \u2013 Never", result.Dataset.DisplayName(0));
        Assert.Equal(["interactions/empty-item 1", "interactions/now-playing 1", "interactions/time-before-2002 1"],
            result.Report.Reasons());
        Assert.Equal(1, result.Report.Duplicate);
        Assert.Equal(["ann B 1443521900", "ann ar1 1443521965"], Import.Files("lastfm-csv", "artist", null, path).Dataset.Lines());
        Assert.Equal(["ann al1 1443521965"], Import.Files("lastfm-csv", "album", null, path).Dataset.Lines());
    }

    [Fact]
    public void Without_header()
    {
        string path = _folder.Write("bob.csv", "Rick Astley,Whenever,Never,06 Jan 2014 20:19\n\"A, B\",,T,\"6 Jan 2014 20:20\"\nA,,T,\n");
        ImportResult result = Import.Files("lastfm-csv", path);
        Assert.Equal(["bob Rick Astley \u2013 Never 1389039540", "bob A, B \u2013 T 1389039600"], result.Dataset.Lines());
        Assert.Equal(["interactions/now-playing 1"], result.Report.Reasons());
        Assert.Equal(["Whenever"], result.Dataset.Catalog.Albums.AsEnumerable());
    }

    [Fact]
    public void Other_csv_is_refused() => Assert.Contains(
        "no column 'uts'", Assert.Throws<ImportException>(() => Import.Files("lastfm-csv", _folder.Write("a.csv", "x,y\n1,2\n"))).Message,
            StringComparison.Ordinal);
}
