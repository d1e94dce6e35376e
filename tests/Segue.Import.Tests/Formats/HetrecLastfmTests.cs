using System.Text;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class HetrecLastfmTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Real_files_give_the_published_counts()
    {
        string zip = TestData.Find("hetrec2011-lastfm-2k.zip");
        ImportResult result = Import.Files("hetrec-lastfm", zip);
        Dataset dataset = result.Dataset;
        result.Report.AddsUp();
        Assert.Equal((1892, 17632, 92834), (dataset.Users.Count, dataset.Items.Count, dataset.Count));
        Assert.Equal(new TableCount("friends", 25434, 25434, 0, 0), result.Report.Tables.Single(t => t.Table == "friends"));

        // 1,538 of the 186,479 assignments are on 390 artists that nobody in the data listened to.
        Assert.Equal(new TableCount("tags", 186479, 184941, 0, 1538), result.Report.Tables.Single(t => t.Table == "tags"));
        Assert.Equal(["tags/unknown-item 1538"], result.Report.Reasons());
        RejectReason repaired = Assert.Single(result.Report.Repaired);
        Assert.Equal(("tags", "tag-time-unknown", 5L), (repaired.Table, repaired.Reason, repaired.Count));
        Assert.Equal("51", dataset.Items[dataset.ItemIndex.Span[0]]);
        Assert.Equal("Duran Duran", dataset.DisplayName(dataset.ItemIndex.Span[0]));
        Assert.Equal(13883f, dataset.Weight.Span[0]);
        Assert.Contains("espa\u00f1ol", dataset.Tags.Names.AsEnumerable());
        Assert.Equal(1238536800L, dataset.Tags.Time.Span[0]);
        Import.SameBytes(result, Import.Files("hetrec-lastfm", zip));
    }

    [Fact]
    public void Dirty_rows_are_counted_by_reason()
    {
        _folder.Write("user_artists.dat",
            "userID\tartistID\tweight\r\n1\ta\t3\r\n1\ta\t4\r\n1\tb\t-1\r\n1\tb\tNaN\r\n1\tb\t1e30\r\n1\tb\r\n1\tb\t1\t1\r\n\tb\t1\r\n1\t\t1\r\n\r\n2\tb\t5");
        _folder.Write("artists.dat", "id\tname\turl\tpictureURL\na\tAlpha\t\t\nc\tNobody hears this\t\t\n");
        _folder.Write("tags.dat", Encoding.Latin1.GetBytes("tagID\ttagValue\n7\tespa\u00f1ol\n"));
        _folder.Write("user_taggedartists.dat",
            "userID\tartistID\ttagID\tday\tmonth\tyear\n1\ta\t7\t1\t4\t2009\n1\ta\t7\t2\t4\t2009\n1\tb\t7\t31\t4\t2009\n2\ta\t7\t1\t1\t1956\n2\ta\t8\t1\t1\t2009\n3\ta\t7\t1\t1\t2009\n");
        _folder.Write("user_friends.dat", "userID\tfriendID\n1\t2\n2\t1\n1\t9\n1\t2\n");
        ImportResult result = Import.Files("hetrec-lastfm", _folder.Path);
        result.Report.AddsUp();
        Assert.Equal(["1 a 3", "2 b 5"], result.Dataset.Lines());
        Assert.Equal(
            [
                "interactions/bad-weight 1", "interactions/blank-line 1", "interactions/empty-item 1", "interactions/empty-user 1",
                    "interactions/extra-column 1",
                "interactions/missing-column 1", "interactions/weight-not-positive 1", "interactions/weight-too-large 1",
                "artists/unknown-item 1", "tags/bad-time 1", "tags/unknown-tag 1", "tags/unknown-user 1", "friends/unknown-user 1",
            ],
            result.Report.Reasons());
        Assert.Equal(["interactions 1", "tags 1", "friends 1"], result.Report.Duplicates.Select(d => $"{d.Table} {d.Count}"));
        Assert.Equal(new Sample($"{Path.GetFileName(_folder.Path)}/user_artists.dat", 4, "b"),
            result.Report.Rejected.Single(r => r.Reason == "weight-not-positive").Samples[0]);
        Assert.Equal([1238544000L, -1L], result.Dataset.Tags.Time.ToArray());
        Assert.Equal(["espa\u00f1ol"], result.Dataset.Tags.Names.AsEnumerable());
    }

    [Fact]
    public void Other_files_are_refused()
    {
        string path = _folder.Write("plays.tsv", "user\tartist\tplays\n1\ta\t3\n");
        ImportException error = Assert.Throws<ImportException>(() => Import.Files("hetrec-lastfm", path));
        Assert.Contains("has no column 'userID'", error.Message, StringComparison.Ordinal);
    }
}
