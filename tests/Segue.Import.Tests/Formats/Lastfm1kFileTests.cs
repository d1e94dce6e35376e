using System.Globalization;
using System.Text;
using Segue.Core.Data;
using Segue.Numerics.Sampling;
using Segue.Testing;
using Xunit;

namespace Segue.Import.Tests.Formats;

/// <summary>The made-up file is one the importer takes for the real one, with the habits of the real one.</summary>
public sealed class Lastfm1kFileTests : IDisposable
{
    private const int Lines = 60_000, Users = 40;
    private static readonly int Songs = Lastfm1kFile.SongsFor(Lines);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_line_is_imported_and_counts_are_those_asked_for()
    {
        ImportResult result = Import.Files("lastfm-1k", Write());
        result.Report.AddsUp();
        Dataset dataset = result.Dataset;
        Assert.Empty(result.Report.Rejected);
        Assert.Equal((0, Lines, Users), (result.Report.Duplicate, dataset.Count, dataset.Users.Count));
        Assert.InRange(dataset.Items.Count, 0.97 * Songs, Songs);
        Assert.All(dataset.Time.ToArray(), time => Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(time).Year, 2005, 2009));

        // Seed 000: 4.14 listens a listener and song, 48 % of these heard once, 3.07 listeners a song, 23 months a listener.
        var pairs = new Dictionary<(int, int), int>();
        var months = new HashSet<(int, int)>();
        for (int n = 0; n < Lines; n++)
        {
            (int, int) pair = (dataset.UserIndex.Span[n], dataset.ItemIndex.Span[n]);
            pairs[pair] = pairs.GetValueOrDefault(pair) + 1;
            var time = DateTimeOffset.FromUnixTimeSeconds(dataset.Time.Span[n]);
            months.Add((pair.Item1, (12 * time.Year) + time.Month));
        }

        Assert.InRange((double)Lines / pairs.Count, 3.7, 4.6);
        Assert.InRange(pairs.Values.Count(plays => plays == 1) / (double)pairs.Count, 0.43, 0.53);
        Assert.InRange((double)pairs.Count / dataset.Items.Count, 2.7, 3.5);
        Assert.InRange((double)months.Count / Users, 17, 29);

        ImportResult artists = Import.Files("lastfm-1k", "artist", null, Write());
        Assert.InRange(artists.Dataset.Items.Count, 0.9 * Songs / Lastfm1kFile.SongsPerArtist, 1.1 * Songs / Lastfm1kFile.SongsPerArtist);
    }

    [Fact]
    public void Profiles_belong_to_the_listeners_and_have_gaps()
    {
        string path = _folder.File("userid-profile.tsv"), again = _folder.File("again.tsv");
        Lastfm1kFile.WriteProfile(path, Users);
        Lastfm1kFile.WriteProfile(again, Users);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(again));
        ImportResult result = Import.Files("lastfm-1k", "track", null, Write(), path);
        result.Report.AddsUp();
        Assert.Empty(result.Report.Reasons());
        foreach (string column in new[] { "gender", "age", "country", "registered" })
        {
            Assert.InRange(result.Dataset.Profile[column].AsEnumerable().Count(v => v.Length > 0), column == "age" ? Users / 10 : Users / 2, Users);
        }
    }

    [Fact]
    public void Lines_are_in_the_format_and_the_order_of_the_original()
    {
        string? user = null, time = null;
        var seen = new HashSet<string>();
        int withoutArtist = 0, withoutTrack = 0, quoted = 0;
        foreach (string line in File.ReadLines(Write(), new UTF8Encoding(false, throwOnInvalidBytes: true)))
        {
            string[] columns = line.Split('\t');
            Assert.Equal(6, columns.Length);
            Assert.Matches("^user_[0-9]{6}$", columns[0]);
            Assert.True(DateTime.TryParseExact(columns[1], "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out _), columns[1]);
            Assert.Matches("^([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12})?$", columns[2]);
            Assert.Matches("^([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12})?$", columns[4]);
            Assert.True(columns[3].Length > 0 && columns[5].Length > 0);
            Assert.True(columns[0] == user ? string.CompareOrdinal(columns[1], time) < 0 : seen.Add(columns[0]), $"newest first, a listener at a time: {line}");
            (user, time) = (columns[0], columns[1]);
            withoutArtist += columns[2].Length == 0 ? 1 : 0;
            withoutTrack += columns[4].Length == 0 ? 1 : 0;
            quoted += line.Contains('"', StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(withoutArtist, 0.04 * Lines, 0.2 * Lines);
        Assert.InRange(withoutTrack, 0.25 * Lines, 0.42 * Lines);
        Assert.InRange(quoted, 0.02 * Lines, 0.3 * Lines);
        Assert.Equal(["user_000001", "user_000002", "user_000003"], seen.Order().Take(3));
    }

    [Fact]
    public void Repeats_come_in_bursts()
    {
        Dataset dataset = Import.Files("lastfm-1k", Write()).Dataset;
        int[] shuffled = dataset.ItemIndex.ToArray(), start = dataset.UserStart();
        var rng = new Rng(1, "test");
        for (int u = 0; u < Users; u++)
        {
            rng.Shuffle(shuffled.AsSpan(start[u]..start[u + 1]));
        }

        double share = WithinADay(dataset.ItemIndex.Span), byChance = WithinADay(shuffled);
        Assert.True(share > 2 * byChance && share > 0.1, $"{share:F3} of the repeats within a day, {byChance:F3} in any order");

        double WithinADay(ReadOnlySpan<int> items)
        {
            int repeats = 0, within = 0;
            for (int u = 0; u < Users; u++)
            {
                var last = new Dictionary<int, long>();
                for (int n = start[u]; n < start[u + 1]; n++)
                {
                    if (last.TryGetValue(items[n], out long before))
                    {
                        repeats++;
                        within += dataset.Time.Span[n] - before <= 86_400 ? 1 : 0;
                    }

                    last[items[n]] = dataset.Time.Span[n];
                }
            }

            return (double)within / repeats;
        }
    }

    [Fact]
    public void Listeners_have_tastes()
    {
        // Shares of listens by block of song numbers, which is what a community is: of one listener more uneven than of all.
        Dataset dataset = Import.Files("lastfm-1k", Write()).Dataset;
        int[] start = dataset.UserStart();
        int[] block = [.. Enumerable.Range(0, dataset.Items.Count).Select(i => (int)(10L * Number(dataset.DisplayName(i)) / Songs))];
        double own = Enumerable.Range(0, Users).Where(u => start[u + 1] - start[u] > 200).Average(u => Most(start[u]..start[u + 1])), all = Most(..dataset.Count);
        Assert.True(own > 1.4 * all, $"largest tenth {own:F2} of a listener's listens, {all:F2} of all");

        double Most(Range range)
        {
            var counts = new int[10];
            foreach (int item in dataset.ItemIndex.Span[range])
            {
                counts[block[item]]++;
            }

            return (double)counts.Max() / counts.Sum();
        }

        static int Number(string name) => int.Parse(new string([.. name[name.LastIndexOf('–')..].Where(char.IsAsciiDigit)]), CultureInfo.InvariantCulture);
    }

    [Fact]
    public void The_same_seed_writes_the_same_bytes()
    {
        byte[] first = File.ReadAllBytes(Write(5_000)), again = File.ReadAllBytes(Write(5_000, name: "again")), other = File.ReadAllBytes(Write(5_000, 2, "other"));
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.Equal(5_000, other.Count(b => b == (byte)'\n'));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(20, 20)]
    [InlineData(300, 2)]
    public void Small_files_have_their_lines_too(int lines, int users)
    {
        string path = _folder.File("small.tsv");
        Lastfm1kFile.Write(path, lines, users, 40);
        ImportResult result = Import.Files("lastfm-1k", path);
        Assert.Equal((lines, users, 0), (result.Dataset.Count, result.Dataset.Users.Count, result.Report.Rejected.Count));
    }

    private string Write(int lines = Lines, ulong seed = 1, string name = "userid-timestamp-artid-artname-traid-traname")
    {
        string path = _folder.File($"{name}.tsv");
        Lastfm1kFile.Write(path, lines, Users, Lastfm1kFile.SongsFor(lines), seed);
        return path;
    }
}
