using Segue.Core;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class AudioFeaturesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Features_are_joined_by_id_uri_or_link()
    {
        Dataset dataset = Import.Files("csv", null, "user=0,item=1",
            _folder.Write("x.csv", "u,spotify:track:1\nu,2\nu,spotify:track:3\nu,4\n")).Dataset;
        string table = _folder.Write(
            "f.csv",
            "track_id,tempo,source,energy\n1,120,x,0.5\nspotify:track:2,99,x,\nhttps://open.spotify.com/track/3?si=7,80,x,NA\n1,1,x,1\n9,1,x,1\n4,fast,x,1\n,1,x,1\n4,1\n");
        ImportResult result = FormatCatalog.Import("audio-features", [table], new ImportOptions { JoinTo = dataset });
        result.Report.AddsUp();
        Assert.Equal(["energy", "tempo"], result.Dataset.Catalog.FeatureNames);
        Assert.Equal([0.5f, 120, float.NaN, 99, float.NaN, 80, float.NaN, float.NaN], result.Dataset.Catalog.Features.ToArray());
        Assert.Equal(["features/bad-number 1", "features/empty-item 1", "features/missing-column 1", "features/not-in-dataset 1"],
            result.Report.Reasons());
        Assert.Equal((3L, 1L), (result.Report.Accepted, result.Report.Duplicate));
        Assert.Equal((4L, 3L), (result.Report.Details["tracks"], result.Report.Details["tracks_with_features"]));
        Assert.Equal(dataset.Lines(), result.Dataset.Lines());
        Assert.NotNull(result.Dataset.Provenance!["audio_features"]);
        Assert.Equal("csv", (string?)result.Dataset.Provenance["format"]);

        // A second table adds columns and fills gaps.
        ImportResult again = FormatCatalog.Import("audio-features",
            [_folder.Write("g.tsv", "uri\tvalence\tenergy\nspotify:track:4\t0.25\t0.75\n")], new ImportOptions { JoinTo = result.Dataset });
        Assert.Equal(["energy", "tempo", "valence"], again.Dataset.Catalog.FeatureNames);
        Assert.Equal([0.5f, 120, float.NaN], again.Dataset.Catalog.Features.ToArray()[..3]);
        Assert.Equal([0.75f, float.NaN, 0.25f], again.Dataset.Catalog.Features.ToArray()[9..]);
    }

    [Fact]
    public void Nothing_to_join_is_an_error()
    {
        Dataset dataset = Import.Files("csv", null, "user=0,item=1", _folder.Write("x.csv", "u,1\n")).Dataset;
        ImportOptions join = new() { JoinTo = dataset };
        Assert.Contains("not-in-dataset",
            Assert.Throws<ImportException>(() =>
                FormatCatalog.Import("audio-features", [_folder.Write("f.csv", "track_id,energy\n2,1\n")], join)).Message,
                    StringComparison.Ordinal);
        Assert.Contains("no column of track ids",
            Assert.Throws<ImportException>(() =>
                FormatCatalog.Import("audio-features", [_folder.Write("g.csv", "a,b\n2,1\n")], join)).Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Import.Files("audio-features", _folder.File("f.csv")));
        Assert.Throws<OptionException>(() => FormatCatalog.Import("mpd", [_folder.File("f.csv")], join));
    }
}
