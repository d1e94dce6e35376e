using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Segue.Numerics.Sampling;

namespace Segue.Testing;

/// <summary>
/// Writes made-up listens in the exact format of Last.fm-1K (<c>userid-timestamp-artid-artname-traid-traname.tsv</c>), with its published counts where nothing else is asked for.
/// </summary>
/// <remarks>
/// <para>
/// A listener has three tastes among communities of artists. A quarter of the listens are of songs new to the listener, as in the original (4.61 M pairs of 19.15 M listens): a song nobody has had
/// yet, another of an artist heard before, or one drawn by popularity from a taste. More than half of the new songs stay in a rotation of a few dozen, from which repeats come until something newer
/// takes their place; the others are mostly heard once. Listens stand in sittings, some months are silent, years are 2005 to 2009. One artist in ten and one song in three have no MBID.
/// </para>
/// <para>
/// The same arguments write the same bytes. Memory O(communities + listens of one listener). The lines of a listener stand together, newest first; no time of a listener stands twice.
/// Source of the counts: seed 000, tables I and II.
/// </para>
/// </remarks>
public static class Lastfm1kFile
{
    /// <summary>Lines of the original.</summary>
    public const int Lines = 19_150_868;

    /// <summary>Listeners of the original.</summary>
    public const int Users = 992;

    /// <summary>Distinct songs of the original.</summary>
    public const int Songs = 1_503_583;

    /// <summary>Songs of an artist.</summary>
    public const int SongsPerArtist = 9;

    private const double NewShare = 0.241;
    private const long First = 1_108_339_200, Last = 1_241_395_200, Day = 86_400;

    /// <summary>Listeners for so many lines, as many lines each as in the original; at least 20.</summary>
    public static int UsersFor(int lines) => Math.Max(20, (int)Math.Round((double)Users * lines / Lines));

    /// <summary>Songs for so many lines, as many lines each as in the original; at least 200.</summary>
    public static int SongsFor(int lines) => Math.Max(200, (int)Math.Round((double)Songs * lines / Lines));

    /// <summary>Writes a file.</summary>
    /// <param name="path">Where; what stands there is lost.</param>
    /// <param name="lines">Exact number of lines, at least one a listener.</param>
    /// <param name="users">Exact number of listeners.</param>
    /// <param name="songs">Distinct songs; some hundredths fewer are heard, and no more than a quarter of the lines.</param>
    /// <param name="seed">Other listens for another seed.</param>
    public static void Write(string path, int lines, int users, int songs, ulong seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(users, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(lines, users);
        ArgumentOutOfRangeException.ThrowIfLessThan(songs, 4 * SongsPerArtist);
        var rng = new Rng(seed, "lastfm-1k-file");
        int[] counts = Counts(lines, users, rng);
        var catalog = new SongCatalog(songs, users, Math.Min(1, songs / (NewShare * lines)));
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        byte[] buffer = new byte[1024];
        for (int user = 0; user < users; user++)
        {
            int[] heard = Listener(catalog, counts[user], rng);
            long[] times = Times(heard.Length, rng);
            for (int n = heard.Length - 1; n >= 0; n--)
            {
                file.Write(buffer.AsSpan(0, Line(buffer, user + 1, times[n], heard[n])));
            }
        }
    }

    /// <summary>Writes the profiles of the listeners of a file, in the format of <c>userid-profile.tsv</c>: a header, then gender, age, country and day of sign-up, some of them empty.</summary>
    /// <param name="path">Where; what stands there is lost.</param>
    /// <param name="users">Listeners.</param>
    /// <param name="seed">Other profiles for another seed.</param>
    public static void WriteProfile(string path, int users, ulong seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(users, 1);
        string[] countries = ["United States", "United Kingdom", "Poland", "Germany", "Norway", "Sweden", "Turkey", "Finland", "Brazil", "Japan"];
        var rng = new Rng(seed, "lastfm-1k-profile");
        var text = new StringBuilder("#id\tgender\tage\tcountry\tregistered\n");
        for (int user = 1; user <= users; user++)
        {
            string gender = rng.Next(9) switch { < 4 => "m", < 8 => "f", _ => string.Empty };
            string age = rng.Next(10) < 3 ? (17 + rng.Next(43)).ToString(CultureInfo.InvariantCulture) : string.Empty;
            string country = rng.Next(12) == 0 ? string.Empty : countries[Math.Min(rng.Next(countries.Length), rng.Next(countries.Length))];
            string registered = rng.Next(100) == 0 ? string.Empty
                : DateTimeOffset.FromUnixTimeSeconds(First - (rng.Next(900) * Day)).ToString("MMM d, yyyy", CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture, $"user_{user:D6}\t{gender}\t{age}\t{country}\t{registered}\n");
        }

        File.WriteAllText(path, text.ToString(), new UTF8Encoding(false));
    }

    /// <summary>Lines of every listener: log-normal, at least one each, exact in sum.</summary>
    private static int[] Counts(int lines, int users, Rng rng)
    {
        double[] weights = [.. Enumerable.Range(0, users).Select(_ => Math.Exp(0.9 * Math.Clamp(rng.NextGaussian(), -3f, 2.4f)))];
        double sum = weights.Sum(), before = 0;
        var counts = new int[users];
        int given = 0;
        for (int u = 0; u < users; u++)
        {
            before += weights[u];
            int upTo = u + 1 == users ? lines - users : (int)((lines - users) * (before / sum));
            counts[u] = 1 + upTo - given;
            given = upTo;
        }

        return counts;
    }

    /// <summary>Songs in the order in which a listener hears them.</summary>
    private static int[] Listener(SongCatalog catalog, int count, Rng rng)
    {
        Span<int> tastes = [catalog.DrawCommunity(rng), catalog.DrawCommunity(rng), catalog.DrawCommunity(rng)];
        var listens = new int[count];
        var known = new HashSet<int>();
        var rotation = new List<int>();
        var liked = new List<int>();
        int size = 25 + rng.Next(40);
        for (int n = 0; n < count; n++)
        {
            int song = -1;
            if (rotation.Count == 0 || rng.NextDouble() < NewShare)
            {
                int of = rng.Next(20), community = of < 12 ? tastes[0] : of < 17 ? tastes[1] : of < 19 ? tastes[2] : catalog.DrawCommunity(rng);
                for (int attempt = 0; attempt < 20 && song < 0; attempt++)
                {
                    int drawn = catalog.DrawSong(community, n == 0 ? -1 : listens[rng.Next(n)], rng);
                    song = known.Add(drawn) ? drawn : -1;
                }

                if (song >= 0 && rng.NextDouble() < 0.57)
                {
                    liked.Add(song);
                    if (rotation.Count < size)
                    {
                        rotation.Add(song);
                    }
                    else
                    {
                        rotation[rng.Next(size)] = song;
                    }
                }
            }

            if (song < 0)
            {
                int kind = rng.Next(20);
                song = n > 0 && (kind < 3 || rotation.Count == 0) ? listens[Math.Max(0, n - 1 - rng.Next(12))]
                    : kind < 6 && liked.Count > 0 ? liked[rng.Next(liked.Count)]
                    : rotation[rng.Next(rotation.Count)];
            }

            listens[n] = song;
        }

        return listens;
    }

    /// <summary>Times of a listener's listens, Unix seconds, strictly ascending: sittings of about fifteen songs, with pauses that are long now and then.</summary>
    private static long[] Times(int count, Rng rng)
    {
        var pauses = new double[count];
        var steps = new int[count];
        double pause = 0;
        long played = 0;
        for (int n = 0; n < count; n++)
        {
            steps[n] = 120 + rng.Next(240);
            played += steps[n];
            if (n == 0 || rng.Next(15) == 0)
            {
                pauses[n] = rng.NextExponential() * (rng.Next(60) == 0 ? 25 : 1);
                pause += pauses[n];
            }
        }

        // From sign-up until now, or until interest was lost.
        long begin = First + (long)(rng.NextDouble() * (Last - First - (30 * Day)));
        long end = rng.Next(6) > 0 ? Last - rng.Next((int)Day) : begin + (long)(rng.NextDouble() * (Last - begin));
        begin = Math.Max(First, Math.Min(begin, end - (played * 2) - Day));
        end = Math.Max(end, Math.Min(Last, begin + (played * 2) + Day));

        // Who listens day and night plays faster rather than beyond the end.
        double speed = Math.Min(1, 0.9 * (end - begin) / played), scale = (end - begin - (played * speed)) / pause;
        var times = new long[count];
        double at = begin;
        for (int n = 0; n < count; n++)
        {
            at += (pauses[n] * scale) + (steps[n] * speed);
            times[n] = Math.Max((long)at, n == 0 ? begin : times[n - 1] + 1);
        }

        return times;
    }

    private static int Line(Span<byte> to, int user, long time, int song)
    {
        int artist = song / SongsPerArtist;
        uint a = Scramble((uint)artist), s = Scramble(~(uint)song);
        var moment = DateTimeOffset.FromUnixTimeSeconds(time);
        CultureInfo culture = CultureInfo.InvariantCulture;
        Utf8.TryWrite(to, culture, $"user_{user:D6}\t{moment:yyyy-MM-dd'T'HH:mm:ss'Z'}\t", out int length);
        length += Id(to[length..], a, (uint)artist, a % 10 == 0);
        int written;

        // No quoting in this format: quotation marks are letters like any other.
        _ = (a % 16) switch
        {
            0 => Utf8.TryWrite(to[length..], culture, $"\tDie \"{artist}\" Brüder\t", out written),
            1 => Utf8.TryWrite(to[length..], culture, $"\tアーティスト {artist}\t", out written),
            _ => Utf8.TryWrite(to[length..], culture, $"\tThe Band No. {artist}\t", out written),
        };
        length += written;
        length += Id(to[length..], s, (uint)song, s % 3 == 0);
        _ = (s % 16) switch
        {
            0 => Utf8.TryWrite(to[length..], culture, $"\tSong {song}, \"Live\n", out written),
            1 => Utf8.TryWrite(to[length..], culture, $"\tChanson Nº {song} (Feat. L'Été)\n", out written),
            _ => Utf8.TryWrite(to[length..], culture, $"\tA Song by the Name of {song}\n", out written),
        };
        return length + written;
    }

    /// <summary>An MBID: the number itself is its end, so no two are the same.</summary>
    private static int Id(Span<byte> to, uint random, uint number, bool isMissing)
    {
        if (isMissing)
        {
            return 0;
        }

        Utf8.TryWrite(to, CultureInfo.InvariantCulture, $"{random:x8}-{random >> 16:x4}-4{random & 0xfff:x3}-9{(random >> 8) & 0xfff:x3}-{number:x12}", out int written);
        return written;
    }

    // A bijection of 32 bits (the finaliser of MurmurHash3).
    private static uint Scramble(uint value)
    {
        value = (value ^ (value >> 16)) * 0x85ebca6b;
        value = (value ^ (value >> 13)) * 0xc2b2ae35;
        return value ^ (value >> 16);
    }

    /// <summary>Communities of artists; song numbers of a community stand together, the popular first.</summary>
    private sealed class SongCatalog
    {
        private readonly int[] _start;
        private readonly int[] _next;
        private readonly AliasTable _weights;
        private readonly double _unheardShare;

        public SongCatalog(int songs, int users, double unheardShare)
        {
            _unheardShare = unheardShare;
            int communities = Math.Clamp(users / 8, 2, 60);
            communities = Math.Clamp(communities, 1, songs / (4 * SongsPerArtist));
            double[] weights = [.. Enumerable.Range(0, communities).Select(c => 1 / Math.Sqrt(c + 2))];
            _weights = new AliasTable(weights);
            _start = new int[communities + 1];
            double before = 0, sum = weights.Sum();
            for (int c = 0; c < communities; c++)
            {
                before += weights[c];
                _start[c + 1] = c + 1 == communities ? songs : (int)(songs * (before / sum)) / SongsPerArtist * SongsPerArtist;
            }

            _next = _start[1..];
        }

        public int DrawCommunity(Rng rng) => _weights.Draw(rng);

        public int DrawSong(int community, int heardBefore, Rng rng)
        {
            double kind = rng.NextDouble();
            if (kind < _unheardShare && Unheard(community) is int unheard and >= 0)
            {
                return unheard;
            }

            if (heardBefore >= 0 && kind > 0.65)
            {
                int first = heardBefore / SongsPerArtist * SongsPerArtist;
                return first + rng.Next(Math.Min(SongsPerArtist, _start[^1] - first));
            }

            // Zipf's law with a flat beginning: rank r in proportion to 1 / (r + head).
            int size = _start[community + 1] - _start[community];
            double head = Math.Max(4, size / 500.0);
            return _start[community] + Math.Min(size - 1, (int)(head * (Math.Pow(1 + (size / head), rng.NextDouble()) - 1)));
        }

        /// <summary>The next song of a community nobody was given so far, the least popular first; −1 where all were.</summary>
        private int Unheard(int community)
        {
            for (int n = 0; n < _next.Length; n++)
            {
                int c = (community + n) % _next.Length;
                if (_next[c] > _start[c])
                {
                    return --_next[c];
                }
            }

            return -1;
        }
    }
}
