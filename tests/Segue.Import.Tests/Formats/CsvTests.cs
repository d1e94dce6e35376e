using System.Text;
using Segue.Core;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class CsvTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("user,item\nu,a\nu,b\n", "user=user,item=item")]
    [InlineData("item;x;user\r\na;1;u\r\nb;2;u\r\n", "user=user,item=item")]
    [InlineData("USER\tItem\nu\ta\nu\tb", "user=user,item=item")]
    [InlineData("\uFEFFuser|item\nu|a\nu|b\n", "user=user,item=item")]
    [InlineData("\"user\",\"item\"\n\"u\",\"a\"\nu,\"b\"\n", "user=user,item=item")]
    [InlineData("u,a\nu,b\n", "user=0,item=1")]
    [InlineData("u a\nu b\n", "user=0,item=1")]
    [InlineData("user,item\nu,a\nu,b\n", "user=0,item=1,header=yes")]
    public void Delimiter_and_header_are_found(string text, string map) =>
        Assert.Equal(["u a", "u b"], Import.Files("csv", null, map, _folder.Write("x.txt", text)).Dataset.Lines());

    [Theory]
    [InlineData("1,2\n1,3\n", "user=0,item=1", "1 2", "1 3")]
    [InlineData("u,i\n1,2\n1,3\n", "user=0,item=1", "1 2", "1 3")]
    [InlineData("u,i,plays\na,x,3\n", "user=0,item=1,weight=2", "a x 3")]
    [InlineData("a,x,3\n", "user=0,item=1,weight=2", "a x 3")]
    [InlineData("u,uri:1\nu,2\nu,uri:3\n", "user=0,item=1", "u uri:1", "u 2", "u uri:3")]
    [InlineData("a\tx\t0\na\tx\t54\nb\tx\t54\n", "user=0,item=1,time=2,time_format=relative", "a x 0", "a x 54", "b x 54")]
    [InlineData("a,x,2009-05-03T15:48:25Z\n", "user=0,item=1,time=2", "a x 1241365705")]
    [InlineData("a,x,1241365705999\n", "user=0,item=1,time=2", "a x 1241365705")]
    [InlineData("a,x, 1241365705 \n", "user=0,item=1,time=2", "a x 1241365705")]
    public void Columns_by_number_times_and_weights(string text, string map, params string[] expected) =>
        Assert.Equal(expected, Import.Files("csv", null, map, _folder.Write("x.txt", text)).Dataset.Lines());

    [Fact]
    public void Names_and_levels()
    {
        string path = _folder.Write("x.csv",
            "u,id,t,a,l,ts\nu,1,\"Title, one\",Art,Alb,1241365705\nu,2,Two,Art,Alb,1241365705\nu,2,Two,Art,Alb,1241365705\n");
        string map = "user=u,item=id,title=t,artist=a,album=l,time=ts";
        ImportResult tracks = Import.Files("csv", null, map, path);
        Assert.Equal(["u 1 1241365705", "u 2 1241365705"], tracks.Dataset.Lines());
        Assert.Equal("Art \u2013 Title, one", tracks.Dataset.DisplayName(0));
        Assert.Equal(["Alb"], tracks.Dataset.Catalog.Albums.AsEnumerable());
        Assert.Equal(1, tracks.Report.Duplicate);

        // Two tracks of one artist at one moment are two listens of that artist.
        ImportResult artists = Import.Files("csv", "artist", map, path);
        Assert.Equal(["u Art 1241365705", "u Art 1241365705"], artists.Dataset.Lines());
        Assert.Equal(1, artists.Report.Duplicate);
        Assert.Equal(["u Art \u2013 Alb 1241365705", "u Art \u2013 Alb 1241365705"],
            Import.Files("csv", "album", map, path).Dataset.Lines());
    }

    [Fact]
    public void Ids_made_of_names_do_not_meet()
    {
        string path = _folder.Write("x.csv", "u,a,t\nu,A,B \u2013 C\nu,A \u2013 B,C\nu,A\\\u2013 B,C\n");
        Assert.Equal(3, Import.Files("csv", null, "user=u,artist=a,title=t", path).Dataset.Items.Count);
    }

    [Fact]
    public void Dirty_rows_are_counted_by_reason()
    {
        byte[] bytes =
        [
            .. Encoding.UTF8.GetBytes(
                "u,i,t,w\na,x,1241365705,1\n,x,1241365705,1\na,,1241365705,1\na,x,,1\na,x,soon,1\na,x,-946684800,1\na,x,4102444800,1\na,x,1241365705,-1\n"
                + "a,x,1241365705,0\na,x,1241365705,NaN\na,x,1241365705,1e300\na,x,1241365705\na,x,1241365705,1,9\nu,i,t,w\na\0,x,1241365705,1\n\"a,x,1241365705,1\n\n"),
            0xC3, 0x28, .. ",x,1241365705,1\n"u8,
                .. Encoding.UTF8.GetBytes(new string('z', (1 << 20) + 1) + "\na,x,1241365705,5\nb,y,1241365706,2"),
        ];
        ImportResult result = Import.Files("csv", null, "user=u,item=i,time=t,weight=w", _folder.Write("x.csv", bytes));
        Assert.Equal(["a x 1241365705 1", "b y 1241365706 2"], result.Dataset.Lines());
        result.Report.AddsUp();
        Assert.Equal((21L, 2L, 1L), (result.Report.Rows, result.Report.Accepted, result.Report.Duplicate));
        string[] expected =
        [
            "bad-time 1", "bad-weight 1", "blank-line 1", "empty-item 1", "empty-user 1", "extra-column 1", "invalid-utf8 1",
                "line-too-long 1", "missing-column 1", "no-time 1",
            "nul-byte 1", "repeated-header 1", "time-before-1970 1", "time-in-future 1", "unclosed-quote 1", "weight-not-positive 2",
                "weight-too-large 1",
        ];
        Assert.Equal(expected, result.Report.Reasons().Select(r => r["interactions/".Length..]).Order(StringComparer.Ordinal));
        Assert.Equal(new Sample("x.csv", 7, "x"),
            result.Report.Rejected.Single(r => r.Reason == "time-before-1970").Samples.Single());
        Import.SameBytes(result, Import.Files("csv", null, "user=u,item=i,time=t,weight=w", _folder.File("x.csv")));
    }

    [Fact]
    public void Only_the_first_samples_are_kept()
    {
        string path = _folder.Write("x.csv", "u,i\na,b\n" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"{i}\n")));
        RejectReason reason = Assert.Single(Import.Files("csv", null, "user=u,item=i", path).Report.Rejected);
        Assert.Equal((1000L, 20), (reason.Count, reason.Samples.Count));
        Assert.Equal(new Sample("x.csv", 3, ""), reason.Samples[0]);
    }

    [Fact]
    public void Nothing_accepted_says_why()
    {
        string path = _folder.Write("x.tsv", "0\t0\t0\n1\t1\t-1\n");
        string message = Assert.Throws<ImportException>(() => Import.Files("csv", null, "user=0,item=1,time=2", path)).Message;
        Assert.Contains("2 no-time", message, StringComparison.Ordinal);
        Assert.Contains("time_format=relative", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("u,u,i\na,b,c\n", "user=u,item=i", "'u' twice")]
    [InlineData("u,i\na,b\n", "user=u,item=track", "does not have the columns")]
    [InlineData("u,i\na,b\n", "user=0,item=7", "does not have the columns")]
    public void Columns_that_cannot_be_found_are_errors(string text, string map, string message) =>
        Assert.Contains(message, Assert.Throws<ImportException>(() =>
            Import.Files("csv", null, map, _folder.Write("x.csv", text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("user=a")]
    [InlineData("user=a,item=")]
    [InlineData("user=a,itm=b")]
    [InlineData("user=a,item=b,user=c")]
    [InlineData("user=a,item")]
    [InlineData("user=a,item=b,delimiter=ab")]
    [InlineData("user=a,item=b,header=maybe")]
    [InlineData("user=a,item=b,time_format=julian")]
    public void Wrong_maps_are_wrong_usage(string map) => Assert.Throws<OptionException>(() => ColumnMap.Parse(map));

    [Fact]
    public void A_map_is_written_as_it_is_read()
    {
        string map = "user=a,item=b,time=3,weight=w,artist=x,title=y,album=z,delimiter=tab,header=no,quotes=yes,ordered=yes,time_format=unix_ms";
        Assert.Equal(map, ColumnMap.Parse(map).ToString());
        Assert.Throws<OptionException>(() => Import.Files("csv", _folder.Write("x.csv", "a,b\n")));
        Assert.Throws<OptionException>(() => Import.Files("mpd", null, map, _folder.Write("x.csv", "a,b\n")));
        Assert.Throws<OptionException>(() => Import.Files("csv", "genre", map, _folder.Write("x.csv", "a,b\n")));
    }

    [Fact]
    public void Real_playlist_pairs()
    {
        string zip = TestData.Find("playlists-50k-20k.zip");
        ImportResult pairs = Import.Files("csv", null, "user=playlist_id,item=track_id", zip + "!train.reconstructed.csv");
        Assert.Equal((50446, 20635, 1211791), (pairs.Dataset.Users.Count, pairs.Dataset.Items.Count, pairs.Dataset.Count));
        Assert.Empty(pairs.Report.Rejected);
        Assert.Contains("3 files fit",
            Assert.Throws<ImportException>(() => Import.Files("csv", null, "user=playlist_id,item=track_id", zip)).Message,
                StringComparison.Ordinal);

        // Only one file of the zip has these columns.
        Assert.Equal(20635, Import.Files("csv", null, "user=artist_id,item=track_id,weight=duration_sec", zip) is var tracks
            ? tracks.Report.Rows : 0);
    }

    [Fact]
    public void Real_play_counts_and_stream()
    {
        ImportResult counts = Import.Files("csv", null, "user=0,item=1,weight=2", TestData.Find("lastfm-1k-fragments.zip")
            + "!eldrin_userid_trackid_playcount_int_ss.csv");
        Assert.Equal((984, 60000, 244472), (counts.Dataset.Users.Count, counts.Dataset.Items.Count, counts.Dataset.Count));
        ImportResult stream = Import.Files("csv", null, "user=0,item=1,time=2,time_format=relative",
            TestData.Find("lastfm-1k-jodie-10pct.zip"));
        Assert.Equal((304, 789, 129310), (stream.Dataset.Users.Count, stream.Dataset.Items.Count, stream.Dataset.Count));
        ImportResult songs = Import.Files("csv", null, "user=playlist_id,item=track_id,title=track_name,artist=track_artist",
            TestData.Find("spotify_songs.zip"));
        Assert.Equal((28356, 32833), (songs.Dataset.Items.Count, songs.Dataset.Count));
    }
}
