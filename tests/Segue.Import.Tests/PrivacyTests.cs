using System.Text;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests;

/// <summary>Nothing of a row that is not a name of music reaches the folder of a dataset.</summary>
public sealed class PrivacyTests : IDisposable
{
    private const string Address = "203.0.113.77", Country = "Ruritania", Agent = "Mozilla/5.0", Mail = "ann@example.org";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string?, string, string> Files() => new()
    {
        {
            "listenbrainz", null, "x_lb-2024-01-01.json",
            $$$$"""
            [{"listened_at":1400000000,"track_metadata":{"artist_name":"A","track_name":"T","additional_info":{"ip":"{{{{Address}}}}"}}},
             {"listened_at":5,"note":"{{{{Country}}}}","track_metadata":{"artist_name":"A","track_name":"Old","additional_info":{"ip":"{{{{Address}}}}"}}},
             {"listened_at":"{{{{Address}}}}","track_metadata":{"artist_name":"A","track_name":"T","additional_info":{"agent":"{{{{Agent}}}}"}}},
             {"listened_at":1400000000,"track_metadata":{"artist_name":"A"},"mail":"{{{{Mail}}}}"},
             {"listened_at":1400000000,"track_metadata":{"artist_name":"A","track_name":"T"},"mail":"{{{{Mail}}}}"},
             {"broken":"{{{{Address}}}}", {{{{Mail}}}}}]
            """
        },
        {
            "csv", "user=u,item=i,time=t,artist=a,title=ti", "plays.csv",
            $"u,i,t,a,ti,ip,agent,mail\nu1,i1,1400000000,A,T,{Address},{Agent},{Mail}\nu1,i1,1400000000,A,T,{Address},{Agent},{Mail}\n"
                + $"u1,i1,-5,A,Old,{Address},{Agent},{Mail}\nu1,i1,{Country},A,T,{Address},{Agent},{Mail}\n,i1,1400000000,A,T,{Address},,\n"
                + $"u1,i1,{Address}\nu1,i1,1400000000,A,{Mail},T,{Address},{Agent},{Mail}\nu1,i1,140,A,\"{Mail}\nu,i,t,a,ti,ip,agent,mail\n"
        },
        {
            "lastfm-csv", null, "me.csv",
            $"uts,utc_time,artist,track,ip\n1400000000,x,A,T,{Address}\n1400000000,x,A,T,{Address}\n5,{Mail},A,Old,{Address}\n,{Country},A,T,{Address}\n"
                + $"1400000000,A,{Address}\n1400000000,x,A,{Mail},T,{Address}\n"
        },
        {
            "lastfm-1k", null, "userid-timestamp-x.tsv",
            $"user_1\t2009-05-04T23:08:57Z\t\tA\t\tT\nuser_1\t2009-05-04T23:08:57Z\t\tA\t\tT\nuser_1\t{Address}\t\tA\t\tOld\n"
                + $"user_1\t2009-05-04T23:08:57Z\t{Address}\tA\t{Mail}\nuser_1\t2009-05-04T23:08:57Z\t\tA\t\t\n"
        },
        { "lastfm-360k", null, "usersha1-artmbid-x.tsv", $"aa\t\tA\t3\naa\t\tA\t3\n{Mail}\t\tOld\t3\naa\t{Country}\t{Address}\naa\t\tA\t{Address}\n" },
        {
            "thisismyjam", null, "jams.tsv",
            $"j1\tu1\tA\tT\t2012-01-01\thttp://{Address}/\t\nj1\tu1\tA\tT\t2012-01-01\thttp://{Address}/\t\nj2\tu1\tA\tOld\t1999-01-01\t{Mail}\t\n"
                + $"j2\tu1\t{Mail}\tOld\n"
        },
        { "lightgcn", null, "train.txt", $"u1 a a b\nu2 a\n{Mail}\n" },
        {
            "recbole", null, "x.inter",
            $"user_id:token\titem_id:token\ttimestamp:float\tip:token\nu1\ti1\t1400000000\t{Address}\nu1\ti1\t1400000000\t{Address}\nu1\tOld\t-5\t{Address}\n"
                + $"u1\ti1\t{Country}\t{Address}\nu1\t{Mail}\n"
        },
        { "hetrec-lastfm", null, "user_artists.dat", $"userID\tartistID\tweight\n1\t2\t3\n1\t2\t3\n1\tOld\t-1\n1\t2\t{Address}\n1\t{Mail}\n" },
        {
            "mpd", null, "mpd.slice.0-1.json",
            $$$$"""
            {"playlists":[{"pid":1,"name":"n","tracks":[{"track_uri":"u","artist_name":"A","track_name":"T"},{"artist_name":"A","track_name":"Old","x":"{{{{Address}}}}"}]},
             {"pid":1,"name":"{{{{Mail}}}}","description":"{{{{Country}}}}","tracks":[{"track_uri":"u","artist_name":"A","track_name":"T","x":"{{{{Address}}}}"}]},
             {"pid":2,"name":"{{{{Mail}}}}","tracks":[]},{"name":"{{{{Mail}}}}","tracks":[]},{"x":{{{{Mail}}}}}]}
            """
        },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public void Samples_keep_names_only(string format, string? map, string name, string text)
    {
        ImportResult result = Import.Files(format, null, map, _folder.Write(name, text));
        result.Report.AddsUp();
        Assert.NotEmpty(result.Report.Rejected);
        AssertClean(result, Address, Country, Agent, Mail);
        if (text.Contains("Old", StringComparison.Ordinal))
        {
            Assert.Contains(result.Report.Rejected.SelectMany(r => r.Samples), s => s.Text.Contains("Old", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Side_tables_leave_no_rows()
    {
        _folder.Write("in/x.inter", "user_id:token\titem_id:token\nu1\ti1\n");
        _folder.Write("in/x.user", $"user_id:token\tgender:token\tip_addr:token\tE-Mail:token\nu1\tf\t{Address}\t{Mail}\nu2\tm\t{Address}\t{Mail}\nu1\tf\t{Address}\t{Mail}\n{Mail}\n");
        _folder.Write("in/x.item", $"item_id:token\tname:token\nnone\tOld\ni1\t{Country}\t{Address}\n");
        ImportResult result = Import.Files("recbole", _folder.File("in"));
        AssertClean(result, Address, Country, Mail);
        Assert.Equal(["gender"], result.Dataset.Profile.Keys);
        Assert.Equal(2, result.Report.Details["profile_columns_left_out"]);

        _folder.Write("k/userid-timestamp-x.tsv", "user_1\t2009-05-04T23:08:57Z\t\tA\t\tT\n");
        _folder.Write("k/userid-profile.tsv", $"user_1\tf\t9\tChile\tAug 13, 2006\nuser_1\tf\t9\t{Country}\tAug\nuser_2\tm\t{Address}\t{Country}\t{Mail}\n{Mail}\n");
        AssertClean(Import.Files("lastfm-1k", _folder.File("k")), Address, Country, Mail);
    }

    [Fact]
    public void Of_private_plays_only_their_number_is_kept()
    {
        static string Play(string title, string more, string time = "2021-11-15T13:41:44Z", int played = 200000) =>
            $$"""{"ts":"{{time}}","username":"ann","platform":"{{Agent}}","ms_played":{{played}},"conn_country":"{{Country}}","ip_addr_decrypted":"{{Address}}","user_agent_decrypted":"{{Mail}}","master_metadata_track_name":"{{title}}","master_metadata_album_artist_name":"A","spotify_track_uri":"spotify:track:{{title}}",{{more}}}""";
        const string Private = "\"incognito_mode\":true";
        string extended = _folder.Write("endsong_0.json", "[" + string.Join(",\n",
            Play("Open", "\"skipped\":null"), Play("Open", "\"skipped\":null"), Play("Brief", "\"skipped\":true", played: 5),
            Play("Hidden", Private), Play("HiddenOld", Private, time: "1970-01-01T00:00:00Z"), Play("HiddenBrief", Private, played: 5),
            Play("HiddenBad", Private, time: "soon"), Play("HiddenWrong", "\"incognito_mode\":true,\"x\":\"\\u0000\"", played: -1),
            Play("HiddenCut", Private + ",\"x\":"), Play("HiddenNul\\u0000", Private)) + "]");
        string account = _folder.Write("StreamingHistory0.json", """
            [{"endTime":"2021-11-15 13:41","artistName":"A","trackName":"Hidden","msPlayed":200000},
             {"endTime":"2021-11-16 10:00","artistName":"A","trackName":"Open","msPlayed":100000}]
            """);
        ImportResult result = Import.Files("spotify-history", [extended, account]);
        result.Report.AddsUp();
        Assert.Equal(["ann spotify:track:Open 1636983704", "ann spotify:track:Open 1637056800"], result.Dataset.Lines());
        RejectReason hidden = result.Report.Rejected.Single(r => r.Reason == "incognito");
        Assert.Equal(6, hidden.Count);
        Assert.Empty(hidden.Samples);
        Assert.Equal("A \u2013 Open", result.Report.Duplicates.Single().Samples.Single().Text);
        Assert.Equal("A \u2013 Brief", result.Report.Rejected.Single(r => r.Reason == "short-play").Samples.Single().Text);
        AssertClean(result, Address, Country, Agent, Mail, "Hidden");

        string only = _folder.Write("endsong_1.json", $"[{Play("Hidden", Private)}]");
        string message = Assert.Throws<ImportException>(() => Import.Files("spotify-history", only)).Message;
        Assert.Contains("1 incognito", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Hidden", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_carries_no_samples_at_all()
    {
        ImportResult result = Import.Files("csv", null, "user=u,item=i", _folder.Write("x.csv", "u,i\na,b\n,Old\n"));
        Assert.Contains("Old", result.Dataset.Provenance!.ToJsonString(), StringComparison.Ordinal);
        Dataset stripped = result.Dataset.WithoutSamples();
        string json = stripped.Provenance!.ToJsonString();
        Assert.DoesNotContain("samples", json, StringComparison.Ordinal);
        Assert.DoesNotContain("Old", json, StringComparison.Ordinal);
        Assert.Contains("empty-user", json, StringComparison.Ordinal);
    }

    private void AssertClean(ImportResult result, params string[] secrets)
    {
        string path = _folder.File("saved");
        DatasetStore.Save(result.Dataset, path);
        foreach (string file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
        {
            string text = Encoding.UTF8.GetString(File.ReadAllBytes(file));
            Assert.All(secrets, s => Assert.DoesNotContain(s, text, StringComparison.OrdinalIgnoreCase));
        }
    }
}
