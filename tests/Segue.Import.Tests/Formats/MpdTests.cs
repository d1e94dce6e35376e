using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class MpdTests : IDisposable
{
    private const string Slice = """
        {"info":{"slice":"0-999","version":"v1"},"playlists":[
          {"name":"one \u00e9","collaborative":"false","pid":0,"modified_at":1493424000,"num_tracks":3,"num_followers":1,
           "tracks":[{"pos":0,"artist_name":"A","track_uri":"spotify:track:x","artist_uri":"spotify:artist:a","track_name":"X","album_uri":"spotify:album:1","duration_ms":1,"album_name":"L"},
                     {"pos":1,"artist_name":"A","track_uri":"spotify:track:y","artist_uri":"spotify:artist:a","track_name":"Y","album_uri":"spotify:album:1","duration_ms":1,"album_name":"L"},
                     {"pos":2,"artist_name":"A","track_uri":"spotify:track:x","artist_uri":"spotify:artist:a","track_name":"X","album_uri":"spotify:album:1","duration_ms":1,"album_name":"L"}],
           "num_edits":2,"duration_ms":5,"num_artists":1},
          {"tracks":[{"pos":1,"track_uri":"spotify:track:y"},{"pos":0,"track_uri":"spotify:track:z","artist_name":"Z"}],"pid":1}
        ]}
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Playlists_keep_their_order_and_repeats()
    {
        ImportResult result = Import.Files("mpd", _folder.Zip("mpd.zip", ("data/mpd.slice.0-999.json", Slice), ("README.md", "x")));
        Assert.Equal(["0 spotify:track:x", "0 spotify:track:y", "0 spotify:track:x", "1 spotify:track:z", "1 spotify:track:y"],
            result.Dataset.Lines());
        Assert.True(result.Dataset.IsOrdered);
        Assert.Equal("A \u2013 X", result.Dataset.DisplayName(0));
        Assert.Equal(["one \u00e9", ""], result.Dataset.Profile["name"].AsEnumerable());
        Assert.Equal(["false", ""], result.Dataset.Profile["collaborative"].AsEnumerable());
        Assert.Equal(["mpd.zip!README.md"], result.Report.Ignored);
    }

    [Fact]
    public void Levels()
    {
        string path = _folder.Write("mpd.slice.0-999.json", Slice);
        Assert.Equal(["0 spotify:artist:a", "0 spotify:artist:a", "0 spotify:artist:a", "1 Z"],
            Import.Files("mpd", "artist", null, path).Dataset.Lines());
        ImportResult albums = Import.Files("mpd", "album", null, path);
        Assert.Equal(["0 spotify:album:1", "0 spotify:album:1", "0 spotify:album:1"], albums.Dataset.Lines());
        Assert.Equal(["interactions/empty-item 2", "playlists/no-items 1"], albums.Report.Reasons());
        Assert.Equal(["L"], albums.Dataset.Catalog.Names.AsEnumerable());
    }

    [Fact]
    public void Slices_are_read_in_numeric_order()
    {
        _folder.Write("d/mpd.slice.2000-2999.json", """{"playlists":[{"pid":2,"tracks":[{"track_uri":"c"}]}]}""");
        _folder.Write("d/mpd.slice.10000-10999.json", """{"playlists":[{"pid":3,"tracks":[{"track_uri":"c"}]}]}""");
        _folder.Write("d/mpd.slice.0-999.json", """{"playlists":[{"pid":1,"tracks":[{"track_uri":"c"}]}]}""");
        Assert.Equal(["1 c", "2 c", "3 c"], Import.Files("mpd", _folder.File("d")).Dataset.Lines());
    }

    [Fact]
    public void Dirty_playlists_are_counted_by_reason()
    {
        string path = _folder.Write(
            "x.json",
            """
            {"playlists":[
            {"pid":1,"tracks":[{"track_uri":"a"},{"track_name":"no uri"},7,{"track_uri":"b","track_name":"nul \u0000"},{"track_uri":"c"}]},
            {"pid":1,"tracks":[{"track_uri":"a"},{"track_uri":"d"}]},
            {"tracks":[{"track_uri":"a"}]},
            {"pid":3,"tracks":[]},
            {"pid":4},
            {"pid":5,"tracks":[{"track_uri":"a"},{"track_uri":"half \ud800"},{"track_uri":"b"}]},
            {"pid":6,"tracks":[1 2]},
            "text",
            {"pid":"7","name":null,"tracks":[{"track_uri":"e","pos":"x"}]}
            ]}
            """);
        ImportResult result = Import.Files("mpd", path);
        result.Report.AddsUp();
        Assert.Equal(["1 a", "1 c", "7 e"], result.Dataset.Lines());
        Assert.Equal(
            ["interactions/bad-json 3", "interactions/empty-item 1", "interactions/nul-byte 1", "playlists/bad-json 3",
                "playlists/no-items 2", "playlists/empty-user 1"],
            result.Report.Reasons());
        Assert.Equal(["interactions 2", "playlists 1"], result.Report.Duplicates.Select(d => $"{d.Table} {d.Count}"));
    }

    [Fact]
    public void Other_json_and_cut_off_slices_are_errors()
    {
        Assert.Contains("does not start with",
            Assert.Throws<ImportException>(() => Import.Files("mpd", _folder.Write("a.json", "[1]"))).Message, StringComparison.Ordinal);
        Assert.Contains("ends in the middle",
            Assert.Throws<ImportException>(() => Import.Files("mpd", _folder.Write("b.json", Slice[..500]))).Message,
                StringComparison.Ordinal);
        Assert.Contains("is empty", Assert.Throws<ImportException>(() => Import.Files("mpd", _folder.Write("c.json", ""))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Real_files_give_the_published_counts()
    {
        ImportResult result = Import.Files("mpd", TestData.Find("mpd-7071-playlists.zip"));
        Assert.Equal((7071, 201730, 696957), (result.Dataset.Users.Count, result.Dataset.Items.Count, result.Dataset.Count));
        Assert.Empty(result.Report.Rejected);
        Assert.True(result.Dataset.IsOrdered);

        ImportResult features = FormatCatalog.Import("audio-features", [TestData.Find("spotify-audio-features.zip")],
            new ImportOptions { JoinTo = result.Dataset });
        Assert.Equal(329421, features.Report.Rows);
        features.Report.AddsUp();
        var known = new bool[features.Dataset.Items.Count];
        int width = features.Dataset.Catalog.FeatureNames.Count;
        for (int i = 0; i < known.Length; i++)
        {
            known[i] = !float.IsNaN(features.Dataset.Catalog.Features.Span[i * width]);
        }

        int entries = 0;
        foreach (int item in features.Dataset.ItemIndex.Span)
        {
            entries += known[item] ? 1 : 0;
        }

        Assert.InRange((double)entries / features.Dataset.Count, 0.52, 0.54);
        Assert.Equal(13, width);
    }
}
