using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class SpotifyHistoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Listens_are_kept_and_the_rest_is_counted()
    {
        string zip = _folder.Zip(
            "my_spotify_data.zip",
            ("MyData/Streaming_History_Audio_2021_1.json", "[" + string.Join(
                ",\n",
                Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000),
                Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000),
                Play("2021-11-15T13:41:50Z", "A", "T", "L", "spotify:track:1", 200000),
                Play("2021-11-15T14:41:44Z", "A", "T", "L", "spotify:track:1", 200000),
                Play("2021-11-15T15:00:00Z", "A", "Short", "L", "spotify:track:2", 20000, end: "fwdbtn"),
                Play("2021-11-15T15:01:00Z", "A", "Short", "L", "spotify:track:2", 20000, end: "trackdone"),
                Play("2021-11-15T15:02:00Z", "A", "Short", "L", "spotify:track:2", 20000, end: "trackdone", more: "\"skipped\":true"),
                Play("2021-11-15T15:03:00Z", "A", "Long", "L", "spotify:track:3", 40000, end: "fwdbtn", more: "\"skipped\":true"),
                Play("2021-11-15T15:04:00Z", "A", "Secret", "L", "spotify:track:4", 40000, more: "\"incognito_mode\":true"),
                """{"ts":"2021-11-15T16:00:00Z","ms_played":500000,"master_metadata_track_name":null,"master_metadata_album_artist_name":null,"spotify_track_uri":null,"episode_name":"Pod","spotify_episode_uri":"spotify:episode:1"}""",
                """{"ts":"2021-11-15T16:00:00Z","ms_played":500000,"master_metadata_track_name":null,"spotify_track_uri":null}""",
                Play("1970-01-01T00:00:00Z", "A", "T", "L", "spotify:track:1", 200000),
                Play("2099-01-01T00:00:00Z", "A", "T", "L", "spotify:track:1", 200000),
                Play("2021-11-15T17:00:00Z", "A", "T", "L", "spotify:track:1", -5),
                """{"ts":"2021-11-15T17:00:00Z","ms_played":"many","master_metadata_track_name":"T","master_metadata_album_artist_name":"A"}""",
                """{"ts":"soon","ms_played":1}""",
                """{"unknown":1}""",
                "17") + "]"),
            ("MyData/Streaming_History_Video_2021.json", "[{}]"),
            ("MyData/ReadMe.pdf", "x"));
        ImportResult result = Import.Files("spotify-history", zip);
        result.Report.AddsUp();
        Assert.Equal(
            [
                "me spotify:track:1 1636983704", "me spotify:track:1 1636987304", "me spotify:track:2 1636988460",
                    "me spotify:track:3 1636988580",
            ],
            result.Dataset.Lines());
        Assert.Equal(
            ["other-json 2", "short-play 2", "bad-number 1", "bad-time 1", "empty-item 1", "incognito 1", "not-music 1",
                "time-before-2002 1", "time-in-future 1", "weight-not-positive 1"],
            result.Report.Reasons().Select(r => r["interactions/".Length..]));
        Assert.Equal(2, result.Report.Duplicate);
        Assert.Equal(new Sample("my_spotify_data.zip!MyData/Streaming_History_Audio_2021_1.json", 2,
            "A \u2013 T")
        { Record = 2 }, result.Report.Duplicates.Single().Samples[0]);
        Assert.Equal(2, result.Report.Ignored.Count);
    }

    [Fact]
    public void Both_exports_meet()
    {
        string account = _folder.Write("StreamingHistory0.json", """
            [{"endTime":"2021-11-15 13:41","artistName":"A","trackName":"T","msPlayed":200000},
             {"endTime":"2021-11-15 13:42","artistName":"A","trackName":"T","msPlayed":200000},
             {"endTime":"2021-11-16 10:00","artistName":"B","trackName":"U","msPlayed":100000},
             {"endTime":"2021-11-16 10:00","artistName":"B","trackName":"U","msPlayed":100000},
             {"endTime":"2021-11-16 11:00","artistName":"B","trackName":"U","msPlayed":9000}]
            """);
        string extended = _folder.Write("endsong_0.json", "["
            + Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000, more: "\"username\":\"ann\"") + "]");
        ImportResult result = Import.Files("spotify-history", [account, extended]);
        result.Report.AddsUp();
        Assert.Equal(["ann spotify:track:1 1636983704", "ann spotify:track:1 1636983720", "ann B \u2013 U 1637056800"],
            result.Dataset.Lines());
        Assert.Equal(2, result.Report.Duplicate);
        Assert.Equal(["interactions/short-play 1"], result.Report.Reasons());
        Assert.Equal(["ann A 1636983704", "ann A 1636983720", "ann B 1637056800"],
            Import.Files("spotify-history", "artist", null, account, extended).Dataset.Lines());
        ImportResult albums = Import.Files("spotify-history", "album", null, account, extended);
        Assert.Equal(["ann A \u2013 L 1636983704", "ann A \u2013 L 1636983720"], albums.Dataset.Lines());
        Assert.Equal(1, albums.Report.RejectedCount - 1);
        Import.SameBytes(result, Import.Files("spotify-history", [account, extended]));
    }

    [Fact]
    public void Other_zips_are_refused() => Assert.Contains(
        "no Streaming_History_Audio", Assert.Throws<ImportException>(() =>
            Import.Files("spotify-history", _folder.Zip("a.zip", ("x.json", "[]"), ("y.json", "[]")))).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_peoples_exports_are_two_listeners_and_two_exports_of_one_are_one()
    {
        string first = Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000), later = Play("2022-01-01T10:00:00Z", "A", "U", "L", "spotify:track:2", 200000);
        string ann = _folder.Zip("ann.zip", ("Streaming_History_Audio_2021.json", $"[{first},{later}]"));
        string ben = _folder.Zip("ben.zip", ("Streaming_History_Audio_2021.json",
            $"[{Play("2021-11-15T13:41:50Z", "A", "T", "L", "spotify:track:1", 200000)},{Play("2022-02-01T10:00:00Z", "A", "U", "L", "spotify:track:2", 200000)}]"));
        ImportResult two = Import.Files("spotify-history", [ann, ben]);
        Assert.Equal(["ann spotify:track:1 1636983704", "ann spotify:track:2 1641031200", "ben spotify:track:1 1636983710", "ben spotify:track:2 1643709600"],
            two.Dataset.Lines());
        Assert.Contains("each is a listener of its own", Assert.Single(two.Report.Notes), StringComparison.Ordinal);

        string again = _folder.Zip("again.zip", ("Streaming_History_Audio_2021.json", $"[{first}]"));
        ImportResult one = Import.Files("spotify-history", [ann, again]);
        Assert.Equal(["me spotify:track:1 1636983704", "me spotify:track:2 1641031200"], one.Dataset.Lines());
        Assert.Contains("count as one listener", Assert.Single(one.Report.Notes), StringComparison.Ordinal);

        Assert.Equal(["x", "y"], Named(["x", "y"], ann, again).Dataset.Users.AsEnumerable());
        Assert.Equal(["x"], Named(["x"], ann, ben).Dataset.Users.AsEnumerable());
        Assert.Throws<Segue.Core.OptionException>(() => Named(["x", "y", "z"], ann, ben));
    }

    [Fact]
    public void A_name_in_one_persons_export_is_not_the_others()
    {
        string ann = _folder.Zip("a.zip", ("endsong_0.json", $"[{Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000, more: "\"username\":\"ann\"")}]"));
        string ben = _folder.Zip("b.zip", ("endsong_0.json", $"[{Play("2021-11-15T13:41:50Z", "A", "T", "L", "spotify:track:1", 200000)}]"));
        Assert.Equal(["ann spotify:track:1 1636983704", "b spotify:track:1 1636983710"], Import.Files("spotify-history", [ann, ben]).Dataset.Lines());
    }

    [Fact]
    public void A_named_file_is_read_whatever_it_is_called_and_loose_files_are_one_listener_who_is_said()
    {
        string first = _folder.Write("Streaming_History_Audio_1.json", $"[{Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000)}]");
        string renamed = _folder.Write("mine.json", $"[{Play("2021-11-16T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000)}]");
        ImportResult result = Import.Files("spotify-history", [first, renamed]);
        Assert.Equal(["me spotify:track:1 1636983704", "me spotify:track:1 1637070104"], result.Dataset.Lines());
        Assert.Contains("2 files count as one listener 'me'", Assert.Single(result.Report.Notes), StringComparison.Ordinal);
        Assert.Contains("of another format", Assert.Throws<ImportException>(() =>
            Import.Files("spotify-history", [first, _folder.Write("Userdata.json", "{}")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scrobbles_before_2002_are_counted_with_the_way_to_keep_them()
    {
        string path = _folder.Write("endsong_0.json", $"[{Play("1999-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000)},{Play("2021-11-15T13:41:44Z", "A", "T", "L", "spotify:track:1", 200000)}]");
        Assert.Contains("1 row of interactions has a time before 2002 and is left out; --times-from 1970", Assert.Single(Import.Files("spotify-history", path).Report.Notes), StringComparison.Ordinal);
        Assert.Equal(2, FormatCatalog.Import("spotify-history", [path], new ImportOptions { TimesFrom = 1990, Clock = Import.Clock }).Report.Accepted);
    }

    private static ImportResult Named(string[] listeners, params string[] paths) =>
        FormatCatalog.Import("spotify-history", paths, new ImportOptions { Listeners = listeners, Clock = Import.Clock });

    private static string Play(string time, string artist, string title, string album, string uri, int played, string end = "trackdone",
        string more = "\"shuffle\":null") =>
        $$"""{"ts":"{{time}}","platform":"x","ms_played":{{played}},"master_metadata_track_name":"{{title}}","master_metadata_album_artist_name":"{{artist}}","master_metadata_album_album_name":"{{album}}","spotify_track_uri":"{{uri}}","episode_name":null,"reason_start":"clickrow","reason_end":"{{end}}",{{more}}}""";
}
