using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

public sealed class Lastfm360kTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Plays_are_weights_and_malformed_rows_are_counted()
    {
        _folder.Write(
            "d/usersha1-artmbid-artname-plays.tsv",
            "00000c28\t3bd73256\tbetty \"blowtorch\"\t2137\n00000c28\t\tno mbid\t5\n00000c28\t3bd73256\tbetty\t1\nsep 20, "
                + "2008\t7e870dd5\tturbostaat\t12\n"
            + "00000c29\t7e870dd5\tturbostaat\t0\n00000c29\t7e870dd5\tturbostaat\tmany\n00000c29\t7e870dd5\t12\n00000c29\t\t\t3\n\t7e\tx\t3\n00000c29\t7e870dd5\tturbostaat\t7\n");
        _folder.Write("d/usersha1-profile.tsv", "00000c28\tf\t22\tGermany\tFeb 1, 2007\n00000c29\tm\t\tMexico\tApr 28, 2008\n");
        ImportResult result = Import.Files("lastfm-360k", _folder.File("d"));
        result.Report.AddsUp();
        Assert.Equal(["00000c28 3bd73256 2137", "00000c28 no mbid 5", "00000c29 7e870dd5 7"], result.Dataset.Lines());
        Assert.Equal("betty \"blowtorch\"", result.Dataset.DisplayName(0));
        Assert.Equal(["Germany", "Mexico"], result.Dataset.Profile["country"].AsEnumerable());
        Assert.Equal(
            ["bad-user 1", "bad-weight 1", "empty-item 1", "empty-user 1", "missing-column 1", "weight-not-positive 1"],
            result.Report.Reasons().Select(r => r["interactions/".Length..]));
        Assert.Equal(1, result.Report.Duplicate);
    }
}
