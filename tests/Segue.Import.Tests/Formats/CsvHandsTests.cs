using System.Text;
using Segue.Core;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

/// <summary>Delimited files as people, spreadsheets and other programs write them.</summary>
public sealed class CsvHandsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("user, item, plays\nu, a, 3\nv,a,2\n", "user=user,item=item,weight=plays", "u a 3", "v a 2")]
    [InlineData("u, \" a\"\nu,\" a\"\n", "user=0,item=1", "u  a", "u  a")]
    [InlineData("user,item\ru,a\rv,b", "user=0,item=1,header=yes", "u a", "v b")]
    [InlineData("user,item\r\nu,a\rv,b\n", "user=user,item=item", "u a", "v b")]
    [InlineData("1::a::5::881250949\n2::b::3::881250950\n", "user=0,item=1,weight=2,time=3", "1 a 881250949 5", "2 b 881250950 3")]
    [InlineData("1::a\n2::b\n", "user=0,item=1,delimiter=::", "1 a", "2 b")]
    [InlineData("1~a\n2~b\n", "user=0,item=1,delimiter=~", "1 a", "2 b")]
    [InlineData("# written\n# by, hand\nuser,item,x\nu,a,1\n", "user=user,item=item", "u a")]
    [InlineData("#LOG/1.1\n#TZ/UNKNOWN\nA\tL\tT\t1600000000\t\n", "user=0,item=2,time=3,delimiter=tab,header=no", "A T 1600000000")]
    [InlineData("#user,item\nu,a\n", "user=user,item=item", "u a")]
    [InlineData("#1 fan,a\nu,b\n", "user=0,item=1,header=no", "#1 fan a", "u b")]
    [InlineData("sep=;\nuser;item\nu;a\n", "user=user,item=item", "u a")]
    [InlineData("user,item,\nu,a,\nv,b,\n", "user=user,item=item", "u a", "v b")]
    [InlineData("user,item\nu,a,\nv,b,\n", "user=user,item=item", "u a", "v b")]
    [InlineData("u,a,\nu,a,1600000000\nu,b,1600000001\n", "user=0,item=1,time=2", "u a 1600000000", "u b 1600000001")]
    [InlineData("Day Played,Song Name\n2021-03-01T10:00:00.000+02:00,a\n", "item=Song Name,time=Day Played", "x a 1614585600")]
    public void Are_read(string text, string map, params string[] expected)
    {
        ImportResult result = Import.Files("csv", null, map, _folder.Write("x.csv", text));
        result.Report.AddsUp();
        Assert.Equal(expected, result.Dataset.Lines());
    }

    [Fact]
    public void A_file_without_users_is_one_listeners_who_is_said()
    {
        string path = _folder.Write("mara.csv", "Artist,Track,Time\nA,T,1690347960\nA,U,1690348225\n");
        foreach (string map in new[] { "artist=Artist,title=Track,time=Time", "user=,artist=Artist,title=Track,time=Time" })
        {
            ImportResult result = Import.Files("csv", null, map, path);
            Assert.Equal(["mara A \u2013 T 1690347960", "mara A \u2013 U 1690348225"], result.Dataset.Lines());
            Assert.Equal("mara", result.Dataset.Name);
            Assert.Contains("one listener, 'mara'", Assert.Single(result.Report.Notes), StringComparison.Ordinal);
        }

        Assert.Equal(["bo"], With("artist=Artist,title=Track,time=Time", o => o with { Listeners = ["bo"] }, path).Dataset.Users.AsEnumerable());
        Assert.Throws<OptionException>(() => With("user=Artist,item=Track", o => o with { Listeners = ["bo"] }, path));
    }

    [Theory]
    [InlineData("0", "no-time")]
    [InlineData("-1", "no-time")]
    [InlineData("-5000", "time-before-1970")]
    [InlineData("01/02/03", "bad-time")]
    [InlineData("03.05.2009 15:48", "bad-time")]
    [InlineData("2009-05-03 15:48:25 CET", "bad-time")]
    [InlineData("99999999999", "time-in-future")]
    [InlineData("\u00a0", "no-time")]
    public void Times_that_are_none_are_counted(string time, string reason)
    {
        ImportResult result = Import.Files("csv", null, "user=u,item=i,time=t", _folder.Write("x.csv", $"u,i,t\na,x,{time}\na,y,938992260\n"));
        Assert.Equal(["a y 938992260"], result.Dataset.Lines());
        Assert.Equal([$"interactions/{reason} 1"], result.Report.Reasons());
    }

    [Theory]
    [InlineData("1241365705123456", "1241365705")]
    [InlineData("20090503154825", "1241365705")]
    [InlineData("2009/05/03 15:48:25", "1241365705")]
    [InlineData("03 May 2009, 15:48:25", "1241365705")]
    public void Times_in_other_units_and_forms_are_read(string time, string expected) => Assert.Equal(
        [$"a x {expected}"], Import.Files("csv", null, "user=u,item=i,time=t", _folder.Write("x.csv", $"u;i;t\na;x;{time}\n")).Dataset.Lines());

    [Fact]
    public void Times_from_an_unknown_start_are_said()
    {
        string path = _folder.Write("x.tsv", "a\tx\t54\nb\tx\t60\n");
        Assert.Contains("time_format=relative", Assert.Single(Import.Files("csv", null, "user=0,item=1,time=2", path).Report.Notes), StringComparison.Ordinal);
        Assert.Empty(Import.Files("csv", null, "user=0,item=1,time=2,time_format=relative", path).Report.Notes);
    }

    [Fact]
    public void A_comma_in_a_number_is_said()
    {
        ImportResult result = Import.Files("csv", null, "user=u,item=i,weight=w", _folder.Write("x.csv", "u;i;w\na;x;0,5\na;y;1\n"));
        Assert.Equal(["interactions/decimal-comma 1"], result.Report.Reasons());
        Assert.Contains("write it with a point", Assert.Single(result.Report.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Letters_that_look_the_same_are_one_item() => Assert.Equal(["R\u00e9al \u2013 T"], Import.Files(
        "csv", null, "user=u,artist=a,title=t", _folder.Write("x.csv", "u,a,t\nx,R\u00e9al,T\ny,Re\u0301al,T\n")).Dataset.Items.AsEnumerable());

    [Fact]
    public void Utf_16_without_a_mark_is_said() => Assert.Contains("UTF-16", Assert.Throws<ImportException>(() => Import.Files(
        "csv", null, "user=u,item=i", _folder.Write("x.csv", Encoding.Unicode.GetBytes("u,i\na,x\n")))).Message, StringComparison.Ordinal);

    [Fact]
    public void Ids_stay_as_they_are() => Assert.Equal(2, Import.Files(
        "csv", null, "user=u,item=i", _folder.Write("x.csv", "u,i\nx,\u00e9\ny,e\u0301\n")).Dataset.Items.Count);

    [Fact]
    public void A_given_split_comes_in_several_files()
    {
        string train = _folder.Write("train.csv", "u,i,t\na,x,1241365705\nb,y,1241365706\n"), test = _folder.Write("test.csv", "u,i,t\na,x,1241365705\n");
        ImportResult result = With("user=u,item=i,time=t", o => o with { Test = test, Validation = _folder.Write("v.csv", "u,i,t\nb,x,1241365707\n") }, train);
        result.Report.AddsUp();
        Assert.Equal(["a x 1241365705 0", "a x 1241365705 2", "b y 1241365706 0", "b x 1241365707 1"], result.Dataset.Lines());
        Assert.Equal(["train.csv", "test.csv", "v.csv"], result.Report.Files);
        Assert.Contains("does not have the columns", Assert.Throws<ImportException>(() =>
            With("user=u,item=i", o => o with { Test = _folder.Write("w.csv", "x,y\n1,2\n") }, train)).Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => FormatCatalog.Import("lightgcn", [train], new ImportOptions { Test = test }));
    }

    [Fact]
    public void Names_and_friends_come_from_files_beside()
    {
        string plays = _folder.Write("plays.csv", "u,i\na,x\nb,y\n"), items = _folder.Write("items.csv", "id;name;by\nx;Glass;Velta\nz;No;Body\nx;Again;Velta\n");
        string friends = _folder.Write("friends.csv", "user,friend\na,b\nb,a\na,b\na,q\n");
        ImportResult result = With("user=u,item=i", o => o with
        {
            Join = items,
            JoinMap = ColumnMap.Parse("item=id,title=name,artist=by"),
            Friends = friends,
        }, plays);
        result.Report.AddsUp();
        Assert.Equal("Velta \u2013 Glass", result.Dataset.DisplayName(0));
        Assert.Equal([0, 1], result.Dataset.FriendFrom.ToArray());
        Assert.Equal(["items/unknown-item 1", "friends/unknown-user 1"], result.Report.Reasons());
        Assert.Throws<OptionException>(() => With("user=u,item=i", o => o with { Join = items }, plays));
    }

    [Fact]
    public void Standard_input_is_a_file()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("u,i\na,x\n");
        foreach (byte[] given in new[] { bytes, Import.Gzip(bytes) })
        {
            ImportResult result = With("user=u,item=i", o => o with { StandardInput = () => new MemoryStream(given) }, "-");
            Assert.Equal(["a x"], result.Dataset.Lines());
            Assert.Equal(("csv", "standard input"), (result.Dataset.Name, Assert.Single(result.Report.Files)));
        }

        Assert.Throws<ImportException>(() => Import.Files("csv", null, "user=u,item=i", "-"));
    }

    [Fact]
    public void A_named_file_is_read_or_an_error()
    {
        _folder.Write("d/a.csv", "u,i\na,x\n");
        string other = _folder.Write("b.csv", "x,y\n1,2\n");
        Assert.Contains("b.csv", Assert.Throws<ImportException>(() =>
            Import.Files("csv", null, "user=u,item=i", _folder.File("d"), other)).Message, StringComparison.Ordinal);
        Assert.Contains("is named and is no file of recbole", Assert.Throws<ImportException>(() => Import.Files(
            "recbole", [_folder.Write("x.inter", "user_id:token\titem_id:token\na\tx\n"), other])).Message, StringComparison.Ordinal);
    }

    private static ImportResult With(string map, Func<ImportOptions, ImportOptions> options, params string[] paths) =>
        FormatCatalog.Import("csv", paths, options(new ImportOptions { Map = ColumnMap.Parse(map), Clock = Import.Clock }));
}
